//! 商家转账: transfers to users, their authorizations and their receipts.

use serde_json::{Value, json};
use wechatpay::notify::{self, EventType, Notification};
use wechatpay::transfer::authorization::{
    self, AuthorizationRequest, AuthorizationState, AuthorizedTransfer, CloseReason,
};
use wechatpay::transfer::{
    self, AuthorizationInfo, BillState, FailReason, NotEnded, PaymentMethodType, ReceiveStyle,
    Scene, Transfer,
};
use wechatpay::{
    ApiV3Key, Code, Error, Fen, OpenId, OutAuthorizationNo, OutBillNo, Outcome, Retry, Time,
};
use wechatpay_sandbox::Sandbox;

use crate::support::{api, start};

#[cfg(feature = "aws-lc-rs")]
mod named;

const NUMBER: &str = "plfk2020042013";

pub(crate) fn transfer(sandbox: &Sandbox, number: &str) -> Transfer {
    let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
    let number = OutBillNo::new(number).unwrap();
    Transfer::new(sandbox.appid(), number, openid(), scene, Fen(100), "新会员开通有礼")
}

fn openid() -> OpenId {
    OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap()
}

fn create(sandbox: &Sandbox, transfer: &Transfer) -> Result<transfer::Created, Error> {
    transfer::create(sandbox.signer(), sandbox.gateway(), transfer)
}

fn query(sandbox: &Sandbox, transfer: &Transfer) -> transfer::Bill {
    transfer::query(sandbox.signer(), sandbox.gateway(), &transfer.out_bill_no).unwrap()
}

/// The event types and notifications that were not taken yet.
fn notified(sandbox: &Sandbox) -> Vec<(EventType, Notification)> {
    let key = ApiV3Key::new(sandbox.api_v3_key()).unwrap();
    let open = |notification: wechatpay_sandbox::Notification| {
        let headers = notification.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_slice()));
        let (keys, now) = (sandbox.platform_keys(), Time::now().unwrap());
        let event = notify::open(keys, &key, headers, &notification.body, now).unwrap();
        (event.event_type, event.notification)
    };
    sandbox.take_notifications().into_iter().map(open).collect()
}

#[test]
fn every_field_of_a_transfer_is_sent_under_its_name() {
    let sandbox = start();
    let mut transfer = transfer(&sandbox, NUMBER);
    transfer.notify_url = Some(sandbox.notify_url());
    transfer.user_recv_perception = Some("现金奖励".into());
    transfer.user_recv_style = Some(ReceiveStyle::RedPacket);
    create(&sandbox, &transfer).unwrap();
    let received = sandbox.received();
    let request = received.last().unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        json!({
            "appid": sandbox.appid().as_str(), "out_bill_no": NUMBER, "transfer_scene_id": "1000",
            "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", "transfer_amount": 100,
            "transfer_remark": "新会员开通有礼", "notify_url": sandbox.notify_url().as_str(),
            "user_recv_perception": "现金奖励", "user_recv_style": {"type": "RED_PACKET"},
            "transfer_scene_report_infos": [
                {"info_type": "活动名称", "info_content": "新会员有礼"},
                {"info_type": "奖励说明", "info_content": "注册会员抽奖一等奖"}],
        })
    );
    assert_eq!(request.body, transfer.to_json(sandbox.signer()).unwrap());
}

#[test]
fn transfer_goes_from_creation_to_notification() {
    let sandbox = start();
    let mut transfer = transfer(&sandbox, NUMBER);
    transfer.notify_url = Some(sandbox.notify_url());
    let created = create(&sandbox, &transfer).unwrap();
    assert_eq!(created.state, BillState::WaitUserConfirm);
    let package_info = created.package_info.unwrap();
    let for_the_page = transfer::invoke(sandbox.signer(), &transfer, &package_info);
    assert_eq!(for_the_page.mch_id, sandbox.mchid());

    sandbox.confirm_transfer(NUMBER).unwrap();
    let bill = query(&sandbox, &transfer);
    assert_eq!((&bill.state, bill.transfer_amount), (&BillState::Success, Fen(100)));
    assert_eq!(bill.transfer_remark.as_deref(), Some("新会员开通有礼"));
    let id = &bill.transfer_bill_no;
    let same = transfer::query_by_id(sandbox.signer(), sandbox.gateway(), id).unwrap();
    assert_eq!(same, bill);
    assert_eq!(
        transfer.ended(sandbox.signer(), &bill).unwrap_err(),
        NotEnded::State(BillState::Success)
    );

    let notified = notified(&sandbox);
    let [(EventType::TransferFinished, Notification::Transfer(notified))] = &notified[..] else {
        panic!("{notified:?}")
    };
    assert_eq!((&notified.state, &notified.out_bill_no), (&bill.state, &bill.out_bill_no));
    assert_eq!(notified.payment_method_type, Some(PaymentMethodType::Balance));
    assert_eq!((notified.appid.clone(), notified.user_name.clone()), (None, None));
}

