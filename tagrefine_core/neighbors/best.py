"""The nearest images to each query among those seen so far, piece by piece."""

import torch
from torch import Tensor

__all__ = ["PIECE", "Best"]

PIECE = 512
"""Images that are seen at once, at most."""

_LAST = 2**63 - 1
_ROW = 2**32 - 1
_NOTHING = 2.0**-17  # squared distances below it, times the squared length, are what rounding leaves of 0
# Squared distances are rounded to 17 binary digits: what only the rounding of float32 tells apart is tied, and goes by row.
_HALF, _DIGITS = 2**5, -(2**6)


class Best:
    """The ``k`` nearest to each of Q queries.

    Distance and row share one integer: the bits of floats that are not negative ascend like their values, and those of the row
    follow. So all keys differ, and their order is that by (distance, row).

    Parameters
    ----------
    lengths : float32 (Q,)
        Squared lengths of the queries.
    k : int
    """

    def __init__(self, lengths: Tensor, k: int) -> None:
        self._k, self._width, self._lengths = k, k + PIECE, lengths
        self._keys = torch.full((len(lengths), self._width), _LAST, dtype=torch.int64, device=lengths.device)
        self._filled = torch.zeros(len(lengths), dtype=torch.int64, device=lengths.device)
        self._limit = torch.full_like(lengths, torch.inf)  # nothing farther can be among the nearest

    def see(self, asking: Tensor, squares: Tensor, rows: Tensor) -> None:
        """Take in what is near enough.

        Parameters
        ----------
        asking : int64 (B,)
            Which queries, ascending.
        squares : float32 (B, P)
            Squared distances to at most `PIECE` images, less the squared lengths of the queries.
        rows : int64 (P,)
            The images.
        """
        lengths = self._lengths[asking]
        query, column = (squares <= (self._limit[asking] - lengths)[:, None]).nonzero(as_tuple=True)
        count = query.bincount(minlength=len(asking))
        full = asking[self._filled[asking] + count > self._width]
        if len(full):
            self._tighten(full)
        near = squares[query, column] + lengths[query]
        near.masked_fill_(near < lengths[query] * _NOTHING, 0)
        bits = near.view(torch.int32).add_(_HALF).bitwise_and_(_DIGITS)
        place = asking * self._width + self._filled[asking] - (count.cumsum(0) - count)
        place = place[query] + torch.arange(len(query), device=query.device)
        self._keys.view(-1)[place] = bits.long().bitwise_left_shift_(32).bitwise_or_(rows[column])
        self._filled[asking] += count

    def result(self) -> tuple[Tensor, Tensor]:
        """Return rows int64 (Q, k) by (distance, row), and squared distances float32 (Q, k)."""
        best = self._keys.topk(self._k, dim=1, largest=False).values
        return best & _ROW, (best >> 32).int().view(torch.float32)

    def _tighten(self, queries: Tensor) -> None:
        """Keep the nearest of some queries, and remember how near others have to be."""
        best = self._keys[queries].topk(self._k, dim=1, largest=False, sorted=False).values
        self._keys[queries, : self._k] = best
        self._keys[queries, self._k :] = _LAST
        self._filled[queries] = self._k
        farthest = (best.max(dim=1).values >> 32).int()
        self._limit[queries] = farthest.sub_(_DIGITS).view(torch.float32)  # ties are not lost to rounding
