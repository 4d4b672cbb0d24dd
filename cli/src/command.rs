//! What the arguments ask for.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::Result;
use crate::failure::Failure;

/// One thing to do.
pub(crate) enum Command {
    Help,
    Version,
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
    Notification(Notification),
    Sign { method: String, path: String, body: Option<String> },
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

/// A notification that came.
pub(crate) struct Notification {
    pub(crate) headers: String,
    pub(crate) body: String,
    /// When it came, if not now.
    pub(crate) received: Option<String>,
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
    received: Option<String>,
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
                Arg::Short('V') | Arg::Long("version") => return Ok(Self::Version),
                Arg::Long("id") => options.id = Some(parser.value()?.string()?),
                Arg::Long("type") => options.r#type = Some(parser.value()?.string()?),
                Arg::Long("received") => options.received = Some(parser.value()?.string()?),
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
            Some(option) => {
                let forms = forms(&words).join(", or ");
                Err(format!("{option} is no option of this command, which is {forms}").into())
            }
            None => Ok(command),
        }
    }

    fn of_words(words: &[&str], options: &mut Options) -> std::result::Result<Self, lexopt::Error> {
        let text = |word: &&str| (*word).to_owned();
        Ok(match words {
            [] | ["help", ..] => Self::Help,
            ["version"] => Self::Version,
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
                out: options.out()?,
            }),
            ["certificates"] => Self::Certificates,
            ["notification", "-", "-"] => {
                return Err("only one of HEADERS.json and BODY can be the standard input".into());
            }
            ["notification", headers, body] => Self::Notification(Notification {
                headers: text(headers),
                body: text(body),
                received: options.received.take(),
            }),
            ["sign", method, path] => {
                Self::Sign { method: text(method), path: text(path), body: None }
            }
            ["sign", method, path, body] => {
                Self::Sign { method: text(method), path: text(path), body: Some(text(body)) }
            }
            ["doctor"] => Self::Doctor,
            _ => return Err(unknown(words)),
        })
    }

    /// Whether it changes nothing at WeChat Pay, so that it may be done again whatever became of it.
    pub(crate) fn only_asks(&self) -> bool {
        match self {
            Self::Order { .. }
            | Self::Combine { .. }
            | Self::Refund { .. }
            | Self::Close { .. }
            | Self::CombineClose { .. } => false,
            Self::V2(V2 { call, .. }) => matches!(call, V2Call::Query { .. }),
            _ => true,
        }
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

    fn out(&mut self) -> std::result::Result<PathBuf, lexopt::Error> {
        match self.out.take() {
            None => Err("-o FILE is missing: where the bill goes".into()),
            Some(file) if file.as_os_str() == "-" => {
                Err("-o takes the name of a file, since the answer goes to the standard output"
                    .into())
            }
            Some(file) => Ok(file),
        }
    }

    fn left(&self) -> Option<&'static str> {
        [
            (self.id.is_some(), "--id"),
            (self.r#type.is_some(), "--type"),
            (self.received.is_some(), "--received"),
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
    match forms(words).as_slice() {
        [] => "there is no such command".into(),
        forms => format!("this command takes other arguments: {}", forms.join(", or ")).into(),
    }
}

/// What the command of these words may look like.
fn forms(words: &[&str]) -> Vec<&'static str> {
    let lines = || USAGE.lines().filter_map(|line| line.strip_prefix("  wechatpay "));
    let begin_with = |count: usize| {
        let line_words = |line: &'static str| line.split(' ').take(count);
        // A word of the line may stand for several.
        let is_one = |(word, of_line): (&&str, &str)| of_line.split('|').any(|it| it == *word);
        let is_form = |line: &&'static str| {
            words.len() >= count && words.iter().zip(line_words(line)).all(is_one)
        };
        lines().filter(is_form).collect::<Vec<_>>()
    };
    Some(begin_with(2)).filter(|forms| !forms.is_empty()).unwrap_or_else(|| begin_with(1))
}

pub(crate) const USAGE: &str = "\
wechatpay: WeChat Pay from the command line

  wechatpay order app|jsapi|h5 FILE
  wechatpay order native FILE [--qr FILE.svg|FILE.png]
  wechatpay combine app|jsapi|h5 FILE
  wechatpay combine native FILE [--qr FILE.svg|FILE.png]
  wechatpay query OUT_TRADE_NO | --id TRANSACTION_ID
  wechatpay close OUT_TRADE_NO
  wechatpay combine-query COMBINE_OUT_TRADE_NO
  wechatpay combine-close COMBINE_OUT_TRADE_NO FILE
  wechatpay refund FILE
  wechatpay refund-query OUT_REFUND_NO
  wechatpay bill trade|fund-flow YYYY-MM-DD [--type TYPE] [--gzip] -o FILE
  wechatpay certificates
  wechatpay notification HEADERS.json BODY [--received TIME]
  wechatpay sign METHOD PATH [BODY]
  wechatpay v2 unified|combined FILE [--md5] [--qr FILE.svg|FILE.png]
  wechatpay v2 query OUT_TRADE_NO | --id TRANSACTION_ID [--md5]
  wechatpay v2 close OUT_TRADE_NO [--md5]
  wechatpay doctor

FILE holds the body as WeChat Pay's documents print it, JSON or (v2) XML; - is the standard input.
mchid, currency and the like may be left out of it. combine-close takes the file of the order.
cli/src/order.json is one to begin with.
HEADERS.json is an object of names and values. TIME, as 2018-06-08T10:34:56+08:00 or in Unix seconds,
is when a notification came that was kept: a signature is believed for five minutes.
A Native order draws its QR code, and writes it to the file of --qr.

The answer is one JSON value on the standard output, errors are on the standard error.
Exit status: 0 done; 1 refused, invalid or not sent; 2 wrong arguments or settings; 3 outcome unknown.
doctor ends with 1 if it finds anything wrong.

Settings, all from the environment; without any it goes to a sandbox that lasts as long as it runs:
  WECHATPAY_BASE_URL           the host, if not https://api.mch.weixin.qq.com
  WECHATPAY_APPID              the appid
  WECHATPAY_MCHID              the merchant number
  WECHATPAY_CERT_FILE          apiclient_cert.pem
  WECHATPAY_SERIAL_NO          instead of the certificate: its serial number
  WECHATPAY_PRIVATE_KEY_FILE   apiclient_key.pem
  WECHATPAY_NOTIFY_URL         where notifications go
  WECHATPAY_PUBLIC_KEY_ID      PUB_KEY_ID_...
  WECHATPAY_PUBLIC_KEY_FILE    pub_key.pem
  WECHATPAY_PLATFORM_CERT_FILE instead of the public key, or beside it: wechatpay_....pem
  WECHATPAY_API_V3_KEY         for notification and certificates
  WECHATPAY_V2_KEY             for v2
  WECHATPAY_CA_FILE            for a host with a certificate authority of its own";
