// The figure and its player. Photos that stay neighbors fly from their old place to the new one.

const SECOND = 1800; // milliseconds a row while playing
const FEW = 4; // rows shown unless all are asked for
const HEADER = 225; // pixels above the component, unless the page is scrolled

class Player {
  constructor(root) {
    this.root = root;
    this.all = false;
    const button = (className, act) => {
      const made = el("button", className);
      made.type = "button";
      made.addEventListener("click", act);
      return made;
    };
    this.title = el("h2", "title");
    this.frames = el("div", "frames");
    this.groups = el("div", "groups");
    this.groups.setAttribute("role", "group");
    this.groups.setAttribute("aria-label", "What became of the neighborhoods");
    this.strip = el("div", "strip");
    this.strip.setAttribute("role", "listbox");
    this.strip.setAttribute("aria-label", "Photos of this group, those whose neighbors changed most first");
    this.query = el("img", "query");
    this.about = el("div", "about");
    this.curve = new Curve();
    this.caption = el("p", "caption"); // the legend in short, for the wall
    this.legend = el("p", "soft legend");
    this.sentence = el("p", "sentence");
    this.sentence.setAttribute("aria-live", "polite");
    this.figure = el("div", "figure");
    this.figure.setAttribute("role", "region");
    this.figure.setAttribute("aria-label", "The nearest photos, moment by moment");
    this.play = button("primary", () => this.toggle());
    this.slider = el("input");
    Object.assign(this.slider, { type: "range", min: 0, step: 1 });
    this.slider.setAttribute("aria-label", "Moment");
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.more = button("plain", () => this.rows(!this.all));
    this.wall = button("plain", () => this.project());
    const top = el("div", "top");
    top.append(this.title, this.frames);
    const left = el("div", "left");
    left.append(this.query, this.about, this.curve.element, this.caption, this.legend);
    const right = el("div", "right");
    right.append(this.sentence, this.figure);
    const main = el("div", "main");
    main.append(left, right);
    const controls = el("div", "controls");
    const [picture, table] = [button("plain take-home", () => savePicture(this, this.file(this.chosen.row))), button("plain take-home", () => saveTable(this))];
    picture.append("Save PNG");
    table.append("CSV");
    controls.append(this.groups, this.play, this.slider, this.more, this.wall, picture, table);
    this.root.append(top, controls, this.strip, main);
    this.strip.addEventListener("keydown", (event) => this.stripKey(event));
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    this.onScreen = () => this.projecting(document.fullscreenElement != null);
    document.addEventListener("fullscreenchange", this.onScreen);
    this.observer = new ResizeObserver(() => this.size());
    this.observer.observe(this.figure);
    this.projecting(false);
  }

  update(data, report) {
    this.report = report;
    const text = JSON.stringify(data.key);
    if (text === this.text) return;
    this.text = text;
    this.data = data;
    this.title.textContent = data.title;
    const frame = (mark, sign, says) => {
      const one = el("span", `frame ${mark}`);
      const box = el("b", "", sign);
      box.setAttribute("aria-hidden", "true");
      one.append(box, says);
      return one;
    };
    this.frames.replaceChildren(frame("good", "✓", data.frames[0]), frame("bad", "✕", data.frames[1]), frame("new", "+", "came in, with the rarest tag in common"), frame("pale", "", "about to leave"));
    this.legend.textContent = data.about;
    this.caption.textContent = `All photos: how many of the nearest have the same ${data.by === "labels" ? "label" : "tag"}`;
    let first = 0;
    this.parts = data.groups.map(([name, number, shown], place) => {
      const part = { start: first, end: (first += shown) };
      part.button = el("button", "plain group");
      part.button.type = "button";
      part.button.append(`${name} `, el("b", "", number.toLocaleString("en")));
      part.button.disabled = !shown;
      part.button.addEventListener("click", () => this.choose(this.parts[place].start, true));
      return part;
    });
    this.groups.replaceChildren(...this.parts.map((part) => part.button));
    this.part = null;
    this.choose(Math.max(0, data.queries.findIndex((query) => query.row === data.chosen)), false);
  }

