//! 分账: receivers, splits, unfreezing, returns, and refunds of split orders.

use serde_json::{Value, json};
use wechatpay::encryption::Encrypted;
use wechatpay::notify::{self, Notification};
use wechatpay::pay::{Order, SettleInfo, app};
use wechatpay::profit_sharing::{
    self, DeletedReceiver, NewReceiver, Progress, Receiver, ReceiverAccount, RelationType,
    Remainder, Return, ReturnResult, Share, ShareFailure, ShareKind, ShareResult, SharingBill,
    Split, SplitState, Unfreeze,
};
use wechatpay::refund::{self, Refund};
use wechatpay::{
    ApiV3Key, Code, Error, ErrorKind, Fen, OpenId, OutOrderNo, OutRefundNo, OutReturnNo,
    OutTradeNo, OutUnfreezeNo, Outcome, Partner, Retry, Signer, SubMerchant, Time, TransactionId,
    bill, combine,
};
use wechatpay_sandbox::{ReturnPolicy, Sandbox};

use crate::support::{api, noon, order, start};

const NUMBER: &str = "shared-order";
/// A merchant that receives.
pub(crate) const RECEIVER: &str = "1900009191";
const PERSON: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const FULL_NAME: &str = "示例供应商有限公司";
const TOTAL: Fen = Fen(1000);
/// The amount after the fee.
const NET: Fen = Fen(994);

/// A name as the request carries it.
#[cfg(feature = "aws-lc-rs")]
pub(crate) fn encrypted(sandbox: &Sandbox, name: &str) -> Encrypted {
    sandbox.platform_keys().encryptor().unwrap().encrypt(name).unwrap()
}

/// A name as the request carries it. The sandbox of this build does not decrypt it.
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) fn encrypted(sandbox: &Sandbox, _: &str) -> Encrypted {
    Encrypted::new(sandbox.public_key_id(), "q6urq".repeat(68) + "q6s=").unwrap()
}

pub(crate) fn receiver(sandbox: &Sandbox, account: &str) -> Receiver {
    if account.starts_with('o') {
        return Receiver::openid(&OpenId::new(account).unwrap());
    }
    Receiver::merchant(account, encrypted(sandbox, FULL_NAME)).unwrap()
}

pub(crate) fn new_receiver(sandbox: &Sandbox) -> NewReceiver {
    NewReceiver::new(sandbox.appid(), receiver(sandbox, RECEIVER), RelationType::Supplier)
}

pub(crate) fn deleted_receiver(sandbox: &Sandbox) -> DeletedReceiver {
    DeletedReceiver::new(sandbox.appid(), ReceiverAccount::merchant(RECEIVER).unwrap())
}

pub(crate) fn split_no() -> OutOrderNo {
    OutOrderNo::new("split*1|@").unwrap()
}

pub(crate) fn return_no() -> OutReturnNo {
    OutReturnNo::new("return*1@").unwrap()
}

pub(crate) fn split_of(
    sandbox: &Sandbox,
    transaction_id: &TransactionId,
    shares: &[(&str, u64)],
) -> Split {
    let share = |(account, fen): &(&str, u64)| {
        Share::new(receiver(sandbox, account), Fen(*fen), "分给供应商")
    };
    let receivers = shares.iter().map(share).collect();
    let id = transaction_id.clone();
    let mut split = Split::new(id, split_no(), receivers, Remainder::StaysFrozen);
    split.appid = Some(sandbox.appid());
    split
}

pub(crate) fn unfreeze_of(transaction_id: &TransactionId) -> Unfreeze {
    let number = OutUnfreezeNo::new("unfreeze-1").unwrap();
    Unfreeze::new(transaction_id.clone(), number, "解冻全部剩余资金")
}

pub(crate) fn a_return(fen: u64) -> Return {
    Return::new(return_no(), split_no(), RECEIVER, Fen(fen), "用户退款").unwrap()
}

