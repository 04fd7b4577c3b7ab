"""What people build: skylines, houses, bridges, lighthouses, lamps."""

import math
from itertools import pairwise

import numpy as np

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.palette import Color, Light, mix, rgb, shade, vary

__all__ = ["arch_bridge", "house", "lamp", "lighthouse", "skyline", "suspension_bridge", "window_frame"]

_LAMPLIGHT = ("#ffd98a", "#ffe9b8", "#ffc46b", "#fff3d6", "#bfe3ff")


def skyline(
    canvas: Canvas,
    light: Light,
    *,
    base: float,
    height: float,
    haze: float,
    color: Color,
    lit: float = 0.0,
    width: float = 0.09,
) -> None:
    """Build a row of high-rises standing on `base`; `lit` is the share of windows with light."""
    pen = canvas.pen(
        0.0, base, 1.0, left=0.0, right=canvas.aspect, bottom=-0.02, top=min(base, height * 1.6 + 0.05)
    )
    shine = canvas.pen(
        0.0, base, 1.0, left=0.0, right=canvas.aspect, bottom=-0.02, top=min(base, height * 1.6 + 0.05)
    )
    lamps = [shade(rgb(text), strength) for text in _LAMPLIGHT for strength in (0.7, 0.85, 1.0)]
    u, rank = -0.03, canvas.between(0.3, 0.7)
    while u < canvas.aspect:
        w = width * canvas.between(0.55, 1.3)
        # The center of the town is higher than its edges.
        swell = 0.55 + 0.6 * math.exp(-(((u / canvas.aspect - rank) / 0.28) ** 2))
        tall = height * canvas.between(0.4, 1.0) * swell
        tone = vary(canvas.rng, color, 0.035)
        pen.rectangle(u, -0.02, u + w, tall, tone)
        shadow = (u, u + w * 0.24) if light.side > 0 else (u + w * 0.76, u + w)
        pen.rectangle(shadow[0], -0.02, shadow[1], tall, shade(tone, 0.78))
        style = canvas.count(0, 5)
        if style == 0:
            pen.polygon([(u, tall), (u + w, tall), (u + w / 2, tall + w * 0.8)], shade(tone, 0.9))
        elif style == 1:
            pen.rectangle(u + w * 0.25, tall, u + w * 0.75, tall + height * 0.09, tone)
            pen.line([(u + w / 2, tall), (u + w / 2, tall + height * 0.28)], 0.004, tone)
        elif style == 2:
            pen.ellipse(u + w / 2, tall, w * 0.48, tone, w * 0.3)
        elif style == 3:
            pen.polygon([(u, tall), (u + w, tall), (u + w, tall + w * 0.45)], tone)
        across, up = max(int(w / 0.014), 2), max(int(tall / 0.019), 2)
        if lit == 0:
            # By day windows are bands of glass between pillars.
            glass = mix(tone, light.horizon, 0.32)
            for row in range(up):
                low = tall * (row + 0.3) / up
                pen.rectangle(u + w * 0.08, low, u + w * 0.92, low + tall * 0.46 / up, glass)
            for column in range(1, across):
                pen.rectangle(
                    u + w * (column - 0.18) / across, 0, u + w * (column + 0.18) / across, tall, tone
                )
            u += w * canvas.between(0.9, 1.15)
            continue
        for row, column in np.argwhere(canvas.rng.random((up, across)) < lit).tolist():
            left, low = u + w * (column + 0.28) / across, tall * (row + 0.3) / up
            pane = lamps[canvas.count(0, len(lamps) - 1)]
            shine.rectangle(left, low, left + w * 0.46 / across, low + tall * 0.46 / up, pane)
        u += w * canvas.between(0.9, 1.15)
    pen.stamp(light, "city", haze=haze)
    shine.stamp(None, opacity=1 - haze * 0.7)


