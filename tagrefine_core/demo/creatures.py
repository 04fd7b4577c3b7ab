"""Living things: birds, dogs, cats and people, drawn from simple shapes."""

import math

from tagrefine_core.demo.canvas import Canvas, Pen
from tagrefine_core.demo.palette import Color, Light, mix, rgb, shade, vary

__all__ = [
    "cat_from_behind",
    "cat_sitting",
    "dog",
    "flock",
    "perched_bird",
    "person",
    "portrait",
    "random_coat",
    "seated",
]

_SKIN = ("#f0c9a8", "#d9a883", "#b98058", "#8a5a3c", "#e6b893")
_HAIR = ("#2a1d16", "#4a3020", "#7a5230", "#c39a5a", "#1c1a1c", "#8c3c22")
_CLOTHES = ("#c8443c", "#2f6fb0", "#e0a63a", "#3f8f6b", "#7a4b94", "#e8e2d4", "#34445c", "#d8698a", "#48a3b5")


def random_coat(canvas: Canvas) -> Color:
    """Pick the color of a piece of clothing."""
    return vary(canvas.rng, rgb(_CLOTHES[canvas.count(0, len(_CLOTHES) - 1)]), 0.04)


def flock(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    *,
    count: int,
    size: float,
    spread: float,
    color: Color,
    haze: float = 0.0,
) -> None:
    """Let birds fly: wings as two bent strokes, each at its own beat."""
    for _ in range(count):
        bx, by = x + canvas.between(-spread, spread), y + canvas.between(-spread, spread) * 0.5
        span, beat = size * canvas.between(0.7, 1.15), canvas.between(-0.15, 0.5)
        pen = canvas.pen(bx, by, span, left=-0.62, right=0.62, bottom=-0.4, top=0.6, flip=canvas.chance(0.5))
        for side in (-1, 1):
            lift = beat + canvas.between(-0.05, 0.05)
            elbow, tip = (side * 0.27, 0.12 + lift * 0.45), (side * 0.56, lift * 0.6 - 0.02)
            pen.polygon([(0.0, 0.05), elbow, tip, (side * 0.26, 0.03 + lift * 0.40), (0.0, -0.06)], color)
        pen.ellipse(0.0, 0.0, 0.10, color, 0.06)
        pen.polygon([(0.07, 0.03), (0.2, 0.01), (0.07, -0.04)], color)
        pen.stamp(light, "bird", haze=haze)


def perched_bird(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    size: float,
    back: Color,
    breast: Color,
    *,
    flip: bool = False,
) -> None:
    """Set a small bird on a branch; (x, y) is below its feet, `size` its height."""
    pen = canvas.pen(x, y, size, left=-0.95, right=0.75, bottom=-0.25, top=1.1, flip=flip)
    pen.polygon([(-0.28, 0.34), (-0.86, -0.12), (-0.72, -0.2), (-0.16, 0.14)], shade(back, 0.7))
    for u in (-0.02, 0.12):
        pen.line([(u, 0.14), (u + 0.02, 0.0)], 0.03, rgb("#5a4334"))
    body = [
        (0.36 * math.cos(t) * (1.12 if math.cos(t) < 0 else 1.0) + 0.02, 0.42 + 0.31 * math.sin(t))
        for t in (k * 2 * math.pi / 40 for k in range(40))
    ]
    tilted = [(u + 0.25 * (v - 0.42), v + 0.18 * u) for u, v in body]
    pen.polygon(tilted, breast)
    pen.polygon(
        [p for p in tilted if p[1] - 0.3 * -p[0] < 0.36 or p[0] < -0.1], mix(breast, rgb("#fff4e4"), 0.55)
    )
    pen.polygon([(-0.42, 0.28), (-0.1, 0.66), (0.16, 0.74), (0.12, 0.44), (-0.12, 0.24), (-0.52, 0.08)], back)
    pen.polygon([(-0.44, 0.22), (-0.05, 0.46), (0.1, 0.44), (-0.12, 0.24), (-0.66, -0.02)], shade(back, 0.72))
    for k in range(3):
        pen.line(
            [(-0.5 + 0.07 * k, 0.10 + 0.06 * k), (0.0 + 0.03 * k, 0.40 + 0.07 * k)], 0.012, shade(back, 1.3)
        )
    pen.ellipse(0.24, 0.80, 0.215, back, 0.2)
    pen.ellipse(0.30, 0.73, 0.13, mix(breast, rgb("#ffffff"), 0.2), 0.10)
    pen.polygon([(0.42, 0.84), (0.66, 0.775), (0.42, 0.74)], rgb("#d9902f"))
    pen.polygon([(0.42, 0.79), (0.65, 0.773), (0.42, 0.74)], rgb("#a8641c"))
    pen.ellipse(0.315, 0.84, 0.038, rgb("#15110f"))
    pen.ellipse(0.328, 0.855, 0.013, rgb("#ffffff"))
    pen.stamp(light, "bird", shading=0.08)


