"""Scenes in the country: river valleys, roads, villages in the snow, rainbows over fields."""

import numpy as np

from tagrefine_core.demo.buildings import arch_bridge, house
from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import random_coat
from tagrefine_core.demo.land import field, hills, mountains, ribbon, road, snowfield
from tagrefine_core.demo.palette import (
    GREENS,
    PETALS,
    ROOFS,
    WALLS,
    choose_light,
    mix,
    rgb,
    shade,
)
from tagrefine_core.demo.plants import flower_dots, pine, tree
from tagrefine_core.demo.sky import clouds, fog, moon, paint_sky, rainbow, snowfall, stars, sun
from tagrefine_core.demo.texture import profile
from tagrefine_core.demo.vehicles import car, car_from_behind, rowboat, stripes
from tagrefine_core.demo.water import water

__all__ = ["country_road", "rainbow_fields", "river_valley", "snow_village"]


def river_valley(canvas: Canvas) -> None:
    """Paint a river winds through meadows, under an old bridge or past a house."""
    light = canvas.light("day", "day", "sunset", "overcast")
    horizon, autumn = canvas.between(0.4, 0.52), canvas.chance(0.35)
    paint_sky(canvas, light, horizon)
    if canvas.chance(0.45):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.55))
    if canvas.chance(0.55):
        mountains(
            canvas,
            light,
            base=horizon + 0.03,
            height=canvas.between(0.12, 0.25),
            rock=rgb("#7d7a80"),
            haze=0.45,
            snow=0.4 if canvas.chance(0.4) else 0.0,
            woods=rgb("#46623a"),
        )
    greens = ("#b5883a", "#c77434", "#a8963c") if autumn else ("#6a8f3c", "#5a8038", "#86a548")
    green = canvas.color(*greens)
    hills(canvas, light, base=horizon + 0.03, height=0.05, color=green, haze=0.35, concept="grass", rows=True)
    hills(
        canvas,
        light,
        base=horizon + 0.07,
        height=0.035,
        color=shade(green, 0.8),
        haze=0.15,
        concept="tree" if canvas.chance(0.5) else None,
        spiky=0.05,
    )
    field(canvas, light, top=horizon + 0.09, near=shade(green, 0.75), far=green)
    mask, _ = ribbon(
        canvas,
        top=horizon + 0.085,
        far_x=canvas.between(0.35, 0.65),
        near_x=canvas.between(0.3, 0.7),
        far_width=0.03,
        near_width=canvas.between(0.5, 1.0),
        bend=canvas.between(-0.22, 0.22),
    )
    water(
        canvas,
        light,
        top=horizon + 0.085,
        concept="river",
        color=rgb("#3a7488"),
        calm=canvas.between(0.5, 0.9),
        mask=mask,
        mirror_at=horizon + 0.05,
        glitter=False,
    )
    bridge = canvas.chance(0.45)
    if bridge:
        deck = horizon + canvas.between(0.13, 0.22)
        arch_bridge(
            canvas,
            light,
            deck=deck,
            water_line=deck + canvas.between(0.12, 0.18),
            arches=canvas.count(2, 4),
            color=canvas.color("#b5a68c", "#a39a90", "#b98f72"),
            start=canvas.between(-0.1, 0.15),
            end=canvas.between(0.8, 1.1),
        )
    elif canvas.chance(0.4):
        house(
            canvas,
            light,
            canvas.between(0.12, 0.3) if canvas.chance(0.5) else canvas.between(0.7, 0.88),
            horizon + 0.18,
            canvas.between(0.13, 0.2),
            wall=canvas.color(*WALLS),
            roof=canvas.color(*ROOFS),
        )
    leaf = [
        canvas.color("#d9722b", "#e8a33a", "#b8442c")
        if autumn
        else canvas.color("#4c7a35", "#6a8f3c", "#3a6638")
        for _ in range(3)
    ]
    for y in sorted(canvas.between(horizon + 0.12, 1.05) for _ in range(canvas.count(2, 6))):
        near = (y - horizon) / (1 - horizon)
        x = canvas.between(-0.03, 0.2) if canvas.chance(0.5) else canvas.between(0.8, 1.03)
        tree(canvas, light, x, y, 0.14 + 0.5 * near, leaf[canvas.count(0, 2)], haze=0.25 * (1 - near))
    if not bridge and canvas.chance(0.35):
        row = min(int((horizon + 0.36) * canvas.height), canvas.height - 1)
        wet = np.flatnonzero(mask[row] > 0.5)
        if len(wet):
            rowboat(
                canvas,
                light,
                float(np.median(wet)) / canvas.width,
                horizon + 0.38,
                canvas.between(0.15, 0.24),
                shade(stripes(canvas)[0], 0.8),
                rower=canvas.chance(0.5),
                flip=canvas.chance(0.5),
            )
    if canvas.chance(0.2):
        fog(canvas, light, horizon - 0.06, horizon + 0.3, density=0.8)


