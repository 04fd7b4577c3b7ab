"""Scenes among houses: skylines by day and night, bridges, rainy streets, roads, snowy villages."""

import numpy as np

from tagrefine_core.collections.demo.buildings import arch_bridge, house, lamp, skyline, suspension_bridge
from tagrefine_core.collections.demo.canvas import Canvas
from tagrefine_core.collections.demo.creatures import dog, flock, person, random_coat
from tagrefine_core.collections.demo.land import field, hills, mountains, ribbon, road, snowfield
from tagrefine_core.collections.demo.palette import choose_light, mix, rgb, shade, vary
from tagrefine_core.collections.demo.plants import bokeh, pine, tree
from tagrefine_core.collections.demo.scenes_coast import stripes
from tagrefine_core.collections.demo.scenes_wild import pick
from tagrefine_core.collections.demo.sky import clouds, cumulus, fireworks, fog, moon, paint_sky, stars, sun
from tagrefine_core.collections.demo.texture import profile
from tagrefine_core.collections.demo.vehicles import car, car_from_behind, rowboat, sailboat, umbrella
from tagrefine_core.collections.demo.water import water

__all__ = ["city_by_day", "city_by_night", "country_road", "rainy_street", "river_valley", "snow_village", "street"]

_WALLS = ("#efe3cc", "#d9b48a", "#c9d6d8", "#e8c9b4", "#b8c4a0", "#f4f0e6")
_ROOFS = ("#a8452f", "#8a4a3a", "#5a6370", "#74503c", "#b5643a")


def city_by_night(canvas: Canvas) -> None:
    """A skyline with lit windows over a river, with moon, bridge, boats or fireworks."""
    light, shore = choose_light(canvas.rng, "night"), canvas.between(0.6, 0.74)
    paint_sky(canvas, light, shore)
    if canvas.chance(0.3):
        stars(canvas, light, shore, many=110)
    party = canvas.chance(0.22)
    if not party and canvas.chance(0.5):
        moon(canvas, light, light.sun_x, canvas.between(0.1, 0.26), canvas.between(0.03, 0.06))
    elif not party and canvas.chance(0.35):
        clouds(canvas, light, shore, cover=0.4)
    if party:
        fireworks(canvas, shore - 0.1, bursts=canvas.count(2, 4))
    canvas.screen(rgb("#ffb36b"), np.broadcast_to(np.exp(-(((canvas.rows - np.float32(shore)) / np.float32(0.2)) ** 2)) * np.float32(0.26), canvas.pixels.shape[:2]))
    tone = pick(canvas, ("#5a6a8c", "#6b6480", "#54707c"))
    skyline(canvas, light, base=shore, height=canvas.between(0.26, 0.4), haze=0.42, color=tone, lit=0.22)
    skyline(canvas, light, base=shore + 0.005, height=canvas.between(0.16, 0.3), haze=0.05, color=shade(tone, 0.6), lit=0.4, width=0.11)
    if canvas.chance(0.78):
        water(canvas, light, top=shore, concept="river", color=rgb("#152a4c"), calm=canvas.between(0.55, 0.75), glitter=False)
        if canvas.chance(0.42):
            if canvas.chance(0.6):
                suspension_bridge(canvas, light, deck=shore + 0.02, towers=(canvas.between(0.2, 0.34), canvas.between(0.64, 0.82)), height=canvas.between(0.2, 0.32),
                                  color=pick(canvas, ("#8c97ad", "#c46a52", "#a9a28e")), lit=True)  # fmt: skip
            else:
                arch_bridge(canvas, light, deck=shore + 0.02, water_line=shore + 0.13, arches=canvas.count(3, 5), color=rgb("#b5a68c"))
        if canvas.chance(0.25):
            rowboat(canvas, light, canvas.between(0.2, 0.8), canvas.between(shore + 0.14, 0.95), canvas.between(0.14, 0.24), rgb("#b0563c"))
    else:
        ground = (shore + 0.0 * canvas.columns[0]).astype(np.float32)
        canvas.paint(rgb("#1a1c28"), canvas.below(ground))
        road(canvas, light, top=shore, far_x=canvas.between(0.35, 0.65), near_x=0.5, near_width=1.1, bend=0.03, wet=canvas.chance(0.5))
        for _ in range(canvas.count(1, 3)):
            near = canvas.between(0.0, 1.0)
            car_from_behind(canvas, light, 0.5 + canvas.between(0.03, 0.25) * (0.2 + near), shore + 0.04 + 0.26 * near, 0.05 + 0.2 * near, random_coat(canvas))
        for x in (0.06, 0.94):
            lamp(canvas, light, x, 0.95, 0.52)


