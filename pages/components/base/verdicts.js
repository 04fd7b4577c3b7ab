// Shared by components in which people decide: one of `pages.components.base.DECIDING`.

const AGAIN = 1000; // milliseconds until what could not be sent is sent again; doubled up to half a minute
const NEWS = 2500; // milliseconds between two questions what other windows decided
const AT_ONCE = 100; // steps a request
const WAITING = "tagrefine-waiting"; // where the browser keeps them for a tab

/** A key that nothing else has. `crypto.randomUUID` makes one, too, but not at a plain address of another machine, as with `--share`. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What waits in this tab; a page that one has left may still be sending its own. */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(WAITING) ?? "[]");
  } catch {
    return []; // refused
  }
}

/**
 * Sends what is decided, in order, until the server says that it is on disk. What waits outlives a reload of the tab, and is sent under
 * the same key, so that nothing is written twice.
 */
class Sender {
  /** `told(state)` hears {waiting, error}, once `turned`: what was undone, or `did`: what an edit has done; `changed(list, whole)` hears what is decided now, by this window or another one. */
  constructor(told, changed) {
    this.told = told;
    this.changed = changed;
    this.waiting = kept();
    this.version = null;
    this.onHide = () => this.waiting.length && this.post(this.first(AT_ONCE), true).catch(() => {});
    // What is on its way arrives whoever leaves (`onHide`); only what may be lost is worth a question.
    this.onLeave = (event) => this.waiting.length && (this.error || this.unkept || this.waiting.length > AT_ONCE) && event.preventDefault();
    window.addEventListener("pagehide", this.onHide);
    window.addEventListener("beforeunload", this.onLeave);
  }

  /** Work on this collection, for a run whose evidence people look at. */
  open(collection, run) {
    this.run = run;
    if (collection === this.collection) return;
    this.collection = collection;
    this.version = null;
    this.send();
    this.listen();
  }

  /** Decide: answers are {row, tag, verdict}, one step, undone as one. */
  say(answers, note = "") {
    this.add({ kind: "do", answers, note, run: this.run });
  }

  /** Decide on tags of a `selection` that the server keeps: what is to `add`, what to `remove`, as shown at a `precision`; one step. */
  edit(selection, { add = "", remove = "" }, precision) {
    this.add({ kind: "edit", selection, add, remove, precision, run: this.run });
  }

  undo() {
    this.add({ kind: "undo" });
  }

  redo() {
    this.add({ kind: "redo" });
  }

  add(values) {
    const step = { ...values, key: newKey(), collection: this.collection };
    this.waiting.push(step);
    this.keep([...kept(), step]);
    this.send();
  }

  keep(steps) {
    try {
      sessionStorage.setItem(WAITING, JSON.stringify(steps));
      this.unkept = false;
    } catch {
      this.unkept = true; // full or refused: it is sent all the same, and who leaves before that is asked
    }
  }

  /** The first that wait, all of one collection. */
  first(most) {
    const other = this.waiting.findIndex(({ collection }) => collection !== this.waiting[0].collection);
    return this.waiting.slice(0, other < 0 ? most : Math.min(most, other));
  }

  async post(steps, keepalive = false) {
    const answer = await fetch(`/verdicts/${steps[0].collection}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ steps }),
      keepalive,
    });
    if (answer.ok) return answer.json();
    throw Object.assign(new Error(await answer.text()), { refused: answer.status < 500 });
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    let pause = AGAIN;
    let size = AT_ONCE;
    while (this.waiting.length) {
      this.told({ waiting: this.waiting.length, error: this.error ?? "" });
      const steps = this.first(size);
      try {
        const { saved } = await this.post(steps);
        this.drop(steps);
        this.error = "";
        pause = AGAIN;
        if (steps[0].collection !== this.collection) continue; // another one was opened: nobody looks at this one
        for (const { words, changed, did } of saved) {
          if (did) this.told({ waiting: this.waiting.length, error: "", did });
          if (changed === undefined) continue; // nothing was undone or redone
          this.told({ waiting: this.waiting.length, error: "", turned: words });
          this.changed(changed ?? [], changed === null);
        }
      } catch (error) {
        if (error.refused && steps.length > 1) {
          size = 1; // those before the one that is refused are on disk; find it
          continue;
        }
        this.error = error.refused ? error.message : "The app does not answer. What you decided waits here and is sent again.";
        if (error.refused) this.drop(steps);
        this.told({ waiting: this.waiting.length, error: this.error });
        if (error.refused) continue;
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(30000, 2 * pause);
      }
    }
    this.sending = false;
    if (this.stopped) this.stop();
    else this.told({ waiting: 0, error: this.error ?? "" });
  }

  drop(steps) {
    const others = (all) => all.filter((one) => !steps.some(({ key }) => key === one.key));
    this.waiting = others(this.waiting);
    this.keep(others(kept()));
  }

  /** Hear what other windows decided. */
  async listen() {
    clearTimeout(this.clock);
    const turn = (this.turn = {});
    try {
      if (!document.hidden && !this.waiting.length) {
        const since = this.version;
        const answer = await fetch(`/verdicts/${this.collection}?since=${since ?? 2 ** 53 - 1}`);
        const news = answer.ok ? await answer.json() : null;
        if (turn !== this.turn) return; // another collection was opened, or the component is gone
        if (news) {
          this.version = news.version;
          if (since !== null && news.changed?.length !== 0) this.changed(news.changed ?? [], news.changed === null);
        }
      }
    } catch {
      // Sending says what is wrong; listening goes on.
    }
    if (turn === this.turn) this.clock = setTimeout(() => this.listen(), NEWS);
  }

  /** The component is gone; what still waits is sent nevertheless. */
  stop() {
    this.stopped = true;
    this.turn = null;
    clearTimeout(this.clock);
    if (this.sending) return;
    window.removeEventListener("pagehide", this.onHide);
    window.removeEventListener("beforeunload", this.onLeave);
  }
}

/** What the line says that tells whether everything is saved. */
function savedWords({ waiting, error }) {
  if (error) return error;
  return waiting ? `saving ${waiting} …` : "saved";
}
