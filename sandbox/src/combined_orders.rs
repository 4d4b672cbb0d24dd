//! 合单下单, 查询合单订单, 关闭合单订单: the interfaces of combined orders.

use serde_json::Value;

use super::caller::{Caller, MerchantKind};
use super::combined_order::{CombinedOrder, CombinedRecord};
use super::fields;
use super::merchant_checks;
use super::order::{self, NOT_FOUND, Order};
use super::order_book::OrderBook;
use super::refusal::{Location, Refusal};
use super::schema::{self, items_of, text_of};
use super::trade_type::TradeType;

impl OrderBook {
    /// 合单下单. Returns its number.
    pub(super) fn place_combined(
        &mut self,
        trade_type: TradeType,
        body: &[u8],
        caller: &Caller<'_>,
    ) -> Result<String, Refusal> {
        let parameters = schema::parse(body)?;
        let mode = mode_of(&parameters);
        schema::check_body(&parameters, &fields::combined_order(mode, trade_type))?;
        check_numbers(&parameters)?;
        merchant_checks::check_combined(&parameters, mode, caller)?;
        merchant_checks::check_combined_payer(&parameters, trade_type)?;
        let combined = CombinedRecord::new(mode, trade_type, parameters);
        if let Some(placed) = self.combined_order(caller.mchid, combined.number()) {
            let same = placed.record.is_same(&combined);
            placed.parts.iter().try_for_each(|part| part.check_reentry(same, caller.now))?;
            let renew = |part: &mut Order| part.renew_payment_token(caller.now);
            self.for_each_part(caller.mchid, combined.number(), renew);
            return Ok(combined.number().to_owned());
        }
        self.check_unused(caller.mchid, combined.number())?;
        for (mchid, number) in &combined.parts {
            self.check_unused(caller.mchid, number)?;
            self.check_unused(mchid, number)?;
        }
        let parts = combined.parts(caller.now);
        self.orders.extend(combined.parts.iter().cloned().zip(parts));
        let number = combined.number().to_owned();
        self.combined.insert((caller.mchid.to_owned(), number.clone()), combined);
        Ok(number)
    }

    /// 查询合单订单.
    pub(super) fn query_combined(
        &self,
        number: &str,
        caller: &Caller<'_>,
    ) -> Result<CombinedOrder<'_>, Refusal> {
        self.combined_order(caller.mchid, number).ok_or_else(unknown)
    }

    /// 关闭合单订单: all of it or nothing.
    pub(super) fn close_combined(
        &mut self,
        number: &str,
        body: &[u8],
        caller: &Caller<'_>,
    ) -> Result<(), Refusal> {
        let named = schema::parse(body)?;
        let mode = mode_of(&named);
        schema::check_body(&named, &fields::combined_closing(mode))?;
        merchant_checks::check_participants(&named, mode, caller)?;
        let combined_order = self.combined_order(caller.mchid, number).ok_or_else(unknown)?;
        if !combined_order.record.is_named_by(&named) {
            return Err(Refusal::invalid("关单信息与下单时的合单信息不一致"));
        }
        combined_order.parts.iter().try_for_each(|part| part.check_unpaid())?;
        if combined_order.parts.iter().any(|part| part.is_closed()) {
            return Err(order::closed());
        }
        self.for_each_part(caller.mchid, number, Order::close);
        Ok(())
    }
}

/// The fields show whether it is a partner's, because the paths are the same.
fn mode_of(request: &Value) -> MerchantKind {
    let sub_orders = items_of(request, "sub_orders");
    let is_partner = sub_orders.iter().any(|sub_order| sub_order.get("sub_mchid").is_some());
    if is_partner { MerchantKind::Partner } else { MerchantKind::Direct }
}

