"""Scenes with a wide horizon: lakes among mountains, misty ranges, balloons, night skies."""

import numpy as np

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import flock, person, seated
from tagrefine_core.demo.land import dunes, hills, mountains
from tagrefine_core.demo.palette import AUTUMN, GREENS, ROCKS, mix, rgb, shade
from tagrefine_core.demo.plants import pine, tree
from tagrefine_core.demo.sky import clouds, fog, moon, paint_sky, stars, sun
from tagrefine_core.demo.texture import profile
from tagrefine_core.demo.vehicles import balloon, rowboat, stripes
from tagrefine_core.demo.water import water

__all__ = ["balloons", "misty_ranges", "mountain_lake", "starry_night"]


def mountain_lake(canvas: Canvas) -> None:
    """Paint a lake that mirrors mountains and woods."""
    light, horizon = canvas.light("day", "day", "sunset", "overcast"), canvas.between(0.5, 0.62)
    paint_sky(canvas, light, horizon)
    if canvas.chance(0.65):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.6), height=canvas.between(0.35, 0.6))
    rock, snowy = canvas.color(*ROCKS), canvas.chance(0.6)
    woods = canvas.color(*GREENS[:3]) * np.float32(0.7)
    mountains(
        canvas,
        light,
        base=horizon + 0.02,
        height=canvas.between(0.25, 0.42),
        rock=rock,
        haze=0.42,
        snow=0.6 if snowy else 0.0,
        frequency=canvas.between(2, 4),
    )
    mountains(canvas, light, base=horizon + 0.02, height=canvas.between(0.12, 0.24), rock=shade(rock, 0.85), haze=0.16,
              snow=canvas.between(0.0, 0.4) if snowy else 0.0, frequency=canvas.between(2, 4), woods=woods)  # fmt: skip
    if canvas.chance(0.7):
        green = shade(canvas.color(*GREENS[:3]), 0.62) if canvas.chance(0.75) else canvas.color(*AUTUMN)
        hills(
            canvas,
            light,
            base=horizon + 0.008,
            height=0.025,
            color=green,
            haze=0.1,
            concept="forest",
            spiky=canvas.between(0.05, 0.1),
        )
    if canvas.chance(0.22):
        fog(canvas, light, horizon - 0.12, horizon + 0.06, density=0.9)
    water(
        canvas,
        light,
        top=horizon,
        concept="lake",
        color=canvas.color("#1c5560", "#24566f", "#2c6a66"),
        calm=canvas.between(0.5, 0.97),
        glitter=light.kind == "sunset",
    )
    if canvas.chance(0.35):
        rowboat(canvas, light, canvas.between(0.2, 0.8), canvas.between(horizon + 0.1, 0.88), canvas.between(0.14, 0.34), shade(stripes(canvas)[0], 0.8),
                rower=canvas.chance(0.55), flip=canvas.chance(0.5))  # fmt: skip
    if canvas.chance(0.4):
        side = 1 if canvas.chance(0.5) else 0
        for _ in range(canvas.count(1, 4)):
            x = abs(side - canvas.between(-0.02, 0.2))
            pine(
                canvas,
                light,
                x,
                canvas.between(0.98, 1.1),
                canvas.between(0.45, 0.85),
                shade(canvas.color(*GREENS), 0.6),
            )


def misty_ranges(canvas: Canvas) -> None:
    """Paint range behind range in the haze of the morning or evening."""
    light, top = canvas.light("sunset", "sunset", "overcast", "day"), canvas.between(0.3, 0.48)
    paint_sky(canvas, light, top + 0.15)
    if light.kind == "sunset":
        sun(canvas, light, top + canvas.between(-0.14, 0.02), size=canvas.between(0.035, 0.06))
    if canvas.chance(0.4):
        clouds(canvas, light, top + 0.1, cover=canvas.between(0.25, 0.5))
    layers, rock = canvas.count(4, 6), mix(canvas.color(*ROCKS), light.zenith, 0.5)
    misty = canvas.chance(0.6)
    for layer in range(layers):
        t = layer / (layers - 1)
        mountains(
            canvas,
            light,
            base=top + 0.16 + 0.52 * t,
            height=canvas.between(0.13, 0.24),
            rock=shade(rock, 0.9 - 0.35 * t),
            haze=0.78 * (1 - t) ** 1.1,
            frequency=2 + t,
        )
        if misty and layer < layers - 1:
            base = top + 0.16 + 0.52 * t
            fog(canvas, light, base - 0.09, base + 0.13, density=0.75)
    if canvas.chance(0.6):
        hills(
            canvas,
            light,
            base=canvas.between(0.9, 0.97),
            height=0.04,
            color=shade(canvas.color(*GREENS), 0.42),
            concept="forest",
            spiky=canvas.between(0.08, 0.2),
        )
    if canvas.chance(0.4):
        flock(
            canvas,
            light,
            canvas.between(0.25, 0.75),
            top * canvas.between(0.4, 0.9),
            count=canvas.count(4, 12),
            size=canvas.between(0.03, 0.065),
            spread=0.2,
            color=shade(light.zenith, 0.4),
        )
    if canvas.chance(0.2):
        x = canvas.between(0.25, 0.75)
        line = (
            0.93
            - 0.09 * np.exp(-(((canvas.columns[0] - x) / 0.2) ** 2))
            + 0.01 * profile(canvas.rng, canvas.width, frequency=8)
        ).astype(np.float32)
        canvas.paint(shade(light.zenith, 0.28), canvas.below(line))
        person(canvas, light, x, 0.85, canvas.between(0.15, 0.24), arm_up=canvas.chance(0.5))


