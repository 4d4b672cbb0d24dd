//! Refunds (退款): apply, query.

use clap::Subcommand;
use serde_json::Value;
use wechatpay::{OutRefundNo, refund};

use crate::failure::Result;
use crate::input::BodyFile;
use crate::output::Output;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 申请退款: applies for a refund
    ///
    /// currency and other values with a default may be left out of the file.
    Refund {
        #[command(flatten)]
        file: BodyFile,
    },
    /// 查询退款: queries a refund
    RefundQuery {
        /// 商户退款单号: merchant refund number
        out_refund_no: String,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        match self {
            Self::Refund { file } => Output::write(apply(session, &file)),
            Self::RefundQuery { out_refund_no } => Output::read(query(session, out_refund_no)),
        }
    }
}

fn apply(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let refund = file.parse(session, |body| refund::Refund::from_json(signer, body))?;
    refund::apply(signer, &session.gateway, &refund)?;
    session.response()
}

fn query(session: &Session, out_refund_no: String) -> Result<Value> {
    refund::query(session.signer(), &session.gateway, &OutRefundNo::new(out_refund_no)?)?;
    session.response()
}
