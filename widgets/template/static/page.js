// Puts the parts of charts.js on the page, keeps them up to date, and talks to the kernel.
// The template paints a page's first figures from the HTML; the widget then takes its board over.

function stateLine(pairs) {
  return pairs.map(([label, value, tone]) => el("span", {}, `${label} `, el("i", { class: tone || null }, value)));
}

/** Give the sliders names a screen reader says, and the navigation this page's filter. */
function furnish(page, query) {
  for (const slider of page?.querySelectorAll(".wb-slider") ?? []) {
    const handle = slider.querySelector(".noUi-handle"), label = slider.querySelector("label");
    if (handle && label) handle.setAttribute("aria-label", label.textContent);
    const readout = slider.querySelector(".widget-readout");
    if (readout && label) { readout.setAttribute("role", "textbox"); readout.setAttribute("aria-label", `${label.textContent}, as a number`); }
  }
  for (const link of document.querySelectorAll(".wb-nav a")) link.search = query ? `?${query}` : "";
}

function watchConnection(model, signal) {
  const lost = (text) => (window.wbLost ? window.wbLost(text) : null);
  const kernel = model.widget_manager?.kernel ?? model.widget_manager?._kernel;
  if (!kernel?.connectionStatusChanged) return;
  let timer;
  const changed = (_, status) => {
    clearTimeout(timer);
    if (status !== "connected") timer = setTimeout(() => lost("Connection lost: the figures below no longer follow the inputs. "), 3000);
  };
  const died = (_, status) => { if (["dead", "terminating"].includes(status)) lost("The session behind this page has ended. "); };
  kernel.connectionStatusChanged.connect(changed);
  kernel.statusChanged?.connect(died);
  signal.addEventListener("abort", () => { kernel.connectionStatusChanged.disconnect(changed); kernel.statusChanged?.disconnect(died); });
  addEventListener("pagehide", () => clearTimeout(timer));
  const { baseUrl, kernelId } = pageConfig();
  if (!inVoila() || !kernelId) return;
  // A kernel that was culled leaves the socket open and says nothing, so a page in view asks.
  const asking = setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(`${baseUrl}api/kernels/${kernelId}`).catch(() => null);
    if (answer?.ok === false) { clearInterval(asking); lost("The session behind this page has ended. "); }
  }, 15000);
  signal.addEventListener("abort", () => clearInterval(asking));
}

