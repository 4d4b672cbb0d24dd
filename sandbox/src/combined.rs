//! Combined orders (合单) in the order book.

use serde_json::{Value, json};

use super::fields;
use super::fresh::Fresh;
use super::json::put;
use super::order_error::OrderError;
use super::orders::{self, Key, NOT_FOUND, Order, Orders};
use super::parties::{self, Caller, Mode};
use super::refusal::{Location, Refusal};
use super::schema::{self, fen_of, items_of, text_of};
use super::trade_type::TradeType;

/// A combined order. It is paid, closed or expired if its parts are, which stand in the book of
/// single orders, each under its own merchant and number.
pub(super) struct Combined {
    mode: Mode,
    trade_type: TradeType,
    /// What it was placed with: a repetition must say the same.
    parameters: Value,
    parts: Vec<Key>,
}

/// A combined order together with its parts, in the order in which it names them.
pub(super) struct Whole<'a> {
    combined: &'a Combined,
    pub(super) parts: Vec<&'a Order>,
}

impl Orders {
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
        parties::check_combined(&parameters, mode, caller)?;
        parties::check_combined_payer(&parameters, trade_type)?;
        let combined = Combined::new(mode, trade_type, parameters);
        if let Some(placed) = self.whole(caller.mchid, combined.number()) {
            let same = placed.combined.is_same(&combined);
            placed.parts.iter().try_for_each(|part| part.check_reentry(same, caller.now))?;
            let renew = |part: &mut Order| part.renew_ticket(caller.now);
            self.for_each_part(caller.mchid, combined.number(), renew);
            return Ok(combined.number().to_owned());
        }
        self.check_unused(caller.mchid, combined.number())?;
        for (mchid, number) in &combined.parts {
            self.check_unused(caller.mchid, number)?;
            self.check_unused(mchid, number)?;
        }
        let parts = combined.parts(caller.now);
        self.book.extend(combined.parts.iter().cloned().zip(parts));
        let number = combined.number().to_owned();
        self.combined.insert((caller.mchid.to_owned(), number.clone()), combined);
        Ok(number)
    }

    /// 查询合单订单.
    pub(super) fn query_combined(
        &self,
        number: &str,
        caller: &Caller<'_>,
    ) -> Result<Whole<'_>, Refusal> {
        self.whole(caller.mchid, number).ok_or_else(unknown)
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
        parties::check_participants(&named, mode, caller)?;
        let whole = self.whole(caller.mchid, number).ok_or_else(unknown)?;
        if !whole.combined.is_named_by(&named) {
            return Err(Refusal::invalid("关单信息与下单时的合单信息不一致"));
        }
        whole.parts.iter().try_for_each(|part| part.check_unpaid())?;
        if whole.parts.iter().any(|part| part.is_closed()) {
            return Err(orders::closed());
        }
        self.for_each_part(caller.mchid, number, Order::close);
        Ok(())
    }

    /// The user pays: every part, or none.
    pub(super) fn pay_combined(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
        fresh: &mut Fresh,
    ) -> Result<Whole<'_>, OrderError> {
        self.refuse_combined_payment(mchid, number, now)?;
        self.for_each_part(mchid, number, |part| part.pay(0, now, fresh));
        self.whole(mchid, number).ok_or(OrderError::NotPlaced)
    }

    /// The user's payment fails: the order stays as it is.
    pub(super) fn refuse_combined_payment(
        &self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<(), OrderError> {
        let whole = self.whole(mchid, number).ok_or(OrderError::NotPlaced)?;
        whole.parts.iter().try_for_each(|part| part.check_payable(now))
    }

    /// The platform closes a combined order, and its numbers are burnt.
    pub(super) fn shut_combined(&mut self, mchid: &str, number: &str) -> Result<(), OrderError> {
        let whole = self.whole(mchid, number).ok_or(OrderError::NotPlaced)?;
        whole.parts.iter().try_for_each(|part| part.check_open())?;
        self.for_each_part(mchid, number, Order::close);
        Ok(())
    }

    /// A combined order with its parts.
    pub(super) fn whole(&self, mchid: &str, number: &str) -> Option<Whole<'_>> {
        let combined = self.combined.get(&(mchid.to_owned(), number.to_owned()))?;
        let parts = combined.parts.iter().filter_map(|key| self.book.get(key)).collect();
        Some(Whole { combined, parts })
    }

    fn for_each_part(&mut self, mchid: &str, number: &str, mut change: impl FnMut(&mut Order)) {
        let Self { book, combined } = self;
        let whole = combined.get(&(mchid.to_owned(), number.to_owned()));
        for key in whole.into_iter().flat_map(|whole| &whole.parts) {
            book.get_mut(key).into_iter().for_each(&mut change);
        }
    }
}