pub(crate) fn shared_order(sandbox: &Sandbox, number: &str, total: Fen) -> Order {
    let mut order = order(sandbox, number);
    let mut settle_info = SettleInfo::default();
    settle_info.profit_sharing = Some(true);
    (order.total, order.settle_info) = (total, Some(settle_info));
    order
}

/// An order with the flag, paid a minute ago.
pub(crate) fn paid_for_sharing(sandbox: &Sandbox, signer: &dyn Signer) {
    let order = shared_order(sandbox, NUMBER, TOTAL);
    app::prepay(signer, sandbox.gateway(), &order).unwrap();
    sandbox.pay(NUMBER).unwrap();
    sandbox.let_time_pass(60);
}

/// The transaction ID of the order, from its notification.
pub(crate) fn transaction_id(sandbox: &Sandbox) -> TransactionId {
    transaction_id_of(sandbox, NUMBER)
}

pub(crate) fn transaction_id_of(sandbox: &Sandbox, number: &str) -> TransactionId {
    let paid = sandbox.pending_notifications().into_iter().find(|it| it.number == number);
    match open(sandbox, &paid.unwrap()).notification {
        Notification::Transaction(transaction) => transaction.transaction_id.unwrap(),
        other => panic!("{other:?}"),
    }
}

fn open(sandbox: &Sandbox, notification: &wechatpay_sandbox::Notification) -> notify::Event {
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let headers = notification.headers.iter().map(|(name, value)| (&**name, &**value));
    let (keys, body) = (sandbox.platform_keys(), &notification.body);
    notify::open(keys, &key, headers, body, Time::now().unwrap()).unwrap()
}

/// A sandbox with an order with the flag, and with both receivers.
struct Shop {
    sandbox: Sandbox,
    id: TransactionId,
}

impl Shop {
    fn open() -> Self {
        Self::of(start())
    }

    fn of(sandbox: Sandbox) -> Self {
        paid_for_sharing(&sandbox, sandbox.signer());
        let id = transaction_id(&sandbox);
        let shop = Self { sandbox, id };
        for account in [RECEIVER, PERSON] {
            shop.add(account);
        }
        shop
    }

    fn add(&self, account: &str) {
        let (sandbox, appid) = (&self.sandbox, self.sandbox.appid());
        let receiver = receiver(sandbox, account);
        let receiver = NewReceiver::new(appid, receiver, RelationType::Partner);
        profit_sharing::add_receiver(sandbox.signer(), sandbox.gateway(), &receiver).unwrap();
    }

    fn split_of(&self, shares: &[(&str, u64)]) -> Split {
        split_of(&self.sandbox, &self.id, shares)
    }

    fn split(&self, split: &Split) -> Result<SplitState, Error> {
        profit_sharing::split(self.sandbox.signer(), self.sandbox.gateway(), split)
    }

    fn query(&self) -> SplitState {
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        profit_sharing::query_split(signer, gateway, &split_no(), &self.id).unwrap()
    }

    fn unfreeze(&self, unfreeze: &Unfreeze) -> Result<Option<Fen>, Error> {
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        profit_sharing::unfreeze(signer, gateway, unfreeze)?;
        self.sandbox.let_time_pass(60);
        Ok(profit_sharing::query_unfreeze(signer, gateway, unfreeze)?.unfrozen())
    }

    fn left(&self) -> Fen {
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        profit_sharing::amount_left(signer, gateway, &self.id).unwrap()
    }

