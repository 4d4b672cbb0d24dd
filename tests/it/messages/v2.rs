//! The texts of APIv2.

use std::net::Ipv4Addr;

use wechatpay::v2::pay::Step;
use wechatpay::v2::{self, HmacSha256Key, Md5Key};
use wechatpay::{AppId, Fen, HttpOptions, OutRefundNo, OutTradeNo, Time, UreqTransport};

use wechatpay_sandbox::Sandbox;

use super::Table;
use crate::support::start;
use crate::v2_sample_bodies::{COMBINED_ORDER, ORDER};

pub(super) fn texts(table: &mut Table) {
    keys(table);
    orders(table);
    responses(table);
}

fn keys(table: &mut Table) {
    table.chapter("APIv2: keys");
    table.error("APIv2 key", HmacSha256Key::new("1", "short"));
    table.error("APIv2 merchant number", Md5Key::new("19 0", "0123456789ABCDEFGHIJKLMNOPQRSTUV"));
}

fn orders(table: &mut Table) {
    table.chapter("APIv2: orders");
    let key = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    let signer = Md5Key::new("10000100", key).unwrap();
    let mut wrong = |what: &str, from: &str, to: &str| {
        assert!(ORDER.contains(from), "{from}");
        let read = v2::pay::Order::from_xml(&signer, ORDER.replace(from, to).as_bytes());
        table.error(what, read.and_then(|(order, _)| order.validate()));
    };
    let other = "<trade_type>";
    wrong("decimals", "<total_fee>1<", "<total_fee>1.0<");
    wrong("a blank at the end", "<attach>支付测试<", "<attach>支付测试 <");
    wrong("a control character", "\"body\":\"苹果手机\" } ] }", "\"body\":\"\\u0007\" } ] }");
    wrong("no JSON", "{ \"goods_detail\":[ {", "{ \"goods_detail\":[ {{");
    wrong("no goods", "\"goods_id\":\"iphone6s_16G\"", "\"goods_id\":\"\"");
    wrong("no XML", "</xml>", "<xml>");
    wrong("no XML to begin with", ORDER, "{}");
    wrong("nothing", ORDER, " ");
    wrong("an attribute", "<openid>", "<openid a=\"SECRET\">");
    wrong("a broken tag", "</openid>", "</SECRET>");
    wrong("an entity", "支付测试", "&SECRET;");
    wrong("a lonely &", "支付测试", "SECRET & SECRET");
    wrong("a CDATA without an end", "]]></detail>", "]></detail>");
    wrong("an end without a CDATA", "支付测试", "SECRET]]>");
    wrong("a control character in XML", "支付测试", "\u{1}");
    wrong("too long", "支付测试", &"SECRET".repeat(20_000));
    wrong("too many fields", "<sign>", &(0..300).map(|n| format!("<a{n}/>")).collect::<String>());
    wrong("a long detail", "苹果手机\" }, {", &format!("{}\" }}, {{", "x".repeat(7000)));
    let scene = "<scene_info>{\"h5_info\":{\"type\":\"wap\"}}</scene_info><trade_type>";
    wrong("no such H5", other, scene);
    let scene =
        scene.replace("wap\"", "Wap\",\"wap_url\":\"https://pay.qq.com\",\"wap_name\":\"n\"");
    wrong("H5 of another kind", other, &scene);
    wrong("a field twice", other, "<attach>SECRET</attach><trade_type>");
    wrong("no time", other, "<time_start>2018</time_start><trade_type>");
    let times = "<time_start>20180608103456</time_start><time_expire>20180608103500</time_expire>";
    wrong("too little time", other, &format!("{times}<trade_type>"));
    wrong("no currency", other, "<fee_type>yuan</fee_type><trade_type>");
    wrong("neither yes nor no", other, "<receipt>1</receipt><trade_type>");
    wrong("no limit", other, "<limit_pay>all</limit_pay><trade_type>");
    wrong("another algorithm", other, "<sign_type>HMAC-SHA256</sign_type><trade_type>");
    wrong("no such kind", ">JSAPI</trade_type>", ">MICROPAY</trade_type>");

    let not_utf8 = v2::pay::Order::from_xml(&signer, b"<xml>\xb2\xe2</xml>");
    table.error("not UTF-8", not_utf8);

    let (mut order, _) = v2::pay::Order::from_xml(&signer, ORDER.as_bytes()).unwrap();
    order.detail = Some(v2::pay::Detail::default().into());
    table.error("no goods at all", order.validate());
    order.detail = Some(v2::pay::OrderDetail::Text("{".into()));
    table.error("a detail that is neither text nor goods", order.validate());
    order.detail = None;
    let unreached = UreqTransport::new(&HttpOptions::default()).unwrap();
    let unreached = v2::Gateway::at("https://127.0.0.1:1", unreached).unwrap();
    (order.openid, order.product_id) = (Some("oUp".parse().unwrap()), Some("1".into()));
    let payer = v2::Jsapi::new("oUp".parse().unwrap());
    table.error("a second payer", v2::pay::prepay(&signer, &unreached, &order, &payer));
    let native = v2::Native::new("2");
    table.error("a second product", v2::pay::prepay(&signer, &unreached, &order, &native));
    (order.openid, order.product_id) = (None, None);
    order.store_info = Some(v2::pay::StoreInfo::new("0001"));
    let info = v2::H5Info::Wap { wap_url: "https://pay.qq.com".into(), wap_name: "n".into() };
    let transport = UreqTransport::new(&HttpOptions::default()).unwrap();
    let gateway = v2::Gateway::at("https://127.0.0.1:1", transport).unwrap();
    let placed = v2::pay::prepay(&signer, &gateway, &order, &v2::H5::new(info));
    table.error("a shop of an H5 order", placed);
    let signer = HmacSha256Key::new("1900009001", key).unwrap();
    let mut combined = |what: &str, from: &str, to: &str| {
        assert!(COMBINED_ORDER.contains(from), "{from}");
        let xml = COMBINED_ORDER.replace(from, to);
        let read = v2::combine::Order::from_xml(&signer, xml.as_bytes());
        table.error(what, read.and_then(|(order, _)| order.validate()));
    };
    combined("a wrong count", "\"order_num\": 3", "\"order_num\": 4");
    combined("a number twice", "OD201708030002", "OD201708030001");
    combined("no IPv4", "14.23.150.211", "::1");
    let whole = COMBINED_ORDER.replace("\"order_num\": 3", "\"order_num\": 0");
    let begin = whole.find("[{\"appid\"").unwrap() + 1;
    let end = whole.find("},]").unwrap() + 1;
    let none = format!("{}{}", &whole[..begin], &whole[end..]);
    let read = v2::combine::Order::from_xml(&signer, none.as_bytes());
    table.error("no parts", read.and_then(|(order, _)| order.validate()));
    let mut combined = |what: &str, from: &str, to: &str| {
        assert!(COMBINED_ORDER.contains(from), "{from}");
        let xml = COMBINED_ORDER.replace(from, to);
        let read = v2::combine::Order::from_xml(&signer, xml.as_bytes());
        table.error(what, read.and_then(|(order, _)| order.validate()));
    };
    combined("long parts", "商品详细描述.", &"x".repeat(12_000));
    table.error("the code of another wallet", v2::pay::AuthCode::new("284567890123456789"));
    let stored = v2::pay::TillPayment::from_json(b"{}");
    table.error("no stored payment at the till", stored);
    let no_number = b"<xml><appid>wx1</appid><out_refund_no>1</out_refund_no>\
                      <refund_fee>1</refund_fee><total_fee>1</total_fee></xml>";
    table.error("a refund of no order", v2::refund::Refund::from_xml(&signer, no_number));
    let appid = || AppId::new("wx1").unwrap();
    let number = OutTradeNo::new("123456").unwrap();
    let refund =
        v2::refund::Refund::new(appid(), OutRefundNo::new("1").unwrap(), number, Fen(2), Fen(1));
    table.error("a refund of more", refund.validate());
    let sandbox = start();
    let transport = UreqTransport::new(&HttpOptions::default()).unwrap();
    let gateway = v2::Gateway::at(sandbox.base_url(), transport).unwrap();
    let number = OutTradeNo::new("123456").unwrap();
    let refund =
        v2::refund::Refund::new(appid(), OutRefundNo::new("1").unwrap(), number, Fen(1), Fen(1));
    let plain = UreqTransport::new(&trusting(&sandbox)).unwrap();
    let certified =
        v2::Gateway::at(sandbox.base_url(), plain.clone()).unwrap().with_certified(plain);
    let refunded = v2::refund::apply(sandbox.v2().signer(), &certified, &refund);
    table.error("a refund without certificate", refunded);
    let asked = v2::combine::query(
        sandbox.v2().md5_signer(),
        &gateway,
        &appid(),
        &OutTradeNo::new("123456").unwrap(),
    );
    table.error("a combined order by MD5", asked);
}

