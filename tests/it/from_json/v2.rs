//! Orders of APIv2 are read strictly too, and in spite of the slips of the documents.

use wechatpay::v2::{self, AnyTrade, HmacSha256Key, Md5Key};
use wechatpay::{AppId, Error, Fen, NotifyUrl, OpenId, OutTradeNo};

use super::{Choices, faults, kept};
use crate::v2_sample_bodies::{COMBINED_ORDER, ORDER};

const API_KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// What an API sends, without sending it.
fn sent<T>(call: impl FnOnce(&v2::Gateway) -> Result<T, Error>) -> Vec<u8> {
    kept(|kept| call(&v2::Gateway::at("https://127.0.0.1", kept).unwrap()))
}

#[test]
fn v2_order_of_document_001_is_read_with_its_payer() {
    let signer = Md5Key::new("10000100", API_KEY).unwrap();
    let (order, trade) = v2::pay::Order::from_xml(&signer, ORDER.as_bytes()).unwrap();
    let openid = OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap();
    let AnyTrade::Jsapi(trade) = trade else { panic!("{trade:?}") };
    assert_eq!(trade, v2::Jsapi::new(openid));
    let Some(v2::pay::OrderDetail::Goods(detail)) = &order.detail else { panic!("no goods") };
    let goods = &detail.goods_detail;
    assert_eq!((goods.len(), goods[1].price), (2, Fen(608_800)));
    assert_eq!((order.total_fee, order.attach.as_deref()), (Fen(1), Some("支付测试")));
    let sent = sent(|gateway| v2::pay::prepay(&signer, gateway, &order, &trade));
    assert_eq!(
        v2::pay::Order::from_xml(&signer, &sent).unwrap(),
        (order, AnyTrade::Jsapi(trade)),
        "sent as it was read"
    );
}

#[test]
fn combined_order_of_document_002_is_read_despite_its_slips() {
    let signer = HmacSha256Key::new("1900009001", API_KEY).unwrap();
    let (order, trade) = v2::combine::Order::from_xml(&signer, COMBINED_ORDER.as_bytes()).unwrap();
    order.validate().unwrap();
    let as_printed = COMBINED_ORDER.replace("\": ", "\":\u{a0}").replace(", \"", ",\u{a0}\"");
    let printed = v2::combine::Order::from_xml(&signer, as_printed.as_bytes());
    assert_eq!(printed.unwrap(), (order.clone(), trade.clone()));
    let AnyTrade::Jsapi(trade) = trade else { panic!("{trade:?}") };
    assert_eq!(order.sub_orders.len(), 3);
    assert_eq!(order.sub_orders[2].sub_mch_id.as_deref(), Some("88888888888"));
    assert_eq!(order.time_expire.unwrap().compact(), "20171225091510");
    let sent = sent(|gateway| v2::combine::prepay(&signer, gateway, &order, &trade));
    assert_eq!(
        v2::combine::Order::from_xml(&signer, &sent).unwrap(),
        (order, AnyTrade::Jsapi(trade)),
        "sent as it was read"
    );
}