def country_road(canvas: Canvas) -> None:
    """Paint a road through hills, fields or mountains, with a car."""
    light = canvas.light("day", "day", "sunset", "overcast", "night")
    horizon, autumn = canvas.between(0.4, 0.52), canvas.chance(0.35)
    paint_sky(canvas, light, horizon)
    if light.dark:
        stars(canvas, light, horizon, many=200)
    elif light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.03, 0.16))
    if not light.dark and canvas.chance(0.5):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.6))
    if canvas.chance(0.5):
        mountains(
            canvas,
            light,
            base=horizon + 0.03,
            height=canvas.between(0.1, 0.25),
            rock=rgb("#7d7a80"),
            haze=0.4,
            snow=0.5 if canvas.chance(0.4) else 0.0,
        )
    green = canvas.color(*(("#b5883a", "#c7a050") if autumn else ("#6a8f3c", "#86a548", "#a8a850")))
    hills(canvas, light, base=horizon + 0.03, height=0.04, color=green, haze=0.3, concept="grass", rows=True)
    field(canvas, light, top=horizon + 0.04, near=shade(green, 0.8), far=green)
    if canvas.chance(0.15):
        fog(canvas, light, horizon - 0.15, horizon + 0.22, density=0.9)
    leaf = ("#d9722b", "#e8a33a", "#b8442c", "#f0c24a") if autumn else ("#4c7a35", "#6a8f3c", "#3a6638")
    if canvas.chance(0.4):
        # A road that crosses the picture, its car seen from the side.
        edge = canvas.between(0.68, 0.76)
        for _ in range(canvas.count(1, 5)):
            tree(
                canvas,
                light,
                canvas.between(0, 1),
                edge + canvas.between(-0.1, 0.0),
                canvas.between(0.2, 0.42),
                canvas.color(*leaf),
            )
        grit = 1 + (canvas.noise(4, 8, slope=1.2)[..., None] - 0.5) * 0.25
        band = canvas.below(edge) * (1 - canvas.below(edge + 0.19))
        canvas.paint((rgb("#5f6068") * grit * light.ambient).astype(np.float32), band, "road")
        dash = (
            band
            * (np.abs(canvas.rows - np.float32(edge + 0.085)) < 0.006)
            * (np.sin(canvas.columns * 38) > -0.2)
        )
        canvas.pixels += dash[..., None] * (rgb("#f3ead2") * light.ambient - canvas.pixels)
        car(
            canvas,
            light,
            canvas.between(0.3, 0.7),
            edge + canvas.between(0.09, 0.15),
            canvas.between(0.13, 0.24),
            random_coat(canvas),
            flip=canvas.chance(0.5),
        )
        return
    bend = canvas.between(-0.16, 0.16)
    far_x, near_x = canvas.between(0.4, 0.6), canvas.between(0.35, 0.65)
    road(
        canvas,
        light,
        top=horizon + 0.04,
        far_x=far_x,
        near_x=near_x,
        near_width=canvas.between(0.7, 1.0),
        bend=bend,
    )
    for y in sorted(canvas.between(horizon + 0.06, 1.0) for _ in range(canvas.count(3, 9))):
        near = (y - horizon) / (1 - horizon)
        offset = 0.08 + 0.4 * near + canvas.between(0, 0.1)
        tree(
            canvas,
            light,
            0.5 + (offset if canvas.chance(0.5) else -offset),
            y,
            0.1 + 0.5 * near,
            canvas.color(*leaf),
            haze=0.3 * (1 - near),
        )
    if canvas.chance(0.72):
        t = canvas.between(0.25, 0.75)
        center = far_x + (near_x - far_x) * t + bend * float(np.sin(t**0.6 * 2 * np.pi)) * (1 - t) ** 0.7
        car_from_behind(
            canvas,
            light,
            center + 0.13 * t,
            horizon + 0.04 + (0.96 - horizon) * t,
            0.05 + 0.22 * t,
            random_coat(canvas),
        )


