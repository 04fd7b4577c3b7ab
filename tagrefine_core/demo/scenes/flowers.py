"""Scenes of flowers: close up, in a meadow, on a pond."""

import math

import numpy as np

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import perched_bird, person
from tagrefine_core.demo.land import field, grass_blades, hills, mountains
from tagrefine_core.demo.palette import GREENS, PETALS, choose_light, mix, rgb, shade, vary
from tagrefine_core.demo.plants import backdrop, blossom, bokeh, flower_dots, stem, tree, tulip
from tagrefine_core.demo.sky import clouds, cumulus, paint_sky, snowfall, sun
from tagrefine_core.demo.texture import smoothstep

__all__ = ["bird_on_branch", "flower_close_up", "lily_pond", "meadow"]

_BIRDS = (
    ("#3f6fb0", "#e8a25a"),
    ("#6b5a48", "#d9532f"),
    ("#2f2f38", "#e9e4da"),
    ("#5a8a4a", "#e8d24a"),
    ("#8c4a3a", "#e0b090"),
    ("#4a7f9a", "#f0d8b0"),
)


def flower_close_up(canvas: Canvas) -> None:
    """Paint one to five flowers in front of blurred green."""
    light = canvas.light("day", "day", "sunset")
    green = canvas.color(*GREENS)
    # Either deep in the grass, or seen from below against the sky.
    grassy = canvas.chance(0.7)
    if grassy:
        backdrop(
            canvas,
            [shade(green, 0.5), shade(green, 0.95), mix(green, canvas.color(*PETALS), 0.55)],
            light.sun,
        )
        canvas.pixels *= mix(light.ambient, rgb("#ffffff"), 0.4)
    else:
        paint_sky(canvas, light, 1.1)
        clouds(canvas, light, 1.15, cover=canvas.between(0.3, 0.5), height=0.5)
        canvas.blur(0.006)
    main, core = canvas.color(*PETALS), canvas.color("#f2c230", "#7a4a1e", "#e8a020", "#4a2c1a")
    if grassy:
        for _ in range(canvas.count(3, 9)):
            canvas.glow(
                canvas.between(0, 1),
                canvas.between(0.1, 1),
                canvas.between(0.03, 0.1),
                mix(main, light.sun, 0.2),
                0.75,
            )
        grass_blades(
            canvas, light, base=1.02, height=canvas.between(0.45, 0.75), color=shade(green, 0.85), count=70
        )
        canvas.blur(0.008)
    bokeh(
        canvas,
        light,
        [mix(green, rgb("#f6ffd8"), 0.6), light.sun, main],
        count=canvas.count(6, 22) if grassy else 0,
        strength=0.3,
    )
    style, count = canvas.count(0, 3), canvas.count(1, 5)
    petals = (canvas.count(5, 6), canvas.count(8, 10), canvas.count(13, 21))[style] if style < 3 else 0
    rings = 1 if style == 0 else 2
    base = 0.34 if count == 1 else 0.27 if count == 2 else 0.2
    taken: list[tuple[float, float, float]] = []
    for _ in range(count * 6):
        radius, x, y = (
            base * canvas.between(0.7, 1.15),
            canvas.between(0.14, 0.86),
            canvas.between(0.22, 0.66),
        )
        if len(taken) < count and all(
            math.hypot((x - a) * canvas.aspect, y - b) > (radius + r) * 0.8 for a, b, r in taken
        ):
            taken.append((x, y, radius))
    for x, y, radius in sorted(taken, key=lambda place: place[2]):
        stem(canvas, light, x, y + radius * 0.1, 1.1 - y, shade(green, 0.9))
        tone = vary(canvas.rng, main, 0.04)
        if style == 3:
            tulip(canvas, light, x, y + radius * 0.5, radius * 0.85, tone)
        else:
            blossom(
                canvas,
                light,
                x,
                y,
                radius,
                tone,
                core,
                petals=petals,
                tilt=canvas.between(0.72, 1.0),
                rings=rings,
            )
    if grassy:
        grass_blades(canvas, light, base=1.04, height=canvas.between(0.2, 0.4), color=green, count=110)


