//! The rules and the bytes of requests, and the reading of responses.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::encryption::Encrypted;
use crate::error::SignError;
use crate::id::{AppId, OpenId, OutUnfreezeNo, SplitId};
use crate::party::SubMerchant;
use crate::signer::{Partner, Signature};

/// A body needs to know who signs, not a signature.
struct Merchant;

impl Signer for Merchant {
    fn mchid(&self) -> &str {
        "1900000100"
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
        Err(SignError::new("nothing is signed here"))
    }
}

fn ciphertext() -> String {
    "q6urq".repeat(68) + "q6s="
}

fn name() -> Encrypted {
    Encrypted::new("PUB_KEY_ID_01", ciphertext()).unwrap()
}

fn merchant(mchid: &str) -> Receiver {
    Receiver::merchant(mchid, name()).unwrap()
}

fn openid() -> OpenId {
    OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()
}

fn share(receiver: Receiver) -> Share {
    Share::new(receiver, Fen(10), "分给供应商")
}

fn split_of(receivers: Vec<Share>) -> Split {
    let (id, number) = (TransactionId::new("42").unwrap(), OutOrderNo::new("P1").unwrap());
    Split::new(id, number, receivers, Remainder::StaysFrozen)
}

fn violations(split: &Split) -> String {
    text(split.validate(&Merchant))
}

fn text(result: Result<(), Error>) -> String {
    result.map_or_else(|error| error.to_string(), |()| String::new())
}

#[test]
fn split_is_checked_against_every_rule() {
    let share = || share(merchant("1900000109"));
    let mut split = split_of(vec![share()]);
    assert_eq!(violations(&split), "");
    split.receivers.clear();
    assert_eq!(violations(&split), "/receivers must be 1 to 50 receivers");
    split.receivers = vec![share(); 51];
    assert_eq!(violations(&split), "/receivers must be 1 to 50 receivers");
    split.receivers = (0..50)
        .map(|index| Share { receiver: merchant(&format!("19000001{index:02}")), ..share() })
        .skip(1)
        .collect();
    assert_eq!(violations(&split), "");

    let person = || Share { receiver: Receiver::openid(&openid()), ..share() };
    split.receivers = vec![person(), share(), person()];
    split.appid = Some(AppId::new("wx1").unwrap());
    assert_eq!(
        violations(&split),
        "/receivers/2/account must be a receiver that occurs only once; add up its amounts"
    );
    split.receivers.pop();
    split.appid = None;
    assert_eq!(violations(&split), "/appid is missing; an openid among the receivers needs it");

    split.receivers = vec![Share { amount: Fen(0), description: "述".repeat(81), ..share() }];
    assert_eq!(
        violations(&split),
        "/receivers/0/amount must be at least 1 fen and fit a signed 64-bit integer; \
         /receivers/0/description must be 1 to 80 characters"
    );
    split.receivers = vec![
        Share { amount: Fen::MAX, ..share() },
        Share { receiver: merchant("2"), amount: Fen(1), ..share() },
    ];
    assert_eq!(violations(&split), "/receivers must have a sum that fits a signed 64-bit integer");
}

#[test]
fn names_of_one_split_have_one_key() {
    let other = Encrypted::new("PUB_KEY_ID_02", ciphertext()).unwrap();
    let mut split = split_of(vec![share(merchant("1")), share(merchant("2"))]);
    assert_eq!(split.encryption_serial(), Some("PUB_KEY_ID_01"));
    split.receivers[1].receiver = Receiver::merchant("2", other).unwrap();
    assert_eq!(
        violations(&split),
        "/receivers/1/name must be encrypted with the same key as the other names"
    );
    split.receivers = vec![share(Receiver::openid(&openid()))];
    assert_eq!(split.encryption_serial(), None);
}

#[test]
fn merchant_is_no_receiver_of_its_last_split() {
    let mut split = split_of(vec![share(merchant("1900000100"))]);
    assert_eq!(violations(&split), "");
    split.remainder = Remainder::IsUnfrozen;
    let rule = "/receivers/0/account must not be the merchant itself if the rest is unfrozen: it \
                gets the rest anyway";
    assert_eq!(violations(&split), rule);

    let sub_merchant = SubMerchant::new("1900000100").unwrap();
    let partner = Partner::new(&Merchant, sub_merchant);
    assert_eq!(text(split.validate(&partner)), rule);
    split.receivers = vec![share(merchant("1900000101"))];
    assert_eq!(text(split.validate(&partner)), "");
}

