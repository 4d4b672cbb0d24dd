//! 分账: profit sharing. Receivers, splits, unfreezing, returns, and what the platform does with them.

pub(super) mod commands;
mod fields;
mod flows;
pub(super) mod interfaces;
mod names;
pub(super) mod paid_order;
mod receivers;
pub(super) mod return_policy;
mod return_result;
mod returns;
pub(super) mod sandbox;
mod share_return;
mod sharing_bill;
mod split;
mod splits;
pub(super) mod state;
pub(super) mod summary;
