"""Take the tags of a collection to where photos live: tables, text files, XMP, the photos themselves; nothing without a plan first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path

from tagrefine_core.collections import Collection, read_source, selected_rows
from tagrefine_core.errors import CollectionError, ConfigError
from tagrefine_core.exchange.carrying import Undone, backups, carry_out, check_room, undo
from tagrefine_core.exchange.formats import Embedded, Format, TextFiles, XmpFiles
from tagrefine_core.exchange.planning import Plan, plan_copies, plan_photos, plan_table
from tagrefine_core.exchange.tables import TABLES, Beyond
from tagrefine_core.exchange.tagging import Tagging
from tagrefine_core.progress import Progress, silent
from tagrefine_core.refinement import PRECISION
from tagrefine_core.refinement.overruling import said_alone
from tagrefine_core.refinement.verdicts import verdicts_of
from tagrefine_core.runs import refined
from tagrefine_core.runs.run import Run
from tagrefine_core.store import Store
from tagrefine_core.workflow.judging import collection_of
from tagrefine_core.workflow.rules import check
from tagrefine_core.workflow.training import best_run

__all__ = ["FORMATS", "Export", "exports", "run_to_export", "undo_export"]

FORMATS = ("csv", "jsonl", "txt", "coco", "xmp", "imagefolder")
"""Names of the formats."""


@dataclass(frozen=True)
class Export:
    """Tags of a collection in one format at one place.

    Attributes
    ----------
    collection : str
    format : str
        One of `FORMATS`.
    out : Path or None
        A folder, made when missing; None: beside the photos, in the files that are there.
    embed : bool
        With "xmp": into the photos themselves, or into copies of them in ``out``.
    run : str or None
        What suggests changes; None: only what people decided.
    precision : float
        Share of the changes that shall be right.
    selection : str or None
        Only these photos, as `tagrefine_core.collections.keep_selection` named them.
    """

    collection: str
    format: str
    out: Path | None = None
    embed: bool = False
    run: str | None = None
    precision: float = PRECISION
    selection: str | None = None

    def plan(self, store: Store, progress: Progress = silent) -> Plan:
        """Return what would be done; nothing is touched.

        Raises
        ------
        ConfigError
            When the options do not fit each other, the folder will not do, or the precision is out of range.
        CollectionError, RunError
            When there is no such collection, run or selection, or the photos are gone.
        JobError
            While a live job imports the collection, or exports it.
        """
        check(store, "export", self.collection, run_id=self.run)
        collection = self._collection(store)
        self._check_options(collection, store.home)
        tagging = self._tagging(store, collection)
        rows: Sequence[int] = (
            range(collection.n)
            if self.selection is None
            else selected_rows(collection, self.selection).tolist()
        )
        if self.format in TABLES:
            return self._plan_table(collection, tagging, rows, progress)
        kind: type[Format] = TextFiles if self.format == "txt" else Embedded if self.embed else XmpFiles
        form = kind(collection.root, collection.files, tagging.spellings, self.out)
        return plan_photos(form, tagging.photos(rows), len(rows), progress)

    def carry_out(self, store: Store, plan: Plan, progress: Progress = silent) -> str | None:
        """Write what a plan says; return the number by which it can be undone, None when there was nothing to do.

        Raises
        ------
        ConfigError
            When something cannot be written or there is no room, before anything is changed.
        """
        check_room(plan, self._folder(self._collection(store)), store.home)
        return carry_out(plan, store.home, progress)

    def _collection(self, store: Store) -> Collection:
        if self.run is not None:
            found = collection_of(store, Run.open(store, self.run))
            if found.name != self.collection:
                raise ConfigError(
                    f"Run {self.run} is of collection {found.name!r}, not of {self.collection!r}."
                )
            return found
        return Collection.open(store, self.collection)

    def _tagging(self, store: Store, collection: Collection) -> Tagging:
        said = verdicts_of(collection)
        changes = (
            said_alone(collection.tags, said)
            if self.run is None
            else refined.changes_of(Run.open(store, self.run), collection, self.precision)
        )
        return Tagging(collection, changes, said)

    def _folder(self, collection: Collection) -> Path:
        return collection.root if self.out is None else self.out.expanduser().absolute()

    def _check_options(self, collection: Collection, home: Path) -> None:
        if self.format not in FORMATS:
            raise ConfigError(f"There is no format {self.format!r}; choose one of: {', '.join(FORMATS)}.")
        if self.embed and self.format != "xmp":
            raise ConfigError(f"--embed writes XMP into photos: use it with --format xmp, not {self.format}.")
        if self.out is None and self.format in TABLES:
            raise ConfigError(
                f"--in-place is for txt and xmp, which have a file for each photo; give {self.format} a folder with --out."
            )
        if not collection.root.is_dir():
            raise CollectionError(f"The photos of {collection.name!r} are gone from {collection.root}.")
        folder = self._folder(collection)
        there = next(path for path in (folder, *folder.parents) if path.exists())
        if not there.is_dir():
            raise ConfigError(f"{there} is no folder; give --out a folder.")
        if self.out is not None and folder.resolve().is_relative_to(home.resolve()):
            raise ConfigError(f"{folder} lies in TagRefine's own home folder; give --out another folder.")
        copies = self.out is not None and (self.embed or self.format == "imagefolder")
        if copies and collection.root.resolve() in folder.resolve().parents:
            raise ConfigError(
                f"{folder} lies among the photos, and the next import would take the copies for photos of their own. Choose a folder elsewhere."
            )
        among_photos = self.out is not None and folder.resolve() == collection.root.resolve()
        if among_photos and self.format not in ("csv", "jsonl", "coco"):
            raise ConfigError(f"The photos themselves lie in {folder}; write there with --in-place.")
        if among_photos and self._target(folder).exists() and collection.record.kind != "folder":
            raise ConfigError(f"{self._target(folder)} came with the photos; choose another folder.")

    def _target(self, folder: Path) -> Path:
        return folder / TABLES[self.format][0]

    def _plan_table(
        self, collection: Collection, tagging: Tagging, rows: Sequence[int], progress: Progress
    ) -> Plan:
        folder = self._folder(collection)
        copies = self.format == "imagefolder"
        beyond, note = _beyond(collection, progress, photos=self.selection is None and not copies)
        progress("Comparing tags with files", 0, 0)
        photos, again = tee(tagging.photos(rows))
        content = TABLES[self.format][1](collection, photos, beyond)
        plan = plan_table(self._target(folder), content, again)
        if note:
            plan.notes.append(note)
        if copies:
            plan_copies(plan, collection.root, folder, [collection.files[row] for row in rows])
            plan.notes.append("Photos are copied; the originals are only read.")
        return plan


def run_to_export(store: Store, collection: str) -> str | None:
    """Return the run whose suggestions are exported where none is named: the best, else the newest; None where nothing was learned."""
    record = store.collection(collection)
    best = best_run(store, collection)
    usable = (
        one for one in store.runs(collection) if one.state == "finished" and one.data_hash == record.data_hash
    )
    found = best or next(usable, None)
    return None if found is None else found.id


def exports(store: Store) -> list[str]:
    """Return the numbers of the exports that can be undone, the newest first."""
    return backups(store.home)


def undo_export(store: Store, number: str, progress: Progress = silent) -> Undone:
    """Put back what an export replaced; ConfigError when there is no such export."""
    return undo(store.home, number, progress)


def _beyond(collection: Collection, progress: Progress, *, photos: bool) -> tuple[Beyond, str]:
    """Return what the source says and the collection does not hold, and a note of what is lost; ``photos``: those left out count, too."""
    came = collection.record.details.get("source") or {}
    left_out = collection.record.skipped if photos else 0
    if not left_out and came.get("kind") != "table":
        return Beyond(), ""
    lost = [f"{left_out:,} photos that could not be imported"] if left_out else []
    lost += ["columns that nothing was learned from"] if came.get("kind") == "table" else []
    try:
        source = read_source(came["kind"], collection.store.home / came["path"], progress)
    except (KeyError, CollectionError):
        return Beyond(), f"{' and '.join(lost)} are left out: the source cannot be read any more."
    known = set(collection.files)
    unseen = [
        (file, tags)
        for file, tags in zip(source.files, source.tags, strict=True)
        if left_out and file not in known
    ]
    cells = {
        file: {title: column[row] for title, column in source.others.items() if column[row] is not None}
        for row, file in enumerate(source.files)
    }
    note = "" if unseen or not left_out else f"{lost[0]} are left out: the source does not list them."
    return Beyond(unseen, cells if source.others else {}), note
