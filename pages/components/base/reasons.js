// Why a tag, for components in which people decide: four signed bars that sum to the score, then look-alikes, those that carry it first.

const LOOK_ALIKES = 6; // in one line

/** A part in log-odds, signed, with one digit. */
function signed(value) {
  const digits = Math.abs(value).toFixed(1);
  return digits === "0.0" ? digits : `${value < 0 ? "\u2212" : "+"}${digits}`;
}

/** What `/photos/<run>/<row>/why` answers, as elements; `open` opens a look-alike where that can be done. */
function reasons(told, open = null) {
  const most = Math.max(1, ...told.parts.map((part) => Math.abs(part.value)));
  const parts = el("div", "parts");
  parts.append(...told.parts.map((part) => reasonPart(part, most)));
  const sum = el("div", "part sum");
  const means = told.calibrated ? "probability" : "how likely the network finds it:";
  sum.append(el("span", "", "together"), el("span", "soft", `${means} ${percent(told.score)}`), el("span", "value", signed(told.total)));
  sum.title = "The parts are log-odds: 0 is a probability of 50 %, and each 0.7 more doubles the odds.";
  parts.append(sum);
  const found = [el("p", "sentence", told.sentence), parts];
  if (!told.look_alikes.length) return found;
  const list = el("div", "look-alikes");
  list.append(...told.look_alikes.slice(0, LOOK_ALIKES).map((photo) => lookAlike(photo, told.tag, open)));
  const some = told.look_alikes.some((photo) => photo.carries);
  return [...found, el("p", "soft small", some ? "Look-alikes, those that carry it first" : "Look-alikes: none carries it"), list];
}

function reasonPart({ words, value }, most) {
  const row = el("div", "part");
  const track = el("span", "track");
  const fill = el("span", `fill ${value < 0 ? "against" : "for"}`);
  fill.style.width = `${(50 * Math.abs(value)) / most}%`;
  track.append(fill);
  row.append(el("span", "words", words), track, el("span", "value", signed(value)));
  return row;
}

function lookAlike(photo, tag, open) {
  const words = `${photo.file}: ${photo.carries ? "carries" : "does not carry"} ${tag}`;
  const thumb = el(open ? "button" : "span", photo.carries ? "thumb" : "thumb other");
  const image = el("img");
  image.loading = "lazy";
  image.src = photo.picture;
  image.alt = open ? "" : words;
  thumb.title = words;
  thumb.append(image);
  if (open) {
    thumb.type = "button";
    thumb.setAttribute("aria-label", `Open ${words}`);
    thumb.addEventListener("click", () => open(photo.row));
  }
  return thumb;
}
