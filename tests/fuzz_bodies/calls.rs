//! The targets of generic calls and of files, and of the responses of profit sharing and transfers.

use std::io;
use std::sync::LazyLock;

use serde_json::Value;
use wechatpay::call::{Call, Download, FileHash, Path, Upload};
use wechatpay::profit_sharing::{self, Receiver, Remainder, Return, Share, Split, Unfreeze};
use wechatpay::transfer::{self, Scene, Transfer, authorization, receipt};
use wechatpay::{
    AppId, Error, ErrorKind, Fen, Gateway, Method, OpenId, OutAuthorizationNo, OutBillNo,
    OutOrderNo, OutReturnNo, OutUnfreezeNo, Outcome, Partner, SubMerchant, Time, TransactionId,
    TransferBillNo,
};

use super::{
    End, FILE, FILE_SHA1, Fields, HOST, Pen, Wire, WireResponse, made, nothing_sent, signed_headers,
};

/// A call by its path, a variable and a query, an upload and a download, of the same [`Fields`].
pub(crate) fn call(data: &[u8]) -> bool {
    let fields = Fields::of(data);
    let took = [called(&fields), encoded(&fields), uploaded(&fields), downloaded(&fields)];
    took.contains(&Some(true))
}

/// A path is sent as it is, and leads to an interface.
fn called(fields: &Fields) -> Option<bool> {
    let path = fields.text("path")?;
    let Some(call) = made(Call::new(Method::Get, &path)) else { return Some(false) };
    let wire = Wire::dead();
    assert_eq!(call.send(&Pen, &wire.gateway()).unwrap_err().outcome(), Outcome::Unknown);
    assert_eq!(wire.sent()[0].url, format!("{HOST}{path}"));
    leads_to_an_interface(&path);
    Some(true)
}

fn leads_to_an_interface(path: &str) {
    let decoded = decoded(path.split('?').next().unwrap());
    assert!(decoded.starts_with(b"/v3/") || decoded.starts_with(b"/hk/v3/"), "{path}");
    let mut segments = decoded.split(|byte| *byte == b'/');
    assert!(!segments.any(|segment| [&b"."[..], b".."].contains(&segment)), "{path}");
}

/// Values arrive as they are, whatever they contain, and add nothing to the path.
fn encoded(fields: &Fields) -> Option<bool> {
    let (value, query) = (fields.text("variable")?, fields.text("query").unwrap_or_default());
    let path = Path::new("/v3/a/{x}/b").variable("x", &value);
    let Some(path) = made(path) else { return Some(false) };
    let path = path.query("q", &query).query(&query, 1);
    let call = Call::new(Method::Delete, &path).unwrap();
    let wire = Wire::dead();
    assert_eq!(call.send(&Pen, &wire.gateway()).unwrap_err().outcome(), Outcome::Unknown);
    let url = wire.sent()[0].url.clone();
    leads_to_an_interface(url.strip_prefix(HOST).unwrap());
    let (sent, sent_query) = url.strip_prefix(HOST).unwrap().split_once('?').unwrap();
    let sent: Vec<&str> = sent.split('/').collect();
    let ["", "v3", "a", sent, "b"] = sent[..] else { panic!("{url}") };
    assert_eq!(decoded(sent), value.as_bytes());
    let parameters: Vec<_> = sent_query.split('&').map(|it| it.split_once('=').unwrap()).collect();
    let [("q", one), (other, "1")] = parameters[..] else { panic!("{url}") };
    assert_eq!([decoded(one), decoded(other)], [query.as_bytes(), query.as_bytes()]);
    Some(true)
}

/// The bytes of percent-encoded text.
fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend(rest.as_bytes());
    }
    bytes
}

/// An upload has two parts, whose headers and whose ends nothing can add to.
fn uploaded(fields: &Fields) -> Option<bool> {
    let (filename, content) = (fields.text("filename")?, fields.text("content")?);
    let Some(mut upload) = made(Upload::new(&filename, content.as_bytes())) else {
        return Some(false);
    };
    if let Some(meta) = fields.text("meta").and_then(|meta| serde_json::from_str(&meta).ok()) {
        let meta: Value = meta;
        upload = made(upload.with_meta(&meta))?;
    }
    let wire = Wire::dead();
    let error = upload.send(&Pen, &wire.gateway(), "/v3/merchant/media/upload").unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    let body = String::from_utf8(wire.sent()[0].body.clone()).unwrap();
    let boundary = body.split("\r\n").next().unwrap();
    let parts: Vec<&str> = body.split(boundary).collect();
    let ["", meta, file, "--\r\n"] = parts[..] else { panic!("{body}") };
    let part = |part: &str| {
        let (head, content) = part.split_once("\r\n\r\n").unwrap();
        let head: Vec<String> = head.split("\r\n").skip(1).map(str::to_owned).collect();
        (head, content.strip_suffix("\r\n").unwrap().to_owned())
    };
    let ((head, meta), (file_head, file)) = (part(meta), part(file));
    assert_eq!(meta.as_bytes(), upload.meta());
    assert_eq!((head.len(), file_head.len(), &file), (2, 2, &content));
    let name = format!("Content-Disposition: form-data; name=\"file\"; filename=\"{filename}\";");
    assert_eq!(file_head[0], name);
    let meta: Value = serde_json::from_str(&meta).unwrap();
    assert_eq!(meta["filename"], filename);
    Some(true)
}

