"""Trees of four kinds, forest trunks, and flowers from far away to close up."""

import math

import numpy as np

from tagrefine_core.demo.canvas import Canvas, Pen
from tagrefine_core.demo.palette import Color, Light, mix, rgb, shade, vary
from tagrefine_core.demo.texture import smoothstep

__all__ = [
    "backdrop",
    "blossom",
    "bokeh",
    "flower_dots",
    "leaves",
    "palm",
    "pine",
    "stem",
    "tree",
    "trunk",
    "tulip",
]


def tree(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    height: float,
    color: Color,
    *,
    haze: float = 0.0,
    concept: str = "tree",
) -> None:
    """Plant a broad-leaved tree; (x, y) is the foot."""
    if haze < 0.3 and light.kind != "overcast":
        ground = canvas.pen(x, y, height, left=-0.8, right=0.8, bottom=-0.09, top=0.07)
        ground.ellipse(-0.2 * light.side, -0.01, 0.42, rgb("#141a14"), 0.06)
        ground.stamp(None, opacity=0.3)
    pen = canvas.pen(x, y, height, left=-0.62, right=0.62, bottom=-0.03, top=1.08)
    bark = shade(mix(rgb("#5b4533"), color, 0.12), canvas.between(0.7, 1.0))
    lean = canvas.between(-0.05, 0.05)
    pen.polygon([(-0.045, -0.01), (0.045, -0.01), (0.02 + lean, 0.5), (-0.02 + lean, 0.5)], bark)
    for side in (-1, 1):
        pen.line([(lean * 0.7, 0.3), (side * 0.16 + lean, 0.52)], 0.022, bark)
    clumps = [
        (lean + canvas.between(-0.24, 0.24), canvas.between(0.42, 0.82), canvas.between(0.16, 0.25))
        for _ in range(canvas.count(5, 8))
    ]
    clumps.append((lean, 0.66, 0.27))
    dabs = 170 if height > 0.22 else 70 if height > 0.1 else 30
    spots = []
    for _ in range(dabs):
        cu, cv, radius = clumps[canvas.count(0, len(clumps) - 1)]
        angle, r = canvas.between(0, 2 * math.pi), radius * canvas.between(0, 1.06) ** 0.5
        spots.append((cu + math.cos(angle) * r, cv + math.sin(angle) * r))
    for cu, cv, radius in clumps:
        pen.ellipse(cu, cv, radius * 0.88, shade(color, 0.5))
    # Dabs are laid from the shaded lower side to the lit upper side.
    spots.sort(key=lambda spot: spot[1] + light.side * spot[0] * 0.7)
    dark, bright = shade(color, 0.5), mix(color, light.sun, 0.34)
    tones = [vary(canvas.rng, mix(dark, bright, (k / 31) ** 1.25), 0.04) for k in range(32)]
    for index, (u, v) in enumerate(spots):
        tone = tones[min(int((index / len(spots) + canvas.between(-0.05, 0.05)) * 32), 31)]
        size = canvas.between(0.024, 0.056) * (1.0 if dabs > 100 else 1.5)
        pen.ellipse(u, v, size, tone, size * 0.8)
    pen.stamp(light, concept, haze=haze)


