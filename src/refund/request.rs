//! 退款申请: a refund to be requested.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Member, Violations};
use crate::id::{NotifyUrl, OutRefundNo, OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::open_set::open_set;
use crate::party::{Party, PartyFields};
use crate::received::{self, Received};
use crate::request_fields::request_fields;
use crate::signer::Signer;
use crate::strict_json::{self, Json, Object, Read, read_strictly};
use crate::validate;

/// 退款申请: a refund to be requested.
///
/// Keep it: if the outcome of requesting it is unknown, request the same refund again. The same refund
/// becomes the same bytes.
///
/// ```
/// use wechatpay::{Fen, OutRefundNo, OutTradeNo, refund::Refund};
///
/// let order = OutTradeNo::new("1217752501201407033233368018")?;
/// let mut refund = Refund::new(OutRefundNo::new("1217752501-1")?, order, Fen(60), Fen(100));
/// refund.reason = Some("商品已售完".into());
/// refund.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refund {
    /// 商户退款单号: merchant refund number.
    pub out_refund_no: OutRefundNo,
    /// 原支付订单: the order that was paid, by one of its numbers.
    pub payment: Payment,
    /// 退款金额: the amount to refund in fen, at least 1, at most the total.
    pub refund: Fen,
    /// 原订单金额: the total of the order, in fen.
    pub total: Fen,
    /// 退款原因: reason, shown to the payer. At most 80 **bytes**, about 26 Chinese characters. Default: none.
    pub reason: Option<String>,
    /// 退款结果回调url: the URL that receives the refund notification. Default: none, which means the URL set on
    /// the merchant platform.
    pub notify_url: Option<NotifyUrl>,
    /// 退款资金来源: the account that the money comes from. Default: none, which means unsettled funds.
    pub funds_account: Option<FundsAccount>,
    /// 退款出资账户及金额: the accounts and amounts, if the money comes from several. Default: none.
    pub from: Vec<RefundFrom>,
    /// 退款商品: the items, which must agree with those of the order. Default: none.
    pub goods_detail: Vec<GoodsDetail>,
}

request_fields! {
    Refund(payment: Payment, refund: Fen, total: Fen, from: Vec<RefundFrom>) {
        out_refund_no: OutRefundNo;
        reason, notify_url, funds_account, goods_detail
    }
}

impl Refund {
    /// A refund of `refund` of an order's `total`, the order named by one of its numbers.
    pub fn new(
        out_refund_no: OutRefundNo,
        payment: impl Into<Payment>,
        refund: Fen,
        total: Fen,
    ) -> Self {
        Self::with_required(payment.into(), refund, total, Vec::new(), out_refund_no)
    }

    /// Parses the body of a refund as the documents print it.
    ///
    /// A field that is unknown, repeated or of the wrong type is an error, and so is an unknown enum value.
    /// `sub_mchid` and `currency` may be left out; otherwise they must be the signer's
    /// sub-merchant, and CNY. Lengths and amounts are checked as [`validate`](Self::validate) does.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn from_json(signer: &dyn Signer, json: &[u8]) -> Result<Self, Error> {
        let members = |object: &mut Object<'_>| {
            Party::from(signer).read_sub_mchid(object);
            let payment = Payment::read(object);
            let amount = object.object("amount", |amount| {
                amount.currency();
                let from = amount.optional("from").unwrap_or_default();
                let (refund, total) = (amount.required("refund"), amount.required("total"));
                Some((refund?, total?, from))
            });
            let (refund, total, from) = match amount {
                Some((refund, total, from)) => (Some(refund), Some(total), Some(from)),
                None => (None, None, None),
            };
            Self::read_fields(object, payment, refund, total, from)
        };
        strict_json::read(json, members, Self::find_violations)
    }

    /// Validates the refund against the documented rules. [`apply`](crate::refund::apply) does this before
    /// sending.
    ///
    /// # Errors
    /// [`Error`] of kind `Invalid` with every violation, each with its JSON path and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) {
        if let Some(reason) = &self.reason {
            validate::text(violations, "/reason", reason, 80);
            if reason.len() > 80 && reason.chars().count() <= 80 {
                violations.add("/reason", "must not exceed 80 bytes, about 26 Chinese characters");
            }
        }
        validate::total(violations, "/amount/refund", self.refund);
        validate::total(violations, "/amount/total", self.total);
        if self.refund > self.total && !violations.is_misread("/amount/total") {
            violations.add("/amount/refund", "must not exceed /amount/total");
        }
        if let Some(account) = &self.funds_account {
            account.find_violations(violations, "/funds_account");
        }
        for (index, from) in self.from.iter().enumerate() {
            from.account.find_violations(violations, &format!("/amount/from/{index}/account"));
            validate::total(violations, format!("/amount/from/{index}/amount"), from.amount);
        }
        for (index, goods) in self.goods_detail.iter().enumerate() {
            goods.find_violations(violations, &format!("/goods_detail/{index}"));
        }
    }

    /// The body that [`apply`](crate::refund::apply) sends. The same refund becomes the same bytes.
    ///
    /// Store it to request the same refund again after a restart: [`from_json`](Self::from_json) returns
    /// an equal refund.
    ///
    /// ```
    /// use wechatpay::refund::Refund;
    /// use wechatpay::{Error, Signer};
    ///
    /// fn restored(signer: &dyn Signer, refund: &Refund) -> Result<Refund, Error> {
    ///     let stored: Vec<u8> = refund.to_json(signer)?;
    ///     Refund::from_json(signer, &stored)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_json(&self, signer: &dyn Signer) -> Result<Vec<u8>, Error> {
        self.validate()?;
        Ok(validate::to_json(&Body {
            party: Party::from(signer).sub_mchid_field(),
            payment: &self.payment,
            fields: self.fields(),
            amount: BodyAmount {
                refund: self.refund,
                from: &self.from,
                total: self.total,
                currency: "CNY",
            },
        })?)
    }
}

