"""What an http_request node sends, gives and fails with."""

from __future__ import annotations

import asyncio
import gzip
import json
import pickle
import socket
import time

import pytest

from graphbit_core import (
    ConfigError,
    DeadlineError,
    DecodeError,
    Executor,
    HttpStatusError,
    MissingInputError,
    Node,
    ResourceExhaustedError,
    Secret,
    TransportError,
    ValidationError,
    Workflow,
)
from graphbit_core.kernel.calls import engine
from graphbit_core.nodes.http_request import METHODS, HttpRequestNode
from graphbit_core.testing import NodeTypeConformance

from .conftest import Answer


class TestConformance(NodeTypeConformance):
    component = HttpRequestNode
    inputs = {"id": 7}
    bad_settings = (
        {},
        {"url": ""},
        {"url": 5},
        {"url": "example.com"},
        {"url": "ftp://example.com"},
        {"url": "http://"},
        {"url": "http://u:p@example.com"},
        {"url": "http://example.com:port/"},
        {"url": "http://example.com/a b"},
        {"url": "http://example.com/%zz"},
        {"url": "http://example.com/#part"},
        {"url": "http://{host}/"},
        {"url": "{link}"},
        {"url": "{scheme}://example.com", "allow_hosts": ["example.com"]},
        {"url": "http://a.example", "method": "TRACE"},
        {"url": "http://a.example", "headers": {"bad name": "x"}},
        {"url": "http://a.example", "headers": {"Host": "b.example"}},
        {"url": "http://a.example", "headers": {"content-length": "5"}},
        {"url": "http://a.example", "headers": {"A": "1", "a": "2"}},
        {"url": "http://a.example", "headers": {"a": ["1"]}},
        {"url": "http://a.example", "headers": "a: b"},
        {"url": "http://a.example", "query": "a=b"},
        {"url": "http://a.example", "query": {"a": {"b": 1}}},
        {"url": "http://a.example", "body": 5},
        {"url": "http://a.example", "body": "x", "json": {}},
        {"url": "http://a.example", "json": {"a": float("nan")}},
        {"url": "http://a.example", "json": {"a": object()}},
        {"url": "http://a.example", "allow_hosts": "a.example"},
        {"url": "http://a.example", "allow_hosts": [5]},
        {"url": "http://a.example", "allow_hosts": ["http://a.example"]},
        {"url": "http://a.example", "expect_status": 99},
        {"url": "http://a.example", "expect_status": "ok"},
        {"url": "http://a.example", "expect_status": []},
        {"url": "http://a.example", "max_response_bytes": 0},
        {"url": "http://a.example", "max_response_bytes": 100 * 1024 * 1024 + 1},
        {"url": "http://a.example", "idempotent": "yes"},
        {"url": "http://a.example", "proxy": "http://p"},
        {"url": "http://a.example", "metod": "GET"},
    )

    @pytest.fixture(autouse=True)
    def _at_the_server(self, web):
        web.routes["/items/7"] = Answer(200, "seven", {"content-type": "text/plain"})
        self.settings = {"url": web.url + "/items/{id}", "allow_hosts": ["127.0.0.1"]}

    def test_the_output_is_a_mapping(self):
        output = self.run_once().get_node_output("node")
        assert output["text"] == "seven"
        assert set(output) == {"status", "headers", "text", "url"}


def test_the_reply_is_a_mapping_that_later_nodes_can_name_parts_of(web, call):
    web.routes["/v"] = Answer(
        203, '{"names": ["Ada"]}', {"content-type": "application/vnd.x+json; charset=utf-8"}
    )
    workflow = Workflow("w").chain(
        Node.http_request("call", web.url + "/v", allow_hosts=["127.0.0.1"]),
        Node.transform("greet", template="Hi {call.json.names.0}, {call.status}"),
    )
    result = call.executor().execute(workflow).raise_for_failure()
    assert result.get_node_output("greet") == "Hi Ada, 203"
    output = result.get_node_output("call")
    assert output["url"] == web.url + "/v"
    assert output["headers"]["content-type"] == "application/vnd.x+json; charset=utf-8"


