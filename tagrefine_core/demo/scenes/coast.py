"""Scenes at the sea: open water, beaches, sunsets with people."""

import math
from dataclasses import replace

import numpy as np

from tagrefine_core.demo.buildings import lighthouse
from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.creatures import dog, flock, person, portrait, seated
from tagrefine_core.demo.land import hills, sand
from tagrefine_core.demo.palette import Color, Kind, Light, choose_light, mix, rgb, shade, vary
from tagrefine_core.demo.plants import bokeh, palm
from tagrefine_core.demo.sky import clouds, cumulus, fireworks, fog, moon, paint_sky, stars, sun
from tagrefine_core.demo.texture import profile, smoothstep
from tagrefine_core.demo.vehicles import parasol, parasol_from_above, sailboat, stripes
from tagrefine_core.demo.water import foam, water

__all__ = ["beach", "beach_from_above", "fireworks_over_sea", "silhouette", "sunset_sea"]


def _upper_sky(canvas: Canvas, light: Light, horizon: float, *, cloudy: float = 0.6) -> None:
    paint_sky(canvas, light, horizon)
    if light.dark:
        stars(canvas, light, horizon, many=canvas.count(120, 260))
        if canvas.chance(0.6):
            moon(
                canvas, light, light.sun_x, canvas.between(0.12, horizon * 0.6), canvas.between(0.025, 0.055)
            )
    elif light.kind == "sunset":
        sun(canvas, light, horizon - canvas.between(-0.015, 0.16), size=canvas.between(0.03, 0.06))
    if canvas.chance(cloudy):
        clouds(canvas, light, horizon, cover=canvas.between(0.3, 0.62), height=canvas.between(0.3, 0.55))
    if light.kind == "day":
        for _ in range(canvas.count(0, 4)):
            cumulus(
                canvas,
                light,
                canvas.between(0, 1),
                horizon - canvas.between(0.02, 0.3),
                canvas.between(0.18, 0.55),
            )


def _coast(canvas: Canvas, sunset: float = 0.5, night: float = 0.12) -> Light:
    """Draw the time of day at the sea, where people photograph evenings."""
    kinds: tuple[Kind, ...] = ("sunset", "night", "overcast", "day")
    kind = kinds[int(canvas.rng.choice(4, p=(sunset, night, 0.07, 0.93 - sunset - night)))]
    return choose_light(canvas.rng, kind)


def _sea_color(light: Light) -> Color:
    return {
        "day": rgb("#1f6f93"),
        "sunset": rgb("#3c4a78"),
        "night": rgb("#1b3a6b"),
        "overcast": rgb("#5b7684"),
    }[light.kind]


def sunset_sea(canvas: Canvas) -> None:
    """Paint open sea with boats, birds, a headland or a lighthouse."""
    light, horizon = _coast(canvas, sunset=0.55), canvas.between(0.42, 0.66)
    _upper_sky(canvas, light, horizon)
    tower = canvas.chance(0.48)
    if tower or canvas.chance(0.3):
        side = 1 if canvas.chance(0.5) else 0
        drop = smoothstep(0.62, 0.05, np.abs(canvas.columns[0] - side)) * np.float32(
            canvas.between(0.06, 0.14)
        )
        rock = np.float32(horizon) - drop + 0.012 * profile(canvas.rng, canvas.width, frequency=9)
        rock = np.where(drop > 0.003, rock, 2).astype(np.float32)
        tone = 1 + (canvas.noise(2, 2, slope=1.2)[..., None] - 0.5) * 0.7
        ground = mix(rgb("#4d5140"), light.haze, 0.18) * light.ambient * tone
        canvas.paint(ground.astype(np.float32), canvas.below(rock) * (canvas.rows < horizon + 0.01))
        if tower:
            x = abs(side - canvas.between(0.1, 0.26))
            foot = float(rock[int(x * (canvas.width - 1))]) + 0.012
            lighthouse(canvas, light, x, foot, canvas.between(0.2, 0.38), stripes(canvas)[0])
    water(
        canvas,
        light,
        top=horizon,
        concept="sea",
        color=vary(canvas.rng, _sea_color(light), 0.03),
        calm=canvas.between(0.1, 0.5),
    )
    for _ in range(canvas.count(0, 3) if not tower else canvas.count(0, 1)):
        near = canvas.between(0.0, 1.0) ** 1.6
        colors = stripes(canvas)
        sail = mix(colors[0], rgb("#fbf6ea"), 0.75)
        sailboat(canvas, light, canvas.between(0.1, 0.9), horizon + 0.012 + near * 0.2, 0.07 + near * 0.34, shade(colors[1], 0.7), sail,
                 haze=0.25 * (1 - near), flip=canvas.chance(0.5))  # fmt: skip
    if canvas.chance(0.4) and not light.dark:
        dark = mix(shade(light.zenith, 0.4), rgb("#23202a"), 0.5)
        flock(canvas, light, canvas.between(0.2, 0.8), horizon * canvas.between(0.3, 0.7), count=canvas.count(3, 9), size=canvas.between(0.035, 0.09),
              spread=0.2, color=dark if light.kind == "sunset" else mix(dark, rgb("#ffffff"), canvas.between(0, 0.8)))  # fmt: skip
    if canvas.chance(0.1):
        fog(canvas, light, horizon - 0.14, horizon + 0.2, density=0.85)


