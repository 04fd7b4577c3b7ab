"""Scenes in town: skylines by day and night, streets in the rain and in the sun."""

import numpy as np

from tagrefine_core.demo.buildings import arch_bridge, house, lamp, skyline, suspension_bridge
from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import dog, flock, person, random_coat
from tagrefine_core.demo.land import field, hills, road
from tagrefine_core.demo.palette import ROOFS, WALLS, mix, rgb, shade
from tagrefine_core.demo.plants import bokeh, tree
from tagrefine_core.demo.sky import clouds, cumulus, fireworks, fog, moon, paint_sky, stars, sun
from tagrefine_core.demo.vehicles import (
    car,
    car_from_behind,
    rowboat,
    sailboat,
    stripes,
    umbrella,
)
from tagrefine_core.demo.water import water

__all__ = ["city_by_day", "city_by_night", "rainy_street", "street"]


def city_by_night(canvas: Canvas) -> None:
    """Paint a skyline with lit windows over a river, with moon, bridge, boats or fireworks."""
    light, shore = canvas.light("night"), canvas.between(0.6, 0.74)
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
    canvas.screen(
        rgb("#ffb36b"),
        np.broadcast_to(
            np.exp(-(((canvas.rows - np.float32(shore)) / np.float32(0.2)) ** 2)) * np.float32(0.42),
            canvas.pixels.shape[:2],
        ),
    )
    tone = canvas.color("#5a6a8c", "#6b6480", "#54707c")
    skyline(
        canvas,
        light,
        base=shore,
        height=canvas.between(0.26, 0.4),
        haze=0.42,
        color=shade(tone, 1.25),
        lit=0.22,
    )
    skyline(
        canvas,
        light,
        base=shore + 0.005,
        height=canvas.between(0.16, 0.3),
        haze=0.1,
        color=shade(tone, 0.85),
        lit=0.4,
        width=0.11,
    )
    if canvas.chance(0.78):
        water(
            canvas,
            light,
            top=shore,
            concept="river",
            color=rgb("#152a4c"),
            calm=canvas.between(0.55, 0.75),
            glitter=False,
        )
        if canvas.chance(0.42):
            if canvas.chance(0.6):
                suspension_bridge(canvas, light, deck=shore + 0.02, towers=(canvas.between(0.2, 0.34), canvas.between(0.64, 0.82)), height=canvas.between(0.2, 0.32),
                                  color=canvas.color("#8c97ad", "#c46a52", "#a9a28e"), lit=True)  # fmt: skip
            else:
                arch_bridge(
                    canvas,
                    light,
                    deck=shore + 0.02,
                    water_line=shore + 0.13,
                    arches=canvas.count(3, 5),
                    color=rgb("#b5a68c"),
                )
        if canvas.chance(0.25):
            rowboat(
                canvas,
                light,
                canvas.between(0.2, 0.8),
                canvas.between(shore + 0.14, 0.95),
                canvas.between(0.14, 0.24),
                rgb("#b0563c"),
            )
    else:
        ground = (shore + 0.0 * canvas.columns[0]).astype(np.float32)
        canvas.paint(rgb("#1a1c28"), canvas.below(ground))
        road(
            canvas,
            light,
            top=shore,
            far_x=canvas.between(0.35, 0.65),
            near_x=0.5,
            near_width=1.1,
            bend=0.03,
            wet=canvas.chance(0.5),
        )
        for _ in range(canvas.count(1, 3)):
            near = canvas.between(0.0, 1.0)
            car_from_behind(
                canvas,
                light,
                0.5 + canvas.between(0.03, 0.25) * (0.2 + near),
                shore + 0.04 + 0.26 * near,
                0.05 + 0.2 * near,
                random_coat(canvas),
            )
        for x in (0.06, 0.94):
            lamp(canvas, light, x, 0.95, 0.52)


