"""From an empty home to tags for new photos, as a visitor goes: the tests follow each other in one home."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, expect

from tagrefine_core import jobs, workflow
from tagrefine_core.collections import Collection
from tagrefine_core.demo import render
from tagrefine_core.runs.refined import changes_of
from tagrefine_core.runs.run import Run
from tagrefine_core.workflow import Work, start_job
from tests.browser.conftest import App
from tests.browser.visitor import PAGES, Visitor, pictures_load, until

pytestmark = pytest.mark.browser

MEASURES = {"miap": "MiAP", "map": "mAP", "micro_auc": "MicroAUC", "macro_auc": "MacroAUC"}


def _names(links: Locator) -> list[str]:
    return [name.strip().lower() for name in links.all_inner_texts()]


def _found(visitor: Visitor) -> int:
    """Return how many photos Browse says that it found."""
    line = visitor.page.get_by_text(re.compile(r"^[\d,]+ of [\d,]+ photos$")).inner_text()
    return int(line.split()[0].replace(",", ""))


def _expect_found(visitor: Visitor, count: int) -> None:
    expect(visitor.page.get_by_text(re.compile(rf"^{count:,} of [\d,]+ photos$"))).to_be_visible()


# The first minute


@pytest.fixture(scope="module", autouse=True)
def demo_as_it_was_made(app: App) -> Iterator[None]:
    """Take away the short run that is started here: whoever comes after looks at the demo's own."""
    yield
    finished = [run.id for run in app.store.runs("demo") if run.state == "finished"]
    for run_id in finished[:-1]:
        app.store.delete_run(run_id)


def test_first_request_ever_is_a_deep_link_into_an_empty_home(visitor: Visitor, app) -> None:
    assert not app.store.collections(), "this test runs first"
    page = visitor.open("browse")
    named = [name for name in PAGES if name not in ("tour", "export")]  # buttons lead there
    expect(page.get_by_test_id("stTopNavLink")).to_have_count(len(named))
    assert _names(page.get_by_test_id("stTopNavLink")) == named
    expect(page.get_by_text("There are no photos yet")).to_be_visible()
    page.get_by_role("button", name="Go to Collection").click()
    expect(page).to_have_url(re.compile(r"/collection"))
    expect(page.get_by_role("button", name="Make the demo collection")).to_be_visible()


def test_one_click_starts_the_demo_and_another_cancels_it(visitor: Visitor, app) -> None:
    page = visitor.open("collection")
    page.get_by_role("button", name="Make the demo collection").click()
    expect(page.get_by_text("Making the demo collection")).to_be_visible()
    expect(page.get_by_role("button", name="Make the demo collection")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"[1-9]\d* of 1,200"))).to_be_visible()
    visitor.reload()
    expect(page.get_by_text("Making the demo collection")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("was cancelled")).to_be_visible()
    assert [job.state for job in jobs.jobs(app.store)] == ["cancelled"]
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("was cancelled")).to_have_count(0)
    expect(page.get_by_role("button", name="Make the demo collection")).to_be_enabled()


def test_demo_is_made_while_the_page_tells_how_far_it_is(visitor: Visitor, app) -> None:
    job = start_job(app.store, Work("demo", "demo", {"images": 120}))
    page = visitor.open("collection")
    expect(page.get_by_text("Making the demo collection")).to_be_visible()
    # The photos are there before the training has ended; the page shows them by itself.
    expect(page.get_by_role("heading", name="demo")).to_be_visible()
    expect(page.get_by_text(re.compile(r"(Extracting|Training) .*[1-9]\d* of \d+"))).to_be_visible()
    app.wait(job)
    expect(page.get_by_text("Making the demo collection")).to_have_count(0)
    expect(page.locator(".st-key-run input")).to_have_value(re.compile("Default"))
    expect(page.get_by_test_id("stMetric").first).to_contain_text("120")
    pictures_load(page.locator(".tr-strip img"), at_least=9)


