// Draws one page: state line, answer, tiles, figures, tables. Text is only ever set as text.
// Plotly comes once over HTTP from the installed package, through fullLabextensionsUrl.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element; strings among the children become text nodes, never markup. */
function el(name, attributes = {}, ...children) {
  const node = name === "svg" || name === "polyline" || name === "circle"
    ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Keep a figure and its unit on one line: 87 %, 2.5 GB. */
const bound = (text) => String(text ?? "").replace(/(\d) (?=(%|GB|ms|s|h|min|d)(?![\w]))/g, "$1\u00a0");

/** Text with `commands` in it, as nodes: never markup. */
const withCode = (text) => text.split("`").map((part, i) => (i % 2 && part ? el("code", {}, part) : part));

const inVoila = () => document.body.classList.contains("wb-shell");

function pageConfig() {
  const holder = document.getElementById("jupyter-config-data");
  return holder ? JSON.parse(holder.textContent) : {};
}

let plotly;
/** Wait for plotly.js, which the template has asked for already; ask for it in JupyterLab. */
function loadPlotly() {
  plotly ??= new Promise((resolve, reject) => {
    if (window.Plotly) return resolve(window.Plotly);
    let script = document.querySelector("script[data-wb-plotly]");
    if (!script) {
      const root = pageConfig().fullLabextensionsUrl;
      if (!root) return reject(new Error("no address for plotly.js: start with workbench serve or workbench lab"));
      script = el("script", { src: `${root}/package_data/plotly.min.js`, "data-wb-plotly": true });
      document.head.append(script);
    }
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => reject(new Error("plotly.js could not be loaded")));
    // A script that had ended before we listened says nothing more; one that failed is asked again.
    const seen = setInterval(() => { if (window.Plotly) { clearInterval(seen); resolve(window.Plotly); } }, 50);
    setTimeout(() => { clearInterval(seen); reject(new Error("plotly.js did not come within two minutes")); }, 120000);
  });
  return plotly;
}

// ---- theme: figures carry the light tokens; the dark ones are read from the same style sheet ----

function palette(root) {
  const style = getComputedStyle(root), map = new Map();
  const dark = style.colorScheme === "dark" || (style.colorScheme.includes("light dark") && matchMedia("(prefers-color-scheme: dark)").matches);
  if (!dark || matchMedia("print").matches) return map;
  const names = ["paper", "card", "ink", "ink-2", "ink-3", "line", "line-2", "accent", "accent-soft", "good", "bad", "neutral", "actual",
    "previous", "plan", "band", "band-2", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "other", "bad-ink", "c2-ink", "c3-ink", "c4-ink", "c5-ink", "c6-ink", "c8-ink", "heat-0", "heat-1"];
  for (const name of names) {
    const pair = /light-dark\(\s*(#\w+)\s*,\s*(#\w+)\s*\)/.exec(style.getPropertyValue(`--${name}`));
    if (pair) map.set(pair[1].toLowerCase(), pair[2]);
  }
  return map;
}

const PIXELS = new Set(["size", "height", "l", "r", "t", "b", "xshift", "yshift", "ax", "ay", "standoff"]);
/** Copy a figure with this page's colours and, on a wall screen, its larger pixel. */
function dressed(value, colors, unit, key = "", parent = "") {
  if (typeof value === "string") return colors.get(value.toLowerCase()) ?? value;
  if (typeof value === "number") {
    const pixel = PIXELS.has(key) || (key === "width" && (parent === "line" || parent === "layout"));
    return unit !== 1 && pixel ? value * unit : value;
  }
  if (Array.isArray(value)) return value.map((item) => (typeof item === "number" ? item : dressed(item, colors, unit, key, parent)));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, dressed(item, colors, unit, name, key)]));
}

/** Columns that have no room for their names lie down: rows from top to bottom, names on the left. */
function turned({ data, layout }) {
  const { xaxis, yaxis, meta, ...rest } = layout;
  const names = xaxis.ticktext.map((text) => text.replaceAll("<br>", text.includes("-<br>") ? "" : " "));
  const left = 14 + Math.max(...names.map((name) => name.length)) * 6.4;
  const swap = ({ x, y, ...more }) => ({ ...more, x: y, y: x });
  return {
    data: data.map((trace) => ({ ...swap(trace), orientation: "h" })),
    layout: {
      ...rest, height: 34 + 30 * names.length, margin: { ...rest.margin, l: left, r: 58, t: 4, b: 6 },
      xaxis: { ...yaxis }, yaxis: { ...xaxis, ticktext: names, range: [...xaxis.range].reverse() },
      annotations: rest.annotations.map(({ yshift, ...note }) => ({ ...swap(note), xanchor: "left", xshift: 4 })),
      shapes: rest.shapes.map(({ x0, x1, y0, y1, ...shape }) => ({ ...shape, x0: y0, x1: y1, y0: x0, y1: x1 })),
    },
  };
}

