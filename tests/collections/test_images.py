import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tagrefine_core.collections import check_images, for_browsers, load_image
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
