"""Scenes far from towns: mountains, lakes, forests, deserts, waterfalls, night skies."""

import math
from dataclasses import replace

import numpy as np

from tagrefine_core.collections.demo.canvas import Canvas
from tagrefine_core.collections.demo.creatures import dog, flock, person, seated
from tagrefine_core.collections.demo.land import dunes, field, hills, mountains, ribbon, road, snowfield
from tagrefine_core.collections.demo.palette import Color, Light, choose_light, mix, rgb, shade, vary
from tagrefine_core.collections.demo.plants import leaves, pine, tree, trunk
from tagrefine_core.collections.demo.scenes_coast import stripes
from tagrefine_core.collections.demo.sky import clouds, cumulus, fog, moon, paint_sky, rainbow, rays, stars, sun
from tagrefine_core.collections.demo.texture import profile
from tagrefine_core.collections.demo.vehicles import balloon, rowboat
from tagrefine_core.collections.demo.water import cascade, water

__all__ = ["balloons", "desert", "forest_path", "misty_ranges", "mountain_lake", "snow_forest", "starry_night", "waterfall"]

_ROCKS = ("#7d7a80", "#8d7a6a", "#6a7480", "#91806f")
_AUTUMN = ("#d9722b", "#e8a33a", "#b8442c", "#f0c24a", "#9a5a2c")
_GREENS = ("#4c7a35", "#6a8f3c", "#3a6638", "#86a548")


def pick(canvas: Canvas, colors: tuple[str, ...], amount: float = 0.03) -> Color:
    """Pick one of several colors and vary it."""
    return vary(canvas.rng, rgb(colors[canvas.count(0, len(colors) - 1)]), amount)


def _forest_band(canvas: Canvas, light: Light, y: float, *, count: int, height: float, color: Color, snow: bool, haze: float) -> None:
    for x in sorted((canvas.between(-0.03, 1.03) for _ in range(count)), key=lambda v: math.sin(v * 91)):
        pine(canvas, light, x, y + canvas.between(-0.01, 0.02), height * canvas.between(0.6, 1.1), vary(canvas.rng, color, 0.02),
             snow=snow, haze=haze, concept="forest")  # fmt: skip


def mountain_lake(canvas: Canvas) -> None:
    """A lake that mirrors mountains and woods."""
    kind = ("day", "day", "sunset", "overcast")[canvas.count(0, 3)]
    light, horizon = choose_light(canvas.rng, kind), canvas.between(0.5, 0.62)  # type: ignore[arg-type]
    paint_sky(canvas, light, horizon)
    if canvas.chance(0.65):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.6), height=canvas.between(0.35, 0.6))
    rock, snowy = pick(canvas, _ROCKS), canvas.chance(0.6)
    woods = pick(canvas, _GREENS[:3]) * np.float32(0.7)
    mountains(canvas, light, base=horizon + 0.02, height=canvas.between(0.25, 0.42), rock=rock, haze=0.42, snow=0.6 if snowy else 0.0, frequency=canvas.between(2, 4))
    mountains(canvas, light, base=horizon + 0.02, height=canvas.between(0.12, 0.24), rock=shade(rock, 0.85), haze=0.16,
              snow=canvas.between(0.0, 0.4) if snowy else 0.0, frequency=canvas.between(2, 4), woods=woods)  # fmt: skip
    if canvas.chance(0.7):
        green = shade(pick(canvas, _GREENS[:3]), 0.62) if canvas.chance(0.75) else pick(canvas, _AUTUMN)
        hills(canvas, light, base=horizon + 0.008, height=0.025, color=green, haze=0.1, concept="forest", spiky=canvas.between(0.05, 0.1))
    if canvas.chance(0.22):
        fog(canvas, light, horizon - 0.12, horizon + 0.06, density=0.9)
    water(canvas, light, top=horizon, concept="lake", color=pick(canvas, ("#1c5560", "#24566f", "#2c6a66")), calm=canvas.between(0.5, 0.97), glitter=kind == "sunset")
    if canvas.chance(0.35):
        rowboat(canvas, light, canvas.between(0.2, 0.8), canvas.between(horizon + 0.1, 0.88), canvas.between(0.14, 0.34), shade(stripes(canvas)[0], 0.8),
                rower=canvas.chance(0.55), flip=canvas.chance(0.5))  # fmt: skip
    if canvas.chance(0.4):
        side = 1 if canvas.chance(0.5) else 0
        for _ in range(canvas.count(1, 4)):
            x = abs(side - canvas.between(-0.02, 0.2))
            pine(canvas, light, x, canvas.between(0.98, 1.1), canvas.between(0.45, 0.85), shade(pick(canvas, _GREENS), 0.6))


