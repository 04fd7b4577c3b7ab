// The curve: share of relevant neighbors by iteration, all queries with a band, one query, and chance.

function el(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function svg(name, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text) element.textContent = text;
  return element;
}

const BOX = { width: 280, height: 176, left: 38, right: 10, top: 10, bottom: 24 };

class Curve {
  constructor() {
    this.element = svg("svg", { viewBox: `0 0 ${BOX.width} ${BOX.height}`, class: "curve", role: "img" });
  }

  /** Draw; `own` is the share of the chosen query by iteration, or null where it cannot be judged. */
  draw({ steps, mean, low, high, chance }, own, at) {
    const last = steps[steps.length - 1] || 1;
    const x = (step) => BOX.left + (step / last) * (BOX.width - BOX.left - BOX.right);
    const y = (share) => BOX.height - BOX.bottom - share * (BOX.height - BOX.top - BOX.bottom);
    const path = (values) => values.map((value, t) => `${t ? "L" : "M"}${x(steps[t]).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    const parts = [];
    for (const share of [0, 0.5, 1]) {
      parts.push(svg("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: y(share), y2: y(share), class: "grid" }));
      parts.push(svg("text", { x: BOX.left - 6, y: y(share) + 4, class: "end" }, `${share * 100}%`));
    }
    parts.push(svg("text", { x: BOX.left, y: BOX.height - 6 }, "start"));
    parts.push(svg("text", { x: BOX.width - BOX.right, y: BOX.height - 6, class: "end" }, `iteration ${last.toLocaleString("en")}`));
    parts.push(svg("line", { x1: x(steps[at]), x2: x(steps[at]), y1: BOX.top, y2: BOX.height - BOX.bottom, class: "now" }));
    if (mean) {
      const back = low.map((_, t) => low.length - 1 - t).map((t) => `L${x(steps[t]).toFixed(1)} ${y(low[t]).toFixed(1)}`).join("");
      parts.push(svg("path", { d: `${path(high)}${back}Z`, class: "band" }), svg("path", { d: path(mean), class: "mean" }));
    }
    if (chance != null) parts.push(svg("line", { x1: BOX.left, x2: BOX.width - BOX.right, y1: y(chance), y2: y(chance), class: "chance" }));
    if (own) parts.push(svg("path", { d: path(own), class: "own" }), svg("circle", { cx: x(steps[at]), cy: y(own[at]), r: 4.5, class: "dot" }));
    this.element.replaceChildren(...parts);
    this.element.setAttribute("aria-label", mean ? `Share of relevant neighbors of all queries: from ${percent(mean[0])} at the start to ${percent(mean[mean.length - 1])} at the end.` : "No query can be judged.");
  }
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
