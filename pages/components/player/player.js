// The figure and its player. Photos that stay neighbors fly from their old place to the new one.

const SECOND = 1400; // milliseconds a row while playing
const FEW = 5; // rows shown unless all are asked for
const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

class Player {
  constructor(root) {
    this.root = root;
    this.all = false;
    this.strip = el("div", "strip");
    this.strip.setAttribute("role", "listbox");
    this.strip.setAttribute("aria-label", "Traced photos, those whose neighbors improved most first");
    this.figure = el("div", "figure");
    this.query = el("img", "query");
    this.about = el("div", "about");
    this.curve = new Curve();
    this.play = el("button", "primary");
    this.play.addEventListener("click", () => this.toggle());
    this.slider = el("input");
    Object.assign(this.slider, { type: "range", min: 0, step: 1 });
    this.slider.setAttribute("aria-label", "Iteration");
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.more = el("button", "plain");
    this.more.addEventListener("click", () => this.rows(!this.all));
    this.wall = el("button", "plain");
    this.wall.addEventListener("click", () => this.project());
    const controls = el("div", "controls");
    controls.append(this.play, this.slider);
    const ways = el("div", "controls");
    ways.append(this.more, this.wall);
    this.legend = el("p", "soft");
    const left = el("div", "left");
    left.append(this.query, this.about, controls, ways, this.curve.element, this.legend);
    const main = el("div", "main");
    main.append(left, this.figure);
    this.picker = el("div", "picker");
    this.picker.append(el("span", "soft", "Choose a photo; those whose neighbors improved most come first."), this.strip);
    this.root.append(this.picker, main);
    for (const button of [this.play, this.more, this.wall]) button.type = "button";
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
    this.legend.textContent = data.legend;
    const cards = data.queries.map((query, number) => {
      const card = el("button", "choice");
      card.type = "button";
      card.setAttribute("role", "option");
      const image = el("img");
      image.alt = "";
      image.loading = "lazy";
      image.src = this.picture(query.row, 128);
      const gain = query.first == null ? "not judged" : `${query.first} → ${query.last}`;
      const change = el("span", "", gain);
      change.ariaHidden = "true"; // the label below says it in words
      card.append(image, change);
      card.setAttribute("aria-label", `${this.file(query.row)}, ${query.first == null ? "not judged" : `${query.first} relevant neighbors at the start, ${query.last} at the end`}`);
      card.addEventListener("click", () => this.choose(number, true));
      return card;
    });
    this.strip.replaceChildren(...cards);
    this.choose(Math.max(0, data.queries.findIndex((query) => query.row === data.chosen)), false);
  }

  picture(row, size) {
    return `${this.data.pictures}/${row}?size=${size}&v=${this.data.version}`;
  }

  file(row) {
    return this.data.photos[row][0];
  }

  names(row) {
    return this.data.photos[row][1].map((number) => this.data.names[number]);
  }