#[test]
fn lost_package_info_is_found_by_creating_again() {
    let sandbox = start();
    let transfer = transfer(&sandbox, NUMBER);
    sandbox.tamper_next(|response| response.status = 0);
    let error = create(&sandbox, &transfer).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    // The transfer is read back, as after a restart.
    let stored = transfer.to_json(sandbox.signer()).unwrap();
    let restored = Transfer::from_json(sandbox.signer(), &stored, None).unwrap();
    let created = create(&sandbox, &restored).unwrap();
    assert!(created.package_info.is_some());
    let received = sandbox.received();
    assert_eq!((received.len(), &received[0].body), (2, &received[1].body));
    assert_eq!(sandbox.transfers().len(), 1);
}

#[test]
fn transfer_that_cannot_be_verified_is_created_again() {
    let sandbox = start();
    let transfer = transfer(&sandbox, NUMBER);
    sandbox.tamper_next(|response| response.body.push(b' '));
    let error = create(&sandbox, &transfer).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    sandbox.refuse_next(429, "FREQUENCY_LIMIT_EXCEED", "请求频率超限");
    let error = create(&sandbox, &transfer).unwrap_err();
    assert_eq!((error.outcome(), error.retry()), (Outcome::Unknown, Retry::SameRequest));
    create(&sandbox, &transfer).unwrap();
    assert_eq!(sandbox.transfers().len(), 1);
}

#[test]
fn accepted_transfer_gets_its_package_info_later() {
    let sandbox = start();
    let transfer = transfer(&sandbox, NUMBER);
    sandbox.hold_transfers(true);
    let created = create(&sandbox, &transfer).unwrap();
    assert_eq!((created.state, created.package_info), (BillState::Accepted, None));
    sandbox.hold_transfers(false);
    assert!(create(&sandbox, &transfer).unwrap().package_info.is_some());
    sandbox.hold_transfers(true);
    sandbox.confirm_transfer(NUMBER).unwrap();
    assert_eq!(query(&sandbox, &transfer).state, BillState::Transfering);
}

#[test]
fn empty_operation_account_is_topped_up_for_the_same_number() {
    let sandbox = start();
    sandbox.set_operation_balance(Fen(99));
    let transfer = transfer(&sandbox, NUMBER);
    let error = create(&sandbox, &transfer).unwrap_err();
    assert_eq!(api(&error).code, Code::NOT_ENOUGH);
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::SameRequest));
    sandbox.set_operation_balance(Fen(100));
    assert!(create(&sandbox, &transfer).is_ok());
}

#[test]
fn used_number_is_queried_before_a_new_one() {
    let sandbox = start();
    let transfer = transfer(&sandbox, NUMBER);
    create(&sandbox, &transfer).unwrap();
    let mut other = transfer.clone();
    other.transfer_amount = Fen(200);
    let error = create(&sandbox, &other).unwrap_err();
    assert_eq!(api(&error).code, Code::INVALID_REQUEST);
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::QueryFirst));

    sandbox.confirm_transfer(NUMBER).unwrap();
    let error = create(&sandbox, &transfer).unwrap_err();
    assert_eq!(api(&error).code, Code::ALREADY_EXISTS);
    assert_eq!((error.outcome(), error.retry()), (Outcome::Refused, Retry::QueryFirst));
    let unknown = OutBillNo::new("unknown").unwrap();
    let error = transfer::query(sandbox.signer(), sandbox.gateway(), &unknown).unwrap_err();
    assert_eq!((&api(&error).code, error.retry()), (&Code::NOT_FOUND, Retry::SameRequest));
}

#[test]
fn transfer_that_lapsed_allows_a_new_number() {
    let sandbox = start();
    let mut transfer = transfer(&sandbox, NUMBER);
    transfer.notify_url = Some(sandbox.notify_url());
    create(&sandbox, &transfer).unwrap();
    let waiting = query(&sandbox, &transfer);
    assert!(transfer.ended(sandbox.signer(), &waiting).is_err());
    sandbox.let_time_pass(24 * 60 * 60);
    let bill = query(&sandbox, &transfer);
    assert_eq!(bill.fail_reason, Some(FailReason::OverdueClose));
    let ended = transfer.ended(sandbox.signer(), &bill).unwrap();
    let next = transfer.again(ended, OutBillNo::new("plfk2020042014").unwrap()).unwrap();
    assert!(create(&sandbox, &next).is_ok());
    // Its notification proves the same.
    let notified = notified(&sandbox);
    let [(_, Notification::Transfer(bill))] = &notified[..] else { panic!("{notified:?}") };
    assert!(transfer.ended(sandbox.signer(), bill).is_ok());
}