#[test]
fn sent_v2_orders_are_read_back_equal() {
    let signer = HmacSha256Key::new("10000100", API_KEY).unwrap();
    let mut choices = Choices(11);
    let mut sent_of_each_kind = [0; 4];
    for _ in 0..300 {
        let number = OutTradeNo::new(choices.number()).unwrap();
        let mut order = v2::pay::Order::new(
            AppId::new("wx2421b1c4370ec43b").unwrap(),
            number,
            choices.text(20),
            choices.fen(),
            "2001:db8::1".parse().unwrap(),
            NotifyUrl::new("https://wxpay.wxutil.com/notify").unwrap(),
        );
        order.device_info = choices.maybe(|c| c.text(3));
        order.detail = choices.maybe(|c| {
            let mut goods = v2::pay::GoodsDetail::new("g", 1, c.fen());
            goods.body = c.maybe(|c| c.text(4));
            let mut detail = v2::pay::Detail::default();
            detail.goods_detail.push(goods);
            detail.receipt_id = c.maybe(|c| c.text(4));
            let text = v2::pay::OrderDetail::Text(c.text(9));
            if c.next(2) == 0 { detail.into() } else { text }
        });
        order.attach = choices.maybe(|c| c.text(3));
        order.fee_type = choices.maybe(|_| "USD".to_owned());
        order.time_start = choices.maybe(|_| "2026-01-01T00:00:00Z".parse().unwrap());
        order.time_expire = choices.maybe(|_| "2026-01-01T00:02:00Z".parse().unwrap());
        order.limit_pay = choices.maybe(|_| v2::pay::LimitPay::NoCredit);
        order.receipt = choices.next(2) == 0;
        order.profit_sharing = choices.maybe(|c| c.next(2) == 0);
        let kind = choices.next(4) as usize;
        if kind != 1 {
            order.openid = choices.maybe(|_| OpenId::new("oUp").unwrap());
        }
        if kind != 2 {
            order.product_id = choices.maybe(|c| c.text(4));
        }
        if kind != 3 {
            order.store_info = choices.maybe(|c| v2::pay::StoreInfo::new(c.text(4)));
        }
        if order.validate().is_err() {
            continue;
        }
        sent_of_each_kind[kind] += 1;
        let trade = [
            AnyTrade::App(v2::App),
            AnyTrade::Jsapi(v2::Jsapi::new(OpenId::new("oUp").unwrap())),
            AnyTrade::Native(v2::Native::new("1")),
            AnyTrade::H5(v2::H5::new(v2::H5Info::Wap {
                wap_url: "https://pay.qq.com".into(),
                wap_name: "腾讯充值".into(),
            })),
        ][kind]
            .clone();
        let xml = sent(|gateway| match &trade {
            AnyTrade::App(trade) => v2::pay::prepay(&signer, gateway, &order, trade).map(drop),
            AnyTrade::Jsapi(trade) => v2::pay::prepay(&signer, gateway, &order, trade).map(drop),
            AnyTrade::Native(trade) => v2::pay::prepay(&signer, gateway, &order, trade).map(drop),
            AnyTrade::H5(trade) => v2::pay::prepay(&signer, gateway, &order, trade).map(drop),
        });
        assert_eq!(v2::pay::Order::from_xml(&signer, &xml).unwrap(), (order, trade));
    }
    assert!(sent_of_each_kind.iter().all(|count| *count > 5), "{sent_of_each_kind:?}");
}

