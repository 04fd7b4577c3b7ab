// What is looked for lies in the address: every view can be linked to, and the browser's way back leads to the one before.

/** Names in the address that belong to the gallery. */
const NAMES = ["search", "tag", "kind", "order", "like", "seed", "selection", "untold", "photo"];

/** The gallery's part of an address; what it does not name is "". */
function asked(values) {
  return Object.fromEntries(NAMES.map((name) => [name, String(values[name] ?? "")]));
}

function askedByAddress() {
  return asked(Object.fromEntries(new URLSearchParams(location.search)));
}

/** The address of this page with another part of the gallery's; a photo dropped in is gone when the app ends, and so is its address. */
function addressOf(state) {
  const query = new URLSearchParams(location.search);
  for (const name of NAMES) {
    if (state[name]) query.set(name, state[name]);
    else query.delete(name);
  }
  return location.pathname + (query.size ? `?${query}` : "");
}

/** What decides which photos are found, as the query of a request. */
function queryOf(state, precision) {
  const query = new URLSearchParams({ precision });
  for (const name of ["search", "tag", "kind", "order", "like", "seed", "selection"]) if (state[name]) query.set(name, state[name]);
  return query;
}
