"""Collections: importers, image checks, thumbnails, and the collection itself."""

from tagrefine_core.collections.checks import ImageChecks, check_images
from tagrefine_core.collections.collection import Collection, collection_folder, make_thumbnails
from tagrefine_core.collections.images import for_browsers, load_image
from tagrefine_core.collections.importers import KINDS, guess_kind, read_source
from tagrefine_core.collections.selections import keep_selection, selected_rows
from tagrefine_core.collections.sources import Source
from tagrefine_core.collections.thumbnails import stale_thumbnails, thumbnail, thumbnail_folder
from tagrefine_core.collections.writing import (
    check_name,
    data_hash,
    demo_folder,
    remove_collection,
    write_collection,
)

__all__ = [
    "KINDS",
    "Collection",
    "ImageChecks",
    "Source",
    "check_images",
    "check_name",
    "collection_folder",
    "data_hash",
    "demo_folder",
    "for_browsers",
    "guess_kind",
    "keep_selection",
    "load_image",
    "make_thumbnails",
    "read_source",
    "remove_collection",
    "selected_rows",
    "stale_thumbnails",
    "thumbnail",
    "thumbnail_folder",
    "write_collection",
]