    fn give_back(&self, r#return: &Return) -> Result<ReturnResult, Error> {
        let (signer, gateway) = (self.sandbox.signer(), self.sandbox.gateway());
        profit_sharing::return_share(signer, gateway, r#return).map(|state| state.result)
    }

    fn refund(&self, number: &str, fen: u64) -> Result<refund::State, Error> {
        let order = OutTradeNo::new(NUMBER).unwrap();
        let refund = Refund::new(OutRefundNo::new(number).unwrap(), order, Fen(fen), TOTAL);
        refund::apply(self.sandbox.signer(), self.sandbox.gateway(), &refund)
    }
}

#[track_caller]
fn refused(error: &Error) -> (u16, &str, Outcome, Retry) {
    let api = api(error);
    (api.status, api.code.as_str(), error.outcome(), error.retry())
}

#[test]
fn split_pays_each_receiver_and_leaves_the_rest_frozen() {
    let shop = Shop::open();
    assert_eq!(shop.left(), NET);
    let split = shop.split_of(&[(RECEIVER, 200), (PERSON, 100)]);
    let state = shop.split(&split).unwrap();
    assert_eq!(state.progress, Progress::Processing);
    assert_eq!((state.settled().count(), state.pending().count()), (0, 2));
    assert_eq!(shop.left(), Fen(NET.0 - 300));

    shop.sandbox.let_time_pass(60);
    let state = shop.query();
    assert_eq!(state.progress, Progress::Finished);
    assert!(state.is_final());
    let settled: Vec<_> =
        state.settled().map(|share| (share.account.as_str(), share.amount)).collect();
    assert_eq!(settled, [(RECEIVER, Fen(200)), (PERSON, Fen(100))]);
    // The same split at any time is the same split.
    assert_eq!(shop.split(&split).unwrap(), state);
    assert_eq!(shop.left(), Fen(NET.0 - 300));
    assert_eq!(shop.sandbox.frozen(shop.id.as_str()), Some(Fen(NET.0 - 300)));
}

#[test]
fn finished_split_can_have_paid_only_some_receivers() {
    let shop = Shop::open();
    shop.sandbox.fail_receiver(PERSON, Some("RECEIVER_HIGH_RISK"));
    shop.split(&shop.split_of(&[(RECEIVER, 200), (PERSON, 100)])).unwrap();
    shop.sandbox.finish_split("split*1|@").unwrap();
    let state = shop.query();
    assert_eq!(state.progress, Progress::Finished);
    assert_eq!(state.settled().map(|share| share.amount).collect::<Vec<_>>(), [Fen(200)]);
    let closed: Vec<_> = state.closed().map(|share| share.result.clone()).collect();
    assert_eq!(closed, [ShareResult::Closed(Some(ShareFailure::ReceiverHighRisk))]);
    assert_eq!(shop.left(), Fen(NET.0 - 200));
    assert!(shop.sandbox.finish_split("split*1|@").is_err());
}

#[test]
fn changed_split_under_the_same_number_is_refused() {
    let shop = Shop::open();
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    for changed in [shop.split_of(&[(RECEIVER, 201)]), shop.split_of(&[(PERSON, 200)])] {
        let error = shop.split(&changed).unwrap_err();
        let expected = (400, "INVALID_REQUEST", Outcome::Refused, Retry::QueryFirst);
        assert_eq!(refused(&error), expected);
    }
    assert_eq!(shop.left(), Fen(NET.0 - 200));
}

#[test]
fn splits_stay_below_the_ratio_and_what_is_left() {
    let shop = Shop::open();
    let error = shop.split(&shop.split_of(&[(RECEIVER, 301)])).unwrap_err();
    assert_eq!(refused(&error), (403, "RULE_LIMIT", Outcome::Refused, Retry::Never));
    shop.sandbox.set_max_ratio(10_000);
    let error = shop.split(&shop.split_of(&[(RECEIVER, 995)])).unwrap_err();
    assert_eq!(refused(&error), (403, "NOT_ENOUGH", Outcome::Refused, Retry::QueryFirst));
    shop.split(&shop.split_of(&[(RECEIVER, 994)])).unwrap();
    assert_eq!(shop.left(), Fen(0));
}

#[test]
fn split_needs_a_minute_the_flag_and_its_receivers() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    app::prepay(signer, gateway, &shared_order(&sandbox, NUMBER, TOTAL)).unwrap();
    sandbox.pay(NUMBER).unwrap();
    app::prepay(signer, gateway, &order(&sandbox, "plain-order")).unwrap();
    sandbox.pay("plain-order").unwrap();
    let split = |number: &str| {
        let id = transaction_id_of(&sandbox, number);
        let split = split_of(&sandbox, &id, &[(RECEIVER, 10)]);
        profit_sharing::split(signer, gateway, &split).unwrap_err()
    };
    assert!(api(&split(NUMBER)).message.contains("稍后重试"));
    sandbox.let_time_pass(60);
    assert!(api(&split("plain-order")).message.contains("非分账订单"));
    assert!(api(&split(NUMBER)).message.contains("分账接收方关系不存在"));
}

