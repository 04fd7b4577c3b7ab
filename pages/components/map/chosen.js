// The photos that are selected: how many, what they have in common, all of them to look through, and one answer for all.

const TILE = 96;

class Chosen {
  constructor(clear, decided) {
    this.decided = decided;
    this.element = el("aside", "chosen");
    this.element.setAttribute("aria-label", "Selected photos");
    this.title = el("p", "title");
    this.title.setAttribute("role", "status");
    const top = el("div", "top");
    top.append(this.title, button("Clear", "Select nothing (Escape)", clear));
    this.common = el("ul", "common");
    this.link = el("a", "go", "Show them in Browse");
    this.scroller = el("div", "scroller");
    this.scroller.setAttribute("role", "group");
    this.scroller.setAttribute("aria-label", "The selected photos");
    this.sheet = this.scroller.appendChild(el("div", "sheet"));
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.element.append(top, this.common, this.answers(), this.link, this.scroller);
    this.observer = new ResizeObserver(() => this.draw(true));
    this.observer.observe(this.scroller);
    this.tiles = new Map();
    this.show([], null);
  }

  /** Show photos at once; what they have in common follows with `tell`. */
  show(rows, data) {
    this.rows = rows;
    this.data = data;
    this.element.hidden = !rows.length;
    this.title.textContent = `${number(rows.length)} ${rows.length === 1 ? "photo" : "photos"} selected`;
    this.link.hidden = true;
    this.common.replaceChildren();
    this.scroller.scrollTop = 0;
    this.saved.textContent = "";
    this.draw(true);
  }

  tell({ name, tags }) {
    this.link.hidden = false;
    this.link.href = `${this.data.browse}&selection=${encodeURIComponent(name)}`;
    const share = (value) => (value > 0 && value < 0.01 ? "<1 %" : `${Math.round(100 * value)} %`);
    this.common.replaceChildren(
      ...tags.map(({ tag, here, elsewhere }) => {
        const line = el("li");
        line.append(el("b", "", tag), ` ${share(here)} here, ${share(elsewhere)} elsewhere`);
        return line;
      }),
    );
    if (!tags.length) this.common.append(el("li", "soft", "No tag is more frequent here than elsewhere."));
  }

  /** One answer about a tag for all photos that are selected: one step, undone as one. */
  answers() {
    const form = el("form", "answers");
    this.tag = el("input");
    this.tag.setAttribute("aria-label", "Tag for all selected photos");
    this.tag.setAttribute("list", "map-tags");
    this.tag.placeholder = "a tag";
    const buttons = [["accept", "Fits all", "Add the tag to all, or keep it"], ["reject", "Fits none", "Remove the tag from all"]].map(([verdict, text, title]) => {
      const one = button(text, title, () => {});
      one.type = "submit";
      one.value = verdict;
      return one;
    });
    this.saved = el("p", "saved");
    this.saved.setAttribute("role", "status");
    form.append(this.tag, ...buttons, this.saved);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const tag = this.tag.value.trim();
      if (tag) this.answer(tag, event.submitter?.value ?? "accept");
      else this.tag.focus();
    });
    return form;
  }

  async answer(tag, verdict) {
    const rows = this.rows;
    const photos = `${number(rows.length)} ${rows.length === 1 ? "photo" : "photos"}`;
    const words = `“${tag}” ${verdict === "accept" ? "fits" : "does not fit"} ${photos}`;
    this.saved.textContent = "Saving …";
    // Sent again under the same key where no answer came back: it is written down once.
    const asked = `${verdict} ${tag}`;
    if (this.asked?.asked !== asked || this.asked.rows !== rows) this.asked = { asked, rows, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    const answers = rows.map((row) => ({ row, tag, verdict }));
    const done = await this.send("", { steps: [{ key: this.asked.key, run: this.data.run, note: words, answers }] });
    if (!done) return;
    this.asked = null;
    const undo = async () => {
      if (await this.send("/undo", {})) this.saved.textContent = "Undone.";
    };
    this.saved.replaceChildren(`Saved: ${words}. `, button("Undo", "Take this step back", undo));
  }

  async send(path, sent) {
    try {
      const answer = await fetch(this.data.verdicts + path, { method: "POST", body: JSON.stringify(sent), headers: { "Content-Type": "application/json" } });
      if (!answer.ok) throw new Error(await answer.text());
      const told = await answer.json();
      this.decided(told.version);
      return true;
    } catch (error) {
      const gone = error instanceof TypeError;
      this.saved.textContent = gone ? "Not saved: the app does not answer. Try again." : `Not saved. ${error.message}`;
      return false;
    }
  }

  fail(words) {
    this.common.replaceChildren(el("li", "soft", words));
  }

  /** Only the photos near the visible part exist. */
  draw(anew = false) {
    if (anew) {
      this.tiles.forEach((tile) => tile.remove());
      this.tiles.clear();
    }
    const width = this.scroller.clientWidth;
    if (!width || !this.rows.length) return;
    const columns = Math.max(1, Math.floor((width + 6) / TILE));
    const side = (width + 6) / columns;
    this.sheet.style.height = `${Math.ceil(this.rows.length / columns) * side}px`;
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / side) - 1) * columns;
    const last = Math.min(this.rows.length, (Math.ceil((this.scroller.scrollTop + this.scroller.clientHeight) / side) + 1) * columns);
    for (const [place, tile] of this.tiles) {
      if (place < first || place >= last) {
        tile.remove();
        this.tiles.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (this.tiles.has(place)) continue;
      const row = this.rows[place];
      const tile = el("a", "tile");
      tile.href = `${this.data.browse}&photo=${row}`;
      tile.setAttribute("aria-label", `Photo ${place + 1} of ${this.rows.length}: open it in Browse`);
      tile.style.cssText = `width:${side - 6}px;height:${side - 6}px;transform:translate(${(place % columns) * side}px,${Math.floor(place / columns) * side}px)`;
      const picture = el("img");
      picture.loading = "lazy";
      picture.decoding = "async";
      picture.alt = "";
      picture.src = this.data.picture.replace("{row}", row);
      tile.append(picture);
      this.tiles.set(place, tile);
      this.sheet.append(tile);
    }
  }

  stop() {
    this.observer.disconnect();
  }
}