#[test]
fn sub_openid_needs_the_sub_merchants_appid() {
    let split = split_of(vec![share(Receiver::sub_openid(&openid()))]);
    let rule = "/receivers/0/type needs a partner whose sub-merchant names its appid";
    assert_eq!(violations(&split), rule);
    let mut sub_merchant = SubMerchant::new("1900000200").unwrap();
    assert_eq!(text(split.validate(&Partner::new(&Merchant, sub_merchant.clone()))), rule);
    sub_merchant.appid = Some(AppId::new("wx2").unwrap());
    let partner = Partner::new(&Merchant, sub_merchant);
    let body = String::from_utf8(split.to_json(&partner).unwrap()).unwrap();
    assert!(body.starts_with(r#"{"sub_mchid":"1900000200","sub_appid":"wx2","#), "{body}");
    // Without such a receiver it is left out.
    let body = split_of(vec![share(merchant("1"))]).to_json(&partner).unwrap();
    assert!(!String::from_utf8(body).unwrap().contains("sub_appid"));
}

#[test]
fn openid_is_at_most_64_characters() {
    let long = OpenId::new("o".repeat(65)).unwrap();
    let mut split = split_of(vec![share(Receiver::openid(&long))]);
    split.appid = Some(AppId::new("wx1").unwrap());
    assert_eq!(violations(&split), "/receivers/0/account must not exceed 64 characters");
}

#[test]
fn split_survives_a_restart() {
    let mut split =
        split_of(vec![share(merchant("1900000109")), share(Receiver::openid(&openid()))]);
    split.appid = Some(AppId::new("wx8888888888888888").unwrap());
    let body = split.to_json(&Merchant).unwrap();
    let expected = format!(
        concat!(
            r#"{{"appid":"wx8888888888888888","transaction_id":"42","out_order_no":"P1","#,
            r#""receivers":[{{"type":"MERCHANT_ID","account":"1900000109","name":"{}","#,
            r#""amount":10,"description":"分给供应商"}},"#,
            r#"{{"type":"PERSONAL_OPENID","account":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","#,
            r#""amount":10,"description":"分给供应商"}}],"unfreeze_unsplit":false}}"#
        ),
        ciphertext()
    );
    assert_eq!(String::from_utf8(body.clone()).unwrap(), expected);
    let serial = split.encryption_serial();
    let again = Split::from_json(&Merchant, &body, serial).unwrap();
    assert_eq!(again, split);
    assert_eq!(again.to_json(&Merchant).unwrap(), body);
}

#[test]
fn split_from_json_names_every_violation() {
    let json = br#"{"appid":"wx 1","out_order_no":"P 1","unfreeze_unsplit":"false","extra":1,
        "receivers":[{"type":"MERCHANT","account":"1"},
            {"type":"MERCHANT_ID","account":"1900000109","amount":1.0,"description":"d"},
            {"type":"PERSONAL_OPENID","account":"o 1","name":"SECRET","amount":1,"description":"d"}]}"#;
    let error = Split::from_json(&Merchant, json, Some("PUB_KEY_ID_01")).unwrap_err().to_string();
    assert_eq!(
        error,
        "/appid must be 1 to 32 letters, digits, _ or -; /transaction_id is missing; \
         /out_order_no must be 1 to 64 letters, digits, _, -, |, * or @; \
         /receivers/0/type must be MERCHANT_ID, PERSONAL_OPENID or PERSONAL_SUB_OPENID; \
         /receivers/0/amount is missing; /receivers/0/description is missing; \
         /receivers/1/name is missing; a merchant needs its full registered name; \
         /receivers/1/amount must be whole fen: a number without quotes, sign or decimals; \
         /receivers/2/account must be 1 to 128 letters, digits, _ or -; \
         /receivers/2/name must be the Base64 text of an RSA ciphertext; encrypt the value with \
         PlatformKeys::encryptor; \
         /unfreeze_unsplit must be true or false, without quotes; \
         /extra is not a field of this request"
    );
    assert!(!error.contains("SECRET"));
    let json = format!(
        r#"{{"transaction_id":"42","out_order_no":"P1","unfreeze_unsplit":false,"receivers":[
        {{"type":"MERCHANT_ID","account":"1","name":"{}","amount":1,"description":"d"}}]}}"#,
        ciphertext()
    );
    let error = Split::from_json(&Merchant, json.as_bytes(), None).unwrap_err();
    let rule = "/receivers/0/name needs the serial number of the key it was encrypted with";
    assert_eq!(error.to_string(), rule);
}