#[test]
fn last_split_unfreezes_the_rest() {
    let shop = Shop::open();
    let mut split = shop.split_of(&[(RECEIVER, 200)]);
    split.remainder = Remainder::IsUnfrozen;
    shop.split(&split).unwrap();
    assert_eq!(shop.left(), Fen(0));
    let mut second = shop.split_of(&[(RECEIVER, 10)]);
    second.out_order_no = OutOrderNo::new("split-2").unwrap();
    let error = shop.split(&second).unwrap_err();
    assert!(api(&error).message.contains("订单已完结分账"));
}

#[test]
fn unfreezing_frees_what_is_left() {
    let shop = Shop::open();
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    // Not while a split is processing.
    let error = shop.unfreeze(&unfreeze_of(&shop.id)).unwrap_err();
    assert_eq!(refused(&error).1, "INVALID_REQUEST");
    shop.sandbox.let_time_pass(60);
    let unfrozen = shop.unfreeze(&unfreeze_of(&shop.id)).unwrap();
    assert_eq!(unfrozen, Some(Fen(NET.0 - 200)));
    assert_eq!(shop.left(), Fen(0));
    // Nothing is left for another number.
    let number = OutUnfreezeNo::new("unfreeze-2").unwrap();
    let again = Unfreeze::new(shop.id.clone(), number, "解冻全部剩余资金");
    let expected = (403, "NOT_ENOUGH", Outcome::Refused, Retry::QueryFirst);
    assert_eq!(refused(&shop.unfreeze(&again).unwrap_err()), expected);
}

#[test]
fn unfreezing_with_the_number_of_a_split_is_noticed() {
    let shop = Shop::open();
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    shop.sandbox.let_time_pass(60);
    let number = OutUnfreezeNo::new(split_no().as_str()).unwrap();
    let unfreeze = Unfreeze::new(shop.id.clone(), number, "解冻全部剩余资金");
    let error = shop.unfreeze(&unfreeze).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("nothing was unfrozen"), "{error}");
    assert_eq!(shop.left(), Fen(NET.0 - 200));
}

#[test]
fn return_takes_back_at_most_the_share() {
    let shop = Shop::open();
    shop.split(&shop.split_of(&[(RECEIVER, 200), (PERSON, 50)])).unwrap();
    // Not while the split is processing.
    assert_eq!(refused(&shop.give_back(&a_return(150)).unwrap_err()).1, "INVALID_REQUEST");
    shop.sandbox.let_time_pass(60);
    let left = shop.left();
    assert_eq!(shop.give_back(&a_return(150)).unwrap(), ReturnResult::Success);
    assert_eq!(shop.give_back(&a_return(150)).unwrap(), ReturnResult::Success);
    let number = OutReturnNo::new("return-2").unwrap();
    let more = Return::new(number, split_no(), RECEIVER, Fen(51), "d").unwrap();
    let error = shop.give_back(&more).unwrap_err();
    assert_eq!(refused(&error), (400, "INVALID_REQUEST", Outcome::Unknown, Retry::QueryFirst));
    // Money that was returned cannot be split again.
    assert_eq!(shop.left(), left);
    let returned: u64 = shop.sandbox.returns().iter().map(|it| it.amount.0).sum();
    assert_eq!(returned, 150);
}

