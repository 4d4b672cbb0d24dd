//! Receives WeChat Pay's notifications the way it should be done.
//!
//! ```text
//! cargo run --example notification_server
//! ```
//!
//! A plain blocking HTTP server takes a notification in this order: the body as received, verify, decrypt,
//! store, answer; the work is done afterwards by another thread, which asks WeChat Pay itself before
//! it ships anything. What comes twice is stored once. The program plays the payer and WeChat Pay
//! as well, by the sandbox, and shows a payment and a refund arriving; one of the answers gets lost
//! on the way, so that a notification comes again.
//!
//! In production put a server with HTTPS in front, and the journal into your database.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program speaks to people")]

use std::collections::HashSet;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::ExitCode;
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
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The door: it believes, stores and answers, and does nothing else.
struct Door {
    keys: PlatformKeys,
    api_v3_key: ApiV3Key,
    journal: Journal,
    work: Sender<Event>,
}

impl Door {
    fn take(&mut self, request: &mut Request) -> Acknowledgement {
        match self.try_take(request) {
            Ok(reply) => reply,
            Err(error) => {
                println!("  door: not stored, so it is wanted again: {error}");
                Acknowledgement::again()
            }
        }
    }

    fn try_take(&mut self, request: &mut Request) -> Result<Acknowledgement> {
        // The body as it came: whoever parses it first and writes it again breaks the signature.
        let mut body = Vec::new();
        request.as_reader().take(LARGEST_BODY).read_to_end(&mut body)?;
        let headers = request
            .headers()
            .iter()
            .map(|header| (header.field.as_str().as_str(), header.value.as_str().as_bytes()));
        let event = match notify::open(&self.keys, &self.api_v3_key, headers, &body, Time::now()?) {
            Ok(event) => event,
            Err(refusal) => return Ok(refuse(&refusal)),
        };
        // Stored before it is answered: once it is answered, WeChat Pay forgets it.
        if self.journal.store(&event.id, &body)? {
            println!("  door: {} {} stored", event.event_type, event.id);
            self.work.send(event)?;
        } else {
            println!("  door: {} {} came again", event.event_type, event.id);
        }
        Ok(Acknowledgement::accepted())
    }
}

fn refuse(refusal: &Refusal) -> Acknowledgement {
    println!("  door: refused: {refusal}");
    Acknowledgement::refused(refusal)
}

/// What was taken, on disk before it is answered.
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

    /// Whether it is new. The notification is kept as it came, signed and sealed.
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

/// The work: after the answer, in its own time.
struct Office<'a> {
    signer: &'a RsaSigner,
    gateway: &'a Gateway,
    /// The merchant's own books.
    order: &'a Order,
}

impl Office<'_> {
    fn work(&self, event: Event) -> Result<()> {
        match event.notification {
            Notification::Transaction(transaction) if self.is_ours(&transaction.out_trade_no) => {
                // A notification is a hint; the query is the truth.
                let truth = pay::query(self.signer, self.gateway, &self.order.out_trade_no)?;
                self.ship(&truth.paid(self.signer.mchid(), self.order)?);
            }
            Notification::Refund(refund) if self.is_ours(&refund.out_trade_no) => {
                let truth = refund::query(self.signer, self.gateway, &refund.out_refund_no)?;
                match truth.status {
                    Status::Success => {
                        println!("  office: {} yuan went back to the payer", truth.amount.refund);
                    }
                    status => println!("  office: refund {} is {status}", truth.out_refund_no),
                }
            }
            _ => println!("  office: {} is not about our order", event.id),
        }
        Ok(())
    }

    fn is_ours(&self, out_trade_no: &OutTradeNo) -> bool {
        *out_trade_no == self.order.out_trade_no
    }

    /// Takes a `Paid`, so that nothing unpaid can be shipped.
    fn ship(&self, paid: &Paid) {
        println!("  office: {} is paid, {} yuan: ship it", paid.out_trade_no(), paid.total());
    }
}

fn run() -> Result<()> {
    let sandbox = Sandbox::start()?;
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let server = Server::http("127.0.0.1:0")?;
    let notify_url = format!("http://{}/notify", server.server_addr());
    let journal = std::env::temp_dir().join(format!("notifications-{}.log", std::process::id()));
    let (work, to_do) = mpsc::channel();
    let mut door = Door {
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
    let office = Office { signer, gateway, order: &order };

    let outcome = thread::scope(|scope| {
        let serving = scope.spawn(|| serve(&server, &mut door));
        let outcome = play(&sandbox, &office, &to_do);
        server.unblock();
        let served = serving.join().map_err(|_| "the server panicked")?;
        outcome.and(served)
    });
    std::fs::remove_file(&journal)?;
    outcome
}

fn serve(server: &Server, door: &mut Door) -> Result<()> {
    let mut lose_an_answer = true;
    for mut request in server.incoming_requests() {
        let mut reply = door.take(&mut request);
        // Once the refund is stored, its answer gets lost on the way.
        if lose_an_answer && door.journal.known.len() == 2 {
            lose_an_answer = false;
            reply = Acknowledgement::again();
        }
        request.respond(Response::from_string(reply.body).with_status_code(reply.status))?;
    }
    Ok(())
}

/// Plays the payer and WeChat Pay.
fn play(sandbox: &Sandbox, office: &Office<'_>, to_do: &Receiver<Event>) -> Result<()> {
    let (signer, gateway, order) = (office.signer, office.gateway, office.order);
    let code_url = native::prepay(signer, gateway, order)?;
    println!("order {} is placed: {code_url}", order.out_trade_no);

    println!("the payer pays");
    sandbox.pay(order.out_trade_no.as_str())?;
    deliver(sandbox)?;
    office.work(to_do.recv()?)?;

    println!("the merchant refunds a part");
    let number = OutRefundNo::new("1217752501201407033233368018-1")?;
    let refund = Refund::new(number, order.out_trade_no.clone(), Fen(60), order.total);
    refund::apply(signer, gateway, &refund)?;
    sandbox.succeed_refund(refund.out_refund_no.as_str())?;
    deliver(sandbox)?;
    office.work(to_do.recv()?)?;

    println!("WeChat Pay did not hear that it arrived, so it sends the notification again");
    deliver(sandbox)
}

fn deliver(sandbox: &Sandbox) -> Result<()> {
    for delivery in sandbox.deliver_notifications() {
        println!("  WeChat Pay: answered {}", delivery.result?);
    }
    Ok(())
}

/// No notification is larger.
const LARGEST_BODY: u64 = 2 * 1024 * 1024;
