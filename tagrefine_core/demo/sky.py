"""Everything above the horizon: gradients, clouds, sun, moon, stars, rainbow, fireworks, fog."""

import math

import numpy as np
from PIL import ImageFilter

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.palette import Color, Light, mix, rgb, shade
from tagrefine_core.demo.texture import Plane, fractal_tile, sample, smoothstep

__all__ = [
    "clouds",
    "cumulus",
    "fireworks",
    "fog",
    "moon",
    "paint_sky",
    "rainbow",
    "rays",
    "snowfall",
    "stars",
    "sun",
]


def paint_sky(canvas: Canvas, light: Light, horizon: float) -> None:
    """Fill the canvas with the sky down to the horizon and with haze below it."""
    t = np.clip(canvas.rows[:, 0] / max(horizon, 0.05), 0, 1)
    stops = np.stack([light.zenith, light.middle, light.horizon])
    gradient = np.stack([np.interp(t**1.15, (0, 0.58, 1), stops[:, c]) for c in range(3)], axis=-1)
    field = np.broadcast_to(gradient[:, None, :].astype(np.float32), canvas.pixels.shape).copy()
    # Bands of slightly different tone keep large gradients alive.
    field += (canvas.noise(0.5, 1.4, slope=2.0)[..., None] - np.float32(0.5)) * np.float32(0.045)
    canvas.pixels[:] = field
    above = np.broadcast_to(canvas.rows < horizon, canvas.pixels.shape[:2]).astype(np.float32)
    canvas.mark("night" if light.dark else "sky", above)
    if light.kind == "sunset":
        canvas.mark("sunset", above)


def sun(canvas: Canvas, light: Light, y: float, *, size: float = 0.045) -> None:
    """Put the sun into the sky, with its glow."""
    x = light.sun_x
    canvas.glow(x, y, size * 9, light.sun, 0.42)
    canvas.glow(x, y, size * 3.2, light.sun, 0.55)
    disc = np.clip((np.float32(size) - canvas.disc(x, y)) * canvas.height + 0.5, 0, 1)
    canvas.pixels += disc[..., None] * (mix(light.sun, rgb("#ffffff"), 0.65) - canvas.pixels)


def moon(canvas: Canvas, light: Light, x: float, y: float, size: float) -> None:
    """Put a moon (full or a crescent) into the sky."""
    canvas.glow(x, y, size * 5, light.sun, 0.32)
    canvas.glow(x, y, size * 1.9, light.sun, 0.35)
    distance = canvas.disc(x, y)
    disc = np.clip((np.float32(size) - distance) * canvas.height + 0.5, 0, 1)
    if canvas.chance(0.4):
        bite = canvas.disc(x + size * canvas.between(0.35, 0.7) / canvas.aspect, y - size * 0.25)
        disc = disc * np.clip((bite - np.float32(size * 0.92)) * canvas.height * 0.6 + 0.5, 0, 1)
    maria = smoothstep(0.45, 0.85, canvas.noise(1.3, 1.3)) * np.float32(0.17)
    color = rgb("#fdf8e6") * (1 - maria - np.float32(0.12) * (distance / np.float32(size)) ** 3)[..., None]
    canvas.paint(color.astype(np.float32), disc.astype(np.float32), "moon")


