// What is said of a moment: who came in, who left, and what those who came have in common with the photo.

const SMALL = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

function count(number) {
  return SMALL[number] ?? String(number);
}

/** Return how many of so many photos are relevant, as pieces of text of which every second one is to be bold. */
function those(number, good, { by, label }) {
  const many = `${good === number ? "all" : count(good)} of them `;
  if (by !== "labels") return [number === 1 ? (good ? "relevant" : "not relevant") : `${many}relevant`, ""];
  return [number === 1 ? (good ? "with " : "without ") : `${many}with `, label];
}

/**
 * Return the sentence of a moment as such pieces. `now` and `before` are maps of a neighbor's row to whether it is relevant, `before` null at
 * the first moment; `common` gives the tags that a row has in common with the photo, the rarest first.
 */
function tale(now, before, query, common) {
  const sum = (marks) => [...marks].reduce((total, mark) => total + mark, 0);
  if (!before) {
    const good = count(sum(now.values()));
    const [how, label] = query.by === "labels" ? [`${good} with `, query.label] : [`${good} relevant`, ""];
    return [`of the ${count(now.size)} photos most alike, ${how}`, label, `. Picked at random it would be ${(query.chance * now.size).toFixed(1)}.`];
  }
  const came = [...now].filter(([row]) => !before.has(row));
  const left = [...before].filter(([row]) => !now.has(row));
  if (!came.length) return ["the same photos as before."];
  const [who, whom] = [came, left].map((part) => those(part.length, sum(part.map(([, mark]) => mark)), query));
  const pieces = [`${count(came.length)} came in, ${who[0]}`, who[1], `; ${count(left.length)} left, ${whom[0]}`, whom[1], "."];
  const tags = new Map();
  for (const [row] of came) for (const tag of common(row)) tags.set(tag, (tags.get(tag) ?? 0) + 1);
  // Those that most share first; of as many, the rarest, which come first in each photo's list.
  const shared = [...tags].sort((a, b) => b[1] - a[1]).map(([tag]) => tag).filter((tag) => tag !== query.label).slice(0, 3);
  if (!shared.length) return pieces;
  pieces[4] = ". Those that came share ";
  shared.forEach((tag, place) => pieces.push(tag, place < shared.length - 1 ? ", " : "."));
  return pieces;
}
