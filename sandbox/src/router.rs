//! From the method and path of a request to its interface.

use super::interface::Interface;
use super::interfaces::{bill, certificates, combine, pay, refund, transfer, upload};
use super::path_pattern::matched;
use super::received::Received;
use super::refusal::Refusal;
use super::sharing;
use super::url;

/// The interface of a request, with the parameters of the path as they were received.
pub(super) struct Route<'a> {
    pub(super) interface: &'static Interface,
    pub(super) path_parameters: Vec<(&'static str, &'a str)>,
}

/// Finds the interface of a request that has no script.
pub(super) fn route(request: &Received) -> Result<Route<'_>, Refusal> {
    let (path, _) = url::split(&request.path);
    let mut known: Vec<Route<'_>> = ALL
        .iter()
        .flat_map(|interfaces| interfaces.iter())
        .filter_map(|interface| {
            let path_parameters = matched(interface.path, path)?;
            Some(Route { interface, path_parameters })
        })
        .collect();
    if known.is_empty() {
        return Err(not_modelled());
    }
    known.retain(|route| route.interface.method == request.method);
    known.pop().ok_or_else(|| Refusal::bare(405))
}

/// Not in words of WeChat Pay, so that no one takes it for an unknown order or refund.
fn not_modelled() -> Refusal {
    let message = "沙箱没有此接口，请检查路径，或用脚本定义应答。This path is not modelled by this sandbox; \
        check it, or script its response with Sandbox::script or POST /sandbox/script";
    Refusal::new(404, "NOT_MODELLED", message)
}

/// Every interface, by subject.
const ALL: [&[Interface]; 8] = [
    pay::INTERFACES,
    combine::INTERFACES,
    refund::INTERFACES,
    sharing::interfaces::INTERFACES,
    certificates::INTERFACES,
    bill::INTERFACES,
    upload::INTERFACES,
    transfer::INTERFACES,
];

#[cfg(test)]
mod tests {
    use super::super::authorization_header::tests::signed;
    use super::*;

    #[test]
    fn no_request_has_two_interfaces() {
        let all: Vec<&Interface> = ALL.iter().flat_map(|interfaces| interfaces.iter()).collect();
        for interface in &all {
            let own = |other: &&&Interface| {
                other.method == interface.method && matched(other.path, interface.path).is_some()
            };
            assert_eq!(all.iter().filter(own).count(), 1, "{}", interface.path);
            let request = signed(interface.method, interface.path, "");
            let found = route(&request).ok().unwrap();
            assert_eq!(found.interface.path, interface.path);
        }
    }
}