def beach(canvas: Canvas) -> None:
    """Paint sand with palms, parasols, people and dogs in front of the sea."""
    light, horizon = _coast(canvas, sunset=0.3, night=0.03), canvas.between(0.3, 0.5)
    _upper_sky(canvas, light, horizon, cloudy=0.3)
    if canvas.chance(0.35):
        hills(canvas, light, base=horizon + 0.01, height=0.05, color=rgb("#4f7358"), haze=0.5, frequency=2.2)
    color = mix(_sea_color(light), rgb("#2bb3b8"), 0.45 if light.kind == "day" else 0.05)
    water(canvas, light, top=horizon, concept="sea", color=color, calm=0.25)
    tilt, middle = canvas.between(-0.16, 0.16), canvas.between(0.6, 0.74)
    shore = (
        middle
        + tilt * (canvas.columns[0] - 0.5)
        + 0.022 * profile(canvas.rng, canvas.width, frequency=3, octaves=3)
    )
    shore = shore.astype(np.float32)
    # Shallow water is turquoise, then foam, wet sand, dry sand.
    shallow = np.exp(-np.maximum(shore[None, :] - canvas.rows, 0) / np.float32(0.07)) * (
        canvas.rows > horizon
    )
    tint = mix(rgb("#7fe0d2"), light.horizon, 0.3 if light.kind == "day" else 0.75)
    canvas.pixels += (shallow * np.float32(0.5))[..., None] * (
        tint * mix(light.ambient, rgb("#ffffff"), 0.3) - canvas.pixels
    )
    foam(canvas, light, (shore - 0.05).astype(np.float32), width=0.014)
    tone = vary(canvas.rng, rgb("#e8cfa0"), 0.03)
    sand(canvas, light, canvas.below(shore), tone)
    wet = np.exp(-np.maximum(canvas.rows - shore[None, :], 0) / np.float32(0.045)) * canvas.below(shore)
    canvas.pixels *= (1 - wet * np.float32(0.38))[..., None]
    foam(canvas, light, shore, width=0.024)

    def ground(x: float) -> float:
        return float(shore[int(np.clip(x, 0, 1) * (canvas.width - 1))])

    for _ in range(canvas.count(0, 3) if canvas.chance(0.65) else 0):
        x = canvas.between(0.1, 0.9)
        parasol(
            canvas,
            light,
            x,
            min(ground(x) + canvas.between(0.1, 0.26), 0.95),
            canvas.between(0.2, 0.4),
            stripes(canvas),
        )
    for _ in range(canvas.count(1, 3) if canvas.chance(0.5) else 0):
        x = canvas.between(0.08, 0.92)
        depth = canvas.between(0.02, 0.2)
        person(
            canvas,
            light,
            x,
            min(ground(x) + depth, 0.97),
            0.15 + depth * 0.9,
            flip=canvas.chance(0.5),
            hat=canvas.chance(0.25),
        )
    if canvas.chance(0.22):
        x = canvas.between(0.15, 0.85)
        dog(
            canvas,
            light,
            x,
            min(ground(x) + canvas.between(0.08, 0.2), 0.95),
            canvas.between(0.12, 0.28),
            vary(canvas.rng, rgb(("#b07a42", "#5b4030", "#e0c79c", "#3a3432")[canvas.count(0, 3)]), 0.04),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.5):
        flip = canvas.chance(0.5)
        for _ in range(canvas.count(1, 3)):
            x = canvas.between(0.62, 1.0) if flip else canvas.between(0.0, 0.38)
            palm(
                canvas,
                light,
                x,
                min(ground(x) + canvas.between(0.05, 0.25), 1.02),
                canvas.between(0.45, 0.8),
                flip=flip,
            )
    if canvas.chance(0.22):
        near = canvas.between(0.05, 0.12)
        sailboat(
            canvas,
            light,
            canvas.between(0.2, 0.8),
            horizon + near * 0.3,
            0.08 + near,
            rgb("#3b4a63"),
            rgb("#f7f0e2"),
            haze=0.12,
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.2):
        flock(
            canvas,
            light,
            canvas.between(0.2, 0.8),
            horizon * 0.5,
            count=canvas.count(3, 7),
            size=canvas.between(0.04, 0.08),
            spread=0.18,
            color=rgb("#f4f4f2") if light.kind == "day" else rgb("#2d2a35"),
        )


