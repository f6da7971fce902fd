"""The doctor tells what is wrong with configured settings, before anything is made with them."""

from __future__ import annotations

import pytest

from graphbit_core.host.doctor.examination import Doctor

LOADER = """
import sys
assert "secret" not in " ".join(sys.orig_argv)
class Loader:
    graphbit_api = (1, 0)
    def __init__(self, *, encoding: str = "utf-8", lines: int = 1): raise OSError("it is never made")
    def load(self, path): yield path
"""
HOOKS = """
from dataclasses import dataclass
from graphbit_core import Registration, hookimpl
graphbit_api = (1, 0)

@dataclass
class graphbit_settings:
    level: str = "info"
    def __post_init__(self):
        if self.level == "loud":
            raise ValueError("loud is no level")

@hookimpl
def graphbit_register_components(settings):
    return [Registration("loader", settings.level, lambda: None)]
"""


@pytest.fixture
def examine(make_host, tmp_path):
    def run(settings):
        host = make_host(settings=settings, file=tmp_path / "graphbit.toml")
        return Doctor(host).examine()

    return run


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"encodng": "secret"},
            "plugins.settings.loader.pdf.encodng: there is no setting 'encodng' (did you",
        ),
        ({"lines": "secret"}, "plugins.settings.loader.pdf.lines: lines must be int, not str"),
    ],
    ids=["unknown", "wrong type"],
)
def test_a_setting_that_does_not_fit_is_a_fault_of_the_configuration(site, examine, tmp_path, settings, said):
    site.loader("graphbit-pdf", LOADER)
    (fault,) = examine({("loader", "pdf"): settings}).faults
    assert (fault.distribution, fault.version, fault.component) == ("graphbit-pdf", "1.2", "loader 'pdf'")
    assert f"{tmp_path / 'graphbit.toml'}: {said}" in fault.message
    assert fault.fix == f"change it in {tmp_path / 'graphbit.toml'}"


def test_settings_that_fit_are_no_fault(site, examine):
    site.loader("graphbit-pdf", LOADER)
    site.hooks("graphbit-hooks", HOOKS)
    settings = {("loader", "pdf"): {"lines": 2}, ("plugin", "main"): {"level": "debug"}}
    assert examine(settings).faults == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"levle": "debug"}, "plugins.settings.plugin.main.levle: there is no setting 'levle' (did you mean"),
        ({"level": 3}, "plugins.settings.plugin.main.level: level must be str, not int"),
        ({"level": "loud"}, "refused by the plugin: loud is no level"),
    ],
    ids=["unknown", "wrong type", "refused"],
)
def test_a_setting_that_does_not_fit_hooks_is_a_fault(site, examine, settings, said):
    site.hooks("graphbit-hooks", HOOKS)
    (fault,) = examine({("plugin", "main"): settings}).faults
    assert said in fault.message
    assert fault.distribution == "graphbit-hooks"


def test_settings_of_what_nobody_offers_are_a_fault_and_what_hooks_register_is_offered(site, examine):
    site.hooks("graphbit-hooks", HOOKS)
    diagnosis = examine({("loader", "info"): {"x": 1}, ("loader", "inof"): {"x": 1}})
    assert diagnosis.components[0].offers == (("loader", "info"),)
    (fault,) = diagnosis.faults
    assert (
        fault.message == "[plugins.settings] names loader 'inof', which nobody offers (did you mean 'info'?)"
    )
