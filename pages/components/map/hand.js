// What mouse, finger and keys do on the map: move about, come nearer, point at a photo, draw around photos.

class Hand {
  constructor(canvas, map) {
    Object.assign(this, { canvas, map, place: map.place, path: null, held: null });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.release());
    canvas.addEventListener("pointerleave", () => map.point(-1));
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const kind of ["focus", "blur"]) canvas.addEventListener(kind, () => map.redraw());
    this.drag("move");
  }

  /** What dragging does: "move" or "select"; with Shift it always selects. */
  drag(what) {
    this.dragging = what;
    this.canvas.classList.toggle("selects", what === "select");
  }

  wheel(event) {
    event.preventDefault();
    this.place.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), event.offsetX, event.offsetY);
    this.map.redraw();
  }

  down(event) {
    if (event.button) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.held = { px: event.offsetX, py: event.offsetY, x: this.place.x, y: this.place.y, far: false };
    this.draws = this.dragging === "select" || event.shiftKey;
  }

  move({ offsetX, offsetY }) {
    const { held, map, place } = this;
    if (!held) return map.point(map.under(offsetX, offsetY), offsetX, offsetY);
    held.far ||= Math.hypot(offsetX - held.px, offsetY - held.py) > 4;
    if (!held.far) return;
    map.point(-1);
    if (this.draws) {
      this.path ??= [[held.px, held.py]];
      const [x, y] = this.path.at(-1);
      if (Math.hypot(offsetX - x, offsetY - y) >= 2) this.path.push([offsetX, offsetY]);
    } else place.look(held.x - (offsetX - held.px) / place.scale, held.y - (offsetY - held.py) / place.scale);
    map.redraw();
  }

  up(event) {
    const { path, held, map } = this;
    this.release();
    if (path && path.length > 2) map.within(path, event.ctrlKey || event.metaKey);
    else if (held && !held.far) map.visit(map.under(event.offsetX, event.offsetY), event.ctrlKey || event.metaKey);
  }

  release() {
    this.held = this.path = null;
    this.map.redraw();
  }

  /** Radius of the circle in the middle whose photos Enter selects. */
  circle() {
    return Math.min(this.place.width, this.place.height) / 6;
  }

  key(event) {
    const { map, place } = this;
    const step = { ArrowUp: [0, -60], ArrowDown: [0, 60], ArrowLeft: [-60, 0], ArrowRight: [60, 0] }[event.key];
    const more = event.ctrlKey || event.metaKey;
    if (event.altKey || (more && event.key !== "Enter")) return;
    if (step) place.look(place.x + step[0] / place.scale, place.y + step[1] / place.scale);
    else if (event.key === "+" || event.key === "=") place.zoom(1.5);
    else if (event.key === "-") place.zoom(1 / 1.5);
    else if (event.key === "0") place.fit();
    else if (event.key === "Escape") map.choose(null);
    else if (event.key === "Enter") {
      const turns = Array.from({ length: 64 }, (_, k) => (2 * Math.PI * k) / 64);
      map.within(turns.map((turn) => [place.width / 2 + this.circle() * Math.cos(turn), place.height / 2 + this.circle() * Math.sin(turn)]), more);
    } else return;
    event.preventDefault();
    map.redraw();
  }
}
