// Puts the parts of charts.js on the page, keeps them up to date, and talks to the kernel.

function stateLine(pairs) {
  return pairs.map(([label, value, tone]) => el("span", {}, `${label} `, el("i", { class: tone || null }, value)));
}

/** Give the sliders names a screen reader says, and the navigation this page's filter. */
function furnish(page, query) {
  for (const slider of page?.querySelectorAll(".wb-slider") ?? []) {
    const handle = slider.querySelector(".noUi-handle"), label = slider.querySelector("label");
    if (handle && label) handle.setAttribute("aria-label", label.textContent);
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

function initialize({ model }) {
  const query = inVoila() ? location.search.slice(1) : "";
  model.send({ kind: "opened", query });
}

function render({ model, el: host }) {
  const closing = new AbortController();
  const heading = el("h1"), scope = el("p", { class: "wb-scope" }), notice = el("p", { class: "wb-notice", role: "status", hidden: true });
  const state = el("div", { class: "wb-state" });
  const drawer = el("button", { class: "wb-drawer", type: "button", "aria-expanded": "false", hidden: true, onclick: () => {
    const open = page().classList.toggle("wb-open");
    drawer.setAttribute("aria-expanded", String(open)); drawer.textContent = open ? "Hide inputs" : "Change inputs";
  } }, "Change inputs");
  const tiles = el("div", { class: "wb-tiles" }), grid = el("div", { class: "wb-grid" }), moreGrid = el("div", { class: "wb-grid" });
  const more = el("details", { class: "wb-more", hidden: true, ontoggle: () => schedule() }, el("summary", {}, "Details"), moreGrid);
  const head = el("div", { class: "wb-head" }, inVoila() ? null : state, heading, scope, notice, drawer);
  heading.setAttribute("aria-live", "polite");
  host.classList.add("wb-board");
  host.append(head, el("div", { class: "wb-body" }, tiles, grid, more));
  const page = () => host.closest(".wb-page");
  const cards = [], moreCards = [];

  const place = (wanted, into, kept) => {
    while (kept.length < wanted.length) { const card = new Card(schedule); kept.push(card); into.append(card.node); }
    while (kept.length > wanted.length) kept.pop().node.remove();
    wanted.forEach((data, i) => kept[i].show(data));
  };
  let waiting = false;
  async function drawAll() {
    waiting = false;
    const root = page() ?? host, colors = palette(root);
    const unit = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--u")) || 1;
    let Plotly;
    try { Plotly = await loadPlotly(); } catch (error) { cards.forEach((card) => card.failed(error)); return; }
    const open = more.open ? [...cards, ...moreCards] : cards;
    for (const card of open) card.makeRoom(unit);
    for (const card of open) {
      try { await card.draw(Plotly, colors, unit); } catch (error) { console.warn(error); card.failed(error); }
    }
    host.dataset.drawn = String(Number(host.dataset.drawn ?? 0) + 1);
    performance.mark("wb-drawn");
  }
  /** At most one redraw a frame; whatever came last is what gets drawn. */
  function schedule() { if (!waiting) { waiting = true; requestAnimationFrame(drawAll); } }

  const shown = {
    head: () => {
      const data = model.get("head");
      if (heading.textContent !== data.answer) heading.textContent = data.answer;
      scope.textContent = data.scope; notice.textContent = data.notice ?? ""; notice.hidden = !data.notice;
      (inVoila() ? document.getElementById("wb-state") : state).replaceChildren(...stateLine(data.state ?? []));
      page()?.classList.toggle("wb-stale", Boolean(data.stale));
    },
    tiles: () => tiles.replaceChildren(...model.get("tiles").map(tile)),
    cards: () => { place(model.get("cards"), grid, cards); schedule(); },
    details: () => { const data = model.get("details"); more.hidden = data.length === 0; place(data, moreGrid, moreCards); if (more.open) schedule(); },
    query: () => {
      const query = model.get("query");
      if (inVoila()) history.replaceState(null, "", `${location.pathname}${query ? `?${query}` : ""}${location.hash}`);
      furnish(page(), query);
    },
  };
  for (const [name, show] of Object.entries(shown)) {
    model.on(`change:${name}`, show);
    closing.signal.addEventListener("abort", () => model.off(`change:${name}`, show));
  }
  for (const name of ["head", "tiles", "cards", "details"]) shown[name]();
  const rethemed = () => schedule();
  const options = { signal: closing.signal };
  addEventListener("wb-theme", rethemed, options);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", rethemed, options);
  addEventListener("resize", rethemed, options);
  new MutationObserver(rethemed).observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  watchConnection(model, closing.signal);

  let tries = 0;
  const settle = setInterval(() => {
    const controls = page()?.querySelector(".wb-ctl");
    if (controls) { drawer.hidden = false; furnish(page(), model.get("query") || location.search.slice(1)); }
    if (++tries > 20 || (controls && page().querySelector(".noUi-handle"))) clearInterval(settle);
  }, 100);
  if (model.get("query")) shown.query(); else if (inVoila()) furnish(page(), location.search.slice(1));
  document.body.classList.add("wb-ready");
  document.querySelector(".wb-skeleton")?.remove();
  performance.mark("wb-ready");
  return () => { clearInterval(settle); closing.abort(); for (const card of [...cards, ...moreCards]) window.Plotly?.purge(card.plot); };
}

export default { initialize, render };
