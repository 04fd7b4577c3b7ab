// Points painted pixel by pixel: 200,000 of them in some milliseconds, the same on every machine, with or without a graphics card.

/** The points to paint: what stands out over what does not (by number where that is a measure), chosen ones over all. */
function ordered(kinds, chosen, hidden, measure) {
  const shown = Array.from({ length: 256 }, (_, kind) => !hidden.has(kind));
  const rank = (i) => (chosen?.[i] ? 256 : 0) + (measure ? kinds[i] : kinds[i] ? 1 : 0);
  const next = new Uint32Array(513);
  for (let i = 0; i < kinds.length; i++) if (shown[kinds[i]]) next[rank(i) + 1]++;
  for (let r = 0; r < 512; r++) next[r + 1] += next[r];
  const order = new Uint32Array(next[512]);
  for (let i = 0; i < kinds.length; i++) if (shown[kinds[i]]) order[next[rank(i)]++] = i;
  return order;
}

class Points {
  constructor(canvas) {
    this.canvas = canvas;
    this.stamps = new Map();
  }

  resize(width, height, ratio) {
    Object.assign(this, { ratio, width: Math.round(width * ratio), height: Math.round(height * ratio) });
    this.canvas.width = this.width;
    this.canvas.height = this.height;
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.image = this.context.createImageData(this.width, this.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /**
   * Paint points.
   *
   * `place` turns positions into pixels of the page (x, y of the middle, scale); `order` holds the points to paint, the last on top;
   * `inks` (0xBBGGRR) and `strengths` (0 to 256) are by `kinds[point]`; where some are `chosen` these stand out and the others are faint.
   */
  draw(positions, place, { order, kinds, inks, strengths, chosen, radius, paper }) {
    const { width, height, pixels, ratio } = this;
    pixels.fill(0xff000000 | paper);
    const scale = place.scale * ratio;
    const [shiftX, shiftY] = [width / 2 - place.x * scale, height / 2 - place.y * scale];
    const { reach, masks } = this.stamp(radius * ratio);
    const side = 2 * reach + 1;
    for (let k = 0; k < order.length; k++) {
      const i = order[k];
      const x = positions[2 * i] * scale + shiftX;
      const y = positions[2 * i + 1] * scale + shiftY;
      const [column, row] = [Math.floor(x), Math.floor(y)];
      if (column < -reach || row < -reach || column >= width + reach || row >= height + reach) continue;
      const mask = masks[((y - row) * 4) | 0][((x - column) * 4) | 0];
      const ink = inks[kinds[i]];
      let strength = strengths[kinds[i]];
      if (chosen) strength = chosen[i] ? Math.min(256, 1.7 * strength) : strength >> 2;
      const [red, green] = [ink & 0xff00ff, ink & 0xff00];
      for (let dy = 0; dy < side; dy++) {
        const line = row + dy - reach;
        if (line < 0 || line >= height) continue;
        for (let dx = 0; dx < side; dx++) {
          const part = (mask[dy * side + dx] * strength) >> 8;
          const at = column + dx - reach;
          if (!part || at < 0 || at >= width) continue;
          const under = pixels[line * width + at];
          const rest = 256 - part;
          // Red and blue at once: eight free bits lie between them.
          const odd = (((red * part + (under & 0xff00ff) * rest) / 256) & 0xff00ff) >>> 0;
          pixels[line * width + at] = (0xff000000 | odd | (((green * part + (under & 0xff00) * rest) >>> 8) & 0xff00)) >>> 0;
        }
      }
    }
    this.context.putImageData(this.image, 0, 0);
  }

  /** How much of each pixel a disc covers (0 to 255), for 4 x 4 places of its middle within a pixel. */
  stamp(radius) {
    const size = Math.max(0.6, Math.round(radius * 10) / 10);
    if (!this.stamps.has(size)) {
      const reach = Math.ceil(size + 0.5);
      const side = 2 * reach + 1;
      const masks = [0, 1, 2, 3].map((down) =>
        [0, 1, 2, 3].map((across) => {
          const mask = new Uint8Array(side * side);
          for (let y = 0; y < side; y++) {
            for (let x = 0; x < side; x++) {
              const far = Math.hypot(x + 0.5 - reach - (across + 0.5) / 4, y + 0.5 - reach - (down + 0.5) / 4);
              mask[y * side + x] = 255 * Math.max(0, Math.min(1, size + 0.5 - far));
            }
          }
          return mask;
        }),
      );
      this.stamps.set(size, { reach, masks });
    }
    return this.stamps.get(size);
  }
}