def test_url_query_headers_and_body_are_templates(web, call):
    inputs = {"who": "Ada & Bob", "n": 3, "text": "say {who}"}
    output = call(
        web.url + "/p/{who}?a={n}",
        inputs,
        method="post",
        headers={"X-Who": "{who}!"},
        query={"q": "{who}", "all": [1, True, "{n}"]},
        body="{text}, {{n}}",
    )["json"]
    assert output["method"] == "POST"
    assert output["path"] == "/p/Ada%20%26%20Bob?a=3&q=Ada%20%26%20Bob&all=1&all=true&all=3"
    assert output["headers"]["x-who"] == "Ada & Bob!"
    assert output["headers"]["content-type"] == "text/plain; charset=utf-8"
    assert output["body"] == "say {who}, {n}"


def test_texts_in_json_are_templates_and_cannot_leave_their_quotes(web, call):
    payload = {"{k}": "{v}", "n": 1.5, "list": ["{v}", None, {"deep": "{{v}}"}]}
    output = call(web.url, {"v": '", "admin": true, "x": "é'}, method="PUT", json=payload)["json"]
    assert output["headers"]["content-type"] == "application/json"
    value = '", "admin": true, "x": "é'
    assert json.loads(output["body"]) == {"{k}": value, "n": 1.5, "list": [value, None, {"deep": "{v}"}]}


def test_a_name_that_a_request_needs_is_an_input_of_the_run(web, call):
    with pytest.raises(MissingInputError) as raised:
        call(
            web.url + "/{a}", query={"q": "{b}"}, headers={"x": "{c}"}, method="POST", json={"{no}": ["{d}"]}
        )
    assert set(raised.value.missing) == {"a", "b", "c", "d"}
    with pytest.raises(MissingInputError) as raised:
        call("http://{h}/", allow_hosts=["h.example"], method="POST", body="{e}")
    assert set(raised.value.missing) == {"h", "e"}
    assert not web.seen


@pytest.mark.parametrize("method", METHODS)
def test_every_method_goes_out_as_named(web, call, method):
    output = call(web.url + "/m", method=method)
    assert [seen.method for seen in web.seen] == [method]
    assert output["status"] == 200
    assert bool(output["text"]) == (method != "HEAD")


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "ä", "\x7f"])
def test_a_header_value_that_would_end_the_header_is_refused(web, call, value):
    error = call.error(web.url, {"v": value}, headers={"x-v": "{v}"})
    assert isinstance(error, ValidationError)
    assert "'x-v'" in str(error)
    assert error.retryable is False
    assert not web.seen


def test_secrets_come_from_the_environment_or_a_secret_when_sent(web, call, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "tok-env-12345")
    headers = {"Authorization": "Bearer env:MY_TOKEN", "X-A": "env:MY_TOKEN", "X-B": Secret("tok-obj-12345")}
    workflow = call.workflow(web.url, headers=headers)
    sent = call.executor().execute(workflow).get_node_output("call")["json"]["headers"]
    assert sent["authorization"] == "Bearer tok-env-12345"
    assert (sent["x-a"], sent["x-b"]) == ("tok-env-12345", "tok-obj-12345")
    assert "tok-" not in repr(workflow.nodes) + repr(workflow)


def test_a_value_never_becomes_a_reference_to_a_secret(web, call, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "tok-env-12345")
    output = call(web.url, {"v": "env:MY_TOKEN"}, headers={"x-v": "{v}"})
    assert output["json"]["headers"]["x-v"] == "env:MY_TOKEN"


@pytest.mark.parametrize("value", [None, "", "a\nb", "schlüssel"])
def test_a_secret_that_is_missing_or_cannot_be_sent_is_named_and_not_shown(web, call, monkeypatch, value):
    monkeypatch.delenv("MY_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_TOKEN", value)
    error = call.error(web.url, headers={"x-key": "env:MY_TOKEN"})
    assert isinstance(error, ConfigError)
    assert error.source == "MY_TOKEN"
    assert not value or value not in str(error)
    assert not web.seen