def snow_village(canvas: Canvas) -> None:
    """Paint snow-covered houses and conifers, in the evening or at night."""
    light = canvas.light("night", "night", "sunset", "overcast")
    horizon = canvas.between(0.45, 0.56)
    paint_sky(canvas, light, horizon)
    if light.dark:
        if canvas.chance(0.7):
            stars(canvas, light, horizon, many=200)
        if canvas.chance(0.5):
            moon(canvas, light, light.sun_x, canvas.between(0.1, 0.24), canvas.between(0.03, 0.06))
    mountains(
        canvas,
        light,
        base=horizon + 0.03,
        height=canvas.between(0.14, 0.28),
        rock=rgb("#76788a"),
        haze=0.35,
        snow=0.9,
    )
    hills(
        canvas,
        light,
        base=horizon + 0.02,
        height=0.02,
        color=mix(rgb("#33513f"), rgb("#e8eef6"), 0.3),
        haze=0.3,
        spiky=0.1,
    )
    snowfield(
        canvas,
        light,
        top=(horizon + 0.05 - 0.03 * profile(canvas.rng, canvas.width, frequency=2, octaves=3)).astype(
            np.float32
        ),
    )
    spots = sorted(
        (canvas.between(horizon + 0.1, 0.92), canvas.between(0.06, 0.94)) for _ in range(canvas.count(3, 7))
    )
    houses = canvas.count(2, 4)
    for index, (y, x) in enumerate(spots):
        near = (y - horizon) / (1 - horizon)
        if index % 2 == 0 and houses:
            houses -= 1
            house(
                canvas,
                light,
                x,
                y,
                0.1 + 0.3 * near,
                wall=canvas.color("#b08a64", "#a8705a", "#c9b08a", "#8a6a54"),
                roof=rgb("#666666"),
                snow=True,
                flip=canvas.chance(0.5),
                haze=0.2 * (1 - near),
            )
        else:
            pine(canvas, light, x, y, 0.2 + 0.5 * near, rgb("#33513f"), snow=True, haze=0.2 * (1 - near))
    for _ in range(canvas.count(1, 3)):
        pine(
            canvas,
            light,
            canvas.between(-0.02, 0.14) if canvas.chance(0.5) else canvas.between(0.86, 1.02),
            canvas.between(0.98, 1.08),
            canvas.between(0.5, 0.8),
            rgb("#2f4a40"),
            snow=True,
        )
    if canvas.chance(0.5):
        snowfall(canvas, 260)


def rainbow_fields(canvas: Canvas) -> None:
    """Paint a rainbow over fields after rain."""
    light, horizon = (
        choose_light(canvas.rng, "overcast" if canvas.chance(0.6) else "day"),
        canvas.between(0.5, 0.64),
    )
    paint_sky(canvas, light, horizon)
    canvas.pixels *= np.float32(canvas.between(0.72, 0.95))
    clouds(canvas, light, horizon, cover=canvas.between(0.35, 0.6))
    center, radius = canvas.between(0.1, 0.9), canvas.between(0.42, 0.72)
    rainbow(canvas, center, horizon + canvas.between(0.0, 0.16), radius, strength=canvas.between(0.34, 0.6))
    green = canvas.color(*GREENS)
    if canvas.chance(0.35):
        mountains(
            canvas,
            light,
            base=horizon + 0.02,
            height=canvas.between(0.08, 0.2),
            rock=rgb("#7d7a80"),
            haze=0.45,
        )
    for k in range(3):
        tone = mix(green, canvas.color("#d9b84a", "#86a548", "#c9a050"), canvas.between(0, 0.6))
        hills(
            canvas,
            light,
            base=horizon + 0.02 + 0.09 * k,
            height=0.03,
            color=tone,
            haze=0.35 - 0.15 * k,
            concept="grass",
            rows=canvas.chance(0.6),
        )
    field(canvas, light, top=horizon + 0.25, near=shade(green, 0.8), far=green)
    if canvas.chance(0.4):
        house(
            canvas,
            light,
            canvas.between(0.15, 0.85),
            horizon + canvas.between(0.12, 0.25),
            canvas.between(0.1, 0.2),
            wall=rgb("#efe3cc"),
            roof=rgb("#a8452f"),
            flip=canvas.chance(0.5),
        )
    for _ in range(canvas.count(0, 4)):
        depth = canvas.between(0.06, 0.36)
        tree(
            canvas,
            light,
            canvas.between(0.02, 0.98),
            horizon + depth,
            0.1 + depth * 0.8,
            shade(canvas.color(*GREENS), 0.85),
        )
    if canvas.chance(0.25):
        road(
            canvas,
            light,
            top=horizon + 0.1,
            far_x=canvas.between(0.3, 0.7),
            near_x=canvas.between(0.2, 0.8),
            near_width=0.7,
            bend=0.15,
            paved=canvas.chance(0.5),
        )
    if canvas.chance(0.25):
        flower_dots(canvas, light, [canvas.color(*PETALS)], top=horizon + 0.2, count=220, size=0.02)
