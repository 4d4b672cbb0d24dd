//! The fields of requests about transfers, and the rules that no table can express
//! ([m/4012716434](https://pay.weixin.qq.com/doc/v3/merchant/4012716434),
//! [m/4013774588](https://pay.weixin.qq.com/doc/v3/merchant/4013774588) to
//! [m/4013774595](https://pay.weixin.qq.com/doc/v3/merchant/4013774595)).

use serde_json::Value;

use super::caller::Caller;
use super::refusal::{Location, Refusal};
use super::schema::{
    Form, IP, NOTIFY_URL, Rule, Table, fen_of, formed, items_of, object, optional, required, text,
    text_of,
};

/// 商户单号.
pub(super) const OUT_BILL_NO: Rule = formed(32, ALPHANUMERIC);
/// 微信转账单号.
pub(super) const TRANSFER_BILL_NO: Rule = text(64);
/// 商户侧授权单号.
pub(super) const OUT_AUTHORIZATION_NO: Rule = text(32);

/// 发起转账.
pub(super) const TRANSFER: Table = &[
    required("openid", text(64)),
    optional("notify_url", formed(256, NOTIFY_URL)),
    optional("user_recv_style", object(&[&[required("type", text(32))]])),
];

/// Of every transfer. The name is encrypted.
pub(super) const TERMS: Table = &[
    required("appid", text(32)),
    required("out_bill_no", OUT_BILL_NO),
    required("transfer_scene_id", text(36)),
    optional("user_name", text(1024)),
    required("transfer_amount", Rule::Whole { least: 10, most: i64::MAX }),
    required("transfer_remark", text(32)),
    optional("user_recv_perception", text(256)),
    optional(
        "transfer_scene_report_infos",
        Rule::List { tables: &[REPORT_INFO], fewest: 1, most: 10 },
    ),
];

const REPORT_INFO: Table = &[required("info_type", text(15)), required("info_content", text(32))];

/// 发起转账并完成免确认收款授权, beside [`TRANSFER`].
pub(super) const WITH_AUTHORIZATION: Table = &[
    optional(
        "authorization_info",
        object(&[&[
            required("user_display_name", text(32)),
            required("out_authorization_no", OUT_AUTHORIZATION_NO),
            required("authorization_notify_url", formed(256, NOTIFY_URL)),
        ]]),
    ),
    optional("sponsor_mchid", text(32)),
];

/// 免确认收款模式转账, beside [`TERMS`]. A table cannot say that one of both numbers is needed.
pub(super) const AUTHORIZED: Table = &[
    optional("authorization_id", text(32)),
    optional("out_authorization_no", OUT_AUTHORIZATION_NO),
    optional("sponsor_mchid", text(32)),
];

/// 发起免确认收款授权.
pub(super) const AUTHORIZATION: Table = &[
    required("out_authorization_no", OUT_AUTHORIZATION_NO),
    required("appid", text(32)),
    required("openid", text(64)),
    required("transfer_scene_id", text(36)),
    required("user_display_name", text(32)),
    optional("user_recv_perception", text(256)),
    required("authorization_notify_url", formed(256, NOTIFY_URL)),
    optional("scene_info", object(&[DEVICE])),
];

const DEVICE: Table = &[
    optional("client_ip", formed(45, IP)),
    optional("device_id", text(128)),
    optional("device_type", Rule::Word(&["IOS", "ANDROID", "HARMONY", "OTHER"])),
];

/// 申请电子回单.
pub(super) const RECEIPT_BY_NUMBER: Table = &[required("out_bill_no", OUT_BILL_NO)];
pub(super) const RECEIPT_BY_ID: Table = &[required("transfer_bill_no", TRANSFER_BILL_NO)];

/// 下载电子回单.
pub(super) const RECEIPT_FILE: Table = &[required("token", text(64))];

const ALPHANUMERIC: Form = Form::new(
    |text| text.chars().all(|character| character.is_ascii_alphanumeric()),
    "has other characters than digits and letters",
);

/// Whether a request must name the information of its scene.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ReportInfos {
    Required,
    Optional,
}

