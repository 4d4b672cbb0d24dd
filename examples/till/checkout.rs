//! The checkout: charge once, query, reverse, and store each state.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this program has a human reader")]

use std::error::Error;
use std::process::ExitCode;

use wechatpay::v2::pay::{AuthCode, MicropayOrder, Step, TillPayment};
use wechatpay::{Fen, OutTradeNo, Time};
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

/// What a payer does after showing the code.
#[derive(Clone, Copy, PartialEq)]
enum Payer {
    PaysAtOnce,
    TypesPin,
    Refuses,
    WalksAway,
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut till = Till { sandbox: Sandbox::start()?, stored: Vec::new(), passed: 0 };
    till.check_out("ready", Payer::PaysAtOnce, false)?;
    till.check_out("pin", Payer::TypesPin, false)?;
    till.check_out("refuses", Payer::Refuses, false)?;
    till.check_out("walks-away", Payer::WalksAway, false)?;
    till.check_out("lost", Payer::PaysAtOnce, true)?;
    Ok(())
}

struct Till {
    sandbox: Sandbox,
    /// The state of the payment, as on the till's disk.
    stored: Vec<u8>,
    /// By how many seconds the sandbox's clock is ahead, since this program does not wait.
    passed: u64,
}

impl Till {
    fn check_out(
        &mut self,
        name: &str,
        payer: Payer,
        loses_response: bool,
    ) -> Result<(), Box<dyn Error>> {
        println!("\n{name}");
        let number = format!("{name}-{}", Time::now()?.unix_seconds());
        let order = MicropayOrder::new(
            self.sandbox.appid(),
            OutTradeNo::new(&number)?,
            "深圳分店-咖啡",
            Fen(1800),
            "14.23.150.211".parse()?,
        );
        let mut payment = TillPayment::new(self.sandbox.v2().signer(), order, self.now()?)?;
        // A till writes this to its disk or database, before it charges the code.
        self.stored = payment.to_json()?;

        // A till reads this with its scanner.
        let code = match payer {
            Payer::PaysAtOnce => self.sandbox.v2().show_code(),
            _ => self.sandbox.v2().show_code_with_pin(),
        };
        if loses_response {
            self.sandbox.tamper_next(|response| response.status = 0);
        }
        let v2 = self.sandbox.v2();
        let mut step = payment.charge(v2.signer(), v2.gateway(), AuthCode::new(code)?, self.now()?);
        let mut is_first = true;
        while let Step::Wait { pause, error } = step {
            match error {
                Some(error) => println!("  wait {} s: {error}", pause.as_secs()),
                None => println!("  wait {} s", pause.as_secs()),
            }
            self.stored = payment.to_json()?;
            // Here a till sleeps; the sandbox lets the time pass.
            self.sandbox.let_time_pass(pause.as_secs());
            self.passed = self.passed.saturating_add(pause.as_secs());
            if is_first {
                match payer {
                    Payer::TypesPin => self.sandbox.v2().pay(&number, &[])?,
                    Payer::Refuses => self.sandbox.v2().refuse_payment(&number)?,
                    Payer::PaysAtOnce | Payer::WalksAway => {}
                }
                is_first = false;
            }
            // After a crash, a till continues from what it stored.
            payment = TillPayment::from_json(&self.stored)?;
            let v2 = self.sandbox.v2();
            step = payment.step(v2.signer(), v2.gateway(), self.now()?);
        }
        self.stored = payment.to_json()?;
        match step {
            Step::Paid(paid) => println!("  paid: {} yuan; hand over the goods", paid.total()),
            Step::NotCharged(reason) => println!("  not charged: {reason:?}"),
            Step::OtherOrder(reason) => println!("  check the order numbers: {reason}"),
            Step::Wait { .. } => {}
        }
        Ok(())
    }

    fn now(&self) -> Result<Time, wechatpay::Error> {
        let passed = i64::try_from(self.passed).unwrap_or_default();
        Time::from_unix_seconds(Time::now()?.unix_seconds().saturating_add(passed))
    }
}