/** All a page shows beside its inputs: made once, moved where it belongs, redrawn in place. */
class Board {
  constructor(host) {
    this.heading = el("h1", { "aria-live": "polite" }); this.scope = el("p", { class: "wb-scope" });
    this.notice = el("p", { class: "wb-notice", role: "status", hidden: true });
    this.state = inVoila() ? document.getElementById("wb-state") : el("div", { class: "wb-state" });
    this.drawer = el("button", { class: "wb-drawer", type: "button", "aria-expanded": "false", hidden: true, onclick: () => {
      const open = this.page.classList.toggle("wb-open");
      this.drawer.setAttribute("aria-expanded", String(open)); this.drawer.textContent = open ? "Hide inputs" : "Change inputs";
    } }, "Change inputs");
    this.tiles = el("div", { class: "wb-tiles" });
    this.grid = el("div", { class: "wb-grid" }); this.moreGrid = el("div", { class: "wb-grid" });
    this.more = el("details", { class: "wb-more", hidden: true, ontoggle: () => this.schedule() }, el("summary", {}, "Details"), this.moreGrid);
    this.head = el("div", { class: "wb-head" }, inVoila() ? null : this.state, this.heading, this.scope, this.notice, this.drawer);
    this.body = el("div", { class: "wb-body" }, this.tiles, this.grid, this.more);
    this.panel = el("section", { class: "wb-card wb-opened", tabindex: "-1", "aria-live": "polite", hidden: true, onkeydown: (event) => { if (event.key === "Escape") this.open(""); } });
    this.cards = []; this.moreCards = []; this.shown = {}; this.times = 0;
    this.firstDrawn = new Promise((resolve) => { this.wasDrawn = resolve; });
    this.moveTo(host);
  }
  get page() { return this.host.closest(".wb-page"); }
  moveTo(host) {
    this.host = host; host.classList.add("wb-board"); host.append(this.head, this.body);
    if (this.times) host.dataset.drawn = String(this.times);
  }
  /** Show one part of a page as Python wrote it; what is shown already is left alone. */
  show(name, data) {
    const text = JSON.stringify(data);
    if (this.shown[name] === text) return;
    this.shown[name] = text;
    if (name === "head") this.showHead(data);
    if (name === "opened") this.showOpened(data ?? {});
    if (name === "tiles") this.tiles.replaceChildren(...data.map(tile));
    if (name === "cards") { this.place(data, this.grid, this.cards); this.schedule(); }
    if (name === "details") { this.more.hidden = data.length === 0; this.place(data, this.moreGrid, this.moreCards); if (this.more.open) this.schedule(); }
  }
  showHead(data) {
    const answer = bound(data.answer);
    if (this.heading.textContent !== answer) this.heading.textContent = answer;
    this.scope.textContent = data.scope ?? ""; this.notice.replaceChildren(...withCode(data.notice ?? "")); this.notice.hidden = !data.notice;
    this.state.replaceChildren(...stateLine(data.state ?? []));
    this.page?.classList.toggle("wb-stale", Boolean(data.stale));
  }
  /** Ask for the rows behind a bar; an empty key closes them. Without a kernel nothing opens. */
  open(key, stay = false) { this.asked = stay ? null : key; this.send?.({ kind: "open", key }); }
  showOpened(data) {
    const closed = this.panel.dataset.key, cards = [...this.cards, ...this.moreCards];
    this.panel.hidden = !data.key; this.panel.dataset.key = data.key ?? "";
    for (const card of cards) card.mark(data.key);
    if (!data.key) { this.panel.replaceChildren(); if (this.asked === "") cards.find((card) => card.has(closed))?.refocus(closed); this.asked = null; this.schedule(); return; }
    const close = el("button", { class: "wb-link", type: "button", onclick: () => this.open("") }, "close");
    this.panel.replaceChildren(el("h2", {}, data.title), el("p", { class: "wb-sub" }, data.subtitle),
      el("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": data.title }, tableOf(data, data.title)),
      el("div", { class: "wb-foot" }, el("span", {}, data.foot), el("span", {}, close)));
    this.settleOpened();
    if (this.asked === data.key) { this.panel.focus({ preventScroll: true }); this.panel.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" }); }
    this.asked = null;
  }
  /** The rows stand under the row of cards in which their bar is. */
  settleOpened() {
    const key = this.panel.dataset.key;
    if (!key) return;
    const cards = [...this.cards, ...this.moreCards];
    const owner = cards.find((card) => card.has(key));
    if (!owner) return;
    this.panel.style.position = "absolute"; // it must not break the row it is to stand under
    const row = cards.filter((card) => card.node.parentNode === owner.node.parentNode && card.node.offsetTop === owner.node.offsetTop);
    this.panel.style.position = "";
    const last = row[row.length - 1].node;
    if (last.nextSibling !== this.panel) last.after(this.panel);
    for (const card of cards) card.mark(key);
  }
  place(wanted, into, kept) {
    while (kept.length < wanted.length) { const card = new Card(() => this.schedule(), (key, stay) => this.open(key, stay)); kept.push(card); into.append(card.node); }
    while (kept.length > wanted.length) kept.pop().node.remove();
    wanted.forEach((data, i) => kept[i].show(data));
  }
  /** At most one redraw a frame; whatever came last is what gets drawn. */
  schedule() { if (!this.waiting) { this.waiting = true; requestAnimationFrame(() => this.drawAll()); } }
  async drawAll() {
    this.waiting = false;
    const colors = palette(this.page ?? this.host);
    const unit = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--u")) || 1;
    let Plotly;
    try { Plotly = await loadPlotly(); } catch (error) { this.cards.forEach((card) => card.failed(error)); this.wasDrawn(); return; }
    const open = this.more.open ? [...this.cards, ...this.moreCards] : this.cards;
    for (const card of open) card.makeRoom(unit);
    for (const card of open) {
      try { await card.draw(Plotly, colors, unit); } catch (error) { console.warn(error); card.failed(error); }
    }
    this.settleOpened();
    this.host.dataset.drawn = String(++this.times);
    performance.mark("wb-drawn");
    this.wasDrawn();
  }
  clear() { for (const card of [...this.cards, ...this.moreCards]) window.Plotly?.purge(card.plot); }
}

