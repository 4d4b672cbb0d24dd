//! 签名认证: who asks, and whether the request is theirs.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::json;

use super::merchants::{MerchantCertificate, Merchants};
use super::multipart;
use super::received::Received;
use super::refusal::Refusal;

/// Checks the header `Authorization` and returns the signing merchant's mchid.
pub(super) fn check(
    request: &Received,
    merchants: &Merchants,
    now: i64,
) -> Result<String, Refusal> {
    let header = request.only_header("Authorization").ok_or_else(|| sign_error(MALFORMED))?;
    let authorization = Authorization::parse(header).map_err(sign_error)?;
    let timestamp = authorization.unix_time().ok_or_else(|| sign_error(MALFORMED))?;
    if now.abs_diff(timestamp) > WINDOW {
        return Err(sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
    }
    let merchant =
        merchants.get(authorization.mchid).ok_or_else(|| sign_error("商户号不存在。"))?;
    let certificate =
        merchant.certificate.as_ref().ok_or_else(|| sign_error("商户未申请过证书。"))?;
    if !certificate.serial_no.eq_ignore_ascii_case(authorization.serial_no) {
        return Err(sign_error("商户证书序列号有误。请使用签名私钥匹配的证书序列号"));
    }
    authorization.verify(request, certificate)?;
    Ok(authorization.mchid.to_owned())
}

/// The five values of the header.
#[derive(Debug, Default, PartialEq)]
struct Authorization<'a> {
    mchid: &'a str,
    nonce_str: &'a str,
    timestamp: &'a str,
    serial_no: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",…`: five pairs, in any order, each once.
    fn parse(header: &'a str) -> Result<Self, &'static str> {
        let (scheme, pairs) = header.split_once(' ').ok_or(MALFORMED)?;
        if scheme != "WECHATPAY2-SHA256-RSA2048" {
            return Err("Http头Authorization认证类型不正确");
        }
        let mut parsed = Self::default();
        for pair in pairs.split(',') {
            parsed.take(pair).ok_or(MALFORMED)?;
        }
        let complete = [parsed.mchid, parsed.timestamp, parsed.serial_no, parsed.signature]
            .iter()
            .all(|value| !value.is_empty());
        let nonce_fits = (1..=LONGEST_NONCE).contains(&parsed.nonce_str.len());
        if complete && nonce_fits { Ok(parsed) } else { Err(MALFORMED) }
    }

    /// Takes one `key="value"`; `None` if it is no such thing, or was there before.
    fn take(&mut self, pair: &'a str) -> Option<()> {
        let (key, quoted) = pair.split_once('=')?;
        let value = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let slot = match key {
            "mchid" => &mut self.mchid,
            "nonce_str" => &mut self.nonce_str,
            "timestamp" => &mut self.timestamp,
            "serial_no" => &mut self.serial_no,
            "signature" => &mut self.signature,
            _ => return None,
        };
        let clean = value.chars().all(|character| character.is_ascii_graphic() && character != '"');
        if !slot.is_empty() || value.is_empty() || !clean {
            return None;
        }
        *slot = value;
        Some(())
    }

    /// The timestamp, if it is written in decimal digits and nothing else.
    fn unix_time(&self) -> Option<i64> {
        let decimal = self.timestamp.bytes().all(|byte| byte.is_ascii_digit());
        decimal.then(|| self.timestamp.parse().ok()).flatten()
    }

    fn verify(&self, request: &Received, certificate: &MerchantCertificate) -> Result<(), Refusal> {
        let head = self.head(request);
        let message = [head.as_bytes(), multipart::signed(request), b"\n"].concat();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &certificate.public_key);
        let signature = STANDARD.decode(self.signature).unwrap_or_default();
        key.verify(&message, &signature).map_err(|_| mismatch(request, &head, message.len()))
    }

    /// The first four lines of the signed message; the body is the fifth.
    fn head(&self, request: &Received) -> String {
        let Self { timestamp, nonce_str, .. } = self;
        format!("{}\n{}\n{timestamp}\n{nonce_str}\n", request.method, request.path)
    }
}

/// The service shows what it verified against, with the body cut short.
fn mismatch(request: &Received, head: &str, length: usize) -> Refusal {
    let body: String = String::from_utf8_lossy(&request.body).chars().take(SHOWN_BODY).collect();
    sign_error("错误的签名，验签失败").detailed(json!({
        "detail": { "issue": "sign not match" },
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": request.method,
            "url": request.path,
            "sign_message_length": length,
            "truncated_sign_message": format!("{head}{body}\n"),
        },
    }))
}

fn sign_error(message: &str) -> Refusal {
    Refusal::new(401, "SIGN_ERROR", message)
}

