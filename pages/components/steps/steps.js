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

export default () => {
  if (history.pushState.fillsIn) return; // put in place by an earlier run of the page
  const push = history.pushState;
  history.pushState = function (state, title, address) {
    if (fillsIn(address ?? location.href)) this.replaceState(state, title, address);
    else push.call(this, state, title, address);
  };
  history.pushState.fillsIn = true;
};
