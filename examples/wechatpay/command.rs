//! What the arguments ask for.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::Result;
use crate::failure::Failure;

/// One thing to do.
pub(crate) enum Command {
    Help,
    Order { kind: Kind, file: String, qr: Option<PathBuf> },
    Combine { kind: Kind, file: String, qr: Option<PathBuf> },
    Refund { file: String },
    Query { number: Number },
    Close { number: String },
    CombineQuery { number: String },
    CombineClose { number: String, file: String },
    RefundQuery { number: String },
    V2(V2),
    Bill(Bill),
    Certificates,
    Notice { headers: String, body: String },
    Sign { method: String, path: String, body: String },
    Doctor,
}

/// How an order is paid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    App,
    Jsapi,
    Native,
    H5,
}

/// A payment, by one of its numbers.
pub(crate) enum Number {
    Own(String),
    Id(String),
}

/// One thing to do over APIv2, signed with HMAC-SHA256 or MD5.
pub(crate) struct V2 {
    pub(crate) call: V2Call,
    pub(crate) md5: bool,
}

pub(crate) enum V2Call {
    Unified { file: String, qr: Option<PathBuf> },
    Combined { file: String, qr: Option<PathBuf> },
    Query { number: Number },
    Close { number: String },
}

/// A bill, and where it goes.
pub(crate) struct Bill {
    pub(crate) is_fund_flow: bool,
    pub(crate) date: String,
    pub(crate) r#type: Option<String>,
    pub(crate) gzip: bool,
    pub(crate) out: PathBuf,
}

/// What stands anywhere among the words. Each command takes what it knows.
#[derive(Default)]
struct Options {
    id: Option<String>,
    r#type: Option<String>,
    out: Option<PathBuf>,
    qr: Option<PathBuf>,
    gzip: bool,
    md5: bool,
}

impl Command {
    pub(crate) fn of_arguments() -> Result<Self> {
        Self::parse(Parser::from_env()).map_err(|error| Failure::Usage(error.to_string()))
    }

    fn parse(mut parser: Parser) -> std::result::Result<Self, lexopt::Error> {
        let (mut words, mut options) = (Vec::new(), Options::default());
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Short('h') | Arg::Long("help") => return Ok(Self::Help),
                Arg::Long("id") => options.id = Some(parser.value()?.string()?),
                Arg::Long("type") => options.r#type = Some(parser.value()?.string()?),
                Arg::Short('o') | Arg::Long("out") => options.out = Some(parser.value()?.into()),
                Arg::Long("qr") => options.qr = Some(parser.value()?.into()),
                Arg::Long("gzip") => options.gzip = true,
                Arg::Long("md5") => options.md5 = true,
                Arg::Value(word) => words.push(word.string()?),
                _ => return Err(argument.unexpected()),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = Self::of_words(&words, &mut options)?;
        match options.left() {
            Some(option) => Err(format!("{option} is no option of this command").into()),
            None => Ok(command),
        }
    }

    fn of_words(words: &[&str], options: &mut Options) -> std::result::Result<Self, lexopt::Error> {
        let text = |word: &&str| (*word).to_owned();
        Ok(match words {
            [] | ["help"] => Self::Help,
            ["order", kind, file] => {
                let kind = Kind::of(kind)?;
                Self::Order { kind, file: text(file), qr: options.qr_of(kind) }
            }
            ["combine", kind, file] => {
                let kind = Kind::of(kind)?;
                Self::Combine { kind, file: text(file), qr: options.qr_of(kind) }
            }
            ["refund", file] => Self::Refund { file: text(file) },
            ["query", rest @ ..] => Self::Query { number: options.number(rest)? },
            ["close", number] => Self::Close { number: text(number) },
            ["combine-query", number] => Self::CombineQuery { number: text(number) },
            ["combine-close", number, file] => {
                Self::CombineClose { number: text(number), file: text(file) }
            }
            ["refund-query", number] => Self::RefundQuery { number: text(number) },
            ["v2", rest @ ..] => {
                let call = match rest {
                    ["unified", file] => {
                        V2Call::Unified { file: text(file), qr: options.qr.take() }
                    }
                    ["combined", file] => {
                        V2Call::Combined { file: text(file), qr: options.qr.take() }
                    }
                    ["query", rest @ ..] => V2Call::Query { number: options.number(rest)? },
                    ["close", number] => V2Call::Close { number: text(number) },
                    _ => return Err(unknown(words)),
                };
                Self::V2(V2 { call, md5: std::mem::take(&mut options.md5) })
            }
            ["bill", kind @ ("trade" | "fund-flow"), date] => Self::Bill(Bill {
                is_fund_flow: *kind == "fund-flow",
                date: text(date),
                r#type: options.r#type.take(),
                gzip: std::mem::take(&mut options.gzip),
                out: options.out.take().ok_or("-o FILE is missing: where the bill goes")?,
            }),
            ["certificates"] => Self::Certificates,
            ["notice", headers, body] => Self::Notice { headers: text(headers), body: text(body) },
            ["sign", method, path, body] => {
                Self::Sign { method: text(method), path: text(path), body: text(body) }
            }
            ["doctor"] => Self::Doctor,
            _ => return Err(unknown(words)),
        })
    }
}