const PARTS = ["head", "tiles", "cards", "details", "opened"];

/** Draw the view that came with the HTML, before the widgets behind it have started. */
function paintEarly() {
  const asked = location.search.slice(1);
  for (const script of document.querySelectorAll('script[type="application/vnd.voila.cell-output+json"]')) {
    const view = JSON.parse(script.textContent).data?.["application/vnd.workbench.view+json"];
    if (!view || view.query !== asked || !view.cards.length) continue;
    const host = el("div");
    const page = el("div", { class: `wb-page wb-early${view.controls ? " wb-has-ctl" : ""}` },
      view.controls ? el("div", { class: "wb-ctl wb-ctl-early jupyter-widgets", "aria-hidden": "true" }, ...Array.from({ length: view.controls }, () => el("i"))) : null, host);
    document.querySelector(".wb-skeleton")?.replaceWith(page);
    const board = window.wbBoard = new Board(host);
    for (const name of PARTS) board.show(name, view[name]);
    performance.mark("wb-painted");
    return board.firstDrawn;
  }
  return Promise.resolve();
}

function initialize({ model }) {
  const query = inVoila() ? location.search.slice(1) : "";
  model.send({ kind: "opened", query });
}

function render({ model, el: host }) {
  const closing = new AbortController(), options = { signal: closing.signal };
  const early = inVoila() ? document.querySelector(".wb-early") : null;
  const board = early ? window.wbBoard : new Board(host);
  host.classList.add("wb-board");
  board.send = (message) => model.send(message);
  for (const name of PARTS) {
    const show = () => board.show(name, model.get(name));
    model.on(`change:${name}`, show);
    closing.signal.addEventListener("abort", () => model.off(`change:${name}`, show));
    show();
  }
  const readdress = () => {
    const query = model.get("query");
    if (inVoila()) history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
    furnish(host.closest(".wb-page"), query);
  };
  model.on("change:query", readdress);
  closing.signal.addEventListener("abort", () => model.off("change:query", readdress));
  const redraw = () => board.schedule();
  addEventListener("wb-theme", redraw, options);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw, options);
  addEventListener("resize", redraw, options);
  new MutationObserver(redraw).observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  watchConnection(model, closing.signal);

  let tries = 0, taken = !early;
  const ready = () => {
    document.body.classList.add("wb-ready");
    document.querySelector(".wb-skeleton")?.remove();
    performance.mark("wb-ready");
  };
  const settle = setInterval(() => {
    const page = host.isConnected ? host.closest(".wb-page") : null;
    if (!page) return;
    const controls = page.querySelector(".wb-ctl");
    if (!taken && (!early.classList.contains("wb-has-ctl") || controls || tries > 20)) {
      taken = true; board.moveTo(host); early.remove(); ready();
    }
    if (controls) {
      board.drawer.hidden = false;
      controls.classList.toggle("wb-sticky", controls.scrollHeight < innerHeight - 32); 
      furnish(page, model.get("query") || location.search.slice(1));
    }
    if (++tries > 40 || (taken && (!controls || page.querySelector(".noUi-handle")))) clearInterval(settle);
  }, 50);
  if (model.get("query")) readdress(); else if (inVoila()) furnish(null, location.search.slice(1));
  if (taken) ready();
  return () => { clearInterval(settle); closing.abort(); board.clear(); };
}
