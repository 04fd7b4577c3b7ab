// Photos side by side, as many as somebody scrolls to; a click says of one that it is on the wrong side.

const AHEAD = 400; // pixels before the end at which more photos are asked for

class Lane {
  /** `of` has {title, hint, says: the verdict that a click gives, ask(skip), say(photo), link(photo)}. */
  constructor(of) {
    Object.assign(this, of);
    this.element = el("section", "lane");
    const title = el("h3", "", this.title);
    if (this.hint) title.append(" ", el("span", "soft small", this.hint));
    this.element.append(title);
    this.strip = el("div", "strip");
    this.strip.setAttribute("role", "group");
    this.strip.setAttribute("aria-label", this.title);
    this.strip.addEventListener("scroll", () => this.near() && this.more(), { passive: true });
    this.strip.addEventListener("keydown", (event) => this.key(event));
    this.element.append(this.strip);
  }

  near() {
    const { scrollLeft, clientWidth, scrollWidth } = this.strip;
    return scrollLeft + clientWidth > scrollWidth - AHEAD;
  }

  /** Begin anew, with the photos that `ask` now tells of; the old ones stay until those are there. */
  async start() {
    const turn = (this.turn = {});
    try {
      const { photos } = await this.ask(0);
      if (turn !== this.turn) return;
      this.count = photos.length;
      this.finished = !photos.length;
      this.strip.replaceChildren(...photos.map((photo) => this.tile(photo)));
      if (!photos.length) this.strip.append(el("p", "soft small", "none"));
      this.strip.scrollLeft = 0;
      if (this.strip.firstChild?.firstChild) this.strip.querySelector("button")?.setAttribute("tabindex", 0);
    } catch (error) {
      if (turn === this.turn) this.strip.replaceChildren(el("p", "soft small", error.message));
    }
  }

  async more() {
    if (this.asking || this.finished) return;
    this.asking = true;
    const { turn } = this;
    try {
      const { photos } = await this.ask(this.count);
      if (turn === this.turn) {
        this.count += photos.length;
        this.finished = !photos.length;
        this.strip.append(...photos.map((photo) => this.tile(photo)));
      }
    } catch {
      this.finished = true;
    }
    this.asking = false;
  }

  tile(photo) {
    const tile = el("figure", "tile");
    const button = el("button");
    button.type = "button";
    button.tabIndex = -1;
    button.append(picture(photo.picture, ""));
    const note = el("figcaption", "small");
    const mark = () => {
      const said = { accept: "it fits", reject: "it does not fit", unsure: "unsure" }[photo.verdict];
      tile.dataset.verdict = photo.verdict ?? "";
      note.firstChild.textContent = said ?? (photo.probability == null ? "" : percent(photo.probability));
      button.setAttribute("aria-label", `${photo.file}${photo.probability == null ? "" : `, ${percent(photo.probability)}`}${said ? `, you said: ${said}` : ""}`);
    };
    const link = el("a", "soft", "↗");
    link.href = this.link(photo);
    link.title = `${photo.file}: see it in Browse`;
    link.setAttribute("aria-label", `See ${photo.file} in Browse`);
    link.tabIndex = -1;
    note.append(el("span"), link);
    mark();
    button.title = photo.file;
    button.disabled = !this.says;
    button.addEventListener("click", () => {
      photo.verdict = photo.verdict === this.says ? null : this.says;
      mark();
      this.say(photo);
    });
    tile.append(button, note);
    return tile;
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const buttons = [...this.strip.querySelectorAll("button")];
    const next = buttons[buttons.indexOf(this.strip.getRootNode().activeElement) + step];
    if (!next) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  }
}