def meadow(canvas: Canvas) -> None:
    """Paint a meadow full of flowers under the sky, with trees or mountains."""
    light, horizon = canvas.light("day", "day", "sunset"), canvas.between(0.3, 0.5)
    paint_sky(canvas, light, horizon)
    if light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(0.0, 0.14))
    if canvas.chance(0.4):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.5))
    elif light.kind == "day":
        for _ in range(canvas.count(1, 4)):
            cumulus(
                canvas,
                light,
                canvas.between(0, 1),
                horizon - canvas.between(0.03, 0.2),
                canvas.between(0.2, 0.5),
            )
    green = canvas.color(*GREENS)
    if canvas.chance(0.4):
        mountains(
            canvas,
            light,
            base=horizon + 0.03,
            height=canvas.between(0.12, 0.24),
            rock=rgb("#7d7a80"),
            haze=0.45,
            snow=0.5 if canvas.chance(0.5) else 0.0,
        )
    hills(
        canvas,
        light,
        base=horizon + 0.02,
        height=0.03,
        color=shade(green, 0.8),
        haze=0.35,
        spiky=0.05 if canvas.chance(0.5) else 0.0,
    )
    field(canvas, light, top=horizon + 0.03, near=shade(green, 0.8), far=green)
    for _ in range(canvas.count(0, 2)):
        tree(
            canvas,
            light,
            canvas.between(0.05, 0.95),
            horizon + canvas.between(0.05, 0.14),
            canvas.between(0.16, 0.36),
            shade(canvas.color(*GREENS), 0.85),
            haze=0.12,
        )
    colors = [canvas.color(*PETALS) for _ in range(canvas.count(1, 3))]
    flower_dots(
        canvas,
        light,
        colors,
        top=horizon + 0.06,
        count=canvas.count(220, 420),
        size=canvas.between(0.018, 0.032),
    )
    if canvas.chance(0.2):
        person(
            canvas,
            light,
            canvas.between(0.2, 0.8),
            canvas.between(0.68, 0.85),
            canvas.between(0.2, 0.34),
            hat=True,
            flip=canvas.chance(0.5),
        )
    grass_blades(
        canvas, light, base=1.03, height=canvas.between(0.12, 0.26), color=shade(green, 0.9), count=150
    )


def lily_pond(canvas: Canvas) -> None:
    """Paint water lilies on a dark pond seen from above."""
    light = canvas.light("day")
    deep = canvas.color("#123d3f", "#1a3a4c", "#20453a")
    mirror = canvas.noise(0.5, 2.6, slope=2.0)
    color = deep + (mix(light.middle, deep, 0.35) - deep) * smoothstep(0.45, 1.15, mirror)[..., None]
    ripple = canvas.noise(1.5, 5, slope=1.6)[..., None] - np.float32(0.5)
    canvas.paint(
        (color * (1 + ripple * np.float32(0.3))).astype(np.float32),
        np.ones((canvas.height, canvas.width), np.float32),
        "lake",
    )
    canvas.mark("reflection", (mirror > 0.75).astype(np.float32))
    petal, green = canvas.color("#f4b6c8", "#f6f1e8", "#d8386e", "#f28fb1", "#f7d34a"), canvas.color(*GREENS)
    for y in sorted(canvas.between(0.02, 1.0) for _ in range(canvas.count(12, 24))):
        x, size, turn = (
            canvas.between(0, 1),
            (0.04 + 0.11 * y) * canvas.between(0.7, 1.2),
            canvas.between(0, 6.28),
        )
        rim = [
            (math.cos(turn + t) * 1.0, math.sin(turn + t) * 0.5)
            for t in (0.25 + k / 30 * 5.8 for k in range(31))
        ]
        tone = shade(vary(canvas.rng, green, 0.05), canvas.between(0.75, 1.05))
        pen = canvas.pen(x, y, size, left=-1.1, right=1.1, bottom=-0.7, top=0.6)
        pen.polygon([(0, -0.08), *((u, v - 0.08) for u, v in rim)], shade(deep, 0.4))
        pen.polygon([(0, 0), *rim], tone)
        pen.polygon([(0, 0), *((u * 0.9, v * 0.9 + 0.02) for u, v in rim)], mix(tone, light.sun, 0.14))
        for k in range(1, 30, 4):
            pen.line([(0, 0), (rim[k][0] * 0.86, rim[k][1] * 0.86)], 0.02, shade(tone, 0.88))
        pen.stamp(light)
        if canvas.chance(0.62):
            blossom(
                canvas,
                light,
                x,
                y - size * 0.12,
                size * 0.75,
                vary(canvas.rng, petal, 0.03),
                rgb("#f2c230"),
                petals=9,
                tilt=0.62,
                rings=3,
            )


