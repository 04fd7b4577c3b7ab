"""Sea, lake and river: a rippled mirror of what stands behind."""

import numpy as np

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.palette import Color, Light, mix, rgb
from tagrefine_core.demo.texture import Plane, fractal_tile, sample, smoothstep

__all__ = ["cascade", "foam", "water"]


def water(
    canvas: Canvas, light: Light, *, top: float, concept: str, color: Color, calm: float, mask: Plane | None = None,
    glitter: bool = True, mirror_at: float | None = None,
) -> None:  # fmt: skip
    """Fill the canvas with water from `top` down (or inside `mask`), reflecting what is painted above.

    Parameters
    ----------
    top : float
        The far shore; the mirror's axis unless `mirror_at` is given.
    concept : str
        "sea", "lake" or "river".
    color : Color
        Of deep water seen from above.
    calm : float
        0 for a rough sea, 1 for a mirror. From .6 on the picture shows a "reflection".
    mask : ndarray of shape (H, W), optional
        Where the water is.
    glitter : bool
        Whether the sun or moon draws a path of sparks.
    """
    h, w = canvas.height, canvas.width
    first = min(int(top * h), h - 2)
    axis = int((top if mirror_at is None else mirror_at) * h)
    rows = np.arange(first, h)
    depth = ((rows - first + 1) / h).astype(np.float32)[:, None]
    reach = 1 / (depth * 3.0 + np.float32(0.035))
    tile = fractal_tile(canvas.count(0, 2), 1.6)
    drift = canvas.between(0, 400)
    v = reach * np.float32(78) + np.float32(drift)
    u = (canvas.columns - 0.5) * reach * np.float32(canvas.between(34, 46)) + np.float32(drift)
    wave = sample(tile, np.broadcast_to(v, u.shape), u) - np.float32(0.5)
    rough = np.float32(1.05 - calm)
    # Waves displace the mirrored picture sideways a little and along the line of sight a lot.
    dy = wave * (depth + 0.01) * np.float32(h) * rough * np.float32(0.9)
    dx = wave * (depth + 0.02) * np.float32(w * 0.10) * rough
    source_y = np.clip(2 * axis - rows[:, None] + dy, 0, max(axis - 1, 0)).astype(np.int32)
    source_x = np.clip(np.arange(w)[None, :] + dx, 0, w - 1).astype(np.int32)
    mirrored = canvas.pixels[source_y, source_x]
    lit = mix(color, light.middle, 0.25) * (
        light.ambient if not light.dark else mix(light.ambient, rgb("#ffffff"), 0.15)
    )
    fresnel = np.clip(0.95 - depth * np.float32(1.25 - calm * 0.75), 0.30 + 0.35 * calm, 1)
    fresnel = np.clip(fresnel + wave * rough * np.float32(0.75), 0.05, 0.97)[..., None]
    picture = lit + (mirrored - lit) * fresnel
    picture = picture * (1 + wave * rough * np.float32(0.30))[..., None] * np.float32(0.95)
    if glitter:
        width = np.float32(0.035) + depth * np.float32(0.22)
        path = np.exp(-(((canvas.columns - np.float32(light.sun_x)) / width) ** 2))
        sparks = smoothstep(0.10, 0.42, wave + canvas.noise(3.0, 9.0, slope=1.2)[first:] * 0.35 - 0.12) * path
        gain = 0.95 if light.kind == "sunset" else 0.6
        picture = 1 - (1 - picture) * (1 - np.clip(sparks * np.float32(gain), 0, 1)[..., None] * light.sun)
    full = np.zeros((h, w), dtype=np.float32)
    full[first:] = 1.0 if mask is None else mask[first:]
    layer = canvas.pixels.copy()
    layer[first:] = picture
    canvas.paint(layer, full, concept)
    if calm >= 0.6:
        canvas.mark("reflection", full)


def foam(canvas: Canvas, light: Light, line: Plane, *, width: float = 0.02) -> None:
    """Draw the foam of a breaking wave along a line given as y by column."""
    lace = canvas.noise(1.6, 3.0, slope=1.2)
    distance = canvas.rows - line[None, :] + (lace - 0.5) * np.float32(width * 1.6)
    alpha = np.exp(-((distance / np.float32(width * 0.55)) ** 2)) * smoothstep(0.1, 0.6, lace)
    canvas.pixels += (alpha * np.float32(0.85))[..., None] * (
        rgb("#ffffff") * mix(light.ambient, rgb("#ffffff"), 0.4) - canvas.pixels
    )


def cascade(canvas: Canvas, light: Light, *, x: float, top: float, bottom: float, width: float) -> None:
    """Let a waterfall drop over a rock face and raise mist at its foot."""
    t = np.clip((canvas.rows - np.float32(top)) / np.float32(bottom - top), 0, 1)
    streaks = canvas.noise(7.0, 0.35, slope=1.2)
    edge = canvas.noise(1.5, 0.8, slope=1.6) - np.float32(0.5)
    half = np.float32(width / 2) * (np.float32(0.8) + t * np.float32(0.5)) + edge * np.float32(width * 0.3)
    inside = smoothstep(1.08, 0.8, np.abs(canvas.columns - np.float32(x)) / half)
    inside = inside * ((canvas.rows > top) & (canvas.rows < bottom + 0.02))
    tone = (np.float32(0.70) + streaks * np.float32(0.38))[..., None]
    white = mix(rgb("#f2f8fc"), light.sun, 0.15) * mix(light.ambient, rgb("#ffffff"), 0.45)
    canvas.paint(
        (white * tone).astype(np.float32), np.asarray(inside * np.float32(0.95), np.float32), "waterfall"
    )
    spray = np.exp(
        -(((canvas.columns - np.float32(x)) / np.float32(width * 1.1)) ** 2)
        - ((canvas.rows - np.float32(bottom)) / np.float32(0.085)) ** 2
    )
    canvas.screen(
        mix(light.haze, rgb("#ffffff"), 0.7),
        spray * (np.float32(0.45) + canvas.noise(1, 1) * np.float32(0.5)) * np.float32(0.9),
    )