def test_import_dialog_brings_photos_in(visitor: Visitor, app, demo: str, odd_photos: Path) -> None:
    page = visitor.open("collection")
    page.get_by_role("button", name="Import photos").click()
    dialog = page.get_by_role("dialog")
    where = dialog.get_by_role("textbox", name="Where is it on this machine?")
    where.fill(f"{odd_photos}/![x](evil) *folder*")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("![x](evil) *folder*.")).to_be_visible()
    where.fill(str(odd_photos))
    dialog.get_by_role("textbox", name="What shall the collection be called?").fill("odd")
    dialog.get_by_text("Learn from them right away").click()
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="odd")).to_be_visible()
    expect(page.get_by_role("tab", name="Import report (1)")).to_be_visible()
    assert app.store.collection("odd").images == 24


# Train


def test_run_is_started_from_the_form_watched_and_kept(visitor: Visitor, app, demo: str) -> None:
    before = len(app.store.runs("demo"))
    page = visitor.open("train", "?collection=demo")
    page.locator(".st-key-choose_small button").click()
    visitor.settle()
    page.get_by_text("All settings").click()
    for tab, name in (("Stage 1", "phi0"), ("Stage 2", "constraints")):
        epochs = page.locator(f".st-key-set_small_{name}-epochs input")

        def opened(tab=tab, epochs=epochs) -> bool:
            page.get_by_role("tab", name=tab).click()  # lost while the tabs are being drawn anew
            return epochs.is_visible()

        until(opened, what=f"the tab {tab}")
        epochs.fill("4")
        page.keyboard.press("Enter")
        visitor.settle()
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Training on demo")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Stage")).to_contain_text(re.compile("[12] of 2"))
    expect(page.get_by_test_id("stMetric").filter(has_text="Epochs done")).to_contain_text(
        re.compile("[1-4] of 4")
    )
    expect(page.get_by_test_id("stPlotlyChart").first).to_be_visible()
    expect(page.get_by_text("Training on demo")).to_have_count(0)
    runs = page.locator("[class*='st-key-run_']").get_by_text("finished", exact=True)
    expect(runs).to_have_count(before + 1)
    run = app.newest_run("demo")
    assert (run.config["phi0"]["epochs"], run.config["constraints"]["epochs"]) == (4, 4)
    page.get_by_role("button", name="See the new run").click()
    expect(page).to_have_url(re.compile(f"run={run.id}"))
    visitor.reload()
    expect(runs).to_have_count(before + 1)


# Browse


def test_browse_finds_photos_and_tells_each_in_full(visitor: Visitor, app, demo: str) -> None:
    collection = Collection.open(app.store, demo)
    page = visitor.open("browse", "?collection=demo")
    _expect_found(visitor, collection.n)
    pictures_load(page.locator(".card img"), at_least=5)

    page.get_by_label("Change", exact=True).select_option("no user tags")
    _expect_found(visitor, int(np.count_nonzero(np.diff(collection.tags.indptr) == 0)))
    page.get_by_label("Change", exact=True).select_option("any change")
    page.get_by_role("searchbox", name="Search").fill("tree and not car")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("search=tree"))
    until(lambda: 0 < _found(visitor) < collection.n, what="fewer photos")
    name = collection.files[71]
    page.get_by_role("searchbox", name="Search").fill(f'"{name}"')
    page.keyboard.press("Enter")
    _expect_found(visitor, 1)

    page.locator(".card").first.click()
    detail = page.locator(".detail")
    expect(detail.get_by_text(name)).to_be_visible()
    assert detail.locator(".bar").count() >= 2
    values = [float(value.strip("<> %")) for value in detail.locator(".bar .value").all_inner_texts()]
    assert values == sorted(values, reverse=True) and 0 <= values[-1] <= values[0] <= 100
    expect(detail.locator(".near .thumb")).to_have_count(15)
    pictures_load(detail.locator(".near .thumb img"), at_least=3)
    last = detail.locator(".bar").last
    last.click()
    expect(detail.locator(".why")).to_contain_text(last.get_attribute("data-why"))

    expect(page).to_have_url(re.compile("photo=71"))
    visitor.reload()
    expect(detail.get_by_text(name)).to_be_visible()
    _expect_found(visitor, 1)
    detail.get_by_role("button", name="Close the photo").focus()
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(page).not_to_have_url(re.compile("photo="))