def city_by_day(canvas: Canvas) -> None:
    """Paint a skyline over a river with a bridge, by day or at sunset."""
    light = canvas.light("day", "sunset", "sunset", "overcast")
    shore = canvas.between(0.6, 0.72)
    paint_sky(canvas, light, shore)
    if light.kind == "sunset":
        sun(canvas, light, shore - canvas.between(0.12, 0.32), size=canvas.between(0.04, 0.06))
    if canvas.chance(0.55):
        clouds(canvas, light, shore, cover=canvas.between(0.3, 0.6))
    tone = canvas.color("#8d97a6", "#a58f80", "#7f95a0", "#9a8796")
    skyline(canvas, light, base=shore, height=canvas.between(0.3, 0.42), haze=0.62, color=tone, width=0.075)
    skyline(canvas, light, base=shore, height=canvas.between(0.2, 0.32), haze=0.36, color=shade(tone, 0.9))
    skyline(
        canvas,
        light,
        base=shore + 0.004,
        height=canvas.between(0.08, 0.18),
        haze=0.1,
        color=shade(tone, 0.72),
        width=0.12,
    )
    if canvas.chance(0.2):
        fog(canvas, light, shore - 0.28, shore + 0.03, density=0.85)
    if canvas.chance(0.5):
        hills(
            canvas,
            light,
            base=shore + 0.004,
            height=0.012,
            color=canvas.color("#4c7a35", "#6a8f3c"),
            haze=0.15,
            frequency=9,
        )
    water(canvas, light, top=shore, concept="river", color=rgb("#3d6a80"), calm=canvas.between(0.4, 0.75))
    if canvas.chance(0.5):
        suspension_bridge(canvas, light, deck=shore + canvas.between(-0.02, 0.06), towers=(canvas.between(0.18, 0.34), canvas.between(0.62, 0.84)), height=canvas.between(0.2, 0.36),
                          color=canvas.color("#c4503c", "#8c97ad", "#6d7480"), haze=0.12)  # fmt: skip
    if canvas.chance(0.45):
        near = canvas.between(0.1, 1.0)
        sailboat(
            canvas,
            light,
            canvas.between(0.15, 0.85),
            shore + 0.04 + near * 0.18,
            0.1 + near * 0.22,
            shade(stripes(canvas)[0], 0.7),
            rgb("#faf5e8"),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.3):
        flock(
            canvas,
            light,
            canvas.between(0.2, 0.8),
            canvas.between(0.12, 0.3),
            count=canvas.count(3, 9),
            size=canvas.between(0.035, 0.07),
            spread=0.2,
            color=shade(light.zenith, 0.4),
        )


def rainy_street(canvas: Canvas) -> None:
    """Paint somebody with an umbrella in a wet street at night, among blurred lights."""
    light, ground = canvas.light("night"), canvas.between(0.55, 0.66)
    paint_sky(canvas, light, ground)
    canvas.visible.clear()
    canvas.mark("night", np.ones((canvas.height, canvas.width), np.float32))
    tone = canvas.color("#5a5f78", "#6b5a6e", "#4f6670")
    skyline(canvas, light, base=ground, height=0.5, haze=0.15, color=tone, lit=0.45, width=0.16)
    skyline(canvas, light, base=ground, height=0.34, haze=0.0, color=shade(tone, 0.7), lit=0.5, width=0.2)
    colors = [rgb(c) for c in ("#ff9a4a", "#ffd98a", "#ff5a5a", "#6ad0ff", "#c58cff", "#8cffb0")]
    for _ in range(16):
        canvas.glow(
            canvas.between(0, 1),
            canvas.between(ground - 0.3, ground),
            canvas.between(0.01, 0.05),
            colors[canvas.count(0, 5)],
            0.9,
        )
    canvas.blur(0.014)
    bokeh(canvas, light, colors, count=canvas.count(8, 18), low=0.015, high=0.05, strength=0.45)
    street_tone = mix(rgb("#15171f"), light.middle, 0.25)
    water(canvas, light, top=ground, concept="road", color=street_tone, calm=0.62, glitter=False)
    canvas.pixels[int(ground * canvas.height) :] *= np.float32(0.85)
    couple = canvas.chance(0.3)
    x, foot, size = canvas.between(0.3, 0.7), canvas.between(0.86, 0.96), canvas.between(0.42, 0.58)
    coat = random_coat(canvas)
    figure_light = canvas.light("overcast")
    for k in range(2 if couple else 1):
        person(
            canvas,
            figure_light if canvas.chance(0.7) else light,
            x + k * 0.09,
            foot,
            size,
            coat=coat if k == 0 else None,
        )
    umbrella(
        canvas,
        figure_light,
        x + (0.045 if couple else 0.012),
        foot - size * 0.97,
        size * (0.48 if couple else 0.4),
        stripes(canvas)[0],
    )
    pen = canvas.whole()
    for _ in range(90):
        u, v, length = canvas.between(0, canvas.aspect), -canvas.between(0, 1), canvas.between(0.02, 0.06)
        pen.line([(u, v), (u - length * 0.18, v - length)], 0.0018, rgb("#dce8ff"))
    pen.stamp(None, opacity=0.35)
    for _ in range(canvas.count(0, 2)):
        side = canvas.between(0.05, 0.2) if canvas.chance(0.5) else canvas.between(0.8, 0.95)
        car_from_behind(
            canvas,
            light,
            side,
            ground + canvas.between(0.06, 0.14),
            canvas.between(0.1, 0.15),
            random_coat(canvas),
        )


