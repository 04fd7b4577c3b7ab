// The frame of Triage: what is saved, undo and redo, which view is open, keys.

const WHERE = {
  untagged: "in the order of the collection",
  duplicates: "the most alike first",
  audit: "photos drawn at random, tags in any order",
};

class Triage {
  constructor(root) {
    this.root = root;
    root.tabIndex = -1;
    this.line = el("p", "line soft");
    this.where = el("span", "where");
    this.saved = el("span", "saved", "saved");
    this.saved.setAttribute("role", "status");
    this.undo = keyButton("undo", "Z", () => this.sender.undo(), "plain");
    this.redo = keyButton("redo", "Y", () => this.sender.redo(), "plain");
    this.line.append(this.where, this.undo, this.redo, this.saved);
    this.place = el("div", "place");
    root.append(this.line, this.place);
    // Who clicks goes on with the keys that are printed: a button that is clicked does not take Enter.
    this.place.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur());
    this.sender = new Sender(
      (state) => this.told(state),
      (changed, whole) => this.changed(changed, whole),
    );
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
  }

  update(data) {
    const same = this.data && ["run", "queue", "tag", "precision"].every((name) => data[name] === this.data[name]);
    this.data = data;
    if (same) return;
    this.sender.open(data.collection, data.run);
    this.view = new (data.queue === "one" ? Glance : Deck)({
      queue: data.queue,
      tag: data.tag,
      sender: this.sender,
      address: (name, more) => this.address(name, more),
      report: (at) => inAddress({ at }),
      decideAll: () => this.all.open(95),
      askWhy: (card) => ask(`/photos/${encodeURIComponent(data.run)}/${card.row}/why?${new URLSearchParams({ tag: card.tag, precision: data.precision })}`),
      tellWhy: (found) => reasons(found),
    });
    const removes = data.queue === "wrong";
    this.all = new AllAtOnce(this.root, {
      title: removes ? "Remove all that are wrong with a probability of at least" : "Accept all with a probability of at least",
      verb: removes ? "Remove" : "Accept",
      kind: removes ? "removed" : "added",
      min: 50,
      max: 99,
      show: (value) => `${value} %`,
      look: (value) => ask(this.address("all", `&above=${value / 100}`)),
      decide: (value) => this.decideAll(value / 100),
      done: (told) => this.doneAll(told),
    });
    this.place.replaceChildren(this.view.element);
    this.where.textContent = WHERE[data.queue] ?? (data.tag ? `about “${data.tag}”` : "all tags that a picture can tell");
    this.view.start(data.at);
  }

  address(name, more) {
    const { run, queue, tag, precision } = this.data;
    return `/triage/${encodeURIComponent(run)}/${name}?${new URLSearchParams({ queue, tag, precision })}${more}`;
  }

  decideAll(above) {
    const { run, queue, tag, precision } = this.data;
    return ask(`/triage/${encodeURIComponent(run)}/all`, { queue, tag, precision, above, key: newKey() });
  }

  doneAll(told) {
    this.say(`saved: ${told.words}; Z undoes it`);
    this.restart();
  }

  /** What is on the table may be decided: lay out the queue anew. */
  restart() {
    if (this.view instanceof Deck) {
      Object.assign(this.view, { cards: [], place: 0, finished: false, shown: null });
      this.view.said.clear();
    }
    this.view.start(null);
  }

  told(state) {
    if (state.turned !== undefined) {
      this.say(state.turned === null ? "nothing to undo" : `undone or done again: ${state.turned}`);
      return;
    }
    this.saved.classList.toggle("bad", !!state.error);
    this.saved.textContent = savedWords(state);
    if (!state.waiting && !state.error) {
      this.view?.onSaved?.();
      if (this.view) this.view.onSaved = null;
    }
  }

  say(words) {
    this.saved.textContent = words;
  }

  changed(changed, whole) {
    if (whole) {
      this.restart();
      return;
    }
    this.view.changed(changed);
    if (changed.some((one) => one.verdict == null)) this.view.reopen(changed.filter((one) => one.verdict == null));
  }

  key(event) {
    if (!this.view || isTaken(event)) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) this.sender.undo();
    else if (key === "y" || key === "z") this.sender.redo();
    else if (!this.view.key(event)) return;
    event.preventDefault();
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
    this.sender.stop();
  }
}

export default (component) => keep(Triage, component);
