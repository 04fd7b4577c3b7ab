"""HTTP routes beside Streamlit's own: thumbnails, original photos, arrays, fonts, what people decide."""

from pathlib import Path

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pages.routes.arrays import array
from pages.routes.originals import original
from pages.routes.thumbnails import thumbnail
from pages.routes.verdicts import ROUTES as VERDICTS

__all__ = ["routes"]

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


def routes() -> list[BaseRoute]:
    """Return the routes that all pages share; they write nothing but thumbnails and verdicts."""
    return [
        Route("/thumbnails/{collection_id:int}/{row:int}", thumbnail, methods=["GET"]),
        Route("/originals/{collection_id:int}/{row:int}", original, methods=["GET"]),
        Route("/arrays/{digest:str}", array, methods=["GET"]),
        *VERDICTS,
        Mount("/assets", StaticFiles(directory=_ASSETS)),
    ]