def house(
    canvas: Canvas,
    light: Light,
    x: float,
    y: float,
    size: float,
    *,
    wall: Color,
    roof: Color,
    snow: bool = False,
    haze: float = 0.0,
    flip: bool = False,
) -> None:
    """Build a house with a gable, a long side, windows (lit at night), a door and a chimney."""
    ground = canvas.pen(x, y, size, left=-1.2, right=1.3, bottom=-0.12, top=0.1)
    ground.ellipse(0.1 - 0.12 * light.side, 0.0, 0.98, rgb("#141a1c"), 0.07)
    ground.stamp(None, opacity=0.32)
    pen = canvas.pen(x, y, size, left=-1.0, right=1.15, bottom=-0.05, top=1.3, flip=flip)
    shine = canvas.pen(x, y, size, left=-1.0, right=1.15, bottom=-0.05, top=1.3, flip=flip)
    eave, ridge, front = 0.55, canvas.between(0.95, 1.12), -0.3
    wall_dark, cover = shade(wall, 0.8), mix(rgb("#eef3fb"), light.sun, 0.15) if snow else roof
    pen.rectangle(0.52, ridge - 0.2, 0.64, ridge + 0.12, shade(rgb("#8a5a48"), 0.9))
    if snow:
        pen.rectangle(0.50, ridge + 0.10, 0.66, ridge + 0.15, cover)
    pen.rectangle(0.0, 0, 0.95, eave, wall)
    pen.polygon([(-0.62, 0), (0.02, 0), (0.02, eave), (front, ridge), (-0.62, eave)], wall_dark)
    pen.polygon(
        [(front - 0.02, ridge + 0.02), (0.78, ridge + 0.02), (1.06, eave - 0.05), (0.0, eave - 0.05)], cover
    )
    pen.polygon(
        [
            (front, ridge + 0.04),
            (-0.72, eave - 0.07),
            (-0.66, eave - 0.10),
            (front, ridge - 0.06),
            (0.02, eave - 0.09),
            (0.06, eave - 0.04),
        ],
        shade(cover, 0.8),
    )
    if not snow:
        for k in range(1, 5):
            t = k / 5
            v = ridge + 0.02 + (eave - 0.07 - ridge) * t
            pen.line([(front + 0.32 * t, v), (0.78 + 0.28 * t, v)], 0.008, shade(roof, 0.86))
    trim, lamp = rgb("#f4efe4"), rgb(_LAMPLIGHT[canvas.count(0, 2)])
    panes = [
        (-0.48, 0.2, 0.17, 0.2),
        (-0.385, 0.62, 0.15, 0.15),
        (0.14, 0.2, 0.17, 0.2),
        (0.68, 0.2, 0.17, 0.2),
    ]
    for left, low, w, h in panes:
        pen.rectangle(left - 0.02, low - 0.02, left + w + 0.02, low + h + 0.02, trim)
        glass = mix(rgb("#5b7d99"), light.horizon, 0.35)
        target = shine if light.dark and canvas.chance(0.85) else pen
        target.rectangle(left, low, left + w, low + h, lamp if target is shine else glass)
        target.line(
            [(left + w / 2, low), (left + w / 2, low + h)], 0.014, trim if target is pen else shade(lamp, 0.6)
        )
        target.line(
            [(left, low + h / 2), (left + w, low + h / 2)], 0.014, trim if target is pen else shade(lamp, 0.6)
        )
    pen.rectangle(0.41, 0, 0.59, 0.4, vary(canvas.rng, rgb("#7c3f2c"), 0.08))
    pen.ellipse(0.56, 0.2, 0.012, rgb("#ffd98a"))
    pen.stamp(light, "house", haze=haze)
    shine.stamp(None, opacity=1 - haze * 0.6)
    if light.dark:
        canvas.glow(x, y - size * 0.3, size * 0.7, lamp, 0.26)


