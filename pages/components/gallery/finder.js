// The row above the grid: what is looked for, in which order, how it was understood, and filters kept by name.

const KINDS = [["", "any change"], ["changed", "added or removed"], ["added", "added"], ["removed", "removed"], ["kept", "kept"], ["untold", "a picture cannot tell"], ["unchanged", "nothing changed"], ["untagged", "no user tags"]];
const ORDERS = [["", "convincing first"], ["doubtful", "most doubtful first"], ["score", "surest first"], ["lowest", "lowest first"], ["random", "random"], ["file", "file name"], ["verdict", "newest verdict"]];
const HELP = [
  ["tree and not (sea or new york)", "tags that people gave or the model adds; words side by side mean and; what is no tag is looked for in spellings and file names"],
  ["user:dog  refined:dog  added:dog  removed:dog  kept:*", "one kind of tag, * for any; also accepted: rejected: unsure: written: file:"],
  ["dog>.8  added:p>.9  added:visualness<.5", "how probable a tag is on a photo; of any added tag; how well pictures tell it"],
  ['"what (is): special"', "in quotes everything is searched as it stands"],
];

/** A choice of one, by names that are shown. */
function select(label, options, change) {
  const box = el("select");
  box.setAttribute("aria-label", label);
  for (const [value, name] of options) box.append(new Option(name, value));
  box.addEventListener("change", () => change(box.value));
  return box;
}