/** Fit a figure to a phone: its own narrow layout if it has one, fewer labels under the axis. */
function fitted(layout, width) {
  const chosen = width < (layout.meta?.narrow_below ?? 560) && layout.meta?.narrow ? layout.meta.narrow : layout;
  const { meta, ...rest } = chosen;
  const axis = rest.xaxis;
  if (axis?.tickvals?.length > 2 && !("xaxis2" in rest)) {
    const room = (width - (rest.margin?.l ?? 0) - (rest.margin?.r ?? 0)) / axis.tickvals.length;
    const longest = Math.max(...(axis.ticktext ?? axis.tickvals).flatMap((text) => String(text).split("<br>")).map((line) => line.length)) * 6.5 + 4;
    const step = Math.ceil(longest / Math.max(room, 1));
    const keep = (_, i) => i % step === 0;
    if (step > 1 && axis.type === "category") {
      return { ...rest, xaxis: { ...axis, tickvals: axis.tickvals.filter(keep), ticktext: axis.ticktext?.filter(keep) } };
    }
    if (step > 1 && axis.side === "top") return { ...rest, height: rest.height + 34, xaxis: { ...axis, ticktext: axis.ticktext.map((name) => String(name).replaceAll("<br>", " ")), tickangle: -50 }, margin: { ...rest.margin, t: 34 + (rest.margin?.t ?? 0) } };
    if (step === 2) { // every second label stands a step lower: nothing is turned
      const lines = Math.max(...axis.ticktext.map((text) => text.split("<br>").length));
      const ticktext = axis.ticktext.map((text, i) => (i % 2 ? "<br>".repeat(lines) + text : text));
      return { ...rest, xaxis: { ...axis, ticktext, automargin: false }, margin: { ...rest.margin, b: 10 + 28 * lines } };
    }
    if (step > 1) return { ...rest, xaxis: { ...axis, tickangle: -40 }, margin: { ...rest.margin, b: 64 } };
  }
  if (axis?.nticks && !axis.tickvals && !("xaxis2" in rest)) { // plotly counts labels, not their width
    const room = width - (rest.margin?.l ?? 0) - (rest.margin?.r ?? 0);
    return { ...rest, xaxis: { ...axis, nticks: Math.max(2, Math.min(axis.nticks, Math.floor(room / 48))), tickangle: 0 } };
  }
  return rest;
}

/** Give a figure the height its card has; bars keep their thickness and stand further apart. */
function stretched(figure, height, unit) {
  const layout = { ...figure.layout, height };
  const { data } = figure;
  if (!data.length || !data.every((trace) => trace.type === "bar" && trace.orientation === "h")) return { data, layout };
  const rows = new Set(data.flatMap((trace) => trace.y)).size || 1;
  const natural = figure.layout.height - (layout.margin?.t ?? 0) - (layout.margin?.b ?? 0);
  const pitch = (height - (layout.margin?.t ?? 0) - (layout.margin?.b ?? 0)) / rows;
  const thick = Math.max(Math.min(natural / rows, 40 * unit) * (1 - (layout.bargap ?? 0.3)), Math.min(pitch * 0.45, 28 * unit));
  return { data, layout: { ...layout, bargap: Math.max(layout.bargap ?? 0.3, 1 - thick / pitch) } };
}

// ---- parts ----

const MOST_BUTTONS = 12; // bars that each have a button; above it they share one list

function hrefOf(link) {
  if (!link) return null;
  const filter = new URLSearchParams(link.filter ?? {}).toString();
  if (!link.page) return inVoila() ? `#${link.anchor || "why"}` : null;
  const base = pageConfig().baseUrl ?? "/";
  const file = `${encodeURIComponent(link.page)}.ipynb`;
  const listed = document.querySelectorAll(".wb-nav a");
  if (inVoila() && ![...listed].some((one) => one.pathname.endsWith(`/${file}`))) return null; // no such page here
  return `${base}${inVoila() ? "voila/render/" : "lab/tree/"}${file}${filter && inVoila() ? `?${filter}` : ""}`;
}

/** A link; what it is of is said to a screen reader, since many of a page read "why". */
function anchor(link, of = "") {
  const href = hrefOf(link);
  return href && link.text ? el("a", { href, "aria-label": of ? `${link.text}: ${of}` : null }, link.text) : null;
}

