//! The sandbox's orders: what ends by itself, and what their users do not do.

use std::net::Ipv4Addr;

use wechatpay::combine::{self, SubOrder};
use wechatpay::pay::h5::{H5Info, H5Type, Scene};
use wechatpay::pay::{self, Order, SceneInfo, TradeState, app, h5, native};
use wechatpay::refund::{self, Refund};
use wechatpay::v2;
use wechatpay::{Fen, OutRefundNo, OutTradeNo, Time};
use wechatpay_sandbox::{OrderError, Sandbox};

use crate::support::{order, start};

const FIVE_MINUTES: u64 = 300;
const TWO_HOURS: u64 = 7_200;
const A_DAY: u64 = 86_400;

fn state(sandbox: &Sandbox, order: &Order) -> TradeState {
    pay::query(sandbox.signer(), sandbox.gateway(), &order.out_trade_no).unwrap().trade_state
}

fn combined(sandbox: &Sandbox) -> combine::Order {
    let part = |mchid, number| {
        SubOrder::new(mchid, OutTradeNo::new(number).unwrap(), "QQ公仔", Fen(10), "深圳分店")
    };
    let parts = vec![part(sandbox.mchid(), "part-1"), part(sandbox.neighbour_mchid(), "part-2")];
    let number = OutTradeNo::new("whole-1").unwrap();
    combine::Order::new(sandbox.appid(), number, parts, sandbox.notify_url())
}

/// A test can count orders and money without the records of its shop.
#[test]
fn sandbox_lists_its_orders_and_refunds() {
    let sandbox = start();
    let (signer, gateway, v2) = (sandbox.signer(), sandbox.gateway(), sandbox.v2());
    let (single, whole) = (order(&sandbox, "listed-1"), combined(&sandbox));
    app::prepay(signer, gateway, &single).unwrap();
    combine::app::prepay(signer, gateway, &whole).unwrap();
    let (address, number) = (Ipv4Addr::LOCALHOST.into(), OutTradeNo::new("listed-v2").unwrap());
    let (appid, url) = (sandbox.appid(), sandbox.notify_url());
    let old = v2::pay::Order::new(appid, number, "充值", Fen(5), address, url);
    v2::pay::prepay(v2.signer(), v2.gateway(), &old, &v2::App).unwrap();
    sandbox.pay("whole-1").unwrap();
    let number = OutRefundNo::new("listed-refund").unwrap();
    let part = OutTradeNo::new("part-1").unwrap();
    refund::apply(signer, gateway, &Refund::new(number, part, Fen(4), Fen(10))).unwrap();

    let listed = sandbox.orders();
    let listed: Vec<_> = listed
        .iter()
        .map(|it| {
            (it.out_trade_no.as_str(), it.version, it.is_combined, it.total, &*it.trade_state)
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("listed-v2", 2, false, Fen(5), "NOTPAY"),
            ("whole-1", 3, true, Fen(20), "SUCCESS"),
            ("listed-1", 3, false, Fen(100), "NOTPAY"),
        ]
    );
    let item = &sandbox.orders()[1].items[1];
    assert_eq!((item.mchid.as_str(), item.amount), (sandbox.neighbour_mchid(), Fen(10)));
    let refunds = sandbox.refunds();
    let refund = &refunds[0];
    assert_eq!((refunds.len(), refund.refund, refund.status.as_str()), (1, Fen(4), "PROCESSING"));
    assert_eq!((&*refund.out_refund_no, &*refund.out_trade_no), ("listed-refund", "part-1"));
    let numbers: Vec<_> =
        sandbox.take_notifications().into_iter().map(|notification| notification.number).collect();
    assert_eq!(numbers, ["whole-1"]);
}

#[test]
fn platform_closes_orders_of_apiv2() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let place = |number: &str| {
        let (address, url) = (Ipv4Addr::LOCALHOST.into(), sandbox.notify_url());
        let number = OutTradeNo::new(number).unwrap();
        let order = v2::pay::Order::new(sandbox.appid(), number, "充值", Fen(5), address, url);
        v2::pay::prepay(v2.signer(), v2.gateway(), &order, &v2::App).unwrap();
    };
    place("shut-1");
    place("shut-2");
    v2.pay("shut-2", &[]).unwrap();
    v2.close("shut-1").unwrap();
    assert_eq!(v2.pay("shut-1", &[]), Err(OrderError::Closed));
    let refused = ["shut-1", "shut-2", "shut-3"].map(|number| v2.close(number).unwrap_err());
    assert_eq!(refused, [OrderError::Closed, OrderError::Paid, OrderError::NotPlaced]);
}

