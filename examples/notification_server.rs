//! Receives notifications (回调通知) from WeChat Pay, in the recommended order.
//!
//! ```text
//! cargo run --example notification_server
//! ```
//!
//! A blocking HTTP server takes the body as received, verifies and decrypts it, stores the event and
//! responds. Afterwards another thread processes the event; it queries WeChat Pay before it ships
//! anything. A repeated notification is stored once. The program uses the sandbox to pay and refund
//! an order, and loses one response, so that WeChat Pay sends a notification again.
//!
//! In production, put an HTTPS server in front that limits and buffers bodies, as nginx does by default, because tiny_http has
//! no limits of its own, and store the events in your database.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program has a human reader")]

use std::collections::HashSet;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::panic;
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use tiny_http::{Request, Response, Server};
use wechatpay::notify::{self, Acknowledgement, Event, Notification, Refusal};
use wechatpay::pay::{self, Order, Paid, native};
use wechatpay::refund::{self, Refund, Status};
use wechatpay::{
    ApiV3Key, Fen, Gateway, NotifyUrl, OutRefundNo, OutTradeNo, PlatformKeys, RsaSigner, Signer,
    Time,
};
use wechatpay_sandbox::Sandbox;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

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

/// The endpoint: it verifies, stores and responds, and does nothing else.
struct Endpoint {
    keys: PlatformKeys,
    api_v3_key: ApiV3Key,
    journal: Journal,
    work: Sender<Event>,
}

impl Endpoint {
    fn take(&mut self, request: &mut Request) -> Acknowledgement {
        match self.try_take(request) {
            Ok(acknowledgement) => acknowledgement,
            Err(error) => {
                println!("  endpoint: not stored, so it must come again: {error}");
                Acknowledgement::again()
            }
        }
    }

    fn try_take(&mut self, request: &mut Request) -> Result<Acknowledgement> {
        // The body as received: parsing and serializing it again breaks the signature.
        let mut body = Vec::new();
        request.as_reader().take(LARGEST_BODY).read_to_end(&mut body)?;
        let headers = request.headers().iter().map(|header| (header.field.as_str(), &header.value));
        let event = match notify::open(&self.keys, &self.api_v3_key, headers, &body, Time::now()?) {
            Ok(event) => event,
            Err(refusal) => return Ok(refuse(&refusal)),
        };
        // Store before responding: after the response, WeChat Pay does not send it again.
        if self.journal.store(&event.id, &body)? {
            println!("  endpoint: {} {} stored", event.event_type, event.id);
            self.work.send(event)?;
        } else {
            println!("  endpoint: {} {} received again", event.event_type, event.id);
        }
        Ok(Acknowledgement::accepted())
    }
}

fn refuse(refusal: &Refusal) -> Acknowledgement {
    println!("  endpoint: refused: {refusal}");
    Acknowledgement::refused(refusal)
}

/// The received events, on disk before the response is sent.
struct Journal {
    file: File,
    known: HashSet<String>,
}

impl Journal {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let mut known = HashSet::new();
        for line in BufReader::new(&file).lines() {
            known.extend(line?.split_once(' ').map(|(id, _)| id.to_owned()));
        }
        Ok(Self { file, known })
    }

    /// Stores the notification as received and returns whether it is new.
    fn store(&mut self, id: &str, body: &[u8]) -> io::Result<bool> {
        if self.known.contains(id) {
            return Ok(false);
        }
        let line = format!("{id} {}\n", String::from_utf8_lossy(body).replace('\n', " "));
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.known.insert(id.to_owned());
        Ok(true)
    }
}

/// Processes events after the response.
struct Worker<'a> {
    signer: &'a RsaSigner,
    gateway: &'a Gateway,
    /// The merchant's own record of the order.
    order: &'a Order,
}

