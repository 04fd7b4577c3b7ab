// What is decided in the gallery: sent, seen at once on cards and panel, and put right when the server has answered or another window decides.

const AT_A_TIME = 100; // cards a request

class Decisions {
  constructor(gallery) {
    this.gallery = gallery;
    this.sender = new Sender(
      (state) => this.told(state),
      (changed, whole) => this.renew(whole ? null : new Set(changed.map((one) => one.row))),
    );
  }

  /** Decide on one tag of one photo; null takes back what was said. */
  say(row, tag, verdict) {
    this.made = true;
    this.sender.say([{ row, tag, verdict }]);
    this.foresee((one) => one === row, (tags) => afterVerdict(tags, tag, verdict));
  }

  /** Add a word to the photos of a `selection`, remove one, or both: one step. `chosen(row)` tells which photos these are. */
  edit(selection, change, chosen) {
    this.made = true;
    this.whole = true;
    this.sender.edit(selection, change, this.gallery.data.precision);
    this.foresee(chosen, (tags) => afterEdit(tags, change));
  }

  undo() {
    this.sender.undo();
  }

  /** Show before the server answers what becomes of the tags of photos. */
  async foresee(chosen, after) {
    const { detail } = this.gallery;
    if (detail.photo && chosen(detail.photo.row)) {
      detail.photo.tags = after(detail.photo.tags);
      detail.drawChips(detail.opened);
    }
    for (const photo of await this.gallery.loaded()) if (chosen(photo.row)) photo.tags = after(photo.tags);
    this.gallery.refill(chosen);
  }

  /** Say whether all is saved, and what many at once were; then show what became of it. */
  told({ turned, did, ...state }) {
    if (turned !== undefined) this.done = turned === null ? "nothing to undo" : `undone: ${turned}`;
    else if (did) this.done = did;
    if (state.waiting) return this.gallery.say(savedWords(state));
    const many = !!this.done;
    this.gallery.say([this.done, savedWords(state)].filter(Boolean).join(" · "), many);
    if (turned !== undefined || did) return;
    this.done = null;
    // A mistake has put nothing on disk that was shown: all is asked for anew, as after many at once.
    if (this.whole || state.error) this.renew(null);
    else if (this.gallery.detail.photo) this.renewOpen();
    this.whole = false;
  }

  /** Ask anew for photos that were fetched, by row, or for all: they stay where they are, with the tags that they have now. */
  async renew(rows) {
    const { gallery } = this;
    if (gallery.detail.photo && (rows === null || rows.has(gallery.detail.photo.row))) this.renewOpen();
    const photos = new Map((await gallery.loaded()).map((photo) => [photo.row, photo]));
    const shown = new Set(gallery.shown());
    const wanted = [...photos.keys()].filter((row) => rows === null || rows.has(row)).sort((a, b) => shown.has(b) - shown.has(a));
    for (let start = 0; start < wanted.length; start += AT_A_TIME) {
      const part = wanted.slice(start, start + AT_A_TIME);
      const query = queryOf(gallery.state, gallery.data.precision);
      query.set("rows", part);
      const answer = await fetch(`${gallery.data.address}/cards?${query}`).catch(() => null);
      if (!answer?.ok || this.sender.waiting.length) return; // what was decided meanwhile is newer
      for (const { row, tags } of (await answer.json()).photos) photos.get(row).tags = tags;
      gallery.refill((row) => part.includes(row));
    }
  }

  /** Ask anew for the open photo. */
  async renewOpen() {
    const { gallery } = this;
    const { row } = gallery.detail.photo;
    const answer = await fetch(`${gallery.data.address}/${row}?${queryOf(gallery.state, gallery.data.precision)}`).catch(() => null);
    if (!answer?.ok || this.sender.waiting.length) return;
    const photo = await answer.json();
    gallery.detail.refresh(photo);
    for (const one of await gallery.loaded()) if (one.row === row) one.tags = photo.tags;
    gallery.refill((one) => one === row);
  }
}
