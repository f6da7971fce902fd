"""Where an http_request node may go."""

from __future__ import annotations

import json

import pytest

from graphbit_core import (
    CircuitOpenError,
    EgressError,
    Node,
    Secret,
    TransportError,
    ValidationError,
    Workflow,
)
from graphbit_core.nodes.http_request import HttpRequestNode

from .conftest import Answer, _serving

proxy_server = pytest.fixture(_serving)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", "loopback"),
        ("localhost", "loopback"),
        ("LOCALHOST", "loopback"),
        ("2130706433", "loopback"),
        ("0x7f.1", "loopback"),
        ("0177.0.0.1", "loopback"),
        ("[::1]", "loopback"),
        ("[::ffff:127.0.0.1]", "mapped"),
        ("0.0.0.0", "unspecified"),
        ("10.0.0.1", "private"),
        ("169.254.169.254", "metadata"),
        ("[fd00:ec2::254]", "metadata"),
        ("100.64.0.1", "cgnat"),
    ],
)
def test_an_address_that_is_not_public_is_refused(web, call, host, reason):
    error = call.error(f"http://{host}:{web.server_port}/", allow_hosts=None)
    assert isinstance(error, EgressError)
    assert (error.reason, error.retryable) == (reason, False)
    assert not web.seen


def test_what_is_listed_is_reached(web, call):
    for allowed in ("127.0.0.1", "127.0.0.0/8", "0.0.0.0/0"):
        assert call(web.url, allow_hosts=[allowed])["status"] == 200
    local = f"http://localhost:{web.server_port}/"
    assert call(local, allow_hosts=["LocalHost"])["json"]["headers"]["host"] == f"localhost:{web.server_port}"


def test_a_list_of_hosts_is_a_list_of_the_only_ones(call):
    error = call.error("https://a.example/", allow_hosts=["b.example"])
    assert (error.reason, error.host) == ("not_listed", "a.example")


def test_a_redirect_to_a_private_address_is_refused(web, call):
    for target, reason in (
        ("http://10.0.0.1/", "private"),
        ("http://169.254.169.254/latest/", "metadata"),
        ("//[::1]/", "loopback"),
        ("ftp://127.0.0.1/", "scheme"),
    ):
        web.redirect("/r", target)
        error = call.error(web.url + "/r", allow_hosts=["127.0.0.1"])
        assert isinstance(error, EgressError)
        assert error.reason == reason, target


def test_a_redirect_to_a_host_that_is_not_listed_is_refused_before_it_is_looked_up(web, call):
    web.redirect("/r", "https://a.example/")
    error = call.error(f"http://localhost:{web.server_port}/r", allow_hosts=["localhost"])
    assert (error.reason, error.host) == ("not_listed", "a.example")


def test_a_redirect_is_followed_and_its_address_told(web, other_web, call):
    web.redirect("/r", other_web.url + "/there?x=1")
    output = call(web.url + "/r")
    assert output["url"] == other_web.url + "/there?x=1"
    assert output["json"]["path"] == "/there?x=1"


def test_redirects_that_never_end_are_an_error(web, call):
    web.redirect("/a", "/b")
    web.redirect("/b", "/a")
    assert call.error(web.url + "/a").reason == "redirects"
    assert len(web.seen) == 6


def test_a_redirect_that_is_expected_is_not_followed(web, call):
    web.redirect("/r", "http://10.0.0.1/")
    output = call(web.url + "/r", expect_status=[200, 302])
    assert (output["status"], output["headers"]["location"]) == (302, "http://10.0.0.1/")


def test_credentials_do_not_follow_a_redirect_to_another_origin(web, other_web, call, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "t0ken")
    web.redirect("/r", other_web.url + "/there")
    headers = {
        "Authorization": "Bearer env:MY_TOKEN",
        "Cookie": "a=b",
        "X-Mine": Secret("s"),
        "X-Env": "env:MY_TOKEN",
        "X-Api-Key": "{key}",
        "X-Open": "o",
    }
    call(web.url + "/r", {"key": "k"}, headers=headers)
    names = {"authorization", "cookie", "x-mine", "x-env", "x-api-key", "x-open"}
    assert names <= set(web.seen[0].headers)
    assert names & set(other_web.seen[0].headers) == {"x-open"}


def test_a_post_is_redirected_as_in_a_browser(web, call):
    web.redirect("/303", "/x", 303)
    web.redirect("/307", "/x", 307)
    assert call(web.url + "/303", method="POST", body="b")["json"]["method"] == "GET"
    again = call(web.url + "/307", method="POST", body="b")["json"]
    assert (again["method"], again["body"]) == ("POST", "b")