def misty_ranges(canvas: Canvas) -> None:
    """Range behind range in the haze of the morning or evening."""
    kind = ("sunset", "sunset", "overcast", "day")[canvas.count(0, 3)]
    light, top = choose_light(canvas.rng, kind), canvas.between(0.3, 0.48)  # type: ignore[arg-type]
    paint_sky(canvas, light, top + 0.15)
    if kind == "sunset":
        sun(canvas, light, top + canvas.between(-0.14, 0.02), size=canvas.between(0.035, 0.06))
    if canvas.chance(0.4):
        clouds(canvas, light, top + 0.1, cover=canvas.between(0.25, 0.5))
    layers, rock = canvas.count(4, 6), mix(pick(canvas, _ROCKS), light.zenith, 0.5)
    misty = canvas.chance(0.6)
    for layer in range(layers):
        t = layer / (layers - 1)
        mountains(canvas, light, base=top + 0.16 + 0.52 * t, height=canvas.between(0.13, 0.24), rock=shade(rock, 0.9 - 0.35 * t), haze=0.78 * (1 - t) ** 1.1, frequency=2 + t)
        if misty and layer < layers - 1:
            base = top + 0.16 + 0.52 * t
            fog(canvas, light, base - 0.09, base + 0.13, density=0.75)
    if canvas.chance(0.6):
        hills(canvas, light, base=canvas.between(0.9, 0.97), height=0.04, color=shade(pick(canvas, _GREENS), 0.42), concept="forest", spiky=canvas.between(0.08, 0.2))
    if canvas.chance(0.4):
        flock(canvas, light, canvas.between(0.25, 0.75), top * canvas.between(0.4, 0.9), count=canvas.count(4, 12), size=canvas.between(0.03, 0.065), spread=0.2, color=shade(light.zenith, 0.4))
    if canvas.chance(0.2):
        x = canvas.between(0.25, 0.75)
        line = (0.93 - 0.09 * np.exp(-(((canvas.columns[0] - x) / 0.2) ** 2)) + 0.01 * profile(canvas.rng, canvas.width, frequency=8)).astype(np.float32)
        canvas.paint(shade(light.zenith, 0.28), canvas.below(line))
        person(canvas, light, x, 0.85, canvas.between(0.15, 0.24), arm_up=canvas.chance(0.5))


def balloons(canvas: Canvas) -> None:
    """Hot-air balloons over hills, ranges or dunes."""
    kind = ("day", "day", "sunset")[canvas.count(0, 2)]
    light, horizon = choose_light(canvas.rng, kind), canvas.between(0.62, 0.8)  # type: ignore[arg-type]
    paint_sky(canvas, light, horizon)
    if kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.03, 0.15))
    if canvas.chance(0.5):
        clouds(canvas, light, horizon, cover=canvas.between(0.25, 0.5))
    ground = canvas.count(0, 2)
    if ground == 0:
        mountains(canvas, light, base=horizon + 0.05, height=canvas.between(0.12, 0.24), rock=pick(canvas, _ROCKS), haze=0.5)
        hills(canvas, light, base=horizon + 0.08, height=0.06, color=pick(canvas, _GREENS), haze=0.2, concept="grass")
    elif ground == 1:
        for k in range(3):
            hills(canvas, light, base=horizon + 0.02 + 0.1 * k, height=0.05, color=pick(canvas, _GREENS), haze=0.5 - 0.2 * k, concept="grass", rows=canvas.chance(0.5))
    else:
        dunes(canvas, light, top=horizon, sand_color=pick(canvas, ("#d99a5b", "#e0b071", "#cf8450")))
    if canvas.chance(0.2):
        fog(canvas, light, horizon - 0.03, horizon + 0.18, density=0.9)
    count = canvas.count(1, 6)
    for k in range(count):
        near = (k + 1) / count * canvas.between(0.5, 1.0)
        size = 0.11 + 0.42 * near**1.5 * (1.2 if count < 3 else 0.9)
        balloon(canvas, light, canvas.between(0.08, 0.92), canvas.between(0.16, horizon - 0.16), size, stripes(canvas), haze=0.45 * (1 - near))