class Finder {
  /** `find` is called with what changes of the state, and whether it is a step to come back to; `keep` with a filter's name and query. */
  constructor(find, keep) {
    this.find = find;
    this.keep = keep;
    this.element = el("div", "finder");
    this.element.setAttribute("role", "search");
    this.search = el("input", "search");
    Object.assign(this.search, { type: "search", placeholder: 'flower and not macro, or "new york"', spellcheck: false, autocomplete: "off" });
    this.search.setAttribute("aria-label", "Search");
    this.search.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => find({ search: this.search.value }, false), 250);
    });
    this.search.addEventListener("change", () => {
      clearTimeout(this.timer);
      find({ search: this.search.value }, true);
    });
    this.search.addEventListener("keydown", (event) => event.key === "Enter" && find({ search: this.search.value }, true));
    this.tag = el("input", "tag");
    Object.assign(this.tag, { type: "search", placeholder: "any tag", spellcheck: false, autocomplete: "off" });
    this.tag.setAttribute("aria-label", "Tag");
    this.tag.setAttribute("list", "tr-tags");
    this.tags = el("datalist");
    this.tags.id = "tr-tags";
    this.tag.addEventListener("focus", () => this.listTags());
    this.tag.addEventListener("change", () => find({ tag: this.tag.value.trim() }, true));
    this.kind = select("Change", KINDS, (kind) => find({ kind }, true));
    this.order = select("Sort", ORDERS, (order) => find({ order, seed: "" }, true));
    this.shuffle = button("Shuffle", () => find({ seed: String(Number(this.state.seed || 0) + 1) }, true));
    this.shuffle.hidden = true; // until something is shown in a random order
    this.help = el("details", "help");
    const lines = el("dl");
    for (const [example, meaning] of HELP) lines.append(el("dt", "", example), el("dd", "soft", meaning));
    this.help.append(el("summary", "", "How to search"), lines);
    this.saved = el("details", "kept-filters");
    this.saved.append(el("summary", "", "Saved filters"));
    this.list = el("div", "list");
    this.saved.append(this.list);
    const row = el("div", "row");
    row.append(this.search, this.tag, this.tags, this.kind, this.order, this.shuffle);
    this.count = el("strong", "count");
    this.like = el("span", "like");
    this.selected = button("", () => find({ selection: "" }, true));
    this.selected.title = "Show all photos";
    this.message = el("span", "message");
    this.message.setAttribute("role", "status");
    this.untold = el("input");
    this.untold.type = "checkbox";
    this.untold.addEventListener("change", () => find({ untold: this.untold.checked ? "true" : "" }, true));
    const untold = el("label", "soft");
    untold.append(this.untold, " Show what a picture cannot tell as ordinary tags");
    const about = el("div", "about-found");
    about.append(this.count, this.selected, this.like, this.message, el("span", "space"), untold, this.saved, this.help);
    this.element.append(row, about);
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      const open = [this.help, this.saved].find((one) => one.open);
      if (!open) return;
      event.stopPropagation();
      open.open = false;
      open.firstElementChild.focus();
    });
    for (const one of [this.help, this.saved]) {
      one.addEventListener("toggle", () => {
        if (one.open) (one === this.help ? this.saved : this.help).open = false;
      });
    }
  }

  /** Show what was found and how the search was understood. */
  show(state, answer, total) {
    this.state = state;
    this.fill(state);
    this.kind.value = state.kind;
    const likeness = [...this.order.options].find((one) => one.value === "likeness");
    if (state.like && !likeness) this.order.add(new Option("likeness", "likeness"), 0);
    if (!state.like) likeness?.remove();
    this.order.value = state.order || (state.like ? "likeness" : "");
    this.shuffle.hidden = state.order !== "random";
    this.untold.checked = state.untold === "true";
    this.count.textContent = `${answer.total.toLocaleString("en")} of ${total.toLocaleString("en")} photos`;
    this.selected.hidden = answer.selected == null;
    this.selected.textContent = `Only of ${answer.selected?.toLocaleString("en")} selected on the map ×`;
    this.like.replaceChildren();
    this.like.hidden = !answer.like;
    if (answer.like) {
      const image = el("img");
      image.src = answer.like.picture;
      image.alt = "";
      const away = button("×", () => this.find({ like: "", order: this.state.order === "likeness" ? "" : this.state.order }, true));
      away.setAttribute("aria-label", "No longer by likeness");
      this.like.append(image, ` like ${answer.like.file} `, away);
    }
    const told = Object.entries(answer.read).map(([text, tag]) => `“${text}” is the tag ${tag}.`);
    for (const [text, alike] of Object.entries(answer.unknown)) {
      told.push(`No tag, spelling or file name has “${text}”.${alike.length ? ` Did you mean ${alike.join(" or ")}?` : ""}`);
    }
    this.say(told.join(" "), Object.keys(answer.unknown).length > 0);
    this.drawSaved();
  }

  /** Say something about the search; a mistake leaves the photos of the last search where they are. */
  say(text, wrong = false) {
    this.message.textContent = text;
    this.message.classList.toggle("wrong", wrong);
  }

  /** Write into the boxes what is looked for; one that is being typed in is left alone, unless one has gone `back`. */
  fill(state, back = false) {
    for (const [box, text] of [[this.search, state.search], [this.tag, state.tag]]) {
      if (back || box.getRootNode().activeElement !== box) box.value = text;
    }
  }

  /** All tags with what changes, asked for when somebody wants to choose one. */
  async listTags() {
    const wanted = `${this.data.address}/tags?precision=${this.data.precision}`;
    if (wanted === this.listed) return;
    const answer = await fetch(wanted);
    if (!answer.ok) return;
    this.listed = wanted;
    const { tags } = await answer.json();
    this.tags.replaceChildren(...tags.map(([tag, words]) => new Option(words, tag)));
  }

  drawSaved() {
    const query = this.queryToKeep();
    const rows = this.data.saved.map(({ name, query: kept }) => {
      const row = el("div", "one");
      const go = button(name, () => this.find({ ...asked(Object.fromEntries(new URLSearchParams(kept))), photo: this.state.photo, untold: this.state.untold }, true), "name");
      go.title = new URLSearchParams(kept).get("search") || name;
      const away = button("×", () => this.keep({ name, query: null }));
      away.setAttribute("aria-label", `Forget ${name}`);
      row.append(go, away);
      return row;
    });
    const form = el("form", "one");
    const name = el("input");
    Object.assign(name, { placeholder: "a name for this one", maxLength: 60, required: true });
    name.setAttribute("aria-label", "Name of the filter");
    name.disabled = !query;
    const save = el("button", "", "Save");
    save.disabled = !query;
    form.append(name, save);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (name.value.trim()) this.keep({ name: name.value.trim(), query });
    });
    if (!rows.length) rows.push(el("p", "soft", "None yet. Look for something, give it a name, and it is here whenever you come back."));
    this.list.replaceChildren(...rows, form);
  }

  /** What a saved filter keeps: not the photo that is open, nor one that is dropped in for the moment. */
  queryToKeep() {
    const kept = new URLSearchParams();
    for (const name of ["search", "tag", "kind", "order", "seed", "selection"]) if (this.state[name]) kept.set(name, this.state[name]);
    if (/^\d+$/.test(this.state.like)) kept.set("like", this.state.like);
    return kept.toString();
  }
}
