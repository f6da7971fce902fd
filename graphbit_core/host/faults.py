"""Builds the errors of the plugin tree: what is wrong, with whom, and the command that mends it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TypeGuard

from graphbit_core.contracts import API_VERSION, ENTRY_POINT_GROUPS
from graphbit_core.errors import (
    ComponentNotFoundError,
    ConfigError,
    IncompatiblePluginError,
    PluginConflictError,
    PluginError,
    PluginLoadError,
)
from graphbit_core.host.records import CORE, PLUGIN, Origin
from graphbit_core.host.reference import Reference
from graphbit_core.nearest import nearest, nearest_name

_PACKAGE_OF = {
    "provider": "graphbit-{}",
    "node_type": "graphbit-{}",
    "vector_store": "graphbit-store-{}",
    PLUGIN: "graphbit-{}",
}
"""Kind → how its packages are named, where that is not ``graphbit-<kind>-<name>``."""

_OURS = {
    "graphbit-anthropic": ["provider anthropic"],
    "graphbit-embedder-hashing": ["embedder hashing"],
    "graphbit-extractive": ["provider extractive"],
    "graphbit-gateways": [
        *("embedder bytedance", "embedder compatible", "embedder fireworks", "embedder litellm"),
        *("embedder llama_cpp", "embedder lm_studio", "embedder mistral", "embedder openrouter"),
        *("embedder together", "embedder vllm", "provider ai21", "provider bytedance", "provider cerebras"),
        *("provider compatible", "provider deepseek", "provider fireworks", "provider groq"),
        *("provider litellm", "provider llama_cpp", "provider lm_studio", "provider mistral"),
        *("provider moonshot", "provider nvidia", "provider openrouter", "provider perplexity"),
        *("provider together", "provider vllm", "provider xai"),
    ],
    "graphbit-google": ["embedder gemini", "embedder google", "provider gemini", "provider google"],
    "graphbit-huggingface": ["embedder huggingface", "provider huggingface"],
    "graphbit-loader-docx": ["loader docx"],
    "graphbit-loader-html": ["loader html", "loader xml"],
    "graphbit-loader-pdf": ["loader pdf"],
    "graphbit-loader-text": ["loader csv", "loader json", "loader text"],
    "graphbit-ollama": ["embedder ollama", "provider ollama"],
    "graphbit-openai": [
        *("embedder azure", "embedder openai", "provider azure", "provider azure_responses"),
        *("provider openai", "provider openai_responses"),
    ],
    "graphbit-splitter-text": [
        *("splitter character", "splitter recursive", "splitter sentence", "splitter token")
    ],
    "graphbit-store-qdrant-edge": ["vector_store qdrant-edge"],
    "graphbit-tokenizer-tiktoken": [
        *("tokenizer cl100k_base", "tokenizer o200k_base", "tokenizer o200k_harmony")
    ],
}
"""What the add-ons of GraphBit's own repository offer: for these the command is known, not guessed."""
OUR_PACKAGES = {component: package for package, offers in _OURS.items() for component in offers}

_MEND = ". To mend it: "
_GUESS = ". If an add-on offers it: "


def without_fix(message: str, fix: str) -> str:
    """A plugin error's message without the fix at its end."""
    return message.removesuffix(_MEND + fix)


def divided(error: PluginError) -> tuple[str, str | None]:
    """What is wrong, and what to do about it if that is known, for who shows the two apart."""
    if error.fix is None:
        return error.message, None
    if error.message.endswith(guess := _GUESS + error.fix):
        return error.message.removesuffix(guess), guess.removeprefix(". ")
    return without_fix(error.message, error.fix), error.fix


def check_kind(kind: str, *, plugins: bool = False) -> None:
    """Raises ConfigError if there is no such kind of component."""
    kinds = [*ENTRY_POINT_GROUPS, *([PLUGIN] if plugins else [])]
    if kind not in kinds:
        raise ConfigError(
            f"there is no kind of component {kind!r}{nearest(kind, kinds)}. Kinds: {', '.join(kinds)}",
            setting="kind",
        )


