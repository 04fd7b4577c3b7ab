// Editing the tags of photos: two buttons beside a chip, a field that completes what is typed, and what a decision makes of a photo's tags.

const SAID = { accept: ["✓", "a person said that it fits"], reject: ["✗", "a person said that it does not fit"], unsure: ["?", "a person was not sure"] };

/** Mark on a chip what a person said. */
function markSaid(element, said) {
  if (!said) return;
  const [sign, words] = SAID[said];
  const mark = el("span", "tr-said", ` ${sign}`);
  mark.ariaHidden = "true";
  element.append(mark, unseen(` ${words}`));
  element.title += `: ${words}`;
}

/**
 * The tags of a photo once somebody has said something of one, as far as this can be known before the server answers: what is accepted is
 * kept or added, what is rejected is removed, or given by nobody.
 */
function afterVerdict(tags, tag, said) {
  const old = tags.find((one) => one.tag === tag);
  if (!old && said === null) return tags;
  const one = { written: false, note: "", ...old, tag, said, state: old?.state ?? "absent" };
  if (said && one.written) one.state = said === "reject" ? "removed" : one.column === null ? "dropped" : "kept";
  else if (said) one.state = said === "accept" ? "added" : "absent";
  return old ? tags.map((other) => (other === old ? one : other)) : [one, ...tags];
}

/** The same once words were added to a photo, or removed where it carries them. */
function afterEdit(tags, { add, remove }) {
  const carries = (tag) => tags.some((one) => one.tag === tag && one.state !== "removed" && one.state !== "absent");
  if (remove && !carries(remove)) return tags;
  const without = remove ? afterVerdict(tags, remove, "reject") : tags;
  return add ? afterVerdict(without, add, "accept") : without;
}

/** Whether a tag is the photo's, or shown because somebody did not accept it and may take that back. */
function shows(one) {
  return one.state !== "absent" || one.said;
}

/** Two buttons that go along with the chip that is pointed at or has the focus: it fits, it does not. */
class Hand {
  /** `say(tag, verdict)` decides; pressed again, a button takes back what was said. */
  constructor(chips, say) {
    this.chips = chips;
    this.say = say;
    this.element = el("span", "hand");
    this.element.setAttribute("role", "group");
    this.buttons = {
      accept: button("✓", () => this.decide("accept"), "accept"),
      reject: button("✗", () => this.decide("reject"), "reject"),
    };
    this.element.append(...Object.values(this.buttons));
    chips.addEventListener("pointerover", (event) => this.follow(event.target, true));
    chips.addEventListener("focusin", (event) => this.follow(event.target));
    chips.addEventListener("pointerleave", () => this.holdsFocus() || this.leave());
    chips.addEventListener("focusout", (event) => chips.contains(event.relatedTarget) || this.leave());
    chips.addEventListener("keydown", (event) => this.key(event));
  }

  /** Whether a chip or a button beside it has the focus: a reason that stands between the chips is neither. */
  holdsFocus() {
    const { activeElement } = this.chips.getRootNode();
    return this.chips.contains(activeElement) && !!activeElement.closest("[data-chip], .hand");
  }

  /** Stand beside a chip; the pointer does not take the buttons from where the focus is. */
  follow(target, pointed = false) {
    const chip = target.closest("[data-chip]");
    if (!chip || chip === this.chip || (pointed && this.holdsFocus())) return;
    this.chip = chip;
    const { chip: tag, said } = chip.dataset;
    for (const [value, button] of Object.entries(this.buttons)) {
      button.setAttribute("aria-pressed", said === value);
      button.title = value === "accept" ? `${tag} fits (A)` : `${tag} does not fit (X)`;
      button.setAttribute("aria-label", value === "accept" ? `✓ ${tag} fits` : `✗ ${tag} does not fit`);
    }
    this.element.setAttribute("aria-label", `Decide on ${tag}`);
    chip.after(this.element);
    const right = chip.offsetLeft + chip.offsetWidth;
    this.element.style.cssText = `left:${Math.max(chip.offsetLeft, right - 56)}px;top:${chip.offsetTop - 28}px`;
  }

  leave() {
    if (this.leaving) return; // what is removed loses the focus, and with it comes here again
    this.leaving = true;
    this.chip = null;
    this.element.remove();
    this.leaving = false;
  }

  decide(said) {
    const { chip: tag, said: before } = this.chip.dataset;
    this.say(tag, before === said ? null : said);
  }

  key(event) {
    if (!["Delete", "Backspace"].includes(event.key) || !this.chip?.contains(event.target)) return;
    event.preventDefault();
    this.say(this.chip.dataset.chip, "reject");
  }

  /** The tag of the chip that has the focus, itself or in its buttons. */
  get focused() {
    return this.chip && this.holdsFocus() ? this.chip.dataset.chip : null;
  }

