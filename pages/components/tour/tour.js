// The tour: one step at a time, by key or button.

class Tour {
  constructor(root) {
    this.root = root;
    root.classList.add("wall");
    root.setAttribute("role", "region");
    root.setAttribute("aria-label", "Tour");
    this.sender = new Sender(
      (state) => this.told(state),
      () => {},
    );
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  update(data) {
    this.root.classList.add("tr-dark"); // a wall is dark
    if (this.data && this.data.run === data.run && this.data.row === data.row) return;
    this.data = data;
    this.place = Math.min(data.steps.length, Math.max(1, data.step)) - 1;
    this.sender.open(data.collection, data.run);
    this.draw();
  }

  get step() {
    return this.data.steps[this.place];
  }

  move(by) {
    const next = this.place + by;
    if (next >= this.data.steps.length) return this.leave("triage");
    this.place = Math.max(0, next);
    this.draw();
    inAddress({ step: this.place + 1 });
    return undefined;
  }

  leave(page) {
    const { name, run } = this.data;
    window.location.assign(`${page}?${new URLSearchParams({ collection: name, run })}`);
  }

  answer(verdict) {
    this.sender.say([{ row: this.data.row, tag: this.data.tag, verdict }]);
    this.answered = verdict;
    this.draw();
  }

  draw() {
    const { steps } = this.data;
    const top = el("div", "top");
    const dots = el("div", "dots");
    dots.setAttribute("role", "img");
    dots.setAttribute("aria-label", `Step ${this.place + 1} of ${steps.length}`);
    dots.append(...steps.map((_, place) => el("i", place === this.place ? "now" : place < this.place ? "done" : "")));
    dots.append(el("span", "soft", `${this.place + 1} of ${steps.length}`));
    top.append(dots, keyButton("Leave the tour", "Esc", () => this.leave("browse"), "quiet"));
    const title = el("h1", "", this.step.title);
    title.tabIndex = -1;
    const sentence = el("p", "sentence", this.step.sentence);
    const main = el("div", "main");
    main.append(this.photo(), this.right());
    const buttons = el("div", "buttons");
    if (this.place) buttons.append(keyButton("Back", "←", () => this.move(-1)));
    buttons.append(keyButton(this.step.then, "→", () => this.move(1), "first"));
    this.root.replaceChildren(top, title, sentence, main, buttons);
    if (!this.answered) title.focus({ preventScroll: true });
  }

  photo() {
    const figure = el("figure", this.place ? "" : "alone");
    const image = el("img");
    image.alt = "The photo that this tour is about";
    image.src = this.data.picture;
    figure.append(image);
    return figure;
  }

  right() {
    const { step } = this;
    const right = el("div", "right");
    if (step.wrote) {
      const chips = el("div", "tr-chips");
      chips.append(...step.wrote.map(([word, kind]) => chip(word, kind)));
      right.append(chips);
    }
    for (const [place, row] of (step.rows ?? []).entries()) {
      const line = el("div", place && place === step.rows.length - 1 ? "line last" : "line");
      const near = el("div", "near");
      near.append(
        ...row.rows.map((photo, nth) => {
          const carries = row.carries[nth];
          const frame = el("span", carries ? "frame yes" : "frame no");
          const image = el("img");
          image.alt = carries ? `shows ${this.data.tag}` : `does not show ${this.data.tag}`;
          image.src = this.data.photos[photo];
          const sign = el("b", "", carries ? "\u2713" : "\u2715");
          sign.setAttribute("aria-hidden", "true");
          frame.append(image, sign);
          return frame;
        }),
      );
      line.append(el("span", "when soft", row.when), near, el("strong", "count", row.count));
      right.append(line);
    }
    if (step.parts) right.append(...this.parts(step.parts));
    if (step.ask) right.append(...this.ask());
    return right;
  }

  parts(parts) {
    const most = Math.max(1, ...parts.map(([, value]) => Math.abs(value)));
    return parts.map(([words, value]) => {
      const line = el("div", "part");
      const track = el("span", "track");
      const fill = el("span", value < 0 ? "fill against" : "fill for");
      fill.style.width = `${(50 * Math.abs(value)) / most}%`;
      track.append(fill);
      const sign = Math.abs(value) < 0.05 ? "" : value < 0 ? "\u2212" : "+";
      line.append(el("span", "words", words), track, el("strong", "count", `${sign}${Math.abs(value).toFixed(1)}`));
      return line;
    });
  }

  ask() {
    const question = el("h2", "", `${this.data.tag}?`);
    const buttons = el("div", "answers");
    buttons.append(
      keyButton("Yes", "A", () => this.answer("accept"), this.answered === "accept" ? "chosen" : ""),
      keyButton("No", "X", () => this.answer("reject"), this.answered === "reject" ? "chosen" : ""),
      keyButton("Unsure", "U", () => this.answer("unsure"), this.answered === "unsure" ? "chosen" : ""),
    );
    this.saved = el("p", "soft", this.answered ? "saved" : "");
    this.saved.setAttribute("role", "status");
    return [question, buttons, this.saved];
  }

  told(state) {
    if (!this.saved) return;
    if (state.turned) {
      this.answered = null;
      this.draw();
    } else if (this.answered) this.saved.textContent = state.waiting || state.error ? savedWords(state) : "saved; Z takes it back";
  }

  key(event) {
    if (!this.data || isTaken(event)) return;
    const answers = this.step.ask ? { a: "accept", x: "reject", u: "unsure" } : {};
    const verdict = answers[event.key.toLowerCase()];
    if (verdict) this.answer(verdict);
    else if (event.key === "ArrowRight" || event.key === "PageDown") this.move(1);
    else if (event.key === "ArrowLeft" || event.key === "PageUp") this.move(-1);
    else if (event.key === "Escape") this.leave("browse");
    else if (event.key.toLowerCase() === "z" && this.answered) this.sender.undo();
    else return;
    event.preventDefault();
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
    this.sender.stop();
  }
}

export default (component) => keep(Tour, component);
