"""Peers live in environments of their own, outside the workspace, so that they never weigh on what is
measured or shipped, nor on each other.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
import venv
from pathlib import Path

ENVIRONMENTS = Path(tempfile.gettempdir()) / "graphbit-peers"


def peer_python(*requirements: str) -> str | None:
    """The interpreter of an environment that has ``requirements``; None if they cannot be installed."""
    name = hashlib.sha256(" ".join(sorted(requirements)).encode()).hexdigest()[:16]
    python = ENVIRONMENTS / name / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENTS / name, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *requirements], capture_output=True, text=True
    )
    if done.returncode != 0:
        print(f"peers: {', '.join(requirements)} cannot be installed:\n{done.stderr}\n")
        return None
    return str(python)
