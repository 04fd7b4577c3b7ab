// The panel beside the matrix: the tags most like one tag, the longer a bar the more alike, and why two are alike.

class Panel {
  constructor(pick) {
    this.pick = pick;
    this.element = el("aside", "panel");
    this.element.setAttribute("aria-label", "Similar tags");
  }

  draw({ title, sentence, links, longest, pair }) {
    const parts = [];
    if (pair) {
      const why = el("section", "pair");
      why.setAttribute("aria-live", "polite");
      why.append(el("h2", "", pair.title), ...pair.lines.map((line) => el("p", "", line)));
      parts.push(why);
    }
    parts.push(el("h2", "", title), el("p", "soft", sentence));
    const list = el("div", "links");
    for (const link of links) {
      const row = el("button", "link");
      row.type = "button";
      row.setAttribute("aria-pressed", Boolean(link.chosen));
      row.title = `Similarity ${link.similarity.toFixed(2)}, distance ${link.google.toFixed(2)} by use and ${link.wordnet.toFixed(2)} by meaning`;
      const track = el("span", "track");
      const bar = track.appendChild(el("span", "bar"));
      bar.style.width = `${(100 * link.similarity) / longest}%`;
      row.append(el("span", "name", link.name), track, el("span", "value", link.similarity.toFixed(2)));
      row.addEventListener("click", () => this.pick(link.pair));
      list.append(row);
    }
    parts.push(list);
    this.element.replaceChildren(...parts);
  }
}