#[test]
fn fund_flow_bill_has_shares_and_their_returns() {
    let sandbox = start();
    let date = bill::Date::of(noon(&sandbox));
    let shop = Shop::of(sandbox);
    shop.split(&shop.split_of(&[(RECEIVER, 200), (PERSON, 50)])).unwrap();
    shop.sandbox.let_time_pass(60);
    shop.give_back(&a_return(150)).unwrap();
    let shares = shop.query().receivers;
    shop.sandbox.let_time_pass(22 * 3600);
    let rows = crate::bill::fund_flow(&shop.sandbox, date, bill::AccountType::Basic);
    let flow = |voucher: &str| {
        let row = rows.iter().find(|row| row.voucher_no.as_deref() == Some(voucher)).unwrap();
        (row.business_name.as_str(), row.direction.clone(), row.amount)
    };
    assert_eq!(shares.len(), 2);
    for share in shares {
        let detail_id = share.detail_id.unwrap();
        assert_eq!(flow(&detail_id), ("分账", bill::Direction::Out, share.amount));
    }
    let returned = return_no();
    assert_eq!(flow(returned.as_str()), ("分账", bill::Direction::In, Fen(150)));
    let balance = rows.last().unwrap().balance.to_fen();
    assert_eq!(balance, Some(Fen(NET.0 - 200 - 50 + 150)));
}

#[test]
fn return_needs_agreement_and_balance() {
    let shop = Shop::open();
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    shop.sandbox.let_time_pass(60);
    shop.sandbox.set_return_policy(RECEIVER, ReturnPolicy::NotAgreed);
    let error = shop.give_back(&a_return(10)).unwrap_err();
    assert_eq!(refused(&error), (403, "NO_AUTH", Outcome::Refused, Retry::Never));

    shop.sandbox.set_return_policy(RECEIVER, ReturnPolicy::BalanceTooLow);
    let error = shop.give_back(&a_return(10)).unwrap_err();
    assert_eq!(refused(&error), (403, "NOT_ENOUGH", Outcome::Unknown, Retry::SameRequest));
    let (signer, gateway) = (shop.sandbox.signer(), shop.sandbox.gateway());
    let query = || profit_sharing::query_return(signer, gateway, &return_no(), &split_no());
    assert_eq!(query().unwrap().result, ReturnResult::Processing);
    shop.sandbox.set_return_policy(RECEIVER, ReturnPolicy::Agreed);
    assert_eq!(shop.give_back(&a_return(10)).unwrap(), ReturnResult::Success);
    assert_eq!(query().unwrap().result, ReturnResult::Success);
}

#[test]
fn unfinished_return_is_closed_after_five_days() {
    let shop = Shop::open();
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    shop.sandbox.let_time_pass(60);
    shop.sandbox.set_return_policy(RECEIVER, ReturnPolicy::Processing);
    assert_eq!(shop.give_back(&a_return(10)).unwrap(), ReturnResult::Processing);
    shop.sandbox.let_time_pass(5 * 86_400 + 1);
    assert_eq!(shop.give_back(&a_return(10)).unwrap(), ReturnResult::Failed);
}

#[test]
fn refunds_of_split_orders_follow_the_table() {
    // Nothing split: any refund, from frozen money.
    let shop = Shop::open();
    shop.sandbox.set_balance(Fen(0));
    shop.refund("all", 1000).unwrap();
    assert_eq!(shop.left(), Fen(0));

    // Partly split: what is frozen, and more only after it was unfrozen.
    let shop = Shop::open();
    shop.sandbox.set_balance(Fen(0));
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    shop.sandbox.let_time_pass(60);
    shop.refund("part", 100).unwrap();
    let error = shop.refund("more", 700).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::QueryFirst));
    let way_out = "; unfreeze the rest of the order first, then retry with the same refund";
    assert!(error.to_string().contains(way_out), "{error}");
    assert_eq!(shop.unfreeze(&unfreeze_of(&shop.id)).unwrap(), Some(Fen(694)));

    // Finished: from the available balance, which has what was unfrozen.
    let error = shop.refund("more", 700).unwrap_err();
    assert_eq!(api(&error).code, Code::NOT_ENOUGH);
    assert_eq!(shop.give_back(&a_return(200)).unwrap(), ReturnResult::Success);
    shop.refund("more", 700).unwrap();
}

