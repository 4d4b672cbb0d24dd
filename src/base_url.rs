//! The base URL of a gateway, and the two hosts of WeChat Pay.

use std::net::IpAddr;

use crate::error::Invalid;

/// 主域名: the main host ([m/4013070347](https://pay.weixin.qq.com/doc/v3/merchant/4013070347) and every other page).
pub(crate) const MAIN_HOST: &str = "https://api.mch.weixin.qq.com";

/// 备域名: the backup host.
pub(crate) const STANDBY_HOST: &str = "https://api2.mch.weixin.qq.com";

/// Checks that a URL is a host and nothing more, and returns it without the last slash.
pub(crate) fn check(base_url: &str) -> Result<&str, Invalid> {
    let base_url = base_url.strip_suffix('/').unwrap_or(base_url);
    check_url(base_url).map_err(|rule| Invalid::new("base_url", rule))?;
    let authority = base_url.split_once("://").map_or("", |(_, authority)| authority);
    if authority.contains(['/', '?', '#']) || !authority.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Invalid::new("base_url", "must end after the host, without path or query"));
    }
    Ok(base_url)
}

/// Checks that a request may go to a URL, `https` unless its host is loopback, and returns the
/// host.
pub(crate) fn check_url(url: &str) -> Result<&str, &'static str> {
    let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("must start with https://"),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, _)) if !authority.ends_with(']') => host,
        _ => authority,
    };
    if host.is_empty() || authority.contains(['@', ' ']) {
        Err("must name a host, without user name or password")
    } else if secure || is_loopback(host) {
        Ok(host)
    } else {
        Err("must start with https://; http:// is for loopback addresses only")
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_leaves_this_machine() {
        for (url, host) in [
            ("https://api.mch.weixin.qq.com/v3/certificates", "api.mch.weixin.qq.com"),
            ("https://127.0.0.1:8443", "127.0.0.1"),
            ("http://127.0.0.1:8080/x", "127.0.0.1"),
            ("http://[::1]:8080/x", "[::1]"),
            ("http://localhost/x", "localhost"),
        ] {
            assert_eq!(check_url(url), Ok(host));
        }
        for url in [
            "",
            "api.mch.weixin.qq.com",
            "ftp://x/",
            "http://api.mch.weixin.qq.com/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "https://",
            "https:///v3",
            "https://user:password@api.mch.weixin.qq.com/",
            "http://evil.example:80@127.0.0.1/",
            "http://10.0.0.1/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
