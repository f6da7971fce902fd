//! The real transport: one pool of connections per scheme for the whole process, and further ones for calls
//! that are guarded.

use std::collections::HashSet;
use std::error::Error as StdError;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use reqwest::{Client, ClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::connect::{ConnectLayer, ConnectTimedOut, ConnectWatch};
use super::egress::Places;
use super::event::Headers;
use super::lookup::{GuardedResolver, Lookup, SystemLookup, proxy_hosts};
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

/// Places that have pools of their own at one time; of more, the one opened first is closed.
const GUARDED_POOLS: usize = 32;

/// reqwest, built at first use. Plain http never needs the machine's CA store, so it has its own client
/// and works where there is none.
#[derive(Debug)]
pub struct HttpClient {
    plain: OnceLock<Result<Client, Error>>,
    tls: OnceLock<Result<Client, Error>>,
    /// What an https client is built from; reading the machine's CA store takes a while.
    trust: OnceLock<Result<ClientConfig, Error>>,
    guarded: Mutex<Vec<Guarded>>,
    roots: Mutex<Vec<CertificateDer<'static>>>,
    lookup: Arc<dyn Lookup>,
}

#[derive(Debug)]
struct Guarded {
    https: bool,
    places: Arc<Places>,
    client: Client,
}

impl Default for HttpClient {
    fn default() -> Self {
        HttpClient::with_lookup(Arc::new(SystemLookup))
    }
}

impl HttpClient {
    /// A client whose guarded calls look names up with `lookup`.
    pub fn with_lookup(lookup: Arc<dyn Lookup>) -> HttpClient {
        let (plain, tls, trust, guarded, roots) = Default::default();
        HttpClient { plain, tls, trust, guarded, roots, lookup }
    }

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
        // Looked at first: whoever builds a guarded client takes these two locks in this order.
        let guarded = !self.guarded().is_empty();
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        if guarded || self.plain.get().is_some() || self.trust.get().is_some() {
            return Err(Error::Config {
                setting: "root_certificate",
                message: "calls were made already; add root certificates before the first".into(),
            });
        }
        roots.extend(found);
        Ok(())
    }

    fn client(&self, scheme: &str) -> Result<Client, Error> {
        let made = if scheme == "https" { &self.tls } else { &self.plain };
        made.get_or_init(|| finish(self.builder(scheme == "https")?.no_proxy())).clone()
    }

    /// The client of all guarded calls that may go to `places`.
    fn guarded_client(&self, scheme: &str, places: &Arc<Places>) -> Result<Client, Error> {
        let https = scheme == "https";
        let mut pools = self.guarded();
        if let Some(pool) = pools.iter().find(|pool| pool.https == https && pool.places == *places) {
            return Ok(pool.client.clone());
        }
        let builder = self.builder(https)?;
        let mut resolver = GuardedResolver {
            lookup: Arc::clone(&self.lookup),
            places: Arc::clone(places),
            proxies: HashSet::new(),
        };
        if places.proxy {
            resolver.proxies = proxy_hosts(|name| std::env::var(name).ok());
        }
        let builder = if places.proxy { builder } else { builder.no_proxy() };
        let client = finish(builder.dns_resolver(Arc::new(resolver)))?;
        if pools.len() >= GUARDED_POOLS {
            pools.remove(0);
        }
        pools.push(Guarded { https, places: Arc::clone(places), client: client.clone() });
        Ok(client)
    }

    /// Behind a proxy, which looks names up itself, the guard's resolver is not asked; what the name is here
    /// is checked all the same. A name that is known to the proxy alone is the proxy's business.
    fn preview(&self, request: &Request, policy: &Policy) -> BoxFuture<'static, Result<(), Error>> {
        let places = policy.egress.as_ref().map(|egress| egress.places()).filter(|places| places.proxy);
        let Some(places) = places.cloned() else { return Box::pin(std::future::ready(Ok(()))) };
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let found = tokio::time::timeout(policy.connect_timeout, self.lookup.addresses(&host));
        Box::pin(async move {
            match found.await {
                Ok(Ok(found)) => places.check_all(&host, &found),
                _ => places.check_unknown(&host),
            }
        })
    }

    fn guarded(&self) -> MutexGuard<'_, Vec<Guarded>> {
        self.guarded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn builder(&self, https: bool) -> Result<ClientBuilder, Error> {
        if !https {
            return Ok(builder(trustless_tls()?));
        }
        // The lock makes a certificate that comes during the first call count or fail, never vanish.
        let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(builder(self.trust.get_or_init(|| trusting_tls(&roots)).clone()?))
    }
}

impl Transport for HttpClient {
    fn send(&self, request: Request, policy: &Policy) -> BoxFuture<'static, Result<Reply, Error>> {
        let scheme = request.url.scheme();
        let client = match &policy.egress {
            Some(egress) => self.guarded_client(scheme, egress.places()),
            None => self.client(scheme),
        };
        let watch = ConnectWatch::new(policy.connect_timeout);
        let first_byte = policy.first_byte_timeout;
        let preview = self.preview(&request, policy);
        Box::pin(async move {
            preview.await?;
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
    if let Some(refused @ Error::Egress { .. }) = find(error) {
        return refused.clone();
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

fn builder(tls: ClientConfig) -> ClientBuilder {
    // The client itself repeats only requests that the server says it has not begun (a GOAWAY, a pooled
    // connection that turns out closed); every other retry is decided by the engine.
    Client::builder()
        .tls_backend_preconfigured(tls)
        .connector_layer(ConnectLayer)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .gzip(true)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .pool_idle_timeout(IDLE_FOR)
        .http2_keep_alive_interval(PING_EVERY)
        .http2_keep_alive_timeout(PING_TIMEOUT)
}

fn finish(builder: ClientBuilder) -> Result<Client, Error> {
    let unbuilt = |error| Error::Internal(format!("the HTTP client cannot be built: {error}"));
    builder.build().map_err(unbuilt)
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
