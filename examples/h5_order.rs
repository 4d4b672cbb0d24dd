//! Places one H5 order, to be paid in a browser, and waits for the payer.
//!
//! ```text
//! cargo run --example h5_order [-- DESCRIPTION]
//! ```
//!
//! The program prints a link. Open it on this machine and pay or refuse. The browser then returns to
//! a page of this program, which queries the order, because the return of the browser proves nothing.
//! The program ends when the order is paid and its notification has arrived.
//!
//! Without configuration the order goes to a sandbox that this program starts; browsers warn about
//! its certificate. Otherwise set the environment variables of `app_order`, and
//! `WECHATPAY_API_V3_KEY` for the notification.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program has a human reader")]

use std::env;
use std::error::Error;
use std::io::{Cursor, Read};
use std::net::Ipv4Addr;
use std::panic;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tiny_http::{Header, Request, Response, Server};
use wechatpay::notify::{self, Acknowledgement, Notification};
use wechatpay::pay::h5::{self, H5Info, H5Type, Scene};
use wechatpay::pay::{self, Order, SceneInfo};
use wechatpay::{ApiV3Key, Fen, Gateway, NotifyUrl, OutTradeNo, Signer, Time};
use wechatpay_sandbox::Sandbox;

use wechatpay_sandbox::settings::{self, Settings};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    end_on_panic();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A panic in any thread ends the process, also one in the HTTP server, which would accept no
/// connection any more. In production, a service manager starts another process.
fn end_on_panic() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        report(info);
        process::exit(1);
    }));
}

/// The merchant's side of the order.
struct Shop {
    settings: Settings,
    gateway: Gateway,
    api_v3_key: ApiV3Key,
    order: Order,
    is_notified: bool,
    is_paid: bool,
}

fn run() -> Result<()> {
    let mut settings = Settings::load()?;
    let gateway = settings.gateway(settings.transport()?)?;
    let api_v3_key = match &settings.sandbox {
        Some(sandbox) => ApiV3Key::new(sandbox.api_v3_key())?,
        None => {
            settings::name_variable(ApiV3Key::new(settings::required("WECHATPAY_API_V3_KEY")?))?
        }
    };
    let server = Server::http((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    let own = format!("http://{}", server.server_addr());
    // This program receives the notification itself.
    settings.notify_url = NotifyUrl::new(format!("{own}/notify"))?;
    let order = Order::new(
        settings.appid.clone(),
        OutTradeNo::new(format!("h5-{}-{}", Time::now()?.unix_seconds(), process::id()))?,
        env::args().nth(1).unwrap_or_else(|| "Image形象店-深圳腾大-QQ公仔".to_owned()),
        Fen(1),
        settings.notify_url.clone(),
    );
    // In production, the address of the payer's browser.
    let scene = Scene::new(SceneInfo::new(Ipv4Addr::LOCALHOST.into()), H5Info::new(H5Type::Wap));
    let h5_url = h5::prepay(&settings.signer, &gateway, &order, &scene)?;
    println!("order {}: {} yuan", order.out_trade_no, order.total);
    println!("open: {}", h5_url.with_redirect(&format!("{own}/return")));

    let (is_notified, is_paid) = (false, false);
    let mut shop = Shop { settings, gateway, api_v3_key, order, is_notified, is_paid };
    serve(&server, &mut shop)
}

/// Serves requests until the payer returned and the notification arrived.
fn serve(server: &Server, shop: &mut Shop) -> Result<()> {
    let (sandbox, is_done) = (shop.settings.sandbox.take(), AtomicBool::new(false));
    thread::scope(|scope| {
        if let Some(sandbox) = &sandbox {
            scope.spawn(|| keep_delivering(sandbox, &is_done));
        }
        let served = shop.serve(server);
        is_done.store(true, Ordering::SeqCst);
        served
    })
}

impl Shop {
    fn serve(&mut self, server: &Server) -> Result<()> {
        while !(self.is_notified && self.is_paid) {
            // After an error the server accepts no connection any more, so the program ends.
            let mut request = server.recv()?;
            let response = match request.url().split('?').next() {
                Some("/notify") => self.take_notification(&mut request)?,
                Some("/return") => self.welcome_back()?,
                _ => Response::from_string("").with_status_code(404),
            };
            // If the client has disconnected, it will send the request again.
            drop(request.respond(response));
        }
        Ok(())
    }

    /// Receives the notification; the example `notification_server` shows how to process it.
    fn take_notification(&mut self, request: &mut Request) -> Result<Response<Cursor<Vec<u8>>>> {
        let mut body = Vec::new();
        request.as_reader().take(LARGEST_BODY).read_to_end(&mut body)?;
        let headers = request.headers().iter().map(|header| (header.field.as_str(), &header.value));
        let (keys, now) = (&self.settings.keys, Time::now()?);
        let acknowledgement = match notify::open(keys, &self.api_v3_key, headers, &body, now) {
            Ok(event) => {
                if let Notification::Transaction(transaction) = &event.notification {
                    println!(
                        "notification: {} is {}",
                        transaction.out_trade_no, transaction.trade_state
                    );
                    self.is_notified = true;
                }
                Acknowledgement::accepted()
            }
            Err(refusal) => Acknowledgement::refused(&refusal),
        };
        Ok(Response::from_string(acknowledgement.body).with_status_code(acknowledgement.status))
    }

    /// Queries the order when the payer returns.
    fn welcome_back(&mut self) -> Result<Response<Cursor<Vec<u8>>>> {
        let signer = &self.settings.signer;
        let transaction = pay::query(signer, &self.gateway, &self.order.out_trade_no)?;
        println!("query: {} is {}", transaction.out_trade_no, transaction.trade_state);
        let text = match transaction.paid(signer.mchid(), &self.order) {
            Ok(paid) => {
                self.is_paid = true;
                format!("已支付 Paid: {} yuan", paid.total())
            }
            Err(_) => "未支付 Not paid".to_owned(),
        };
        let html: Header = HTML.parse().map_err(|()| "no header")?;
        Ok(Response::from_string(format!("<!DOCTYPE html><p>{text}</p>")).with_header(html))
    }
}

/// Delivers notifications, as WeChat Pay does by itself.
fn keep_delivering(sandbox: &Sandbox, is_done: &AtomicBool) {
    while !is_done.load(Ordering::SeqCst) {
        for delivery in sandbox.deliver_due_notifications() {
            if let Err(reason) = delivery.result {
                println!("notification: {reason}");
            }
        }
        thread::sleep(PAUSE);
    }
}

const HTML: &str = "Content-Type: text/html; charset=utf-8";
/// No notification is larger.
const LARGEST_BODY: u64 = 2 * 1024 * 1024;
/// The pause between two checks for notifications.
const PAUSE: Duration = Duration::from_millis(100);