def test_promise_switch_and_tag_of_browse(visitor: Visitor, app, demo: str) -> None:
    run = Run.open(app.store, app.newest_run(demo).id)
    collection = Collection.open(app.store, demo)
    page = visitor.open("browse", "?collection=demo")
    slider = page.get_by_role("slider")
    balance = page.locator(".st-key-balance")
    expect(slider).to_have_attribute("aria-valuetext", "at least 3 of 4 changes right")
    for precision, key in ((0.75, None), (0.7, "ArrowRight"), (0.65, "ArrowRight"), (0.7, "ArrowLeft")):
        if key:
            slider.press(key)
            expect(page).to_have_url(re.compile(f"precision={precision}"))
        found = changes_of(run, collection, precision)
        expect(balance).to_contain_text(re.compile(rf"^{found.changed:,} photos? change"))
        expect(balance).to_contain_text(re.compile(rf"(^|\D){found.added.nnz:,} tags? added"))
        expect(balance).to_contain_text(re.compile(rf"(^|\D){found.removed.nnz:,} tags? removed"))

    # What a picture cannot tell is one quiet chip, until the switch shows it as ordinary tags.
    row = int(np.diff(found.untold.indptr).argmax())
    names = [collection.vocabulary[column] for column in found.untold[[row]].indices]
    visitor.open("browse", f'?collection=demo&precision=0.7&search="{collection.files[row]}"')
    card = page.locator(".card")
    expect(card).to_have_count(1)
    quiet = card.locator(".tr-untold")
    expect(quiet).to_have_text(f"{len(names)} a picture cannot tell")
    expect(card).to_have_attribute("aria-description", re.compile(f"left alone: [^;]*{names[0]}"))
    page.get_by_label("Show what a picture cannot tell").click()
    expect(page).to_have_url(re.compile("untold=true"))
    expect(quiet).to_have_count(0)
    expect(card.locator(".tr-kept").filter(has_text=names[0]).first).to_be_visible()
    visitor.reload()
    expect(card.locator(".tr-kept").filter(has_text=names[0]).first).to_be_visible()

    # The tag that is asked for stands first on every card, marked.
    tag = collection.vocabulary[int(np.bincount(np.r_[found.added.indices, found.kept.indices]).argmax())]
    visitor.open("browse", f"?collection=demo&precision=0.7&tag={tag}")
    firsts = page.locator(".card .tr-chips .tr-chip:first-child")
    expect(firsts.first).to_be_visible()
    until(lambda: firsts.count() == page.locator(".card").count(), what="chips on every card")
    for chip in firsts.all():
        expect(chip).to_have_class(re.compile("tr-asked"))
        assert chip.inner_text().lstrip("+- ") == tag
    expect(page.locator(".tr-asked")).to_have_count(firsts.count())
    expect(page.locator(".card").first).to_have_attribute(
        "aria-description", re.compile(f" {tag}, the tag asked for")
    )


def test_arrow_keys_walk_through_the_photos(visitor: Visitor, demo: str) -> None:
    page = visitor.open("browse", "?collection=demo&order=file")
    page.locator(".card[data-row='0']").click()
    expect(page.locator(".detail")).to_contain_text("demo00001")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".detail")).to_contain_text("demo00003")
    expect(page).to_have_url(re.compile("photo=2"))


# Neighbors


