//! 下单, 查询订单, 关闭订单: the interfaces of single orders.

use serde_json::Value;

use super::caller::{Caller, MerchantKind};
use super::fields;
use super::merchant_checks;
use super::order::{NOT_FOUND, Order};
use super::order_book::{Key, OrderBook, Wanted};
use super::refusal::Refusal;
use super::schema;
use super::trade_type::TradeType;

impl OrderBook {
    /// 下单. Returns its number.
    pub(super) fn place(
        &mut self,
        mode: MerchantKind,
        trade_type: TradeType,
        body: &[u8],
        caller: &Caller<'_>,
    ) -> Result<String, Refusal> {
        let parameters = schema::read(body, &fields::order(mode, trade_type))?;
        merchant_checks::check(&parameters, mode, caller)?;
        merchant_checks::check_payer(&parameters, mode)?;
        let order = Order::new(mode, trade_type, parameters, caller.now);
        let number = order.number().to_owned();
        let key = (caller.mchid.to_owned(), number.clone());
        if let Some(placed) = self.orders.get_mut(&key).filter(|placed| !placed.is_part) {
            placed.check_reentry(placed.is_same(&order), caller.now)?;
            placed.renew_payment_token(caller.now);
            return Ok(number);
        }
        self.check_unused(caller.mchid, &number)?;
        self.orders.insert(key, order);
        Ok(number)
    }

    /// 查询订单: `owner` has the merchants of the order.
    pub(super) fn query(
        &self,
        mode: MerchantKind,
        wanted: &Wanted,
        owner: &Value,
        caller: &Caller<'_>,
    ) -> Result<&Order, Refusal> {
        let key = self.locate_own(mode, wanted, owner, caller)?;
        key.and_then(|key| self.orders.get(&key))
            .ok_or_else(|| Refusal::new(404, "ORDER_NOT_EXIST", "订单不存在").numbered(NOT_FOUND))
    }

    /// 关闭订单.
    ///
    /// Its page lists the errors of a query without ORDER_NOT_EXIST: so an unknown number
    /// is an invalid request.
    pub(super) fn close_single(
        &mut self,
        mode: MerchantKind,
        out_trade_no: String,
        body: &[u8],
        caller: &Caller<'_>,
    ) -> Result<(), Refusal> {
        let owner = schema::read(body, &[fields::owner(mode)])?;
        let key = self.locate_own(mode, &Wanted::OutTradeNo(out_trade_no), &owner, caller)?;
        let order = key
            .and_then(|key| self.orders.get_mut(&key))
            .ok_or_else(|| Refusal::invalid("订单不存在，无法关闭").numbered(NOT_FOUND))?;
        order.check_unpaid()?;
        order.close();
        Ok(())
    }

    fn locate_own(
        &self,
        mode: MerchantKind,
        wanted: &Wanted,
        owner: &Value,
        caller: &Caller<'_>,
    ) -> Result<Option<Key>, Refusal> {
        merchant_checks::check(owner, mode, caller)?;
        let seen = |order: &Order| order.mode == mode && !order.is_part;
        let found = self.locate(caller.mchid, wanted).filter(|(_, order)| seen(order));
        let Some((key, order)) = found else { return Ok(None) };
        if order.sub_mchid() != owner.get("sub_mchid").and_then(Value::as_str) {
            return Err(Refusal::invalid("商户号与订单不匹配").numbered(OTHER_MERCHANT));
        }
        Ok(Some(key.clone()))
    }
}

