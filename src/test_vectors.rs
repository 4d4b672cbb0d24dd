//! Values that WeChat Pay publishes to test an implementation against.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use webpki::RawPublicKeyEntity;
use webpki::ring::RSA_PKCS1_2048_8192_SHA256;

/// Whether the signature (Base64) over the message verifies with the public key (SPKI, Base64).
pub(crate) fn verifies(key: &str, message: &[u8], signature: &str) -> bool {
    let key = SubjectPublicKeyInfoDer::from(STANDARD.decode(key).unwrap());
    RawPublicKeyEntity::try_from(&key)
        .unwrap()
        .verify_signature(RSA_PKCS1_2048_8192_SHA256, message, &STANDARD.decode(signature).unwrap())
        .is_ok()
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The public half of the key that the signing pages print (merchant 1900007291).
pub(crate) const MERCHANT_KEY: &str = concat!(
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAptpm+qvIDCh/9wjU26SQCK26ogYkBhDr",
    "YxnAaw2JbbBsp1oDbHKk+1r381NeBUG2HEFAuU+Fr72u5ot3yKdzoF/FajAzQNKnm569/D3upKoi",
    "8mYBaST15Uig8j8qoUW1U217LL0jEHlSnHV3lcaDTXqDpTRR4Bfz9IqOgJgFZ8/oTfEomSrjrLYe",
    "f81Eyxr7ZIMQXEKKEK7V4UXKS0+/fDsiG/cXidhzt8UbTL9vqXqxM2+IDImyO+FAc/tkBG55Lmzx",
    "Pto1Nq0WbnZzRM/wTzrd0I/8NlevxtFbphg4evlHjFNI7+GrqR87ViEwuAJJ9Je5QQjct5YJfFRW",
    "iZ5CMQIDAQAB",
);

/// The platform key of the verification page
/// [m/4013053420](https://pay.weixin.qq.com/doc/v3/merchant/4013053420) (merchant 1900009191).
pub(crate) const PLATFORM_KEY: &str = concat!(
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwXNI6sdlknHBnK8Fu2U6Cwor9qY747jP",
    "8KAfeBMeveEt1TqaHkLfaSD07trZLhGpfs8/AHqjhgSMO1O10YQWOrrJ4hjIWPKqxbgrYMkBQc+m",
    "wdiWp4W3ByCqxBRagCveCXRWCmuJYovl9H/bsDI0iGbpVtEOghJtfciisYSgxcLufUDTRkvwxjIB",
    "K1pCRjk33jJ5YTBWTHMRtMAOcFLNF6hdEYdX8SPsgHHeLZ5Lv2T/686w1xtgCHef/sd4uSfWmyzs",
    "alQdHG/e4IyYmrhx+O3VBoNDzE3nx23bFeV/RVNCG7cV6VhmYokJNHa/erIPkEmEFID6A5wQOXux",
    "UkmJWwIDAQAB",
);

/// GET without a body ([m/4012365334](https://pay.weixin.qq.com/doc/v3/merchant/4012365334)).
pub(crate) const V1: &str = concat!(
    "Lc9VXxmeonkdV8Xk9tmigQFLhl0vRWTerdmoRu01aAnYwIrD/5nsSwE1WlmZGLRlAFTNQ3QsMa0+",
    "VRDlJp1Wp5p0nO8EK68b5sJBbjouxaFciIfq1zfDWWz+jqhcMoKXI1A6dPm1AW7D4d30WsMTNzp6",
    "g23OXakIsh9LO3lUmwvTuE0BY8ncf6tNGk4wKmvXwERd/ZpoQY3MAVKz+Nakwc+2XBmzT66KcUeh",
    "U5kr4IvGa/lEU5RZb/q00zP9VLdBhC/jQSX3X1UcJLCtEc4gTmib4tnmAT+bHF/e17ZAuxDNcx6r",
    "qT8gNEXqaJGG+1OflMSTU2tpyG65G4dMKdFcoA==",
);

/// POST with a JSON body ([m/4012365336](https://pay.weixin.qq.com/doc/v3/merchant/4012365336)).
pub(crate) const V2: &str = concat!(
    "jnks4dlrPw3ZX+ozVvSK39oa0t7OMBsg83BHAwd8BRdUFiVaQNTLTvci+wURgP1OQBbKYhFGvt7i",
    "qYpDSTQkp7Uq1sltaQKyncCyrA1g88m5bsKERQfPyT0ahSwKTYJ1CAn9QiJuSJRq1QsQs07eehbU",
    "/k9BCS51jTyc1Jpsi2H77HF9f/BnjXAOP3/sPObg6V5Ee4EzwLox684hhuMuIwHo7D8KFk3LIHOK",
    "DcNI4It1aCXydFWNpNK+SG86VUDe5kwoDpw4Ulqfu9z8OFDGbDs9TCxEv8iqQzbpxOlEVoOe2kal",
    "SYM5kApQb3nZcxdUtoE0liJGW3RGUNE0t4v01A==",
);

/// The JSON part of an upload ([m/4012365335](https://pay.weixin.qq.com/doc/v3/merchant/4012365335)).
pub(crate) const V3: &str = concat!(
    "GKKF+5+eeGuZOZ6MWLn7t7sMRTNbdnCTVqwP+dRx+p+Th+FueUXUVIsY7SOGj3oHWspCrBcZPl+e",
    "B/YelgTgImbZV8LvsiJhKt5+wm4P/qssX0ziNJfqLMfp+tgaa75VY89ctNqonRKOGbzvg/TaL3Pa",
    "G2IlLUHsNtkXTe1GYdeOwsXV25DeI4nU2TsV0Z+ZbryNPtofCNWK35+WG8Cb95ffDAK+4HhJ9A+G",
    "CW4FpOLiqFo1DfIV24cINcBhbI7BTD3tThb7PMagFEpFGT8Gd+kLLFNAZYyObcQ1/rmvCFffyv8U",
    "t+Vw+wkiv6mQ0gTorINrgGbf8v1/wU/22em0lg==",
);

/// Invoke for JSAPI and mini-programs ([m/4012365339](https://pay.weixin.qq.com/doc/v3/merchant/4012365339)).
pub(crate) const V4: &str = concat!(
    "mI35pfNEQV6777ke/1T+LJLQDNTm7yeoUJH+j/adPGhmCCi0PbgkvYQTRcXH0uibcLVtvFLdGLpm",
    "oYO9FV6lBBsTAjuhh5YOvQi0e2g3e0yytitiNET9FEuqM0pjnKfRW4K6LIZDdbWJv9KhZUx3DrJa",
    "5TL7OJ7VdADVivxVySIlPVKjGwuCXzuXSJes0UcILgWQUMyha5/3nYofuHtS7r+KYyMuxD+oJ9VM",
    "1Qdxk4UIG59CP5Y3wtYIFybyF3bdu1caHTRRX+DLyMXyYA/IrTmiW01c4RPjpHBX5Dk1sZyY1zVs",
    "WNsvMHr2e1NTWtBxKJ+qk5N61J7caYoepHFaxw==",
);

/// Invoke for apps ([m/4012365340](https://pay.weixin.qq.com/doc/v3/merchant/4012365340)).
pub(crate) const V5: &str = concat!(
    "gXx9KhTP6IooKV1SuG3OCGlBIgZbKtubCZvnau6khw1iffvNT28IzLbKmztq2xA/RCNbZa1XOsoi",
    "uVmAEeTZQicWfhv4P+O4oBRIrx0X9f3cnWFkMBU9alTWs0nyQ1N9fcILOTe0f4kxOhVh+/Xhn5hO",
    "iUK7Sz3XA1mcpa3R2NCWf/e+0ow/RDf15iTymOHgDrEkT/gedg/3E0iXfDX3mFicSZhrHESZDOTX",
    "cl9RzELREBUFznd/o2NQM99WcL86m23HY0cTy+QGWU4QDmNrbQ9ihmLW71qPb0Cx/d7EQvw/Kyx0",
    "A6s64ZQp3hHdcmiRcLnjVXrKCk7LShaCK+lS3Q==",
);

pub(crate) const V2_BODY: &str = concat!(
    r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291","description":"Image形象店-深圳腾大-QQ公仔","#,
    r#""out_trade_no":"1217752501201407033233368018","#,
    r#""notify_url":"https://www.weixin.qq.com/wxpay/pay.php","amount":{"total":100,"currency":"CNY"},"#,
    r#""payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}"#,
);

/// A response ([m/4013053420](https://pay.weixin.qq.com/doc/v3/merchant/4013053420)).
pub(crate) const E2: &str = concat!(
    "mfI1CPqvBrgcXfgXMFjdNIhBf27ACE2YyeWsWV9ZI7T7RU0vHvbQpu9Z32ogzc+k8ZC5n3kz7h70",
    "eWKjgqNdKQF0eRp8mVKlmfzMLBVHbssB9jEZEDXThOX1XFqX7s7ymia1hoHQxQagPGzkdWxtlZPZ",
    "4ZPvr1RiqkgAu6Is8MZgXXrRoBKqjmSdrP1N7uxzJ/cjfSiis9FiLjuADoqmQ1P7p2N876YPAol7",
    "Rn0+GswwAwxldbdLrmVSjfytfSBJFqTMHn4itojgxSWWN1byuckQt8hSTEv/Lg97QoeGniYP17T8",
    "0pJeQyL3b+295FPHSO2AtvCgyIbKMZ0BALilAA==",
);

pub(crate) const E2_BODY: &[u8] = br#"{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}"#;

/// Broken as published: the query-string page ([m/4012365337](https://pay.weixin.qq.com/doc/v3/merchant/4012365337))
/// prints this signature beside a message over which it does not verify.
pub(crate) const BROKEN_QUERY: &str = concat!(
    "UkBXG+nh1FdunUfB6H4t6Mp4YrDEhpA6Q+zzQb4oFONPit0yHPe6AvvM7uKExZukYNdcN0E3a31Y",
    "nylNQFc1gf+so/6kJEgfYJHVhUvxWx1zTxHFahUVbp1JppHyfI2inNijq+PD4AWyC8aoGr67DZZL",
    "I0QnAOttJw5BrmPtrtyPXEy2yTbAz8v8Osix6D6odzMHgapU2STvwEizJGXTBulieEHRbu8yESbo",
    "/rAMIIlCAkngjb4lRE6HmWgNl5OSfxf84ViSnbJ8JrV3ZiRPZAj2MKDRIIngufMeW0Sr66wGPICo",
    "7wgTbRAfHbOJ9MYoJZCrRVaPrEOPmwqo6pzoXg==",
);

/// Broken as published: page [m/4013053249](https://pay.weixin.qq.com/doc/v3/merchant/4013053249)
/// prints the signature of [`E2`] beside this key.
pub(crate) const BROKEN_E2_KEY: &str = concat!(
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4zej1cqugGQtVSY2Ah8RMCKcr2UpZ8Np",
    "o+5Ja9xpFPYkWHaF1Gjrn3d5kcwAFuHHcfdc3yxDYx6+9grvJnCA2zQzWjzVRa3BJ5LTMj6yqvhE",
    "mtvjO9D1xbFTA2m3kyjxlaIar/RYHZSslT4VmjIatW9KJCDKkwpM6x/RIWL8wwfFwgz2q3Zcrff1",
    "y72nB8p8P12ndH7GSLoY6d2Tv0OB2+We2Kyy2+QzfGXOmLp7UK/pFQjJjzhSf9jxaWJXYKIBxpGl",
    "ddbRZj9PqvFPTiep8rvfKGNZF9Q6QaMYTpTp/uKQ3YvpDlyeQlYe4rRFauH3mOE6j56QlYQWivkn",
    "DX9VrwIDAQAB",
);

/// A probe (签名探测流量, [m/4012083103](https://pay.weixin.qq.com/doc/v3/merchant/4012083103)): 256
/// bytes of Base64 that verify with no key.
pub(crate) const PROBE: &str = concat!(
    "WECHATPAY/SIGNTEST/c0k+ZP6cSbveFpn0U5Bhq1Evz0A0rmmhGyuFXGqAtrlspDr3wrmaeauXJ",
    "T6YYD4OmnDi767TImhRdV9hdmU0T5ZVfkOB/zka3mYthkxJ9V6UMoI4QLGogSG1mnYjZGa6zGy1+",
    "8WInqosp0+6eBJuul55xwf3oEIpNMxAl4NL0QHr5nLfB0b0PZQSU9rZneOtDjdNtDCGEtcwV6H1e",
    "TdLpFrw2wCtiWJDw6tQwR1IfGVtdE4FKJQvYmOT7udgR6XfLdvzwbJsifpxvuG9q23OQF1i4PndT",
    "7AP8ykhKUEZayTrYGWdobrljFh2nu9Ng7divjg==",
);