const MALFORMED: &str = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
/// Seconds on either side (签名常见问题, merchant/4012072670).
const WINDOW: u64 = 300;
/// Every official sample has 32; a limit of the service is not documented.
const LONGEST_NONCE: usize = 32;
/// As in responses of the service.
const SHOWN_BODY: usize = 8;

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashMap;

    use ring::rand::SystemRandom;
    use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
    use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};

    use super::super::authority::MERCHANT_KEY_PEM;
    use super::super::merchants::Merchant;
    use super::*;

    pub(crate) const MCHID: &str = "1900007291";
    pub(crate) const NEIGHBOUR: &str = "1900009191";
    pub(crate) const SUB_MCHID: &str = "1900000109";
    pub(crate) const NOW: i64 = 1_554_208_460;
    const SERIAL_NO: &str = "408B07E79B8269FEC3D5D3E6AB8ED163A6A380DB";

    pub(crate) fn merchants() -> Merchants {
        let public_key = key().public().as_ref().to_vec();
        let certificate = MerchantCertificate { serial_no: SERIAL_NO.to_owned(), public_key };
        let merchant = |appid: &str| Merchant {
            appids: vec![appid.to_owned()],
            sub_mchids: Vec::new(),
            certificate: None,
        };
        let first = Merchant {
            sub_mchids: vec![SUB_MCHID.to_owned()],
            certificate: Some(certificate),
            ..merchant("wx1")
        };
        let neighbour =
            Merchant { appids: vec!["wx2".to_owned(), "wx1".to_owned()], ..merchant("wx2") };
        HashMap::from([
            (MCHID.to_owned(), first),
            (NEIGHBOUR.to_owned(), neighbour),
            (SUB_MCHID.to_owned(), merchant("wx3")),
        ])
    }

    pub(crate) fn signed(method: &str, path: &str, body: &str) -> Received {
        let message = format!("{method}\n{path}\n{NOW}\nN\n{body}\n");
        let header = header(&format!("mchid=\"{MCHID}\""), &signature(&message));
        let headers = [
            ("authorization", header.as_str()),
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("user-agent", "test/1"),
        ];
        Received {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
            body: body.as_bytes().to_vec(),
            client_certificate: None,
        }
    }

    fn key() -> RsaKeyPair {
        let der = PrivatePkcs8KeyDer::from_pem_slice(MERCHANT_KEY_PEM.as_bytes()).unwrap();
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap()
    }

    fn signature(message: &str) -> String {
        let key = key();
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .unwrap();
        STANDARD.encode(signature)
    }

    fn header(mchid: &str, signature: &str) -> String {
        format!(
            "WECHATPAY2-SHA256-RSA2048 {mchid},nonce_str=\"N\",timestamp=\"{NOW}\",\
             serial_no=\"{SERIAL_NO}\",signature=\"{signature}\""
        )
    }

    fn answer_to(header: &str, now: i64) -> Result<String, Refusal> {
        let mut request = signed("GET", "/v3/certificates", "");
        request.headers = vec![("authorization".to_owned(), header.into())];
        check(&request, &merchants(), now)
    }

    #[test]
    fn documents_request_verifies_with_the_documents_key() {
        let spki = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAptpm+qvIDCh/9wjU26SQCK26ogYkBhDrYxnAaw2JbbBsp1oDbHKk+1r381NeBUG2HEFAuU+Fr72u5ot3yKdzoF/FajAzQNKnm569/D3upKoi8mYBaST15Uig8j8qoUW1U217LL0jEHlSnHV3lcaDTXqDpTRR4Bfz9IqOgJgFZ8/oTfEomSrjrLYef81Eyxr7ZIMQXEKKEK7V4UXKS0+/fDsiG/cXidhzt8UbTL9vqXqxM2+IDImyO+FAc/tkBG55LmzxPto1Nq0WbnZzRM/wTzrd0I/8NlevxtFbphg4evlHjFNI7+GrqR87ViEwuAJJ9Je5QQjct5YJfFRWiZ5CMQIDAQAB";
        // The RSAPublicKey follows the first 24 bytes of a 2048 bit key's SubjectPublicKeyInfo.
        let public_key = STANDARD.decode(spki).unwrap().split_off(24);
        let certificate = MerchantCertificate { serial_no: String::new(), public_key };
        let authorization = Authorization {
            timestamp: "1554208460",
            nonce_str: "593BEC0C930BF1AFEB40B4A08C8FB242",
            signature: "jnks4dlrPw3ZX+ozVvSK39oa0t7OMBsg83BHAwd8BRdUFiVaQNTLTvci+wURgP1OQBbKYhFGvt7iqYpDSTQkp7Uq1sltaQKyncCyrA1g88m5bsKERQfPyT0ahSwKTYJ1CAn9QiJuSJRq1QsQs07eehbU/k9BCS51jTyc1Jpsi2H77HF9f/BnjXAOP3/sPObg6V5Ee4EzwLox684hhuMuIwHo7D8KFk3LIHOKDcNI4It1aCXydFWNpNK+SG86VUDe5kwoDpw4Ulqfu9z8OFDGbDs9TCxEv8iqQzbpxOlEVoOe2kalSYM5kApQb3nZcxdUtoE0liJGW3RGUNE0t4v01A==",
            ..Authorization::default()
        };
        let body = r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291","description":"Image形象店-深圳腾大-QQ公仔","out_trade_no":"1217752501201407033233368018","notify_url":"https://www.weixin.qq.com/wxpay/pay.php","amount":{"total":100,"currency":"CNY"},"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}"#;
        let mut request = signed("POST", "/v3/pay/transactions/jsapi", body);
        assert!(authorization.verify(&request, &certificate).is_ok());

        request.body.push(b' ');
        let refusal = authorization.verify(&request, &certificate).unwrap_err();
        let shown = &refusal.detail.unwrap()["sign_information"];
        assert_eq!(shown["sign_message_length"], 373);
        assert_eq!(
            shown["truncated_sign_message"],
            "POST\n/v3/pay/transactions/jsapi\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n{\"appid\"\n"
        );
    }

    #[test]
    fn authorization_in_another_form_is_refused() {
        let good = r#"WECHATPAY2-SHA256-RSA2048 signature="e==",serial_no="d",timestamp="1",nonce_str="b",mchid="a""#;
        let parsed = Authorization::parse(good).unwrap();
        assert_eq!((parsed.mchid, parsed.nonce_str, parsed.timestamp), ("a", "b", "1"));
        assert_eq!((parsed.serial_no, parsed.signature), ("d", "e=="));
        let broken = [
            good.replace(",mchid=\"a\"", ""),
            good.replace("mchid=\"a\"", "mchid=\"\""),
            good.replace("mchid=\"a\"", "mchid=a"),
            good.replace("mchid=\"a\"", "mchid=\"a\"\""),
            good.replace("mchid=\"a\"", "mchid=\"a\","),
            good.replace("mchid=\"a\"", "mchid=\"a\",mchid=\"a\""),
            good.replace("mchid=\"a\"", "mchid=\"a\",more=\"a\""),
            good.replace("mchid", "Mchid"),
            good.replace(",mchid", ", mchid"),
            good.replace("2048 ", "2048  "),
            good.replace("\"b\"", &format!("\"{}\"", "b".repeat(33))),
            good.replace("WECHATPAY2", "wechatpay2"),
            String::new(),
        ];
        for header in broken {
            assert!(Authorization::parse(&header).is_err(), "{header}");
        }
    }

    #[test]
    fn clock_may_differ_by_five_minutes() {
        let signature = signature(&format!("GET\n/v3/certificates\n{NOW}\nN\n\n"));
        let header = header(&format!("mchid=\"{MCHID}\""), &signature);
        for now in [NOW, NOW - 300, NOW + 300] {
            assert_eq!(answer_to(&header, now).unwrap(), MCHID);
        }
        for now in [NOW - 301, NOW + 301, i64::MAX, i64::MIN] {
            assert!(answer_to(&header, now).unwrap_err().message.contains("5分钟"));
        }
        let hexadecimal = header.replace(&NOW.to_string(), "+1554208460");
        assert_eq!(answer_to(&hexadecimal, NOW).unwrap_err().message, MALFORMED);
    }

    #[test]
    fn merchant_certificate_and_key_must_match() {
        let good = signature(&format!("GET\n/v3/certificates\n{NOW}\nN\n\n"));
        let message = |header: &str| answer_to(header, NOW).unwrap_err().message;
        assert_eq!(message(&header("mchid=\"1\"", &good)), "商户号不存在。");
        assert_eq!(
            message(&header(&format!("mchid=\"{NEIGHBOUR}\""), &good)),
            "商户未申请过证书。"
        );
        let header = header(&format!("mchid=\"{MCHID}\""), &good);
        assert!(message(&header.replace(SERIAL_NO, "00")).contains("证书序列号有误"));
        assert!(answer_to(&header.replace(SERIAL_NO, &SERIAL_NO.to_lowercase()), NOW).is_ok());
        assert_eq!(message(&header.replace(&good, "AAAA")), "错误的签名，验签失败");
        assert_eq!(message(&header.replace(&good, "%%%")), "错误的签名，验签失败");
    }

    #[test]
    fn second_authorization_is_not_ignored() {
        let mut request = signed("GET", "/v3/certificates", "");
        let again = request.headers.first().cloned().unwrap();
        assert!(check(&request, &merchants(), NOW).is_ok());
        request.headers.push(again);
        assert_eq!(check(&request, &merchants(), NOW).unwrap_err().message, MALFORMED);
    }
}
