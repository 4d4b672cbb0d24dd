//! The page on which users confirm transfers and authorizations, and the overview of transfers.

use wechatpay::transfer::authorization::{self, AuthorizationRequest, AuthorizationState};
use wechatpay::transfer::{self, BillState, Scene, Transfer};
use wechatpay::{Fen, OpenId, OutAuthorizationNo, OutBillNo};
use wechatpay_sandbox::Sandbox;

use crate::browser_client::BrowserClient;
use crate::support::start;

pub(crate) fn transfer(sandbox: &Sandbox, number: &str, remark: &str) -> Transfer {
    let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
    let number = OutBillNo::new(number).unwrap();
    let mut transfer = Transfer::new(sandbox.appid(), number, openid(), scene, Fen(105), remark);
    transfer.notify_url = Some(sandbox.notify_url());
    transfer
}

pub(crate) fn request(sandbox: &Sandbox, number: &str) -> AuthorizationRequest {
    let number = OutAuthorizationNo::new(number).unwrap();
    let (appid, url) = (sandbox.appid(), sandbox.notify_url());
    AuthorizationRequest::new(number, appid, openid(), "1000", "李四", url)
}

fn openid() -> OpenId {
    OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()
}

/// The address of the page of a new transfer.
fn created(sandbox: &Sandbox, transfer: &Transfer) -> String {
    let created = transfer::create(sandbox.signer(), sandbox.gateway(), transfer).unwrap();
    sandbox.confirmation_url(created.package_info.unwrap().as_str())
}

fn state(sandbox: &Sandbox, transfer: &Transfer) -> BillState {
    let number = &transfer.out_bill_no;
    transfer::query(sandbox.signer(), sandbox.gateway(), number).unwrap().state
}

#[test]
fn transfer_is_confirmed_by_a_click_once() {
    let sandbox = start();
    let transfer = transfer(&sandbox, "plfk1", "<b>有礼</b>");
    let address = created(&sandbox, &transfer);
    let browser_client = BrowserClient::to(&sandbox);
    let page = browser_client.get(&address);
    assert_eq!(page.status, 200);
    page.assert_shows(&[
        "¥1.05",
        "活动奖励",
        "&lt;b&gt;有礼",
        "id=\"confirm\"",
        "WAIT_USER_CONFIRM",
    ]);
    browser_client.get("/").assert_shows(&["/transfer?package=", "plfk1"]);

    let clicked = browser_client.click(&address, "confirm", sandbox.base_url());
    assert_eq!(clicked.status, 303);
    assert_eq!(state(&sandbox, &transfer), BillState::Success);
    let page = browser_client.get(&address);
    page.assert_shows(&["转账成功 SUCCESS"]);
    page.assert_hides(&["<button"]);
    assert_eq!(browser_client.click(&address, "confirm", sandbox.base_url()).status, 409);
    assert_eq!(sandbox.take_notifications().len(), 1);
}

#[test]
fn transfer_lapses_by_a_click() {
    let sandbox = start();
    let transfer = transfer(&sandbox, "plfk2", "有礼");
    let address = created(&sandbox, &transfer);
    let browser_client = BrowserClient::to(&sandbox);
    assert_eq!(browser_client.click(&address, "lapse", "https://evil.example").status, 403);
    assert_eq!(browser_client.click(&address, "pay", sandbox.base_url()).status, 400);
    assert_eq!(state(&sandbox, &transfer), BillState::WaitUserConfirm);
    assert_eq!(browser_client.click(&address, "lapse", sandbox.base_url()).status, 303);
    assert_eq!(state(&sandbox, &transfer), BillState::Fail);
    browser_client.get("/").assert_shows(&["转账失败 FAIL", "OVERDUE_CLOSE"]);
    assert_eq!(browser_client.get("/transfer?package=x").status, 404);
    assert_eq!(browser_client.get("/transfer?x=1").status, 400);
}

#[test]
fn authorization_is_confirmed_by_a_click() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let request = request(&sandbox, "authorization1");
    let requested = authorization::request(signer, gateway, &request).unwrap();
    let address = sandbox.confirmation_url(requested.package_info.as_str());
    let browser_client = BrowserClient::to(&sandbox);
    browser_client.get(&address).assert_shows(&["免确认收款授权", "李四"]);
    assert_eq!(browser_client.click(&address, "lapse", sandbox.base_url()).status, 200);
    assert_eq!(browser_client.click(&address, "confirm", sandbox.base_url()).status, 303);
    let found = authorization::query(signer, gateway, &request.out_authorization_no).unwrap();
    assert_eq!(found.state, AuthorizationState::TakingEffect);
}
