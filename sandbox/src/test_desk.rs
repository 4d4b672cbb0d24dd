//! The order book with a merchant before it, for unit tests.

use serde_json::{Value, json};

use super::authorization_header::tests::{MCHID, NOW, SUB_MCHID, merchants};
use super::caller::{Caller, MerchantKind};
use super::merchants::Merchants;
use super::order_book::{OrderBook, Wanted};
use super::order_error::OrderError;
use super::refusal::Refusal;
use super::schema::text_of;
use super::trade_type::TradeType;
use super::transaction;
use super::unique_ids::UniqueIds;

/// Status, code and number of a refusal.
pub(crate) type Refused = (u16, String, u32);

pub(crate) fn short(refusal: Refusal) -> Refused {
    (refusal.status, refusal.code, refusal.number)
}

pub(crate) fn refused<T>(status: u16, code: &str, number: u32) -> Result<T, Refused> {
    Err((status, code.to_owned(), number))
}

pub(crate) struct Desk {
    pub(crate) orders: OrderBook,
    pub(crate) merchants: Merchants,
    pub(crate) ids: UniqueIds,
    pub(crate) now: i64,
}

impl Desk {
    pub(crate) fn open() -> Self {
        let (orders, ids) = (OrderBook::default(), UniqueIds::new([7; 32]));
        Self { orders, merchants: merchants(), ids, now: NOW }
    }

    pub(crate) fn place(&mut self, order: &Value) -> Result<(), Refused> {
        self.place_as(MerchantKind::Direct, TradeType::App, order)
    }

    pub(crate) fn place_as(
        &mut self,
        mode: MerchantKind,
        trade_type: TradeType,
        order: &Value,
    ) -> Result<(), Refused> {
        let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
        let body = order.to_string();
        self.orders.place(mode, trade_type, body.as_bytes(), &caller).map(drop).map_err(short)
    }

    pub(crate) fn pay(&mut self, number: &str) -> Result<(), OrderError> {
        self.orders.pay(MCHID, number, 0, self.now, &mut self.ids).map(drop)
    }

    pub(crate) fn query(
        &self,
        mode: MerchantKind,
        wanted: &Wanted,
        owner: &Value,
    ) -> Result<Value, Refused> {
        let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
        let order = self.orders.query(mode, wanted, owner, &caller).map_err(short)?;
        Ok(transaction::describe(order, self.now))
    }

    pub(crate) fn state(&self, number: &str) -> String {
        let wanted = Wanted::OutTradeNo(number.to_owned());
        let output = self.query(MerchantKind::Direct, &wanted, &json!({ "mchid": MCHID })).unwrap();
        text_of(&output, "trade_state").to_owned()
    }

    pub(crate) fn close(
        &mut self,
        mode: MerchantKind,
        number: &str,
        owner: &Value,
    ) -> Result<(), Refused> {
        let caller = Caller { mchid: MCHID, merchants: &self.merchants, now: self.now };
        let body = owner.to_string();
        self.orders.close_single(mode, number.to_owned(), body.as_bytes(), &caller).map_err(short)
    }
}

pub(crate) fn order() -> Value {
    json!({ "appid": "wx1", "mchid": MCHID, "description": "d", "out_trade_no": "order-1",
        "notify_url": "https://127.0.0.1/notify", "amount": { "total": 100 } })
}

pub(crate) fn partner_order() -> Value {
    json!({ "sp_appid": "wx1", "sp_mchid": MCHID, "sub_appid": "wx3", "sub_mchid": SUB_MCHID,
        "description": "d", "out_trade_no": "order-1",
        "notify_url": "https://127.0.0.1/notify", "amount": { "total": 100 } })
}

pub(crate) fn with(mut order: Value, field: &str, value: Value) -> Value {
    order[field] = value;
    order
}

pub(crate) const INVALID: &str = "INVALID_REQUEST";
pub(crate) const UNLISTED: u32 = 268_435_456;
