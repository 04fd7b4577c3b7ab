import math
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import nltk.data
import nltk.downloader
import pytest

from tagrefine_core.errors import TagRefineWarning, WordNetMissing
from tagrefine_core.tags import WordNet, dictionary, explain_wordnet, install, load
from tagrefine_core.tags import wordnet as wordnet_module
from tagrefine_core.tags.dictionary import copy_for_nltk, find_dictionary


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """Make this process one that has not loaded WordNet and finds nothing of NLTK's or the system's."""
    monkeypatch.setattr(nltk.data, "path", [])
    monkeypatch.setattr(wordnet_module, "_loaded", None)
    monkeypatch.setattr(dictionary, "_PLACES", ())
    monkeypatch.setenv("TAGREFINE_CACHE", str(tmp_path / "cache"))
    for name in ("WNSEARCHDIR", "WNHOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def dictionary_folder(wordnet, tmp_path_factory):
    """WordNet's files as Debian ships them: no lexnames."""
    folder = tmp_path_factory.mktemp("share") / "wordnet"
    folder.mkdir()
    for name in dictionary._FILES:
        with wordnet.reader.root.join(name).open() as file:
            (folder / name).write_bytes(file.read())
    return folder


@pytest.fixture
def stub_dictionary(tmp_path):
    folder = tmp_path / "dict"
    folder.mkdir()
    for name in dictionary._FILES:
        (folder / name).write_text(name)
    return folder


def test_loaded_once_for_all_threads():
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: id(load()), range(4)))) == 1


def test_nothing_found_says_what_to_run(tmp_path):
    env = os.environ | {"NLTK_DATA": str(tmp_path), "HOME": str(tmp_path), "TAGREFINE_CACHE": str(tmp_path)}
    code = (
        "import nltk.data; nltk.data.path[:] = []\n"  # a system-wide copy is none of this test's business
        "from tagrefine_core.tags import dictionary, load\n"
        "dictionary._PLACES = ()\n"
        "load()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=env | {"WNSEARCHDIR": "", "WNHOME": ""},
    )
    for command in (
        "python -m tagrefine_core setup",
        "apt-get install wordnet-base wordnet-sense-index",
        "python -m nltk.downloader wordnet",
    ):
        assert command in result.stderr


def test_failed_setup_reports_every_way_and_raises(bare_machine, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))  # no package manager
    monkeypatch.setattr(nltk.downloader._downloader, "_url", "http://127.0.0.1:9/")
    monkeypatch.setattr(nltk.downloader._downloader, "_index", None)
    lines = []
    with pytest.raises(WordNetMissing, match="python -m tagrefine_core setup"):
        install(lines.append)
    assert lines[0].startswith("WordNet was not found")
    assert any(line.startswith("Downloading WordNet") for line in lines)
    assert any(line.startswith("It failed: ") for line in lines)


def test_failing_command_is_reported(bare_machine):
    lines = []
    assert not wordnet_module._run(
        lines.append, [sys.executable, "-c", "raise SystemExit('no such package')"]
    )
    assert lines[1] == "It failed: no such package"
    assert not wordnet_module._run(lines.append, ["/no/such/program"])
    assert lines[3].startswith("It failed: ")


def test_copies_dictionary_files_and_adds_lexnames(bare_machine, monkeypatch, tmp_path, dictionary_folder):
    monkeypatch.setenv("WNSEARCHDIR", str(dictionary_folder))
    copied = load()
    assert copied.source.startswith(str(tmp_path / "cache"))
    assert copied.ic_source == "cntlist.rev"
    dog = copied.synset("n", copied.senses("dog", "n")[0])
    assert (dog.name(), dog.lexname()) == ("dog.n.01", "noun.animal")
    assert load() is copied


def test_nltk_data_comes_first(bare_machine, monkeypatch, tmp_path, dictionary_folder, wordnet):
    corpora = tmp_path / "nltk" / "corpora"
    (corpora / "wordnet_ic").mkdir(parents=True)
    with zipfile.ZipFile(corpora / "wordnet.zip", "w") as archive:
        for path in copy_for_nltk(dictionary_folder).iterdir():
            archive.write(path, f"wordnet/{path.name}")
    entity, breathe = (next(iter(wordnet.taxonomy(part).parents)) for part in "nv")
    (corpora / "wordnet_ic" / "ic-semcor.dat").write_text(
        f"wnver::x\n{entity}n 50 ROOT\n{breathe}v 20 ROOT\n"
    )
    nltk.data.path.append(str(corpora.parent))
    monkeypatch.setenv("WNSEARCHDIR", str(dictionary_folder))
    zipped = load()
    assert "wordnet.zip" in zipped.source
    assert zipped.lemma("flowers") == "flower"
    assert zipped.ic_source == "ic-semcor.dat"
    assert zipped.ic["n"] == {0: 50, entity: 50}
    assert zipped.ic["v"][0] == 20
    assert math.isinf(zipped.taxonomy("n").content(zipped.senses("dog", "n")[0]))
    # Offsets of another WordNet: the file is refused.
    (corpora / "wordnet_ic" / "ic-semcor.dat").write_text(f"wnver::x\n{entity}n 50 ROOT\n12345n 1\n")
    with pytest.warns(TagRefineWarning, match=r"ic-semcor\.dat is for another WordNet"):
        assert WordNet(zipped.reader, zipped.source).ic_source == "cntlist.rev"


