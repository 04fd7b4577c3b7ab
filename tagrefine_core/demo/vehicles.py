"""Things that carry people, and an umbrella against sun and rain."""

import math

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.palette import Color, Light, mix, rgb, shade, vary

__all__ = [
    "balloon",
    "car",
    "car_from_behind",
    "parasol",
    "parasol_from_above",
    "rowboat",
    "sailboat",
    "stripes",
    "umbrella",
]


_PAINT = ("#d8433b", "#2f6fb0", "#f0b03a", "#2f9e8f", "#f3efe6", "#e8718d", "#7a4b94", "#ef7b3a")


def stripes(canvas: Canvas) -> tuple[Color, Color]:
    """Pick two colors of paint that differ."""
    first = canvas.count(0, len(_PAINT) - 1)
    second = (first + canvas.count(1, len(_PAINT) - 1)) % len(_PAINT)
    return vary(canvas.rng, rgb(_PAINT[first]), 0.03), vary(canvas.rng, rgb(_PAINT[second]), 0.03)


def sailboat(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    height: float,
    hull: Color,
    sail: Color,
    *,
    haze: float = 0.0,
    flip: bool = False,
) -> None:
    """Sail a boat; (x, y) is the middle of its water line."""
    pen = canvas.pen(x, y, height, left=-0.5, right=0.5, bottom=-0.08, top=1.02, flip=flip)
    pen.polygon([(-0.42, 0.13), (0.45, 0.16), (0.3, 0.0), (-0.34, 0.0)], hull)
    pen.polygon([(-0.42, 0.13), (0.45, 0.16), (0.43, 0.125), (-0.41, 0.10)], mix(hull, rgb("#ffffff"), 0.6))
    pen.rectangle(-0.2, 0.12, 0.02, 0.2, rgb("#ece6da"))
    pen.line([(0.03, 0.1), (0.03, 0.99)], 0.014, rgb("#5c4a3a"))
    bulge = [(0.01, 0.2), (0.01, 0.96), (-0.14, 0.7), (-0.27, 0.45), (-0.37, 0.2)]
    pen.polygon(bulge, sail)
    pen.polygon([(0.01, 0.2), (0.01, 0.96), (-0.10, 0.62), (-0.13, 0.2)], shade(sail, 0.9))
    pen.polygon([(0.05, 0.22), (0.05, 0.86), (0.2, 0.5), (0.38, 0.2)], mix(sail, light.horizon, 0.25))
    pen.stamp(light, "boat", haze=haze)
    shadow = canvas.pen(x, y, height, left=-0.5, right=0.5, bottom=-0.45, top=0.0, flip=flip)
    shadow.polygon([(-0.34, 0), (0.3, 0), (0.26, -0.1), (-0.3, -0.1)], shade(hull, 0.55))
    shadow.polygon([(-0.25, -0.1), (0.2, -0.1), (0.02, -0.42)], shade(sail, 0.8))
    shadow.stamp(light, opacity=0.32, haze=haze)


def rowboat(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    length: float,
    hull: Color,
    *,
    rower: bool = False,
    flip: bool = False,
) -> None:
    """Float a small open boat, with somebody rowing on request."""
    pen = canvas.pen(x, y, length, left=-0.56, right=0.56, bottom=-0.06, top=0.5, flip=flip)
    if rower:
        coat = rgb("#8c3b34")
        pen.polygon([(-0.07, 0.1), (0.07, 0.1), (0.055, 0.28), (-0.05, 0.28)], coat)
        pen.ellipse(0.0, 0.335, 0.045, rgb("#d9a883"))
        pen.polygon([(-0.07, 0.35), (0.07, 0.35), (0.0, 0.41)], rgb("#d8c38a"))
        pen.line([(0.03, 0.23), (0.16, 0.16), (0.42, -0.03)], 0.016, rgb("#6d4f33"))
    pen.polygon([(-0.52, 0.17), (-0.36, 0.12), (0.36, 0.12), (0.54, 0.19), (0.38, 0.0), (-0.36, 0.0)], hull)
    pen.line(
        [(-0.52, 0.17), (-0.36, 0.125), (0.36, 0.125), (0.54, 0.19)], 0.022, mix(hull, rgb("#fff3dc"), 0.55)
    )
    pen.line([(-0.42, 0.065), (0.45, 0.07)], 0.01, shade(hull, 0.75))
    pen.stamp(light, "boat", *(["person"] if rower else []))
    mirror = canvas.pen(x, y, length, left=-0.56, right=0.56, bottom=-0.3, top=0.0, flip=flip)
    mirror.polygon(
        [(-0.36, 0), (0.38, 0), (0.48, -0.12), (0.3, -0.19), (-0.3, -0.19), (-0.46, -0.11)], shade(hull, 0.6)
    )
    mirror.stamp(light, opacity=0.42)


