"""Searching, filtering and ordering photos, on a table small enough to read and against plain loops."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse

from tagrefine_core.errors import ConfigError
from tagrefine_core.refinement import Changes, Prospects, changes
from tagrefine_core.refinement.photo_table import Catalog, PhotoTable
from tagrefine_core.refinement.query import PhotoQuery, find
from tagrefine_core.refinement.search_text import FIELDS, Comparison
from tagrefine_core.refinement.verdicts import Verdicts

TAGS = ("flower", "macro", "sea", "new_york")
FILES = ("im2.jpg", "im10.jpg", "im1.jpg", "holiday/IM3.jpg", "im20.jpg")


def csr(rows: list[list[float]]) -> sparse.csr_matrix:
    return sparse.csr_matrix(np.array(rows, dtype=np.float32))


@pytest.fixture
def table() -> PhotoTable:
    """Five photos: 0 flower kept, sea removed; 1 macro added; 2 nothing at all; 3 flower kept, macro added; 4 only New York."""
    scores = np.array(
        [
            [0.9, 0.2, 0.1, 0],
            [0.3, 0.7, 0.2, 0],
            [0.1, 0.1, 0.1, 0],
            [0.8, 0.95, 0.3, 0],
            [0.4, 0.1, 0.1, 0.5],
        ],
        dtype=np.float32,
    )
    nothing = [0, 0, 0, 0]
    return PhotoTable(
        Catalog(
            files=FILES,
            vocabulary=TAGS,
            spellings=["flower", "Flowers", "sea", "Canon (EOS)", "NewYork"],
            merged=[0, 0, 2, -1, 3],
            raw=csr([[0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0] * 5, [1, 0, 0, 1, 0], [0, 0, 0, 0, 1]]),
        ),
        changes=Changes(
            added=csr([nothing, [0, 0.7, 0, 0], nothing, [0, 0.95, 0, 0], nothing]),
            removed=csr([[0, 0, 0.1, 0], nothing, nothing, nothing, nothing]),
            kept=csr([[0.9, 0, 0, 0], nothing, nothing, [0.8, 0, 0, 0], nothing]),
            untold=csr([nothing, nothing, nothing, nothing, [0, 0, 0, 0.5]]),
            doubt=np.array([0.9, 0.7, 0.1, 0.95, 0.7], dtype=np.float32),
            precision=0.7,
        ),
        scores=scores,
        visualness=np.array([0.8, 0.9, 0.6, 0.2], dtype=np.float32),
        verdicts=Verdicts(
            sparse.csr_matrix(
                np.array([[0, 0, -1, 0], nothing, nothing, [1, 2, 0, 0], [0, 0, 0, 1]], dtype=np.int8)
            ),
            {2: {"garden party": "accept"}, 3: {"Canon (EOS)": "reject", "garden party": "unsure"}},
            lost=0,
            version=7,
        ),
        decided=lambda: np.array([30, -1, -1, 10, 40]),
        point_of=lambda like: (np.arange(10.0).reshape(5, 2)[int(like)], np.arange(10.0).reshape(5, 2)),
    )


def rows(table: PhotoTable, **query: str) -> list[int]:
    return find(table, PhotoQuery(**query)).rows.tolist()


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("flower", {0, 3}),
        ("FLOWER", {0, 3}),
        ("macro", {1, 3}),  # a tag the run adds counts
        ("sea", {0}),  # and one that it removes
        ("flower and macro", {3}),
        ("flower macro", {3}),
        ("flower and not macro", {0}),
        ("not flower", {1, 2, 4}),
        ("not not flower", {0, 3}),
        ("sea or macro and flower", {0, 3}),
        ("(sea or macro) and flower", {0, 3}),
        ("not (sea or macro)", {2, 4}),
        ("new_york", {4}),  # what a picture cannot tell is there
        ("flowers", {0, 3}),  # a spelling that was merged is the tag
        ("written:flowers", {0}),  # letter for letter
        ("written:*", {0, 1, 3, 4}),
        ('"canon (eos)"', {1, 3}),  # a spelling that was dropped
        ('user:"Canon (EOS)"', {1, 3}),
        ('refined:"Canon (EOS)"', set()),
        ("new york", {4}),  # words side by side that are a tag
        ('"New York"', {4}),
        ("newyork", {4}),
        ("new-york", {4}),
        ("not new york", {0, 1, 2, 3}),
        ("user:new york", {4}),
        ("sea or new york", {0, 4}),
        ("new and york", set()),
        ("holiday", {3}),  # no tag, no spelling: a file name
        ('"im1"', {1, 2}),
        ('"im3.JPG" or sea', {0, 3}),
        ('"and"', set()),
        ("user:macro", set()),
        ("added:macro", {1, 3}),
        ("ADDED:Macro", {1, 3}),
        ("added:*", {1, 3}),
        ("not added:*", {0, 2, 4}),
        ("refined:sea", set()),
        ("user:sea", {0}),
        ("user: sea", {0}),
        ("removed:(sea or flower)", {0}),
        ("changed:(macro or sea) and kept:flower", {0, 3}),
        ("untold:*", {4}),
        ("accepted:flower", {3}),
        ("rejected:*", {0, 3}),
        ("accepted:*", {2, 3, 4}),
        ("garden party", {2}),  # a word that somebody added, side by side as well
        ('accepted:"Garden_Party"', {2}),
        ("refined:(garden party)", {2}),
        ("added:(garden party)", set()),  # what a run adds is of the vocabulary
        ("unsure:garden party", {3}),
        ('rejected:"canon (eos)"', {3}),
        ("verdict:accept", {2, 3, 4}),
        ("verdict:unsure", {3}),
        ("decided:*", {0, 2, 3, 4}),
        ("verdict:*", {0, 2, 3, 4}),
        ("decided:macro", {3}),
        ("flower>.8", {0}),  # .8 is not above .8
        ("flower >= 80%", {0, 3}),
        ("flower<.4", {1, 2}),
        ("p(flower)>=.4 and not user:flower", {4}),
        ("p(new york) > 0.4", {4}),
        ("new york>.4", {4}),
        ("user:flower<.85", {3}),  # only where the user gave it
        ("p>.9", {3}),  # any tag of the photo: flower of .9 on photo 0 is not above
        ("added:p>.8", {3}),
        ("removed:p<.2", {0}),
        ("visualness<.5", {4}),
        ("added:visualness>.8", {1, 3}),
        ("user:(visualness>=.6 and not flower)", set()),
        ("file:holiday", {3}),
        ("file:(im1 or im3)", {1, 2, 3}),
        ("  ", {0, 1, 2, 3, 4}),
    ],
)
def test_search(table: PhotoTable, search: str, expected: set[int]) -> None:
    assert set(rows(table, search=search)) == expected


@pytest.mark.parametrize(
    "search",
    [
        "and", "flower and", "or flower", "flower or or sea", "(flower", "flower)", "not", '"im1', "()", "size:3", "user:", "user:(sea",
        "added:(user:sea)", "flower>", "flower>2", "flower > sea", "> .5", "p(flower)", "p(flower", "p>", "verdict:maybe",
        "user:and", "flower>.5.5",
    ],
)  # fmt: skip
def test_unreadable_search_says_so(table: PhotoTable, search: str) -> None:
    with pytest.raises(ConfigError, match=r"The search .*\(character \d+\)"):
        rows(table, search=search)


@pytest.mark.parametrize(
    ("search", "where"),
    [
        ("flower and", 11),
        ("flower)", 7),
        ("sea (flower", 5),
        ('sea or "x', 8),
        ("sea size:3", 5),
        ("sea>9", 5),
        ("or sea", 1),
    ],
)
def test_a_mistake_is_where_it_is(table: PhotoTable, search: str, where: int) -> None:
    with pytest.raises(ConfigError, match=rf"\(character {where}\)"):
        rows(table, search=search)


def test_how_a_search_was_understood(table: PhotoTable) -> None:
    found = find(table, PhotoQuery(search="new york or flowers or sea"))
    assert found.read == {"new york": "new_york", "flowers": "flower"}
    assert find(table, PhotoQuery(search="user:seas")).unknown == {"seas": ["sea"]}


def test_unknown_word_is_reported_with_tags_spelled_alike(table: PhotoTable) -> None:
    found = find(table, PhotoQuery(search="flowr or sea"))
    assert found.unknown == {"flowr": ["flower"]}
    assert found.rows.tolist() == [0]


@pytest.mark.parametrize(
    ("kind", "of_any", "of_macro"),
    [
        ("any", {0, 1, 2, 3, 4}, {1, 3}),
        ("changed", {0, 1, 3}, {1, 3}),
        ("added", {1, 3}, {1, 3}),
        ("removed", {0}, set()),
        ("kept", {0, 3}, set()),
        ("untold", {4}, set()),
        ("unchanged", {2, 4}, {0, 2, 4}),
        ("untagged", {1, 2}, {1, 2}),
    ],
)
def test_kinds(table: PhotoTable, kind: str, of_any: set[int], of_macro: set[int]) -> None:
    assert set(rows(table, kind=kind)) == of_any
    assert set(rows(table, kind=kind, tag="macro")) == of_macro
    assert rows(table, kind="untold", tag="new_york") == [4]


def test_orders(table: PhotoTable) -> None:
    # Both additions of macro, the surer first, then the photo that loses a tag; the rest by row.
    assert rows(table) == [3, 1, 0, 2, 4]
    assert rows(table, order="doubtful") == [3, 0, 1, 4, 2]  # ties in row order
    assert rows(table, order="file") == [3, 2, 0, 1, 4]  # im2 before im10
    assert rows(table, order="score") == [3, 1, 0, 2, 4]  # best added tag first, photos that gain none last
    assert rows(table, order="score", tag="flower") == [0, 3]
    assert rows(table, order="score", tag="macro", kind="unchanged") == [0, 2, 4]
    assert rows(table, order="lowest", tag="flower") == [3, 0]
    assert rows(table, order="lowest") == [
        0,
        3,
        1,
        2,
        4,
    ]  # lowest given tag that is judged first, photos without any last
    assert rows(table, order="verdict") == [4, 0, 3, 1, 2]


def test_random_order_depends_on_the_seed_alone(table: PhotoTable) -> None:
    everything = find(table, PhotoQuery(order="random", seed=3)).rows.tolist()
    assert sorted(everything) == [0, 1, 2, 3, 4]
    some = find(table, PhotoQuery(order="random", seed=3, search="flower or macro")).rows.tolist()
    assert some == [row for row in everything if row in some], "a filter does not shuffle anew"
    assert len({tuple(find(table, PhotoQuery(order="random", seed=seed)).rows) for seed in range(20)}) > 10


def test_photos_like_one(table: PhotoTable) -> None:
    assert rows(table, order="likeness", like="3") == [2, 4, 1, 0]  # ties by row, itself left out
    assert rows(table, order="likeness", like="0", search="flower or new york") == [3, 4]
    with pytest.raises(ConfigError, match="be like"):
        PhotoQuery(order="likeness")


def test_doubt_is_that_of_the_tag_asked_for(table: PhotoTable) -> None:
    # Flower is given to 0 and 3, doubtful with .1 and .2; it is not given to 1, 2 and 4: .3, .1 and .4.
    assert rows(table, order="doubtful", tag="flower", kind="kept") == [3, 0]
    assert rows(table, order="doubtful", tag="flower", kind="unchanged") == [4, 1, 3, 0, 2]


def test_filter_keeps_the_order(table: PhotoTable) -> None:
    assert rows(table, search='flower or "canon (eos)"', kind="changed") == [3, 1, 0]


def test_unknown_choices_are_errors(table: PhotoTable) -> None:
    with pytest.raises(ConfigError, match=r"'flowr'.*flower"):
        rows(table, tag="flowr")
    with pytest.raises(ConfigError, match="kind='new'"):
        PhotoQuery(kind="new")
    with pytest.raises(ConfigError, match="order='size'"):
        PhotoQuery(order="size")
    with pytest.raises(ConfigError, match="order='change'"):  # of an earlier TagRefine
        PhotoQuery(order="change")


def on_scores(scores: np.ndarray, levels: np.ndarray | None) -> PhotoTable:
    """Return a table of four tags that nobody gave."""
    n, nothing = len(scores), sparse.csr_matrix(scores.shape, dtype=np.float32)
    catalog = Catalog(
        files=[f"{row}" for row in range(n)], vocabulary=list("abcd"), spellings=[], merged=[], raw=nothing
    )
    none = Changes(
        added=nothing, removed=nothing, kept=nothing, untold=nothing, doubt=np.zeros(n), precision=0.7
    )
    return PhotoTable(
        catalog,
        changes=none,
        scores=scores,
        levels=levels,
        visualness=np.ones(4, dtype=np.float32),
        verdicts=Verdicts(nothing.astype(np.int8), {}, 0, 1),
        decided=lambda: np.full(n, -1),
        point_of=lambda like: (scores[0], scores),
    )


def made(seed: int, n: int = 40) -> tuple[PhotoTable, list[dict[str, dict[str, float]]]]:
    """Return a table of random tags, and for each photo its tags by kind with how probable they are, by plain loops."""
    rng = np.random.default_rng(seed)
    names = ("a", "b", "new_york", "old york", "d", "e", "f", "g")
    tags = rng.random((n, 8)) < 0.3
    scores = (np.round(rng.random((n, 8)) * 20) / 20).astype(np.float32)
    matrix = sparse.csr_matrix(tags.astype(np.uint8))
    told = np.arange(8) != 5
    limits = Prospects(scores, matrix).limits(0.6, told)
    given = rng.choice([0, 0, 0, 1, -1, 2], size=(n, 8)).astype(np.int8)
    # Three spellings: "as" was merged into a, "x" is no tag, "d" is a tag's own name.
    raw = rng.random((n, 3)) < 0.2
    decided = rng.integers(-1, 9, n)
    table = PhotoTable(
        Catalog(
            files=[f"im{row}.jpg" for row in range(n)],
            vocabulary=names,
            spellings=["As", "x", "d"],
            merged=[0, -1, 4],
            raw=sparse.csr_matrix(raw.astype(np.uint8)),
        ),
        changes=changes(scores, matrix, limits),
        scores=scores,
        visualness=np.linspace(0, 1, 8).astype(np.float32),
        verdicts=Verdicts(sparse.csr_matrix(given), {}, 0, 1),
        decided=lambda: decided,
        point_of=lambda like: (scores[int(like)], scores),
    )
    photos = []
    for row in range(n):
        of: dict[str, dict[str, float]] = {kind: {} for kind in (*FIELDS, "all", "raw")}
        of["raw"] = {name: 1.0 for name, has in zip(("as", "x", "d"), raw[row], strict=True) if has}
        for column, name in enumerate(names):
            p = float(scores[row, column])
            if tags[row, column]:
                state = "untold" if not told[column] else "removed" if p <= limits.remove[column] else "kept"
            else:
                state = "added" if told[column] and p >= limits.add[column] else ""
            said = {1: "accepted", -1: "rejected", 2: "unsure", 0: ""}[int(given[row, column])]
            kinds = {state, said, "all"}
            kinds |= {"user"} if tags[row, column] else set()
            kinds |= {"refined"} if state in ("kept", "added", "untold") else set()
            kinds |= {"changed"} if state in ("added", "removed") else set()
            kinds |= {"decided"} if said else set()
            for kind in kinds - {""}:
                of[kind][name] = p
        photos.append(of)
    return table, photos


Says = Callable[[dict[str, dict[str, float]], int], bool]


def draw(rng: np.random.Generator, depth: int, field: str = "") -> tuple[str, Says]:
    """Draw a search, as text and as what it says of a photo, by the meaning of its parts alone."""
    pick = lambda *options: options[rng.integers(len(options))]
    shape = pick("and", "or", "not", "group", "field") if depth else "term"
    if shape == "not":
        text, says = draw(rng, depth - 1, field)
        return f"{pick('not', 'NOT')} ({text})", lambda of, row: not says(of, row)
    if shape in ("and", "or"):
        (left, says_left), (right, says_right) = draw(rng, depth - 1, field), draw(rng, depth - 1, field)
        if shape == "or":
            return f"({left}) or ({right})", lambda of, row: says_left(of, row) or says_right(of, row)
        return (
            f"({left}){pick(' ', ' and ')}({right})",
            lambda of, row: says_left(of, row) and says_right(of, row),
        )
    if shape == "group":
        text, says = draw(rng, depth - 1, field)
        return f"( {text} )", says
    if shape == "field" and not field:
        field = pick(
            "user",
            "refined",
            "added",
            "removed",
            "kept",
            "changed",
            "untold",
            "accepted",
            "rejected",
            "unsure",
            "decided",
        )
        text, says = draw(rng, depth - 1, field)
        return f"{field}:({text})", says
    return term(rng, field)


def term(rng: np.random.Generator, field: str) -> tuple[str, Says]:
    pick = lambda *options: options[rng.integers(len(options))]

    def has(of: dict[str, dict[str, float]]) -> dict[str, float]:
        return of[field] if field else of["user"] | of["added"]

    name, written = pick(
        ("a", "a"), ("a", "A"), ("a", '"a"'), ("a", "as"), ("new_york", "new york"), ("new_york", '"new york"'), ("old york", "old_york"),
        ("new_york", "New-York"), ("d", "d"), ("e", "e"), ("f", "f"), ("b", "b"),
    )  # fmt: skip
    operator, number = pick("<", "<=", ">", ">="), pick(".3", "0.5", "70%", "1", "0")
    value = {".3": 0.3, "0.5": 0.5, "70%": 0.7, "1": 1.0, "0": 0.0}[number]
    # Rounded as single precision is: all probabilities here are multiples of .05.
    compare = {
        "<": lambda p: round(p, 4) < value, "<=": lambda p: round(p, 4) <= value,
        ">": lambda p: round(p, 4) > value, ">=": lambda p: round(p, 4) >= value,
    }[operator]  # fmt: skip
    match pick("tag", "tag", "any", "of", "p", "visualness", "written", "file", "spelling"):
        case "any":
            return "*", lambda of, row: bool(has(of))
        case "of":
            text = pick(
                f"{written}{operator}{number}",
                f"{written} {operator} {number}",
                f"p({written}){operator}{number}",
            )
            return (
                text,
                lambda of, row: (
                    compare(of["all"][name]) if not field else name in has(of) and compare(has(of)[name])
                ),
            )
        case "p":
            return f"p{operator}{number}", lambda of, row: any(compare(p) for p in has(of).values())
        case "visualness":
            names = ("a", "b", "new_york", "old york", "d", "e", "f", "g")
            tells = {one: place / 7 for place, one in enumerate(names)}
            return f"visualness{operator}{number}", lambda of, row: any(
                compare(tells[one]) for one in has(of)
            )
        case "written" if not field:
            text = pick("as", "x", "d")
            return f"written:{text}", lambda of, row: text in of["raw"]
        case "file" if not field:
            text = pick("im1", "3.jpg", "nothing")
            return f"file:{text}", lambda of, row: text in f"im{row}.jpg"
        case "spelling" if not field:
            return pick("x", '"x"'), lambda of, row: "x" in of["raw"]
    return written, lambda of, row: name in has(of)


@pytest.mark.parametrize("value", [0, 0.1, 0.5, 0.50390625, 0.7, 0.999, 1.0])
@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
def test_levels_tell_what_scores_tell(sign: str, value: float) -> None:
    rng = np.random.default_rng(5)
    scores = rng.choice(np.float32([0, 0.1, 0.5, 0.50390625, 0.502, 0.7, 0.7000001, 0.999, 1]), size=(200, 4))
    levels = np.minimum(255, np.floor(scores.astype(np.float64) * 256)).astype(np.uint8).T
    one, other = (on_scores(scores, levels) for levels in (levels, None))
    than = Comparison("p", sign, value)
    for column in range(4):
        assert one.probable(column, than).tolist() == other.probable(column, than).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_searches_against_a_second_implementation(seed: int) -> None:
    table, photos = made(seed)
    rng = np.random.default_rng(100 + seed)
    sizes = []
    for _ in range(150):
        text, says = draw(rng, int(rng.integers(5)))
        expected = [row for row, of in enumerate(photos) if says(of, row)]
        assert sorted(find(table, PhotoQuery(search=text)).rows.tolist()) == expected, text
        sizes.append(len(expected))
    assert len({size for size in sizes if 0 < size < len(photos)}) > 15, "searches that tell photos apart"


@pytest.mark.parametrize("seed", range(3))
def test_any_text_is_understood_or_refused_in_words(seed: int) -> None:
    table, _ = made(seed)
    rng = np.random.default_rng(seed)
    pieces = [
        "a",
        "and",
        "or",
        "not",
        "(",
        ")",
        '"',
        ":",
        "user:",
        "verdict:",
        "p",
        "<",
        ">=",
        ".5",
        "5",
        "%",
        "*",
        " ",
        "new",
        "york",
        "é",
        "\n",
    ]
    refused = 0
    for _ in range(1500):
        text = "".join(rng.choice(pieces, size=rng.integers(1, 8)))
        try:
            find(table, PhotoQuery(search=text))
        except ConfigError as error:
            refused += 1
            assert str(error).startswith("The search ")
    assert 100 < refused < 1500


def test_against_plain_loops() -> None:
    table, photos = made(5)
    n, changed = len(photos), table.changes
    found = find(table, PhotoQuery(search="a and not (b or e)", kind="removed", tag="d", order="file"))
    has = [of["user"] | of["added"] for of in photos]
    assert found.rows.tolist() == [
        row
        for row in range(n)
        if "a" in has[row] and not {"b", "e"} & has[row].keys() and "d" in photos[row]["removed"]
    ]
    doubtful = find(table, PhotoQuery(order="doubtful")).rows
    told = [name for name in table.catalog.vocabulary if name != "e"]
    doubt = [
        max(
            1 - photos[row]["all"][name] if name in photos[row]["user"] else photos[row]["all"][name]
            for name in told
        )
        for row in doubtful.tolist()
    ]
    assert sorted(doubtful.tolist()) == list(range(n))
    assert np.all(np.diff(doubt) < 1e-6)
    convincing = find(table, PhotoQuery()).rows.tolist()
    assert sorted(convincing) == list(range(n))
    changing = [bool(photos[row]["added"] or photos[row]["removed"]) for row in convincing]
    assert changing == sorted(changing, reverse=True) and changed.changed == sum(changing)
