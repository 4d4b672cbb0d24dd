//! Commands to a running sandbox (沙箱): what payers, WeChat Pay and the network do in tests.

use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};
use wechatpay::{HttpOptions, Method, Request, Transport, UreqTransport};
use wechatpay_sandbox::Fault;
use wechatpay_sandbox::settings::{self, Settings};

use crate::failure::{Failure, Result};
use crate::output::{self, Output};

#[derive(Subcommand)]
pub(crate) enum Family {
    /// 沙箱: commands to a running sandbox
    ///
    /// The sandbox is the one of the settings, or else that of target/sandbox/settings.env.
    #[command(subcommand)]
    Sandbox(Verb),
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// The payer pays an order
    Pay {
        /// 商户订单号: merchant order number, of a combined order too
        out_trade_no: String,
    },
    /// The payment of an order is refused; the order can still be paid
    Refuse {
        /// 商户订单号: merchant order number
        out_trade_no: String,
    },
    /// Closes an order
    Close {
        /// 商户订单号: merchant order number
        out_trade_no: String,
    },
    /// A refund succeeds
    RefundSucceed {
        /// 商户退款单号: merchant refund number
        out_refund_no: String,
    },
    /// A refund becomes ABNORMAL: the payer's account cannot receive it
    RefundFail {
        /// 商户退款单号: merchant refund number
        out_refund_no: String,
    },
    /// Injects a fault into the next call, or into every call to a path; `sandbox faults` lists the names
    Fault {
        /// Name of the fault
        name: String,
        /// Every call to a path that begins with this one, until `sandbox clear-faults`
        #[arg(long, value_name = "PATH")]
        on: Option<String>,
    },
    /// Lists the names of the faults
    Faults,
    /// Ends all faults
    ClearFaults,
    /// 回调通知: sends the last notification of an order or refund again
    Notify {
        /// Order number or refund number
        number: String,
        /// Sends it to this URL instead of the order's notify_url
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
    /// Lists the requests that arrived, the newest first
    Log {
        /// Prints each request as one line when it arrives, until it is interrupted
        #[arg(long)]
        follow: bool,
    },
}

impl Family {
    pub(crate) fn run(self) -> Result<Output> {
        let Self::Sandbox(verb) = self;
        if let Verb::Fault { name, .. } = &verb {
            let unknown = |_| Failure::Usage(UNKNOWN_FAULT.to_owned());
            name.parse::<Fault>().map_err(unknown)?;
        }
        let desk = Desk::open()?;
        let value = match verb {
            Verb::Pay { out_trade_no } => desk.post("pay", json!({"out_trade_no": out_trade_no})),
            Verb::Refuse { out_trade_no } => {
                desk.post("refuse-payment", json!({"out_trade_no": out_trade_no}))
            }
            Verb::Close { out_trade_no } => {
                desk.post("close", json!({"out_trade_no": out_trade_no}))
            }
            Verb::RefundSucceed { out_refund_no } => desk.end_refund(&out_refund_no, "SUCCESS"),
            Verb::RefundFail { out_refund_no } => desk.end_refund(&out_refund_no, "ABNORMAL"),
            Verb::Fault { name, on: None } => desk.post("fault-next", json!({"fault": name})),
            Verb::Fault { name, on: Some(path) } => {
                desk.post("fault-when", json!({"fault": name, "path_prefix": path}))
            }
            Verb::Faults => desk.get("faults"),
            Verb::ClearFaults => desk.post("clear-faults", json!({})),
            Verb::Notify { number, to } => desk.notify(&number, to.as_deref()),
            Verb::Log { follow: false } => desk.log(),
            Verb::Log { follow: true } => desk.follow(),
        };
        Output::read(value)
    }
}

/// A running sandbox, as a test operates it.
struct Desk {
    transport: UreqTransport,
    base_url: String,
}

impl Desk {
    fn open() -> Result<Self> {
        if !settings::is_any_set() && Path::new(DEFAULT).exists() {
            settings::use_file(Path::new(DEFAULT)).map_err(Failure::of_settings)?;
        }
        if !settings::is_any_set() {
            let what = "no sandbox is known; start `wechatpay-sandbox`, then set --settings to the settings.env \
                        that it writes";
            return Err(Failure::Settings(vec![what.to_owned()]));
        }
        let settings = Settings::load().map_err(Failure::of_settings)?;
        if settings.base_url.ends_with("weixin.qq.com") {
            let what = "these are settings for WeChat Pay; use those of a sandbox";
            return Err(Failure::Settings(vec![what.to_owned()]));
        }
        let transport = settings.transport().map_err(Failure::of_settings)?;
        Ok(Self { transport, base_url: settings.base_url })
    }

    fn get(&self, name: &str) -> Result<Value> {
        self.command(Method::Get, name, b"")
    }

    fn post(&self, name: &str, body: Value) -> Result<Value> {
        self.command(Method::Post, name, body.to_string().as_bytes())
    }

    fn end_refund(&self, number: &str, status: &str) -> Result<Value> {
        self.post("end-refund", json!({"out_refund_no": number, "status": status}))
    }

