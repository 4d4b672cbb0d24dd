//! Calls of APIv2.

use std::path::Path;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};
use wechatpay::v2::{self, AnyTrade, HmacSha256Key, Md5Key, Signer, invoke};
use wechatpay::{AppId, CodeUrl, OutTradeNo, PrepayId, Signer as _, TransactionId};
use wechatpay_sandbox::settings;

use crate::command::{Number, V2, V2Call};
use crate::failure::Failure;
use crate::qr_code::Picture;
use crate::session::Session;
use crate::{Result, read};

pub(crate) fn ask(session: &Session, command: V2) -> Result<Value> {
    let (mch_id, key) = (session.signer().mchid(), session.v2_key()?);
    if command.md5 {
        let signer = settings::named(Md5Key::new(mch_id, key)).map_err(Failure::of_settings)?;
        call(session, &signer, command.call)
    } else {
        let signer =
            settings::named(HmacSha256Key::new(mch_id, key)).map_err(Failure::of_settings)?;
        call(session, &signer, command.call)
    }
}

fn call(session: &Session, signer: &dyn Signer, call: V2Call) -> Result<Value> {
    let (gateway, appid) = (&session.v2_gateway, &session.settings.appid);
    match call {
        V2Call::Unified { file, qr } => {
            let (order, trade) = v2::Order::from_xml(signer, &read(&file)?)?;
            let picture = picture(&trade, qr.as_deref())?;
            let place = Place { signer, order: &order, picture };
            match &trade {
                AnyTrade::App(trade) => {
                    place.app(&v2::unified_order(signer, gateway, &order, trade)?)
                }
                AnyTrade::Jsapi(trade) => {
                    place.jsapi(&v2::unified_order(signer, gateway, &order, trade)?)
                }
                AnyTrade::Native(trade) => {
                    place.native(&v2::unified_order(signer, gateway, &order, trade)?)
                }
                AnyTrade::H5(trade) => {
                    Ok(json!({"mweb_url": v2::unified_order(signer, gateway, &order, trade)?}))
                }
            }
        }
        V2Call::Combined { file, qr } => {
            let (order, trade) = v2::CombinedOrder::from_xml(signer, &read(&file)?)?;
            let picture = picture(&trade, qr.as_deref())?;
            let place = Place { signer, order: &order, picture };
            match &trade {
                AnyTrade::App(trade) => {
                    place.app(&v2::combined_order(signer, gateway, &order, trade)?)
                }
                AnyTrade::Jsapi(trade) => {
                    place.jsapi(&v2::combined_order(signer, gateway, &order, trade)?)
                }
                AnyTrade::Native(trade) => {
                    place.native(&v2::combined_order(signer, gateway, &order, trade)?)
                }
                AnyTrade::H5(trade) => {
                    Ok(json!({"mweb_url": v2::combined_order(signer, gateway, &order, trade)?}))
                }
            }
        }
        V2Call::Query { number: Number::Own(number) } => {
            v2::query(signer, gateway, appid, &OutTradeNo::new(number)?)?;
            fields(&session.answered_body())
        }
        V2Call::Query { number: Number::Id(id) } => {
            v2::query_by_id(signer, gateway, appid, &TransactionId::new(id)?)?;
            fields(&session.answered_body())
        }
        V2Call::Close { number } => {
            v2::close(signer, gateway, appid, &OutTradeNo::new(&number)?)?;
            Ok(json!({"out_trade_no": number}))
        }
    }
}

fn picture(trade: &AnyTrade, qr: Option<&Path>) -> Result<Picture> {
    if qr.is_some() && !matches!(trade, AnyTrade::Native(_)) {
        return Err(Failure::Usage("--qr is for an order whose trade_type is NATIVE".to_owned()));
    }
    Picture::open(qr)
}

/// An order that was placed, and what starts its payment.
struct Place<'a, O> {
    signer: &'a dyn Signer,
    order: &'a O,
    picture: Picture,
}

impl<O: AsRef<AppId>> Place<'_, O> {
    fn app(&self, prepay_id: &PrepayId) -> Result<Value> {
        let invoke = invoke::app(self.signer, self.order, prepay_id)?;
        Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
    }

    fn jsapi(&self, prepay_id: &PrepayId) -> Result<Value> {
        let invoke = invoke::jsapi(self.signer, self.order, prepay_id)?;
        Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
    }

    fn native(self, code_url: &CodeUrl) -> Result<Value> {
        self.picture.draw(code_url);
        Ok(json!({"code_url": code_url}))
    }
}

/// The fields of an answer that was believed and read, so that it is known to be flat.
fn fields(xml: &[u8]) -> Result<Value> {
    let unprinted = |error: &dyn std::fmt::Display| Failure::Unprinted(error.to_string());
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
