"""Which TagRefine this is; kept with every run and every table."""

__all__ = ["VERSION"]

VERSION = "0.2.0"