impl Combined {
    fn new(mode: Mode, trade_type: TradeType, parameters: Value) -> Self {
        let key = |sub_order: &Value| {
            let text = |field| text_of(sub_order, field).to_owned();
            (text("mchid"), text("out_trade_no"))
        };
        let parts = items_of(&parameters, "sub_orders").iter().map(key).collect();
        Self { mode, trade_type, parameters, parts }
    }

    /// Whether one of its parts has this 商户订单号.
    pub(super) fn has_part(&self, number: &str) -> bool {
        self.parts.iter().any(|(_, part)| part == number)
    }

    /// 合单商户订单号.
    fn number(&self) -> &str {
        text_of(&self.parameters, "combine_out_trade_no")
    }

    fn is_same(&self, again: &Self) -> bool {
        self.trade_type == again.trade_type && self.parameters == again.parameters
    }

    /// Whether a request to close it names it, with all of its parts and no others.
    fn is_named_by(&self, named: &Value) -> bool {
        let (ours, theirs) =
            (items_of(&self.parameters, "sub_orders"), items_of(named, "sub_orders"));
        let same = |one: &Value, other: &Value| {
            let fields = ["mchid", "sub_mchid", "out_trade_no"];
            fields.iter().all(|field| one.get(field) == other.get(field))
        };
        text_of(named, "combine_appid") == text_of(&self.parameters, "combine_appid")
            && ours.len() == theirs.len()
            && ours.iter().all(|ours| theirs.iter().any(|theirs| same(ours, theirs)))
    }

    fn parts(&self, now: i64) -> Vec<Order> {
        let part = |sub_order| {
            let parameters = as_single(&self.parameters, sub_order, self.mode);
            Order::part(self.mode, self.trade_type, parameters, now)
        };
        items_of(&self.parameters, "sub_orders").iter().map(part).collect()
    }
}

impl Whole<'_> {
    pub(super) fn mode(&self) -> Mode {
        self.combined.mode
    }

    pub(super) fn parameters(&self) -> &Value {
        &self.combined.parameters
    }

    pub(super) fn notify_url(&self) -> &str {
        text_of(self.parameters(), "notify_url")
    }
}

