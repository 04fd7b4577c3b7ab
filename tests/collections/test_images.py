import struct
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from pages.annotate import uploads
from tagrefine_core.collections import check_images, for_browsers, load_image
from tagrefine_core.collections.folder import EXTENSIONS
from tagrefine_core.collections.formats import size_of_jxl, without_texts
from tagrefine_core.collections.images import inspect_image
from tagrefine_core.errors import Cancelled, CollectionError, ImageError
from tests import fake_data


def test_every_broken_picture_has_a_reason_and_does_not_stop_the_others(tmp_path):
    broken = fake_data.broken_pictures(tmp_path)
    fake_data.save(tmp_path / "good.jpg")
    checks = check_images(tmp_path, [*broken, "good.jpg"])
    assert checks.rows.tolist() == [len(broken)]
    reasons = {issue.file: issue.reason for issue in checks.issues}
    assert reasons.keys() == broken.keys()
    for file, word in broken.items():
        assert word in reasons[file], file
    assert all(issue.severity == "skipped" for issue in checks.issues)
    for file in broken:
        with pytest.raises(ImageError, match=broken[file]):
            load_image(tmp_path / file)


def test_unusual_pictures_are_good_and_have_the_size_that_a_viewer_shows(tmp_path):
    sizes = fake_data.unusual_pictures(tmp_path)
    checks = check_images(tmp_path, list(sizes))
    assert dict(zip(sizes, map(tuple, checks.sizes.tolist()), strict=True)) == sizes
    assert {issue.file for issue in checks.issues} == {"animated.gif", "animated.webp"}
    assert {issue.severity for issue in checks.issues} == {"note"}
    assert checks.bytes.tolist() == [(tmp_path / file).stat().st_size for file in sizes]
    for file, size in sizes.items():
        image = load_image(tmp_path / file)
        assert (image.mode, image.size) == ("RGB", size), file


def test_decoded_colors(tmp_path):
    fake_data.unusual_pictures(tmp_path)

    def pixels(name):
        return np.asarray(load_image(tmp_path / name), dtype=int)

    base = np.asarray(fake_data.picture(7, (40, 30)), dtype=int)
    ramp = np.linspace(0, 255, 40 * 30).reshape(30, 40)
    for name in ("16bit.png", "16bit.tif", "float.tif"):
        assert np.abs(pixels(name) - ramp[..., None]).max() <= 1.0, name
    assert (pixels("clear.png") == 255).all() and (pixels("gray_clear.png") == 255).all()
    assert (pixels("animated.webp") == [255, 0, 0]).all()
    assert np.abs(pixels("cmyk.jpg") - base).mean() < 8
    # Orientation 6: the first row of the file is the right side of the photo.
    assert (pixels("turned.png") == np.rot90(base, -1)).all()
    assert (pixels("turned.tif") == np.rot90(base, -1)).all()
    assert np.abs(pixels("turned.jpg") - np.rot90(base, -1)).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_undo_what_the_camera_did(tmp_path, orientation):
    upright = fake_data.picture(3, (40, 30))
    turn = Image.Transpose
    undo = [None, None, turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM, turn.TRANSPOSE]
    undo += [turn.ROTATE_90, turn.TRANSVERSE, turn.ROTATE_270]
    stored = upright if undo[orientation] is None else upright.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = fake_data.save(tmp_path / "x.png", stored, exif=exif)
    assert (np.asarray(load_image(path)) == np.asarray(upright)).all()
    facts = inspect_image(path)
    assert (facts.width, facts.height) == (40, 30)


def test_a_size_saves_work_and_never_gives_less(tmp_path):
    path = fake_data.save(tmp_path / "x.jpg", fake_data.picture(1, (1000, 600)))
    assert load_image(path).size == (1000, 600)
    image = load_image(path, size=100)
    assert 100 <= min(image.size) < 600
    assert load_image(path, size=900).size == (1000, 600)


def test_the_limit_of_pixels_can_be_set(tmp_path):
    path = fake_data.save(tmp_path / "x.png", fake_data.picture(1, (50, 20)))
    with pytest.raises(ImageError, match="50 x 20"):
        load_image(path, max_pixels=999)
    assert load_image(path, max_pixels=1000).size == (50, 20)
    with pytest.raises(CollectionError, match=r"x\.png is too large"):
        check_images(tmp_path, ["x.png"], max_pixels=999)