  card(query, number) {
    const card = el("button", "choice");
    card.type = "button";
    card.setAttribute("role", "option");
    const image = el("img");
    image.alt = "";
    image.loading = "lazy";
    image.src = this.picture(query.row, 128);
    const [before, after] = [query.relevant[0], query.relevant[query.relevant.length - 1]].map((marks) => marks.reduce((sum, mark) => sum + mark, 0));
    card.append(image, el("span", "", `${before} → ${after}`), unseen(` relevant neighbors, before and at the end, of ${this.file(query.row)}`));
    card.addEventListener("click", () => this.choose(number, true));
    return card;
  }

  picture(row, size) {
    return `${this.data.pictures}/${row}?size=${size}&v=${this.data.version}`;
  }

  file(row) {
    return this.data.photos[row][0];
  }

  labels(row) {
    return this.data.photos[row][2].map((number) => this.data.labels[number]);
  }

  /** Tags that a photo has in common with the chosen one, the rarest first. */
  common(row) {
    const own = this.data.photos[this.chosen.row][1];
    return this.data.photos[row][1].filter((tag) => own.includes(tag)).map((tag) => this.data.tags[tag]);
  }

  choose(number, tell) {
    this.stop();
    this.number = number;
    const query = this.data.queries[number];
    this.chosen = { ...query, by: this.data.by, label: this.data.labels[query.label] ?? "" };
    const part = this.parts.find(({ start, end }) => number >= start && number < end);
    if (part !== this.part) {
      this.part = part;
      this.strip.replaceChildren(...this.data.queries.slice(part.start, part.end).map((one, place) => this.card(one, part.start + place)));
      for (const one of this.parts) one.button.setAttribute("aria-pressed", one === part);
    }
    [...this.strip.children].forEach((card, place) => {
      card.setAttribute("aria-selected", place === number - part.start);
      card.tabIndex = place === number - part.start ? 0 : -1;
    });
    const card = this.strip.children[number - part.start];
    this.strip.scrollTo({ left: card.offsetLeft - this.strip.clientWidth / 2, behavior: tell && !calm() ? "smooth" : "instant" });
    this.query.src = this.picture(query.row, 512);
    this.query.alt = `The photo ${this.file(query.row)}`;
    this.describe();
    this.shares = query.relevant.map((marks) => marks.reduce((sum, mark) => sum + mark, 0) / marks.length);
    this.build();
    if (tell) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.report("chosen", query.row), 300);
    }
  }

  describe() {
    const { row, by, label } = this.chosen;
    const chips = el("div", "tr-chips");
    for (const name of this.labels(row).sort((a, b) => (b === label) - (a === label)).slice(0, 12)) {
      const made = chip(name);
      made.classList.toggle("tr-asked", by === "labels" && name === label);
      chips.append(made);
    }
    this.about.replaceChildren(el("span", "soft", by === "labels" ? "Its true labels, the rarest first" : "Its refined tags"), chips);
  }

  /** Show a few rows, or all. */
  rows(all) {
    this.stop();
    this.all = all;
    this.build();
  }

  build() {
    const total = this.data.moments.length;
    const few = Math.min(FEW, total);
    this.times = this.all ? [...Array(total).keys()] : [...new Set([...Array(few).keys()].map((r) => Math.round((r * (total - 1)) / Math.max(1, few - 1))))];
    this.seen = this.times.map((t) => new Map(this.chosen.neighbors[t].map((row, place) => [row, this.chosen.relevant[t][place]])));
    this.lines = this.times.map((t, place) => this.line(this.data.moments[t], this.seen[place], place ? this.seen[place - 1] : null));
    this.figure.replaceChildren(...this.lines);
    this.slider.max = this.times.length - 1;
    this.more.textContent = this.all ? `Only ${few} moments` : `All ${total} moments`;
    this.more.hidden = total <= few;
    this.size();
    this.go(this.times.length - 1);
  }

  line([stage, step], now, before) {
    const line = el("div", "line");
    line.setAttribute("role", "group");
    const when = el("span", "when", stage);
    if (step) when.append(el("br"), step);
    line.append(when);
    for (const [row, relevant] of now) line.append(this.cell(row, relevant, before !== null && !before.has(row)));
    const good = [...now.values()].reduce((sum, one) => sum + one, 0);
    line.append(el("span", "count", `${good} of ${now.size}`));
    line.setAttribute("aria-label", `${stage} ${step}: ${good} of ${now.size} relevant`);
    return line;
  }

  cell(row, relevant, fresh) {
    const cell = el("span", `cell ${relevant ? "good" : "bad"}${fresh ? " new" : ""}`);
    const image = el("img");
    const common = this.common(row);
    const why = this.data.by === "labels" ? `${relevant ? "has" : "does not have"} ${this.chosen.label}` : relevant ? "relevant" : "not relevant";
    image.src = this.picture(row, 256);
    cell.title = `${why}; ${common.length ? `in common: ${common.join(", ")}` : "no tag in common"}`;
    image.alt = `${this.file(row)}: ${cell.title}`;
    cell.dataset.row = row;
    const sign = el("span", "sign", relevant ? "✓" : "✕");
    sign.setAttribute("aria-hidden", "true");
    cell.append(image, sign);
    if (fresh) {
      const reason = el("span", "why", `+ ${common[0] ?? "none"}`);
      reason.setAttribute("aria-hidden", "true");
      cell.append(reason);
    }
    return cell;
  }

  /** Photos as large as the width and the height of the window allow. */
  size() {
    if (!this.times) return;
    const wall = this.root.classList.contains("wall");
    const line = this.lines[0];
    const cells = this.seen[0].size;
    // What of a row is not photos: its words at both ends and the gaps.
    const words = line.firstChild.offsetWidth + line.lastChild.offsetWidth + (cells + 1) * parseFloat(getComputedStyle(line).columnGap);
    const width = (this.figure.clientWidth - words - 2) / cells;
    const room = wall ? this.figure.clientHeight : Math.max(340, window.innerHeight - HEADER - (this.figure.getBoundingClientRect().top - this.root.getBoundingClientRect().top));
    const height = room / this.times.length - parseFloat(getComputedStyle(line).marginBottom);
    this.figure.style.setProperty("--side", `${Math.floor(Math.max(34, Math.min(width, Math.max(height, wall ? 0 : 64))))}px`);
    // What scrolls is reached by keys, too.
    this.figure.tabIndex = this.figure.scrollWidth > this.figure.clientWidth ? 0 : -1;
  }

  /** Show the rows up to `at`; with `fly`, the last one grows out of the one before. */
  go(at, fly = false) {
    this.at = at;
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", this.data.moments[this.times[at]].join(" "));
    this.lines.forEach((line, place) => {
      line.classList.toggle("future", place > at);
      line.classList.toggle("current", place === at);
    });
    // Who is about to leave: told once the next row is there.
    this.lines.forEach((line, place) => {
      for (const cell of line.querySelectorAll(".cell")) cell.classList.toggle("gone", place < at && !this.seen[place + 1].has(Number(cell.dataset.row)));
    });
    const pieces = tale(this.seen[at], at ? this.seen[at - 1] : null, this.chosen, (row) => this.common(row));
    this.sentence.replaceChildren(el("span", "soft", `${this.data.moments[this.times[at]].join(" ").trim()}: `), ...pieces.map((text, place) => (place % 2 ? el("strong", "", text) : text)));
    this.curve.draw(this.data, this.shares, this.times[at]);
    if (fly && at > 0 && !calm()) this.fly(this.lines[at - 1], this.lines[at]);
    if (fly) this.lines[at].scrollIntoView({ block: "nearest", behavior: calm() ? "instant" : "smooth" });
  }

  fly(before, after) {
    const old = new Map([...before.querySelectorAll(".cell")].map((cell) => [cell.dataset.row, cell]));
    for (const cell of after.querySelectorAll(".cell")) {
      const from = old.get(cell.dataset.row);
      if (from) {
        const [a, b] = [from.getBoundingClientRect(), cell.getBoundingClientRect()];
        cell.animate([{ transform: `translate(${a.left - b.left}px, ${a.top - b.top}px)`, zIndex: 2 }, { transform: "none", zIndex: 2 }], { duration: 800, easing: "cubic-bezier(.4, 0, .2, 1)" });
      } else {
        cell.animate([{ opacity: 0, transform: "scale(.7)" }, { opacity: 0, transform: "scale(.7)", offset: 0.5 }, { opacity: 1, transform: "none" }], { duration: 1100, easing: "ease-out" });
      }
    }
  }

  toggle() {
    if (this.playing) return this.stop();
    this.go(this.at >= this.times.length - 1 ? 0 : this.at);
    this.playing = setInterval(() => {
      if (this.at >= this.times.length - 1) return this.stop();
      this.go(this.at + 1, true);
    }, SECOND);
    this.label();
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.label();
  }

  label() {
    this.play.replaceChildren(this.playing ? "❚❚ Pause " : "▶ Play ", el("kbd", "", "Space"));
  }

  /** Dark and as large as the screen, for a wall. */
  async project() {
    if (this.root.classList.contains("wall")) {
      if (document.fullscreenElement) await document.exitFullscreen();
      return this.projecting(false);
    }
    this.projecting(true);
    await this.root.requestFullscreen?.().catch(() => {}); // refused: the window is filled instead
  }

  projecting(on) {
    this.root.classList.toggle("wall", on);
    this.wall.replaceChildren(on ? "Leave " : "Projector ", el("kbd", "", "P"));
    if (on) this.root.classList.add("tr-dark");
    else followTheme(this.root);
    this.size();
  }

  key(event) {
    const inside = event.composedPath().includes(this.root);
    if ((!inside && document.activeElement !== document.body) || event.ctrlKey || event.metaKey || event.altKey || !this.times) return;
    if (event.composedPath().includes(this.strip) && event.key !== "p") return;
    if (event.composedPath()[0] === this.figure && event.key.startsWith("Arrow")) return; // it scrolls
    const onButton = event.composedPath()[0].tagName === "BUTTON";
    const wall = this.root.classList.contains("wall");
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.stop();
      const right = event.key === "ArrowRight";
      this.go(Math.max(0, Math.min(this.times.length - 1, this.at + (right ? 1 : -1))), right && this.at < this.times.length - 1);
    } else if (wall && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.choose(Math.max(0, Math.min(this.data.queries.length - 1, this.number + (event.key === "ArrowDown" ? 1 : -1))), true);
    } else if (event.key === " " && !onButton) this.toggle();
    else if (event.key.toLowerCase() === "p") this.project();
    else if (event.key === "Escape" && wall) this.project();
    else return;
    event.preventDefault();
  }

  stripKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(this.part.start, Math.min(this.part.end - 1, this.number + step));
    this.choose(next, true);
    this.strip.children[next - this.part.start].focus({ preventScroll: true });
  }

  leave() {
    this.stop();
    this.observer.disconnect();
    document.removeEventListener("keydown", this.onKey);
    document.removeEventListener("fullscreenchange", this.onScreen);
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  root.player ??= new Player(root);
  if (!root.classList.contains("wall")) followTheme(root);
  root.player.update(data, setStateValue);
  return () => {
    if (!root.isConnected) root.player.leave();
  };
}
