//! APIv2, the XML protocol: orders, payments at the till, refunds, notifications.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};
use wechatpay::v2::notify::Notification;
use wechatpay::v2::pay::{Attempt, MicropayOrder, Reversal};
use wechatpay::v2::{self, AnyTrade, HmacSha256Key, Md5Key, Signer};
use wechatpay::{AppId, CodeUrl, OutRefundNo, OutTradeNo, PrepayId, Signer as _, TransactionId};
use wechatpay_sandbox::settings;

use crate::failure::{FAILED, Failure, Result, UNKNOWN};
use crate::input::{BodyFile, Number, PaymentNumber, read};
use crate::output::{Content, Output};
use crate::qr_code::{Picture, QrFile};
use crate::session::Session;

/// APIv2: the older protocol, with XML
#[derive(Args)]
pub(crate) struct Family {
    /// Signs with MD5 instead of HMAC-SHA256
    #[arg(long, global = true)]
    md5: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// 统一下单: places an order
    Unified {
        #[command(flatten)]
        file: BodyFile,
        #[command(flatten)]
        qr: QrFile,
    },
    /// 合单下单: places a combined order
    Combined {
        #[command(flatten)]
        file: BodyFile,
        #[command(flatten)]
        qr: QrFile,
    },
    /// 付款码支付: charges the code that the till has scanned; exits with 3 if the payer types a PIN
    ///
    /// After 3, query the order, and reverse it if it stays unclear. Never charge again before that.
    Micropay {
        #[command(flatten)]
        file: BodyFile,
    },
    /// 撤销订单: reverses a payment at the till; exits with 3 if it must be called again
    Reverse {
        /// 商户订单号: merchant order number
        out_trade_no: String,
    },
    /// 申请退款: applies for a refund
    Refund {
        #[command(flatten)]
        file: BodyFile,
    },
    /// 查询退款: queries a refund
    RefundQuery {
        /// 商户退款单号: merchant refund number
        out_refund_no: String,
    },
    /// 查询合单订单: queries a combined order
    CombinedQuery {
        /// 合单商户订单号: combined order number
        combine_out_trade_no: String,
    },
    /// 关闭合单订单: closes a combined order, whose sub-orders are in the file
    CombinedClose {
        /// 合单商户订单号: combined order number
        combine_out_trade_no: String,
        #[command(flatten)]
        file: BodyFile,
    },
    /// 支付结果通知, 退款结果通知: verifies a notification
    Notification {
        /// File with the body, byte by byte as received; - is standard input
        body: PathBuf,
    },
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

impl Family {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let (mchid, key) = (session.signer().mchid(), session.v2_key()?);
        if self.md5 {
            let signer =
                settings::name_variable(Md5Key::new(mchid, key)).map_err(Failure::of_settings)?;
            self.verb.run(session, &signer)
        } else {
            let signer = settings::name_variable(HmacSha256Key::new(mchid, key))
                .map_err(Failure::of_settings)?;
            self.verb.run(session, &signer)
        }
    }
}

impl Verb {
    fn run(self, session: &Session, signer: &dyn Signer) -> Result<Output> {
        match self {
            Self::Unified { file, qr } => Output::write(unified(session, signer, &file, &qr)),
            Self::Combined { file, qr } => Output::write(combined(session, signer, &file, &qr)),
            Self::Micropay { file } => micropay(session, signer, &file),
            Self::Reverse { out_trade_no } => reverse(session, signer, &out_trade_no),
            Self::Refund { file } => Output::write(refund(session, signer, &file)),
            Self::RefundQuery { out_refund_no } => {
                Output::read(refund_query(session, signer, &out_refund_no))
            }
            Self::CombinedQuery { combine_out_trade_no } => {
                Output::read(combined_query(session, signer, &combine_out_trade_no))
            }
            Self::CombinedClose { combine_out_trade_no, file } => {
                Output::write(combined_close(session, signer, &combine_out_trade_no, &file))
            }
            Self::Notification { body } => Output::read(notification(signer, &body)),
            Self::Query { number } => Output::read(query(session, signer, number)),
            Self::Close { out_trade_no } => Output::write(close(session, signer, &out_trade_no)),
        }
    }
}

