//! The whole life of one order, as a merchant sees it.

use wechatpay::bill::{self, RowState, TradeBill};
use wechatpay::notify::{self, Event, EventType, Notification};
use wechatpay::pay::{self, NotPaid, TradeState};
use wechatpay::pay::{Payer, jsapi};
use wechatpay::refund::{self, Refund, Status};
use wechatpay::{ApiV3Key, Fen, Gateway, OpenId, OutRefundNo, RsaSigner, Signer, Time};
use wechatpay_sandbox::Sandbox;

use crate::support::{noon, order, start};

#[test]
fn complete_life_of_an_order_from_prepay_to_bill() {
    let sandbox = start();
    noon(&sandbox);
    let (signer, gateway): (&RsaSigner, &Gateway) = (sandbox.signer(), sandbox.gateway());
    let mut order = order(&sandbox, "life-of-1");
    order.attach = Some("深圳分店".into());

    // The order is placed; nothing is paid yet.
    let payer = Payer::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap());
    let prepay_id = jsapi::prepay(signer, gateway, &order, &payer).unwrap();
    let parameters = jsapi::invoke(signer, &order, &prepay_id).unwrap();
    assert_eq!(parameters.package, format!("prepay_id={prepay_id}"));
    let unpaid = pay::query(signer, gateway, &order.out_trade_no).unwrap();
    assert_eq!(unpaid.paid(signer.mchid(), &order), Err(NotPaid::State(TradeState::NotPay)));

    // The payer pays, and a notification comes.
    sandbox.pay("life-of-1").unwrap();
    let event = next_event(&sandbox);
    assert_eq!(event.event_type, EventType::TransactionSuccess);
    let Notification::Transaction(transaction) = event.notification else { panic!("{event:?}") };
    let paid = transaction.paid(signer.mchid(), &order).unwrap();
    assert_eq!(transaction.attach.as_deref(), Some("深圳分店"));

    // The query returns the same, by either number.
    let queried = pay::query(signer, gateway, &order.out_trade_no).unwrap();
    assert_eq!(queried.paid(signer.mchid(), &order).unwrap(), paid);
    let by_id = pay::query_by_id(signer, gateway, paid.transaction_id()).unwrap();
    assert_eq!(by_id, queried);

    // A part is refunded: first accepted, then finished.
    let number = OutRefundNo::new("life-of-1-refund").unwrap();
    let refund = Refund::new(number, order.out_trade_no.clone(), Fen(60), order.total);
    let taken = refund::apply(signer, gateway, &refund).unwrap();
    assert_eq!((&taken.status, taken.amount.refund), (&Status::Processing, Fen(60)));
    sandbox.succeed_refund("life-of-1-refund").unwrap();
    let event = next_event(&sandbox);
    assert_eq!(event.event_type, EventType::RefundSuccess);
    let Notification::Refund(refunded) = event.notification else { panic!("{event:?}") };
    assert_eq!((&refunded.status, &refunded.refund_id), (&Status::Success, &taken.refund_id));
    let queried = refund::query(signer, gateway, &refund.out_refund_no).unwrap();
    assert_eq!((queried.status, queried.success_time), (Status::Success, refunded.success_time));

    // After a refund, the order no longer counts as paid.
    let transaction = pay::query(signer, gateway, &order.out_trade_no).unwrap();
    assert_eq!(transaction.paid(signer.mchid(), &order), Err(NotPaid::State(TradeState::Refund)));

    // Two days later, the bill of that day contains the payment and the refund.
    sandbox.let_time_pass(2 * 86_400);
    let day = bill::Date::of(paid.success_time());
    let link = bill::trade(signer, gateway, &bill::Trade::new(day)).unwrap();
    let mut file = Vec::new();
    bill::download(signer, gateway, &link, &mut file, &mut |_| ()).unwrap();
    let mut bill = TradeBill::new(file.as_slice()).unwrap();
    let rows: Vec<_> = (&mut bill).collect::<Result<_, _>>().unwrap();
    assert_eq!(bill.finish().unwrap().rows, 2);
    let payment = rows.iter().find(|row| row.state == RowState::Success).unwrap();
    assert_eq!(
        (payment.out_trade_no.as_str(), payment.order_total),
        ("life-of-1", Some(order.total))
    );
    let refunded = rows.iter().find(|row| row.state == RowState::Refund).unwrap();
    let refunded = refunded.refund.as_ref().unwrap();
    assert_eq!(refunded.out_refund_no.as_deref(), Some("life-of-1-refund"));
    assert_eq!(refunded.requested, Some(Fen(60)));
}

/// The one notification that is on its way, opened as a merchant opens it.
fn next_event(sandbox: &Sandbox) -> Event {
    let notifications: Vec<wechatpay_sandbox::Notification> = sandbox.take_notifications();
    assert_eq!(notifications.len(), 1);
    let headers =
        notifications[0].headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()));
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let keys = sandbox.platform_keys();
    notify::open(keys, &key, headers, &notifications[0].body, Time::now().unwrap()).unwrap()
}