def test_warning_filters_are_left_as_they_were(tmp_path):
    fake_data.unusual_pictures(tmp_path)
    before = list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load_image, [tmp_path / "bad_exif.jpg", tmp_path / "turned.tif"] * 20))
    assert warnings.filters == before


@pytest.mark.parametrize(
    "file",
    [
        "../secret.jpg",
        "a/../../secret.jpg",
        "{root}/in.jpg",
        "C:/x.jpg",
        "C:\\x.jpg",
        "a\0.jpg",
        "out.jpg",
        "outdir/secret.jpg",
    ],
)
def test_paths_that_lead_out_are_refused(tmp_path, file):
    root = tmp_path / "photos"
    fake_data.save(root / "in.jpg")
    fake_data.save(tmp_path / "secret.jpg")
    (root / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "outdir").symlink_to(tmp_path, target_is_directory=True)
    file = file.replace("{root}", str(root))
    checks = check_images(root, ["in.jpg", file])
    assert checks.rows.tolist() == [0]
    assert [issue.file for issue in checks.issues] == [file]
    assert "missing" not in checks.issues[0].reason


def test_links_inside_and_a_root_that_is_a_link_are_fine(tmp_path):
    root = tmp_path / "photos"
    fake_data.save(root / "deep/in.jpg")
    (root / "same.jpg").symlink_to(root / "deep/in.jpg")
    (root / "deeper").symlink_to("deep", target_is_directory=True)
    (tmp_path / "link").symlink_to(root, target_is_directory=True)
    checks = check_images(tmp_path / "link", ["deep/in.jpg", "same.jpg", "deeper/in.jpg"])
    assert checks.rows.tolist() == [0, 1, 2]


def test_no_good_photo_is_one_clear_error(tmp_path):
    fake_data.write(tmp_path / "a.jpg", b"")
    with pytest.raises(CollectionError, match=r"None of the 2 photos .*a\.jpg is empty"):
        check_images(tmp_path, ["a.jpg", "b.jpg"])


def test_progress_counts_and_can_stop(tmp_path):
    files = [fake_data.save(tmp_path / f"{i}.png").name for i in range(100)]
    seen = []
    check_images(tmp_path, files, progress=lambda stage, done, total: seen.append((done, total)))
    assert seen[0] == (0, 100) and seen[-1] == (100, 100) and seen == sorted(seen)

    def stop(stage, done, total):
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        check_images(tmp_path, files, progress=stop)
    assert threading.active_count() < 20


def test_browsers_get_the_file_itself_where_they_show_it_as_we_do(tmp_path):
    sizes = fake_data.unusual_pictures(tmp_path)
    anew = {"cmyk.jpg", "16bit.tif", "float.tif", "turned.tif", "turned.png"}
    for file, size in sizes.items():
        content, mime = for_browsers(tmp_path / file)
        made = content != (tmp_path / file).read_bytes()
        assert made == (file in anew), file
        kind = "jpg" if made else file.rpartition(".")[2]
        assert (
            mime == {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}[kind]
        )
        if made:  # as it stands there, without asking EXIF
            found = Image.open(BytesIO(content))
            assert found.format == "JPEG" and found.size == size and not found.getexif()
            shown = np.asarray(load_image(tmp_path / file), dtype=float)
            assert np.abs(np.asarray(found, dtype=float) - shown).mean() < 3


def test_a_name_does_not_make_a_picture(tmp_path):
    (tmp_path / "page.jpg").write_text("<html><script>alert(1)</script></html>")
    fake_data.save(tmp_path / "photo.png").rename(tmp_path / "photo.html")
    assert for_browsers(tmp_path / "photo.html")[1] == "image/png"
    for file in ("page.jpg", "gone.jpg"):
        with pytest.raises(ImageError):
            for_browsers(tmp_path / file)


# HEIC, AVIF, JPEG XL


def jxl(image, **options):
    pytest.importorskip("pillow_jxl")
    return fake_data.encoded(image, "JXL", **options)


def heic(*images, **options):
    made = pillow_heif.HeifFile()
    for image in images:
        made.add_from_pillow(image)
    buffer = BytesIO()
    made.save(buffer, quality=95, **options)
    return buffer.getvalue()


def avif(*images):
    return fake_data.encoded(images[0], "AVIF", quality=95, save_all=True, append_images=list(images[1:]))


