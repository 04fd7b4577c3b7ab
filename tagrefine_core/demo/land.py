"""Ground: mountains, hills, dunes, sand, snow, grass, roads and rivers as ribbons."""

import math

import numpy as np

from tagrefine_core.demo.canvas import Canvas
from tagrefine_core.demo.palette import Color, Light, mix, rgb, shade
from tagrefine_core.demo.texture import Plane, fractal_tile, profile, sample, smoothstep

__all__ = ["dunes", "field", "grass_blades", "hills", "mountains", "ribbon", "road", "sand", "snowfield"]


def mountains(
    canvas: Canvas, light: Light, *, base: float, height: float, rock: Color, haze: float, snow: float = 0.0,
    frequency: float = 3.0, woods: Color | None = None,
) -> Plane:  # fmt: skip
    """Raise a range of mountains.

    Parameters
    ----------
    base, height : float
        Where the feet stand and how far the peaks rise, as shares of the height of the picture.
    rock : Color
    haze : float
        Share of the haze, 0 near to 1 far.
    snow : float
        Share of the height, from the top, that is white.
    frequency : float
        Peaks across the picture.
    woods : Color, optional
        Color of the forest on the lower slopes.

    Returns
    -------
    ndarray of shape (W,)
        The y of the ridge by column.
    """
    w = canvas.width
    # A few summits of their own height and steepness, roughened by a fractal line.
    x = canvas.columns[0]
    rise = np.full(w, 0.14, dtype=np.float32)
    for k in range(int(frequency * 2) + 1):
        at, tall = (k + canvas.between(0.1, 0.9)) / (frequency * 2 + 1), canvas.between(0.42, 1.0)
        flank = np.abs(x - np.float32(at)) * np.where(
            x < at, canvas.between(1.6, 3.4), canvas.between(1.6, 3.4)
        )
        rise = np.maximum(rise, tall - (flank * np.float32(frequency * 0.36)) ** np.float32(0.85))
    rough = profile(canvas.rng, w, frequency=frequency * 3, octaves=6, gain=0.55, sharp=True)
    rise = (rise + rough * np.float32(0.13) * (0.5 + rise)).astype(np.float32)
    ridge = np.float32(base) - np.float32(height) * rise
    # What is nearer covers the ground below the feet, so only a band has to be painted.
    top, bottom = (
        max(int(ridge.min() * canvas.height), 0),
        min(int((base + 0.2) * canvas.height), canvas.height),
    )
    band, rows = slice(top, bottom), canvas.rows[top:bottom]
    alpha = canvas.below(ridge)[band]
    depth = np.maximum(rows - ridge[None, :], 0)
    # Facets: the slope of the ridge is carried down the face along wandering lines, so that spurs show.
    wander = canvas.noise(1.1, 1.1, slope=1.6)[band] - np.float32(0.5)
    smooth = np.convolve(np.pad(ridge, 6, mode="edge"), np.ones(13) / 13, mode="valid")
    slope = np.gradient(0.6 * smooth + 0.4 * ridge).astype(np.float32) * np.float32(w)
    source = np.clip(np.arange(w)[None, :] + wander * (depth + 0.015) * np.float32(w * 1.15), 0, w - 1)
    facet = np.tanh(slope[source.astype(np.int32)] * np.float32(1.6 * light.side))
    crag = canvas.noise(2.2, 1.6, slope=1.2)[band] - np.float32(0.5)
    lit = np.clip(0.5 + 0.36 * facet + 0.30 * crag + wander * 0.25, 0, 1)[..., None]
    dark, bright = mix(shade(rock, 0.42), light.zenith, 0.22), mix(shade(rock, 1.25), light.sun, 0.25)
    color = dark + (bright - dark) * lit
    drop = depth / np.float32(height)
    if woods is not None:
        trees = smoothstep(0.38, 0.68, drop + crag * np.float32(0.45))[..., None]
        color = color + trees * (woods * (np.float32(0.5) + lit * np.float32(0.6)) - color)
    if snow > 0:
        level = rows - np.float32(base - height)
        cover = smoothstep(snow * height * 1.08, snow * height * 0.8, level - crag * np.float32(height * 0.5))
        cover = cover * smoothstep(
            0.0, 0.24, lit[..., 0] + (1 - level / np.float32(height)) * np.float32(0.2)
        )
        cold = mix(rgb("#8fa6cf"), light.zenith, 0.25)
        white = mix(rgb("#ffffff"), light.sun, 0.3)
        color = color + cover[..., None] * (cold + (white - cold) * lit - color)
    color = color * (light.ambient if light.kind != "sunset" else mix(light.ambient, rgb("#ffffff"), 0.35))
    # Mist gathers at the feet.
    veil = np.clip(haze + smoothstep(0.35, 1.15, drop) * np.float32(0.22), 0, 0.97)[..., None]
    color = color + (light.haze - color) * veil
    canvas.paint(color.astype(np.float32), alpha, "mountain", box=(0, top, w, bottom))
    if snow > 0:
        canvas.mark("snow")[band] |= cover * alpha > 0.3
    return ridge


