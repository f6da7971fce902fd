//! The egress guard: where calls may go, checked against URLs, lookups and real sockets.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::{
    CallSpec, Egress, HttpClient, Lookup, MAX_GUARDED_BODY, Policy, Reply, Request, Transport,
};

use crate::rig::{Rig, post};
use crate::server::{Peer, Server};

pub fn egress(allow: &[&str]) -> Arc<Egress> {
    Arc::new(Egress::new(allow.iter().copied(), false, [], 5, false).unwrap())
}

pub fn guarded(url: &str, egress: &Arc<Egress>) -> CallSpec {
    let policy = Policy { max_attempts: 1, ..Policy::guarded(Arc::clone(egress)) };
    CallSpec { policy, ..post(url) }
}

pub fn reason(error: &Error) -> &'static str {
    let Error::Egress { reason, .. } = error else { panic!("{error:?}") };
    reason
}

/// Answers everything with 200 without a socket, so that public addresses can be tried.
#[derive(Debug)]
struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, _: Request, _: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        let body = Box::pin(futures_util::stream::empty());
        Box::pin(std::future::ready(Ok(Reply { status: 200, headers: Vec::new(), body })))
    }
}

/// Answers each lookup with the next set of addresses, and notes the names.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Lookup for Scripted {
    fn addresses(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such host")) })
    }
}

fn scripted(answers: &[&[&str]]) -> (Rig, Arc<Scripted>) {
    let answers = answers.iter().map(|set| set.iter().map(|ip| ip.parse().unwrap()).collect()).collect();
    let lookup = Arc::new(Scripted { answers: Mutex::new(answers), asked: Mutex::default() });
    (Rig::over(Arc::new(HttpClient::with_lookup(lookup.clone()))), lookup)
}

