//! Combined orders (合单): up to ten orders that are paid together, HMAC-SHA256 only.
//!
//! For merchants who have it: a page by the maintainer of the official PHP library says that
//! APIv2's combined payment has been closed to new merchants since 2021-09-01 and points to APIv3,
//! here [`combine`](crate::combine). No official page was found that confirms this, and whether it still
//! works is not known.
//!
//! ```
//! use wechatpay::v2::{App, Signer, combine, pay};
//! use wechatpay::{Fen, OutTradeNo};
//!
//! let sandbox = wechatpay_sandbox::Sandbox::start()?;
//! let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
//! let sub_order = |mchid, number| {
//!     let number = OutTradeNo::new(number)?;
//!     let sub = combine::SubOrder::new(sandbox.appid(), mchid, number, "公仔", Fen(10), "深圳分店");
//!     Ok::<_, wechatpay::Error>(sub)
//! };
//! let order = combine::Order::new(
//!     sandbox.appid(),
//!     "order-1".parse()?,
//!     vec![sub_order("1900007291", "order-1-1")?, sub_order("1900009191", "order-1-2")?],
//!     "14.23.150.211".parse()?,
//!     sandbox.notify_url(),
//! );
//! let prepay_id = combine::prepay(signer, gateway, &order, &App)?;
//! let for_the_app = pay::invoke_app(signer, &order, &prepay_id)?;
//!
//! sandbox.v2().pay("order-1", &[])?; // 用户付款
//! let number = &order.combine_out_trade_no;
//! let transaction = combine::query(signer, gateway, &order.combine_appid, number)?;
//! assert_eq!(transaction.paid(signer, &order)?.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod order;
mod transaction;

use serde::Serialize;

use crate::error::{Error, Invalid};
use crate::id::{AppId, OutTradeNo};
use crate::v2::fields::Fields;
use crate::v2::gateway::Gateway;
use crate::v2::order_fields::to_json;
use crate::v2::signer::{SignType, Signer};
use crate::v2::trade_type::Trade;

pub use self::order::{Order, SubOrder};
pub use self::transaction::{SubTransaction, Transaction};

/// 合单下单: places a combined order of one of the four kinds of [`pay::prepay`](crate::v2::pay::prepay).
///
/// `POST /pay/combinedorder` (document 002,
/// [page](https://pay.weixin.qq.com/wiki/doc/api/combine.php?chapter=24_1)).
///
/// ```
/// use wechatpay::v2::{App, Gateway, Signer, combine};
/// use wechatpay::{Error, PrepayId};
///
/// fn place(signer: &dyn Signer, gateway: &Gateway, order: &combine::Order) -> Result<PrepayId, Error> {
///     combine::prepay(signer, gateway, order, &App)
/// }
/// ```
///
/// # Errors
/// The [outcome](Error::outcome) tells what may have happened:
/// * `NotSent`: there is no order. Fix what the error names, then send the order.
/// * `Refused`: this call placed no order. After `ORDERPAID` or `OUT_TRADE_NO_USED`, an order with
///   this number exists; after `INVALID_PARAMS`, one with other values may exist and can still be
///   paid. Query it, and close it before you use a new order number.
/// * `Unknown`: the order may exist. Retry with the same order, or query it; don't use a new order
///   number before that. `return_code=FAIL` is always unknown, since it is not signed.
#[doc(alias = "合单下单")]
#[doc(alias = "combinedorder")]
pub fn prepay<T: Trade>(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    trade: &T,
) -> Result<T::Prepaid, Error> {
    let kind = trade.kind();
    let fields = order.to_fields(signer, kind)?;
    require_hmac_sha256(signer)?;
    gateway.call(signer, "/pay/combinedorder", fields)?.read(|response| kind.read(response))
}

