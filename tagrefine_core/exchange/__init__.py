"""Take refined tags elsewhere: tables that other programs, and our own importer, read."""

from tagrefine_core.exchange.refined import RefinedPhoto, check_target, refined_photos, write_refined

__all__ = ["RefinedPhoto", "check_target", "refined_photos", "write_refined"]
