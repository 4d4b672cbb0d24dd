//! 已支付: the proof that an order is paid.

use std::fmt;

use crate::id::{OutTradeNo, TransactionId};
use crate::money::Fen;
use crate::party::Party;
use crate::pay::expected::Expected;
use crate::pay::{TradeState, Transaction};
use crate::time::Time;

/// A paid order: a transaction that WeChat Pay signed, checked against the merchant's own order.
///
/// Only [`Transaction::paid`] and its counterpart for combined orders make one, so a function that ships goods should take
/// a `&Paid`.
///
/// ```compile_fail
/// let paid = wechatpay::pay::Paid { out_trade_no: "1217752501201407033233368018" };
/// ```
///
/// ```
/// use wechatpay::pay::Paid;
///
/// fn ship(paid: &Paid) {
///     println!("{}, paid {} yuan", paid.out_trade_no(), paid.total());
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    out_trade_no: OutTradeNo,
    transaction_id: TransactionId,
    total: Fen,
    success_time: Time,
}

impl Paid {
    /// 商户订单号: merchant order number. Ship once for each.
    #[must_use]
    pub fn out_trade_no(&self) -> &OutTradeNo {
        &self.out_trade_no
    }

    /// 微信支付订单号: WeChat Pay's transaction ID.
    #[must_use]
    pub fn transaction_id(&self) -> &TransactionId {
        &self.transaction_id
    }

    /// 总金额: what was ordered and is paid, including coupons.
    #[must_use]
    pub fn total(&self) -> Fen {
        self.total
    }

    /// 支付完成时间: time of the payment.
    #[must_use]
    pub fn success_time(&self) -> Time {
        self.success_time
    }
}

/// What a transaction reports about the payment of a single order or a sub-order.
pub(crate) struct Claim<'a> {
    pub(crate) trade_state: &'a TradeState,
    pub(crate) out_trade_no: &'a OutTradeNo,
    pub(crate) transaction_id: Option<&'a TransactionId>,
    /// Name and value of the member.
    pub(crate) total: (&'static str, Option<Fen>),
    pub(crate) currency: Option<&'a str>,
    pub(crate) success_time: Option<Time>,
}

impl Claim<'_> {
    /// Proves that an order of this total is paid. The caller has compared parties and order numbers.
    pub(crate) fn prove(self, ordered_total: Fen) -> Result<Paid, NotPaid> {
        if *self.trade_state != TradeState::Success {
            return Err(NotPaid::State(self.trade_state.clone()));
        }
        let (name, total) = self.total;
        let total = total.ok_or(NotPaid::Missing(name))?;
        same(name, total, ordered_total)?;
        same("amount.currency", self.currency.unwrap_or("CNY"), "CNY")?;
        let transaction_id = self.transaction_id.ok_or(NotPaid::Missing("transaction_id"))?;
        Ok(Paid {
            out_trade_no: self.out_trade_no.clone(),
            transaction_id: transaction_id.clone(),
            total,
            success_time: self.success_time.ok_or(NotPaid::Missing("success_time"))?,
        })
    }
}

/// Why a transaction does not prove that an order is paid.
///
/// ```
/// use wechatpay::pay::{self, NotPaid, TradeState, app};
///
/// let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
/// let order = sandbox.order("order-1")?;
///
/// app::prepay(signer, gateway, &order)?;
/// let transaction = pay::query(signer, gateway, &order.out_trade_no)?;
/// let reason = transaction.paid(signer, &order).unwrap_err();
/// assert_eq!(reason, NotPaid::State(TradeState::NotPay)); // Not paid yet: query again later.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotPaid {
    /// The order's state (交易状态) is not `SUCCESS`. `NOTPAY` is not final.
    State(TradeState),
    /// The transaction belongs to another order: this member differs. Never ship.
    Differs(&'static str),
    /// The transaction lacks this member, which every paid order has.
    Missing(&'static str),
    /// A sub-order (商品单) of a combined order is not proved to be paid.
    SubOrder {
        /// 商品单订单号: order number of the sub-order.
        out_trade_no: OutTradeNo,
        /// Why it is not.
        reason: Box<Self>,
    },
}

impl fmt::Display for NotPaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(state) => {
                write!(f, "the order is not paid (state {state}); do not ship")
            }
            Self::Differs(what) => {
                write!(f, "the transaction is not of this order ({what} differs); do not ship")
            }
            Self::SubOrder { out_trade_no, reason } => {
                write!(f, "sub-order {out_trade_no}: {reason}")
            }
            Self::Missing(what) => {
                write!(
                    f,
                    "the transaction does not prove a payment ({what} is missing); do not ship, and \
                     query again"
                )
            }
        }
    }
}

impl std::error::Error for NotPaid {}

