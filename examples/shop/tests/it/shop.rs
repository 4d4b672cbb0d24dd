//! The shop under test: its process, its database, and the sandbox in WeChat Pay's place.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::FromSql;
use serde_json::{Value, json};
use wechatpay_sandbox::{Delivery, FaultRule, KeyMode, Notification, Sandbox};

/// A shop with a database of its own. At most one server runs.
pub(crate) struct Shop {
    pub(crate) sandbox: Sandbox,
    folder: PathBuf,
    server: Option<Server>,
}

/// `shop serve`. It is killed (SIGKILL) when it is dropped, like everything that runs in a cloud.
struct Server {
    process: Child,
    address: String,
    events: Box<dyn BufRead + Send>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Shop {
    /// A new shop, open for customers. `name` is that of the test.
    pub(crate) fn open(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        let sandbox = Sandbox::start().unwrap();
        sandbox.set_key_mode(KeyMode::PublicKey);
        for (file, pem) in [
            ("apiclient_key.pem", sandbox.merchant_key_pem()),
            ("apiclient_cert.pem", sandbox.merchant_certificate_pem()),
            ("pub_key.pem", sandbox.public_key_pem()),
            ("ca.pem", sandbox.ca_pem()),
        ] {
            fs::write(folder.join(file), pem).unwrap();
        }
        let mut shop = Self { sandbox, folder, server: None };
        shop.serve();
        shop
    }

    /// Starts the server, as after a crash.
    pub(crate) fn serve(&mut self) {
        let base_url = self.sandbox.base_url().to_owned();
        self.serve_with(&base_url);
    }

    /// Starts the server with another host in WeChat Pay's place.
    pub(crate) fn serve_with(&mut self, base_url: &str) {
        let mut command = self.command(env!("CARGO_BIN_EXE_shop"), &["serve"]);
        command.env("WECHATPAY_BASE_URL", base_url);
        self.start(command);
    }

    /// Starts the server with this many files that it may open.
    pub(crate) fn serve_with_files(&mut self, files: u32) {
        let line = format!("ulimit -n {files} && exec {} serve", env!("CARGO_BIN_EXE_shop"));
        let command = self.command("/bin/sh", &["-c", &line]);
        self.start(command);
    }

    fn start(&mut self, mut command: Command) {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let events = Box::new(BufReader::new(process.stderr.take().unwrap()));
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ").expect("the server started");
        self.server = Some(Server { process, address: address.to_owned(), events });
    }

    /// Ends the server by SIGKILL: it has no chance to clean up.
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    /// Waits until the server ended by itself, and returns its status.
    pub(crate) fn wait_for_end(&mut self) -> Option<i32> {
        let mut server = self.server.take().unwrap();
        let (report, ended) = mpsc::channel();
        thread::spawn(move || report.send(server.process.wait().unwrap().code()));
        ended.recv_timeout(PATIENCE).expect("the server is still running")
    }

    /// Waits until the server reports an event with this text.
    pub(crate) fn wait_for_event(&mut self, text: &str) {
        let events = &mut self.server.as_mut().unwrap().events;
        for line in events.lines().map(Result::unwrap) {
            if line.contains(text) {
                return;
            }
        }
        panic!("the server ended without the event: {text}");
    }

    /// `shop work`: one round.
    pub(crate) fn work(&self) -> Output {
        self.command(env!("CARGO_BIN_EXE_shop"), &["work"]).output().unwrap()
    }

    /// `shop reconcile`.
    pub(crate) fn reconcile(&self, date: &str) -> Output {
        self.command(env!("CARGO_BIN_EXE_shop"), &["reconcile", date]).output().unwrap()
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let file = |name: &str| self.folder.join(name);
        let mut command = Command::new(program);
        // Without the settings and the proxies of the machine.
        command.args(arguments).env_clear();
        command.env("WECHATPAY_BASE_URL", self.sandbox.base_url());
        command.env("WECHATPAY_APPID", self.sandbox.appid().as_str());
        command.env("WECHATPAY_MCHID", self.sandbox.mchid());
        command.env("WECHATPAY_API_V3_KEY", self.sandbox.api_v3_key());
        command.env("WECHATPAY_PUBLIC_KEY_ID", self.sandbox.public_key_id());
        command.env("WECHATPAY_NOTIFY_URL", self.sandbox.notify_url().as_str());
        command.env("WECHATPAY_PRIVATE_KEY_FILE", file("apiclient_key.pem"));
        command.env("WECHATPAY_CERT_FILE", file("apiclient_cert.pem"));
        command.env("WECHATPAY_PUBLIC_KEY_FILE", file("pub_key.pem"));
        command.env("WECHATPAY_CA_FILE", file("ca.pem"));
        command.env("SHOP_DATABASE", file("shop.db"));
        command.env("SHOP_BILLS", file("bills"));
        command.env("SHOP_ADDRESS", "127.0.0.1:0");
        command.env("SHOP_STAFF_TOKEN", STAFF_TOKEN);
        command
    }

    /// The URL of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.as_ref().unwrap().address)
    }

