//! The bytes that are signed are the bytes that are sent, and the same order becomes the same bytes:
//! for every order that is valid, however unusual.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::digest;
use serde_json::{Value, json};
use wechatpay::pay::{
    Detail, GoodsDetail, LimitPay, Order, SceneInfo, SettleInfo, StoreInfo, SubsidyDetail,
    SubsidyInfo, SubsidyPeriodType, SubsidyPlan, app,
};
use wechatpay::{
    AppId, ErrorKind, Fen, Gateway, NotifyUrl, OutTradeNo, Outcome, PlatformKeys, Request,
    Response, SignError, Signature, Signer, Time, Transport, TransportError,
};

use crate::support::start;

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| make(self))
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Often the least or the greatest length.
    fn length(&mut self, least: usize, most: usize) -> usize {
        match self.below(4) {
            0 => least,
            1 => most,
            _ => least + self.below(most - least + 1),
        }
    }

    pub(crate) fn made_of(&mut self, characters: &[u8], least: usize, most: usize) -> String {
        let length = self.length(least, most);
        (0..length).map(|_| char::from(self.one_of(characters))).collect()
    }

    /// Any character that takes at most three bytes, above all the awkward ones.
    fn character(&mut self) -> char {
        match self.below(4) {
            0 => self.one_of(AWKWARD),
            1 => char::from(u8::try_from(self.below(128)).unwrap()),
            2 => self.one_of(&['形', '象', '店', '深', '圳', '腾', '大', '公', '仔', '￥', '。']),
            _ => {
                let code = u32::try_from(self.below(0x1_0000)).unwrap();
                char::from_u32(code).unwrap_or('\u{FFFD}')
            }
        }
    }

    pub(crate) fn text(&mut self, most: usize) -> String {
        let length = self.length(1, most);
        (0..length).map(|_| self.character()).collect()
    }

    /// An amount of at least this many fen, often the least or the greatest.
    pub(crate) fn fen(&mut self, least: u64) -> Fen {
        match self.below(4) {
            0 => Fen(least),
            1 => Fen::MAX,
            2 => Fen(least + self.next() % 1_000_000),
            _ => Fen((self.next() >> 1).max(least)),
        }
    }
}

/// Characters that break quoting, lines, scripts and text direction.
const AWKWARD: &[char] = &[
    '"', '\\', '/', '\'', '<', '&', '%', '+', '\0', '\u{1}', '\u{8}', '\t', '\n', '\u{B}', '\r',
    '\u{1B}', '\u{1F}', '\u{7F}', '\u{85}', '\u{A0}', '\u{200D}', '\u{2028}', '\u{2029}',
    '\u{202E}', '\u{D7FF}', '\u{E000}', '\u{FEFF}', '\u{FFFD}', '\u{FFFE}', '\u{FFFF}', '\u{301}',
];

pub(crate) const NUMBER: &[u8] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-|*";
/// The same without the last two.
pub(crate) const GOODS_ID: &[u8] = NUMBER.split_at(64).0;

/// The one that is asked for, else a new one every time.
pub(crate) fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
    std::env::var("WECHATPAY_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap())
}

pub(crate) fn any_order(random: &mut Random, out_trade_no: &str) -> Order {
    let path = random.made_of(b"abcXYZ019/.-_~%", 0, 200);
    let mut order = Order::new(
        AppId::new("wxd678efh567hg6787").unwrap(),
        OutTradeNo::new(out_trade_no).unwrap(),
        random.text(127),
        random.fen(1),
        NotifyUrl::new(format!("https://shop.example/{path}")).unwrap(),
    );
    order.attach = random.maybe(|random| random.text(128));
    order.goods_tag = random.maybe(|random| random.text(32));
    order.support_fapiao = random.maybe(|random| random.below(2) == 0);
    order.time_expire = random.maybe(any_time);
    order.detail = random.maybe(any_detail);
    order.scene_info = random.maybe(any_scene);
    order.settle_info = random.maybe(|random| {
        let mut settle_info = SettleInfo::default();
        settle_info.profit_sharing = random.maybe(|random| random.below(2) == 0);
        settle_info
    });
    order.subsidy_info = random.maybe(any_subsidy_info);
    if random.below(2) == 0 {
        order.limit_pay = vec![LimitPay::NoCredit, LimitPay::NoBalance];
    }
    order
}

