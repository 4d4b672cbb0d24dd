//! 确认收款页: the page behind a package_info, where the user confirms a transfer or an authorization, or lets it lapse.

use super::html::Html;
use super::merchants::MCHID;
use super::received::Received;
use super::response::Response;
use super::schema::text_of;
use super::state::State;
use super::transfer::{Transfer, TransferState};
use super::transfer_authorizations::{Authorization, AuthorizationState};
use super::transfer_error::TransferError;
use super::transfer_fields::perception;
use super::url;

/// Responds to the browser of a user: with the page, or to a click on one of its buttons.
pub(super) fn respond(state: &mut State, request: &Received, now: i64) -> Response {
    let Some(package_info) = package_info(&request.path) else {
        return message(400, "请求无法识别", "The address must have one parameter: package.", None);
    };
    let business = state.clock.business(now);
    state.age_transfers(business);
    let Some(subject) = Subject::find(state, &package_info) else {
        let english =
            "No transfer and no authorization has this package_info: it must be complete.";
        return message(404, "没有这笔转账", english, None);
    };
    match request.method.as_str() {
        "GET" => subject.page,
        "POST" => click(state, request, &subject, now),
        _ => Response::empty(405),
    }
}

/// The path of the page for a package_info.
pub(super) fn confirmation_path(package_info: &str) -> String {
    format!("/transfer?package={}", url::encode(package_info))
}

/// 单据状态 in words, and its colour.
pub(super) fn state_in_words(state: &str) -> (String, &'static str) {
    let (chinese, tone) = match state {
        "ACCEPTED" => ("已受理", ""),
        "PROCESSING" => ("锁定资金中", ""),
        "WAIT_USER_CONFIRM" => ("待用户确认", ""),
        "TRANSFERING" => ("转账中", ""),
        "SUCCESS" => ("转账成功", "good"),
        "FAIL" => ("转账失败", "bad"),
        "CANCELING" => ("撤销中", ""),
        "CANCELLED" => ("已撤销", "bad"),
        "TAKING_EFFECT" => ("授权生效中", "good"),
        "CLOSED" => ("授权已关闭", "bad"),
        _ => ("", ""),
    };
    (format!("{chinese} {state}").trim().to_owned(), tone)
}

/// What a package_info opens.
struct Subject {
    number: String,
    is_transfer: bool,
    page: Response,
}

impl Subject {
    fn find(state: &State, package_info: &str) -> Option<Self> {
        if let Some(transfer) = state.transfers.of_package(package_info) {
            let (number, page) = (transfer.number().to_owned(), transfer_page(transfer));
            return Some(Self { number, is_transfer: true, page });
        }
        let authorization = state.transfers.authorizations.of_package(package_info)?;
        let (number, page) = (authorization.number().to_owned(), authorization_page(authorization));
        Some(Self { number, is_transfer: false, page })
    }
}

fn package_info(target: &str) -> Option<String> {
    let (_, query) = url::split(target);
    let mut parameters = url::parameters(query);
    match (parameters.next().flatten(), parameters.next()) {
        (Some((name, value)), None) if name == "package" => Some(value),
        _ => None,
    }
}

fn transfer_page(transfer: &Transfer) -> Response {
    let amount = format!("¥{}", super::money::yuan(transfer.amount()));
    let remark = text_of(&transfer.parameters, "transfer_remark");
    let waits = matches!(transfer.state, TransferState::WaitUserConfirm | TransferState::Canceling);
    let title = format!("{} · {remark}", perception(&transfer.parameters));
    page(&title, &amount, transfer.state.as_str(), transfer.number(), waits)
}

fn authorization_page(authorization: &Authorization) -> Response {
    let name = text_of(&authorization.parameters, "user_display_name");
    let title = format!("免确认收款授权 Authorization · {name}");
    let waits = authorization.state == AuthorizationState::WaitUserConfirm;
    page(&title, "", authorization.state.as_str(), authorization.number(), waits)
}

fn page(title: &str, amount: &str, state: &str, number: &str, waits: bool) -> Response {
    let buttons = if waits {
        Html::fill(include_str!("pages/confirm_buttons.html"), &[("amount", Html::text(amount))])
    } else {
        Html::default()
    };
    let (words, tone) = state_in_words(state);
    let places = [
        ("title", Html::text(title)),
        ("amount", Html::text(amount)),
        ("state", Html::text(&words)),
        ("tone", Html::text(tone)),
        ("actions", buttons),
        ("number", Html::text(number)),
    ];
    Html::fill(include_str!("pages/confirmation.html"), &places).into_response(200)
}

/// Confirms it, or lets it lapse, and shows the page again.
fn click(state: &mut State, request: &Received, subject: &Subject, now: i64) -> Response {
    let Subject { number, is_transfer, .. } = subject;
    let done = match (request.body.as_slice(), is_transfer) {
        (b"action=confirm", true) => state.confirm_transfer(MCHID, number, now),
        (b"action=confirm", false) => state.confirm_authorization(MCHID, number, now),
        (b"action=lapse", true) => state.fail_transfer(MCHID, number, "OVERDUE_CLOSE", now),
        (b"action=lapse", false) => {
            let english =
                "Nothing is authorized. An authorization that is not confirmed lapses after a day.";
            return message(200, "未授权", english, Some(&request.path));
        }
        _ => return message(400, "请求无法识别", "The page does not understand this.", None),
    };
    match done {
        Ok(()) => {
            let mut response = Response::empty(303);
            response.add_header("Location", &request.path);
            response.add_header("Cache-Control", "no-store");
            response
        }
        Err(reason) => cannot(&reason, &request.path),
    }
}

fn cannot(reason: &TransferError, address: &str) -> Response {
    let (words, _) = state_in_words(reason.current_state().unwrap_or_default());
    message(409, &format!("当前状态不能操作：{words}"), &reason.to_string(), Some(address))
}

fn message(status: u16, chinese: &str, english: &str, address: Option<&str>) -> Response {
    let link = if address.is_some() { "返回 Back" } else { "所有转账 All transfers" };
    let places = [
        ("chinese", Html::text(chinese)),
        ("english", Html::text(english)),
        ("address", Html::text(address.unwrap_or("/#transfers"))),
        ("link", Html::text(link)),
    ];
    Html::fill(include_str!("pages/message.html"), &places).into_response(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_info_is_taken_decoded_and_alone() {
        assert_eq!(package_info(&confirmation_path("a+/b==")).as_deref(), Some("a+/b=="));
        for wrong in
            ["/transfer", "/transfer?x=1", "/transfer?package=1&x=2", "/transfer?package=%"]
        {
            assert_eq!(package_info(wrong), None, "{wrong}");
        }
    }
}