def stars(canvas: Canvas, light: Light, horizon: float, *, many: int = 260, milky_way: bool = False) -> None:
    """Scatter stars above the horizon; with a milky way on request."""
    if milky_way:
        angle = canvas.between(-0.9, 0.9)
        across = (canvas.columns - canvas.between(0.3, 0.7)) * math.cos(angle) * canvas.aspect
        across = across + (canvas.rows - horizon * 0.4) * math.sin(angle)
        wisps = canvas.noise(0.8, 0.8, slope=1.6)
        band = np.exp(-((across / np.float32(0.2)) ** 2)) * (np.float32(0.25) + wisps)
        fade = smoothstep(horizon, horizon * 0.55, canvas.rows)
        canvas.screen(mix(light.sun, rgb("#b48cff"), 0.45), band * fade * np.float32(0.36))
        dust = np.exp(-((across / np.float32(0.06)) ** 2)) * smoothstep(
            0.45, 0.9, canvas.noise(1, 1, slope=1.6)
        )
        canvas.pixels *= (1 - dust * fade * np.float32(0.45))[..., None]
    pen = canvas.whole()
    tones = [mix(light.middle, rgb("#ffffff"), k / 8) for k in range(3, 9)]
    for _ in range(many):
        u, v = canvas.between(0, canvas.aspect), -horizon * canvas.rng.random() ** 1.25 * 0.97
        size = 0.0011 + 0.0026 * canvas.rng.random() ** 5
        pen.ellipse(u, v, size, tones[canvas.count(0, 5)])
    pen.stamp(None)
    for _ in range(canvas.count(4, 9)):
        canvas.glow(canvas.between(0, 1), canvas.between(0, horizon * 0.8), 0.008, light.sun, 0.8)
    above = np.broadcast_to(canvas.rows < horizon, canvas.pixels.shape[:2]).astype(np.float32)
    canvas.mark("star", above)


def clouds(canvas: Canvas, light: Light, horizon: float, *, cover: float, height: float = 0.35) -> None:
    """Spread a layer of clouds that runs into the distance.

    Parameters
    ----------
    cover : float
        Share of the sky that is covered, 0 to 1.
    height : float
        How high above the eye the layer floats; small gives large clouds.
    """
    depth = np.float32(height) / (np.maximum(np.float32(horizon + 0.035) - canvas.rows, 0.012))
    tile = fractal_tile(canvas.count(0, 2), 1.6)
    drift_x, drift_y = canvas.between(0, 512), canvas.between(0, 512)
    rows = depth * np.float32(95) + np.float32(drift_y)
    columns = (canvas.columns - 0.5) * depth * np.float32(150 * canvas.aspect) + np.float32(drift_x)
    density = sample(tile, np.broadcast_to(rows, columns.shape), columns)
    toward = (canvas.columns - np.float32(light.sun_x)) * np.float32(26)
    behind = sample(tile, rows + np.float32(9) * depth, columns - toward)
    body = smoothstep(1 - cover, 1 - cover + 0.36, density)
    lit = np.clip(0.55 + (density - behind) * 1.9 - body * 0.25, 0, 1)[..., None]
    near_sun = np.exp(-((canvas.disc(light.sun_x, horizon) / np.float32(0.55)) ** 2))[..., None]
    bright = mix(light.sun, rgb("#ffffff"), 0.35 if light.kind in ("day", "overcast") else 0.0)
    if light.dark:
        bright = mix(light.horizon, light.sun, 0.22)
    dark = mix(light.middle, mix(light.zenith, rgb("#6f7684"), 0.3), 0.55)
    if light.kind == "day":
        dark = mix(dark, rgb("#c9d3de"), 0.55)
    color = dark + (bright - dark) * lit
    if light.kind == "sunset":
        color = color + (light.horizon - color) * near_sun * np.float32(0.45)
    # Far clouds melt into the haze; nothing is painted below the horizon.
    fade = smoothstep(horizon, horizon - 0.16, canvas.rows) * np.float32(0.93)
    alpha = (body * fade).astype(np.float32)
    canvas.pixels += alpha[..., None] * (color.astype(np.float32) - canvas.pixels)
    canvas.mark("cloud", alpha * (canvas.rows < horizon))