pub(crate) fn any_subsidy_info(random: &mut Random) -> SubsidyInfo {
    let plans = (0..1 + random.below(3)).map(|_| SubsidyPlan::new(random.one_of(&[3, 6, 12]), 100));
    let detail = SubsidyDetail::new(SubsidyPeriodType::Daily, plans.collect());
    SubsidyInfo::new(vec![detail; 1 + random.below(2)])
}

pub(crate) fn any_time(random: &mut Random) -> Time {
    let year_2100 = 4_102_444_800;
    let seconds = i64::try_from(random.below(1_000_000_000)).unwrap();
    Time::from_unix_seconds(year_2100 + seconds).unwrap()
}

fn any_detail(random: &mut Random) -> Detail {
    let mut detail = Detail::default();
    detail.cost_price = random.maybe(|random| random.fen(0));
    detail.invoice_id = random.maybe(|random| random.text(32));
    for _ in 0..random.below(3) {
        let id = random.made_of(GOODS_ID, 1, 32);
        let mut goods = GoodsDetail::new(id, random.fen(1).0, random.fen(0));
        goods.wechatpay_goods_id = random.maybe(|random| random.text(32));
        goods.goods_name = random.maybe(|random| random.text(256));
        detail.goods_detail.push(goods);
    }
    detail
}

pub(crate) fn any_scene(random: &mut Random) -> SceneInfo {
    let address: IpAddr = if random.below(2) == 0 {
        Ipv4Addr::from_bits(u32::try_from(random.below(1 << 32)).unwrap()).into()
    } else {
        Ipv6Addr::from_bits(u128::from(random.next()) << 64 | u128::from(random.next())).into()
    };
    let mut scene_info = SceneInfo::new(address);
    scene_info.device_id = random.maybe(|random| random.text(32));
    scene_info.store_info = random.maybe(|random| {
        let mut store = StoreInfo::new(random.text(32));
        store.name = random.maybe(|random| random.text(256));
        store.area_code = random.maybe(|random| random.text(32));
        store.address = random.maybe(|random| random.text(512));
        store
    });
    scene_info
}