@pytest.mark.parametrize("status", [302, 304, 400, 404, 408, 409, 425, 429, 500, 501, 503, 505, 599])
def test_an_unexpected_status_is_an_error_that_says_whether_to_try_again(web, call, status):
    web.routes["/s"] = Answer(status, "no\n  good")
    error = call.error(web.url + "/s")
    assert isinstance(error, HttpStatusError)
    assert error.status == status
    assert error.retryable is (status in (408, 425, 429, 500, 503, 599))
    assert str(error).startswith(f"GET {web.url}/s answered {status}")
    if status != 304:
        assert error.excerpt == "no good"
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.status, copy.retryable, copy.excerpt) == (status, error.retryable, error.excerpt)


@pytest.mark.parametrize(
    ("expected", "statuses"),
    [(404, [404]), ([200, 404], [200, 404]), ("4xx", [400, 404, 429]), (["2xx", 500], [204, 500])],
)
def test_expected_statuses_are_a_success(web, call, expected, statuses):
    for status in statuses:
        web.routes["/s"] = Answer(status)
        assert call(web.url + "/s", expect_status=expected)["status"] == status
    web.routes["/s"] = Answer(418)
    if expected != "4xx":
        assert call.error(web.url + "/s", expect_status=expected).status == 418


def test_retry_after_is_told(web, call):
    web.routes["/s"] = Answer(503, b"", {"retry-after": "7"})
    assert call.error(web.url + "/s").retry_after == 7
    web.routes["/t"] = Answer(500)
    assert call.error(web.url + "/t").retry_after is None


@pytest.mark.parametrize(
    ("method", "idempotent", "retryable"),
    [
        ("GET", None, True),
        ("HEAD", None, True),
        ("OPTIONS", None, True),
        ("PUT", None, True),
        ("DELETE", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("POST", True, True),
        ("PATCH", True, True),
        ("GET", False, False),
    ],
)
def test_only_what_may_be_sent_twice_is_retryable(web, call, method, idempotent, retryable):
    web.routes["/s"] = Answer(503)
    settings = {"method": method, "idempotent": idempotent}
    assert call.error(web.url + "/s", **settings).retryable is retryable
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/"
        error = call.error(gone, **settings)
    assert isinstance(error, TransportError)
    assert error.retryable is retryable
    has_key = "idempotency-key" in web.seen[0].headers
    assert has_key is (idempotent is True)


def test_the_idempotency_key_is_the_same_for_all_attempts_and_another_for_another_run():
    node = HttpRequestNode(url="http://a.example", method="POST", idempotent=True)

    class Context:
        activation = "run/node"

        def render(self, template):
            return template

    def key(context):
        return node._request(context).headers["idempotency-key"]

    first, second = Context(), Context()
    second.attempt = 2
    assert key(first) == key(second)
    second.activation = "run2/node"
    assert key(first) != key(second)
    own = HttpRequestNode(
        url="http://a.example", method="POST", idempotent=True, headers={"Idempotency-Key": "mine"}
    )
    assert own._request(first).headers["idempotency-key"] == "mine"


def test_errors_and_excerpts_show_no_credential(web, call, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "canary-1/abcdef")
    web.routes["/s"] = lambda seen: Answer(400, f"you sent {seen.headers} to {seen.path}")
    error = call.error(
        web.url + "/s?api_key={k}",
        {"k": "canary-3-abcdef"},
        headers={"authorization": "Bearer env:MY_TOKEN", "x-mine": Secret("canary-2-abcdef")},
    )
    assert "***" in error.excerpt
    assert "canary" not in f"{error}{error!r}{error.facts()}"


def test_a_body_that_is_not_text_is_not_quoted_in_an_error(web, call):
    web.routes["/s"] = Answer(500, b"\x89PNG...", {"content-type": "image/png"})
    assert call.error(web.url + "/s").excerpt == "7 bytes of image/png"


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
        ("é".encode("utf-16"), 'text/plain; charset="UTF-16"', "é"),
        ("é".encode(), "text/plain", "é"),
        (b"\xff", "text/plain", "\ufffd"),
        (b"abc", "text/plain; charset=rot13", "abc"),
        (b"abc-", "text/plain; charset=punycode", "abc-"),
        (b"abc", "text/plain; charset=none-such", "abc"),
        (b"", "application/json", ""),
    ],
)
def test_text_is_decoded_by_the_charset_that_the_reply_names(web, call, body, kind, text):
    web.routes["/t"] = Answer(200, body, {"content-type": kind})
    output = call(web.url + "/t")
    assert output["text"] == text
    assert "json" not in output


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff\xfe\xff"])
def test_json_that_is_none_is_an_error(web, call, body):
    web.routes["/j"] = Answer(200, body, {"content-type": "application/json"})
    error = call.error(web.url + "/j")
    assert isinstance(error, DecodeError)
    assert error.retryable is False
    stats = engine().stats(f"http:127.0.0.1:{web.server_port}")
    assert stats["failures"] == 1, "a reply that cannot be read says something of the host"