def cumulus(canvas: Canvas, light: Light, x: float, y: float, width: float) -> None:
    """Paint one heaped cloud with a flat base; (x, y) is the middle of the base."""
    h, w = canvas.height, canvas.width
    reach = width * 0.7
    left, right = int(max((x - reach / canvas.aspect) * w, 0)), int(min((x + reach / canvas.aspect) * w, w))
    top, bottom = int(max((y - width * 0.55) * h, 0)), int(min((y + width * 0.12) * h, h))
    if right - left < 4 or bottom - top < 4:
        return
    u = (canvas.columns[:, left:right] - np.float32(x)) * np.float32(canvas.aspect / width)
    v = (np.float32(y) - canvas.rows[top:bottom]) / np.float32(width)
    tile = fractal_tile(canvas.count(0, 2), 1.6)
    start = canvas.between(0, 500)
    puff = sample(tile, v * 130 + np.float32(start), u * 130 + np.float32(start)) - np.float32(0.5)
    fluff = puff * np.float32(0.16)
    body = np.full((bottom - top, right - left), -1.0, dtype=np.float32)
    shine = np.zeros_like(body)
    for _ in range(canvas.count(6, 10)):
        cu = canvas.between(-0.38, 0.38)
        radius = canvas.between(0.09, 0.2) * (1.15 - abs(cu) * 1.5)
        cv = radius * canvas.between(0.3, 0.9) + max(0.0, 0.14 - abs(cu) * 0.4) * canvas.between(0, 1)
        inside = 1 - np.hypot(u - np.float32(cu), v - np.float32(cv)) / np.float32(radius)
        tone = (v - np.float32(cv)) / np.float32(radius) * np.float32(0.7)
        tone = tone + (u - np.float32(cu)) / np.float32(radius) * np.float32(0.45 * light.side)
        shine = np.where(inside > body, tone, shine)
        body = np.maximum(body, inside)
    alpha = smoothstep(-0.06, 0.24, body + fluff * 2.2) * smoothstep(
        -0.035, 0.03, v + fluff * np.float32(0.3)
    )
    bright = (
        mix(rgb("#ffffff"), light.sun, 0.35)
        if light.kind != "sunset"
        else mix(light.sun, light.horizon, 0.25)
    )
    dark = mix(light.middle, rgb("#b8c0cf") if light.kind != "sunset" else light.zenith, 0.5)
    if light.dark:
        bright, dark = mix(light.horizon, light.sun, 0.18), light.middle
    lit = smoothstep(-0.9, 1.0, shine + puff * np.float32(1.1) + v * np.float32(2.4))[..., None]
    color = (dark + (bright - dark) * lit).astype(np.float32)
    alpha = np.asarray(alpha * np.float32(0.95), dtype=np.float32)
    patch = canvas.pixels[top:bottom, left:right]
    patch += alpha[..., None] * (color - patch)
    canvas.mark("cloud")[top:bottom, left:right] |= alpha > 0.4


def rainbow(
    canvas: Canvas, x: float, y: float, radius: float, *, strength: float = 0.5, where: Plane | None = None
) -> None:
    """Draw a rainbow around a center below the horizon; `where` (H, W) can keep it behind things."""
    t = (canvas.disc(x, y) - np.float32(radius)) / np.float32(0.045 * (0.6 + radius))
    hues = np.linspace(-1, 1, 7)
    ramp = np.array(
        [rgb(c) for c in ("#7b3fe4", "#4057e8", "#30a9d8", "#4ccb5a", "#f5e04a", "#f79433", "#e8413c")]
    )
    color = np.stack([np.interp(t, hues, ramp[:, c]) for c in range(3)], axis=-1).astype(np.float32)
    band = np.exp(-(np.abs(t) ** 3.2)) * np.float32(strength)
    if where is not None:
        band = band * where
    canvas.screen(rgb("#ffffff"), smoothstep(0.0, -4.0, t) * smoothstep(-22.0, -2.0, t) * np.float32(0.06))
    canvas.pixels += band[..., None] * (color * 1.1 - canvas.pixels) * np.float32(0.75)
    canvas.screen(color, band * np.float32(0.35))
    canvas.mark("rainbow", band * (np.float32(0.45 / strength)))


