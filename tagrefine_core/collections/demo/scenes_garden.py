"""Scenes close to home: flowers, meadows, gardens, ponds, birds on a branch, cats at the window."""

import math

import numpy as np

from tagrefine_core.collections.demo.buildings import house, skyline, window_frame
from tagrefine_core.collections.demo.canvas import Canvas
from tagrefine_core.collections.demo.creatures import cat_from_behind, cat_sitting, dog, perched_bird, person
from tagrefine_core.collections.demo.land import field, grass_blades, hills, mountains, road
from tagrefine_core.collections.demo.palette import Color, choose_light, mix, rgb, shade, vary
from tagrefine_core.collections.demo.plants import blossom, bokeh, flower_dots, stem, tree, tulip
from tagrefine_core.collections.demo.scenes_wild import pick
from tagrefine_core.collections.demo.sky import clouds, cumulus, moon, paint_sky, rainbow, rays, stars, sun
from tagrefine_core.collections.demo.texture import profile, smoothstep
from tagrefine_core.collections.demo.water import water

__all__ = ["bird_on_branch", "cat_at_window", "dog_in_meadow", "flower_close_up", "garden", "lily_pond", "meadow", "rainbow_fields"]

_PETALS = ("#e8453c", "#f28fb1", "#f7d34a", "#9a5fc4", "#f6f1e8", "#f08a3a", "#5a6fd0", "#d8386e", "#f4b6c8")
_GREENS = ("#5a8038", "#6a9a3c", "#4c7a35", "#86a548")
_FUR = ("#c98a4b", "#5e5a5c", "#2b2829", "#d9cbb8", "#8c6a4c", "#e0a463")
_BIRDS = (("#3f6fb0", "#e8a25a"), ("#6b5a48", "#d9532f"), ("#2f2f38", "#e9e4da"), ("#5a8a4a", "#e8d24a"), ("#8c4a3a", "#e0b090"), ("#4a7f9a", "#f0d8b0"))


def _garden_backdrop(canvas: Canvas, colors: list[Color], light_color: Color) -> None:
    field_noise = canvas.noise(0.7, 0.7, slope=2.0)[..., None]
    fine = canvas.noise(1.3, 1.3, slope=2.0)[..., None]
    color = colors[0] + (colors[1] - colors[0]) * field_noise
    color = color + (colors[2] - color) * smoothstep(0.55, 1.0, fine) * np.float32(0.7)
    glow = np.exp(-((canvas.disc(canvas.between(0.1, 0.9), canvas.between(-0.1, 0.3)) / np.float32(0.6)) ** 2))[..., None]
    canvas.pixels[:] = color + (light_color - color) * glow * np.float32(0.5)


def flower_close_up(canvas: Canvas) -> None:
    """One to five flowers in front of blurred green."""
    light = choose_light(canvas.rng, ("day", "day", "sunset")[canvas.count(0, 2)])  # type: ignore[arg-type]
    green = pick(canvas, _GREENS)
    _garden_backdrop(canvas, [shade(green, 0.5), shade(green, 0.95), mix(green, pick(canvas, _PETALS), 0.55)], light.sun)
    canvas.pixels *= mix(light.ambient, rgb("#ffffff"), 0.4)
    main, core = pick(canvas, _PETALS), pick(canvas, ("#f2c230", "#7a4a1e", "#e8a020", "#4a2c1a"))
    for _ in range(canvas.count(3, 9)):
        canvas.glow(canvas.between(0, 1), canvas.between(0.1, 1), canvas.between(0.03, 0.1), mix(main, light.sun, 0.2), 0.75)
    grassy = canvas.chance(0.55)
    if grassy:
        grass_blades(canvas, light, base=1.02, height=canvas.between(0.45, 0.75), color=shade(green, 0.85), count=70)
        canvas.blur(0.008)
    bokeh(canvas, light, [mix(green, rgb("#f6ffd8"), 0.6), light.sun, main], count=canvas.count(6, 22), strength=0.3)
    style, count = canvas.count(0, 3), canvas.count(1, 5)
    petals = (canvas.count(5, 6), canvas.count(8, 10), canvas.count(13, 21))[style] if style < 3 else 0
    rings = 1 if style == 0 else 2
    base = 0.34 if count == 1 else 0.27 if count == 2 else 0.2
    taken: list[tuple[float, float, float]] = []
    for _ in range(count * 6):
        radius, x, y = base * canvas.between(0.7, 1.15), canvas.between(0.14, 0.86), canvas.between(0.22, 0.66)
        if len(taken) < count and all(math.hypot((x - a) * canvas.aspect, y - b) > (radius + r) * 0.8 for a, b, r in taken):
            taken.append((x, y, radius))
    for x, y, radius in sorted(taken, key=lambda place: place[2]):
        stem(canvas, light, x, y + radius * 0.1, 1.1 - y, shade(green, 0.9))
        tone = vary(canvas.rng, main, 0.04)
        if style == 3:
            tulip(canvas, light, x, y + radius * 0.5, radius * 0.85, tone)
        else:
            blossom(canvas, light, x, y, radius, tone, core, petals=petals, tilt=canvas.between(0.72, 1.0), rings=rings)
    if grassy:
        grass_blades(canvas, light, base=1.04, height=canvas.between(0.2, 0.4), color=green, count=110)