    fn command(&self, method: Method, name: &str, body: &[u8]) -> Result<Value> {
        let url = format!("{}/sandbox/{name}", self.base_url);
        let headers = [("Content-Type", "application/json")];
        let request = Request::new(method, &url, &headers, body);
        let (status, body) = send(&self.transport, &request)?;
        let value: Value = serde_json::from_slice(&body).unwrap_or_default();
        match value.get("error").and_then(Value::as_str) {
            None if status == 200 => Ok(value),
            Some(error) => Err(Failure::Sandbox(error.to_owned())),
            None => {
                Err(Failure::Sandbox(format!("{url}: HTTP {status}; check that it is a sandbox")))
            }
        }
    }

    fn notify(&self, number: &str, to: Option<&str>) -> Result<Value> {
        let all = self.get("notifications")?;
        let lists = ["pending", "sent"].iter().filter_map(|name| all.get(name)?.as_array());
        let mut notifications = lists.flatten();
        let notification = notifications
            .find(|it| it.get("number").and_then(Value::as_str) == Some(number))
            .ok_or_else(|| {
                Failure::Sandbox(format!("no notification of {number}; pay or refund it first"))
            })?;
        let id = notification.get("id").cloned().unwrap_or_default();
        let Some(url) = to else { return self.post("post", json!({"id": id})) };
        let signed = self.post("sign-again", json!({"id": id}))?;
        let signed = signed.pointer("/notifications/0").cloned().unwrap_or_default();
        let body = signed.get("body").and_then(Value::as_str).unwrap_or_default();
        let headers = signed.get("headers").cloned().unwrap_or_default();
        let headers: Vec<(String, String)> = serde_json::from_value(headers)
            .map_err(|_| Failure::Sandbox("the sandbox is of another version".to_owned()))?;
        // The names are those that WeChat Pay sends; what else the sandbox lists is for its own connection.
        let headers: Vec<_> = NOTIFICATION_HEADERS
            .iter()
            .filter_map(|name| {
                let (_, value) = headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name))?;
                Some((*name, value.as_str()))
            })
            .collect();
        let transport = UreqTransport::new(&HttpOptions::default())?;
        let request = Request::new(Method::Post, url, &headers, body.as_bytes());
        let (status, response) = send(&transport, &request)?;
        let response = String::from_utf8_lossy(&response).into_owned();
        Ok(json!({"id": id, "notify_url": url, "status": status, "answer": response}))
    }

    fn log(&self) -> Result<Value> {
        Ok(self.received()?.iter().map(summary).collect())
    }

    /// Prints each new request, without an end.
    fn follow(&self) -> Result<Value> {
        let mut newest = self.received()?.first().cloned();
        loop {
            let received = self.received()?;
            let is_new = |it: &&Value| Some(*it) != newest.as_ref();
            let new: Vec<_> = received.iter().take_while(is_new).collect();
            for exchange in new.iter().rev() {
                output::print_line(&summary(exchange))?;
            }
            newest = received.first().cloned().or(newest);
            thread::sleep(PAUSE);
        }
    }

    fn received(&self) -> Result<Vec<Value>> {
        let mut all = self.get("received")?;
        let list = all.get_mut("received").map(Value::take).unwrap_or_default();
        Ok(list.as_array().cloned().unwrap_or_default())
    }
}

fn send(transport: &UreqTransport, request: &Request<'_>) -> Result<(u16, Vec<u8>)> {
    let url = request.url;
    let failed = |error: &dyn std::fmt::Display| {
        Failure::Sandbox(format!(
            "{url}: {error}; check that it runs, and that the settings are of this start"
        ))
    };
    let response = transport.send(request).map_err(|error| failed(&error))?;
    let mut body = Vec::new();
    response.body.take(SIZE_LIMIT).read_to_end(&mut body).map_err(|error| failed(&error))?;
    Ok((response.status, body))
}

/// Time, method, path and status, and the error code if there is one.
fn summary(exchange: &Value) -> Value {
    let text = |pointer: &str| exchange.pointer(pointer).cloned().unwrap_or_default();
    let mut summary = json!({
        "at": text("/at"), "method": text("/method"), "path": text("/path"), "status": text("/answer/status"),
    });
    let body = exchange.pointer("/answer/body").and_then(Value::as_str).unwrap_or_default();
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    for name in ["code", "message"] {
        if let (Some(value), Some(summary)) = (body.get(name), summary.as_object_mut()) {
            summary.insert(name.to_owned(), value.clone());
        }
    }
    summary
}

const UNKNOWN_FAULT: &str = "FAULT must be one of the names that `wechatpay sandbox faults` lists";

/// Where `wechatpay-sandbox` writes them.
const DEFAULT: &str = "target/sandbox/settings.env";

const NOTIFICATION_HEADERS: [&str; 6] = [
    "Content-Type",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature",
    "Wechatpay-Signature-Type",
    "Wechatpay-Timestamp",
];

/// Our own choice, short for a person who watches.
const PAUSE: Duration = Duration::from_millis(300);

/// A thousand requests of usual size.
const SIZE_LIMIT: u64 = 64 * 1024 * 1024;