def fireworks(canvas: Canvas, horizon: float, *, bursts: int) -> None:
    """Light bursts of fireworks above the horizon."""
    palette = ("#ff5a4e", "#ffd166", "#7ee081", "#61c3ff", "#d98cff", "#ff8ad0", "#fff1c4", "#ffa24c")
    pen = canvas.whole(supersample=2)
    for _ in range(bursts):
        x, y = canvas.between(0.12, 0.88), canvas.between(0.1, max(horizon - 0.25, 0.2))
        size = canvas.between(0.09, 0.24)
        first, second = (rgb(palette[canvas.count(0, len(palette) - 1)]) for _ in range(2))
        rays_count = canvas.count(30, 54)
        for ray in range(rays_count):
            angle = 2 * math.pi * (ray + canvas.between(-0.3, 0.3)) / rays_count
            length = size * canvas.between(0.75, 1.05) * (1 if ray % 3 else 0.62)
            previous = (x * canvas.aspect, -y)
            for step in range(1, 6):
                t = step / 5
                # Sparks fall as they fly: a parabola, brighter toward its end.
                u = x * canvas.aspect + math.cos(angle) * length * t
                v = -y + math.sin(angle) * length * t - 0.28 * size * t * t
                pen.line([previous, (u, v)], 0.003, shade(mix(second, first, t), 0.25 + 0.75 * t))
                previous = (u, v)
            pen.ellipse(*previous, 0.0048, mix(first, rgb("#ffffff"), 0.55))
        canvas.glow(x, y, size * 0.85, mix(first, second, 0.5), 0.3)
        canvas.mark("firework", (canvas.disc(x, y) < size).astype(np.float32))
    sparks = pen.image.convert("RGB").reduce(2)
    halo = sparks.filter(ImageFilter.GaussianBlur(canvas.height / 55))
    for layer, gain in ((sparks, 1.25), (halo, 1.7)):
        canvas.pixels = 1 - (1 - canvas.pixels) * (
            1 - np.clip(np.asarray(layer, np.float32) / 255 * gain, 0, 1)
        )


def fog(
    canvas: Canvas, light: Light, top: float, bottom: float, *, density: float, concept: bool = True
) -> None:
    """Lay a bank of fog between two heights."""
    wisps = canvas.noise(0.55, 2.0, slope=2.0)
    rise = smoothstep(top, top + (bottom - top) * 0.45, canvas.rows + (wisps - 0.5) * np.float32(0.16))
    fall = smoothstep(bottom + 0.12, bottom - (bottom - top) * 0.35, canvas.rows)
    alpha = np.asarray(rise * fall * (np.float32(0.45) + wisps * np.float32(0.75)) * np.float32(density))
    alpha = np.clip(alpha, 0, 0.96).astype(np.float32)
    color = mix(light.haze, rgb("#ffffff"), 0.0 if light.dark else 0.35)
    canvas.pixels += alpha[..., None] * (color - canvas.pixels)
    for seen in canvas.visible.values():
        seen &= ~(alpha > 0.88)
    if concept:
        canvas.mark("fog", alpha)


def rays(canvas: Canvas, x: float, y: float, color: Color, *, strength: float = 0.3) -> None:
    """Let beams of light fall from a point."""
    angle = np.arctan2(canvas.rows - np.float32(y), (canvas.columns - np.float32(x)) * canvas.aspect)
    tile = fractal_tile(canvas.count(0, 2), 1.2)
    strip = np.interp(angle, np.linspace(-math.pi, math.pi, 256), tile[canvas.count(0, 511), :256])
    beams = smoothstep(0.35, 1.0, strip.astype(np.float32))
    canvas.screen(color, beams * np.exp(-canvas.disc(x, y) * np.float32(1.6)) * np.float32(strength))


def snowfall(canvas: Canvas, count: int) -> None:
    """Let it snow, with a few big flakes near the viewer."""
    pen, white = canvas.whole(), rgb("#ffffff")
    for _ in range(count):
        radius = 0.0015 + 0.006 * canvas.rng.random() ** 3
        pen.ellipse(canvas.between(0, canvas.aspect), -canvas.between(0, 1), radius, white)
    pen.stamp(None, opacity=0.85)
