"""Broken plugins and settings, one for each message that a host may give of them."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

from message_scene import Case, Scene, logged, raised
from sites import LOADER, Site

from graphbit_core import default_host
from graphbit_core.cli import main
from graphbit_core.host import Host, HostSettings


def _conflict(scene: Scene) -> str:
    second = Site(scene.site.path / "second")
    scene.site.loader("graphbit-loader-ini", name="ini")
    second.loader("company-ini", name="ini")
    host = Host(path=[str(scene.site.path), str(second.path)])
    return raised(lambda: host.component("loader", "ini"))


def _not_offered(scene: Scene) -> str:
    scene.site.loader("graphbit-loader-ini", name="ini")
    return raised(lambda: scene.host().component("loader", "ini@company-ini"))


def _not_shown(_: Scene) -> str:
    with redirect_stderr(io.StringIO()) as said:
        main(["plugins", "show", "transfrom"])
    return said.getvalue().strip()


def _added_twice(scene: Scene) -> str:
    host = scene.host()
    host.add("loader", "ini", dict)
    return raised(lambda: host.add("loader", "ini", dict))


def _closed(scene: Scene) -> str:
    host = scene.host()
    host.close()
    return raised(host.list)


def _warned(scene: Scene, **settings: object) -> str:
    scene.site.loader("graphbit-loader-ini", name="ini")
    return logged(lambda: scene.host(**settings).component("loader", "ini"))


def _wrapped(scene: Scene, source: str) -> str:
    scene.site.hooks("graphbit-audit", f"from graphbit_core import hookimpl\ngraphbit_api = (1, 0)\n{source}")
    scene.site.loader("graphbit-loader-ini", name="ini")
    return logged(lambda: scene.host().create("loader", "ini"))


def _in_house(scene: Scene, reference: str) -> str:
    return scene.configured(f'[plugins.in_house]\nloader.ini = "{reference}"\n')


def _settings(scene: Scene, line: str) -> str:
    scene.site.loader(
        "graphbit-loader-ini",
        LOADER.replace("**settings", "*, encoding: str = 'utf-8'").replace("settings", "encoding"),
        name="ini",
    )
    return scene.configured(f"[plugins.settings]\n{line}\n")


HOOK = "@hookimpl\ndef {}({}): {}\n"

GROUPS: dict[str, list[Case]] = {
    "It is not found": [
        Case(
            "Nobody offers it, and it is one of ours",
            lambda scene: raised(lambda: scene.host().component("loader", "pdf")),
        ),
        Case(
            "Nobody offers it, and nobody here knows who would",
            lambda scene: raised(lambda: scene.host().component("loader", "epub")),
        ),
        Case(
            "Its name is misspelt",
            lambda scene: raised(lambda: default_host().component("node_type", "transfrom")),
        ),
        Case("`graphbit plugins show` is asked for what nobody has", _not_shown),
        Case("Another distribution offers it than the one asked for", _not_offered),
        Case(
            "Its distribution is not on the list of those that are allowed",
            lambda scene: scene.loader(LOADER, allow=frozenset({"graphbit-loader-pdf"})),
        ),
        Case("There is no such kind", lambda scene: raised(lambda: scene.host().component("loaders", "ini"))),
        Case("The host was closed", _closed),
    ],
    "Its import fails": [
        Case("A library that it imports is not installed", lambda scene: scene.loader("import configobj")),
        Case(
            "Its module is not there, or raises",
            lambda scene: scene.loader("raise RuntimeError('no licence file')"),
        ),
        Case("Its module is no Python", lambda scene: scene.loader("def load(:")),
        Case("Its module ends the process", lambda scene: scene.loader("raise SystemExit(1)")),
        Case(
            "The module has not what the entry point names",
            lambda scene: scene.loader("class IniLoader: pass"),
        ),
    ],
    "It is not what its kind must be": [
        Case("It is no class", lambda scene: scene.loader("Loader = 42")),
        Case("It lacks a method", lambda scene: scene.loader("class Loader:\n    graphbit_api = (1, 0)")),
        Case(
            "It declares no version of the plugin API",
            lambda scene: scene.loader(LOADER.replace("graphbit_api", "api")),
        ),
        Case(
            "It declares something else than a version",
            lambda scene: scene.loader(LOADER.replace("(1, 0)", "'1.0'")),
        ),
        Case(
            "It was written for a newer version",
            lambda scene: scene.loader(LOADER.replace("(1, 0)", "(1, 7)")),
        ),
        Case(
            "It was written for an older major version",
            lambda scene: scene.loader(LOADER.replace("(1, 0)", "(0, 9)")),
        ),
    ],
    "Two offer it": [
        Case("Two distributions offer a component of one kind and name", _conflict),
        Case("A program adds it twice", _added_twice),
    ],
    "Hooks": [
        Case(
            "There is no such hook",
            lambda scene: scene.hooks(
                HOOK.format("graphbit_subscribe_event", "", "pass"), "graphbit_subscribe_events"
            ),
        ),
        Case(
            "It takes an argument that the hook has not",
            lambda scene: scene.hooks(
                HOOK.format("graphbit_subscribe_events", "run", "pass"), "graphbit_subscribe_events"
            ),
        ),
        Case(
            "It is a wrapper of pluggy's",
            lambda scene: scene.hooks(
                "@hookimpl(wrapper=True)\ndef graphbit_subscribe_events(): return (yield)\n",
                "graphbit_subscribe_events",
            ),
        ),
        Case(
            "It raises",
            lambda scene: scene.hooks(
                HOOK.format("graphbit_subscribe_events", "", "1 / 0"), "graphbit_subscribe_events"
            ),
        ),
        Case(
            "It returns something else than the hook is for",
            lambda scene: scene.hooks(
                HOOK.format("graphbit_subscribe_events", "", "return 42"), "graphbit_subscribe_events"
            ),
        ),
        Case(
            "It registers something else than a component",
            lambda scene: scene.hooks(
                HOOK.format("graphbit_register_components", "", "return ['ini']"), "graphbit_doctor_checks"
            ),
        ),
        Case(
            "It registers a component of an unknown kind",
            lambda scene: scene.hooks(
                HOOK.format(
                    "graphbit_register_components", "", "return [Registration('loder', 'ini', dict)]"
                ),
                "graphbit_doctor_checks",
            ),
        ),
        Case(
            "Its middleware raises",
            lambda scene: _wrapped(
                scene, HOOK.format("graphbit_wrap_component", "", "return lambda instance: 1 / 0")
            ),
        ),
        Case(
            "Its middleware gives less than it was given",
            lambda scene: _wrapped(
                scene, HOOK.format("graphbit_wrap_component", "", "return lambda instance: object()")
            ),
        ),
    ],
    "Configuration": [
        Case("A key is misspelt", lambda scene: scene.configured("[plugins]\nalow = []\n")),
        Case(
            "A list names a distribution that is not installed",
            lambda scene: _warned(scene, deny=frozenset({"graphbit-loader-inni"})),
        ),
        Case(
            "`GRAPHBIT_PLUGINS_STRICT` is neither on nor off",
            lambda scene: raised(
                lambda: HostSettings.load(scene.site.path, {"GRAPHBIT_PLUGINS_STRICT": "maybe"})
            ),
        ),
        Case(
            "An in-house plugin is not named as a file or a module",
            lambda scene: _in_house(scene, "ini.txt:Ini!"),
        ),
        Case(
            "The file of an in-house plugin is not there", lambda scene: _in_house(scene, "ini.py:IniLoader")
        ),
        Case(
            "The module of an in-house plugin is not there",
            lambda scene: _in_house(scene, "company.ini:IniLoader"),
        ),
        Case("A setting is not known", lambda scene: _settings(scene, 'loader.ini.encodng = "latin-1"')),
        Case("A setting is of the wrong type", lambda scene: _settings(scene, "loader.ini.encoding = 8859")),
        Case(
            "Settings are for something that nobody offers",
            lambda scene: _warned(scene, settings={("loader", "inni"): {}}),
        ),
    ],
}
"""Heading → cases, in the order of the page."""
