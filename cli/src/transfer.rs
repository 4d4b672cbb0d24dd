//! Transfers to users (商家转账): create, query, cancel, and their receipts.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wechatpay::encryption::{Encrypted, Encryptor};
use wechatpay::transfer::{self, Transfer, receipt};
use wechatpay::{OutBillNo, TransferBillNo};

use crate::failure::{Failure, Result};
use crate::input::BodyFile;
use crate::output::Output;
use crate::output_file::check_out;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 商家转账: transfers money to a user; it cannot be called back
    #[command(subcommand)]
    Transfer(Kind),
}

#[derive(Subcommand)]
pub(crate) enum Kind {
    /// 发起转账: creates a transfer
    ///
    /// If the outcome is unknown, run the same command with the same file again: a new out_bill_no would pay
    /// twice. user_name is encrypted if the file has it in plain text. The result has what the client needs as
    /// `invoke` and `invoke_app`, while the transfer waits for its user.
    Create {
        #[command(flatten)]
        file: BodyFile,
    },
    /// 查询转账单: queries a transfer
    Query {
        #[command(flatten)]
        number: TransferNumber,
    },
    /// 撤销转账: cancels a transfer that its user has not confirmed
    Cancel {
        /// 商户单号: merchant transfer number
        out_bill_no: String,
    },
    /// 电子回单: applies for the receipt of a transfer, or downloads it once it is finished
    Receipt {
        /// 商户单号: merchant transfer number
        out_bill_no: String,
        /// File to write the PDF to
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// A transfer, named by one of its two numbers.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TransferNumber {
    /// 商户单号: merchant transfer number
    out_bill_no: Option<String>,
    /// 微信转账单号: WeChat Pay's transfer number, instead of the merchant's
    #[arg(long = "id", value_name = "TRANSFER_BILL_NO")]
    transfer_bill_no: Option<String>,
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Transfer(kind) = self;
        match kind {
            Kind::Create { file } => Output::write(create(session, &file)),
            Kind::Query { number } => Output::read(query(session, number)),
            Kind::Cancel { out_bill_no } => Output::write(cancel(session, out_bill_no)),
            Kind::Receipt { out_bill_no, out } => {
                Output::read(fetch_receipt(session, out_bill_no, &out))
            }
        }
    }
}

fn create(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let encryptor = session.gateway.keys().encryptor()?;
    let body = file.read(session)?;
    let transfer = file.name_in(if has_ciphertext(&body, &encryptor) {
        Transfer::from_json(signer, &body, Some(encryptor.serial()))
    } else {
        Transfer::from_plain_json(signer, &body, &encryptor)
    })?;
    let created = match transfer.authorization_info {
        Some(_) => transfer::create_with_authorization(signer, &session.gateway, &transfer)?,
        None => transfer::create(signer, &session.gateway, &transfer)?,
    };
    let mut response = session.response()?;
    if let (Some(package_info), Some(response)) = (created.package_info, response.as_object_mut()) {
        let invoke = json!(transfer::invoke(signer, &transfer, &package_info));
        response.insert("invoke".to_owned(), invoke);
        let invoke_app = transfer::invoke_app(signer, &transfer, &package_info);
        response.insert("invoke_app".to_owned(), invoke_app.into());
    }
    Ok(response)
}

/// Whether `user_name` is a ciphertext already. A ciphertext is assumed to be of the key that the settings name.
fn has_ciphertext(body: &[u8], encryptor: &Encryptor) -> bool {
    // The library reports a body that is not JSON.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let name = json.as_ref().and_then(|json| json.get("user_name")?.as_str());
    name.is_some_and(|name| Encrypted::new(encryptor.serial(), name).is_ok())
}

fn query(session: &Session, number: TransferNumber) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    match (number.out_bill_no, number.transfer_bill_no) {
        (Some(number), None) => transfer::query(signer, gateway, &OutBillNo::new(number)?)?,
        (None, Some(id)) => transfer::query_by_id(signer, gateway, &TransferBillNo::new(id)?)?,
        _ => {
            let what = "use either OUT_BILL_NO or --id TRANSFER_BILL_NO";
            return Err(Failure::Usage(what.to_owned()));
        }
    };
    session.response()
}

fn cancel(session: &Session, out_bill_no: String) -> Result<Value> {
    transfer::cancel(session.signer(), &session.gateway, &OutBillNo::new(out_bill_no)?)?;
    session.response()
}

/// Applying again changes nothing, so one command does both.
fn fetch_receipt(session: &Session, out_bill_no: String, out: &Path) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    check_out(out)?;
    let number = OutBillNo::new(out_bill_no)?;
    receipt::apply(signer, gateway, &number)?;
    let receipt = receipt::query(signer, gateway, &number)?;
    let Some(link) = receipt.link()? else {
        let hint = "run the same command again in a few minutes";
        return Ok(json!({"state": receipt.state.as_str(), "hint": hint}));
    };
    let bytes = receipt::download_to(signer, gateway, &link, out)?;
    Ok(json!({
        "state": receipt.state.as_str(),
        "file": out.display().to_string(),
        "bytes": bytes,
        "hash_type": "SHA256",
        "hash_value": link.sha256(),
    }))
}