/// The expected body of an order, written independently of the library's own types.
fn said(order: &Order, mchid: &str) -> Value {
    let mut body = json!({
        "appid": order.appid.as_str(),
        "mchid": mchid,
        "description": order.description,
        "out_trade_no": order.out_trade_no.as_str(),
        "notify_url": order.notify_url.as_str(),
        "amount": {"total": order.total.0, "currency": "CNY"},
        "time_expire": order.time_expire.map(|time| time.to_string()),
        "attach": order.attach,
        "goods_tag": order.goods_tag,
        "support_fapiao": order.support_fapiao,
        "detail": order.detail.as_ref().map(|detail| json!({
            "cost_price": detail.cost_price.map(|price| price.0),
            "invoice_id": detail.invoice_id,
            "goods_detail": detail.goods_detail.iter().map(|goods| json!({
                "merchant_goods_id": goods.merchant_goods_id,
                "wechatpay_goods_id": goods.wechatpay_goods_id,
                "goods_name": goods.goods_name,
                "quantity": goods.quantity,
                "unit_price": goods.unit_price.0,
            })).collect::<Vec<_>>(),
        })),
        "scene_info": order.scene_info.as_ref().map(|scene| json!({
            "payer_client_ip": scene.payer_client_ip.to_canonical().to_string(),
            "device_id": scene.device_id,
            "store_info": scene.store_info.as_ref().map(|store| json!({
                "id": store.id,
                "name": store.name,
                "area_code": store.area_code,
                "address": store.address,
            })),
        })),
        "limit_pay": (!order.limit_pay.is_empty()).then_some(["no_credit", "no_balance"]),
        "subsidy_info": order.subsidy_info.as_ref().map(|info| json!({
            "subsidy_detail": info.subsidy_detail.iter().map(|detail| json!({
                "subsidy_period_type": detail.subsidy_period_type.as_str(),
                "subsidy_plan": detail.subsidy_plan.iter().map(|plan| json!({
                    "subsidy_installment_num": plan.subsidy_installment_num,
                    "subsidy_percent": plan.subsidy_percent,
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })),
        "settle_info": order.settle_info.map(|settle| json!({
            "profit_sharing": settle.profit_sharing,
        })),
    });
    leave_out_what_is_not_there(&mut body);
    body
}

fn leave_out_what_is_not_there(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null() && *member != json!([]));
            members.values_mut().for_each(leave_out_what_is_not_there);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_what_is_not_there),
        _ => {}
    }
}

/// Keeps what it is given and sends nothing.
#[derive(Default)]
struct Desk(Mutex<Vec<Vec<u8>>>);

impl Transport for &'static Desk {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        self.0.lock().unwrap().push(request.body.to_vec());
        Err(TransportError::not_sent("it stays on the desk"))
    }
}

/// Signs as fast as a test of ten thousand orders wants it, and keeps what it signed.
#[derive(Default)]
pub(crate) struct Pen(Mutex<Vec<u8>>);

impl Signer for Pen {
    fn mchid(&self) -> &str {
        "1900007291"
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        *self.0.lock().unwrap() = message.to_vec();
        Ok(Signature { serial_no: "AB".into(), bytes: vec![7; 256] })
    }
}

/// The bodies that a gateway would have sent.
pub(crate) struct Drafts {
    pub(crate) pen: Pen,
    desk: &'static Desk,
    pub(crate) gateway: Gateway,
}

impl Drafts {
    pub(crate) fn new() -> Self {
        let desk: &'static Desk = Box::leak(Box::default());
        let keys = PlatformKeys::none();
        let gateway = Gateway::at("https://shop.example", keys, desk).unwrap();
        Self { pen: Pen::default(), desk, gateway }
    }

    /// A gateway of APIv2 with the same desk.
    #[cfg(feature = "v2")]
    pub(crate) fn v2_gateway(&self) -> wechatpay::v2::Gateway {
        wechatpay::v2::Gateway::at("https://shop.example", self.desk).unwrap()
    }

    /// The body of the last call, once.
    pub(crate) fn last_body(&self) -> Option<Vec<u8>> {
        self.desk.0.lock().unwrap().pop()
    }

    /// The body, and the message that was signed for it.
    fn of(&self, order: &Order) -> (Vec<u8>, Vec<u8>) {
        let error = app::prepay(&self.pen, &self.gateway, order).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert!(matches!(error.kind(), ErrorKind::Transport(_)), "{error}: {order:?}");
        let body = self.desk.0.lock().unwrap().pop().unwrap();
        (body, self.pen.0.lock().unwrap().clone())
    }
}

#[test]
fn ten_thousand_orders_are_signed_exactly_as_sent() {
    let seed = seed();
    println!("WECHATPAY_SEED={seed}");
    let (mut random, drafts) = (Random::new(seed), Drafts::new());
    for _ in 0..10_000 {
        let number = random.made_of(NUMBER, 6, 32);
        let order = any_order(&mut random, &number);
        let (body, message) = drafts.of(&order);
        let body_as_signed = [b"\n", &body[..], b"\n"].concat();
        assert!(message.ends_with(&body_as_signed), "seed {seed}: {order:?}");
        let read: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(read, said(&order, "1900007291"), "seed {seed}");
        let (again, _) = drafts.of(&order.clone());
        assert_eq!(again, body, "seed {seed}: {order:?}");
    }
}

#[test]
fn thousand_orders_are_accepted_by_the_sandbox() {
    let seed = seed();
    println!("WECHATPAY_SEED={seed}");
    let (sandbox, drafts) = (start(), Drafts::new());
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let mut random = Random::new(seed.wrapping_add(thread));
                for index in 0..250 {
                    let number = format!("{thread}-{index}-{}", random.made_of(NUMBER, 6, 24));
                    let order = any_order(&mut random, &number);
                    app::prepay(sandbox.signer(), sandbox.gateway(), &order)
                        .unwrap_or_else(|error| panic!("seed {seed}: {error}: {order:?}"));
                }
            });
        }
    });
    let received = sandbox.received();
    assert_eq!(received.len(), 1000);
    // The received body equals the order's own JSON.
    for thread in 0..4_u64 {
        let mut random = Random::new(seed.wrapping_add(thread));
        for index in 0..250 {
            let number = format!("{thread}-{index}-{}", random.made_of(NUMBER, 6, 24));
            let (body, _) = drafts.of(&any_order(&mut random, &number));
            assert!(received.iter().any(|request| request.body == body), "seed {seed}: {number}");
        }
    }
}

