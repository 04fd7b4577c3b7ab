// What the components are made of in which people decide on photos: one of `pages.components.base.DECIDING`.

function button(words, press, className = "") {
  const made = el("button", className, words);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

/** A button that prints the key that presses it. */
function keyButton(words, key, press, className = "") {
  const made = button(`${words} `, press, className);
  made.append(el("kbd", "", key));
  return made;
}

function picture(address, alt, className = "") {
  const image = el("img", className);
  image.alt = alt;
  image.decoding = "async";
  image.src = address;
  image.onerror = () => image.classList.add("gone");
  return image;
}

/** A share in percent; near 0 and 1 with a digit more. */
function percent(share) {
  if (share < 0.001) return "<0.1 %";
  if (share > 0.999) return ">99.9 %";
  return `${(100 * share).toFixed(share < 0.01 || share > 0.99 ? 1 : 0)} %`;
}

const number = (value) => value.toLocaleString("en");
const count = (of, one, many = `${one}s`) => `${number(of)} ${of === 1 ? one : many}`;

/** Put into the address what is open, by name, so that a link and a reload lead back to it; "" takes a name out. The page is not told: it need not run again for that. */
function inAddress(values) {
  const address = new URL(window.location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  window.history.replaceState(window.history.state, "", address);
}

const IN_USE = "input:not([type=range]), textarea, select, [contenteditable], [role=combobox], dialog, [role=dialog]";

/** Whether a key is not for the page: somebody types, moves a slider, presses a button, has a dialog open, or tells the browser something. */
function isTaken(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const path = event.composedPath().filter((one) => one instanceof Element);
  if (path.some((one) => one.matches(IN_USE))) return true;
  if (event.key.length > 1 && path[0]?.matches("input, [role=slider]")) return true;
  if (["Enter", " "].includes(event.key) && path.some((one) => one.matches("button, a, summary"))) return true;
  return !!document.querySelector("[role=dialog]");
}

/** Ask a route, or send it something, and read its answer; an error says what it says. */
async function ask(address, sent) {
  const answer = await fetch(address, sent && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sent) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** A dialog that decides many at once, with a sample to look at first. */
class AllAtOnce {
  /**
   * `of` has {title, verb, kind}: "Accept" and "added" or "Remove" and "removed"; {min, max, show(value)}: the limit that can be moved;
   * look(value), which tells {count, right, sample}; decide(value), which does it; done(told).
   */
  constructor(root, of) {
    Object.assign(this, of);
    this.dialog = el("dialog", "all");
    this.dialog.setAttribute("aria-label", "Decide many at once");
    root.append(this.dialog);
  }

  open(value) {
    const title = el("h2", "", this.title);
    this.range = el("input");
    Object.assign(this.range, { type: "range", min: this.min, max: this.max, value });
    this.range.setAttribute("aria-label", "Least probability");
    this.said = el("strong", "", this.show(value));
    this.range.setAttribute("aria-valuetext", this.show(value));
    this.range.addEventListener("input", () => {
      this.said.textContent = this.show(this.range.value);
      this.range.setAttribute("aria-valuetext", this.show(this.range.value));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.sampled(), 150);
    });
    const line = el("p", "limit");
    line.append(this.range, this.said);
    this.note = el("p", "soft");
    this.note.setAttribute("role", "status");
    this.sample = el("div", "sample");
    this.go = button("…", () => this.decided(), "answer first");
    this.go.disabled = true;
    const buttons = el("p", "buttons");
    buttons.append(this.go, button("Cancel", () => this.dialog.close(), "answer"));
    this.dialog.replaceChildren(title, line, this.note, this.sample, buttons);
    this.dialog.showModal();
    this.sampled();
  }

  async sampled() {
    const { value } = this.range;
    this.go.disabled = true;
    try {
      const found = await this.look(Number(value));
      if (value !== this.range.value) return;
      this.go.textContent = `${this.verb} all ${number(found.count)}`;
      this.go.disabled = !found.count;
      this.note.textContent = found.count
        ? `${count(found.count, "tag")} on photos that nobody has looked at; by the probabilities ${percent(found.right)} of them are right. A sample:`
        : "No open question is that sure.";
      this.sample.replaceChildren(
        ...found.sample.map((one) => {
          const card = el("figure");
          card.append(picture(one.picture, one.file), chip(one.tag, this.kind));
          return card;
        }),
      );
    } catch (error) {
      this.note.textContent = error.message;
    }
  }

  async decided() {
    this.go.disabled = true;
    try {
      const told = await this.decide(Number(this.range.value));
      this.dialog.close();
      this.done(told);
    } catch (error) {
      this.note.textContent = error.message;
      this.go.disabled = false;
    }
  }
}
