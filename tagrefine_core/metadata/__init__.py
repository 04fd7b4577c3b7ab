"""Keywords in photos and XMP sidecars."""