def car(
    canvas: Canvas, light: Light, x: float, y: float, height: float, color: Color, *, flip: bool = False
) -> None:
    """Park or drive a car seen from the side; (x, y) is below its middle."""
    pen = canvas.pen(x, y, height, left=-1.75, right=1.75, bottom=-0.05, top=1.05, flip=flip)
    pen.ellipse(0, 0.03, 1.55, rgb("#1c1d22"), 0.06)
    body = [
        (-1.5, 0.25),
        (-1.54, 0.52),
        (-1.38, 0.62),
        (-0.95, 0.66),
        (-0.62, 0.97),
        (0.35, 0.99),
        (0.82, 0.66),
        (1.35, 0.58),
        (1.55, 0.42),
        (1.53, 0.24),
    ]
    pen.polygon(body, color)
    pen.polygon([(-1.5, 0.25), (-1.54, 0.44), (1.54, 0.40), (1.53, 0.24)], shade(color, 0.72))
    pen.line(
        [(-1.38, 0.60), (-0.9, 0.635), (0.8, 0.635), (1.33, 0.565)], 0.028, mix(color, rgb("#ffffff"), 0.55)
    )
    glass = mix(rgb("#26323d"), light.horizon, 0.35)
    pen.polygon([(-0.80, 0.67), (-0.55, 0.91), (-0.12, 0.925), (-0.12, 0.67)], glass)
    pen.polygon([(-0.03, 0.67), (-0.03, 0.925), (0.30, 0.925), (0.64, 0.67)], glass)
    pen.polygon([(0.05, 0.9), (0.15, 0.9), (0.42, 0.69), (0.30, 0.69)], mix(glass, rgb("#ffffff"), 0.35))
    pen.line([(-0.08, 0.3), (-0.08, 0.64)], 0.012, shade(color, 0.6))
    pen.rectangle(-0.36, 0.55, -0.22, 0.58, shade(color, 0.55))
    for u in (-0.95, 0.95):
        pen.ellipse(u, 0.22, 0.27, shade(color, 0.5))
        pen.ellipse(u, 0.2, 0.225, rgb("#1b1b1f"))
        pen.ellipse(u, 0.2, 0.125, rgb("#b9bec6"))
        pen.ellipse(u, 0.2, 0.045, rgb("#55585f"))
    pen.ellipse(1.46, 0.45, 0.07, rgb("#fff6cf"), 0.055)
    pen.rectangle(-1.54, 0.44, -1.44, 0.54, rgb("#e23a32"))
    pen.stamp(light, "car")
    if light.dark:
        side = -1 if flip else 1
        canvas.glow(
            x + side * 1.5 * height / canvas.aspect, y - 0.45 * height, height * 0.35, rgb("#fff2c4"), 0.8
        )
        canvas.glow(
            x - side * 1.5 * height / canvas.aspect, y - 0.48 * height, height * 0.2, rgb("#ff4438"), 0.8
        )


