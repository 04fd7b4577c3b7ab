"""Draw one picture of the demo collection, with the truth about it."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from tagrefine_core.collections.demo import scenes_coast, scenes_garden, scenes_town, scenes_wild
from tagrefine_core.collections.demo.canvas import Canvas
from tagrefine_core.collections.demo.concepts import MOST_CONCEPTS, SMALLEST_SHARE
from tagrefine_core.errors import ConfigError

__all__ = ["SCENES", "SIZE", "render", "true_concepts"]

SIZE = (320, 240)

# Scene and how often it is taken; the weights keep every concept between 2 % and 55 % of the pictures.
SCENES: tuple[tuple[Callable[[Canvas], None], float], ...] = (
    (scenes_coast.sunset_sea, 9),
    (scenes_coast.beach, 8),
    (scenes_coast.beach_from_above, 3),
    (scenes_coast.silhouette, 4),
    (scenes_coast.fireworks_over_sea, 2.5),
    (scenes_wild.mountain_lake, 7),
    (scenes_wild.misty_ranges, 5),
    (scenes_wild.balloons, 5),
    (scenes_wild.desert, 5),
    (scenes_wild.forest_path, 7),
    (scenes_wild.snow_forest, 5),
    (scenes_wild.waterfall, 4.5),
    (scenes_wild.starry_night, 4),
    (scenes_town.city_by_night, 7),
    (scenes_town.city_by_day, 5),
    (scenes_town.river_valley, 6),
    (scenes_town.rainy_street, 4),
    (scenes_town.country_road, 6),
    (scenes_town.snow_village, 4),
    (scenes_town.street, 4),
    (scenes_garden.flower_close_up, 8),
    (scenes_garden.meadow, 5),
    (scenes_garden.rainbow_fields, 4.5),
    (scenes_garden.garden, 6),
    (scenes_garden.lily_pond, 3),
    (scenes_garden.bird_on_branch, 5),
    (scenes_garden.cat_at_window, 5),
    (scenes_garden.dog_in_meadow, 4),
)
_SHARES = np.cumsum([weight for _, weight in SCENES]) / sum(weight for _, weight in SCENES)


def true_concepts(canvas: Canvas) -> frozenset[str]:
    """List what can be seen in a painted canvas: at most seven concepts, the most prominent ones."""
    prominence = {concept: float(seen.mean()) / SMALLEST_SHARE[concept] for concept, seen in canvas.visible.items()}
    ranked = sorted((concept for concept, times in prominence.items() if times >= 1), key=lambda concept: (-prominence[concept], concept))
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
        Two to seven members of `CONCEPTS` that can be seen in it.

    Raises
    ------
    ConfigError
        If an argument is out of range.
    """
    if seed < 0 or index < 0:
        raise ConfigError(f"The demo's seed and index must be 0 or greater, got seed {seed} and index {index}.")
    if not all(64 <= side <= 4096 for side in size):
        raise ConfigError(f"A demo picture must be 64 to 4096 pixels wide and high, got {size[0]} x {size[1]}.")
    rng = np.random.default_rng([seed, index])
    canvas = Canvas(rng, size)
    scene = SCENES[int(np.searchsorted(_SHARES, rng.random(), side="right"))][0]
    scene(canvas)
    concepts = true_concepts(canvas)
    return canvas.finish(grain=canvas.between(0.006, 0.016), vignette=canvas.between(0.12, 0.34)), concepts
