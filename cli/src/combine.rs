//! Combined orders (合单支付): place, query, close.

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::{OutTradeNo, combine};

use crate::failure::{Failure, Result};
use crate::input::BodyFile;
use crate::order::{Kind, app_payment, jsapi_payment};
use crate::output::{Content, Output};
use crate::qr_code::Picture;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 合单下单: places a combined order
    ///
    /// combine_mchid, currency and other values with a default may be left out of the file.
    #[command(subcommand)]
    Combine(Kind),
    /// 查询合单订单: queries a combined order
    CombineQuery {
        /// 合单商户订单号: combined order number
        combine_out_trade_no: String,
    },
    /// 关闭合单订单: closes a combined order
    ///
    /// FILE is the file with which the order was placed.
    CombineClose {
        /// 合单商户订单号: combined order number
        combine_out_trade_no: String,
        #[command(flatten)]
        file: BodyFile,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        match self {
            Self::Combine(kind) => Output::write(place(session, &kind)),
            Self::CombineQuery { combine_out_trade_no } => {
                Output::read(query(session, combine_out_trade_no))
            }
            Self::CombineClose { combine_out_trade_no, file } => {
                Output::write(close(session, &combine_out_trade_no, &file))
            }
        }
    }
}

fn place(session: &Session, kind: &Kind) -> Result<Content> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    match kind {
        Kind::App { file } => {
            let order = combine::Order::from_json(signer, &file.read(session)?)?;
            let prepay_id = combine::app::prepay(signer, gateway, &order)?;
            Ok(app_payment(signer, &order, &prepay_id)?.into())
        }
        Kind::Jsapi { file } => {
            let (order, payer) = combine::jsapi::from_json(signer, &file.read(session)?)?;
            let prepay_id = combine::jsapi::prepay(signer, gateway, &order, &payer)?;
            Ok(jsapi_payment(signer, &order, &prepay_id)?.into())
        }
        Kind::Native { file, qr } => {
            let order = combine::Order::from_json(signer, &file.read(session)?)?;
            let picture = Picture::open(qr.path.as_deref())?;
            let code_url = combine::native::prepay(signer, gateway, &order)?;
            let drawing = picture.of(&code_url);
            Ok(Content::with_drawing(json!({"code_url": code_url}), drawing))
        }
        Kind::H5 { file } => {
            let (order, scene) = combine::h5::from_json(signer, &file.read(session)?)?;
            Ok(json!({"h5_url": combine::h5::prepay(signer, gateway, &order, &scene)?}).into())
        }
    }
}

fn query(session: &Session, combine_out_trade_no: String) -> Result<Value> {
    let number = OutTradeNo::new(combine_out_trade_no)?;
    combine::query(session.signer(), &session.gateway, &number)?;
    session.response()
}

fn close(session: &Session, combine_out_trade_no: &str, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let order = combine::Order::from_json(signer, &file.read(session)?)?;
    if order.combine_out_trade_no.as_str() != combine_out_trade_no {
        let what = "/combine_out_trade_no of the file is not the number of the order to close";
        return Err(Failure::Invalid(what.to_owned()));
    }
    combine::close(signer, &session.gateway, &order)?;
    Ok(json!({"combine_out_trade_no": combine_out_trade_no}))
}
