//! Path patterns, in which a segment in braces stands for any segment.

/// Whether a path has the form of this pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    matched(pattern, path).is_some()
}

/// The parameters of a path, still percent-encoded, if it has the form of this pattern.
pub(super) fn matched<'p, 'a>(pattern: &'p str, path: &'a str) -> Option<Vec<(&'p str, &'a str)>> {
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

#[cfg(test)]
mod tests {
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
}
