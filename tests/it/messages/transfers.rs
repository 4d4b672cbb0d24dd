//! Transfers.

use serde_json::json;
use wechatpay::encryption::Encrypted;
use wechatpay::transfer::authorization::{AuthorizationRequest, AuthorizedTransfer};
use wechatpay::transfer::receipt;
use wechatpay::transfer::{
    self, AuthorizationInfo, BillState, NotEnded, ReceiveStyle, ReportInfo, Scene, Transfer,
};
use wechatpay::{
    AuthorizationId, Fen, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo, PackageInfo, Partner,
    SubMerchant, TransferBillNo,
};

use super::Table;
use crate::support::start;
use crate::transfers::transfer;

pub(super) fn texts(table: &mut Table) {
    table.chapter("transfers");
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    table.error("out_bill_no", OutBillNo::new("plfk-1"));
    table.error("transfer_bill_no", TransferBillNo::new("1/2"));
    table.error("out_authorization_no", OutAuthorizationNo::new("1/2"));
    table.error("authorization_id", AuthorizationId::new("1-2"));
    table.error("package_info", PackageInfo::new("1 2"));
    let mut broken = |what: &str, change: fn(&mut Transfer)| {
        let mut transfer = transfer(&sandbox, "plfk1");
        change(&mut transfer);
        table.error(what, transfer.validate());
    };
    broken("a long openid", |t| t.openid = OpenId::new("o".repeat(65)).unwrap());
    broken("a small amount", |t| t.transfer_amount = Fen(9));
    broken("an amount without a name", |t| t.transfer_amount = Fen(200_000));
    broken("a name on a small amount", |t| {
        let name = Encrypted::new("PUB_KEY_ID_0", "q6urq".repeat(68) + "q6s=").unwrap();
        (t.user_name, t.transfer_amount) = (Some(name), Fen(29));
    });
    broken("no remark", |t| t.transfer_remark.clear());
    broken("no report infos", |t| t.scene = Scene::other("1000", Vec::new()));
    broken("no report infos of an unknown scene", |t| t.scene = Scene::other("1", Vec::new()));
    broken("an empty report info", |t| {
        t.scene = Scene::other("1", vec![ReportInfo::new("", "x".repeat(33))]);
    });
    broken("another perception", |t| t.user_recv_perception = Some("SECRET".into()));
    broken("a large red packet", |t| {
        (t.user_recv_style, t.transfer_amount) = (Some(ReceiveStyle::RedPacket), Fen(20_001));
    });
    broken("a red packet in another scene", |t| {
        (t.user_recv_style, t.scene) = (Some(ReceiveStyle::RedPacket), Scene::purchase("大米"));
    });
    let mut other = transfer(&sandbox, "plfk1");
    other.sponsor_mchid = Some("1".into());
    table.error("a sponsor", transfer::create(signer, gateway, &other));
    table.error("no authorization", transfer::create_with_authorization(signer, gateway, &other));
    let number = OutAuthorizationNo::new("1").unwrap();
    let info = AuthorizationInfo::new(number.clone(), "", sandbox.notify_url());
    other.authorization_info = Some(info);
    table.error("an authorization", transfer::create(signer, gateway, &other));
    table.error("an authorization of no one", other.validate());
    let partner = Partner::new(signer, SubMerchant::new("1900000109").unwrap());
    table.error("a partner", transfer(&sandbox, "plfk1").to_json(&partner));
    let read = |json: serde_json::Value, serial| {
        Transfer::from_json(signer, json.to_string().as_bytes(), serial)
    };
    let mut body: serde_json::Value =
        serde_json::from_slice(&transfer(&sandbox, "plfk1").to_json(signer).unwrap()).unwrap();
    body["user_name"] = json!("SECRET");
    table.error("a name without a serial number", read(body.clone(), None));
    table.error("a name in plain text", read(body, Some("PUB_KEY_ID_0")));
    let json = json!({"authorization_id": "1", "out_authorization_no": "1"});
    let both = AuthorizedTransfer::from_json(signer, json.to_string().as_bytes(), None);
    table.error("both numbers", both);
    let url = NotifyUrl::new("https://shop.example/n").unwrap();
    let (appid, openid) = (sandbox.appid(), OpenId::new("o".repeat(65)).unwrap());
    let request = AuthorizationRequest::new(number, appid, openid, "", "李四", url);
    table.error("an authorization request", request.to_json(signer));
    for reason in [
        NotEnded::State(BillState::Success),
        NotEnded::State(BillState::Canceling),
        NotEnded::Differs("transfer_amount"),
    ] {
        table.line(&format!("{reason:?}").replace(['(', ')', '"'], " "), reason);
    }
    let bill = |state: &str| {
        let bill = json!({"mch_id": sandbox.mchid(), "out_bill_no": "plfk1",
            "transfer_bill_no": "1", "state": state, "transfer_amount": 100,
            "create_time": "2015-05-20T13:29:35+08:00", "update_time": "2015-05-20T13:29:35+08:00"});
        serde_json::from_value::<transfer::Bill>(bill).unwrap()
    };
    let first = transfer(&sandbox, "plfk1");
    let ended = || first.ended(signer, &bill("FAIL")).unwrap();
    table.error("the old number", first.again(ended(), OutBillNo::new("plfk1").unwrap()));
    let second = transfer(&sandbox, "plfk2");
    table.error("another proof", second.again(ended(), OutBillNo::new("plfk3").unwrap()));
    let receipt = |hash_type: &str, hash_value: &str| {
        let receipt = json!({"state": "FINISHED", "create_time": "2015-05-20T13:29:35+08:00",
            "hash_type": hash_type, "hash_value": hash_value, "download_url": "https://x.example/"});
        serde_json::from_value::<receipt::Receipt>(receipt).unwrap().link()
    };
    table.error("a receipt with SM3", receipt("SM3", "SECRET"));
    table.error("a receipt with another hash", receipt("MD5", "SECRET"));
    table.error("a receipt without a hash", receipt("SHA256", "SECRET"));
}
