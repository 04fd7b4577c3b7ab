"""The nearest so far, by hand."""

import torch

from tagrefine_core.neighbors.best import PIECE, Best


def see(best, query, rows, squared, length=0.0):
    best.see(torch.tensor([query]), torch.tensor([squared]) - length, torch.tensor(rows))


def test_the_nearest_of_several_pieces_each_query_for_itself():
    best = Best(torch.tensor([2.0, 3.0]), 2)
    see(best, 0, [7, 8, 9], [4.0, 1.0, 3.0], 2.0)
    see(best, 1, [7], [5.0], 3.0)
    see(best, 0, [1], [2.0], 2.0)
    see(best, 1, [2, 3], [6.0, 4.0], 3.0)
    rows, squared = best.result()
    assert rows.tolist() == [[8, 1], [3, 7]]
    torch.testing.assert_close(squared, torch.tensor([[1.0, 2.0], [4.0, 5.0]]), rtol=1e-5, atol=0)


def test_what_only_rounding_tells_apart_goes_by_row_however_late_it_comes():
    best = Best(torch.tensor([1.0]), 1)
    for piece in (1, 2, 3):  # more than is kept, so that what is far is no longer looked at
        rows = range(piece * PIECE, (piece + 1) * PIECE)
        see(best, 0, rows, [1.0] + [9.0] * (PIECE - 1), 1.0)
    see(best, 0, [5, 6, 4], [1.0 + 2e-6, 1.0, 1.1], 1.0)
    rows, squared = best.result()
    assert rows.tolist() == [[5]] and squared.tolist() == [[1.0]]


def test_many_pieces_are_as_all_at_once():
    generator = torch.Generator().manual_seed(0)
    squares = torch.rand(5, 6 * PIECE, generator=generator)
    best = Best(torch.zeros(5), 700)
    for start in range(0, 6 * PIECE, PIECE):
        rows = torch.arange(start, start + PIECE)
        best.see(torch.arange(5), squares[:, start : start + PIECE].contiguous(), rows)
    rows, squared = best.result()
    torch.testing.assert_close(squared, squares.sort(dim=1).values[:, :700], rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(squares.gather(1, rows), squared, rtol=1e-5, atol=1e-9)