def test_a_reply_is_capped_after_decompression(web, call):
    bomb = gzip.compress(bytes(12 * 1024 * 1024))
    assert len(bomb) < 20_000
    web.routes["/bomb"] = Answer(200, bomb, {"content-encoding": "gzip"})
    error = call.error(web.url + "/bomb")
    assert isinstance(error, ResourceExhaustedError)
    assert "max_response_bytes" in str(error)
    assert error.retryable is False
    assert len(call(web.url + "/bomb", max_response_bytes=12 * 1024 * 1024)["text"]) == 12 * 1024 * 1024
    web.routes["/long"] = Answer(200, b"x" * 1001)
    assert isinstance(call.error(web.url + "/long", max_response_bytes=1000), ResourceExhaustedError)
    assert call(web.url + "/long", max_response_bytes=1001)["status"] == 200


def test_head_tells_the_size_of_what_would_be_too_large(web, call):
    headers = {"content-length": str(1 << 40), "content-type": "application/json"}
    web.routes["/big"] = Answer(200, b"", headers)
    output = call(web.url + "/big", method="HEAD")
    assert output["headers"]["content-length"] == str(1 << 40)
    assert (output["text"], "json" in output) == ("", False)
    web.routes["/packed"] = Answer(200, b"", {**headers, "content-encoding": "gzip"})
    assert call(web.url + "/packed", method="HEAD")["text"] == ""


def test_a_packing_that_was_not_asked_for_is_an_error(web, call):
    web.routes["/br"] = Answer(200, b"\x0b\x02\x80abc\x03", {"content-encoding": "br"})
    assert isinstance(call.error(web.url + "/br"), DecodeError)


def test_cancelling_the_run_closes_the_socket(web, call):
    web.routes["/hang"] = Answer(hang=True)

    async def scenario():
        run = asyncio.create_task(call.executor().run_async(call.workflow(web.url + "/hang")))
        assert await asyncio.to_thread(web.waiting.wait, 5)
        run.cancel()
        cancelled_at = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert await asyncio.to_thread(web.left.wait, 5)
        return web.left_at - cancelled_at

    assert asyncio.run(scenario()) < 1
    assert engine().in_flight() == 0


def test_the_deadline_of_the_run_ends_the_call(web, call):
    web.routes["/hang"] = Answer(hang=True)
    executor = Executor(host=call.host, timeout_seconds=0.3)
    result = executor.execute(call.workflow(web.url + "/hang"))
    assert result.state == "failed"
    # Whichever clock is first, the kernel's or the run's.
    assert isinstance(result.error.__cause__ or result.error, DeadlineError)
    assert web.left.wait(5)
    assert engine().in_flight() == 0


def test_a_host_that_keeps_failing_is_left_alone_for_a_while(web, call):
    web.routes["/s"] = Answer(500)
    errors = [call.error(web.url + "/s") for _ in range(12)]
    assert len(web.seen) < 12
    assert type(errors[-1]).__name__ == "CircuitOpenError"
    assert errors[-1].retryable is True
    assert errors[-1].retry_after > 0
    resource = f"http:127.0.0.1:{web.server_port}"
    assert engine().stats(resource)["breaker"] == "open"


def test_a_status_that_says_nothing_of_the_host_leaves_its_breaker_closed(web, call):
    web.routes["/s"] = Answer(404)
    for _ in range(12):
        assert call.error(web.url + "/s").status == 404
    assert len(web.seen) == 12
