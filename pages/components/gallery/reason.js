// Why a tag: four signed bars that sum to the score, look-alikes with those that carry it first, and where in the photo it is seen.

const LOOK_ALIKES = 6; // in one line

/** A part in log-odds, signed, with one digit. */
function signed(value) {
  const digits = Math.abs(value).toFixed(1);
  return digits === "0.0" ? digits : `${value < 0 ? "\u2212" : "+"}${digits}`;
}

class Reason {
  /** `open` opens another photo; `where` shows where a tag is seen, or hides it again, and resolves to whether it is shown. */
  constructor(open, where) {
    this.open = open;
    this.where = where;
    this.element = el("section", "why");
    this.element.setAttribute("aria-live", "polite");
    this.element.setAttribute("aria-label", "Why this tag");
  }

  say(message) {
    this.element.replaceChildren(el("p", "soft", message));
  }

  draw(told) {
    const title = el("h3");
    title.append("Why ", told.state === "absent" ? `not ${told.tag}` : tagChip(told), "?");
    const most = Math.max(1, ...told.parts.map((part) => Math.abs(part.value)));
    const parts = el("div", "parts");
    parts.append(...told.parts.map((part) => this.part(part, most)));
    const sum = el("div", "part sum");
    const means = told.calibrated ? "probability" : "how likely the network finds it";
    sum.append(el("span", "", "together"), el("span", "soft", `${means} ${percent(told.score)}`), el("span", "value", signed(told.total)));
    sum.title = "The parts are log-odds: a probability of 50 % is 0, each step of 0.7 doubles the odds.";
    parts.append(sum);
    this.element.replaceChildren(title, el("p", "", told.sentence), parts, ...this.alike(told), this.answers(told));
  }

  part({ words, value }, most) {
    const row = el("div", "part");
    const track = el("span", "track");
    const fill = el("span", `fill ${value < 0 ? "against" : "for"}`);
    fill.style.width = `${(50 * Math.abs(value)) / most}%`;
    track.append(fill);
    const name = el("span", "words", words);
    name.title = words;
    row.append(name, track, el("span", "value", signed(value)));
    return row;
  }

  alike(told) {
    if (!told.look_alikes.length) return [];
    const list = el("div", "thumbs");
    for (const photo of told.look_alikes.slice(0, LOOK_ALIKES)) {
      const thumb = thumbnail(photo, this.open);
      thumb.classList.toggle("other", !photo.carries);
      thumb.title = `${photo.file}: ${photo.carries ? "carries" : "does not carry"} ${told.tag}`;
      thumb.setAttribute("aria-label", `Open ${thumb.title}`);
      list.append(thumb);
    }
    const some = told.look_alikes.some((photo) => photo.carries);
    return [el("p", "soft small", some ? "Look-alikes, those that carry it first" : "Look-alikes: none carries it"), list];
  }

  /** The place of the answers to "does it fit?", and of the switch that shows where the tag is seen. */
  answers({ tag }) {
    const answers = el("div", "answers");
    const where = el("button", "ask", "Where in the photo?");
    where.type = "button";
    where.setAttribute("aria-pressed", "false");
    where.addEventListener("click", async () => {
      where.textContent = "Looking … the first time takes some seconds";
      where.disabled = true;
      where.setAttribute("aria-pressed", await this.where(tag));
      where.disabled = false;
      where.textContent = "Where in the photo?";
    });
    answers.append(where);
    return answers;
  }
}

/** A small photo that opens. */
function thumbnail(photo, open) {
  const button = el("button", "thumb");
  button.type = "button";
  button.setAttribute("aria-label", `Open ${photo.file}`);
  button.title = photo.file;
  const image = el("img");
  image.alt = "";
  image.loading = "lazy";
  image.src = photo.picture;
  button.append(image);
  button.addEventListener("click", () => open(photo.row));
  return button;
}

/** Lay over a photo where a tag is seen: what each place is worth, 0 to 1, within the box that the network sees. */
function drawHeat(canvas, photo, { worth, box }) {
  const [left, top, right, bottom] = box;
  const scale = 384 / Math.max(photo.naturalWidth, photo.naturalHeight);
  canvas.width = Math.round(photo.naturalWidth * scale);
  canvas.height = Math.round(photo.naturalHeight * scale);
  const places = document.createElement("canvas");
  places.width = worth[0].length;
  places.height = worth.length;
  const pixels = new ImageData(places.width, places.height);
  worth.flat().forEach((value, place) => pixels.data.set([255, Math.round(215 - 130 * value), 40, Math.round(215 * value ** 1.2)], 4 * place));
  places.getContext("2d").putImageData(pixels, 0, 0);
  const drawn = canvas.getContext("2d");
  drawn.fillStyle = "rgba(10, 12, 14, 0.35)"; // so that warm photos do not hide the heat
  drawn.fillRect(0, 0, canvas.width, canvas.height);
  drawn.imageSmoothingQuality = "high";
  drawn.drawImage(places, left * canvas.width, top * canvas.height, (right - left) * canvas.width, (bottom - top) * canvas.height);
}
