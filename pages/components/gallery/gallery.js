// The grid: only the cards near the visible part exist; photos are fetched in windows.

const WINDOW = 60; // photos a request
const GAP = 16;
const CARD = 212; // least width of a card
const CAPTION = 100; // three lines of chips

/** The order on a card, where the last ones may not fit: some of every kind before the rest of the added ones. */
function inShort(tags, ordinary) {
  const asked = tags.filter((one) => one.asked);
  const of = (state) => tags.filter((one) => one.state === state && !one.asked);
  const added = of("added");
  const most = Math.max(0, 4 - asked.length);
  return [...asked, ...added.slice(0, most), ...of("removed"), ...of("kept"), ...added.slice(most), ...(ordinary ? of("untold") : []), ...of("dropped")];
}

class Gallery {
  constructor(root) {
    this.root = root;
    this.scroller = el("div", "scroller");
    this.scroller.setAttribute("role", "listbox");
    this.scroller.setAttribute("aria-label", "Photos");
    this.sheet = el("div", "sheet");
    this.scroller.append(this.sheet);
    this.sender = new Sender(
      (state) => this.told(state),
      (changed, whole) => this.changed(changed, whole),
    );
    this.detail = new Detail({
      open: (row) => this.open(row),
      say: (row, tag, verdict) => this.sender.say([{ row, tag, verdict }]),
      undo: () => this.sender.undo(),
    });
    root.append(this.scroller, this.detail.element);
    this.cards = new Map();
    this.active = 0;
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.onDecide = (event) => this.decide(event);
    document.addEventListener("keydown", this.onDecide);
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.scroller);
    this.onResize = () => this.fit();
    window.addEventListener("resize", this.onResize);
  }

  /** Take what the page says; another query starts at the top. */
  update(data, report) {
    this.report = report;
    const changed = !this.data || ["address", "query", "version"].some((name) => data[name] !== this.data[name]);
    const switched = this.data && data.untold !== this.data.untold;
    const first = !this.data;
    this.data = data;
    this.detail.untold = data.untold;
    this.sender.open(data.collection, data.run);
    this.fit();
    if (changed) {
      this.windows = new Map();
      this.clear();
      this.active = 0;
      this.scroller.scrollTop = 0;
      if (first) this.opened = data.opened;
      this.active = first ? (data.place ?? 0) : 0;
      this.detail.show(data.address, data.query, this.opened);
      this.layout();
      if (first && data.place != null) this.reveal(data.place);
    } else if (switched) {
      this.clear();
      this.draw();
      if (this.opened != null && this.detail.photo) this.detail.drawChips();
    }
  }

  /** Say whether all is saved; then show what became of it. */
  told(state) {
    const { saved } = this.detail.reason;
    if (state.turned !== undefined) {
      saved.textContent = state.turned === null ? "nothing to undo" : `undone: ${state.turned}`;
      return;
    }
    saved.textContent = savedWords(state);
    if (!state.waiting && !state.error && this.detail.photo) this.renew(this.detail.photo.row);
  }

  /** Hear what was decided, here by undo or in another window. */
  changed(changed, whole) {
    if (whole) {
      this.windows = new Map();
      this.clear();
      this.draw();
    }
    const shown = [...this.cards.values()].map((card) => Number(card.dataset.row));
    const rows = whole ? [] : changed.map((one) => one.row).filter((row) => shown.includes(row));
    for (const row of new Set([...rows, ...(this.detail.photo ? [this.detail.photo.row] : [])])) this.renew(row);
  }

  /** Ask for a photo again, whose tags have changed, and show them where it stands. */
  async renew(row) {
    const answer = await fetch(`${this.data.address}/${row}?${this.data.query}`).catch(() => null);
    if (!answer?.ok) return;
    const photo = await answer.json();
    this.detail.refresh(photo);
    for (const [place, card] of this.cards) {
      if (card.dataset.row !== String(row)) continue;
      const kept = await this.photo(place);
      if (!kept || kept.row !== row) continue;
      kept.tags = photo.tags;
      this.fill(card, kept);
    }
  }

  /** Fill the window from the gallery's top to its bottom edge. */
  fit() {
    const main = this.root.getRootNode().host?.closest('[data-testid="stMain"]');
    const top = this.root.getBoundingClientRect().top + (main ? main.scrollTop : 0);
    this.root.style.height = `${Math.max(440, window.innerHeight - top - 20)}px`;
  }

  layout() {
    const width = this.scroller.clientWidth - 4;
    if (width <= 0 || !this.data) return;
    const anchor = this.columns ? Math.floor(this.scroller.scrollTop / this.height) * this.columns : 0;
    const focused = [...this.cards.values()].includes(this.root.getRootNode().activeElement);
    const columns = Math.max(1, Math.floor((width + GAP) / (CARD + GAP)));
    const side = (width - GAP * (columns - 1)) / columns;
    if (columns !== this.columns || side !== this.side) this.clear();
    const moved = this.columns && columns !== this.columns;
    Object.assign(this, { columns, side, height: Math.round(side * 0.75) + CAPTION + GAP });
    this.sheet.style.height = `${Math.ceil(this.data.total / columns) * this.height}px`;
    if (moved) {
      if (this.opened != null) this.reveal(this.active);
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
    const last = Math.min(this.data.total, (Math.ceil((top + this.scroller.clientHeight) / this.height) + 1) * this.columns);
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
    card.setAttribute("aria-setsize", this.data.total);
    card.style.cssText = `width:${this.side}px;height:${this.height - GAP}px;transform:translate(${2 + (place % this.columns) * (this.side + GAP)}px,${2 + Math.floor(place / this.columns) * this.height}px)`;
    card.addEventListener("click", (event) => {
      const tag = event.target.closest("[data-tag]")?.dataset.tag; // for the mouse; keys reach the same chips beside the photo
      this.active = place;
      this.photo(place).then((photo) => photo && this.open(photo.row, tag));
    });
    this.cards.set(place, card);
    this.sheet.append(card);
    this.photo(place).then((photo) => photo && card.isConnected && this.fill(card, photo));
  }

  fill(card, photo) {
    card.dataset.row = photo.row;
    const picture = el("span", "picture");
    const image = el("img");
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = "";
    image.src = photo.picture;
    image.onerror = () => picture.classList.add("missing");
    picture.append(image);
    const chips = el("span", "tr-chips");
    chips.append(...inShort(photo.tags, this.data.untold).map((one) => tagChip(one, this.data.untold)));
    if (!photo.tags.length) chips.append(el("span", "none", "no tags"));
    const quiet = this.data.untold ? [] : photo.tags.filter((one) => one.state === "untold" && !one.asked);
    const last = quiet.length ? untoldChip(quiet, "a picture cannot tell") : null;
    if (last) chips.append(last);
    card.ariaDescription = spoken(photo.tags);
    card.title = photo.file;
    card.replaceChildren(picture, chips, unseen(photo.file));
    this.shorten(chips, last);
    this.mark();
  }

  /** Count the chips that do not fit; the detail view shows all. The `last` one stays. */
  shorten(chips, last) {
    const bottom = chips.getBoundingClientRect().bottom + 1;
    const fits = () => chips.lastElementChild.getBoundingClientRect().bottom <= bottom;
    const all = [...chips.children].filter((one) => one !== last);
    if (!all.length || fits()) return;
    const more = el("span", "none");
    if (last) last.before(more);
    else chips.append(more);
    for (let shown = all.length; shown && !fits(); shown--) {
      all[shown - 1].remove();
      more.textContent = `+${all.length - shown + 1} more`;
    }
  }

  mark() {
    for (const [place, card] of this.cards) {
      card.tabIndex = place === this.active ? 0 : -1;
      card.setAttribute("aria-selected", this.opened != null && card.dataset.row === String(this.opened));
    }
  }

  /** Resolve to the photo at a place, from its window. */
  async photo(place) {
    const { address, query } = this.data;
    const number = Math.floor(place / WINDOW);
    if (!this.windows.has(number)) {
      const wanted = `${address}?${query}&offset=${number * WINDOW}&limit=${WINDOW}`;
      this.windows.set(number, fetch(wanted).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))));
    }
    try {
      return (await this.windows.get(number)).photos[place - number * WINDOW];
    } catch {
      this.windows?.delete(number); // a later scroll asks again
      return undefined;
    }
  }

  open(row, tag) {
    if (row === this.opened) {
      if (tag != null && this.detail.photo?.row === row) this.detail.explain(tag);
      return;
    }
    this.opened = row;
    this.detail.show(this.data.address, this.data.query, row, tag);
    this.mark();
    if (row != null) this.reveal(this.active);
    // The address follows once the visitor rests on a photo.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.report("opened", row), 300);
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
    if (!this.scroller.contains(event.target)) return;
    const rows = Math.max(1, Math.floor(this.scroller.clientHeight / this.height));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns, PageUp: -rows * this.columns, PageDown: rows * this.columns, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = this.active + step;
    if (Math.abs(step) === this.columns && (next < 0 || next >= this.data.total)) return;
    this.active = Math.min(this.data.total - 1, Math.max(0, next));
    this.reveal(this.active);
    this.draw();
    this.cards.get(this.active)?.focus({ preventScroll: true });
    if (this.opened != null) {
      const place = this.active;
      const photo = await this.photo(place);
      if (photo && place === this.active) this.open(photo.row);
    }
  }

  /** The keys that are printed on the answers, wherever the focus is, but where people type. */
  decide(event) {
    if (this.opened == null || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.composedPath()[0].closest?.("input, textarea, select, [contenteditable], dialog, [role=combobox], [role=dialog], [role=slider]")) return;
    const key = event.key.toLowerCase();
    const said = Object.keys(ANSWERS).find((one) => ANSWERS[one][1].toLowerCase() === key);
    if (said) this.detail.reason.answer(said);
    else if (key === "z") this.sender.undo();
    else return;
    event.preventDefault();
  }

  stop() {
    document.removeEventListener("keydown", this.onDecide);
    this.sender.stop();
    this.observer.disconnect();
    window.removeEventListener("resize", this.onResize);
  }
}

export default (component) => keep(Gallery, component);