def dog(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    height: float,
    color: Color,
    *,
    flip: bool = False,
    haze: float = 0.0,
) -> None:
    """Let a dog stand or trot, seen from the side; (x, y) is between its paws."""
    pen = canvas.pen(x, y, height, left=-0.95, right=0.95, bottom=-0.05, top=1.15, flip=flip)
    dark, light_tone = shade(color, 0.68), mix(color, light.sun, 0.18)
    stride = canvas.between(-0.10, 0.12)
    for u, swing in ((-0.40, -stride), (0.30, stride)):
        pen.line([(u, 0.45), (u + swing * 0.3 - 0.03, 0.24), (u + swing, 0.02)], 0.085, dark)
    tail = canvas.between(0.75, 1.0)
    pen.line([(-0.50, 0.62), (-0.70, 0.70), (-0.80, tail)], 0.06, color)
    pen.polygon(
        [
            (-0.54, 0.66),
            (-0.5, 0.42),
            (-0.2, 0.38),
            (0.12, 0.33),
            (0.38, 0.38),
            (0.46, 0.58),
            (0.40, 0.74),
            (0.0, 0.69),
            (-0.40, 0.72),
        ],
        color,
    )
    pen.polygon(
        [(-0.50, 0.70), (-0.40, 0.72), (0.0, 0.69), (0.40, 0.74), (0.36, 0.66), (0.0, 0.62), (-0.42, 0.64)],
        light_tone,
    )
    for u, swing in ((-0.46, stride), (0.38, -stride)):
        pen.polygon([(u - 0.10, 0.58), (u + 0.09, 0.58), (u + 0.045, 0.3), (u - 0.06, 0.28)], color)
        pen.line([(u, 0.32), (u + swing * 0.3 - 0.015, 0.18), (u + swing, 0.03)], 0.085, color)
        pen.ellipse(u + swing + 0.035, 0.03, 0.06, light_tone, 0.032)
    pen.polygon([(0.24, 0.68), (0.44, 0.46), (0.66, 0.84), (0.44, 0.98)], color)
    pen.ellipse(0.56, 0.92, 0.17, color, 0.155)
    pen.polygon([(0.56, 0.99), (0.84, 0.90), (0.86, 0.81), (0.58, 0.78)], light_tone)
    pen.ellipse(0.855, 0.885, 0.042, rgb("#1a1513"), 0.035)
    pen.line([(0.66, 0.82), (0.84, 0.815)], 0.014, shade(color, 0.45))
    pen.polygon([(0.42, 1.05), (0.55, 1.03), (0.54, 0.78), (0.42, 0.73), (0.36, 0.86)], dark)
    pen.ellipse(0.64, 0.955, 0.026, rgb("#16100c"))
    pen.line([(0.33, 0.78), (0.52, 0.62)], 0.045, rgb("#c8443c"))
    pen.stamp(light, "dog", haze=haze)