@pytest.mark.parametrize("make", [heic, avif, jxl])
def test_formats_of_phones_and_the_web_are_read_and_shown_as_jpeg(tmp_path, make):
    base = fake_data.picture(4, (120, 90))
    path = fake_data.write(tmp_path / "no_matter.jpg", make(base))
    facts = inspect_image(path)
    assert (facts.width, facts.height, facts.note) == (120, 90, "")
    shown = np.asarray(load_image(path, size=20), dtype=float)
    assert shown.shape == (90, 120, 3) and np.abs(shown - np.asarray(base, dtype=float)).mean() < 6
    content, mime = for_browsers(path)
    assert mime == "image/jpeg" and Image.open(BytesIO(content)).size == (120, 90)
    with pytest.raises(ImageError, match="at most 10,799 pixels"):
        load_image(path, max_pixels=120 * 90 - 1)


@pytest.mark.parametrize("make", [heic, avif, jxl])
@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
def test_cut_files_are_refused_in_one_line(tmp_path, make, part):
    noise = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    data = make(Image.fromarray(noise))
    path = fake_data.write(tmp_path / "x", data[: int(len(data) * part)])
    with pytest.raises(ImageError, match=r"truncated|damaged|not a picture") as error:
        inspect_image(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("make", [heic, avif])
def test_of_several_pictures_the_first_is_used(tmp_path, make):
    red, blue = (Image.new("RGB", (64, 48), color) for color in ("red", "blue"))
    path = fake_data.write(tmp_path / "x.heics", make(red, blue))
    assert "several pictures" in inspect_image(path).note
    assert np.abs(np.asarray(load_image(path), dtype=int) - [255, 0, 0]).max() < 8


def test_heic_with_16_bits_is_scaled_to_8(tmp_path):
    ramp = np.repeat(np.linspace(0, 65535, 64).astype(np.uint16)[None, :, None], 48, axis=0).repeat(3, axis=2)
    image = pillow_heif.from_bytes("RGB;16", (64, 48), ramp.tobytes())
    buffer = BytesIO()
    image.save(buffer, quality=-1)
    shown = np.asarray(load_image(fake_data.write(tmp_path / "x.heic", buffer.getvalue())), dtype=float)
    assert np.abs(shown - ramp / 257).max() <= 4  # 10 bits in between


def test_heic_is_turned_once_though_the_file_says_it_twice(tmp_path):
    base = fake_data.picture(4, (120, 90))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = BytesIO()  # the turn stands in EXIF and in HEIC's own words
    pillow_heif.encode("RGB", base.size, base.tobytes(), made, exif=exif.tobytes(), quality=95)
    path = fake_data.write(tmp_path / "x.heic", made.getvalue())
    facts = inspect_image(path)
    assert (facts.width, facts.height) == load_image(path).size == (90, 120)
    assert np.abs(np.asarray(load_image(path), dtype=float) - np.rot90(np.asarray(base), -1)).mean() < 6


@pytest.mark.parametrize("boxes", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (64, 32), (640, 480), (7, 1000), (1234, 777), (9000, 3)])
def test_the_size_of_jpeg_xl_is_known_before_it_is_unfolded(size, boxes):
    assert size_of_jxl(jxl(Image.new("RGB", size), use_container=boxes, effort=1)) == size
    with pytest.raises(ValueError, match="truncated"):
        size_of_jxl(jxl(Image.new("RGB", size), use_container=True)[:20])


def test_a_jpeg_xl_that_promises_too_much_is_not_unfolded(tmp_path):
    size = 60_000
    header = 0b110 | (size - 1) << 3 | 1 << 33  # 30 bits of height, as wide as high
    path = fake_data.write(tmp_path / "x.jxl", b"\xff\x0a" + header.to_bytes(8, "little") + bytes(99))
    with pytest.raises(ImageError, match="60,000 x 60,000"):
        inspect_image(path)


def test_the_preview_in_a_heic_does_not_stand_for_the_photo(tmp_path):
    made = pillow_heif.from_pillow(fake_data.picture(4, (320, 240)))
    made.info["thumbnails"] = [160]
    buffer = BytesIO()
    made.save(buffer)
    path = fake_data.write(tmp_path / "x.heic", buffer.getvalue())
    assert pillow_heif.open_heif(path).info["thumbnails"]
    assert load_image(path, size=20).size == (320, 240)


