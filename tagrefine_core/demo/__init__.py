"""A collection drawn by the program itself: pictures, their true concepts, and users who tag them badly.

`generate` writes it to a folder; `render` draws one picture; `user_tags` is the noise. See docs/demo.md.
"""

from tagrefine_core.demo.concepts import CONCEPTS
from tagrefine_core.demo.generate import DemoFiles, generate
from tagrefine_core.demo.noise import NoiseModel, user_tags
from tagrefine_core.demo.picture import render

__all__ = ["CONCEPTS", "DemoFiles", "NoiseModel", "generate", "render", "user_tags"]