/// 原支付订单: an order that was paid, by one of its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// 商户订单号: merchant order number.
    OutTradeNo(OutTradeNo),
    /// 微信支付订单号: WeChat Pay's transaction ID.
    TransactionId(TransactionId),
}

impl Payment {
    fn read(object: &mut Object<'_>) -> Option<Self> {
        if !object.has("transaction_id") {
            let number = match object.has("out_trade_no") {
                true => Self::read_order_number(object).or_else(OutTradeNo::stand_in),
                false => object.required("out_trade_no"),
            };
            return number.map(Self::OutTradeNo);
        }
        if Self::read_order_number(object).is_some() {
            object.violation(
                "out_trade_no",
                "must be left out if transaction_id is set: one is enough",
            );
        }
        object.required("transaction_id").map(Self::TransactionId)
    }

    /// Reads `out_trade_no`, which may be left out. An order of APIv2 or of earlier years may have a number of another
    /// form, and its refund must be readable after it was stored.
    pub(crate) fn read_order_number(object: &mut Object<'_>) -> Option<OutTradeNo> {
        let number: String = object.optional("out_trade_no")?;
        let read = OutTradeNo::received(&number).filter(|_| number.len() <= 32);
        if read.is_none() {
            object.violation("out_trade_no", "must be 1 to 32 printable ASCII characters");
        }
        read
    }
}

impl From<OutTradeNo> for Payment {
    fn from(number: OutTradeNo) -> Self {
        Self::OutTradeNo(number)
    }
}

impl From<TransactionId> for Payment {
    fn from(number: TransactionId) -> Self {
        Self::TransactionId(number)
    }
}

open_set! {
    /// 资金账户: the account that the money of a refund comes from. A request may name the first two.
    refund::FundsAccount {
        /// 可用余额账户: available balance, for merchants with the old fund flow.
        Available = "AVAILABLE",
        /// 未结算资金: unsettled funds, for refunds of mobility deposits.
        Unsettled = "UNSETTLED",
        /// 不可用余额: unavailable balance.
        Unavailable = "UNAVAILABLE",
        /// 运营户: operation account.
        Operation = "OPERATION",
        /// 基本账户: basic account.
        Basic = "BASIC",
        /// 数字人民币基本账户: basic account in e-CNY.
        EcnyBasic = "ECNY_BASIC",
    }
}

impl FundsAccount {
    fn find_violations(&self, violations: &mut Violations, path: &str) {
        if matches!(self, Self::Other(_)) {
            violations.add(path, "must be a documented value, such as AVAILABLE");
        }
    }
}

impl Read for FundsAccount {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        String::read(json, path, violations).map(Self::from)
    }
}

/// 退款出资账户及金额: an account, and the amount that comes from it.
///
/// ```
/// use wechatpay::Fen;
/// use wechatpay::refund::{FundsAccount, Refund, RefundFrom};
///
/// fn example(refund: &mut Refund) {
///     refund.from = vec![RefundFrom::new(FundsAccount::Available, Fen(60))];
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RefundFrom {
    /// 出资账户类型: [`FundsAccount::Available`] or [`FundsAccount::Unavailable`].
    pub account: FundsAccount,
    /// 出资金额: the amount in fen, at least 1.
    pub amount: Fen,
}

impl RefundFrom {
    /// This amount from this account.
    #[must_use]
    pub fn new(account: FundsAccount, amount: Fen) -> Self {
        Self { account, amount }
    }
}

read_strictly! { RefundFrom { account, amount; } }

/// 退款商品: an item that is refunded, in requests and in responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GoodsDetail {
    /// 商户侧商品编码: merchant item number. 1 to 32 letters, digits, `_`, `-`.
    pub merchant_goods_id: String,
    /// 微信侧商品编码: WeChat Pay item number. 1 to 32 characters.
    #[serde(default, deserialize_with = "received::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechatpay_goods_id: Option<String>,
    /// 商品名称: item name. 1 to 256 characters.
    #[serde(default, deserialize_with = "received::option")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_name: Option<String>,
    /// 商品单价: the price of one, in fen.
    pub unit_price: Fen,
    /// 商品退款金额: the amount to refund, in fen.
    pub refund_amount: Fen,
    /// 商品退货数量: quantity that is returned, at least 1.
    pub refund_quantity: u64,
}

