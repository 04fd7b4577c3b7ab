// One tag, thirty photos at a glance: click those that it does not fit, save the rest.

class Glance {
  constructor(of) {
    Object.assign(this, of);
    this.element = el("div", "glance");
    this.soFar = new SoFar(this.queue, () => this.decideAll());
    this.not = new Set();
    this.photos = [];
  }

  async start() {
    this.not.clear();
    try {
      const found = await ask(this.address("glance", ""));
      this.photos = found.photos;
      this.soFar.show(found, this.tag);
      this.trouble = "";
    } catch (error) {
      this.trouble = error.message;
      this.photos = [];
    }
    this.draw();
  }

  draw() {
    const title = el("h2", "tag", `Is this ${this.tag}?`);
    const hint = el("p", "soft", "Click the photos that do not show it. The likeliest come first.");
    const grid = el("div", "grid");
    grid.append(
      ...this.photos.map((photo) => {
        const tile = button("", () => {
          if (!this.not.delete(photo.row)) this.not.add(photo.row);
          mark();
          this.drawButton();
        }, "tile");
        const said = unseen("");
        tile.append(picture(photo.picture, photo.file), said, el("span", "soft small", percent(photo.probability)));
        const mark = () => {
          const not = this.not.has(photo.row);
          tile.setAttribute("aria-pressed", not);
          said.textContent = `: ${not ? "not " : ""}${this.tag}, `;
        };
        mark();
        return tile;
      }),
    );
    this.save = keyButton("", "Enter", () => this.decide(), "answer first");
    const buttons = el("div", "buttons");
    buttons.append(this.save);
    if (!this.photos.length) {
      grid.append(el("p", "end", this.trouble || `Nothing is left to ask about “${this.tag}”.`));
      buttons.hidden = true;
    }
    this.element.replaceChildren(title, hint, grid, buttons, this.soFar.element);
    this.drawButton();
  }

  drawButton() {
    const no = this.not.size;
    this.save.firstChild.textContent = `Save: ${this.photos.length - no} yes, ${no} no `;
  }

  decide() {
    if (!this.photos.length) return;
    const answers = this.photos.map(({ row }) => ({ row, tag: this.tag, verdict: this.not.has(row) ? "reject" : "accept" }));
    this.sender.say(answers, `${this.tag}: ${this.photos.length - this.not.size} yes, ${this.not.size} no`);
    this.photos = [];
    this.onSaved = () => this.start();
    this.draw();
  }

  changed() {
    this.start();
  }

  reopen() {}

  refresh() {}

  key(event) {
    if (event.key !== "Enter") return false;
    this.decide();
    return true;
  }
}
