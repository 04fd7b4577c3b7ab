"""The work of a benchmark, method by method: tune, measure every repeat, keep what was measured, grow the table."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagrefine_core.collections import Collection
from tagrefine_core.config import TrainConfig
from tagrefine_core.experiments.choosing import Tuned, choose, settings_of
from tagrefine_core.experiments.deciding import decide
from tagrefine_core.experiments.intervals import copies, resampled
from tagrefine_core.experiments.keeping import (
    code_of,
    heading,
    key_of,
    method_key,
    now,
    parameters_of,
    read_result,
    write_result,
)
from tagrefine_core.experiments.measure import Outcome, measure, supports
from tagrefine_core.experiments.protocol import (
    PROTOCOL,
    Material,
    Task,
    frozen_notes,
    repeat_split,
    validation_split,
)
from tagrefine_core.experiments.steps import Steps
from tagrefine_core.experiments.table import (
    Table,
    add_published,
    arrays_of,
    paired_differences,
    row_of,
    stopped_row,
)
from tagrefine_core.files import read_array, write_array
from tagrefine_core.methods import Method, Mode
from tagrefine_core.progress import Progress, silent
from tagrefine_core.version import VERSION

__all__ = ["Comparison"]

_STAGE = "Comparing methods"
_DECISION = "tagrefine_core.experiments.deciding"
_DRAWS = {"refinement": 1000, "annotation": 400}  # resamples of each repeat; annotation has several


class Comparison:
    """The work of one call of `benchmark`; parameters are as there.

    Parameters
    ----------
    folder : Path
        Of all experiments.
    material : Material
    config : TrainConfig
        Of methods that train networks; its seed is the comparison's.
    table : str
        Id of the table.
    """

    def __init__(
        self,
        folder: Path,
        material: Material,
        config: TrainConfig,
        *,
        table: str,
        repeats: int,
        budget: int,
        seconds: float = float("inf"),
        mode: Mode = "all",
        memory: int | None = None,
        progress: Progress = silent,
    ) -> None:
        self.material, self.config, self.task, self.mode = material, config, config.task, mode
        self.table, self.repeats, self.budget, self.memory = table, repeats, budget, memory
        self.seconds = seconds
        self._progress = progress
        self._steps = Steps(silent, _STAGE, done=0, total=0)
        shared = (
            self.material.key,
            config.run.train_fraction,
            budget,
            seconds,
            config.seed,
            PROTOCOL,
            VERSION,
        )
        self.key = key_of(*shared, config.task, mode)
        self.folder = folder / self.key
        self.tuning = folder / "tuning" / key_of(*shared)
        self.n = len(self.material.features)
        self._copies: NDArray[np.uint8] | None = None

    def run(self, kinds: Sequence[type[Method]], collection: Collection) -> Table:
        """Measure the methods one after another; the table on disk grows with each."""
        able = [kind for kind in kinds if supports(kind, self.task)]
        self._steps = Steps(
            self._progress,
            _STAGE,
            done=sum(self._known(kind) for kind in able),
            total=sum(self._trials(kind) + self._count(kind) for kind in able),
        )
        path = self.folder / f"table-{self.table}.json"
        table = self._heading(collection)
        table["left_out"] = [
            {"method": kind.name, "title": kind.title, "reason": f"It cannot do {self.task}."}
            for kind in kinds
            if kind not in able
        ]
        draws: dict[str, NDArray[np.float64]] = {}
        beside: dict[str, NDArray[np.float64]] = {}
        for kind in able:
            row, drawn, wider = self._row(kind)
            if drawn is not None:
                draws[kind.name] = drawn
            if wider is not None:
                beside[kind.name] = wider
            table["rows"].append(row)
            add_published(table["rows"], collection.record.kind, self.task)
            table["paired"] = paired_differences(table["rows"], draws)
            if table["wider"] is not None:
                table["wider"]["paired"] = paired_differences(table["rows"], beside, wider=True)
            write_result(path, table)
        table |= {"state": "finished", "finished": now()}
        write_result(path, table)
        return read_result(path)  # type: ignore[no-any-return]

    def tuned(self, kind: type[Method]) -> Tuned:
        """Choose a method's parameters on the validation fold, by annotation wherever the method annotates."""
        task: Task = "annotation" if kind.annotates else "refinement"
        split = validation_split(self.n, self.config, task)
        return choose(
            kind,
            self._settings(kind),
            self.material,
            split,
            task,
            self.tuning / f"{method_key(kind, self.config)}.json",
            config=self.config,
            seconds=self.seconds,
            memory=self.memory,
            done=self._steps.step,
            progress=self._steps,
        )

    def _row(
        self, kind: type[Method]
    ) -> tuple[Table, NDArray[np.float64] | None, NDArray[np.float64] | None]:
        """Return the row of a method, and what it measures on resamples: of the labels, and of wider ones."""
        folder = self.folder / method_key(kind, self.config)
        tuned = self.tuned(kind)
        if tuned.trials and all(trial["map"] is None for trial in tuned.trials):
            self._steps.step(self._count(kind))
            message = tuned.trials[0]["message"] or "mAP is undefined on the validation fold."
            return stopped_row(kind, "failed", message), None, None
        results = []
        for repeat in range(self._count(kind)):
            paths = arrays_of(folder, repeat)
            result = read_result(paths["result"])
            if result is None or key_of(result["parameters"]) != key_of(tuned.parameters):
                outcome = self._measured(kind, tuned.parameters, repeat, folder)
                if outcome.status != "done":
                    self._steps.step(self._count(kind) - repeat)
                    return stopped_row(kind, outcome.status, outcome.message), None, None
                self._steps.step()
                result = read_result(paths["result"])
            results.append(result)
        kept = [arrays_of(folder, repeat) for repeat in range(len(results))]
        decided = [
            self._decided(result, repeat, paths)
            for repeat, (result, paths) in enumerate(zip(results, kept, strict=True))
        ]
        draws = np.mean(
            [np.hstack([read_array(paths["draws"]), read_array(paths["decided_draws"])]) for paths in kept],
            axis=0,
        )
        wider = None
        if self.material.wider is not None:
            wider = np.mean([read_array(paths["wider_draws"]) for paths in kept], axis=0)
        row = row_of(kind, results, decided, draws, wider)
        return (
            {**row, "results": folder.name, "trials": tuned.trials, "untried": tuned.untried},
            draws,
            wider,
        )

    def _measured(self, kind: type[Method], parameters: dict[str, Any], repeat: int, folder: Path) -> Outcome:
        split = repeat_split(self.n, self.config, self.task, repeat)
        outcome = measure(
            kind,
            parameters,
            self.material,
            split,
            self.task,
            mode=self.mode,
            config=self.config,
            seed=self.config.seed + repeat,
            memory=self.memory,
            progress=self._steps,
        )
        if outcome.metrics is not None and outcome.scores is not None:
            paths = arrays_of(folder, repeat)
            rows = self.folder / f"rows{repeat}.npy"
            if not rows.exists():
                write_array(rows, split.test)
            counts = self._resamples[split.test]
            write_array(paths["scores"], outcome.scores)
            write_array(paths["draws"], resampled(outcome.scores, self.material.truth[split.test], counts))
            if self.material.wider is not None and outcome.wider_scores is not None:
                truth = self.material.wider.truth[split.test]
                write_array(paths["wider_draws"], resampled(outcome.wider_scores, truth, counts))
            write_result(
                paths["result"],  # last: that it is there says that all of the repeat is
                {
                    "metrics": outcome.metrics.as_dict(),
                    "wider": None if outcome.wider is None else outcome.wider.as_dict(),
                    "parameters": parameters,
                    "fit_seconds": outcome.fit_seconds,
                    "score_seconds": outcome.score_seconds,
                    "peak_mb": outcome.peak_mb,
                    "settings": outcome.settings,
                    "probabilities": outcome.probabilities,
                },
            )
        return outcome

    def _decided(self, result: dict[str, Any], repeat: int, paths: dict[str, Path]) -> dict[str, Any]:
        """Return what would be handed out in one repeat and how right it is, by the scores that are kept."""
        code = code_of(_DECISION)
        known = read_result(paths["decided"])
        if known is not None and known["code"] == code:
            return known["measures"]  # type: ignore[no-any-return]
        test = repeat_split(self.n, self.config, self.task, repeat).test
        found = decide(
            read_array(paths["scores"]),
            self.material.tags[test][:, self.material.label_columns],
            self.material.truth[test],
            self._resamples[test],
            known=self.task == "refinement",
            probabilities=result["probabilities"],
        )
        write_array(paths["decided_draws"], found.draws)
        write_result(paths["decided"], {"code": code, "measures": found.measures})
        return read_result(paths["decided"])["measures"]  # type: ignore[no-any-return]

    @property
    def _resamples(self) -> NDArray[np.uint8]:
        """Copies of all photos in each resample: a photo that several repeats measure is drawn once for all."""
        if self._copies is None:
            self._copies = copies(self.n, _DRAWS[self.task], self.config.seed)
        return self._copies

    def _heading(self, collection: Collection) -> Table:
        from tagrefine_core.runs.material import versions

        return {
            **heading(collection, self.config, frozen_notes(self.config)),
            "id": self.table,
            "key": self.key,
            "mode": self.mode,
            "repeats": self.repeats,
            "budget": self.budget,
            "tuning_seconds": self.seconds,
            "judged": len(validation_split(self.n, self.config, self.task).test),
            "backbone": self.config.network.backbone,
            "views": self.config.network.views,
            "weights_hash": self.material.weights_hash,
            "photos": self.n,
            "trained": len(repeat_split(self.n, self.config, self.task, 0).train),
            "measured": len(repeat_split(self.n, self.config, self.task, 0).test),
            "labels": list(collection.labels),
            "wider": None
            if self.material.wider is None
            else {"labels": list(self.material.wider.labels), "paired": []},
            "versions": versions(),
            "finished": None,
            "rows": [],
            "paired": [],
        }

    def _count(self, kind: type[Method]) -> int:
        return self.repeats if self.task == "annotation" or "seed" in parameters_of(kind) else 1

    def _settings(self, kind: type[Method]) -> list[dict[str, Any]]:
        split = validation_split(self.n, self.config, "annotation" if kind.annotates else "refinement")
        return settings_of(kind, len(split.train), self.budget, self.config.seed)

    def _trials(self, kind: type[Method]) -> int:
        tried = len(self._settings(kind))
        return tried if tried > 1 else 0

    def _known(self, kind: type[Method]) -> int:
        """Count the trials and repeats that an earlier call has left."""
        name = method_key(kind, self.config)
        tried = read_result(self.tuning / f"{name}.json") or []
        kept = [arrays_of(self.folder / name, repeat)["result"] for repeat in range(self._count(kind))]
        return sum(bool(trial) and trial["map"] is not None for trial in tried) + sum(
            path.exists() for path in kept
        )