def desert(canvas: Canvas) -> None:
    """Dunes by day, in the evening, under stars."""
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
    crests = dunes(canvas, light, top=horizon, sand_color=pick(canvas, ("#d99a5b", "#e0b071", "#cf8450", "#e6bf86")), layers=canvas.count(3, 5))
    if canvas.chance(0.4):
        line, x = crests[1], canvas.between(0.2, 0.7)
        for k in range(canvas.count(1, 3)):
            column = min(int((x + 0.05 * k) * canvas.width), canvas.width - 1)
            person(canvas, light, x + 0.05 * k, float(line[column]) + 0.008, canvas.between(0.09, 0.15), flip=canvas.chance(0.3))
    if canvas.chance(0.2) and not light.dark:
        flock(canvas, light, canvas.between(0.3, 0.7), horizon * 0.4, count=canvas.count(2, 5), size=canvas.between(0.05, 0.1), spread=0.15, color=rgb("#3b2a26"))


def forest_path(canvas: Canvas) -> None:
    """Inside a forest, in summer or autumn, with a path, mist and sunbeams."""
    light, autumn = choose_light(canvas.rng, ("day", "overcast")[canvas.count(0, 1)]), canvas.chance(0.5)  # type: ignore[arg-type]
    palette = [rgb(c) for c in (_AUTUMN if autumn else _GREENS)]
    back = mix(palette[canvas.count(0, len(palette) - 1)], rgb("#f4eecb"), 0.55)
    horizon = canvas.between(0.5, 0.62)
    glow = np.exp(-((canvas.disc(canvas.between(0.3, 0.7), horizon - 0.15) / np.float32(0.55)) ** 2))[..., None]
    deep = shade(palette[0], 0.45)
    canvas.paint((deep + (back - deep) * glow).astype(np.float32), np.ones((canvas.height, canvas.width), np.float32), "forest")
    forest_light = replace(light, haze=mix(back, rgb("#fffbe8"), 0.2), ambient=shade(light.ambient, 0.92))
    leaves(canvas, forest_light, palette, low=horizon, high=-0.02, count=320, size=0.024, haze=0.5)
    bark = rgb("#5b4a3e") if canvas.chance(0.65) else rgb("#e6e2d8")
    birch = bool(bark[0] > 0.7)
    for _ in range(canvas.count(10, 16)):
        trunk(canvas, forest_light, canvas.between(0, 1), horizon + canvas.between(0.0, 0.04), canvas.between(0.012, 0.026), bark, haze=0.6, birch=birch)
    floor = mix(palette[1], rgb("#6b5a3c"), 0.45)
    ground = (horizon + 0.012 * profile(canvas.rng, canvas.width, frequency=4)).astype(np.float32)
    field(canvas, forest_light, top=ground, near=shade(floor, 0.75), far=mix(floor, back, 0.3), concept=None)
    misty = canvas.chance(0.35)
    if misty:
        fog(canvas, forest_light, horizon - 0.35, horizon + 0.12, density=0.75)
    middle = canvas.between(0.35, 0.65)
    if canvas.chance(0.6):
        road(canvas, forest_light, top=horizon, far_x=middle, near_x=canvas.between(0.3, 0.7), near_width=canvas.between(0.5, 0.8), bend=canvas.between(-0.2, 0.2), paved=False)
    leaves(canvas, forest_light, palette, low=1.0, high=horizon + 0.02, count=380 if autumn else 160, size=0.014, ground=True)
    walkers = canvas.rng.random()
    if walkers < 0.3:
        person(canvas, forest_light, middle + canvas.between(-0.06, 0.06), horizon + canvas.between(0.1, 0.25), canvas.between(0.2, 0.36), flip=canvas.chance(0.5))
    if walkers < 0.12 or walkers > 0.9:
        dog(canvas, forest_light, middle + 0.12, horizon + canvas.between(0.14, 0.3), canvas.between(0.13, 0.22), pick(canvas, ("#b07a42", "#5b4030", "#e0c79c")), flip=canvas.chance(0.5))
    for _ in range(canvas.count(3, 6)):
        side = canvas.between(0.0, 0.3)
        x = side if canvas.chance(0.5) else 1 - side
        trunk(canvas, forest_light, x, horizon + canvas.between(0.1, 0.42), canvas.between(0.035, 0.075), shade(bark, 0.8), haze=0.08, birch=birch)
    leaves(canvas, forest_light, palette, low=0.3, high=-0.03, count=420, size=0.019)
    if canvas.chance(0.5):
        rays(canvas, light.sun_x, -0.15, mix(light.sun, back, 0.4), strength=canvas.between(0.25, 0.5))


