//! Orders (APIv3下单): place, query, close.

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::{AppId, OutTradeNo, PrepayId, Signer, TransactionId, pay};

use crate::failure::Result;
use crate::input::{BodyFile, Number, PaymentNumber};
use crate::output::{Content, Output};
use crate::qr_code::{Picture, QrFile};
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 下单: places an order
    ///
    /// mchid, currency and other values with a default may be left out of the file.
    #[command(subcommand)]
    Order(Kind),
    /// 查询订单: queries an order
    Query {
        #[command(flatten)]
        number: PaymentNumber,
    },
    /// 关闭订单: closes an order
    Close {
        /// 商户订单号: merchant order number
        out_trade_no: String,
    },
}

/// How an order is paid.
#[derive(Subcommand)]
pub(crate) enum Kind {
    /// APP下单: in an app
    App {
        #[command(flatten)]
        file: BodyFile,
    },
    /// JSAPI/小程序下单: in a page or mini program inside WeChat
    Jsapi {
        #[command(flatten)]
        file: BodyFile,
    },
    /// Native下单: by a QR code, which is drawn
    Native {
        #[command(flatten)]
        file: BodyFile,
        #[command(flatten)]
        qr: QrFile,
    },
    /// H5下单: in a mobile browser outside WeChat
    H5 {
        #[command(flatten)]
        file: BodyFile,
    },
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        match self {
            Self::Order(kind) => Output::write(place(session, &kind)),
            Self::Query { number } => Output::read(query(session, number)),
            Self::Close { out_trade_no } => Output::write(close(session, &out_trade_no)),
        }
    }
}

fn place(session: &Session, kind: &Kind) -> Result<Content> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    match kind {
        Kind::App { file } => {
            let order = file.parse(session, |body| pay::Order::from_json(signer, body))?;
            let prepay_id = pay::app::prepay(signer, gateway, &order)?;
            Ok(app_payment(signer, &order, &prepay_id)?.into())
        }
        Kind::Jsapi { file } => {
            let (order, payer) = file.parse(session, |body| pay::jsapi::from_json(signer, body))?;
            let prepay_id = pay::jsapi::prepay(signer, gateway, &order, &payer)?;
            Ok(jsapi_payment(signer, &order, &prepay_id)?.into())
        }
        Kind::Native { file, qr } => {
            let order = file.parse(session, |body| pay::Order::from_json(signer, body))?;
            let picture = Picture::open(qr.path.as_deref())?;
            let code_url = pay::native::prepay(signer, gateway, &order)?;
            let drawing = picture.of(&code_url);
            Ok(Content::with_drawing(json!({"code_url": code_url}), drawing))
        }
        Kind::H5 { file } => {
            let (order, scene) = file.parse(session, |body| pay::h5::from_json(signer, body))?;
            Ok(json!({"h5_url": pay::h5::prepay(signer, gateway, &order, &scene)?}).into())
        }
    }
}

/// What an app needs to start the payment.
pub(crate) fn app_payment(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<Value> {
    let invoke = pay::app::invoke(signer, order, prepay_id)?;
    Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
}

/// What a page or mini program needs to start the payment.
pub(crate) fn jsapi_payment(
    signer: &dyn Signer,
    order: &impl AsRef<AppId>,
    prepay_id: &PrepayId,
) -> Result<Value> {
    let invoke = pay::jsapi::invoke(signer, order, prepay_id)?;
    Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
}

fn query(session: &Session, number: PaymentNumber) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    match number.get()? {
        Number::OutTradeNo(number) => pay::query(signer, gateway, &OutTradeNo::new(number)?)?,
        Number::TransactionId(id) => pay::query_by_id(signer, gateway, &TransactionId::new(id)?)?,
    };
    session.response()
}

fn close(session: &Session, out_trade_no: &str) -> Result<Value> {
    pay::close(session.signer(), &session.gateway, &OutTradeNo::new(out_trade_no)?)?;
    Ok(json!({"out_trade_no": out_trade_no}))
}
