"""Scenes without people: deserts, forests, snow, waterfalls."""

from dataclasses import replace

import numpy as np

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import dog, flock, person
from tagrefine_core.demo.land import dunes, field, hills, mountains, ribbon, road, snowfield
from tagrefine_core.demo.palette import AUTUMN, GREENS, ROCKS, choose_light, mix, rgb, shade, vary
from tagrefine_core.demo.plants import leaves, pine, trunk
from tagrefine_core.demo.sky import (
    clouds,
    fog,
    moon,
    paint_sky,
    rainbow,
    rays,
    snowfall,
    stars,
    sun,
)
from tagrefine_core.demo.texture import profile
from tagrefine_core.demo.water import cascade, water

__all__ = ["desert", "forest_path", "snow_forest", "waterfall"]


def desert(canvas: Canvas) -> None:
    """Paint dunes by day, in the evening, under stars."""
    draw = canvas.rng.random()
    light = choose_light(canvas.rng, "day" if draw < 0.5 else "sunset" if draw < 0.85 else "night")
    horizon = canvas.between(0.36, 0.56)
    paint_sky(canvas, light, horizon)
    if light.dark:
        stars(canvas, light, horizon, milky_way=canvas.chance(0.5))
        moon(canvas, light, light.sun_x, canvas.between(0.1, 0.25), canvas.between(0.03, 0.05))
    elif light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.0, 0.14))
    elif canvas.chance(0.3):
        clouds(canvas, light, horizon, cover=canvas.between(0.2, 0.4))
    if canvas.chance(0.25):
        mountains(canvas, light, base=horizon + 0.03, height=0.12, rock=rgb("#9a6a52"), haze=0.6)
    crests = dunes(
        canvas,
        light,
        top=horizon,
        sand_color=canvas.color("#d99a5b", "#e0b071", "#cf8450", "#e6bf86"),
        layers=canvas.count(3, 5),
    )
    if canvas.chance(0.4):
        line, x = crests[1], canvas.between(0.2, 0.7)
        for k in range(canvas.count(1, 3)):
            column = min(int((x + 0.05 * k) * canvas.width), canvas.width - 1)
            person(
                canvas,
                light,
                x + 0.05 * k,
                float(line[column]) + 0.008,
                canvas.between(0.09, 0.15),
                flip=canvas.chance(0.3),
            )
    if canvas.chance(0.2) and not light.dark:
        flock(
            canvas,
            light,
            canvas.between(0.3, 0.7),
            horizon * 0.4,
            count=canvas.count(2, 5),
            size=canvas.between(0.05, 0.1),
            spread=0.15,
            color=rgb("#3b2a26"),
        )


def forest_path(canvas: Canvas) -> None:
    """Paint inside a forest, in summer or autumn, with a path, mist and sunbeams."""
    light, autumn = canvas.light("day", "overcast"), canvas.chance(0.5)
    palette = [rgb(c) for c in (AUTUMN if autumn else GREENS)]
    back = mix(palette[canvas.count(0, len(palette) - 1)], rgb("#f4eecb"), 0.55)
    horizon = canvas.between(0.5, 0.62)
    glow = np.exp(-((canvas.disc(canvas.between(0.3, 0.7), horizon - 0.15) / np.float32(0.55)) ** 2))[
        ..., None
    ]
    deep = shade(palette[0], 0.45)
    canvas.paint(
        (deep + (back - deep) * glow).astype(np.float32),
        np.ones((canvas.height, canvas.width), np.float32),
        "forest",
    )
    forest_light = replace(light, haze=mix(back, rgb("#fffbe8"), 0.2), ambient=shade(light.ambient, 0.92))
    leaves(canvas, forest_light, palette, low=horizon, high=-0.02, count=320, size=0.024, haze=0.5)
    bark = rgb("#5b4a3e") if canvas.chance(0.65) else rgb("#e6e2d8")
    birch = bool(bark[0] > 0.7)
    for _ in range(canvas.count(10, 16)):
        trunk(
            canvas,
            forest_light,
            canvas.between(0, 1),
            horizon + canvas.between(0.0, 0.04),
            canvas.between(0.012, 0.026),
            bark,
            haze=0.6,
            birch=birch,
        )
    floor = mix(palette[1], rgb("#6b5a3c"), 0.45)
    ground = (horizon + 0.012 * profile(canvas.rng, canvas.width, frequency=4)).astype(np.float32)
    field(canvas, forest_light, top=ground, near=shade(floor, 0.75), far=mix(floor, back, 0.3), concept=None)
    misty = canvas.chance(0.35)
    if misty:
        fog(canvas, forest_light, horizon - 0.35, horizon + 0.12, density=0.75)
    middle = canvas.between(0.35, 0.65)
    if canvas.chance(0.6):
        road(
            canvas,
            forest_light,
            top=horizon,
            far_x=middle,
            near_x=canvas.between(0.3, 0.7),
            near_width=canvas.between(0.5, 0.8),
            bend=canvas.between(-0.2, 0.2),
            paved=False,
        )
    leaves(
        canvas,
        forest_light,
        palette,
        low=1.0,
        high=horizon + 0.02,
        count=380 if autumn else 160,
        size=0.014,
        ground=True,
    )
    walkers = canvas.rng.random()
    if walkers < 0.3:
        person(
            canvas,
            forest_light,
            middle + canvas.between(-0.06, 0.06),
            horizon + canvas.between(0.1, 0.25),
            canvas.between(0.2, 0.36),
            flip=canvas.chance(0.5),
        )
    if walkers < 0.12 or walkers > 0.9:
        dog(
            canvas,
            forest_light,
            middle + 0.12,
            horizon + canvas.between(0.14, 0.3),
            canvas.between(0.13, 0.22),
            canvas.color("#b07a42", "#5b4030", "#e0c79c"),
            flip=canvas.chance(0.5),
        )
    for _ in range(canvas.count(3, 6)):
        side = canvas.between(0.0, 0.3)
        x = side if canvas.chance(0.5) else 1 - side
        trunk(
            canvas,
            forest_light,
            x,
            horizon + canvas.between(0.1, 0.42),
            canvas.between(0.035, 0.075),
            shade(bark, 0.8),
            haze=0.08,
            birch=birch,
        )
    leaves(canvas, forest_light, palette, low=0.3, high=-0.03, count=420, size=0.019)
    if canvas.chance(0.5):
        rays(canvas, light.sun_x, -0.15, mix(light.sun, back, 0.4), strength=canvas.between(0.25, 0.5))