#[test]
fn cancellation_may_lose_against_the_user() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let (lost, won) = (transfer(&sandbox, NUMBER), transfer(&sandbox, "plfk2"));
    for transfer in [&lost, &won] {
        create(&sandbox, transfer).unwrap();
        let cancelled = transfer::cancel(signer, gateway, &transfer.out_bill_no).unwrap();
        assert_eq!(cancelled.state, BillState::Canceling);
        assert!(sandbox.received().last().unwrap().body.is_empty());
    }
    sandbox.confirm_transfer(NUMBER).unwrap();
    sandbox.let_time_pass(30);
    assert_eq!(query(&sandbox, &lost).state, BillState::Success);
    let bill = query(&sandbox, &won);
    assert_eq!(bill.state, BillState::Cancelled);
    assert!(won.ended(signer, &bill).is_ok());
    let again = transfer::cancel(signer, gateway, &won.out_bill_no).unwrap();
    assert_eq!(again.state, BillState::Cancelled);
    let error = transfer::cancel(signer, gateway, &lost.out_bill_no).unwrap_err();
    assert_eq!(error.retry(), Retry::QueryFirst);
}

#[test]
fn response_about_another_transfer_is_refused() {
    let sandbox = start();
    create(&sandbox, &transfer(&sandbox, NUMBER)).unwrap();
    for (name, value) in [("out_bill_no", "plfk2"), ("mch_id", "1900000109")] {
        sandbox.rewrite_next(move |response| {
            let mut body: Value = serde_json::from_slice(&response.body).unwrap();
            body[name] = json!(value);
            response.body = body.to_string().into_bytes();
        });
        let number = OutBillNo::new(NUMBER).unwrap();
        let error = transfer::query(sandbox.signer(), sandbox.gateway(), &number).unwrap_err();
        assert!(error.to_string().contains("is not the one requested"), "{error}");
    }
}

fn request(sandbox: &Sandbox) -> AuthorizationRequest {
    let number = OutAuthorizationNo::new("authorization1").unwrap();
    let (appid, url) = (sandbox.appid(), sandbox.notify_url());
    AuthorizationRequest::new(number, appid, openid(), "1000", "李四", url)
}

fn authorized(sandbox: &Sandbox, number: &str) -> AuthorizedTransfer {
    let transfer = transfer(sandbox, number);
    AuthorizedTransfer::new(
        OutAuthorizationNo::new("authorization1").unwrap(),
        transfer.appid,
        transfer.out_bill_no,
        transfer.scene,
        transfer.transfer_amount,
        transfer.transfer_remark,
    )
}

