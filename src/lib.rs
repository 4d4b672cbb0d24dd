// First, so that the links of the README, which lead to docs.rs, stay within these pages here.
#![doc = include_str!("links.md")]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api_v3_key;
mod atomic_file;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc_signer;
mod base_url;
mod error;
mod error_body;
mod failover;
mod gateway;
mod id;
mod method;
mod money;
mod one_line;
mod open_set;
mod party;
mod pem;
mod platform_keys;
mod received;
mod remote_file;
mod request_fields;
mod sign_diagnosis;
mod signer;
mod strict_json;
mod time;
mod transport;
mod ureq_transport;
mod validate;

pub mod bill;
pub mod call;
pub mod certificates;
pub mod combine;
pub mod encryption;
pub mod guide;
pub mod notify;
pub mod pay;
pub mod profit_sharing;
pub mod refund;
pub mod signing;
pub mod transfer;
#[cfg(feature = "v2")]
pub mod v2;

pub use self::api_v3_key::ApiV3Key;
#[cfg(feature = "aws-lc-rs")]
pub use self::aws_lc_signer::AwsLcSigner;
pub use self::error::{
    ApiError, Code, Error, ErrorDetail, ErrorKind, Invalid, Outcome, Retry, SignError,
    TransportError, TransportErrorKind, Untrusted, Violation,
};
pub use self::failover::{Answered, Failover, Host};
pub use self::gateway::Gateway;
pub use self::id::{
    AppId, AuthorizationId, CodeUrl, H5Url, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo,
    OutOrderNo, OutRefundNo, OutReturnNo, OutTradeNo, OutUnfreezeNo, PackageInfo, PrepayId,
    RefundId, SplitId, TransactionId, TransferBillNo,
};
pub use self::method::Method;
pub use self::money::Fen;
pub use self::party::{Party, SubMerchant};
pub use self::platform_keys::PlatformKeys;
pub use self::sign_diagnosis::{MessageLine, SignDiagnosis};
pub use self::signer::{Partner, RsaSigner, Signature, Signer};
pub use self::time::Time;
pub use self::transport::{Request, Response, Transport};
pub use self::ureq_transport::{
    ClientCertificate, HttpOptions, MinimumFileRate, Proxy, UreqTransport,
};

#[cfg(test)]
mod test_vectors;
