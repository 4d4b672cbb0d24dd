//! Why a command has no result, and the exit status that follows from it.

use std::error::Error;
use std::fmt;
use std::path::Path;

use serde_json::{Value, json};
use wechatpay::notify::Refusal;
use wechatpay::{Code, ErrorKind, Outcome, Retry, Untrusted};
use wechatpay_sandbox::settings::Problems;

use crate::input_name::name_of;
use crate::language::{Language, language};
use crate::terminal::{json_without_controls, one_line};

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a command has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments do not fit together.
    Arguments { what: String, usage: String },
    /// An argument has a wrong value.
    Usage(String),
    /// A file that an argument names cannot be read or written.
    File(String),
    /// The settings are wrong: every problem that was found.
    Settings(Vec<String>),
    /// A file contains a request that is wrong: every problem that was found.
    Body { file: String, problems: Vec<String> },
    /// The request is wrong.
    Invalid(String),
    /// A notification is not verified, or cannot be read.
    Notification(Refusal),
    /// The sandbox did not carry out a command.
    Sandbox(String),
    /// A call ended in an error.
    Call(wechatpay::Error),
    /// The result could not be printed.
    Unprinted { what: String, is_write: bool },
}

/// The exit status of wrong arguments or settings.
pub(crate) const WRONG_USE: u8 = 2;

impl Failure {
    /// For an error on the way to a session.
    pub(crate) fn of_settings(error: Box<dyn Error>) -> Self {
        let problems = match error.downcast_ref::<Problems>() {
            Some(problems) => problems.list().to_vec(),
            None => vec![error.to_string()],
        };
        Self::Settings(problems)
    }

    /// For an error of the library in what a file contains.
    pub(crate) fn in_file(file: &Path, error: wechatpay::Error) -> Self {
        let ErrorKind::Invalid(invalid) = error.kind() else { return Self::Call(error) };
        let problems = invalid.violations().iter();
        let problems = problems.map(|problem| format!("{} {}", problem.path, problem.rule));
        Self::Body { file: name_of(file), problems: problems.collect() }
    }

    /// Of a command that changes nothing.
    pub(crate) fn of_read(self) -> Self {
        match self {
            Self::Unprinted { what, .. } => Self::Unprinted { what, is_write: false },
            other => other,
        }
    }

