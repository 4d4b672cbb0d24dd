//! The pages of the sandbox: the cashier, where users pay, and the overview.

use std::thread;

use wechatpay::combine::{self, SubOrder};
use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
use wechatpay::pay::{self, Order, SceneInfo, TradeState, app, native};
use wechatpay::refund::{self, Refund};
use wechatpay::v2;
use wechatpay::{Fen, H5Url, NotifyUrl, OutRefundNo, OutTradeNo};
use wechatpay_sandbox::Sandbox;

use crate::browser_client::BrowserClient;
use crate::support::{order, start};

fn place_h5(sandbox: &Sandbox, order: &Order) -> H5Url {
    let scene_info = SceneInfo::new("127.0.0.1".parse().unwrap());
    let scene = Scene::new(scene_info, H5Info::new(H5Type::Wap));
    h5::prepay(sandbox.signer(), sandbox.gateway(), order, &scene).unwrap()
}

fn state(sandbox: &Sandbox, order: &Order) -> TradeState {
    pay::query(sandbox.signer(), sandbox.gateway(), &order.out_trade_no).unwrap().trade_state
}

#[test]
fn h5_order_is_paid_by_a_click_and_returns_to_the_merchant() {
    let sandbox = start();
    let shop = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let mut order = order(&sandbox, "h5-paid");
    order.total = Fen(1_234_505);
    let own = format!("http://{}/return?a=b&c=%20", shop.server_addr());
    let address = place_h5(&sandbox, &order).with_redirect(&own);

    let browser_client = BrowserClient::to(&sandbox);
    let page = browser_client.get(&address);
    assert_eq!((page.status, page.header("Content-Type")), (200, "text/html; charset=utf-8"));
    page.assert_shows(&["Image形象店-深圳腾大-QQ公仔", sandbox.mchid(), "¥12345.05", "id=\"pay\""]);
    assert_eq!(state(&sandbox, &order), TradeState::NotPay, "looking is not paying");

    let page = browser_client.pay(&address);
    assert_eq!((page.status, page.header("Location")), (303, own.as_str()));
    let serving = thread::spawn(move || {
        let request = shop.recv().unwrap();
        let target = request.url().to_owned();
        request.respond(tiny_http::Response::from_string("welcome back")).unwrap();
        target
    });
    browser_client.get(page.header("Location")).assert_shows(&["welcome back"]);
    assert_eq!(serving.join().unwrap(), "/return?a=b&c=%20");
    assert_eq!(state(&sandbox, &order), TradeState::Success);
    assert_eq!(sandbox.take_notifications().len(), 1);

    let page = browser_client.get(&address);
    page.assert_shows(&["已支付 SUCCESS", "return?a=b&amp;c=%20"]);
    page.assert_hides(&["<button"]);
    let page = browser_client.pay(&address);
    assert_eq!(page.status, 409, "an order is paid once");
    page.assert_shows(&["订单已支付", "already paid"]);
    assert!(sandbox.take_notifications().is_empty());
}

#[test]
fn user_who_refuses_goes_on_and_can_still_pay() {
    let sandbox = start();
    let order = order(&sandbox, "h5-refused");
    let h5_url = place_h5(&sandbox, &order);
    let browser_client = BrowserClient::to(&sandbox);
    let page = browser_client.refuse(&h5_url.with_redirect("https://shop.example/back"));
    assert_eq!((page.status, page.header("Location")), (303, "https://shop.example/back"));
    let page = browser_client.refuse(h5_url.as_str());
    assert_eq!(page.status, 200);
    page.assert_shows(&["未支付", "Refused", "prepay_id="]);
    assert_eq!(state(&sandbox, &order), TradeState::NotPay);
    assert!(sandbox.take_notifications().is_empty());

    let page = browser_client.pay(h5_url.as_str());
    assert_eq!(page.status, 303);
    assert!(h5_url.as_str().ends_with(page.header("Location")), "back to the order itself");
    assert_eq!(state(&sandbox, &order), TradeState::Success);
    assert_eq!(browser_client.refuse(h5_url.as_str()).status, 409);
}