fn trusting(sandbox: &Sandbox) -> HttpOptions {
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    options
}

fn responses(table: &mut Table) {
    table.chapter("APIv2: responses");
    let sandbox = start();
    let v2_order = |number: &str| {
        v2::pay::Order::new(
            sandbox.appid(),
            OutTradeNo::new(number).unwrap(),
            "d",
            Fen(1),
            Ipv4Addr::LOCALHOST.into(),
            sandbox.notify_url(),
        )
    };
    let v2 = sandbox.v2();
    v2.fail_next("签名失败");
    let placed = v2::pay::prepay(v2.signer(), v2.gateway(), &v2_order("answers-2"), &v2::App);
    table.error("FAIL of APIv2", placed);
    let wrong = HmacSha256Key::new(sandbox.mchid(), "W".repeat(32)).unwrap();
    let placed = v2::pay::prepay(&wrong, v2.gateway(), &v2_order("answers-3"), &v2::App);
    table.error("a wrong APIv2 key", placed);
    let number = OutTradeNo::new("answers-3").unwrap();
    table.error(
        "a query with a wrong APIv2 key",
        v2::pay::query(&wrong, v2.gateway(), &sandbox.appid(), &number),
    );
    let bodies = [
        "<html></html>",
        "",
        "<xml><!-- --></xml>",
        "\u{feff}<xml></xml>",
        "<?xml version=\"1.0\" encoding=\"GBK\"?><xml></xml>",
        "<!DOCTYPE xml><xml></xml>",
    ];
    for body in bodies {
        sandbox.tamper_next(move |response| response.body = body.as_bytes().to_vec());
        let placed = v2::pay::prepay(v2.signer(), v2.gateway(), &v2_order("answers-2"), &v2::App);
        table.error("no XML of WeChat Pay", placed);
    }
    let till_order = |number: &str| {
        let number = OutTradeNo::new(number).unwrap();
        let address = Ipv4Addr::LOCALHOST.into();
        v2::pay::MicropayOrder::new(sandbox.appid(), number, "d", Fen(1), address)
    };
    let mut charged = |what: &str, number: &str| {
        let code = v2::pay::AuthCode::new(v2.show_code()).unwrap();
        let attempt = v2::pay::micropay(v2.signer(), v2.gateway(), &till_order(number), code);
        table.error(what, attempt);
    };
    sandbox.tamper_next(|response| response.status = 0);
    charged("a lost response at the till", "answers-4");
    v2.refuse_next("BANKERROR", "银行系统异常");
    charged("BANKERROR at the till", "answers-5");
    charged("a second charge", "answers-4");
    v2.rewrite_next(|fields| drop(fields.insert("recall".to_owned(), "maybe".to_owned())));
    let number = OutTradeNo::new("answers-4").unwrap();
    let reversed = v2::pay::reverse(v2.signer(), v2.gateway(), &sandbox.appid(), &number);
    table.error("a malformed reversal", reversed);
    let now = Time::now().unwrap();
    let mut payment = v2::pay::TillPayment::new(v2.signer(), till_order("answers-7"), now).unwrap();
    let other = HmacSha256Key::new("1900009191", "W".repeat(32)).unwrap();
    let Step::Wait { error: Some(error), .. } = payment.step(&other, v2.gateway(), now) else {
        panic!("another merchant took a step")
    };
    table.line("another merchant at the till", error);
    let jsapi = v2_order("answers-6");
    v2::pay::prepay(v2.signer(), v2.gateway(), &jsapi, &v2::App).unwrap();
    let reversed =
        v2::pay::reverse(v2.signer(), v2.gateway(), &sandbox.appid(), &jsapi.out_trade_no);
    table.error("a reversal of an order of another kind", reversed);
    v2.refuse_next("SIGNERROR", "签名错误");
    let placed = v2::pay::prepay(v2.signer(), v2.gateway(), &v2_order("answers-2"), &v2::App);
    table.error("SIGNERROR of APIv2", placed);
    v2.refuse_next("INVALID_REQUEST", "参数错误");
    let placed = v2::pay::prepay(v2.signer(), v2.gateway(), &v2_order("answers-2"), &v2::App);
    table.error("INVALID_REQUEST of APIv2", placed);
    v2.refuse_next("NOAUTH", "商户无此接口权限");
    let placed = v2::pay::prepay(v2.signer(), v2.gateway(), &v2_order("answers-2"), &v2::App);
    table.error("a refusal of APIv2", placed);
}