def street(canvas: Canvas) -> None:
    """Paint a row of houses along a road with parked cars, people and dogs."""
    light = canvas.light("day", "overcast", "sunset", "night")
    horizon = canvas.between(0.5, 0.58)
    paint_sky(canvas, light, horizon)
    if light.kind == "day":
        for _ in range(canvas.count(0, 3)):
            cumulus(canvas, light, canvas.between(0, 1), canvas.between(0.15, 0.3), canvas.between(0.2, 0.45))
    edge = canvas.between(0.7, 0.76)
    green = canvas.color("#6a8f3c", "#5a8038")
    hills(canvas, light, base=horizon, height=0.05, color=shade(green, 0.8), haze=0.4, frequency=3)
    field(canvas, light, top=horizon + 0.03, near=green, far=shade(green, 0.9))
    x = canvas.between(-0.05, 0.08)
    while x < 1.05:
        size = canvas.between(0.25, 0.36)
        if canvas.chance(0.78):
            house(
                canvas,
                light,
                x,
                edge - 0.03,
                size,
                wall=canvas.color(*WALLS),
                roof=canvas.color(*ROOFS),
                flip=canvas.chance(0.5),
            )
        else:
            tree(canvas, light, x, edge - 0.02, size * 1.3, canvas.color("#4c7a35", "#6a8f3c", "#b5883a"))
        x += size * canvas.between(1.5, 1.9) / canvas.aspect
    grit = 1 + (canvas.noise(4, 8, slope=1.2)[..., None] - 0.5) * 0.2
    canvas.paint((rgb("#b9b2a6") * grit * light.ambient).astype(np.float32), canvas.below(edge - 0.015))
    canvas.paint(
        (rgb("#5f6068") * grit * light.ambient).astype(np.float32), canvas.below(edge + 0.045), "road"
    )
    dash = (np.abs(canvas.rows - np.float32(edge + 0.16)) < 0.006) * (np.sin(canvas.columns * 30 + 1) > -0.2)
    canvas.pixels += dash[..., None] * (rgb("#f3ead2") * light.ambient - canvas.pixels)
    if light.dark or canvas.chance(0.3):
        lamp(canvas, light, canvas.between(0.2, 0.8), edge + 0.035, 0.36)
    for _ in range(canvas.count(0, 2)):
        person(
            canvas,
            light,
            canvas.between(0.05, 0.95),
            edge + 0.035,
            canvas.between(0.15, 0.19),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.25):
        dog(
            canvas,
            light,
            canvas.between(0.1, 0.9),
            edge + 0.04,
            canvas.between(0.08, 0.11),
            canvas.color("#b07a42", "#5b4030", "#e0c79c"),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.75):
        for k in range(canvas.count(1, 2)):
            car(
                canvas,
                light,
                canvas.between(0.15, 0.45) + 0.42 * k,
                edge + 0.11 + 0.1 * k,
                canvas.between(0.13, 0.18),
                random_coat(canvas),
                flip=canvas.chance(0.5),
            )