def suspension_bridge(
    canvas: Canvas,
    light: Light,
    *,
    deck: float,
    towers: tuple[float, float],
    height: float,
    color: Color,
    haze: float = 0.2,
    lit: bool = False,
) -> None:
    """Hang a bridge over the whole width; `deck` is the y of the roadway."""
    pen = canvas.pen(0.0, deck, 1.0, left=0.0, right=canvas.aspect, bottom=-0.2, top=height + 0.05)
    left, right = (t * canvas.aspect for t in towers)
    top, thick = height, max(0.008, height * 0.05)
    ends = [
        (-(right - left) * 0.55 + left, 0.0),
        (left, top),
        (right, top),
        (right + (right - left) * 0.55, 0.0),
    ]
    cable = []
    for (u0, v0), (u1, v1) in pairwise(ends):
        sag = 0.9 if v0 == v1 else 0.25
        for k in range(25):
            t = k / 24
            cable.append(
                (
                    u0 + (u1 - u0) * t,
                    v0 + (v1 - v0) * t - sag * top * 4 * t * (1 - t) * (1.0 if v0 == v1 else 0.5),
                )
            )
    for u, v in cable[::2]:
        pen.line([(u, 0), (u, max(v, 0.004))], thick * 0.16, shade(color, 0.85))
    pen.line(cable, thick * 0.42, color)
    for u in (left, right):
        for shift in (-thick * 1.1, thick * 1.1):
            pen.rectangle(u + shift - thick * 0.4, -0.16, u + shift + thick * 0.4, top + 0.02, color)
        for v in (0.3, 0.62, 0.95):
            pen.rectangle(u - thick * 1.1, top * v, u + thick * 1.1, top * v + thick * 0.7, shade(color, 0.9))
    pen.rectangle(-0.1, -thick * 0.7, canvas.aspect + 0.1, thick * 0.2, shade(color, 0.8))
    pen.stamp(light, "bridge", haze=haze)
    if lit:
        for u, v in cable[::4]:
            canvas.glow(u / canvas.aspect, deck - v, 0.012, rgb("#ffe2a4"), 0.9)


def arch_bridge(
    canvas: Canvas,
    light: Light,
    *,
    deck: float,
    water_line: float,
    arches: int,
    color: Color,
    start: float = 0.0,
    end: float = 1.0,
    haze: float = 0.1,
) -> None:
    """Span stone arches from `start` to `end` (shares of the width), open down to the water."""
    tall = water_line - deck
    pen = canvas.pen(
        start, water_line, tall, left=0.0, right=(end - start) * canvas.aspect / tall, bottom=-0.1, top=1.45
    )
    length = (end - start) * canvas.aspect / tall
    hump = canvas.between(0.0, 0.22)
    roadway = [(length * k / 24, 1.0 + hump * math.sin(math.pi * k / 24)) for k in range(25)]
    pen.polygon([(0, -0.1), *roadway, (length, -0.1)], color)
    for row in range(7):
        for k in range(int(length * 4)):
            u, v = (k + 0.5 * (row % 2)) / 4, 0.02 + row * 0.15
            pen.rectangle(u, v, u + 0.21, v + 0.12, vary(canvas.rng, color, 0.035))
    pitch = length / arches
    for k in range(arches):
        center, half = (k + 0.5) * pitch, pitch * 0.39
        rise = min(0.86 + hump * math.sin(math.pi * center / length), 0.16 + half)
        curve = [
            (
                center - half * math.cos(math.pi * j / 16),
                max(rise - half, 0.0) + min(half, rise) * math.sin(math.pi * j / 16),
            )
            for j in range(17)
        ]
        pen.line([(center - half, -0.1), *curve, (center + half, -0.1)], 0.10, shade(color, 0.8))
        pen.erase([(center - half, -0.12), *curve, (center + half, -0.12)])
    pen.line([(u, v + 0.05) for u, v in roadway], 0.13, shade(color, 1.12))
    pen.line([(u, v - 0.05) for u, v in roadway], 0.03, shade(color, 0.7))
    pen.stamp(light, "bridge", haze=haze)


