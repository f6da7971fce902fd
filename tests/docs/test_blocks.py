"""How documents are read and tried; the rest of this folder relies on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import run_document
from documents import Block, blocks

PAGE = """
```python
x = 1
```

<!-- not run: needs a key -->

```bash
graphbit ask x
```

1. In a list:

   ```yaml
   # flows/a.yaml
   nodes: []
   ```

```text
# notes/a.txt
Hello
```

```console
$ graphbit run \\
    flows/a.yaml
printed
```

```json
{}
```
"""


def test_blocks_are_read_with_their_line_and_what_to_do(tmp_path: Path):
    (tmp_path / "page.md").write_text(PAGE)
    assert blocks(tmp_path / "page.md") == [
        Block("python", 3, "x = 1\n"),
        Block("not run", 9, "graphbit ask x\n", "needs a key"),
        Block("file", 15, "# flows/a.yaml\nnodes: []\n", "flows/a.yaml"),
        Block("file", 20, "Hello\n", "notes/a.txt"),
        Block("shell", 25, "graphbit run \\\n    flows/a.yaml\n", "printed\n"),
        Block("show", 31, "{}\n"),
    ]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("make nonsense", "no such make target"),
        ("pip install graphbit-nonsense", "no such distribution"),
        ("pip install -e loaders/nonsense", "no such path"),
        ("cargo test -p graphbit-nonsense", "no such crate"),
        ("pytest loaders/nonsense", "no such path"),
        ("rm -rf x", "neither run nor checked"),
        ("python -c 'raise SystemExit(7)'", "exit code 7"),
        ("python -c 'raise SystemExit(1)' | cat", "exit code 1"),
    ],
)
def test_a_command_that_would_fail_for_the_reader_fails(command: str, problem: str):
    with pytest.raises(run_document.BlockError, match=problem):
        run_document.shell(command)


READER = """\
git clone x && cd x  # get it
make setup && make test
python3 -m venv .venv
X=1 .venv/bin/pip install graphbit-core "graphbit>=0.1" -r requirements.lock -e plugins/*
cargo test --package graphbit-kernel
pytest plugins/graphbit/tests
export A=b
python -c 'import os; assert os.environ["A"] == "b"' | cat
"""


def test_commands_that_a_reader_can_follow_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)  # so that pytest finds the path in the repository only, and does not run it
    run_document.shell(READER)


def test_python_blocks_share_names_and_fail_with_the_documents_line(tmp_path: Path):
    names: dict[str, object] = {}
    run_document.execute(Block("python", 3, "x = 1\n"), names, Path("page.md"))
    with pytest.raises(ZeroDivisionError) as caught:
        run_document.execute(Block("python", 7, "y = x\nx / 0\n"), names, Path("page.md"))
    assert caught.traceback[-1].lineno == 7  # counted from 0: line 8 of the page


def test_in_a_tutorial_packages_are_installed_and_folders_entered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_document, "INSTALLS", True)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(run_document.BlockError, match="exit code 1"):
        run_document.shell("pip install graphbit-nonsense")
    with pytest.raises(FileNotFoundError):
        run_document.shell("cd nowhere")
    run_document.shell("mkdir here\ncd here\necho > file\n")
    assert (tmp_path / "here" / "file").exists()


@pytest.mark.parametrize(
    ("shown", "fits"),
    [
        ("one\ntwo  \n", True),
        ("one\nt…   2\n", False),
        ("one\n", False),
        ("…\ntwo\n", True),
        ("o…\ntwo\n", True),
        ("…\n", True),
        ("one\n…\ntwo\n", True),
        ("one\ntw.\n", False),
    ],
)
def test_what_a_document_shows_is_what_is_printed(shown: str, fits: bool, capfd: pytest.CaptureFixture[str]):
    if fits:
        run_document.shell("echo one\necho 'two '\n", shown)
    else:
        with pytest.raises(run_document.BlockError, match="this is printed:\none\ntwo"):
            run_document.shell("echo one\necho 'two '\n", shown)
    assert capfd.readouterr().out == "one\ntwo \n"
