"""Peers live in an environment of their own, so that they never weigh on what is measured or shipped."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

ENVIRONMENT = Path(__file__).parent.parent / ".venv" / "peers"


def peer_python(*requirements: str) -> str | None:
    """The interpreter of an environment that has ``requirements``; None if they cannot be installed."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *requirements], capture_output=True, text=True
    )
    if done.returncode != 0:
        print(f"peers: {', '.join(requirements)} cannot be installed:\n{done.stderr}\n")
        return None
    return str(python)
