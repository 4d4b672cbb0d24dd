//! Platform certificates (平台证书).

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::certificates;

use crate::failure::Result;
use crate::output::Output;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 下载平台证书: downloads WeChat Pay's platform certificates
    Certificates,
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Certificates = self;
        Output::read(list(session))
    }
}

fn list(session: &Session) -> Result<Value> {
    let listed = certificates::list(session.signer(), &session.gateway, &session.api_v3_key()?)?;
    let data = listed.iter().map(|certificate| {
        json!({
            "serial_no": certificate.serial_no,
            "effective_time": certificate.effective_time,
            "expire_time": certificate.expire_time,
            "certificate": certificate.pem,
        })
    });
    Ok(json!({"data": data.collect::<Vec<_>>()}))
}
