//! Places one App order and shows each step.
//!
//! ```text
//! cargo run --example app_order
//! ```
//!
//! Without configuration the order goes to a sandbox that this program starts. If these environment
//! variables are set, it goes to WeChat Pay: `WECHATPAY_APPID`, `WECHATPAY_MCHID`,
//! `WECHATPAY_CERT_FILE` (or `WECHATPAY_SERIAL_NO`), `WECHATPAY_PRIVATE_KEY_FILE`,
//! `WECHATPAY_NOTIFY_URL`, `WECHATPAY_PUBLIC_KEY_ID` and `WECHATPAY_PUBLIC_KEY_FILE` (or
//! `WECHATPAY_PLATFORM_CERT_FILE`). `WECHATPAY_BASE_URL` selects another host, and
//! `WECHATPAY_CA_FILE` its certificate authority.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program has a human reader")]

use std::error::Error;
use std::io::{Cursor, Read};
use std::process::ExitCode;

use wechatpay::pay::{Order, app};
use wechatpay::{
    Fen, OutTradeNo, Outcome, Request, Response, Retry, SignError, Signature, Signer, Time,
    Transport, TransportError,
};

use wechatpay_sandbox::settings::Settings;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            if let Some(error) = error.downcast_ref::<wechatpay::Error>() {
                eprintln!("outcome: {}", outcome(error.outcome()));
                eprintln!("advice: {}", advice(error.retry()));
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::load()?;
    let gateway = settings.gateway(Shown(settings.transport()?))?;
    let signer = Shown(&settings.signer);

    let mut order = Order::new(
        settings.appid.clone(),
        // A merchant takes the order number from its own records and stores it before the call.
        OutTradeNo::new(format!("demo-{}", Time::now()?.unix_seconds()))?,
        "Image形象店-深圳腾大-QQ公仔",
        Fen(1),
        settings.notify_url.clone(),
    );
    order.attach = Some("深圳分店".into());
    let place = if settings.sandbox.is_some() { "the sandbox" } else { "WeChat Pay" };
    println!("== Order, to {place} at {}", gateway.base_url());
    println!("out_trade_no: {}", order.out_trade_no);
    println!("description: {}", order.description);
    println!("total: {} yuan", order.total);

    let prepay_id = app::prepay(&signer, &gateway, &order)?;
    println!("\n== Placed: the signature of the response was verified");
    println!("prepay_id: {prepay_id}");

    let parameters = app::invoke(&signer, &order, &prepay_id)?;
    println!("\n== For the app, to start the payment");
    println!("{}", serde_json::to_string_pretty(&parameters)?);
    Ok(())
}

/// Prints what is signed, sent and received.
struct Shown<T>(T);

impl Signer for Shown<&wechatpay::RsaSigner> {
    fn mchid(&self) -> &str {
        self.0.mchid()
    }

    fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        println!("\n== Message signed\n{}", String::from_utf8_lossy(message));
        self.0.sign(message)
    }
}

impl<T: Transport> Transport for Shown<T> {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        println!("== Request\n{} {}", request.method, request.url);
        let response = self.0.send(request)?;
        let mut body = Vec::new();
        let limited = response.body.take(64 * 1024).read_to_end(&mut body);
        limited.map_err(|error| TransportError::unknown(error.to_string()))?;
        println!("\n== Response\nHTTP {}\n{}", response.status, String::from_utf8_lossy(&body));
        Ok(Response { body: Box::new(Cursor::new(body)), ..response })
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotSent => "nothing reached WeChat Pay",
        Outcome::Refused => "WeChat Pay refused it",
        Outcome::Unknown => "unknown: the order may exist",
    }
}

fn advice(retry: Retry) -> &'static str {
    match retry {
        Retry::Never => "correct the request, the settings or the keys",
        Retry::SameRequest => "retry with the same order after a pause",
        Retry::QueryFirst => "query the order first",
    }
}
