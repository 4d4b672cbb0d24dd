//! Arguments that several families have, and the files that they name.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Failure, Result};
use crate::input_name::{is_standard_input, name_of};
use crate::sample;
use crate::session::Session;

/// A file with a request body.
#[derive(Args)]
pub(crate) struct BodyFile {
    /// File with the request body, as WeChat Pay's documents print it; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file is a sample of the documents: use your mchid and appid instead of its own
    #[arg(long)]
    sample: bool,
}

impl BodyFile {
    pub(crate) fn read(&self, session: &Session) -> Result<Vec<u8>> {
        let body = read(&self.file)?;
        if self.sample { sample::with_own_ids(&body, session) } else { Ok(body) }
    }

    /// Reads the file and parses it. An error names the file and every problem in it.
    pub(crate) fn parse<T>(
        &self,
        session: &Session,
        parse: impl FnOnce(&[u8]) -> std::result::Result<T, wechatpay::Error>,
    ) -> Result<T> {
        self.name_in(parse(&self.read(session)?))
    }

    /// The result of the library, in whose error this file is named.
    pub(crate) fn name_in<T>(&self, result: std::result::Result<T, wechatpay::Error>) -> Result<T> {
        result.map_err(|error| Failure::in_file(&self.file, error))
    }

    /// That the number on the command line is not the one in the file.
    pub(crate) fn other_number(&self, name: &str) -> Failure {
        let problem = format!("{name} is not the number of the order to close");
        Failure::Body { file: name_of(&self.file), problems: vec![problem] }
    }
}

/// A payment, named by one of its two numbers.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct PaymentNumber {
    /// 商户订单号: merchant order number
    out_trade_no: Option<String>,
    /// 微信支付订单号: WeChat Pay's order number, instead of the merchant's
    #[arg(long = "id", value_name = "TRANSACTION_ID")]
    transaction_id: Option<String>,
}

/// A payment number.
pub(crate) enum Number {
    OutTradeNo(String),
    TransactionId(String),
}

impl PaymentNumber {
    pub(crate) fn get(self) -> Result<Number> {
        match (self.out_trade_no, self.transaction_id) {
            (Some(number), None) => Ok(Number::OutTradeNo(number)),
            (None, Some(id)) => Ok(Number::TransactionId(id)),
            _ => Err(Failure::Usage("use either OUT_TRADE_NO or --id TRANSACTION_ID".to_owned())),
        }
    }
}

/// The content of a file, or of standard input if its name is `-`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    let read = if is_standard_input(path) {
        io::stdin().lock().take(SIZE_LIMIT).read_to_end(&mut content)
    } else {
        File::open(path).and_then(|file| file.take(SIZE_LIMIT).read_to_end(&mut content))
    };
    let file = name_of(path);
    match read {
        Ok(length) if u64::try_from(length) == Ok(SIZE_LIMIT) => {
            Err(Failure::File(format!("{file} is 2 MiB or larger; a request body is smaller")))
        }
        Ok(_) => Ok(content),
        Err(error) => Err(Failure::File(format!("{file} cannot be read: {error}"))),
    }
}

/// More than any request body or notification.
const SIZE_LIMIT: u64 = 2 * 1024 * 1024;