def city_by_day(canvas: Canvas) -> None:
    """A skyline over a river with a bridge, by day or at sunset."""
    light = choose_light(canvas.rng, ("day", "sunset", "sunset", "overcast")[canvas.count(0, 3)])  # type: ignore[arg-type]
    shore = canvas.between(0.6, 0.72)
    paint_sky(canvas, light, shore)
    if light.kind == "sunset":
        sun(canvas, light, shore - canvas.between(0.12, 0.32), size=canvas.between(0.04, 0.06))
    if canvas.chance(0.55):
        clouds(canvas, light, shore, cover=canvas.between(0.3, 0.6))
    tone = pick(canvas, ("#8d97a6", "#a58f80", "#7f95a0", "#9a8796"))
    skyline(canvas, light, base=shore, height=canvas.between(0.3, 0.42), haze=0.62, color=tone, width=0.075)
    skyline(canvas, light, base=shore, height=canvas.between(0.2, 0.32), haze=0.36, color=shade(tone, 0.9))
    skyline(canvas, light, base=shore + 0.004, height=canvas.between(0.08, 0.18), haze=0.1, color=shade(tone, 0.72), width=0.12)
    if canvas.chance(0.2):
        fog(canvas, light, shore - 0.28, shore + 0.03, density=0.85)
    if canvas.chance(0.5):
        hills(canvas, light, base=shore + 0.004, height=0.012, color=pick(canvas, ("#4c7a35", "#6a8f3c")), haze=0.15, frequency=9)
    water(canvas, light, top=shore, concept="river", color=rgb("#3d6a80"), calm=canvas.between(0.4, 0.75))
    if canvas.chance(0.5):
        suspension_bridge(canvas, light, deck=shore + canvas.between(-0.02, 0.06), towers=(canvas.between(0.18, 0.34), canvas.between(0.62, 0.84)), height=canvas.between(0.2, 0.36),
                          color=pick(canvas, ("#c4503c", "#8c97ad", "#6d7480")), haze=0.12)  # fmt: skip
    if canvas.chance(0.45):
        near = canvas.between(0.1, 1.0)
        sailboat(canvas, light, canvas.between(0.15, 0.85), shore + 0.04 + near * 0.18, 0.1 + near * 0.22, shade(stripes(canvas)[0], 0.7), rgb("#faf5e8"), flip=canvas.chance(0.5))
    if canvas.chance(0.3):
        flock(canvas, light, canvas.between(0.2, 0.8), canvas.between(0.12, 0.3), count=canvas.count(3, 9), size=canvas.between(0.035, 0.07), spread=0.2, color=shade(light.zenith, 0.4))


