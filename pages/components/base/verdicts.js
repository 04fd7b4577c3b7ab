// Shared by components in which people decide: prepend this text to their script (`pages.components.base.deciding_script`).

const AGAIN = 1000; // milliseconds until what could not be sent is sent again; doubled up to half a minute
const NEWS = 2500; // milliseconds between two questions what other windows decided
const AT_ONCE = 100; // steps a request

/**
 * Sends what is decided, in order, until the server says that it is on disk. What waits outlives a reload of the tab, and is sent under
 * the same key, so that nothing is written twice.
 */
class Sender {
  /** `told(state)` hears {waiting, error}, once `turned`: what was undone, or `did`: what an edit has done; `changed(list, whole)` hears what is decided now, by this window or another one. */
  constructor(told, changed) {
    this.told = told;
    this.changed = changed;
    this.waiting = [];
    this.version = null;
    this.onHide = () => this.waiting.length && this.post(this.waiting.slice(0, AT_ONCE), true).catch(() => {});
    this.onLeave = (event) => this.waiting.length && event.preventDefault();
    window.addEventListener("pagehide", this.onHide);
    window.addEventListener("beforeunload", this.onLeave);
  }

  /** Work on this collection, for a run whose evidence people look at. */
  open(collection, run) {
    this.run = run;
    if (collection === this.collection) return;
    this.collection = collection;
    this.store = `tagrefine-waiting-${collection}`;
    this.waiting = JSON.parse(sessionStorage.getItem(this.store) ?? "[]");
    this.version = null;
    this.send();
    clearTimeout(this.clock);
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

  add(step) {
    this.waiting.push({ ...step, key: crypto.randomUUID() });
    this.keep();
    this.send();
  }

  keep() {
    sessionStorage.setItem(this.store, JSON.stringify(this.waiting));
  }

  async post(steps, keepalive = false) {
    const answer = await fetch(`/verdicts/${this.collection}`, {
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
      const { collection, store } = this;
      const steps = this.waiting.slice(0, size);
      try {
        const { saved } = await this.post(steps);
        if (collection !== this.collection) break; // another collection was opened meanwhile
        this.drop(steps);
        this.error = "";
        pause = AGAIN;
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
    this.told({ waiting: 0, error: this.error ?? "" });
  }

  drop(steps) {
    this.waiting = this.waiting.filter((one) => !steps.some(({ key }) => key === one.key));
    this.keep();
  }

  /** Hear what other windows decided. */
  async listen() {
    try {
      if (!document.hidden && !this.waiting.length) {
        const since = this.version;
        const answer = await fetch(`/verdicts/${this.collection}?since=${since ?? 2 ** 53 - 1}`);
        if (answer.ok) {
          const news = await answer.json();
          this.version = news.version;
          if (since !== null && news.changed?.length !== 0) this.changed(news.changed ?? [], news.changed === null);
        }
      }
    } catch {
      // Sending says what is wrong; listening goes on.
    }
    this.clock = setTimeout(() => this.listen(), NEWS);
  }

  stop() {
    clearTimeout(this.clock);
    window.removeEventListener("pagehide", this.onHide);
    window.removeEventListener("beforeunload", this.onLeave);
  }
}

/** Put into the address what is open, so that a link and a reload lead back to it. The page is not told: it need not run again for that. */
function inAddress(name, value) {
  const address = new URL(window.location.href);
  address.searchParams.set(name, value);
  window.history.replaceState(window.history.state, "", address);
}

/** What the line says that tells whether everything is saved. */
function savedWords({ waiting, error }) {
  if (error) return error;
  return waiting ? `saving ${waiting} …` : "saved";
}