def cat_sitting(
    canvas: Canvas, light: Light, x: float, y: float, height: float, color: Color, *, flip: bool = False
) -> None:
    """Seat a cat that looks at the viewer."""
    pen = canvas.pen(x, y, height, left=-0.6, right=0.7, bottom=-0.06, top=1.08, flip=flip)
    dark, pale = shade(color, 0.7), mix(color, rgb("#fff6ea"), 0.6)
    pen.line([(0.20, 0.08), (0.42, 0.05), (0.54, 0.14), (0.52, 0.30), (0.58, 0.38)], 0.085, dark)
    pen.polygon(_egg(0.0, 0.30, 0.31, 0.36), color)
    pen.ellipse(-0.20, 0.13, 0.15, shade(color, 0.9), 0.15)
    pen.ellipse(0.20, 0.13, 0.15, shade(color, 0.9), 0.15)
    pen.polygon(_egg(0.0, 0.34, 0.14, 0.25), pale)
    for u in (-0.085, 0.085):
        pen.line([(u, 0.34), (u, 0.05)], 0.10, color)
        pen.ellipse(u, 0.035, 0.075, pale, 0.042)
    for side in (-1, 1):
        pen.polygon([(side * 0.235, 0.80), (side * 0.21, 1.05), (side * 0.05, 0.93)], color)
        pen.polygon([(side * 0.20, 0.84), (side * 0.19, 0.99), (side * 0.09, 0.92)], rgb("#e3a49a"))
    pen.ellipse(0, 0.77, 0.25, color, 0.205)
    for side in (-1, 0, 1):
        pen.line([(side * 0.06, 0.965), (side * 0.05, 0.88)], 0.026, dark)
    for side in (-1, 1):
        for v in (0.26, 0.36, 0.46):
            pen.line([(side * 0.29, v), (side * 0.19, v + 0.02)], 0.028, dark)
        pen.ellipse(side * 0.065, 0.69, 0.085, pale, 0.065)
        pen.ellipse(
            side * 0.105, 0.795, 0.052, mix(rgb("#b8d04a"), rgb("#e0a63a"), canvas.between(0, 1)), 0.045
        )
        pen.ellipse(side * 0.105, 0.795, 0.018, rgb("#12100e"), 0.042)
        for tilt in (0.02, -0.03):
            pen.line(
                [(side * 0.09, 0.695), (side * 0.33, 0.70 + tilt)], 0.008, mix(pale, rgb("#ffffff"), 0.5)
            )
    pen.polygon([(-0.03, 0.735), (0.03, 0.735), (0, 0.70)], rgb("#d98880"))
    pen.stamp(light, "cat", shading=0.12)


def cat_from_behind(
    canvas: Canvas, light: Light, x: float, y: float, height: float, color: Color, *, flip: bool = False
) -> None:
    """Seat a cat that looks away, its tail hanging or curled."""
    pen = canvas.pen(x, y, height, left=-0.65, right=0.75, bottom=-0.35, top=1.08, flip=flip)
    pen.line([(0.18, 0.08), (0.36, 0.03), (0.48, -0.08), (0.50, -0.22), (0.57, -0.30)], 0.085, color)
    pen.polygon(_egg(0.0, 0.31, 0.32, 0.38), color)
    rim = mix(color, light.horizon if light.dark else light.sun, 0.35)
    for side in (-1, 1):
        pen.polygon([(side * 0.225, 0.78), (side * 0.215, 1.04), (side * 0.04, 0.92)], color)
    pen.ellipse(0, 0.76, 0.235, color, 0.20)
    pen.arc(0, 0.76, 0.215, 20 if light.side > 0 else 100, 80 if light.side > 0 else 160, 0.022, rim)
    pen.line([(light.side * 0.28, 0.20), (light.side * 0.285, 0.36), (light.side * 0.2, 0.55)], 0.022, rim)
    pen.stamp(light, "cat")


def _egg(u: float, v: float, rx: float, ry: float) -> list[tuple[float, float]]:
    points = []
    for k in range(32):
        t = 2 * math.pi * k / 32
        points.append((u + rx * math.cos(t) * (1 - 0.28 * math.sin(t)), v + ry * math.sin(t)))
    return points


