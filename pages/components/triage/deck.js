// One question after the other: the photo large, what speaks for the tag beside it, a key for each answer.

const AHEAD = 6; // pictures that are fetched before they are asked about
const LOW = 8; // as few questions left as that, more are asked for
const ANSWERS = { a: "accept", x: "reject", u: "unsure" };
const QUESTIONS = {
  missing: "Does this photo show",
  wrong: "The user wrote this. Does it fit?",
  untagged: "Nobody has tagged this photo. What fits?",
  duplicates: "These look like one picture, and only one of them has these tags. Which fit? Skip what is not one picture.",
  audit: "Which of these tags fit? Some are handed out, some are not.",
};
const DONE = { accept: "yes", reject: "no", unsure: "unsure" };

class Deck {
  /** `of` has {address, sender, queue, tag, report}. */
  constructor(of) {
    Object.assign(this, of);
    this.cards = [];
    this.said = new Map(); // what was decided on cards of this deck, by row and tag
    this.place = 0;
    this.evidence = new Map();
    this.element = el("div", "deck");
    this.element.dataset.queue = this.queue;
    this.stage = el("figure", "stage");
    this.aside = el("div", "aside");
    this.soFar = new SoFar(this.queue, () => this.decideAll());
    this.buttons = el("div", "buttons");
    this.element.append(this.stage, this.aside, this.buttons);
    this.drawButtons();
  }

  /** Whether a card is a photo with a list of tags to choose from, instead of a question about one tag. */
  get listed() {
    return ["untagged", "duplicates", "audit"].includes(this.queue);
  }

  get card() {
    return this.cards[this.place];
  }

  static key({ row, tag }) {
    return `${row}:${tag}`;
  }

  async start(at) {
    const asked = this.more();
    this.drawEnd();
    await asked;
    const place = this.cards.findIndex((card) => Deck.key(card) === at);
    if (place > 0) this.place = place;
    this.draw();
  }

  /** Ask for the questions that follow; what is on the table already is not asked twice. */
  async more() {
    if (this.asking || this.finished) return;
    this.asking = true;
    try {
      const open = this.cards.filter((card) => !this.said.has(Deck.key(card)));
      const found = await ask(this.address("questions", `&skip=${Math.max(0, open.length - LOW)}`));
      const known = new Set(this.cards.map(Deck.key));
      const fresh = found.questions.filter((card) => !known.has(Deck.key(card)) && !this.said.has(Deck.key(card)));
      this.finished = found.questions.length === 0 || (fresh.length === 0 && open.length <= LOW);
      this.cards.push(...fresh);
      this.numbers = found;
      this.soFar.show(found, this.tag);
    } catch (error) {
      this.trouble = error.message;
    }
    this.asking = false;
  }

  async refresh() {
    try {
      this.numbers = await ask(this.address("so-far", ""));
      this.soFar.show(this.numbers, this.tag);
    } catch {
      // The line that says "saved" tells of a server that does not answer.
    }
  }

  drawButtons() {
    const yes = this.queue === "wrong" ? "It fits, keep it" : "Yes, add it";
    const no = this.queue === "wrong" ? "No, remove it" : "No";
    const main = this.listed
      ? [keyButton("Save the chosen, next", "Enter", () => this.saveChosen(), "answer first")]
      : [
          keyButton(yes, "A", () => this.answer("accept"), "answer first"),
          keyButton(no, "X", () => this.answer("reject"), "answer"),
          keyButton("Unsure", "U", () => this.answer("unsure"), "answer"),
        ];
    const right = el("span", "right");
    right.append(keyButton("Back", "←", () => this.move(-1), "answer"), keyButton("Skip", "→", () => this.move(1), "answer"));
    this.buttons.replaceChildren(...main, right);
  }

  /** Decide on the open card and go on. Nothing waits for the server. */
  answer(verdict) {
    const { card } = this;
    if (!card || this.listed) return;
    this.sender.say([{ row: card.row, tag: card.tag, verdict }]);
    this.said.set(Deck.key(card), verdict);
    this.next();
  }

  saveChosen() {
    const { card } = this;
    if (!card) return;
    const rows = card.second ? [card.row, card.second.row] : [card.row];
    const verdict = (tag) => (card.chosen.has(tag) ? "accept" : "reject");
    const answers = rows.flatMap((row) => card.offered.map(({ tag }) => ({ row, tag, verdict: verdict(tag) })));
    if (answers.length) this.sender.say(answers, `${[...card.chosen].join(", ") || "no tag"} for ${card.file}`);
    this.said.set(Deck.key(card), "accept");
    this.next();
  }