fn unified(
    session: &Session,
    signer: &dyn Signer,
    file: &BodyFile,
    qr: &QrFile,
) -> Result<Content> {
    let gateway = &session.v2_gateway;
    let (order, trade) = file.parse(session, |body| v2::pay::Order::from_xml(signer, body))?;
    let picture = picture(&trade, qr)?;
    let placed = Placed { signer, order: &order, picture };
    match &trade {
        AnyTrade::App(trade) => placed.app(&v2::pay::prepay(signer, gateway, &order, trade)?),
        AnyTrade::Jsapi(trade) => placed.jsapi(&v2::pay::prepay(signer, gateway, &order, trade)?),
        AnyTrade::Native(trade) => placed.native(&v2::pay::prepay(signer, gateway, &order, trade)?),
        AnyTrade::H5(trade) => {
            Ok(json!({"mweb_url": v2::pay::prepay(signer, gateway, &order, trade)?}).into())
        }
    }
}

fn combined(
    session: &Session,
    signer: &dyn Signer,
    file: &BodyFile,
    qr: &QrFile,
) -> Result<Content> {
    let gateway = &session.v2_gateway;
    let (order, trade) = file.parse(session, |body| v2::combine::Order::from_xml(signer, body))?;
    let picture = picture(&trade, qr)?;
    let placed = Placed { signer, order: &order, picture };
    match &trade {
        AnyTrade::App(trade) => placed.app(&v2::combine::prepay(signer, gateway, &order, trade)?),
        AnyTrade::Jsapi(trade) => {
            placed.jsapi(&v2::combine::prepay(signer, gateway, &order, trade)?)
        }
        AnyTrade::Native(trade) => {
            placed.native(&v2::combine::prepay(signer, gateway, &order, trade)?)
        }
        AnyTrade::H5(trade) => {
            Ok(json!({"mweb_url": v2::combine::prepay(signer, gateway, &order, trade)?}).into())
        }
    }
}

fn query(session: &Session, signer: &dyn Signer, number: PaymentNumber) -> Result<Value> {
    let (gateway, appid) = (&session.v2_gateway, &session.settings.appid);
    match number.get()? {
        Number::OutTradeNo(number) => {
            v2::pay::query(signer, gateway, appid, &OutTradeNo::new(number)?)?
        }
        Number::TransactionId(id) => {
            v2::pay::query_by_id(signer, gateway, appid, &TransactionId::new(id)?)?
        }
    };
    fields(&session.response_body())
}

/// Exits with 0 if the payer was charged, with 1 if not, and with 3 if that is not certain yet.
fn micropay(session: &Session, signer: &dyn Signer, file: &BodyFile) -> Result<Output> {
    let (order, auth_code) = file.parse(session, |body| MicropayOrder::from_xml(signer, body))?;
    let attempt = v2::pay::micropay(signer, &session.v2_gateway, &order, auth_code)?;
    let output = Output::write(fields(&session.response_body()))?;
    Ok(match attempt {
        Attempt::Paid(_) => output,
        Attempt::Refused(_) => output.with_status(ExitCode::from(FAILED)),
        Attempt::Pending => output.with_status(ExitCode::from(UNKNOWN)),
    })
}

fn reverse(session: &Session, signer: &dyn Signer, out_trade_no: &str) -> Result<Output> {
    let (gateway, appid) = (session.certified_v2_gateway()?, &session.settings.appid);
    let reversal = v2::pay::reverse(signer, &gateway, appid, &OutTradeNo::new(out_trade_no)?)?;
    let output = Output::write(fields(&session.response_body()))?;
    Ok(match reversal {
        Reversal::Done => output,
        Reversal::Recall => output.with_status(ExitCode::from(UNKNOWN)),
    })
}

fn refund(session: &Session, signer: &dyn Signer, file: &BodyFile) -> Result<Value> {
    let refund = file.parse(session, |body| v2::refund::Refund::from_xml(signer, body))?;
    v2::refund::apply(signer, &session.certified_v2_gateway()?, &refund)?;
    fields(&session.response_body())
}

fn refund_query(session: &Session, signer: &dyn Signer, out_refund_no: &str) -> Result<Value> {
    let number = OutRefundNo::new(out_refund_no)?;
    let query = v2::refund::RefundQuery::new(session.settings.appid.clone(), number);
    v2::refund::query(signer, &session.v2_gateway, &query)?;
    fields(&session.response_body())
}

fn combined_query(session: &Session, signer: &dyn Signer, number: &str) -> Result<Value> {
    let (gateway, appid) = (&session.v2_gateway, &session.settings.appid);
    v2::combine::query(signer, gateway, appid, &OutTradeNo::new(number)?)?;
    fields(&session.response_body())
}