#[test]
fn order_is_found_by_its_number_in_either_version() {
    let sandbox = start();
    let (signer, gateway, v2) = (sandbox.signer(), sandbox.gateway(), sandbox.v2());
    for number in ["both-1", "old-v2"] {
        let (address, url) = (Ipv4Addr::LOCALHOST.into(), sandbox.notify_url());
        let number = OutTradeNo::new(number).unwrap();
        let order = v2::pay::Order::new(sandbox.appid(), number, "充值", Fen(5), address, url);
        v2::pay::prepay(v2.signer(), v2.gateway(), &order, &v2::App).unwrap();
    }
    app::prepay(signer, gateway, &order(&sandbox, "both-1")).unwrap();
    combine::app::prepay(signer, gateway, &combined(&sandbox)).unwrap();

    sandbox.refuse_payment("old-v2").unwrap();
    sandbox.pay("old-v2").unwrap();
    assert_eq!(v2.close("old-v2"), Err(OrderError::Paid));
    sandbox.pay("both-1").unwrap();
    assert_eq!(sandbox.close("both-1"), Err(OrderError::Paid));
    v2.close("both-1").unwrap();

    assert_eq!(sandbox.pay("part-1"), Err(OrderError::NotPlaced));
    let coupon = sandbox.pay_with_coupon("whole-1", Fen(1));
    assert_eq!(coupon, Err(OrderError::CouponNotSupported));
    sandbox.pay("whole-1").unwrap();
}

#[test]
fn prepay_id_lasts_two_hours_and_is_renewed_by_the_order() {
    let sandbox = start();
    let order = order(&sandbox, "ticket-1");
    let place = || app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    let first = place();
    sandbox.let_time_pass(TWO_HOURS + 60);
    assert_eq!(sandbox.pay("ticket-1"), Err(OrderError::PaymentTokenExpired));
    assert_eq!(sandbox.refuse_payment("ticket-1"), Err(OrderError::PaymentTokenExpired));
    assert_eq!(state(&sandbox, &order), TradeState::NotPay);
    assert_ne!(first, place());
    sandbox.pay("ticket-1").unwrap();
    assert_eq!(state(&sandbox, &order), TradeState::Success);
}

#[test]
fn h5_url_lasts_five_minutes_and_code_url_two_hours() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let (by_h5, by_code) = (order(&sandbox, "ticket-h5"), order(&sandbox, "ticket-native"));
    let scene_info = SceneInfo::new(Ipv4Addr::LOCALHOST.into());
    let scene = Scene::new(scene_info, H5Info::new(H5Type::Wap));
    h5::prepay(signer, gateway, &by_h5, &scene).unwrap();
    native::prepay(signer, gateway, &by_code).unwrap();
    sandbox.let_time_pass(FIVE_MINUTES + 60);
    assert_eq!(sandbox.pay("ticket-h5"), Err(OrderError::PaymentTokenExpired));
    assert_eq!(sandbox.refuse_payment("ticket-native"), Ok(()));
    sandbox.let_time_pass(TWO_HOURS);
    assert_eq!(sandbox.pay("ticket-native"), Err(OrderError::PaymentTokenExpired));
}

#[test]
fn order_ends_with_its_own_time_or_after_seven_days() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let (mut short, long) = (order(&sandbox, "expire-1"), order(&sandbox, "expire-2"));
    let in_half_an_hour = Time::now().unwrap().unix_seconds() + 1_800;
    short.time_expire = Some(Time::from_unix_seconds(in_half_an_hour).unwrap());
    app::prepay(signer, gateway, &short).unwrap();
    app::prepay(signer, gateway, &long).unwrap();
    sandbox.let_time_pass(3_600);
    assert_eq!(sandbox.pay("expire-1"), Err(OrderError::Expired));
    assert_eq!(state(&sandbox, &short), TradeState::Closed);
    sandbox.let_time_pass(6 * A_DAY);
    app::prepay(signer, gateway, &long).unwrap();
    sandbox.let_time_pass(A_DAY);
    assert_eq!(sandbox.pay("expire-2"), Err(OrderError::Expired));
    app::prepay(signer, gateway, &long).unwrap_err();
}

#[test]
fn error_reports_why_an_order_cannot_be_paid() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    assert_eq!(sandbox.pay("nobody-1"), Err(OrderError::NotPlaced));
    assert_eq!(sandbox.refuse_payment("nobody-1"), Err(OrderError::NotPlaced));
    for number in ["paid-1", "closed-1"] {
        app::prepay(signer, gateway, &order(&sandbox, number)).unwrap();
    }
    sandbox.pay("paid-1").unwrap();
    assert_eq!(sandbox.pay("paid-1"), Err(OrderError::Paid));
    assert_eq!(sandbox.close("paid-1"), Err(OrderError::Paid));
    sandbox.close("closed-1").unwrap();
    assert_eq!(sandbox.pay("closed-1"), Err(OrderError::Closed));
}

#[test]
fn refused_payment_leaves_the_order_as_it_was() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = order(&sandbox, "refused-1");
    app::prepay(signer, gateway, &order).unwrap();
    sandbox.refuse_payment("refused-1").unwrap();
    assert_eq!(state(&sandbox, &order), TradeState::NotPay);
    assert!(sandbox.take_notifications().is_empty());
    sandbox.pay("refused-1").unwrap();

    let whole = combined(&sandbox);
    combine::app::prepay(signer, gateway, &whole).unwrap();
    sandbox.refuse_payment("whole-1").unwrap();
    sandbox.let_time_pass(TWO_HOURS + 60);
    assert_eq!(sandbox.refuse_payment("whole-1"), Err(OrderError::PaymentTokenExpired));
    assert_eq!(sandbox.pay("whole-1"), Err(OrderError::PaymentTokenExpired));
    combine::app::prepay(signer, gateway, &whole).unwrap();
    sandbox.pay("whole-1").unwrap();
    assert_eq!(sandbox.refuse_payment("whole-1"), Err(OrderError::Paid));
}