def hills(
    canvas: Canvas, light: Light, *, base: float, height: float, color: Color, haze: float = 0.0,
    frequency: float = 1.5, concept: str | None = None, rows: bool = False, spiky: float = 0.0,
) -> Plane:  # fmt: skip
    """Roll hills over the canvas; `spiky` > 0 turns the outline into far conifers. Returns the outline (W,)."""
    line = np.float32(base) - np.float32(height) * profile(
        canvas.rng, canvas.width, frequency=frequency, octaves=3, gain=0.35
    )
    outline = line
    if spiky > 0:
        # Every column takes the highest of the narrow triangles standing around it.
        x = np.arange(canvas.width, dtype=np.float32) / canvas.height
        tops = np.zeros(canvas.width, dtype=np.float32)
        step = spiky * 0.26
        for start in np.arange(0, canvas.aspect + step, step):
            tall = spiky * canvas.between(0.45, 1.0)
            near = np.abs(x - np.float32(start + canvas.between(-step, step)))
            tops = np.maximum(
                tops, tall - near * np.float32(3.4) * (1 + 0.25 * np.sin(near * np.float32(900)))
            )
        outline = (line - tops).astype(np.float32)
    alpha = canvas.below(outline)
    depth = np.maximum(canvas.rows - outline[None, :], 0)
    patches = canvas.noise(1.2, 4.0, slope=1.6) - np.float32(0.5)
    tone = 1.14 - depth * np.float32(0.9) + patches * np.float32(0.42)
    slope = np.gradient(line).astype(np.float32) * np.float32(canvas.width * 0.55 * light.side)
    tone = tone + np.clip(slope, -0.25, 0.25)[None, :]
    if rows:
        # Furrows of a field, converging far away.
        bend = (canvas.columns - canvas.between(0.2, 0.8)) / (depth + np.float32(0.05))
        tone = tone + np.sin(bend * np.float32(canvas.between(14, 24))) * np.float32(0.10) * smoothstep(
            0, 0.06, depth
        )
    lit = mix(color, light.sun, 0.12) * light.ambient
    field_color = lit * np.clip(tone, 0.25, 1.6)[..., None]
    field_color = field_color + (light.haze - field_color) * np.float32(haze)
    canvas.paint(field_color.astype(np.float32), alpha, *([concept] if concept else []))
    return outline


def field(
    canvas: Canvas,
    light: Light,
    *,
    top: Plane | float,
    near: Color,
    far: Color,
    concept: str | None = "grass",
) -> None:
    """Spread a meadow from a line down to the lower edge, with tufts that grow toward the viewer."""
    alpha = canvas.below(top)
    start = float(np.mean(top))
    depth = np.clip((canvas.rows - np.float32(start)) / np.float32(max(1 - start, 0.05)), 0, 1)
    reach = np.float32(1) / (depth + np.float32(0.08))
    tile = fractal_tile(canvas.count(0, 2), 1.2)
    v, u = np.broadcast_arrays(
        reach * np.float32(60), (canvas.columns - 0.5) * reach * np.float32(90) + canvas.between(0, 400)
    )
    tufts = sample(tile, np.asarray(v, np.float32), np.asarray(u, np.float32)) - np.float32(0.5)
    broad = canvas.noise(0.8, 2.4) - np.float32(0.5)
    color = (far + (near - far) * depth[..., None]) * (
        1 + tufts * np.float32(0.42) + broad * np.float32(0.3)
    )[..., None]
    color = mix(color, light.sun, 0.08) * light.ambient
    color = color + (light.haze - color) * ((1 - depth) ** 3 * np.float32(0.35))[..., None]
    canvas.paint(color.astype(np.float32), alpha, *([concept] if concept else []))


