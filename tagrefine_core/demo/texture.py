"""Fractal noise: the stuff that clouds, rock, sand and waves are made of."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TILE", "Plane", "fractal_tile", "profile", "sample", "smoothstep"]

Plane = NDArray[np.floating[Any]]
TILE = 512


def smoothstep(low: float, high: float, values: Plane) -> Plane:
    """Rise from 0 at `low` to 1 at `high` with flat ends; `low` above `high` falls instead."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


@lru_cache(maxsize=16)
def fractal_tile(variant: int, slope: float = 1.6) -> Plane:
    """Make a seamless noise tile whose values are uniform on [0, 1].

    Because the values are evened out, a threshold of 1 - c covers about the share c of the tile: cloud
    cover and snow lines can be set directly. The tile depends on its arguments only, so that processes agree.

    Parameters
    ----------
    variant : int
        Which of the tiles of this roughness.
    slope : float
        Fall of the amplitude spectrum; 1.2 is sandy, 2 is smooth. The demo keeps to 1.2, 1.6 and 2, since
        every tile costs a process some memory and time.

    Returns
    -------
    ndarray of shape (512, 512), float32
    """
    rng = np.random.default_rng([variant, int(slope * 100)])
    frequency = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]) * TILE
    # Below two cycles a tile would be one big slope and every picture would show the same blob.
    amplitude = np.where(frequency < 2, 0.0, np.maximum(frequency, 1.0) ** -slope)
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((TILE, TILE))) * amplitude, s=(TILE, TILE))
    quantiles = np.sort(field[::4, ::4], axis=None)
    return np.interp(field, quantiles, np.linspace(0, 1, quantiles.size)).astype(np.float32)


def sample(tile: Plane, rows: Plane, columns: Plane) -> Plane:
    """Read a tile at real-valued positions, wrapping at its edges, bilinearly.

    Parameters
    ----------
    tile : ndarray of shape (512, 512)
    rows, columns : ndarray
        Positions in texels. Shapes (H, 1) and (1, W) take a fast separable path; otherwise they broadcast.

    Returns
    -------
    ndarray of the broadcast shape, float32
    """
    row_floor, column_floor = np.floor(rows), np.floor(columns)
    fy, fx = rows - row_floor, columns - column_floor
    # TILE is a power of two, so that a mask wraps, negative positions included.
    y0, x0 = row_floor.astype(np.int32) & (TILE - 1), column_floor.astype(np.int32) & (TILE - 1)
    y1, x1 = (y0 + 1) & (TILE - 1), (x0 + 1) & (TILE - 1)
    if rows.shape[1] == 1 and columns.shape[0] == 1:
        band = tile[y0[:, 0]] * (1 - fy) + tile[y1[:, 0]] * fy
        return np.asarray(band[:, x0[0]] * (1 - fx) + band[:, x1[0]] * fx, dtype=np.float32)
    flat = tile.ravel()
    y0, y1 = y0 * TILE, y1 * TILE
    top, low = flat.take(y0 + x0), flat.take(y1 + x0)
    top += (flat.take(y0 + x1) - top) * fx
    low += (flat.take(y1 + x1) - low) * fx
    return np.asarray(top + (low - top) * fy, dtype=np.float32)


def profile(
    rng: np.random.Generator,
    width: int,
    *,
    frequency: float,
    octaves: int = 6,
    gain: float = 0.5,
    sharp: bool = False,
) -> Plane:
    """Draw a fractal line across the picture, for ridges, dunes and shores.

    Parameters
    ----------
    rng : numpy.random.Generator
    width : int
        Number of columns.
    frequency : float
        Bumps across the picture in the first octave.
    octaves : int
        How many times the detail doubles.
    gain : float
        Height of an octave relative to the one before.
    sharp : bool
        Join the knots by straight lines (rock) instead of waves (hills).

    Returns
    -------
    ndarray of shape (width,), float32 in [-1, 1]
    """
    x = np.linspace(0, 1, width)
    line, weight, total = np.zeros(width), 1.0, 0.0
    for octave in range(octaves):
        position = x * frequency * 2**octave + rng.random()
        knots = rng.uniform(-1, 1, int(frequency * 2**octave) + 3)
        left = np.floor(position).astype(int)
        t = position - left
        t = t if sharp else t * t * (3 - 2 * t)
        line += weight * (knots[left] * (1 - t) + knots[left + 1] * t)
        total, weight = total + weight, weight * gain
    return np.asarray(line / total, dtype=np.float32)
