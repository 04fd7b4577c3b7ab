"""The structure of docs/architecture.md, read from the source without running it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "tagrefine_core"

# From the top down, as in docs/architecture.md. The name alone is the version, which everybody may read.
LAYERS = [
    {"__main__"},
    {"cli"},
    {"workflow", "jobs"},
    {"experiments"},
    {"runs", "methods", "exchange", "plots"},
    {"training", "evaluation", "refinement"},
    {"model"},
    {"neighbors", "features", "tags"},
    {"collections", "demo", "store", "reading", "metadata"},
    {"settings"},
    {"config"},
    {"setting_groups"},
    {"access", "downloads", "errors", "files", "folders", "presets", "progress", "version"},
]
LEVEL = {part: level for level, layer in enumerate(LAYERS) for part in layer}

MODULES = sorted(CORE.rglob("*.py"))
PUBLIC = [path for path in MODULES if path.name != "__main__.py"]


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield (module, names) of every import, wherever in the file it is."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{label(path)}:{node.lineno}: write the import in full"
            yield node.module or "", [alias.name for alias in node.names]


def core_modules(path: Path) -> Iterator[str]:
    """Yield the full names of the core's modules that a file imports."""
    for module, names in imports(path):
        if module == "tagrefine_core":
            yield from (
                f"{module}.{name}"
                for name in names
                if (CORE / name).is_dir() or (CORE / f"{name}.py").is_file()
            )
        elif module.startswith("tagrefine_core."):
            submodules = [name for name in names if (file_of(module).parent / f"{name}.py").is_file()]
            is_package = file_of(module).name == "__init__.py"
            yield from (f"{module}.{name}" for name in submodules) if is_package and submodules else (module,)


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def part_of(path: Path) -> str:
    return path.relative_to(CORE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=label)
def test_imports_go_down(path: Path) -> None:
    own = part_of(path)
    if own == "__init__":
        return
    assert own in LEVEL, f"{own} has no place in docs/architecture.md"
    for module, _ in imports(path):
        assert module.split(".")[0] != "streamlit", f"{label(path)}: the core knows nothing of the app"
    for module in core_modules(path):
        other = module.split(".")[1]
        assert LEVEL[other] >= LEVEL[own], f"{label(path)} imports {module}, which lies above it"


def test_parts_of_one_layer_do_not_need_each_other() -> None:
    needs: dict[str, set[str]] = {}
    for path in MODULES:
        others = {module.split(".")[1] for module in core_modules(path)}
        needs.setdefault(part_of(path), set()).update(others - {part_of(path)})

    def reach(part: str, seen: frozenset[str] = frozenset()) -> set[str]:
        below = needs.get(part, set()) - seen
        return below.union(*(reach(other, seen | {part, *below}) for other in below))

    cycles = {part for part in needs if part in reach(part)}
    assert not cycles, f"these need each other in a circle: {', '.join(sorted(cycles))}"


def test_the_layers_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for part in {part_of(path) for path in PUBLIC} - {"__init__"}:
        assert f"{part}.py" in text or f"{part}/" in text, f"docs/architecture.md does not mention {part}"


def exported(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            names = ast.literal_eval(node.value)
            assert isinstance(names, list)
            return names
    return None


def defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return names


@pytest.mark.parametrize("path", PUBLIC, ids=label)
def test_all_names_what_is_public(path: Path) -> None:
    tree = parse(path)
    assert ast.get_docstring(tree), "a module begins by saying what it is for"
    names = exported(tree)
    if names is None:
        assert path.name == "__init__.py" and len(tree.body) == 1, (
            "only an empty package goes without __all__"
        )
        return
    assert len(names) == len(set(names))
    assert set(names) <= defined(tree), "__all__ names what is not there"
    own = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    }
    assert own <= set(names), "what is not in __all__ begins with an underscore"


@pytest.mark.parametrize(
    "path", [*MODULES, *sorted((ROOT / "pages").rglob("*.py")), ROOT / "app.py"], ids=label
)
def test_only_public_names_are_imported(path: Path) -> None:
    for module, names in imports(path):
        if not module.startswith("tagrefine_core."):
            continue
        public = exported(parse(file_of(module))) or []
        for name in names:
            is_module = (file_of(module).parent / name).is_dir() or (
                file_of(module).parent / f"{name}.py"
            ).is_file()
            assert name in public or is_module, (
                f"{label(path)} imports {name} of {module}, which is not in its __all__"
            )


@pytest.mark.parametrize("path", sorted((ROOT / "pages").rglob("*.py")), ids=label)
def test_no_page_needs_another(path: Path) -> None:
    pages = {page.parent.name for page in (ROOT / "pages").glob("*/page.py")}
    others = pages - {path.relative_to(ROOT / "pages").parts[0]}
    assert len(others) >= 7
    for module, names in imports(path):
        parts = module.split(".")
        if parts[0] == "pages":
            needed = set(parts[1:2] or names)
            assert not needed & others, (
                f"{label(path)} needs a page: what two pages share lies in components/"
            )


@pytest.mark.parametrize("module", ["experiments", "workflow"])
def test_showing_tables_does_not_load_pytorch(module: str) -> None:
    """It takes seconds, which a page that only reads results would make its visitor wait."""
    code = f"import sys, tagrefine_core.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
