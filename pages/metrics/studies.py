"""What the parts of the model are worth, and what methods recover from spoiled tags: experiments shown as charts."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.components.charts import chart
from pages.components.downloads import downloads
from pages.components.jobs import begin, live_jobs
from pages.components.methods import methods_of
from pages.components.setting_words import REFRESH, differs_in_words
from pages.components.text import plain
from pages.components.words import EXPLAINED
from pages.state import store
from tagrefine_core import plots, workflow
from tagrefine_core.collections import Collection
from tagrefine_core.runs.run import Run
from tagrefine_core.settings import settings_that_differ, write_settings

__all__ = ["NOISE", "ablation", "noise", "variant_name"]

NOISE = {
    "missing": "tags are left out",
    "wrong": "wrong tags are added",
    "swapped": "tags are exchanged for wrong ones",
}

_WHOLE = "the whole model"
_TERMS = {"vis": "look-alike photos", "sem": "related tags", "err": "few errors"}
_ADDITIONS = {
    "no stage 2": "without the second stage",
    "no cross-fitting": "one network, scoring photos it learned from",
    "no closed form": "last layer learned step by step only",
    "no mean feature": "last layer without the mean feature of each tag",
    "no power": "features as strong as they fire",
    "no calibration": "scores of how likely a tag is given, not of how likely it fits",
    "no centering": "what all photos share stays in",
    "one view": "without the mirror image",
}
_FEATURES = {
    "features not learned": "features do not learn",
    "neighbors static": "neighbors looked up once",
    "neighbors static, features not learned": "neighbors looked up once, features do not learn",
    "neighbors random": "any photos as neighbors",
}
_WHERE = {
    "in training only": "only while it learns",
    "in scoring only": "only when it scores",
    "in neither": "not at all",
}
_GROUPS = {
    "constraints": (
        "The three constraints",
        "Where the model listens to each of the paper's three ideas: while it learns, and when it scores.",
    ),
    "features": (
        "Features and neighbors that learn",
        "Whether what photos look like is learned, and whether neighbors follow it.",
    ),
    "additions": ("What we added", "The model without one of the steps that the paper does not have."),
    "refresh": (
        "Keeping neighbors up to date",
        "How often look-alike photos are looked up anew while it learns.",
    ),
    "alpha": (
        "Use and meaning of tags",
        "How much the meaning of tags counts beside their use, when tags are related.",
    ),
}


def ablation(collection: Collection, run: Run) -> None:
    """Draw the newest ablation of a collection, and offer to start one."""
    st.markdown(
        ":gray[The model is trained again with parts of it switched off. A bar to the left: without that part it is worse.]"
    )
    found = _read("ablations", collection.name)
    busy = _start("ablate", "Measure each part", collection, run, bool(found))
    if not found:
        st.caption("Nothing has been measured yet. It takes about twenty trainings.")
        return
    answer = found[0]
    rows = {row["variant"]: row for row in answer["rows"]}
    measure = _measure("ablation_measure")
    _state(answer, collection, busy)
    if rows.get("all", {}).get(measure) is None:
        st.caption("The whole model has not been measured, so there is nothing to compare its parts with.")
        return
    for group, (title, sentence) in _GROUPS.items():
        of_group = {variant_name(name): row for name, row in rows.items() if _group(name) == group}
        bars = {_WHOLE: rows["all"]} | of_group
        if any(row[measure] is not None for row in of_group.values()):
            st.markdown(f"**{title}**  \n:gray[{sentence}]")
            chart(
                plots.ablation_bars(
                    {name: (row[measure], row[f"{measure}_sd"]) for name, row in bars.items()},
                    whole=_WHOLE,
                    measure=EXPLAINED[measure][0],
                ),
                alt=f"Bars: {title}",
                key=f"ablation_{group}",
                file=f"ablation-{group}",
            )
    asked = [pair for pair in answer.get("paired", []) if pair["name"] and pair["metric"] == measure]
    if asked:
        st.markdown(
            "**Asked by name**  \n:gray[How much better the first is than the second, with a 95 % interval.]"
        )
        for pair in asked:
            st.markdown(
                f"- {pair['name'].capitalize()}: {pair['difference']:+.4f} [{pair['low']:+.4f}, {pair['high']:+.4f}]"
            )
    if answer["repeats"] == 1:
        st.caption("Each variant was trained once, so small differences may be chance.")
    for name, row in rows.items():
        if row["status"] != "done":
            st.caption(plain(f"{variant_name(name)} {row['status']}: {row['message']}"))
    _take_home(answer["rows"], f"ablation-{collection.name}", "variant", None)


def noise(collection: Collection, run: Run) -> None:
    """Draw the newest noise curves of a collection, and offer to measure them."""
    st.markdown(
        ":gray[True tags are made wrong on purpose, more and more of them. The higher a line stays, the more of the truth"
        " that method brings back.]"
    )
    found = _read("recoveries", collection.name)
    busy = _start("noise", "Measure under noise", collection, run, bool(found))
    if not found:
        st.caption("Nothing has been measured yet.")
        return
    answer = found[0]
    _state(answer, collection, busy)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        kind = st.segmented_control(
            "What is done to the tags",
            answer["kinds"],
            default=answer["kinds"][0],
            format_func=lambda name: NOISE.get(name, name),
            required=True,
            key="noise_kind",
        )
        measure = _measure("noise_measure")
    # By today's names, which say what is a reconstruction; a method of the user's own may be gone.
    known = {method: title for method, (title, _) in methods_of().items()}
    titles = {method: known.get(method, title) for method, title in answer["titles"].items()}
    curves = {
        titles[method]: [(point["rate"], point[measure]) for point in points if point["kind"] == kind]
        for method, points in answer["curves"].items()
    }
    chart(
        plots.noise_curves(
            curves,
            measure=EXPLAINED[measure][0],
            ours=titles.get("tagrefine", ""),
            spoiled=titles.get("user_tags", ""),
        ),
        alt=f"Lines: {EXPLAINED[measure][0]} of each method as {NOISE.get(str(kind), str(kind))}",
        key="noise_curves",
        file=f"noise-{kind}",
    )
    if "user_tags" in answer["curves"]:
        st.caption("Dotted: the tags as they were made wrong, with no method.")
    rows = [
        {"method": titles[method], "noise": f"{point['kind']} {point['rate']:g}", **point}
        for method, points in answer["curves"].items()
        for point in points
    ]
    _take_home(rows, f"noise-{collection.name}", "method", "noise")


def variant_name(variant: str) -> str:
    """Name a variant of the model in words."""
    names = {
        "all": _WHOLE,
        "phi0": "users' tags alone, first stage only",
        **_ADDITIONS,
        **_FEATURES,
    }
    term, _, where = variant.partition(" ")
    if where in _WHERE:
        return f"{_TERMS.get(term, 'all three')} {_WHERE[where]}"
    kind, _, value = variant.partition(" ")
    if kind == "refresh":
        return REFRESH.get(value, value)
    return f"meaning counts {value}" if kind == "alpha" else names.get(variant, variant)


def _group(variant: str) -> str:
    if variant in _ADDITIONS:
        return "additions"
    if variant in _FEATURES:
        return "features"
    first = variant.split(" ")[0]
    return "" if variant == "all" else first if first in _GROUPS else "constraints"


def _read(what: str, collection: str) -> list[dict[str, Any]]:
    """Return answers of an experiment, the newest first."""
    # Only the core knows what lies in there; without any experiment PyTorch need not be loaded.
    if not (store().home / "experiments").exists():
        return []
    from tagrefine_core import experiments

    found: list[dict[str, Any]] = getattr(experiments, what)(store(), collection)
    return found


def _start(command: str, label: str, collection: Collection, run: Run, again: bool) -> bool:
    """Draw the button that starts an experiment with the settings of the current run; tell whether one is at work."""
    refused = workflow.refusal(store(), command, collection.name)
    label += " again" if again else ""
    if st.button(
        label, key=f"start_{command}", disabled=bool(refused), type="secondary" if again else "primary"
    ):
        settings = write_settings(settings_that_differ(run.config))
        options: dict[str, Any] = {"preset": run.config.preset} | ({"settings": settings} if settings else {})
        if command == "ablate" and run.config.task == "annotation":  # tags are spoiled to be refined
            options["task"] = "annotation"
        begin(command, collection.name, options)
        st.rerun()
    if refused:
        st.caption(plain(refused))
    return any(job.collection == collection.name for job in live_jobs([command]))


def _measure(key: str) -> str:
    chosen = st.segmented_control(
        "Measure",
        list(EXPLAINED),
        default="map",
        format_func=lambda name: EXPLAINED[name][0],
        required=True,
        key=key,
    )
    return str(chosen)


def _state(answer: Mapping[str, Any], collection: Collection, busy: bool) -> None:
    words = [f"TagRefine’s settings: {differs_in_words(answer['preset'], answer['differs'])}."]
    if answer.get("clean") == "tags":
        words.append("What people tagged was taken for the truth.")
    st.caption(plain(" ".join(words)))
    if answer["state"] != "finished":
        ending = "It is still at work." if busy else "The same button goes on."
        st.caption(f"Not finished; here is what has been measured so far. {ending}")
    if answer["data_hash"] != collection.data_hash:
        st.warning("The collection was imported anew since, so this speaks of the photos as they were.")


def _take_home(rows: Sequence[Mapping[str, Any]], name: str, key: str, second: str | None) -> None:
    from tagrefine_core.experiments.export import grid_texts

    with st.container(horizontal=True, gap="small"):
        downloads(grid_texts(rows, name, key=key, second=second), name=name, key=f"take_{key}")
