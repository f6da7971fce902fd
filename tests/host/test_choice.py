"""No silent shadowing: which of several offers is meant."""

from __future__ import annotations

import pytest

from graphbit_core import ComponentNotFoundError, PluginConflictError
from graphbit_core.host import Host, Registration, hookimpl


@pytest.fixture
def two(site):
    site.loader("graphbit-one")
    site.loader("graphbit-two")
    return site


class Mine:
    """An in-house loader."""


def test_a_name_that_two_distributions_offer_is_a_conflict_that_names_both_and_the_fix(two, make_host):
    host = make_host()
    with pytest.raises(PluginConflictError) as caught:
        host.component("loader", "pdf")
    error = caught.value
    assert sorted(error.candidates) == ["graphbit-one", "graphbit-two"]
    assert "'pdf@graphbit-" in error.message
    assert error.fix.startswith("[plugins.prefer] loader.pdf = ")
    assert [info.state for info in host.list("loader")] == ["conflict", "conflict"]
    assert "graphbit-one" in host.list("loader")[0].error


def test_a_conflict_harms_no_other_name(two, make_host):
    two.loader("graphbit-three", name="docx")
    assert make_host().component("loader", "docx").__module__ == "graphbit_three"


def test_name_at_distribution_says_which_is_meant(two, make_host):
    host = make_host()
    assert host.component("loader", "pdf@graphbit-two").__module__ == "graphbit_two"
    assert host.component("loader", "pdf@Graphbit_One").__module__ == "graphbit_one"


def test_name_at_a_distribution_that_does_not_offer_it_names_those_that_do(two, make_host):
    with pytest.raises(ComponentNotFoundError, match=r"graphbit-six does not offer.*graphbit-"):
        make_host().component("loader", "pdf@graphbit-six")


def test_the_configured_preference_decides(two, make_host):
    host = make_host(prefer={("loader", "pdf"): "graphbit_two"})
    assert host.component("loader", "pdf").__module__ == "graphbit_two"
    assert host.component("loader", "pdf@graphbit-one").__module__ == "graphbit_one"


def test_a_preference_for_what_is_not_installed_warns_and_decides_nothing(site, make_host, caplog):
    site.loader("graphbit-one")
    host = make_host(prefer={("loader", "pdf"): "graphbit-on"})
    assert host.component("loader", "pdf").__module__ == "graphbit_one"
    assert "'graphbit-on'" in caplog.text
    assert "did you mean 'graphbit-one'" in caplog.text


def test_what_replaces_another_distribution_stands_in_for_it(site, make_host):
    site.loader("graphbit-one")
    host = make_host()
    host.add("loader", "pdf", Mine, replaces="Graphbit-One")
    assert host.component("loader", "pdf") is Mine
    assert host.component("loader", "pdf@graphbit-one").__module__ == "graphbit_one"
    host.remove("loader", "pdf")
    assert host.component("loader", "pdf").__module__ == "graphbit_one"


def test_a_preference_goes_before_a_replacement(site, make_host):
    site.loader("graphbit-one")
    host = make_host(prefer={("loader", "pdf"): "graphbit-one"})
    host.add("loader", "pdf", Mine, replaces="graphbit-one")
    assert host.component("loader", "pdf").__module__ == "graphbit_one"


def test_an_in_house_component_does_not_shadow_an_installed_one_silently(site, make_host):
    site.loader("graphbit-one")
    host = make_host()
    host.add("loader", "pdf", Mine)
    with pytest.raises(PluginConflictError, match=r"graphbit-one and in-house|in-house and graphbit-one"):
        host.component("loader", "pdf")
    assert host.component("loader", "pdf@in-house") is Mine


def test_two_that_replace_each_other_are_a_conflict(site, make_host):
    class Hooks:
        @hookimpl
        def graphbit_register_components(self):
            return [Registration("loader", "pdf", Mine, replaces="in-house")]

    host = make_host()
    host.register(Hooks(), "theirs")
    host.add("loader", "pdf", Mine, replaces="theirs")
    with pytest.raises(PluginConflictError, match=r"theirs and in-house|in-house and theirs"):
        host.component("loader", "pdf")


def test_adding_one_name_twice_is_a_conflict_at_once():
    host = Host.isolated({("loader", "pdf"): Mine})
    with pytest.raises(PluginConflictError, match="added already"):
        host.add("loader", "pdf", Mine)
