// The photo as large as the screen, and what else one can do with it: zoom, the next one, photos like it.

const MOST = 12; // times as large as it fits

/** The buttons below the large picture of the panel, which is enlarged by a click. */
function viewer(photo, picture, actions) {
  picture.addEventListener("click", () => actions.enlarge(photo));
  const tools = el("div", "tools");
  for (const [tool, text, words, press] of [
    ["previous", "‹", "Previous photo (←)", () => actions.step(-1)],
    ["next", "›", "Next photo (→)", () => actions.step(1)],
    ["enlarge", "Enlarge", "As large as the screen", () => actions.enlarge(photo)],
    ["like", "Photos like this one", "Order all photos by how much they look like this one", () => actions.like(photo)],
  ]) {
    const one = button(text, press);
    one.dataset.tool = tool;
    one.title = words;
    if (text.length === 1) one.setAttribute("aria-label", words.replace(/ \(.*/, ""));
    tools.append(one);
  }
  return tools;
}

class Lightbox {
  /** `step` opens the photo before or after the one that is shown. */
  constructor(step) {
    this.step = step;
    this.element = el("dialog", "lightbox");
    this.element.setAttribute("aria-label", "The photo as large as the screen");
    this.image = el("img");
    this.image.draggable = false;
    this.name = el("span", "name");
    const bar = el("div", "bar-of-buttons");
    for (const [sign, words, press] of [
      ["‹", "Previous photo (←)", () => step(-1)],
      ["›", "Next photo (→)", () => step(1)],
      ["−", "Smaller (-)", () => this.zoom(1 / 1.5)],
      ["+", "Larger (+)", () => this.zoom(1.5)],
      ["fit", "Whole photo (0)", () => this.fit()],
      ["Esc", "Close (Esc)", () => this.element.close()],
    ]) {
      const one = button(sign, press);
      one.title = words;
      one.setAttribute("aria-label", words.replace(/ \(.*/, ""));
      bar.append(one);
    }
    const top = el("div", "top");
    top.append(this.name, bar);
    this.element.append(this.image, top);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
    }, { passive: false });
    this.image.addEventListener("dblclick", (event) => (this.scale > 1 ? this.fit() : this.zoom(3, event.clientX, event.clientY)));
    this.image.addEventListener("pointerdown", (event) => {
      this.image.setPointerCapture(event.pointerId);
      this.from = [event.clientX - this.x, event.clientY - this.y];
    });
    this.image.addEventListener("pointermove", (event) => {
      if (!this.from || this.scale === 1) return;
      [this.x, this.y] = [event.clientX - this.from[0], event.clientY - this.from[1]];
      this.place();
    });
    for (const name of ["pointerup", "pointercancel"]) this.image.addEventListener(name, () => (this.from = null));
  }

  get open() {
    return this.element.open;
  }

  /** Show a photo: at once what the panel has of it, then the original. */
  show(photo) {
    if (!this.element.open) this.element.showModal();
    this.name.textContent = photo.file;
    this.image.alt = `Photo ${photo.file}`;
    this.image.src = photo.picture;
    this.fit();
    const original = new Image();
    this.wanted = photo.original;
    original.onload = () => this.wanted === photo.original && (this.image.src = photo.original);
    original.src = photo.original;
  }

  fit() {
    Object.assign(this, { scale: 1, x: 0, y: 0 });
    this.place();
  }

  /** Grow by a factor around a point of the screen, by default its middle: what is there stays there. */
  zoom(factor, clientX = innerWidth / 2, clientY = innerHeight / 2) {
    const scale = Math.min(MOST, Math.max(1, this.scale * factor));
    const [dx, dy] = [clientX - innerWidth / 2, clientY - innerHeight / 2];
    this.x = dx - ((dx - this.x) * scale) / this.scale;
    this.y = dy - ((dy - this.y) * scale) / this.scale;
    this.scale = scale;
    this.place();
  }

  place() {
    const [wide, high] = [(innerWidth * (this.scale - 1)) / 2, (innerHeight * (this.scale - 1)) / 2];
    this.x = Math.min(wide, Math.max(-wide, this.x));
    this.y = Math.min(high, Math.max(-high, this.y));
    this.image.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.image.style.cursor = this.scale > 1 ? "grab" : "zoom-in";
  }

  key(event) {
    event.stopPropagation(); // what is behind it does not hear them
    const press = { ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), "+": () => this.zoom(1.5), "=": () => this.zoom(1.5), "-": () => this.zoom(1 / 1.5), 0: () => this.fit() }[event.key];
    if (!press) return; // Escape closes a dialog by itself
    event.preventDefault();
    press();
  }
}