def car_from_behind(canvas: Canvas, light: Light, x: float, y: float, height: float, color: Color) -> None:
    """Drive a car away from the viewer."""
    pen = canvas.pen(x, y, height, left=-0.85, right=0.85, bottom=-0.06, top=1.02)
    pen.ellipse(0, 0.03, 0.78, rgb("#1c1d22"), 0.07)
    for u in (-0.52, 0.52):
        pen.rectangle(u - 0.11, 0.0, u + 0.11, 0.3, rgb("#18181b"))
    pen.polygon(
        [
            (-0.68, 0.14),
            (-0.72, 0.5),
            (-0.6, 0.62),
            (-0.46, 0.96),
            (0.46, 0.96),
            (0.6, 0.62),
            (0.72, 0.5),
            (0.68, 0.14),
        ],
        color,
    )
    pen.polygon([(-0.5, 0.62), (-0.4, 0.9), (0.4, 0.9), (0.5, 0.62)], mix(rgb("#26323d"), light.horizon, 0.4))
    pen.rectangle(-0.68, 0.14, 0.68, 0.27, shade(color, 0.6))
    pen.rectangle(-0.2, 0.31, 0.2, 0.42, rgb("#ece9df"))
    for u in (-0.56, 0.56):
        pen.rectangle(u - 0.11, 0.42, u + 0.11, 0.54, rgb("#e8382f"))
    pen.line([(-0.6, 0.6), (0.6, 0.6)], 0.025, mix(color, rgb("#ffffff"), 0.4))
    pen.stamp(light, "car")
    if light.dark:
        for side in (-0.56, 0.56):
            canvas.glow(
                x + side * height / canvas.aspect, y - 0.48 * height, height * 0.28, rgb("#ff4438"), 0.9
            )


def balloon(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    height: float,
    colors: tuple[Color, Color],
    *,
    haze: float = 0.0,
) -> None:
    """Float a hot-air balloon; (x, y) is the middle of its envelope."""
    pen = canvas.pen(x, y, height, left=-0.45, right=0.45, bottom=-0.68, top=0.45)
    gores = 8

    def outline(t: float, s: float) -> tuple[float, float]:
        # t runs from the mouth (0) to the crown (1), s over the width from -1 to 1: a round crown on a cone.
        half = (
            0.40 * math.sqrt(max(1 - ((t - 0.6) / 0.4) ** 2, 0.0))
            if t > 0.6
            else 0.07 + 0.33 * math.sin(math.pi / 2 * t / 0.6)
        )
        return half * s, -0.44 + 0.87 * t

    for gore in range(gores):
        a0, a1 = (math.sin(math.pi * (g / gores - 0.5)) for g in (gore, gore + 1))
        tone = colors[gore % 2]
        lit = 0.74 + 0.3 * (0.5 + 0.5 * light.side * (a0 + a1) / 2)
        edge = [outline(k / 14, a0) for k in range(15)] + [outline(k / 14, a1) for k in range(14, -1, -1)]
        pen.polygon(edge, shade(mix(tone, light.sun, 0.10), lit))
    band = [outline(0.55, s / 8) for s in range(-8, 9)] + [outline(0.66, s / 8) for s in range(8, -9, -1)]
    pen.polygon(band, shade(mix(colors[1], rgb("#ffffff"), 0.55), 0.92))
    for u in (-0.05, 0.05):
        pen.line([(u, -0.44), (u * 0.85, -0.57)], 0.008, rgb("#4b3a2c"))
    pen.polygon([(-0.055, -0.57), (0.055, -0.57), (0.045, -0.66), (-0.045, -0.66)], rgb("#8a5f38"))
    pen.line([(-0.055, -0.572), (0.055, -0.572)], 0.012, rgb("#5c3d22"))
    pen.stamp(light if not light.dark else None, "balloon", haze=haze)
    if light.kind in ("night", "sunset"):
        canvas.glow(x, y + height * 0.36, height * 0.13, rgb("#ffc45c"), 0.85)