def meadow(canvas: Canvas) -> None:
    """A meadow full of flowers under the sky, with trees or mountains."""
    light, horizon = choose_light(canvas.rng, ("day", "day", "sunset")[canvas.count(0, 2)]), canvas.between(0.3, 0.5)  # type: ignore[arg-type]
    paint_sky(canvas, light, horizon)
    if light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.0, 0.14))
    if canvas.chance(0.4):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.5))
    elif light.kind == "day":
        for _ in range(canvas.count(1, 4)):
            cumulus(canvas, light, canvas.between(0, 1), horizon - canvas.between(0.03, 0.2), canvas.between(0.2, 0.5))
    green = pick(canvas, _GREENS)
    if canvas.chance(0.4):
        mountains(canvas, light, base=horizon + 0.03, height=canvas.between(0.12, 0.24), rock=rgb("#7d7a80"), haze=0.45, snow=0.5 if canvas.chance(0.5) else 0.0)
    hills(canvas, light, base=horizon + 0.02, height=0.03, color=shade(green, 0.8), haze=0.35, spiky=0.05 if canvas.chance(0.5) else 0.0)
    field(canvas, light, top=horizon + 0.03, near=shade(green, 0.8), far=green)
    for _ in range(canvas.count(0, 2)):
        tree(canvas, light, canvas.between(0.05, 0.95), horizon + canvas.between(0.05, 0.14), canvas.between(0.16, 0.36), shade(pick(canvas, _GREENS), 0.85), haze=0.12)
    colors = [pick(canvas, _PETALS) for _ in range(canvas.count(1, 3))]
    flower_dots(canvas, light, colors, top=horizon + 0.06, count=canvas.count(220, 420), size=canvas.between(0.018, 0.032))
    if canvas.chance(0.2):
        person(canvas, light, canvas.between(0.2, 0.8), canvas.between(0.68, 0.85), canvas.between(0.2, 0.34), hat=True, flip=canvas.chance(0.5))
    grass_blades(canvas, light, base=1.03, height=canvas.between(0.12, 0.26), color=shade(green, 0.9), count=150)


