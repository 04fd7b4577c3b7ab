"""The scenes of the demo: each paints one kind of photo, with its own chances."""

from collections.abc import Callable

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.scenes import city, coast, country, flowers, home, mountains, wild

__all__ = ["SCENES"]

# Scene and how often it is taken; the weights keep every concept between 2 % and 55 % of the pictures.
SCENES: tuple[tuple[Callable[[Canvas], None], float], ...] = (
    (coast.sunset_sea, 9),
    (coast.beach, 8),
    (coast.beach_from_above, 3),
    (coast.silhouette, 4),
    (coast.fireworks_over_sea, 2.5),
    (mountains.mountain_lake, 7),
    (mountains.misty_ranges, 5),
    (mountains.balloons, 5),
    (wild.desert, 5),
    (wild.forest_path, 7),
    (wild.snow_forest, 5),
    (wild.waterfall, 4.5),
    (mountains.starry_night, 4),
    (city.city_by_night, 7),
    (city.city_by_day, 5),
    (country.river_valley, 6),
    (city.rainy_street, 4),
    (country.country_road, 6),
    (country.snow_village, 4),
    (city.street, 4),
    (flowers.flower_close_up, 8),
    (flowers.meadow, 5),
    (country.rainbow_fields, 4.5),
    (home.garden, 6),
    (flowers.lily_pond, 3),
    (flowers.bird_on_branch, 5),
    (home.cat_at_window, 5),
    (home.dog_in_meadow, 4),
)
