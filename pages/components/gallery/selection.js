// Photos that are selected, over all searches: by click, range, rectangle or "all found"; and the bar that edits the tags of them all.

const FAR = 5; // pixels from where a click becomes a rectangle
const EDGE = 36; // pixels from the edge of the grid where it begins to scroll

class Selection {
  constructor(gallery) {
    this.gallery = gallery;
    this.bits = new Uint8Array(0); // by row: 1 selected
    this.size = 0;
    this.anchor = null; // the place that a range begins at
    this.bar = new SelectionBar(this);
    this.heard = unseen("");
    this.heard.setAttribute("role", "status");
    const { scroller } = gallery;
    scroller.ariaDescription = "Enter opens a photo, Space selects it, Shift and Space all up to it, Control and A all that are found, Escape none.";
    scroller.addEventListener("pointerdown", (event) => this.press(event));
    scroller.addEventListener("dragstart", (event) => event.preventDefault());
    scroller.addEventListener("keyup", (event) => event.key === " " && event.preventDefault()); // Space does not press a card
  }

  /** Another collection has other photos. */
  open(collection, total) {
    if (collection === this.collection) return;
    this.collection = collection;
    this.bits = new Uint8Array(total);
    this.size = 0;
    this.changed();
  }

  has(row) {
    return this.bits[row] === 1;
  }

  /** Select photos by row, or let them go. */
  set(rows, value = 1) {
    for (const row of rows) {
      this.size += value - this.bits[row];
      this.bits[row] = value;
    }
    this.changed();
  }

  clear() {
    this.bits.fill(0);
    this.size = 0;
    this.anchor = null;
    this.changed();
  }

