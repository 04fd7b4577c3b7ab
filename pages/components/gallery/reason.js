// Why a tag of the open photo: what speaks for it, where in the photo it is seen, and what the visitor says.

const ANSWERS = { accept: ["Yes", "A"], reject: ["No", "X"], unsure: ["Unsure", "U"] };

class Reason {
  /** `open` opens another photo; `where` shows where a tag is seen, or hides it, and resolves to whether it is shown; `say` decides. */
  constructor({ open, where, say, undo }) {
    Object.assign(this, { open, where, say, undo });
    this.element = el("section", "why");
    this.element.setAttribute("aria-live", "polite");
    this.element.setAttribute("aria-label", "Why this tag");
    this.saved = el("span", "soft small saved");
  }

  tell(message) {
    this.told = null;
    this.element.replaceChildren(el("p", "soft", message));
  }

  draw(told) {
    this.told = told;
    const title = el("h2");
    title.append("Why ", told.state === "absent" ? `not ${told.tag}` : tagChip(told), "?");
    const focused = this.element.contains(this.element.getRootNode().activeElement) && this.element.getRootNode().activeElement.dataset.said;
    this.element.replaceChildren(title, ...reasons(told, this.open), this.answers(told));
    if (focused) this.element.querySelector(`[data-said="${focused}"]`).focus({ preventScroll: true });
  }

  answers({ tag, verdict }) {
    const answers = el("div", "answers");
    for (const [said, [words, key]] of Object.entries(ANSWERS)) {
      const one = keyButton(words, key, () => this.answer(said), "ask");
      one.setAttribute("aria-pressed", verdict === said);
      one.dataset.said = said;
      answers.append(one);
    }
    const look = async () => {
      this.saved.textContent = "looking; the first time takes some seconds …";
      where.disabled = true;
      where.setAttribute("aria-pressed", await this.where(tag));
      where.disabled = false;
      this.saved.textContent = "";
    };
    const where = button("Where?", look, "ask");
    where.title = "Show where in the photo it is seen";
    where.setAttribute("aria-pressed", "false");
    answers.append(where);
    const line = el("p", "line");
    line.append(keyButton("undo", "Z", () => this.undo(), "plain undo"), " ", this.saved);
    const both = el("div");
    both.append(answers, line);
    return both;
  }

  /** Decide on the tag that is explained; what was said already is taken back. */
  answer(said) {
    if (!this.told) return;
    const verdict = this.told.verdict === said ? null : said;
    this.told.verdict = verdict;
    for (const button of this.element.querySelectorAll("[data-said]")) button.setAttribute("aria-pressed", button.dataset.said === verdict);
    this.say(this.told.tag, verdict);
  }
}

/** A small photo that opens. */
function thumbnail(photo, open) {
  const thumb = button("", () => open(photo.row), "thumb");
  thumb.setAttribute("aria-label", `Open ${photo.file}`);
  thumb.title = photo.file;
  const image = el("img");
  image.alt = "";
  image.loading = "lazy";
  image.src = photo.picture;
  thumb.append(image);
  return thumb;
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
  const area = [left * canvas.width, top * canvas.height, (right - left) * canvas.width, (bottom - top) * canvas.height];
  drawn.fillStyle = "rgba(10, 12, 14, 0.7)"; // what the network does not see
  drawn.fillRect(0, 0, canvas.width, canvas.height);
  drawn.clearRect(...area);
  drawn.fillStyle = "rgba(10, 12, 14, 0.35)"; // so that warm photos do not hide the heat
  drawn.fillRect(...area);
  drawn.imageSmoothingQuality = "high";
  drawn.drawImage(places, ...area);
}