/// The rules of the scene, the name and the amount.
pub(super) fn check(parameters: &Value, report_infos: ReportInfos) -> Result<(), Refusal> {
    let amount = fen_of(parameters, "/transfer_amount");
    let wrong =
        |field: &str, issue: &str| Err(Refusal::parameter(Location::Body, field, None, issue));
    match parameters.get("user_name") {
        None if amount >= 200_000 => return wrong("/user_name", "is required from 2,000 yuan"),
        Some(_) if amount < 30 => return wrong("/user_name", "is not allowed under 0.30 yuan"),
        _ => {}
    }
    check_scene(parameters, report_infos)?;
    let style = parameters.pointer("/user_recv_style/type").and_then(Value::as_str);
    let scene = known_scene(text_of(parameters, "transfer_scene_id"));
    match style {
        Some("RED_PACKET") if amount > 20_000 => {
            wrong("/user_recv_style/type", "RED_PACKET is not allowed over 200 yuan")
        }
        Some("RED_PACKET") if scene.is_some_and(|scene| !scene.3) => {
            wrong("/user_recv_style/type", "RED_PACKET is not allowed in this scene")
        }
        Some("RED_PACKET" | "CONFIRM_PAGE") | None => Ok(()),
        Some(_) => wrong("/user_recv_style/type", "is not CONFIRM_PAGE or RED_PACKET"),
    }
}

/// The information and the perception of a scene.
pub(super) fn check_scene(parameters: &Value, report_infos: ReportInfos) -> Result<(), Refusal> {
    let wrong =
        |field: &str, issue: &str| Err(Refusal::parameter(Location::Body, field, None, issue));
    let id = text_of(parameters, "transfer_scene_id");
    let Some((_, info_types, perceptions, _)) = known_scene(id) else {
        return Err(Refusal::invalid("商户未开通该转账场景"));
    };
    let infos = items_of(parameters, "transfer_scene_report_infos");
    if !(infos.is_empty() && report_infos == ReportInfos::Optional) {
        let has = |wanted: &&str| infos.iter().any(|info| text_of(info, "info_type") == *wanted);
        if infos.len() != info_types.len() || !info_types.iter().all(has) {
            return wrong("/transfer_scene_report_infos", "is not the information of this scene");
        }
    }
    match parameters.get("user_recv_perception").and_then(Value::as_str) {
        Some(text) if !perceptions.contains(&text) => {
            wrong("/user_recv_perception", "is not a text of this scene")
        }
        _ => Ok(()),
    }
}

/// The user must be one of the appid, and the appid must be bound to the merchant.
pub(super) fn check_user(parameters: &Value, caller: &Caller<'_>) -> Result<(), Refusal> {
    let appid = text_of(parameters, "appid");
    let merchant = caller.merchants.get(caller.mchid);
    if !merchant.is_some_and(|merchant| merchant.appids.iter().any(|bound| bound == appid)) {
        return Err(Refusal::invalid("商户号与appid没有绑定关系"));
    }
    if text_of(parameters, "openid").starts_with("other-") {
        return Err(Refusal::new(400, "PARAM_ERROR", "openid与商户appid不匹配"));
    }
    Ok(())
}

/// 用户收款感知: how the page names a transfer.
pub(super) fn perception(parameters: &Value) -> &str {
    let default = known_scene(text_of(parameters, "transfer_scene_id"))
        .and_then(|(_, _, perceptions, _)| perceptions.first().copied());
    match text_of(parameters, "user_recv_perception") {
        "" => default.unwrap_or_default(),
        given => given,
    }
}

fn known_scene(id: &str) -> Option<&'static Scene> {
    SCENES.iter().find(|(known, ..)| *known == id)
}

/// Its id, its 信息类型, its 用户收款感知 (the default first), and whether it may be a red packet.
type Scene = (&'static str, &'static [&'static str], &'static [&'static str], bool);

const SCENES: &[Scene] = &[
    ("1000", &["活动名称", "奖励说明"], &["活动奖励", "现金奖励"], true),
    ("1002", &["补贴类型"], &["行政补贴", "行政奖励"], true),
    ("1004", &["保险产品备案编号", "保险名称", "保险操作单号"], &["保险理赔款"], false),
    ("1005", &["岗位类型", "报酬说明"], &["劳务报酬", "报销款", "企业补贴", "开工利是"], true),
    ("1009", &["采购商品名称"], &["货款"], false),
    ("1010", &["回收商品名称"], &["二手回收货款"], false),
    ("1011", &["赔付原因"], &["退款", "商家赔付"], true),
    ("1013", &["公益活动名称", "公益活动备案编号"], &["公益补助金"], false),
];