function sparkline(values) {
  const known = values.filter((v) => v !== null);
  if (known.length < 2) return null;
  const low = Math.min(...known), span = Math.max(...known) - low || 1;
  const points = values.map((v, i) => (v === null ? null : [(i * 100) / (values.length - 1), 23 - ((v - low) / span) * 20])).filter(Boolean);
  return el("svg", { viewBox: "0 0 100 26", preserveAspectRatio: "none", "aria-hidden": "true" },
    el("polyline", { points: points.map((p) => p.map((n) => n.toFixed(1)).join(",")).join(" "), fill: "none", stroke: "var(--previous)", "stroke-width": 1.6, "vector-effect": "non-scaling-stroke" }));
}

function tile(data) {
  return el("section", { class: "wb-tile", "aria-label": `${data.label}: ${data.value} ${data.unit}. ${data.delta}` },
    el("h3", { title: data.label }, data.label),
    el("div", { class: "wb-value" }, data.value, data.unit ? el("small", {}, data.unit) : null),
    el("div", { class: `wb-delta ${data.tone}` }, bound(data.delta) || " "),
    sparkline(data.spark ?? []) ?? el("div"),
    el("div", { class: "wb-foot" }, el("span", {}, data.foot), anchor(data.why, data.label)));
}

function tableOf(data, caption) {
  const text = new Set([data.columns[0], ...(data.text_columns ?? [])]);
  const last = data.rows.length - 1;
  const words = (cell) => String(typeof cell === "object" ? cell.text : cell);
  // A bracket hangs to the right of the figures, so that decimals stand under each other.
  const hung = data.columns.map((_, c) => data.rows.some((row) => words(row[c]).endsWith(")")) && !text.has(data.columns[c]));
  // On a phone a table with no room is one block a row, each figure beside its column's name.
  const pixels = data.columns.map((name, c) => Math.max(name.length * 6, ...data.rows.map((row) => Math.min(words(row[c]).length, c ? Infinity : 17) * 6.6)) + 8);
  const wordy = data.rows.some((row) => row.some((cell, c) => c && words(cell).length > 40));
  const wide = data.columns.length > 2 && pixels.reduce((sum, one) => sum + one, 0) > 340;
  return el("table", { class: `wb-table${wide ? " wb-wide" : ""}${wordy ? " wb-wordy" : ""}`, role: "table" },
    el("caption", { class: "wb-sr" }, caption),
    el("thead", {}, el("tr", {}, ...data.columns.map((name) => el("th", { scope: "col", class: text.has(name) ? "text" : null }, name)))),
    el("tbody", {}, ...data.rows.map((row, r) => el("tr", { role: "row", class: data.has_total && r === last ? "total" : null },
      ...row.map((cell, c) => {
        const rich = typeof cell === "object" ? cell : { text: cell };
        const inner = rich.link ? anchor({ ...rich.link, text: rich.text }) ?? rich.text : rich.tag ? el("span", { class: "wb-tag" }, rich.text) : rich.text;
        const hang = hung[c] && !words(cell).endsWith(")");
        const kind = [text.has(data.columns[c]) ? "text" : "", hang ? "hang" : "", rich.tone && rich.tone !== "neutral" ? rich.tone : ""].join(" ").trim();
        const long = words(cell).length + data.columns[c].length > 24 ? " long" : "";
        return el("td", { role: "cell", class: (kind + long).trim() || null, "data-label": data.columns[c] }, inner);
      })))));
}

