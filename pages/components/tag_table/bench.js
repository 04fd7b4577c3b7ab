// One tag: what every limit would do, the photos just above and below it, and what is said of the tag everywhere.

const WAIT = 400; // milliseconds until it is said that something takes time
const SETTLE = 120; // milliseconds after the last move of the limit until photos are asked for
const RULES = { measure: "As measured", judge: "Always judge", leave: "Always leave alone" };

class Bench {
  /** `changed()` hears that other rows of the table may be others now, `row(row)` that one is. */
  constructor({ row, changed }) {
    Object.assign(this, { row, changed });
    this.element = el("section", "bench");
    this.element.setAttribute("aria-label", "The tag that is open");
    this.sender = new Sender(
      (state) => this.heard(state),
      (changed, whole) => this.news(changed, whole),
    );
    this.curve = new LimitCurve((level) => this.moved(level));
    this.curve.words = (level) => this.does(level);
    this.lanes = Object.fromEntries(
      [
        ["above", "Just above the limit", "Click those that it does not fit.", "reject"],
        ["below", "Just below", "Click those that it fits.", "accept"],
        ["written", "People wrote it, and the picture agrees least", "Click those that it does not fit.", "reject"],
      ].map(([side, title, hint, says]) => [
        side,
        new Lane({ title, hint, says, ask: (skip) => this.ask("photos", { side, limit: this.level, skip }), say: (photo) => this.say(photo), link: (photo) => this.link({ photo: photo.row }) }),
      ]),
    );
    this.some = new Lane({ title: "Some of its photos", ask: (skip) => (skip ? { photos: [] } : this.ask("photos", {})), link: () => "#" });
    this.all = new AllAtOnce(this.element, {
      title: "Accept all with a probability of at least",
      verb: "Accept",
      kind: "added",
      show: (value) => (value / 256).toFixed(2),
      look: (limit) => this.ask("all", { limit }),
      decide: (limit) => this.post("all", { limit }),
      done: ({ words }) => this.done(words),
    });
  }

  /** Take what the page says: the collection, the run and the promise. */
  update(data) {
    const before = this.data;
    this.data = data;
    this.sender.open(data.collection, data.run || null);
    if (before && ["run", "precision", "version"].some((name) => before[name] !== data[name]) && this.tag) this.reload();
  }

  ask(name, values) {
    const { run, precision } = this.data;
    return ask(`/bench/${this.data.collection}${name && `/${name}`}?${new URLSearchParams({ run, precision, tag: this.tag, ...values })}`);
  }

  post(name, values) {
    const { run, precision } = this.data;
    return ask(`/bench/${this.data.collection}/${name}`, { run, precision, tag: this.tag, key: newKey(), ...values });
  }

  link(more, page = "browse") {
    const { name, run, precision } = this.data;
    return `/${page}?${new URLSearchParams({ collection: name, run, tag: this.tag, precision, ...more })}`;
  }