def pine(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    height: float,
    color: Color,
    *,
    haze: float = 0.0,
    snow: bool = False,
    concept: str = "tree",
) -> None:
    """Plant a conifer, with snow on its branches on request."""
    pen = canvas.pen(x, y, height, left=-0.36, right=0.36, bottom=-0.02, top=1.05)
    pen.rectangle(-0.025, -0.01, 0.025, 0.2, shade(rgb("#4c3828"), 0.8))
    tiers, width = (9, canvas.between(0.22, 0.31)) if height > 0.12 else (5, canvas.between(0.22, 0.31))
    for tier in range(tiers):
        t = tier / tiers
        base, tip = 0.1 + 0.82 * t, min(0.1 + 0.82 * t + 0.30 - 0.12 * t, 1.02)
        half = width * (1 - t) ** 0.85 + 0.02
        teeth = 7
        droop = [
            (half * (2 * k / teeth - 1), base - canvas.between(0.0, 0.045) + 0.02 * abs(2 * k / teeth - 1))
            for k in range(teeth + 1)
        ]
        tone = shade(color, 0.6 + 0.35 * t)
        pen.polygon([(0.0, tip), *reversed(droop)], tone)
        edge = [point for point in droop if point[0] * light.side >= -0.02]
        pen.polygon([(0.0, tip), *edge, (0.0, base + 0.03)], mix(tone, light.sun, 0.13))
        if snow:
            lift = [(u * 0.92, v + 0.055 + canvas.between(0.0, 0.03)) for u, v in droop]
            white = mix(rgb("#eef4ff"), light.sun, 0.15)
            pen.polygon([(0.0, tip), *((u, v - 0.022) for u, v in lift)], white)
            pen.polygon([(0.0, tip - 0.03), *((u * 0.75, v + 0.025) for u, v in lift)], shade(tone, 1.1))
    pen.stamp(light, concept, haze=haze)


def palm(
    canvas: Canvas, light: Light, x: float, y: float, height: float, *, flip: bool = False, haze: float = 0.0
) -> None:
    """Plant a palm leaning to one side."""
    pen = canvas.pen(x, y, height, left=-0.55, right=0.95, bottom=-0.03, top=1.3, flip=flip)
    lean = canvas.between(0.08, 0.36)
    spine = [(lean * (k / 12) ** 1.8, k / 12 * 0.9) for k in range(13)]
    for k in range(12):
        width = 0.052 - 0.026 * k / 12
        pen.line(spine[k : k + 2], width, rgb("#7a5f42") if k % 2 else rgb("#6b5238"))
    cu, cv = spine[-1]
    leaf = vary(canvas.rng, rgb("#3f7a37"), 0.05)
    angles = [canvas.between(-14, 14) + a for a in (200, -20, 168, 12, 140, 40, 105, 70, 232, -48)]
    for index, degrees in enumerate(angles):
        angle, length = math.radians(degrees), canvas.between(0.38, 0.52)
        tone = shade(mix(leaf, light.sun, 0.05 + 0.02 * index), 0.55 + 0.06 * index)
        rib = []
        for k in range(9):
            t = k / 8
            rib.append(
                (cu + math.cos(angle) * length * t, cv + math.sin(angle) * length * t - 0.42 * length * t * t)
            )
        for k in range(1, 9):
            (u0, v0), (u1, v1) = rib[k - 1], rib[k]
            drop = 0.14 * math.sin(math.pi * min((k + 0.6) / 9.5, 1))
            for side in (-1, 1):
                back = (u0 - 0.01, v0)
                tip = (u1 + side * 0.03 + math.cos(angle) * 0.05, v1 - drop * (0.95 if side < 0 else 0.8))
                pen.polygon([back, (u1, v1), tip], tone)
        pen.line(rib, 0.010, shade(tone, 1.3))
    for du in (-0.03, 0.01, 0.04):
        pen.ellipse(cu + du, cv - 0.03, 0.026, rgb("#5a4128"))
    pen.stamp(light, "tree", haze=haze)


