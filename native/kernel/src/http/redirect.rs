//! Sends the request of an attempt and, where the call is guarded, follows redirects under the same guard.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, HOST, HeaderName,
};

use super::call::Call;
use super::egress::{Egress, refused};
use super::engine::Shared;
use super::event::Event;
use super::request::Request;
use super::transport::Reply;
use crate::error::Error;

/// Headers that speak of a body, and go with it.
const OF_BODY: [HeaderName; 5] =
    [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE];

/// The reply to an attempt; of a guarded call, the one after all redirects.
pub(super) async fn send(shared: &Shared, call: &Call, attempt: u32) -> Result<Reply, Error> {
    let policy = &call.spec.policy;
    let mut request = call.spec.request.clone();
    let Some(egress) = &policy.egress else { return shared.transport.send(request, policy).await };
    if request.headers.contains_key(HOST) {
        return Err(Error::validation(
            "headers",
            "a guarded call takes its host from the URL; leave `host` out",
        ));
    }
    let mut left = egress.max_redirects();
    loop {
        egress.places().check_url(&request.url)?;
        let reply = shared.transport.send(request.clone(), policy).await?;
        if egress.max_redirects() == 0 {
            return Ok(reply);
        }
        let Some(next) = follow(&request, &reply, egress)? else { return Ok(reply) };
        let host = next.url.host_str().unwrap_or_default();
        left = left.checked_sub(1).ok_or_else(|| {
            let detail = format!("it was redirected more than {} times", egress.max_redirects());
            refused(host, "redirects", detail)
        })?;
        call.report(Event::Redirect { attempt, status: reply.status, url: next.url.to_string() });
        request = next;
    }
}

/// The request that a redirect asks for; None if the reply is none.
fn follow(request: &Request, reply: &Reply, egress: &Egress) -> Result<Option<Request>, Error> {
    if !matches!(reply.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some((_, location)) = reply.headers.iter().find(|(name, _)| name == "location") else {
        return Ok(None);
    };
    let from = request.url.host_str().unwrap_or_default();
    let bad = |_| refused(from, "location", "it redirects to something that is not a URL");
    let mut url = request.url.join(location).map_err(bad)?;
    url.set_fragment(None);
    let host = url.host_str().unwrap_or_default();
    if request.url.scheme() == "https" && url.scheme() == "http" {
        return Err(refused(host, "downgrade", "it is a redirect from https to http"));
    }
    let mut next = Request { url: Arc::new(url), ..request.clone() };
    if next.url.origin() != request.url.origin() {
        drop_headers(&mut next, egress.secret_headers());
    }
    if turns_into_get(reply.status, &request.method) {
        next.method = Method::GET;
        next.body = Bytes::new();
        drop_headers(&mut next, &OF_BODY);
    }
    Ok(Some(next))
}

/// As browsers do it (fetch standard, "HTTP-redirect fetch").
fn turns_into_get(status: u16, method: &Method) -> bool {
    match status {
        301 | 302 => method == Method::POST,
        303 => method != Method::GET && method != Method::HEAD,
        _ => false,
    }
}

fn drop_headers(request: &mut Request, names: &[HeaderName]) {
    let headers = Arc::make_mut(&mut request.headers);
    for name in names {
        headers.remove(name);
    }
}
