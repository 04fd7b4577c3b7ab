// The table: a head that sorts, a box that searches, and a window of rows over a sheet as long as all of them.

const TELL = 700; // milliseconds until the address names the tag that is open
const ROW = 38; // height in pixels
const TWO_LINES = { below: 760, height: 62 }; // of a narrow table, by its width; as in tag_table.css
const BEYOND = 8; // rows drawn above and below what is in view

class TagTable {
  constructor(root) {
    this.root = root;
    this.rows = [];
    this.found = [];
    this.drawn = new Map();
    this.active = 0;
    this.search = el("input", "search");
    this.search.type = "search";
    this.search.placeholder = "Search tags";
    this.search.setAttribute("aria-label", "Search tags");
    this.search.addEventListener("input", () => this.find());
    this.first = el("button", "first");
    this.first.type = "button";
    this.first.addEventListener("click", () => this.sort(""));
    this.count = el("span", "soft small");
    this.count.setAttribute("role", "status");
    const tools = el("div", "tools");
    tools.append(this.search, this.first, this.count);
    this.grid = el("div", "grid");
    this.grid.setAttribute("role", "grid");
    this.grid.setAttribute("aria-label", "Tags");
    this.grid.append(this.head(), this.body());
    this.table = el("div", "table");
    this.table.append(tools, this.grid);
    this.aside = el("aside", "aside");
    this.bench = new Bench({ row: (row) => this.put(row), changed: () => this.anew() });
    root.append(this.table, this.aside);
    this.row = ROW;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.scroller);
    // What stands above may take another line when it is drawn.
    const page = root.getRootNode().host?.closest('[data-testid="stMainBlockContainer"]');
    this.above = new ResizeObserver(() => this.fit());
    if (page) this.above.observe(page);
    this.onResize = () => this.fit();
    window.addEventListener("resize", this.onResize);
  }

  head() {
    const head = el("div", "row head");
    head.setAttribute("role", "row");
    head.setAttribute("aria-rowindex", 1);
    this.titles = COLUMNS.map(({ key, title, hint, down }) => {
      const cell = el("div", key);
      cell.setAttribute("role", "columnheader");
      const button = el("button", "", title);
      button.type = "button";
      button.title = hint;
      button.addEventListener("click", () => {
        const descends = this.by === key ? !this.down : down;
        this.sort(descends ? `-${key}` : key);
      });
      cell.append(button);
      head.append(cell);
      return cell;
    });
    return head;
  }

  body() {
    this.scroller = el("div", "scroller");
    this.scroller.setAttribute("role", "rowgroup");
    this.sheet = el("div", "sheet");
    this.sheet.setAttribute("role", "presentation");
    this.scroller.append(this.sheet);
    this.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    return this.scroller;
  }

  /** Take what the page says; the place in the list stays as long as the tags do. */
  update(data, report) {
    this.report = report;
    const old = this.data;
    this.data = data;
    this.take(data.columns);
    this.first.textContent = data.first === "changes" ? "Most changes first" : "Most written first";
    this.grid.setAttribute("aria-rowcount", this.rows.length + 1);
    this.fit();
    if (!old) {
      this.chosen = data.chosen;
      this.arrange(data.order);
      this.reveal(this.found.findIndex((row) => row.tag === this.chosen));
    } else {
      // Another address, as by the browser's way back; one that is not told yet is newer.
      if (data.chosen !== old.chosen && !this.telling) this.chosen = data.chosen;
      this.arrange(data.order === old.order ? this.order : data.order);
    }
    this.bench.update(data);
    this.openChosen();
  }

  take(columns) {
    const names = Object.keys(columns);
    this.rows = columns.tag.map((_, place) => Object.fromEntries(names.map((name) => [name, columns[name][place]])));
    for (const row of this.rows) row.changes = row.added == null ? null : row.added + row.removed;
  }

  /** Show the chosen tag on the bench, or what holds for all while none is. */
  openChosen() {
    const row = this.rows.find(({ tag }) => tag === this.chosen);
    if (!row) {
      this.bench.tag = null;
      this.aside.replaceChildren(...overview(this.rows, this.data));
      return;
    }
    if (this.aside.firstChild !== this.bench.element) this.aside.replaceChildren(this.bench.element);
    if (row.tag !== this.bench.tag || row.gone !== this.bench.opened.gone) this.bench.open(row);
    else this.bench.opened = row;
  }

  /** Take a row as it is now; the order stays until somebody sorts. */
  put(row) {
    const known = this.rows.find(({ tag }) => tag === row.tag);
    Object.assign(known, row, { changes: row.added == null ? null : row.added + row.removed });
    this.find(true);
  }

  /** Ask for all rows as they are now. */
  async anew() {
    const { columns } = await this.bench.ask("rows", {});
    this.take(columns);
    this.arrange(this.order);
    if (this.bench.tag) this.bench.tag = null;
    this.openChosen();
  }

  /** Fill the window from the table's top to its bottom edge. */
  fit() {
    const main = this.root.getRootNode().host?.closest('[data-testid="stMain"]');
    const top = this.root.getBoundingClientRect().top + (main ? main.scrollTop : 0);
    this.root.style.height = `${Math.max(440, window.innerHeight - top - 20)}px`;
  }

  /** Rows of a narrow table have two lines; the one that was reached stays in view. */
  resize() {
    const row = this.grid.clientWidth < TWO_LINES.below ? TWO_LINES.height : ROW;
    if (row === this.row || !this.data) return this.draw();
    this.row = row;
    this.find(true);
    this.reveal(this.active);
  }

  sort(order) {
    this.arrange(order);
    this.scroller.scrollTop = 0;
    this.active = 0;
    this.draw();
    this.report("order", order);
  }

  /** Sort all rows: by a column, largest first where a minus is before its name; "" is the order that the page opens with. */
  arrange(order) {
    const name = order.replace(/^-/, "");
    const known = COLUMNS.some(({ key }) => key === name);
    this.order = known ? order : "";
    this.by = known ? name : null;
    this.down = known ? order.startsWith("-") : true;
    const key = known ? name : this.data.first;
    this.rows.sort((a, b) => compare(a[key], b[key], this.down) || compare(a.changes, b.changes, true) || compare(a.given, b.given, true) || compare(a.tag, b.tag, false));
    this.first.setAttribute("aria-pressed", !known);
    COLUMNS.forEach(({ key: column }, place) => {
      const sorted = column === this.by;
      this.titles[place].setAttribute("aria-sort", sorted ? (this.down ? "descending" : "ascending") : "none");
    });
    this.find(true);
  }

  /** Keep the rows whose tag has the text; those that begin with it are not set apart, so that the order stays. */
  find(stay = false) {
    const text = this.search.value.trim().toLowerCase();
    this.found = text ? this.rows.filter((row) => row.tag.toLowerCase().includes(text)) : this.rows;
    const [all, some] = [number(this.rows.length), number(this.found.length)];
    this.count.textContent = text ? `${some} of ${all} tags` : `${all} tags`;
    this.sheet.style.height = `${this.found.length * this.row}px`;
    if (!stay) {
      this.scroller.scrollTop = 0;
      this.active = 0;
    }
    this.active = Math.min(this.active, Math.max(0, this.found.length - 1));
    const kept = this.drawn.get(this.active)?.contains(this.root.getRootNode().activeElement);
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.draw();
    if (kept) this.drawn.get(this.active)?.firstChild.focus({ preventScroll: true });
  }

  draw() {
    if (!this.data) return;
    const { scrollTop, clientHeight, clientWidth, offsetWidth } = this.scroller;
    this.titles[0].parentElement.style.paddingRight = `${14 + offsetWidth - clientWidth}px`; // the scroll bar's width
    const from = Math.max(0, Math.floor(scrollTop / this.row) - BEYOND);
    const to = Math.min(this.found.length, Math.ceil((scrollTop + clientHeight) / this.row) + BEYOND);
    for (const [place, element] of this.drawn) {
      if (place < from || place >= to) {
        element.remove();
        this.drawn.delete(place);
      }
    }
    for (let place = from; place < to; place++) if (!this.drawn.has(place)) this.add(place);
    // The one row that the tab key reaches, by its first cell, is a drawn one.
    const reached = this.drawn.has(this.active) ? this.active : from;
    for (const [place, element] of this.drawn) {
      element.firstChild.tabIndex = place === reached ? 0 : -1;
      element.setAttribute("aria-selected", this.found[place].tag === this.chosen);
    }
  }

  add(place) {
    const row = this.found[place];
    const element = el("div", row.gone ? "row gone" : "row");
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", place + 2);
    element.style.transform = `translateY(${place * this.row}px)`;
    for (const { key, cell } of COLUMNS) {
      const box = el("div", key);
      box.setAttribute("role", "gridcell");
      box.append(cell(row, this.data.enough));
      element.append(box);
    }
    element.querySelector(".tag > .tag").title = row.tag;
    element.addEventListener("click", () => this.choose(place));
    this.drawn.set(place, element);
    this.sheet.append(element);
  }

  choose(place) {
    this.active = place;
    this.chosen = this.found[place].tag;
    this.draw();
    this.drawn.get(place)?.firstChild.focus({ preventScroll: true });
    this.openChosen();
    // The address can wait: it would take from the bench what it is shown with.
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.telling = null;
      this.report("chosen", this.chosen);
    }, TELL);
    // On a narrow page the bench stands below the table.
    if (this.aside.getBoundingClientRect().top > window.innerHeight - 60) this.aside.scrollIntoView({ behavior: calm() ? "instant" : "smooth" });
  }

  reveal(place) {
    if (place < 0) return;
    this.active = place;
    const { scrollTop, clientHeight } = this.scroller;
    const top = place * this.row;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.row > scrollTop + clientHeight) this.scroller.scrollTop = top + this.row - clientHeight;
    this.draw();
  }

  key(event) {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (this.found.length) this.choose(this.active);
      return;
    }
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.row) - 1);
    const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !this.found.length) return;
    event.preventDefault();
    this.reveal(Math.min(this.found.length - 1, Math.max(0, this.active + step)));
    this.drawn.get(this.active)?.firstChild.focus({ preventScroll: true });
  }

  stop() {
    this.observer.disconnect();
    this.above.disconnect();
    this.bench.stop();
    window.removeEventListener("resize", this.onResize);
  }
}

export default (component) => keep(TagTable, component);
