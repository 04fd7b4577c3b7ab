// Points in the plane: which lie in a drawn shape, which is nearest. Positions are x, y, x, y, ...

/** Mark the points inside a polygon (x, y, x, y, ...; even-odd rule); return how many. */
function inside(positions, polygon, marks) {
  const corners = polygon.length / 2;
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let c = 0; c < corners; c++) {
    left = Math.min(left, polygon[2 * c]);
    right = Math.max(right, polygon[2 * c]);
    top = Math.min(top, polygon[2 * c + 1]);
    bottom = Math.max(bottom, polygon[2 * c + 1]);
  }
  marks.fill(0);
  if (!(bottom > top)) return 0;
  // Each point asks only the sides that cross its band of heights.
  const bands = 256;
  const band = (y) => Math.min(bands - 1, Math.floor(((y - top) / (bottom - top)) * bands));
  const sides = Array.from({ length: bands }, () => []);
  for (let c = 0, before = corners - 1; c < corners; before = c++) {
    const [y, other] = [polygon[2 * c + 1], polygon[2 * before + 1]];
    for (let b = band(Math.min(y, other)); b <= band(Math.max(y, other)); b++) sides[b].push(c, before);
  }
  let count = 0;
  for (let i = 0; 2 * i < positions.length; i++) {
    const [x, y] = [positions[2 * i], positions[2 * i + 1]];
    if (x < left || x > right || y < top || y > bottom) continue;
    const near = sides[band(y)];
    let within = 0;
    for (let s = 0; s < near.length; s += 2) {
      const [a, b] = [2 * near[s], 2 * near[s + 1]];
      if (polygon[a + 1] > y !== polygon[b + 1] > y && x < ((polygon[b] - polygon[a]) * (y - polygon[a + 1])) / (polygon[b + 1] - polygon[a + 1]) + polygon[a]) within ^= 1;
    }
    marks[i] = within;
    count += within;
  }
  return count;
}

/** The points of a plane by cells, so that those near a place are found at once. */
class Cells {
  constructor(positions) {
    this.positions = positions;
    const count = positions.length / 2;
    this.side = Math.max(1, Math.min(512, Math.round(Math.sqrt(count / 4))));
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < count; i++) {
      left = Math.min(left, positions[2 * i]);
      right = Math.max(right, positions[2 * i]);
      top = Math.min(top, positions[2 * i + 1]);
      bottom = Math.max(bottom, positions[2 * i + 1]);
    }
    Object.assign(this, { left, top, width: Math.max(right - left, bottom - top, 1e-9) / this.side });
    this.starts = new Uint32Array(this.side * this.side + 1);
    const cell = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      cell[i] = this.at(positions[2 * i + 1], this.top) * this.side + this.at(positions[2 * i], this.left);
      this.starts[cell[i] + 1]++;
    }
    for (let c = 0; c < this.side * this.side; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.rows = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.rows[next[cell[i]]++] = i;
  }

  at(value, start) {
    return Math.max(0, Math.min(this.side - 1, Math.floor((value - start) / this.width)));
  }

  /** Call `see` with each point of a rectangle's cells; some lie just outside. */
  within(left, top, right, bottom, see) {
    const [first, last] = [this.at(left, this.left), this.at(right, this.left)];
    for (let y = this.at(top, this.top); y <= this.at(bottom, this.top); y++) {
      for (let k = this.starts[y * this.side + first]; k < this.starts[y * this.side + last + 1]; k++) see(this.rows[k]);
    }
  }

  /** The point nearest to a place, not farther than `reach`, among those that `counts` says count; -1 when there is none. */
  nearest(x, y, reach, counts) {
    let [best, found] = [reach * reach, -1];
    this.within(x - reach, y - reach, x + reach, y + reach, (i) => {
      const far = (this.positions[2 * i] - x) ** 2 + (this.positions[2 * i + 1] - y) ** 2;
      if (far <= best && counts(i)) [best, found] = [far, i];
    });
    return found;
  }
}