def _upgrade(distribution: str) -> str:
    return f"pip install --upgrade {shlex.quote(distribution)}"


def _mend(origin: Origin) -> str:
    if origin.version is not None:
        project = _project(origin.distribution)
        return f"mend it in {project}" if project else _upgrade(origin.distribution)
    if origin.entry_point is None:
        return f"mend {origin.distribution}"
    return f"mend {Reference.read(origin.entry_point).place}"


def _project(distribution: str) -> Path | None:
    """The folder in which it is written, where it is an editable install: whoever has that is its author."""
    from importlib_metadata import PackageNotFoundError, distribution as find

    from graphbit_core.host.metadata import editable_project

    try:
        return editable_project(find(distribution))
    except (PackageNotFoundError, OSError, ValueError):
        return None


def remove_fix(origin: Origin) -> str:
    """What takes a component out of the way."""
    if origin.version is not None:
        return f"pip uninstall {shlex.quote(origin.distribution)}"
    return f"take {_configured(origin)} out"


def _configured(origin: Origin) -> str:
    place = f" of {origin.configured_in}" if origin.configured_in else ""
    return f"{origin.kind}.{origin.name} in [plugins.in_house]{place}"


def _correct(origin: Origin, reference: Reference) -> str:
    """For a reference that names nothing."""
    if reference.is_file:
        return f"write that file, or correct {_configured(origin)}"
    return f"correct {_configured(origin)}; a module must be installed or on PYTHONPATH, a file ends in .py"


def _names_nothing(reference: Reference, cause: BaseException) -> bool:
    """Whether an import failed because there is no such file, module or attribute."""
    if isinstance(cause, AttributeError):
        return cause.name in reference.attribute.split(".")
    if reference.is_file:
        return isinstance(cause, FileNotFoundError) and not Path(reference.place).exists()
    return isinstance(cause, ModuleNotFoundError) and f"{reference.place}.".startswith(f"{cause.name}.")


def _described(cause: BaseException) -> str:
    text = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    if isinstance(cause, SyntaxError) and cause.filename:
        return f"{text} in {cause.filename}"
    return text


def load_failed(origin: Origin, cause: BaseException) -> PluginLoadError:
    """The component's import, or the attribute its entry point names, raised ``cause``."""
    own = (origin.entry_point or "").partition(":")[0].partition(".")[0]
    missing = cause.name if isinstance(cause, ImportError) else None
    if missing and missing.partition(".")[0] != own:
        problem = f"its import of {missing!r} failed ({_described(cause)})"
    else:
        problem = f"its import failed ({_described(cause)})"
    fix = _mend(origin)
    if origin.source == "in-house":
        reference = Reference.read(origin.entry_point or "")
        if _names_nothing(reference, cause):
            fix = _correct(origin, reference)
    return PluginLoadError(f"{origin}: {problem}{_MEND}{fix}", **origin.facts(), fix=fix)


def unusable(origin: Origin, problem: str) -> PluginLoadError:
    """It was imported or registered, but is not what its kind must be."""
    fix = _mend(origin)
    return PluginLoadError(f"{origin}: {problem}{_MEND}{fix}", **origin.facts(), fix=fix)


def incompatible(origin: Origin, declared: object) -> IncompatiblePluginError:
    """It declares no version of the plugin API, or one that this host does not speak."""
    host = ".".join(map(str, API_VERSION))
    if declared is None:
        needs = "declares no plugin API version (graphbit_api = (major, minor))"
    elif _is_version(declared):
        needs = f"needs plugin API {'.'.join(map(str, declared))}"
    else:
        needs = f"declares graphbit_api = {declared!r}, which is not (major, minor)"
    newer = _is_version(declared) and declared > API_VERSION
    fix = _upgrade(CORE) if newer else _mend(origin)
    message = f"{origin} {needs}; this graphbit-core offers {host}{_MEND}{fix}"
    return IncompatiblePluginError(message, **origin.facts(), fix=fix)


def _is_version(declared: object) -> TypeGuard[tuple[int, int]]:
    return (
        isinstance(declared, tuple) and len(declared) == 2 and all(isinstance(part, int) for part in declared)
    )