#[test]
fn custom_relation_goes_with_custom() {
    let found = |relation_type, custom: Option<&str>| {
        let appid = AppId::new("wx1").unwrap();
        let mut receiver = NewReceiver::new(appid, merchant("1"), relation_type);
        receiver.custom_relation = custom.map(str::to_owned);
        text(receiver.validate(&Merchant))
    };
    assert_eq!(found(RelationType::Store, None), "");
    assert_eq!(found(RelationType::Custom, Some("代理商")), "");
    let rule = "/custom_relation must be left out unless relation_type is CUSTOM";
    assert_eq!(found(RelationType::Store, Some("代理商")), rule);
    let rule = "/custom_relation is missing; relation_type is CUSTOM";
    assert_eq!(found(RelationType::Custom, None), rule);
    let rule = "/custom_relation must be 1 to 10 characters";
    assert_eq!(found(RelationType::Custom, Some(&"商".repeat(11))), rule);
    let rule = "/relation_type must be a documented value, such as STORE or CUSTOM";
    assert_eq!(found(RelationType::from("FRIEND"), None), rule);
    let rule = "/relation_type must not be SERVICE_PROVIDER without a partner";
    assert_eq!(found(RelationType::ServiceProvider, None), rule);
}

#[test]
fn receiver_requests_survive_a_restart() {
    let appid = || AppId::new("wx1").unwrap();
    let mut receiver = NewReceiver::new(appid(), merchant("1900000109"), RelationType::Custom);
    receiver.custom_relation = Some("代理商".into());
    let body = receiver.to_json(&Merchant).unwrap();
    let again = NewReceiver::from_json(&Merchant, &body, receiver.encryption_serial()).unwrap();
    assert_eq!(again, receiver);
    let deleted = DeletedReceiver::new(appid(), ReceiverAccount::openid(&openid()));
    let body = deleted.to_json(&Merchant).unwrap();
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        r#"{"appid":"wx1","type":"PERSONAL_OPENID","account":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}"#
    );
    assert_eq!(DeletedReceiver::from_json(&Merchant, &body).unwrap(), deleted);
}

#[test]
fn deleted_receiver_validates_as_it_is_sent() {
    let account = ReceiverAccount::sub_openid(&openid());
    let deleted = DeletedReceiver::new(AppId::new("wx1").unwrap(), account);
    let refused = deleted.validate(&Merchant).unwrap_err();
    assert_eq!(refused, deleted.to_json(&Merchant).unwrap_err());
}

#[test]
fn finished_split_hands_out_each_result() {
    let state: SplitState = serde_json::from_str(
        r#"{"transaction_id":"42","out_order_no":"P1","order_id":"30","state":"FINISHED","receivers":[
        {"type":"MERCHANT_ID","account":"1","amount":1,"description":"d","result":"SUCCESS",
            "fail_reason":"ACCOUNT_ABNORMAL","create_time":"2015-05-20T13:29:35+08:00",
            "finish_time":"2015-05-20T13:29:36+08:00","detail_id":"36"},
        {"type":"MERCHANT_ID","account":"2","amount":2,"description":"d","result":"CLOSED",
            "fail_reason":"NO_RELATION"},
        {"type":"PERSONAL_OPENID","account":"3","amount":3,"description":"d","result":"PENDING"},
        {"type":"PERSONAL_OPENID","account":"4","amount":4,"description":"d","result":"NEW"}]}"#,
    )
    .unwrap();
    let accounts = |shares: &mut dyn Iterator<Item = &ShareState>| {
        shares.map(|share| share.account.clone()).collect::<String>()
    };
    assert_eq!(accounts(&mut state.settled()), "1");
    assert_eq!(accounts(&mut state.closed()), "2");
    assert_eq!(accounts(&mut state.pending()), "34");
    assert!(!state.is_final());
    assert_eq!(state.receivers[1].result, ShareResult::Closed(Some(ShareFailure::NoRelation)));
    assert_eq!(stored(&state), state);
}

/// The value that is read back from its JSON.
fn stored<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

#[test]
fn stored_states_are_the_same() {
    let unfrozen = unfreeze_state("1900000100", "解冻给分账方");
    assert_eq!(stored(&unfrozen), unfrozen);
    let returned: ReturnState = serde_json::from_str(
        r#"{"order_id":"30","out_order_no":"P1","out_return_no":"R1","return_id":"31",
        "return_mchid":"1900000109","amount":10,"description":"用户退款","result":"FAILED",
        "fail_reason":"ACCOUNT_ABNORMAL","create_time":"2015-05-20T13:29:35.120+08:00"}"#,
    )
    .unwrap();
    assert_eq!(stored(&returned), returned);
    let receiver: ReceiverState = serde_json::from_str(
        r#"{"type":"MERCHANT_ID","account":"1900000109","name":"hu89ohu89ohu89o",
        "relation_type":"CUSTOM","custom_relation":"代理商"}"#,
    )
    .unwrap();
    assert_eq!(stored(&receiver), receiver);
}

#[test]
fn split_without_receivers_is_not_final() {
    let json = r#"{"transaction_id":"42","out_order_no":"P1","order_id":"30","state":"FINISHED"}"#;
    let state: SplitState = serde_json::from_str(json).unwrap();
    assert!(!state.is_final());
}