#[test]
fn page_shows_the_text_of_an_order_as_text_whatever_it_is() {
    let sandbox = start();
    let mut order = order(&sandbox, "script_-|*1");
    order.description = "\"'><script>alert(1)</script>{{total}}&lt;".into();
    let h5_url = place_h5(&sandbox, &order);
    let browser_client = BrowserClient::to(&sandbox);
    let escaped =
        "&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{total}}&amp;lt;".to_owned();
    for address in [h5_url.as_str(), "/"] {
        let page = browser_client.get(address);
        page.assert_shows(&[&escaped, "¥1.00"]);
        page.assert_hides(&["<script"]);
        let policy = page.header("Content-Security-Policy");
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
    }
    let page = browser_client.get(&h5_url.with_redirect("https://a.example/\"><script>"));
    page.assert_hides(&["<script"]);
}

#[test]
fn h5_url_must_be_complete_and_lead_to_a_web_address() {
    let sandbox = start();
    let order = order(&sandbox, "h5-whole");
    let h5_url = place_h5(&sandbox, &order);
    let browser_client = BrowserClient::to(&sandbox);
    let (start, _) = h5_url.as_str().split_once("&package=").unwrap();
    for (address, status) in [
        (start.to_owned(), 404),
        (format!("{h5_url}&x=1"), 404),
        (format!("{h5_url}0"), 404),
        ("/h5".to_owned(), 404),
        (format!("{h5_url}&redirect_url=https://shop.example/&x=1"), 400),
        (h5_url.with_redirect("javascript:alert(1)"), 400),
        (h5_url.with_redirect("//shop.example"), 400),
        (h5_url.with_redirect("https://shop.example/\r\nSet-Cookie: a=b"), 400),
        ("/cashier?prepay_id=wx201410272009395522657a690389285100".to_owned(), 404),
        ("/cashier".to_owned(), 400),
    ] {
        assert_eq!(browser_client.get(&address).status, status, "{address}");
        assert_eq!(browser_client.pay(&address).status, status, "{address}");
    }
    assert_eq!(state(&sandbox, &order), TradeState::NotPay);
    assert_eq!(browser_client.click(h5_url.as_str(), "steal", sandbox.base_url()).status, 400);
}

#[test]
fn rebound_host_name_sees_and_pays_nothing() {
    let sandbox = start();
    let order = order(&sandbox, "h5-rebound");
    let h5_url = place_h5(&sandbox, &order);
    let browser_client = BrowserClient::to(&sandbox);
    let (_, port) = sandbox.base_url().rsplit_once(':').unwrap();
    let host = format!("evil.example:{port}");
    assert_eq!(browser_client.click_as(&host, h5_url.as_str(), "pay").status, 403);
    for path in ["/", h5_url.as_str(), "/sandbox/orders", "/sandbox/received"] {
        let page = browser_client.get_as(&host, path);
        assert_eq!(page.status, 403, "{path}");
        page.assert_hides(&["h5-rebound"]);
    }
    assert_eq!(state(&sandbox, &order), TradeState::NotPay);
    let own = format!("localhost:{port}");
    assert_eq!(browser_client.click_as(&own, h5_url.as_str(), "pay").status, 303);
}

#[test]
fn page_of_another_site_cannot_pay() {
    let sandbox = start();
    let order = order(&sandbox, "h5-foreign");
    let h5_url = place_h5(&sandbox, &order);
    let browser_client = BrowserClient::to(&sandbox);
    for origin in ["https://evil.example", "null", ""] {
        assert_eq!(browser_client.click(h5_url.as_str(), "pay", origin).status, 403, "{origin}");
    }
    assert_eq!(state(&sandbox, &order), TradeState::NotPay);
}

