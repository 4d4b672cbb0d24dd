//! The order: placed, paid, and proved by its notification.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program has a human reader")]

use std::error::Error;
use std::io::{Cursor, Read};
use std::process::ExitCode;

use wechatpay::v2::notify::{self, Notification};
use wechatpay::v2::pay::Order;
use wechatpay::v2::{self, Gateway, HmacSha256Key, Jsapi, SignType, Signer};
use wechatpay::{
    Fen, HttpOptions, OpenId, OutTradeNo, Request, Response, SignError, Time, Transport,
    TransportError, UreqTransport,
};
use wechatpay_sandbox::Sandbox;

pub(crate) fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start()?;
    let mut options = HttpOptions::default();
    options.root_certificates = Some(sandbox.ca_pem().to_owned());
    let transport = Shown(UreqTransport::new(&options)?);
    let gateway = Gateway::at(sandbox.base_url(), transport)?;
    let signer = Shown(HmacSha256Key::new(sandbox.mchid(), sandbox.v2().api_key())?);

    let mut order = Order::new(
        sandbox.appid(),
        // A merchant takes the order number from its own records and stores it before the call.
        OutTradeNo::new(format!("demo-{}", Time::now()?.unix_seconds()))?,
        "JSAPI支付测试",
        Fen(1),
        "14.23.150.211".parse()?,
        sandbox.notify_url(),
    );
    order.attach = Some("支付测试".into());
    let payer = Jsapi::new(OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")?);
    println!("== Order, to the sandbox at {}", gateway.base_url());
    println!("out_trade_no: {}", order.out_trade_no);
    println!("body: {}", order.body);
    println!("total_fee: {} yuan", order.total_fee);

    let prepay_id = v2::pay::prepay(&signer, &gateway, &order, &payer)?;
    println!("\n== Placed: the sign of the response was verified");
    println!("prepay_id: {prepay_id}");

    let parameters = v2::pay::invoke_jsapi(&signer, &order, &prepay_id)?;
    println!("\n== For the page, to start the payment");
    println!("{}", serde_json::to_string_pretty(&parameters)?);

    sandbox.v2().pay(order.out_trade_no.as_str(), &[])?;
    for notification in sandbox.v2().take_notifications() {
        println!("\n== Notification\n{}", String::from_utf8_lossy(&notification.body));
        if let Notification::Transaction(transaction) = notify::open(&signer, &notification.body)? {
            let paid = transaction.paid(signer.mchid(), &order)?;
            println!("\n== Paid: the notification was compared with the order");
            println!("transaction_id: {}", paid.transaction_id());
            println!("response: {}", notify::ACCEPTED);
        }
    }
    Ok(())
}

/// Prints what is signed, sent and received.
struct Shown<T>(T);

impl Signer for Shown<HmacSha256Key> {
    fn mchid(&self) -> &str {
        self.0.mchid()
    }

    fn sign_type(&self) -> SignType {
        self.0.sign_type()
    }

    fn sign(&self, message: &str) -> Result<String, SignError> {
        let sign = self.0.sign(message)?;
        println!("\n== Message signed or verified\n{message}&key=…\n-> {sign}");
        Ok(sign)
    }

    fn decrypt(&self, req_info: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(req_info)
    }
}

impl<T: Transport> Transport for Shown<T> {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        println!("\n== Request\n{} {}", request.method, request.url);
        println!("{}", String::from_utf8_lossy(request.body));
        let response = self.0.send(request)?;
        let mut body = Vec::new();
        let limited = response.body.take(64 * 1024).read_to_end(&mut body);
        limited.map_err(|error| TransportError::unknown(error.to_string()))?;
        println!("\n== Response\nHTTP {}\n{}", response.status, String::from_utf8_lossy(&body));
        Ok(Response { body: Box::new(Cursor::new(body)), ..response })
    }
}
