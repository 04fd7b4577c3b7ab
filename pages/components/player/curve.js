// The curve: by moment, the mean over labels with its interval, one photo's share, and chance. Moments stand equally far apart, since about
// equally much changes between them.

function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

const BOX = { width: 280, height: 168, left: 52, right: 12, top: 12, bottom: 24 };

class Curve {
  constructor() {
    this.element = svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, class: "curve", role: "img" });
  }

  /** Draw; `own` is the share of the chosen photo by moment, `at` the moment shown. */
  draw({ moments, mean, low, high, chance }, own, at) {
    const last = Math.max(1, moments.length - 1);
    const x = (t) => BOX.left + (t / last) * (BOX.width - BOX.left - BOX.right);
    const y = (share) => BOX.height - BOX.bottom - share * (BOX.height - BOX.top - BOX.bottom);
    const path = (values) => values.map((value, t) => `${t ? "L" : "M"}${x(t).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    const parts = [];
    for (const share of [0, 0.5, 1]) {
      parts.push(svg("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: y(share), y2: y(share), class: "grid" }));
      parts.push(svg("text", { x: BOX.left - 6, y: y(share) + 4, class: "end" }, `${share * 100}%`));
    }
    parts.push(svg("text", { x: BOX.left, y: BOX.height - 6 }, "before"), svg("text", { x: BOX.width - BOX.right, y: BOX.height - 6, class: "end" }, "end"));
    parts.push(svg("line", { x1: x(at), x2: x(at), y1: BOX.top, y2: BOX.height - BOX.bottom, class: "now" }));
    if (chance != null) parts.push(svg("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: y(chance), y2: y(chance), class: "chance" }));
    if (own) parts.push(svg("path", { d: path(own), class: "own" }), svg("circle", { cx: x(at), cy: y(own[at]), r: 4, class: "dot" }));
    if (mean) {
      const back = low.map((_, t) => low.length - 1 - t).map((t) => `L${x(t).toFixed(1)} ${y(low[t]).toFixed(1)}`).join("");
      parts.push(svg("path", { d: `${path(high)}${back}Z`, class: "band" }), svg("path", { d: path(mean), class: "mean" }));
      const above = (t) => y(Math.min(high[t], 0.93)) - 6;
      parts.push(svg("text", { x: x(0) + 3, y: above(0), class: "value" }, percent(mean[0])), svg("text", { x: x(last), y: above(last), class: "value end" }, percent(mean[last])));
    }
    this.element.replaceChildren(...parts);
    this.element.setAttribute("aria-label", mean ? `All photos: from ${percent(mean[0])} before learning to ${percent(mean[last])} at the end.` : "No photo can be judged.");
  }
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