def snow_forest(canvas: Canvas) -> None:
    """Snow-covered conifers, close by and in the mist."""
    draw = canvas.rng.random()
    light = choose_light(canvas.rng, "overcast" if draw < 0.5 else "day" if draw < 0.8 else "sunset")
    horizon = canvas.between(0.42, 0.58)
    paint_sky(canvas, light, horizon)
    pine_color = pick(canvas, ("#33513f", "#2f4a48", "#3d5a48"), 0.02)
    if canvas.chance(0.4):
        mountains(canvas, light, base=horizon + 0.02, height=0.25, rock=pick(canvas, _ROCKS), haze=0.5, snow=0.9)
    for k in range(3):
        hills(canvas, light, base=horizon - 0.06 + 0.045 * k, height=0.02, color=mix(pine_color, rgb("#e8eef6"), 0.25), haze=0.72 - 0.22 * k, concept="forest", spiky=0.16 + 0.05 * k)
    if canvas.chance(0.5):
        fog(canvas, light, horizon - 0.3, horizon + 0.12, density=0.85)
    snowfield(canvas, light, top=(horizon + 0.03 - 0.02 * profile(canvas.rng, canvas.width, frequency=3, octaves=3)).astype(np.float32))
    if canvas.chance(0.3):
        road(canvas, light, top=horizon + 0.04, far_x=canvas.between(0.3, 0.7), near_x=canvas.between(0.3, 0.7), near_width=0.6, paved=False, snow=True)
    for y in sorted(canvas.between(horizon + 0.06, 1.08) for _ in range(canvas.count(6, 14))):
        near = (y - horizon) / (1 - horizon)
        x = canvas.between(0, 1) if near < 0.4 else canvas.rng.choice((canvas.between(-0.02, 0.3), canvas.between(0.7, 1.02)))
        pine(canvas, light, float(x), y, 0.2 + 0.65 * near, pine_color, snow=True, haze=0.45 * (1 - near))
    walkers = canvas.rng.random()
    if walkers < 0.25:
        person(canvas, light, canvas.between(0.4, 0.6), horizon + canvas.between(0.15, 0.3), canvas.between(0.15, 0.28))
    if walkers > 0.85 or walkers < 0.08:
        dog(canvas, light, canvas.between(0.42, 0.68), horizon + canvas.between(0.2, 0.36), canvas.between(0.13, 0.25), pick(canvas, ("#8a5a34", "#5b4030", "#2f2a2a")), flip=canvas.chance(0.5))
    if canvas.chance(0.4):
        pen = canvas.whole()
        for _ in range(220):
            pen.ellipse(canvas.between(0, canvas.aspect), -canvas.between(0, 1), 0.0015 + 0.005 * canvas.rng.random() ** 3, rgb("#ffffff"))
        pen.stamp(None, opacity=0.85)