impl Kind {
    fn of(word: &str) -> std::result::Result<Self, lexopt::Error> {
        match word {
            "app" => Ok(Self::App),
            "jsapi" => Ok(Self::Jsapi),
            "native" => Ok(Self::Native),
            "h5" => Ok(Self::H5),
            _ => Err("the kind of an order must be app, jsapi, native or h5".into()),
        }
    }
}

impl Options {
    /// Only a Native order has a code to draw.
    fn qr_of(&mut self, kind: Kind) -> Option<PathBuf> {
        if kind == Kind::Native { self.qr.take() } else { None }
    }

    fn number(&mut self, words: &[&str]) -> std::result::Result<Number, lexopt::Error> {
        match (words, self.id.take()) {
            ([number], None) => Ok(Number::Own((*number).to_owned())),
            ([], Some(id)) => Ok(Number::Id(id)),
            _ => Err("a query takes one number: OUT_TRADE_NO, or --id TRANSACTION_ID".into()),
        }
    }

    fn left(&self) -> Option<&'static str> {
        [
            (self.id.is_some(), "--id"),
            (self.r#type.is_some(), "--type"),
            (self.out.is_some(), "-o"),
            (self.qr.is_some(), "--qr"),
            (self.gzip, "--gzip"),
            (self.md5, "--md5"),
        ]
        .into_iter()
        .find_map(|(is_left, name)| is_left.then_some(name))
    }
}

/// The words are not repeated: one of them may be a key that strayed.
fn unknown(words: &[&str]) -> lexopt::Error {
    let is_known = words.first().is_some_and(|word| {
        USAGE.lines().any(|line| line.starts_with(&format!("  wechatpay {word} ")))
    });
    let what =
        if is_known { "this command takes other arguments" } else { "there is no such command" };
    what.into()
}

pub(crate) const USAGE: &str = "\
wechatpay: WeChat Pay from the command line

  wechatpay order app|jsapi|native|h5 FILE [--qr FILE.svg|FILE.png]
  wechatpay combine app|jsapi|native|h5 FILE [--qr FILE.svg|FILE.png]
  wechatpay query OUT_TRADE_NO | --id TRANSACTION_ID
  wechatpay close OUT_TRADE_NO
  wechatpay combine-query COMBINE_OUT_TRADE_NO
  wechatpay combine-close COMBINE_OUT_TRADE_NO FILE
  wechatpay refund FILE
  wechatpay refund-query OUT_REFUND_NO
  wechatpay bill trade|fund-flow YYYY-MM-DD [--type TYPE] [--gzip] -o FILE
  wechatpay certificates
  wechatpay notice HEADERS.json BODY
  wechatpay sign METHOD PATH BODY
  wechatpay v2 unified|combined FILE [--md5] [--qr FILE.svg|FILE.png]
  wechatpay v2 query OUT_TRADE_NO | --id TRANSACTION_ID [--md5]
  wechatpay v2 close OUT_TRADE_NO [--md5]
  wechatpay doctor

FILE holds the body as WeChat Pay's documents print it, JSON or (v2) XML; - is the standard input.
combine-close takes the file of the order. HEADERS.json is an object of names and values.
A Native order draws its QR code, and writes it to the file of --qr.

The answer is one JSON value on the standard output, errors are on the standard error.
Exit status: 0 done; 1 refused, invalid or not sent; 2 wrong arguments or settings; 3 outcome unknown.

Settings, all from the environment; without any it goes to a sandbox that lasts as long as it runs:
  WECHATPAY_BASE_URL           https://api.mch.weixin.qq.com
  WECHATPAY_APPID              the appid
  WECHATPAY_MCHID              the merchant number
  WECHATPAY_SERIAL_NO          the serial number of the merchant's API certificate
  WECHATPAY_PRIVATE_KEY_FILE   apiclient_key.pem
  WECHATPAY_NOTIFY_URL         where notices go
  WECHATPAY_PUBLIC_KEY_ID      PUB_KEY_ID_...
  WECHATPAY_PUBLIC_KEY_FILE    pub_key.pem
  WECHATPAY_PLATFORM_CERT_FILE instead of the public key, or beside it: wechatpay_....pem
  WECHATPAY_API_V3_KEY         for notice and certificates
  WECHATPAY_V2_KEY             for v2
  WECHATPAY_CERT_FILE          for doctor: apiclient_cert.pem
  WECHATPAY_CA_FILE            for a host with a certificate authority of its own";