#[test]
fn expired_h5_url_pays_nothing_until_it_is_renewed() {
    let sandbox = start();
    let order = order(&sandbox, "h5-late");
    let h5_url = place_h5(&sandbox, &order);
    sandbox.let_time_pass(5 * 60 + 2);
    let browser_client = BrowserClient::to(&sandbox);
    let page = browser_client.pay(h5_url.as_str());
    assert_eq!(page.status, 409);
    page.assert_shows(&["支付链接已失效", "has expired"]);
    let fresh = place_h5(&sandbox, &order);
    assert_eq!(browser_client.pay(h5_url.as_str()).status, 409, "the old one stays expired");
    assert_eq!(browser_client.pay(fresh.as_str()).status, 303);
    assert_eq!(state(&sandbox, &order), TradeState::Success);
}

#[test]
fn every_kind_of_order_is_paid_from_the_overview() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let orders = ["app", "native"].map(|kind| order(&sandbox, &format!("{kind}-order")));
    app::prepay(signer, gateway, &orders[0]).unwrap();
    let code_url = native::prepay(signer, gateway, &orders[1]).unwrap();
    let part = |mchid, number: &str, fen| {
        SubOrder::new(mchid, OutTradeNo::new(number).unwrap(), "会员充值", Fen(fen), "a")
    };
    let parts =
        vec![part(sandbox.mchid(), "part-1", 10), part(sandbox.neighbour_mchid(), "part-2", 20)];
    let number = OutTradeNo::new("whole-order").unwrap();
    let whole = combine::Order::new(sandbox.appid(), number, parts, sandbox.notify_url());
    combine::app::prepay(signer, gateway, &whole).unwrap();
    let address = "203.0.113.7".parse().unwrap();
    let number = OutTradeNo::new("v2-order").unwrap();
    let (appid, notify_url) = (sandbox.appid(), sandbox.notify_url());
    let old = v2::pay::Order::new(appid, number, "JSAPI支付测试", Fen(77), address, notify_url);
    let (v2, native) = (sandbox.v2(), v2::Native::new("12235413214070"));
    v2::pay::prepay(v2.signer(), v2.gateway(), &old, &native).unwrap();

    let browser_client = BrowserClient::to(&sandbox);
    let page = browser_client.get("/");
    page.assert_shows(&[code_url.as_str(), "APIv3 APP", "APIv3 合单 APP", "APIv2 NATIVE", "¥0.30"]);
    let links: Vec<_> = page.body.split("<a href=\"/cashier?").skip(1).collect();
    assert_eq!(links.len(), 4);
    let by_code = browser_client.get(&sandbox.cashier_url(code_url.as_str()));
    by_code.assert_shows(&["native-order", "id=\"pay\""]);
    for link in links {
        let address = format!("/cashier?{}", link.split('"').next().unwrap());
        assert_eq!(browser_client.get(&address).status, 200, "{address}");
        assert_eq!(browser_client.pay(&address).status, 303, "{address}");
        browser_client.get(&address).assert_shows(&["已支付 SUCCESS"]);
    }
    browser_client.get("/").assert_hides(&["/cashier?", "未支付"]);
    assert!(orders.iter().all(|order| state(&sandbox, order) == TradeState::Success));
    combine::query(signer, gateway, &whole.combine_out_trade_no)
        .unwrap()
        .paid(sandbox.mchid(), &whole)
        .unwrap();
    let found = v2::pay::query(v2.signer(), v2.gateway(), &old.appid, &old.out_trade_no).unwrap();
    found.paid(sandbox.mchid(), &old).unwrap();
    assert_eq!((sandbox.take_notifications().len(), v2.take_notifications().len()), (3, 1));
}

#[test]
fn mweb_url_of_apiv2_leads_to_the_cashier() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let (address, notify_url) = ("127.0.0.1".parse().unwrap(), sandbox.notify_url());
    let number = OutTradeNo::new("v2-mweb").unwrap();
    let order = v2::pay::Order::new(sandbox.appid(), number, "充值", Fen(5), address, notify_url);
    let (wap_url, wap_name) = ("https://pay.qq.com".into(), "腾讯充值".into());
    let wap = v2::H5::new(v2::H5Info::Wap { wap_url, wap_name });
    let mweb_url = v2::pay::prepay(v2.signer(), v2.gateway(), &order, &wap).unwrap();
    let browser_client = BrowserClient::to(&sandbox);
    let address = mweb_url.with_redirect("https://shop.example/paid");
    browser_client.get(&address).assert_shows(&["充值", "¥0.05"]);
    let page = browser_client.refuse(&address);
    assert_eq!((page.status, page.header("Location")), (303, "https://shop.example/paid"));
    let query =
        || v2::pay::query(v2.signer(), v2.gateway(), &order.appid, &order.out_trade_no).unwrap();
    assert_eq!(query().trade_state, TradeState::NotPay);
    assert_eq!(browser_client.pay(&address).status, 303);
    assert_eq!(query().paid(sandbox.mchid(), &order).unwrap().total(), Fen(5));
    assert_eq!(v2.take_notifications().len(), 1);
}