def rainbow_fields(canvas: Canvas) -> None:
    """A rainbow over fields after rain."""
    light, horizon = choose_light(canvas.rng, "overcast" if canvas.chance(0.6) else "day"), canvas.between(0.5, 0.64)
    paint_sky(canvas, light, horizon)
    canvas.pixels *= np.float32(canvas.between(0.72, 0.95))
    clouds(canvas, light, horizon, cover=canvas.between(0.35, 0.6))
    center, radius = canvas.between(0.1, 0.9), canvas.between(0.42, 0.72)
    rainbow(canvas, center, horizon + canvas.between(0.0, 0.16), radius, strength=canvas.between(0.34, 0.6))
    green = pick(canvas, _GREENS)
    if canvas.chance(0.35):
        mountains(canvas, light, base=horizon + 0.02, height=canvas.between(0.08, 0.2), rock=rgb("#7d7a80"), haze=0.45)
    for k in range(3):
        tone = mix(green, pick(canvas, ("#d9b84a", "#86a548", "#c9a050")), canvas.between(0, 0.6))
        hills(canvas, light, base=horizon + 0.02 + 0.09 * k, height=0.03, color=tone, haze=0.35 - 0.15 * k, concept="grass", rows=canvas.chance(0.6))
    field(canvas, light, top=horizon + 0.25, near=shade(green, 0.8), far=green)
    if canvas.chance(0.4):
        house(canvas, light, canvas.between(0.15, 0.85), horizon + canvas.between(0.12, 0.25), canvas.between(0.1, 0.2), wall=rgb("#efe3cc"), roof=rgb("#a8452f"), flip=canvas.chance(0.5))
    for _ in range(canvas.count(0, 4)):
        depth = canvas.between(0.06, 0.36)
        tree(canvas, light, canvas.between(0.02, 0.98), horizon + depth, 0.1 + depth * 0.8, shade(pick(canvas, _GREENS), 0.85))
    if canvas.chance(0.25):
        road(canvas, light, top=horizon + 0.1, far_x=canvas.between(0.3, 0.7), near_x=canvas.between(0.2, 0.8), near_width=0.7, bend=0.15, paved=canvas.chance(0.5))
    if canvas.chance(0.25):
        flower_dots(canvas, light, [pick(canvas, _PETALS)], top=horizon + 0.2, count=220, size=0.02)


def garden(canvas: Canvas) -> None:
    """A house behind its garden, with flowers, a tree, a cat or dog."""
    light, horizon = choose_light(canvas.rng, ("day", "day", "day", "sunset")[canvas.count(0, 3)]), canvas.between(0.44, 0.54)  # type: ignore[arg-type]
    paint_sky(canvas, light, horizon)
    for _ in range(canvas.count(0, 3)):
        cumulus(canvas, light, canvas.between(0, 1), canvas.between(0.16, 0.32), canvas.between(0.2, 0.45))
    green = pick(canvas, _GREENS)
    hills(canvas, light, base=horizon, height=0.04, color=shade(green, 0.75), haze=0.3, spiky=0.06)
    field(canvas, light, top=horizon + 0.02, near=shade(green, 0.85), far=green)
    x = canvas.between(0.3, 0.7)
    for side in (-1, 1):
        if canvas.chance(0.55):
            tree(canvas, light, x + side * canvas.between(0.22, 0.36), horizon + canvas.between(0.1, 0.2), canvas.between(0.35, 0.6), pick(canvas, ("#4c7a35", "#6a8f3c", "#d9722b", "#e8a33a", "#e7a0b8")))
    size = canvas.between(0.3, 0.44)
    house(canvas, light, x, horizon + 0.17, size, wall=pick(canvas, ("#efe3cc", "#d9b48a", "#c9d6d8", "#e8c9b4", "#f4f0e6")), roof=pick(canvas, ("#a8452f", "#8a4a3a", "#5a6370")), flip=canvas.chance(0.5))
    if canvas.chance(0.4):
        road(canvas, light, top=horizon + 0.165, far_x=x + 0.5 * size / canvas.aspect, near_x=canvas.between(0.3, 0.7), near_width=0.35, bend=0.06, paved=False)
    if canvas.chance(0.6):
        flower_dots(canvas, light, [pick(canvas, _PETALS) for _ in range(3)], top=horizon + 0.24, count=canvas.count(200, 340), size=0.026)
    animal = canvas.rng.random()
    if animal < 0.3:
        dog(canvas, light, canvas.between(0.15, 0.85), canvas.between(0.82, 0.93), canvas.between(0.2, 0.32), pick(canvas, ("#b07a42", "#5b4030", "#e0c79c", "#3a3432")), flip=canvas.chance(0.5))
    elif animal < 0.58:
        cat_sitting(canvas, light, canvas.between(0.15, 0.85), canvas.between(0.85, 0.96), canvas.between(0.22, 0.38), pick(canvas, _FUR), flip=canvas.chance(0.5))
    if canvas.chance(0.25):
        person(canvas, light, canvas.between(0.1, 0.9), canvas.between(0.74, 0.86), canvas.between(0.26, 0.36), flip=canvas.chance(0.5))
    if canvas.chance(0.5):
        grass_blades(canvas, light, base=1.03, height=0.13, color=green, count=120)