def grass_blades(
    canvas: Canvas, light: Light, *, base: float, height: float, color: Color, count: int, bend: float = 0.4
) -> None:
    """Draw blades of grass in front, rooted around `base`."""
    pen = canvas.whole()
    lean = canvas.between(-bend, bend)
    for _ in range(count):
        u = canvas.between(-0.05, canvas.aspect + 0.05)
        root = -base - canvas.between(-0.02, 0.06)
        tall = height * canvas.between(0.4, 1.0)
        tip = (lean + canvas.between(-0.3, 0.3)) * tall
        half = 0.004 + 0.012 * tall
        tone = shade(mix(color, light.sun, canvas.between(0, 0.25)), canvas.between(0.55, 1.2))
        middle = (u + tip * 0.35, root + tall * 0.6)
        pen.polygon(
            [
                (u - half, root),
                (middle[0] - half * 0.7, middle[1]),
                (u + tip, root + tall),
                (middle[0] + half * 0.7, middle[1]),
                (u + half, root),
            ],
            tone,
        )
    pen.stamp(light, "grass")


def dunes(canvas: Canvas, light: Light, *, top: float, sand_color: Color, layers: int = 4) -> list[Plane]:
    """Lay dunes behind each other, each with a lit and a shaded side; returns their crests."""
    crests = []
    for layer in range(layers):
        t = layer / max(layers - 1, 1)
        base = top + (0.97 - top) * t**1.35
        swing = 0.06 + 0.13 * t
        line = base - swing * profile(canvas.rng, canvas.width, frequency=2.4 - 0.9 * t, octaves=2, gain=0.25)
        line = line.astype(np.float32)
        alpha = canvas.below(line)
        depth = np.maximum(canvas.rows - line[None, :], 0)
        # The edge between light and shade starts at the crest and wanders down the dune.
        wave = profile(canvas.rng, canvas.height, frequency=2.0, octaves=2)[:, None] * np.float32(0.08)
        slope = np.gradient(line).astype(np.float32) * np.float32(canvas.width * 3.2 * light.side)
        source = np.clip(
            (canvas.columns + depth * np.float32(0.75 * light.side) + wave * depth * 4) * canvas.width,
            0,
            canvas.width - 1,
        )
        lit = smoothstep(-0.32, 0.14, slope[source.astype(np.int32)])
        ripple = np.sin(
            depth * np.float32(230 / (0.6 + t))
            + np.sin(canvas.columns * 9 + wave * 40) * 2.5
            + canvas.noise(1, 1) * 9
        )
        tone = (0.5 + 0.56 * lit + ripple * np.float32(0.022 * (0.4 + t)) * lit)[..., None]
        shadow = shade(mix(sand_color, mix(light.zenith, rgb("#8a4a3a"), 0.5), 0.42), 0.82)
        color = (
            (shadow + (mix(sand_color, light.sun, 0.3) - shadow) * lit[..., None])
            * tone
            * light.ambient
            * 1.05
        )
        color = mix(color, light.haze, 0.55 * (1 - t) ** 1.5)
        canvas.paint(color.astype(np.float32), alpha, "desert")
        crests.append(line)
    return crests


def sand(canvas: Canvas, light: Light, alpha: Plane, color: Color) -> None:
    """Cover an area with beach sand: soft humps, ripples and grains."""
    humps = canvas.noise(0.9, 2.6, slope=2.0) - np.float32(0.5)
    fine = canvas.noise(3.0, 7.0, slope=1.2) - np.float32(0.5)
    tone = (1 + humps * np.float32(0.22) + fine * np.float32(0.10) - (canvas.rows - 0.8) * np.float32(0.25))[
        ..., None
    ]
    canvas.paint((mix(color, light.sun, 0.15) * light.ambient * tone).astype(np.float32), alpha, "beach")