def trunk(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    width: float,
    color: Color,
    *,
    haze: float = 0.0,
    birch: bool = False,
) -> None:
    """Stand a trunk that leaves the picture at the top (forest from inside)."""
    tall = y + 0.06
    pen = canvas.pen(x, y, 1.0, left=-width * 3.5, right=width * 3.5, bottom=-0.03, top=tall)
    bend = canvas.between(-0.8, 0.8) * width
    steps = [k / 8 * tall for k in range(9)]
    center = [bend * math.sin(k / 8 * 3.1) + canvas.between(-0.08, 0.08) * width for k in range(9)]
    half = [width * (0.62 - 0.22 * k / 8 + (0.3 if k == 0 else 0)) for k in range(9)]
    left = [(c - h, v) for c, h, v in zip(center, half, steps, strict=True)]
    right = [(c + h, v) for c, h, v in zip(center, half, steps, strict=True)]
    pen.polygon([*left, *reversed(right)], color)
    rim = [(c + h * light.side * 0.35, v) for c, h, v in zip(center, half, steps, strict=True)]
    pen.polygon([*(left if light.side < 0 else right), *reversed(rim)], mix(color, light.sun, 0.25))
    for _ in range(14 if birch else 5):
        v, dark = canvas.between(0.02, tall), shade(rgb("#2d2a28"), 1.0) if birch else shade(color, 0.7)
        side = canvas.between(-0.4, 0.2) * width
        pen.line(
            [(side, v), (side + width * canvas.between(0.2, 0.5), v + canvas.between(-0.006, 0.006))],
            0.006,
            dark,
        )
    for _ in range(2):
        v, side = canvas.between(tall * 0.45, tall * 0.95), 1 if canvas.chance(0.5) else -1
        pen.line(
            [(0, v), (side * width * 3.2, v + width * canvas.between(1.0, 3.0))],
            width * 0.16,
            shade(color, 0.85),
        )
    pen.stamp(light, "tree", haze=haze)


def leaves(
    canvas: Canvas,
    light: Light,
    colors: list[Color],
    *,
    low: float,
    high: float,
    count: int,
    size: float,
    haze: float = 0.0,
    ground: bool = False,
) -> None:
    """Scatter dabs of foliage between two heights: a canopy, or fallen leaves on the `ground`."""
    pen = canvas.whole()
    tones = [
        mix(
            shade(vary(canvas.rng, color, 0.05), canvas.between(0.6, 1.05)),
            light.sun,
            canvas.between(0, 0.12),
        )
        for color in colors * 8
    ]
    for _ in range(count):
        y = high + (low - high) * (canvas.rng.random() if ground else canvas.rng.random() ** 1.5)
        near = 0.35 + 0.9 * (y - high) / (low - high) if ground else canvas.between(0.5, 1.2)
        tone = tones[canvas.count(0, len(tones) - 1)]
        radius = size * near
        pen.ellipse(
            canvas.between(0, canvas.aspect),
            -y,
            radius,
            tone,
            radius * (0.4 if ground else canvas.between(0.6, 0.9)),
        )
    pen.stamp(light, haze=haze)


def flower_dots(
    canvas: Canvas, light: Light, colors: list[Color], *, top: float, count: int, size: float
) -> None:
    """Sow a meadow with small flowers that grow toward the viewer, each with a stem and a lit edge."""
    pen = canvas.whole()
    places = sorted(top + (1.02 - top) * canvas.rng.random() ** 0.8 for _ in range(count))
    patch = canvas.between(4, 9)
    tones = [
        [shade(vary(canvas.rng, color, 0.05), canvas.between(0.85, 1.1)) for _ in range(8)]
        for color in colors
    ]
    hearts = [mix(rgb("#ffd84a"), color, 0.2) for color in colors]
    leaf = rgb("#47682f")
    # Five petals as one outline.
    star = [
        (math.cos(t) * (0.78 + 0.3 * math.cos(5 * t)), math.sin(t) * (0.78 + 0.3 * math.cos(5 * t)) * 0.75)
        for t in (k * math.pi / 10 for k in range(20))
    ]
    for y in places:
        near = (y - top) / (1 - top)
        u = canvas.between(0, canvas.aspect)
        kind = int((math.sin(u * patch + y * 7) + 1) * 0.5 * len(colors) * 0.999)
        tone = tones[kind][canvas.count(0, 7)]
        radius = size * (0.12 + 0.88 * near**1.2) * canvas.between(0.7, 1.2)
        if radius > 0.008:
            pen.line([(u, -y), (u + radius * 0.3, -y - radius * 3.5)], radius * 0.22, leaf)
        if radius < 0.007:
            pen.ellipse(u, -y, radius, tone, radius * 0.75)
            continue
        pen.polygon([(u + du * radius, -y + dv * radius) for du, dv in star], tone)
        pen.ellipse(u, -y, radius * 0.3, hearts[kind], radius * 0.24)
    pen.stamp(light, "flower")