def waterfall(canvas: Canvas) -> None:
    """A waterfall between rocks and trees; now and then with a rainbow in its mist."""
    light = choose_light(canvas.rng, "day" if canvas.chance(0.65) else "overcast")
    sky_end = canvas.between(0.1, 0.26)
    paint_sky(canvas, light, sky_end + 0.2)
    green, rock = pick(canvas, _GREENS), pick(canvas, ("#5d6157", "#6b635a", "#4f5a5e"))
    hills(canvas, light, base=sky_end, height=0.06, color=shade(green, 0.7), haze=0.25, concept="forest", spiky=0.12)
    x, width, foot = canvas.between(0.35, 0.65), canvas.between(0.09, 0.24), canvas.between(0.66, 0.76)
    lip = sky_end + canvas.between(0.03, 0.08)
    cliff = (lip - 0.05 + np.abs(profile(canvas.rng, canvas.width, frequency=5, sharp=True)) * 0.1).astype(np.float32)
    strata = canvas.noise(0.7, 3.4, slope=1.6) * np.float32(0.6) + canvas.noise(3, 1.2, slope=1.2) * np.float32(0.6)
    moss = np.clip(canvas.noise(1, 1, slope=1.6) * 2.2 - 1.1, 0, 0.75)[..., None]
    face = rock * (np.float32(0.25) + strata)[..., None]
    face = (face + (shade(green, 0.75) * (0.4 + strata[..., None]) - face) * moss) * light.ambient
    canvas.paint(face.astype(np.float32), canvas.below(cliff))
    for _ in range(canvas.count(5, 10)):
        tx = canvas.between(0, 1)
        if abs(tx - x) > width * 0.8:
            pine(canvas, light, tx, lip + canvas.between(-0.02, 0.06), canvas.between(0.13, 0.24), shade(green, 0.6), concept="forest")
    cascade(canvas, light, x=x, top=lip, bottom=foot, width=width)
    mask, _ = ribbon(canvas, top=foot - 0.02, far_x=x, near_x=canvas.between(0.3, 0.7), far_width=width * 1.9, near_width=canvas.between(0.8, 1.5), bend=0.05)
    bank = shade(green, 0.7)
    field(canvas, light, top=(foot - 0.01 + 0.02 * profile(canvas.rng, canvas.width, frequency=6)).astype(np.float32), near=shade(bank, 0.8), far=bank, concept=None)
    water(canvas, light, top=foot - 0.02, concept="river", color=rgb("#2d7a80"), calm=0.3, mask=mask, glitter=False)
    spray = np.exp(-(((canvas.columns - x) / np.float32(width)) ** 2) - ((canvas.rows - np.float32(foot)) / np.float32(0.05)) ** 2)
    canvas.screen(rgb("#f2f8fa"), spray * (0.35 + canvas.noise(2, 2) * 0.5))
    for _ in range(canvas.count(3, 8)):
        pen_x, pen_y, size = canvas.between(0, 1), canvas.between(foot + 0.03, 0.98), canvas.between(0.03, 0.09)
        pen = canvas.pen(pen_x, pen_y, size, left=-1.3, right=1.3, bottom=-0.2, top=1.0)
        stone = vary(canvas.rng, rock, 0.04)
        pen.polygon([(-1.1, -0.1), (-0.9, 0.4), (-0.3, 0.75), (0.4, 0.65), (1.0, 0.3), (1.15, -0.1)], shade(stone, 0.75))
        pen.polygon([(-0.8, 0.4), (-0.3, 0.72), (0.4, 0.62), (0.5, 0.35), (-0.1, 0.3)], shade(stone, 1.15))
        pen.stamp(light)
    for side in (0, 1):
        if canvas.chance(0.6):
            pine(canvas, light, abs(side - canvas.between(0.0, 0.12)), canvas.between(0.95, 1.08), canvas.between(0.5, 0.85), shade(green, 0.55), concept="tree")
    if canvas.chance(0.4):
        rainbow(canvas, x + canvas.between(-0.15, 0.15), foot + 0.12, canvas.between(0.3, 0.42), strength=0.42)
    if canvas.chance(0.15):
        person(canvas, light, x + width * 1.2, foot + 0.1, canvas.between(0.13, 0.2))


def starry_night(canvas: Canvas) -> None:
    """The milky way over mountains, a lake or lonely trees."""
    light, horizon = choose_light(canvas.rng, "night"), canvas.between(0.62, 0.8)
    paint_sky(canvas, light, horizon)
    stars(canvas, light, horizon, many=canvas.count(320, 520), milky_way=canvas.chance(0.75))
    if canvas.chance(0.3):
        moon(canvas, light, canvas.between(0.15, 0.85), canvas.between(0.1, 0.3), canvas.between(0.03, 0.055))
    ground = canvas.count(0, 2)
    if ground < 2:
        mountains(canvas, light, base=horizon + 0.02, height=canvas.between(0.15, 0.3), rock=rgb("#5a6478"), haze=0.15, snow=0.5 if canvas.chance(0.5) else 0.0)
    dark = mix(rgb("#141a2c"), light.middle, 0.15)
    if ground == 0:
        hills(canvas, light, base=horizon + 0.01, height=0.02, color=rgb("#4a5a58"), concept="forest", spiky=0.07)
        water(canvas, light, top=horizon, concept="lake", color=rgb("#1d3f66"), calm=canvas.between(0.75, 0.95), glitter=False)
    else:
        line = (horizon + 0.06 - 0.03 * profile(canvas.rng, canvas.width, frequency=2, octaves=5)).astype(np.float32)
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