def beach_from_above(canvas: Canvas) -> None:
    """Paint a beach as a drone sees it: a slanting line of foam between turquoise and sand, parasols as discs."""
    light = canvas.light("day")
    angle, shift = canvas.between(-0.7, 0.7), canvas.between(-0.1, 0.12)
    bend = 0.05 * profile(canvas.rng, canvas.width, frequency=2.5, octaves=4)
    across = (
        (canvas.columns - 0.5) * math.sin(angle) * canvas.aspect
        + (canvas.rows - 0.5) * math.cos(angle)
        + bend[None, :]
        - shift
    )
    across = across.astype(np.float32)
    if canvas.chance(0.5):
        across = -across
    deep = vary(canvas.rng, rgb(("#12608c", "#0f6f8f", "#1a5a9a")[canvas.count(0, 2)]), 0.02)
    shoal = rgb("#5fd6cb")
    near = np.exp(np.minimum(across, 0) / np.float32(0.17))[..., None]
    swell = canvas.noise(1.2, 2.4, slope=1.6) - np.float32(0.5)
    ripple = canvas.noise(4, 6, slope=1.2) - np.float32(0.5)
    sea = (deep + (shoal - deep) * near) * (1 + swell * np.float32(0.28) + ripple * np.float32(0.20))[
        ..., None
    ]
    canvas.paint(sea.astype(np.float32), np.ones((canvas.height, canvas.width), np.float32), "sea")
    sand(
        canvas,
        light,
        np.clip(across * canvas.height * 0.5 + 0.5, 0, 1).astype(np.float32),
        vary(canvas.rng, rgb("#ecd6aa"), 0.03),
    )
    wet = np.exp(-np.maximum(across, 0) / np.float32(0.035)) * (across > 0)
    canvas.pixels *= (1 - wet * np.float32(0.25))[..., None]
    lace = canvas.noise(2.4, 3.2, slope=1.2)
    for offset, width, gain in ((0.0, 0.016, 0.95), (-0.075, 0.020, 0.65), (-0.17, 0.016, 0.4)):
        swash = across - np.float32(offset) + (lace - 0.5) * np.float32(0.05)
        line = np.exp(-((swash / np.float32(width)) ** 2)) * smoothstep(0.15, 0.65, lace) * np.float32(gain)
        canvas.pixels += line[..., None] * (rgb("#ffffff") - canvas.pixels)
    dry = np.argwhere(across > 0.13)
    size = canvas.between(0.032, 0.06)
    if len(dry) and canvas.chance(0.8):
        taken: list[tuple[float, float]] = []
        for _ in range(canvas.count(3, 16)):
            row, column = dry[canvas.count(0, len(dry) - 1)]
            x, y = column / canvas.width, row / canvas.height
            if all(math.hypot((x - a) * canvas.aspect, y - b) > size * 2.6 for a, b in taken):
                taken.append((x, y))
                parasol_from_above(canvas, light, x, y, size * canvas.between(0.85, 1.1), stripes(canvas))
    wetter = np.argwhere(across < -0.2)
    if len(wetter) and canvas.chance(0.5):
        row, column = wetter[canvas.count(0, len(wetter) - 1)]
        pen = canvas.pen(
            column / canvas.width,
            row / canvas.height,
            canvas.between(0.1, 0.2),
            left=-0.6,
            right=0.6,
            bottom=-0.6,
            top=0.6,
        )
        turn = canvas.between(0, 6.28)
        hull = [
            (math.cos(turn) * u - math.sin(turn) * v, math.sin(turn) * u + math.cos(turn) * v)
            for u, v in ((-0.42, -0.14), (-0.42, 0.14), (0.1, 0.17), (0.5, 0.0), (0.1, -0.17))
        ]
        wake = [
            (math.cos(turn) * u - math.sin(turn) * v, math.sin(turn) * u + math.cos(turn) * v)
            for u, v in ((-0.4, -0.1), (-0.4, 0.1), (-0.6, 0.17), (-0.6, -0.17))
        ]
        pen.polygon(wake, rgb("#e8fbfa"))
        pen.polygon(hull, rgb("#fbf8f0"))
        pen.polygon([(u * 0.62, v * 0.62) for u, v in hull], stripes(canvas)[0])
        pen.stamp(light, "boat")


