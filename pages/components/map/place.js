// Where one looks: the middle of the view in the plane of the map, and how many pixels its unit is.

class Place {
  constructor() {
    Object.assign(this, { x: 0, y: 0, scale: 0, width: 0, height: 0, count: 1, extent: { x: 0, y: 0, width: 2, height: 2 } });
  }

  /** Take maps (x, y, x, y, ...) that all have to be in sight at once. */
  measure(maps) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const one of maps) {
      this.count = one.length / 2;
      for (let k = 0; k < one.length; k += 2) {
        box[0] = Math.min(box[0], one[k]);
        box[1] = Math.min(box[1], one[k + 1]);
        box[2] = Math.max(box[2], one[k]);
        box[3] = Math.max(box[3], one[k + 1]);
      }
    }
    this.extent = { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2, width: box[2] - box[0] || 1, height: box[3] - box[1] || 1 };
    this.fit();
  }

  resize(width, height) {
    const fitted = this.scale <= this.least() * 1.001;
    Object.assign(this, { width, height });
    if (fitted) this.fit();
  }

  /** The scale at which all photos are in sight. */
  least() {
    return Math.min((this.width * 0.96) / this.extent.width, (this.height * 0.96) / this.extent.height);
  }

  /** The scale at which few photos are in sight, on average. */
  most() {
    return this.least() * Math.max(4, Math.sqrt(this.count / 3));
  }

  /** How many times larger everything is than where all is in sight. */
  get near() {
    return Math.max(1, this.scale / this.least());
  }

  fit() {
    Object.assign(this, { x: this.extent.x, y: this.extent.y, scale: this.least() });
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [x, y] = this.toMap(px, py);
    this.scale = Math.min(this.most(), Math.max(this.least(), this.scale * factor));
    this.look(x - (px - this.width / 2) / this.scale, y - (py - this.height / 2) / this.scale);
  }

  /** Look at a place, but keep some of the map in sight. */
  look(x, y) {
    const held = (value, middle, size) => Math.max(middle - size / 2, Math.min(middle + size / 2, value));
    this.x = held(x, this.extent.x, this.extent.width);
    this.y = held(y, this.extent.y, this.extent.height);
  }

  toScreen(x, y) {
    return [this.width / 2 + (x - this.x) * this.scale, this.height / 2 + (y - this.y) * this.scale];
  }

  toMap(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, this.y + (py - this.height / 2) / this.scale];
  }
}
