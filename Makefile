# make app      set up, then start the app on http://127.0.0.1:8501 (elsewhere: make app PORT=8600; with a token
#               for those who may use it: make app OPTIONS=--token, or OPTIONS="--share HOST" for other machines)
# make demo     set up, then make the demo without the app
# make test     set up with test tools and a browser, then run all tests
# make check    formatter, linter and type checker
# make format   let the formatter and the linter mend what they can
# make docs     the reference of the core, from its docstrings: docs/api/index.html
# make package-test   build the package, install it elsewhere, try its command and its app
# make clean    remove what was set up here; the home folder with your collections stays

PORT ?= 8501
OPTIONS ?=
VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALL := $(PYTHON) tools/install.py
# Two test processes share the cores, so the libraries below them must not start a thread for each core as well.
PYTEST := OMP_NUM_THREADS=1 $(PYTHON) -m pytest

.PHONY: app demo setup test check format docs package-test clean

app: setup
	@$(PYTHON) -m tagrefine_core app --port $(PORT) $(OPTIONS)

demo: setup
	@$(PYTHON) -m tagrefine_core demo

setup: $(VENV)/.wordnet

test: $(VENV)/.wordnet $(VENV)/.browser
	$(PYTEST) -n 2 --dist loadfile -m "not browser"
	$(PYTEST) -m browser

check: $(VENV)/.tools
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

format: $(VENV)/.tools
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

docs: $(VENV)/.tools
	@$(PYTHON) -m tools.api_docs

package-test: $(VENV)/.tools
	@$(PYTHON) -m tools.try_package

clean:
	rm -rf $(VENV) docs/api .pytest_cache .mypy_cache .ruff_cache

# Each step of the set-up leaves an empty file behind, so that it is not done twice.

$(VENV)/.made:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Step 1 of 3: making $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && touch $@ && exit 0; \
			rm -rf $(VENV); \
			echo "Error: $$python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; \
			exit 1; \
		fi; \
	done; \
	echo "Error: TagRefine needs Python 3.11 or newer, and found none as python3 or python3.11 to python3.14." >&2; \
	exit 1

$(VENV)/.packages: requirements.txt $(VENV)/.made
	@echo "Step 2 of 3: installing requirements.txt"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.wordnet: $(VENV)/.packages
	@echo "Step 3 of 3: getting WordNet, some 40 MB"
	@mkdir -p $(VENV)/setup
	@$(PYTHON) -m tagrefine_core --home $(VENV)/setup setup
	@touch $@

$(VENV)/.tools: requirements-dev.txt $(VENV)/.packages
	@echo "For the tests: installing requirements-dev.txt"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# The system's own browser where there is one, or where root can install Debian's; else Playwright's download. Where root can, also
# two programs that read photos' metadata, so that what we write is read by others; the tests say when they are missing.
$(VENV)/.browser: $(VENV)/.tools
	@command -v exiftool && command -v exiv2 || { \
		[ "$$(id -u)" = 0 ] && export DEBIAN_FRONTEND=noninteractive && { \
			apt-get install -y -qq --no-install-recommends libimage-exiftool-perl exiv2 || { \
				apt-get update -qq && apt-get install -y -qq --no-install-recommends libimage-exiftool-perl exiv2; }; }; \
	} || echo "exiftool and exiv2 are not installed: tests that need them are left out"
	@echo "For the tests: looking for a browser, else getting one, some 170 MB"
	@command -v chromium || command -v chromium-browser || command -v google-chrome || { \
		[ "$$(id -u)" = 0 ] && export DEBIAN_FRONTEND=noninteractive && { \
			apt-get install -y -qq --no-install-recommends chromium || { \
				apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; }; }; \
	} || $(PYTHON) -m playwright install chromium
	@touch $@
