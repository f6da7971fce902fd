"""The immutable index of offers, and the rule that picks one. Readers need no lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self

from graphbit_core.host import faults
from graphbit_core.host.candidate import Candidate
from graphbit_core.host.records import Key, normalized


class Index:
    """Kind and name → who offers it. Changing it makes a new one."""

    def __init__(self, candidates: Iterable[Candidate] = ()) -> None:
        self._candidates = tuple(candidates)
        by_key: dict[Key, list[Candidate]] = {}
        for candidate in self._candidates:
            by_key.setdefault((candidate.origin.kind, candidate.origin.name), []).append(candidate)
        self._by_key: Mapping[Key, tuple[Candidate, ...]] = {k: tuple(v) for k, v in by_key.items()}

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self._candidates)

    def offers(self, kind: str, name: str) -> tuple[Candidate, ...]:
        """Everyone who offers it, the denied ones too."""
        return self._by_key.get((kind, name), ())

    def plus(self, candidates: Iterable[Candidate]) -> Self:
        """With more offers."""
        return type(self)((*self._candidates, *candidates))

    def minus(self, unwanted: Callable[[Candidate], bool]) -> Self:
        """Without those for which ``unwanted`` is true."""
        return type(self)(candidate for candidate in self._candidates if not unwanted(candidate))

    def choose(self, kind: str, name: str, prefer: Mapping[Key, str]) -> Candidate:
        """``name@distribution``, else the preferred, else the one that replaces the rest, else the only one.

        Raises:
            ComponentNotFoundError: Nobody offers it, or only distributions that are not allowed.
            PluginConflictError: Several offer it, and nothing says which is meant.
        """
        name, _, distribution = name.partition("@")
        offers = self.offers(kind, name)
        if not offers:
            known = {other for other_kind, other in self._by_key if other_kind == kind}
            raise faults.not_installed(kind, name, sorted(known))
        if distribution:
            offers = _by(distribution, offers)
            if not offers:
                origins = [candidate.origin for candidate in self.offers(kind, name)]
                raise faults.not_offered_by(kind, name, distribution, origins)
        allowed = tuple(candidate for candidate in offers if candidate.denied is None)
        if not allowed:
            raise faults.denied(offers[0].origin, offers[0].denied or "")
        if len(allowed) == 1:
            return allowed[0]
        preferred = _by(prefer.get((kind, name), ""), allowed)
        standing = preferred or _not_replaced(allowed)
        if len(standing) == 1:
            return standing[0]
        raise faults.conflict([candidate.origin for candidate in standing or allowed])


def _by(distribution: str, offers: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    wanted = normalized(distribution)
    return tuple(offer for offer in offers if normalized(offer.origin.distribution) == wanted)


def _not_replaced(offers: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    replaced = {normalized(offer.replaces) for offer in offers if offer.replaces}
    return tuple(offer for offer in offers if normalized(offer.origin.distribution) not in replaced)
