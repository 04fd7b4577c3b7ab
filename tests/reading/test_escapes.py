import pytest

from tagrefine_core.reading.escapes import unescape


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("rock &amp; roll", "rock & roll"),
        ("caf&#233;, caf&#xE9;", "café, café"),
        (r"caf\u00e9", "café"),
        (r"caf\xe9", "café"),
        (r"caf\xc3\xa9", "café"),  # two bytes of UTF-8
        ("caf%C3%A9", "café"),
        (r"\ud83d\ude00", "\U0001f600"),  # a pair of surrogates, as JSON writes it
        (r"\U0001F600", "\U0001f600"),
        (r"lily \(flower\)", "lily (flower)"),
        (r"say \"hi\"", 'say "hi"'),
        # What is none of them
        ("100%", "100%"),
        ("b%26w", "b&w"),
        ("caf%E9", "caf%E9"),  # no UTF-8
        ("AT&T; cats&dogs", "AT&T; cats&dogs"),
        ("&notaname;", "&notaname;"),
        (r"\ud83d alone", r"\ud83d alone"),
        (r"C:\new", r"C:\new"),
        (r"\UFFFFFFFF", r"\UFFFFFFFF"),
    ],
)
def test_escapes_are_undone_and_nothing_else_is(text: str, right: str) -> None:
    assert unescape(text) == right


def test_plain_text_is_untouched() -> None:
    assert unescape("new york, 24/7, c++") == "new york, 24/7, c++"