def _head(pen: Pen, u: float, v: float, radius: float, hair: Color, skin: Color, long_hair: bool) -> None:
    if long_hair:
        pen.polygon(
            [
                (u - radius * 1.15, v + 0.3 * radius),
                (u + radius * 1.15, v + 0.3 * radius),
                (u + radius * 1.2, v - 2.3 * radius),
                (u - radius * 1.2, v - 2.3 * radius),
            ],
            hair,
        )
    pen.ellipse(u, v, radius, skin, radius * 1.15)
    pen.ellipse(u, v + radius * 0.42, radius * 1.08, hair, radius * 0.8)


def person(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    height: float,
    *,
    coat: Color | None = None,
    flip: bool = False,
    haze: float = 0.0,
    hat: bool = False,
    arm_up: bool = False,
) -> None:
    """Stand or walk somebody; (x, y) is between the feet."""
    pen = canvas.pen(x, y, height, left=-0.4, right=0.4, bottom=-0.02, top=1.12, flip=flip)
    coat = random_coat(canvas) if coat is None else coat
    skin, hair = rgb(_SKIN[canvas.count(0, 4)]), rgb(_HAIR[canvas.count(0, 5)])
    trousers, step = (
        rgb(("#33405a", "#4b4038", "#5c6470", "#2b2b33")[canvas.count(0, 3)]),
        canvas.between(0.02, 0.12),
    )
    dress, long_hair = canvas.chance(0.35), canvas.chance(0.5)
    for side, tone in ((-1, shade(trousers, 0.75)), (1, trousers)):
        leg = skin if dress else tone
        pen.line([(side * 0.035, 0.5), (side * step * 0.5 + 0.02, 0.26), (side * step, 0.03)], 0.075, leg)
        pen.polygon(
            [
                (side * step - 0.04, 0.0),
                (side * step + 0.085, 0.0),
                (side * step + 0.03, 0.05),
                (side * step - 0.04, 0.05),
            ],
            rgb("#2b2522"),
        )
    swing = canvas.between(0.05, 0.13)
    pen.line([(-0.09, 0.79), (-0.12 - swing * 0.3, 0.62), (-0.10 - swing, 0.48)], 0.055, shade(coat, 0.75))
    pen.polygon(
        [(-0.115, 0.82), (0.115, 0.82), (0.10, 0.62), (0.115, 0.46), (-0.115, 0.46), (-0.10, 0.62)], coat
    )
    if dress:
        pen.polygon([(-0.09, 0.60), (0.09, 0.60), (0.19, 0.30), (-0.19, 0.30)], coat)
    pen.polygon(
        [
            (light.side * 0.115, 0.82),
            (light.side * 0.05, 0.82),
            (light.side * 0.055, 0.46),
            (light.side * 0.115, 0.46),
        ],
        mix(coat, light.sun, 0.25),
    )
    hand = (0.14, 0.98) if arm_up else (0.10 + swing, 0.50)
    elbow = (0.17, 0.78) if arm_up else (0.13 + swing * 0.3, 0.63)
    pen.line([(0.09, 0.79), elbow, hand], 0.055, coat)
    pen.ellipse(*hand, 0.028, skin)
    pen.rectangle(-0.028, 0.8, 0.028, 0.86, shade(skin, 0.85))
    _head(pen, 0.0, 0.915, 0.066, hair, skin, long_hair)
    if hat:
        pen.ellipse(0, 0.955, 0.13, rgb("#e6d3a0"), 0.026)
        pen.ellipse(0, 0.98, 0.068, rgb("#d8c08a"), 0.048)
    pen.stamp(light, "person", haze=haze)


