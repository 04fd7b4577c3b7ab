"""Keywords of XMP are changed in place; every other byte stays."""

from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagrefine_core.errors import DataError
from tagrefine_core.metadata.editing import EMPTY, edited
from tagrefine_core.metadata.keywords import levels, packet_keywords
from tagrefine_core.metadata.xmp import parse
from tests.metadata.test_keywords import array, packet


def without(*gone: str):  # type: ignore[no-untyped-def]
    return lambda tag: None if tag in gone else tag


def keywords(data: bytes) -> list[str]:
    return packet_keywords(parse(data))


LIGHTROOM = """<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 5.6-c140">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
   xmp:Rating="4"
   crs:Exposure2012="+0.35">
   <crs:ToneCurvePV2012>
    <rdf:Seq>
     <rdf:li>0, 0</rdf:li>
     <rdf:li>255, 255</rdf:li>
    </rdf:Seq>
   </crs:ToneCurvePV2012>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Owl</rdf:li>
     <rdf:li>sunset</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Bag>
     <rdf:li>Animals|Birds|Owl</rdf:li>
     <rdf:li>sunset</rdf:li>
    </rdf:Bag>
   </lr:hierarchicalSubject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DARKTABLE = """<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:darktable="http://darktable.sf.net/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   darktable:xmp_version="5"
   darktable:raw_params="0">
   <darktable:history>
    <rdf:Seq>
     <rdf:li darktable:num="0" darktable:operation="rawprepare" darktable:params="gz01&#10;x"/>
    </rdf:Seq>
   </darktable:history>
   <dc:subject>
    <rdf:Seq>
     <rdf:li>darktable</rdf:li>
     <rdf:li>cat &amp; dog</rdf:li>
    </rdf:Seq>
   </dc:subject>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""


def test_a_removed_keyword_takes_its_line_along_and_nothing_else() -> None:
    done = edited(LIGHTROOM.encode(), without("sunset"), [])
    assert done.decode() == LIGHTROOM.replace("\n     <rdf:li>sunset</rdf:li>", "")


def test_an_added_keyword_stands_in_every_field_that_is_there() -> None:
    done = edited(LIGHTROOM.encode(), without(), ["snow & ice"]).decode()
    new = "\n     <rdf:li>sunset</rdf:li>"
    assert done == LIGHTROOM.replace(new, new + "\n     <rdf:li>snow &amp; ice</rdf:li>")


def test_a_path_loses_its_last_level() -> None:
    fate = {"Owl": None, "Animals|Birds|Owl": "Animals|Birds"}
    done = edited(LIGHTROOM.encode(), lambda tag: fate.get(tag, tag), []).decode()
    assert done == LIGHTROOM.replace("\n     <rdf:li>Owl</rdf:li>", "").replace("Birds|Owl", "Birds")
    assert keywords(done.encode()) == ["sunset", "Animals|Birds"]


def test_what_a_cut_path_leaves_is_not_written_twice() -> None:
    data = packet(array("lr:hierarchicalSubject", "A|B", "A|B|C")).encode()
    done = edited(data, lambda tag: "A|B", [])
    assert keywords(done) == ["A|B"] and done.count(b"<rdf:li>") == 1


@pytest.mark.parametrize("line", ["\n", "\r\n"])
def test_other_programs_lines_and_sequences_stay(line: str) -> None:
    data = DARKTABLE.replace("\n", line)
    done = edited(data.encode(), without("darktable"), ["sea"]).decode()
    item = f"{line}     <rdf:li>"
    expected = data.replace(f"{item}darktable</rdf:li>", "").replace(
        "dog</rdf:li>", f"dog</rdf:li>{item}sea</rdf:li>"
    )
    assert done == expected


def test_nothing_to_change_changes_nothing() -> None:
    odd = packet(array("dc:subject", "a", "a", " b ")).replace("end='w'", "end='r'").encode()
    assert edited(odd, without(), ["a", "b"]) == odd


def test_paths_go_to_both_hierarchical_fields_each_with_its_mark() -> None:
    done = edited(EMPTY, without(), ["dog", "Places|Italy"])
    assert keywords(done) == ["dog", "Places|Italy"]
    assert b"<rdf:li>Places/Italy</rdf:li>" in done and b"<rdf:li>Places|Italy</rdf:li>" in done
    assert edited(done, without(), ["dog", "Places|Italy"]) == done