#[test]
fn v2_order_is_read_strictly() {
    let signer = HmacSha256Key::new("10000100", API_KEY).unwrap();
    let read = |xml: &str| v2::pay::Order::from_xml(&signer, xml.as_bytes());
    let replaced = |from: &str, to: &str| {
        assert!(ORDER.contains(from), "{from}");
        faults(read(&ORDER.replace(from, to)))
    };
    assert!(read(ORDER).is_ok());
    for (from, to, expected) in [
        (
            "<total_fee>1<",
            "<total_fee>1.0<",
            "total_fee must be whole fen: digits, without sign or decimals",
        ),
        ("<total_fee>1</total_fee>", "", "total_fee is missing"),
        (
            "<mch_id>10000100<",
            "<mch_id>10000101<",
            "mch_id must be 10000100, that of the signer, or left out",
        ),
        (
            "<sign>",
            "<sign_type>MD5</sign_type><sign>",
            "sign_type must be HMAC-SHA256, that of the signer, or left out",
        ),
        ("<attach>", "<atach>1</atach><attach>", "atach is not a field of this request"),
        (
            "</xml>",
            "<attach>1</attach></xml>",
            "xml cannot be read: the XML has the field attach twice (line 15)",
        ),
        ("</xml>", "", "xml cannot be read: the XML is not a flat list of fields (line 14)"),
        (
            "JSAPI</trade_type>",
            "MICROPAY</trade_type>",
            "trade_type must be APP, JSAPI, NATIVE or MWEB",
        ),
        (
            "\"quantity\":1, \"price\":528800",
            "\"quantity\":\"1\", \"price\":528800",
            "detail/goods_detail/0/quantity must be a whole number, without quotes, sign or decimals",
        ),
        (
            "608800",
            "6088.0",
            "detail/goods_detail/1/price must be whole fen: a number without quotes, sign or decimals",
        ),
        (
            "\"goods_id\":\"iphone6s_32G\"",
            "\"goodsid\":\"iphone6s_32G\"",
            "detail/goods_detail/1/goods_id is missing",
        ),
        (
            "<trade_type>",
            "<time_start>2026</time_start><trade_type>",
            "time_start must be yyyyMMddHHmmss in Beijing time",
        ),
        ("<trade_type>", "<receipt>yes</receipt><trade_type>", "receipt must be Y or N"),
        (
            "<trade_type>",
            "<limit_pay>no_debit</limit_pay><trade_type>",
            "limit_pay must be no_credit, or left out",
        ),
        (
            "<trade_type>",
            "<scene_info>{</scene_info><trade_type>",
            "scene_info must be JSON; it cannot be read: EOF while parsing an object at line 1 column 1",
        ),
        ("14.23.150.211", "14.23.150.256", "spbill_create_ip must be an IPv4 or IPv6 address"),
        (
            "<trade_type>JSAPI<",
            "<scene_info>{\"h5_info\":{\"type\":\"Wap\",\"wap_url\":\"u\",\"wap_name\":\"n\"}}</scene_info><trade_type>JSAPI<",
            "scene_info/h5_info must be left out, except for MWEB orders",
        ),
    ] {
        assert_eq!(replaced(from, to)[0], expected);
    }
    assert_eq!(
        replaced("JSAPI</trade_type>", "MWEB</trade_type>"),
        ["scene_info/h5_info is missing"]
    );
    assert_eq!(replaced("JSAPI</trade_type>", "NATIVE</trade_type>"), ["product_id is missing"]);
    // One mistake is one violation.
    assert_eq!(replaced("<trade_type>JSAPI</trade_type>", ""), ["trade_type is missing"]);
    assert_eq!(
        replaced(
            "<trade_type>JSAPI<",
            "<scene_info>{\"h5_info\":{\"type\":\"wap\",\"wap_url\":\"u\",\"wap_name\":\"n\"}}</scene_info><trade_type>MWEB<",
        ),
        ["scene_info/h5_info/type must be IOS, Android or Wap"]
    );
    assert_eq!(
        replaced("<detail>", "<version>2.0</version><detail>"),
        ["version must be 1.0, that of detail as JSON, or left out"]
    );
    let changed = |from: &str, to: &str| read(&ORDER.replace(from, to)).unwrap().0;
    // An empty element is an absent one.
    assert_eq!(changed("<trade_type>", "<goods_tag/><trade_type>"), read(ORDER).unwrap().0);
    let (start, end) = (ORDER.find("<![CDATA[{").unwrap(), ORDER.find("]]></detail>").unwrap());
    let order = changed(&ORDER[start..end + 3], "一台手机");
    assert_eq!(order.detail, Some(v2::pay::OrderDetail::Text("一台手机".into())));
    let order = changed("JSAPI</trade_type>", "APP</trade_type><product_id>7</product_id>");
    assert_eq!((order.product_id.as_deref(), order.openid.is_some()), (Some("7"), true));
    let md5 = Md5Key::new("1900009001", API_KEY).unwrap();
    assert_eq!(
        faults(v2::combine::Order::from_xml(&md5, COMBINED_ORDER.as_bytes())),
        ["sign_type must be HMAC-SHA256 for combined orders"]
    );
    let signer = HmacSha256Key::new("1900009001", API_KEY).unwrap();
    let mapped = COMBINED_ORDER.replace("14.23.150.211", "::ffff:14.23.150.211");
    assert_eq!(
        v2::combine::Order::from_xml(&signer, mapped.as_bytes()),
        v2::combine::Order::from_xml(&signer, COMBINED_ORDER.as_bytes())
    );
    let signer = HmacSha256Key::new("1900009001", API_KEY).unwrap();
    for (from, to, expected) in [
        (
            "\"order_num\": 3",
            "\"order_num\": 2",
            "sub_order_list/order_num must be the number of sub-orders in order_list",
        ),
        (
            "\"total_fee\":88",
            "\"total_fee\":\"88\"",
            "sub_order_list/order_list/2/total_fee must be whole fen: a number without quotes, sign or decimals",
        ),
        ("\"fee_type\": \"USD\", ", "", "sub_order_list/order_list/1/fee_type is missing"),
        (
            "<combine_mch_id>1900009001",
            "<combine_mch_id>1900009002",
            "combine_mch_id must be 1900009001, that of the signer, or left out",
        ),
        ("//请注意", "请注意", "xml cannot be read: the XML is not a flat list of fields (line 5)"),
        (
            "]]></sub_order_list>",
            "]></sub_order_list>",
            "xml cannot be read: the XML has a CDATA without its end ]]> (line 5)",
        ),
        ("14.23.150.211", "2001:db8::1", "spbill_create_ip must be an IPv4 address"),
    ] {
        assert!(COMBINED_ORDER.contains(from), "{from}");
        let xml = COMBINED_ORDER.replace(from, to);
        assert_eq!(faults(v2::combine::Order::from_xml(&signer, xml.as_bytes())), [expected]);
    }
    let read = |xml: &str| v2::combine::Order::from_xml(&signer, xml.as_bytes()).unwrap();
    let with_no_break_spaces = COMBINED_ORDER.replace("\": ", "\":\u{a0}");
    assert_ne!(with_no_break_spaces, COMBINED_ORDER);
    assert_eq!(read(&with_no_break_spaces), read(COMBINED_ORDER));
}

