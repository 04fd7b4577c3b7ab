"""What every compared method is: fitted on features and user tags, it scores tags for images."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator

from tagrefine_core.errors import ConfigError, DataError, UnsupportedTask
from tagrefine_core.progress import Progress, silent

__all__ = ["Method", "Mode", "Scores", "distances", "neighbor_matrix", "row_blocks"]

Mode: TypeAlias = Literal["all", "assigned"]
Scores: TypeAlias = NDArray[np.float32]

_BLOCK_BYTES = 2**26


class Method(BaseEstimator, ABC):  # type: ignore[misc]
    """A method that learns from noisy tags; scikit-learn's conventions hold.

    ``__init__`` stores its parameters as they are (here by way of a dataclass), `fit` returns self, fitted attributes
    end in ``_``. A method of your own subclasses this, names itself, and writes ``_fit`` and ``_score``.

    Attributes
    ----------
    name : str
        What `tagrefine_core.methods.create` calls it, in snake case.
    title : str
        What tables call it.
    reference : str
        Who published it, and where.
    reconstruction : bool
        The publication could not be read in full, so parts are our own; said wherever it is shown.
    annotates, refines : bool
        The tasks that it can do.
    assigned_only : bool
        It ranks only the tags that the user gave, whatever the mode.
    weighted : bool
        It learns from tags that count in part, from 0 to 1, as well as from those that are 0 or 1.
    leaves_out : bool
        `refine` scores a photo that was fitted without that photo's own tags.
    scale : {"any", "probability", "logit"}
        Whether scores are probabilities that a tag is given, or their log-odds, or only an order.
    ours : bool
        It is our own method: it takes the settings of a comparison, and has our targets and our scoring.
    probabilities : bool
        Scores are probabilities that a tag fits, and can be taken at their word.
    fixed : mapping
        Parameters that a variant such as ``cca:variant=direct`` sets; they are not tuned.
    progress : Progress
        Called by long fits; may raise Cancelled.
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    reconstruction: ClassVar[bool] = False
    annotates: ClassVar[bool] = True
    refines: ClassVar[bool] = True
    assigned_only: ClassVar[bool] = False
    weighted: ClassVar[bool] = False
    leaves_out: ClassVar[bool] = False
    scale: ClassVar[Literal["any", "probability", "logit"]] = "any"
    ours: ClassVar[bool] = False
    probabilities: bool = False
    fixed: ClassVar[Mapping[str, Any]] = {}
    progress: Progress = staticmethod(silent)

    features_: ArrayLike
    tags_: csr_matrix

    def fit(self, features: ArrayLike, tags: Any, *, users: Sequence[Any] | None = None) -> Self:
        """Learn from images and the tags that their users gave.

        Parameters
        ----------
        features : (N, d) array of float
            One row an image; may be memory-mapped.
        tags : (N, C) array or sparse matrix of 0 and 1
            The users' tags; a method that is ``weighted`` takes any number from 0 to 1, how far a tag counts.
        users : sequence of N, optional
            Who owns each image; methods that let a user vote once read it, None among them is nobody's.

        Raises
        ------
        DataError
            When shapes do not match, a tag is none of the numbers allowed, a feature is not finite or nothing is there.
        ConfigError
            When a parameter is out of range.
        """
        array = _features(features)
        matrix = _tags(tags, weighted=self.weighted)
        if array.shape[0] != matrix.shape[0]:
            raise DataError(f"There are {array.shape[0]} rows of features but {matrix.shape[0]} of tags.")
        if users is not None and len(users) != matrix.shape[0]:
            raise DataError(f"There are {matrix.shape[0]} images but {len(users)} users.")
        self.features_, self.tags_ = array, matrix
        self._fit(array, matrix, users)
        return self

    def annotate(self, features: ArrayLike) -> Scores:
        """Score every tag for images by their features alone.

        Parameters
        ----------
        features : (N, d) array of float

        Returns
        -------
        (N, C) float32 array
            Higher is likelier; finite, or -inf where the method has no score.

        Raises
        ------
        UnsupportedTask
            When the method needs the images' own tags.
        DataError
            When the method is not fitted or the width differs from the fitted one.
        """
        if not self.annotates:
            raise UnsupportedTask(
                f"{self.title} cannot annotate: it needs the tags that a user gave. Use it with refine."
            )
        array = self._checked(features)
        return self._result(self._score(array, None, own=False), len(array))

    def refine(self, features: ArrayLike, tags: Any, *, mode: Mode = "all") -> Scores:
        """Score tags for images that their users have tagged already.

        Parameters
        ----------
        features : (N, d) array of float
            When they are those of `fit`, no image counts as its own neighbor (by row, not by distance).
        tags : (N, C) array or sparse matrix
            The users' tags of these images, as in `fit`.
        mode : {"all", "assigned"}
            Score every tag, or only those that the user gave (-inf elsewhere).

        Returns
        -------
        (N, C) float32 array
            As in `annotate`.

        Raises
        ------
        UnsupportedTask, DataError
            As in `annotate` and `fit`.
        ConfigError
            When ``mode`` is unknown.
        """
        if mode not in ("all", "assigned"):
            raise ConfigError(f"mode is 'all' or 'assigned'; got {mode!r}.")
        if not self.refines:
            raise UnsupportedTask(f"{self.title} cannot refine the tags of images. Use it with annotate.")
        array, matrix = self._checked(features), _tags(tags, weighted=self.weighted)
        if matrix.shape != (len(array), self.tags_.shape[1]):
            raise DataError(
                f"tags must have shape {(len(array), self.tags_.shape[1])}, one row an image and the fitted "
                f"tags as columns; got {matrix.shape}."
            )
        scores = self._result(self._score(array, matrix, own=self._fitted_on(array)), len(array))
        if mode == "assigned" or self.assigned_only:
            for rows in row_blocks(len(scores), 8 * scores.shape[1]):
                scores[rows][matrix[rows].toarray() == 0] = -np.inf
        return scores

    @classmethod
    def grid(cls, images: int) -> dict[str, list[Any]]:
        """Return the values worth trying of each parameter, for a fit on so many images."""
        return {}

    @classmethod
    def first(cls) -> list[dict[str, Any]]:
        """Return settings to try before any that are drawn from the grid; what they leave out has its default."""
        return []

    def peak_bytes(self, images: int, tags: int, dimensions: int) -> int:
        """Return about how much memory fit and refine need at their peak, beyond the features given, in bytes."""
        return 8 * images * tags

    def _check_at_least(self, least: float, *parameters: str) -> None:
        """Raise ConfigError unless these parameters are finite and large enough; None passes."""
        for name in parameters:
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= least):
                raise ConfigError(f"{name} must be at least {least}; got {value}.")

    def _check_positive(self, *parameters: str) -> None:
        """Raise ConfigError unless these parameters are finite and above 0; None passes."""
        for name in parameters:
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0):
                raise ConfigError(f"{name} must be a positive number; got {value}.")

    @abstractmethod
    def _fit(self, features: NDArray[Any], tags: csr_matrix, users: Sequence[Any] | None) -> None:
        """Learn; what was given has been checked."""

    @abstractmethod
    def _score(self, features: NDArray[Any], tags: csr_matrix | None, *, own: bool) -> NDArray[Any]:
        """Return (N, C) scores; ``tags`` is None when annotating, ``own`` says that the rows are those of fit."""

    def _neighbors(
        self, features: NDArray[Any], k: int, *, own: bool, metric: str = "cosine"
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return (indices, distances) of the nearest fitted images, an image's own row left out; k is cut to what is there."""
        # Here, since it loads PyTorch, which pages that only show tables do without.
        from tagrefine_core.neighbors.search import nearest

        fitted = np.asarray(self.features_)
        available = len(fitted) - (1 if own else 0)
        if available < 1:
            return np.empty((len(features), 0), np.int64), np.empty((len(features), 0))
        exclude = np.arange(len(features)) if own else None
        found, squared = nearest(features, fitted, min(k, available), metric, exclude=exclude)
        return found, distances(squared, metric)

    def _fitted_on(self, features: NDArray[Any]) -> bool:
        fitted = np.asarray(self.features_)
        if features is fitted:
            return True
        return features.shape == fitted.shape and all(
            np.array_equal(features[rows], fitted[rows])
            for rows in row_blocks(len(fitted), fitted.shape[1] * 8)
        )

    def _checked(self, features: ArrayLike) -> NDArray[Any]:
        if not hasattr(self, "tags_"):
            raise DataError(f"{self.title} is not fitted yet: call fit(features, tags) first.")
        array, fitted = _features(features), np.asarray(self.features_)
        if array.shape[1] != fitted.shape[1]:
            raise DataError(
                f"features have {array.shape[1]} dimensions but {self.title} was fitted on {fitted.shape[1]}."
            )
        return array

    def _result(self, scores: NDArray[Any], images: int) -> Scores:
        wanted = (images, self.tags_.shape[1])
        if scores.shape != wanted:
            raise DataError(f"{self.title} returned scores of shape {scores.shape}; they must be {wanted}.")
        return np.ascontiguousarray(scores, dtype=np.float32)


def distances(squared: NDArray[np.floating], metric: str) -> NDArray[np.float64]:
    """Return Euclidean distances, or 1 - cos with metric "cosine", from what `tagrefine_core.neighbors.nearest` returns."""
    wide = squared.astype(np.float64)
    return wide / 2 if metric == "cosine" else np.sqrt(wide)


def neighbor_matrix(neighbors: NDArray[Any], weights: NDArray[Any], images: int) -> csr_matrix:
    """Return the (Q, images) matrix that holds the weight of each of the (Q, K) neighbors in its column."""
    queries, k = neighbors.shape
    return csr_matrix((weights.ravel(), neighbors.ravel(), np.arange(queries + 1) * k), (queries, images))


def row_blocks(rows: int, row_bytes: int, *, budget: int = _BLOCK_BYTES) -> list[slice]:
    """Cut rows into slices that stay near a byte budget."""
    size = max(1, budget // max(1, row_bytes))
    return [slice(start, min(rows, start + size)) for start in range(0, rows, size)]


def _features(features: ArrayLike) -> NDArray[Any]:
    array = features if isinstance(features, np.ndarray) else np.asarray(features)
    if array.ndim != 2 or not array.shape[1]:
        raise DataError(f"features must be 2-D (images, dimensions); got shape {array.shape}.")
    if array.dtype.kind not in "biuf":
        raise DataError(f"features must be numbers; got dtype {array.dtype}.")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    for rows in row_blocks(len(array), array.shape[1] * 8):
        if not np.isfinite(array[rows]).all():
            bad = rows.start + int(np.flatnonzero(~np.isfinite(array[rows]).all(axis=1))[0])
            raise DataError(f"The features of row {bad} hold a value that is not finite.")
    return array


def _tags(tags: Any, *, weighted: bool = False) -> csr_matrix:
    """Return tags as csr, uint8 where all are 0 or 1, else float32."""
    if not issparse(tags):
        tags = np.asarray(tags)
        if tags.ndim != 2:
            raise DataError(f"tags must be 2-D (images, tags); got shape {tags.shape}.")
    if tags.dtype.kind not in "biuf":
        raise DataError(f"tags must be 0 and 1; got dtype {tags.dtype}.")
    matrix = csr_matrix(tags)
    whole = bool(np.isin(matrix.data, (0, 1)).all())
    if not whole and not (weighted and matrix.data.min() >= 0 and matrix.data.max() <= 1):
        raise DataError(f"tags must hold only {'numbers from 0 to 1' if weighted else '0 and 1'}.")
    if not matrix.shape[0] or not matrix.shape[1]:
        raise DataError(f"tags must have at least one image and one tag; got shape {matrix.shape}.")
    matrix = matrix.astype(np.uint8 if whole else np.float32)
    matrix.sum_duplicates()
    np.minimum(matrix.data, 1, out=matrix.data)  # a tag that was stored twice is still one tag
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix
