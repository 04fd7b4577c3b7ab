"""How simulated users tag the demo pictures: what they leave out, get wrong, and write in their own way.

Every rate is a field of `NoiseModel`, so that the errors of the demo are known and not merely plausible.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tagrefine_core.demo.concepts import CONCEPTS
from tagrefine_core.errors import ConfigError

__all__ = [
    "BACKGROUND",
    "CAMERA_TAGS",
    "GENERAL_TAGS",
    "PERSONAL_TAGS",
    "STRIKING",
    "SYNONYMS",
    "NoiseModel",
    "plural",
    "user_tags",
]

# Nobody tags the sky; everybody tags their cat.
BACKGROUND = frozenset(
    {"cloud", "fog", "forest", "grass", "night", "person", "reflection", "road", "sky", "tree"}
)
STRIKING = frozenset({"balloon", "cat", "dog", "firework", "lighthouse", "rainbow", "sunset", "waterfall"})

SYNONYMS: dict[str, tuple[str, ...]] = {
    "balloon": ("hotairballoon", "airship"),
    "beach": ("shore", "seaside", "coast", "sand"),
    "bird": ("wildlife", "birdie", "fowl"),
    "boat": ("ship", "sailboat", "vessel"),
    "bridge": ("span", "viaduct"),
    "car": ("auto", "automobile", "vehicle"),
    "cat": ("kitty", "kitten", "feline"),
    "city": ("town", "skyline", "cityscape"),
    "cloud": ("cumulus", "cloudscape"),
    "desert": ("dune", "sand", "sahara"),
    "dog": ("puppy", "pup", "canine"),
    "firework": ("pyrotechnic", "celebration"),
    "flower": ("blossom", "bloom", "petal"),
    "fog": ("mist", "haze"),
    "forest": ("wood", "woodland"),
    "grass": ("meadow", "field", "lawn"),
    "house": ("home", "cottage"),
    "lake": ("pond", "water"),
    "lighthouse": ("beacon", "pharos"),
    "moon": ("moonlight", "fullmoon"),
    "mountain": ("peak", "alp", "hill"),
    "night": ("nighttime", "dark"),
    "person": ("woman", "man", "portrait"),
    "rainbow": ("spectrum", "doublerainbow"),
    "reflection": ("mirror", "mirrored"),
    "river": ("stream", "water"),
    "road": ("street", "path", "highway"),
    "sea": ("ocean", "water", "seascape"),
    "sky": ("heaven", "bluesky"),
    "snow": ("winter", "frost", "ice"),
    "star": ("milkyway", "starlight"),
    "sunset": ("dusk", "sundown", "evening"),
    "tree": ("leaf", "branch"),
    "umbrella": ("parasol", "brolly"),
    "waterfall": ("cascade", "falls"),
}
PERSONAL_TAGS = (
    "project365", "365days", "mybirthday", "athankyou", "summer2007", "fav", "me", "family", "ourhouse", "explore", "abigfave", "anawesomeshot",
    "roadtrip08", "withjenny", "day42", "sundaywalk", "forgrandma", "uploadedlate", "top20", "img2033", "myfirsttry", "2008", "grandtour", "theboys",
)  # fmt: skip
CAMERA_TAGS = (
    "nikond70s",
    "nikon",
    "canon",
    "canoneos400d",
    "sigma30mm",
    "d80",
    "olympus",
    "leicam8",
    "50mm",
    "hdr",
    "holga",
    "iphone",
)
# In WordNet, and often true of the day, but not to be seen in the picture.
GENERAL_TAGS = (
    "vacation",
    "love",
    "travel",
    "summer",
    "holiday",
    "beauty",
    "nature",
    "friend",
    "weekend",
    "art",
    "happiness",
    "peace",
)


@dataclass(frozen=True, kw_only=True)
class NoiseModel:
    """Rates of the errors that simulated users make; every field is a probability from 0 to 1.

    Attributes
    ----------
    missing, missing_background, missing_striking : float
        Chance that a visible concept goes untagged: in general, for the background (`BACKGROUND`: sky,
        trees...), for what catches the eye (`STRIKING`: cat, rainbow...).
    wrong : float
        Chance that a photo gets a concept it does not show; a quarter of those get two.
    batch : float
        Chance that a run of photos uploaded together all carry the tags of its first photo.
    synonym, plural : float
        Chance that a concept is written as another word ("ocean") or in the plural ("clouds"); never both.
    misspelled, cased : float
        Chance of a slip of the keyboard ("montain") and of capitals ("Sunset", "SUNSET").
    personal, camera, general : float
        Chance that a photo carries the user's own tags ("project365"), a camera ("nikond70s"), or words
        that cannot be seen ("vacation").
    untagged : float
        Chance that a photo has no tags at all.
    habit : float
        How much users differ: a user's own rate r' is drawn evenly within r +- habit * min(r, 1 - r), so that
        the mean over users stays r.

    Raises
    ------
    ConfigError
        If a rate is out of range, or `synonym` and `plural` together exceed 1.
    """

    missing: float = 0.45
    missing_background: float = 0.6
    missing_striking: float = 0.3
    wrong: float = 0.08
    batch: float = 0.05
    synonym: float = 0.16
    plural: float = 0.12
    misspelled: float = 0.015
    cased: float = 0.06
    personal: float = 0.3
    camera: float = 0.15
    general: float = 0.25
    untagged: float = 0.04
    habit: float = 0.5

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ConfigError(
                    f"The demo's noise rate {field.name!r} must be a number from 0 to 1, got {value!r}."
                )
        if self.synonym + self.plural > 1:
            raise ConfigError(
                f"The demo's noise rates 'synonym' and 'plural' exclude each other and must add up to at most 1, "
                f"got {self.synonym} + {self.plural}."
            )

    def missing_rate(self, concept: str) -> float:
        """Return the chance that a visible concept goes untagged."""
        if concept in BACKGROUND:
            return self.missing_background
        return self.missing_striking if concept in STRIKING else self.missing


class _User:
    """One simulated user: own rates, own camera, own words."""

    def __init__(self, name: str, rng: np.random.Generator, noise: NoiseModel) -> None:
        self.name = name
        self.rng = rng
        self.taste = int(rng.integers(1000))
        self.shouts = bool(rng.random() < 0.25)
        self.camera = CAMERA_TAGS[int(rng.integers(len(CAMERA_TAGS)))]
        self.personal = [PERSONAL_TAGS[k] for k in rng.permutation(len(PERSONAL_TAGS))[:5]]

        def own(rate: float) -> float:
            return float(rate + noise.habit * min(rate, 1 - rate) * rng.uniform(-1, 1))

        slack = {
            rate: own(rate) for rate in (noise.missing, noise.missing_background, noise.missing_striking)
        }
        self.missing = {concept: slack[noise.missing_rate(concept)] for concept in CONCEPTS}
        self.rates: dict[str, float] = {
            name: own(getattr(noise, name))
            for name in ("wrong", "misspelled", "cased", "personal", "camera", "general", "untagged")
        }
        self.synonym, self.plural = own(noise.synonym), own(noise.plural)
        # Both can be drawn high; they still exclude each other.
        excess = max(self.synonym + self.plural, 1.0)
        self.synonym, self.plural = self.synonym / excess, self.plural / excess

    def does(self, what: str) -> bool:
        return bool(self.rng.random() < self.rates[what])

    def pick(self, words: Sequence[str], count: int) -> list[str]:
        return [words[int(k)] for k in self.rng.permutation(len(words))[:count]]

    def write(self, concept: str) -> str:
        """Write a concept the way this user does."""
        draw, word = self.rng.random(), concept
        if draw < self.synonym:
            choices = SYNONYMS[concept]
            word = choices[self.taste % len(choices)]
        elif draw < self.synonym + self.plural:
            word = plural(concept)
        if self.does("misspelled"):
            at = int(self.rng.integers(1, len(word) - 1))
            word = word[:at] + word[at + 1 :] if self.rng.random() < 0.5 else word[:at] + word[at] + word[at:]
        if self.does("cased"):
            word = word.upper() if self.shouts else word.capitalize()
        return word

    def tag(self, truth: frozenset[str]) -> list[str]:
        """Tag one photo."""
        if self.does("untagged"):
            return []
        # Sorted first: the order of a set differs between processes.
        seen = [concept for concept in sorted(truth) if self.rng.random() >= self.missing[concept]]
        if self.does("wrong"):
            others = [concept for concept in CONCEPTS if concept not in truth]
            seen += self.pick(others, 2 if self.rng.random() < 0.25 else 1)
        tags = [self.write(seen[int(k)]) for k in self.rng.permutation(len(seen))]
        if self.does("general"):
            tags = (
                [*self.pick(GENERAL_TAGS, int(self.rng.integers(1, 3))), *tags]
                if self.shouts
                else [*tags, *self.pick(GENERAL_TAGS, 1)]
            )
        if self.does("personal"):
            tags += self.pick(self.personal, int(self.rng.integers(1, 4)))
        if self.does("camera"):
            tags.append(self.camera)
        return list(dict.fromkeys(tags))


def plural(noun: str) -> str:
    """Return the plural of an English noun of `CONCEPTS`."""
    if noun == "person":
        return "people"
    if noun.endswith(("ch", "s", "sh", "x")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def user_tags(
    truth: Sequence[frozenset[str]], seed: int, noise: NoiseModel = NoiseModel()
) -> tuple[list[list[str]], list[str]]:
    """Let simulated users tag pictures whose concepts are known.

    Users upload runs of 3 to 20 photos. The tags of a photo do not depend on the photos after it.

    Parameters
    ----------
    truth : sequence of frozenset of str, length N
        Members of `CONCEPTS` that each picture shows.
    seed : int
        Zero or greater.
    noise : NoiseModel
        The rates.

    Returns
    -------
    tags : list of list of str, length N
        Raw tags by picture, in the user's order and spelling, without exact duplicates; may be empty.
    users : list of str, length N
        Who uploaded the picture.

    Raises
    ------
    ConfigError
        If the seed is negative or a concept is unknown.

    Examples
    --------
    >>> silent = NoiseModel(**{name: 0.0 for name in NoiseModel.__dataclass_fields__})
    >>> user_tags([frozenset({"sea"})], seed=0, noise=silent)
    ([['sea']], ['user001'])
    """
    if seed < 0:
        raise ConfigError(f"The demo's seed must be 0 or greater, got {seed}.")
    unknown = sorted(set().union(*truth) - set(CONCEPTS)) if truth else []
    if unknown:
        raise ConfigError(f"The demo has no concept {unknown[0]!r}; it knows: {', '.join(CONCEPTS)}.")
    rng: Any = np.random.default_rng([seed, 0x7A65])  # a stream apart from those of the pictures
    users: list[_User] = []
    tags: list[list[str]] = []
    names: list[str] = []
    while len(tags) < len(truth):
        if not users or rng.random() < 0.5:
            users.append(
                _User(f"user{len(users) + 1:03d}", np.random.default_rng([seed, 0x7A66, len(users)]), noise)
            )
            user = users[-1]
        else:
            user = users[int(rng.integers(len(users)))]
        length = int(rng.integers(3, 21))
        run = truth[len(tags) : len(tags) + length]
        first = user.tag(run[0])
        batch = rng.random() < noise.batch
        tags += [first, *(list(first) if batch else user.tag(shown) for shown in run[1:])]
        names += [user.name] * len(run)
    return tags, names
