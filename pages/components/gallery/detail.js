// The detail view: one photo, its tags, why each, its scores against their limits, and its neighbors.

const STATE = {
  added: "added",
  removed: "removed",
  kept: "kept",
  untold: "left as the user wrote it: a picture cannot tell, or your list says so",
  dropped: "left out before training",
  absent: "not given",
};

/** What a screen reader says before the tags of a state. */
const SPOKEN = { added: "added", kept: "kept", removed: "removed", untold: "left alone:", dropped: "not learned, kept:" };

/** A chip that tells its state and the user's spelling on hover; what a picture cannot tell is quiet unless it is `ordinary`. */
function tagChip({ tag, state, note, asked, column, said }, ordinary = false) {
  const kind = state === "absent" ? (said === "unsure" ? "unsure" : "removed") : state;
  const element = chip(tag, kind === "dropped" || (kind === "untold" && ordinary) ? "kept" : kind);
  element.classList.toggle("dropped", state === "dropped");
  element.classList.toggle("tr-asked", !!asked);
  element.title = `${tag}: ${STATE[state]}${note ? ` (${note})` : ""}`;
  if (column !== null) element.dataset.tag = tag; // what was learned has a reason
  markSaid(element, said);
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

class Detail {
  /** `actions`: `open` opens a photo; `say` decides on a tag of the open one, and `undo` takes the last decision back; see `viewer`. */
  constructor(actions) {
    const { open, say, undo } = actions;
    this.actions = actions;
    this.open = open;
    this.element = el("aside", "detail");
    this.element.setAttribute("aria-label", "The open photo");
    this.element.hidden = true;
    this.reason = new Reason({ open, where: (tag) => this.where(tag), say: (tag, verdict) => say(this.photo.row, tag, verdict), undo });
    this.turn = this.asked = 0;
  }

  /** Show a photo, and why it has a tag or not: by default the one that is the most worth asking. */
  async show(address, query, row, tag) {
    const turn = ++this.turn;
    this.element.hidden = row == null;
    if (row == null) return;
    Object.assign(this, { address, query });
    try {
      const around = fetch(`${address}/${row}/neighbors`); // at the same time
      around.catch(() => {}); // told where it is waited for
      const answer = await fetch(`${address}/${row}?${query}`);
      if (!answer.ok) throw new Error(await answer.text());
      const photo = await answer.json();
      if (turn !== this.turn) return;
      this.draw(photo);
      this.actions.drawn(photo);
      if (tag != null) this.explain(tag, null, true);
      else this.explain(photo.why);
      const near = await around;
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
    const close = button("", () => this.open(null), "close");
    close.title = "Close (Esc)";
    close.setAttribute("aria-label", "Close the photo: Esc");
    close.append(el("kbd", "", "Esc"));
    return close;
  }

  draw(photo) {
    this.photo = photo;
    this.picture = el("img", "large");
    this.picture.alt = `Photo ${photo.file}`;
    this.picture.src = photo.picture;
    this.frame = el("div", "frame");
    this.frame.append(this.picture);
    const about = el("p", "about");
    const few = photo.raw.length <= 12;
    const wrote = photo.raw.length ? `the user wrote ${few ? photo.raw.join(", ") : `${photo.raw.length} tags`}` : "the user wrote no tags";
    about.append(el("strong", "", photo.file), el("span", "soft", ` · ${wrote}`));
    const all = el("details", "soft");
    all.append(el("summary", "", "Show them as written"), el("p", "", photo.raw.join(", ")));
    all.hidden = few;
    this.chips = el("div", "tr-chips");
    this.hand = new Hand(this.chips, (tag, verdict) => this.actions.say(this.photo.row, tag, verdict));
    this.drawChips();
    this.bars = el("div", "bars");
    this.drawBars();
    this.near = el("section", "near");
    this.near.append(el("h2", "", "Nearest photos"), el("p", "soft", "Looking for them …"));
    const body = el("div", "body");
    const means = photo.calibrated ? "How probable it is that each tag fits." : "How likely the network finds each tag.";
    const note = el("p", "soft small", `${means} The mark is the limit: from there on a tag is added; up to there one that the user wrote is removed.`);
    body.append(about, this.chips, this.adder(), all, this.near, el("h2", "", "Scores"), note, this.bars, this.other());
    this.element.replaceChildren(this.closer(), this.frame, viewer(photo, this.picture, this.actions), body);
    this.element.scrollTop = 0;
  }

  /** Take in what changed about the open photo, as `photo` answers: verdicts. */
  refresh(photo) {
    if (this.photo?.row !== photo.row) return;
    // Chips stay where they are; what is new comes first.
    const places = new Map(this.photo.tags.map((one, place) => [one.tag, place]));
    photo.tags.sort((a, b) => (places.get(a.tag) ?? -1) - (places.get(b.tag) ?? -1));
    this.photo = photo;
    this.keepFocus(() => {
      this.reason.element.remove();
      this.drawChips(this.opened);
      this.drawBars();
      this.place();
    });
    this.why(this.tag);
  }

  drawBars() {
    this.bars.replaceChildren(...this.photo.scores.map((score) => this.bar(score)));
  }

  /** The chips anew: the switch has been moved, or the quiet chip opened. */
  drawChips(opened = this.untold) {
    this.opened = opened;
    const explained = this.chips.contains(this.reason.element);
    const tags = this.photo.tags.filter(shows);
    const quiet = opened ? [] : tags.filter((one) => one.state === "untold" && !one.asked && !one.said);
    this.keepFocus(() => this.hand.through(() => {
      this.chips.replaceChildren(...tags.filter((one) => !quiet.includes(one)).map((one) => this.chip(one)));
      if (quiet.length) this.chips.append(this.quiet(quiet));
      if (explained) this.place();
    }));
  }

  /** Let who is in the reason stay there while it is moved. */
  keepFocus(move) {
    const { activeElement } = this.element.getRootNode();
    const held = this.reason.element.contains(activeElement);
    move();
    if (held) activeElement.focus({ preventScroll: true });
  }

  /** A field for another tag of the photo, and whether what was decided is saved. */
  adder() {
    const field = new TagField({
      label: "Add a tag to this photo",
      placeholder: "add a tag",
      suggest: this.actions.complete,
      choose: (tag) => this.actions.say(this.photo.row, tag, "accept"),
    });
    field.leave = () => this.open(null);
    this.saved = el("span", "soft small");
    this.saved.setAttribute("role", "status");
    this.undoing = keyButton("undo", "Z", () => this.actions.undo(), "plain undo");
    this.undoing.hidden = true;
    const line = el("div", "add-tag");
    line.append(field.element, this.undoing, this.saved);
    return line;
  }

  /** Say what became of what was decided. */
  told(words) {
    this.saved.textContent = this.reason.saved.textContent = words;
    this.undoing.hidden = this.reason.told != null; // it has its own
  }

  /** Answer on the tag of the chip that has the focus, else on the one that is explained. */
  answer(said) {
    const tag = this.hand?.focused;
    if (tag == null || tag === this.tag) this.reason.answer(said);
    else this.hand.decide(said);
  }

  /** One chip for tags that a picture cannot tell; it shows them all. */
  quiet(tags) {
    const all = button("", () => this.drawChips(true), "plain");
    all.append(untoldChip(tags, tags.length === 1 ? "tag that a picture cannot tell" : "tags that a picture cannot tell"));
    return all;
  }

  /** A chip that opens its reason, and closes it again; two buttons come beside it. */
  chip(one) {
    const made = tagChip(one, this.untold);
    const opener = button("", () => (made.dataset.tag ? this.explain(one.tag, opener) : this.hand.buttons.reject.focus()), "plain");
    opener.append(made);
    opener.dataset.chip = one.tag;
    if (one.said) opener.dataset.said = one.said;
    if (made.dataset.tag) opener.dataset.why = one.tag;
    return opener;
  }

  bar(score) {
    const row = button("", () => this.explain(score.tag, row), `bar ${score.state}`);
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
    row.dataset.why = score.tag;
    return row;
  }

  /** Ask about any tag. */
  other() {
    const form = el("form", "ask-other");
    const tag = el("input");
    tag.setAttribute("aria-label", "Another tag");
    tag.placeholder = "another tag";
    const ask = el("button", "ask", "Why not?");
    form.append(tag, ask);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (tag.value.trim()) this.explain(tag.value.trim(), ask);
    });
    return form;
  }

  /** Say why a tag is added, removed, kept or left out, below the `opener` that asks; asked again there, close it. */
  async explain(tag, opener, reveal = !!opener) {
    this.hideHeat();
    this.asked++;
    const close = opener?.getAttribute("aria-expanded") === "true";
    this.reason.element.remove();
    this.tag = close ? null : tag;
    if (!opener && this.photo.tags.some((one) => one.tag === tag && one.state === "untold")) this.drawChips(true);
    this.place(opener);
    if (this.tag == null) return;
    this.reason.tell("Taking its score apart …");
    await this.why(tag);
    if (reveal && this.tag === tag) this.reason.element.scrollIntoView({ block: "nearest" });
  }

  /** Ask why, and say so where the reason stands. */
  async why(tag) {
    if (tag == null) return;
    const turn = ++this.asked;
    try {
      const answer = await fetch(this.about("why", tag));
      const told = answer.ok ? await answer.json() : { problem: await answer.text() };
      if (turn !== this.asked) return;
      if (told.problem) this.reason.tell(told.problem);
      else this.reason.draw(told);
    } catch {
      if (turn === this.asked) this.reason.tell("The app did not answer. Try again.");
    }
  }

  /** Put the reason below the line of what asks for it: the `opener`, else the chip of its tag. */
  place(opener) {
    const openers = [...this.element.querySelectorAll("[data-why]")];
    opener ??= openers.find((one) => one.dataset.why === this.tag);
    for (const one of openers) one.setAttribute("aria-expanded", this.tag != null && one === opener);
    if (this.tag == null) return;
    this.reason.element.style.top = `${this.element.scrollTop + 12}px`; // counts where it stands beside the photo
    if (!opener) return this.chips.after(this.reason.element);
    let last = opener;
    const onLine = (one) => one?.offsetTop === opener.offsetTop || one?.matches(".hand");
    while (onLine(last.nextElementSibling)) last = last.nextElementSibling;
    last.after(this.reason.element);
  }

  /** Show where in the photo a tag is seen, or the photo as it is again; resolve to whether it is shown. */
  async where(tag) {
    if (this.hideHeat()) return false;
    const turn = this.asked;
    const answer = await fetch(this.about("where", tag)).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if (turn !== this.asked) return false;
    let words = `Where ${tag} is seen`;
    if (!found) words = (await answer?.text()) || "The app did not answer. Try again.";
    else if (!found.worth.flat().some((value) => value > 0)) words = `No place in it speaks for ${tag}.`;
    const note = el("p", "note", words);
    note.setAttribute("role", "status");
    const canvas = el("canvas", "heat");
    if (found) drawHeat(canvas, this.picture, found);
    this.frame.append(canvas, note);
    this.reason.element.style.top = "12px";
    this.frame.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** Take the heat off the photo; return whether there was any. */
  hideHeat() {
    const shown = this.frame.querySelectorAll(".heat, .note");
    for (const one of shown) one.remove();
    return shown.length > 0;
  }

  about(what, tag) {
    const query = new URLSearchParams(this.query);
    query.set("tag", tag);
    return `${this.address}/${this.photo.row}/${what}?${query}`;
  }

  drawNeighbors(found) {
    const list = el("div", "thumbs");
    list.append(...found.photos.map((neighbor) => thumbnail(neighbor, this.open)));
    this.near.replaceChildren(el("h2", "", "Nearest photos"), el("p", "soft small", "Those that look most alike to the trained network."), list);
  }
}
