//! Combined orders of 合单下单.

use wechatpay::pay::{NotPaid, TradeState};
use wechatpay::v2::Native;
use wechatpay::v2::combine;
use wechatpay::v2::notify::{self, Notification};
use wechatpay::v2::pay;
use wechatpay::{Code, Fen};

use crate::support::{api, start};
use crate::v2::{combined, payer, wap};

#[test]
fn combined_order_is_placed_paid_and_each_part_proved() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    let mut order = combined(&sandbox, "combined-1");
    order.device_info = Some("TEST01".into());
    order.sub_orders[0].detail = Some("商品详细描述".into());
    // As in document 002.
    order.sub_orders[1].fee_type = "USD".into();
    let prepay_id = combine::prepay(signer, gateway, &order, &payer()).unwrap();
    let app = pay::invoke_app(signer, &order, &prepay_id).unwrap();
    assert_eq!(
        (app.appid.as_str(), app.partnerid.as_str()),
        (sandbox.appid().as_str(), sandbox.mchid())
    );
    let query = || {
        let number = &order.combine_out_trade_no;
        combine::query(signer, gateway, &order.combine_appid, number).unwrap()
    };
    assert_eq!(query().paid(sandbox.mchid(), &order), Err(NotPaid::State(TradeState::NotPay)));
    v2.pay("combined-1", &[]).unwrap();
    let found = query();
    assert_eq!(found.device_info.as_deref(), Some("TEST01"));
    let paid = found.paid(sandbox.mchid(), &order).unwrap();
    let totals: Vec<Fen> = paid.iter().map(|paid| paid.total()).collect();
    assert_eq!(totals, [Fen(1234), Fen(10)]);
    // A sub-order is found by its own number too.
    let part = &order.sub_orders[0];
    let single = pay::query(signer, gateway, &part.appid, &part.out_trade_no).unwrap();
    assert_eq!(single.trade_state, TradeState::Success);
    let mut other = order.clone();
    other.sub_orders[1].total_fee = Fen(11);
    assert!(found.paid(sandbox.mchid(), &other).unwrap_err().to_string().contains("total_fee"));

    let error = combine::close(signer, gateway, &order).unwrap_err();
    assert_eq!(api(&error).code, Code::ORDERPAID);
    let notifications = v2.take_notifications();
    let Notification::Combined(notified) = notify::open(signer, &notifications[0].body).unwrap()
    else {
        panic!("not a combined order");
    };
    assert_eq!(notified.paid(sandbox.mchid(), &order).unwrap(), paid);
    assert!(notify::open(v2.md5_signer(), &notifications[0].body).is_err());
}

#[test]
fn combined_order_closes_only_with_all_sub_orders() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (signer, gateway) = (v2.signer(), v2.gateway());
    let native = combined(&sandbox, "combined-2");
    let code_url = combine::prepay(signer, gateway, &native, &Native::new("1234567890"));
    assert!(code_url.unwrap().as_str().starts_with("weixin://"));
    let h5 = combined(&sandbox, "combined-3");
    combine::prepay(signer, gateway, &h5, &wap()).unwrap();
    sandbox.let_time_pass(61);
    combine::close(signer, gateway, &h5).unwrap();
    combine::close(signer, gateway, &h5).unwrap();
    let number = &h5.combine_out_trade_no;
    let found = combine::query(signer, gateway, &h5.combine_appid, number).unwrap();
    assert_eq!(found.trade_state, Some(TradeState::Closed));
    assert_eq!(found.sub_orders().unwrap().len(), 2);
    let mut forgotten = native;
    forgotten.sub_orders.pop();
    let error = combine::close(signer, gateway, &forgotten).unwrap_err();
    assert_eq!(api(&error).code, Code::INVALID_PARAMS);
}
