//! The responses to an order, single or combined.

use serde::Deserialize;

use crate::id::{CodeUrl, H5Url, PrepayId};

/// The response to an APP, JSAPI or mini-program order.
#[derive(Deserialize)]
pub(crate) struct PrepayIdResponse {
    pub(crate) prepay_id: PrepayId,
}

/// The response to a Native order.
#[derive(Deserialize)]
pub(crate) struct CodeUrlResponse {
    pub(crate) code_url: CodeUrl,
}

/// The response to an H5 order.
#[derive(Deserialize)]
pub(crate) struct H5UrlResponse {
    pub(crate) h5_url: H5Url,
}
