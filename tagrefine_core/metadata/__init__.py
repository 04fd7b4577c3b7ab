"""Keywords inside photos and XMP sidecars, read and written; exiv2 opens the photos, XMP is read here."""

from tagrefine_core.metadata.keywords import Keywords, levels, read_keywords

__all__ = ["Keywords", "levels", "read_keywords"]
