const FILLED_IN = ["collection", "run"];

/** Whether an address is the present one with nothing but what the app fills in. */
function fillsIn(address) {
  const [before, after] = [new URL(location.href), new URL(address, location.href)];
  if (before.pathname !== after.pathname) return false;
  const names = new Set([...before.searchParams.keys(), ...after.searchParams.keys()]);
  return [...names].every((name) => {
    const [old, now] = [before.searchParams.get(name), after.searchParams.get(name)];
    return old === now || (FILLED_IN.includes(name) && old === null);
  });
}

/** An address in which the names that a component keeps there itself are as they are now: Streamlit knows them as they were when it last looked. */
function asKept(address, keeps) {
  const [before, after] = [new URL(location.href), new URL(address, location.href)];
  if (keeps?.path !== after.pathname || before.pathname !== after.pathname) return address;
  for (const name of keeps.names) {
    if (before.searchParams.has(name)) after.searchParams.set(name, before.searchParams.get(name));
    else after.searchParams.delete(name);
  }
  return after.pathname + after.search + after.hash;
}

export default () => {
  if (history.pushState.fillsIn) return; // put in place by an earlier run of the page
  const push = history.pushState;
  // A component says what it keeps, {path, names}, as `keeps`, and marks its own steps.
  history.pushState = function (state, title, address) {
    const wanted = state?.own ? address : asKept(address ?? location.href, history.pushState.keeps);
    if (!state?.own && fillsIn(wanted)) this.replaceState(state, title, wanted);
    else push.call(this, state, title, wanted);
  };
  history.pushState.fillsIn = true;
};
