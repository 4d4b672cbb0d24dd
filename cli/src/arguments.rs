//! The command line: all commands, by family.

use std::env;

use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::Result;
use crate::output::Output;
use crate::session::Session;
use crate::usage_error::Stop;
use crate::{
    bill, call, certificates, combine, doctor, encryption, notification, order, refund, sharing,
    sign, v2,
};

/// WeChat Pay (微信支付) from the command line
#[derive(Parser)]
#[command(name = "wechatpay", version, after_long_help = NOTES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// One variant per family. A family without a name of its own is flattened: `wechatpay query`.
#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Order(order::Verb),
    #[command(flatten)]
    Combine(combine::Verb),
    #[command(flatten)]
    Refund(refund::Verb),
    #[command(flatten)]
    Sharing(sharing::Verb),
    #[command(flatten)]
    Bill(bill::Verb),
    #[command(flatten)]
    Certificates(certificates::Verb),
    #[command(flatten)]
    Notification(notification::Verb),
    #[command(flatten)]
    Sign(sign::Verb),
    #[command(flatten)]
    Call(call::Verb),
    #[command(flatten)]
    Encryption(encryption::Verb),
    V2(v2::Family),
    #[command(flatten)]
    Doctor(doctor::Verb),
}

/// Reads the arguments of the program.
pub(crate) fn parse() -> std::result::Result<Command, Stop> {
    match Arguments::try_parse() {
        Ok(arguments) => Ok(arguments.command),
        Err(error) => Err(Stop::new(&error, Arguments::command(), env::args_os())),
    }
}

impl Command {
    pub(crate) fn run(self) -> Result<Output> {
        match self {
            Self::Order(verb) => verb.run(&Session::open()?),
            Self::Combine(verb) => verb.run(&Session::open()?),
            Self::Refund(verb) => verb.run(&Session::open()?),
            Self::Sharing(verb) => verb.run(&Session::open()?),
            Self::Bill(verb) => verb.run(&Session::open()?),
            Self::Certificates(verb) => verb.run(&Session::open()?),
            Self::Notification(verb) => verb.run(&Session::open()?),
            Self::Sign(verb) => verb.run(&Session::open()?),
            Self::Call(verb) => verb.run(&Session::open()?),
            Self::Encryption(verb) => verb.run(&Session::open()?),
            Self::V2(family) => family.run(&Session::open()?),
            Self::Doctor(verb) => verb.run(),
        }
    }
}

const NOTES: &str = "\
Output:
  The result is one JSON value on standard output, with WeChat Pay's field names. Errors and notes go to
  standard error: what is wrong, what may have happened, and what to do next.

Exit status:
  0  done
  1  refused, invalid or not sent; or `doctor` found a problem
  2  wrong arguments or settings
  3  outcome unknown: WeChat Pay may have processed the request

Settings (environment variables):
  WECHATPAY_APPID               应用ID: the appid
  WECHATPAY_MCHID               商户号: the merchant number
  WECHATPAY_CERT_FILE           path of the merchant's API certificate, apiclient_cert.pem; `v2 refund`
                                and `v2 reverse` present it
  WECHATPAY_SERIAL_NO           instead of the certificate: its serial number
  WECHATPAY_PRIVATE_KEY_FILE    path of the merchant's private key, apiclient_key.pem
  WECHATPAY_NOTIFY_URL          通知地址: the URL that receives notifications
  WECHATPAY_PUBLIC_KEY_ID       ID of WeChat Pay's public key, PUB_KEY_ID_...
  WECHATPAY_PUBLIC_KEY_FILE     path of WeChat Pay's public key, pub_key.pem
  WECHATPAY_PLATFORM_CERT_FILE  instead of or beside the public key: platform certificate
  WECHATPAY_API_V3_KEY          APIv3 key: for `notification` and `certificates`
  WECHATPAY_V2_KEY              APIv2 key: for `v2`
  WECHATPAY_BASE_URL            host, if it is not https://api.mch.weixin.qq.com
  WECHATPAY_CA_FILE             path of that host's certificate authority, if it is private

If none of them is set, the program starts a sandbox (沙箱) for this one command.";

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn command_line_is_accepted_by_clap() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_argument_has_help() {
        let mut program = Arguments::command();
        program.build();
        assert_has_help(&program);
    }

    #[track_caller]
    fn assert_has_help(command: &Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {argument}", command.get_name());
        }
        command
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
            .for_each(assert_has_help);
    }
}
