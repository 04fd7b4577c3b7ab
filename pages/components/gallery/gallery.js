// The grid: only the cards near the visible part exist; photos are fetched in windows.

const WINDOW = 60; // photos a request
const GAP = 16;
const CARD = 212; // least width of a card
const CAPTION = 100; // three lines of chips

class Gallery {
  constructor(root) {
    this.root = root;
    this.finder = new Finder((changes, step) => this.find(changes, { step }), (filter) => this.trigger("filter", filter));
    this.scroller = el("div", "scroller");
    this.scroller.setAttribute("role", "listbox");
    this.scroller.setAttribute("aria-label", "Photos");
    this.sheet = el("div", "sheet");
    this.nothing = el("p", "nothing soft", "No photo matches. Choose another tag or kind of change, or clear the search.");
    this.nothing.hidden = true;
    this.scroller.append(this.sheet, this.nothing);
    this.lightbox = new Lightbox((by) => this.step(by));
    this.decisions = new Decisions(this);
    this.detail = new Detail({
      say: (row, tag, verdict) => this.decisions.say(row, tag, verdict),
      undo: () => this.decisions.undo(),
      complete: (text) => completions(this.data.address, this.data.precision, text),
      open: (row, tag) => this.open(row, { tag }),
      step: (by) => this.step(by),
      enlarge: (photo) => this.lightbox.show(photo),
      like: (photo) => this.find(asked({ like: photo.row, photo: photo.row, untold: this.state.untold }), { step: true }),
      drawn: (photo) => this.drawn(photo),
    });
    this.body = el("div", "grid-and-photo");
    this.body.append(this.scroller, this.detail.element);
    this.cards = new Map();
    this.windows = new Map();
    this.selection = new Selection(this);
    root.append(this.finder.element, this.body, this.selection.bar.element, this.selection.heard, this.lightbox.element);
    this.scrolled = new Map(); // how far down one was in each answer
    this.active = 0;
    this.total = 0;
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.body.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["wheel", "touchmove", "pointerdown"]) {
      this.scroller.addEventListener(name, () => (this.before = null), { passive: true });
    }
    this.onDecide = (event) => this.decide(event);
    document.addEventListener("keydown", this.onDecide);
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.scroller);
    this.onResize = () => this.fit();
    this.onBack = () => this.goBack();
    window.addEventListener("resize", this.onResize);
    window.addEventListener("popstate", this.onBack);
    history.pushState.keeps = { path: location.pathname, names: NAMES }; // see components/steps
  }

  get opened() {
    return this.state?.photo ? Number(this.state.photo) : null;
  }

  /** Take what the page says: another run, promise or list of the curator's asks anew, and a photo that was dropped in is looked for. */
  update(data, _, trigger) {
    this.trigger = trigger;
    const old = this.data;
    this.data = this.finder.data = data;
    this.decisions.sender.open(data.collection, data.run);
    this.selection.open(data.collection, data.total);
    this.fit();
    if (!old) this.find(asked(data.state), { first: true });
    else if (data.dropped && data.dropped !== old.dropped) this.find(asked({ like: data.dropped, untold: this.state?.untold }), { step: true });
    else if (["address", "precision", "version"].some((name) => data[name] !== old[name])) this.find({}, { anew: true });
    else if (this.state) this.finder.drawSaved();
  }

  /**
   * Look for photos. What is found replaces the grid when it is there; a mistake is told, and the photos of the last search stay.
   * A `step` goes into the address, as something to come back to.
   */
  async find(more, { step = false, first = false, anew = false, back = false } = {}) {
    // What was asked for a moment ago, and is not answered yet, still holds.
    const wanted = (this.wanted = { changes: { ...this.wanted?.changes, ...more }, step: step || !!this.wanted?.step });
    const query = queryOf({ ...this.state, ...wanted.changes }, this.data.precision);
    const key = String(query);
    if (!anew && key === this.query) {
      this.wanted = null;
      this.finder.say("");
      return this.come(wanted, { back });
    }
    const photo = wanted.changes.photo ?? this.state?.photo;
    let answer;
    try {
      const response = await fetch(`${this.data.address}?${query}&offset=0&limit=${WINDOW}${photo ? `&photo=${photo}` : ""}`);
      answer = response.ok ? await response.json() : { wrong: await response.text() }; // what was typed wrong is no failure
    } catch {
      answer = { wrong: "The app does not answer. Is it still running?" };
    }
    if (wanted !== this.wanted) return; // something else was asked for since
    this.wanted = null;
    if (answer.wrong) {
      // The first view has nothing before it: all photos, and what is wrong with the address.
      const { search, tag, like, selection } = wanted.changes;
      if (first && (search || tag || like || selection)) {
        await this.find({ ...wanted.changes, search: "", tag: "", like: "", selection: "", order: "", kind: "" }, { first: true });
        this.finder.search.value = search;
      }
      return this.finder.say(answer.wrong, true);
    }
    if (this.query != null) this.scrolled.set(this.query, this.scroller.scrollTop);
    Object.assign(this, { query: key, total: answer.total, answer });
    this.windows = new Map([[0, Promise.resolve(answer)]]);
    this.clear();
    this.active = Math.max(0, answer.place ?? 0);
    this.nothing.hidden = this.total > 0;
    this.come(wanted, { found: true, back });
    this.fit(); // what is above may have settled since
    this.layout();
    this.scroller.scrollTop = back || anew ? (this.scrolled.get(key) ?? 0) : 0;
    if (first && answer.place != null) this.reveal(answer.place);
    this.draw();
  }

  /** Come to what was asked for; a photo that was opened meanwhile stays open. */
  come({ changes, step }, { found = false, back = false } = {}) {
    this.apply({ ...this.state, ...changes }, { found });
    if (back) this.finder.fill(this.state, true);
    if (step) this.tell();
  }

  /** Make a state the one that is shown. */
  apply(state, { found = false, tag } = {}) {
    const old = this.state;
    this.state = state;
    this.finder.show(state, this.answer, this.data.total);
    const switched = old && old.untold !== state.untold;
    this.detail.untold = this.ordinary = state.untold === "true";
    if (switched && !found) {
      this.clear();
      this.draw();
      if (this.opened != null && this.detail.photo) this.detail.drawChips();
    }
    if (found) this.selection.anchor = null;
    this.selection.bar.show();
    if (found || old?.photo !== state.photo) {
      this.detail.show(this.data.address, String(queryOf(state, this.data.precision)), this.opened, tag);
      if (this.opened == null && this.lightbox.open) this.lightbox.element.close();
      this.mark();
    }
  }

  /** Put what is shown into the address: a new step for the browser's way back, or in the place of the last one. */
  tell(instead = false) {
    clearTimeout(this.timer);
    if (addressOf(this.state) === location.pathname + location.search) return;
    history[instead ? "replaceState" : "pushState"]({ own: true }, "", addressOf(this.state));
  }

  goBack() {
    const state = askedByAddress();
    if (!this.root.isConnected || !this.query || NAMES.every((name) => state[name] === this.state[name])) return;
    clearTimeout(this.timer);
    this.wanted = null;
    this.find(state, { back: true });
  }

  /** Say what became of a decision where one looks: in the bar of the selection, beside the photo, else above the grid. */
  say(words, done) {
    if (this.selection.size) this.selection.bar.say(words, done);
    if (this.opened != null) this.detail.told(words);
    else if (!this.selection.size && done) this.finder.say(words);
  }

  /** The photos that have been fetched. */
  async loaded() {
    const answers = await Promise.all([...this.windows.values()].map((answer) => answer.catch(() => ({ photos: [] }))));
    return answers.flatMap((answer) => answer.photos);
  }

  /** The rows of the cards that are there. */
  shown() {
    return [...this.cards.values()].map((card) => Number(card.dataset.row));
  }

  /** Fill cards anew whose photos have other tags now. */
  async refill(chosen) {
    for (const [place, card] of this.cards) {
      if (!chosen(Number(card.dataset.row))) continue;
      const photo = await this.photo(place);
      if (photo && card.isConnected && card.dataset.row === String(photo.row)) this.fill(card, photo);
    }
  }

  focusGrid() {
    this.cards.get(this.active)?.focus({ preventScroll: true });
  }

  /** Fill the window from the gallery's top to its bottom edge. */
  fit() {
    const main = this.root.getRootNode().host?.closest('[data-testid="stMain"]');
    const top = this.root.getBoundingClientRect().top + (main ? main.scrollTop : 0);
    this.root.style.height = `${Math.max(440, window.innerHeight - top - 20)}px`;
  }

  layout() {
    const width = this.scroller.clientWidth - 4;
    if (width <= 0 || !this.state) return;
    const anchor = this.columns ? Math.floor(this.scroller.scrollTop / this.height) * this.columns : 0;
    const focused = [...this.cards.values()].includes(this.root.getRootNode().activeElement);
    const columns = Math.max(1, Math.floor((width + GAP) / (CARD + GAP)));
    const side = (width - GAP * (columns - 1)) / columns;
    if (columns !== this.columns || side !== this.side) this.clear();
    const moved = this.columns && columns !== this.columns;
    Object.assign(this, { columns, side, height: Math.round(side * 0.75) + CAPTION + GAP });
    this.sheet.style.height = `${Math.ceil(this.total / columns) * this.height}px`;
    if (moved) {
      if (this.opened != null) this.reveal(this.active);
      else if (this.before != null) this.scroller.scrollTop = this.before;
      else this.scroller.scrollTop = Math.floor(anchor / columns) * this.height;
    }
    this.draw();
    if (focused) this.cards.get(this.active)?.focus({ preventScroll: true });
  }

  clear() {
    for (const card of this.cards.values()) card.remove();
    this.cards.clear();
  }

  draw() {
    if (!this.columns) return;
    const top = this.scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / this.height) - 1) * this.columns;
    const last = Math.min(this.total, (Math.ceil((top + this.scroller.clientHeight) / this.height) + 1) * this.columns);
    for (const [place, card] of this.cards) {
      if (place < first || place >= last) {
        card.remove();
        this.cards.delete(place);
      }
    }
    for (let place = first; place < last; place++) if (!this.cards.has(place)) this.place(place);
    this.mark();
  }

  place(place) {
    const card = el("button", "card");
    card.type = "button";
    card.setAttribute("role", "option");
    card.setAttribute("aria-posinset", place + 1);
    card.setAttribute("aria-setsize", this.total);
    card.style.cssText = `width:${this.side}px;height:${this.height - GAP}px;transform:translate(${2 + (place % this.columns) * (this.side + GAP)}px,${2 + Math.floor(place / this.columns) * this.height}px)`;
    card.addEventListener("click", (event) => {
      if (this.selection.click(event, place)) return;
      const tag = event.target.closest("[data-tag]")?.dataset.tag; // for the mouse; keys reach the same chips beside the photo
      this.active = place;
      this.photo(place).then((photo) => photo && this.open(photo.row, { tag }));
    });
    this.cards.set(place, card);
    this.sheet.append(card);
    this.photo(place).then((photo) => photo && card.isConnected && this.fill(card, photo));
  }

  fill(card, photo) {
    if (!this.filled) requestAnimationFrame(() => this.finish());
    (this.filled ??= []).push(fillCard(card, photo, this.ordinary));
  }

  /** Of the cards that were filled since the last picture of the screen: what fits, which one is open. */
  finish() {
    shorten(this.filled.filter(({ chips }) => chips.isConnected));
    this.filled = null;
    this.mark();
  }

  mark() {
    for (const [place, card] of this.cards) {
      card.tabIndex = place === this.active ? 0 : -1;
      this.selection.mark(card, place);
      card.setAttribute("aria-selected", this.opened != null && card.dataset.row === String(this.opened));
    }
  }

  windowOf(place) {
    return Math.floor(place / WINDOW);
  }

  /** Resolve to the photo at a place, from its window. */
  async photo(place) {
    const number = this.windowOf(place);
    if (!this.windows.has(number)) {
      const wanted = `${this.data.address}?${this.query}&offset=${number * WINDOW}&limit=${WINDOW}`;
      this.windows.set(number, fetch(wanted).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))));
    }
    try {
      return (await this.windows.get(number)).photos[place - number * WINDOW];
    } catch {
      this.windows?.delete(number); // a later scroll asks again
      return undefined;
    }
  }

  /** Open a photo, or none; who walks from one to the next leaves one step in the address, once he rests. */
  open(row, { tag, walking = false } = {}) {
    if (row === this.opened) {
      if (tag != null && this.detail.photo?.row === row) this.detail.explain(tag);
      return;
    }
    const instead = walking && this.opened != null;
    // Closed again, the grid is where it was, unless one has moved in it meanwhile.
    if (this.opened == null) this.before = this.scroller.scrollTop;
    if (walking) this.before = null;
    this.apply({ ...this.state, photo: row == null ? "" : String(row) }, { tag });
    if (row != null) this.reveal(this.active);
    clearTimeout(this.timer);
    if (walking) this.timer = setTimeout(() => this.tell(instead), 300);
    else this.tell();
  }

  /** Open the photo before or after the active one. */
  async step(by) {
    const place = Math.min(this.total - 1, Math.max(0, this.active + by));
    if (place === this.active && by) return;
    this.active = place;
    this.reveal(place);
    this.draw();
    const focused = this.root.getRootNode().activeElement;
    this.held = this.detail.element.contains(focused) ? (focused.dataset.tool ?? (by < 0 ? "previous" : "next")) : null;
    const photo = await this.photo(place);
    if (photo && place === this.active) this.open(photo.row, { walking: true });
  }

  /** The panel has been drawn anew: whoever walks on with its keys or buttons keeps the focus there. */
  drawn(photo) {
    if (this.lightbox.open) this.lightbox.show(photo);
    else if (this.held) this.detail.element.querySelector(`[data-tool="${this.held}"]`).focus({ preventScroll: true });
    this.held = null;
  }

  reveal(place) {
    const top = Math.floor(place / this.columns) * this.height;
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.scroller.scrollTop = top + this.height - clientHeight;
  }

  async key(event) {
    if (event.key === "Escape" && this.opened != null) {
      event.preventDefault();
      this.open(null);
      this.cards.get(this.active)?.focus();
      return;
    }
    if (this.detail.element.contains(event.target)) {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!by || event.target.matches("input, textarea, select")) return;
      event.preventDefault();
      return this.step(by);
    }
    if (this.selection.key(event, this.active)) return;
    const rows = Math.max(1, Math.floor(this.scroller.clientHeight / this.height));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns, PageUp: -rows * this.columns, PageDown: rows * this.columns, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = this.active + step;
    if (Math.abs(step) === this.columns && (next < 0 || next >= this.total)) return;
    this.active = Math.min(this.total - 1, Math.max(0, next));
    this.reveal(this.active);
    this.draw();
    this.cards.get(this.active)?.focus({ preventScroll: true });
    if (this.opened != null) {
      const place = this.active;
      const photo = await this.photo(place);
      if (photo && place === this.active) this.open(photo.row, { walking: true });
    }
  }

  /** The keys that are printed on the answers, wherever the focus is, but where people type. */
  decide(event) {
    if (isTaken(event)) return;
    // Wherever the focus got lost: within the gallery, `key` closes the photo.
    if (event.key === "Escape" && document.activeElement === document.body && this.opened != null) return this.open(null);
    const key = event.key.toLowerCase();
    const said = Object.keys(ANSWERS).find((one) => ANSWERS[one][1].toLowerCase() === key);
    if (said && this.opened != null) this.detail.answer(said);
    else if (key === "z" && (this.opened != null || this.selection.size || this.decisions.made)) this.decisions.undo();
    else if (key === "escape" && this.selection.size && !event.defaultPrevented) this.selection.clear();
    else return;
    event.preventDefault();
  }

  stop() {
    document.removeEventListener("keydown", this.onDecide);
    this.decisions.sender.stop();
    this.observer.disconnect();
    window.removeEventListener("resize", this.onResize);
    window.removeEventListener("popstate", this.onBack);
  }
}

export default (component) => keep(Gallery, component);