/// Bodies with a byte order mark, as editors on Windows write it.
#[test]
fn byte_order_mark_before_the_xml_is_accepted() {
    let signer = Md5Key::new("10000100", API_KEY).unwrap();
    let read = |xml: &str| v2::pay::Order::from_xml(&signer, xml.as_bytes());
    assert_eq!(read(&format!("\u{feff}{ORDER}")).unwrap(), read(ORDER).unwrap());
    assert_eq!(faults(read(" ")), ["xml is empty"]);
    assert_eq!(faults(read("{}")), ["xml must begin with <xml>"]);
}

#[test]
fn xml_with_many_problems_reports_all_at_once() {
    let signer = HmacSha256Key::new("10000100", API_KEY).unwrap();
    let order = "<xml><appid>wx2421b1c4370ec43b</appid><body></body><total_fee>1.0</total_fee>\
                 <attach> a</attach><colour>red</colour><trade_type>APP</trade_type>\
                 <spbill_create_ip>14.23.150.211</spbill_create_ip><notify_url>x</notify_url></xml>";
    assert_eq!(
        faults(v2::pay::Order::from_xml(&signer, order.as_bytes())),
        [
            "out_trade_no is missing",
            "body is missing",
            "total_fee must be whole fen: digits, without sign or decimals",
            "notify_url must start with https:// (or http:// over a leased line)",
            "colour is not a field of this request",
            "attach must not begin or end with a blank",
        ]
    );
    let refund = "<xml><appid>wx2421b1c4370ec43b</appid><out_trade_no>1415757673</out_trade_no>\
                  <refund_fee>5</refund_fee><refund_desc> a</refund_desc></xml>";
    assert_eq!(
        faults(v2::refund::Refund::from_xml(&signer, refund.as_bytes())),
        [
            "out_refund_no is missing",
            "total_fee is missing",
            "refund_desc must not begin or end with a blank",
        ]
    );
}
