/** What the answers say so far, and the button that decides many at once. */
class SoFar {
  constructor(queue, decideAll) {
    this.queue = queue;
    this.element = el("section", "so-far");
    this.element.append(el("h2", "", "What your answers say so far"));
    this.box = el("div", "box");
    this.element.append(this.box);
    this.decideAll = decideAll;
    this.limit = 0.9;
  }

  show({ estimate, audit }, tag) {
    this.element.hidden = !estimate && !audit;
    if (audit) this.showAudit(audit);
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
    const from = el("p", "soft small", `${count(estimate.suggestions, "suggestion")}, ${number(estimate.answered)} of them answered; the rest by their probability and your answers.`);
    const all = button(this.queue === "wrong" ? "Remove many at once …" : "Accept many at once …", () => this.decideAll(), "plain");
    this.box.replaceChildren(right, from, all);
  }

  /** What a blind audit says of all photos. */
  showAudit({ photos, drawn, precision, recall }) {
    const facts = [
      ["of the tags handed out, fit", precision],
      ["of the tags that fit, are handed out", recall],
    ].map(([words, share]) => {
      const fact = el("p", "fact");
      const value = el("span", "value");
      if (share) value.append(el("strong", "", percent(share[0])), ` (${percent(Math.max(0, share[1]))} to ${percent(Math.min(1, share[2]))})`);
      else value.append("after two photos");
      fact.append(el("span", "", words), value);
      return fact;
    });
    this.box.replaceChildren(...facts, el("p", "soft small", `${photos} of ${drawn} photos answered. They were drawn at random, so that this holds for all photos.`));
  }
}
