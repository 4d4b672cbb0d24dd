//! The methods of profit sharing by HTTPS and JSON.

use serde::Deserialize;
use serde_json::json;

use super::return_policy::ReturnPolicy;
use crate::calendar::unix_now;
use crate::command::{Command, CommandError, read};

/// The commands that are sent by POST.
pub(crate) const COMMANDS: &[(&str, Command)] = &[
    ("finish-split", |controller, body| {
        let SplitNumber { out_order_no } = read(body)?;
        let mut state = controller.state();
        let now = state.clock.business(unix_now());
        if state.finish_split(&out_order_no, now) {
            return Ok(json!({}));
        }
        let error = format!("the sandbox has no split {out_order_no} that is PROCESSING");
        Err(CommandError::new(404, error))
    }),
    ("fail-receiver", |controller, body| {
        let FailingReceiver { account, reason } = read(body)?;
        let failing = &mut controller.state().sharing.failing;
        match reason {
            Some(reason) => failing.insert(account, reason),
            None => failing.remove(&account),
        };
        Ok(json!({}))
    }),
    ("set-max-ratio", |controller, body| {
        let MaxRatio { max_ratio } = read(body)?;
        controller.state().sharing.max_ratio = max_ratio;
        Ok(json!({}))
    }),
    ("set-return-policy", |controller, body| {
        let NamedPolicy { mchid, policy } = read(body)?;
        let rule = "policy must be AGREED, NOT_AGREED, PROCESSING or BALANCE_TOO_LOW";
        let policy = ReturnPolicy::named(&policy).ok_or_else(|| CommandError::new(400, rule))?;
        controller.state().sharing.policies.insert(mchid, policy);
        Ok(json!({}))
    }),
    ("set-share-notify-url", |controller, body| {
        let NotifyUrl { notify_url } = read(body)?;
        controller.state().sharing.notify_url = notify_url;
        Ok(json!({}))
    }),
];

/// The commands that are sent by GET.
pub(crate) const LISTED: &[(&str, Command)] = &[("splits", |controller, _| {
    let mut state = controller.state();
    let splits = state.split_summaries(unix_now());
    let returns = state.return_summaries(unix_now());
    Ok(json!({ "splits": splits, "returns": returns }))
})];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitNumber {
    out_order_no: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailingReceiver {
    account: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaxRatio {
    max_ratio: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedPolicy {
    mchid: String,
    policy: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NotifyUrl {
    notify_url: String,
}
