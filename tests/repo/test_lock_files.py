"""Lock files: complete, with hashes, and without the addresses of anybody's package index."""

from __future__ import annotations

import re
import tomllib

import workspace
from lock import name_of, requirements
from packaging.requirements import Requirement


def locked() -> dict[str, list[str]]:
    """Distribution → versions; more than one where platforms differ."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^(\S+)==([^\s;]+)", workspace.LOCK.read_text(), re.M):
        pins.setdefault(name, []).append(version)
    return pins


def test_every_requirement_of_every_package_is_locked_in_its_range():
    wrong = []
    for line in requirements():
        wanted = Requirement(line)
        versions = locked().get(name_of(line), [])
        if not versions or not all(wanted.specifier.contains(version) for version in versions):
            wrong.append(f"{line}: locked {versions or 'not at all'}; run `make lock`")
    assert not wrong


def test_python_pins_have_hashes_and_no_address():
    text = workspace.LOCK.read_text()
    assert "://" not in text
    assert "@" not in text
    for pin in re.split(r"\n(?=\S)", text):
        assert pin.startswith("#") or "--hash=sha256:" in pin


def test_crates_come_from_one_registry_with_checksums_or_from_here():
    lock = tomllib.loads((workspace.ROOT / "Cargo.lock").read_text())
    foreign = [package for package in lock["package"] if "source" in package]
    (registry,) = {package["source"] for package in foreign}
    assert registry.startswith("registry+")
    assert all(len(package["checksum"]) == 64 for package in foreign)
