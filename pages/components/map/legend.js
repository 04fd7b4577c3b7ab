// What colours mean, in words. They are told apart by lightness, too, so that who sees no red or green is not lost.

/** A button that says more when pointed at. */
function titled(text, title, act) {
  const made = button(text, act);
  made.title = title;
  return made;
}

/** A row of buttons of which one is pressed; `mark` says which. */
function choices(label, names, choose) {
  const element = el("div", "choices");
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
  const buttons = Object.entries(names).map(([value, name]) => [value, element.appendChild(button(name, () => choose(value)))]);
  return { element, mark: (chosen) => buttons.forEach(([value, one]) => one.setAttribute("aria-pressed", value === chosen)) };
}

// Words, colour on light and on dark paper, strength of 256.
const NOTHING = ["#b9bcb6", "#48515b", 110];
const KINDS = {
  tag: {
    name: "one tag",
    kinds: [
      ["without it", ...NOTHING],
      ["given, stays", "#2a63a8", "#6fb2ff", 235],
      ["added", "#128a76", "#35c9a8", 235],
      ["removed", "#b3361b", "#ff8a5c", 250],
      ["given, a picture cannot tell", "#8a6d1c", "#e2c15a", 235],
    ],
  },
  probability: { name: "probability of one tag" },
  verdict: {
    name: "verdicts on one tag",
    kinds: [
      ["nobody was asked", ...NOTHING],
      ["it fits", "#128a76", "#35c9a8", 250],
      ["it does not", "#b3361b", "#ff8a5c", 250],
      ["not sure", "#8a6d1c", "#e2c15a", 250],
    ],
  },
  change: {
    name: "what changes",
    kinds: [
      ["nothing changes", ...NOTHING],
      ["tags are added", "#128a76", "#35c9a8", 210],
      ["tags are removed", "#b3361b", "#ff8a5c", 230],
      ["both", "#6d4fb0", "#c0a2ff", 230],
    ],
  },
};

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const packed = ([r, g, b]) => (b << 16) | (g << 8) | r;

/** Colours of a probability from 0 to 255, from what the paper is like to what stands out most on it. */
const RAMP = { light: ["#c4c8c0", "#4fa38b", "#0b4a3b"], dark: ["#3a424b", "#2f9477", "#d9ffef"] };

function ramp(night, share) {
  const stops = RAMP[night ? "dark" : "light"].map(rgb);
  const [from, to, part] = share < 0.5 ? [stops[0], stops[1], 2 * share] : [stops[1], stops[2], 2 * share - 1];
  return from.map((value, at) => Math.round(value + (to[at] - value) * part));
}

/** Inks and strengths for the points, by the number that the server gives each photo. */
function inksOf(colour, night) {
  const inks = new Uint32Array(256);
  const strengths = new Uint16Array(256);
  if (colour === "probability") {
    for (let value = 0; value < 256; value++) {
      inks[value] = packed(ramp(night, value / 255));
      strengths[value] = 100 + Math.round((150 * value) / 255);
    }
  } else {
    KINDS[colour].kinds.forEach(([, light, dark, strength], kind) => {
      inks[kind] = packed(rgb(night ? dark : light));
      strengths[kind] = strength;
    });
  }
  return { inks, strengths };
}

/** The legend: a button for each colour that takes its photos away and brings them back, or a ramp. */
class Legend {
  constructor(toggle) {
    this.toggle = toggle;
    this.element = el("div", "legend");
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", "Colours");
  }

  draw(colour, night, counts, hidden) {
    if (colour === "probability") {
      const bar = el("span", "ramp");
      bar.style.background = `linear-gradient(to right, ${[0, 0.5, 1].map((share) => `rgb(${ramp(night, share)})`).join(", ")})`;
      this.element.replaceChildren(el("span", "", "does not fit"), bar, el("span", "", "surely fits"));
      return;
    }
    const buttons = KINDS[colour].kinds.map(([words, light, dark], kind) => {
      const one = titled("", hidden.has(kind) ? "Show these photos" : "Hide these photos", () => this.toggle(kind));
      one.className = "kind";
      one.hidden = !counts[kind];
      one.setAttribute("aria-pressed", !hidden.has(kind));
      const dot = el("span", "dot");
      dot.style.background = night ? dark : light;
      one.append(dot, `${words} `, el("span", "count", number(counts[kind])));
      return one;
    });
    this.element.replaceChildren(...buttons);
  }
}
