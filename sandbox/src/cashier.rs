//! 收银台: the page behind an h5_url, where the user pays or refuses.

use super::access::Denial;
use super::html::Html;
use super::order_error::OrderError;
use super::order_html;
use super::placed_orders::OrderId;
use super::received::Received;
use super::response::Response;
use super::state::State;
use super::summary::OrderSummary;
use super::url;

/// Responds to the browser of a user: with the page of an order, or to a click on one of its buttons.
pub(super) fn respond(state: &mut State, request: &Received, now: i64) -> Response {
    let target = match Target::parse(&request.path) {
        Ok(target) => target,
        Err((chinese, english)) => return say(400, (chinese, english), None),
    };
    let Some((id, order)) = state.order_of_token(&target.payment_token, now) else {
        return say(404, UNKNOWN, None);
    };
    match request.method.as_str() {
        "GET" => page(&order, target.redirect_url.as_deref()),
        // The order itself knows its newest payment_token only.
        "POST"
            if order.trade_state == "NOTPAY" && state.has_expired(&target.payment_token, now) =>
        {
            cannot(OrderError::PaymentTokenExpired, &request.path)
        }
        "POST" => click(state, request, &id, &target, now),
        _ => Response::empty(405),
    }
}

/// The page for a browser that may not open any.
pub(super) fn deny(denial: Denial) -> Response {
    say(403, denial.text(), None)
}

/// A user who comes to pay.
struct Target {
    payment_token: String,
    /// Where the merchant wants the user afterwards.
    redirect_url: Option<String>,
}

impl Target {
    /// From the path and the query of a request. An h5_url must be complete, and only
    /// `redirect_url` may be added to it.
    fn parse(target: &str) -> Result<Self, Message> {
        let (path, query) = url::split(target);
        if path != "/h5" {
            let mut parameters = url::parameters(query);
            let payment_token = match (parameters.next().flatten(), parameters.next()) {
                (Some((name, value)), None) if name == "prepay_id" || name == "code_url" => value,
                _ => return Err(UNREADABLE),
            };
            return Ok(Self { payment_token, redirect_url: None });
        }
        let Some((payment_token, encoded)) = target.split_once("&redirect_url=") else {
            return Ok(Self { payment_token: target.to_owned(), redirect_url: None });
        };
        let redirect_url = Some(encoded).filter(|encoded| !encoded.contains('&'));
        let redirect_url = redirect_url.and_then(url::decode).filter(|url| is_web_address(url));
        match redirect_url {
            Some(url) => {
                Ok(Self { payment_token: payment_token.to_owned(), redirect_url: Some(url) })
            }
            None => Err(BAD_REDIRECT),
        }
    }
}

/// In Chinese and in English.
type Message = (&'static str, &'static str);

fn page(order: &OrderSummary, redirect_url: Option<&str>) -> Response {
    let (total, (state, tone)) =
        (Html::text(&order.total.to_string()), order_html::trade_state(&order.trade_state));
    let back = |address: &str| {
        Html::fill(include_str!("pages/back.html"), &[("address", Html::text(address))])
    };
    let actions = if order_html::is_payable(&order.trade_state) {
        Html::fill(include_str!("pages/buttons.html"), &[("total", total.clone())])
    } else {
        redirect_url.map(back).unwrap_or_default()
    };
    let places = [
        ("items", order_html::items(&order.items)),
        ("total", total),
        ("state", Html::text(state)),
        ("tone", Html::text(tone)),
        ("actions", actions),
        ("out_trade_no", Html::text(&order.out_trade_no)),
    ];
    Html::fill(include_str!("pages/cashier.html"), &places).into_response(200)
}

/// Pays or refuses; the user goes on to the merchant after both.
fn click(
    state: &mut State,
    request: &Received,
    id: &OrderId,
    target: &Target,
    now: i64,
) -> Response {
    let (paid, done) = match request.body.as_slice() {
        b"action=pay" => (true, state.pay(id, &[], now)),
        b"action=refuse" => (false, state.refuse_payment(id, now)),
        _ => return say(400, UNREADABLE, None),
    };
    if let Err(reason) = done {
        return cannot(reason, &request.path);
    }
    // A refusal at the till is final.
    let order = state.order_of_token(&target.payment_token, now);
    let is_final = order.is_some_and(|(_, order)| !order_html::is_payable(&order.trade_state));
    match &target.redirect_url {
        Some(url) => go(url),
        None if paid || is_final => go(&request.path),
        None => say(200, REFUSED, Some(&request.path)),
    }
}