  choose(number, tell) {
    this.stop();
    this.number = number;
    const { row, neighbors, relevant } = this.data.queries[number];
    [...this.strip.children].forEach((card, place) => {
      card.setAttribute("aria-selected", place === number);
      card.tabIndex = place === number ? 0 : -1;
    });
    const card = this.strip.children[number];
    this.strip.scrollTo({ left: card.offsetLeft - this.strip.clientWidth / 2, behavior: tell ? "smooth" : "instant" });
    this.query.src = this.picture(row, 512);
    this.query.alt = `The query photo ${this.file(row)}`;
    const chips = el("div", "tr-chips");
    for (const name of this.names(row).slice(0, 12)) chips.append(chip(name));
    this.about.replaceChildren(el("strong", "", this.file(row)), el("span", "soft", ` · ${this.names(row).length ? this.data.basis : this.data.without}`), chips);
    this.shares = relevant && relevant.map((marks) => marks.reduce((sum, mark) => sum + mark, 0) / marks.length);
    this.neighbors = neighbors;
    this.relevant = relevant;
    this.build();
    if (tell) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.report("chosen", row), 300);
    }
  }

  /** Show a few rows, or all. */
  rows(all) {
    this.stop();
    this.all = all;
    this.build();
  }

  build() {
    const count = this.data.steps.length;
    const few = Math.min(FEW, count);
    this.times = this.all ? [...Array(count).keys()] : [...Array(few).keys()].map((r) => Math.round((r * (count - 1)) / Math.max(1, few - 1)));
    this.lines = this.times.map((t) => this.line(t));
    this.figure.replaceChildren(...this.lines);
    this.slider.max = this.times.length - 1;
    this.more.textContent = this.all ? `Only ${few} iterations` : `All ${count} iterations`;
    this.more.hidden = count <= few;
    this.size();
    this.go(this.times.length - 1);
  }

  line(t) {
    const line = el("div", "line");
    line.setAttribute("role", "group");
    const step = this.data.steps[t];
    const when = step ? `iteration ${step.toLocaleString("en")}` : "before";
    line.append(el("span", "when", when));
    const own = this.names(this.data.queries[this.number].row);
    this.neighbors[t].forEach((row, place) => {
      const mark = this.relevant ? (this.relevant[t][place] ? "good" : "bad") : "open";
      const cell = el("span", `cell ${mark}`);
      const image = el("img");
      const shared = this.names(row).filter((name) => own.includes(name));
      const says = this.relevant ? (shared.length ? `shares ${shared.join(", ")}` : "shares nothing") : "not judged";
      image.src = this.picture(row, 256);
      image.alt = `${this.file(row)}: ${says}`;
      cell.title = image.alt;
      cell.dataset.row = row;
      cell.append(image);
      if (mark !== "open") {
        const sign = el("span", "sign", mark === "good" ? "✓" : "✕");
        sign.setAttribute("aria-hidden", "true");
        cell.append(sign);
      }
      line.append(cell);
    });
    const total = this.neighbors[t].length;
    const good = this.relevant?.[t].reduce((sum, one) => sum + one, 0);
    line.append(el("span", "count", this.relevant ? `${good} of ${total}` : ""));
    line.setAttribute("aria-label", this.relevant ? `${when}: ${good} of ${total} relevant` : when);
    return line;
  }

  /** Photos as large as the width and the height of the window allow. */
  size() {
    if (!this.times) return;
    const wall = this.root.classList.contains("wall");
    const width = (this.figure.clientWidth - (wall ? 260 : 180)) / this.neighbors[0].length - 10;
    const height = (window.innerHeight - (wall ? 150 : 372)) / this.times.length - 12;
    this.figure.style.setProperty("--side", `${Math.round(Math.max(48, Math.min(width, Math.max(height, wall ? 40 : 84))))}px`);
    if (this.all && !wall) this.figure.style.setProperty("--side", `${Math.round(Math.max(44, Math.min(width, Math.max(height, 58))))}px`);
  }

  /** Show the rows up to `at`; with `fly`, the last one grows out of the one before. */
  go(at, fly = false) {
    this.at = at;
    this.slider.value = at;
    const step = this.data.steps[this.times[at]];
    this.slider.setAttribute("aria-valuetext", step ? `iteration ${step}` : "before the training with neighbors");
    this.lines.forEach((line, place) => {
      line.classList.toggle("future", place > at);
      line.classList.toggle("current", place === at);
    });
    this.curve.draw(this.data, this.shares, this.times[at]);
    if (fly && at > 0 && !calm.matches) this.fly(this.lines[at - 1], this.lines[at]);
    if (fly) this.lines[at].scrollIntoView({ block: "nearest", behavior: calm.matches ? "instant" : "smooth" });
  }

  fly(before, after) {
    const old = new Map([...before.querySelectorAll(".cell")].map((cell) => [cell.dataset.row, cell]));
    for (const cell of after.querySelectorAll(".cell")) {
      const from = old.get(cell.dataset.row);
      old.delete(cell.dataset.row);
      if (from) {
        const [a, b] = [from.getBoundingClientRect(), cell.getBoundingClientRect()];
        cell.animate([{ transform: `translate(${a.left - b.left}px, ${a.top - b.top}px)`, zIndex: 2 }, { transform: "none", zIndex: 2 }], { duration: 800, easing: "cubic-bezier(.4, 0, .2, 1)" });
      } else {
        cell.animate([{ opacity: 0, transform: "scale(.7)" }, { opacity: 0, transform: "scale(.7)", offset: 0.5 }, { opacity: 1, transform: "none" }], { duration: 1100, easing: "ease-out" });
      }
    }
    for (const gone of old.values()) gone.animate([{ opacity: 1 }, { opacity: 0.25, offset: 0.3 }, { opacity: 0.25, offset: 0.7 }, { opacity: 1 }], { duration: 1200 });
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
    this.wall.replaceChildren(on ? "Leave projector " : "Projector ", el("kbd", "", "P"));
    if (on) this.root.classList.add("tr-dark");
    else followTheme(this.root);
    this.size();
  }

  key(event) {
    const inside = event.composedPath().includes(this.root);
    if ((!inside && document.activeElement !== document.body) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.composedPath().includes(this.strip) && event.key !== "p") return;
    const onButton = event.composedPath()[0].tagName === "BUTTON";
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.stop();
      const right = event.key === "ArrowRight";
      this.go(Math.max(0, Math.min(this.times.length - 1, this.at + (right ? 1 : -1))), right && this.at < this.times.length - 1);
    } else if (event.key === " " && !onButton) this.toggle();
    else if (event.key.toLowerCase() === "p") this.project();
    else if (event.key === "Escape" && this.root.classList.contains("wall")) this.projecting(false);
    else return;
    event.preventDefault();
  }

  stripKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(this.data.queries.length - 1, this.number + step));
    this.choose(next, true);
    this.strip.children[next].focus({ preventScroll: true });
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
