//! The merchants that the sandbox knows.

use std::collections::HashMap;

use ring::signature::RsaKeyPair;

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

impl MerchantCertificate {
    pub(super) fn new(serial_no: &str, key_pair: &RsaKeyPair) -> Self {
        Self { serial_no: serial_no.to_owned(), public_key: key_pair.public().as_ref().to_vec() }
    }
}

/// The merchants of a sandbox: one with this certificate, its sub-merchant, which cannot sign, and a neighbour with a
/// certificate of its own.
pub(super) fn sandbox_merchants(
    certificate: MerchantCertificate,
    of_neighbour: MerchantCertificate,
) -> Merchants {
    let silent = |appid: &str| Merchant {
        appids: vec![appid.to_owned()],
        sub_mchids: Vec::new(),
        certificate: None,
    };
    let sub_mchids = vec![SUB_MCHID.to_owned()];
    // The merchant's appid as well, without which it could take no part in combined orders.
    let appids = vec![NEIGHBOUR_APPID.to_owned(), APPID.to_owned()];
    let merchant = Merchant { sub_mchids, certificate: Some(certificate), ..silent(APPID) };
    HashMap::from([
        (MCHID.to_owned(), merchant),
        (SUB_MCHID.to_owned(), silent(SUB_APPID)),
        (
            NEIGHBOUR_MCHID.to_owned(),
            Merchant { appids, certificate: Some(of_neighbour), ..silent(NEIGHBOUR_APPID) },
        ),
    ])
}

/// The samples of the documents.
pub(super) const MCHID: &str = "1900007291";
pub(super) const APPID: &str = "wxd678efh567hg6787";
pub(super) const SUB_MCHID: &str = "1900000109";
pub(super) const SUB_APPID: &str = "wxdace645e0bc2c424";
pub(super) const NEIGHBOUR_MCHID: &str = "1900009191";
pub(super) const NEIGHBOUR_APPID: &str = "wx2421b1c4370ec43b";
/// 32 letters and digits, public.
pub(super) const API_V3_KEY: &str = "SandboxApiV3Key0SandboxApiV3Key0";
