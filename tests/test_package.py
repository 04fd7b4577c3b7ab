"""The package: what it says of itself, where it keeps the app. `make package-test` installs it and tries both."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest

import tagrefine_core
from tagrefine_core.cli.serving import app_folder
from tagrefine_core.errors import ConfigError
from tools.install import Told, expected

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SHIPPED = [*(ROOT / "tagrefine_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]


def requirements() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [found for line in lines if (found := line.partition("#")[0].strip())]


def test_the_package_needs_what_requirements_txt_lists() -> None:
    assert PROJECT["dependencies"] == requirements()


def test_everything_imported_is_required() -> None:
    distributions = packages_distributions()
    imported = set()
    for path in SHIPPED:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    imported -= {*sys.stdlib_module_names, "tagrefine_core", "pages"}
    named = [*requirements(), *chain.from_iterable(PROJECT["optional-dependencies"].values())]
    required = {re.split(r"[<>=!~ ]", line)[0].lower() for line in named}
    for name in imported:
        found = {distribution.lower().replace("_", "-") for distribution in distributions[name]}
        assert required & found, f"{name} is in no requirement"


def test_the_version_is_written_once() -> None:
    assert PROJECT["dynamic"] == ["version"] and "version" not in PROJECT
    assert re.fullmatch(r"\d+\.\d+\.\d+", tagrefine_core.__version__)


def test_the_app_is_found_in_a_checkout_and_beside_the_installed_package(tmp_path: Path) -> None:
    assert app_folder(ROOT / "tagrefine_core") == ROOT
    package = tmp_path / "tagrefine_core"
    with pytest.raises(ConfigError, match="Install TagRefine again"):
        app_folder(package)
    (tmp_path / "app.py").touch()
    assert app_folder(package) == tmp_path
    (tmp_path / "tagrefine_app").mkdir()
    (tmp_path / "tagrefine_app" / "app.py").touch()
    assert app_folder(package) == tmp_path / "tagrefine_app"


def test_an_installation_says_every_package_with_its_size_and_the_time() -> None:
    seconds = iter([0.0, 1.0, 62.0, 125.0, 700.0, 701.0])
    told = Told(clock=lambda: next(seconds))
    lines = [
        "Collecting torch>=2.6 (from -r requirements.txt (line 18))",
        "  Downloading torch-2.14.1-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (31 kB)",
        "  Downloading torch-2.14.1-cp311-cp311-manylinux_2_28_x86_64.whl (123.4 MB)",
        "Requirement already satisfied: rich>=13.9 in ./lib (from -r requirements.txt (line 26)) (15.0.0)",
        "  Using cached rich-15.0.0-py3-none-any.whl (311 kB)",
        "Downloading https://files.example/a/big-1.0%2Bcpu-py3-none-any.whl (1.5 GB)",
        "Installing collected packages: mpmath, sympy, torch",
        "Successfully installed mpmath-1.3 sympy-1.14 torch-2.14.1",
    ]
    assert [text for line in lines if (text := told.line(line))] == [
        "  0:01  package 1: torch 2.14.1 (123.4 MB; 123 MB so far)",
        "  1:02  package 2: rich 15.0.0 (0.3 MB; 124 MB so far)",
        "  2:05  package 3: big 1.0+cpu (1,500.0 MB; 1,624 MB so far)",
        "  11:40  all is here; now 3 are unpacked, which may take minutes",
        "  11:41  3 packages are installed",
    ]


def test_an_installation_says_before_what_it_takes() -> None:
    assert "6.4 GB" in expected(None, 100.0) and "only" not in expected(None, 100.0)
    assert "only 3.0 GB are free" in expected(None, 3.0)
    assert "2.14.1+cpu is here" in expected("2.14.1+cpu", 100.0) and "6.4" not in expected(
        "2.14.1+cpu", 100.0
    )