  /** Go to the next card that is open. */
  next() {
    const after = this.cards.findIndex((card, place) => place > this.place && !this.said.has(Deck.key(card)));
    this.place = after < 0 ? this.cards.length : after;
    this.draw();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.refresh(), 600);
  }

  move(step) {
    this.place = Math.min(this.cards.length, Math.max(0, this.place + step));
    this.draw();
  }

  /** Take in what is decided now: `changed` has {row, tag, verdict}, null for what is open again. */
  changed(changed) {
    for (const { row, tag, verdict } of changed) {
      const card = this.cards.find((one) => one.row === row && (one.tag === tag || this.listed));
      if (!card) continue;
      if (verdict == null) this.said.delete(Deck.key(card));
      else this.said.set(Deck.key(card), verdict);
    }
    this.finished = false;
    this.draw();
    this.refresh();
  }

  /** Show the card that an undo has opened again. */
  reopen(changed) {
    const place = this.cards.findIndex((card) => changed.some((one) => one.row === card.row && (one.tag === card.tag || this.listed)));
    if (place >= 0) this.place = place;
    this.draw();
  }

  key(event) {
    const key = event.key.toLowerCase();
    if (ANSWERS[key] && !this.listed) this.answer(ANSWERS[key]);
    else if (event.key === "ArrowRight") this.move(1);
    else if (event.key === "ArrowLeft") this.move(-1);
    else if (this.listed && event.key === "Enter") this.saveChosen();
    else if (this.listed && /^[1-9]$/.test(event.key)) this.choose(this.card?.offered[event.key - 1]?.tag);
    else return false;
    return true;
  }

  choose(tag) {
    if (!tag) return;
    const { chosen } = this.card;
    if (!chosen.delete(tag)) chosen.add(tag);
    this.drawOffered();
  }

  draw() {
    if (this.cards.length - this.place < LOW && !this.finished) this.more().then(() => !this.drawn && this.draw());
    const { card } = this;
    this.drawn = card;
    for (const next of this.cards.slice(this.place, this.place + AHEAD)) this.fetchAhead(next);
    clearTimeout(this.timer);
    if (!card) {
      this.drawEnd();
      return;
    }
    if (this.shown !== Deck.key(card)) {
      this.shown = Deck.key(card);
      const shown = [card, ...(card.second ? [card.second] : [])];
      const pictures = el("div", "pictures");
      pictures.append(...shown.map((one) => picture(one.picture, `Photo ${one.file}`)));
      this.stage.replaceChildren(pictures, el("figcaption", "soft small", shown.map((one) => one.file).join(" and ")));
    }
    const verdict = this.said.get(Deck.key(card));
    const question = el("p", "soft", QUESTIONS[this.queue] ?? QUESTIONS.missing);
    const parts = [question];
    if (!this.listed) {
      const name = el("h2", "tag", `${card.tag}?`);
      if (verdict) name.append(chip(DONE[verdict], { accept: "added", reject: "removed", unsure: "unsure" }[verdict]));
      parts.push(name);
      const believed = el("p", "", `The run finds it ${percent(card.probability)} probable.`);
      parts.push(believed);
    }
    const wrote = el("p", "wrote soft", card.second || this.queue === "audit" ? "" : card.raw.length ? "The user wrote " : this.listed ? "" : "The user wrote no tags.");
    const raw = card.second ? [] : card.raw;
    wrote.append(...raw.slice(0, 14).map((tag) => chip(tag)));
    if (raw.length > 14) wrote.append(` and ${card.raw.length - 14} more`);
    parts.push(wrote);
    if (this.listed) {
      card.chosen ??= new Set(card.offered.filter((one) => one.sure).map((one) => one.tag));
      this.offered = el("div", "offered");
      parts.push(this.offered);
      this.drawOffered();
    }
    this.why = el("section", "why");
    this.aside.replaceChildren(...parts, this.why, this.soFar.element);
    if (!this.listed) this.drawWhy(card);
    this.timer = setTimeout(() => this.report(this.shown), 400);
  }

  drawOffered() {
    this.offered.replaceChildren(
      ...this.card.offered.map((one, place) => {
        const chosen = this.card.chosen.has(one.tag);
        const offer = button("", () => this.choose(one.tag), "offer");
        offer.setAttribute("aria-pressed", chosen);
        if (place < 9) offer.append(el("kbd", "", String(place + 1)));
        offer.append(chip(one.tag, chosen ? "added" : "kept"));
        const more = one.only ? `only on the ${one.only}` : one.probability === undefined ? "" : percent(one.probability);
        offer.append(el("span", "soft", more));
        return offer;
      }),
    );
    if (!this.card.offered.length) this.offered.append(el("p", "soft", "The run finds nothing probable here. Skip it, or add tags in Browse."));
  }

  drawEnd() {
    this.shown = null;
    this.stage.replaceChildren();
    const words = this.trouble || (this.asking ? "Looking for questions …" : this.cards.length ? "That was the last question of this queue." : "There is nothing to ask here.");
    const note = el("p", "end", words);
    note.setAttribute("role", "status");
    this.aside.replaceChildren(note, this.soFar.element);
  }

  fetchAhead(card) {
    if (card.ahead) return;
    card.ahead = new Image();
    card.ahead.src = card.picture;
    if (!this.listed) this.reasons(card);
  }

  reasons(card) {
    const key = Deck.key(card);
    if (!this.evidence.has(key)) this.evidence.set(key, this.askWhy(card).catch(() => null));
    return this.evidence.get(key);
  }

  async drawWhy(card) {
    const found = await this.reasons(card);
    if (found && this.drawn === card) this.why.replaceChildren(...this.tellWhy(found, card));
  }
}
