// What is looked for lies in the address: every view can be linked to, and the browser's way back leads to the one before.

/** Names in the address that belong to the gallery. */
const NAMES = ["search", "tag", "kind", "order", "like", "seed", "untold", "photo"];

/** The gallery's part of an address; what it does not name is "". */
function asked(values) {
  return Object.fromEntries(NAMES.map((name) => [name, String(values[name] ?? "")]));
}

function askedByAddress() {
  return asked(Object.fromEntries(new URLSearchParams(location.search)));
}

/** What decides which photos are found, as the query of a request. */
function queryOf(state, precision) {
  const query = new URLSearchParams({ precision });
  for (const name of ["search", "tag", "kind", "order", "like", "seed"]) if (state[name]) query.set(name, state[name]);
  return query;
}
