//! The merchants that the sandbox knows.

use std::collections::HashMap;

/// The merchants by 商户号 (mchid).
pub(super) type Merchants = HashMap<String, Merchant>;

/// A merchant as the platform sees it.
pub(super) struct Merchant {
    /// The appids that are bound to the merchant.
    pub(super) appids: Vec<String>,
    /// 子商户号: the merchants for whom it may act as a partner.
    pub(super) sub_mchids: Vec<String>,
    /// 商户API证书: without it the merchant cannot sign anything.
    pub(super) certificate: Option<MerchantCertificate>,
}

/// What the platform needs of a merchant certificate.
pub(super) struct MerchantCertificate {
    /// In hex.
    pub(super) serial_no: String,
    /// An RSA public key in DER (`RSAPublicKey` of PKCS#1), as `ring` reads it.
    pub(super) public_key: Vec<u8>,
}
