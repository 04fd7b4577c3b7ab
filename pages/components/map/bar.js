// What stands above the map (which map, what colours mean, of which tag) and on it (what dragging does, photos, zoom).

const WHEN = { frozen: "Before learning", learned: "After learning" };

class Bar {
  /** `show` is called with what is asked for (`when`, `colour`, `tag`), `refuse` with a word that is no tag. */
  constructor({ show, refuse, toggle }) {
    this.whens = choices("Which map", WHEN, (when) => show({ when }));
    this.colour = el("select");
    for (const [value, { name }] of Object.entries(KINDS)) this.colour.append(new Option(name, value));
    this.colour.addEventListener("change", () => show({ colour: this.colour.value }));
    const colours = el("label", "field", "Colour by ");
    colours.append(this.colour);
    this.tag = el("input");
    this.tag.setAttribute("aria-label", "Tag");
    this.tag.setAttribute("list", "map-tags");
    this.tag.addEventListener("change", () => {
      const typed = this.tag.value.trim();
      const tag = this.tags.find((one) => one.toLowerCase() === typed.toLowerCase());
      if (tag === undefined) refuse(typed);
      else show({ tag });
    });
    this.list = el("datalist");
    this.list.id = "map-tags";
    this.legend = new Legend(toggle);
    this.element = el("div", "bar");
    this.element.append(this.whens.element, colours, this.tag, this.list, this.legend.element);
  }

  /** Take the tags that can be typed, and whether there are two maps. */
  offer(tags, both) {
    this.tags = tags;
    this.list.replaceChildren(...tags.map((tag) => new Option(tag)));
    this.whens.element.hidden = !both;
  }

  mark({ when, colour, tag }) {
    this.whens.mark(when);
    this.colour.value = colour;
    this.tag.value = tag;
    this.tag.hidden = colour === "change";
  }
}

/** The buttons on the map; `changed` is called after each, with whether photos are shown where that was asked for. */
function tools(hand, place, changed) {
  const drags = choices("What dragging does", { move: "Move", select: "Select" }, (what) => {
    hand.drag(what);
    drags.mark(what);
  });
  drags.mark("move");
  const photos = titled("Photos", "Show a photo of each place", () => {
    const shown = photos.getAttribute("aria-pressed") !== "true";
    photos.setAttribute("aria-pressed", shown);
    changed({ photos: shown });
  });
  photos.setAttribute("aria-pressed", "false");
  const looks = [["+", "Zoom in (+)", () => place.zoom(1.6)], ["−", "Zoom out (-)", () => place.zoom(1 / 1.6)], ["Fit", "Show all photos (0)", () => place.fit()]];
  const element = el("div", "tools");
  element.append(
    drags.element,
    photos,
    ...looks.map(([text, title, act]) =>
      titled(text, title, () => {
        act();
        changed();
      }),
    ),
  );
  return element;
}