def lily_pond(canvas: Canvas) -> None:
    """Water lilies on a dark pond seen from above."""
    light = choose_light(canvas.rng, "day")
    deep = pick(canvas, ("#123d3f", "#1a3a4c", "#20453a"))
    mirror = canvas.noise(0.8, 1.8, slope=2.0)
    color = deep + (mix(light.middle, deep, 0.35) - deep) * smoothstep(0.5, 1.0, mirror)[..., None]
    ripple = canvas.noise(1.5, 5, slope=1.6)[..., None] - np.float32(0.5)
    canvas.paint((color * (1 + ripple * np.float32(0.3))).astype(np.float32), np.ones((canvas.height, canvas.width), np.float32), "lake")
    canvas.mark("reflection", (mirror > 0.7).astype(np.float32))
    petal, green = pick(canvas, ("#f4b6c8", "#f6f1e8", "#d8386e", "#f28fb1", "#f7d34a")), pick(canvas, _GREENS)
    for y in sorted(canvas.between(0.02, 1.0) for _ in range(canvas.count(9, 20))):
        x, size, turn = canvas.between(0, 1), (0.04 + 0.11 * y) * canvas.between(0.7, 1.2), canvas.between(0, 6.28)
        rim = [(math.cos(turn + t) * 1.0, math.sin(turn + t) * 0.5) for t in (0.25 + k / 30 * 5.8 for k in range(31))]
        tone = shade(vary(canvas.rng, green, 0.05), canvas.between(0.75, 1.05))
        pen = canvas.pen(x, y, size, left=-1.1, right=1.1, bottom=-0.7, top=0.6)
        pen.polygon([(0, -0.08), *((u, v - 0.08) for u, v in rim)], shade(deep, 0.4))
        pen.polygon([(0, 0), *rim], tone)
        pen.polygon([(0, 0), *((u * 0.9, v * 0.9 + 0.02) for u, v in rim)], mix(tone, light.sun, 0.14))
        for k in range(1, 30, 4):
            pen.line([(0, 0), (rim[k][0] * 0.86, rim[k][1] * 0.86)], 0.02, shade(tone, 0.88))
        pen.stamp(light)
        if canvas.chance(0.4):
            blossom(canvas, light, x, y - size * 0.12, size * 0.62, vary(canvas.rng, petal, 0.03), rgb("#f2c230"), petals=9, tilt=0.62, rings=3)


