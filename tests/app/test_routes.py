"""Routes behind the middleware, through a real ASGI client."""

import numpy as np
import pytest
from PIL import Image

from pages.routes import routes
from pages.routes.arrays import array_url
from pages.routes.thumbnails import thumbnail_url
from tagrefine_core.store import Store
from tests.app.client import Client


@pytest.fixture
def client(small_home: Store) -> Client:
    return Client(routes())


def _demo(store: Store) -> int:
    return store.collection("demo").id


def test_thumbnail_is_a_small_jpeg_that_is_kept_by_its_hash(client: Client, small_home: Store) -> None:
    address = f"/thumbnails/{_demo(small_home)}/3?size=128"
    first = client.get(address)
    assert first.status_code == 200
    assert first.headers["content-type"] == "image/jpeg"
    assert first.content[:2] == b"\xff\xd8"
    assert first.headers["cache-control"] == "private, no-cache"
    again = client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/thumbnails/{_demo(small_home)}/4?size=128").headers["etag"] != first.headers["etag"]


def test_versioned_thumbnail_is_kept_for_good_while_the_version_is_right(
    client: Client, small_home: Store
) -> None:
    record = small_home.collection("demo")
    right = client.get(thumbnail_url(record.id, 3, data_hash=record.data_hash))
    assert "immutable" in right.headers["cache-control"]
    wrong = client.get(thumbnail_url(record.id, 3, data_hash="0" * 64))
    assert wrong.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/thumbnails/{id}/40", 404),
        ("/thumbnails/999/0", 404),
        ("/thumbnails/{id}/99999999999999999999999", 404),
        ("/thumbnails/99999999999999999999999/0", 404),
        ("/thumbnails/{id}/0?size=999999", 400),
        ("/thumbnails/{id}/0?size=../../x", 400),
        ("/thumbnails/{id}/-1", 404),
        ("/thumbnails/{id}/../../tagrefine.db", 404),
        ("/thumbnails/{id}/%2e%2e%2f%2e%2e%2ftagrefine.db", 404),
        ("/assets/../app.py", 404),
        ("/assets/%2e%2e/app.py", 404),
        ("/assets/..%2fapp.py", 404),
        ("/originals/{id}/40", 404),
        ("/originals/999/0", 404),
        ("/originals/{id}/../../tagrefine.db", 404),
        ("/originals/{id}/%2e%2e%2f%2e%2e%2ftagrefine.db", 404),
        ("/arrays/../tagrefine.db", 404),
        ("/arrays/%2e%2e%2ftagrefine.db", 404),
    ],
)
def test_nothing_but_thumbnails_of_the_collection_comes_out(
    client: Client, small_home: Store, address: str, status: int
) -> None:
    answer = client.get(address.format(id=_demo(small_home)))
    assert answer.status_code == status
    assert b"SQLite" not in answer.content and b"st.App" not in answer.content


def test_photo_that_was_moved_away_is_a_404(client: Client, small_home: Store) -> None:
    (small_home.home / "photos" / "demo" / "im07.png").unlink()
    assert client.get(f"/thumbnails/{_demo(small_home)}/7?size=512").status_code == 404


def test_original_is_sent_as_it_lies_there(client: Client, small_home: Store) -> None:
    file = small_home.home / "photos" / "demo" / "im07.png"
    answer = client.get(f"/originals/{_demo(small_home)}/7")
    assert (answer.status_code, answer.content) == (200, file.read_bytes())
    assert (
        answer.headers["content-type"] == "image/png"
        and answer.headers["x-content-type-options"] == "nosniff"
    )
    again = client.get(f"/originals/{_demo(small_home)}/7", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    picture = Image.open(file).transpose(Image.Transpose.ROTATE_90)
    picture.save(file)
    assert client.get(f"/originals/{_demo(small_home)}/7").headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script></html>", b"%!PS-Adobe-3.0 EPSF-3.0", b""]
)
def test_what_is_no_picture_is_not_sent(client: Client, small_home: Store, content: bytes) -> None:
    (small_home.home / "photos" / "demo" / "im07.png").write_bytes(content)
    answer = client.get(f"/originals/{_demo(small_home)}/7")
    assert answer.status_code == 404 and answer.content == b"this photo cannot be shown"


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, ">i4"])
def test_array_arrives_as_little_endian_bytes(client: Client, dtype: str) -> None:
    values = np.arange(12, dtype=dtype).reshape(3, 4)[:, ::2]
    answer = client.get(array_url(values))
    received = np.frombuffer(answer.content, dtype=np.dtype(dtype).newbyteorder("<")).reshape(3, 2)
    np.testing.assert_array_equal(received, values)
    assert client.get(array_url(values), headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_arrays_over_the_budget_drop_the_least_recently_used(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.routes.arrays._BUDGET", 250)
    first, second = (array_url(np.full(100, number, dtype=np.uint8)) for number in (1, 2))
    assert client.get(first).status_code == 200
    array_url(np.full(100, 3, dtype=np.uint8))
    assert client.get(first).status_code == 200
    assert client.get(second).status_code == 404


def test_objects_are_not_published() -> None:
    with pytest.raises(TypeError, match="only numbers"):
        array_url(np.array([{}], dtype=object))


def test_routes_write_only_with_get(client: Client, small_home: Store) -> None:
    own = {"Origin": "http://127.0.0.1:8501"}
    assert client.get(f"/thumbnails/{_demo(small_home)}/0", own, method="POST").status_code == 405
    assert client.get("/arrays/x", own, method="DELETE").status_code == 405
