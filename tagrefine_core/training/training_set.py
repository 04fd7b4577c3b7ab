"""What one network learns from."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from tagrefine_core.features.inputs import Inputs
from tagrefine_core.model.design import Design

__all__ = ["TrainingSet", "Watched"]


@dataclass(frozen=True, eq=False)
class Watched:
    """Ground truth that is watched while a network learns, and never learned from.

    Attributes
    ----------
    rows : int64 (V,)
        Training photos, numbered as in `TrainingSet`.
    truth : int8 (V, L)
        Ground truth in {1, 0, -1}.
    label_columns : int64 (L,)
        The tag of each label.
    """

    rows: NDArray[np.int64]
    truth: NDArray[np.int8]
    label_columns: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The photos of one network and what it is taught of them, numbered 0 to n-1.

    Attributes
    ----------
    rows : int64 (n,)
        Where they are in ``inputs``.
    tags : csr uint8 (n, C)
        Their user tags G.
    targets : csr float32 (n, C)
        What the network is taught: G, and in part the tags that those imply.
    inputs : Inputs
        What the network reads.
    agreement : csr float32 (n, C) or None
        Rows of length 1 whose scalar product says how far the tags of two photos agree; None where nothing asks for it.
    xi : float32 (C, C) or None
        Tag similarity (eq. 5); None where nothing asks for it.
    watched : Watched or None
    design : Design or None
        Of what the classifier reads, where that is known before training: it never moves, and the photos are few.
    """

    rows: NDArray[np.int64]
    tags: sp.csr_matrix
    targets: sp.csr_matrix
    inputs: Inputs
    agreement: sp.csr_matrix | None = None
    xi: NDArray[np.float32] | None = None
    watched: Watched | None = None
    design: Design | None = None