def bird_on_branch(canvas: Canvas) -> None:
    """A small bird on a branch, close up, among blossoms or in snow."""
    season = canvas.count(0, 2)
    light = choose_light(canvas.rng, "overcast" if season == 2 else "day")
    back = (pick(canvas, _GREENS), pick(canvas, ("#e8c0cc", "#cfdde8")), rgb("#c4d0dc"))[season]
    _garden_backdrop(canvas, [shade(back, 0.72), back, mix(back, light.sun, 0.5)], light.sun)
    bokeh(canvas, light, [mix(back, rgb("#ffffff"), 0.5), back, light.sun], count=canvas.count(12, 26), strength=0.3)
    slope, level = canvas.between(-0.14, 0.14), canvas.between(0.62, 0.76)

    def branch(x: float) -> float:
        return level + slope * (x - 0.5) + 0.018 * math.sin(x * 7)

    pen = canvas.whole()
    bark = pick(canvas, ("#5b4636", "#6b5546", "#4a3d36"))
    path = [(k / 30 * canvas.aspect, -branch(k / 30)) for k in range(31)]
    for k in range(30):
        pen.line(path[k : k + 2], 0.040 - 0.022 * k / 30, bark)
    pen.line([(u, v + 0.008) for u, v in path], 0.007, mix(bark, light.sun, 0.35))
    if season == 2:
        for k in range(30):
            pen.line([(path[k][0], path[k][1] + 0.02), (path[k + 1][0], path[k + 1][1] + 0.02)], 0.022 + 0.008 * math.sin(k * 1.7), rgb("#f8fbff"))
    for _ in range(canvas.count(4, 8)):
        x, up = canvas.between(0.03, 0.97), canvas.between(-0.2, 0.25)
        end = (x * canvas.aspect + canvas.between(-0.12, 0.2), -branch(x) + up)
        pen.line([(x * canvas.aspect, -branch(x)), end], 0.010, shade(bark, 0.9))
        for _ in range(3 if season == 0 else 0):
            u, v = end[0] + canvas.between(-0.05, 0.05), end[1] + canvas.between(-0.04, 0.04)
            pen.polygon([(u, v), (u + 0.035, v + 0.025), (u + 0.075, v + 0.012), (u + 0.035, v - 0.015)], vary(canvas.rng, shade(rgb("#6a9a3c"), 0.9), 0.06))
    pen.stamp(light, *(["snow"] if season == 2 else []), "tree")
    if season == 1:
        for _ in range(canvas.count(7, 13)):
            x = canvas.between(0, 1)
            blossom(canvas, light, x, branch(x) + canvas.between(-0.16, 0.1), canvas.between(0.045, 0.085), vary(canvas.rng, rgb("#f7c6d6"), 0.03), rgb("#d8647e"), petals=5, tilt=0.9, rings=1)
    backs, breasts = _BIRDS[canvas.count(0, len(_BIRDS) - 1)]
    x, flip = canvas.between(0.35, 0.65), canvas.chance(0.5)
    for k in range(2 if canvas.chance(0.2) else 1):
        bx = x + k * (0.24 if x < 0.5 else -0.24)
        perched_bird(canvas, light, bx, branch(bx) - 0.016, canvas.between(0.27, 0.44), vary(canvas.rng, rgb(backs), 0.03), vary(canvas.rng, rgb(breasts), 0.03), flip=flip != (k == 1))
    if season == 2:
        canvas.mark("snow", np.ones((canvas.height, canvas.width), np.float32) * (canvas.rows < 0.1))
        snow = canvas.whole()
        for _ in range(160):
            snow.ellipse(canvas.between(0, canvas.aspect), -canvas.between(0, 1), 0.002 + 0.008 * canvas.rng.random() ** 3, rgb("#ffffff"))
        snow.stamp(None, opacity=0.85)


