// The canvas. The matrix is painted once, cell by pixel, on a hidden canvas; zooming only draws that larger.

const LABEL = 11; // least size of a cell, in pixels, at which names are written
const MARGIN = 96; // room for names

class Matrix {
  constructor(root) {
    this.root = root;
    this.box = el("div", "box");
    this.canvas = el("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.tip = el("div", "tip");
    this.tip.setAttribute("role", "status");
    this.tip.hidden = true;
    const tools = el("div", "tools");
    for (const [text, name, act] of [["+", "Zoom in", () => this.zoom(1.6)], ["−", "Zoom out", () => this.zoom(1 / 1.6)], ["Fit", "Fit all tags in", () => this.fit()]]) {
      const button = el("button", "", text);
      button.type = "button";
      button.setAttribute("aria-label", name);
      button.title = name;
      button.addEventListener("click", act);
      tools.append(button);
    }
    for (const [text, name, act] of [["PNG", "Save as a picture", () => this.picture()], ["CSV", "Save as a table", () => this.table()]]) {
      const button = el("button", "wide", text);
      button.type = "button";
      button.setAttribute("aria-label", `${text}: ${name}`);
      button.title = name;
      button.addEventListener("click", act);
      tools.append(button);
    }
    this.panel = new Panel((pair) => this.pick(pair));
    this.box.append(this.canvas, this.tip, tools);
    root.append(this.box, this.panel.element);
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.up(event));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.box);
    this.cursor = null;
  }

  async update(data, report) {
    this.report = report;
    const old = this.data;
    this.data = data;
    this.count = data.tags.length;
    this.panel.draw(data.panel);
    this.canvas.setAttribute("aria-label", `Similarity of ${this.count} tags. Arrow keys move, plus and minus zoom, Enter selects.`);
    const night = this.root.classList.contains("tr-dark");
    const painted = old && old.address === data.address && String(old.order) === String(data.order) && this.night === night;
    if (!painted) {
      this.night = night;
      if (!old || old.address !== data.address) {
        const answer = await fetch(data.address);
        if (!answer.ok) return this.say("The matrix could not be read. Reload the page.");
        const values = new Uint8Array(await answer.arrayBuffer());
        if (this.data !== data) return;
        this.values = values;
      }
      this.paint();
      if (!old || old.tags.length !== this.count) this.fit();
    }
    const chosen = data.chosen[0];
    if (chosen != null && chosen !== this.shown && chosen !== this.clicked) this.show(chosen);
    this.shown = chosen;
    this.draw();
  }

  say(text) {
    this.tip.textContent = text;
    this.tip.hidden = false;
  }

  /** Paint the cells in the chosen order, one pixel a cell. */
  paint() {
    const { order } = this.data;
    const n = this.count;
    this.place = new Int32Array(n);
    order.forEach((column, place) => (this.place[column] = place));
    const style = getComputedStyle(this.root);
    const [low, high] = ["--tr-card", "--tr-accent"].map((name) => style.getPropertyValue(name).trim().match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16)));
    const top = this.night ? [214, 255, 238] : [10, 50, 38];
    const colours = new Uint32Array(256);
    for (let value = 0; value < 256; value++) {
      const t = Math.sqrt(value / 255); // most similarities are small: the root shows them
      const [from, to, u] = t < 0.7 ? [low, high, t / 0.7] : [high, top, (t - 0.7) / 0.3];
      const [r, g, b] = from.map((part, i) => Math.round(part + (to[i] - part) * u));
      colours[value] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
    this.sheet ??= document.createElement("canvas");
    this.sheet.width = this.sheet.height = n;
    const context = this.sheet.getContext("2d");
    const image = context.createImageData(n, n);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < n; i++) {
      const row = order[i] * n;
      for (let j = 0; j < n; j++) pixels[i * n + j] = colours[this.values[row + order[j]]];
    }
    context.putImageData(image, 0, 0);
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    const side = this.box.clientWidth;
    if (!side) return;
    const height = Math.max(380, Math.min(side, window.innerHeight - 300));
    const fitted = !this.scale || this.scale <= this.least() * 1.001;
    Object.assign(this, { width: side, height });
    this.canvas.width = side * ratio;
    this.canvas.height = height * ratio;
    this.canvas.style.height = `${height}px`;
    this.canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    if (fitted) this.fit();
    else this.draw();
  }

  least() {
    return Math.min(this.width, this.height) / this.count;
  }

  fit() {
    if (!this.width || !this.count) return;
    this.scale = this.least();
    this.x = (this.width - this.scale * this.count) / 2;
    this.y = (this.height - this.scale * this.count) / 2;
    this.draw();
  }

  /** Bring a tag's place on the diagonal to the middle, near enough to read the names around it. */
  show(column) {
    if (!this.place || !this.width) return;
    this.scale = Math.max(this.least(), 18);
    const middle = (this.place[column] + 0.5) * this.scale;
    this.x = (this.width + MARGIN) / 2 - middle;
    this.y = (this.height + MARGIN) / 2 - middle;
    this.hold();
    this.draw();
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const scale = Math.min(48, Math.max(this.least(), this.scale * factor));
    this.x = px - ((px - this.x) * scale) / this.scale;
    this.y = py - ((py - this.y) * scale) / this.scale;
    this.scale = scale;
    this.hold();
    this.draw();
  }

  /** Keep the matrix in sight. */
  hold() {
    const side = this.scale * this.count;
    const margin = this.scale >= LABEL ? MARGIN : 0;
    for (const [axis, length] of [["x", this.width], ["y", this.height]]) {
      this[axis] = side <= length ? (length - side) / 2 : Math.min(margin, Math.max(length - side, this[axis]));
    }
  }

  draw() {
    if (!this.sheet || !this.width || !this.place) return;
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const side = this.scale * this.count;
    context.clearRect(0, 0, this.width, this.height);
    context.imageSmoothingEnabled = this.scale < 1;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.sheet, this.x, this.y, side, side);
    const line = (place, ink, alpha) => {
      const thick = Math.max(1.5, this.scale);
      context.fillStyle = ink;
      context.globalAlpha = alpha;
      context.fillRect(this.x, this.y + place * this.scale, side, thick);
      context.fillRect(this.x + place * this.scale, this.y, thick, side);
      context.globalAlpha = 1;
    };
    for (const column of this.data.chosen) if (column != null) line(this.place[column], "#c08a2d", this.scale > 4 ? 0.28 : 0.75);
    if (this.cursor) {
      const [i, j] = this.cursor;
      context.strokeStyle = colour("--tr-ink");
      context.lineWidth = 1.5;
      const size = Math.max(5, this.scale);
      context.strokeRect(this.x + (j + 0.5) * this.scale - size / 2, this.y + (i + 0.5) * this.scale - size / 2, size, size);
    }
    if (this.scale >= LABEL) this.names(context, colour);
  }

  names(context, colour) {
    const { tags, order, chosen } = this.data;
    context.fillStyle = colour("--tr-card");
    context.fillRect(0, 0, MARGIN - 4, this.height);
    context.fillRect(0, 0, this.width, MARGIN - 4);
    context.textBaseline = "middle";
    const size = Math.min(13, this.scale - 1);
    const write = (place, turned) => {
      const marked = chosen.includes(order[place]) || (this.cursor && this.cursor[turned ? 1 : 0] === place);
      context.fillStyle = colour(marked ? "--tr-ink" : "--tr-soft");
      context.font = `${marked ? 700 : 400} ${size}px ${style}`;
      context.fillText(tags[order[place]], 0, 0, MARGIN - 14);
    };
    const style = getComputedStyle(this.root).fontFamily;
    const range = (start, length) => [Math.max(0, Math.floor((MARGIN - 4 - start) / this.scale)), Math.min(this.count, Math.ceil((length - start) / this.scale))];
    const [top, bottom] = range(this.y, this.height);
    for (let place = top; place < bottom; place++) {
      context.save();
      context.textAlign = "right";
      context.translate(MARGIN - 9, this.y + (place + 0.5) * this.scale);
      write(place, false);
      context.restore();
    }
    const [left, right] = range(this.x, this.width);
    for (let place = left; place < right; place++) {
      context.save();
      context.textAlign = "left";
      context.translate(this.x + (place + 0.5) * this.scale, MARGIN - 9);
      context.rotate(-Math.PI / 2);
      write(place, true);
      context.restore();
    }
    context.fillStyle = colour("--tr-card");
    context.fillRect(0, 0, MARGIN - 4, MARGIN - 4);
  }

  cell(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const [px, py] = [event.clientX - left, event.clientY - top];
    const [i, j] = [Math.floor((py - this.y) / this.scale), Math.floor((px - this.x) / this.scale)];
    return i >= 0 && j >= 0 && i < this.count && j < this.count ? [i, j] : null;
  }

  /** Tell the pair under the cursor. */
  point(cell, event) {
    this.cursor = cell;
    this.tip.hidden = !cell || !this.values;
    if (!this.tip.hidden) {
      const { tags, order, peak } = this.data;
      const [a, b] = [order[cell[0]], order[cell[1]]];
      const value = (this.values[a * this.count + b] / 255) * peak;
      this.tip.textContent = a === b ? tags[a] : `${tags[a]} · ${tags[b]}   ${value.toFixed(2)}`;
      const px = event ? event.offsetX : this.x + (cell[1] + 0.5) * this.scale;
      const py = event ? event.offsetY : this.y + (cell[0] + 0.5) * this.scale;
      this.tip.style.transform = `translate(${Math.min(px + 14, this.width - this.tip.offsetWidth - 6)}px, ${Math.max(4, py - 34)}px)`;
    }
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event.offsetX, event.offsetY);
  }

  down(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { px: event.clientX, py: event.clientY, x: this.x, y: this.y, far: false };
  }

  move(event) {
    if (!this.drag) return this.point(this.cell(event), event);
    const [dx, dy] = [event.clientX - this.drag.px, event.clientY - this.drag.py];
    this.drag.far ||= Math.hypot(dx, dy) > 4;
    if (!this.drag.far) return;
    this.x = this.drag.x + dx;
    this.y = this.drag.y + dy;
    this.hold();
    this.tip.hidden = true;
    this.draw();
  }

  up(event) {
    const { far } = this.drag || {};
    this.drag = null;
    const cell = this.cell(event);
    if (!far && cell) this.pick(cell.map((place) => this.data.order[place]));
  }

  pick(pair) {
    this.clicked = pair[0];
    // A counter makes a second click on the same cell news.
    this.report("picked", { pair: pair[0] === pair[1] ? [pair[0], null] : pair, count: (this.picks = (this.picks || 0) + 1) });
  }

  key(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (step) {
      const from = this.cursor ?? [0, 0];
      const cell = from.map((place, axis) => Math.max(0, Math.min(this.count - 1, place + step[axis])));
      const margin = this.scale >= LABEL ? MARGIN : 0;
      const px = this.x + (cell[1] + 0.5) * this.scale;
      const py = this.y + (cell[0] + 0.5) * this.scale;
      if (px < margin || px > this.width) this.x += this.width / 2 - px;
      if (py < margin || py > this.height) this.y += this.height / 2 - py;
      this.hold();
      this.point(cell);
    } else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter" && this.cursor) this.pick(this.cursor.map((place) => this.data.order[place]));
    else return;
    event.preventDefault();
  }

  /** Save what is seen as a picture: on white paper, in light colors, under a title. */
  picture() {
    if (!this.values) return;
    const [screen, night, cursor] = [this.canvas, this.night, this.cursor];
    const [ratio, top] = [2, 64];
    const paper = document.createElement("canvas");
    paper.width = this.width * ratio;
    paper.height = (this.height + top) * ratio;
    const light = document.createElement("div"); // has the light colors, whatever the page has
    this.root.parentNode.append(light);
    const root = this.root;
    Object.assign(this, { root: light, night: false, cursor: null });
    try {
      this.paint();
      this.canvas = document.createElement("canvas");
      this.canvas.width = this.width * ratio;
      this.canvas.height = this.height * ratio;
      this.canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
      this.draw();
      const context = paper.getContext("2d");
      context.fillStyle = "#ffffff";
      context.fillRect(0, 0, paper.width, paper.height);
      context.drawImage(this.canvas, 0, top * ratio);
      heading(context, ratio, "Which tags go together", this.data.about);
    } finally {
      light.remove();
      Object.assign(this, { root, night, cursor, canvas: screen });
      this.paint();
      this.draw();
    }
    paper.toBlob((blob) => save(blob, "tags-together.png"));
  }

  /** Save all pairs that are alike at all, the tags in the order shown. */
  table() {
    if (!this.values) return;
    const { tags, order, peak } = this.data;
    const cell = (text) => `"${text.replaceAll('"', '""')}"`;
    const lines = ["tag,other,similarity\n"];
    for (let i = 0; i < this.count; i++)
      for (let j = i + 1; j < this.count; j++) {
        const value = this.values[order[i] * this.count + order[j]];
        if (value) lines.push(`${cell(tags[order[i]])},${cell(tags[order[j]])},${((value / 255) * peak).toFixed(3)}\n`);
      }
    save(new Blob(lines, { type: "text/csv" }), "tags-together.csv");
  }

  stop() {
    this.observer.disconnect();
  }
}

export default (component) => keep(Matrix, component);