/// A signed request for a file goes to WeChat Pay or to the gateway alone, and a file is right only with its hash.
fn downloaded(fields: &Fields) -> Option<bool> {
    let link = fields.text("link")?;
    hides_the_token(&link);
    let type_and_value = (fields.text("hash_type"), fields.text("hash_value"));
    let download = match type_and_value {
        (Some(hash_type), Some(hash_value)) => {
            Download::new(&link, made(FileHash::new(&hash_type, &hash_value))?)
        }
        _ => Download::unverified(&link),
    };
    let headers = vec![("Content-Length".to_owned(), b"7".to_vec())];
    let response = WireResponse { status: 200, headers, body: FILE.to_vec(), end: End::Whole };
    let wire = Wire::responding(response);
    let result = download.write(&Pen, &wire.gateway(), &mut io::sink());
    let sent = wire.sent();
    let hosts = [HOST, "https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"];
    let is_right = match result {
        Ok(length) => {
            assert_eq!(length, 7);
            let hash_value = fields.text("hash_value");
            let is_signed = fields.text("hash_type").is_some() && hash_value.is_some();
            let hash_value = hash_value.unwrap_or_default().to_lowercase();
            assert!(!is_signed || [FILE_SHA1, FILE_SHA256].contains(&&*hash_value), "{link}");
            true
        }
        Err(error) => {
            if matches!(error.kind(), ErrorKind::Invalid(_)) {
                assert_eq!((nothing_sent(&error).outcome(), sent.len()), (Outcome::NotSent, 0));
                return Some(false);
            }
            assert!(matches!(error.kind(), ErrorKind::Untrusted { .. }), "{error}");
            false
        }
    };
    let path = hosts.iter().find_map(|host| sent[0].url.strip_prefix(host)).unwrap();
    assert!(path.starts_with('/'), "{path}");
    if fields.text("hash_type").is_none() || link.starts_with('/') {
        leads_to_an_interface(path);
    }
    Some(is_right)
}

/// The query of a link gives access to the file, so no error shows it.
fn hides_the_token(link: &str) {
    if link.contains('?') {
        let (link, wire) = (format!("{link}{TOKEN}"), Wire::dead());
        let error = Download::unverified(&link).write(&Pen, &wire.gateway(), &mut io::sink());
        let error = error.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error}");
    }
}

const TOKEN: &str = "6f1c9a52e0";
const FILE_SHA256: &str = "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d";

/// JSON as the signed response to every call of profit sharing and of transfers.
pub(crate) fn product(data: &[u8]) -> bool {
    let mut took = false;
    let headers = signed_headers(Time::now().unwrap().unix_seconds(), data);
    for (name, call) in PRODUCTS {
        let (headers, body) = (headers.clone(), data.to_vec());
        let wire = Wire::responding(WireResponse { status: 200, headers, body, end: End::Whole });
        match call(&wire.gateway()) {
            Ok(()) => took = true,
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{name}: {error}");
                assert_eq!(error.outcome(), Outcome::Unknown, "{name}: {error}");
                let text = error.to_string();
                assert!(text.len() < 1024 && !text.contains(char::is_control), "{text}");
            }
        }
        assert_eq!(wire.sent().len(), 1, "{name}");
    }
    took
}

type Product = fn(&Gateway) -> Result<(), Error>;