/// Its fields say whether it is a partner's: the paths are the same.
fn mode_of(request: &Value) -> Mode {
    let sub_orders = items_of(request, "sub_orders");
    let is_partner = sub_orders.iter().any(|sub_order| sub_order.get("sub_mchid").is_some());
    if is_partner { Mode::Partner } else { Mode::Direct }
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

/// A sub-order, as a single order would say it.
fn as_single(whole: &Value, sub_order: &Value, mode: Mode) -> Value {
    let mut single = json!({
        mode.appid(): text_of(whole, "combine_appid"),
        mode.mchid(): text_of(sub_order, "mchid"),
        "amount": { "total": fen_of(sub_order, "/amount/total_amount"), "currency": "CNY" },
    });
    let of_whole = ["scene_info", "time_expire", "notify_url"].map(|name| (name, whole.get(name)));
    let own = ["sub_mchid", "sub_appid", "out_trade_no", "description", "attach"];
    let own = own.map(|name| (name, sub_order.get(name)));
    let payer = whole.get("combine_payer_info").map(|payer| {
        let mut named = json!({});
        for (name, openid) in [(mode.openid(), "openid"), ("sub_openid", "sub_openid")] {
            if let Some(openid) = payer.get(openid) {
                put(&mut named, name, openid.clone());
            }
        }
        named
    });
    for (name, value) in of_whole.into_iter().chain(own).chain([("payer", payer.as_ref())]) {
        if let Some(value) = value {
            put(&mut single, name, value.clone());
        }
    }
    single
}

/// In the spelling of these interfaces.
fn unknown() -> Refusal {
    Refusal::new(404, "ORDERNOTEXIST", "订单不存在").numbered(NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::super::authorization::tests::{MCHID, NEIGHBOUR, NOW, SUB_MCHID};
    use super::super::combined_transaction;
    use super::super::orders::tests::{
        Desk, INVALID, Refused, UNLISTED, order, refused, short, with,
    };
    use super::super::refunds::RefundStatus;
    use super::super::refunds::tests::refund;
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

        fn whole(&self, number: &str) -> Result<Value, Refused> {
            let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
            let whole = self.orders.query_combined(number, &caller).map_err(short)?;
            Ok(combined_transaction::describe(&whole, self.now))
        }

        #[track_caller]
        fn states(&self, number: &str) -> Vec<String> {
            let told = self.whole(number).unwrap();
            let state = |part: &Value| text_of(part, "trade_state").to_owned();
            items_of(&told, "sub_orders").iter().map(state).collect()
        }

        fn close_whole(&mut self, number: &str, body: &Value) -> Result<(), Refused> {
            let Self { orders, merchants, now, .. } = self;
            let caller = Caller { mchid: MCHID, merchants, now: *now };
            orders.close_combined(number, body.to_string().as_bytes(), &caller).map_err(short)
        }

        fn pay_whole(&mut self, number: &str) -> Result<Value, OrderError> {
            let Self { orders, now, fresh, .. } = self;
            let whole = orders.pay_combined(MCHID, number, *now, fresh);
            whole.map(|whole| combined_transaction::describe(&whole, *now))
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
    fn the_merchants_are_checked_the_one_of_the_whole_and_those_of_the_parts() {
        let mut desk = Desk::open();
        let mismatch = refused(400, "APPID_MCHID_NOT_MATCH", 268_445_527);
        for mchid in ["1", NEIGHBOUR] {
            let code = if mchid == "1" { "MCH_NOT_EXISTS" } else { INVALID };
            let whole = other("combine_mchid", json!(mchid));
            assert_eq!(desk.combine(&whole), refused(400, code, UNLISTED));
        }
        assert_eq!(desk.combine(&other("combine_appid", json!("wx2"))), mismatch);
        let with_part =
            |mchid| combined_of("whole-1", &[part(MCHID, "order-1", 1), part(mchid, "part-2", 1)]);
        assert_eq!(desk.combine(&with_part("1")), refused(400, "MCH_NOT_EXISTS", UNLISTED));
        assert_eq!(desk.combine(&with_part(SUB_MCHID)), mismatch);
        assert_eq!(desk.combine(&combined()), Ok(()));
    }

    #[test]
    fn a_partner_combines_orders_of_its_own_sub_merchants_only() {
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
    fn the_payer_of_jsapi_is_known_and_a_user_of_the_appid() {
        let mut desk = Desk::open();
        let mut place = |trade_type, order: &Value, payer| {
            desk.combine_as(trade_type, &with(order.clone(), "combine_payer_info", payer))
        };
        let foreign = json!({ "openid": "other-1" });
        for trade_type in [TradeType::App, TradeType::Jsapi] {
            let answer = place(trade_type, &combined(), foreign.clone());
            assert_eq!(answer, refused(500, "OPENID_MISMATCH", UNLISTED));
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
        let told = desk.pay_whole("whole-1").unwrap();
        assert!(told["combine_payer_info"]["openid"].is_string());
        assert_eq!(told["sub_orders"][0]["sub_openid"], "o");
        assert_eq!(told["sub_orders"][1].get("sub_openid"), None);
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
    fn a_combined_order_can_be_paid_for_seven_days_at_most() {
        let mut desk = Desk::open();
        desk.combine(&other("time_expire", json!("2019-12-31T00:00:00+08:00"))).unwrap();
        desk.now += 7 * DAY;
        assert_eq!(desk.states("whole-1"), ["NOTPAY", "NOTPAY"]);
        desk.now += 1;
        assert_eq!(desk.states("whole-1"), ["CLOSED", "CLOSED"]);
    }

    #[test]
    fn little_is_told_before_it_is_paid_and_everything_after() {
        let mut desk = Desk::open();
        assert_eq!(desk.whole("whole-1"), refused(404, "ORDERNOTEXIST", NOT_FOUND));
        let scene = json!({ "payer_client_ip": "1.2.3.4", "device_id": "POS1:1" });
        desk.combine(&other("scene_info", scene)).unwrap();
        assert_eq!(
            desk.whole("whole-1").unwrap(),
            json!({ "combine_appid": "wx1", "combine_mchid": MCHID,
                "combine_out_trade_no": "whole-1", "sub_orders": [
                { "mchid": MCHID, "out_trade_no": "order-1", "trade_state": "NOTPAY" },
                { "mchid": NEIGHBOUR, "out_trade_no": "part-2", "trade_state": "NOTPAY" }] })
        );
        let told = desk.pay_whole("whole-1").unwrap();
        assert_eq!(desk.whole("whole-1").unwrap(), told);
        assert_eq!(told["scene_info"], json!({ "device_id": "POS1:1" }));
        let id = |index: usize| told["sub_orders"][index]["transaction_id"].as_str().unwrap();
        assert_ne!(id(0), id(1));
        assert_eq!(
            told["sub_orders"][1],
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
            let answer = desk.close_whole("whole-1", &closing(&wrong));
            assert_eq!(answer, refused(400, INVALID, UNLISTED), "{wrong:?}");
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
        assert!(desk.orders.shut_combined(MCHID, "whole-1").is_err());

        let parts = [partner_part("part-3", Some("wx3"))];
        desk.combine(&combined_of("whole-2", &parts)).unwrap();
        let parts = json!([{ "mchid": MCHID, "sub_mchid": SUB_MCHID, "out_trade_no": "part-3" }]);
        let all = json!({ "combine_appid": "wx1", "sub_orders": parts });
        desk.pay_whole("whole-2").unwrap();
        assert_eq!(desk.close_whole("whole-2", &all), refused(400, INVALID, 268_449_538));
    }

    #[test]
    fn a_part_is_refunded_by_its_own_merchant_and_the_whole_by_nobody() {
        let mut desk = Desk::open();
        desk.combine(&combined()).unwrap();
        let gone = refused(404, "RESOURCE_NOT_EXISTS", UNLISTED);
        assert_eq!(desk.refund(&refund("1", 40)), gone);
        let told = desk.pay_whole("whole-1").unwrap();
        for number in ["whole-1", "part-2"] {
            assert_eq!(desk.refund(&with(refund("1", 20), "out_trade_no", json!(number))), gone);
        }
        let accepted = desk.refund(&refund("1", 40)).unwrap();
        assert_eq!(accepted["transaction_id"], told["sub_orders"][0]["transaction_id"]);
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
    fn nobody_pays_or_closes_a_part_alone() {
        let mut desk = Desk::open();
        desk.combine(&combined()).unwrap();
        assert_eq!(desk.pay("order-1"), Err(OrderError::NotPlaced));
        assert!(desk.orders.shut(MCHID, "order-1").is_err());
        assert!(desk.orders.pay_combined(NEIGHBOUR, "whole-1", NOW, &mut desk.fresh).is_err());
        desk.orders.shut_combined(MCHID, "whole-1").unwrap();
        assert_eq!(desk.pay_whole("whole-1"), Err(OrderError::Closed));
    }
}