def river_valley(canvas: Canvas) -> None:
    """A river winds through meadows, under an old bridge or past a house."""
    light = choose_light(canvas.rng, ("day", "day", "sunset", "overcast")[canvas.count(0, 3)])  # type: ignore[arg-type]
    horizon, autumn = canvas.between(0.4, 0.52), canvas.chance(0.35)
    paint_sky(canvas, light, horizon)
    if canvas.chance(0.45):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.55))
    if canvas.chance(0.55):
        mountains(canvas, light, base=horizon + 0.03, height=canvas.between(0.12, 0.25), rock=rgb("#7d7a80"), haze=0.45, snow=0.4 if canvas.chance(0.4) else 0.0, woods=rgb("#46623a"))
    greens = ("#b5883a", "#c77434", "#a8963c") if autumn else ("#6a8f3c", "#5a8038", "#86a548")
    green = pick(canvas, greens)
    hills(canvas, light, base=horizon + 0.03, height=0.05, color=green, haze=0.35, concept="grass", rows=True)
    hills(canvas, light, base=horizon + 0.07, height=0.035, color=shade(green, 0.8), haze=0.15, concept="tree" if canvas.chance(0.5) else None, spiky=0.05)
    field(canvas, light, top=horizon + 0.09, near=shade(green, 0.75), far=green)
    mask, _ = ribbon(canvas, top=horizon + 0.085, far_x=canvas.between(0.35, 0.65), near_x=canvas.between(0.3, 0.7), far_width=0.03, near_width=canvas.between(0.5, 1.0), bend=canvas.between(-0.22, 0.22))
    water(canvas, light, top=horizon + 0.085, concept="river", color=rgb("#3a7488"), calm=canvas.between(0.5, 0.9), mask=mask, mirror_at=horizon + 0.05, glitter=False)
    bridge = canvas.chance(0.45)
    if bridge:
        deck = horizon + canvas.between(0.13, 0.22)
        arch_bridge(canvas, light, deck=deck, water_line=deck + canvas.between(0.12, 0.18), arches=canvas.count(2, 4), color=pick(canvas, ("#b5a68c", "#a39a90", "#b98f72")), start=canvas.between(-0.1, 0.15), end=canvas.between(0.8, 1.1))
    elif canvas.chance(0.4):
        house(canvas, light, canvas.between(0.12, 0.3) if canvas.chance(0.5) else canvas.between(0.7, 0.88), horizon + 0.18, canvas.between(0.13, 0.2), wall=pick(canvas, _WALLS), roof=pick(canvas, _ROOFS))
    leaf = [pick(canvas, ("#d9722b", "#e8a33a", "#b8442c")) if autumn else pick(canvas, ("#4c7a35", "#6a8f3c", "#3a6638")) for _ in range(3)]
    for y in sorted(canvas.between(horizon + 0.12, 1.05) for _ in range(canvas.count(2, 6))):
        near = (y - horizon) / (1 - horizon)
        x = canvas.between(-0.03, 0.2) if canvas.chance(0.5) else canvas.between(0.8, 1.03)
        tree(canvas, light, x, y, 0.14 + 0.5 * near, leaf[canvas.count(0, 2)], haze=0.25 * (1 - near))
    if not bridge and canvas.chance(0.35):
        row = min(int((horizon + 0.36) * canvas.height), canvas.height - 1)
        wet = np.flatnonzero(mask[row] > 0.5)
        if len(wet):
            rowboat(canvas, light, float(np.median(wet)) / canvas.width, horizon + 0.38, canvas.between(0.15, 0.24), shade(stripes(canvas)[0], 0.8), rower=canvas.chance(0.5), flip=canvas.chance(0.5))
    if canvas.chance(0.2):
        fog(canvas, light, horizon - 0.06, horizon + 0.3, density=0.8)


