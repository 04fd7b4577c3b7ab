// The photos that are selected: how many, what they have in common, all of them to look through, and one answer for all.

const TILE = 96;
const MOST = 50000; // photos that get one answer: what waits to be sent has to fit into the browser's memory

class Chosen {
  constructor(clear, decided) {
    this.decided = decided; // called when verdicts changed, here or in another window
    this.sender = new Sender((state) => this.hear(state), () => decided());
    this.element = el("aside", "chosen");
    this.element.setAttribute("aria-label", "Selected photos");
    this.title = el("p", "title");
    this.title.setAttribute("role", "status");
    const top = el("div", "top");
    top.append(this.title, titled("Clear", "Select nothing (Escape)", clear));
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
    this.show([]);
  }

  open(data) {
    this.data = data;
    this.sender.open(data.collection, data.run);
  }

  /** Show photos at once; what they have in common follows with `tell`. */
  show(rows) {
    this.rows = rows;
    this.element.hidden = !rows.length;
    this.title.textContent = `${count(rows.length, "photo")} selected`;
    this.link.hidden = true;
    this.common.replaceChildren();
    this.scroller.scrollTop = 0;
    this.saved.textContent = this.said = "";
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
      const one = titled(text, title, () => {});
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

  answer(tag, verdict) {
    const { rows } = this;
    const photos = count(rows.length, "photo");
    if (rows.length > MOST) {
      this.saved.textContent = `${photos} are too many for one answer; select ${number(MOST)} at most.`;
      return;
    }
    this.said = `“${tag}” ${verdict === "accept" ? "fits" : "does not fit"} ${photos}`;
    this.sender.say(rows.map((row) => ({ row, tag, verdict })), this.said);
  }

  /** Say what became of an answer. */
  hear({ waiting, error, turned }) {
    if (turned !== undefined) {
      this.said = "";
      this.saved.textContent = turned ? `Undone: ${turned}` : "There is nothing to undo.";
    } else if (error) this.saved.textContent = `Not saved. ${error}`;
    else if (waiting) this.saved.textContent = "Saving …";
    else if (this.said) {
      this.saved.replaceChildren(`Saved: ${this.said}. `, titled("Undo", "Take this step back", () => this.sender.undo()));
      this.decided();
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
    this.sender.stop();
    this.observer.disconnect();
  }
}