def package_of(kind: str, name: str) -> str:
    """How a package is called that offers just this component."""
    return _PACKAGE_OF.get(kind, f"graphbit-{kind}-{{}}").format(name.replace("_", "-"))


def not_installed(
    kind: str, name: str, known: Collection[str], others: Collection[str] = ()
) -> ComponentNotFoundError:
    """Nobody offers it. The command is known for our own add-ons, and else a guess.

    Args:
        kind: A kind of component.
        name: What was asked for.
        known: What is installed of that kind.
        others: Names that are not installed and may have been meant, beside those of our own add-ons.
    """
    ours = {key.partition(" ")[2] for key in OUR_PACKAGES if key.startswith(f"{kind} ")}
    meant = nearest_name(name, known)
    if meant is None and name not in ours:
        meant = nearest_name(name, {*ours, *others}, cutoff=0.8)
    near = f" (did you mean {meant!r}?)" if meant else ""
    have = f"Known: {', '.join(sorted(known))}" if known else f"No {kind} is installed"
    message = f"{kind} {name!r} is not installed{near}. {have}"
    fix = None
    if package := OUR_PACKAGES.get(f"{kind} {name}"):
        fix = f"pip install {package}"
        message += f"{_MEND}{fix}"
    elif meant not in known and (package := OUR_PACKAGES.get(f"{kind} {meant}")):
        fix = f"pip install {package}"
        message += f". {package} offers {meant!r}{_MEND}{fix}"
    elif re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) and not meant:
        fix = f"pip install {package_of(kind, name)}"
        message += f"{_GUESS}{fix}"
    return ComponentNotFoundError(message, kind=kind, name=name, fix=fix)


def not_offered_by(
    kind: str, name: str, distribution: str, offers: Sequence[Origin]
) -> ComponentNotFoundError:
    """``name@distribution`` was asked for, and only others offer it."""
    others = ", ".join(origin.distribution for origin in offers)
    return ComponentNotFoundError(
        f"{distribution} does not offer {kind} {name!r}; offered by: {others}",
        kind=kind,
        name=name,
        distribution=distribution,
        fix=f"{name}@{offers[0].distribution}",
    )


def denied(origin: Origin, reason: str) -> ComponentNotFoundError:
    """It is installed, but the configuration does not trust its distribution."""
    fix = f"allow {origin.distribution}: {reason}"
    return ComponentNotFoundError(f"{origin} is not allowed by {reason}", **origin.facts(), fix=fix)


def conflict(offers: Sequence[Origin]) -> PluginConflictError:
    """Several distributions offer it, and nothing says which is meant."""
    first = offers[0]
    names = [origin.distribution for origin in offers]
    fix = prefer_fix(first.kind, first.name, names[0])
    return PluginConflictError(
        f"{first.kind} {first.name!r} is offered by {' and '.join(names)}. Ask for "
        f"'{first.name}@{names[0]}', or write {fix}",
        kind=first.kind,
        name=first.name,
        candidates=names,
        fix=fix,
    )


def prefer_fix(kind: str, name: str, distribution: str) -> str:
    """The line of configuration that settles a conflict."""
    return f'[plugins.prefer] {kind}.{name} = "{distribution}" in graphbit.toml'


def hook_failed(origin: Origin, hook: str, cause: BaseException) -> PluginError:
    """An implementation of a hook raised; its result is left out."""
    fix = _mend(origin)
    return PluginError(
        f"{origin}: its {hook} failed and is left out ({_described(cause)}){_MEND}{fix}",
        **origin.facts(),
        fix=fix,
    )


def taken(origin: Origin) -> PluginConflictError:
    """The same source has already added a component of this name."""
    return PluginConflictError(
        f"{origin} was added already; remove it first", **origin.facts(), candidates=[origin.distribution]
    )


def not_known(name: str, known: Sequence[str]) -> ComponentNotFoundError:
    """No component of any kind has this name."""
    return ComponentNotFoundError(
        f"nothing installed is called {name!r}{nearest(name, known)}. See: graphbit plugins list", name=name
    )