async fn refusal(rig: &Rig, url: &str, egress: &Arc<Egress>) -> Option<&'static str> {
    let call = rig.start(guarded(url, egress));
    match rig.outcome().await {
        Ok(_) => {
            rig.engine.ok(call, 0).unwrap();
            None
        }
        Err(error) => Some(reason(&error)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_an_address_is_checked_in_whatever_form_it_is_written() {
    let rig = Rig::over(Arc::new(Nowhere));
    let none = egress(&[]);
    for (host, expected) in [
        ("127.0.0.1", "loopback"),
        ("127.1", "loopback"),
        ("127.0.0.1.", "loopback"),
        ("2130706433", "loopback"),
        ("0x7f000001", "loopback"),
        ("0x7f.1", "loopback"),
        ("0177.0.0.1", "loopback"),
        ("017700000001", "loopback"),
        ("127.0.0x0.1", "loopback"),
        ("%31%32%37.0.0.1", "loopback"),
        ("１２７.０.０.１", "loopback"),
        ("127。0。0。1", "loopback"),
        ("0", "unspecified"),
        ("0.0.0.0", "unspecified"),
        ("10.0.0.1", "private"),
        ("012.0.0.1", "private"),
        ("167772161", "private"),
        ("192.168.1", "private"),
        ("0xa9fea9fe", "metadata"),
        ("2852039166", "metadata"),
        ("169.254.43518", "metadata"),
        ("[::1]", "loopback"),
        ("[0:0:0:0:0:0:0:1]", "loopback"),
        ("[::]", "unspecified"),
        ("[::ffff:127.0.0.1]", "mapped"),
        ("[::ffff:7f00:1]", "mapped"),
        ("[::7f00:1]", "mapped"),
        ("[64:ff9b::7f00:1]", "tunnelled"),
        ("[2002:7f00:1::]", "tunnelled"),
        ("[fd00:ec2::254]", "metadata"),
        ("[fe80::1]", "link_local"),
        ("[fc00::1]", "private"),
    ] {
        assert_eq!(refusal(&rig, &format!("http://{host}/"), &none).await, Some(expected), "{host}");
    }
    for host in ["1.1.1.1", "134744072", "0x08.8.8.8", "[2606:4700:4700::1111]", "a.example:8080"] {
        assert_eq!(refusal(&rig, &format!("https://{host}/"), &none).await, None, "{host}");
    }
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_in_a_url_and_a_host_header_are_refused() {
    let rig = Rig::over(Arc::new(Nowhere));
    let none = egress(&[]);
    assert_eq!(refusal(&rig, "http://user@a.example/", &none).await, Some("user_info"));
    assert_eq!(refusal(&rig, "http://a.example@127.0.0.1/", &none).await, Some("user_info"));
    let mut spec = guarded("http://a.example/", &none);
    spec.request = Request::new("GET", "http://a.example/", [("host", "b.example")], Bytes::new()).unwrap();
    rig.start(spec);
    assert!(matches!(rig.failure().await.0, Error::Validation { field: "headers", .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_is_reached_and_with_only_nothing_else() {
    let rig = Rig::over(Arc::new(Nowhere));
    let listed = egress(&["10.0.0.0/8", "::1", "192.168.1.7", "2130706433"]);
    for host in ["10.1.2.3", "0x0a.1", "[::1]", "192.168.1.7", "127.0.0.1", "8.8.8.8", "a.example"] {
        assert_eq!(refusal(&rig, &format!("http://{host}/"), &listed).await, None, "{host}");
    }
    for (host, kind) in
        [("192.168.1.8", "private"), ("127.0.0.2", "loopback"), ("169.254.169.254", "metadata")]
    {
        assert_eq!(refusal(&rig, &format!("http://{host}/"), &listed).await, Some(kind), "{host}");
    }
    let only = |allow: &[&str]| Arc::new(Egress::new(allow.iter().copied(), true, [], 5, false).unwrap());
    let names = only(&["A.example", "*.b.example", "BÜCHER.example", "1.1.1.1"]);
    for host in
        ["a.example", "a.example.", "x.b.example", "y.x.b.example", "xn--bcher-kva.example", "1.1.1.1"]
    {
        assert_eq!(refusal(&rig, &format!("http://{host}/"), &names).await, None, "{host}");
    }
    let names = only(&["a.example", "*.b.example"]);
    for host in ["b.example", "xb.example", "a.example.org", "x.a.example", "aXexample", "1.1.1.1"] {
        assert_eq!(refusal(&rig, &format!("http://{host}/"), &names).await, Some("not_listed"), "{host}");
    }
}

#[test]
fn an_entry_that_is_no_host_and_no_network_is_refused() {
    for entry in
        ["", "*", "*.", "a b", "http://a", "a/b", "a:80", "10.0.0.0/33", "10.0.0/8", "u@a", "a?b", "%41"]
    {
        let error = Egress::new([entry], false, [], 5, false).unwrap_err();
        assert!(matches!(error, Error::Validation { field: "allow", .. }), "{entry:?}: {error}");
    }
    assert!(Egress::new([], false, ["not a name"], 5, false).is_err());
    assert!(Egress::new([], false, [], 6, false).is_err());
}

#[test]
fn a_guarded_body_is_smaller_and_has_a_bound() {
    let mut policy = Policy::guarded(egress(&[]));
    assert_eq!(policy.max_body, 10 << 20);
    policy.set("max_body", MAX_GUARDED_BODY as f64).unwrap();
    assert!(policy.set("max_body", MAX_GUARDED_BODY as f64 + 1.0).is_err());
    Policy::default().set("max_body", MAX_GUARDED_BODY as f64 + 1.0).unwrap();
}

async fn answer(mut peer: Peer) {
    while let Some(request) = peer.request().await {
        let host = request.lines().find(|line| line.starts_with("host: ")).unwrap_or_default().to_owned();
        peer.reply(200, &host).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_looked_up_once_and_the_checked_address_is_connected_to() {
    let server = Server::start(answer).await;
    // The second answer is what a rebinding name server would give to whoever asks again.
    let (rig, lookup) = scripted(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let url = server.url().replace("127.0.0.1", "rebound.example");
    let call = rig.start(guarded(&url, &egress(&["127.0.0.1"])));
    let (_, status, body) = rig.reply().await;
    let authority = url.trim_start_matches("http://").trim_end_matches('/');
    assert_eq!((status, &body[..]), (200, format!("host: {authority}").as_bytes()));
    rig.engine.ok(call, 0).unwrap();
    assert_eq!(*lookup.asked.lock().unwrap(), ["rebound.example"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_address_among_a_hosts_addresses_refuses_the_host() {
    let server = Server::start(answer).await;
    let url = server.url().replace("127.0.0.1", "mixed.example");
    let mixed: &[&[&str]] = &[&["127.0.0.1", "10.0.0.1"], &["10.0.0.1", "127.0.0.1"], &["127.0.0.1", "::1"]];
    let (rig, _) = scripted(mixed);
    let allowed = egress(&["127.0.0.1"]);
    for expected in ["private", "private", "loopback"] {
        assert_eq!(refusal(&rig, &url, &allowed).await, Some(expected));
    }
    assert_eq!(server.connections(), 0);
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_name_may_be_of_the_intranet_and_never_a_metadata_service() {
    let server = Server::start(answer).await;
    let url = server.url().replace("127.0.0.1", "intranet.example");
    let (rig, _) = scripted(&[&["127.0.0.1"], &["169.254.169.254"], &["0.0.0.0"], &["::ffff:127.0.0.1"]]);
    let named = egress(&["intranet.example"]);
    assert_eq!(refusal(&rig, &url, &named).await, None);
    // Elsewhere a connection would be taken from the pool; these are other hosts to it.
    let other = url.replace("intranet.example", "x.intranet.example");
    let named = egress(&["intranet.example", "*.intranet.example"]);
    for kind in ["metadata", "unspecified", "mapped"] {
        assert_eq!(refusal(&rig, &other, &named).await, Some(kind));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_may_go_to_different_places_share_no_connection() {
    let server = Server::start(answer).await;
    let url = server.url().replace("127.0.0.1", "localhost");
    let rig = Rig::new();
    for _ in 0..2 {
        assert_eq!(refusal(&rig, &url, &egress(&["localhost"])).await, None);
    }
    assert_eq!(server.connections(), 1, "equal places share one");
    let open = rig.start(post(&url));
    assert_eq!(rig.reply().await.1, 200);
    rig.engine.ok(open, 0).unwrap();
    assert_eq!(server.connections(), 2);
    assert_eq!(refusal(&rig, &url, &egress(&[])).await, Some("loopback"));
    assert_eq!(server.connections(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_knows_is_a_connection_that_failed() {
    let (rig, _) = scripted(&[]);
    rig.start(guarded("http://unknown.example/", &egress(&[])));
    let (error, _) = rig.failure().await;
    assert!(matches!(error, Error::Transport { phase: Phase::Connect, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_may_use_a_proxy_is_checked_by_what_can_be_known_here() {
    let (rig, _) = scripted(&[&["10.0.0.1"]]);
    let behind = |allow: &[&str], only| Egress::new(allow.iter().copied(), only, [], 5, true).unwrap();
    let open = Arc::new(behind(&[], false));
    assert_eq!(refusal(&rig, "http://intranet.example/", &open).await, Some("private"));
    assert_eq!(refusal(&rig, "http://10.0.0.1/", &open).await, Some("private"));
    let listed = Arc::new(behind(&["192.168.0.0/16"], true));
    assert_eq!(refusal(&rig, "http://unknown.example/", &listed).await, Some("not_listed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_lists_works_and_a_call_outlives_the_pool_it_came_from() {
    let server = Server::start(|mut peer| async move {
        while let Some(request) = peer.request().await {
            if request.starts_with("POST /slow") {
                tokio::time::sleep(crate::rig::millis(300)).await;
            }
            peer.reply(200, "ok").await;
        }
    })
    .await;
    let rig = Rig::new();
    let slow = rig.start(guarded(&format!("{}slow", server.url()), &egress(&["127.0.0.1"])));
    for number in 0..40 {
        let list = egress(&["127.0.0.1", &format!("10.0.0.{number}")]);
        let call = rig.start(guarded(&server.url(), &list));
        assert_eq!(rig.reply().await.1, 200);
        rig.engine.ok(call, 0).unwrap();
    }
    assert_eq!(rig.next().await.0, slow);
    rig.engine.ok(slow, 0).unwrap();
    rig.assert_idle("model").await;
}