/// 查询合单订单: queries a combined order by the merchant's order number.
///
/// `POST /pay/querycombinedorder`
/// ([page](https://pay.weixin.qq.com/wiki/doc/api/combine.php?chapter=24_3)). The merchant of a
/// sub-order finds that sub-order with [`pay::query`](crate::v2::pay::query) too.
///
/// ```
/// use wechatpay::v2::{Gateway, Signer, combine};
///
/// fn ship_if_paid(
///     signer: &dyn Signer,
///     gateway: &Gateway,
///     order: &combine::Order,
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let number = &order.combine_out_trade_no;
///     let transaction = combine::query(signer, gateway, &order.combine_appid, number)?;
///     for paid in transaction.paid(signer, order)? {
///         println!("ship {}", paid.out_trade_no());
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// As [`pay::query`](crate::v2::pay::query).
#[doc(alias = "查询合单订单")]
#[doc(alias = "querycombinedorder")]
pub fn query(
    signer: &dyn Signer,
    gateway: &Gateway,
    combine_appid: &AppId,
    combine_out_trade_no: &OutTradeNo,
) -> Result<Transaction, Error> {
    require_hmac_sha256(signer)?;
    let mut fields = Fields::of_combined(signer.mchid(), combine_appid);
    fields.set("combine_out_trade_no", combine_out_trade_no);
    gateway.call(signer, "/pay/querycombinedorder", fields)?.read(Transaction::of_query)
}

/// 关闭合单订单: closes an unpaid combined order with all of its sub-orders, which can no longer
/// be paid.
///
/// `POST /pay/closecombinedorder`
/// ([page](https://pay.weixin.qq.com/wiki/doc/api/combine.php?chapter=24_2)), at least one minute
/// after the order. It takes the order, because all sub-orders must be listed. Closing a closed
/// order is a success.
///
/// ```
/// use wechatpay::Error;
/// use wechatpay::v2::{Gateway, Signer, combine};
///
/// fn give_up(signer: &dyn Signer, gateway: &Gateway, order: &combine::Order) -> Result<(), Error> {
///     combine::close(signer, gateway, order)
/// }
/// ```
///
/// # Errors
/// As [`pay::close`](crate::v2::pay::close).
#[doc(alias = "关闭合单订单")]
#[doc(alias = "closecombinedorder")]
pub fn close(signer: &dyn Signer, gateway: &Gateway, order: &Order) -> Result<(), Error> {
    require_hmac_sha256(signer)?;
    let mut fields = Fields::of_combined(signer.mchid(), &order.combine_appid);
    fields.set("combine_out_trade_no", &order.combine_out_trade_no);
    let sub_orders: Vec<_> = order
        .sub_orders
        .iter()
        .map(|sub| CloseSubOrder { mch_id: &sub.mch_id, out_trade_no: &sub.out_trade_no })
        .collect();
    fields.set("sub_order_list", to_json(&sub_orders)?);
    gateway.close(signer, "/pay/closecombinedorder", fields)
}

fn require_hmac_sha256(signer: &dyn Signer) -> Result<(), Invalid> {
    match signer.sign_type() {
        SignType::HmacSha256 => Ok(()),
        SignType::Md5 => Err(Invalid::new("sign_type", "must be HMAC-SHA256 for combined orders")),
    }
}

/// The documents print `mchid` here as well as `mch_id`, which is the name everywhere else in APIv2.
#[derive(Serialize)]
struct CloseSubOrder<'a> {
    mch_id: &'a str,
    out_trade_no: &'a OutTradeNo,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{NotifyUrl, OpenId};
    use crate::v2::Jsapi;
    use crate::v2::signer::tests::md5_key;

    #[test]
    fn md5_signer_sends_no_combined_order() {
        let gateway = Gateway::at("https://127.0.0.1:1", Unreached).unwrap();
        let payer = Jsapi::new(OpenId::new("oTESTOPENID").unwrap());
        let (appid, number) = ("wx0000000000000001", "C20250101-001");
        let (appid, number) = (AppId::new(appid).unwrap(), OutTradeNo::new(number).unwrap());
        let sub = SubOrder::new(
            appid.clone(),
            "1900000002",
            OutTradeNo::new("S1-20250101").unwrap(),
            "子单1",
            crate::Fen(10),
            "a",
        );
        let url = NotifyUrl::new("https://shop.example/pay/notify").unwrap();
        let address = "203.0.113.7".parse().unwrap();
        let order = Order::new(appid, number, vec![sub], address, url);
        let number = &order.combine_out_trade_no;
        for error in [
            prepay(&md5_key(), &gateway, &order, &payer).unwrap_err(),
            query(&md5_key(), &gateway, &order.combine_appid, number).unwrap_err(),
            close(&md5_key(), &gateway, &order).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), "sign_type must be HMAC-SHA256 for combined orders");
        }
    }

    struct Unreached;

    impl crate::Transport for Unreached {
        fn send(&self, _: &crate::Request<'_>) -> Result<crate::Response, crate::TransportError> {
            panic!("a request was sent");
        }
    }
}