/// Redirects the user's browser.
fn go(address: &str) -> Response {
    let mut response = Response::empty(303);
    response.add_header("Location", address);
    response.add_header("Cache-Control", "no-store");
    response
}

fn cannot(reason: OrderError, address: &str) -> Response {
    let chinese = match reason {
        OrderError::NotPlaced => "没有这个订单",
        OrderError::Paid => "订单已支付",
        OrderError::Refunded => "订单已支付，并已退款",
        OrderError::Closed => "订单已关闭",
        OrderError::Expired => "订单已过支付结束时间",
        OrderError::PaymentTokenExpired => "支付链接已失效，请商户以原参数重新下单",
        OrderError::CouponNotSupported => "合单订单不支持优惠券",
    };
    message(409, chinese, &reason.to_string(), Some(address))
}

fn say(status: u16, (chinese, english): Message, address: Option<&str>) -> Response {
    message(status, chinese, english, address)
}

/// With a link to the order, or to all of them.
fn message(status: u16, chinese: &str, english: &str, address: Option<&str>) -> Response {
    let link = if address.is_some() {
        "返回订单 Back to the order"
    } else {
        "所有订单 All orders"
    };
    let places = [
        ("chinese", Html::text(chinese)),
        ("english", Html::text(english)),
        ("address", Html::text(address.unwrap_or("/"))),
        ("link", Html::text(link)),
    ];
    Html::fill(include_str!("pages/message.html"), &places).into_response(status)
}

/// Whether a browser may be sent there: http or https to some host, in the characters of a URL.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>`{}|^".contains(&byte);
    !host.is_empty() && !host.contains('@') && text.bytes().all(is_plain)
}

const UNKNOWN: Message =
    ("没有这个订单", "No order has this prepay_id, code_url or h5_url; check that it is complete.");
const UNREADABLE: Message =
    ("请求无法识别", "The cashier does not understand this request; open the cashier_url again.");
const BAD_REDIRECT: Message = (
    "redirect_url格式错误",
    "redirect_url must be an http or https address, encoded once, and the last parameter.",
);
const REFUSED: Message = ("未支付", "Refused. The order is not paid, and can still be paid.");

#[cfg(test)]
mod tests {
    use super::super::order_html::cashier_path;
    use super::*;

    #[test]
    fn h5_url_is_complete_and_only_redirect_url_is_added() {
        let read = |target: &str| {
            Target::parse(target).map(|parsed| (parsed.payment_token, parsed.redirect_url))
        };
        let h5 = "/h5?prepay_id=wx1&package=2";
        assert_eq!(read(h5), Ok((h5.to_owned(), None)));
        let to = |url: &str| Ok((h5.to_owned(), Some(url.to_owned())));
        let target =
            "/h5?prepay_id=wx1&package=2&redirect_url=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y";
        assert_eq!(read(target), to("https://a.example/?x=1&y"));
        for bad in ["https%3A%2F%2Fa&x=1", "javascript%3Aalert(1)", "", "%", "https%3A%2F%2F"] {
            assert_eq!(read(&format!("{h5}&redirect_url={bad}")), Err(BAD_REDIRECT), "{bad}");
        }
    }

    #[test]
    fn payment_token_is_taken_under_its_name() {
        let payment_token = |target: &str| Target::parse(target).map(|parsed| parsed.payment_token);
        let code_url = "weixin://wxpay/bizpayurl?pr=0a1";
        assert_eq!(payment_token(&cashier_path(code_url)).as_deref(), Ok(code_url));
        assert_eq!(payment_token(&cashier_path("wx2016")).as_deref(), Ok("wx2016"));
        assert_eq!(cashier_path("/h5?prepay_id=wx1&package=2"), "/h5?prepay_id=wx1&package=2");
        for bad in ["/cashier", "/cashier?x=1", "/cashier?prepay_id=1&x=2", "/cashier?prepay_id=%"]
        {
            assert_eq!(payment_token(bad), Err(UNREADABLE), "{bad}");
        }
    }

    #[test]
    fn browsers_are_sent_to_web_addresses_only() {
        for good in ["https://a.example", "http://127.0.0.1:1/a?b=c#d", "https://[::1]/"] {
            assert!(is_web_address(good), "{good}");
        }
        for bad in [
            "//a.example",
            "/a",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:///a",
            "https://a b",
            "https://a\r\nb",
            "https://user@a.example/",
            "https://a\\@b.example/",
            "https://商户.example/",
            "HTTPS:a",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
