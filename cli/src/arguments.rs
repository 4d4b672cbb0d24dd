//! The command line: all commands, by family.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use wechatpay_sandbox::settings;

use crate::chinese::in_chinese;
use crate::failure::{Failure, Result};
use crate::language::{Language, language};
use crate::output;
use crate::session::{self, Session};
use crate::usage_error::Stop;
use crate::{
    bill, call, certificates, combine, doctor, encryption, notification, order, refund, sandbox,
    sharing, sign, transfer, v2,
};

/// WeChat Pay (微信支付) from the command line
#[derive(Parser)]
#[command(name = "wechatpay", version, after_long_help = NOTES)]
pub(crate) struct Arguments {
    /// File with the settings, NAME=value in each line; the environment is not read then
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Tries the command in a sandbox (沙箱) that it starts for itself, whatever the settings are
    #[arg(long, global = true, conflicts_with = "settings")]
    sandbox: bool,
    /// Writes errors and notes as JSON objects: error, problems, outcome, retry, code, request_id
    #[arg(long, global = true)]
    json: bool,
    /// 语言: language of errors and help; by default that of the locale
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<Language>,
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
    Transfer(transfer::Verb),
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
    #[command(flatten)]
    Sandbox(sandbox::Family),
    /// Prints the completions of a shell
    Completions {
        /// Shell that reads them
        shell: Shell,
    },
    /// Prints the man page
    Man,
}

/// Reads the arguments of the program.
pub(crate) fn parse() -> std::result::Result<Arguments, Stop> {
    let program = program(language());
    let matches = program.clone().try_get_matches();
    match matches.and_then(|mut matches| Arguments::from_arg_matches_mut(&mut matches)) {
        Ok(arguments) => Ok(arguments),
        Err(error) => Err(Stop::new(&error, program, env::args_os())),
    }
}

fn program(language: Language) -> clap::Command {
    match language {
        Language::En => Arguments::command(),
        Language::Zh => in_chinese(Arguments::command(), CHINESE_NOTES),
    }
}

impl Arguments {
    pub(crate) fn run(self) -> Result<ExitCode> {
        if let Some(file) = &self.settings {
            settings::use_file(file).map_err(Failure::of_settings)?;
        }
        if self.sandbox {
            session::use_sandbox();
        }
        self.command.run()
    }
}

impl Command {
    fn run(self) -> Result<ExitCode> {
        match self {
            Self::Order(verb) => verb.run(&Session::open()?),
            Self::Combine(verb) => verb.run(&Session::open()?),
            Self::Refund(verb) => verb.run(&Session::open()?),
            Self::Sharing(verb) => verb.run(&Session::open()?),
            Self::Transfer(verb) => verb.run(&Session::open()?),
            Self::Bill(verb) => verb.run(&Session::open()?),
            Self::Certificates(verb) => verb.run(&Session::open_with(&[API_V3_KEY])?),
            Self::Notification(verb) => verb.run(&Session::open_with(&[API_V3_KEY])?),
            Self::Sign(verb) => verb.run(&Session::open()?),
            Self::Call(verb) => verb.run(&Session::open()?),
            Self::Encryption(verb) => verb.run(&Session::open()?),
            Self::V2(family) => family.run(&Session::open_with(&["WECHATPAY_V2_KEY"])?),
            Self::Doctor(verb) => verb.run(),
            Self::Sandbox(family) => family.run(),
            Self::Completions { shell } => return output::print_text(&completions(shell)),
            Self::Man => return output::print_text(&manual()?),
        }?
        .print()
    }
}

fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "wechatpay", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn manual() -> Result<String> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut text)
        .map_err(|error| Failure::Unprinted { what: error.to_string(), is_write: false })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

const API_V3_KEY: &str = "WECHATPAY_API_V3_KEY";

const NOTES: &str = "\
Output:
  The result is one JSON value on standard output, with WeChat Pay's field names. Errors and notes go to
  standard error: what is wrong, what may have happened, and what to do next.

Exit status:
  0  done
  1  refused, invalid or not sent; or `doctor` found a problem
  2  wrong arguments or settings
  3  outcome unknown: WeChat Pay may have processed the request
  4  there is no bill for that day (NO_STATEMENT_EXIST)

Settings (environment variables, or the lines of --settings FILE):
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

With --sandbox the program starts a sandbox (沙箱) for this one command instead.";

const CHINESE_NOTES: &str = "\
输出：
  结果是标准输出上的一个 JSON 值，字段名与微信支付相同。错误写到标准错误：
  哪里不对、可能发生了什么、下一步做什么。

退出码：
  0  成功
  1  被拒绝、取值不合规或没有发出；或 doctor 发现了问题
  2  参数或配置有误
  3  结果未知：微信支付可能已经处理了请求
  4  当天没有账单（NO_STATEMENT_EXIST）

配置（环境变量，或 --settings FILE 中的各行）：
  WECHATPAY_APPID               应用ID
  WECHATPAY_MCHID               商户号
  WECHATPAY_CERT_FILE           商户API证书 apiclient_cert.pem 的路径
  WECHATPAY_SERIAL_NO           没有证书文件时：证书序列号
  WECHATPAY_PRIVATE_KEY_FILE    商户API私钥 apiclient_key.pem 的路径
  WECHATPAY_NOTIFY_URL          通知地址
  WECHATPAY_PUBLIC_KEY_ID       微信支付公钥ID，PUB_KEY_ID_...
  WECHATPAY_PUBLIC_KEY_FILE     微信支付公钥 pub_key.pem 的路径
  WECHATPAY_PLATFORM_CERT_FILE  代替公钥，或与公钥并存：平台证书的路径
  WECHATPAY_API_V3_KEY          APIv3密钥，用于 notification 和 certificates
  WECHATPAY_V2_KEY              APIv2密钥，用于 v2
  WECHATPAY_BASE_URL            不是 https://api.mch.weixin.qq.com 时的地址
  WECHATPAY_CA_FILE             该地址使用私有证书时，其根证书的路径

用 --sandbox 时不读配置，程序只为这一条命令启动一个沙箱。";

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
