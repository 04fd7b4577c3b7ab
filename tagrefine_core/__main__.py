"""Run ``python -m tagrefine_core``."""

import sys

from tagrefine_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
