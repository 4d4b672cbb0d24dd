//! [`Method`]: the HTTP methods of WeChat Pay's interfaces.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Invalid};

/// An HTTP method.
///
/// ```
/// use wechatpay::Method;
///
/// assert_eq!("DELETE".parse(), Ok(Method::Delete));
/// assert_eq!(Method::Delete.as_str(), "DELETE");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`: reads, and has no body.
    Get,
    /// `POST`: has a body, or none.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`: has no body, or one.
    Delete,
}

impl Method {
    /// The method in upper case, as it is signed and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = Error;

    /// # Errors
    /// [`Error`] if it is another method, or not in upper case.
    fn from_str(text: &str) -> Result<Self, Error> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| Invalid::new("method", "must be GET, POST, PUT, PATCH or DELETE").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_is_read_in_upper_case_only() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(method.parse::<Method>().unwrap().to_string(), method);
        }
        for wrong in ["", "get", "HEAD", "GET ", "POST\r\n"] {
            let error = wrong.parse::<Method>().unwrap_err().to_string();
            assert_eq!(error, "method must be GET, POST, PUT, PATCH or DELETE");
        }
    }
}