impl GoodsDetail {
    /// An item that is refunded.
    pub fn new(
        merchant_goods_id: impl Into<String>,
        unit_price: Fen,
        refund_amount: Fen,
        refund_quantity: u64,
    ) -> Self {
        Self {
            merchant_goods_id: merchant_goods_id.into(),
            wechatpay_goods_id: None,
            goods_name: None,
            unit_price,
            refund_amount,
            refund_quantity,
        }
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| Member { path, name };
        validate::goods_id(violations, at("merchant_goods_id"), &self.merchant_goods_id);
        let wechatpay_goods_id = self.wechatpay_goods_id.as_deref();
        validate::optional_text(violations, at("wechatpay_goods_id"), wechatpay_goods_id, 32);
        validate::optional_text(violations, at("goods_name"), self.goods_name.as_deref(), 256);
        validate::amount(violations, at("unit_price"), self.unit_price);
        validate::amount(violations, at("refund_amount"), self.refund_amount);
        validate::quantity(violations, at("refund_quantity"), self.refund_quantity);
    }
}

read_strictly! {
    GoodsDetail {
        merchant_goods_id, unit_price, refund_amount, refund_quantity; wechatpay_goods_id, goods_name
    }
}

/// The JSON of a refund.
#[derive(Serialize)]
struct Body<'a, F> {
    #[serde(flatten)]
    party: PartyFields<'a>,
    #[serde(flatten)]
    payment: &'a Payment,
    #[serde(flatten)]
    fields: F,
    amount: BodyAmount<'a>,
}

#[derive(Serialize)]
struct BodyAmount<'a> {
    refund: Fen,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    from: &'a [RefundFrom],
    total: Fen,
    currency: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::SignError;
    use crate::signer::Signature;

    fn refund() -> Refund {
        let order = OutTradeNo::new("1217752501201407033233368018").unwrap();
        Refund::new(OutRefundNo::new("1217752501-1").unwrap(), order, Fen(60), Fen(100))
    }

    fn violations(change: impl FnOnce(&mut Refund)) -> String {
        let mut refund = refund();
        change(&mut refund);
        refund.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    struct Merchant;

    impl Signer for Merchant {
        fn mchid(&self) -> &str {
            "1900007291"
        }

        fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
            Err(SignError::new("nothing is signed here"))
        }
    }

    /// What is stored before the call must be readable after a crash.
    #[test]
    fn refund_that_is_written_is_read_back() {
        // Of an order of earlier years, whose number is that of a response.
        for number in ["a3", "shop@2015.1", "1217752501201407033233368018"] {
            let mut refund = refund();
            refund.payment = OutTradeNo::received(number).unwrap().into();
            let stored = refund.to_json(&Merchant).unwrap();
            assert_eq!(Refund::from_json(&Merchant, &stored).unwrap(), refund, "{number}");
        }
        let rule = "must be a documented value, such as AVAILABLE";
        let other = || FundsAccount::from("NEW");
        assert_eq!(
            violations(|refund| refund.funds_account = Some(other())),
            format!("/funds_account {rule}")
        );
        assert_eq!(
            violations(|refund| refund.from = vec![RefundFrom::new(other(), Fen(60))]),
            format!("/amount/from/0/account {rule}")
        );
    }

    #[test]
    fn each_violation_has_its_json_path() {
        let limit = "must be at least 1 fen and fit a signed 64-bit integer";
        assert_eq!(violations(|_| ()), "");
        assert_eq!(violations(|refund| refund.refund = Fen(100)), "");
        assert_eq!(violations(|refund| refund.refund = Fen(0)), format!("/amount/refund {limit}"));
        assert_eq!(
            violations(|refund| refund.refund = Fen(101)),
            "/amount/refund must not exceed /amount/total"
        );
        assert_eq!(violations(|refund| refund.reason = Some("因".repeat(26))), "");
        assert_eq!(
            violations(|refund| refund.reason = Some("因".repeat(27))),
            "/reason must not exceed 80 bytes, about 26 Chinese characters"
        );
        assert_eq!(
            violations(|refund| refund.reason = Some("x".repeat(81))),
            "/reason must be 1 to 80 characters"
        );
        assert_eq!(
            violations(|refund| refund.reason = Some("🧸".into())),
            "/reason must not contain emoji or other characters of four bytes in UTF-8"
        );
        assert_eq!(
            violations(|refund| {
                refund.from = vec![RefundFrom::new(FundsAccount::Available, Fen(0))];
            }),
            format!("/amount/from/0/amount {limit}")
        );
        assert_eq!(
            violations(|refund| refund.goods_detail = vec![GoodsDetail::new("", Fen(1), Fen(1), 0)]),
            "/goods_detail/0/merchant_goods_id must be 1 to 32 letters, digits, _ or -; \
             /goods_detail/0/refund_quantity must be at least 1 and fit a signed 64-bit integer"
        );
    }
}
