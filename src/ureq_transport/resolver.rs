//! The addresses of hosts, remembered for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::connector::NotConnected;
use crate::error::{TransportError, TransportErrorKind};

/// The addresses of hosts, so that not every call has to resolve one. ureq by itself resolves at
/// every call, even with an open connection, and in a new thread, because there is a timeout.
#[derive(Debug, Clone, Default)]
pub(super) struct Addresses(Arc<Mutex<Vec<Found>>>);

#[derive(Debug)]
struct Found {
    uri: Uri,
    /// None if the host could not be resolved.
    addresses: Option<ResolvedSocketAddrs>,
    at: Instant,
}

impl Addresses {
    /// Forgets every address after a failed call: the host may have moved, so the next call resolves
    /// again.
    pub(super) fn forget(&self) {
        self.found().retain(|found| found.addresses.is_none());
    }

    fn found(&self) -> MutexGuard<'_, Vec<Found>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for Addresses {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_known = |found: &&Found| found.is_of(uri) && found.is_fresh();
        let known = self.found().iter().find(is_known).map(|found| found.addresses.clone());
        if let Some(addresses) = known {
            return addresses.ok_or_else(|| unresolved(uri));
        }
        let addresses = DefaultResolver::default().resolve(uri, config, timeout).ok();
        let mut found = self.found();
        found.retain(|earlier| !earlier.is_of(uri) && earlier.is_fresh());
        found.push(Found { uri: uri.clone(), addresses: addresses.clone(), at: Instant::now() });
        addresses.ok_or_else(|| unresolved(uri))
    }
}

/// Nothing was sent: the host, or the proxy, was not even found.
fn unresolved(uri: &Uri) -> ureq::Error {
    let host = uri.host().unwrap_or_default();
    let what = format!("no connection: the host {host} cannot be resolved; check it and the DNS");
    NotConnected(TransportError::not_sent(what).with_kind(TransportErrorKind::Dns)).into_ureq()
}

impl Found {
    /// Whether it belongs to the same host and port.
    fn is_of(&self, uri: &Uri) -> bool {
        self.uri.authority() == uri.authority() && self.uri.scheme() == uri.scheme()
    }

    fn is_fresh(&self) -> bool {
        let age = if self.addresses.is_some() { ADDRESS_AGE } else { FAILURE_AGE };
        self.at.elapsed() < age
    }
}

/// Our own value: short compared to the time for which name servers keep an address.
const ADDRESS_AGE: Duration = Duration::from_secs(10);

/// Our own value: with a silent name server, each attempt leaves a thread behind for ten seconds or
/// more, so that calls during an outage must not all start one.
const FAILURE_AGE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_looked_up_again_only_after_a_failed_call() {
        // No name server is asked for this name: two dots in a row are none.
        let host = "https://no..host".parse::<Uri>().unwrap();
        let other_port = "https://no..host:444".parse::<Uri>().unwrap();
        let addresses = Addresses::default();
        let config = Config::default();
        let resolve = |uri| addresses.resolve(uri, &config, NextTimeout::default()).ok();
        let find = |at| {
            let mut found = addresses.empty();
            found.push(([192, 0, 2, 1], 443).into());
            addresses.found().push(Found { uri: host.clone(), addresses: Some(found.clone()), at });
            Some(found)
        };
        assert_eq!(resolve(&host), None);
        addresses.found().clear();
        let found = find(Instant::now());
        assert_eq!((resolve(&host), resolve(&other_port)), (found, None));
        addresses.forget();
        assert_eq!(resolve(&host), None);
        addresses.found().clear();
        find(Instant::now().checked_sub(ADDRESS_AGE).unwrap());
        assert_eq!(resolve(&host), None);

        let loopback = "https://127.0.0.1".parse().unwrap();
        assert_eq!(resolve(&loopback).unwrap()[..], [([127, 0, 0, 1], 443).into()]);
        let known = addresses.found();
        assert!(known.iter().any(|found| found.uri == loopback && found.addresses.is_some()));
    }

    #[test]
    fn failed_lookup_is_remembered_for_a_second() {
        let host = "https://no..host".parse::<Uri>().unwrap();
        let addresses = Addresses::default();
        let resolve = || {
            let resolved = addresses.resolve(&host, &Config::default(), NextTimeout::default());
            resolved.unwrap_err().to_string()
        };
        let error = resolve();
        assert!(error.contains("the host no..host cannot be resolved"), "{error}");
        let at = addresses.found()[0].at;
        // After a failed call addresses are forgotten, but not the fact that a name has none.
        addresses.forget();
        assert_eq!((resolve(), addresses.found()[0].at), (error, at));
        addresses.found()[0].at = Instant::now().checked_sub(FAILURE_AGE).unwrap();
        resolve();
        assert_eq!(addresses.found().len(), 1);
        assert!(addresses.found()[0].at > at);
    }
}