#[test]
fn overview_shows_what_happened_with_the_newest_first() {
    let sandbox = start();
    let browser_client = BrowserClient::to(&sandbox);
    browser_client.get("/").assert_shows(&["还没有 None yet"]);
    assert_eq!(browser_client.click("/", "pay", sandbox.base_url()).status, 400);
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    for number in ["older-order", "newer-order"] {
        app::prepay(signer, gateway, &order(&sandbox, number)).unwrap();
    }
    sandbox.pay("older-order").unwrap();
    let number = OutRefundNo::new("refund-1").unwrap();
    let paid = OutTradeNo::new("older-order").unwrap();
    refund::apply(signer, gateway, &Refund::new(number, paid, Fen(60), Fen(100))).unwrap();
    let waiting = browser_client.get("/");
    waiting.assert_shows(&["Notifications · 1", "等待 waiting", "TRANSACTION.SUCCESS"]);
    sandbox.take_notifications();
    sandbox.succeed_refund("refund-1").unwrap();
    assert_eq!(sandbox.deliver_notifications().len(), 1);

    // No server listens at the port of the order's notify_url.
    let page = browser_client.get("/");
    page.assert_shows(&[
        "Orders · 2",
        "Refunds · 1",
        "refund-1",
        "¥0.60",
        "退款成功 SUCCESS",
        "TRANSACTION.SUCCESS older-order → https://127.0.0.1/notify",
        "REFUND.SUCCESS refund-1 → ",
        "Notifications · 3",
        "取走 taken",
        "失败 failed",
        "REFUND.SUCCESS",
        "Requests and responses · 3",
        "POST /v3/refund/domestic/refunds",
        "authorization: WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature",
    ]);
    let place = |text: &str| page.body.find(text).unwrap();
    assert!(place("newer-order") < place("older-order"));
    assert!(place("POST /v3/refund") < place("POST /v3/pay"));
}

#[test]
fn notification_is_sent_again_by_a_button() {
    let sandbox = start();
    let shop = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let mut order = order(&sandbox, "order-resent");
    order.notify_url = NotifyUrl::new(format!("http://{}/notify", shop.server_addr())).unwrap();
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap();
    sandbox.pay("order-resent").unwrap();
    let id = sandbox.take_notifications().remove(0).id;
    let browser_client = BrowserClient::to(&sandbox);
    let button = format!("name=\"resend\" value=\"{id}\"");
    browser_client.get("/").assert_shows(&[&button, "再次发送 Send again", "POST refuse-payment"]);

    let serving = thread::spawn(move || {
        let mut request = shop.recv().unwrap();
        let mut body = String::new();
        request.as_reader().read_to_string(&mut body).unwrap();
        request.respond(tiny_http::Response::empty(204)).unwrap();
        body
    });
    let page = browser_client.press("/", &format!("resend={id}"), sandbox.base_url());
    assert_eq!((page.status, page.header("Location")), (303, "/#notifications"));
    assert!(serving.join().unwrap().contains(&id));
    assert_eq!(browser_client.press("/", "resend=nobody", sandbox.base_url()).status, 400);
    let foreign = browser_client.press("/", &format!("resend={id}"), "https://evil.example");
    assert_eq!(foreign.status, 403);
}