impl Transaction {
    /// Proves that this order of this merchant is paid: compares state, merchant, appid, order number,
    /// amount and currency.
    ///
    /// `merchant` is the signer; without one, a direct merchant's number (商户号). `order` is a `&Order`, or
    /// what your records have of it as [`Expected`].
    ///
    /// # Errors
    /// [`NotPaid`] names what differs or is missing.
    pub fn paid<'m, 'o>(
        &self,
        merchant: impl Into<Party<'m>>,
        order: impl Into<Expected<'o>>,
    ) -> Result<Paid, NotPaid> {
        let (merchant, order) = (merchant.into(), order.into());
        same("mchid", self.mchid(), Some(merchant.mchid()))?;
        same("sub_mchid", self.sub_mchid(), merchant.sub_mchid())?;
        same("appid", self.appid(), Some(order.appid.as_str()))?;
        same("out_trade_no", &self.out_trade_no, order.out_trade_no)?;
        let amount = self.amount.as_ref();
        Claim {
            trade_state: &self.trade_state,
            out_trade_no: &self.out_trade_no,
            transaction_id: self.transaction_id.as_ref(),
            total: ("amount.total", amount.and_then(|amount| amount.total)),
            currency: amount.and_then(|amount| amount.currency.as_deref()),
            success_time: self.success_time,
        }
        .prove(order.total)
    }
}

/// Compares what WeChat Pay returned with what was ordered.
pub(crate) fn same<T: PartialEq>(
    what: &'static str,
    returned: T,
    ordered: T,
) -> Result<(), NotPaid> {
    if returned == ordered { Ok(()) } else { Err(NotPaid::Differs(what)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::id::{AppId, NotifyUrl};
    use crate::pay::Order;

    fn order() -> Order {
        Order::new(
            AppId::new("wx1").unwrap(),
            OutTradeNo::new("order-1").unwrap(),
            "d",
            Fen(100),
            NotifyUrl::new("https://shop.example/notify").unwrap(),
        )
    }

    fn paid_with(change: impl FnOnce(&mut Value)) -> Result<Paid, NotPaid> {
        let mut transaction = json!({
            "appid": "wx1", "mchid": "1900000109", "out_trade_no": "order-1",
            "transaction_id": "4200000015201711256947025404", "trade_state": "SUCCESS",
            "success_time": "2018-06-08T10:34:56+08:00",
            "amount": {"total": 100, "payer_total": 90, "currency": "CNY"},
        });
        change(&mut transaction);
        let transaction: Transaction = serde_json::from_value(transaction).unwrap();
        transaction.paid("1900000109", &order())
    }

    #[test]
    fn transaction_of_the_order_is_paid() {
        let paid = paid_with(|_| ()).unwrap();
        assert_eq!(paid.out_trade_no().as_str(), "order-1");
        assert_eq!(paid.transaction_id().as_str(), "4200000015201711256947025404");
        assert_eq!(paid.total(), Fen(100));
        assert_eq!(paid.success_time().to_string(), "2018-06-08T10:34:56+08:00");
        assert!(
            paid_with(|t| drop(t["amount"].as_object_mut().unwrap().remove("currency"))).is_ok()
        );
    }

    #[test]
    fn difference_is_named() {
        let differs = |name, change: fn(&mut Value)| {
            assert_eq!(paid_with(change), Err(NotPaid::Differs(name)));
        };
        differs("mchid", |t| t["mchid"] = json!("1900000100"));
        differs("mchid", |t| t["mchid"] = json!(null));
        differs("sub_mchid", |t| t["sub_mchid"] = json!("1900000100"));
        differs("appid", |t| t["appid"] = json!("wx2"));
        differs("out_trade_no", |t| t["out_trade_no"] = json!("order-2"));
        differs("amount.total", |t| t["amount"]["total"] = json!(1));
        differs("amount.total", |t| t["amount"]["total"] = json!(101));
        differs("amount.currency", |t| t["amount"]["currency"] = json!("USD"));
    }

    #[test]
    fn only_complete_success_is_paid() {
        for state in ["NOTPAY", "REFUND", "CLOSED", "USERPAYING", "success", "PAID"] {
            let expected = NotPaid::State(TradeState::from(state.to_owned()));
            assert_eq!(paid_with(|t| t["trade_state"] = json!(state)), Err(expected));
        }
        for (name, member) in [
            ("amount.total", "amount"),
            ("transaction_id", "transaction_id"),
            ("success_time", "success_time"),
        ] {
            assert_eq!(paid_with(|t| t[member] = json!(null)), Err(NotPaid::Missing(name)));
        }
        assert_eq!(
            paid_with(|t| t["amount"]["total"] = json!(null)),
            Err(NotPaid::Missing("amount.total"))
        );
    }
}
