//! Names to addresses: the lookup, and the guard that lets only allowed ones through to the connector.

use std::collections::HashSet;
use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::egress::Places;

/// Looks up host names.
pub trait Lookup: Send + Sync + Debug {
    /// All addresses of `host`.
    fn addresses(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The lookup of the machine.
#[derive(Debug)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn addresses(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The resolver of a guarded client: what it returns was checked, and nothing else is connected to.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) places: Arc<Places>,
    /// Hosts of the proxies in use: these the operator chose.
    pub(super) proxies: HashSet<String>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_ascii_lowercase();
        let found = self.lookup.addresses(&host);
        let places = (!self.proxies.contains(&host)).then(|| Arc::clone(&self.places));
        Box::pin(async move {
            let found = found.await?;
            if let Some(places) = places {
                places.check_all(&host, &found)?;
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

/// Hosts of the proxies that the environment names.
pub(super) fn proxy_hosts(variable: impl Fn(&str) -> Option<String>) -> HashSet<String> {
    let names = ["http_proxy", "https_proxy", "all_proxy"];
    let values = names.iter().flat_map(|name| [variable(name), variable(&name.to_ascii_uppercase())]);
    values
        .flatten()
        .filter_map(|value| {
            let url = if value.contains("://") { value } else { format!("http://{value}") };
            reqwest::Url::parse(&url).ok()?.host_str().map(str::to_ascii_lowercase)
        })
        .collect()
}
