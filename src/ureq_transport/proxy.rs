//! [`Proxy`]: which proxy to use, and whether it can be used.

use std::env;
use std::ffi::OsString;
use std::fmt;

use ureq::ProxyProtocol;

use crate::error::Invalid;

/// Which proxy to use. Loopback addresses are always reached directly.
///
/// ```
/// use wechatpay::{HttpOptions, Proxy, UreqTransport};
///
/// let mut options = HttpOptions::default();
/// options.proxy = Proxy::Url("http://proxy.example:3128".into());
/// let transport = UreqTransport::new(&options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// The proxy that the first of `ALL_PROXY`, `HTTPS_PROXY` and `HTTP_PROXY` names (in capitals
    /// or not), unless `NO_PROXY` lists the host. A proxy that cannot be used is an error of
    /// [`UreqTransport::new`](crate::UreqTransport::new); it is never bypassed.
    FromEnvironment,
    /// No proxy. The environment is ignored.
    Direct,
    /// An HTTP proxy, `http://proxy.example:3128`, or a SOCKS5 proxy, `socks5://proxy.example:1080`;
    /// with `user:password@` if it requires authentication. With `socks5h` the proxy resolves the
    /// host; an HTTP proxy always does.
    Url(String),
}

/// Leaves out the URL, which may contain a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FromEnvironment => "FromEnvironment",
            Self::Direct => "Direct",
            Self::Url(_) => "Url(..)",
        })
    }
}

impl Proxy {
    /// The proxy as ureq takes it.
    pub(super) fn resolve(&self) -> Result<Option<ureq::Proxy>, Invalid> {
        match self {
            Self::FromEnvironment => {
                check_environment(|name| env::var_os(name))?;
                // The function reads NO_PROXY as well.
                Ok(ureq::Proxy::try_from_env())
            }
            Self::Direct => Ok(None),
            Self::Url(url) => parse("proxy", url).map(Some),
        }
    }
}

/// Checks the first variable that is set, which is the one that ureq takes: by itself, ureq skips a
/// proxy that it cannot use.
fn check_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<(), Invalid> {
    for name in VARIABLES {
        let Some(url) = variable(name).filter(|url| !url.is_empty()) else { continue };
        let url = url.to_str().ok_or_else(|| Invalid::new(name, RULE))?;
        return parse(name, url).map(drop);
    }
    Ok(())
}

/// A proxy over TLS (`https://`) and SOCKS4 are refused: nothing here has tried them.
fn parse(name: &str, url: &str) -> Result<ureq::Proxy, Invalid> {
    use ProxyProtocol::{Http, Socks5, Socks5h};
    ureq::Proxy::new(url)
        .ok()
        .filter(|proxy| matches!(proxy.protocol(), Http | Socks5 | Socks5h))
        .ok_or_else(|| Invalid::new(name, RULE))
}

const RULE: &str = "must be an HTTP or SOCKS5 proxy: http://proxy.example:3128 or \
                    socks5://proxy.example:1080";

/// In ureq's order.
const VARIABLES: [&str; 6] =
    ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(set: &[(&str, &str)]) -> String {
        let value =
            |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, url)| url.into());
        check_environment(value).map_or_else(|error| error.to_string(), |()| "ok".to_owned())
    }

    #[test]
    fn unusable_proxy_of_the_environment_is_named() {
        for url in ["socks4://127.0.0.1:1080", "https://127.0.0.1:443", "htp://x", "http://"] {
            for name in VARIABLES {
                let error = checked(&[(name, url)]);
                assert_eq!(error, format!("{name} {RULE}"), "{url}");
            }
        }
    }

    #[test]
    fn first_proxy_that_is_set_decides() {
        let (good, bad) = ("socks5h://user:password@127.0.0.1:1080", "htp://x");
        assert_eq!(checked(&[]), "ok");
        assert_eq!(checked(&[("ALL_PROXY", ""), ("HTTPS_PROXY", "http://127.0.0.1:3128")]), "ok");
        assert_eq!(checked(&[("ALL_PROXY", good), ("HTTPS_PROXY", bad)]), "ok");
        assert!(checked(&[("ALL_PROXY", bad), ("HTTPS_PROXY", good)]).starts_with("ALL_PROXY "));
    }
}
