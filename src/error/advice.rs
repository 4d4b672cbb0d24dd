//! What an error response means and what to do, where WeChat Pay's message does not make it clear.

use super::api::ApiError;
use super::call::CallContext;
#[cfg(feature = "v2")]
use super::call::Protocol;
use super::code::Code;

/// The advice for a response to this call, or to any.
pub(super) fn of_response(call: Option<CallContext>, error: &ApiError) -> Option<&'static str> {
    #[cfg(feature = "v2")]
    if call.is_some_and(|call| call.protocol == Protocol::V2) {
        if let Some(advice) = of_v2_response(error) {
            return Some(advice);
        }
    }
    let may_exist = |call: CallContext| call.has_number() && !forbids_refund(call, error);
    if error.code == Code::INVALID_REQUEST && call.is_some_and(may_exist) {
        return Some(
            "a field breaks a rule, the state of the order forbids it, or the number was used with other \
             values; query it before you change anything",
        );
    }
    error.code.advice()
}

/// Whether a refund was refused because the order was split. WeChat Pay's message names that, and no error code does.
pub(super) fn forbids_refund(call: CallContext, error: &ApiError) -> bool {
    call.is_refund() && error.message.contains("分账")
}

#[cfg(feature = "v2")]
fn of_v2_response(error: &ApiError) -> Option<&'static str> {
    if is_sign_error(error) {
        Some("check the APIv2 key (API密钥) of the merchant platform, and the sign type")
    } else if lacks_certificate(error) {
        Some(
            "set the merchant's client certificate (商户API证书), that of this merchant number; \
             retrying will not help",
        )
    } else {
        None
    }
}

/// Whether APIv2 refused the sign: by a code, or unsigned by a text, since it does not know the key.
#[cfg(feature = "v2")]
fn is_sign_error(error: &ApiError) -> bool {
    let text = || error.message.to_ascii_uppercase().replace([' ', '_'], "");
    let is_text =
        |text: &str| ["签名错误", "签名失败", "SIGNERROR"].iter().any(|it| text.contains(it));
    error.code == Code::SIGN_ERROR || (error.status == 200 && !error.signed && is_text(&text()))
}

/// Likewise, in an unsigned response: the outcome is unknown, and a query fails too.
#[cfg(feature = "v2")]
pub(super) fn is_unsigned_sign_error(call: CallContext, error: &ApiError) -> bool {
    call.protocol == Protocol::V2 && !error.signed && is_sign_error(error)
}

/// Whether WeChat Pay's server refused the connection for its client certificate.
#[cfg(feature = "v2")]
pub(super) fn lacks_certificate(error: &ApiError) -> bool {
    error.status == 400 && CERTIFICATE_TEXTS.contains(&error.message.as_str())
}

/// The texts of the page with status 400 if the client certificate is missing, or is not accepted.
#[cfg(feature = "v2")]
pub(crate) const CERTIFICATE_TEXTS: [&str; 2] =
    ["No required SSL certificate was sent", "The SSL certificate error"];