def test_jpeg_xl_made_of_a_turned_jpeg_is_turned(tmp_path):
    pytest.importorskip("pillow_jxl")
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = fake_data.save(tmp_path / "x.jpg", fake_data.picture(4, (120, 90)), exif=exif, quality=95)
    Image.open(jpeg).save(tmp_path / "x.jxl", lossless_jpeg=True)
    assert (np.asarray(load_image(tmp_path / "x.jxl")) == np.asarray(load_image(jpeg))).all()
    assert inspect_image(tmp_path / "x.jxl").height == 120
    content = jxl(fake_data.picture(4, (120, 90)), exif=exif.tobytes())  # said twice: the pixels are upright
    assert load_image(fake_data.write(tmp_path / "y.jxl", content)).size == (120, 90)


def test_jpeg_xl_without_its_package_names_it(tmp_path, monkeypatch):
    path = fake_data.write(tmp_path / "x.jxl", b"\xff\x0a\xf8\xbe\x01\x00")
    monkeypatch.setitem(sys.modules, "pillow_jxl.JpegXLImagePlugin", None)
    with pytest.raises(ImageError, match="install the package pillow-jxl-plugin"):
        load_image(path)


def test_many_threads_read_heic_and_jpeg_xl(tmp_path):
    files = [
        fake_data.write(tmp_path / f"{i}.heic", heic(fake_data.picture(i, (64, 48)))).name for i in range(12)
    ]
    alone = [np.asarray(load_image(tmp_path / file)) for file in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda file: np.asarray(load_image(tmp_path / file)), files * 5))
    assert all((a == b).all() for a, b in zip(alone * 5, together, strict=True))
    assert len(check_images(tmp_path, files).rows) == 12


def test_pillow_itself_does_not_learn_heic_from_us(tmp_path):
    path = fake_data.write(tmp_path / "x.heic", heic(fake_data.picture(1)))
    load_image(path)
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(path)


@pytest.mark.parametrize("zipped", [False, True])
def test_png_with_a_long_text_is_a_good_photo(tmp_path, zipped):
    base = fake_data.picture(4, (40, 30))
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", "x" * 2_000_000, zip=zipped)
    texts.add_text("workflow", "y" * 90_000_000, zip=True)  # 90 kB that unfold to 90 MB
    exif = Image.Exif()
    exif[0x0112] = 6
    path = fake_data.save(tmp_path / "x.png", base, pnginfo=texts, exif=exif, icc_profile=bytes(3_000_000))
    assert inspect_image(path).height == 40
    assert (np.asarray(load_image(path)) == np.rot90(np.asarray(base), -1)).all()
    plain = without_texts(path.read_bytes())
    assert len(plain) < 10_000 and b"eXIf" in plain
    assert without_texts(plain) is plain and without_texts(b"GIF89a") == b"GIF89a"


def test_png_that_is_cut_within_a_text_is_truncated(tmp_path):
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", "y" * 5000)
    data = fake_data.encoded(fake_data.picture(4, (40, 30)), "PNG", pnginfo=texts)
    for end in range(0, len(data) - 12, 97):
        with pytest.raises(ImageError):
            inspect_image(fake_data.write(tmp_path / "x.png", data[:end]))


@pytest.mark.parametrize(
    ("kind", "value"),
    [(3, 0), (3, 9), (3, 99), (3, 65535), (2, ord("6")), (7, 6), (9, -6), (99, 6), (None, 0)],
)
def test_an_orientation_that_exif_does_not_know_turns_nothing(tmp_path, kind, value):
    entry = b"" if kind is None else struct.pack("<HHIi", 0x0112, kind, 1, value)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entry) // 12) + entry + bytes(4)
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'  # only EXIF counts for viewers
    for options in ({"exif": exif}, {"exif": exif, "xmp": xmp}):
        path = fake_data.save(tmp_path / "x.jpg", fake_data.picture(3, (40, 30)), **options)
        facts = inspect_image(path)
        assert (facts.width, facts.height) == load_image(path).size == (40, 30)
        assert for_browsers(path)[0] == path.read_bytes()


def test_annotate_takes_what_import_takes():
    assert sorted(uploads.TYPES) == sorted(extension[1:] for extension in EXTENSIONS)