#[test]
fn authorization_goes_from_request_to_close() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let request = request(&sandbox);
    let number = &request.out_authorization_no;
    let requested = authorization::request(signer, gateway, &request).unwrap();
    assert_eq!(requested.state, AuthorizationState::WaitUserConfirm);
    let early = authorization::transfer(signer, gateway, &authorized(&sandbox, "early"));
    assert_eq!(early.unwrap_err().retry(), Retry::QueryFirst);

    sandbox.confirm_authorization(number.as_str()).unwrap();
    let found = authorization::query(signer, gateway, number).unwrap();
    assert_eq!(found.state, AuthorizationState::TakingEffect);
    let transfer = authorized(&sandbox, NUMBER);
    sandbox.rewrite_next(|response| {
        let mut body: Value = serde_json::from_slice(&response.body).unwrap();
        body["transfer_amount"] = json!(1);
        response.body = body.to_string().into_bytes();
    });
    let error = authorization::transfer(signer, gateway, &authorized(&sandbox, "other"));
    assert!(error.unwrap_err().to_string().contains("amount is not the one requested"));
    let bill = authorization::transfer(signer, gateway, &transfer).unwrap();
    assert_eq!((&bill.state, bill.openid.as_ref()), (&BillState::Success, Some(&openid())));
    let mut by_id = authorized(&sandbox, "byid");
    by_id.authorization = found.authorization_id.unwrap().into();
    assert!(authorization::transfer(signer, gateway, &by_id).is_ok());
    let again = authorization::transfer(signer, gateway, &transfer).unwrap_err();
    assert_eq!(api(&again).code, Code::ALREADY_EXISTS);

    let closed = authorization::close(signer, gateway, number).unwrap();
    assert_eq!(closed.close_info.unwrap().close_reason, CloseReason::ByMerchant);
    let late = authorization::transfer(signer, gateway, &authorized(&sandbox, "late")).unwrap_err();
    assert_eq!(api(&late).code, Code::ORDER_CLOSED);
    let states: Vec<_> = notified(&sandbox)
        .into_iter()
        .map(|(event_type, notification)| match notification {
            Notification::TransferAuthorization(found) => (event_type, found.state.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        states,
        [
            (EventType::AuthorizationConfirmed, AuthorizationState::TakingEffect),
            (EventType::AuthorizationClosed, AuthorizationState::Closed),
        ]
    );
}

#[test]
fn user_may_confirm_the_transfer_and_not_the_authorization() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut transfer = transfer(&sandbox, NUMBER);
    let number = OutAuthorizationNo::new("authorization1").unwrap();
    let info = AuthorizationInfo::new(number.clone(), "李四", sandbox.notify_url());
    transfer.authorization_info = Some(info);
    assert_eq!(create(&sandbox, &transfer).unwrap_err().outcome(), Outcome::NotSent);
    let created = transfer::create_with_authorization(signer, gateway, &transfer).unwrap();
    assert_eq!(created.out_authorization_no.as_ref(), Some(&number));
    sandbox.confirm_transfer(NUMBER).unwrap();
    let error = authorization::query(signer, gateway, &number).unwrap_err();
    assert_eq!(api(&error).code, Code::NOT_FOUND);
    sandbox.confirm_authorization(number.as_str()).unwrap();
    let found = authorization::query(signer, gateway, &number).unwrap();
    assert_eq!(found.state, AuthorizationState::TakingEffect);
}

#[test]
fn notification_of_another_event_is_not_taken_for_a_transfer() {
    let sandbox = start();
    let mut transfer = transfer(&sandbox, NUMBER);
    transfer.notify_url = Some(sandbox.notify_url());
    create(&sandbox, &transfer).unwrap();
    sandbox.fail_transfer(NUMBER, "TRANSFER_RISK").unwrap();
    let notifications = sandbox.take_notifications();
    assert_eq!(notifications[0].number, NUMBER);
    let notified = notified(&sandbox);
    assert!(notified.is_empty());
    let bill = query(&sandbox, &transfer);
    assert_eq!(bill.fail_reason, Some(FailReason::TransferRisk));
}

#[test]
fn transfer_notifications_have_their_own_schedule() {
    let sandbox = start();
    let mut transfer = transfer(&sandbox, NUMBER);
    transfer.notify_url = Some(sandbox.notify_url());
    create(&sandbox, &transfer).unwrap();
    sandbox.confirm_transfer(NUMBER).unwrap();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let delivery = sandbox.deliver_notifications().pop().unwrap();
        pauses.push(delivery.next_attempt.unwrap().as_secs());
    }
    assert_eq!(pauses, [15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 300, 300]);
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn plain_name_of_json_is_encrypted() {
    let sandbox = start();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let encryptor = sandbox.platform_keys().encryptor().unwrap();
    let with_name = |body: Vec<u8>| {
        let mut json: Value = serde_json::from_slice(&body).unwrap();
        json["user_name"] = json!("张三");
        json.to_string().into_bytes()
    };
    let plain = with_name(transfer(&sandbox, "plain1").to_json(signer).unwrap());
    let named = Transfer::from_plain_json(signer, &plain, &encryptor).unwrap();
    assert_eq!(named.encryption_serial(), Some(encryptor.serial()));
    transfer::create(signer, gateway, &named).unwrap();
    assert_eq!(sandbox.transfers()[0].user_name, "张三");
    // The same bytes after a restart.
    let body = named.to_json(signer).unwrap();
    assert_eq!(Transfer::from_json(signer, &body, named.encryption_serial()).unwrap(), named);

    let plain = with_name(authorized(&sandbox, "plain2").to_json(signer).unwrap());
    let named = AuthorizedTransfer::from_plain_json(signer, &plain, &encryptor).unwrap();
    let body = named.to_json(signer).unwrap();
    assert!(!String::from_utf8(body.clone()).unwrap().contains("张三"));
    assert_eq!(
        AuthorizedTransfer::from_json(signer, &body, named.encryption_serial()).unwrap(),
        named
    );
}