def bird_on_branch(canvas: Canvas) -> None:
    """Paint a small bird on a branch, close up, among blossoms or in snow."""
    season = canvas.count(0, 2)
    light = choose_light(canvas.rng, "overcast" if season == 2 else "day")
    back = (canvas.color(*GREENS), canvas.color("#e8c0cc", "#cfdde8"), rgb("#c4d0dc"))[season]
    backdrop(canvas, [shade(back, 0.72), back, mix(back, light.sun, 0.5)], light.sun)
    bokeh(
        canvas,
        light,
        [mix(back, rgb("#ffffff"), 0.5), back, light.sun],
        count=canvas.count(12, 26),
        strength=0.3,
    )
    slope, level = canvas.between(-0.14, 0.14), canvas.between(0.62, 0.76)

    def branch(x: float) -> float:
        return level + slope * (x - 0.5) + 0.018 * math.sin(x * 7)

    pen = canvas.whole()
    bark = canvas.color("#5b4636", "#6b5546", "#4a3d36")
    path = [(k / 30 * canvas.aspect, -branch(k / 30)) for k in range(31)]
    for k in range(30):
        pen.line(path[k : k + 2], 0.040 - 0.022 * k / 30, bark)
    pen.line([(u, v + 0.008) for u, v in path], 0.007, mix(bark, light.sun, 0.35))
    if season == 2:
        for k in range(30):
            pen.line(
                [(path[k][0], path[k][1] + 0.02), (path[k + 1][0], path[k + 1][1] + 0.02)],
                0.022 + 0.008 * math.sin(k * 1.7),
                rgb("#f8fbff"),
            )
    for _ in range(canvas.count(4, 8)):
        x, up = canvas.between(0.03, 0.97), canvas.between(-0.2, 0.25)
        end = (x * canvas.aspect + canvas.between(-0.12, 0.2), -branch(x) + up)
        pen.line([(x * canvas.aspect, -branch(x)), end], 0.010, shade(bark, 0.9))
        for _ in range(3 if season == 0 else 0):
            u, v = end[0] + canvas.between(-0.05, 0.05), end[1] + canvas.between(-0.04, 0.04)
            pen.polygon(
                [(u, v), (u + 0.035, v + 0.025), (u + 0.075, v + 0.012), (u + 0.035, v - 0.015)],
                vary(canvas.rng, shade(rgb("#6a9a3c"), 0.9), 0.06),
            )
    pen.stamp(light, *(["snow"] if season == 2 else []), "tree")
    if season == 1:
        for _ in range(canvas.count(7, 13)):
            x = canvas.between(0, 1)
            blossom(
                canvas,
                light,
                x,
                branch(x) + canvas.between(-0.16, 0.1),
                canvas.between(0.045, 0.085),
                vary(canvas.rng, rgb("#f7c6d6"), 0.03),
                rgb("#d8647e"),
                petals=5,
                tilt=0.9,
                rings=1,
            )
    backs, breasts = _BIRDS[canvas.count(0, len(_BIRDS) - 1)]
    x, flip = canvas.between(0.35, 0.65), canvas.chance(0.5)
    for k in range(2 if canvas.chance(0.2) else 1):
        bx = x + k * (0.24 if x < 0.5 else -0.24)
        perched_bird(
            canvas,
            light,
            bx,
            branch(bx) - 0.016,
            canvas.between(0.27, 0.44),
            vary(canvas.rng, rgb(backs), 0.03),
            vary(canvas.rng, rgb(breasts), 0.03),
            flip=flip != (k == 1),
        )
    if season == 2:
        snowfall(canvas, 200)
        canvas.mark("snow")[:] = True  # flakes all over the picture