def cat_at_window(canvas: Canvas) -> None:
    """A cat on the sill; outside a town at night, a garden or snow-covered hills."""
    view = canvas.count(0, 2)
    light = choose_light(canvas.rng, "night" if view == 0 else "sunset" if canvas.chance(0.3) else "day")
    horizon = canvas.between(0.5, 0.66)
    paint_sky(canvas, light, horizon)
    if view == 0:
        stars(canvas, light, horizon, many=120)
        if canvas.chance(0.7):
            moon(canvas, light, canvas.between(0.3, 0.7), canvas.between(0.2, 0.32), canvas.between(0.05, 0.08))
        skyline(canvas, light, base=0.8, height=0.35, haze=0.15, color=rgb("#4a5674"), lit=0.35, width=0.12)
    elif view == 1:
        green = pick(canvas, _GREENS)
        hills(canvas, light, base=horizon, height=0.06, color=green, haze=0.3)
        field(canvas, light, top=horizon + 0.04, near=shade(green, 0.8), far=green)
        tree(canvas, light, canvas.between(0.25, 0.75), horizon + 0.16, canvas.between(0.4, 0.55), pick(canvas, ("#4c7a35", "#d9722b", "#e7a0b8")))
        flower_dots(canvas, light, [pick(canvas, _PETALS) for _ in range(2)], top=horizon + 0.06, count=160, size=0.03)
    else:
        mountains(canvas, light, base=horizon + 0.06, height=0.3, rock=rgb("#7d7a80"), haze=0.3, snow=0.8)
        hills(canvas, light, base=horizon + 0.08, height=0.05, color=mix(rgb("#6a8f3c"), rgb("#ffffff"), 0.15), haze=0.15)
    canvas.blur(0.007)
    sill = canvas.between(0.8, 0.88)
    wall = pick(canvas, ("#c9a27e", "#8fa3a8", "#b98a7a", "#a8a07c", "#7c7f96"))
    window_frame(canvas, light, left=canvas.between(0.08, 0.2), top=canvas.between(0.05, 0.12), right=canvas.between(0.8, 0.92), bottom=sill, wall=wall)
    x, height, fur = canvas.between(0.28, 0.72), canvas.between(0.36, 0.56), pick(canvas, _FUR)
    if canvas.chance(0.5):
        cat_from_behind(canvas, light if view == 0 else choose_light(canvas.rng, "overcast"), x, sill + 0.005, height, shade(fur, 0.55 if view else 1.0), flip=canvas.chance(0.5))
    else:
        cat_sitting(canvas, choose_light(canvas.rng, "overcast"), x, sill + 0.01, height, fur, flip=canvas.chance(0.5))
    if canvas.chance(0.4):
        pot = x + 0.3 if x < 0.5 else x - 0.3
        tone = pick(canvas, _PETALS)
        for k in range(3):
            bx, by = pot + (k - 1) * 0.045, sill - 0.2 - 0.05 * (k == 1)
            stem(canvas, light, bx, by, 0.16, rgb("#4c7a35"))
            blossom(canvas, choose_light(canvas.rng, "overcast"), bx, by, 0.055, vary(canvas.rng, tone, 0.03), rgb("#f2c230"), petals=8, rings=2)
        pen = canvas.pen(pot, sill + 0.01, 0.12, left=-0.7, right=0.7, bottom=0.0, top=1.1)
        pen.polygon([(-0.55, 1.0), (0.55, 1.0), (0.38, 0.0), (-0.38, 0.0)], rgb("#b8623c"))
        pen.rectangle(-0.62, 0.85, 0.62, 1.05, rgb("#c97448"))
        pen.stamp(choose_light(canvas.rng, "overcast"), shading=0.15)


def dog_in_meadow(canvas: Canvas) -> None:
    """A dog in the grass, close up, alone or with somebody."""
    light, horizon = choose_light(canvas.rng, ("day", "day", "sunset", "overcast")[canvas.count(0, 3)]), canvas.between(0.34, 0.5)  # type: ignore[arg-type]
    paint_sky(canvas, light, horizon)
    green = pick(canvas, _GREENS)
    hills(canvas, light, base=horizon, height=0.04, color=shade(green, 0.7), haze=0.3, spiky=0.07)
    field(canvas, light, top=horizon + 0.03, near=green, far=mix(green, light.sun, 0.2))
    canvas.blur(0.01)
    bokeh(canvas, light, [mix(green, rgb("#f6ffd8"), 0.5)], count=canvas.count(3, 12), strength=0.22)
    x, foot, flip = canvas.between(0.3, 0.7), canvas.between(0.84, 0.94), canvas.chance(0.5)
    if canvas.chance(0.35):
        person(canvas, light, x + (0.26 if x < 0.5 else -0.26), foot, canvas.between(0.55, 0.7), flip=x > 0.5)
    dog(canvas, light, x, foot, canvas.between(0.3, 0.48), pick(canvas, ("#b07a42", "#5b4030", "#e0c79c", "#3a3432", "#c96f3a")), flip=flip)
    if canvas.chance(0.35):
        flower_dots(canvas, light, [pick(canvas, _PETALS)], top=0.8, count=60, size=0.024)
    grass_blades(canvas, light, base=1.03, height=canvas.between(0.12, 0.2), color=green, count=170)
    if canvas.chance(0.3):
        rays(canvas, light.sun_x, -0.1, light.sun, strength=0.3)
