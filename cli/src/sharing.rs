//! Profit sharing (分账): receivers, splits, unfreezing, returns, and the bill.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use wechatpay::encryption::Encryptor;
use wechatpay::profit_sharing::{
    self, DeletedReceiver, NewReceiver, Return, SharingBill, Split, Unfreeze,
};
use wechatpay::{OutOrderNo, OutReturnNo, TransactionId, bill};

use crate::failure::Result;
use crate::input::BodyFile;
use crate::output::Output;
use crate::output_file::check_out;
use crate::session::Session;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// 分账: splits the money of a paid order between receivers
    #[command(subcommand)]
    Sharing(Kind),
}

#[derive(Subcommand)]
pub(crate) enum Kind {
    /// 添加分账接收方: adds a receiver
    ///
    /// The name in the file is plain text; the program encrypts it.
    Add(BodyFile),
    /// 删除分账接收方: deletes a receiver
    Delete(BodyFile),
    /// 请求分账: splits the frozen money of an order
    ///
    /// Names in the file are plain text; the program encrypts them. If the outcome is unknown, run it again with the
    /// same file.
    Split(BodyFile),
    /// 查询分账结果: queries a split or an unfreeze request
    Query(SplitNumber),
    /// 解冻剩余资金: frees what is left of an order; it can never be split again
    ///
    /// out_order_no must be a number that no split has used.
    Unfreeze(BodyFile),
    /// 查询剩余待分金额: queries how much of an order is left to be split
    Left {
        /// 微信支付订单号: WeChat Pay's order number
        transaction_id: String,
    },
    /// 请求分账回退: takes back what a merchant received by a split
    Return(BodyFile),
    /// 查询分账回退结果: queries a return
    ReturnQuery {
        /// 商户回退单号: the merchant's number of the return
        out_return_no: String,
        /// 商户分账单号: the merchant's number of the split
        #[arg(long = "order", value_name = "OUT_ORDER_NO")]
        out_order_no: String,
    },
    /// 申请分账账单: downloads the bill of a day and checks its digest
    Bill {
        /// 账单日期: day of the bill, in Beijing time
        #[arg(value_name = "YYYY-MM-DD")]
        date: String,
        /// File to write the bill to
        #[arg(short, long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Args)]
pub(crate) struct SplitNumber {
    /// 商户分账单号: the merchant's number of the split
    out_order_no: String,
    /// 微信支付订单号: WeChat Pay's order number
    #[arg(long = "transaction", value_name = "TRANSACTION_ID")]
    transaction_id: String,
}

impl Verb {
    pub(crate) fn run(self, session: &Session) -> Result<Output> {
        let Self::Sharing(kind) = self;
        match kind {
            Kind::Add(file) => Output::write(add(session, &file)),
            Kind::Delete(file) => Output::write(delete(session, &file)),
            Kind::Split(file) => Output::write(split(session, &file)),
            Kind::Query(number) => Output::read(query(session, number)),
            Kind::Unfreeze(file) => Output::write(unfreeze(session, &file)),
            Kind::Left { transaction_id } => Output::read(left(session, transaction_id)),
            Kind::Return(file) => Output::write(give_back(session, &file)),
            Kind::ReturnQuery { out_return_no, out_order_no } => {
                Output::read(return_query(session, out_return_no, out_order_no))
            }
            Kind::Bill { date, out } => Output::read(download(session, &date, out)),
        }
    }
}

fn encryptor(session: &Session) -> Result<Encryptor> {
    Ok(session.gateway.keys().encryptor()?)
}

fn add(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let encryptor = encryptor(session)?;
    let receiver =
        file.parse(session, |body| NewReceiver::from_plain_json(signer, body, &encryptor))?;
    profit_sharing::add_receiver(signer, &session.gateway, &receiver)?;
    session.response()
}

fn delete(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let receiver = file.parse(session, |body| DeletedReceiver::from_json(signer, body))?;
    profit_sharing::delete_receiver(signer, &session.gateway, &receiver)?;
    session.response()
}

fn split(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let encryptor = encryptor(session)?;
    let split = file.parse(session, |body| Split::from_plain_json(signer, body, &encryptor))?;
    profit_sharing::split(signer, &session.gateway, &split)?;
    session.response()
}

fn query(session: &Session, number: SplitNumber) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    let id = TransactionId::new(number.transaction_id)?;
    profit_sharing::query_split(signer, gateway, &OutOrderNo::new(number.out_order_no)?, &id)?;
    session.response()
}

fn unfreeze(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let unfreeze = file.parse(session, |body| Unfreeze::from_json(signer, body))?;
    profit_sharing::unfreeze(signer, &session.gateway, &unfreeze)?;
    session.response()
}

fn left(session: &Session, transaction_id: String) -> Result<Value> {
    let id = TransactionId::new(transaction_id)?;
    profit_sharing::amount_left(session.signer(), &session.gateway, &id)?;
    session.response()
}

fn give_back(session: &Session, file: &BodyFile) -> Result<Value> {
    let signer = session.signer();
    let returned = file.parse(session, |body| Return::from_json(signer, body))?;
    profit_sharing::return_share(signer, &session.gateway, &returned)?;
    session.response()
}

fn return_query(session: &Session, number: String, split: String) -> Result<Value> {
    let (number, split) = (OutReturnNo::new(number)?, OutOrderNo::new(split)?);
    profit_sharing::query_return(session.signer(), &session.gateway, &number, &split)?;
    session.response()
}

fn download(session: &Session, date: &str, out: PathBuf) -> Result<Value> {
    let (signer, gateway) = (session.signer(), &session.gateway);
    let request = SharingBill::new(date.parse()?);
    check_out(&out)?;
    let link = profit_sharing::bill(signer, gateway, &request)?;
    let length = bill::download_to(signer, gateway, &link, &out, &mut |_| ())?;
    let file = out.display().to_string();
    Ok(json!({"file": file, "bytes": length, "hash_type": "SHA1", "hash_value": link.sha1()}))
}
