"""What the demo pictures can show, and how much of a picture it takes to count."""

__all__ = ["CONCEPTS", "MOST_CONCEPTS", "SMALLEST_SHARE"]

# The share of the pixels from which a concept counts as visible. Wide things need a wide area, otherwise a
# strip of grass below a skyline would count; a bird is a bird at a few dozen pixels.
SMALLEST_SHARE: dict[str, float] = {
    "balloon": 0.002,
    "beach": 0.04,
    "bird": 0.0012,
    "boat": 0.0015,
    "bridge": 0.008,
    "car": 0.003,
    "cat": 0.008,
    "city": 0.03,
    "cloud": 0.05,
    "desert": 0.08,
    "dog": 0.004,
    "firework": 0.03,
    "flower": 0.008,
    "fog": 0.10,
    "forest": 0.06,
    "grass": 0.06,
    "house": 0.006,
    "lake": 0.05,
    "lighthouse": 0.003,
    "moon": 0.0008,
    "mountain": 0.04,
    "night": 0.04,
    "person": 0.002,
    "rainbow": 0.01,
    "reflection": 0.05,
    "river": 0.03,
    "road": 0.03,
    "sea": 0.05,
    "sky": 0.28,
    "snow": 0.04,
    "star": 0.06,
    "sunset": 0.08,
    "tree": 0.012,
    "umbrella": 0.003,
    "waterfall": 0.02,
}
CONCEPTS: tuple[str, ...] = tuple(SMALLEST_SHARE)
# People who describe a picture stop after a handful of things.
MOST_CONCEPTS = 7