def stem(canvas: Canvas, light: Light, x: float, y: float, length: float, color: Color) -> None:
    """Draw the stem of a close-up flower downward from (x, y), with leaves."""
    pen = canvas.pen(x, y, length, left=-0.6, right=0.6, bottom=-1.1, top=0.05)
    bend = canvas.between(-0.12, 0.12)
    path = [(bend * math.sin(k / 8 * 2), -k / 8 * 1.05) for k in range(9)]
    pen.line(path, 0.028, color)
    pen.line([(u + 0.006, v) for u, v in path], 0.009, mix(color, light.sun, 0.3))
    for _ in range(canvas.count(1, 3)):
        v, side, reach = (
            canvas.between(-0.85, -0.35),
            1 if canvas.chance(0.5) else -1,
            canvas.between(0.25, 0.45),
        )
        tone = shade(color, canvas.between(0.8, 1.15))
        pen.polygon(
            [
                (0, v),
                (side * reach * 0.45, v + 0.02),
                (side * reach, v + reach * 0.62),
                (side * reach * 0.35, v + reach * 0.42),
            ],
            tone,
        )
        pen.line([(0, v), (side * reach, v + reach * 0.62)], 0.007, shade(tone, 1.25))
    pen.stamp(light)


def blossom(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    radius: float,
    color: Color,
    core: Color,
    *,
    petals: int,
    tilt: float = 1.0,
    rings: int = 2,
) -> None:
    """Open a round flower seen close up: rings of petals with veins around a core.

    `tilt` squeezes it vertically (1 faces the viewer).
    """
    turn = canvas.between(0, 2 * math.pi)
    slender = min(petals / 12, 1.6)
    for ring in range(rings):
        pen = canvas.pen(x, y, radius, left=-1.1, right=1.1, bottom=-1.1, top=1.1)
        size = 1 - 0.24 * ring
        for k in range(petals):
            angle = turn + 2 * math.pi * (k + 0.5 * (ring % 2)) / petals + canvas.between(-0.06, 0.06)
            reach = size * canvas.between(0.9, 1.0)
            half = reach * math.sin(math.pi / petals) * (1.15 + 0.2 * slender)
            facing = 0.5 + 0.5 * (math.cos(angle) * light.side + math.sin(angle)) / 1.5
            tone = shade(
                mix(color, light.sun, 0.22 * facing), 0.80 + 0.20 * facing - 0.06 * (k % 2) + 0.05 * ring
            )
            ca, sa = math.cos(angle), math.sin(angle)
            outline = []
            for j in range(15):
                t = j / 14
                along = math.sin(math.pi * t / 2) if t < 0.5 else math.sin(math.pi * (1 - t) / 2)
                along = (0.12 + 0.88 * along / math.sin(math.pi / 4)) * reach
                off = (
                    half * math.sin(2 * math.pi * t) * (0.55 + 0.45 * along / reach) * -1 if t != 0.5 else 0.0
                )
                outline.append((ca * along - sa * off, (sa * along + ca * off) * tilt))
            pen.polygon(outline, tone)
            for spread in (-0.3, 0.0, 0.3):
                inner, outer = 0.2 * reach, (0.86 - abs(spread) * 0.5) * reach
                pen.line(
                    [
                        (ca * inner, sa * inner * tilt),
                        (ca * outer - sa * half * spread, (sa * outer + ca * half * spread) * tilt),
                    ],
                    0.010,
                    shade(tone, 0.88),
                )
        pen.stamp(light, "flower")
        # The inner part of a petal is darker, which makes the flower a bowl.
        depth = smoothstep(0.75, 0.15, canvas.disc(x, y) / np.float32(radius)) * np.float32(0.16)
        canvas.pixels *= (1 - depth)[..., None]
    pen = canvas.pen(x, y, radius, left=-0.5, right=0.5, bottom=-0.5, top=0.5)
    size = canvas.between(0.2, 0.3) if petals > 8 else canvas.between(0.13, 0.2)
    pen.ellipse(0, 0, size, shade(core, 0.7), size * tilt)
    seeds = 80
    tones = [vary(canvas.rng, shade(core, 1.2 - 0.35 * k / 15), 0.07) for k in range(16)]
    for k in range(seeds):
        # Seeds sit on a golden spiral.
        r, angle = size * 0.95 * math.sqrt(k / seeds), k * 2.39996
        pen.ellipse(math.cos(angle) * r, math.sin(angle) * r * tilt, size * 0.1, tones[k * 16 // seeds])
    pen.stamp(light, "flower")


def tulip(canvas: Canvas, light: Light, x: float, y: float, radius: float, color: Color) -> None:
    """Open a tulip seen from the side, its cup above (x, y)."""
    pen = canvas.pen(x, y, radius, left=-0.9, right=0.9, bottom=-0.1, top=1.9)
    for lean, tone in ((-0.32, 0.72), (0.32, 0.78), (0.0, 0.62)):
        pen.polygon(_petal(lean * 1.5, 1.62, 0.42), shade(color, tone))
    for lean, tone in ((-0.42, 0.95), (0.42, 1.05)):
        pen.polygon(_petal(lean, 1.5, 0.46), shade(mix(color, light.sun, 0.10), tone))
        pen.line([(lean * 0.15, 0.1), (lean * 0.95, 1.15)], 0.014, shade(color, 0.8))
    pen.polygon(_petal(0.0, 1.35, 0.5), mix(color, light.sun, 0.2))
    for spread in (-0.18, 0.0, 0.18):
        pen.line([(spread * 0.3, 0.1), (spread, 1.0)], 0.012, shade(color, 0.9))
    pen.stamp(light, "flower", shading=0.18)


def _petal(lean: float, tall: float, half: float) -> list[tuple[float, float]]:
    side = [(half * math.sin(math.pi * min(k / 10, 1.0) ** 0.75), k / 10) for k in range(11)]
    right = [(w + lean * t * t, t * tall) for w, t in side]
    return right + [(-w + lean * t * t, t * tall) for w, t in reversed(side)]


def bokeh(
    canvas: Canvas,
    light: Light,
    colors: list[Color],
    *,
    count: int,
    low: float = 0.02,
    high: float = 0.09,
    strength: float = 0.4,
) -> None:
    """Scatter soft discs of light, as out-of-focus highlights are."""
    for _ in range(count):
        x, y, radius = canvas.between(0, 1), canvas.between(0, 1), canvas.between(low, high)
        pen: Pen = canvas.pen(x, y, radius, left=-1.1, right=1.1, bottom=-1.1, top=1.1)
        tone = mix(colors[canvas.count(0, len(colors) - 1)], light.sun, canvas.between(0.0, 0.4))
        pen.ellipse(0, 0, 1.0, mix(tone, rgb("#ffffff"), 0.12))
        pen.ellipse(0, 0, 0.9, tone)
        pen.stamp(None, opacity=strength * canvas.between(0.4, 1.0))


def backdrop(canvas: Canvas, colors: list[Color], light_color: Color) -> None:
    """Fill the canvas with an unfocused garden in three colors, lit from above."""
    field_noise = canvas.noise(0.7, 0.7, slope=2.0)[..., None]
    fine = canvas.noise(1.3, 1.3, slope=2.0)[..., None]
    color = colors[0] + (colors[1] - colors[0]) * field_noise
    color = color + (colors[2] - color) * smoothstep(0.55, 1.0, fine) * np.float32(0.7)
    glow = np.exp(
        -((canvas.disc(canvas.between(0.1, 0.9), canvas.between(-0.1, 0.3)) / np.float32(0.6)) ** 2)
    )[..., None]
    canvas.pixels[:] = color + (light_color - color) * glow * np.float32(0.5)
