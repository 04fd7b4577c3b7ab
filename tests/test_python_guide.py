"""docs/python.md runs as it stands, and the public face offers what it says."""

import re
import subprocess
import sys
from pathlib import Path

import tagrefine_core as tr

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def test_the_guide_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    assert len(blocks) >= 6
    done = subprocess.run(
        [sys.executable, "-W", "error::tagrefine_core.TagRefineWarning", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "120 photos" in done.stdout and (tmp_path / "refined.csv").stat().st_size


def test_every_public_name_is_there_and_loads_late() -> None:
    code = "import sys, tagrefine_core as tr; print('torch' in sys.modules); [getattr(tr, name) for name in tr.__all__]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
    assert sorted(tr.__all__) == sorted(dir(tr))


def test_the_guide_uses_public_names_only() -> None:
    used = set(re.findall(r"\btr\.(\w+)", GUIDE))
    assert used <= set(tr.__all__)
