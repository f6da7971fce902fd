//! The egress guard: where a call may go. A host's addresses are checked when it is looked up, and only
//! those are connected to; hosts that are addresses, which nobody looks up, are checked with the URL.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION};

use super::addresses::not_public;
use crate::error::Error;

/// Most redirects that a call can be allowed.
pub const MAX_REDIRECTS: u32 = 5;

/// Kinds of addresses that an intranet uses; a listed host name may have one. The others are reached only
/// where their own address or network is listed.
const OF_INTRANETS: &[&str] = &["private", "loopback", "cgnat"];
const DEFAULT_SECRETS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// What a guarded call may reach, and what it does about redirects.
#[derive(Clone, Debug, PartialEq)]
pub struct Egress {
    places: Arc<Places>,
    secret_headers: Vec<HeaderName>,
    max_redirects: u32,
}

/// Where calls may go. Calls with equal places share connections, and no others do: a connection that one
/// call may have is then never lent to one that may not.
#[derive(Debug, PartialEq)]
pub(super) struct Places {
    names: Vec<String>,
    networks: Vec<IpNet>,
    only: bool,
    pub(super) proxy: bool,
}

impl Egress {
    /// A guard that lets calls reach public addresses (unless `only` what is listed) and `allow`: host names,
    /// `*.name` for all names below one, addresses, and networks such as `10.0.0.0/8`. With `proxy` the
    /// proxies that the environment names are used; they look names up themselves.
    pub fn new<'a>(
        allow: impl IntoIterator<Item = &'a str>,
        only: bool,
        secret_headers: impl IntoIterator<Item = &'a str>,
        max_redirects: u32,
        proxy: bool,
    ) -> Result<Egress, Error> {
        if max_redirects > MAX_REDIRECTS {
            return Err(Error::validation(
                "max_redirects",
                format!("must be 0 to {MAX_REDIRECTS}, not {max_redirects}"),
            ));
        }
        let mut places = Places { names: Vec::new(), networks: Vec::new(), only, proxy };
        for entry in allow {
            places.allow(entry)?;
        }
        let mut secrets = DEFAULT_SECRETS.to_vec();
        for name in secret_headers {
            secrets.push(name.parse().map_err(|_| {
                Error::validation("secret_headers", format!("{name:?} is not the name of a header"))
            })?);
        }
        Ok(Egress { places: Arc::new(places), secret_headers: secrets, max_redirects })
    }

    /// Redirects that are followed; 0: a redirect is a reply like others.
    pub fn max_redirects(&self) -> u32 {
        self.max_redirects
    }

    pub(super) fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// Headers that another origin must not see.
    pub(super) fn secret_headers(&self) -> &[HeaderName] {
        &self.secret_headers
    }
}

impl Places {
    fn allow(&mut self, entry: &str) -> Result<(), Error> {
        if let Some(network) = network(entry) {
            self.networks.push(network);
            return Ok(());
        }
        let (star, name) = entry.strip_prefix("*.").map_or(("", entry), |rest| ("*.", rest));
        let host = host_name(name).ok_or_else(|| {
            Error::validation(
                "allow",
                format!("{entry:?} is not a host name, *.name, an address or a network such as 10.0.0.0/8"),
            )
        })?;
        self.names.push(format!("{star}{host}"));
        Ok(())
    }

    /// Checks all of a URL that can be told without looking its host up.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), Error> {
        let host = url.host_str().unwrap_or_default();
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(host, "scheme", "only http and https are spoken"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let detail = "the URL holds a user name or password; send an authorization header instead";
            return Err(refused(host, "user_info", detail));
        }
        match as_address(host) {
            Some(address) => self.check(host, address),
            None if self.networks.is_empty() => self.check_unknown(host),
            None => Ok(()),
        }
    }

    /// Checks what `host` was looked up as: one wrong address among them, and it is refused.
    pub(super) fn check_all(&self, host: &str, addresses: &[IpAddr]) -> Result<(), Error> {
        addresses.iter().try_for_each(|address| self.check(host, *address))
    }

    /// Checks a host whose addresses are not to be had.
    pub(super) fn check_unknown(&self, host: &str) -> Result<(), Error> {
        if self.only && !self.names_host(host) { Err(not_listed(host)) } else { Ok(()) }
    }

    fn check(&self, host: &str, address: IpAddr) -> Result<(), Error> {
        if self.networks.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        let named = self.names_host(host);
        match not_public(address) {
            Some(kind) if !(named && OF_INTRANETS.contains(&kind)) => Err(not_allowed(host, kind)),
            _ if self.only && !named => Err(not_listed(host)),
            _ => Ok(()),
        }
    }

    fn names_host(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.names.iter().any(|name| match name.strip_prefix('*') {
            Some(below) => host.len() > below.len() && host.ends_with(below),
            None => host == name,
        })
    }
}

/// The network that `entry` stands for: written as one, or an address in any of its forms.
fn network(entry: &str) -> Option<IpNet> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare.parse().ok().or_else(|| as_address(&host_name(entry)?));
    address.map(IpNet::from).or_else(|| entry.parse().ok())
}

/// `name` as the host of a URL is written, if it can be one.
fn host_name(name: &str) -> Option<String> {
    if name.is_empty()
        || name.contains(['/', '?', '#', '@', ':', '\\', '*', '%'])
        || name.contains(char::is_whitespace)
    {
        return None;
    }
    let url = Url::parse(&format!("http://{name}/")).ok()?;
    url.host_str().map(|host| host.strip_suffix('.').unwrap_or(host).to_owned())
}

/// The address that the host of a parsed URL is, if it is not a name.
fn as_address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

pub(super) fn refused(host: &str, reason: &'static str, detail: impl Into<String>) -> Error {
    Error::Egress { host: host.to_owned(), reason, detail: detail.into() }
}

fn not_allowed(host: &str, kind: &'static str) -> Error {
    let mend =
        if OF_INTRANETS.contains(&kind) { "the host, its address or its network" } else { "its address" };
    let what = kind.replace('_', "-");
    refused(
        host,
        kind,
        format!("it has a {what} address; put {mend} on the list of allowed hosts if it may be called"),
    )
}

fn not_listed(host: &str) -> Error {
    refused(host, "not_listed", "it is not among the allowed hosts; add it to them if it may be called")
}
