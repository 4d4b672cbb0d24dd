//! The page on which payers show their codes (付款码).

use qrcode::{Color, QrCode};

use super::super::html::Html;
use super::super::received::Received;
use super::super::response::Response;
use super::super::state::State;

/// Responds to the browser of a payer: shows the usable codes, or a new one after a click.
pub(crate) fn respond(state: &mut State, request: &Received, now: i64) -> Response {
    match (request.method.as_str(), request.body.as_slice()) {
        ("GET", _) => page(state, now),
        ("POST", b"pin=no") => show(state, false, now),
        ("POST", b"pin=yes") => show(state, true, now),
        ("POST", _) => Response::empty(400),
        _ => Response::empty(405),
    }
}

fn show(state: &mut State, needs_pin: bool, now: i64) -> Response {
    state.show_payer_code(needs_pin, now);
    let mut response = Response::empty(303);
    response.add_header("Location", "/codes");
    response.add_header("Cache-Control", "no-store");
    response
}

fn page(state: &mut State, now: i64) -> Response {
    let codes = Html::all(state.payer_codes(now).iter().map(|(code, needs_pin)| {
        let kind =
            if *needs_pin { "需要输入密码 needs a PIN" } else { "免密支付 pays at once" };
        Html::fill(
            include_str!("../pages/code.html"),
            &[
                ("code", Html::text(code)),
                ("spaced", Html::text(&spaced(code))),
                ("kind", Html::text(kind)),
                ("qr", qr(code)),
            ],
        )
    }));
    Html::fill(include_str!("../pages/codes.html"), &[("codes", codes)]).into_response(200)
}

/// As WeChat prints it below the bars of Code 128.
fn spaced(code: &str) -> String {
    let digits = code.chars().enumerate();
    digits.fold(String::new(), |mut text, (index, digit)| {
        if index > 0 && index % 4 == 0 {
            text.push(' ');
        }
        text.push(digit);
        text
    })
}

/// A square for each dark module.
fn qr(code: &str) -> Html {
    let Ok(code) = QrCode::new(code) else { return Html::default() };
    let width = code.width();
    let dark = code.to_colors().into_iter().enumerate().filter(|(_, c)| *c == Color::Dark);
    Html::all(dark.map(|(index, _)| {
        let place = |number: Option<usize>| Html::text(&number.unwrap_or_default().to_string());
        let (x, y) = (index.checked_rem(width), index.checked_div(width));
        Html::fill(
            r#"<rect x="{{x}}" y="{{y}}" width="1" height="1"/>"#,
            &[("x", place(x)), ("y", place(y))],
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payment_code_is_grouped_as_wechat_prints_it() {
        assert_eq!(spaced("134567890123456789"), "1345 6789 0123 4567 89");
    }
}