#[test]
fn orders_of_apiv2_end_the_same_way() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let address = Ipv4Addr::LOCALHOST.into();
    let number = |text| OutTradeNo::new(text).unwrap();
    let order = |text| {
        v2::pay::Order::new(
            sandbox.appid(),
            number(text),
            "公仔",
            Fen(1),
            address,
            sandbox.notify_url(),
        )
    };
    let place = |order: &v2::pay::Order| {
        v2::pay::prepay(v2.signer(), v2.gateway(), order, &v2::App).unwrap();
    };
    let (one, mut two) = (order("v2-ticket-1"), order("v2-ticket-2"));
    let later = Time::now().unwrap().unix_seconds() + 600;
    two.time_expire = Some(Time::from_unix_seconds(later).unwrap());
    assert_eq!(v2.pay("v2-ticket-1", &[]), Err(OrderError::NotPlaced));
    place(&one);
    place(&two);
    v2.refuse_payment("v2-ticket-2").unwrap();
    sandbox.let_time_pass(TWO_HOURS + 60);
    assert_eq!(v2.pay("v2-ticket-1", &[]), Err(OrderError::PaymentTokenExpired));
    assert_eq!(v2.refuse_payment("v2-ticket-1"), Err(OrderError::PaymentTokenExpired));
    assert_eq!(v2.pay("v2-ticket-2", &[]), Err(OrderError::Expired));
    place(&one);
    v2.pay("v2-ticket-1", &[]).unwrap();
    assert_eq!(v2.pay("v2-ticket-1", &[]), Err(OrderError::Paid));
    assert_eq!(v2.take_notifications().len(), 1);

    let part = |mch_id, text| {
        let (number, appid) = (number(text), sandbox.appid());
        v2::combine::SubOrder::new(appid, mch_id, number, "公仔", Fen(1), "深圳分店")
    };
    let parts =
        vec![part(sandbox.mchid(), "v2-part-1"), part(sandbox.neighbour_mchid(), "v2-part-2")];
    let whole = number("v2-whole-1");
    let address = Ipv4Addr::LOCALHOST;
    let whole =
        v2::combine::Order::new(sandbox.appid(), whole, parts, address, sandbox.notify_url());
    let place = || v2::combine::prepay(v2.signer(), v2.gateway(), &whole, &v2::App).unwrap();
    assert_eq!(v2.refuse_payment("v2-whole-1"), Err(OrderError::NotPlaced));
    place();
    v2.refuse_payment("v2-whole-1").unwrap();
    sandbox.let_time_pass(TWO_HOURS + 60);
    assert_eq!(v2.pay("v2-whole-1", &[]), Err(OrderError::PaymentTokenExpired));
    place();
    v2.pay("v2-whole-1", &[]).unwrap();
}

/// The neighbour signs for itself: no merchant sees or changes the other's orders.
#[test]
fn neighbour_has_orders_and_refunds_of_its_own() {
    let sandbox = start();
    let (neighbour, gateway) = (sandbox.neighbour_signer(), sandbox.gateway());
    let mut own = order(&sandbox, "neighbour-1");
    own.appid = sandbox.neighbour_appid();
    app::prepay(neighbour, gateway, &own).unwrap();
    sandbox.pay("neighbour-1").unwrap();
    let paid =
        pay::query(neighbour, gateway, &own.out_trade_no).unwrap().paid(neighbour, &own).unwrap();
    assert_eq!(paid.total(), own.total);
    let error = pay::query(sandbox.signer(), gateway, &own.out_trade_no).unwrap_err();
    assert_eq!(error.api().unwrap().code, wechatpay::Code::ORDER_NOT_EXIST);

    let number = OutRefundNo::new("neighbour-refund-1").unwrap();
    let refund = Refund::new(number.clone(), own.out_trade_no.clone(), Fen(1), own.total);
    assert!(refund::apply(sandbox.signer(), gateway, &refund).is_err());
    refund::apply(neighbour, gateway, &refund).unwrap();
    sandbox.succeed_refund("neighbour-refund-1").unwrap();
    let state = refund::query(neighbour, gateway, &number).unwrap();
    assert_eq!(state.status, refund::Status::Success);
}

/// A combined order is queried and paid by its initiator; each part belongs to its own merchant.
#[test]
fn neighbour_cannot_close_the_combined_order_of_another() {
    let sandbox = start();
    let whole = combined(&sandbox);
    combine::app::prepay(sandbox.signer(), sandbox.gateway(), &whole).unwrap();
    assert!(combine::close(sandbox.neighbour_signer(), sandbox.gateway(), &whole).is_err());
    sandbox.pay("whole-1").unwrap();
}
