//! A request that is stored as the bytes that are sent, and read again, is the same request: for every kind, however odd.

use std::net::{IpAddr, Ipv4Addr};

use wechatpay::combine::{self, SubOrder};
use wechatpay::encryption::Encrypted;
use wechatpay::pay::h5::{H5Info, H5Type, Scene};
use wechatpay::pay::{self, Order, Payer, app, h5, jsapi, native};
use wechatpay::refund::{self, CardRefund, FundsAccount, GoodsDetail, Payment, Refund, RefundFrom};
use wechatpay::{
    AppId, Error, Fen, NotifyUrl, OpenId, OutRefundNo, OutTradeNo, Outcome, Partner, RefundId,
    Signer, SubMerchant, TransactionId,
};

use crate::properties::{Drafts, GOODS_ID, NUMBER, Random, any_order, any_scene, any_time, seed};

const REQUESTS: usize = 150;

/// Both modes. The sub-merchant has an appid of its own, so that its users can be payers.
#[allow(clippy::print_stdout, reason = "a failure can be repeated with the seed")]
fn for_each_request(check: impl Fn(&mut Random, &Drafts, &dyn Signer)) {
    let seed = seed();
    println!("WECHATPAY_SEED={seed}");
    let (mut random, drafts) = (Random::new(seed), Drafts::new());
    let mut sub_merchant = SubMerchant::new("1900000109").unwrap();
    sub_merchant.appid = Some(AppId::new("wxdace645e0bc2c424").unwrap());
    let partner = Partner::new(&drafts.pen, sub_merchant);
    for _ in 0..REQUESTS {
        check(&mut random, &drafts, &drafts.pen);
        check(&mut random, &drafts, &partner);
    }
}

/// The body that a call would have sent.
fn body_of<T: std::fmt::Debug>(drafts: &Drafts, call: Result<T, Error>) -> Vec<u8> {
    let error = call.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    drafts.last_body().unwrap_or_else(|| panic!("{error}"))
}

/// An address that IPv6 writes for IPv4 is sent, and read again, as IPv4.
fn canonical(mut order: Order) -> Order {
    if let Some(scene_info) = &mut order.scene_info {
        scene_info.payer_client_ip = scene_info.payer_client_ip.to_canonical();
    }
    order
}

fn any_single_order(random: &mut Random) -> Order {
    let number = random.made_of(NUMBER, 6, 32);
    canonical(any_order(random, &number))
}

fn any_openid(random: &mut Random) -> OpenId {
    OpenId::new(random.made_of(GOODS_ID, 1, 128)).unwrap()
}

fn any_h5_info(random: &mut Random) -> H5Info {
    let mut h5_info = H5Info::new(random.one_of(&[H5Type::Ios, H5Type::Android, H5Type::Wap]));
    h5_info.app_name = random.maybe(|random| random.text(64));
    h5_info.bundle_id = random.maybe(|random| random.text(128));
    h5_info
}

#[test]
fn stored_single_order_is_the_same_order() {
    for_each_request(|random, drafts, signer| {
        let order = any_single_order(random);
        let stored = order.to_json(signer).unwrap();
        assert_eq!(Order::from_json(signer, &stored).unwrap(), order);
        assert_eq!(body_of(drafts, app::prepay(signer, &drafts.gateway, &order)), stored);
        assert_eq!(body_of(drafts, native::prepay(signer, &drafts.gateway, &order)), stored);

        let openid = any_openid(random);
        let payer = match signer.sub_merchant() {
            Some(_) if random.below(2) == 0 => Payer::of_sub_merchant(openid),
            _ => Payer::new(openid),
        };
        let stored = jsapi::to_json(signer, &order, &payer).unwrap();
        let body = body_of(drafts, jsapi::prepay(signer, &drafts.gateway, &order, &payer));
        assert_eq!(body, stored);
        assert_eq!(jsapi::from_json(signer, &stored).unwrap(), (order.clone(), payer));

        let mut order = order;
        let scene_info = order.scene_info.take().unwrap_or_else(|| any_scene(random));
        let mut scene = Scene::new(scene_info, any_h5_info(random));
        let address = &mut scene.scene_info.payer_client_ip;
        *address = address.to_canonical();
        let stored = h5::to_json(signer, &order, &scene).unwrap();
        assert_eq!(body_of(drafts, h5::prepay(signer, &drafts.gateway, &order, &scene)), stored);
        assert_eq!(h5::from_json(signer, &stored).unwrap(), (order, scene));
    });
}

