//! Redirects of guarded calls.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use graphbit_kernel::error::Error;
use graphbit_kernel::http::{CallSpec, Egress, Event, Request};

use crate::egress::{egress, guarded, reason};
use crate::rig::{Rig, post};
use crate::server::Server;
use crate::tls::{acceptor, authority};

type Seen = Arc<Mutex<Vec<String>>>;

/// Redirects a request for `/status/rest` to `rest` (taken as it stands); answers all else with 200.
async fn redirector() -> (Server, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let server = Server::start(move |mut peer| {
        let log = Arc::clone(&log);
        async move {
            while let Some(request) = peer.request().await {
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().unwrap().push(request);
                let (status, target) = path[1..].split_once('/').unwrap_or_default();
                match status.parse::<u16>() {
                    Ok(status) if status != 299 => {
                        let head =
                            format!("HTTP/1.1 {status} X\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
                        peer.send(head).await
                    }
                    _ => peer.reply(200, "arrived").await,
                };
            }
        }
    })
    .await;
    (server, seen)
}

fn request(method: &str, url: &str, egress: &Arc<Egress>) -> CallSpec {
    let headers = [
        ("authorization", "Bearer t"),
        ("cookie", "c=1"),
        ("x-mine", "s"),
        ("content-type", "text/plain"),
        ("accept", "a/b"),
    ];
    let body = if method == "GET" { Bytes::new() } else { Bytes::from("payload") };
    CallSpec { request: Request::new(method, url, headers, body).unwrap(), ..guarded(url, egress) }
}

/// What the last request looked like: first line and body, and the names of the credentials in it.
fn last(seen: &Seen) -> (String, String, Vec<&'static str>) {
    let seen = seen.lock().unwrap();
    let request = seen.last().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let secrets = ["authorization", "cookie", "x-mine", "content-type"];
    let found = secrets.into_iter().filter(|name| head.contains(&format!("\r\n{name}: "))).collect();
    (head.split(' ').next().unwrap().to_owned(), body.to_owned(), found)
}

async fn arrives(rig: &Rig, spec: CallSpec) {
    let call = rig.start(spec);
    assert_eq!(rig.outcome().await.unwrap(), (200, Bytes::from("arrived")));
    rig.engine.ok(call, 0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn method_and_body_change_as_in_a_browser() {
    let (server, seen) = redirector().await;
    let (rig, here) = (Rig::new(), egress(&["127.0.0.1"]));
    for (method, status, expected, body) in [
        ("POST", 301, "GET", ""),
        ("POST", 302, "GET", ""),
        ("POST", 303, "GET", ""),
        ("POST", 307, "POST", "payload"),
        ("POST", 308, "POST", "payload"),
        ("PUT", 301, "PUT", "payload"),
        ("PUT", 302, "PUT", "payload"),
        ("PUT", 303, "GET", ""),
        ("DELETE", 307, "DELETE", "payload"),
        ("GET", 302, "GET", ""),
        ("GET", 303, "GET", ""),
    ] {
        let url = format!("{}{status}//299/there", server.url());
        arrives(&rig, request(method, &url, &here)).await;
        let (found, sent, names) = last(&seen);
        assert_eq!((&*found, &*sent), (expected, body), "{method} {status}");
        assert_eq!(names.contains(&"content-type"), method == expected, "{method} {status}");
        assert!(names.starts_with(&["authorization", "cookie", "x-mine"]), "same origin: {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_stay_with_the_origin_they_were_meant_for() {
    let (server, _) = redirector().await;
    let (other, seen) = redirector().await;
    let guard = Egress::new(["127.0.0.1", "localhost"], false, ["x-mine"], 5, false).unwrap();
    let guard = Arc::new(guard);
    let rig = Rig::new();
    let same_host = format!("{}307/{}299/x", server.url(), other.url());
    arrives(&rig, request("POST", &same_host, &guard)).await;
    assert_eq!(last(&seen).2, ["content-type"], "another port is another origin");
    let back = format!("{0}302/{1}302/{0}299/x", other.url(), server.url());
    arrives(&rig, request("GET", &back, &guard)).await;
    assert_eq!(last(&seen).2, ["content-type"], "what was dropped does not come back");
    let unmarked = Arc::new(Egress::new(["127.0.0.1"], false, [], 5, false).unwrap());
    arrives(&rig, request("POST", &same_host, &unmarked)).await;
    assert_eq!(last(&seen).2, ["x-mine", "content-type"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hop_is_checked_and_told() {
    let (server, seen) = redirector().await;
    let (rig, here) = (Rig::new(), egress(&["127.0.0.1"]));
    for (target, expected) in [
        ("http://10.0.0.1/", "private"),
        ("http://169.254.169.254/latest/meta-data/", "metadata"),
        ("http://[::ffff:127.0.0.1]/", "mapped"),
        ("//0x7f.0.0.2/", "loopback"),
        ("http://2130706434/", "loopback"),
        ("http://user:pw@127.0.0.1/", "user_info"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://127.0.0.1/", "scheme"),
        ("data:text/plain,x", "scheme"),
        ("http://", "location"),
        ("http://[nonsense/", "location"),
    ] {
        seen.lock().unwrap().clear();
        rig.start(guarded(&format!("{}302/{target}", server.url()), &here));
        let (error, attempts) = rig.failure().await;
        assert_eq!((reason(&error), attempts), (expected, 1), "{target}");
        assert_eq!(seen.lock().unwrap().len(), 1, "{target}");
    }
    let call = rig.start(guarded(&format!("{}301//299/a?b=c#d", server.url()), &here));
    let told = rig.next().await.1;
    let Event::Redirect { attempt: 1, status: 301, url } = told else { panic!("{told:?}") };
    assert_eq!(url, format!("{}299/a?b=c", server.url()));
    assert_eq!(rig.reply().await.1, 200);
    rig.engine.ok(call, 0).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_redirects_are_followed_and_a_sixth_is_refused() {
    let (server, seen) = redirector().await;
    let (rig, here) = (Rig::new(), egress(&["127.0.0.1"]));
    let hops = |count: usize| format!("{}{}299/end", server.url(), "302//".repeat(count));
    arrives(&rig, guarded(&hops(5), &here)).await;
    assert_eq!(seen.lock().unwrap().len(), 6);
    rig.start(guarded(&hops(6), &here));
    assert_eq!(reason(&rig.failure().await.0), "redirects");
    assert_eq!(seen.lock().unwrap().len(), 12);
    let circle = Server::start(|mut peer| async move {
        while peer.request().await.is_some() {
            peer.send("HTTP/1.1 302 X\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n").await;
        }
    })
    .await;
    rig.start(guarded(&circle.url(), &here));
    assert_eq!(reason(&rig.failure().await.0), "redirects");
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_guard_or_with_no_redirects_allowed_a_redirect_is_a_reply() {
    let (server, _) = redirector().await;
    let rig = Rig::new();
    let none = Arc::new(Egress::new(["127.0.0.1"], false, [], 0, false).unwrap());
    let url = format!("{}302//299/x", server.url());
    for spec in [post(&url), guarded(&url, &none), guarded(&format!("{}304/x", server.url()), &none)] {
        let call = rig.start(spec);
        assert!(matches!(rig.reply().await.1, 302 | 304));
        rig.engine.ok(call, 0).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_never_left_for_http_and_keeps_its_name_on_the_checked_address() {
    let authority = authority();
    let acceptor = acceptor(&authority, &[b"http/1.1"]);
    let (plain, seen) = redirector().await;
    let target = plain.url().replace("127.0.0.1", "localhost");
    let server = Server::start(move |peer| {
        let (acceptor, target) = (acceptor.clone(), target.clone());
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let Ok(mut tls) = acceptor.accept(peer.stream).await else { return };
            assert_eq!(tls.get_ref().1.server_name(), Some("localhost"));
            let _ = tls.read(&mut [0; 4096]).await.unwrap();
            let head = format!("HTTP/1.1 302 X\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
            tls.write_all(head.as_bytes()).await.unwrap();
        }
    })
    .await;
    let rig = Rig::new();
    rig.engine.add_root_certificate(authority.pem.as_bytes()).unwrap();
    let here = egress(&["localhost"]);
    rig.start(guarded(&server.https_url(), &here));
    assert_eq!(reason(&rig.failure().await.0), "downgrade");
    assert!(seen.lock().unwrap().is_empty());
    let late = rig.engine.add_root_certificate(authority.pem.as_bytes()).unwrap_err();
    assert!(matches!(late, Error::Config { .. }), "a guarded call counts as a call");
}
