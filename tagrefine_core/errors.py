"""Errors that a user can cause or has to know of.

::

    TagRefineError            what was wrong, where, what to do; exit status 2, never a traceback
     +- ConfigError           an option, preset or file of settings
     +- DataError             an array or table of the wrong shape or content
     +- DamagedFile           a file of the home is cut or garbled (a ValueError too)
     +- HomeError             the home folder or its database cannot be used
     |   +- DiskFull          nothing more can be written (an OSError too)
     |   +- ReadOnly          it can be looked at, and nothing can be written (an OSError too)
     +- CollectionError       a collection that does not exist, or a source that cannot be imported
     +- ImageError            one picture that cannot be read
     +- LabelError            ground truth that does not fit the collection
     +- WordNetMissing        WordNet is not on this machine
     +- WeightsError          pretrained weights that cannot be had or do not fit
     +- RunError              a run that does not exist or is in the wrong state
     +- JobError              a background job that cannot be started
     +- UnsupportedTask       a method that cannot do what was asked of it
    Cancelled                 the user asked a long task to stop (no mistake, hence not an error above)
    TagRefineWarning          something is missing or unusual, and the text says what changes
"""

from pathlib import Path

__all__ = [
    "Cancelled",
    "CollectionError",
    "ConfigError",
    "DamagedFile",
    "DataError",
    "DiskFull",
    "HomeError",
    "ImageError",
    "JobError",
    "LabelError",
    "ReadOnly",
    "RunError",
    "TagRefineError",
    "TagRefineWarning",
    "UnsupportedTask",
    "WeightsError",
    "WordNetMissing",
]


class TagRefineError(Exception):
    """A mistake or a lack that the user can mend; its text says how."""


class ConfigError(TagRefineError):
    """An option has a value that is unknown or out of range."""


class DataError(TagRefineError):
    """An array or table has the wrong shape, type or content."""


class DamagedFile(TagRefineError, ValueError):
    """A file of the home is cut or garbled; where another can be made in its place, callers do so or say how.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged. `doctor` says what it belongs to and what to do.")


class HomeError(TagRefineError):
    """The home folder or its database is missing, damaged, or of a newer version."""


class DiskFull(HomeError, OSError):
    """A disk has no room left."""


class ReadOnly(HomeError, OSError):
    """What is there can be looked at, and nothing can be written."""


class CollectionError(TagRefineError):
    """A collection does not exist, or its source cannot be imported."""


class ImageError(TagRefineError):
    """A picture cannot be read; the text is the reason shown in the import report."""


class LabelError(TagRefineError):
    """Ground-truth labels do not fit the collection."""


class WordNetMissing(TagRefineError):
    """WordNet was not found; the text says what to run."""


class WeightsError(TagRefineError):
    """Pretrained weights cannot be had or do not fit the backbone."""


class RunError(TagRefineError):
    """A run does not exist, or is not in a state that allows what was asked."""


class JobError(TagRefineError):
    """A background job cannot be started or controlled."""


class UnsupportedTask(TagRefineError):
    """A method cannot do the task: it cannot annotate new images, or not refine tags."""


class Cancelled(Exception):
    """A long task was asked to stop and has stopped at a safe point."""


class TagRefineWarning(UserWarning):
    """Something is missing or unusual; the text says what changes."""
