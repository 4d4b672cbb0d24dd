//! What is answered to an order, single or combined.

use serde::Deserialize;

use crate::id::{CodeUrl, H5Url, PrepayId};

/// For an order that is paid in an app, on a page or in a mini-program.
#[derive(Deserialize)]
pub(crate) struct Prepaid {
    pub(crate) prepay_id: PrepayId,
}

/// For an order that is paid by scanning a code.
#[derive(Deserialize)]
pub(crate) struct Coded {
    pub(crate) code_url: CodeUrl,
}

/// For an order that is paid from a browser.
#[derive(Deserialize)]
pub(crate) struct Linked {
    pub(crate) h5_url: H5Url,
}
