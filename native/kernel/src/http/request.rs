//! What is sent, checked before it is queued.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::policy::Policy;
use crate::clock::Time;
use crate::error::Error;
use crate::framing::Framing;

/// A request as it goes over the wire. Cloning shares everything; its debug form shows nothing that may be secret.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute http or https URL.
    pub url: Arc<Url>,
    /// Headers, all marked sensitive.
    pub headers: Arc<HeaderMap>,
    /// Body.
    pub body: Bytes,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host) = (self.url.scheme(), self.url.host_str().unwrap_or_default());
        write!(f, "Request({} {scheme}://{host}, {} bytes)", self.method, self.body.len())
    }
}

impl Request {
    /// Checks and converts the parts of a request. Messages never repeat the URL or a header's value,
    /// as both may carry a credential.
    pub fn new<'a>(
        method: &str,
        url: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: Bytes,
    ) -> Result<Request, Error> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| Error::validation("method", format!("{method:?} is not an HTTP method")))?;
        let url = Url::parse(url).map_err(|error| Error::validation("url", format!("not a URL: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Error::validation(
                "url",
                format!("its scheme must be http or https, not {:?}", url.scheme()),
            ));
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let bad = |what| Error::validation("headers", format!("the {what} of {name:?} is not allowed"));
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("name"))?;
            let mut value = HeaderValue::from_str(value).map_err(|_| bad("value"))?;
            value.set_sensitive(true);
            map.append(key, value);
        }
        if body.is_empty() && matches!(method, Method::POST | Method::PUT | Method::PATCH) {
            // The client leaves it out for an empty body, and some servers then answer 411.
            map.entry(CONTENT_LENGTH).or_insert(HeaderValue::from_static("0"));
        }
        Ok(Request { method, url: Arc::new(url), headers: Arc::new(map), body })
    }
}

/// The framing that the host calls `name`.
pub fn parse_framing(name: &str) -> Result<Framing, Error> {
    match name {
        "sse" => Ok(Framing::Sse),
        "ndjson" => Ok(Framing::Ndjson),
        other => Err(Error::validation("framing", format!("must be sse or ndjson, not {other:?}"))),
    }
}

/// Everything the engine needs to know of a call.
#[derive(Clone, Debug)]
pub struct CallSpec {
    /// Name of the resource whose breaker, retry budget and counters the call uses.
    pub resource: String,
    /// Name of the limiter whose permits, rates and pauses the call uses; None: that of the resource's name.
    pub limiter: Option<String>,
    /// What is sent.
    pub request: Request,
    /// How a 2xx body is cut into frames; None for one whole reply.
    pub framing: Option<Framing>,
    /// Whether sending it twice is harmless.
    pub idempotent: bool,
    /// Estimated cost in tokens.
    pub tokens: u64,
    /// When the caller gives up, whatever the attempts do.
    pub deadline: Option<Time>,
    /// Whether to tell what it meets on its way.
    pub notices: bool,
    /// Settings.
    pub policy: Policy,
}
