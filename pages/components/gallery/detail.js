// The detail view: one photo, its tags, its scores against their limits, why, and its neighbors.

function el(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

const STATE = {
  added: "added by the model",
  removed: "removed by the model",
  kept: "kept",
  untold: "left as the user wrote it: a picture cannot tell, or your list says so",
  dropped: "left out before training",
};

/** What a screen reader says before the tags of a state. */
const SPOKEN = { added: "added", kept: "kept", removed: "removed", untold: "left alone:", dropped: "not learned, kept:" };

/** A chip that tells its state and the user's spelling on hover; what a picture cannot tell is quiet unless it is `ordinary`. */
function tagChip({ tag, state, note, asked }, ordinary = false) {
  const element = chip(tag, state === "dropped" || (state === "untold" && ordinary) ? "kept" : state);
  element.classList.toggle("dropped", state === "dropped");
  element.classList.toggle("tr-asked", !!asked);
  element.title = `${tag}: ${STATE[state]}${note ? ` (${note})` : ""}`;
  return element;
}

/** One quiet chip for all tags that a picture cannot tell. */
function untoldChip(tags, words) {
  const element = chip(`${tags.length} ${words}`, "untold");
  element.title = `Left as the user wrote them, since a picture cannot tell or your list says so: ${tags.map((one) => one.tag).join(", ")}`;
  return element;
}

/** The tags of a photo in words, for screen readers. */
function spoken(tags) {
  const asked = tags.find((one) => one.asked);
  const parts = Object.keys(SPOKEN).map((state) => {
    const names = tags.filter((one) => one.state === state && one !== asked).map((one) => one.tag);
    return names.length ? `${SPOKEN[state]} ${names.join(", ")}` : "";
  });
  if (asked) parts.unshift(`${SPOKEN[asked.state]} ${asked.tag}, the tag asked for`);
  return parts.filter(Boolean).join("; ") || "no tags";
}

/** A share in percent; near 0 and 1 with a digit more. */
function percent(share) {
  if (share < 0.001) return "<0.1 %";
  if (share > 0.999) return ">99.9 %";
  return `${(100 * share).toFixed(share < 0.01 || share > 0.99 ? 1 : 0)} %`;
}

class Detail {
  constructor(actions) {
    this.open = actions.open;
    this.actions = actions;
    this.element = el("aside", "detail");
    this.element.setAttribute("aria-label", "The open photo");
    this.element.hidden = true;
    this.turn = 0;
  }

  async show(address, query, row) {
    const turn = ++this.turn;
    this.element.hidden = row == null;
    if (row == null) return;
    try {
      const answer = await fetch(`${address}/${row}?${query}`);
      if (!answer.ok) throw new Error(await answer.text());
      const photo = await answer.json();
      if (turn !== this.turn) return;
      this.draw(photo);
      this.actions.drawn(photo);
      const near = await fetch(`${address}/${row}/neighbors`);
      if (!near.ok) throw new Error(await near.text());
      const neighbors = await near.json();
      if (turn === this.turn) this.drawNeighbors(neighbors);
    } catch (error) {
      if (turn === this.turn) this.say(error.message || "The photo cannot be read.");
    }
  }

  say(message) {
    const note = el("p", "soft", message);
    note.setAttribute("role", "status");
    if (this.near?.isConnected) this.near.replaceChildren(note);
    else this.element.replaceChildren(this.closer(), note);
  }

  closer() {
    const close = el("button", "close");
    close.type = "button";
    close.title = "Close (Esc)";
    close.setAttribute("aria-label", "Close the photo");
    close.append(el("kbd", "", "Esc"));
    close.addEventListener("click", () => this.open(null));
    return close;
  }

  draw(photo) {
    this.photo = photo;
    this.votes = null;
    const about = el("p", "about");
    const few = photo.raw.length <= 12;
    const wrote = photo.raw.length ? `the user wrote ${few ? photo.raw.join(", ") : `${photo.raw.length} tags`}` : "the user wrote no tags";
    about.append(el("strong", "", photo.file), el("span", "soft", ` · ${wrote}`));
    const all = el("details", "soft");
    all.append(el("summary", "", "Show them as written"), el("p", "", photo.raw.join(", ")));
    all.hidden = few;
    this.chips = el("div", "tr-chips");
    this.drawChips();
    this.why = el("section", "why");
    this.why.setAttribute("aria-live", "polite");
    const bars = el("div", "bars");
    this.bars = photo.scores.map((score) => this.bar(score));
    bars.append(...this.bars);
    this.near = el("section", "near");
    this.near.append(el("h3", "", "Nearest photos"), el("p", "soft", "Looking for them …"));
    const body = el("div", "body");
    const means = photo.calibrated ? "How probable it is that each tag fits." : "How likely the network finds each tag.";
    const note = el("p", "soft small", `${means} The mark is the limit: from there on a tag is added; up to there one that the user wrote is removed.`);
    body.append(about, all, this.why, this.chips, this.near, el("h3", "", "Scores"), note, bars);
    this.element.replaceChildren(this.closer(), viewer(photo, this.actions), body);
    this.element.scrollTop = 0;
    this.explain(photo.why);
  }

  /** The chips anew: the switch has been moved, or the quiet chip opened. */
  drawChips(opened = this.untold) {
    const quiet = opened ? [] : this.photo.tags.filter((one) => one.state === "untold" && !one.asked);
    this.chips.replaceChildren(...this.photo.tags.filter((one) => !quiet.includes(one)).map((one) => tagChip(one, this.untold)));
    if (!quiet.length) return;
    const all = el("button", "plain");
    all.type = "button";
    all.append(untoldChip(quiet, quiet.length === 1 ? "tag that a picture cannot tell" : "tags that a picture cannot tell"));
    all.addEventListener("click", () => this.drawChips(true));
    this.chips.append(all);
  }

  bar(score) {
    const row = el("button", `bar ${score.state}`);
    row.type = "button";
    row.title = "Show why";
    const track = el("span", "track");
    const fill = el("span", "fill");
    fill.style.width = `${Math.max(1, 100 * score.score)}%`;
    track.append(fill);
    if (score.limit != null) {
      const mark = el("span", "mark");
      mark.style.left = `${100 * score.limit}%`;
      track.append(mark);
    }
    const name = el("span", "name");
    name.append(score.state === "absent" ? document.createTextNode(score.tag) : tagChip(score));
    row.append(name, track, el("span", "value", percent(score.score)));
    row.addEventListener("click", () => this.explain(score.tag));
    row.dataset.tag = score.tag;
    return row;
  }

  /** Say why a tag is added, removed, kept or left out. */
  explain(tag) {
    const score = this.photo.scores.find((one) => one.tag === tag);
    if (!score) return this.why.replaceChildren();
    this.reason = score;
    for (const bar of this.bars) bar.setAttribute("aria-pressed", bar.dataset.tag === tag);
    const title = el("h3");
    title.append("Why ", score.state === "absent" ? `not ${tag}` : tagChip(score), "?");
    const votes = this.votes ? ` Of its ${this.votes.asked} nearest photos, ${this.votes.given[tag] ?? "none"} carried the tag from their users.` : "";
    this.why.replaceChildren(title, el("p", "", score.reason + votes));
  }

  drawNeighbors(found) {
    this.votes = found;
    if (this.reason) this.explain(this.reason.tag);
    const list = el("div", "thumbs");
    for (const neighbor of found.photos) {
      const button = el("button", "thumb");
      button.type = "button";
      button.setAttribute("aria-label", `Open ${neighbor.file}`);
      button.title = neighbor.file;
      const image = el("img");
      image.alt = "";
      image.loading = "lazy";
      image.src = neighbor.picture;
      button.append(image);
      button.addEventListener("click", () => this.open(neighbor.row));
      list.append(button);
    }
    this.near.replaceChildren(el("h3", "", "Nearest photos"), el("p", "soft small", "Those that look most alike to the trained network."), list);
  }
}