fn any_sub_order(random: &mut Random, number: &str, is_of_partner: bool) -> SubOrder {
    let number = OutTradeNo::new(number).unwrap();
    let total = Fen(1 + u64::try_from(random.below(1_000_000_000)).unwrap());
    let (description, attach) = (random.text(127), random.text(128));
    let mut sub_order = if is_of_partner {
        let sub_merchant = SubMerchant::new(random.made_of(b"0123456789", 8, 10)).unwrap();
        SubOrder::of_sub_merchant(sub_merchant, number, description, total, attach)
    } else {
        let mchid = random.made_of(b"0123456789", 8, 10);
        SubOrder::new(mchid, number, description, total, attach)
    };
    sub_order.detail = random.maybe(|random| random.text(300));
    sub_order.goods_tag = random.maybe(|random| random.text(32));
    sub_order
}

fn any_combined_order(random: &mut Random) -> combine::Order {
    let is_of_partner = random.below(2) == 0;
    let sub_orders = (0..2 + random.below(9))
        .map(|index| any_sub_order(random, &format!("part-{index}"), is_of_partner))
        .collect();
    let mut order = combine::Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        OutTradeNo::new(random.made_of(NUMBER, 8, 32)).unwrap(),
        sub_orders,
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    );
    order.time_expire = random.maybe(any_time);
    order.trade_scenario = random.maybe(|random| random.text(32));
    order.scene_info = random.maybe(|random| {
        let address =
            IpAddr::from(Ipv4Addr::from_bits(u32::try_from(random.below(1 << 32)).unwrap()));
        let mut scene_info = combine::SceneInfo::new(address);
        scene_info.device_id = random.maybe(|random| random.text(16));
        scene_info
    });
    order
}

#[test]
fn stored_combined_order_is_the_same_order() {
    for_each_request(|random, drafts, signer| {
        let order = any_combined_order(random);
        let payer = Payer::new(any_openid(random));
        let stored = order.to_json(signer).unwrap();
        let call = combine::native::prepay(signer, &drafts.gateway, &order);
        assert_eq!(body_of(drafts, call), stored);
        assert_eq!(combine::Order::from_json(signer, &stored).unwrap(), order);

        let mut with_payer = order.clone();
        with_payer.payer = Some(payer.clone());
        let stored = with_payer.to_json(signer).unwrap();
        let call = combine::app::prepay(signer, &drafts.gateway, &with_payer);
        assert_eq!(body_of(drafts, call), stored);
        assert_eq!(combine::Order::from_json(signer, &stored).unwrap(), with_payer);

        let stored = combine::jsapi::to_json(signer, &order, &payer).unwrap();
        let call = combine::jsapi::prepay(signer, &drafts.gateway, &order, &payer);
        assert_eq!(body_of(drafts, call), stored);
        let read = combine::jsapi::from_json(signer, &stored).unwrap();
        assert_eq!(read, (order.clone(), payer));

        let mut order = order;
        order.scene_info = None;
        let scene = combine::h5::Scene::new(
            IpAddr::from(Ipv4Addr::LOCALHOST),
            random.text(16),
            any_h5_info(random),
        );
        let stored = combine::h5::to_json(signer, &order, &scene).unwrap();
        let call = combine::h5::prepay(signer, &drafts.gateway, &order, &scene);
        assert_eq!(body_of(drafts, call), stored);
        assert_eq!(combine::h5::from_json(signer, &stored).unwrap(), (order, scene));
    });
}