/// What is read is about what was asked for.
const PRODUCTS: [(&str, Product); 15] = [
    ("split", |gateway| {
        let state = profit_sharing::split(&Pen, gateway, &SHOP.split)?;
        assert_eq!(state.out_order_no, SHOP.split.out_order_no);
        Ok(())
    }),
    ("query_split", |gateway| {
        let Split { out_order_no, transaction_id, .. } = &SHOP.split;
        let state = profit_sharing::query_split(&Pen, gateway, out_order_no, transaction_id)?;
        assert_eq!((&state.out_order_no, &state.transaction_id), (out_order_no, transaction_id));
        Ok(())
    }),
    ("unfreeze", |gateway| profit_sharing::unfreeze(&Pen, gateway, &SHOP.unfreeze).map(drop)),
    ("query_unfreeze", |gateway| {
        profit_sharing::query_unfreeze(&Pen, gateway, &SHOP.unfreeze).map(drop)
    }),
    ("amount_left", |gateway| {
        profit_sharing::amount_left(&Pen, gateway, &SHOP.split.transaction_id).map(drop)
    }),
    ("return_share", |gateway| {
        let state = profit_sharing::return_share(&Pen, gateway, &SHOP.r#return)?;
        assert_eq!(state.out_return_no, SHOP.r#return.out_return_no);
        assert_eq!(state.amount, SHOP.r#return.amount);
        Ok(())
    }),
    ("query_return", |gateway| {
        let (number, split) = (&SHOP.r#return.out_return_no, &SHOP.split.out_order_no);
        let state = profit_sharing::query_return(&Pen, gateway, number, split)?;
        assert_eq!((&state.out_return_no, &state.out_order_no), (number, split));
        Ok(())
    }),
    ("max_ratio", |gateway| {
        let partner = Partner::new(&Pen, SubMerchant::new("1900000109").unwrap());
        profit_sharing::max_ratio(&partner, gateway).map(drop)
    }),
    ("transfer", |gateway| transfer::create(&Pen, gateway, &SHOP.transfer).map(drop)),
    ("transfer query", |gateway| {
        let bill = transfer::query(&Pen, gateway, &SHOP.transfer.out_bill_no)?;
        assert_eq!(bill.out_bill_no, SHOP.transfer.out_bill_no);
        Ok(())
    }),
    ("transfer query_by_id", |gateway| {
        let bill = transfer::query_by_id(&Pen, gateway, &SHOP.transfer_bill_no)?;
        assert_eq!(bill.transfer_bill_no, SHOP.transfer_bill_no);
        Ok(())
    }),
    ("cancel", |gateway| transfer::cancel(&Pen, gateway, &SHOP.transfer.out_bill_no).map(drop)),
    ("authorization", |gateway| {
        authorization::query(&Pen, gateway, &SHOP.out_authorization_no).map(drop)
    }),
    ("receipt", |gateway| {
        let number = &SHOP.transfer.out_bill_no;
        let receipt = receipt::query(&Pen, gateway, number)?;
        if let Ok(Some(link)) = receipt.link() {
            let wire = Wire::dead();
            let error = receipt::download(&Pen, &wire.gateway(), &link, &mut io::sink());
            assert!(wire.sent().is_empty() || error.unwrap_err().outcome() == Outcome::Unknown);
        }
        Ok(())
    }),
    ("receipt apply", |gateway| {
        receipt::apply(&Pen, gateway, &SHOP.transfer.out_bill_no).map(drop)
    }),
];

/// What a merchant asks for.
struct Shop {
    split: Split,
    unfreeze: Unfreeze,
    r#return: Return,
    transfer: Transfer,
    transfer_bill_no: TransferBillNo,
    out_authorization_no: OutAuthorizationNo,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let transaction_id = || TransactionId::new("4208450740201411110007820472").unwrap();
    let openid = || OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap();
    let appid = || AppId::new("wxd678efh567hg6787").unwrap();
    let split_no = || OutOrderNo::new("P20150806125346").unwrap();
    let share = Share::new(Receiver::openid(&openid()), Fen(100), "d");
    let mut split = Split::new(transaction_id(), split_no(), vec![share], Remainder::StaysFrozen);
    split.appid = Some(appid());
    let unfreeze_no = OutUnfreezeNo::new("P20150806125346").unwrap();
    let return_no = OutReturnNo::new("R20190516001").unwrap();
    let bill_no = OutBillNo::new("plfk2020042013").unwrap();
    let scene = Scene::cash_marketing("a", "b");
    Shop {
        split,
        unfreeze: Unfreeze::new(transaction_id(), unfreeze_no, "d"),
        r#return: Return::new(return_no, split_no(), "86693852", Fen(10), "d").unwrap(),
        transfer: Transfer::new(appid(), bill_no, openid(), scene, Fen(100), "d"),
        transfer_bill_no: TransferBillNo::new("1330000071100999991182020050700019480001").unwrap(),
        out_authorization_no: OutAuthorizationNo::new("plfk2020042013").unwrap(),
    }
});
