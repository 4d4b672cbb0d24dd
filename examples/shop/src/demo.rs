//! `shop demo`: the shop against a sandbox that it starts itself, with a customer's browser in your hands.

use std::env;
use std::fs;
use std::process;
use std::thread;
use std::time::Duration;

use wechatpay::{ApiV3Key, NotifyUrl, RsaSigner};
use wechatpay_sandbox::{KeyMode, Sandbox};

use crate::database::Database;
use crate::error::Result;
use crate::merchant::Merchant;
use crate::settings::Settings;
use crate::{log, server, worker};

/// Runs until it is interrupted.
pub(crate) fn run() -> Result<()> {
    let sandbox = Sandbox::start()?;
    sandbox.set_key_mode(KeyMode::PublicKey);
    let listener = server::listen("127.0.0.1:0")?;
    let shop = format!("http://{}", listener.local_addr()?);
    let folder = env::temp_dir().join(format!("shop-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let settings = Settings {
        merchant: merchant(&sandbox, &shop)?,
        database: folder.join("shop.db"),
        bills: folder.join("bills"),
        address: String::new(),
        staff_token: "staff".to_owned(),
    };
    log::output(&format!(
        "The shop's files are in {}. Order:\n\n  curl {shop}/orders -H 'Idempotency-Key: click-000000000001' \
         -d '{{\"item\": \"penguin\", \"quantity\": 1}}'\n\nPay in a browser: {}\n\nRefund, with the number of the \
         order:\n\n  curl {shop}/orders/NUMBER/refunds -H 'Idempotency-Key: click-000000000002' \
         -H 'Authorization: Bearer staff' -d '{{\"amount\": 60, \"refunded\": 0}}'\n",
        folder.display(),
        sandbox.base_url(),
    ));
    thread::scope(|scope| {
        scope.spawn(|| act_as_wechat_pay(&sandbox));
        scope.spawn(|| work_every_minute(&settings));
        server::serve(listener, &settings)
    })
}

fn merchant(sandbox: &Sandbox, shop: &str) -> Result<Merchant> {
    Ok(Merchant {
        appid: sandbox.appid(),
        notify_url: NotifyUrl::new(format!("{shop}/notify"))?,
        signer: RsaSigner::from_certificate(
            sandbox.mchid(),
            sandbox.merchant_certificate_pem(),
            sandbox.merchant_key_pem(),
        )?,
        gateway: sandbox.gateway().clone(),
        keys: sandbox.platform_keys().clone(),
        api_v3_key: ApiV3Key::new(sandbox.api_v3_key())?,
    })
}

/// Delivers notifications, and lets refunds succeed.
fn act_as_wechat_pay(sandbox: &Sandbox) {
    loop {
        for refund in sandbox.refunds().iter().filter(|refund| refund.status == "PROCESSING") {
            drop(sandbox.succeed_refund(&refund.out_refund_no));
        }
        sandbox.deliver_due_notifications();
        thread::sleep(Duration::from_secs(1));
    }
}

fn work_every_minute(settings: &Settings) {
    loop {
        let round = Database::open(&settings.database)
            .and_then(|mut database| worker::round(&mut database, &settings.merchant));
        if let Err(error) = round {
            log::event(&format!("worker: {error}"));
        }
        thread::sleep(Duration::from_secs(60));
    }
}
