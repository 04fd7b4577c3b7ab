"""Scenes at home: a house in its garden, a cat at the window, a dog in the grass."""

from tagrefine_core.demo.buildings import house, skyline, window_frame
from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import cat_from_behind, cat_sitting, dog, person
from tagrefine_core.demo.land import field, grass_blades, hills, mountains, road
from tagrefine_core.demo.palette import FUR, GREENS, PETALS, choose_light, mix, rgb, shade, vary
from tagrefine_core.demo.plants import blossom, bokeh, flower_dots, stem, tree
from tagrefine_core.demo.sky import cumulus, moon, paint_sky, rays, stars

__all__ = ["cat_at_window", "dog_in_meadow", "garden"]


def garden(canvas: Canvas) -> None:
    """Paint a house behind its garden, with flowers, a tree, a cat or dog."""
    light, horizon = canvas.light("day", "day", "day", "sunset"), canvas.between(0.44, 0.54)
    paint_sky(canvas, light, horizon)
    for _ in range(canvas.count(0, 3)):
        cumulus(canvas, light, canvas.between(0, 1), canvas.between(0.16, 0.32), canvas.between(0.2, 0.45))
    green = canvas.color(*GREENS)
    hills(canvas, light, base=horizon, height=0.04, color=shade(green, 0.75), haze=0.3, spiky=0.06)
    field(canvas, light, top=horizon + 0.02, near=shade(green, 0.85), far=green)
    x = canvas.between(0.3, 0.7)
    for side in (-1, 1):
        if canvas.chance(0.55):
            tree(
                canvas,
                light,
                x + side * canvas.between(0.22, 0.36),
                horizon + canvas.between(0.1, 0.2),
                canvas.between(0.35, 0.6),
                canvas.color("#4c7a35", "#6a8f3c", "#d9722b", "#e8a33a", "#e7a0b8"),
            )
    size = canvas.between(0.3, 0.44)
    house(
        canvas,
        light,
        x,
        horizon + 0.17,
        size,
        wall=canvas.color("#efe3cc", "#d9b48a", "#c9d6d8", "#e8c9b4", "#f4f0e6"),
        roof=canvas.color("#a8452f", "#8a4a3a", "#5a6370"),
        flip=canvas.chance(0.5),
    )
    if canvas.chance(0.4):
        road(
            canvas,
            light,
            top=horizon + 0.165,
            far_x=x + 0.5 * size / canvas.aspect,
            near_x=canvas.between(0.3, 0.7),
            near_width=0.35,
            bend=0.06,
            paved=False,
        )
    if canvas.chance(0.6):
        flower_dots(
            canvas,
            light,
            [canvas.color(*PETALS) for _ in range(3)],
            top=horizon + 0.24,
            count=canvas.count(200, 340),
            size=0.026,
        )
    animal = canvas.rng.random()
    if animal < 0.3:
        dog(
            canvas,
            light,
            canvas.between(0.15, 0.85),
            canvas.between(0.82, 0.93),
            canvas.between(0.2, 0.32),
            canvas.color("#b07a42", "#5b4030", "#e0c79c", "#3a3432"),
            flip=canvas.chance(0.5),
        )
    elif animal < 0.58:
        cat_sitting(
            canvas,
            light,
            canvas.between(0.15, 0.85),
            canvas.between(0.85, 0.96),
            canvas.between(0.22, 0.38),
            canvas.color(*FUR),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.25):
        person(
            canvas,
            light,
            canvas.between(0.1, 0.9),
            canvas.between(0.74, 0.86),
            canvas.between(0.26, 0.36),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.5):
        grass_blades(canvas, light, base=1.03, height=0.13, color=green, count=120)