def test_neighborhoods_are_judged_and_played(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("neighbors", "?collection=demo")
    good, bad = page.locator(".cell.good"), page.locator(".cell.bad")
    expect(good.first).to_contain_text("✓")
    expect(bad.first).to_contain_text("✕")
    color = "(cell) => getComputedStyle(cell).borderTopColor.match(/[0-9]+/g).map(Number)"
    green, red = good.first.evaluate(color), bad.first.evaluate(color)
    assert green[1] > green[0] and red[0] > red[1], "green frames and red ones"
    expect(good.first).to_have_attribute("title", re.compile("^has "))
    expect(bad.first).to_have_attribute("title", re.compile("does not have"))
    pictures_load(page.locator(".cell img"), at_least=7)

    slider = page.get_by_role("slider", name="Moment")
    last = int(slider.get_attribute("max") or 0)
    assert last > 0 and int(slider.input_value()) == last
    page.get_by_role("button", name="Play").click()
    expect(slider).to_have_value("0")
    expect(page.locator(".sentence")).to_contain_text("Picked at random")
    expect(page.locator(".line.future")).to_have_count(last)
    expect(slider).to_have_value("1")
    page.get_by_role("button", name="Pause").click()
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("2")


def test_neighborhoods_of_each_kind_are_one_click_away(visitor: Visitor, app, demo: str) -> None:
    page = visitor.open("neighbors", "?collection=demo")
    compare = {"Better": int.__gt__, "As good as before": int.__eq__, "Worse": int.__lt__}
    for name, holds in compare.items():
        group = page.get_by_role("button", name=re.compile(f"^{name} [0-9]"))
        if group.is_disabled():
            assert group.inner_text().endswith(" 0")
            continue
        group.click()
        expect(group).to_have_attribute("aria-pressed", "true")
        for change in page.locator(".choice span:not(.unseen)").all_inner_texts():
            before, after = map(int, change.split(" → "))
            assert holds(after, before), f"{name}: {change}"
    page.locator(".choice").nth(1).click()
    name = (page.locator("img.query").get_attribute("alt") or "").removeprefix("The photo ")
    row = Collection.open(app.store, demo).files.index(name)
    expect(page).to_have_url(re.compile(rf"query={row}\b"))
    visitor.reload()
    expect(page.locator("img.query")).to_have_attribute("alt", f"The photo {name}")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (3840, 2160), (1024, 768)])
def test_a_projector_is_filled_with_what_the_back_row_can_read(
    visitor: Visitor, demo: str, width: int, height: int
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": height})
    visitor.open("neighbors", "?collection=demo")
    expect(page.locator(".line").first).to_be_visible()
    page.keyboard.press("p")
    wall = page.locator(".wall")
    expect(wall).to_be_visible()
    box = "(part) => { const { left, top, right, bottom } = part.getBoundingClientRect(); return [left, top, right, bottom]; }"
    assert wall.evaluate(box) == [0, 0, width, height]
    unit = min(width, height * 16 / 9) / 100
    for part, least in (
        (".title", 3),
        (".frames", 1.5),
        (".sentence", 2),
        (".current .count", 1.9),
        (".why", 1.2),
    ):
        size = page.locator(part).first.evaluate("(part) => parseFloat(getComputedStyle(part).fontSize)")
        assert size >= least * unit, part
    lines, sentence = page.locator(".line").last.evaluate(box), page.locator(".sentence").evaluate(box)
    controls = page.locator(".controls").evaluate(box)
    assert lines[3] <= sentence[1] and sentence[3] <= controls[1] and controls[3] <= height, (
        "one above the other"
    )
    for part in page.locator(".wall :is(.frame, .count, button, .curve)").all():
        left, top, right, bottom = part.evaluate(box)
        assert left >= 0 and top >= 0 and right <= width and bottom <= height
    # Photos take most of the room that is there.
    cell = page.locator(".cell").first.evaluate(box)
    assert cell[2] - cell[0] >= 6 * unit
    page.keyboard.press("p")
    expect(wall).to_have_count(0)


# Tags


def test_tags_are_compared_on_a_canvas_and_in_a_list(visitor: Visitor, demo: str) -> None:
    page = visitor.open("tags", "?collection=demo&view=pairs")
    count = """(canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }"""
    canvas = page.locator("canvas")
    until(lambda: canvas.evaluate(count) > 10, what="cells of many colors")

    visitor.choose("tag", "tree")
    panel = page.get_by_label("Similar tags")
    expect(panel.get_by_role("heading", name="Most like “tree”")).to_be_visible()
    values = panel.locator(".link .value")
    shown = [float(value) for value in values.all_inner_texts()]
    assert shown and shown == sorted(shown, reverse=True)
    before = values.all_inner_texts()
    page.get_by_role("slider", name="Weight of meaning (alpha)").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("alpha=0.7"))
    until(lambda: values.all_inner_texts() != before, what="other similarities")

    panel.locator(".link").first.click()
    expect(panel.locator(".pair")).to_contain_text("Distance in all")
    visitor.reload()
    expect(panel.locator(".pair")).to_contain_text("Distance in all")