  /** Draw the chips anew by `draw`, and leave the focus where it was: on the same tag's chip, or on the same button beside it. */
  through(draw) {
    const tag = this.focused;
    const { activeElement } = this.chips.getRootNode();
    const said = tag && Object.keys(this.buttons).find((one) => this.buttons[one] === activeElement);
    this.leave();
    draw();
    if (tag === null) return;
    const chip = [...this.chips.querySelectorAll("[data-chip]")].find((one) => one.dataset.chip === tag);
    (chip ?? this.chips.querySelector("[data-chip]"))?.focus({ preventScroll: true });
    if (chip && said) this.buttons[said].focus({ preventScroll: true });
  }
}

let fields = 0;

/** A field for a tag that completes what is typed, by the arrow keys and Enter or by a click. */
class TagField {
  /**
   * `suggest(text)` resolves to {options: [{tag, words}], known}: what the text may become, and the tag it is already. `choose(tag)` takes
   * one; a word that is not known is asked about once where it may be `fresh`, else `unknown(text)` says why it is refused.
   */
  constructor({ label, placeholder, suggest, choose, unknown = null }) {
    Object.assign(this, { suggest, choose, unknown });
    const id = `tr-completions-${++fields}`;
    this.element = el("div", "tag-field");
    this.input = el("input");
    Object.assign(this.input, { placeholder, spellcheck: false, autocomplete: "off" });
    for (const [name, value] of Object.entries({ role: "combobox", "aria-label": label, "aria-autocomplete": "list", "aria-expanded": false, "aria-controls": id })) {
      this.input.setAttribute(name, value);
    }
    this.list = el("ul", "completions");
    this.list.id = id;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Tags to choose from");
    this.note = el("p", "asks");
    this.note.setAttribute("role", "status");
    this.element.append(this.input, this.list, this.note);
    this.close();
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.asked = null;
      this.note.textContent = "";
      // What is listed answers another text: until the answer is there, keys choose none of it.
      this.stale = true;
      this.mark(-1);
      this.timer = setTimeout(() => this.look(), 80);
    });
    this.input.addEventListener("focus", () => this.look());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
    // So that a click on an option does not take the focus from the field.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.take(option.dataset.tag);
    });
  }

  get text() {
    return this.input.value.trim();
  }

  /** Ask what the text may become, and show it. */
  async look() {
    const { text } = this;
    const found = await this.suggest(text).catch((error) => ({ options: [], known: null, wrong: error.message }));
    if (text !== this.text || this.input.getRootNode().activeElement !== this.input) return found;
    this.note.textContent = found.wrong ?? "";
    this.show(found.options);
    return found;
  }

  show(options) {
    this.stale = false;
    this.list.replaceChildren(
      ...options.map(({ tag, words }, place) => {
        const option = el("li");
        option.id = `${this.list.id}-${place}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.tag = tag;
        option.append(el("span", "tag", tag), el("span", "soft", words));
        return option;
      }),
    );
    this.list.hidden = !options.length;
    this.input.setAttribute("aria-expanded", !!options.length);
    this.mark(-1);
  }

  /** Let an option be the one that Enter takes; -1 for none. */
  mark(active) {
    this.active = active;
    const options = [...this.list.children];
    options.forEach((option, place) => option.setAttribute("aria-selected", place === active));
    options[active]?.scrollIntoView({ block: "nearest" });
    if (active < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", options[active].id);
  }

  close() {
    this.show([]);
  }

  key(event) {
    event.stopPropagation(); // arrows and letters are for the field
    const options = [...this.list.children];
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.active >= 0) this.take(options[this.active].dataset.tag);
      else if (this.text) this.enter();
    } else if (event.key === "Escape") {
      if (options.length || this.note.textContent) {
        this.close();
        this.note.textContent = "";
        this.asked = null;
      } else if (this.text) this.input.value = "";
      else this.leave?.();
    } else if (options.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      if (this.stale) return;
      const by = event.key === "ArrowDown" ? 1 : -1;
      this.mark(this.active < 0 && by < 0 ? options.length - 1 : (this.active + by + options.length) % options.length);
    }
  }

  /** Take what is typed: a tag, a spelling of one, or, asked once, a new word. */
  async enter() {
    clearTimeout(this.timer);
    const { text } = this;
    if (this.asked === text) return this.take(text);
    const found = await this.look();
    if (text !== this.text || found.wrong) return;
    if (found.known !== null) return this.take(found.known);
    if (this.unknown) this.note.textContent = this.unknown(text);
    else {
      this.asked = text;
      this.note.textContent = `Nobody gave it yet. Add the new tag “${text}”? Enter adds it.`;
    }
  }

  take(tag) {
    this.asked = null;
    this.note.textContent = "";
    this.input.value = "";
    this.close();
    this.choose(tag);
  }
}

/** What completes a tag that is added: tags by use, and spellings that lead to theirs. */
async function completions(address, precision, text) {
  const answer = await fetch(`${address}/words?${new URLSearchParams({ precision, text })}`).catch(() => null);
  if (!answer?.ok) throw new Error(answer ? await answer.text() : "The app does not answer.");
  const { options, known } = await answer.json();
  return { options: options.map(({ tag, uses, spelled }) => ({ tag, words: `${spelled ? `from “${spelled}” · ` : ""}${uses.toLocaleString("en")}` })), known };
}
