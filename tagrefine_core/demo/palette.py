"""Colors and light: every picture takes one palette, so that its parts belong together."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AUTUMN",
    "FUR",
    "GREENS",
    "PETALS",
    "ROCKS",
    "ROOFS",
    "WALLS",
    "Color",
    "Kind",
    "Light",
    "choose_light",
    "mix",
    "rgb",
    "shade",
    "vary",
]

Color = NDArray[np.floating[Any]]
Kind = Literal["day", "sunset", "night", "overcast"]

# Paints of things, to be varied by whoever uses them.
AUTUMN = ("#d9722b", "#e8a33a", "#b8442c", "#f0c24a", "#9a5a2c")
FUR = ("#c98a4b", "#5e5a5c", "#2b2829", "#d9cbb8", "#8c6a4c", "#e0a463")
GREENS = ("#5a8038", "#6a9a3c", "#4c7a35", "#86a548")
PETALS = ("#e8453c", "#f28fb1", "#f7d34a", "#9a5fc4", "#f6f1e8", "#f08a3a", "#5a6fd0", "#d8386e", "#f4b6c8")
ROCKS = ("#7d7a80", "#8d7a6a", "#6a7480", "#91806f")
ROOFS = ("#a8452f", "#8a4a3a", "#5a6370", "#74503c", "#b5643a")
WALLS = ("#efe3cc", "#d9b48a", "#c9d6d8", "#e8c9b4", "#b8c4a0", "#f4f0e6")


@lru_cache(maxsize=512)
def _parse(text: str) -> tuple[float, float, float]:
    value = int(text.removeprefix("#"), 16)
    return (value >> 16) / 255, (value >> 8 & 255) / 255, (value & 255) / 255


def rgb(text: str) -> Color:
    """Turn "#rrggbb" into three floats from 0 to 1."""
    return np.array(_parse(text), dtype=np.float32)


def mix(first: Color, second: Color, share: float) -> Color:
    """Blend two colors; `share` 0 gives the first, 1 the second."""
    blend: Color = first + (second - first) * np.float32(share)
    return blend


def shade(color: Color, factor: float) -> Color:
    """Make a color darker (factor below 1) or lighter, within range."""
    shaded: Color = np.minimum(color * np.float32(factor), np.float32(1))
    return shaded


def vary(rng: np.random.Generator, color: Color, amount: float = 0.05) -> Color:
    """Shift a color a little: brightness by `amount`, each channel by half of it."""
    shift = rng.standard_normal(4, dtype=np.float32) * np.float32(amount / 2)
    varied: Color = np.minimum(np.maximum(color + shift[:3] + shift[3] * 2, np.float32(0)), np.float32(1))
    return varied


@dataclass(frozen=True, kw_only=True)
class Light:
    """The light of one picture.

    Attributes
    ----------
    kind : {"day", "sunset", "night", "overcast"}
    zenith, middle, horizon : Color
        Sky from top to horizon.
    sun : Color
        Color of the light itself, for glows and lit edges.
    ambient : Color
        What the color of an object is multiplied by.
    haze : Color
        What distance fades into.
    sun_x : float
        Where the light stands, as a share of the width.
    """

    kind: Kind
    zenith: Color
    middle: Color
    horizon: Color
    sun: Color
    ambient: Color
    haze: Color
    sun_x: float

    @property
    def side(self) -> int:
        """-1 when the light comes from the left, 1 when from the right."""
        return -1 if self.sun_x < 0.5 else 1

    @property
    def dark(self) -> bool:
        """Whether it is night."""
        return self.kind == "night"


# Per kind: sky stops from zenith to horizon, then the color of the light.
_SKIES: dict[Kind, tuple[tuple[str, str, str, str], ...]] = {
    "day": (
        ("#2567b5", "#76aee4", "#dcedf6", "#fff6da"),
        ("#1b55a4", "#5597d8", "#c9e2f2", "#fff8e2"),
        ("#4388cc", "#94c4ea", "#f5efdf", "#fff0c8"),
        ("#2f7fae", "#7fc0d2", "#e9f3e6", "#fff4d2"),
        ("#5274b2", "#a2bbde", "#f6e6dc", "#ffe9cd"),
    ),
    "sunset": (
        ("#2b2d5e", "#c2547a", "#ffb15e", "#ffdf9a"),
        ("#3a2a5c", "#dc6152", "#ffd07a", "#fff0b4"),
        ("#27497a", "#e08a6e", "#ffdc98", "#fff2c0"),
        ("#47316a", "#ee7488", "#ffc9a3", "#ffe6c4"),
        ("#1d3a62", "#a8577e", "#ff8f52", "#ffc07c"),
        ("#54364f", "#d55f3c", "#ffc145", "#ffe58c"),
        ("#3d5c8c", "#c99ab2", "#ffd6ac", "#fff0d2"),
    ),
    "night": (
        ("#050a22", "#0e1d4a", "#264475", "#cfe0ff"),
        ("#07071f", "#191848", "#43336a", "#e4dcff"),
        ("#03101f", "#0a2a46", "#1d5a6a", "#d2f2ff"),
        ("#080d22", "#172348", "#513f56", "#ffe9c8"),
    ),
    "overcast": (
        ("#7c93ad", "#adbfd0", "#e2e7ea", "#f6f7f5"),
        ("#667fa0", "#98afc6", "#d8e2e6", "#f0f4f6"),
        ("#8b9aa2", "#c3c8c6", "#f0e8d6", "#fff6e2"),
    ),
}
_AMBIENT: dict[Kind, str] = {"day": "#ffffff", "sunset": "#c89a88", "night": "#414f80", "overcast": "#cfd4d6"}


def choose_light(rng: np.random.Generator, kind: Kind) -> Light:
    """Draw a palette of a kind of light and shift it a little."""
    skies = _SKIES[kind]
    zenith, middle, horizon, sun = (rgb(text) for text in skies[int(rng.integers(len(skies)))])
    warmth = np.array([1, 0, -1], dtype=np.float32) * np.float32(rng.normal(0, 0.018))
    gain = np.float32(rng.uniform(0.93, 1.05))
    tones = [np.clip(tone * gain + warmth, 0, 1) for tone in (zenith, middle, horizon)]
    light = Light(
        kind=kind, zenith=tones[0], middle=tones[1], horizon=tones[2], sun=sun, ambient=rgb(_AMBIENT[kind]),
        haze=mix(tones[1], tones[2], 0.6), sun_x=float(rng.uniform(0.12, 0.88)),
    )  # fmt: skip
    # Low sun tints everything; some evenings are still bright, others nearly silhouettes.
    return (
        replace(light, ambient=shade(light.ambient, float(rng.uniform(0.75, 1.05))))
        if kind == "sunset"
        else light
    )
