// All photos on their way from one map to the other.

const LASTS = 1100; // milliseconds

class Flight {
  constructor(from, to) {
    Object.assign(this, { from: from.slice(), to, start: performance.now(), now: from.slice() });
  }

  /** Bring photos to where they are at a moment; return how much of the time has passed, 0 to 1. */
  advance(moment) {
    const time = Math.min(1, Math.max(0, (moment - this.start) / LASTS));
    const share = time < 0.5 ? 4 * time ** 3 : 1 - (2 - 2 * time) ** 3 / 2;
    const { from, to, now } = this;
    for (let k = 0; k < to.length; k++) now[k] = from[k] + (to[k] - from[k]) * share;
    return time;
  }
}
