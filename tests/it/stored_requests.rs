//! A request that is stored as the bytes that are sent, and read again, is the same request: for every kind and every value.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr};
use std::thread;

use wechatpay::combine::{self, SubOrder};
use wechatpay::encryption::Encrypted;
use wechatpay::pay::h5::{H5Info, H5Type, Scene};
use wechatpay::pay::{self, Order, Payer, SettleInfo, app, h5, jsapi, native};
use wechatpay::profit_sharing::{
    self, DeletedReceiver, NewReceiver, Receiver, RelationType, Remainder, Return, ReturnedSplit,
    Share, Split, Unfreeze,
};
use wechatpay::refund::{self, CardRefund, FundsAccount, GoodsDetail, Payment, Refund, RefundFrom};
use wechatpay::transfer::authorization::{
    self, AuthorizationNumber, AuthorizationRequest, AuthorizedTransfer, DeviceInfo, DeviceType,
};
use wechatpay::transfer::{self, AuthorizationInfo, ReceiveStyle, ReportInfo, Transfer};
use wechatpay::{
    AppId, AuthorizationId, Error, Fen, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo,
    OutOrderNo, OutRefundNo, OutReturnNo, OutTradeNo, OutUnfreezeNo, Outcome, Partner, RefundId,
    Signer, SplitId, SubMerchant, Time, TransactionId,
};

use crate::language::sources;
use crate::properties::{
    Drafts, GOODS_ID, NUMBER, Random, any_order, any_scene, any_subsidy_info, any_time, seed,
};

/// In each mode, for each kind of request.
const REQUESTS: usize = 2_000;

/// They share the requests: most of the time goes to making and reading long texts.
const THREADS: u64 = 4;

/// Both modes. The sub-merchant has an appid of its own, so that its users can be payers.
#[allow(clippy::print_stdout, reason = "a failure can be repeated with the seed")]
fn for_each_request(check: impl Fn(&mut Random, &Drafts, &dyn Signer) + Sync) {
    let seed = seed();
    println!("WECHATPAY_SEED={seed}");
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let check = &check;
            scope.spawn(move || {
                let (mut random, drafts) = (Random::new(seed.wrapping_add(thread)), Drafts::new());
                let mut sub_merchant = SubMerchant::new("1900000109").unwrap();
                sub_merchant.appid = Some(AppId::new("wxdace645e0bc2c424").unwrap());
                let partner = Partner::new(&drafts.pen, sub_merchant);
                for _ in 0..REQUESTS / usize::try_from(THREADS).unwrap() {
                    check(&mut random, &drafts, &drafts.pen);
                    check(&mut random, &drafts, &partner);
                }
            });
        }
    });
}

/// Likewise, for requests that only a direct merchant makes.
fn for_each_direct_request(check: impl Fn(&mut Random, &Drafts) + Sync) {
    for_each_request(|random, drafts, signer| {
        if signer.sub_merchant().is_none() {
            check(random, drafts);
        }
    });
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

fn any_openid(random: &mut Random, most: usize) -> OpenId {
    OpenId::new(random.made_of(GOODS_ID, 1, most)).unwrap()
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

        let openid = any_openid(random, 128);
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
    sub_order.settle_info = random.maybe(|random| {
        let mut settle_info = SettleInfo::default();
        settle_info.profit_sharing = Some(true);
        settle_info.subsidy_amount = random.maybe(|random| random.fen(1));
        settle_info
    });
    sub_order
}

fn any_combined_order(random: &mut Random) -> combine::Order {
    let is_of_partner = random.below(2) == 0;
    // Rarely the largest number that is allowed.
    let count = if random.below(16) == 0 { 10 } else { 2 + random.below(2) };
    let sub_orders = (0..count)
        .map(|index| any_sub_order(random, &format!("part-{index}"), is_of_partner))
        .collect();
    let mut order = combine::Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        OutTradeNo::new(random.made_of(NUMBER, 8, 32)).unwrap(),
        sub_orders,
        NotifyUrl::new("https://shop.example/notify").unwrap(),
    );
    order.time_start = random.maybe(|random| {
        Time::from_unix_seconds(i64::try_from(random.below(1_000_000_000)).unwrap()).unwrap()
    });
    order.subsidy_info = random.maybe(any_subsidy_info);
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
        let payer = Payer::new(any_openid(random, 128));
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

        let (account, name) = (any_ciphertext(random), any_ciphertext(random));
        let refund_id = RefundId::new(random.made_of(b"0123456789", 1, 32)).unwrap();
        let number = refund.out_refund_no;
        let card = CardRefund::new(refund_id.clone(), number, "ICBC_DEBIT", account, name);
        let stored = card.to_json(signer).unwrap();
        let read = CardRefund::from_json(signer, &stored, refund_id, card.encryption_serial());
        assert_eq!(read.unwrap(), card);
    });
}