def balloons(canvas: Canvas) -> None:
    """Paint hot-air balloons over hills, ranges or dunes."""
    light, horizon = canvas.light("day", "day", "sunset"), canvas.between(0.62, 0.8)
    paint_sky(canvas, light, horizon)
    if light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.03, 0.15))
    if canvas.chance(0.5):
        clouds(canvas, light, horizon, cover=canvas.between(0.25, 0.5))
    ground = canvas.count(0, 2)
    if ground == 0:
        mountains(
            canvas,
            light,
            base=horizon + 0.05,
            height=canvas.between(0.12, 0.24),
            rock=canvas.color(*ROCKS),
            haze=0.5,
        )
        hills(
            canvas,
            light,
            base=horizon + 0.08,
            height=0.06,
            color=canvas.color(*GREENS),
            haze=0.2,
            concept="grass",
        )
    elif ground == 1:
        for k in range(3):
            hills(
                canvas,
                light,
                base=horizon + 0.02 + 0.1 * k,
                height=0.05,
                color=canvas.color(*GREENS),
                haze=0.5 - 0.2 * k,
                concept="grass",
                rows=canvas.chance(0.5),
            )
    else:
        dunes(canvas, light, top=horizon, sand_color=canvas.color("#d99a5b", "#e0b071", "#cf8450"))
    if canvas.chance(0.2):
        fog(canvas, light, horizon - 0.03, horizon + 0.18, density=0.9)
    count = canvas.count(1, 6)
    for k in range(count):
        near = (k + 1) / count * canvas.between(0.5, 1.0)
        size = 0.11 + 0.42 * near**1.5 * (1.2 if count < 3 else 0.9)
        balloon(
            canvas,
            light,
            canvas.between(0.08, 0.92),
            canvas.between(0.16, horizon - 0.16),
            size,
            stripes(canvas),
            haze=0.45 * (1 - near),
        )


def starry_night(canvas: Canvas) -> None:
    """Paint the milky way over mountains, a lake or lonely trees."""
    light, horizon = canvas.light("night"), canvas.between(0.62, 0.8)
    paint_sky(canvas, light, horizon)
    stars(canvas, light, horizon, many=canvas.count(320, 520), milky_way=canvas.chance(0.75))
    if canvas.chance(0.3):
        moon(canvas, light, canvas.between(0.15, 0.85), canvas.between(0.1, 0.3), canvas.between(0.03, 0.055))
    ground = canvas.count(0, 2)
    if ground < 2:
        mountains(
            canvas,
            light,
            base=horizon + 0.02,
            height=canvas.between(0.15, 0.3),
            rock=rgb("#5a6478"),
            haze=0.15,
            snow=0.5 if canvas.chance(0.5) else 0.0,
        )
    dark = mix(rgb("#141a2c"), light.middle, 0.15)
    if ground == 0:
        hills(
            canvas,
            light,
            base=horizon + 0.01,
            height=0.02,
            color=rgb("#4a5a58"),
            concept="forest",
            spiky=0.07,
        )
        water(
            canvas,
            light,
            top=horizon,
            concept="lake",
            color=rgb("#1d3f66"),
            calm=canvas.between(0.75, 0.95),
            glitter=False,
        )
    else:
        line = (horizon + 0.06 - 0.03 * profile(canvas.rng, canvas.width, frequency=2, octaves=5)).astype(
            np.float32
        )
        canvas.paint(dark, canvas.below(line))
    for _ in range(canvas.count(0, 4)):
        y = canvas.between(0.95, 1.03)
        if canvas.chance(0.6):
            pine(canvas, light, canvas.between(0, 1), y, canvas.between(0.3, 0.6), rgb("#3a4a50"))
        else:
            tree(canvas, light, canvas.between(0, 1), y, canvas.between(0.35, 0.6), rgb("#44504a"))
    if canvas.chance(0.35):
        x = canvas.between(0.2, 0.8)
        (seated if canvas.chance(0.4) else person)(canvas, light, x, 0.97, canvas.between(0.17, 0.26))