  /** Open a tag by its row of the table. */
  async open(row) {
    this.tag = row.tag;
    this.opened = row;
    this.level = null;
    this.message = "";
    this.told = null;
    if (row.gone) {
      this.draw();
      return;
    }
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      if (!this.told) this.element.replaceChildren(el("h2", "name", row.tag), el("p", "soft", "Sorting photos by probability …"));
    }, WAIT);
    await this.reload();
  }

  async reload() {
    const turn = (this.turn = {});
    try {
      const told = await this.ask("", {});
      if (turn !== this.turn) return;
      const first = this.told === null;
      // Where nobody has moved the limit, it stands where it is in force.
      const moved = this.told && this.level !== this.inForce;
      this.told = told;
      if (!moved) this.level = this.inForce;
      this.row(told.row);
      this.draw(first);
    } catch (error) {
      if (turn === this.turn) this.element.replaceChildren(el("p", "soft", error.message));
    }
  }

  get inForce() {
    return this.told.own ?? this.told.limit ?? this.told.levels;
  }

  /** Photos that gain the tag at a level. */
  gains(level) {
    const { levels, least, gains } = this.told ?? this.curve.told; // the tag before, while another is asked for
    return level >= levels ? 0 : gains[level - least];
  }

  does(level) {
    const photos = count(this.gains(level), "photo");
    return `${photos} ${this.gains(level) === 1 ? "gains" : "gain"} it`;
  }

  draw(first = true) {
    const title = el("h2", "name", this.tag);
    title.title = this.tag;
    if (this.opened.gone) {
      const off = button("Take it off the list", () => this.everywhere("rule", null), "answer");
      this.element.replaceChildren(title, el("p", "", "It is no tag of the collection any more, so what you said has no effect. It stays on your list for the day it is back."), off);
      return;
    }
    this.saved ??= this.line();
    const wrote = `People wrote it on ${count(this.told.row.given, "photo")}.`;
    if (!this.told.curves) {
      this.element.replaceChildren(this.head(title), el("p", "soft small", wrote), this.some.element, this.rules());
      if (first) this.some.start();
      return;
    }
    this.buttons ??= el("div", "buttons");
    const held = this.element.contains(this.curve.element);
    const fresh = { title: this.head(title), about: el("p", "soft small", `${wrote} ${this.told.sentence}`), rules: this.rules(), kinds: this.kinds(), spelled: this.spelled() };
    if (!held || first) {
      const { above, below, written } = this.lanes;
      this.element.replaceChildren(fresh.title, fresh.about, this.curve.element, this.buttons, above.element, below.element, fresh.rules, written.element, fresh.kinds, fresh.spelled, this.all.dialog);
    } else for (const [name, part] of Object.entries(fresh)) this.parts[name].replaceWith(part); // what somebody holds or has scrolled to stays
    this.parts = fresh;
    Object.assign(this.all, { min: this.told.least, max: this.told.levels - 1 });
    this.curve.show(this.told, this.level);
    this.drawLimit();
    if (first) for (const lane of Object.values(this.lanes)) lane.start();
    this.lanes.written.element.hidden = !this.told.given;
  }

  /** The tag, and whether all is saved. */
  head(title) {
    const head = el("header", "foot");
    head.append(title, this.saved);
    return head;
  }

  kinds() {
    const { row } = this.told;
    const line = el("p", "kinds small");
    line.append(el("span", "soft", "In Browse:"));
    const kinds = row.told ? [["added", `+ ${number(row.added)} added`], ["removed", `− ${number(row.removed)} removed`], ["kept", `${number(row.kept)} kept`]] : [["untold", `${number(row.given)} left alone`]];
    for (const [kind, words] of kinds) {
      const link = el("a", kind, words);
      link.href = this.link({ kind });
      link.title = "See them in Browse";
      line.append(link);
    }
    return line;
  }

  spelled() {
    const note = el("p", "soft small", "");
    const shown = this.told.spellings.map(({ raw, count }) => `${raw} ${number(count)}`).join(" · ");
    if (shown) note.append(`Spelled: ${shown}. `);
    const link = el("a", "plain", "Rename, merge or split …");
    link.href = this.link({ view: "merges" }, "tags");
    note.append(link);
    return note;
  }

  rules() {
    const said = this.opened.rule ?? "measure";
    const group = el("div", "rules");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "What do you say?");
    for (const [rule, words] of Object.entries(RULES)) {
      const one = button(words, () => this.everywhere("rule", rule === "measure" ? null : rule), "pill");
      one.setAttribute("aria-pressed", rule === said);
      group.append(one);
    }
    return group;
  }

  line() {
    const line = el("p", "line soft small");
    this.status = el("span", "saved");
    this.status.setAttribute("role", "status");
    line.append(button("undo", () => this.sender.undo(), "plain"), button("redo", () => this.sender.redo(), "plain"), this.status);
    return line;
  }

  /** Tell what the limit does where it stands now. */
  drawLimit() {
    const { told, level } = this;
    const kept = told.own === level;
    const keep = kept
      ? button(`Drop limit ${this.shown(level)}`, () => this.everywhere("limit", null), "answer")
      : button(`Keep limit ${level < told.levels ? this.shown(level) : ""}`, () => this.everywhere("limit", level), "answer");
    keep.title = kept ? "Add it as promised again" : "Browse, exports and Annotate use it, whatever is promised";
    keep.disabled = level >= told.levels;
    const open = level >= told.levels ? 0 : this.gains(level) - told.accepted;
    const accept = button(`Accept ${number(open)} …`, () => this.all.open(level), "answer first");
    accept.disabled = !open;
    const asks = el("a", "answer", "Ask me");
    asks.href = this.link({ queue: "one" }, "triage");
    asks.title = "Thirty photos at a glance, in Triage";
    this.buttons.replaceChildren(accept, keep, asks);
    if (level !== this.inForce) this.buttons.append(button("Back", () => this.curve.go(this.inForce), "answer"));
  }

  shown(level) {
    return (level / this.told.levels).toFixed(2);
  }

  moved(level) {
    if (!this.told) return;
    this.level = level;
    this.drawLimit();
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      this.lanes.above.start();
      this.lanes.below.start();
    }, SETTLE);
  }

  /** Say of one photo whether the tag fits it. */
  say(photo) {
    this.sender.say([{ row: photo.row, tag: this.tag, verdict: photo.verdict }]);
    this.waits = true;
  }

  /** Say something of the tag everywhere; what the table says of it is asked anew. */
  async everywhere(what, value) {
    this.tell("saving …");
    try {
      await this.post("say", { what, value });
      this.done("saved");
      if (this.opened.gone) this.changed();
    } catch (error) {
      this.tell(error.message, true);
    }
  }

  done(words) {
    this.tell(words);
    this.reload();
    if (this.told?.curves) for (const lane of Object.values(this.lanes)) lane.start();
  }

  tell(words, bad = false) {
    if (!this.status) return;
    this.status.textContent = words;
    this.status.classList.toggle("bad", bad);
  }

  heard(state) {
    if (state.turned !== undefined) {
      this.tell(state.turned === null ? "nothing to undo" : `undone or done again: ${state.turned}`);
      this.changed();
      return;
    }
    if (!state.waiting && !state.error && !this.waits) return;
    this.tell(savedWords(state), !!state.error);
    if (!state.waiting && !state.error) {
      this.waits = false;
      this.reload();
    }
  }

  /** What is decided now, by this window or another one. */
  news(changed, whole) {
    if (!this.told || this.opened.gone) return;
    if (whole || changed.some(({ tag }) => tag === this.tag)) {
      this.reload();
      for (const lane of Object.values(this.lanes)) lane.start();
    }
  }

  stop() {
    this.sender.stop();
    this.curve.stop();
  }
}
