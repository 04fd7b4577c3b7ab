"""Draw one picture of the demo collection, with the truth about it."""

import numpy as np
from PIL import Image

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.concepts import MOST_CONCEPTS, SMALLEST_SHARE
from tagrefine_core.demo.scenes import SCENES
from tagrefine_core.errors import ConfigError

__all__ = ["SIZE", "paint", "render", "true_concepts"]

SIZE = (320, 240)

_SHARES = np.cumsum([weight for _, weight in SCENES]) / sum(weight for _, weight in SCENES)


def true_concepts(canvas: Canvas) -> frozenset[str]:
    """List what can be seen in a painted canvas: at most seven concepts, the most prominent ones."""
    prominence = {
        concept: float(seen.mean()) / SMALLEST_SHARE[concept] for concept, seen in canvas.visible.items()
    }
    ranked = sorted(
        (concept for concept, times in prominence.items() if times >= 1),
        key=lambda concept: (-prominence[concept], concept),
    )
    return frozenset(ranked[:MOST_CONCEPTS])


def render(seed: int, index: int, size: tuple[int, int] = SIZE) -> tuple[Image.Image, frozenset[str]]:
    """Draw picture `index` of the collection made with `seed`.

    The picture depends on these arguments only, so that pictures can be drawn in any order and number.

    Parameters
    ----------
    seed, index : int
        Zero or greater.
    size : tuple of int
        Width and height in pixels, 64 to 4096 each.

    Returns
    -------
    image : PIL.Image.Image
        An RGB picture.
    concepts : frozenset of str
        Members of `CONCEPTS` that can be seen in it, seven at most and nearly always two or more.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    """
    canvas = paint(seed, index, size)
    concepts = true_concepts(canvas)
    return canvas.finish(grain=canvas.between(0.006, 0.016), vignette=canvas.between(0.12, 0.34)), concepts


def paint(seed: int, index: int, size: tuple[int, int] = SIZE) -> Canvas:
    """Return the canvas of a picture before it is developed, which knows where each concept can be seen; arguments as `render`."""
    if seed < 0 or index < 0:
        raise ConfigError(
            f"The demo's seed and index must be 0 or greater, got seed {seed} and index {index}."
        )
    if not all(64 <= side <= 4096 for side in size):
        raise ConfigError(
            f"A demo picture must be 64 to 4096 pixels wide and high, got {size[0]} x {size[1]}."
        )
    rng = np.random.default_rng([seed, index])
    canvas = Canvas(rng, size)
    scene = SCENES[int(np.searchsorted(_SHARES, rng.random(), side="right"))][0]
    scene(canvas)
    return canvas