fn any_ciphertext(random: &mut Random) -> Encrypted {
    let serial = "PUB_KEY_ID_0119000072912024101100397200000006";
    let text = format!("{}A==", random.made_of(b"ABCxyz019+/", 341, 341));
    Encrypted::new(serial, text).unwrap()
}

fn any_receiver(random: &mut Random, signer: &dyn Signer) -> Receiver {
    let receiver = match random.below(3) {
        0 => {
            let mchid = random.made_of(b"0123456789", 8, 10);
            return Receiver::merchant(mchid, any_ciphertext(random)).unwrap();
        }
        1 if signer.sub_merchant().is_some() => Receiver::sub_openid(&any_openid(random, 64)),
        _ => Receiver::openid(&any_openid(random, 64)),
    };
    match random.below(2) {
        0 => receiver,
        _ => receiver.with_name(any_ciphertext(random)),
    }
}

const SPLIT_NUMBER: &[u8] = b"ABCxyz019_-|*@";

#[test]
fn stored_split_is_the_same_split() {
    for_each_request(|random, drafts, signer| {
        let shares = (0..1 + random.below(4)).map(|_| {
            let (receiver, amount) = (any_receiver(random, signer), 1 + random.below(1_000_000));
            Share::new(receiver, Fen(u64::try_from(amount).unwrap()), random.text(80))
        });
        let mut shares: Vec<_> = shares.collect();
        let mut known = HashSet::new();
        shares.retain(|share| known.insert(format!("{:?}", share.receiver.account())));
        let mut split = Split::new(
            TransactionId::new(random.made_of(b"0123456789", 1, 32)).unwrap(),
            OutOrderNo::new(random.made_of(SPLIT_NUMBER, 1, 64)).unwrap(),
            shares,
            random.one_of(&[Remainder::StaysFrozen, Remainder::IsUnfrozen]),
        );
        split.appid = Some(AppId::new("wxd678efh567hg6787").unwrap());
        let stored = split.to_json(signer).unwrap();
        let read = Split::from_json(signer, &stored, split.encryption_serial()).unwrap();
        assert_eq!(read, split);
        // The gateway of this test has no key, so fields that are encrypted are not sent.
        if split.encryption_serial().is_none() {
            let call = profit_sharing::split(signer, &drafts.gateway, &split);
            assert_eq!(body_of(drafts, call), stored);
        }
    });
}

#[test]
fn stored_receiver_is_the_same_receiver() {
    for_each_request(|random, drafts, signer| {
        let appid = AppId::new("wxd678efh567hg6787").unwrap();
        let receiver = any_receiver(random, signer);
        let deleted = DeletedReceiver::new(appid.clone(), receiver.account().clone());
        let stored = deleted.to_json(signer).unwrap();
        assert_eq!(DeletedReceiver::from_json(signer, &stored).unwrap(), deleted);
        let call = profit_sharing::delete_receiver(signer, &drafts.gateway, &deleted);
        assert_eq!(body_of(drafts, call), stored);

        let is_custom = random.below(2) == 0;
        let relation = if is_custom { RelationType::Custom } else { RelationType::StoreOwner };
        let mut added = NewReceiver::new(appid, receiver, relation);
        added.custom_relation = is_custom.then(|| random.text(10));
        let stored = added.to_json(signer).unwrap();
        let read = NewReceiver::from_json(signer, &stored, added.encryption_serial()).unwrap();
        assert_eq!(read, added);
    });
}

#[test]
fn stored_return_and_unfreeze_are_the_same() {
    for_each_request(|random, drafts, signer| {
        let number = OutReturnNo::new(random.made_of(b"ABCxyz019_-*@", 1, 64)).unwrap();
        let split: ReturnedSplit = match random.below(2) {
            0 => OutOrderNo::new(random.made_of(SPLIT_NUMBER, 1, 64)).unwrap().into(),
            _ => SplitId::new(random.made_of(b"0123456789", 1, 64)).unwrap().into(),
        };
        // A merchant number that neither the signer nor its sub-merchant has.
        let mchid = format!("8{}", random.made_of(b"0123456789", 7, 9));
        let returned = Return::new(number, split, mchid, random.fen(1), random.text(80)).unwrap();
        let stored = returned.to_json(signer).unwrap();
        assert_eq!(Return::from_json(signer, &stored).unwrap(), returned);
        let call = profit_sharing::return_share(signer, &drafts.gateway, &returned);
        assert_eq!(body_of(drafts, call), stored);

        let unfreeze = Unfreeze::new(
            TransactionId::new(random.made_of(b"0123456789", 1, 32)).unwrap(),
            OutUnfreezeNo::new(random.made_of(SPLIT_NUMBER, 1, 64)).unwrap(),
            random.text(80),
        );
        let stored = unfreeze.to_json(signer).unwrap();
        assert_eq!(Unfreeze::from_json(signer, &stored).unwrap(), unfreeze);
        let call = profit_sharing::unfreeze(signer, &drafts.gateway, &unfreeze);
        assert_eq!(body_of(drafts, call), stored);
    });
}

