"""Runs the blocks of one document in the current folder: ``python run_document.py README.md``.

A command that would repeat the set-up or needs the network is not run, but checked: the make target, the
path, the crate or the distribution that it names must exist here. A command that is neither known to be
harmless nor checked is an error, so that nothing in the documents goes untried.

A tutorial begins in an empty folder with an environment of its own, in which pip asks no index
(``PIP_NO_INDEX``). There ``pip`` and ``cd`` are run too.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import site
import subprocess
import sys
import sysconfig
from itertools import pairwise
from pathlib import Path
from typing import Any

import workspace
from documents import Block, blocks

RUN = {
    "graphbit",
    "python",
    "python3",
    "pytest",
    "cat",
    "ls",
    "echo",
    "mkdir",
    "export",
    "printf",
    "tail",
    "curl",
}
NOT_CHECKED = {"git", "cd", "source", ".", "rustup"}
JOINS = {"&&", "||", ";", "|", "&"}
HERE = (Path(), workspace.ROOT)
INSTALLS = os.environ.get("PIP_NO_INDEX") == "1"
"""Whether packages are really installed, and folders entered: in a tutorial."""


class BlockError(Exception):
    """A block does not do what its document says."""


def execute(block: Block, names: dict[str, Any], document: Path) -> None:
    """One block, by what it is."""
    if block.action == "file":
        path = Path(block.target)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    elif block.action == "python":
        padded = "\n" * (block.line - 1) + block.text  # so that a traceback shows the document's line
        exec(compile(padded, str(document), "exec"), names)
    elif block.action == "shell":
        shell(block.text, block.target)


def shell(text: str, expected: str = "") -> None:
    """A shell block: all of it if it holds a here-document, else line by line.

    Args:
        text: The commands.
        expected: What they print together, with ``…`` for what may be anything; empty: it is not looked at.
    """
    printed = ""
    lines = [text] if "<<" in text else text.replace("\\\n", " ").splitlines()
    exports: list[str] = []
    for line in lines:
        commands = simple_commands(line.partition("<<")[0])
        for words in commands:
            if problem := check(words):
                raise BlockError(f"{' '.join(words)!r}: {problem}")
        if INSTALLS and commands and commands[0][0] == "cd":
            os.chdir(commands[0][1])
        elif commands and all(map(is_run, commands)):
            printed += run([*exports, line], line, listen=bool(expected))
            exports += [line] if commands[0][0] == "export" else []
    if INSTALLS:  # what was installed can be imported by the Python blocks that follow
        site.addsitedir(sysconfig.get_path("purelib"))
        importlib.invalidate_caches()
    if expected and not fits(printed, expected):
        raise BlockError(f"this is shown:\n{expected}and this is printed:\n{printed}")


def fits(printed: str, expected: str) -> bool:
    """Whether what is shown was printed; the widths of columns and spaces at ends may differ."""

    def plain(text: str) -> str:
        lines = text.strip().splitlines()
        return "".join(re.sub(" {2,}", "  ", line.rstrip()) + "\n" for line in lines)

    shown = re.escape(plain(expected))
    pattern = re.sub(r"^…\\\n", "(?:.*\n)*", shown, flags=re.M).replace("…", ".*")
    return re.fullmatch(pattern, plain(printed)) is not None


def simple_commands(line: str) -> list[list[str]]:
    """The commands of one line, without what joins them, variables set in front, and redirections."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[list[str]] = [[]]
    for word in lexer:
        if word in JOINS:
            found.append([])
        elif found[-1] or not re.match(r"\w+=", word):
            found[-1].append(word if found[-1] else word.removeprefix(".venv/bin/"))
    return [words for words in found if words]


def is_run(words: list[str]) -> bool:
    """Whether a command is run here; the rest has been checked."""
    if words[1:3] == ["-m", "venv"]:
        return False
    if is_pip(words):
        return INSTALLS
    if words[0] == "pytest":
        return all(Path(word).exists() for word in words[1:] if "/" in word or word.endswith(".py"))
    return words[0] in RUN


def check(words: list[str]) -> str | None:
    """What is wrong with a command that is not run; None if nothing is."""
    if is_pip(words) or words[0] == "uv":
        return None if INSTALLS else check_install(words)
    if words[0] == "make":
        makefile = (workspace.ROOT / "Makefile").read_text(encoding="utf-8")
        targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
        unknown = [word for word in words[1:] if "=" not in word and word not in targets]
        return f"no such make target: {unknown}" if unknown else None
    if words[0] == "cargo":
        crates = {path.parent.name for path in workspace.ROOT.glob("native/*/Cargo.toml")}
        pairs = pairwise(words)
        named = [name.removeprefix("graphbit-") for flag, name in pairs if flag in {"-p", "--package"}]
        return next((f"no such crate: {name}" for name in named if name not in crates), None)
    if words[0] == "pytest":
        paths = [word.split("::")[0] for word in words[1:] if "/" in word]
        return next((f"no such path: {p}" for p in paths if not exists(p)), None)
    return None if words[0] in RUN | NOT_CHECKED else "neither run nor checked; see run_document.py"


def is_pip(words: list[str]) -> bool:
    """Whether a command is pip's."""
    return words[0] == "pip" or words[:3] == ["python", "-m", "pip"]


def exists(path: str) -> bool:
    """Whether a path or pattern names something in the folder of the document or in the repository."""
    return Path(path).is_absolute() or any(found for root in HERE for found in root.glob(path))


def check_install(words: list[str]) -> str | None:
    """Whether the packages and paths of ``pip install`` exist here."""
    ours = {"graphbit-core", *map(workspace.distribution, workspace.packages())}
    for word in words[words.index("install") + 1 :] if "install" in words else []:
        name = re.split(r"[\[<>=~!]", word)[0]
        if name.startswith("graphbit") and name not in ours:
            return f"no such distribution: {name}"
        if ("/" in word or word.endswith((".lock", ".txt"))) and not exists(word):
            return f"no such path: {word}"
    return None


def run(script: list[str], command: str, *, listen: bool = False) -> str:
    """Run a command in bash, after the exports of its block; returns what it prints, if that is wanted."""
    sys.stdout.flush()
    bash = ["bash", "-euo", "pipefail", "-c", "\n".join(script)]
    output = subprocess.PIPE if listen else None
    done = subprocess.run(bash, stdin=subprocess.DEVNULL, stdout=output, text=True, check=False)
    print(done.stdout or "", end="", flush=True)
    if done.returncode:
        raise BlockError(f"{command!r} ended with exit code {done.returncode}")
    return done.stdout or ""


def main() -> None:
    """Run every block of the document in order."""
    document = Path(sys.argv[1])
    names: dict[str, Any] = {"__name__": "__main__"}
    sys.path.insert(0, "")
    for block in blocks(document):
        print(f"--- {document}:{block.line} {block.action}", flush=True)
        execute(block, names, document)


if __name__ == "__main__":
    main()
