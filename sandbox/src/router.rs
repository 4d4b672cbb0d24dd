//! From the method and path of a request to its interface.

use super::interface::Interface;
use super::interfaces::{bill, certificates, combine, pay, refund};
use super::received::Received;
use super::refusal::Refusal;
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
        return Err(Refusal::new(404, "RESOURCE_NOT_EXISTS", "请求的资源不存在"));
    }
    known.retain(|route| route.interface.method == request.method);
    known.pop().ok_or_else(|| Refusal::bare(405))
}

/// Whether a path has the form of this pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    matched(pattern, path).is_some()
}

/// The parameters of a path, if it has the form of this pattern.
fn matched<'p, 'a>(pattern: &'p str, path: &'a str) -> Option<Vec<(&'p str, &'a str)>> {
    let (mut expected, mut found) = (pattern.split('/'), path.split('/'));
    let mut parameters = Vec::new();
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return Some(parameters),
            (Some(expected), Some(found)) => {
                let name = expected.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
                match name {
                    Some(name) => parameters.push((name, found)),
                    None if expected == found => {}
                    None => return None,
                }
            }
            _ => return None,
        }
    }
}

/// Every interface, by subject.
const ALL: [&[Interface]; 5] = [
    pay::INTERFACES,
    combine::INTERFACES,
    refund::INTERFACES,
    certificates::INTERFACES,
    bill::INTERFACES,
];

#[cfg(test)]
mod tests {
    use super::super::authorization::tests::signed;
    use super::*;

    #[test]
    fn parameters_of_the_path_are_found_by_name() {
        let pattern = "/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund";
        let path = "/v3/refund/domestic/refunds/1%2F2/apply-abnormal-refund";
        assert_eq!(matched(pattern, path), Some(vec![("refund_id", "1%2F2")]));
        for other in ["/v3/refund/domestic/refunds/1", "/v3/refund/domestic/refunds/1/x", ""] {
            assert_eq!(matched(pattern, other), None, "{other}");
        }
    }

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