def rainy_street(canvas: Canvas) -> None:
    """Somebody with an umbrella in a wet street at night, among blurred lights."""
    light, ground = choose_light(canvas.rng, "night"), canvas.between(0.55, 0.66)
    paint_sky(canvas, light, ground)
    canvas.visible.clear()
    canvas.mark("night", np.ones((canvas.height, canvas.width), np.float32))
    tone = pick(canvas, ("#5a5f78", "#6b5a6e", "#4f6670"))
    skyline(canvas, light, base=ground, height=0.5, haze=0.15, color=tone, lit=0.45, width=0.16)
    skyline(canvas, light, base=ground, height=0.34, haze=0.0, color=shade(tone, 0.7), lit=0.5, width=0.2)
    colors = [rgb(c) for c in ("#ff9a4a", "#ffd98a", "#ff5a5a", "#6ad0ff", "#c58cff", "#8cffb0")]
    for _ in range(16):
        canvas.glow(canvas.between(0, 1), canvas.between(ground - 0.3, ground), canvas.between(0.01, 0.05), colors[canvas.count(0, 5)], 0.9)
    canvas.blur(0.014)
    bokeh(canvas, light, colors, count=canvas.count(8, 18), low=0.015, high=0.05, strength=0.45)
    street_tone = mix(rgb("#15171f"), light.middle, 0.25)
    saved = canvas.pixels.copy()
    water(canvas, light, top=ground, concept="road", color=street_tone, calm=0.62, glitter=False)
    canvas.pixels[int(ground * canvas.height) :] *= np.float32(0.85)
    del saved
    couple = canvas.chance(0.3)
    x, foot, size = canvas.between(0.3, 0.7), canvas.between(0.86, 0.96), canvas.between(0.42, 0.58)
    coat = random_coat(canvas)
    figure_light = choose_light(canvas.rng, "overcast")
    for k in range(2 if couple else 1):
        person(canvas, figure_light if canvas.chance(0.7) else light, x + k * 0.09, foot, size, coat=coat if k == 0 else None)
    umbrella(canvas, figure_light, x + (0.045 if couple else 0.012), foot - size * 0.97, size * (0.48 if couple else 0.4), stripes(canvas)[0], handle=False)
    pen = canvas.whole()
    for _ in range(90):
        u, v, length = canvas.between(0, canvas.aspect), -canvas.between(0, 1), canvas.between(0.02, 0.06)
        pen.line([(u, v), (u - length * 0.18, v - length)], 0.0018, rgb("#dce8ff"))
    pen.stamp(None, opacity=0.35)
    for _ in range(canvas.count(0, 2)):
        side = canvas.between(0.05, 0.2) if canvas.chance(0.5) else canvas.between(0.8, 0.95)
        car_from_behind(canvas, light, side, ground + canvas.between(0.06, 0.14), canvas.between(0.1, 0.15), random_coat(canvas))