/// 商户订单号: that of the whole and those of its parts must all be different.
fn check_numbers(parameters: &Value) -> Result<(), Refusal> {
    let mut numbers = vec![text_of(parameters, "combine_out_trade_no")];
    for (index, sub_order) in items_of(parameters, "sub_orders").iter().enumerate() {
        let number = text_of(sub_order, "out_trade_no");
        if numbers.contains(&number) {
            let place = format!("/sub_orders/{index}/out_trade_no");
            let value = sub_order.get("out_trade_no");
            return Err(Refusal::parameter(Location::Body, &place, value, "occurs twice"));
        }
        numbers.push(number);
    }
    Ok(())
}

/// In the spelling of these interfaces.
fn unknown() -> Refusal {
    Refusal::new(404, "ORDERNOTEXIST", "订单不存在").numbered(NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::authorization_header::tests::{MCHID, NEIGHBOUR, NOW, SUB_MCHID};
    use super::super::combined_transaction;
    use super::super::order_error::OrderError;
    use super::super::refund::RefundStatus;
    use super::super::refunds::tests::refund;
    use super::super::test_desk::{Desk, INVALID, Refused, UNLISTED, order, refused, short, with};
    use super::*;

    const USED: &str = "OUT_TRADE_NO_USED";
    const DAY: i64 = 24 * 60 * 60;

    impl Desk {
        fn combine_as(&mut self, trade_type: TradeType, order: &Value) -> Result<(), Refused> {
            let Self { orders, merchants, now, .. } = self;
            let caller = Caller { mchid: MCHID, merchants, now: *now };
            orders
                .place_combined(trade_type, order.to_string().as_bytes(), &caller)
                .map(drop)
                .map_err(short)
        }

        fn combine(&mut self, order: &Value) -> Result<(), Refused> {
            self.combine_as(TradeType::App, order)
        }

        fn combined_order(&self, number: &str) -> Result<Value, Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            let combined_order = self.orders.query_combined(number, &caller).map_err(short)?;
            Ok(combined_transaction::describe(&combined_order, self.now))
        }

        #[track_caller]
        fn states(&self, number: &str) -> Vec<String> {
            let output = self.combined_order(number).unwrap();
            let state = |part: &Value| text_of(part, "trade_state").to_owned();
            items_of(&output, "sub_orders").iter().map(state).collect()
        }

        fn close_whole(&mut self, number: &str, body: &Value) -> Result<(), Refused> {
            let Self { orders, merchants, now, .. } = self;
            let caller = Caller { mchid: MCHID, merchants, now: *now };
            orders.close_combined(number, body.to_string().as_bytes(), &caller).map_err(short)
        }

        fn pay_whole(&mut self, number: &str) -> Result<Value, OrderError> {
            let Self { orders, now, ids, .. } = self;
            let order = orders.pay(MCHID, number, 0, *now, ids);
            order.map(|order| order.describe(*now))
        }
    }

    fn part(mchid: &str, number: &str, amount: u64) -> Value {
        json!({ "mchid": mchid, "attach": "a", "out_trade_no": number, "description": "d",
            "amount": { "total_amount": amount, "currency": "CNY" } })
    }

    fn combined_of(number: &str, parts: &[Value]) -> Value {
        json!({ "combine_appid": "wx1", "combine_mchid": MCHID, "combine_out_trade_no": number,
            "sub_orders": parts, "notify_url": "https://127.0.0.1/notify" })
    }

    /// The first part has the number of the single orders of other tests.
    fn combined() -> Value {
        combined_of("whole-1", &[part(MCHID, "order-1", 100), part(NEIGHBOUR, "part-2", 20)])
    }

    fn partner_part(number: &str, sub_appid: Option<&str>) -> Value {
        let part = with(part(MCHID, number, 10), "sub_mchid", json!(SUB_MCHID));
        match sub_appid {
            Some(appid) => with(part, "sub_appid", json!(appid)),
            None => part,
        }
    }

    fn closing(parts: &[(&str, &str)]) -> Value {
        let parts: Vec<Value> = parts
            .iter()
            .map(|(mchid, number)| json!({ "mchid": mchid, "out_trade_no": number }))
            .collect();
        json!({ "combine_appid": "wx1", "sub_orders": parts })
    }

    fn other(field: &str, value: Value) -> Value {
        with(combined(), field, value)
    }

    #[test]
    fn merchants_of_combined_order_and_sub_orders_are_checked() {
        let mut desk = Desk::open();
        let mismatch = refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
        for mchid in ["1", NEIGHBOUR] {
            let code = if mchid == "1" { "MCH_NOT_EXISTS" } else { INVALID };
            let combined_order = other("combine_mchid", json!(mchid));
            assert_eq!(desk.combine(&combined_order), refused(400, code, UNLISTED));
        }
        assert_eq!(desk.combine(&other("combine_appid", json!("wx2"))), mismatch);
        let with_part =
            |mchid| combined_of("whole-1", &[part(MCHID, "order-1", 1), part(mchid, "part-2", 1)]);
        assert_eq!(desk.combine(&with_part("1")), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        assert_eq!(desk.combine(&with_part(SUB_MCHID)), mismatch);
        assert_eq!(desk.combine(&combined()), Ok(()));
    }

    #[test]
    fn partner_combines_orders_of_its_own_sub_merchants_only() {
        let mut desk = Desk::open();
        let mut place = |part: Value| desk.combine(&combined_of("whole-1", &[part]));
        let fine = partner_part("part-1", None);
        let part = |field, value| with(fine.clone(), field, json!(value));
        assert_eq!(place(part("sub_mchid", "1")), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        assert_eq!(place(part("sub_mchid", NEIGHBOUR)), refused(400, INVALID, UNLISTED));
        assert_eq!(place(part("mchid", NEIGHBOUR)), refused(400, INVALID, UNLISTED));
        let appid = part("sub_appid", "wx1");
        assert_eq!(place(appid), refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527));
        assert_eq!(place(fine.clone()), Ok(()));
    }

    #[test]
    fn payer_of_jsapi_is_known_and_a_user_of_the_appid() {
        let mut desk = Desk::open();
        let mut place = |trade_type, order: &Value, payer| {
            desk.combine_as(trade_type, &with(order.clone(), "combine_payer_info", payer))
        };
        let foreign = json!({ "openid": "other-1" });
        for trade_type in [TradeType::App, TradeType::Jsapi] {
            let response = place(trade_type, &combined(), foreign.clone());
            assert_eq!(response, refused(500, "OPENID_MISMATCH", UNLISTED));
        }
        let parts = |parts: &[Value]| combined_of("whole-1", parts);
        let own = partner_part("part-1", Some("wx3"));
        let none = refused(400, "PARAM_ERROR", 268_501_013);
        assert_eq!(place(TradeType::Jsapi, &parts(std::slice::from_ref(&own)), json!({})), none);
        let sub = json!({ "sub_openid": "o" });
        let without = parts(&[partner_part("part-1", None)]);
        assert_eq!(place(TradeType::Jsapi, &without, sub.clone()), refused(400, INVALID, UNLISTED));
        let two = parts(&[own.clone(), partner_part("part-2", Some("wx3"))]);
        assert_eq!(place(TradeType::Jsapi, &two, sub.clone()), refused(400, INVALID, UNLISTED));
        let one = parts(&[own, partner_part("part-2", None)]);
        assert_eq!(place(TradeType::Jsapi, &one, sub), Ok(()));
        let output = desk.pay_whole("whole-1").unwrap();
        assert!(output["combine_payer_info"]["openid"].is_string());
        assert_eq!(output["sub_orders"][0]["sub_openid"], "o");
        assert_eq!(output["sub_orders"][1].get("sub_openid"), None);
    }

    #[test]
    fn every_number_is_used_once() {
        let mut desk = Desk::open();
        let parameter_error = refused(400, "PARAM_ERROR", 268_435_461);
        for number in ["whole-1", "order-1"] {
            let parts = [part(MCHID, "order-1", 1), part(NEIGHBOUR, number, 1)];
            assert_eq!(desk.combine(&combined_of("whole-1", &parts)), parameter_error);
        }
        desk.place(&order()).unwrap();
        let used = refused(403, USED, 268_498_689);
        assert_eq!(desk.combine(&combined()), used);
        let parts = [part(MCHID, "part-1", 1), part(NEIGHBOUR, "part-2", 1)];
        assert_eq!(desk.combine(&combined_of("order-1", &parts)), used);
        desk.combine(&combined_of("whole-1", &parts)).unwrap();
        for number in ["whole-1", "part-1", "part-2"] {
            assert_eq!(desk.place(&with(order(), "out_trade_no", json!(number))), used, "{number}");
            let parts = [part(MCHID, number, 1), part(MCHID, "part-3", 1)];
            assert_eq!(desk.combine(&combined_of("whole-2", &parts)), used, "{number}");
        }
        assert_eq!(
            desk.combine(&combined_of(
                "part-1",
                &[part(MCHID, "p-0003", 1), part(MCHID, "p-0004", 1)]
            )),
            used
        );
    }

    #[test]
    fn reentry_needs_the_same_parameters() {
        let mut desk = Desk::open();
        desk.combine(&combined()).unwrap();
        let different = refused(400, INVALID, 268_498_688);
        let mut settled = combined();
        settled["sub_orders"][1]["settle_info"] = json!({ "profit_sharing": false });
        assert_eq!(desk.combine(&settled), different);
        assert_eq!(desk.combine_as(TradeType::Native, &combined()), different);
        assert_eq!(desk.combine(&combined()), Ok(()));
        desk.now += 7 * DAY + 1;
        assert_eq!(desk.combine(&combined()), refused(400, INVALID, 268_447_914));
        assert_eq!(desk.states("whole-1"), ["CLOSED", "CLOSED"]);
        assert_eq!(desk.pay_whole("whole-1"), Err(OrderError::Expired));
    }

    #[test]
    fn combined_order_can_be_paid_for_seven_days_at_most() {
        let mut desk = Desk::open();
        desk.combine(&other("time_expire", json!("2019-12-31T00:00:00+08:00"))).unwrap();
        desk.now += 7 * DAY;
        assert_eq!(desk.states("whole-1"), ["NOTPAY", "NOTPAY"]);
        desk.now += 1;
        assert_eq!(desk.states("whole-1"), ["CLOSED", "CLOSED"]);
    }

    #[test]
    fn order_has_few_fields_until_it_is_paid() {
        let mut desk = Desk::open();
        assert_eq!(desk.combined_order("whole-1"), refused(404, "ORDERNOTEXIST", NOT_FOUND));
        let scene = json!({ "payer_client_ip": "1.2.3.4", "device_id": "POS1:1" });
        desk.combine(&other("scene_info", scene)).unwrap();
        assert_eq!(
            desk.combined_order("whole-1").unwrap(),
            json!({ "combine_appid": "wx1", "combine_mchid": MCHID,
                "combine_out_trade_no": "whole-1", "sub_orders": [
                { "mchid": MCHID, "out_trade_no": "order-1", "trade_state": "NOTPAY" },
                { "mchid": NEIGHBOUR, "out_trade_no": "part-2", "trade_state": "NOTPAY" }] })
        );
        let output = desk.pay_whole("whole-1").unwrap();
        assert_eq!(desk.combined_order("whole-1").unwrap(), output);
        assert_eq!(output["scene_info"], json!({ "device_id": "POS1:1" }));
        let id = |index: usize| output["sub_orders"][index]["transaction_id"].as_str().unwrap();
        assert_ne!(id(0), id(1));
        assert_eq!(
            output["sub_orders"][1],
            json!({ "mchid": NEIGHBOUR, "out_trade_no": "part-2", "trade_state": "SUCCESS",
                "transaction_id": id(1), "trade_type": "APP", "bank_type": "OTHERS",
                "attach": "a", "success_time": "2019-04-02T20:34:20.120+08:00",
                "amount": { "total_amount": 20, "payer_amount": 20, "currency": "CNY",
                    "payer_currency": "CNY" } })
        );
        assert_eq!(desk.combine(&combined()), refused(403, USED, 268_498_689));
        assert_eq!(desk.pay_whole("whole-1"), Err(OrderError::Paid));
    }

    #[test]
    fn closing_names_every_part_and_happens_once() {
        let mut desk = Desk::open();
        let (one, two) = ((MCHID, "order-1"), (NEIGHBOUR, "part-2"));
        let all = closing(&[two, one]);
        assert_eq!(desk.close_whole("whole-1", &all), refused(404, "ORDERNOTEXIST", NOT_FOUND));
        desk.combine(&combined()).unwrap();
        for wrong in [
            vec![one],
            vec![one, one],
            vec![one, two, two],
            vec![one, (MCHID, "part-2")],
            vec![one, (NEIGHBOUR, "part-3")],
        ] {
            let response = desk.close_whole("whole-1", &closing(&wrong));
            assert_eq!(response, refused(400, INVALID, UNLISTED), "{wrong:?}");
        }
        assert_eq!(desk.states("whole-1"), ["NOTPAY", "NOTPAY"]);
        let appid = with(all.clone(), "combine_appid", json!("wx2"));
        let mismatch = refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
        assert_eq!(desk.close_whole("whole-1", &appid), mismatch);
        assert_eq!(desk.close_whole("whole-1", &all), Ok(()));
        assert_eq!(desk.states("whole-1"), ["CLOSED", "CLOSED"]);
        let closed = refused(400, "ORDER_CLOSED", 268_447_914);
        assert_eq!(desk.close_whole("whole-1", &all), closed);
        assert_eq!(desk.combine(&combined()), closed);
        assert!(desk.orders.close(MCHID, "whole-1").is_err());

        let parts = [partner_part("part-3", Some("wx3"))];
        desk.combine(&combined_of("whole-2", &parts)).unwrap();
        let parts = json!([{ "mchid": MCHID, "sub_mchid": SUB_MCHID, "out_trade_no": "part-3" }]);
        let all = json!({ "combine_appid": "wx1", "sub_orders": parts });
        desk.pay_whole("whole-2").unwrap();
        assert_eq!(desk.close_whole("whole-2", &all), refused(400, INVALID, 268_449_538));
    }

    #[test]
    fn sub_order_is_refunded_alone_and_by_its_own_merchant() {
        let mut desk = Desk::open();
        desk.combine(&combined()).unwrap();
        let gone = refused(404, "RESOURCE_NOT_EXISTS", UNLISTED);
        assert_eq!(desk.refund(&refund("1", 40)), gone);
        let output = desk.pay_whole("whole-1").unwrap();
        for number in ["whole-1", "part-2"] {
            assert_eq!(desk.refund(&with(refund("1", 20), "out_trade_no", json!(number))), gone);
        }
        let accepted = desk.refund(&refund("1", 40)).unwrap();
        assert_eq!(accepted["transaction_id"], output["sub_orders"][0]["transaction_id"]);
        let notification = desk.end("1", RefundStatus::Success).unwrap();
        assert_eq!(
            (&notification["mchid"], &notification["out_trade_no"]),
            (&json!(MCHID), &json!("order-1"))
        );
        assert_eq!(desk.states("whole-1"), ["SUCCESS", "SUCCESS"], "refunds are not told");

        let mut by_id = refund("2", 60);
        by_id.as_object_mut().unwrap().remove("out_trade_no");
        let by_id = with(by_id, "transaction_id", accepted["transaction_id"].clone());
        assert_eq!(desk.refund(&by_id).unwrap()["out_trade_no"], "order-1");
    }

    #[test]
    fn part_is_not_paid_or_closed_alone() {
        let mut desk = Desk::open();
        desk.combine(&combined()).unwrap();
        assert_eq!(desk.pay("order-1"), Err(OrderError::NotPlaced));
        assert!(desk.orders.close(MCHID, "order-1").is_err());
        assert!(desk.orders.pay(NEIGHBOUR, "whole-1", 0, NOW, &mut desk.ids).is_err());
        desk.orders.close(MCHID, "whole-1").unwrap();
        assert_eq!(desk.pay_whole("whole-1"), Err(OrderError::Closed));
    }
}