@pytest.mark.parametrize(
    ("properties", "attributes", "after"),
    [
        ("<dc:subject>sea</dc:subject>", "", ["sea", "sky"]),
        ("", "dc:subject='sea'", ["sea", "sky"]),
        ("", "dc:title='x' dc:subject = \"sea\" dc:format='y'", ["sea", "sky"]),
        ("<dc:subject/>", "", ["sky"]),
        ("<dc:subject></dc:subject>", "", ["sky"]),
        ("<dc:subject><rdf:Bag/></dc:subject>", "", ["sky"]),
        ("<dc:subject>\n <rdf:Bag>\n </rdf:Bag>\n</dc:subject>", "", ["sky"]),
        (array("dc:subject", "sea", kind="Alt"), "", ["sea", "sky"]),
        ("<k:subject xmlns:k='http://purl.org/dc/elements/1.1/'>sea</k:subject>", "", ["sea", "sky"]),
    ],
)
def test_every_form_takes_and_gives_keywords(properties: str, attributes: str, after: list[str]) -> None:
    data = packet("<lr:weight>7</lr:weight>\n" + properties, attributes).encode()
    done = edited(data, without(), ["sky"])
    assert keywords(done) == after and b"<lr:weight>7</lr:weight>" in done
    gone = edited(done, without("sky", "sea"), [])
    assert keywords(gone) == [] and b"<lr:weight>7</lr:weight>" in gone
    for left in ("dc:title='x'", "dc:format='y'"):
        assert (left in attributes) == (left.encode() in gone)


def test_a_description_without_content_is_opened() -> None:
    data = (
        b'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        b'<r:Description r:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Make="A/&gt;"/>\n</r:RDF>'
    )
    done = edited(data, without(), ["sea", "A|B"])
    assert keywords(done) == ["sea", "A|B"] and b'tiff:Make="A/&gt;"' in done
    assert edited(done, without(), ["sea", "A|B"]) == done


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_the_encoding_stays(encoding: str) -> None:
    text = LIGHTROOM.replace("sunset", "日本")
    done = edited(text.encode(encoding), without("Owl"), ["café"])
    plain = edited(text.encode(), without("Owl"), ["café"])
    assert done.decode(encoding) == plain.decode() and done[:2] == text.encode(encoding)[:2]


def test_a_declared_encoding_writes_what_it_lacks_as_references() -> None:
    text = "<?xml version='1.0' encoding='ISO-8859-1'?>" + LIGHTROOM.replace("sunset", "café")
    done = edited(text.encode("latin-1"), without(), ["日本"])
    assert keywords(done) == ["Owl", "café", "日本", "Animals|Birds|Owl"] and b"&#26085;" in done


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packet(array("dc:subject", "sea")).replace("end='w'", 'end="r"'), "must not be changed"),
        ("<a/>", "describes nothing"),
        (packet("<dc:subject rdf:parseType='Resource'><dc:x>1</dc:x></dc:subject>"), "form"),
        (packet(array("dc:subject", "sea"))[:-90], "well-formed"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused(data: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        edited(data.encode(), without(), ["sky"])


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
FORMS = st.sampled_from(["Bag", "Seq", "Alt", "text", "attribute", "empty"])
FIELD = st.tuples(
    st.sampled_from(["dc:subject", "lr:hierarchicalSubject", "digiKam:TagsList"]),
    FORMS,
    st.lists(TEXT, max_size=4),
)


def one_field(name: str, form: str, texts: list[str]) -> tuple[str, str]:
    """A field in one of its forms: as an element, or as an attribute."""
    words = [escape(text, {"'": "&apos;"}) for text in texts]
    if form in ("text", "attribute") and words:
        return ("", f"{name}='{words[0]}'") if form == "attribute" else (f"<{name}>{words[0]}</{name}>", "")
    return (array(name, *words, kind=form), "") if form in ("Bag", "Seq", "Alt") else (f"<{name}/>", "")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    fields=st.lists(FIELD, max_size=3, unique_by=lambda one: one[0]),
    gone=st.sets(st.integers(0, 11)),
    new=st.lists(TEXT, max_size=3),
    line=st.sampled_from(["", "\n", "\r\n   "]),
)
def test_whatever_the_form_keywords_are_as_asked_and_all_else_stays(
    fields: list[tuple[str, str, list[str]]], gone: set[int], new: list[str], line: str
) -> None:
    written = [one_field(*one) for one in fields]
    others = [
        "<lr:weight>7 &amp; 8</lr:weight>",
        "<!-- a remark -->",
        "<lr:parts><rdf:Bag><rdf:li>Dog</rdf:li></rdf:Bag></lr:parts>",
    ]
    body = line + line.join([others[0], *(element for element, _ in written), *others[1:]])
    data = packet(body, " ".join(attribute for _, attribute in written)).encode()
    there = keywords(data)
    dropped = {tag for place, tag in enumerate(there) if place in gone}
    done = edited(data, without(*dropped), new)
    wanted = {
        levels(tag) for tag in [*(tag for tag in there if tag not in dropped), *map(one_line, new)] if tag
    }
    assert {levels(tag) for tag in keywords(done)} == wanted
    assert all(other.encode() in done for other in others)
    assert edited(done, without(*dropped), [tag for tag in new if tag not in dropped]) == done


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_tag_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(DataError, match="character"):
        edited(EMPTY, without(), ["a\x01b"])
