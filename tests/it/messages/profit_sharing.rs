//! The texts of profit sharing: its rules and its errors.

use wechatpay::encryption::Encrypted;
use wechatpay::profit_sharing::{
    self, DeletedReceiver, NewReceiver, Receiver, RelationType, Remainder, Return, Share, Split,
    Unfreeze,
};
use wechatpay::{
    AppId, Fen, OpenId, OutOrderNo, OutReturnNo, OutUnfreezeNo, RsaSigner, SplitId, TransactionId,
};

use super::Table;
use crate::support::start;

const PAYER: &str = "1230000109";

pub(super) fn profit_sharing(table: &mut Table) {
    table.chapter("profit sharing");
    numbers(table);
    splits(table);
    receivers(table);
    returns(table);
    outcomes(table);
}

fn numbers(table: &mut Table) {
    table.error("OutOrderNo", OutOrderNo::new("split 1"));
    table.error("OutUnfreezeNo", OutUnfreezeNo::new(""));
    table.error("OutReturnNo", OutReturnNo::new("return|1"));
    table.error("SplitId", SplitId::new("30-1"));
}

fn splits(table: &mut Table) {
    let signer = signer();
    let mut wrong = |what: &str, change: fn(&mut Split)| {
        let mut split = split();
        change(&mut split);
        table.error(what, split.validate(&signer));
    };
    wrong("no receiver", |split| split.receivers.clear());
    wrong("a receiver twice", |split| split.receivers = vec![share("1900000109"); 2]);
    wrong("the merchant itself", |split| {
        split.receivers = vec![share(PAYER)];
        split.remainder = Remainder::IsUnfrozen;
    });
    wrong("too much", |split| {
        split.receivers.push(share("2"));
        split.receivers[0].amount = Fen::MAX;
    });
    wrong("no appid", |split| split.receivers[0].receiver = Receiver::openid(&openid("o")));
    wrong("no sub-merchant", |split| {
        split.receivers[0].receiver = Receiver::sub_openid(&openid("o"));
    });
    wrong("a long openid", |split| {
        split.appid = Some(AppId::new("wx1").unwrap());
        split.receivers[0].receiver = Receiver::openid(&openid(&"o".repeat(65)));
    });
    wrong("two keys", |split| {
        let other = Encrypted::new("PUB_KEY_ID_02", ciphertext()).unwrap();
        let receiver = Receiver::merchant("2", other).unwrap();
        split.receivers.push(Share::new(receiver, Fen(1), "d"));
    });
    let read = |receiver: &str| {
        let json = format!(
            r#"{{"transaction_id":"42","out_order_no":"P1","unfreeze_unsplit":false,
            "receivers":[{{{receiver},"amount":1,"description":"d"}}]}}"#
        );
        Split::from_json(&signer, json.as_bytes(), None)
    };
    table.error("another type", read(r#""type":"MERCHANT","account":"1""#));
    table.error("no name", read(r#""type":"MERCHANT_ID","account":"1""#));
    table.error("no serial number", read(r#""type":"MERCHANT_ID","account":"1","name":"SECRET""#));
}

fn receivers(table: &mut Table) {
    let signer = signer();
    let mut wrong = |what: &str, relation_type, custom: Option<&str>| {
        let appid = AppId::new("wx1").unwrap();
        let mut receiver = NewReceiver::new(appid, merchant("1"), relation_type);
        receiver.custom_relation = custom.map(str::to_owned);
        table.error(what, receiver.validate(&signer));
    };
    wrong("a relation in words", RelationType::Store, Some("SECRET"));
    wrong("no relation in words", RelationType::Custom, None);
    wrong("a partner's relation", RelationType::ServiceProvider, None);
    let json =
        br#"{"appid":"wx1","type":"PERSONAL_OPENID","account":"o","relation_type":"SECRET"}"#;
    table.error("another relation", NewReceiver::from_json(&signer, json, None));
    let json = br#"{"appid":"wx1","type":"MERCHANT_ID","account":"1 9"}"#;
    table.error("a wrong account", DeletedReceiver::from_json(&signer, json));
}

fn returns(table: &mut Table) {
    let signer = signer();
    let number = || OutReturnNo::new("R1").unwrap();
    let split = || OutOrderNo::new("P1").unwrap();
    table.error("return_mchid", Return::new(number(), split(), "1 9", Fen(1), "d"));
    let own = Return::new(number(), split(), PAYER, Fen(1), "d").unwrap();
    table.error("a return of its own", own.validate(&signer));
    let json = br#"{"order_id":"30","out_order_no":"P1","out_return_no":"R1","return_mchid":"19",
        "amount":5,"description":"d"}"#;
    table.error("both numbers", Return::from_json(&signer, json));
}

/// The texts of the same problem for a split, an unfreeze request, a return and a query.
fn outcomes(table: &mut Table) {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut split = split();
    split.appid = Some(sandbox.appid());
    split.receivers = vec![Share::new(Receiver::openid(&openid("o1")), Fen(1), "d")];
    let id = || split.transaction_id.clone();
    let unfreeze = Unfreeze::new(id(), OutUnfreezeNo::new("U1").unwrap(), "d");
    let number = OutReturnNo::new("R1").unwrap();
    let returned = Return::new(number, split.out_order_no.clone(), "19", Fen(1), "d").unwrap();
    for (status, code) in [(429, "FREQUENCY_LIMITED"), (500, "SYSTEM_ERROR"), (403, "NOT_ENOUGH")] {
        let refuse = || {
            sandbox.refuse_next(status, code, "");
            sandbox.tamper_next(|response| response.remove_header("Request-ID"));
        };
        refuse();
        let what = |call: &str| format!("{code}, {call}");
        table.error(&what("a split"), profit_sharing::split(signer, gateway, &split));
        refuse();
        table.error(&what("an unfreeze"), profit_sharing::unfreeze(signer, gateway, &unfreeze));
        refuse();
        table.error(&what("a return"), profit_sharing::return_share(signer, gateway, &returned));
        refuse();
        let left = profit_sharing::amount_left(signer, gateway, &split.transaction_id);
        table.error(&what("a query"), left);
    }
    table.error("no partner", profit_sharing::max_ratio(signer, gateway));
}

fn signer() -> RsaSigner {
    RsaSigner::from_pem(PAYER, "AB", include_str!("../../data/keys/rsa2048.pem")).unwrap()
}

fn ciphertext() -> String {
    "q6urq".repeat(68) + "q6s="
}

fn merchant(mchid: &str) -> Receiver {
    Receiver::merchant(mchid, Encrypted::new("PUB_KEY_ID_01", ciphertext()).unwrap()).unwrap()
}

fn openid(openid: &str) -> OpenId {
    OpenId::new(openid).unwrap()
}

fn share(mchid: &str) -> Share {
    Share::new(merchant(mchid), Fen(1), "d")
}

fn split() -> Split {
    let (id, number) = (TransactionId::new("42").unwrap(), OutOrderNo::new("P1").unwrap());
    Split::new(id, number, vec![share("1900000109")], Remainder::StaysFrozen)
}