def country_road(canvas: Canvas) -> None:
    """A road through hills, fields or mountains, with a car."""
    light = choose_light(canvas.rng, ("day", "day", "sunset", "overcast", "night")[canvas.count(0, 4)])  # type: ignore[arg-type]
    horizon, autumn = canvas.between(0.4, 0.52), canvas.chance(0.35)
    paint_sky(canvas, light, horizon)
    if light.dark:
        stars(canvas, light, horizon, many=200)
    elif light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.03, 0.16))
    if not light.dark and canvas.chance(0.5):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.6))
    if canvas.chance(0.5):
        mountains(canvas, light, base=horizon + 0.03, height=canvas.between(0.1, 0.25), rock=rgb("#7d7a80"), haze=0.4, snow=0.5 if canvas.chance(0.4) else 0.0)
    green = pick(canvas, ("#b5883a", "#c7a050") if autumn else ("#6a8f3c", "#86a548", "#a8a850"))
    hills(canvas, light, base=horizon + 0.03, height=0.04, color=green, haze=0.3, concept="grass", rows=True)
    field(canvas, light, top=horizon + 0.04, near=shade(green, 0.8), far=green)
    if canvas.chance(0.15):
        fog(canvas, light, horizon - 0.15, horizon + 0.22, density=0.9)
    leaf = ("#d9722b", "#e8a33a", "#b8442c", "#f0c24a") if autumn else ("#4c7a35", "#6a8f3c", "#3a6638")
    if canvas.chance(0.4):
        # A road that crosses the picture, its car seen from the side.
        edge = canvas.between(0.68, 0.76)
        for _ in range(canvas.count(1, 5)):
            tree(canvas, light, canvas.between(0, 1), edge + canvas.between(-0.1, 0.0), canvas.between(0.2, 0.42), pick(canvas, leaf))
        grit = 1 + (canvas.noise(4, 8, slope=1.2)[..., None] - 0.5) * 0.25
        band = canvas.below(edge) * (1 - canvas.below(edge + 0.19))
        canvas.paint((rgb("#5f6068") * grit * light.ambient).astype(np.float32), band, "road")
        dash = band * (np.abs(canvas.rows - np.float32(edge + 0.085)) < 0.006) * (np.sin(canvas.columns * 38) > -0.2)
        canvas.pixels += dash[..., None] * (rgb("#f3ead2") * light.ambient - canvas.pixels)
        car(canvas, light, canvas.between(0.3, 0.7), edge + canvas.between(0.09, 0.15), canvas.between(0.13, 0.24), random_coat(canvas), flip=canvas.chance(0.5))
        return
    bend = canvas.between(-0.16, 0.16)
    far_x, near_x = canvas.between(0.4, 0.6), canvas.between(0.35, 0.65)
    road(canvas, light, top=horizon + 0.04, far_x=far_x, near_x=near_x, near_width=canvas.between(0.7, 1.0), bend=bend)
    for y in sorted(canvas.between(horizon + 0.06, 1.0) for _ in range(canvas.count(3, 9))):
        near = (y - horizon) / (1 - horizon)
        offset = 0.08 + 0.4 * near + canvas.between(0, 0.1)
        tree(canvas, light, 0.5 + (offset if canvas.chance(0.5) else -offset), y, 0.1 + 0.5 * near, pick(canvas, leaf), haze=0.3 * (1 - near))
    if canvas.chance(0.72):
        t = canvas.between(0.25, 0.75)
        center = far_x + (near_x - far_x) * t + bend * float(np.sin(t**0.6 * 2 * np.pi)) * (1 - t) ** 0.7
        car_from_behind(canvas, light, center + 0.13 * t, horizon + 0.04 + (0.96 - horizon) * t, 0.05 + 0.22 * t, random_coat(canvas))


def snow_village(canvas: Canvas) -> None:
    """Snow-covered houses and conifers, in the evening or at night."""
    light = choose_light(canvas.rng, ("night", "night", "sunset", "overcast")[canvas.count(0, 3)])  # type: ignore[arg-type]
    horizon = canvas.between(0.45, 0.56)
    paint_sky(canvas, light, horizon)
    if light.dark:
        if canvas.chance(0.7):
            stars(canvas, light, horizon, many=200)
        if canvas.chance(0.5):
            moon(canvas, light, light.sun_x, canvas.between(0.1, 0.24), canvas.between(0.03, 0.06))
    mountains(canvas, light, base=horizon + 0.03, height=canvas.between(0.14, 0.28), rock=rgb("#76788a"), haze=0.35, snow=0.9)
    hills(canvas, light, base=horizon + 0.02, height=0.02, color=mix(rgb("#33513f"), rgb("#e8eef6"), 0.3), haze=0.3, spiky=0.1)
    snowfield(canvas, light, top=(horizon + 0.05 - 0.03 * profile(canvas.rng, canvas.width, frequency=2, octaves=3)).astype(np.float32))
    spots = sorted((canvas.between(horizon + 0.1, 0.92), canvas.between(0.06, 0.94)) for _ in range(canvas.count(3, 7)))
    houses = canvas.count(2, 4)
    for index, (y, x) in enumerate(spots):
        near = (y - horizon) / (1 - horizon)
        if index % 2 == 0 and houses:
            houses -= 1
            house(canvas, light, x, y, 0.1 + 0.3 * near, wall=pick(canvas, ("#b08a64", "#a8705a", "#c9b08a", "#8a6a54")), roof=rgb("#666666"), snow=True, flip=canvas.chance(0.5), haze=0.2 * (1 - near))
        else:
            pine(canvas, light, x, y, 0.2 + 0.5 * near, rgb("#33513f"), snow=True, haze=0.2 * (1 - near))
    for _ in range(canvas.count(1, 3)):
        pine(canvas, light, canvas.between(-0.02, 0.14) if canvas.chance(0.5) else canvas.between(0.86, 1.02), canvas.between(0.98, 1.08), canvas.between(0.5, 0.8), rgb("#2f4a40"), snow=True)
    if canvas.chance(0.5):
        pen = canvas.whole()
        for _ in range(260):
            pen.ellipse(canvas.between(0, canvas.aspect), -canvas.between(0, 1), 0.0015 + 0.005 * canvas.rng.random() ** 3, rgb("#ffffff"))
        pen.stamp(None, opacity=0.85)