#[test]
fn payers_show_codes_and_type_the_pin_by_clicks() {
    let sandbox = start();
    let browser_client = BrowserClient::to(&sandbox);
    let charge = |number: &str, code: &str| {
        let order = v2::pay::MicropayOrder::new(
            sandbox.appid(),
            OutTradeNo::new(number).unwrap(),
            "咖啡",
            Fen(1800),
            "14.23.150.211".parse().unwrap(),
        );
        let code = v2::pay::AuthCode::new(code).unwrap();
        v2::pay::micropay(sandbox.v2().signer(), sandbox.v2().gateway(), &order, code).unwrap()
    };
    let show = |pin: &str| {
        let page = browser_client.press("/codes", &format!("pin={pin}"), sandbox.base_url());
        assert_eq!((page.status, page.header("Location")), (303, "/codes"));
        let page = browser_client.get("/codes");
        let (_, rest) = page.body.split_once("class=\"code\" id=\"").unwrap();
        let (code, _) = rest.split_once('"').unwrap();
        page.assert_shows(&["<rect ", &format!("{} {} ", &code[..4], &code[4..8])]);
        code.to_owned()
    };
    let foreign = browser_client.press("/codes", "pin=no", "https://evil.example");
    assert_eq!(foreign.status, 403);
    let ready = charge("till-ready", &show("no"));
    assert!(matches!(ready, v2::pay::Attempt::Paid(_)), "{ready:?}");
    browser_client.get("/codes").assert_hides(&["<rect "]);

    for (number, action, state) in
        [("till-pin", "pay", "SUCCESS"), ("till-refused", "refuse", "PAYERROR")]
    {
        let code = show("yes");
        assert_eq!(charge(number, &code), v2::pay::Attempt::Pending);
        let cashier = format!("/cashier?prepay_id={code}");
        browser_client.get("/").assert_shows(&[&cashier, "USERPAYING", "/codes"]);
        browser_client.get(&cashier).assert_shows(&[
            "用户支付中 USERPAYING",
            "¥18.00",
            "id=\"pay\"",
        ]);
        let page = browser_client.click(&cashier, action, sandbox.base_url());
        assert_eq!(page.status, 303, "{number}");
        let page = browser_client.get(&cashier);
        page.assert_shows(&[state]);
        page.assert_hides(&["<button"]);
    }
    assert!(sandbox.v2().take_notifications().is_empty());

    let (status, shown) = browser_client.command("POST", "v2/show-code", r#"{"pin": true}"#);
    assert_eq!(status, 200);
    assert_eq!(
        charge("till-command", shown["auth_code"].as_str().unwrap()),
        v2::pay::Attempt::Pending
    );
    let number = r#"{"out_trade_no": "till-command"}"#;
    assert_eq!(browser_client.command("POST", "v2/pay", number).0, 200);
    assert_eq!(browser_client.command("POST", "v2/pay", number).0, 409);
    assert_eq!(browser_client.command("POST", "v2/recall-next", "").0, 200);
    sandbox.let_time_pass(15);
    let number = OutTradeNo::new("till-command").unwrap();
    let reverse = || {
        let v2 = sandbox.v2();
        v2::pay::reverse(v2.signer(), v2.gateway(), &sandbox.appid(), &number).unwrap()
    };
    assert_eq!([reverse(), reverse()], [v2::pay::Reversal::Recall, v2::pay::Reversal::Done]);
    browser_client.get("/").assert_shows(&["REVOKED"]);
}

#[test]
fn pages_consume_no_fault_of_the_next_call() {
    let sandbox = start();
    sandbox.refuse_next(500, "SYSTEM_ERROR", "系统异常");
    let browser_client = BrowserClient::to(&sandbox);
    for path in ["/", "/h5?prepay_id=wx1&package=1", "/sandbox/style.css", "/favicon.ico"] {
        browser_client.get(path);
    }
    let seen: Vec<_> = sandbox.received().into_iter().map(|request| request.path).collect();
    assert_eq!(seen, ["/h5?prepay_id=wx1&package=1"], "only users are noted");
    let order = order(&sandbox, "after-visits");
    app::prepay(sandbox.signer(), sandbox.gateway(), &order).unwrap_err();
}