/// The service's number (排障手册).
const OTHER_MERCHANT: u32 = 268_447_843;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::authorization_header::tests::{MCHID, NEIGHBOUR, NOW, SUB_MCHID};
    use super::super::order::PAID;
    use super::super::order_error::OrderError;
    use super::super::schema::text_of;
    use super::super::test_desk::{Desk, INVALID, UNLISTED, order, partner_order, refused, with};
    use super::*;

    fn order_with(field: &str, value: Value) -> Value {
        with(order(), field, value)
    }

    #[test]
    fn parties_are_checked_before_the_order() {
        let mut desk = Desk::open();
        let stranger = order_with("mchid", json!("1"));
        assert_eq!(desk.place(&stranger), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        let neighbour = order_with("mchid", json!(NEIGHBOUR));
        assert_eq!(desk.place(&neighbour), refused(400, INVALID, UNLISTED));
        let appid = order_with("appid", json!("wx2"));
        assert_eq!(desk.place(&appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
        desk.place(&order()).unwrap();
        assert_eq!(desk.place(&appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
    }

    #[test]
    fn partner_needs_a_sub_merchant_of_its_own() {
        let mut desk = Desk::open();
        let mut place = |order: Value| desk.place_as(MerchantKind::Partner, TradeType::App, &order);
        let sub_mchid = |mchid: &str| with(partner_order(), "sub_mchid", json!(mchid));
        assert_eq!(place(sub_mchid("1")), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        assert_eq!(place(sub_mchid(NEIGHBOUR)), refused(400, INVALID, UNLISTED));
        let sub_appid = with(partner_order(), "sub_appid", json!("wx1"));
        assert_eq!(place(sub_appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
        assert_eq!(place(order()), refused(400, "PARAM_ERROR", 270_924_358));
        assert_eq!(place(partner_order()), Ok(()));
    }

    #[test]
    fn payer_is_a_user_of_the_appid() {
        let mut desk = Desk::open();
        let mut place = |mode, order: Value, payer| {
            desk.place_as(mode, TradeType::Jsapi, &with(order, "payer", payer))
        };
        let direct = json!({ "openid": "other-1" });
        assert_eq!(
            place(MerchantKind::Direct, order(), direct),
            refused(500, "OPENID_MISMATCH", UNLISTED)
        );
        let none = refused(400, "PARAM_ERROR", 268_501_013);
        assert_eq!(place(MerchantKind::Partner, partner_order(), json!({})), none);
        let mut without = partner_order();
        without.as_object_mut().unwrap().remove("sub_appid");
        let sub = json!({ "sub_openid": "o" });
        assert_eq!(
            place(MerchantKind::Partner, without, sub.clone()),
            refused(400, INVALID, UNLISTED)
        );
        let both = json!({ "sp_openid": "o", "sub_openid": "o" });
        assert_eq!(
            place(MerchantKind::Partner, partner_order(), both),
            refused(400, INVALID, UNLISTED)
        );
        assert_eq!(place(MerchantKind::Partner, partner_order(), sub), Ok(()));
    }

    #[test]
    fn reentry_needs_the_same_parameters() {
        let mut desk = Desk::open();
        desk.place(&order()).unwrap();
        let other = refused(400, INVALID, 268_498_688);
        for changed in [
            order_with("description", json!("D")),
            order_with("amount", json!({ "total": 100, "currency": "CNY" })),
            order_with("attach", json!("a")),
        ] {
            assert_eq!(desk.place(&changed), other);
        }
        assert_eq!(desk.place_as(MerchantKind::Direct, TradeType::Native, &order()), other);
        assert_eq!(desk.place_as(MerchantKind::Partner, TradeType::App, &partner_order()), other);
        assert_eq!(desk.place(&order()), Ok(()));
    }

    #[test]
    fn paid_and_closed_numbers_are_used_up() {
        let mut desk = Desk::open();
        desk.place(&order()).unwrap();
        desk.pay("order-1").unwrap();
        assert_eq!(desk.place(&order()), refused(403, "OUT_TRADE_NO_USED", 268_498_689));
        assert_eq!(desk.orders.close(MCHID, "order-1"), Err(OrderError::Paid));

        let other = order_with("out_trade_no", json!("order-2"));
        desk.place(&other).unwrap();
        desk.orders.close(MCHID, "order-2").unwrap();
        assert_eq!(desk.place(&other), refused(400, "ORDER_CLOSED", 268_447_914));
        assert_eq!(desk.pay("order-2"), Err(OrderError::Closed));

        let error = desk.orders.pay(NEIGHBOUR, "order-1", 0, NOW, &mut desk.ids).err().unwrap();
        assert_eq!(error, OrderError::NotPlaced);
    }

    #[test]
    fn payment_token_expires_before_its_order_and_is_renewed() {
        for (trade_type, life) in [
            (TradeType::App, 7_200),
            (TradeType::Jsapi, 7_200),
            (TradeType::Native, 7_200),
            (TradeType::H5, 300),
        ] {
            let mut desk = Desk::open();
            let order = match trade_type {
                TradeType::Jsapi => order_with("payer", json!({ "openid": "o" })),
                TradeType::H5 => order_with(
                    "scene_info",
                    json!({ "payer_client_ip": "::1", "h5_info": { "type": "Wap" } }),
                ),
                TradeType::App | TradeType::Native => order(),
            };
            desk.place_as(MerchantKind::Direct, trade_type, &order).unwrap();
            desk.now = NOW + life + 1;
            assert_eq!(desk.pay("order-1"), Err(OrderError::PaymentTokenExpired));
            assert_eq!(desk.state("order-1"), "NOTPAY");
            desk.place_as(MerchantKind::Direct, trade_type, &order).unwrap();
            desk.now += life;
            assert_eq!(desk.orders.refuse_payment(MCHID, "order-1", desk.now), Ok(()));
            assert_eq!(desk.state("order-1"), "NOTPAY");
            desk.pay("order-1").unwrap();
        }
    }

    #[test]
    fn closing_is_reentrant_and_for_unpaid_orders() {
        let mut desk = Desk::open();
        let owner = json!({ "mchid": MCHID });
        let close =
            |desk: &mut Desk, number: &str| desk.close(MerchantKind::Direct, number, &owner);
        assert_eq!(close(&mut desk, "order-1"), refused(400, INVALID, NOT_FOUND));
        desk.place(&order()).unwrap();
        assert_eq!(close(&mut desk, "order-1"), Ok(()));
        assert_eq!(close(&mut desk, "order-1"), Ok(()));
        assert_eq!(desk.state("order-1"), "CLOSED");
        desk.place(&order_with("out_trade_no", json!("order-2"))).unwrap();
        desk.pay("order-2").unwrap();
        assert_eq!(close(&mut desk, "order-2"), refused(400, INVALID, PAID));
        assert_eq!(desk.state("order-2"), "SUCCESS");
    }

    #[test]
    fn query_is_for_the_owner_only() {
        let mut desk = Desk::open();
        desk.place_as(MerchantKind::Partner, TradeType::App, &partner_order()).unwrap();
        desk.pay("order-1").unwrap();
        let wanted = Wanted::OutTradeNo("order-1".to_owned());
        let partner = json!({ "sp_mchid": MCHID, "sub_mchid": SUB_MCHID });
        let output = desk.query(MerchantKind::Partner, &wanted, &partner).unwrap();
        let id = Wanted::TransactionId(text_of(&output, "transaction_id").to_owned());
        assert_eq!(desk.query(MerchantKind::Partner, &id, &partner).unwrap(), output);
        let direct = desk.query(MerchantKind::Direct, &wanted, &json!({ "mchid": MCHID }));
        assert_eq!(direct, refused(404, "ORDER_NOT_EXIST", NOT_FOUND));

        desk.merchants.get_mut(MCHID).unwrap().sub_mchids.push(NEIGHBOUR.to_owned());
        let other = json!({ "sp_mchid": MCHID, "sub_mchid": NEIGHBOUR });
        let response = desk.query(MerchantKind::Partner, &wanted, &other);
        assert_eq!(response, refused(400, INVALID, OTHER_MERCHANT));
        let response = desk.close(MerchantKind::Partner, "order-1", &other);
        assert_eq!(response, refused(400, INVALID, OTHER_MERCHANT));
    }
}