/** A card keeps its element while the page lives, so figures are redrawn and never rebuilt. */
class Card {
  constructor(redraw, open) {
    this.open = open; this.opens = el("p", { class: "wb-opens", hidden: true });
    this.title = el("h2"); this.sub = el("p", { class: "wb-sub" }); this.note = el("span");
    this.summary = el("p", { class: "wb-sr" }); this.plot = el("div", { class: "wb-plot", role: "img" });
    this.twin = el("div", { class: "wb-scroll wb-twin", tabindex: "0", role: "region", hidden: true });
    this.toggle = el("button", { class: "wb-link", type: "button", "aria-pressed": "false", onclick: () => this.flip() }, "table");
    this.links = el("span"); this.redraw = redraw; this.drawn = null;
    this.node = el("section", { class: "wb-card" }, this.title, this.sub, this.summary, this.plot, this.twin, this.opens,
      el("div", { class: "wb-foot" }, this.note, this.links));
  }
  flip() {
    const shown = this.twin.hidden;
    this.twin.hidden = !shown; this.plot.hidden = shown;
    this.toggle.setAttribute("aria-pressed", String(shown)); this.toggle.textContent = shown ? "figure" : "table";
    this.toggle.setAttribute("aria-label", `${this.toggle.textContent}: ${this.data.title}`);
    if (shown) this.fillTwin(); else this.redraw();
  }
  fillTwin() { this.twin.replaceChildren(tableOf(this.data, this.data.title)); }
  show(data) {
    this.data = data;
    this.node.dataset.span = data.span;
    this.title.textContent = bound(data.title); this.sub.textContent = bound(data.subtitle); this.note.textContent = bound(data.foot);
    const chart = "figure" in data;
    this.toggle.setAttribute("aria-label", `${this.toggle.textContent}: ${data.title}`); this.twin.setAttribute("aria-label", data.title);
    this.links.replaceChildren(...[chart && !data.empty ? this.toggle : null, anchor(data.why, data.title)].filter(Boolean));
    this.summary.textContent = chart ? data.summary : "";
    this.offer(chart && !data.empty ? data.opens ?? [] : []);
    if (!chart || data.empty) {
      const none = data.empty && (chart || data.rows.length === 0);
      const body = none ? el("p", { class: "wb-empty" }, data.empty) : el("div", { class: "wb-scroll", tabindex: "0", role: "region", "aria-label": data.title }, tableOf(data, data.title));
      this.plot.removeAttribute("role"); this.plot.removeAttribute("aria-label");
      if (this.drawn) window.Plotly?.purge(this.plot);
      this.drawn = null; this.plot.replaceChildren(body);
      return;
    }
    this.plot.setAttribute("role", "img"); this.plot.setAttribute("aria-label", `${data.title}. ${data.summary}`);
    if (!this.twin.hidden) this.fillTwin();
  }
  /** What a click on a bar does, for the keyboard too: a button a bar, or one list where they are many. */
  offer(bars) {
    const offered = JSON.stringify(bars);
    if (this.offered === offered) return;
    this.offered = offered; this.keys = new Set(bars.map(([key]) => key));
    this.opens.hidden = bars.length === 0; this.plot.classList.toggle("wb-clickable", bars.length > 0);
    const held = this.opens.contains(document.activeElement) ? document.activeElement.dataset.key ?? "" : null;
    this.list = bars.length > MOST_BUTTONS ? el("select", { "aria-label": `Rows behind a part of: ${this.data.title}`, onchange: () => this.open(this.list.value, true) },
      el("option", { value: "" }, "choose …"), ...bars.map(([key, name]) => el("option", { value: key }, name))) : null;
    const buttons = this.list ? [] : bars.map(([key, name]) =>
      el("button", { class: "wb-link", type: "button", "data-key": key, "aria-expanded": "false", onclick: () => this.open(key) }, name));
    this.opens.replaceChildren(...(bars.length ? ["Rows behind "] : []), ...(this.list ? [this.list] : buttons));
    if (held !== null) (this.list ?? buttons.find((one) => one.dataset.key === held))?.focus();
  }
  has(key) { return Boolean(this.keys?.has(key)); }
  mark(key) {
    for (const one of this.opens.querySelectorAll("button")) one.setAttribute("aria-expanded", String(one.dataset.key === key));
    if (this.list) this.list.value = this.has(key) ? key : "";
  }
  /** Give the focus back to what opened the rows. */
  refocus(key) { (this.list ?? [...this.opens.children].find((one) => one.dataset.key === key))?.focus(); }
  get isFigure() { return this.data && "figure" in this.data && !this.data.empty && !this.plot.hidden; }
  /** Take the room the figure asks for; all cards do so before any is drawn, so rows are level. */
  makeRoom(unit) {
    if (!this.isFigure) { this.plot.style.height = ""; return; }
    this.width = this.plot.clientWidth || 600;
    const given = this.data.figure, width = this.width / unit;
    const { data, layout } = width < (given.layout.meta?.turn_below ?? 0) ? turned(given) : given;
    this.traces = data; this.layout = fitted(layout, width);
    this.plot.style.height = `${this.layout.height * unit}px`;
  }
  async draw(Plotly, colors, unit) {
    if (!this.isFigure) return;
    const height = Math.max(this.layout.height * unit, this.plot.clientHeight);
    const key = `${JSON.stringify(this.data.figure)}|${colors.size}|${unit}|${this.width}|${Math.round(height)}`;
    if (this.drawn === key) return;
    if (!this.drawn) this.plot.replaceChildren();
    this.drawn = key;
    const wanted = dressed({ data: this.traces, layout: this.layout }, colors, unit);
    const figure = stretched(wanted, height, unit);
    await Plotly.react(this.plot, figure.data, { ...figure.layout, width: this.width, autosize: false }, { displayModeBar: false, responsive: false, showTips: false });
    this.plot.removeAllListeners?.("plotly_click");
    if (this.data.opens?.length) this.plot.on("plotly_click", ({ points }) => { const key = points[0]?.customdata; if (typeof key === "string") this.open(key); });
  }
  failed(error) {
    this.drawn = null;
    this.plot.replaceChildren(el("p", { class: "wb-empty" }, `This figure could not be drawn (${error.message}). Its numbers are in the table.`));
  }
}