impl Worker<'_> {
    fn work(&self, event: Event) -> Result<()> {
        match event.notification {
            Notification::Transaction(transaction) if self.is_ours(&transaction.out_trade_no) => {
                // Query the order: the notification may be old.
                let current = pay::query(self.signer, self.gateway, &self.order.out_trade_no)?;
                self.ship(&current.paid(self.signer.mchid(), self.order)?);
            }
            Notification::Refund(refund) if self.is_ours(&refund.out_trade_no) => {
                let current = refund::query(self.signer, self.gateway, &refund.out_refund_no)?;
                match current.status {
                    Status::Success => {
                        println!(
                            "  worker: {} yuan were returned to the payer",
                            current.amount.refund
                        );
                    }
                    status => println!("  worker: refund {} is {status}", current.out_refund_no),
                }
            }
            _ => println!("  worker: {} is not about our order", event.id),
        }
        Ok(())
    }

    fn is_ours(&self, out_trade_no: &OutTradeNo) -> bool {
        *out_trade_no == self.order.out_trade_no
    }

    /// Takes a `Paid`, so that nothing unpaid can be shipped.
    fn ship(&self, paid: &Paid) {
        println!("  worker: {} is paid, {} yuan: ship it", paid.out_trade_no(), paid.total());
    }
}

fn run() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let server = Server::http("127.0.0.1:0")?;
    let notify_url = format!("http://{}/notify", server.server_addr());
    let journal = std::env::temp_dir().join(format!("notifications-{}.log", process::id()));
    let (work, to_do) = mpsc::channel();
    let mut endpoint = Endpoint {
        keys: sandbox.platform_keys().clone(),
        api_v3_key: ApiV3Key::new(sandbox.api_v3_key())?,
        journal: Journal::open(&journal)?,
        work,
    };
    let order = Order::new(
        sandbox.appid(),
        OutTradeNo::new("1217752501201407033233368018")?,
        "Image形象店-深圳腾大-QQ公仔",
        Fen(100),
        NotifyUrl::new(notify_url)?,
    );
    let worker = Worker { signer, gateway, order: &order };

    // The server runs until the process ends.
    thread::spawn(move || serve(&server, &mut endpoint));
    let outcome = play(&sandbox, &worker, &to_do);
    std::fs::remove_file(&journal)?;
    outcome
}

fn serve(server: &Server, endpoint: &mut Endpoint) {
    let mut lose_a_response = true;
    loop {
        let mut request = server.recv().unwrap_or_else(|error| give_up(&error));
        let mut acknowledgement = endpoint.take(&mut request);
        // After the refund is stored, its response is lost.
        if lose_a_response && endpoint.journal.known.len() == 2 {
            lose_a_response = false;
            acknowledgement = Acknowledgement::again();
        }
        // If the client has disconnected, the notification is sent again.
        drop(request.respond(
            Response::from_string(acknowledgement.body).with_status_code(acknowledgement.status),
        ));
    }
}

/// After an error, such as too many open files, the server accepts no connection any more. The
/// process ends, so that a service manager starts another one.
fn give_up(error: &io::Error) -> ! {
    eprintln!("error: {error}");
    process::exit(1)
}

/// Acts as the payer and WeChat Pay.
fn play(sandbox: &Sandbox, worker: &Worker<'_>, to_do: &Receiver<Event>) -> Result<()> {
    let (signer, gateway, order) = (worker.signer, worker.gateway, worker.order);
    let code_url = native::prepay(signer, gateway, order)?;
    println!("order {} is placed: {code_url}", order.out_trade_no);

    println!("the payer pays");
    sandbox.pay(order.out_trade_no.as_str())?;
    deliver(sandbox)?;
    worker.work(to_do.recv()?)?;

    println!("the merchant refunds a part");
    let number = OutRefundNo::new("1217752501201407033233368018-1")?;
    let refund = Refund::new(number, order.out_trade_no.clone(), Fen(60), order.total);
    refund::apply(signer, gateway, &refund)?;
    sandbox.succeed_refund(refund.out_refund_no.as_str())?;
    deliver(sandbox)?;
    worker.work(to_do.recv()?)?;

    println!("WeChat Pay received no success response, so it sends the notification again");
    deliver(sandbox)
}

fn deliver(sandbox: &Sandbox) -> Result<()> {
    for delivery in sandbox.deliver_notifications() {
        println!("  WeChat Pay: received HTTP {}", delivery.result?);
    }
    Ok(())
}

/// No notification is larger.
const LARGEST_BODY: u64 = 2 * 1024 * 1024;
