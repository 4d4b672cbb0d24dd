//! 下载平台证书.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::cipher::Cipher;
use super::platform::Platform;
use super::refusal::Refusal;
use super::unique_ids::UniqueIds;

/// Every certificate that is still good, in the form of real responses: the document's own table has
/// other lengths and types.
pub(super) fn list(
    platform: &Platform,
    cipher: &Cipher,
    ids: &mut UniqueIds,
) -> Result<Value, Refusal> {
    let certificates = platform.certificates();
    if certificates.is_empty() {
        return Err(Refusal::new(404, "RESOURCE_NOT_EXISTS", NO_CERTIFICATE));
    }
    let data: Vec<Value> = certificates
        .into_iter()
        .map(|certificate| {
            json!({
                "serial_no": certificate.key.serial_no,
                "effective_time": Beijing::at(certificate.effective_time).rfc3339(),
                "expire_time": Beijing::at(certificate.expire_time).rfc3339(),
                "encrypt_certificate":
                    cipher.encrypted("certificate", certificate.pem.as_bytes(), ids),
            })
        })
        .collect();
    Ok(json!({ "data": data }))
}

/// In the service's own words (merchant/4013038816).
const NO_CERTIFICATE: &str = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥";
