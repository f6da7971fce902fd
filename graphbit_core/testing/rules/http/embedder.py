"""Rules for embedders behind HTTP, tried against a scripted server on this machine."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.contracts.embedder import HttpEmbedder, LocalEmbedder
from graphbit_core.errors import DecodeError, GraphBitError, ProviderError, UnavailableError
from graphbit_core.host import Host
from graphbit_core.llm.embeddings.client import EmbeddingClient
from graphbit_core.testing.model_server import ModelServer, Received
from graphbit_core.testing.replies import Reply
from graphbit_core.testing.rules.component import CANARY
from graphbit_core.testing.rules.http.network import (
    GARBAGE,
    ONCE,
    STATUSES,
    NetworkConformance,
    check_error,
    everything,
    raised,
)
from graphbit_core.testing.rules.provider import known_models
from graphbit_core.types.http import HttpResponse

_TEXT = re.compile(rb"text-([0-9]+)-")
_VECTORS = ((0.5, -0.25, 1.0), (0.0, 3.0, -1e-3))
_SPOILED: tuple[Any, ...] = (((0.5, 0.25),), ((0.5,), (0.25,), (1.0,)), ((0.5, 0.25), (0.5,)), ((), ()))
"""Replies that are not one vector of the same length for each of two texts."""


class HttpEmbedderConformance(NetworkConformance):
    """Rules for embedders behind HTTP: a subclass gives ``component``, ``key_env``, and how the API writes
    vectors and errors. They prove that vectors keep their order over batches, that no reply that is cut,
    uneven or no number is taken for vectors, that errors are those of the contract, and that keys stay
    secret.
    """

    kind = "embedder"
    needs: ClassVar[tuple[str, ...]] = ("key_env", "error_body", "vectors_body", "other_settings")
    other_settings: ClassVar[Sequence[dict[str, Any]] | None] = None
    """Settings that change the vectors, the model for one; the fingerprint must change with each of them."""
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {}
    """Bodies with status 200 that are errors, and what they are."""

    def vectors_body(self, vectors: Sequence[Sequence[float]]) -> Any:
        """A reply that holds ``vectors``, as the API sends it."""
        raise NotImplementedError

    def same_bodies(self, vectors: Sequence[Sequence[float]]) -> Sequence[Any]:
        """Other replies that hold the same: in another order, or with numbers written in another way."""
        return ()

    def use(self, instance: Any, folder: Path) -> Any:
        return instance.fingerprint, instance.codec().encode(["a"])

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with ModelServer(self._numbered) as server:
            self.server = server
            yield

    def client(self, *replies: Reply, **settings: Any) -> EmbeddingClient:
        """A client of the embedder, of a server that gives ``replies``."""
        url = self.server.script(*replies) if replies else self.server.url
        host = Host.isolated(components={("embedder", "tested"): self.component})
        told = {**self.settings, "base_url": url, **self.secret_settings(), **settings}
        return EmbeddingClient("tested", host=host, registry=known_models(), policy=ONCE, **told)

    # --- codec ---

    def test_is_an_embedder_behind_http(self) -> None:
        embedder = self.make()
        assert isinstance(embedder, HttpEmbedder)
        assert not isinstance(embedder, LocalEmbedder)

    def test_a_codec_is_pure_and_keeps_its_credential(self) -> None:
        codec = self.make().codec()
        first = codec.encode(["a", "b"])
        codec.encode(["something else"])
        assert codec.encode(["a", "b"]) == first
        assert any(CANARY in value for value in first.headers.values()), "no header has the key"
        assert CANARY not in first.url, "the address has the key"
        assert CANARY.encode() not in first.body, "the body has the key"
        assert CANARY not in repr(first) + repr(codec), "a repr shows the key"

    def test_the_fingerprint_changes_with_what_changes_vectors(self) -> None:
        own = self.make().fingerprint
        assert own, "the fingerprint is empty"
        assert own == self.make().fingerprint, "two that were made alike have two fingerprints"
        assert CANARY not in own, "the fingerprint shows the key"
        assert self.other_settings is not None, (
            "give `other_settings`: a list of settings that change the vectors, such as another model"
        )
        seen = {own}
        for other in ({"base_url": "https://other.example"}, *self.other_settings):
            fingerprint = self.make(**other).fingerprint
            assert fingerprint not in seen, f"the fingerprint with {other} is that of other settings"
            seen.add(fingerprint)

    # --- vectors ---

    def test_every_form_of_a_reply_reads_the_same(self) -> None:
        for body in (self.vectors_body(_VECTORS), *self.same_bodies(_VECTORS)):
            client = self.client(Reply.json(body))
            found = [list(vector) for vector in client.embed(["a", "b"])]
            for vector, expected in zip(found, _VECTORS, strict=True):
                assert vector == pytest.approx(list(expected), rel=1e-6)
            known = (len(_VECTORS[0]), self.make().dimensions)
            assert client.dimensions in known, f"dimensions are {client.dimensions}, not one of {known}"

    def test_many_texts_go_in_batches_and_keep_their_order(self) -> None:
        most = self.make().codec().max_batch
        texts = [f"text-{at}-Zürich" for at in range(2 * most + 1)]
        client = self.client()
        for vectors in (client.embed(texts), asyncio.run(client.embed_async(texts))):
            assert [vector[0] for vector in vectors] == [float(at) for at in range(len(texts))]
        sizes = sorted(len(_TEXT.findall(request.body)) for request in self.server.requests())
        wanted = [1, 1, most, most, most, most]
        assert sizes == wanted, (
            f"batches of {sizes} texts, not {wanted}"
        )  # several go at once, so that any may be first

    def test_threads_and_tasks_may_share_a_client(self) -> None:
        client = self.client()

        async def ask_all() -> list[Any]:
            return list(await asyncio.gather(*(client.embed_async([f"text-{at}-"]) for at in range(16))))

        with ThreadPoolExecutor(8) as pool:
            found = [*pool.map(lambda at: client.embed([f"text-{at}-"]), range(16)), *asyncio.run(ask_all())]
        assert [vectors[0][0] for vectors in found] == [float(at) for at in range(16)] * 2

    # --- errors ---

    @pytest.mark.parametrize("status", sorted(STATUSES))
    def test_a_status_is_the_error_it_stands_for(self, status: int) -> None:
        headers = {"retry-after": "7", "x-request-id": "r-1"}
        for error in self._errors(Reply.json(self.error_body("scripted"), status, headers)):
            wanted = STATUSES[status].__name__
            assert type(error) is STATUSES[status], f"{status} should be a {wanted}, not {error!r}"
            check_error(error, status)

    @pytest.mark.parametrize("body", GARBAGE)
    def test_garbage_is_never_vectors(self, body: bytes) -> None:
        for error in self._errors(Reply.text(body)):
            assert isinstance(error, DecodeError), f"this should be a DecodeError, not {error!r}"
        for error in self._errors(Reply.text(body, 500)):
            assert type(error) is UnavailableError, f"500 should be an UnavailableError, not {error!r}"

    @pytest.mark.parametrize("vectors", _SPOILED)
    def test_too_few_or_many_or_uneven_vectors_are_never_vectors(self, vectors: Any) -> None:
        for error in self._errors(Reply.json(self.vectors_body(vectors))):
            assert isinstance(error, DecodeError), f"this should be a DecodeError, not {error!r}"

    @pytest.mark.parametrize("number", [math.nan, math.inf, 10**400], ids=["nan", "inf", "10**400"])
    def test_numbers_that_are_not_finite_are_never_vectors(self, number: float) -> None:
        for error in self._errors(Reply.json(self.vectors_body(((0.5, 1.0), (0.5, number))))):
            assert isinstance(error, DecodeError), f"this should be a DecodeError, not {error!r}"

    def test_a_reply_cut_at_any_byte_is_never_vectors(self) -> None:
        body = json.dumps(self.vectors_body(_VECTORS)).encode()
        codec = self.make().codec()
        for at in range(len(body)):
            with pytest.raises((DecodeError, ProviderError)):
                codec.decode(_response(body[:at]))

    def test_an_error_with_status_200_is_never_vectors(self) -> None:
        for body, kind in self.other_errors.items():
            for error in self._errors(Reply.text(body)):
                assert isinstance(error, kind), f"{body!r} should be a {kind.__name__}, not {error!r}"

    def test_no_error_or_log_shows_the_key(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        said = f"wrong key {CANARY} at {self.server.url}, header Bearer {CANARY}"
        for status in (401, 429, 500):
            for error in self._errors(Reply.json(self.error_body(said), status)):
                assert CANARY not in everything(error)
                assert self.server.url not in everything(error)
        assert CANARY not in caplog.text

    # --- helpers ---

    def _numbered(self, request: Received) -> Reply:
        """For each text the vector of its number."""
        numbers = [float(found) for found in _TEXT.findall(request.body)]
        return Reply.json(self.vectors_body([(number, 1.0) for number in numbers]))

    def _errors(self, reply: Reply) -> Iterator[BaseException]:
        yield raised(lambda: self.client(reply).embed(["a", "b"]))
        yield raised(lambda: asyncio.run(self.client(reply).embed_async(["a", "b"])))


def _response(body: bytes) -> HttpResponse:
    return HttpResponse(200, {}, body)