def test_a_value_decides_the_host_only_within_the_list(web, call):
    with pytest.raises(ValidationError, match="allow_hosts"):
        call("http://{host}/", {"host": "a.example"}, allow_hosts=None)
    url = f"http://{{host}}:{web.server_port}/p"
    assert call(url, {"host": "127.0.0.1"}, allow_hosts=["127.0.0.1"])["json"]["path"] == "/p"
    assert call.error(url, {"host": "10.0.0.1"}, allow_hosts=["127.0.0.1"]).reason == "private"
    assert call.error(url, {"host": "evil.example"}, allow_hosts=["ok.example"]).reason == "not_listed"
    for evil in (
        "127.0.0.1/",
        "127.0.0.1@evil.example",
        "a:80",
        "a#",
        "a?b",
        "a\\b",
        "",
        "a b",
        "[::1]",
        "%31",
    ):
        assert isinstance(call.error(url, {"host": evil}, allow_hosts=["127.0.0.1"]), ValidationError), evil


def test_a_whole_url_is_a_value_only_within_the_list(web, call):
    link = {"link": web.url + "/next?page=2#part"}
    assert call("{link}", link, allow_hosts=["127.0.0.1"])["json"]["path"] == "/next?page=2"
    assert call.error("{link}", {"link": "http://10.0.0.1/"}, allow_hosts=["127.0.0.1"]).reason == "private"
    assert (
        call.error("{link}", {"link": "http://x@127.0.0.1/"}, allow_hosts=["127.0.0.1"]).reason == "user_info"
    )
    for evil in ("file:///etc/passwd", "127.0.0.1", "http://127.0.0.1/\n", "http:\\\\127.0.0.1", ""):
        error = call.error("{link}", {"link": f"x{evil}"}, allow_hosts=["127.0.0.1"])
        assert isinstance(error, ValidationError), evil


def test_hosts_that_values_name_have_breakers_apart_but_not_without_end(web, call):
    url, given = f"http://{{host}}:{web.server_port}/", {"allow_hosts": ["127.0.0.0/8"]}
    errors = [call.error(url, {"host": "127.0.0.9"}, **given) for _ in range(12)]
    assert isinstance(errors[0], TransportError)
    assert isinstance(errors[-1], CircuitOpenError)
    assert call(url, {"host": "127.0.0.1"}, **given)["status"] == 200
    node = HttpRequestNode(url=url, **given)
    assert len({node._resource(f"http://h{number}.example/") for number in range(5000)}) == 256


def test_a_star_stands_for_every_public_host_and_no_other(web, call):
    url = f"http://{{host}}:{web.server_port}/"
    assert call.error(url, {"host": "10.0.0.1"}, allow_hosts=["*"]).reason == "private"
    assert call.error(url, {"host": "localhost"}, allow_hosts=["*"]).reason == "loopback"
    assert call(url, {"host": "127.0.0.1"}, allow_hosts=["*", "127.0.0.1"])["status"] == 200


def test_settings_survive_being_written_to_a_file():
    node = Node.http_request(
        "call",
        "https://{host}/{id}",
        method="POST",
        headers={"authorization": "Bearer env:TOKEN"},
        query={"a": [1, "{b}"]},
        json={"c": ["{d}", None]},
        allow_hosts=["*.example"],
        expect_status=[200, "4xx"],
        max_response_bytes=5,
        idempotent=True,
        proxy=True,
    )
    written = Workflow("w").chain(node).to_dict()
    again = Workflow.from_dict(json.loads(json.dumps(written)))
    assert again.to_dict() == written
    assert not again.validate()


@pytest.mark.parametrize("at", ["127.0.0.1", "localhost"])
def test_proxies_of_the_environment_are_used_only_when_asked(web, proxy_server, call, monkeypatch, at):
    proxy_server.routes["http://93.184.216.34/x"] = Answer(200, "by proxy")
    monkeypatch.setenv("http_proxy", f"http://{at}:{proxy_server.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert call(web.url + "/direct")["json"]["path"] == "/direct"
    assert not proxy_server.seen
    public = ["*", f"{at}.example"]  # a list of its own: the environment is read once per list
    assert call("http://93.184.216.34/x", allow_hosts=public, proxy=True)["text"] == "by proxy"
    assert call.error("http://10.0.0.1/", allow_hosts=public, proxy=True).reason == "private"
    assert call.error("http://localhost/", allow_hosts=public, proxy=True).reason == "loopback"
    assert len(proxy_server.seen) == 1