def lighthouse(
    canvas: Canvas, light: Light, x: float, y: float, height: float, color: Color, *, haze: float = 0.0
) -> None:
    """Raise a lighthouse, striped or plain, shining when it is not day."""
    pen = canvas.pen(x, y, height, left=-0.4, right=0.6, bottom=-0.02, top=1.05)
    white, stripes = rgb("#f3f0ea"), canvas.count(2, 4)
    pen.rectangle(0.1, 0, 0.42, 0.15, shade(white, 0.92))
    pen.polygon([(0.06, 0.15), (0.46, 0.15), (0.36, 0.25), (0.16, 0.25)], shade(color, 0.85))

    def width(v: float) -> float:
        return 0.125 - 0.055 * v / 0.78

    for band in range(stripes * 2):
        low, high = 0.78 * band / (stripes * 2), 0.78 * (band + 1) / (stripes * 2)
        tone = color if band % 2 == 0 else white
        pen.polygon([(-width(low), low), (width(low), low), (width(high), high), (-width(high), high)], tone)
    pen.polygon([(width(0), 0), (width(0) * 0.35, 0), (width(0.78) * 0.35, 0.78), (width(0.78), 0.78)] if light.side < 0 else
                [(-width(0), 0), (-width(0) * 0.35, 0), (-width(0.78) * 0.35, 0.78), (-width(0.78), 0.78)], shade(mix(color, white, 0.4), 0.72))  # fmt: skip
    pen.rectangle(-0.10, 0.78, 0.10, 0.805, shade(color, 0.6))
    pen.rectangle(-0.055, 0.805, 0.055, 0.89, rgb("#ffe9a8") if light.kind != "day" else rgb("#bcd6e6"))
    for u in (-0.055, 0.0, 0.055):
        pen.line([(u, 0.805), (u, 0.89)], 0.008, rgb("#3a3a40"))
    pen.polygon([(-0.075, 0.89), (0.075, 0.89), (0.0, 0.98)], shade(color, 0.8))
    for v in (0.2, 0.48):
        pen.rectangle(-0.018, v, 0.018, v + 0.05, rgb("#3b4652"))
    pen.stamp(light, "lighthouse", haze=haze)
    if light.kind != "day":
        canvas.glow(x, y - height * 0.85, height * 0.16, rgb("#fff0b8"), 0.85)
    if light.dark:
        side = -1 if x > 0.5 else 1
        dx, dy = (
            (canvas.columns - np.float32(x)) * canvas.aspect * side,
            canvas.rows - np.float32(y - height * 0.85),
        )
        spread = np.exp(-((dy / (np.abs(dx) * np.float32(0.11) + np.float32(0.004))) ** 2))
        canvas.screen(
            rgb("#fff0c4"), spread * (dx > 0) * np.exp(-np.abs(dx) * np.float32(1.1)) * np.float32(0.55)
        )


def lamp(canvas: Canvas, light: Light, x: float, y: float, height: float) -> None:
    """Stand a street lamp, shining at night."""
    pen = canvas.pen(x, y, height, left=-0.2, right=0.2, bottom=0.0, top=1.05)
    pen.line([(0, 0), (0, 0.9)], 0.022, rgb("#2c2f36"))
    pen.polygon(
        [(-0.045, 0.88), (0.045, 0.88), (0.06, 0.99), (-0.06, 0.99)],
        rgb("#ffe2a0") if light.dark else rgb("#dfe7ea"),
    )
    pen.polygon([(-0.07, 0.98), (0.07, 0.98), (0, 1.04)], rgb("#2c2f36"))
    pen.stamp(None if light.dark else light)
    if light.dark:
        canvas.glow(x, y - height * 0.93, height * 0.2, rgb("#ffd68a"), 0.75)


def window_frame(
    canvas: Canvas, light: Light, *, left: float, top: float, right: float, bottom: float, wall: Color
) -> None:
    """Cover everything but a window with the wall of a room, and add frame and sill."""
    pen = canvas.whole()
    a, wood = canvas.aspect, mix(wall, rgb("#f5ede0"), 0.55)
    dim = shade(wall, 0.5 if light.dark else 0.85)
    sides = ((0, -1, left * a, 0), (right * a, -1, a, 0), (0, -top, a, 0), (0, -1, a, -bottom))
    for u0, v0, u1, v1 in sides:
        pen.rectangle(u0, v0, u1, v1, dim)
    lit = shade(wood, 0.55 if light.dark else 0.95)
    for u0, v0, u1, v1 in ((left * a, -bottom, left * a + 0.03, -top), (right * a - 0.03, -bottom, right * a, -top), (left * a, -top - 0.03, right * a, -top),
                           ((left + right) * a / 2 - 0.012, -bottom, (left + right) * a / 2 + 0.012, -top)):  # fmt: skip
        pen.rectangle(u0, v0, u1, v1, lit)
    pen.rectangle(left * a - 0.05, -bottom - 0.055, right * a + 0.05, -bottom + 0.012, shade(lit, 1.08))
    pen.rectangle(left * a - 0.05, -bottom - 0.075, right * a + 0.05, -bottom - 0.055, shade(lit, 0.7))
    pen.stamp(None)
    spill = np.exp(-((canvas.disc((left + right) / 2, (top + bottom) / 2) / np.float32(0.62)) ** 2))
    outside = (
        (canvas.columns < left) | (canvas.columns > right) | (canvas.rows < top) | (canvas.rows > bottom)
    )
    canvas.screen(light.horizon, spill * outside * np.float32(0.22))