def street(canvas: Canvas) -> None:
    """A row of houses along a road with parked cars, people and dogs."""
    light = choose_light(canvas.rng, ("day", "overcast", "sunset", "night")[canvas.count(0, 3)])  # type: ignore[arg-type]
    horizon = canvas.between(0.5, 0.58)
    paint_sky(canvas, light, horizon)
    if light.kind == "day":
        for _ in range(canvas.count(0, 3)):
            cumulus(canvas, light, canvas.between(0, 1), canvas.between(0.15, 0.3), canvas.between(0.2, 0.45))
    edge = canvas.between(0.7, 0.76)
    green = pick(canvas, ("#6a8f3c", "#5a8038"))
    hills(canvas, light, base=horizon, height=0.05, color=shade(green, 0.8), haze=0.4, frequency=3)
    field(canvas, light, top=horizon + 0.03, near=green, far=shade(green, 0.9))
    x = canvas.between(-0.05, 0.08)
    while x < 1.05:
        size = canvas.between(0.25, 0.36)
        if canvas.chance(0.78):
            house(canvas, light, x, edge - 0.03, size, wall=pick(canvas, _WALLS), roof=pick(canvas, _ROOFS), flip=canvas.chance(0.5))
        else:
            tree(canvas, light, x, edge - 0.02, size * 1.3, pick(canvas, ("#4c7a35", "#6a8f3c", "#b5883a")))
        x += size * canvas.between(1.5, 1.9) / canvas.aspect
    grit = 1 + (canvas.noise(4, 8, slope=1.2)[..., None] - 0.5) * 0.2
    canvas.paint((rgb("#b9b2a6") * grit * light.ambient).astype(np.float32), canvas.below(edge - 0.015))
    canvas.paint((rgb("#5f6068") * grit * light.ambient).astype(np.float32), canvas.below(edge + 0.045), "road")
    dash = (np.abs(canvas.rows - np.float32(edge + 0.16)) < 0.006) * (np.sin(canvas.columns * 30 + 1) > -0.2)
    canvas.pixels += dash[..., None] * (rgb("#f3ead2") * light.ambient - canvas.pixels)
    if light.dark or canvas.chance(0.3):
        lamp(canvas, light, canvas.between(0.2, 0.8), edge + 0.035, 0.36)
    for _ in range(canvas.count(0, 2)):
        person(canvas, light, canvas.between(0.05, 0.95), edge + 0.035, canvas.between(0.15, 0.19), flip=canvas.chance(0.5))
    if canvas.chance(0.25):
        dog(canvas, light, canvas.between(0.1, 0.9), edge + 0.04, canvas.between(0.08, 0.11), pick(canvas, ("#b07a42", "#5b4030", "#e0c79c")), flip=canvas.chance(0.5))
    if canvas.chance(0.75):
        for k in range(canvas.count(1, 2)):
            car(canvas, light, canvas.between(0.15, 0.45) + 0.42 * k, edge + 0.11 + 0.1 * k, canvas.between(0.13, 0.18), random_coat(canvas), flip=canvas.chance(0.5))
