// The map: what is shown, and what is selected. No run of the page is needed for any of it.

const REACH = 9; // how near the cursor has to come to a photo, in pixels
const FEW = 60; // photos in sight that are shown as photos, not as points

class PhotoMap {
  constructor(root) {
    this.root = root;
    this.place = new Place();
    this.hidden = new Set();
    this.hover = -1;
    this.asking = 0; // the last question about a selection
    this.turn = 0; // the last question about colours
    this.build();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.box);
    this.onResize = () => this.tall();
    window.addEventListener("resize", this.onResize);
  }

  build() {
    this.bar = new Bar({
      show: (changed) => this.show(changed),
      refuse: (word) => this.say(`“${word}” is no tag of these photos.`),
      toggle: (kind) => this.hide(kind),
    });
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
    this.status.hidden = true;
    this.hand = new Hand(this.canvas, this);
    this.box.append(
      tools(this.hand, this.place, (change) => {
        Object.assign(this, change);
        this.redraw();
      }),
    );
    this.chosen = new Chosen(() => this.choose(null), () => this.kinds && this.paintBy());
    const stage = el("div", "stage");
    stage.append(this.box, this.chosen.element);
    this.note = el("p", "note soft");
    this.root.append(this.bar.element, stage, this.note);
  }

  // What is shown

  async update(data) {
    const old = this.data;
    this.data = data;
    this.chosen.open(data);
    this.tall();
    const night = this.root.classList.contains("tr-dark");
    const turned = night !== this.night;
    this.night = night;
    if (!old || JSON.stringify(old.maps) !== JSON.stringify(data.maps)) await this.open(old && old.collection === data.collection ? this.state : data.shown);
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
    this.cells = {};
    this.marks = new Uint8Array(data.count);
    this.rows = [];
    this.chosen.show([]);
    this.bar.offer(data.tags, this.maps.frozen);
    const when = state.when === "frozen" && this.maps.frozen ? "frozen" : "learned";
    const first = data.landmarks[when][0]?.[0] ?? data.tags[0] ?? "";
    this.state = { colour: KINDS[state.colour] ? state.colour : "tag", tag: data.tags.includes(state.tag) ? state.tag : first, when, selection: "" };
    this.positions = this.maps[when];
    this.bar.mark(this.state);
    this.note.textContent = data.notes[when];
    this.canvas.setAttribute(
      "aria-label",
      `Map of ${number(data.count)} photos. Arrow keys move, plus and minus zoom, 0 shows all, Enter selects the photos in the circle in the middle, Escape selects none.`,
    );
    this.place.measure(Object.values(this.maps).filter(Boolean));
    this.kinds = new Uint8Array(data.count);
    this.painted = "tag";
    this.counts = null;
    this.sort(); // grey until colours come
    await this.paintBy();
    if (state.tag && state.tag !== this.state.tag) this.say(`“${state.tag}” is no tag of these photos.`);
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
    this.bar.mark(this.state);
    if (this.state.colour !== before.colour) this.hidden.clear();
    if (changed.when && changed.when !== before.when) this.fly(changed.when);
    else await this.paintBy();
    this.tell();
  }

  /** Ask for the number of each photo that says its colour. */
  async paintBy() {
    const { colour, tag } = this.state;
    const query = new URLSearchParams({ by: colour, tag, precision: this.data.precision });
    const turn = ++this.turn;
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

  hide(kind) {
    if (!this.hidden.delete(kind)) this.hidden.add(kind);
    this.sort();
  }

  visible(row) {
    return !this.hidden.has(this.kinds[row]);
  }

  /** Order the points anew, after other colours or another selection. */
  sort() {
    if (!this.kinds) return;
    this.order = ordered(this.kinds, this.rows.length ? this.marks : null, this.hidden, this.painted === "probability");
    this.inks = inksOf(this.painted, this.night);
    if (this.counts) this.bar.legend.draw(this.painted, this.night, this.counts, this.hidden);
    this.redraw();
  }

  /** Move every photo from one map to the other. */
  fly(when) {
    this.note.textContent = this.data.notes[when];
    if (calm()) this.positions = this.maps[when];
    else this.flight = new Flight(this.positions, this.maps[when]);
    this.point(-1);
    this.redraw();
  }

  /** Let a flight go on; return how strongly names are written. */
  advance(moment) {
    if (!this.flight) return 1;
    const time = this.flight.advance(moment);
    this.positions = time < 1 ? this.flight.now : this.flight.to;
    if (time === 1) this.flight = null;
    else this.redraw();
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
    if (!this.order || !this.place.width) return;
    const strength = this.advance(now);
    const { place, overlay } = this;
    const paper = packed(rgb(getComputedStyle(this.root).getPropertyValue("--tr-card").trim()));
    const thin = Math.min(1, 0.45 + (60 * place.near) / Math.sqrt(this.data.count)); // many points: each weaker
    const strengths = this.inks.strengths.map((value) => value * thin);
    const radius = this.radius();
    this.points.draw(this.positions, place, {
      order: this.order, kinds: this.kinds, inks: this.inks.inks, strengths, chosen: this.rows.length ? this.marks : null, radius, paper,
    });
    overlay.clear(this.root);
    const still = !this.flight;
    const close = still && this.inSight() <= FEW;
    if (still && (this.photos || close)) overlay.photos(this.near(), place, close ? 104 : 58, (i) => this.visible(i) && (close || !this.rows.length || this.marks[i]), this.data.picture);
    if (strength && !this.photos && !close) overlay.names(this.data.landmarks[this.state.when], (x, y) => place.toScreen(x, y), strength);
    if (this.hand.path) overlay.lasso(this.hand.path);
    else if (this.canvas.matches(":focus-visible")) overlay.circle(place.width / 2, place.height / 2, this.hand.circle());
    if (this.hover >= 0 && still) overlay.ring(...place.toScreen(this.positions[2 * this.hover], this.positions[2 * this.hover + 1]), radius);
  }

  /** Points grow as one comes nearer, slower than the plane does. */
  radius() {
    const own = Math.max(0.8, Math.min(3, 0.25 * Math.sqrt((this.place.width * this.place.height) / this.data.count)));
    return Math.min(7, own * this.place.near ** 0.45);
  }

  /** The points of the map by cells, made when first asked for. */
  near() {
    return (this.cells[this.state.when] ??= new Cells(this.maps[this.state.when]));
  }

  /** How many photos are in sight; counted only where they can be few. */
  inSight() {
    const { place } = this;
    if (place.near < 4) return Infinity;
    let count = 0;
    this.near().within(...place.toMap(0, 0), ...place.toMap(place.width, place.height), (i) => {
      const [px, py] = place.toScreen(this.positions[2 * i], this.positions[2 * i + 1]);
      count += px > 0 && py > 0 && px < place.width && py < place.height && this.visible(i);
    });
    return count;
  }

  /** Fill the window from the map's top to its bottom edge. */
  tall() {
    const main = this.root.getRootNode().host?.closest('[data-testid="stMain"]');
    const top = this.box.getBoundingClientRect().top + (main ? main.scrollTop : 0);
    this.root.style.setProperty("--height", `${Math.max(420, window.innerHeight - top - 48)}px`);
  }

  resize() {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width || !height) return;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.points.resize(width, height, ratio);
    this.overlay.resize(width, height, ratio);
    this.place.resize(width, height);
    this.redraw();
  }

  // One photo

  /** The photo at a pixel, -1 when there is none. */
  under(px, py) {
    if (this.flight || !this.kinds) return -1;
    const reach = Math.max(REACH, this.radius() + 2) / this.place.scale;
    return this.near().nearest(...this.place.toMap(px, py), reach, (i) => this.visible(i));
  }

  /** Show a photo beside the cursor, or none. */
  point(row, px, py) {
    if (row === this.hover) return;
    this.hover = row;
    this.canvas.classList.toggle("over-photo", row >= 0);
    this.tip.hidden = row < 0;
    if (row >= 0) {
      const picture = el("img");
      picture.alt = "";
      picture.src = this.data.picture.replace("{row}", row).replace("size=128", "size=256");
      this.tip.replaceChildren(picture);
      const { width, height } = this.place;
      this.tip.style.transform = `translate(${px > width / 2 ? px - 182 : px + 18}px, ${Math.max(6, Math.min(height - 160, py - 60))}px)`;
    }
    this.redraw();
  }

  /** Open a photo in Browse, here or in a tab of its own. */
  visit(row, apart) {
    if (row < 0) return;
    const address = `${this.data.browse}&photo=${row}`;
    if (apart) window.open(address, "_blank", "noopener");
    else window.location.assign(address);
  }

  // Selecting

  /** Select the photos within a shape on the screen, or `more` of them than those that are selected. */
  within(path, more) {
    if (!this.kinds || this.flight) return;
    const marks = new Uint8Array(this.data.count);
    inside(this.positions, Float64Array.from(path.flatMap(([px, py]) => this.place.toMap(px, py))), marks);
    for (let i = 0; i < marks.length; i++) {
      marks[i] &= this.visible(i);
      if (more) marks[i] |= this.marks[i];
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
    this.chosen.show(this.rows);
    this.sort();
  }

  say(text) {
    this.status.textContent = text;
    this.status.hidden = !text;
  }

  /** Let the address follow, without a run of the page. */
  tell() {
    const { colour, tag, when, selection } = this.state;
    if (this.root.isConnected) inAddress({ colour, tag: colour === "change" ? "" : tag, when: when === "learned" ? "" : when, selection });
  }

  stop() {
    this.observer.disconnect();
    this.chosen.stop();
    window.removeEventListener("resize", this.onResize);
  }
}

export default (component) => keep(PhotoMap, component);
