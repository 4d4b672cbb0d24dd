//! Single orders: one order shape, whatever the payer pays in.

pub mod app;
mod check;
mod order;

pub use self::order::{Detail, GoodsDetail, Order, SceneInfo, SettleInfo, StoreInfo};
