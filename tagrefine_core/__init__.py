"""TagRefine: refined tags and an annotator from photos with noisy tags."""

__version__ = "0.1.0"
__all__ = ["__version__"]