    /// What went wrong, without its consequence.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Arguments { what, .. }
            | Self::Usage(what)
            | Self::File(what)
            | Self::Sandbox(what)
            | Self::Invalid(what) => what.clone(),
            Self::Settings(problems) => problems.join("; "),
            Self::Body { file, problems } => format!("{file}: {}", problems.join("; ")),
            Self::Notification(refusal) => refusal.to_string(),
            Self::Call(error) => error.to_string(),
            Self::Unprinted { what, .. } => format!("the result cannot be written: {what}"),
        }
    }

    /// Each thing that went wrong.
    fn problems(&self) -> Vec<String> {
        match self {
            Self::Settings(problems) => problems.clone(),
            Self::Body { file, problems } => {
                problems.iter().map(|problem| format!("{file}: {problem}")).collect()
            }
            _ => vec![self.what()],
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Arguments { .. } | Self::Usage(_) | Self::File(_) | Self::Settings(_) => {
                WRONG_USE
            }
            Self::Body { .. } | Self::Invalid(_) | Self::Notification(_) | Self::Sandbox(_) => {
                FAILED
            }
            Self::Call(error) if matches!(error.kind(), ErrorKind::Output { .. }) => FAILED,
            Self::Call(error)
                if error.api().is_some_and(|api| api.code == Code::NO_STATEMENT_EXIST) =>
            {
                NO_BILL
            }
            Self::Call(error) => match error.outcome() {
                Outcome::NotSent | Outcome::Refused => FAILED,
                Outcome::Unknown => UNKNOWN,
            },
            Self::Unprinted { is_write: false, .. } => FAILED,
            Self::Unprinted { is_write: true, .. } => UNKNOWN,
        }
    }

    /// What may have happened.
    fn outcome(&self, language: Language) -> &'static str {
        let (english, chinese) = match self {
            Self::Arguments { .. }
            | Self::Usage(_)
            | Self::File(_)
            | Self::Settings(_)
            | Self::Body { .. }
            | Self::Invalid(_) => NOT_SENT,
            Self::Notification(_) => ("the notification was not opened", "回调通知没有通过验证"),
            Self::Sandbox(_) => ("the sandbox did not carry out the command", "沙箱没有执行该命令"),
            Self::Call(error) => match error.outcome() {
                Outcome::NotSent => NOT_SENT,
                Outcome::Refused => ("WeChat Pay refused the request", "微信支付拒绝了请求"),
                Outcome::Unknown if error.is_read() => (
                    "no result; nothing changed at WeChat Pay",
                    "没有结果；微信支付那里没有任何变化",
                ),
                Outcome::Unknown => (
                    "unknown: WeChat Pay may have processed the request",
                    "未知：微信支付可能已经处理了请求",
                ),
            },
            Self::Unprinted { is_write: false, .. } => {
                ("nothing changed at WeChat Pay", "微信支付那里没有任何变化")
            }
            Self::Unprinted { is_write: true, .. } => {
                ("WeChat Pay processed the request", "微信支付已经处理了请求")
            }
        };
        language.choose(english, chinese)
    }

    /// What to do next.
    fn advice(&self, language: Language) -> String {
        let (english, chinese) = match self {
            Self::Arguments { usage, .. } => {
                return format!("{}{usage}", language.choose("use: ", "用法："));
            }
            Self::Usage(_) => ("see `wechatpay --help`", "见 `wechatpay --help`"),
            Self::File(_) => ("use a file that can be read or written", "换一个可以读写的文件"),
            Self::Settings(_) => {
                ("check the settings with `wechatpay doctor`", "用 `wechatpay doctor` 检查配置")
            }
            Self::Body { .. } | Self::Invalid(_) => CORRECT,
            Self::Notification(Refusal::Untrusted(Untrusted::Stale { .. })) => (
                "if the notification was received earlier, set --received TIME",
                "如果是先前收到的通知，用 --received TIME 给出收到的时间",
            ),
            Self::Notification(_) => ("do not ship; query the order", "不要发货，先查询订单"),
            Self::Sandbox(_) => (
                "check the number with `wechatpay sandbox log`, and the settings",
                "用 `wechatpay sandbox log` 检查单号，并检查配置",
            ),
            Self::Call(error) => {
                let (english, chinese) = match error.retry() {
                    Retry::Never => CORRECT,
                    Retry::SameRequest if error.is_read() => ("retry after a pause", "稍后重试"),
                    Retry::SameRequest => (
                        "after a pause, send the identical request again, with the same number",
                        "稍后原样重发，单号不变",
                    ),
                    Retry::QueryFirst => ("query by the same number first", "先用同一个单号查询"),
                };
                // In English, the error contains it.
                let of_code = error.api().and_then(|api| api.code.advice_zh());
                match of_code.filter(|_| language == Language::Zh) {
                    Some(advice) => return format!("{chinese}；{advice}"),
                    None => (english, chinese),
                }
            }
            Self::Unprinted { is_write: false, .. } => {
                ("run the same command again", "再次执行同一条命令")
            }
            Self::Unprinted { is_write: true, .. } => (
                "run the same command again, or query by its number",
                "再次执行同一条命令，或者用单号查询",
            ),
        };
        language.choose(english, chinese).to_owned()
    }

    /// One JSON object, for scripts.
    pub(crate) fn to_json(&self) -> String {
        let mut object = json!({"error": self.what(), "status": self.status()});
        let mut put = |name: &str, value: Value| {
            if let Some(object) = object.as_object_mut() {
                object.insert(name.to_owned(), value);
            }
        };
        let (outcome, retry) = match self {
            Self::Call(error) => (error.outcome(), error.retry()),
            Self::Unprinted { is_write: true, .. } => (Outcome::Unknown, Retry::QueryFirst),
            _ => (Outcome::NotSent, Retry::Never),
        };
        put("outcome", format!("{outcome:?}").into());
        put("retry", format!("{retry:?}").into());
        put("advice", self.advice(language()).into());
        if let Self::Body { problems, .. } | Self::Settings(problems) = self {
            put("problems", problems.clone().into());
        }
        if let Self::Body { file, .. } = self {
            put("file", file.as_str().into());
        }
        if let Self::Call(error) = self {
            if let Some(api) = error.api() {
                put("http_status", api.status.into());
                put("code", api.code.as_str().into());
                put("message", api.message.as_str().into());
                put("request_id", api.request_id.clone().into());
            }
        }
        format!("{}\n", json_without_controls(&object.to_string()))
    }
}

impl From<wechatpay::Error> for Failure {
    fn from(error: wechatpay::Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let language = language();
        let [error, outcome, next] =
            language.choose(["error: ", "outcome: ", "advice: "], ["错误：", "结果：", "建议："]);
        // Each part is one line, whatever was received.
        for problem in self.problems() {
            writeln!(f, "{error}{}", one_line(&problem))?;
        }
        let advice = one_line(&self.advice(language));
        write!(f, "{outcome}{}\n{next}{advice}", self.outcome(language))
    }
}

/// The exit status if WeChat Pay refused.
pub(crate) const FAILED: u8 = 1;
/// The exit status if the outcome is unknown.
pub(crate) const UNKNOWN: u8 = 3;
/// `NO_STATEMENT_EXIST`: for a job that downloads the bill of every day, this is no failure.
const NO_BILL: u8 = 4;
const NOT_SENT: (&str, &str) = ("nothing was sent to WeChat Pay", "没有向微信支付发送任何请求");
const CORRECT: (&str, &str) = ("correct what the error names", "改正错误指出的问题");
