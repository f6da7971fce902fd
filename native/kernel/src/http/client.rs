//! The real transport: one pool of connections per scheme, for the whole process.

use std::error::Error as StdError;
use std::fmt::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::connect::{ConnectLayer, ConnectTimedOut, ConnectWatch};
use super::event::Headers;
use super::policy::Policy;
use super::request::Request;
use super::transport::{Reply, Transport};
use crate::error::{Error, Phase};

const USER_AGENT: &str = concat!("graphbit/", env!("CARGO_PKG_VERSION"));
const IDLE_CONNECTIONS: usize = 256;
const IDLE_FOR: Duration = Duration::from_secs(30);
/// An HTTP/2 connection that died without a word would swallow every retry; pings find out.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// reqwest, built at first use. Plain http never needs the machine's CA store, so it has its own client
/// and works where there is none.
#[derive(Debug, Default)]
pub struct HttpClient {
    plain: OnceLock<Result<Client, Error>>,
    tls: OnceLock<Result<Client, Error>>,
    roots: Mutex<Vec<CertificateDer<'static>>>,
}

impl HttpClient {
    /// Trusts the certificates in `pem`, beside those of the machine, from the first call on.
    pub fn add_roots(&self, pem: &[u8]) -> Result<(), Error> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let found = found.map_err(|error| Error::validation("pem", format!("not a PEM file: {error}")))?;
        if found.is_empty() {
            return Err(Error::validation("pem", "holds no certificate"));
        }
        let mut check = RootCertStore::empty();
        for certificate in &found {
            check
                .add(certificate.clone())
                .map_err(|error| Error::validation("pem", format!("not usable as a CA: {error}")))?;
        }
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if self.plain.get().is_some() || self.tls.get().is_some() {
            return Err(Error::Config {
                setting: "root_certificate",
                message: "calls were made already; add root certificates before the first".into(),
            });
        }
        roots.extend(found);
        Ok(())
    }

    fn client(&self, scheme: &str) -> Result<Client, Error> {
        // The lock makes a certificate that comes during the first call count or fail, never vanish.
        let made = if scheme == "https" { &self.tls } else { &self.plain };
        if let Some(client) = made.get() {
            return client.clone();
        }
        let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        let build = || {
            let tls = if scheme == "https" { trusting_tls(&roots)? } else { trustless_tls()? };
            build(tls)
        };
        made.get_or_init(build).clone()
    }
}

impl Transport for HttpClient {
    fn send(&self, request: Request, policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        let client = self.client(request.url.scheme());
        let watch = ConnectWatch::new(policy.connect_timeout);
        let first_byte = policy.first_byte_timeout;
        Box::pin(async move {
            let head = client?
                .request(request.method, (*request.url).clone())
                .headers((*request.headers).clone())
                .body(request.body)
                .send();
            tokio::select! {
                biased;
                head = Arc::clone(&watch).scope(head) => head.map(reply).map_err(|error| send_error(&error)),
                () = watch.first_byte_overdue(first_byte) => {
                    Err(Error::Deadline { phase: Phase::FirstByte, timeout: first_byte })
                }
            }
        })
    }
}

fn reply(response: reqwest::Response) -> Reply {
    let headers: Headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let status = response.status().as_u16();
    let body = response.bytes_stream().map(|piece| {
        piece.map_err(|error| Error::Transport { phase: Phase::Read, detail: describe(&error) })
    });
    Reply { status, headers, body: body.boxed() }
}

fn send_error(error: &reqwest::Error) -> Error {
    if let Some(ConnectTimedOut(timeout)) = find(error) {
        return Error::Deadline { phase: Phase::Connect, timeout: *timeout };
    }
    let phase = if error.is_connect() { Phase::Connect } else { Phase::FirstByte };
    Error::Transport { phase, detail: describe(error) }
}

/// The causes of `error`, without reqwest's own line, which would name the URL.
fn describe(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, "{}{inner}", if text.is_empty() { "" } else { ": " });
        cause = inner.source();
    }
    if text.is_empty() { "the request failed".into() } else { text }
}

fn find<E: StdError + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}

fn build(tls: ClientConfig) -> Result<Client, Error> {
    // The client itself repeats only requests that the server says it has not begun (a GOAWAY, a pooled
    // connection that turns out closed); every other retry is decided by the engine.
    Client::builder()
        .tls_backend_preconfigured(tls)
        .connector_layer(ConnectLayer)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .gzip(true)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_FOR)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
        .build()
        .map_err(|error| Error::Internal(format!("the HTTP client cannot be built: {error}")))
}

fn tls_builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, Error> {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Internal(format!("TLS cannot be set up: {error}")))
}

fn trusting_tls(roots: &[CertificateDer<'static>]) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(roots.to_vec(), provider)
        .map_err(|error| Error::Config {
            setting: "root_certificate",
            message: format!("https needs trusted CA certificates ({error}); install ca-certificates"),
        })?;
    let mut tls =
        tls_builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

fn trustless_tls() -> Result<ClientConfig, Error> {
    Ok(tls_builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}
