// What stands on a card of the grid: the photo, and as many of its tags as fit.

/** The order on a card, where the last ones may not fit: some of every kind before the rest of the added ones. */
function inShort(tags, ordinary) {
  const asked = tags.filter((one) => one.asked);
  const of = (state) => tags.filter((one) => one.state === state && !one.asked);
  const added = of("added");
  const most = Math.max(0, 4 - asked.length);
  return [...asked, ...added.slice(0, most), ...of("removed"), ...of("kept"), ...added.slice(most), ...(ordinary ? of("untold") : []), ...of("dropped")];
}

function fillCard(card, photo, ordinary) {
  card.dataset.row = photo.row;
  const frame = el("span", "picture");
  const image = picture(photo.picture, "");
  image.loading = "lazy";
  image.onerror = () => frame.classList.add("missing");
  frame.append(image);
  const chips = el("span", "tr-chips");
  chips.append(...inShort(photo.tags, ordinary).map((one) => tagChip(one, ordinary)));
  if (!photo.tags.some((one) => one.state !== "absent")) chips.append(el("span", "none", "no tags"));
  const quiet = ordinary ? [] : photo.tags.filter((one) => one.state === "untold" && !one.asked);
  const last = quiet.length ? untoldChip(quiet, "a picture cannot tell") : null;
  if (last) chips.append(last);
  card.ariaDescription = spoken(photo.tags);
  card.title = photo.file;
  const check = el("span", "check", "✓");
  check.ariaHidden = "true"; // the card says whether it is checked
  card.replaceChildren(frame, check, chips, unseen(photo.file));
  return { chips, last };
}

/**
 * Count the chips that do not fit; the detail view shows all. The `last` one stays. All cards are looked at before any is changed: the
 * browser lays out the grid once for a round, not once for a chip.
 */
function shorten(cards) {
  let open = cards.map((card) => ({ ...card, gone: 0 }));
  while (open.length) {
    const over = open.map(({ chips }) => {
      const bottom = chips.getBoundingClientRect().bottom + 1;
      return [...chips.children].filter((one) => one.getBoundingClientRect().bottom > bottom);
    });
    open = open.filter((card, place) => over[place].length && takeAway(card, over[place]));
  }
}

function takeAway(card, over) {
  const chips = [...card.chips.children].filter((one) => one !== card.last && one !== card.more);
  const outside = chips.filter((one) => over.includes(one));
  const gone = outside.length ? outside : chips.slice(-1);
  if (!gone.length) return false;
  for (const one of gone) one.remove();
  card.gone += gone.length;
  if (!card.more) {
    card.more = el("span", "none");
    card.chips.insertBefore(card.more, card.last);
  }
  card.more.textContent = `+${card.gone} more`;
  return true;
}