def snow_forest(canvas: Canvas) -> None:
    """Paint snow-covered conifers, close by and in the mist."""
    draw = canvas.rng.random()
    light = choose_light(canvas.rng, "overcast" if draw < 0.5 else "day" if draw < 0.8 else "sunset")
    horizon = canvas.between(0.42, 0.58)
    paint_sky(canvas, light, horizon)
    pine_color = canvas.color("#33513f", "#2f4a48", "#3d5a48", amount=0.02)
    if canvas.chance(0.4):
        mountains(
            canvas, light, base=horizon + 0.02, height=0.25, rock=canvas.color(*ROCKS), haze=0.5, snow=0.9
        )
    for k in range(3):
        hills(
            canvas,
            light,
            base=horizon - 0.06 + 0.045 * k,
            height=0.02,
            color=mix(pine_color, rgb("#e8eef6"), 0.25),
            haze=0.72 - 0.22 * k,
            concept="forest",
            spiky=0.16 + 0.05 * k,
        )
    if canvas.chance(0.5):
        fog(canvas, light, horizon - 0.3, horizon + 0.12, density=0.85)
    snowfield(
        canvas,
        light,
        top=(horizon + 0.03 - 0.02 * profile(canvas.rng, canvas.width, frequency=3, octaves=3)).astype(
            np.float32
        ),
    )
    if canvas.chance(0.3):
        road(
            canvas,
            light,
            top=horizon + 0.04,
            far_x=canvas.between(0.3, 0.7),
            near_x=canvas.between(0.3, 0.7),
            near_width=0.6,
            paved=False,
            snow=True,
        )
    for y in sorted(canvas.between(horizon + 0.06, 1.08) for _ in range(canvas.count(6, 14))):
        near = (y - horizon) / (1 - horizon)
        x = (
            canvas.between(0, 1)
            if near < 0.4
            else canvas.rng.choice((canvas.between(-0.02, 0.3), canvas.between(0.7, 1.02)))
        )
        pine(canvas, light, float(x), y, 0.2 + 0.65 * near, pine_color, snow=True, haze=0.45 * (1 - near))
    walkers = canvas.rng.random()
    if walkers < 0.25:
        person(
            canvas,
            light,
            canvas.between(0.4, 0.6),
            horizon + canvas.between(0.15, 0.3),
            canvas.between(0.15, 0.28),
        )
    if walkers > 0.85 or walkers < 0.08:
        dog(
            canvas,
            light,
            canvas.between(0.42, 0.68),
            horizon + canvas.between(0.2, 0.36),
            canvas.between(0.13, 0.25),
            canvas.color("#8a5a34", "#5b4030", "#2f2a2a"),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.4):
        snowfall(canvas, 220)