def cat_at_window(canvas: Canvas) -> None:
    """Paint a cat on the sill; outside a town at night, a garden or snow-covered hills."""
    view = canvas.count(0, 2)
    light = choose_light(canvas.rng, "night" if view == 0 else "sunset" if canvas.chance(0.3) else "day")
    horizon = canvas.between(0.5, 0.66)
    paint_sky(canvas, light, horizon)
    if view == 0:
        stars(canvas, light, horizon, many=120)
        if canvas.chance(0.7):
            moon(
                canvas, light, canvas.between(0.3, 0.7), canvas.between(0.2, 0.32), canvas.between(0.05, 0.08)
            )
        skyline(canvas, light, base=0.8, height=0.35, haze=0.15, color=rgb("#4a5674"), lit=0.35, width=0.12)
    elif view == 1:
        green = canvas.color(*GREENS)
        hills(canvas, light, base=horizon, height=0.06, color=green, haze=0.3)
        field(canvas, light, top=horizon + 0.04, near=shade(green, 0.8), far=green)
        tree(
            canvas,
            light,
            canvas.between(0.25, 0.75),
            horizon + 0.16,
            canvas.between(0.4, 0.55),
            canvas.color("#4c7a35", "#d9722b", "#e7a0b8"),
        )
        flower_dots(
            canvas,
            light,
            [canvas.color(*PETALS) for _ in range(2)],
            top=horizon + 0.06,
            count=160,
            size=0.03,
        )
    else:
        mountains(canvas, light, base=horizon + 0.06, height=0.3, rock=rgb("#7d7a80"), haze=0.3, snow=0.8)
        hills(
            canvas,
            light,
            base=horizon + 0.08,
            height=0.05,
            color=mix(rgb("#6a8f3c"), rgb("#ffffff"), 0.15),
            haze=0.15,
        )
    canvas.blur(0.007)
    sill = canvas.between(0.8, 0.88)
    wall = canvas.color("#c9a27e", "#8fa3a8", "#b98a7a", "#a8a07c", "#7c7f96")
    window_frame(
        canvas,
        light,
        left=canvas.between(0.08, 0.2),
        top=canvas.between(0.05, 0.12),
        right=canvas.between(0.8, 0.92),
        bottom=sill,
        wall=wall,
    )
    x, height, fur = canvas.between(0.28, 0.72), canvas.between(0.36, 0.56), canvas.color(*FUR)
    if canvas.chance(0.5):
        cat_from_behind(
            canvas,
            light if view == 0 else canvas.light("overcast"),
            x,
            sill + 0.005,
            height,
            shade(fur, 0.55 if view else 1.0),
            flip=canvas.chance(0.5),
        )
    else:
        cat_sitting(canvas, canvas.light("overcast"), x, sill + 0.01, height, fur, flip=canvas.chance(0.5))
    if canvas.chance(0.4):
        pot = x + 0.3 if x < 0.5 else x - 0.3
        tone = canvas.color(*PETALS)
        for k in range(3):
            bx, by = pot + (k - 1) * 0.045, sill - 0.2 - 0.05 * (k == 1)
            stem(canvas, light, bx, by, 0.16, rgb("#4c7a35"))
            blossom(
                canvas,
                canvas.light("overcast"),
                bx,
                by,
                0.055,
                vary(canvas.rng, tone, 0.03),
                rgb("#f2c230"),
                petals=8,
                rings=2,
            )
        pen = canvas.pen(pot, sill + 0.01, 0.12, left=-0.7, right=0.7, bottom=0.0, top=1.1)
        pen.polygon([(-0.55, 1.0), (0.55, 1.0), (0.38, 0.0), (-0.38, 0.0)], rgb("#b8623c"))
        pen.rectangle(-0.62, 0.85, 0.62, 1.05, rgb("#c97448"))
        pen.stamp(canvas.light("overcast"), shading=0.15)


def dog_in_meadow(canvas: Canvas) -> None:
    """Paint a dog in the grass, close up, alone or with somebody."""
    light, horizon = canvas.light("day", "day", "sunset", "overcast"), canvas.between(0.34, 0.5)
    paint_sky(canvas, light, horizon)
    green = canvas.color(*GREENS)
    hills(canvas, light, base=horizon, height=0.04, color=shade(green, 0.7), haze=0.3, spiky=0.07)
    field(canvas, light, top=horizon + 0.03, near=green, far=mix(green, light.sun, 0.2))
    canvas.blur(0.01)
    bokeh(canvas, light, [mix(green, rgb("#f6ffd8"), 0.5)], count=canvas.count(3, 12), strength=0.22)
    x, foot, flip = canvas.between(0.3, 0.7), canvas.between(0.84, 0.94), canvas.chance(0.5)
    if canvas.chance(0.35):
        person(canvas, light, x + (0.26 if x < 0.5 else -0.26), foot, canvas.between(0.55, 0.7), flip=x > 0.5)
    dog(
        canvas,
        light,
        x,
        foot,
        canvas.between(0.3, 0.48),
        canvas.color("#b07a42", "#5b4030", "#e0c79c", "#3a3432", "#c96f3a"),
        flip=flip,
    )
    if canvas.chance(0.35):
        flower_dots(canvas, light, [canvas.color(*PETALS)], top=0.8, count=60, size=0.024)
    grass_blades(canvas, light, base=1.03, height=canvas.between(0.12, 0.2), color=green, count=170)
    if canvas.chance(0.3):
        rays(canvas, light.sun_x, -0.1, light.sun, strength=0.3)