def seated(canvas: Canvas, light: Light, x: float, y: float, height: float, *, haze: float = 0.0) -> None:
    """Seat somebody seen from behind; (x, y) is the middle of the seat, `height` from seat to crown."""
    pen = canvas.pen(x, y, height, left=-0.6, right=0.6, bottom=-0.08, top=1.05)
    coat, skin, hair = random_coat(canvas), rgb(_SKIN[canvas.count(0, 4)]), rgb(_HAIR[canvas.count(0, 5)])
    pen.ellipse(0, 0.06, 0.36, shade(rgb("#39445c"), 0.9), 0.14)
    pen.polygon([(-0.24, 0.02), (0.24, 0.02), (0.26, 0.54), (0.12, 0.66), (-0.12, 0.66), (-0.26, 0.54)], coat)
    pen.line([(-0.24, 0.55), (-0.36, 0.30), (-0.30, 0.04)], 0.10, shade(coat, 0.85))
    pen.line([(0.24, 0.55), (0.36, 0.30), (0.30, 0.04)], 0.10, shade(coat, 0.95))
    pen.rectangle(-0.06, 0.62, 0.06, 0.74, shade(skin, 0.85))
    pen.ellipse(0, 0.83, 0.145, hair, 0.165)
    if canvas.chance(0.5):
        pen.polygon([(-0.15, 0.83), (0.15, 0.83), (0.17, 0.52), (-0.17, 0.52)], hair)
    pen.stamp(light, "person", haze=haze)


def portrait(canvas: Canvas, light: Light, x: float, height: float, *, flip: bool = False) -> None:
    """Draw the profile of somebody against the light, head and shoulders, cut by the lower edge."""
    pen = canvas.pen(x, 1.0, height, left=-0.75, right=0.75, bottom=-0.02, top=1.1, flip=flip)
    shadow = mix(shade(light.zenith, 0.35), rgb("#1a1216"), 0.5)
    face = [
        (0.02, 0.98), (0.10, 0.965), (0.165, 0.92), (0.195, 0.85), (0.200, 0.795), (0.192, 0.765), (0.205, 0.735), (0.238, 0.675), (0.246, 0.655),
        (0.232, 0.640), (0.208, 0.632), (0.214, 0.612), (0.228, 0.598), (0.218, 0.580), (0.226, 0.562), (0.216, 0.542), (0.204, 0.530), (0.212, 0.500),
        (0.196, 0.465), (0.155, 0.448), (0.095, 0.462), (0.065, 0.44), (0.060, 0.36), (0.10, 0.30), (0.27, 0.245), (0.36, 0.17), (0.40, -0.02),
        (-0.52, -0.02), (-0.47, 0.17), (-0.34, 0.26), (-0.19, 0.32), (-0.165, 0.44), (-0.20, 0.58), (-0.235, 0.74), (-0.20, 0.88), (-0.10, 0.965),
    ]  # fmt: skip
    pen.polygon(face, shadow)
    style = canvas.count(0, 3)
    hair = shade(shadow, 0.8)
    if style == 0:
        pen.ellipse(-0.20, 0.98, 0.125, hair, 0.115)
        pen.ellipse(-0.04, 0.82, 0.21, hair, 0.185)
    elif style == 1:
        pen.polygon(
            [
                (0.10, 1.0),
                (-0.12, 1.03),
                (-0.30, 0.86),
                (-0.34, 0.55),
                (-0.42, 0.22),
                (-0.16, 0.22),
                (-0.08, 0.6),
                (0.12, 0.86),
            ],
            hair,
        )
    elif style == 2:
        pen.polygon([(0.2, 0.93), (-0.30, 0.86), (-0.27, 0.99), (-0.1, 1.08), (0.1, 1.06)], hair)
        pen.polygon([(0.16, 0.90), (0.42, 0.86), (0.43, 0.885), (0.18, 0.96)], hair)
    else:
        for k in range(24):
            t = k / 23
            pen.ellipse(
                -0.20 - 0.22 * math.sin(2.2 * t),
                0.82 - 0.46 * t**1.4,
                0.035 + 0.035 * math.sin(math.pi * t**0.6),
                hair,
            )
    rim = mix(light.sun, light.horizon, 0.4)
    pen.line(face[2:22], 0.008, rim)
    pen.line([(0.10, 0.30), (0.27, 0.245), (0.36, 0.17)], 0.008, rim)
    pen.stamp(None, "person")