def silhouette(canvas: Canvas) -> None:
    """Paint somebody against the evening: a profile close up, or people at the water's edge."""
    light, horizon = canvas.light("sunset"), canvas.between(0.55, 0.75)
    _upper_sky(canvas, light, horizon, cloudy=0.55)
    water(canvas, light, top=horizon, concept="sea", color=_sea_color(light), calm=canvas.between(0.2, 0.5))
    if canvas.chance(0.55):
        canvas.blur(0.012)
        bokeh(
            canvas,
            light,
            [light.horizon, light.sun, light.middle],
            count=canvas.count(0, 14),
            low=0.012,
            high=0.045,
            strength=0.3,
        )
        portrait(canvas, light, canvas.between(0.3, 0.7), canvas.between(0.75, 1.0), flip=canvas.chance(0.5))
        return
    bank = (
        canvas.between(0.84, 0.9) - 0.012 * profile(canvas.rng, canvas.width, frequency=4, octaves=4)
    ).astype(np.float32)
    canvas.paint(mix(shade(light.zenith, 0.3), rgb("#171016"), 0.5), canvas.below(bank))
    from_dusk = replace(light, ambient=rgb("#30242c"))
    start = canvas.between(0.25, 0.6)
    for k in range(canvas.count(1, 4)):
        x = start + k * canvas.between(0.06, 0.1)
        foot = float(bank[min(int(x * canvas.width), canvas.width - 1)]) + 0.012
        if canvas.chance(0.25):
            seated(canvas, from_dusk, x, foot, canvas.between(0.13, 0.18))
        else:
            person(
                canvas,
                from_dusk,
                x,
                foot,
                canvas.between(0.22, 0.36),
                arm_up=canvas.chance(0.3),
                flip=canvas.chance(0.5),
            )
    if canvas.chance(0.35):
        x = start - canvas.between(0.08, 0.14)
        dog(
            canvas,
            from_dusk,
            x,
            float(bank[int(x * canvas.width)]) + 0.012,
            canvas.between(0.1, 0.17),
            rgb("#6b5240"),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.3):
        flock(
            canvas,
            from_dusk,
            canvas.between(0.2, 0.8),
            0.25,
            count=canvas.count(3, 8),
            size=0.06,
            spread=0.2,
            color=rgb("#2a2028"),
        )


def fireworks_over_sea(canvas: Canvas) -> None:
    """Paint fireworks above dark water, watched from boats."""
    light, horizon = canvas.light("night"), canvas.between(0.58, 0.72)
    paint_sky(canvas, light, horizon)
    hills(canvas, light, base=horizon + 0.005, height=0.045, color=rgb("#3a4a66"), frequency=2.4)
    fireworks(canvas, horizon, bursts=canvas.count(2, 5))
    water(
        canvas,
        light,
        top=horizon,
        concept="sea",
        color=_sea_color(light),
        calm=canvas.between(0.45, 0.58),
        glitter=False,
    )
    for _ in range(canvas.count(0, 2)):
        near = canvas.between(0.0, 1.0)
        sailboat(
            canvas,
            light,
            canvas.between(0.1, 0.9),
            horizon + 0.02 + near * 0.15,
            0.1 + near * 0.22,
            rgb("#8a90a8"),
            rgb("#cfd6e8"),
            flip=canvas.chance(0.5),
        )
    if canvas.chance(0.35):
        x = canvas.between(0.25, 0.7)
        for k in range(2):
            person(canvas, light, x + k * 0.075, 1.0, canvas.between(0.24, 0.3), flip=k == 1)
