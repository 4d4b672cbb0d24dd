//! 已支付: the proof that a combined order is paid.

use crate::combine::sub_order::Payee;
use crate::combine::{Order, SubOrder, SubTransaction, Transaction};
use crate::party::Party;
use crate::pay::paid::{Claim, NotPaid, Paid, same};

impl Transaction {
    /// Proves that each sub-order of this merchant's combined order is paid: compares state, merchants,
    /// appid, order numbers, amounts and currency. Returns a [`Paid`] for each sub-order, in the order of
    /// `order`.
    ///
    /// `merchant` is the signer; without one, the number of the merchant that placed the combined order
    /// (合单商户号).
    ///
    /// # Errors
    /// [`NotPaid`] names what differs or is missing, and in which sub-order.
    pub fn paid<'m>(
        &self,
        merchant: impl Into<Party<'m>>,
        order: &Order,
    ) -> Result<Vec<Paid>, NotPaid> {
        let combine_mchid = merchant.into().mchid();
        same("combine_mchid", self.combine_mchid.as_str(), combine_mchid)?;
        same("combine_appid", self.combine_appid.as_str(), order.combine_appid.as_str())?;
        same("combine_out_trade_no", &self.combine_out_trade_no, &order.combine_out_trade_no)?;
        same("the number of sub_orders", self.sub_orders.len(), order.sub_orders.len())?;
        let sub_orders = order.sub_orders.iter();
        sub_orders.map(|sub_order| self.paid_sub_order(combine_mchid, sub_order)).collect()
    }

    fn paid_sub_order(&self, combine_mchid: &str, ordered: &SubOrder) -> Result<Paid, NotPaid> {
        let returned = self.sub_orders.iter().find(|sub| sub.out_trade_no == ordered.out_trade_no);
        returned
            .ok_or(NotPaid::Missing("the sub-order"))
            .and_then(|returned| returned.paid(ordered, ordered.payee(combine_mchid)))
            .map_err(|reason| NotPaid::SubOrder {
                out_trade_no: ordered.out_trade_no.clone(),
                reason: Box::new(reason),
            })
    }
}

impl SubTransaction {
    fn paid(&self, ordered: &SubOrder, payee: Payee<'_>) -> Result<Paid, NotPaid> {
        same("mchid", self.mchid.as_str(), payee.mchid)?;
        same("sub_mchid", self.sub_mchid.as_deref(), payee.sub_mchid)?;
        let amount = self.amount.as_ref();
        Claim {
            trade_state: &self.trade_state,
            out_trade_no: &self.out_trade_no,
            transaction_id: self.transaction_id.as_ref(),
            total: ("amount.total_amount", amount.and_then(|amount| amount.total_amount)),
            currency: amount.and_then(|amount| amount.currency.as_deref()),
            success_time: self.success_time,
        }
        .prove(ordered.total_amount)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::id::{AppId, NotifyUrl, OutTradeNo};
    use crate::money::Fen;
    use crate::pay::TradeState;

    fn number(text: &str) -> OutTradeNo {
        OutTradeNo::new(text).unwrap()
    }

    fn order() -> Order {
        let sub_order = |mchid, text, fen| SubOrder::new(mchid, number(text), "d", Fen(fen), "a");
        Order::new(
            AppId::new("wx1").unwrap(),
            number("whole-1"),
            vec![sub_order("1230000109", "part-1", 10), sub_order("1230000119", "part-2", 20)],
            NotifyUrl::new("https://shop.example/notify").unwrap(),
        )
    }

    fn paid_with(change: impl FnOnce(&mut Value)) -> Result<Vec<Paid>, NotPaid> {
        let part = |mchid, text, id, fen| {
            json!({"mchid": mchid, "out_trade_no": text, "transaction_id": id,
                "trade_state": "SUCCESS", "success_time": "2018-06-08T10:34:56.120+08:00",
                "attach": "a", "amount": {"total_amount": fen, "currency": "CNY"}})
        };
        let mut transaction = json!({
            "combine_appid": "wx1", "combine_mchid": "1900000109",
            "combine_out_trade_no": "whole-1",
            // In another order than ours.
            "sub_orders": [part("1230000119", "part-2", "42", 20),
                part("1230000109", "part-1", "41", 10)],
        });
        change(&mut transaction);
        let transaction: Transaction = serde_json::from_value(transaction).unwrap();
        transaction.paid("1900000109", &order())
    }

    #[test]
    fn sub_orders_are_proved_in_the_merchants_order() {
        let paid = paid_with(|_| ()).unwrap();
        let shown: Vec<_> = paid
            .iter()
            .map(|paid| {
                (paid.out_trade_no().as_str(), paid.transaction_id().as_str(), paid.total())
            })
            .collect();
        assert_eq!(shown, [("part-1", "41", Fen(10)), ("part-2", "42", Fen(20))]);
    }

    #[test]
    fn differing_sub_order_is_named() {
        let part = |text: &str, reason| {
            Err(NotPaid::SubOrder { out_trade_no: number(text), reason: Box::new(reason) })
        };
        let table: [(fn(&mut Value), _); 11] = [
            (|t| t["combine_mchid"] = json!("1"), Err(NotPaid::Differs("combine_mchid"))),
            (|t| t["combine_appid"] = json!("wx2"), Err(NotPaid::Differs("combine_appid"))),
            (
                |t| t["combine_out_trade_no"] = json!("whole-2"),
                Err(NotPaid::Differs("combine_out_trade_no")),
            ),
            (
                |t| drop(t["sub_orders"].as_array_mut().unwrap().pop()),
                Err(NotPaid::Differs("the number of sub_orders")),
            ),
            (
                |t| t["sub_orders"][1]["out_trade_no"] = json!("part-3"),
                part("part-1", NotPaid::Missing("the sub-order")),
            ),
            (
                |t| t["sub_orders"][0]["mchid"] = json!("1230000109"),
                part("part-2", NotPaid::Differs("mchid")),
            ),
            (
                |t| t["sub_orders"][0]["sub_mchid"] = json!("1230000109"),
                part("part-2", NotPaid::Differs("sub_mchid")),
            ),
            (
                |t| t["sub_orders"][0]["amount"]["total_amount"] = json!(10),
                part("part-2", NotPaid::Differs("amount.total_amount")),
            ),
            (
                |t| t["sub_orders"][1]["amount"]["currency"] = json!("USD"),
                part("part-1", NotPaid::Differs("amount.currency")),
            ),
            (
                |t| t["sub_orders"][1]["trade_state"] = json!("NOTPAY"),
                part("part-1", NotPaid::State(TradeState::NotPay)),
            ),
            (
                |t| t["sub_orders"][1]["transaction_id"] = json!(""),
                part("part-1", NotPaid::Missing("transaction_id")),
            ),
        ];
        for (change, expected) in table {
            assert_eq!(paid_with(change), expected);
        }
        let error = paid_with(|t| t["sub_orders"][0]["amount"]["total_amount"] = json!(10));
        assert_eq!(
            error.unwrap_err().to_string(),
            "sub-order part-2: the transaction is not of this order (amount.total_amount differs); do not ship"
        );
    }
}