fn combined_close(
    session: &Session,
    signer: &dyn Signer,
    number: &str,
    file: &BodyFile,
) -> Result<Value> {
    let (order, _) = file.parse(session, |body| v2::combine::Order::from_xml(signer, body))?;
    if order.combine_out_trade_no.as_str() != number {
        return Err(file.other_number("combine_out_trade_no"));
    }
    v2::combine::close(signer, &session.v2_gateway, &order)?;
    Ok(json!({"combine_out_trade_no": number}))
}

/// The fields of a notification, once it is verified; those of a refund are decrypted.
fn notification(signer: &dyn Signer, body: &Path) -> Result<Value> {
    let body = read(body)?;
    match v2::notify::open(signer, &body).map_err(Failure::Notification)? {
        Notification::Refund(refund) => {
            let state = &refund.refund;
            Ok(json!({
                "transaction_id": refund.transaction_id,
                "out_trade_no": refund.out_trade_no,
                "total_fee": refund.total_fee,
                "refund_id": state.refund_id,
                "out_refund_no": state.out_refund_no,
                "refund_fee": state.refund_fee,
                "refund_status": state.refund_status.to_string(),
                "success_time": state.success_time.map(|time| time.to_string()),
            }))
        }
        _ => fields(&body),
    }
}

fn close(session: &Session, signer: &dyn Signer, out_trade_no: &str) -> Result<Value> {
    let (gateway, appid) = (&session.v2_gateway, &session.settings.appid);
    v2::pay::close(signer, gateway, appid, &OutTradeNo::new(out_trade_no)?)?;
    Ok(json!({"out_trade_no": out_trade_no}))
}

fn picture(trade: &AnyTrade, qr: &QrFile) -> Result<Picture> {
    if qr.path.is_some() && !matches!(trade, AnyTrade::Native(_)) {
        return Err(Failure::Usage("--qr is only for an order with trade_type NATIVE".to_owned()));
    }
    Picture::open(qr.path.as_deref())
}

/// A placed order, which returns what starts its payment.
struct Placed<'a, O> {
    signer: &'a dyn Signer,
    order: &'a O,
    picture: Picture,
}

impl<O: AsRef<AppId>> Placed<'_, O> {
    fn app(&self, prepay_id: &PrepayId) -> Result<Content> {
        let invoke = v2::pay::invoke_app(self.signer, self.order, prepay_id)?;
        Ok(json!({"prepay_id": prepay_id, "invoke": invoke}).into())
    }

    fn jsapi(&self, prepay_id: &PrepayId) -> Result<Content> {
        let invoke = v2::pay::invoke_jsapi(self.signer, self.order, prepay_id)?;
        Ok(json!({"prepay_id": prepay_id, "invoke": invoke}).into())
    }

    fn native(self, code_url: &CodeUrl) -> Result<Content> {
        let drawing = self.picture.of(code_url);
        Ok(Content::with_drawing(json!({"code_url": code_url}), drawing))
    }
}

/// The fields of a response that a call has verified and parsed, which means that it is flat.
fn fields(xml: &[u8]) -> Result<Value> {
    let unprinted = |error: &dyn std::fmt::Display| Failure::Unprinted {
        what: error.to_string(),
        is_write: true,
    };
    let mut reader = Reader::from_reader(xml);
    let (mut fields, mut name, mut value) = (Map::new(), String::new(), String::new());
    loop {
        match reader.read_event().map_err(|error| unprinted(&error))? {
            Event::Start(start) => {
                name = String::from_utf8_lossy(start.name().into_inner()).into_owned();
                value.clear();
            }
            Event::Text(text) => {
                value.push_str(&text.decode().map_err(|error| unprinted(&error))?);
            }
            Event::CData(text) => {
                value.push_str(&text.decode().map_err(|error| unprinted(&error))?);
            }
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().ok().flatten().map(String::from);
                let name = entity.decode().map_err(|error| unprinted(&error))?;
                let predefined = resolve_predefined_entity(&name).map(str::to_owned);
                value.extend(character.or(predefined));
            }
            Event::End(_) if !name.is_empty() => {
                fields.insert(std::mem::take(&mut name), Value::String(std::mem::take(&mut value)));
            }
            Event::Eof => return Ok(Value::Object(fields)),
            _ => {}
        }
    }
}
