// The columns of the table, and how a row is written.

const NOTHING = "·";

const share = (value) => value.toFixed(2);

/** A cell with a number, or with a point where there is none. */
function counted(value, sign = "", kind = "") {
  return value ? el("span", kind, sign + number(value)) : el("span", "soft", NOTHING);
}

/** How well a picture tells a tag: full to the lower end of the interval, pale to the upper one, a line at the estimate. */
function bar(row, enough) {
  if (row.seen == null) return el("span", "soft", NOTHING);
  const track = el("span", row.told ? "track told" : "track");
  for (const [name, width] of [["high", row.seen_high], ["low", row.seen_low]]) {
    const part = el("span", name);
    part.style.width = `${100 * width}%`;
    track.append(part);
  }
  for (const [name, place] of [["enough", enough], ["value", row.seen]]) {
    const mark = el("span", name);
    mark.style.left = `${100 * place}%`;
    track.append(mark);
  }
  const text = `${share(row.seen)} (${share(row.seen_low)} to ${share(row.seen_high)})`;
  track.setAttribute("role", "img");
  track.setAttribute("aria-label", text);
  track.title = `${text}; a picture can tell when the lower end reaches ${enough}`;
  return track;
}

function right(row) {
  if (row.right == null) return el("span", "soft", NOTHING);
  const cell = el("span", "", `${share(row.right)} `);
  cell.append(el("span", "soft small", `(${share(row.right_low)} to ${share(row.right_high)})`));
  return cell;
}

// Key, title, what it means, what a click on it puts first, and the cell; the order is that of the grid in tag_table.css.
const COLUMNS = [
  { key: "tag", title: "tag", hint: "As the collection has it", down: false, cell: (row) => el("span", "tag", row.tag) },
  { key: "given", title: "people wrote", hint: "Photos whose user gave the tag", down: true, cell: (row) => counted(row.given) },
  { key: "added", title: "would add", hint: "Photos that would get the tag", down: true, cell: (row) => counted(row.added, "+ ", "added") },
  { key: "removed", title: "would remove", hint: "Photos that would lose the tag", down: true, cell: (row) => counted(row.removed, "− ", "removed") },
  { key: "kept", title: "kept", hint: "Photos whose user gave the tag and that would keep it", down: true, cell: (row) => counted(row.kept) },
  { key: "seen", title: "a picture can tell", hint: "How far a picture sets the photos of a tag apart from others, with an interval; the tick below is what its lower end has to reach", down: true, cell: bar },
  { key: "right", title: "right, of those added", hint: "How many of the photos that would get the tag it probably fits, with an interval", down: true, cell: right },
  { key: "decision", title: "decision", hint: "What is done with the tag, and who said so", down: false, cell: (row) => el("span", "soft small", row.decision) },
];

/** Compare two values of a column; what is not there comes last, whichever way it is sorted. */
function compare(a, b, down) {
  if (a == null || b == null) return (a == null) - (b == null);
  const found = typeof a === "string" ? a.localeCompare(b, "en") : a - b;
  return down ? -found : found;
}

/** Say what holds for all tags, while none is open. */
function overview(rows, { first }) {
  const title = el("h2", "name", "All tags");
  const known = rows.filter((row) => !row.gone);
  const lines = [];
  if (first === "changes") {
    const told = known.filter((row) => row.told).length;
    const sum = (key) => known.reduce((all, row) => all + (row[key] ?? 0), 0);
    const right = known.reduce((all, row) => all + (row.right == null ? 0 : row.right * row.added), 0);
    const share = known.some((row) => row.right != null) ? `, about ${Math.round((100 * right) / Math.max(1, sum("added")))} % of them right` : "";
    lines.push(el("p", "", `${number(told)} are judged, ${number(known.length - told)} are left alone.`));
    lines.push(el("p", "added", `+ ${number(sum("added"))} added${share}`), el("p", "removed", `− ${number(sum("removed"))} removed`));
  }
  const listed = rows.filter((row) => row.rule || row.limit != null).length;
  if (listed) lines.push(el("p", "", `${number(listed)} on your own list`));
  lines.push(el("p", "soft", "Click a tag to see its photos."));
  return [title, ...lines];
}