fn unfreeze_state(account: &str, description: &str) -> UnfreezeState {
    serde_json::from_str(&format!(
        r#"{{"transaction_id":"42","out_order_no":"U1","order_id":"30","state":"FINISHED","receivers":[
        {{"type":"MERCHANT_ID","account":"{account}","amount":70,"description":"{description}","result":"SUCCESS"}}]}}"#
    ))
    .unwrap()
}

#[test]
fn response_with_a_split_is_no_unfreeze() {
    let (id, number) = (TransactionId::new("42").unwrap(), OutUnfreezeNo::new("U1").unwrap());
    let unfreeze = Unfreeze::new(id, number, "剩余资金");
    let checked = |account, description| {
        let state = unfreeze_state(account, description);
        check_unfreeze(&Merchant, ("POST", "/v3/profitsharing/orders/unfreeze"), &unfreeze, state)
    };
    let state = checked("1900000100", "剩余资金").unwrap();
    assert_eq!(state.unfrozen(), Some(Fen(70)));
    assert!(checked("1900000100", "解冻给分账方").is_ok());
    for (account, description) in [("1900000109", "剩余资金"), ("1900000100", "分给自己")] {
        let error = checked(account, description).unwrap_err();
        assert!(error.to_string().contains("so nothing was unfrozen"), "{error}");
    }
}

#[test]
fn return_is_checked_and_survives_a_restart() {
    let number = || OutReturnNo::new("R1").unwrap();
    let order = || OutOrderNo::new("P1").unwrap();
    let mut returned = Return::new(number(), order(), "1900000109", Fen(5), "退").unwrap();
    let body = returned.to_json(&Merchant).unwrap();
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        r#"{"out_order_no":"P1","out_return_no":"R1","return_mchid":"1900000109","amount":5,"description":"退"}"#
    );
    assert_eq!(Return::from_json(&Merchant, &body).unwrap(), returned);
    (returned.amount, returned.description) = (Fen(0), String::new());
    assert_eq!(
        text(returned.validate(&Merchant)),
        "/amount must be at least 1 fen and fit a signed 64-bit integer; /description must be 1 \
         to 80 characters"
    );
    let own = Return::new(number(), order(), "1900000100", Fen(5), "退").unwrap();
    assert_eq!(
        text(own.validate(&Merchant)),
        "/return_mchid must not be the merchant whose money was split"
    );
    let json = br#"{"order_id":"30","out_order_no":"P1","out_return_no":"R|1","return_mchid":"1 9",
        "amount":5,"description":"d"}"#;
    assert_eq!(
        Return::from_json(&Merchant, json).unwrap_err().to_string(),
        "/out_order_no must be left out if order_id is set: one is enough; /out_return_no must be \
         1 to 64 letters, digits, _, -, * or @; /return_mchid must be the merchant number: 1 to 32 \
         letters and digits"
    );
}

#[test]
fn response_about_another_return_is_refused() {
    let number = OutReturnNo::new("R1").unwrap();
    let returned = Return::new(number, SplitId::new("30").unwrap(), "1900000109", Fen(5), "退");
    let returned = returned.unwrap();
    let is_answered = |change: fn(&mut serde_json::Value)| {
        let mut json = serde_json::json!({"order_id":"30","out_order_no":"P1","out_return_no":"R1",
            "return_id":"31","return_mchid":"1900000109","amount":5,"description":"退",
            "result":"PROCESSING"});
        change(&mut json);
        returned.is_answered_by(&serde_json::from_value(json).unwrap())
    };
    assert!(is_answered(|_| ()));
    assert!(!is_answered(|json| json["out_return_no"] = "R2".into()));
    assert!(!is_answered(|json| json["order_id"] = "31".into()));
    assert!(!is_answered(|json| json["return_mchid"] = "1900000110".into()));
    assert!(!is_answered(|json| json["amount"] = 6.into()));
}

#[test]
fn notification_of_a_share_knows_its_kind() {
    let json = r#"{"mchid":"1900000100","transaction_id":"42","order_id":"12","out_order_no":"P1",
        "receiver":{"type":"MERCHANT_ID","account":"1900000109","amount":8,"description":"d"},
        "success_time":"2018-06-08T10:34:56+08:00"}"#;
    let share = || serde_json::from_str::<ShareNotification>(json).unwrap();
    assert_eq!(share().with_summary("分账").kind, ShareKind::Split);
    assert_eq!(share().with_summary("分账回退").kind, ShareKind::Return);
    assert_eq!(share().with_summary("支付成功").kind.as_str(), "支付成功");
    assert_eq!(share().mchid(), Some("1900000100"));
}