#[test]
fn partner_splits_the_sub_merchants_order() {
    let sandbox = start();
    let mut sub_merchant = SubMerchant::new(sandbox.sub_mchid()).unwrap();
    sub_merchant.appid = Some(sandbox.sub_appid());
    let partner = Partner::new(sandbox.signer(), sub_merchant);
    let gateway = sandbox.gateway();
    paid_for_sharing(&sandbox, &partner);
    let id = transaction_id(&sandbox);
    assert_eq!(profit_sharing::max_ratio(&partner, gateway).unwrap().ten_thousandths(), 3000);
    let person = Receiver::sub_openid(&OpenId::new(PERSON).unwrap());
    let receiver = NewReceiver::new(sandbox.appid(), person.clone(), RelationType::Staff);
    profit_sharing::add_receiver(&partner, gateway, &receiver).unwrap();
    let shares = vec![Share::new(person, Fen(10), "提成")];
    let split = Split::new(id.clone(), split_no(), shares, Remainder::StaysFrozen);
    profit_sharing::split(&partner, gateway, &split).unwrap();
    let body: Value = serde_json::from_slice(&sandbox.received().last().unwrap().body).unwrap();
    assert_eq!(body["sub_mchid"], sandbox.sub_mchid());
    assert_eq!(body["sub_appid"], sandbox.sub_appid().as_str());
    sandbox.let_time_pass(60);
    let unfreeze = unfreeze_of(&id);
    profit_sharing::unfreeze(&partner, gateway, &unfreeze).unwrap();
    sandbox.let_time_pass(60);
    let state = profit_sharing::query_unfreeze(&partner, gateway, &unfreeze).unwrap();
    assert_eq!(state.unfrozen(), Some(Fen(NET.0 - 10)));
    // Without the sub-merchant it is another merchant's order.
    let own = profit_sharing::query_split(sandbox.signer(), gateway, &split_no(), &id);
    assert_eq!(api(&own.unwrap_err()).code, Code::RESOURCE_NOT_EXISTS);
}

#[test]
fn response_about_another_split_is_refused() {
    let shop = Shop::open();
    let split = shop.split_of(&[(RECEIVER, 200)]);
    shop.sandbox.rewrite_next(|response| {
        let mut body: Value = serde_json::from_slice(&response.body).unwrap();
        body["out_order_no"] = json!("split-2");
        response.body = body.to_string().into_bytes();
    });
    let error = shop.split(&split).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::QueryFirst));
    shop.split(&split).unwrap();
}

