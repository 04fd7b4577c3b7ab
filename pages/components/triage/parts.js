// What the views of Triage are made of.

function el(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** A button that prints the key that presses it. */
function keyButton(words, key, press, className = "answer") {
  const button = el("button", className, `${words} `);
  button.type = "button";
  button.append(el("kbd", "", key));
  button.addEventListener("click", press);
  return button;
}

function picture(address, alt, className = "") {
  const image = el("img", className);
  image.alt = alt;
  image.decoding = "async";
  image.src = address;
  image.onerror = () => image.classList.add("gone");
  return image;
}

function percent(share) {
  if (share < 0.001) return "<0.1 %";
  if (share > 0.999) return ">99.9 %";
  return `${(100 * share).toFixed(share < 0.01 || share > 0.99 ? 1 : 0)} %`;
}

const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

async function ask(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** What the answers say so far, and the button that decides many at once. */
class SoFar {
  constructor(queue, decideAll) {
    this.queue = queue;
    this.element = el("section", "so-far");
    this.element.append(el("h3", "", "What your answers say so far"));
    this.box = el("div", "box");
    this.element.append(this.box);
    this.decideAll = decideAll;
    this.limit = 0.9;
  }

  show({ estimate }, tag) {
    this.element.hidden = !estimate;
    if (!estimate) return;
    const what = this.queue === "wrong" ? "removals" : "additions";
    const about = tag ? `${what} of “${tag}”` : what;
    const right = el("p", "fact");
    const value = el("span", "value");
    if (estimate.suggestions) {
      value.append(el("strong", "", percent(estimate.right)), ` (${percent(estimate.low)} to ${percent(estimate.high)})`);
    } else {
      value.append("none at this promise");
    }
    right.append(el("span", "", `suggested ${about} that are right`), value);
    const from = el("p", "soft small", `${count(estimate.suggestions, "suggestion")}, ${estimate.answered.toLocaleString("en")} of them answered; the rest by their probability.`);
    const all = el("button", "plain", this.queue === "wrong" ? "Remove many at once …" : "Accept many at once …");
    all.type = "button";
    all.addEventListener("click", () => this.decideAll());
    this.box.replaceChildren(right, from, all);
  }
}

/** A dialog that decides all questions from a probability on, with a sample to look at first. */
class AllAtOnce {
  constructor(root, { queue, address, post, done }) {
    Object.assign(this, { root, queue, address, post, done });
    this.dialog = el("dialog", "all");
    this.dialog.setAttribute("aria-label", "Decide many at once");
    root.append(this.dialog);
  }

  open() {
    const title = el("h3", "", this.queue === "wrong" ? "Remove all that are wrong with a probability of at least" : "Accept all with a probability of at least");
    this.range = el("input");
    Object.assign(this.range, { type: "range", min: 50, max: 99, value: 95 });
    this.range.setAttribute("aria-label", "Least probability in percent");
    this.said = el("strong", "", "95 %");
    this.range.addEventListener("input", () => {
      this.said.textContent = `${this.range.value} %`;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), 150);
    });
    const line = el("p", "limit");
    line.append(this.range, this.said);
    this.note = el("p", "soft");
    this.note.setAttribute("role", "status");
    this.sample = el("div", "sample");
    this.go = el("button", "answer first", "…");
    this.go.type = "button";
    this.go.disabled = true;
    this.go.addEventListener("click", () => this.decide());
    const cancel = el("button", "answer", "Cancel");
    cancel.type = "button";
    cancel.addEventListener("click", () => this.dialog.close());
    const buttons = el("p", "buttons");
    buttons.append(this.go, cancel);
    this.dialog.replaceChildren(title, line, this.note, this.sample, buttons);
    this.dialog.showModal();
    this.look();
  }

  async look() {
    const above = this.range.value / 100;
    this.go.disabled = true;
    try {
      const found = await ask(this.address(`all`, `&above=${above}`));
      if (above !== this.range.value / 100) return;
      const verb = this.queue === "wrong" ? "Remove" : "Accept";
      this.go.textContent = `${verb} all ${found.count.toLocaleString("en")}`;
      this.go.disabled = !found.count;
      this.note.textContent = found.count
        ? `${count(found.count, "tag")} on photos that nobody has looked at; by the probabilities ${percent(found.right)} of them are right. A sample:`
        : "No open question is that sure.";
      this.sample.replaceChildren(
        ...found.sample.map((one) => {
          const card = el("figure");
          card.append(picture(one.picture, one.file), chip(one.tag, this.queue === "wrong" ? "removed" : "added"));
          return card;
        }),
      );
    } catch (error) {
      this.note.textContent = error.message;
    }
  }

  async decide() {
    this.go.disabled = true;
    try {
      const told = await this.post({ above: this.range.value / 100, key: crypto.randomUUID() });
      this.dialog.close();
      this.done(told);
    } catch (error) {
      this.note.textContent = error.message;
      this.go.disabled = false;
    }
  }
}
