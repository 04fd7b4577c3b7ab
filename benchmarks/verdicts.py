"""What a run learns from verdicts: a person answers from the labels, and the same scores are measured before and after.

    python -m benchmarks.verdicts HOME RUN [--answers 0 100 200 500 1000 2000] [--draws 5] [--seed 2026]

RUN is a finished, calibrated run of the refinement task on a collection with ground truth. Who is asked: "queue", half of the answers from the
queue of wrong labels and half from that of missing ones; "rounds", the same, but a hundred at a time, and the run learns before it asks again;
"random", any photo and label, the mean of some draws. "targets" is the queue, with verdicts written over the users' tags and everything solved for
anew, instead of learned as they are.

Three tables. **answered**: all photos, with what the person said above the scores, as a curator would hand them out. **not asked**: only photos and labels that
nobody was asked about, before and after. **other half**: half of the photos are asked about, and the other half is measured, both ways round; these are
the same photos for all numbers of answers. Micro-F1 is that of the labels handed out at the usual target precision. In "not asked", gains of the queue
have 95 % intervals over photos.
"""

import argparse
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from benchmarks.decisions import halves
from tagrefine_core.collections import Collection
from tagrefine_core.evaluation import evaluate, evaluate_decisions, reliability
from tagrefine_core.evaluation.resampling import copies
from tagrefine_core.features.inputs import Inputs
from tagrefine_core.model.design import Design
from tagrefine_core.model.implied import certain, with_implied
from tagrefine_core.model.least_squares import least_squares
from tagrefine_core.progress import silent
from tagrefine_core.refinement import PRECISION, Prospects, suspicious
from tagrefine_core.runs.material import material
from tagrefine_core.runs.refined import told_of
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.training.curated import Unlearned, learn_verdicts
from tagrefine_core.training.fit import held_out_parts
from tagrefine_core.training.fitted import Fitted
from tagrefine_core.training.scoring import calibrate

ROUND, RESAMPLES = 100, 200


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path)
    parser.add_argument("run")
    parser.add_argument("--answers", type=int, nargs="+", default=[0, 100, 200, 500, 1000, 2000])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    store = Store(options.home)
    run = Run.open(store, options.run)
    collection = Collection.open(store, run.record.collection)
    if collection.truth is None:
        parser.error(f"{collection.name!r} has no ground truth to answer from.")
    simulation = Simulation(run, collection)
    everywhere = np.arange(collection.n)
    ways = ("queue", "rounds", "random", "targets")
    print(f"run {run.id}: {collection.n:,} photos, {len(collection.label_columns)} labels\n")
    for table in ("answered", "not asked", "other half"):
        print(
            f"{table:<12}{'answers':>8}{'mAP':>8}{'before':>8}{'F1':>8}{'before':>8}{'calibration':>12}{'before':>8}"
        )
        for answers in options.answers:
            for way in ways if answers else ways[:1]:
                draws = options.draws if way == "random" else 1
                if table == "other half":
                    parts = list(halves(everywhere, options.seed).values())[:2]
                    asks = [
                        (simulation.ask(way, answers, part, draw), part)
                        for part in parts
                        for draw in range(draws)
                    ]
                else:
                    asks = [(simulation.ask(way, answers, everywhere, draw), None) for draw in range(draws)]
                found = [simulation.measure(table, way, asked, part) for asked, part in asks]
                told = np.mean([one.numbers for one in found], axis=0)
                line = f"{way:<12}{answers:>8,}" + "".join(
                    f"{value:>{8 + 4 * (k == 4)}.4f}" for k, value in enumerate(told)
                )
                if table == "not asked" and way == "queue" and answers:
                    line += f"   mAP {_gain(simulation, asks[0][0])}; {found[0].seconds:.1f} s"
                print(line, flush=True)
        print()


@dataclass(frozen=True)
class Measured:
    """mAP, micro-F1 and calibration error after and before, in turns; and how long learning took."""

    numbers: tuple[float, ...]
    seconds: float