fn any_scene_of_transfer(random: &mut Random) -> transfer::Scene {
    let mut text = || random.text(32);
    let (a, b, c) = (text(), text(), text());
    match random.below(4) {
        0 => transfer::Scene::cash_marketing(a, b),
        1 => transfer::Scene::insurance_claim(a, b, c),
        2 => transfer::Scene::purchase(a),
        _ => transfer::Scene::other("1099", vec![ReportInfo::new(random.text(15), a)]),
    }
}

fn any_alphanumeric(random: &mut Random) -> String {
    random.made_of(b"ABCxyz0189", 1, 32)
}

fn any_bill_no(random: &mut Random) -> OutBillNo {
    OutBillNo::new(any_alphanumeric(random)).unwrap()
}

/// An amount, and a name where there must be one.
fn any_payout(random: &mut Random) -> (Fen, Option<Encrypted>) {
    let amount = 10 + u64::try_from(random.below(400_000)).unwrap();
    let is_named = amount >= 200_000 || (amount >= 30 && random.below(2) == 0);
    (Fen(amount), is_named.then(|| any_ciphertext(random)))
}

#[test]
fn stored_transfer_is_the_same_transfer() {
    for_each_direct_request(|random, drafts| {
        let (signer, appid) = (&drafts.pen, AppId::new("wxd678efh567hg6787").unwrap());
        let url = NotifyUrl::new("https://shop.example/transfers").unwrap();
        let (amount, user_name) = any_payout(random);
        let (number, scene) = (any_bill_no(random), any_scene_of_transfer(random));
        let (openid, remark) = (any_openid(random, 64), random.text(32));
        let mut transfer =
            Transfer::new(appid.clone(), number, openid, scene, amount, remark.clone());
        transfer.user_name.clone_from(&user_name);
        transfer.notify_url = random.maybe(|_| url.clone());
        transfer.sponsor_mchid = random.maybe(|random| random.made_of(b"0123456789", 1, 32));
        let is_red = transfer.scene.id() == "1000" && amount <= Fen(20_000);
        transfer.user_recv_style = random
            .maybe(|_| if is_red { ReceiveStyle::RedPacket } else { ReceiveStyle::ConfirmPage });
        let authorization_no = OutAuthorizationNo::new(any_alphanumeric(random)).unwrap();
        let name = random.text(32);
        transfer.authorization_info = random
            .maybe(|_| AuthorizationInfo::new(authorization_no.clone(), name.clone(), url.clone()));
        let stored = transfer.to_json(signer).unwrap();
        let read = Transfer::from_json(signer, &stored, transfer.encryption_serial()).unwrap();
        assert_eq!(read, transfer);
        let is_plain = transfer.authorization_info.is_none() && transfer.sponsor_mchid.is_none();
        if is_plain && user_name.is_none() {
            let call = transfer::create(signer, &drafts.gateway, &transfer);
            assert_eq!(body_of(drafts, call), stored);
        }

        let authorization: AuthorizationNumber = match random.below(2) {
            0 => authorization_no.clone().into(),
            _ => AuthorizationId::new(any_alphanumeric(random)).unwrap().into(),
        };
        let (number, scene) = (any_bill_no(random), any_scene_of_transfer(random));
        let mut authorized =
            AuthorizedTransfer::new(authorization, appid.clone(), number, scene, amount, remark);
        authorized.user_name = user_name;
        let stored = authorized.to_json(signer).unwrap();
        let serial = authorized.encryption_serial();
        let read = AuthorizedTransfer::from_json(signer, &stored, serial).unwrap();
        assert_eq!(read, authorized);

        let openid = any_openid(random, 64);
        let mut request =
            AuthorizationRequest::new(authorization_no, appid, openid, "1099", name, url);
        request.user_recv_perception = random.maybe(|random| random.text(256));
        request.scene_info = random.maybe(|random| {
            let mut info = DeviceInfo::default();
            info.client_ip = random.maybe(|_| IpAddr::from(Ipv4Addr::LOCALHOST));
            info.device_id = random.maybe(|random| random.text(128));
            info.device_type = Some(DeviceType::Harmony);
            info
        });
        let stored = request.to_json(signer).unwrap();
        assert_eq!(AuthorizationRequest::from_json(signer, &stored).unwrap(), request);
        let call = authorization::request(signer, &drafts.gateway, &request);
        assert_eq!(body_of(drafts, call), stored);
    });
}