fn any_refund(random: &mut Random) -> Refund {
    let total = random.fen(1);
    let refund = Fen(1 + u64::try_from(random.below(1_000)).unwrap()).min(total);
    let payment: Payment = if random.below(2) == 0 {
        OutTradeNo::new(random.made_of(NUMBER, 6, 32)).unwrap().into()
    } else {
        TransactionId::new(random.made_of(b"0123456789", 1, 32)).unwrap().into()
    };
    let number = OutRefundNo::new(random.made_of(NUMBER, 1, 64)).unwrap();
    let mut refund = Refund::new(number, payment, refund, total);
    refund.reason = random.maybe(|random| random.text(26));
    refund.notify_url = random.maybe(|_| NotifyUrl::new("https://shop.example/refunds").unwrap());
    refund.funds_account = random.maybe(|_| FundsAccount::Available);
    refund.from = vec![RefundFrom::new(FundsAccount::Unavailable, random.fen(1)); random.below(3)];
    for _ in 0..random.below(3) {
        let id = random.made_of(GOODS_ID, 1, 32);
        let (price, amount) = (random.fen(0), random.fen(0));
        let mut goods = GoodsDetail::new(id, price, amount, 1);
        goods.goods_name = random.maybe(|random| random.text(256));
        refund.goods_detail.push(goods);
    }
    refund
}

#[test]
fn stored_refund_is_the_same_refund() {
    for_each_request(|random, drafts, signer| {
        let refund = any_refund(random);
        let stored = refund.to_json(signer).unwrap();
        assert_eq!(body_of(drafts, refund::apply(signer, &drafts.gateway, &refund)), stored);
        assert_eq!(Refund::from_json(signer, &stored).unwrap(), refund);

        let serial = "PUB_KEY_ID_0119000072912024101100397200000006";
        let mut ciphertext = || {
            let text = format!("{}A==", random.made_of(b"ABCxyz019+/", 341, 341));
            Encrypted::new(serial, text).unwrap()
        };
        let (account, name) = (ciphertext(), ciphertext());
        let refund_id = RefundId::new(random.made_of(b"0123456789", 1, 32)).unwrap();
        let number = refund.out_refund_no;
        let card = CardRefund::new(refund_id.clone(), number, "ICBC_DEBIT", account, name);
        let stored = card.to_json(signer).unwrap();
        let read = CardRefund::from_json(signer, refund_id, &stored, card.encryption_serial());
        assert_eq!(read.unwrap(), card);
    });
}

#[cfg(feature = "v2")]
mod v2 {
    use wechatpay::v2::{AnyTrade, App, H5, HmacSha256Key, Jsapi, Native, Trade, combine, pay};

    use super::*;

    fn key() -> HmacSha256Key {
        HmacSha256Key::new("1900007291", "8934e7d15453e97507ef794cf7b0519d").unwrap()
    }

    /// What breaks XML. APIv2 refuses control characters, and blanks at the ends.
    fn text(random: &mut Random, most: usize) -> String {
        let length = 1 + random.below(most);
        let characters = ['<', '>', '&', ']', '"', '\'', '%', '+', 'x', '7', '形', '￥'];
        (0..length).map(|_| random.one_of(&characters)).collect()
    }

    fn any_v2_order(random: &mut Random) -> pay::Order {
        let mut order = pay::Order::new(
            AppId::new("wx2421b1c4370ec43b").unwrap(),
            OutTradeNo::new(random.made_of(NUMBER, 6, 32)).unwrap(),
            text(random, 40),
            random.fen(1),
            "14.23.150.211".parse().unwrap(),
            NotifyUrl::new("https://shop.example/notify").unwrap(),
        );
        order.device_info = random.maybe(|random| text(random, 10));
        order.attach = random.maybe(|random| text(random, 40));
        order.goods_tag = random.maybe(|random| text(random, 10));
        order.time_expire = random.maybe(any_time);
        order.receipt = random.below(2) == 0;
        order.profit_sharing = random.maybe(|random| random.below(2) == 0);
        order.limit_pay = random.maybe(|_| pay::LimitPay::NoCredit);
        order.detail = random.maybe(|random| {
            let mut detail = pay::Detail::default();
            detail.cost_price = random.maybe(|random| random.fen(0));
            let id = random.made_of(GOODS_ID, 1, 32);
            detail.goods_detail.push(pay::GoodsDetail::new(id, 1, random.fen(0)));
            detail.into()
        });
        order
    }