@dataclass(eq=False)
class Simulation:
    """A run that is asked about its labels; ``asked`` is bool (N, L) everywhere."""

    run: Run
    collection: Collection
    learned: dict[bytes, tuple[NDArray[np.float32], float]] = field(default_factory=dict)

    @cached_property
    def inputs(self) -> Inputs:
        """What the run looked at."""
        return material(
            self.run.store.home, self.collection, self.run.config, torch.device("cpu"), silent
        ).inputs

    @cached_property
    def model(self) -> Fitted:
        """The model of the run, which is put back after each time that it has learned."""
        model = Fitted.load(self.run.folder)
        model.logits = np.array(model.logits)
        return model

    @cached_property
    def smoothed(self) -> NDArray[np.float32]:
        """Its logits averaged with those of look-alikes."""
        found = np.empty_like(self.model.logits)
        self.model.smooth(found)
        return found

    @cached_property
    def prospects(self) -> Prospects:
        """How many changes of which tag lie at which probability."""
        return Prospects(self.run.scores, self.collection.tags)

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """The tags of the labels (L,)."""
        return self.collection.label_columns

    @cached_property
    def truth(self) -> NDArray[np.int8]:
        """The labels, (N, L): 1, 0, and -1 where nobody judged."""
        return np.asarray(self.collection.truth)

    @cached_property
    def given(self) -> NDArray[np.bool_]:
        """Labels that users gave, (N, L)."""
        return np.asarray(self.collection.tags[:, self.columns].toarray() > 0)

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """Tags that are judged, (C,)."""
        return told_of(self.run, self.collection)

    def ask(self, way: str, answers: int, photos: NDArray[np.int64], draw: int) -> NDArray[np.bool_]:
        """Choose what is asked about some photos."""
        asked = np.zeros(self.truth.shape, dtype=bool)
        if way == "random":
            places = np.random.default_rng((draw, 9)).permutation(len(photos) * asked.shape[1])[:answers]
            asked[photos[places // asked.shape[1]], places % asked.shape[1]] = True
            return asked
        step = ROUND if way == "rounds" else max(1, answers)
        while (missing := answers - int(asked.sum())) > 0:
            scores = self.scores(asked)[np.ix_(photos, self.columns)]
            for kind, count in (("wrong", min(step, missing) // 2), ("missing", -(-min(step, missing) // 2))):
                queue = suspicious(
                    scores,
                    sparse.csr_matrix(self.given[photos].astype(np.uint8)),
                    kind,
                    decided=sparse.csr_matrix(asked[photos].astype(np.int8)),
                    top=count,
                )
                asked[photos[queue.rows], queue.columns] = True
        return asked

    def verdicts(self, asked: NDArray[np.bool_]) -> sparse.csr_matrix:
        """Answer from the labels; what nobody judged is not sure."""
        rows, labels = np.nonzero(asked)
        said = np.array([-1, 1, 2], dtype=np.int8)[self.truth[rows, labels]]
        return sparse.csr_matrix((said, (rows, self.columns[labels])), shape=self.collection.tags.shape)

    def scores(self, asked: NDArray[np.bool_], way: str = "queue") -> NDArray[np.float32]:
        """Return all scores (N, C) after learning, as in use."""
        key = np.packbits(asked).tobytes() + way.encode() * (way == "targets")
        if key not in self.learned:
            model, began = self.model, time.perf_counter()
            model.smoothed = self.smoothed.copy()
            if way == "targets":
                everything = Unlearned.of(model, np.arange(model.logits.shape[1]))
                calibration = model.calibration
                self._solve_anew(model, asked)
            else:
                everything = learn_verdicts(model, self.inputs, self.verdicts(asked), self.collection.tags)
                calibration = None
            seconds = time.perf_counter() - began
            self.learned = {
                key: (model.scores(self.collection.tags), seconds)
            }  # the last one alone: each is large
            everything.put_back(model)
            model.calibration = calibration or model.calibration
        return self.learned[key][0]

    def _solve_anew(self, model: Fitted, asked: NDArray[np.bool_]) -> None:
        """Write verdicts over the users' tags, and solve for the last layer and the calibration."""
        config, rows = model.config, model.rows
        network = model.networks[0]
        with torch.no_grad():
            v = torch.cat([network.represent(self.inputs.read(block)) for block in np.array_split(rows, 32)])
        targets = with_implied(self.collection.tags, model.implied).tolil()
        said = self.verdicts(asked).tocoo()
        targets[said.row, said.col] = (said.data == 1).astype(np.float32)
        parts = held_out_parts(len(rows), config)
        layers = least_squares(
            Design(v, config.seed), targets.tocsr(), parts=parts, prototype=config.scoring.prototype
        )
        for part, layer in zip(parts, layers, strict=False):
            model.logits[part] = (v[part] @ layer.weight.T + layer.bias).numpy()
        smoothed = np.empty_like(model.logits)
        model.smooth(smoothed)
        model.calibration = calibrate(
            smoothed, rows, self.collection.tags, certain(model.implied), model.visualness.unseen
        )

    def measure(
        self, table: str, way: str, asked: NDArray[np.bool_], asked_photos: NDArray[np.int64] | None
    ) -> Measured:
        """Measure after and before."""
        after, before = self.scores(asked, way), np.asarray(self.run.scores)
        seconds = self.learned[next(iter(self.learned))][1]
        truth, above = self.truth.copy(), np.zeros_like(asked)
        if table == "not asked":
            truth[asked] = -1
        elif table == "other half":
            truth[asked_photos] = -1
        else:
            above = asked
        numbers = [
            self._numbers(scores, truth, over)
            for scores, over in ((after, above), (before, np.zeros_like(asked)))
        ]
        return Measured(tuple(np.array(numbers).T.reshape(-1)), seconds)

    def _numbers(
        self, scores: NDArray[np.float32], truth: NDArray[np.int8], above: NDArray[np.bool_]
    ) -> list[float]:
        prospects, of_tags = self.prospects, self.collection.tags[:, self.columns]
        own = Prospects(scores[:, self.columns], of_tags)  # no other tag moves
        for name in ("added", "removed", "added_sum", "removed_sum"):
            getattr(prospects, name)[self.columns] = getattr(own, name)
        limits = prospects.limits(PRECISION, self.told)
        of_labels = scores[:, self.columns].copy()
        final = np.where(
            self.given,
            ~(limits.told[self.columns] & (of_labels <= limits.remove[self.columns])),
            of_labels >= limits.add[self.columns],
        )
        # What the person said is what is handed out.
        of_labels[above], final[above] = self.truth[above] == 1, self.truth[above] == 1
        return [
            evaluate(of_labels, truth).map,
            evaluate_decisions(self.given, final, truth, draws=0).final.f1,
            reliability(of_labels, truth).mean,
        ]


def _gain(simulation: Simulation, asked: NDArray[np.bool_]) -> str:
    """Return how much mAP the queue's answers gain where nobody was asked, with an interval over photos."""
    columns = simulation.columns
    counts = copies(len(asked), RESAMPLES, 0)
    after, before = (
        _resampled_map(scores[:, columns], simulation.truth, ~asked, counts)
        for scores in (simulation.scores(asked), simulation.run.scores)
    )
    low, high = np.quantile(after - before, (0.025, 0.975))
    return f"({low:+.4f} to {high:+.4f})"


def _resampled_map(
    scores: NDArray[np.float32],
    truth: NDArray[np.int8],
    measured: NDArray[np.bool_],
    counts: NDArray[np.uint8],
) -> NDArray[np.float64]:
    """Return mAP (B,) on resamples of photos, ``counts`` (N, B); scores that tie are ranked as they lie."""
    found = []
    for label in range(scores.shape[1]):
        rows = np.flatnonzero(measured[:, label])
        rows = rows[np.argsort(-scores[rows, label], kind="stable")]
        weights = counts[rows].astype(np.float64)
        hits = weights * (truth[rows, label] == 1)[:, None]
        precision = hits.cumsum(axis=0) / np.maximum(weights.cumsum(axis=0), 1)
        found.append((hits * precision).sum(axis=0) / hits.sum(axis=0))
    return np.mean(found, axis=0)


if __name__ == "__main__":
    main()