# Metrics


def test_metrics_show_what_was_measured_and_mark_what_was_published(visitor: Visitor, app, demo: str) -> None:
    run = app.newest_run(demo)
    users = app.store.metrics(app.store.collection(demo).id, "user_tags")
    page = visitor.open("metrics", f"?collection=demo&run={run.id}")
    for key, name in MEASURES.items():
        card = page.locator(f".st-key-measure_{key}")
        expect(card).to_contain_text(name)
        expect(card.get_by_test_id("stMetricValue")).to_have_text(f"{run.metrics[key]:.3f}")
        expect(card).to_contain_text(f"users' tags {users[key]:.3f}")
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts.filter(has_text="share that is right")).to_be_visible()
    expect(charts.filter(has_text="users' tags").first).to_be_visible()
    found = workflow.measure_handed_out(app.store, run.id)
    expect(page.locator(".st-key-measure_f1_head").get_by_test_id("stMetricValue")).to_have_text(
        f"{found.decisions.final.f1:.3f}"
    )
    badge = page.get_by_text("published", exact=True)
    expect(badge).to_be_hidden()
    page.get_by_role("tab", name="Published results").click()
    expect(badge).to_be_visible()
    expect(page.get_by_text("printed in the paper")).to_be_visible()
    expect(page.get_by_role("region", name="The paper's own table")).to_be_visible()


# Annotate


def test_new_photos_get_tags_and_what_is_no_photo_gets_a_reason(visitor: Visitor, app, demo: str) -> None:
    picture = io.BytesIO()
    render(99, 1)[0].save(picture, "JPEG")
    page = visitor.open("annotate", "?collection=demo")
    page.locator("input[type=file]").set_input_files(
        [
            {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()},
            {"name": "fake.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0 no photo at all"},
        ]
    )
    mine = page.locator(".st-key-photo_0")
    sure, unsure = mine.locator(".tr-bar.tr-fitting"), mine.locator(".tr-bar:not(.tr-fitting)")
    expect(mine.get_by_text("The likeliest that are not sure")).to_be_visible()
    assert (sure.count() == 0) == mine.get_by_text("Nothing sure").is_visible()
    mine.get_by_text("The likeliest that are not sure").click()
    expect(unsure.first).to_be_visible()
    vocabulary = Collection.open(app.store, demo).vocabulary
    assert set(mine.locator(".tr-bar span").all_inner_texts()) <= set(vocabulary)
    for bars in (sure, unsure):
        scores = [float(score.strip("<> %\xa0")) for score in bars.locator("em").all_inner_texts()]
        assert scores == sorted(scores, reverse=True) and all(0 <= score <= 100 for score in scores)
    pictures_load(mine.locator("img"))
    fake = page.locator(".st-key-photo_1")
    expect(fake.get_by_test_id("stAlert")).to_contain_text("This file is")
    expect(fake.locator(".tr-bar")).to_have_count(0)
    page.get_by_test_id("stTopNavLink").filter(has_text="Collection").click()
    expect(page.get_by_role("heading", name="demo")).to_be_visible()