    /// A click of a customer on "buy", with the key of the button.
    pub(crate) fn buy(&self, key: &str) -> (u16, Value) {
        self.buy_click(key)().unwrap()
    }

    /// The same click, to be made from another thread: it fails if the server is killed.
    pub(crate) fn buy_click(
        &self,
        key: &str,
    ) -> impl FnOnce() -> Result<(u16, Value), ureq::Error> + Send + 'static {
        let (url, key) = (self.url("/orders"), key.to_owned());
        move || click(&url, &key, "", &json!({ "item": "penguin", "quantity": 1 }))
    }

    /// An order that was paid, and whose notification arrived.
    pub(crate) fn paid_order(&self, key: &str) -> String {
        let (_, order) = self.buy(key);
        let number = order["number"].as_str().unwrap().to_owned();
        self.sandbox.pay(&number).unwrap();
        assert!(self.post(&self.sandbox.take_notifications()[0]).is_accepted());
        number
    }

    /// A click of the staff on "refund", with the key of the button, on a page that is up to date.
    pub(crate) fn refund(&self, order: &str, key: &str, amount: u64) -> (u16, Value) {
        self.refund_click(order, key, amount)().unwrap()
    }

    /// The same click, to be made from another thread: it fails if the server is killed.
    pub(crate) fn refund_click(
        &self,
        order: &str,
        key: &str,
        amount: u64,
    ) -> impl FnOnce() -> Result<(u16, Value), ureq::Error> + Send + 'static {
        let (url, key) = (self.url(&format!("/orders/{order}/refunds")), key.to_owned());
        let refunded: u64 =
            self.select("SELECT coalesce(sum(amount), 0) FROM refunds WHERE state <> 'closed'");
        let body = json!({ "amount": amount, "refunded": refunded });
        move || click(&url, &key, STAFF_TOKEN, &body)
    }

    /// WeChat Pay posts a notification to the server.
    pub(crate) fn post(&self, notification: &Notification) -> Delivery {
        let mut notification = notification.clone();
        notification.notify_url = self.url("/notify");
        self.sandbox.post(&notification)
    }

    /// A connection to the database of the shop.
    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.folder.join("shop.db")).unwrap()
    }

    /// The value that the database has.
    pub(crate) fn select<T: FromSql>(&self, sql: &str) -> T {
        self.database().query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

/// A rule that meets calls, reports each one, and waits with it until the other end is used or dropped.
pub(crate) fn held_calls(path: &str) -> (FaultRule, Receiver<()>, Sender<()>) {
    let (report, arrived) = mpsc::channel();
    let (go_on, wait) = mpsc::channel();
    let channels = Mutex::new((report, wait));
    let rule = FaultRule::calls("POST", path).when(move |_| {
        let (report, wait) = &*channels.lock().unwrap();
        let _ = report.send(());
        let _ = wait.recv();
        true
    });
    (rule, arrived, go_on)
}

/// A click on a button. It ends when the server has responded, or was killed.
pub(crate) fn click(
    url: &str,
    key: &str,
    token: &str,
    body: &Value,
) -> Result<(u16, Value), ureq::Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    let request = ureq::Agent::new_with_config(config.build()).post(url);
    let request = request.header("Idempotency-Key", key);
    let request = request.header("Authorization", format!("Bearer {token}"));
    let mut response = request.send(body.to_string().as_bytes())?;
    let text = response.body_mut().read_to_string()?;
    Ok((response.status().as_u16(), serde_json::from_str(&text).unwrap()))
}

/// The key of a button.
pub(crate) const KEY: &str = "button-0000000001";
/// The key of another button.
pub(crate) const OTHER_KEY: &str = "button-0000000002";
/// Then a test fails instead of waiting for ever.
const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const STAFF_TOKEN: &str = "staff-token";
