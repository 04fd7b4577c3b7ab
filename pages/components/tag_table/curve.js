// What every limit would do, as curves, and the limit itself: a line to drag, or to move by keys.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 146;
const EDGE = { left: 30, right: 12, top: 20, bottom: 26 };
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -13, PageUp: 13, Home: -Infinity, End: Infinity };

function draw(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

// Where a curve comes from: its name, and how a share of it at one limit is told.
const SOURCES = [
  ["expected", (share, low, high) => `${share} right (${low} to ${high}), by the probabilities`],
  ["verdicts", (share, low, high, found, known) => `${share} right (${low} to ${high}), ${found} found, by ${count(known, "verdict")}`],
  ["labels", (share, low, high, found, known) => `${share} right, ${found} found, by ${count(known, "label")}`],
];

class LimitCurve {
  /** `moved(level)` hears every move of the limit; a level at the end of the scale means never. */
  constructor(moved) {
    this.moved = moved;
    this.by = "limit";
    this.element = el("div", "curve");
    this.svg = draw("svg", { class: "plane", height: HEIGHT });
    this.legend = el("ul", "legend");
    this.axis = el("button", "plain small");
    this.axis.type = "button";
    this.axis.addEventListener("click", () => {
      this.by = this.by === "limit" ? "recall" : "limit";
      this.draw();
    });
    this.handle = draw("g", { class: "handle", role: "slider", tabindex: 0, "aria-label": "Limit", "aria-orientation": "horizontal" });
    this.svg.addEventListener("pointerdown", (event) => this.grab(event));
    this.svg.addEventListener("pointermove", (event) => this.held && this.follow(event));
    for (const end of ["pointerup", "pointercancel"]) this.svg.addEventListener(end, () => (this.held = false));
    this.handle.addEventListener("keydown", (event) => this.key(event));
    this.legend.title = "right: of the photos that gain it; found: of those that it fits and that lack it";
    this.gain = el("strong");
    this.gain.setAttribute("role", "status");
    const head = el("div", "foot");
    head.append(this.gain, this.axis);
    this.element.append(this.svg, head, this.legend);
    this.observer = new ResizeObserver(() => this.told && this.draw());
    this.observer.observe(this.element);
  }

  get never() {
    return this.told.levels;
  }

  show(told, level) {
    this.told = told;
    this.level = level;
    this.draw();
  }

  /** Whether curves can be drawn over what is found: somewhere it is known. */
  get finds() {
    return Object.values(this.told.curves).some((curve) => curve?.recall.some((value) => value != null));
  }

  /** Where a level lies on the axis, from 0 to 1; over what is found, the curve that is drawn last says it. */
  place(level, recall) {
    const { least, levels } = this.told;
    if (this.by === "limit") return (level - least) / (levels - least);
    return level >= levels ? 0 : (recall[level - least] ?? 0);
  }

  draw() {
    const { told } = this;
    this.width = Math.max(240, this.element.clientWidth);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.setAttribute("width", this.width);
    const focused = this.handle.getRootNode().activeElement === this.handle;
    const parts = [this.frame()];
    for (const [name] of SOURCES) {
      const curve = told.curves[name];
      if (!curve) continue;
      this.recall = curve.recall;
      if (name === "expected") parts.push(this.band(curve));
      parts.push(draw("path", { class: name, d: this.path(curve.precision.map((value, k) => [this.place(k + told.least, curve.recall), value])) }));
    }
    parts.push(this.handle);
    this.svg.replaceChildren(...parts);
    this.axis.hidden = !this.finds;
    this.axis.title = this.by === "limit" ? "Draw how many are right over how many of those that lack the tag are found" : "Draw how many are right over the limit";
    this.axis.textContent = this.by === "limit" ? "against recall" : "by limit";
    this.set(this.level);
    if (focused) this.handle.focus();
  }

  frame() {
    const frame = draw("g", { class: "frame" });
    for (const share of [0, 0.5, 1]) {
      frame.append(draw("line", { x1: EDGE.left, x2: this.width - EDGE.right, y1: this.y(share), y2: this.y(share) }));
      frame.append(draw("text", { x: EDGE.left - 6, y: this.y(share) + 4, "text-anchor": "end" }, String(share)));
    }
    const ends = this.by === "limit" ? ["many photos", "few and sure"] : ["none found", "all found"];
    frame.append(draw("text", { x: EDGE.left, y: HEIGHT - 6 }, ends[0]));
    frame.append(draw("text", { x: this.width - EDGE.right, y: HEIGHT - 6, "text-anchor": "end" }, ends[1]));
    frame.append(draw("text", { x: EDGE.left, y: 11 }, "right, of those that gain it"));
    return frame;
  }

  x(place) {
    return EDGE.left + place * (this.width - EDGE.left - EDGE.right);
  }

  y(share) {
    return EDGE.top + (1 - share) * (HEIGHT - EDGE.top - EDGE.bottom);
  }

  path(points) {
    const known = points.filter(([, share]) => share != null);
    return known.map(([place, share], k) => `${k ? "L" : "M"}${this.x(place).toFixed(1)} ${this.y(share).toFixed(1)}`).join("");
  }

  band({ low, high, recall }) {
    const at = (values) => values.map((value, k) => [this.place(k + this.told.least, recall), value]).filter(([, value]) => value != null);
    const around = [...at(high), ...at(low).reverse()];
    return draw("path", { class: "band", d: around.length ? `${this.path(around)}Z` : "" });
  }

  /** Put the handle at a level. */
  set(level) {
    this.level = level;
    const x = this.x(this.place(level, this.recall ?? []));
    const words = level >= this.never ? "never" : (level / this.told.levels).toFixed(2);
    const near = x > this.width - 80;
    this.handle.replaceChildren(
      draw("line", { x1: x, x2: x, y1: EDGE.top - 4, y2: HEIGHT - EDGE.bottom }),
      draw("rect", { x: x - 14, y: EDGE.top, width: 28, height: HEIGHT - EDGE.top - EDGE.bottom, class: "reach" }),
      draw("rect", { x: x - 6, y: this.y(0.5) - 13, width: 12, height: 26, rx: 5, class: "grip" }),
      draw("text", { x: x + (near ? -8 : 8), y: this.y(0) - 6, "text-anchor": near ? "end" : "start" }, `limit ${words}`),
    );
    this.tell(level);
    this.handle.setAttribute("aria-valuemin", this.told.least / this.told.levels);
    this.handle.setAttribute("aria-valuemax", 1);
    this.handle.setAttribute("aria-valuenow", Math.min(1, level / this.told.levels));
    this.handle.setAttribute("aria-valuetext", `${words}: ${this.words(level)}`);
  }

  /** Tell what the limit does, by every source. */
  tell(level) {
    const { told } = this;
    const at = level - told.least;
    this.gain.textContent = this.words(level);
    const lines = [];
    for (const [name, words] of SOURCES) {
      const curve = told.curves[name];
      if (curve?.precision[at] == null) continue;
      const line = el("li", "small soft");
      const shares = [curve.precision, curve.low, curve.high, curve.recall].map((values) => percent(values?.[at] ?? 0));
      const unknown = name === "expected" && !told.calibrated;
      line.append(el("span", `key ${name}`), unknown ? "how many are right is not known: scores of this run are no probabilities" : words(...shares, curve.known));
      lines.push(line);
    }
    this.legend.replaceChildren(...lines);
  }

  grab(event) {
    this.held = true;
    this.svg.setPointerCapture(event.pointerId);
    this.handle.focus();
    this.follow(event);
    event.preventDefault();
  }

  follow(event) {
    const box = this.svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) * (this.width / box.width) - EDGE.left) / (this.width - EDGE.left - EDGE.right);
    const { least, levels } = this.told;
    if (this.by === "limit") this.go(Math.round(least + at * (levels - least)));
    else {
      const places = Array.from({ length: levels - least + 1 }, (_, k) => Math.abs(this.place(k + least, this.recall) - at));
      this.go(least + places.indexOf(Math.min(...places)));
    }
  }

  key(event) {
    const step = KEYS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(this.level + step);
  }

  go(level) {
    const kept = Math.min(this.never, Math.max(this.told.least, level));
    if (kept === this.level) return;
    this.set(kept);
    this.moved(kept);
  }

  stop() {
    this.observer.disconnect();
  }
}
