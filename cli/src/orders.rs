//! Orders, single and combined.

use std::path::Path;

use serde_json::{Value, json};
use wechatpay::{combine, pay};

use crate::command::Kind;
use crate::qr_code::Picture;
use crate::session::Session;
use crate::{Result, read};

/// Places an order, and adds what starts its payment.
pub(crate) fn order(session: &Session, kind: Kind, file: &str, qr: Option<&Path>) -> Result<Value> {
    let (signer, gateway, json) = (session.signer(), &session.gateway, read(file)?);
    let picture = Picture::open(qr)?;
    match kind {
        Kind::App => {
            let order = pay::Order::from_json(signer, &json)?;
            let prepay_id = pay::app::prepay(signer, gateway, &order)?;
            let invoke = pay::app::invoke(signer, &order, &prepay_id)?;
            Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
        }
        Kind::Jsapi => {
            let (order, payer) = pay::jsapi::from_json(signer, &json)?;
            let prepay_id = pay::jsapi::prepay(signer, gateway, &order, &payer)?;
            let invoke = pay::jsapi::invoke(signer, &order, &prepay_id)?;
            Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
        }
        Kind::Native => {
            let order = pay::Order::from_json(signer, &json)?;
            let code_url = pay::native::prepay(signer, gateway, &order)?;
            picture.draw(&code_url);
            Ok(json!({"code_url": code_url}))
        }
        Kind::H5 => {
            let (order, scene) = pay::h5::from_json(signer, &json)?;
            Ok(json!({"h5_url": pay::h5::prepay(signer, gateway, &order, &scene)?}))
        }
    }
}

/// The same for a combined order.
pub(crate) fn combine(
    session: &Session,
    kind: Kind,
    file: &str,
    qr: Option<&Path>,
) -> Result<Value> {
    let (signer, gateway, json) = (session.signer(), &session.gateway, read(file)?);
    let picture = Picture::open(qr)?;
    match kind {
        Kind::App => {
            let order = combine::Order::from_json(signer, &json)?;
            let prepay_id = combine::app::prepay(signer, gateway, &order)?;
            let invoke = pay::app::invoke(signer, &order, &prepay_id)?;
            Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
        }
        Kind::Jsapi => {
            let (order, payer) = combine::jsapi::from_json(signer, &json)?;
            let prepay_id = combine::jsapi::prepay(signer, gateway, &order, &payer)?;
            let invoke = pay::jsapi::invoke(signer, &order, &prepay_id)?;
            Ok(json!({"prepay_id": prepay_id, "invoke": invoke}))
        }
        Kind::Native => {
            let order = combine::Order::from_json(signer, &json)?;
            let code_url = combine::native::prepay(signer, gateway, &order)?;
            picture.draw(&code_url);
            Ok(json!({"code_url": code_url}))
        }
        Kind::H5 => {
            let (order, scene) = combine::h5::from_json(signer, &json)?;
            Ok(json!({"h5_url": combine::h5::prepay(signer, gateway, &order, &scene)?}))
        }
    }
}