def waterfall(canvas: Canvas) -> None:
    """Paint a waterfall between rocks and trees; now and then with a rainbow in its mist."""
    light = choose_light(canvas.rng, "day" if canvas.chance(0.65) else "overcast")
    sky_end = canvas.between(0.1, 0.26)
    paint_sky(canvas, light, sky_end + 0.2)
    green, rock = canvas.color(*GREENS), canvas.color("#5d6157", "#6b635a", "#4f5a5e")
    hills(
        canvas,
        light,
        base=sky_end,
        height=0.06,
        color=shade(green, 0.7),
        haze=0.25,
        concept="forest",
        spiky=0.12,
    )
    x, width, foot = canvas.between(0.35, 0.65), canvas.between(0.09, 0.24), canvas.between(0.66, 0.76)
    lip = sky_end + canvas.between(0.03, 0.08)
    cliff = (lip - 0.05 + np.abs(profile(canvas.rng, canvas.width, frequency=5, sharp=True)) * 0.1).astype(
        np.float32
    )
    strata = canvas.noise(0.7, 3.4, slope=1.6) * np.float32(0.6) + canvas.noise(
        3, 1.2, slope=1.2
    ) * np.float32(0.6)
    moss = np.clip(canvas.noise(1, 1, slope=1.6) * 2.2 - 1.1, 0, 0.75)[..., None]
    face = rock * (np.float32(0.25) + strata)[..., None]
    face = (face + (shade(green, 0.75) * (0.4 + strata[..., None]) - face) * moss) * light.ambient
    canvas.paint(face.astype(np.float32), canvas.below(cliff))
    for _ in range(canvas.count(5, 10)):
        tx = canvas.between(0, 1)
        if abs(tx - x) > width * 0.8:
            pine(
                canvas,
                light,
                tx,
                lip + canvas.between(-0.02, 0.06),
                canvas.between(0.13, 0.24),
                shade(green, 0.6),
                concept="forest",
            )
    cascade(canvas, light, x=x, top=lip, bottom=foot, width=width)
    mask, _ = ribbon(
        canvas,
        top=foot - 0.02,
        far_x=x,
        near_x=canvas.between(0.3, 0.7),
        far_width=width * 1.9,
        near_width=canvas.between(0.8, 1.5),
        bend=0.05,
    )
    bank = shade(green, 0.7)
    field(
        canvas,
        light,
        top=(foot - 0.01 + 0.02 * profile(canvas.rng, canvas.width, frequency=6)).astype(np.float32),
        near=shade(bank, 0.8),
        far=bank,
        concept=None,
    )
    water(
        canvas,
        light,
        top=foot - 0.02,
        concept="river",
        color=rgb("#2d7a80"),
        calm=0.3,
        mask=mask,
        glitter=False,
    )
    spray = np.exp(
        -(((canvas.columns - x) / np.float32(width)) ** 2)
        - ((canvas.rows - np.float32(foot)) / np.float32(0.05)) ** 2
    )
    canvas.screen(rgb("#f2f8fa"), spray * (0.35 + canvas.noise(2, 2) * 0.5))
    for _ in range(canvas.count(3, 8)):
        pen_x, pen_y, size = (
            canvas.between(0, 1),
            canvas.between(foot + 0.03, 0.98),
            canvas.between(0.03, 0.09),
        )
        pen = canvas.pen(pen_x, pen_y, size, left=-1.3, right=1.3, bottom=-0.2, top=1.0)
        stone = vary(canvas.rng, rock, 0.04)
        pen.polygon(
            [(-1.1, -0.1), (-0.9, 0.4), (-0.3, 0.75), (0.4, 0.65), (1.0, 0.3), (1.15, -0.1)],
            shade(stone, 0.75),
        )
        pen.polygon([(-0.8, 0.4), (-0.3, 0.72), (0.4, 0.62), (0.5, 0.35), (-0.1, 0.3)], shade(stone, 1.15))
        pen.stamp(light)
    for side in (0, 1):
        if canvas.chance(0.6):
            pine(
                canvas,
                light,
                abs(side - canvas.between(0.0, 0.12)),
                canvas.between(0.95, 1.08),
                canvas.between(0.5, 0.85),
                shade(green, 0.55),
                concept="tree",
            )
    if canvas.chance(0.4):
        rainbow(
            canvas, x + canvas.between(-0.15, 0.15), foot + 0.12, canvas.between(0.3, 0.42), strength=0.42
        )
    if canvas.chance(0.15):
        person(canvas, light, x + width * 1.2, foot + 0.1, canvas.between(0.13, 0.2))