def umbrella(canvas: Canvas, light: Light, x: float, y: float, size: float, color: Color) -> None:
    """Hold an open umbrella; (x, y) is the lower middle of its canopy, `size` its radius."""
    pen = canvas.pen(x, y, size, left=-1.1, right=1.1, bottom=-1.2, top=0.75)
    pen.line([(0, 0.5), (0, -1.05)], 0.035, rgb("#3c3430"))
    panels = 6
    for k in range(panels):
        a0, a1 = (math.sin(math.pi * (p / panels - 0.5)) for p in (k, k + 1))
        dome0 = [(a0 * math.sin(j / 8 * math.pi / 2), 0.62 * math.cos(j / 8 * math.pi / 2)) for j in range(9)]
        dome1 = [(a1 * math.sin(j / 8 * math.pi / 2), 0.62 * math.cos(j / 8 * math.pi / 2)) for j in range(9)]
        scallop = [(a1 + (a0 - a1) * j / 5, 0.09 * math.sin(math.pi * j / 5)) for j in range(6)]
        lit = 0.78 + 0.3 * (0.5 + 0.5 * light.side * (a0 + a1) / 2) - 0.05 * (k % 2)
        pen.polygon([*dome0[:1], *dome1, *scallop, *reversed(dome0)], shade(color, lit))
    pen.line([(0, 0.6), (0, 0.7)], 0.04, rgb("#3c3430"))
    pen.stamp(light, "umbrella")


def parasol(
    canvas: Canvas, light: Light, x: float, y: float, height: float, colors: tuple[Color, Color]
) -> None:
    """Plant a striped beach umbrella in the sand, with its shadow and a towel."""
    ground = canvas.pen(x, y, height, left=-1.0, right=1.2, bottom=-0.25, top=0.2)
    ground.ellipse(-0.32 * light.side, -0.05, 0.5, rgb("#5b4a3a"), 0.09)
    ground.stamp(light, opacity=0.35)
    towel = canvas.pen(x, y, height, left=-1.0, right=1.2, bottom=-0.25, top=0.2)
    towel.polygon([(0.1, -0.13), (0.85, -0.13), (0.72, 0.0), (0.08, 0.0)], colors[0])
    towel.polygon([(0.28, -0.13), (0.46, -0.13), (0.40, 0.0), (0.24, 0.0)], colors[1])
    towel.stamp(light)
    pen = canvas.pen(x, y, height, left=-0.75, right=0.75, bottom=-0.02, top=1.08)
    pen.line([(0.0, 0.0), (0.05, 1.03)], 0.03, rgb("#efe6d8"))
    panels = 8
    for k in range(panels):
        a0, a1 = (0.62 * math.sin(math.pi * (p / panels - 0.5)) for p in (k, k + 1))
        left = [
            (0.05 + a0 * math.sin(j / 6 * math.pi / 2), 0.66 + 0.38 * math.cos(j / 6 * math.pi / 2))
            for j in range(7)
        ]
        right = [
            (0.05 + a1 * math.sin(j / 6 * math.pi / 2), 0.66 + 0.38 * math.cos(j / 6 * math.pi / 2))
            for j in range(7)
        ]
        lit = 0.84 + 0.22 * (0.5 + 0.5 * light.side * (a0 + a1))
        pen.polygon([*left, *reversed(right)], shade(colors[k % 2], lit))
    pen.stamp(light, "umbrella")


def parasol_from_above(
    canvas: Canvas, light: Light, x: float, y: float, radius: float, colors: tuple[Color, Color]
) -> None:
    """Draw a beach umbrella as a drone sees it: a striped disc with a shadow."""
    cast = canvas.pen(
        x + 0.5 * radius * -light.side / canvas.aspect,
        y + 0.35 * radius,
        radius,
        left=-1.1,
        right=1.1,
        bottom=-1.1,
        top=1.1,
    )
    cast.ellipse(0, 0, 1.0, rgb("#3a3128"))
    cast.stamp(light, opacity=0.35)
    pen = canvas.pen(x, y, radius, left=-1.05, right=1.05, bottom=-1.05, top=1.05)
    turn, panels = canvas.between(0, 1), 10
    for k in range(panels):
        a0, a1 = (2 * math.pi * (p + turn) / panels for p in (k, k + 1))
        rim = [(math.cos(a0 + (a1 - a0) * j / 4), math.sin(a0 + (a1 - a0) * j / 4)) for j in range(5)]
        lit = 0.86 + 0.16 * (math.cos((a0 + a1) / 2) * light.side + math.sin((a0 + a1) / 2)) / 1.4
        pen.polygon([(0, 0), *rim], shade(colors[k % 2], lit))
    pen.ellipse(0, 0, 0.08, rgb("#fbf7ee"))
    pen.stamp(light, "umbrella")
