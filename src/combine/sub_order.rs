//! 商品单: a sub-order (子单) of a combined order.

use serde::Serialize;

use crate::error::{Member, Violations};
use crate::id::{self, AppId, OutTradeNo};
use crate::money::Fen;
use crate::party::SubMerchant;
use crate::pay::SettleInfo;
use crate::request_fields::request_fields;
use crate::strict_json::Object;
use crate::validate;

/// 商品单: a sub-order (子单) of a combined order.
///
/// ```
/// use wechatpay::combine::SubOrder;
/// use wechatpay::{Fen, OutTradeNo};
///
/// let number = OutTradeNo::new("20150806125346")?;
/// let mut sub_order = SubOrder::new("1230000109", number, "QQ会员充值", Fen(10), "深圳分店");
/// sub_order.goods_tag = Some("WXG".into());
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubOrder {
    merchant: SubOrderMerchant,
    /// 商品单订单号: merchant order number of the sub-order, unique like that of the combined order.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: what is bought, shown in the payer's bill. 1 to 127 characters.
    pub description: String,
    /// 标价金额: the total in fen, at least 1, at most ten million yuan.
    pub total_amount: Fen,
    /// 商户数据包: your own data, which a sub-order must have. 1 to 128 characters.
    pub attach: String,
    /// 商品详情: item details, which the current pages no longer list. 1 to 6000 characters. Default: none.
    pub detail: Option<String>,
    /// 结算信息: settlement, such as profit sharing. Default: none.
    pub settle_info: Option<SettleInfo>,
    /// 订单优惠标记: discount tag. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
}

request_fields! {
    SubOrder(merchant: SubOrderMerchant, total_amount: Fen) {
        attach: String, out_trade_no: OutTradeNo, description: String;
        detail, settle_info, goods_tag
    }
}

impl SubOrder {
    /// A sub-order of this merchant (商品单商户号), with the required fields.
    pub fn new(
        mchid: impl Into<String>,
        out_trade_no: OutTradeNo,
        description: impl Into<String>,
        total_amount: Fen,
        attach: impl Into<String>,
    ) -> Self {
        let merchant = SubOrderMerchant::Merchant(mchid.into());
        let (description, attach) = (description.into(), attach.into());
        Self::with_required(merchant, total_amount, attach, out_trade_no, description)
    }

    /// For partners (服务商): a sub-order of this sub-merchant (子商户), with the required fields.
    pub fn of_sub_merchant(
        sub_merchant: SubMerchant,
        out_trade_no: OutTradeNo,
        description: impl Into<String>,
        total_amount: Fen,
        attach: impl Into<String>,
    ) -> Self {
        let merchant = SubOrderMerchant::SubMerchant(sub_merchant);
        let (description, attach) = (description.into(), attach.into());
        Self::with_required(merchant, total_amount, attach, out_trade_no, description)
    }

    pub(super) fn read(combine_mchid: &str, object: &mut Object<'_>) -> Option<Self> {
        let merchant = SubOrderMerchant::read(combine_mchid, object);
        let total_amount = object.amount("total_amount");
        Self::read_fields(object, merchant, total_amount)
    }

    pub(super) fn sub_merchant(&self) -> Option<&SubMerchant> {
        match &self.merchant {
            SubOrderMerchant::Merchant(_) => None,
            SubOrderMerchant::SubMerchant(sub) => Some(sub),
        }
    }

    /// The merchants of the sub-order, in a combined order that this merchant initiates.
    pub(super) fn payee<'a>(&'a self, combine_mchid: &'a str) -> Payee<'a> {
        match &self.merchant {
            SubOrderMerchant::Merchant(mchid) => Payee { mchid, sub_mchid: None, sub_appid: None },
            SubOrderMerchant::SubMerchant(sub) => Payee {
                mchid: combine_mchid,
                sub_mchid: Some(sub.mchid()),
                sub_appid: sub.appid.as_ref(),
            },
        }
    }

    pub(super) fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| Member { path, name };
        if let SubOrderMerchant::Merchant(mchid) = &self.merchant {
            if let Err(rule) = id::check_mchid(mchid) {
                violations.add(at("mchid"), rule);
            }
        }
        validate::text(violations, at("attach"), &self.attach, 128);
        if !(Fen(1)..=LARGEST_SUB_ORDER).contains(&self.total_amount) {
            violations.add(at("amount/total_amount"), "must be 1 fen to ten million yuan");
        }
        let subsidy_amount = self.settle_info.and_then(|settle_info| settle_info.subsidy_amount);
        if let Some(subsidy_amount) = subsidy_amount {
            validate::total(violations, at("settle_info/subsidy_amount"), subsidy_amount);
        }
        validate::optional_text(violations, at("detail"), self.detail.as_deref(), 6000);
        validate::text(violations, at("description"), &self.description, 127);
        validate::optional_text(violations, at("goods_tag"), self.goods_tag.as_deref(), 32);
    }

    pub(super) fn to_body<'a>(&'a self, combine_mchid: &'a str) -> impl Serialize + 'a {
        let amount = Amount { total_amount: self.total_amount, currency: "CNY" };
        Body { payee: self.payee(combine_mchid), fields: self.fields(), amount }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum SubOrderMerchant {
    Merchant(String),
    SubMerchant(SubMerchant),
}

impl SubOrderMerchant {
    fn read(combine_mchid: &str, object: &mut Object<'_>) -> Option<Self> {
        if !object.has("sub_mchid") {
            return object.required("mchid").map(Self::Merchant);
        }
        object.agrees("mchid", Some(combine_mchid), ", the combine_mchid, beside a sub_mchid");
        let appid = object.optional("sub_appid");
        let sub_merchant = SubMerchant::new(object.required::<String>("sub_mchid")?);
        let mut sub_merchant = object.checked("sub_mchid", sub_merchant)?;
        sub_merchant.appid = appid;
        Some(Self::SubMerchant(sub_merchant))
    }
}

/// The JSON of a sub-order.
#[derive(Serialize)]
struct Body<'a, F> {
    #[serde(flatten)]
    payee: Payee<'a>,
    #[serde(flatten)]
    fields: F,
    amount: Amount,
}

#[derive(Serialize)]
struct Amount {
    total_amount: Fen,
    currency: &'static str,
}

/// The merchant of a sub-order; of a partner's sub-order, the partner and the sub-merchant.
#[derive(Clone, Copy, PartialEq, Serialize)]
pub(super) struct Payee<'a> {
    pub(super) mchid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub_mchid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_appid: Option<&'a AppId>,
}

/// Ten million yuan ([m/4013420906](https://pay.weixin.qq.com/doc/v3/merchant/4013420906)).
const LARGEST_SUB_ORDER: Fen = Fen(1_000_000_000);