#[test]
fn second_adding_changes_nothing() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let receiver = new_receiver(&sandbox);
    let added = profit_sharing::add_receiver(signer, gateway, &receiver).unwrap();
    assert_eq!(added.relation_type, RelationType::Supplier);
    let mut changed = receiver;
    changed.relation_type = RelationType::Store;
    let again = profit_sharing::add_receiver(signer, gateway, &changed).unwrap();
    assert_eq!(again.relation_type, RelationType::Supplier);
    profit_sharing::delete_receiver(signer, gateway, &deleted_receiver(&sandbox)).unwrap();
    let anew = profit_sharing::add_receiver(signer, gateway, &changed).unwrap();
    assert_eq!(anew.relation_type, RelationType::Store);
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn names_reach_the_platform_and_come_back_encrypted() {
    use wechatpay::encryption::{self, RsaDecryptor};

    let shop = Shop::open();
    let (signer, gateway) = (shop.sandbox.signer(), shop.sandbox.gateway());
    let state = profit_sharing::add_receiver(signer, gateway, &new_receiver(&shop.sandbox));
    let decryptor = RsaDecryptor::from_pem(shop.sandbox.merchant_key_pem()).unwrap();
    let name = encryption::decrypt(&decryptor, &state.unwrap().name.unwrap()).unwrap();
    assert_eq!(name, FULL_NAME);
    // Encrypted again, it is the same split.
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    shop.split(&shop.split_of(&[(RECEIVER, 200)])).unwrap();
    let mut other = shop.split_of(&[(RECEIVER, 10)]);
    other.out_order_no = OutOrderNo::new("split-2").unwrap();
    let name = encrypted(&shop.sandbox, "另一家公司");
    other.receivers[0].receiver = Receiver::merchant(RECEIVER, name).unwrap();
    assert!(api(&shop.split(&other).unwrap_err()).message.contains("不匹配"));
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn plain_names_of_json_are_encrypted() {
    let shop = Shop::open();
    let signer = shop.sandbox.signer();
    let encryptor = shop.sandbox.platform_keys().encryptor().unwrap();
    let json = json!({"transaction_id": shop.id.as_str(), "out_order_no": "split-json",
        "receivers": [{"type": "MERCHANT_ID", "account": RECEIVER, "name": FULL_NAME,
            "amount": 10, "description": "d"}], "unfreeze_unsplit": false});
    let split = Split::from_plain_json(signer, json.to_string().as_bytes(), &encryptor).unwrap();
    assert_eq!(split.encryption_serial(), Some(encryptor.serial()));
    let body = split.to_json(signer).unwrap();
    assert!(!String::from_utf8(body.clone()).unwrap().contains(FULL_NAME));
    shop.split(&split).unwrap();
    // The same bytes after a restart.
    let again = Split::from_json(signer, &body, split.encryption_serial()).unwrap();
    shop.split(&again).unwrap();
    assert_eq!(shop.sandbox.received().last().unwrap().body, body);
}

#[test]
fn receiver_is_notified_of_a_share_and_not_of_a_payment() {
    let shop = Shop::open();
    shop.sandbox.take_notifications();
    shop.split(&shop.split_of(&[(RECEIVER, 200), (PERSON, 50)])).unwrap();
    shop.sandbox.let_time_pass(60);
    shop.give_back(&a_return(10)).unwrap();
    let events: Vec<_> =
        shop.sandbox.take_notifications().iter().map(|it| open(&shop.sandbox, it)).collect();
    assert_eq!(events.len(), 2);
    let share = |event: &notify::Event| {
        // The event type is that of a payment; a handler that goes by it finds no transaction.
        assert_eq!(event.event_type, notify::EventType::TransactionSuccess);
        match &event.notification {
            Notification::Share(share) => share.clone(),
            other => panic!("{other:?}"),
        }
    };
    let split = share(&events[0]);
    assert_eq!((&split.kind, split.receiver.amount), (&ShareKind::Split, Fen(200)));
    assert_eq!((split.receiver.account.as_str(), &*split.out_order_no), (RECEIVER, "split*1|@"));
    let returned = share(&events[1]);
    assert_eq!((&returned.kind, returned.receiver.amount), (&ShareKind::Return, Fen(10)));
    assert_eq!(returned.receiver.account, shop.sandbox.mchid());
    assert_eq!(&*returned.out_order_no, "return*1@");
}

#[test]
fn bill_of_shares_is_downloaded_within_thirty_seconds() {
    let sandbox = start();
    let day = bill::Date::of(noon(&sandbox));
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    paid_for_sharing(&sandbox, signer);
    profit_sharing::add_receiver(signer, gateway, &new_receiver(&sandbox)).unwrap();
    let split = split_of(&sandbox, &transaction_id(&sandbox), &[(RECEIVER, 200)]);
    profit_sharing::split(signer, gateway, &split).unwrap();
    sandbox.let_time_pass(60);
    let apply = || profit_sharing::bill(signer, gateway, &SharingBill::new(day));
    assert_eq!(api(&apply().unwrap_err()).code, Code::NO_STATEMENT_EXIST);
    sandbox.let_time_pass(2 * 86_400);
    let link = apply().unwrap();
    let mut file = Vec::new();
    bill::download(signer, gateway, &link, &mut file, &mut |_| ()).unwrap();
    let file = String::from_utf8(file).unwrap();
    assert!(file.contains("split*1|@") && file.contains("`2.00"), "{file}");
    sandbox.let_time_pass(31);
    let late = bill::download(signer, gateway, &link, &mut Vec::new(), &mut |_| ());
    assert_eq!(api(&late.unwrap_err()).code, Code::INVALID_REQUEST);
}

#[cfg(feature = "v2")]
#[test]
fn order_of_apiv2_is_split_in_the_same_way() {
    use wechatpay::v2;

    let sandbox = start();
    let (signer, v2_gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
    let mut order = v2::pay::Order::new(
        sandbox.appid(),
        OutTradeNo::new("v2-order").unwrap(),
        "公仔",
        TOTAL,
        std::net::Ipv4Addr::LOCALHOST.into(),
        sandbox.notify_url(),
    );
    order.profit_sharing = Some(true);
    v2::pay::prepay(signer, v2_gateway, &order, &v2::App).unwrap();
    sandbox.pay("v2-order").unwrap();
    let (appid, number) = (&order.appid, &order.out_trade_no);
    let paid = v2::pay::query(signer, v2_gateway, appid, number).unwrap();
    let id = paid.transaction_id.unwrap();
    sandbox.let_time_pass(60);
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    assert_eq!(profit_sharing::amount_left(signer, gateway, &id).unwrap(), NET);
    profit_sharing::add_receiver(signer, gateway, &new_receiver(&sandbox)).unwrap();
    let split = split_of(&sandbox, &id, &[(RECEIVER, 200)]);
    profit_sharing::split(signer, gateway, &split).unwrap();
    sandbox.finish_split(split.out_order_no.as_str()).unwrap();
    assert_eq!(profit_sharing::amount_left(signer, gateway, &id).unwrap(), Fen(NET.0 - 200));
}

/// Each part of a combined order is split and refunded as an order of its own.
#[test]
fn sub_order_of_a_combined_order_is_split_and_refunded() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut whole = crate::combined::order(&sandbox, "whole-split");
    let mut settle_info = SettleInfo::default();
    settle_info.profit_sharing = Some(true);
    (whole.sub_orders[0].total_amount, whole.sub_orders[0].settle_info) =
        (TOTAL, Some(settle_info));
    combine::app::prepay(signer, gateway, &whole).unwrap();
    sandbox.pay("whole-split").unwrap();
    sandbox.let_time_pass(60);
    let found = combine::query(signer, gateway, &whole.combine_out_trade_no).unwrap();
    let id_of = |part: &combine::SubOrder| {
        let of_part = found.sub_orders.iter().find(|it| it.out_trade_no == part.out_trade_no);
        of_part.unwrap().transaction_id.clone().unwrap()
    };
    let ids = [&whole.sub_orders[0], &whole.sub_orders[1]].map(id_of);
    let shop = Shop { sandbox, id: ids[0].clone() };
    shop.add(PERSON);
    assert_eq!(shop.left(), NET);
    shop.split(&shop.split_of(&[(PERSON, 200)])).unwrap();
    shop.sandbox.let_time_pass(60);
    assert_eq!(shop.query().progress, Progress::Finished);
    assert_eq!(shop.left(), Fen(NET.0 - 200));

    let refund = |number: &str, fen| {
        let number = OutRefundNo::new(number).unwrap();
        let refund = Refund::new(number, whole.sub_orders[0].out_trade_no.clone(), Fen(fen), TOTAL);
        refund::apply(shop.sandbox.signer(), shop.sandbox.gateway(), &refund)
    };
    let error = refund("part-refund-1", TOTAL.0).unwrap_err();
    assert_eq!(refused(&error).1, "INVALID_REQUEST");
    refund("part-refund-2", 700).unwrap();
    // The other part has no flag, and is another merchant's.
    let other = split_of(&shop.sandbox, &ids[1], &[(PERSON, 1)]);
    assert!(shop.split(&other).is_err());
}