#[cfg(feature = "v2")]
mod v2 {
    use wechatpay::v2::pay::{AuthCode, MicropayOrder, TillPayment};
    use wechatpay::v2::refund::{Refund, RefundAccount};
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
                (Jsapi::new(any_openid(&mut random, 128)), Native::new("12235413214070356458058"));
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
    fn stored_v2_refund_is_the_same_refund() {
        let (mut random, signer) = (Random::new(seed()), key());
        for _ in 0..REQUESTS {
            let total = random.fen(1);
            let payment: Payment = if random.below(2) == 0 {
                OutTradeNo::new(random.made_of(NUMBER, 6, 32)).unwrap().into()
            } else {
                TransactionId::new(random.made_of(b"0123456789", 1, 32)).unwrap().into()
            };
            let mut refund = Refund::new(
                AppId::new("wx2421b1c4370ec43b").unwrap(),
                OutRefundNo::new(random.made_of(NUMBER, 1, 64)).unwrap(),
                payment,
                Fen(1 + u64::try_from(random.below(1_000)).unwrap()).min(total),
                total,
            );
            refund.refund_fee_type = random.maybe(|_| "CNY".to_owned());
            refund.refund_desc = random.maybe(|random| text(random, 80));
            refund.refund_account = random.maybe(|_| RefundAccount::RechargeFunds);
            refund.notify_url =
                random.maybe(|_| NotifyUrl::new("https://shop.example/refunds").unwrap());
            let stored = refund.to_xml(&signer).unwrap();
            assert!(!stored.contains("nonce_str") && !stored.contains("<sign"), "{stored}");
            assert_eq!(Refund::from_xml(&signer, stored.as_bytes()).unwrap(), refund);
            assert_eq!(refund.to_xml(&signer).unwrap(), stored);
        }
    }

    /// What is sent is read back; of a till, its stored state.
    #[test]
    fn stored_micropay_order_is_the_same_order() {
        let (mut random, signer, drafts) = (Random::new(seed()), key(), Drafts::new());
        let gateway = drafts.v2_gateway();
        let now = Time::from_unix_seconds(1_722_850_421).unwrap();
        for _ in 0..REQUESTS {
            let mut order = MicropayOrder::new(
                AppId::new("wx2421b1c4370ec43b").unwrap(),
                OutTradeNo::new(random.made_of(NUMBER, 6, 32)).unwrap(),
                text(&mut random, 40),
                random.fen(1),
                Ipv4Addr::LOCALHOST.into(),
            );
            order.device_info = random.maybe(|random| text(random, 10));
            order.attach = random.maybe(|random| text(random, 40));
            order.goods_tag = random.maybe(|random| text(random, 10));
            order.time_expire = random.maybe(any_time);
            order.receipt = random.below(2) == 0;
            order.profit_sharing = random.maybe(|random| random.below(2) == 0);
            order.limit_pay = random.maybe(|_| pay::LimitPay::NoCredit);
            let code = AuthCode::new(random.made_of(b"13", 18, 18).replacen('3', "1", 1));
            let code = code.unwrap_or_else(|_| AuthCode::new("134567890123456789").unwrap());
            pay::micropay(&signer, &gateway, &order, code).unwrap_err();
            let sent = drafts.last_body().unwrap();
            let (read, _) = MicropayOrder::from_xml(&signer, &sent).unwrap();
            assert_eq!(read, order);

            let till = TillPayment::new(&signer, order, now).unwrap();
            let read = TillPayment::from_json(&till.to_json().unwrap()).unwrap();
            assert_eq!((read.order(), read.to_json()), (till.order(), till.to_json()));
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
            let payer = Jsapi::new(any_openid(&mut random, 128));
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

/// A key's serial number or an encryptor comes behind the body, so that no call has to be looked up.
#[test]
fn from_json_takes_signer_and_body_first_everywhere() {
    let mut count = 0;
    for (path, text) in sources("src") {
        for name in ["pub fn from_json(", "pub fn from_plain_json("] {
            for rest in text.split(name).skip(1) {
                let arguments = rest.split_once(')').unwrap().0.split_whitespace();
                let arguments = arguments.collect::<Vec<_>>().join(" ");
                // The state of a payment at the till names no merchant.
                let is_till = path.ends_with("v2/pay/till.rs");
                let begins =
                    if is_till { "json: &[u8]" } else { "signer: &dyn Signer, json: &[u8]" };
                assert!(arguments.starts_with(begins), "{}: {arguments}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 12, "only {count} functions were found");
}
