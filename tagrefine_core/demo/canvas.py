"""The canvas: a float picture, anti-aliased pens, and a record of what can still be seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from tagrefine_core.demo.palette import Color, Kind, Light, choose_light, rgb, vary
from tagrefine_core.demo.texture import Plane, fractal_tile, sample, smoothstep

__all__ = ["Canvas", "Pen", "Points"]

Points = Sequence[tuple[float, float]]
Box = tuple[int, int, int, int]
Mask = NDArray[np.bool_]


class Canvas:
    """A picture being painted from back to front.

    Positions x and y are shares of the width and of the height (y grows downward); lengths are shares of
    the height. `visible` holds, for every concept painted so far, the pixels that nothing has hidden since:
    the ground truth is read from it, so that a hidden thing is not listed.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.
    size : tuple of int
        Width and height in pixels.
    """

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        self.rng = rng
        self.width, self.height = size
        self.aspect = self.width / self.height
        self.pixels: Plane = np.zeros((self.height, self.width, 3), dtype=np.float32)
        self.rows = ((np.arange(self.height, dtype=np.float32) + 0.5) / self.height)[:, None]
        self.columns = ((np.arange(self.width, dtype=np.float32) + 0.5) / self.width)[None, :]
        self.visible: dict[str, Mask] = {}

    def between(self, low: float, high: float) -> float:
        """Draw a number from a range."""
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        """Draw a yes with a probability."""
        return bool(self.rng.random() < probability)

    def count(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def color(self, *choices: str, amount: float = 0.03) -> Color:
        """Pick one of several colors ("#rrggbb") and vary it."""
        return vary(self.rng, rgb(choices[self.count(0, len(choices) - 1)]), amount)

    def light(self, *kinds: Kind) -> Light:
        """Draw one of several kinds of light."""
        return choose_light(self.rng, kinds[self.count(0, len(kinds) - 1)])

    def noise(self, scale_x: float = 1.0, scale_y: float = 1.0, *, slope: float = 1.6) -> Plane:
        """Fractal noise over the whole canvas, (H, W) in [0, 1]; scale 1 shows a tile across the width."""
        tile = fractal_tile(self.count(0, 2), slope)
        rows = (self.rows / self.aspect * scale_y + self.between(0, 1)) * tile.shape[0]
        return sample(tile, rows, (self.columns * scale_x + self.between(0, 1)) * tile.shape[0])

    def below(self, line: Plane | float) -> Plane:
        """Coverage (H, W) of what lies below a line given as y by column, with a soft edge of one pixel."""
        line = np.broadcast_to(np.asarray(line, dtype=np.float32), (self.width,))
        return np.asarray(np.clip((self.rows - line[None, :]) * self.height + 0.5, 0, 1), dtype=np.float32)

    def disc(self, x: float, y: float) -> Plane:
        """Distance (H, W) of every pixel from a point, as a share of the height."""
        return np.asarray(np.hypot((self.columns - x) * self.aspect, self.rows - y), dtype=np.float32)

    def paint(self, color: Color, alpha: Plane, *concepts: str, box: Box | None = None) -> None:
        """Lay a color over the canvas and note what it shows and what it hides.

        Parameters
        ----------
        color : ndarray of shape (3,) or (h, w, 3)
        alpha : ndarray of shape (h, w) in [0, 1]
        *concepts : str
            What the layer shows.
        box : tuple of int, optional
            Left, top, right, bottom in pixels, inside the canvas; the whole canvas by default.
        """
        left, top, right, bottom = box or (0, 0, self.width, self.height)
        target = self.pixels[top:bottom, left:right]
        change = color - target
        change *= alpha[..., None]
        target += change
        self._note(alpha, concepts, (left, top, right, bottom))

    def lay(self, premultiplied: Plane, alpha: Plane, concepts: Sequence[str], box: Box) -> None:
        """Lay a picture whose colors are already multiplied by its coverage, as pens make them."""
        left, top, right, bottom = box
        target = self.pixels[top:bottom, left:right]
        target *= (1 - alpha)[..., None]
        target += premultiplied
        self._note(alpha, concepts, box)

    def _note(self, alpha: Plane, concepts: Sequence[str], box: Box) -> None:
        left, top, right, bottom = box
        clear = alpha <= 0.55
        for seen in self.visible.values():
            seen[top:bottom, left:right] &= clear
        for concept in concepts:
            self.mark(concept)[top:bottom, left:right] |= alpha > 0.3

    def mark(self, concept: str, where: Plane | None = None) -> Mask:
        """Note that a concept can be seen (where `where` exceeds .3) and return its mask."""
        seen = self.visible.setdefault(concept, np.zeros((self.height, self.width), dtype=np.bool_))
        if where is not None:
            seen |= where > 0.3
        return seen

    def screen(self, color: Color, amount: Plane) -> None:
        """Add light: like projecting a second picture onto the canvas."""
        self.pixels = 1 - (1 - self.pixels) * (1 - np.clip(amount, 0, 1)[..., None] * color)

    def glow(self, x: float, y: float, radius: float, color: Color, strength: float = 1.0) -> None:
        """Add a soft light of a radius (share of the height) around a point."""
        reach = int(radius * 2.6 * self.height) + 2
        cx, cy = int(x * self.width), int(y * self.height)
        left, right = max(cx - reach, 0), min(cx + reach, self.width)
        top, bottom = max(cy - reach, 0), min(cy + reach, self.height)
        if left >= right or top >= bottom:
            return
        dx = (self.columns[:, left:right] - x) * self.aspect
        square = (dx**2 + (self.rows[top:bottom] - y) ** 2) / np.float32(radius**2)
        amount = np.float32(strength) * np.clip(np.exp(-square) - 0.0012, 0, 1)
        patch = self.pixels[top:bottom, left:right]
        self.pixels[top:bottom, left:right] = 1 - (1 - patch) * (1 - np.clip(amount, 0, 1)[..., None] * color)

    def blur(self, radius: float) -> None:
        """Put everything painted so far out of focus (radius as a share of the height)."""
        image = self._image().filter(ImageFilter.GaussianBlur(radius * self.height))
        self.pixels = np.asarray(image, dtype=np.float32) / np.float32(255)

    def finish(self, *, grain: float = 0.012, vignette: float = 0.25, bloom: float = 0.25) -> Image.Image:
        """Develop the picture: bloom of bright parts, vignette, film grain."""
        small = self._image().reduce(4).filter(ImageFilter.GaussianBlur(self.height / 280))
        halo = smoothstep(0.6, 1.0, np.asarray(small, dtype=np.float32) / np.float32(255)) * np.float32(
            127 * bloom
        )
        veil = Image.fromarray(halo.astype(np.uint8)).resize(
            (self.width, self.height), Image.Resampling.BILINEAR
        )
        self.pixels += (1 - self.pixels) * (np.asarray(veil) * np.float32(1 / 255))
        corner = ((self.columns - 0.5) ** 2 + (self.rows - 0.5) ** 2) * 2
        self.pixels *= (1 - np.float32(vignette) * corner**1.5)[..., None]
        speck = self.rng.integers(-128, 128, (self.height, self.width), dtype=np.int8)
        self.pixels += (speck * np.float32(grain / 74))[..., None]
        return self._image()

    def _image(self) -> Image.Image:
        levels = self.pixels * np.float32(255) + np.float32(0.5)
        return Image.fromarray(np.clip(levels, 0, 255, out=levels).astype(np.uint8))

    def pen(
        self,
        x: float,
        y: float,
        scale: float,
        *,
        left: float = -1.0,
        right: float = 1.0,
        bottom: float = 0.0,
        top: float = 1.0,
        flip: bool = False,
    ) -> "Pen":
        """Open a pen whose unit is `scale` (share of the height) and whose origin stands at (x, y).

        The pen's u grows to the right (to the left if `flip`) and its v upward; it can draw from `left` to
        `right` and from `bottom` to `top`, in its own units.
        """
        return Pen(self, x, y, scale, (left, bottom, right, top), flip)

    def whole(self, *, supersample: int = 2) -> "Pen":
        """Open a pen over the whole canvas: u from 0 to the aspect ratio, v from -1 (bottom) to 0 (top)."""
        return Pen(self, 0.0, 0.0, 1.0, (0.0, -1.0, self.aspect, 0.0), False, supersample)


class Pen:
    """Anti-aliased drawing of one thing; see `Canvas.pen`. Nothing shows until `stamp`."""

    def __init__(
        self,
        canvas: Canvas,
        x: float,
        y: float,
        scale: float,
        extent: tuple[float, float, float, float],
        flip: bool,
        supersample: int | None = None,
    ) -> None:
        left, bottom, right, top = extent
        if flip:
            left, right = -right, -left
        self.canvas, self.flip, self.unit = canvas, flip, scale * canvas.height
        px, py = x * canvas.width, y * canvas.height
        # Whole pixels, cut at the canvas: a thing half outside costs half the work.
        self.box: Box = (
            int(np.clip(np.floor(px + left * self.unit), 0, canvas.width)),
            int(np.clip(np.floor(py - top * self.unit), 0, canvas.height)),
            int(np.clip(np.ceil(px + right * self.unit) + 1, 0, canvas.width)),
            int(np.clip(np.ceil(py - bottom * self.unit) + 1, 0, canvas.height)),
        )
        self.factor = supersample or (4 if self.unit < canvas.height * 0.2 else 3)
        self.origin = (px - self.box[0]) * self.factor, (py - self.box[1]) * self.factor
        size = (
            max(self.box[2] - self.box[0], 1) * self.factor,
            max(self.box[3] - self.box[1], 1) * self.factor,
        )
        # Ink is opaque, so the drawing is premultiplied as it stands; RGBX spares Pillow the conversions that
        # it makes for RGBA when it shrinks a picture.
        self.image = Image.new("RGBX", size, (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def _point(self, u: float, v: float) -> tuple[float, float]:
        step = self.unit * self.factor
        return self.origin[0] + (-u if self.flip else u) * step, self.origin[1] - v * step

    @staticmethod
    def _ink(color: Color) -> tuple[int, int, int, int]:
        red, green, blue = (color * 255).tolist()  # Pillow clips
        return int(red), int(green), int(blue), 255

    def polygon(self, points: Points, color: Color) -> None:
        """Fill a polygon."""
        self.draw.polygon([self._point(u, v) for u, v in points], fill=self._ink(color))

    def rectangle(self, u0: float, v0: float, u1: float, v1: float, color: Color) -> None:
        """Fill an upright rectangle given by two corners."""
        (x0, y0), (x1, y1) = self._point(u0, v0), self._point(u1, v1)
        self.draw.rectangle((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)), fill=self._ink(color))

    def ellipse(self, u: float, v: float, radius: float, color: Color, radius_v: float | None = None) -> None:
        """Fill an ellipse around a point; a circle unless `radius_v` is given."""
        (x, y), step = self._point(u, v), self.unit * self.factor
        rx, ry = radius * step, (radius if radius_v is None else radius_v) * step
        self.draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=self._ink(color))

    def line(self, points: Points, width: float, color: Color) -> None:
        """Draw a line of a width in the pen's units, with rounded joints."""
        step = max(round(width * self.unit * self.factor), 1)
        self.draw.line(
            [self._point(u, v) for u, v in points], fill=self._ink(color), width=step, joint="curve"
        )

    def arc(
        self, u: float, v: float, radius: float, start: float, end: float, width: float, color: Color
    ) -> None:
        """Draw a part of a circle, in degrees counted from the right against the clock."""
        angles = np.radians(np.linspace(start, end, 14))
        points = zip(
            (u + radius * np.cos(angles)).tolist(), (v + radius * np.sin(angles)).tolist(), strict=True
        )
        self.line(list(points), width, color)

    def erase(self, points: Points) -> None:
        """Cut a polygon out of what was drawn."""
        self.draw.polygon([self._point(u, v) for u, v in points], fill=(0, 0, 0, 0))

    def stamp(
        self,
        light: Light | None,
        *concepts: str,
        haze: float = 0.0,
        opacity: float = 1.0,
        shading: float = 0.0,
    ) -> None:
        """Put the drawing onto the canvas.

        Parameters
        ----------
        light : Light or None
            Colors are tinted by its ambient light and fade into its haze; None keeps them (things that shine).
        *concepts : str
            What the drawing shows.
        haze : float
            Share of the haze, 0 near to 1 far.
        opacity : float
            Of the whole drawing.
        shading : float
            Darkens the side away from the light by this share, which gives flat shapes some body.
        """
        left, top, right, bottom = self.box
        if right <= left or bottom <= top:
            return
        drawn = np.asarray(self.image.reduce(self.factor)) * np.float32(opacity / 255)
        color, alpha = drawn[..., :3], drawn[..., 3]
        if light is not None:
            tint = light.ambient * np.float32(1 - haze)
            color = color * tint
            if shading:
                across = np.linspace(-1, 1, right - left, dtype=np.float32) * np.float32(light.side)
                color *= (1 + np.float32(shading) * across)[None, :, None]
            if haze:
                color += alpha[..., None] * (light.haze * np.float32(haze))
        self.canvas.lay(color, alpha, concepts, self.box)
