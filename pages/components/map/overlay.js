// What lies over the points: names of places, photos, the lasso, the photo under the cursor.

const KEPT_PICTURES = 600;

class Overlay {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.pictures = new Map();
  }

  resize(width, height, ratio) {
    Object.assign(this, { width, height });
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context = this.canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  clear(root) {
    this.context.clearRect(0, 0, this.width, this.height);
    const style = getComputedStyle(root);
    this.font = style.fontFamily;
    this.colour = (name) => style.getPropertyValue(name).trim();
  }

  /** Write names of places, the best first, where they do not cover each other. */
  names(landmarks, toScreen, strength) {
    const { context } = this;
    const taken = [];
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.globalAlpha = strength;
    landmarks.forEach(([name, x, y], place) => {
      const [px, py] = toScreen(x, y);
      if (px < 20 || py < 14 || px > this.width - 20 || py > this.height - 14) return;
      const size = place < 8 ? 18 : place < 24 ? 15.5 : 13.5;
      context.font = `650 ${size}px ${this.font}`;
      const half = context.measureText(name).width / 2;
      const box = [px - half - 12, py - size / 2 - 9, px + half + 12, py + size / 2 + 9];
      if (taken.some(([left, top, right, bottom]) => box[0] < right && left < box[2] && box[1] < bottom && top < box[3])) return;
      taken.push(box);
      context.lineWidth = 4.5;
      context.strokeStyle = this.colour("--tr-card");
      context.strokeText(name, px, py);
      context.fillStyle = this.colour("--tr-ink");
      context.fillText(name, px, py);
    });
    context.globalAlpha = 1;
  }

  /** Show one photo for each square of about `size` pixels that has any; squares stay where they are while one moves about. */
  photos(cells, place, size, counts, address) {
    const unit = size / 2 ** (Math.round(Math.log2(place.scale) * 2) / 2); // squares change in steps of zoom
    const side = unit * place.scale;
    const [left, top] = [place.x - this.width / 2 / place.scale, place.y - this.height / 2 / place.scale];
    const first = [Math.floor(left / unit), Math.floor(top / unit)];
    const best = new Map();
    cells.within(left - unit, top - unit, left + this.width / place.scale + unit, top + this.height / place.scale + unit, (i) => {
      const [x, y] = [Math.floor(cells.positions[2 * i] / unit) - first[0], Math.floor(cells.positions[2 * i + 1] / unit) - first[1]];
      if (x < -1 || y < -1 || x > 200 || y > 200) return;
      const key = y * 1000 + x;
      if (counts(i) && !(best.get(key) < i)) best.set(key, i);
    });
    for (const [key, row] of best) {
      const y = Math.round(key / 1000);
      const x = key - y * 1000;
      const [px, py] = [((first[0] + x) * unit - left) * place.scale, ((first[1] + y) * unit - top) * place.scale];
      this.photo(row, px + 1.5, py + 1.5, side - 3, address);
    }
  }

  photo(row, x, y, side, address) {
    const picture = this.picture(row, address);
    if (!picture.naturalWidth) return;
    const cut = Math.min(picture.naturalWidth, picture.naturalHeight);
    this.context.drawImage(picture, (picture.naturalWidth - cut) / 2, (picture.naturalHeight - cut) / 2, cut, cut, x, y, side, side);
  }

  /** The picture of a row, asked for once; those not seen for longest go. */
  picture(row, address) {
    let picture = this.pictures.get(row);
    if (!picture) {
      picture = new Image();
      picture.onload = this.changed;
      picture.src = address.replace("{row}", row);
    }
    this.pictures.delete(row);
    this.pictures.set(row, picture);
    if (this.pictures.size > KEPT_PICTURES) this.pictures.delete(this.pictures.keys().next().value);
    return picture;
  }

  lasso(path) {
    const { context } = this;
    context.beginPath();
    path.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    this.outline();
  }

  circle(x, y, radius) {
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.outline();
  }

  outline() {
    const { context } = this;
    context.globalAlpha = 0.12;
    context.fillStyle = this.colour("--tr-accent");
    context.fill("evenodd");
    context.globalAlpha = 1;
    context.lineWidth = 2;
    context.setLineDash([6, 4]);
    context.strokeStyle = this.colour("--tr-accent");
    context.stroke();
    context.setLineDash([]);
  }

  ring(x, y, radius) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius + 3, 0, 2 * Math.PI);
    context.lineWidth = 2;
    context.strokeStyle = this.colour("--tr-ink");
    context.stroke();
  }
}
