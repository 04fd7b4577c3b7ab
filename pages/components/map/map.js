// The map: what is shown, how one moves about, and what is selected. Only the address follows to the page.

const FLIGHT = 1100; // milliseconds from one map to the other
const REACH = 9; // how near the cursor has to come to a photo, in pixels
const NEWS = 5000; // milliseconds between questions for what other windows decided
const FEW = 60; // photos in sight that are shown as photos, not as points
const WHEN = { frozen: "Before learning", learned: "After learning" };

class PhotoMap {
  constructor(root) {
    this.root = root;
    this.hidden = new Set();
    this.flight = null;
    this.path = null;
    this.build();
    this.listen();
  }

  build() {
    const bar = el("div", "bar");
    this.whens = this.choices("Which map", WHEN, (when) => this.show({ when }));
    this.colour = el("select");
    this.colour.setAttribute("aria-label", "Colour by");
    for (const [value, { name }] of Object.entries(KINDS)) this.colour.append(new Option(name, value));
    this.colour.addEventListener("change", () => this.show({ colour: this.colour.value }));
    this.tag = el("input");
    this.tag.setAttribute("aria-label", "Tag");
    this.tag.setAttribute("list", "map-tags");
    this.tag.addEventListener("change", () => this.show({ tag: this.tag.value.trim() }));
    this.tags = el("datalist");
    this.tags.id = "map-tags";
    const colours = el("label", "field", "Colour by ");
    colours.append(this.colour);
    this.legend = new Legend((kind) => this.hide(kind));
    bar.append(this.whens.element, colours, this.tag, this.tags, this.legend.element);

    this.box = el("div", "box");
    const points = this.box.appendChild(el("canvas", "points"));
    points.setAttribute("aria-hidden", "true");
    this.canvas = this.box.appendChild(el("canvas", "over"));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.points = new Points(points);
    this.overlay = new Overlay(this.canvas, () => this.redraw());
    this.tip = this.box.appendChild(el("div", "tip"));
    this.tip.hidden = true;
    this.status = this.box.appendChild(el("p", "status"));
    this.status.setAttribute("role", "status");
    const tools = this.box.appendChild(el("div", "tools"));
    this.drags = this.choices("What dragging does", { move: "Move", select: "Select" }, (drag) => this.drag(drag));
    this.pictures = this.button("Photos", "Show a photo of each place", () => {
      this.photos = !this.photos;
      this.pictures.setAttribute("aria-pressed", this.photos);
      this.redraw();
    });
    this.pictures.setAttribute("aria-pressed", "false");
    tools.append(
      this.drags.element,
      this.pictures,
      this.button("+", "Zoom in (+)", () => this.zoom(1.6)),
      this.button("−", "Zoom out (-)", () => this.zoom(1 / 1.6)),
      this.button("Fit", "Show all photos (0)", () => this.fit()),
    );
    this.chosen = new Chosen(() => this.choose(null), (version) => this.learned(version));
    const stage = el("div", "stage");
    stage.append(this.box, this.chosen.element);
    this.root.append(bar, stage);
    this.drag("move");
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.let());
    canvas.addEventListener("pointerleave", () => this.point(-1));
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["focus", "blur"]) canvas.addEventListener(kind, () => this.redraw());
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.box);
    this.asking = 0;
    this.clock = setInterval(() => this.ask(), NEWS);
    this.onResize = () => this.tall();
    window.addEventListener("resize", this.onResize);
  }

  button(text, title, act) {
    const button = el("button", "", text);
    button.type = "button";
    button.title = title;
    button.addEventListener("click", act);
    return button;
  }

  /** A row of buttons of which one is pressed. */
  choices(label, names, choose) {
    const element = el("div", "choices");
    element.setAttribute("role", "group");
    element.setAttribute("aria-label", label);
    const buttons = Object.entries(names).map(([value, name]) => [value, element.appendChild(this.button(name, "", () => choose(value)))]);
    return { element, mark: (chosen) => buttons.forEach(([value, button]) => button.setAttribute("aria-pressed", value === chosen)) };
  }

  // What is shown

  async update(data, report) {
    const old = this.data;
    this.data = data;
    this.report = report;
    this.tall();
    const night = this.root.classList.contains("tr-dark");
    const turned = night !== this.night;
    this.night = night;
    if (!old || String(old.tags) !== String(data.tags)) this.tags.replaceChildren(...data.tags.map((tag) => new Option(tag)));
    if (!old || JSON.stringify(old.maps) !== JSON.stringify(data.maps)) await this.open(old ? this.state : data.shown);
    else if (old.version !== data.version) {
      await this.paintBy();
      if (this.state.selection) this.recall(this.state.selection);
    } else if (turned) this.sort();
  }

  /** Read the maps of a run, and show what the address says. */
  async open(state) {
    const data = this.data;
    try {
      const [learned, frozen] = await Promise.all(["learned", "frozen"].map((name) => data.maps[name] && this.read(data.maps[name], Float32Array)));
      if (this.data !== data) return;
      this.maps = { learned, frozen };
    } catch {
      this.say("The map could not be read. Reload the page.");
      return;
    }
    this.decided = data.decided;
    this.cells = {};
    this.marks = new Uint8Array(data.count);
    this.rows = [];
    this.whens.element.hidden = !this.maps.frozen;
    const when = state.when === "frozen" && this.maps.frozen ? "frozen" : "learned";
    const first = data.landmarks[when][0]?.[0] ?? data.tags[0] ?? "";
    this.state = { colour: KINDS[state.colour] ? state.colour : "tag", tag: state.tag || first, when, selection: "" };
    this.positions = this.maps[when];
    this.whens.mark(when);
    this.canvas.setAttribute(
      "aria-label",
      `Map of ${number(data.count)} photos. Arrow keys move, plus and minus zoom, 0 shows all, Enter selects the photos in the circle in the middle, Escape selects none.`,
    );
    this.fit();
    await this.paintBy();
    if (state.selection) this.recall(state.selection);
  }

  async read(address, Kind) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(await answer.text());
    return new Kind(await answer.arrayBuffer());
  }

  /** Show something else of the same photos: another colour, tag or map. */
  async show(changed) {
    if (!this.maps) return;
    const before = this.state;
    this.state = { ...this.state, ...changed };
    if (this.state.colour !== before.colour) this.hidden.clear();
    if (changed.when && changed.when !== before.when) this.fly(changed.when);
    else await this.paintBy();
    this.tell();
  }

  /** Ask for the number of each photo that says its colour. */
  async paintBy() {
    const { colour, tag } = this.state;
    this.colour.value = colour;
    this.tag.value = tag;
    this.tag.hidden = colour === "change";
    const query = new URLSearchParams({ by: colour, tag, precision: this.data.precision });
    const turn = (this.turn = (this.turn || 0) + 1);
    try {
      const kinds = await this.read(`${this.data.address}/colours?${query}`, Uint8Array);
      if (turn !== this.turn) return;
      this.kinds = kinds;
      this.painted = colour;
      this.say("");
    } catch (error) {
      if (turn === this.turn) this.say(error.message); // the last colours stay
      return;
    }
    this.counts = new Uint32Array(256);
    for (const kind of this.kinds) this.counts[kind]++;
    this.sort();
  }

  /** Show what was decided since, here or in another window. */
  async learned(version) {
    if (version <= this.decided) return;
    this.decided = version;
    await this.paintBy();
  }

  async ask() {
    if (document.hidden || !this.kinds) return;
    try {
      const answer = await fetch(`${this.data.verdicts}?since=${this.decided}`);
      if (answer.ok) await this.learned((await answer.json()).version);
    } catch {
      // The next time.
    }
  }

  hide(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.sort();
  }

  visible(row) {
    return !this.hidden.has(this.kinds[row]);
  }

  /** Order the points: what stands out over what does not, selected ones over all. */
  sort() {
    if (!this.kinds) return;
    const { kinds, marks } = this;
    const sequential = this.painted === "probability";
    const some = this.rows.length > 0;
    const rank = (i) => (some && marks[i] ? 256 : 0) + (sequential ? kinds[i] : kinds[i] ? 1 : 0);
    const starts = new Uint32Array(513);
    let count = 0;
    for (let i = 0; i < kinds.length; i++) {
      if (!this.visible(i)) continue;
      starts[rank(i) + 1]++;
      count++;
    }
    for (let r = 0; r < 512; r++) starts[r + 1] += starts[r];
    this.order = new Uint32Array(count);
    for (let i = 0; i < kinds.length; i++) if (this.visible(i)) this.order[starts[rank(i)]++] = i;
    this.inks = inksOf(this.painted, this.night);
    this.legend.draw(this.painted, this.night, this.counts, this.hidden);
    this.redraw();
  }

  /** Move every photo from one map to the other. */
  fly(when) {
    this.whens.mark(when);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const [from, to] = [this.positions, this.maps[when]];
    if (still) this.positions = to;
    else this.flight = { from: this.flight ? from.slice() : from, to, start: performance.now(), fresh: new Float32Array(to.length) };
    this.point(-1);
    this.redraw();
  }

  /** Bring photos to where they are at this moment of the flight; return how strongly names are written. */
  advance(now) {
    if (!this.flight) return 1;
    const { from, to, start, fresh } = this.flight;
    const time = Math.min(1, Math.max(0, (now - start) / FLIGHT));
    if (time === 1) {
      this.flight = null;
      this.positions = to;
      return 1;
    }
    const share = time < 0.5 ? 4 * time ** 3 : 1 - (2 - 2 * time) ** 3 / 2;
    for (let k = 0; k < to.length; k++) fresh[k] = from[k] + (to[k] - from[k]) * share;
    this.positions = fresh;
    this.redraw();
    return Math.max(0, 2 * time - 1);
  }

  // Drawing

  redraw() {
    this.asked ??= requestAnimationFrame((now) => {
      this.asked = null;
      this.draw(now);
    });
  }

  draw(now) {
    if (!this.order || !this.width || !this.place) return;
    const strength = this.advance(now);
    const { place, overlay } = this;
    const paper = packed(rgb(getComputedStyle(this.root).getPropertyValue("--tr-card").trim()));
    const thin = Math.min(1, 0.45 + 60 / Math.sqrt(this.data.count)); // many points: each weaker
    const strengths = this.inks.strengths.map((value) => value * thin);
    const radius = this.radius();
    this.points.draw(this.positions, place, {
      order: this.order, kinds: this.kinds, inks: this.inks.inks, strengths, chosen: this.rows.length ? this.marks : null, radius, paper,
    });
    overlay.clear(this.root);
    const still = !this.flight;
    const close = still && this.inSight() <= FEW;
    if (still && (this.photos || close)) overlay.photos(this.near(), place, (i) => this.visible(i) && (close || !this.rows.length || this.marks[i]), this.data.picture);
    if (strength && !this.photos && !close) overlay.names(this.data.landmarks[this.state.when], (x, y) => this.toScreen(x, y), strength);
    if (this.path) overlay.lasso(this.path);
    else if (this.canvas.matches(":focus-visible")) overlay.circle(this.width / 2, this.height / 2, this.circle());
    if (this.hover >= 0 && still) overlay.ring(...this.toScreen(this.positions[2 * this.hover], this.positions[2 * this.hover + 1]), radius);
  }

  /** Points grow as one comes nearer, slower than the plane does. */
  radius() {
    const own = Math.max(0.8, Math.min(3, 0.25 * Math.sqrt((this.width * this.height) / this.data.count)));
    return Math.min(7, own * Math.max(1, this.place.scale / this.least()) ** 0.45);
  }

  circle() {
    return Math.min(this.width, this.height) / 6;
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.place.x) * this.place.scale, this.height / 2 + (y - this.place.y) * this.place.scale];
  }

  toMap(px, py) {
    return [this.place.x + (px - this.width / 2) / this.place.scale, this.place.y + (py - this.height / 2) / this.place.scale];
  }

  /** The points of the map by cells, made when first asked for. */
  near() {
    return (this.cells[this.state.when] ??= new Cells(this.maps[this.state.when]));
  }

  /** How many photos are in sight; counted only where they can be few. */
  inSight() {
    if (this.place.scale < 4 * this.least()) return Infinity;
    let count = 0;
    this.near().within(...this.toMap(0, 0), ...this.toMap(this.width, this.height), (i) => {
      const [px, py] = this.toScreen(this.positions[2 * i], this.positions[2 * i + 1]);
      count += px > 0 && py > 0 && px < this.width && py < this.height && this.visible(i);
    });
    return count;
  }

  // Moving about

  /** Fill the window from the map's top to its bottom edge. */
  tall() {
    const main = this.root.getRootNode().host?.closest('[data-testid="stMain"]');
    const top = this.box.getBoundingClientRect().top + (main ? main.scrollTop : 0);
    this.root.style.setProperty("--height", `${Math.max(420, window.innerHeight - top - 24)}px`);
  }

  resize() {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width || !height) return;
    const fitted = !this.place || this.place.scale <= this.least() * 1.001;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    Object.assign(this, { width, height });
    this.points.resize(width, height, ratio);
    this.overlay.resize(width, height, ratio);
    if (fitted) this.fit();
    else this.redraw();
  }

  /** The scale at which both maps, which lie within [-1, 1], are in sight. */
  least() {
    return Math.min((this.width * 0.96) / this.extent.width, (this.height * 0.96) / this.extent.height);
  }

  /** The scale at which about three photos are in sight. */
  most() {
    return this.least() * Math.max(4, Math.sqrt(this.data.count / 3));
  }

  fit() {
    if (!this.width || !this.maps) return;
    if (this.measured !== this.maps) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (const one of Object.values(this.maps)) {
        for (let k = 0; one && k < one.length; k += 2) {
          box[0] = Math.min(box[0], one[k]);
          box[1] = Math.min(box[1], one[k + 1]);
          box[2] = Math.max(box[2], one[k]);
          box[3] = Math.max(box[3], one[k + 1]);
        }
      }
      this.measured = this.maps;
      this.extent = { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, width: box[2] - box[0] || 1, height: box[3] - box[1] || 1 };
    }
    this.place = { x: this.extent.x, y: this.extent.y, scale: this.least() };
    this.redraw();
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    if (!this.place) return;
    const [x, y] = this.toMap(px, py);
    const scale = Math.min(this.most(), Math.max(this.least(), this.place.scale * factor));
    this.place = { scale, x: x - (px - this.width / 2) / scale, y: y - (py - this.height / 2) / scale };
    this.hold();
    this.redraw();
  }

  /** Keep some of the map in sight. */
  hold() {
    for (const [axis, length] of [["x", "width"], ["y", "height"]]) {
      const free = this.extent[length] / 2;
      this.place[axis] = Math.max(this.extent[axis] - free, Math.min(this.extent[axis] + free, this.place[axis]));
    }
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event.offsetX, event.offsetY);
  }

  drag(what) {
    this.dragging = what;
    this.drags.mark(what);
    this.canvas.classList.toggle("selects", what === "select");
  }

  down(event) {
    if (event.button || !this.place) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = { px: event.offsetX, py: event.offsetY, place: { ...this.place }, far: false };
    this.lassos = this.dragging === "select" || event.shiftKey;
  }

  move(event) {
    const { offsetX, offsetY } = event;
    if (!this.held) {
      if (!this.flight && this.kinds && this.place) this.point(this.under(offsetX, offsetY), event);
      return;
    }
    this.held.far ||= Math.hypot(offsetX - this.held.px, offsetY - this.held.py) > 4;
    if (!this.held.far) return;
    this.point(-1);
    if (this.lassos) {
      this.path ??= [[this.held.px, this.held.py]];
      const [x, y] = this.path.at(-1);
      if (Math.hypot(offsetX - x, offsetY - y) >= 2) this.path.push([offsetX, offsetY]);
    } else {
      this.place.x = this.held.place.x - (offsetX - this.held.px) / this.place.scale;
      this.place.y = this.held.place.y - (offsetY - this.held.py) / this.place.scale;
      this.hold();
    }
    this.redraw();
  }

  up(event) {
    const { far } = this.held || { far: true };
    const path = this.path;
    this.let();
    if (path && path.length > 2) this.within(path, event);
    else if (!far && this.hover >= 0) {
      const address = `${this.data.browse}&photo=${this.hover}`;
      if (event.ctrlKey || event.metaKey) window.open(address, "_blank", "noopener");
      else window.location.assign(address);
    }
  }

  let() {
    this.held = this.path = null;
    this.redraw();
  }

  under(px, py) {
    const reach = Math.max(REACH, this.radius() + 2) / this.place.scale;
    return this.near().nearest(...this.toMap(px, py), reach, (i) => this.visible(i));
  }

  /** Tell the photo under the cursor. */
  point(row, event) {
    if (row === this.hover) return;
    this.hover = row;
    this.canvas.classList.toggle("over-photo", row >= 0);
    this.tip.hidden = row < 0;
    if (row >= 0) {
      const picture = el("img");
      picture.alt = "";
      picture.src = this.data.picture.replace("{row}", row).replace("size=128", "size=256");
      this.tip.replaceChildren(picture);
      const [px, py] = [event.offsetX, event.offsetY];
      this.tip.style.transform = `translate(${px > this.width / 2 ? px - 182 : px + 18}px, ${Math.max(6, Math.min(this.height - 150, py - 60))}px)`;
    }
    this.redraw();
  }

  key(event) {
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!this.place || event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) {
      this.place.x += (step[0] * 60) / this.place.scale;
      this.place.y += (step[1] * 60) / this.place.scale;
      this.hold();
      this.redraw();
    } else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else if (event.key === "0") this.fit();
    else if (event.key === "Escape") this.choose(null);
    else if (event.key === "Enter") {
      const around = Array.from({ length: 64 }, (_, k) => (2 * Math.PI * k) / 64);
      this.within(around.map((turn) => [this.width / 2 + this.circle() * Math.cos(turn), this.height / 2 + this.circle() * Math.sin(turn)]), event);
    } else return;
    event.preventDefault();
  }

  // Selecting

  /** Select the photos within a shape on the screen; with Control or Command besides those that are selected. */
  within(path, { ctrlKey, metaKey }) {
    if (!this.kinds || this.flight) return;
    const marks = new Uint8Array(this.data.count);
    inside(this.positions, Float64Array.from(path.flatMap(([px, py]) => this.toMap(px, py))), marks);
    for (let i = 0; i < marks.length; i++) {
      marks[i] &= this.visible(i);
      if (ctrlKey || metaKey) marks[i] |= this.marks[i];
    }
    this.choose(marks);
  }

  /** Select photos, or none, and let the server say what they have in common. */
  async choose(marks) {
    if (!this.kinds) return;
    this.select(marks ?? new Uint8Array(this.data.count));
    this.state.selection = "";
    const { data, rows } = this;
    const turn = ++this.asking;
    if (!rows.length) {
      if (marks) this.say("No photo lies within this shape.");
      return this.tell();
    }
    const bits = new Uint8Array(Math.ceil(data.count / 8));
    for (const row of rows) bits[row >> 3] |= 1 << (row & 7);
    await this.learn(turn, { method: "POST", body: bits, headers: { "Content-Type": "application/octet-stream" } });
  }

  /** Select again the photos of a name in the address. */
  async recall(name) {
    const turn = ++this.asking;
    await this.learn(turn, {}, `/${encodeURIComponent(name)}`);
  }

  async learn(turn, request, name = "") {
    try {
      const answer = await fetch(`${this.data.address}/selections${name}?precision=${this.data.precision}`, request);
      if (!answer.ok) throw new Error(await answer.text());
      const told = await answer.json();
      if (turn !== this.asking) return;
      if (name) {
        const marks = new Uint8Array(this.data.count);
        for (const row of told.rows) marks[row] = 1;
        this.select(marks);
      }
      this.state.selection = told.name;
      this.chosen.tell(told);
    } catch (error) {
      if (turn !== this.asking) return;
      const words = error instanceof TypeError ? "The app does not answer; is it still running?" : error.message;
      if (name) this.say(words);
      else this.chosen.fail(words);
    }
    this.tell();
  }

  select(marks) {
    this.marks = marks;
    this.rows = [];
    for (let i = 0; i < marks.length; i++) if (marks[i]) this.rows.push(i);
    this.say("");
    this.chosen.show(this.rows, this.data);
    this.sort();
  }

  say(text) {
    this.status.textContent = text;
    this.status.hidden = !text;
  }

  /** Let the address follow once the visitor rests. */
  tell() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { colour, tag, when, selection } = this.state;
      this.report("shown", { colour, tag: colour === "change" ? "" : tag, when: when === "learned" ? "" : when, selection });
    }, 400);
  }

  stop() {
    this.observer.disconnect();
    this.chosen.stop();
    clearInterval(this.clock);
    clearTimeout(this.timer);
    window.removeEventListener("resize", this.onResize);
  }
}

export default (component) => keep(PhotoMap, component);
