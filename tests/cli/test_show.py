"""``graphbit plugins show``: what a component does, and what it is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from graphbit_core import default_host
from graphbit_core.cli import main

OF_THE_CORE = sorted(
    point.name
    for point in entry_points(group="graphbit.node_types")
    if point.value.startswith("graphbit_core.")
)


def shown(capsys, name, kind="node_type"):
    assert main(["plugins", "show", name, "--json"]) == 0
    (component,) = [one for one in json.loads(capsys.readouterr().out) if one["kind"] == kind]
    return component


@pytest.mark.parametrize("name", OF_THE_CORE)
def test_every_node_type_says_what_it_does_and_what_each_setting_is_for(name, capsys):
    component = shown(capsys, name)
    assert component["does"].endswith(".")
    assert "``" not in component["does"]
    assert component["settings"]
    assert [setting["name"] for setting in component["settings"] if not setting["about"]] == []
    assert {"retry", "timeout"} <= set(component["options"])


def test_a_tool_is_shown_with_what_a_model_may_give_it(tmp_path):
    (tmp_path / "graphbit.toml").write_text('[plugins.in_house]\ntool.roman = "roman.py:roman"\n')
    (tmp_path / "roman.py").write_text(
        "from graphbit_core import tool\n\n\n@tool\ndef roman(number: int, upper: bool = True) -> str:\n"
        '    """Writes a number.\n\n    Args:\n        number: From 1 to 3999.\n    """\n    return "I"\n'
    )
    script = "import sys; from graphbit_core.cli import main; sys.exit(main(['plugins', 'show', 'roman']))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (
        "arguments, given by a model\n  number  (integer, required)\n      From 1 to 3999.\n" in done.stdout
    )
    assert "  upper  (boolean, default True)" in done.stdout


def test_settings_are_printed_with_type_default_and_meaning(capsys):
    assert main(["plugins", "show", "map@graphbit-core"]) == 0
    out = capsys.readouterr().out
    assert "  body  (Workflow, required)\n" in out
    assert "  item  (str, default 'item')\n      What the body calls the item.\n" in out
    assert "every node also takes: join, " in out
    assert max(map(len, out.splitlines())) <= 110


def test_a_component_that_cannot_be_imported_says_why(tmp_path, monkeypatch, capsys):
    (tmp_path / "broken.dist-info").mkdir()
    (tmp_path / "broken.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: broken\nVersion: 1\n"
    )
    (tmp_path / "broken.dist-info" / "entry_points.txt").write_text("[graphbit.loaders]\nodd = no_module:X\n")
    monkeypatch.syspath_prepend(tmp_path)
    from graphbit_core import Host
    from graphbit_core.cli.plugins.describe import describe, lines

    host = Host()
    (info,) = [info for info in host.list("loader") if info.name == "odd"]
    described = describe(host, info)
    assert "no_module" in described.problem
    assert lines(described)[0].startswith("its settings cannot be told: ")


def test_a_gateway_names_its_address_and_the_variable_of_its_key(capsys):
    assert main(["plugins", "show", "groq"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^base url +https://api.groq.com/openai/v1$", out, re.M)
    assert re.search(r"^key env +GROQ_API_KEY$", out, re.M)
    assert shown(capsys, "groq", "provider")["facts"]["key_env"] == "GROQ_API_KEY"


CONFIGURATION = """
[plugins.settings]
provider.groq.api_key = "very-secret"
loader.text.encodng = "latin-1"
splitter.character.chunk_size = 300
plugin.audit.level = "debug"

[plugins.in_house]
plugin.audit = "audit.py"
"""
AUDIT = '''
"""Writes down who did what."""

from __future__ import annotations
from dataclasses import dataclass
from typing import Literal
from graphbit_core import hookimpl

@dataclass
class graphbit_settings:
    """Settings.

    Attributes:
        level: How much is written down.
    """

    level: Literal["debug", "info"] = "info"

@hookimpl
def graphbit_subscribe_events(settings): ...
'''


@pytest.fixture
def configured(tmp_path, monkeypatch):
    (tmp_path / "graphbit.toml").write_text(CONFIGURATION)
    (tmp_path / "audit.py").write_text(AUDIT)
    monkeypatch.chdir(tmp_path)
    default_host().close()
    yield str(tmp_path / "graphbit.toml")
    default_host().close()


def test_what_is_configured_is_shown_with_its_file(configured, capsys):
    assert main(["plugins", "show", "character"]) == 0
    out = capsys.readouterr().out
    assert "  chunk_size  (int, default 1000, configured: 300)\n" in out
    assert f"\nconfigured in {configured}\n" in out


def test_a_configured_secret_is_not_printed(configured, capsys):
    assert main(["plugins", "show", "groq"]) == 0
    out = capsys.readouterr().out
    assert "  api_key  (str | Secret, configured: ***)\n" in out
    assert "very-secret" not in out


def test_a_configured_setting_that_does_not_fit_is_told(configured, capsys):
    assert main(["plugins", "show", "text@graphbit-loader-text"]) == 0
    assert "  wrong: plugins.settings.loader.text.encodng: there is no setting" in capsys.readouterr().out


def test_a_module_of_hooks_is_shown_with_its_hooks_and_settings(configured, capsys):
    assert main(["plugins", "show", "audit"]) == 0
    out = capsys.readouterr().out
    assert "Writes down who did what.\n" in out
    assert "hooks: graphbit_subscribe_events\n" in out
    told = "  level  (Literal['debug', 'info'], default 'info', configured: 'debug')"
    assert f"{told}\n      How much is written down.\n" in out
