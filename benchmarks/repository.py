"""What the scripts of this repository know about it; their folder is not on the path of a benchmark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

import workspace  # only now can it be found

__all__ = ["build_wheels", "workspace"]


def build_wheels() -> None:
    """Brings ``dist/`` up to date."""
    script = workspace.ROOT / "scripts" / "wheels.py"
    subprocess.run([sys.executable, script], check=True, stdout=sys.stderr)
