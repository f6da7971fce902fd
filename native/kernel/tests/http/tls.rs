//! https with an authority of our own, and HTTP/2 where the server offers it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use graphbit_kernel::error::{Error, Phase};
use graphbit_kernel::http::Event;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use crate::rig::{Rig, post};
use crate::server::{Peer, Server};

pub struct Authority {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

pub fn authority() -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { pem, issuer: Issuer::new(params, key) }
}

pub fn acceptor(authority: &Authority, alpn: &[&[u8]]) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers every stream with its own path, over HTTP/2.
async fn serve_h2(peer: Peer, acceptor: TlsAcceptor, streams: Arc<AtomicUsize>) {
    let Ok(tls) = acceptor.accept(peer.stream).await else { return };
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut connection = h2::server::handshake(tls).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        streams.fetch_add(1, Ordering::SeqCst);
        let mut body = respond.send_response(http::Response::new(()), false).unwrap();
        body.send_data(request.uri().path().to_owned().into(), true).unwrap();
    }
}

async fn h2_server(authority: &Authority) -> (Server, Arc<AtomicUsize>) {
    let acceptor = acceptor(authority, &[b"h2", b"http/1.1"]);
    let streams = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&streams);
    let server = Server::start(move |peer| serve_h2(peer, acceptor.clone(), Arc::clone(&count))).await;
    (server, streams)
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_carries_many_calls_over_one_connection() {
    let authority = authority();
    let (server, streams) = h2_server(&authority).await;
    let rig = Rig::new();
    rig.engine.add_root_certificate(authority.pem.as_bytes()).unwrap();
    let url = server.https_url();
    let first = rig.start(post(&url));
    assert_eq!(rig.reply().await.2, "/");
    rig.engine.ok(first, 1).unwrap();
    for number in 0..20 {
        rig.start(post(&format!("{url}{number}")));
    }
    for _ in 0..20 {
        let (call, event) = rig.next().await;
        assert!(matches!(event, Event::Reply { status: 200, .. }), "{event:?}");
        rig.engine.ok(call, 1).unwrap();
    }
    assert_eq!((server.connections(), streams.load(Ordering::SeqCst)), (1, 21));
    rig.assert_idle("model").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_http_2_gets_http_1() {
    let authority = authority();
    let acceptor = acceptor(&authority, &[b"http/1.1"]);
    let server = Server::start(move |peer| {
        let acceptor = acceptor.clone();
        async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut tls = acceptor.accept(peer.stream).await.unwrap();
            let mut request = [0; 4096];
            let read = tls.read(&mut request).await.unwrap();
            assert!(request[..read].starts_with(b"POST / HTTP/1.1\r\n"));
            tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nh1").await.unwrap();
        }
    })
    .await;
    let rig = Rig::new();
    rig.engine.add_root_certificate(authority.pem.as_bytes()).unwrap();
    let call = rig.start(post(&server.https_url()));
    assert_eq!(rig.reply().await.2, "h1");
    rig.engine.ok(call, 1).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let (server, streams) = h2_server(&authority()).await;
    let rig = Rig::new();
    rig.engine.add_root_certificate(authority().pem.as_bytes()).unwrap();
    rig.start(post(&server.https_url()));
    let (error, _) = rig.failure().await;
    let Error::Transport { phase: Phase::Connect, detail } = error else { panic!("{error:?}") };
    assert!(detail.contains("certificate"), "{detail}");
    assert_eq!(streams.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_certificate_is_taken_before_the_first_call_only() {
    let rig = Rig::new();
    let refused = rig.engine.add_root_certificate(b"no certificate").unwrap_err();
    assert!(matches!(refused, Error::Validation { field: "pem", .. }), "{refused}");
    rig.start(post("http://127.0.0.1:1/"));
    rig.failure().await;
    let refused = rig.engine.add_root_certificate(authority().pem.as_bytes()).unwrap_err();
    assert!(matches!(refused, Error::Config { .. }), "{refused}");
}
