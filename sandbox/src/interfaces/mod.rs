//! The interfaces of APIv3, a file for each subject.

pub(super) mod bill;
pub(super) mod certificates;
pub(super) mod combine;
pub(super) mod pay;
pub(super) mod refund;
pub(super) mod scripted;
pub(super) mod transfer;
pub(super) mod upload;