    #[test]
    fn stored_v2_order_is_the_same_order() {
        let (mut random, signer) = (Random::new(seed()), key());
        for _ in 0..REQUESTS {
            let order = any_v2_order(&mut random);
            let (jsapi, native) =
                (Jsapi::new(any_openid(&mut random)), Native::new("12235413214070356458058"));
            let page = wechatpay::v2::H5Info::Wap {
                wap_url: "https://shop.example".into(),
                wap_name: "商店".into(),
            };
            let h5 = H5::new(page);
            let check = |xml: String, kind: AnyTrade| {
                assert!(!xml.contains("nonce_str") && !xml.contains("<sign"), "{xml}");
                let read = pay::Order::from_xml(&signer, xml.as_bytes());
                assert_eq!(read.unwrap(), (order.clone(), kind));
            };
            check(order.to_xml(&signer, &App).unwrap(), AnyTrade::App(App));
            check(order.to_xml(&signer, &jsapi).unwrap(), AnyTrade::Jsapi(jsapi));
            check(order.to_xml(&signer, &native).unwrap(), AnyTrade::Native(native));
            check(order.to_xml(&signer, &h5).unwrap(), AnyTrade::H5(h5));
        }
    }

    #[test]
    fn stored_v2_combined_order_is_the_same_order() {
        let (mut random, signer) = (Random::new(seed()), key());
        for _ in 0..REQUESTS {
            let sub_orders = (0..1 + random.below(5))
                .map(|index| {
                    let number = OutTradeNo::new(format!("part-{index}")).unwrap();
                    let appid = AppId::new("wx2421b1c4370ec43b").unwrap();
                    let (body, total) =
                        (text(&mut random, 30), Fen(1 + u64::try_from(index).unwrap()));
                    combine::SubOrder::new(
                        appid,
                        "1900000109",
                        number,
                        body,
                        total,
                        text(&mut random, 30),
                    )
                })
                .collect();
            let order = combine::Order::new(
                AppId::new("wx2421b1c4370ec43b").unwrap(),
                OutTradeNo::new(random.made_of(NUMBER, 6, 32)).unwrap(),
                sub_orders,
                Ipv4Addr::LOCALHOST,
                NotifyUrl::new("https://shop.example/notify").unwrap(),
            );
            let payer = Jsapi::new(any_openid(&mut random));
            fn stored(order: &combine::Order, trade: &impl Trade) -> String {
                order.to_xml(&key(), trade).unwrap()
            }
            let read = combine::Order::from_xml(&signer, stored(&order, &App).as_bytes());
            assert_eq!(read.unwrap(), (order.clone(), AnyTrade::App(App)));
            let read = combine::Order::from_xml(&signer, stored(&order, &payer).as_bytes());
            assert_eq!(read.unwrap(), (order, AnyTrade::Jsapi(payer)));
        }
    }
}

#[test]
fn stored_transaction_still_proves_the_payment() {
    let sandbox = crate::support::start();
    let order = sandbox.order("order-1").unwrap();
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    sandbox.pay("order-1").unwrap();
    let transaction = pay::query(sandbox.signer(), sandbox.gateway(), &order.out_trade_no).unwrap();
    let stored = serde_json::to_string(&transaction).unwrap();
    let read: pay::Transaction = serde_json::from_str(&stored).unwrap();
    assert_eq!(read, transaction);
    let expected = pay::Expected::new(&order.appid, &order.out_trade_no, order.total);
    let paid = read.paid(sandbox.signer(), expected).unwrap();
    assert_eq!(paid, transaction.paid(sandbox.signer(), &order).unwrap());
    let other = pay::Expected::new(&order.appid, &order.out_trade_no, Fen(order.total.0 + 1));
    let reason = read.paid(sandbox.signer(), other).unwrap_err();
    assert_eq!(reason, pay::NotPaid::Differs("amount.total"));
}

#[test]
fn stored_refund_state_and_outcome_are_the_same() {
    let sandbox = crate::support::start();
    let order = sandbox.order("order-1").unwrap();
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    sandbox.pay("order-1").unwrap();
    let number = OutRefundNo::new("refund-1").unwrap();
    let refund = Refund::new(number, order.out_trade_no.clone(), Fen(1), order.total);
    let state = refund::apply(sandbox.signer(), sandbox.gateway(), &refund).unwrap();
    let stored = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<refund::State>(&stored).unwrap(), state);
    let stored = serde_json::to_string(&Outcome::NotSent).unwrap();
    assert_eq!(stored, "\"not_sent\"");
    assert_eq!(serde_json::from_str::<Outcome>(&stored).unwrap(), Outcome::NotSent);
}
