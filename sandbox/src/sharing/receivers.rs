//! 添加分账接收方, 删除分账接收方: the receivers of each merchant.

use serde_json::{Value, json};

use crate::json::put;
use crate::refusal::Refusal;
use crate::schema::text_of;

/// The receivers of every merchant.
#[derive(Default)]
pub(super) struct Receivers(Vec<Receiver>);

/// A receiver of a merchant.
struct Receiver {
    /// The merchant whose money is split.
    payer: String,
    r#type: String,
    account: String,
    /// In plain text.
    name: Option<String>,
    relation_type: String,
    custom_relation: Option<String>,
}

impl Receivers {
    /// A second time changes nothing.
    pub(super) fn add(&mut self, payer: &str, request: &Value) -> Result<Value, Refusal> {
        let text = |name| text_of(request, name).to_owned();
        let optional = |name| request.get(name).and_then(Value::as_str).map(str::to_owned);
        if (text("relation_type") == "CUSTOM") != request.get("custom_relation").is_some() {
            return Err(Refusal::invalid("自定义的分账关系与关系类型不一致"));
        }
        check_name(request)?;
        if self.find(payer, request).is_none() {
            self.0.push(Receiver {
                payer: payer.to_owned(),
                r#type: text("type"),
                account: text("account"),
                name: optional("name"),
                relation_type: text("relation_type"),
                custom_relation: optional("custom_relation"),
            });
        }
        let receiver = self.find(payer, request).map(Receiver::describe);
        receiver.ok_or_else(|| Refusal::new(500, "SYSTEM_ERROR", "系统异常"))
    }

    pub(super) fn delete(&mut self, payer: &str, request: &Value) -> Value {
        self.0.retain(|receiver| !receiver.is(payer, request));
        json!({ "type": text_of(request, "type"), "account": text_of(request, "account") })
    }

    /// Whether a receiver of a split was added, and with this name.
    pub(super) fn check(&self, payer: &str, receiver: &Value) -> Result<(), Refusal> {
        check_name(receiver)?;
        let is_own = text_of(receiver, "type") == "MERCHANT_ID";
        if is_own && text_of(receiver, "account") == payer {
            return Ok(());
        }
        let known = self.find(payer, receiver);
        let known = known.ok_or_else(|| Refusal::invalid("分账接收方关系不存在，请先添加"))?;
        let name = receiver.get("name").and_then(Value::as_str);
        match (known.name.as_deref(), name) {
            (Some(known), Some(name)) if known != name => {
                Err(Refusal::invalid("分账接收方姓名或名称不匹配"))
            }
            _ => Ok(()),
        }
    }

    fn find(&self, payer: &str, request: &Value) -> Option<&Receiver> {
        self.0.iter().find(|receiver| receiver.is(payer, request))
    }
}

/// A merchant has a name.
fn check_name(receiver: &Value) -> Result<(), Refusal> {
    if text_of(receiver, "type") == "MERCHANT_ID" && receiver.get("name").is_none() {
        return Err(Refusal::new(400, "PARAM_ERROR", "分账接收方全称不能为空"));
    }
    Ok(())
}

impl Receiver {
    fn is(&self, payer: &str, request: &Value) -> bool {
        self.payer == payer
            && self.r#type == text_of(request, "type")
            && self.account == text_of(request, "account")
    }

    fn describe(&self) -> Value {
        let mut output = json!({
            "type": self.r#type,
            "account": self.account,
            "relation_type": self.relation_type,
        });
        let optional = [("name", &self.name), ("custom_relation", &self.custom_relation)];
        for (name, value) in optional {
            if let Some(value) = value {
                put(&mut output, name, value.as_str());
            }
        }
        output
    }
}