  changed() {
    this.gallery.scroller.classList.toggle("choosing", this.size > 0);
    this.gallery.mark();
    this.bar.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.heard.textContent = this.size ? `${count(this.size, "photo")} selected` : "No photo is selected"), 250);
    if (!this.size && !this.heard.textContent) clearTimeout(this.timer); // nothing to say at first
  }

  /** A click on a card: true where it selects instead of opening the photo. */
  click(event, place) {
    if (this.dragged) return true;
    const check = event.target.closest(".check");
    if (event.shiftKey) this.range(place);
    else if (check || event.ctrlKey || event.metaKey) this.toggle(place);
    else return false;
    return true;
  }

  /** A key in the grid: true where it selects. */
  key(event, place) {
    const all = event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey);
    if (event.key === "Escape" && this.size) this.clear();
    else if (all) this.all();
    else if (event.key === " " && event.shiftKey) this.range(place);
    else if (event.key === " ") this.toggle(place);
    else return false;
    event.preventDefault();
    return true;
  }

  async toggle(place) {
    this.anchor = place;
    const photo = await this.gallery.photo(place);
    if (photo) this.set([photo.row], this.has(photo.row) ? 0 : 1);
  }

  async range(place) {
    const from = this.anchor ?? this.gallery.active;
    this.anchor = from;
    const [first, last] = from < place ? [from, place] : [place, from];
    this.add(Array.from({ length: last - first + 1 }, (_, step) => first + step));
  }

  /** Select the photos at some places. */
  async add(places) {
    try {
      const rows = await this.rowsAt(places);
      this.set(rows);
    } catch (error) {
      this.bar.say(error.message);
    }
  }

  async all() {
    try {
      this.set(await this.found());
    } catch (error) {
      this.bar.say(error.message);
    }
  }

  /** The rows at some places: of photos that are there, else of all that are found. */
  async rowsAt(places) {
    const { gallery } = this;
    if (places.every((place) => gallery.windows.has(gallery.windowOf(place)))) {
      const photos = await Promise.all(places.map((place) => gallery.photo(place)));
      if (photos.every(Boolean)) return photos.map((photo) => photo.row);
    }
    const rows = await this.found();
    return places.map((place) => rows[place]).filter((row) => row !== undefined);
  }

  /** The rows of all photos that are found, as one array. */
  async found() {
    const { data, query } = this.gallery;
    const answer = await fetch(`${data.address}/rows?${query}`).catch(() => null);
    if (!answer?.ok) throw new Error(answer ? await answer.text() : "The app does not answer. Is it still running?");
    return new Int32Array(await answer.arrayBuffer());
  }

  /** Let the server keep the selection: its name, and the words on its photos with their counts. */
  async keep() {
    const packed = new Uint8Array(Math.ceil(this.bits.length / 8));
    for (let row = 0; row < this.bits.length; row++) packed[row >> 3] |= this.bits[row] << (row & 7);
    const { address, precision } = this.gallery.data;
    const answer = await fetch(`${address}/selections?precision=${precision}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: packed }).catch(() => null);
    if (!answer?.ok) throw new Error(answer ? await answer.text() : "The app does not answer. Is it still running?");
    return answer.json();
  }

  /** Begin a rectangle: in a gap between cards, or anywhere with a key that selects. */
  press(event) {
    const { scroller } = this.gallery;
    this.dragged = false;
    const keys = event.shiftKey || event.ctrlKey || event.metaKey;
    if (event.button || event.pointerType === "touch" || (event.target.closest(".card") && !keys)) return;
    if (event.clientX - scroller.getBoundingClientRect().left >= scroller.clientWidth) return; // the scroll bar
    if (!event.target.closest(".card")) event.preventDefault(); // no text is marked
    const from = this.at(event);
    const drag = { from, to: from, event };
    const move = (moved) => {
      if (!this.dragged && Math.hypot(moved.clientX - event.clientX, moved.clientY - event.clientY) < FAR) return;
      if (!this.dragged) this.start();
      drag.event = moved;
      this.draw(drag);
    };
    const end = (ended) => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      cancelAnimationFrame(this.frame);
      if (!this.dragged) return;
      this.rectangle.remove();
      const places = ended.type === "pointerup" ? this.places(drag) : [];
      this.covered = null;
      this.gallery.mark();
      if (places.length) this.add(places);
      setTimeout(() => (this.dragged = false)); // the click that ends it opens no photo
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }

  start() {
    this.dragged = true;
    this.rectangle = el("div", "lasso");
    this.gallery.sheet.append(this.rectangle);
  }

  /** Where a pointer is on the sheet of all cards. */
  at(event) {
    const { left, top } = this.gallery.scroller.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top + this.gallery.scroller.scrollTop];
  }

  draw(drag) {
    cancelAnimationFrame(this.frame);
    const { scroller } = this.gallery;
    const { top, bottom } = scroller.getBoundingClientRect();
    drag.to = this.at(drag.event);
    const [left, right] = [drag.from[0], drag.to[0]].sort((a, b) => a - b);
    const [high, low] = [drag.from[1], drag.to[1]].sort((a, b) => a - b);
    this.rectangle.style.cssText = `left:${left}px;top:${high}px;width:${right - left}px;height:${low - high}px`;
    this.covered = new Set(this.places(drag));
    this.gallery.mark();
    const past = drag.event.clientY < top + EDGE ? drag.event.clientY - top - EDGE : Math.max(0, drag.event.clientY - bottom + EDGE);
    if (!past) return;
    scroller.scrollTop += past / 2;
    this.frame = requestAnimationFrame(() => this.draw(drag));
  }

  /** The places of the cards that a rectangle touches. */
  places({ from, to }) {
    const { columns, side, height, total } = this.gallery;
    const span = (a, b, step, size, most) => {
      const [low, high] = [Math.min(a, b) - 2, Math.max(a, b) - 2]; // where the first card begins
      const first = Math.floor(low / step) + (low - Math.floor(low / step) * step > size ? 1 : 0);
      return [Math.max(0, first), Math.min(most - 1, Math.floor(high / step))];
    };
    const [left, right] = span(from[0], to[0], side + GAP, side, columns);
    const [top, bottom] = span(from[1], to[1], height, height - GAP, Math.ceil(total / columns));
    const found = [];
    for (let line = top; line <= bottom; line++) {
      for (let column = left; column <= right; column++) if (line * columns + column < total) found.push(line * columns + column);
    }
    return found;
  }

  /** Show on a card whether it is selected, or about to be. */
  mark(card, place) {
    const { row } = card.dataset;
    card.setAttribute("aria-checked", row !== undefined && (this.has(Number(row)) || !!this.covered?.has(place)));
  }
}

/** How many photos are selected, and what can be done with all of them at once. */
class SelectionBar {
  constructor(selection) {
    this.selection = selection;
    this.element = el("section", "selection-bar");
    this.element.setAttribute("aria-label", "Selected photos");
    this.counted = el("strong");
    this.all = button("", () => selection.all());
    this.forms = { add: this.add(), remove: this.remove(), rename: this.rename() };
    this.openers = {
      add: button("Add tag", () => this.open("add")),
      remove: button("Remove tag", () => this.open("remove")),
      rename: button("Rename", () => this.open("rename")),
    };
    this.none = keyButton("Clear", "Esc", () => {
      selection.clear();
      selection.gallery.focusGrid();
    });
    this.undo = keyButton("undo", "Z", () => selection.gallery.decisions.undo(), "plain");
    this.message = el("span", "soft");
    this.message.setAttribute("role", "status");
    const told = el("span", "told");
    told.append(this.message, this.undo);
    const buttons = el("span", "buttons");
    buttons.append(...Object.values(this.openers), this.none);
    this.element.append(this.counted, this.all, buttons, ...Object.values(this.forms), told);
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && this.escape(event));
    this.open(null);
    this.element.hidden = true;
  }

  /** The way out: first of the form, then of the selection. */
  escape(event) {
    event.stopPropagation();
    if (this.mode) {
      const opener = this.openers[this.mode];
      this.open(null);
      opener.focus();
    } else {
      this.selection.clear();
      this.selection.gallery.focusGrid();
    }
  }

  show() {
    const { size, gallery } = this.selection;
    if (this.element.hidden !== !size) {
      this.open(null);
      this.say("");
    }
    this.element.hidden = !size;
    this.kept = null;
    this.counted.textContent = `${number(size)} selected`;
    this.all.textContent = `Select all ${number(gallery.total ?? 0)} found`;
    this.all.hidden = !gallery.total || size >= gallery.total;
  }

  say(words, undone = false) {
    this.message.textContent = words;
    this.undo.hidden = !undone;
  }

  open(mode) {
    this.mode = mode === this.mode ? null : mode;
    for (const [name, form] of Object.entries(this.forms)) {
      form.hidden = name !== this.mode;
      this.openers[name].setAttribute("aria-expanded", name === this.mode);
    }
    if (this.mode) this.forms[this.mode].querySelector("input").focus();
  }

  /** The words on the selected photos, asked for once for each selection. */
  async on(text) {
    const { size } = this.selection;
    this.kept ??= this.selection.keep();
    const { tags } = await this.kept.catch((error) => {
      this.kept = null;
      throw error;
    });
    const lower = text.toLowerCase();
    const options = tags.filter(([tag]) => tag.toLowerCase().includes(lower)).map(([tag, n]) => ({ tag, words: n === size ? "all" : number(n) }));
    return { options: options.slice(0, 60), known: tags.find(([tag]) => tag.toLowerCase() === lower)?.[0] ?? null };
  }

  complete(text) {
    const { address, precision } = this.selection.gallery.data;
    return completions(address, precision, text);
  }

  add() {
    const form = el("span", "form");
    const field = new TagField({ label: "Tag to add to all selected photos", placeholder: "tag to add", suggest: (text) => this.complete(text), choose: (add) => this.edit({ add }) });
    field.leave = () => this.leave("add");
    form.append(field.element);
    return form;
  }

  remove() {
    const form = el("span", "form");
    const field = new TagField({ ...this.present("Tag to remove from the selected photos", "tag to remove"), choose: (remove) => this.edit({ remove }) });
    field.leave = () => this.leave("remove");
    form.append(field.element);
    return form;
  }

  rename() {
    const form = el("span", "form");
    const from = new TagField({
      ...this.present("Tag to rename on the selected photos", "tag to rename"),
      choose: (tag) => {
        from.input.value = tag;
        to.input.focus();
      },
    });
    const to = new TagField({
      label: "The tag in its place",
      placeholder: "the tag in its place",
      suggest: (text) => this.complete(text),
      choose: (add) => {
        if (!from.text) return from.input.focus();
        this.edit({ add, remove: from.text });
        from.input.value = "";
      },
    });
    from.leave = to.leave = () => this.leave("rename");
    form.append(from.element, el("span", "soft", "→"), to.element);
    return form;
  }

  present(label, placeholder) {
    return { label, placeholder, suggest: (text) => this.on(text), unknown: (text) => `None of these photos has “${text}”.` };
  }

  leave(mode) {
    this.open(mode);
    this.openers[mode].focus();
  }

  /** Do it on all selected photos, as one step. */
  async edit(change) {
    const { selection } = this;
    const chosen = selection.bits.slice();
    this.say("saving …");
    try {
      this.kept ??= selection.keep();
      const { name } = await this.kept;
      selection.gallery.decisions.edit(name, change, (row) => chosen[row] === 1);
    } catch (error) {
      this.say(error.message);
    }
    this.kept = null; // the words on them are others now
  }
}