#[test]
fn four_byte_character_in_any_field_is_refused_unsent() {
    let seed = seed();
    println!("WECHATPAY_SEED={seed}");
    let (mut random, drafts) = (Random::new(seed), Drafts::new());
    for _ in 0..1000 {
        let mut order = any_order(&mut random, "four-bytes-1");
        let wide = random.one_of(&['🧸', '𝄞', '\u{10000}', '\u{10FFFF}', '𠮷']);
        let path = spoil(&mut random, &mut order, wide);
        let error = app::prepay(&drafts.pen, &drafts.gateway, &order).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        let ErrorKind::Invalid(invalid) = error.kind() else {
            panic!("seed {seed}: {error}: {order:?}")
        };
        let paths: Vec<_> = invalid.violations().iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, [path], "seed {seed}: {error}");
        assert!(drafts.desk.0.lock().unwrap().is_empty(), "it was sent");
    }
}

/// Writes a character over one of some text of the order, and returns where.
fn spoil(random: &mut Random, order: &mut Order, wide: char) -> &'static str {
    let mut store = StoreInfo::new("0001");
    let mut goods = GoodsDetail::new("1", 1, Fen(1));
    let mut scene_info = SceneInfo::new(Ipv4Addr::LOCALHOST.into());
    let mut text = |most| {
        let mut text: Vec<char> = random.text(most).chars().collect();
        let place = random.below(text.len());
        text[place] = wide;
        Some(String::from_iter(text))
    };
    let (long, short) = (text(127), text(32));
    let (path, detail, scene): (_, Option<GoodsDetail>, bool) = match random.below(10) {
        0 => ("/description", None, false),
        1 => ("/attach", None, false),
        2 => ("/goods_tag", None, false),
        3 => {
            goods.goods_name = long.clone();
            ("/detail/goods_detail/0/goods_name", Some(goods), false)
        }
        4 => {
            goods.wechatpay_goods_id = short.clone();
            ("/detail/goods_detail/0/wechatpay_goods_id", Some(goods), false)
        }
        5 => {
            scene_info.device_id = short.clone();
            ("/scene_info/device_id", None, true)
        }
        6 => {
            store.id = short.clone().unwrap();
            ("/scene_info/store_info/id", None, true)
        }
        7 => {
            store.name = long.clone();
            ("/scene_info/store_info/name", None, true)
        }
        8 => {
            store.area_code = short.clone();
            ("/scene_info/store_info/area_code", None, true)
        }
        _ => {
            store.address = long.clone();
            ("/scene_info/store_info/address", None, true)
        }
    };
    match path {
        "/description" => order.description = long.unwrap(),
        "/attach" => order.attach = long,
        "/goods_tag" => order.goods_tag = short,
        _ => {}
    }
    if let Some(goods) = detail {
        order.detail.get_or_insert_default().goods_detail = vec![goods];
    }
    if scene {
        scene_info.store_info = Some(store);
        order.scene_info = Some(scene_info);
    }
    path
}

#[test]
fn same_orders_are_equal_bytes_in_another_process() {
    const SEED: &str = "WECHATPAY_DIGEST_OF_SEED";
    let digest = |seed| {
        let (mut random, drafts) = (Random::new(seed), Drafts::new());
        let mut context = digest::Context::new(&digest::SHA256);
        for _ in 0..500 {
            let number = random.made_of(NUMBER, 6, 32);
            context.update(&drafts.of(&any_order(&mut random, &number)).0);
        }
        format!("{:?}", context.finish())
    };
    if let Ok(seed) = std::env::var(SEED) {
        return println!("\n{}", digest(seed.parse().unwrap()));
    }
    let seed = seed();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("properties::same_orders_are_equal_bytes_in_another_process")
        .env(SEED, seed.to_string())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.lines().any(|line| line == digest(seed)), "seed {seed}: {printed}");
}
