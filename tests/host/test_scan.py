"""One scan, of metadata only; listing imports nothing."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import importlib_metadata
import pytest

from graphbit_core import ConfigError, PluginLoadError
from graphbit_core.host import ComponentInfo, Host
from graphbit_core.host.discovery import scan


def python(code: str) -> str:
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def test_importing_the_core_loads_neither_the_host_nor_importlib_metadata_nor_pluggy():
    loaded = python("import sys, graphbit_core; print(*sys.modules)").split()
    for heavy in ("graphbit_core.host", "importlib_metadata", "pluggy", "asyncio"):
        assert heavy not in loaded


def test_making_a_host_scans_nothing_before_its_first_question():
    code = "import sys; from graphbit_core import default_host; default_host(); "
    assert python(code + "print('importlib_metadata' in sys.modules)") == "False"
    assert python(code + "default_host().list(); print('importlib_metadata' in sys.modules)") == "True"


def test_a_process_scans_once_however_many_questions_and_threads_it_has():
    code = """
import importlib_metadata, threading
from concurrent.futures import ThreadPoolExecutor
from graphbit_core import ComponentNotFoundError, default_host
scans = []
original = importlib_metadata.distributions
importlib_metadata.distributions = lambda **at: scans.append(1) or original(**at)
barrier = threading.Barrier(8)
def ask(number):
    barrier.wait()
    default_host().list()
    try: default_host().component("loader", f"none{number}")
    except ComponentNotFoundError: return default_host()
with ThreadPoolExecutor(8) as pool: hosts = set(pool.map(ask, range(8)))
print(len(hosts), len(scans))
"""
    assert python(code) == "1 1"


def test_listing_imports_no_plugin(site, make_host):
    site.loader("graphbit-listed")
    site.hooks("graphbit-listed-hooks", "raise RuntimeError('must not be imported')")
    infos = make_host().list()
    assert [i.name for i in infos if i.distribution.startswith("graphbit-listed")] == ["pdf", "main"]
    assert "graphbit_listed" not in sys.modules


def test_listing_says_who_offers_what_and_in_which_state(site, make_host):
    site.loader("graphbit-told")
    host = make_host()
    expected = ("loader", "pdf", "graphbit-told", "1.2", "graphbit_told:Loader", "installed")
    assert host.list("loader") == [ComponentInfo(*expected, "available")]
    host.component("loader", "pdf")
    assert host.list("loader") == [ComponentInfo(*expected, "loaded")]


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"did you mean 'loader'"):
        Host.isolated().component("loaders", "pdf")


def test_of_two_copies_of_a_distribution_the_first_on_the_path_counts(site, tmp_path, make_host, monkeypatch):
    site.loader("graphbit-twice", version="1.0")
    later = type(site)(tmp_path / "later")
    later.loader("graphbit_twice", version="0.9")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later.path)])
    host = make_host()
    assert [info.version for info in host.list("loader")] == ["1.0"]
    assert [copy.version for copy in host.installed().duplicates] == ["0.9"]


def test_one_folder_twice_on_the_path_is_no_duplicate(site):
    site.loader("graphbit-once")
    assert scan([str(site.path), str(site.path) + "/."]).duplicates == ()


def test_metadata_that_cannot_be_read_harms_no_other_distribution(site, make_host, caplog):
    site.loader("graphbit-readable")
    broken = site.path / "nameless-1.0.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_text("[graphbit.loaders]\nx = y:Z\n")
    garbage = site.path / "garbage-1.0.dist-info"
    garbage.mkdir()
    (garbage / "entry_points.txt").write_bytes(b"[graphbit.loaders]\n\xff\xfe\n")
    host = make_host()
    assert host.component("loader", "pdf").__name__ == "Loader"
    assert len(host.installed().unreadable) == 2
    assert "reinstall" in caplog.text


def test_a_version_is_taken_from_the_headers_and_not_from_the_readme(site):
    site.loader("graphbit-headers", version="7.1")
    assert [found.version for found in scan([str(site.path)]).distributions] == ["7.1"]
    assert importlib_metadata.version("graphbit-headers") == "7.1"


def test_two_threads_that_ask_first_both_get_the_one_answer(site, make_host):
    slow = "import time; time.sleep(0.2)\nCOUNT = []\n"
    site.loader(
        "graphbit-threads", slow + "class Loader:\n graphbit_api = (1, 0)\n def load(self, path): ...\n"
    )
    host = make_host()
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: host.component("loader", "pdf"), range(8)))
    assert len(answers) == 1


def test_threads_that_meet_a_broken_component_all_get_the_error_and_it_is_imported_once(site, make_host):
    counter = "import sys, time\ntime.sleep(0.1)\n"
    counter += "sys.graphbit_test_count = getattr(sys, 'graphbit_test_count', 0) + 1\n"
    site.loader("graphbit-broken-threads", counter + "raise RuntimeError('no')\n")
    host = make_host()

    def ask(_: int) -> str:
        try:
            host.component("loader", "pdf")
        except PluginLoadError as error:
            return f"{type(error).__name__} {error.__cause__!r}"
        return "loaded"

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(8)))
    assert answers == {"PluginLoadError RuntimeError('no')"}
    assert vars(sys).pop("graphbit_test_count") == 1


def test_create_passes_settings_to_a_class_and_into_the_fields_of_a_row(site, make_host):
    @dataclass(frozen=True)
    class Gateway:
        base_url: str = "https://one.example"
        graphbit_api: tuple[int, int] = (1, 0)

    site.loader("graphbit-create")
    host = make_host()
    assert host.create("loader", "pdf", name="a", kind="b").settings == {"name": "a", "kind": "b"}
    host.add("provider", "gateway", Gateway())
    assert host.create("provider", "gateway").base_url == "https://one.example"
    assert (
        host.create("provider", "gateway", base_url="https://two.example").base_url == "https://two.example"
    )