def snowfield(canvas: Canvas, light: Light, *, top: Plane | float, concept: str = "snow") -> None:
    """Cover the ground with snow: blue shadows, bright humps, a few sparkles."""
    humps = canvas.noise(0.5, 2.2, slope=2.0)
    fine = canvas.noise(2.0, 4.0, slope=1.2) - np.float32(0.5)
    cold = mix(rgb("#9fb4d8"), light.zenith, 0.2)
    white = mix(rgb("#ffffff"), light.sun, 0.25)
    lit = np.clip(0.25 + humps * 0.75 + fine * 0.25, 0, 1)[..., None]
    ambient = light.ambient
    if light.dark:
        ambient = mix(ambient, rgb("#8fa4d8"), 0.55)
    elif light.kind == "sunset":
        ambient = mix(ambient, mix(light.middle, rgb("#ffffff"), 0.6), 0.7)
    color = (cold + (white - cold) * lit) * ambient
    canvas.paint(color.astype(np.float32), canvas.below(top), concept)


def ribbon(
    canvas: Canvas,
    *,
    top: float,
    far_x: float,
    near_x: float,
    far_width: float,
    near_width: float,
    bend: float = 0.2,
    bottom: float = 1.0,
) -> tuple[Plane, Plane]:
    """Shape a road or river that runs from the distance to the viewer.

    Returns
    -------
    alpha : ndarray of shape (H, W)
        Coverage.
    across : ndarray of shape (H, W)
        -1 at the left bank, 0 in the middle, 1 at the right bank.
    """
    t = np.clip((canvas.rows - np.float32(top)) / np.float32(bottom - top), 0, 1)
    swing = np.float32(bend) * np.sin(t**0.6 * np.float32(2.0 * math.pi)) * (1 - t) ** 0.7
    center = np.float32(far_x) + np.float32(near_x - far_x) * t + swing
    half = np.float32(far_width / 2) + np.float32((near_width - far_width) / 2) * t**1.7
    across = np.asarray((canvas.columns - center) / half, dtype=np.float32)
    edge = np.clip((1 - np.abs(across)) * half * canvas.width + 0.5, 0, 1)
    return np.asarray(edge * (canvas.rows > top), dtype=np.float32), across


def road(
    canvas: Canvas, light: Light, *, top: float, far_x: float, near_x: float, near_width: float = 0.8, bend: float = 0.2, paved: bool = True,
    wet: bool = False, snow: bool = False,
) -> None:  # fmt: skip
    """Lead a road with markings, or a path of earth, into the distance."""
    alpha, across = ribbon(
        canvas, top=top, far_x=far_x, near_x=near_x, far_width=0.012, near_width=near_width, bend=bend
    )
    grit = canvas.noise(3.0, 6.0, slope=1.2) - np.float32(0.5)
    base = rgb("#62636a") if paved else rgb("#a98a62")
    base = mix(base, rgb("#dfe6f2"), 0.6) if snow else base
    color = (
        base * (1 + grit * np.float32(0.25 if paved else 0.4) - np.abs(across) * np.float32(0.10))[..., None]
    )
    if paved and not snow:
        depth = 1 / np.clip(canvas.rows - np.float32(top) + 0.035, 0.03, 1)
        dash = (np.sin(depth * np.float32(9)) > 0) * np.clip((0.03 - np.abs(across)) * 60, 0, 1)
        border = np.clip((0.022 - np.abs(np.abs(across) - 0.9)) * 70, 0, 1)
        color = color + np.clip(dash + border, 0, 1)[..., None] * (rgb("#f3ead2") - color)
    elif not paved:
        rut = np.exp(-(((np.abs(across) - np.float32(0.5)) / np.float32(0.22)) ** 2))
        color = color * (1 - rut * np.float32(0.18))[..., None]
    color = color * light.ambient
    far = smoothstep(0.3, 0.0, canvas.rows - np.float32(top))[..., None] * np.float32(0.4)
    color = color + (light.haze - color) * far
    if wet:
        mirror = np.clip(2 * int(top * canvas.height) - np.arange(canvas.height), 0, canvas.height - 1)
        color = color + (canvas.pixels[mirror] - color) * np.float32(0.5)
    canvas.paint(color.astype(np.float32), alpha, "road")
