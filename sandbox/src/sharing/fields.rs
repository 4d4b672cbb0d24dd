//! The fields of every request of profit sharing, as the documents list them.

use crate::schema::{
    DATE, Form, REFUND_NUMBER, Rule, Table, formed, optional, required, text, whole,
};

/// 添加分账接收方.
pub(super) const NEW_RECEIVER: Table = &[
    required("appid", text(32)),
    required("type", RECEIVER_TYPE),
    required("account", text(64)),
    optional("name", text(1024)),
    required("relation_type", RELATION),
    optional("custom_relation", text(10)),
    optional("sub_mchid", text(32)),
    optional("sub_appid", text(32)),
];

/// 删除分账接收方.
pub(super) const DELETED_RECEIVER: Table = &[
    required("appid", text(32)),
    required("type", RECEIVER_TYPE),
    required("account", text(64)),
    optional("sub_mchid", text(32)),
    optional("sub_appid", text(32)),
];

/// 请求分账.
pub(super) const SPLIT: Table = &[
    optional("appid", text(32)),
    optional("sub_mchid", text(32)),
    optional("sub_appid", text(32)),
    required("transaction_id", text(32)),
    required("out_order_no", OUT_ORDER_NO),
    required("receivers", Rule::List { tables: &[RECEIVER], fewest: 1, most: 50 }),
    required("unfreeze_unsplit", Rule::Flag),
];

const RECEIVER: Table = &[
    required("type", RECEIVER_TYPE),
    required("account", text(64)),
    optional("name", text(1024)),
    required("amount", whole(1)),
    required("description", text(80)),
];

/// 查询分账结果.
pub(super) const SPLIT_QUERY: Table =
    &[required("transaction_id", text(32)), optional("sub_mchid", text(32))];

/// 解冻剩余资金.
pub(super) const UNFREEZE: Table = &[
    required("transaction_id", text(32)),
    required("out_order_no", OUT_ORDER_NO),
    required("description", text(80)),
    optional("sub_mchid", text(32)),
];

/// 请求分账回退. A table cannot say that one of the first two must be there.
pub(super) const RETURN: Table = &[
    optional("order_id", text(64)),
    optional("out_order_no", OUT_ORDER_NO),
    required("out_return_no", OUT_RETURN_NO),
    required("return_mchid", text(32)),
    required("amount", whole(1)),
    required("description", text(80)),
    optional("sub_mchid", text(32)),
];

/// 查询分账回退结果.
pub(super) const RETURN_QUERY: Table =
    &[required("out_order_no", OUT_ORDER_NO), optional("sub_mchid", text(32))];

/// 申请分账账单.
pub(super) const BILL: Table = &[
    required("bill_date", formed(10, DATE)),
    optional("sub_mchid", text(12)),
    optional("tar_type", Rule::Word(&["GZIP"])),
];

/// 商户分账单号.
pub(super) const OUT_ORDER_NO: Rule = formed(64, REFUND_NUMBER);
/// 商户回退单号.
pub(super) const OUT_RETURN_NO: Rule = formed(64, RETURN_NUMBER);

const RETURN_NUMBER: Form =
    Form::new(is_return_number, "has other characters than digits, letters and _-*@");

fn is_return_number(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || "_-*@".contains(character))
}

const RECEIVER_TYPE: Rule = Rule::Word(&["MERCHANT_ID", "PERSONAL_OPENID", "PERSONAL_SUB_OPENID"]);

const RELATION: Rule = Rule::Word(&[
    "SERVICE_PROVIDER",
    "STORE",
    "STAFF",
    "STORE_OWNER",
    "PARTNER",
    "HEADQUARTER",
    "BRAND",
    "DISTRIBUTOR",
    "USER",
    "SUPPLIER",
    "CUSTOM",
]);
