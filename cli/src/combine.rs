//! Combined orders (合单支付): place, query, close.

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::{OutTradeNo, combine};

use crate::failure::Result;
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
            let order = file.parse(session, |body| combine::Order::from_json(signer, body))?;
            let prepay_id = combine::app::prepay(signer, gateway, &order)?;
            Ok(app_payment(signer, &order, &prepay_id)?.into())
        }
        Kind::Jsapi { file } => {
            let (order, payer) =
                file.parse(session, |body| combine::jsapi::from_json(signer, body))?;
            let prepay_id = combine::jsapi::prepay(signer, gateway, &order, &payer)?;
            Ok(jsapi_payment(signer, &order, &prepay_id)?.into())
        }
        Kind::Native { file, qr } => {
            let order = file.parse(session, |body| combine::Order::from_json(signer, body))?;
            let picture = Picture::open(qr.path.as_deref())?;
            let code_url = combine::native::prepay(signer, gateway, &order)?;
            let drawing = picture.of(&code_url);
            Ok(Content::with_drawing(json!({"code_url": code_url}), drawing))
        }
        Kind::H5 { file } => {
            let (order, scene) =
                file.parse(session, |body| combine::h5::from_json(signer, body))?;
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
    let order = file.parse(session, |body| combine::Order::from_json(signer, body))?;
    if order.combine_out_trade_no.as_str() != combine_out_trade_no {
        return Err(file.other_number("/combine_out_trade_no"));
    }
    combine::close(signer, &session.gateway, &order)?;
    Ok(json!({"combine_out_trade_no": combine_out_trade_no}))
}
