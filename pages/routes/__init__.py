"""HTTP routes beside Streamlit's own: thumbnails, original photos, arrays, fonts."""

from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pages.routes.arrays import array
from pages.routes.originals import original
from pages.routes.thumbnails import thumbnail

__all__ = ["routes"]

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


def routes() -> list[BaseRoute]:
    """Return the routes that all pages share; none of them writes anything but thumbnails."""
    return [
        Route("/thumbnails/{collection_id:int}/{row:int}", thumbnail, methods=["GET"]),
        Route("/originals/{collection_id:int}/{row:int}", original, methods=["GET"]),
        Route("/arrays/{digest:str}", array, methods=["GET"]),
        Mount("/assets", StaticFiles(directory=_ASSETS)),
    ]
