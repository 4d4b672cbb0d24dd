//! Access to the pages and commands: from this machine only, under one of the sandbox's own names, and not
//! through the page of another site.

use std::net::IpAddr;

use super::authority::HOSTS;
use super::received::Received;

/// Why a page or a command is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Denial {
    /// The request comes from another machine.
    Machine,
    /// The request is for another host name, which leads here (DNS rebinding).
    Name,
    /// A page of another site made a browser send the request.
    Site,
}

impl Denial {
    /// In Chinese and in English.
    pub(super) fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Machine => (
                "沙箱的页面和命令只供本机使用",
                "pages and commands are served to this machine only; open them on the machine of the sandbox",
            ),
            Self::Name => (
                "请用沙箱自己的地址访问，例如 https://127.0.0.1",
                "the header Host has no name of the sandbox; use the address that it printed, such as https://127.0.0.1",
            ),
            Self::Site => (
                "请求来自其他网站",
                "a page of another site sent this; pages and commands are not served to other sites",
            ),
        }
    }
}

/// Checks a request for a page or a command. `address` is where the sandbox listens.
pub(super) fn check(request: &Received, peer: IpAddr, address: IpAddr) -> Result<(), Denial> {
    if !is_own_address(peer, address) {
        return Err(Denial::Machine);
    }
    let host = request.only_header("Host").filter(|host| is_own_name(name_of(host), address));
    let Some(host) = host else { return Err(Denial::Name) };
    let own = format!("https://{host}");
    match request.header("Origin") {
        Some(origin) if origin != own.as_bytes() => Err(Denial::Site),
        _ => Ok(()),
    }
}

fn is_own_address(ip: IpAddr, address: IpAddr) -> bool {
    ip.is_loopback() || ip == address
}

fn is_own_name(name: &str, address: IpAddr) -> bool {
    let ip = name.trim_start_matches('[').trim_end_matches(']').parse();
    ip.is_ok_and(|ip| is_own_address(ip, address))
        || name.eq_ignore_ascii_case("localhost")
        || HOSTS.contains(&name)
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(host: &str, origin: Option<&str>, peer: &str) -> Result<(), Denial> {
        let origin = origin.map(|origin| ("origin".to_owned(), origin.into()));
        let host = ("host".to_owned(), host.into());
        let request = Received {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            headers: [host].into_iter().chain(origin).collect(),
            body: Vec::new(),
            client_certificate: None,
        };
        check(&request, peer.parse().unwrap(), "192.0.2.1".parse().unwrap())
    }

    #[test]
    fn other_machine_is_denied() {
        let from = |peer| checked("127.0.0.1:1", None, peer);
        for own in ["127.0.0.1", "::1", "192.0.2.1"] {
            assert_eq!(from(own), Ok(()), "{own}");
        }
        for other in ["192.0.2.2", "2001:db8::1"] {
            assert_eq!(from(other), Err(Denial::Machine), "{other}");
        }
    }

    #[test]
    fn other_host_name_is_denied_with_its_own_origin() {
        for own in ["127.0.0.1:1", "LOCALHOST", "[::1]:8443", "192.0.2.1", HOSTS[0]] {
            assert_eq!(checked(own, None, "127.0.0.1"), Ok(()), "{own}");
            let origin = format!("https://{own}");
            assert_eq!(checked(own, Some(&origin), "127.0.0.1"), Ok(()), "{own}");
        }
        for other in ["evil.example:1", "127.0.0.1.evil.example", "192.0.2.2:1", ":1", ""] {
            let origin = format!("https://{other}");
            assert_eq!(checked(other, None, "127.0.0.1"), Err(Denial::Name), "{other}");
            assert_eq!(checked(other, Some(&origin), "127.0.0.1"), Err(Denial::Name), "{other}");
        }
    }

    #[test]
    fn page_of_another_site_is_denied() {
        for origin in ["https://evil.example", "https://127.0.0.1:2", "http://127.0.0.1:1", "null"]
        {
            let denied = checked("127.0.0.1:1", Some(origin), "127.0.0.1");
            assert_eq!(denied, Err(Denial::Site), "{origin}");
        }
    }
}