def test_damaged_copy_is_named(bare_machine, monkeypatch, stub_dictionary):
    monkeypatch.setenv("WNSEARCHDIR", str(stub_dictionary))
    with pytest.raises(WordNetMissing, match="cannot be read"):
        load()


def test_environment_decides_alone_and_is_checked(monkeypatch, tmp_path, stub_dictionary):
    monkeypatch.setenv("WNSEARCHDIR", str(stub_dictionary))
    assert find_dictionary() == stub_dictionary
    (stub_dictionary / "index.sense").unlink()
    with pytest.raises(WordNetMissing, match=r"WNSEARCHDIR .*index\.sense is not there"):
        find_dictionary()
    monkeypatch.delenv("WNSEARCHDIR")
    monkeypatch.setenv("WNHOME", str(tmp_path))
    with pytest.raises(WordNetMissing, match="WNHOME"):
        find_dictionary()


def test_half_an_installation_is_named(monkeypatch, stub_dictionary):
    monkeypatch.delenv("WNSEARCHDIR", raising=False)
    monkeypatch.delenv("WNHOME", raising=False)
    monkeypatch.setattr(dictionary, "_PLACES", (str(stub_dictionary),))
    assert find_dictionary() == stub_dictionary
    (stub_dictionary / "index.sense").unlink()
    with pytest.raises(WordNetMissing, match="apt-get install wordnet-base wordnet-sense-index"):
        find_dictionary()


def test_copies_at_the_same_time_leave_one_whole_folder(monkeypatch, tmp_path, stub_dictionary):
    monkeypatch.setenv("TAGREFINE_CACHE", str(tmp_path / "cache"))
    with ThreadPoolExecutor(8) as pool:
        (target,) = set(pool.map(copy_for_nltk, [stub_dictionary] * 16))
    assert {path.name for path in target.iterdir()} == {*dictionary._FILES, "lexnames"}
    assert list(target.parent.iterdir()) == [target]
    lexnames = [line.split("\t") for line in (target / "lexnames").read_text().splitlines()]
    assert len(lexnames) == 45
    assert lexnames[5] == ["05", "noun.animal", "1"]
    assert lexnames[44] == ["44", "adj.ppl", "3"]


def test_upgraded_dictionary_gets_a_new_copy(monkeypatch, tmp_path, stub_dictionary):
    monkeypatch.setenv("TAGREFINE_CACHE", str(tmp_path / "cache"))
    before = copy_for_nltk(stub_dictionary)
    (stub_dictionary / "data.noun").write_text("a newer edition")
    after = copy_for_nltk(stub_dictionary)
    assert before != after
    assert (after / "data.noun").read_text() == "a newer edition"


def test_cache_that_cannot_be_written_is_named(monkeypatch, tmp_path, stub_dictionary):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TAGREFINE_CACHE", str(tmp_path / "file"))
    with pytest.raises(WordNetMissing, match="Set TAGREFINE_CACHE"):
        copy_for_nltk(stub_dictionary)


def test_install_finds_what_is_there():
    lines = []
    assert install(lines.append) is load()
    assert lines[-1].startswith("WordNet 3")


@pytest.mark.parametrize(
    ("form", "lemma"),
    [
        ("flowers", "flower"),
        ("children", "child"),
        ("dancing", "dancing"),
        ("running", "running"),
        ("nighttime", "nighttime"),
        ("graffiti", "graffiti"),
        ("abandoned", "abandoned"),
        ("walked", "walk"),
        ("biggest", "big"),
        ("hot_dogs", "hot_dog"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_lemma(wordnet, form, lemma):
    assert wordnet.lemma(form) == lemma


def test_senses_are_those_of_the_lemma_itself(wordnet):
    names = [wordnet.synset("n", offset).name() for offset in wordnet.senses("hot dog", "n")]
    assert len(names) == 3
    assert wordnet.senses("dancing", "v") == ()
    assert wordnet.senses("xyzzy", "n") == ()


def test_threads_may_read_glosses_at_the_same_time(wordnet):
    fresh = WordNet(wordnet_module._reader(wordnet.reader.root), wordnet.source)  # no synset cached
    fresh._taxonomies.update({part: wordnet.taxonomy(part) for part in "nv"})
    pairs = [("dog", "cat"), ("sea", "ocean"), ("car", "bus"), ("tree", "flower")] * 8
    with ThreadPoolExecutor(8) as pool:
        links = list(pool.map(lambda pair: explain_wordnet(*pair, fresh), pairs))
    assert links == [explain_wordnet(*pair, wordnet) for pair in pairs]
