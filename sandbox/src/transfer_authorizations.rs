//! 免确认收款授权: authorizations of users for transfers without a confirmation each.

use serde_json::{Value, json};

use super::calendar::Beijing;
use super::caller::Caller;
use super::json::put;
use super::refusal::{Location, Refusal};
use super::schema::text_of;
use super::transfer_error::TransferError;
use super::transfer_fields::{self as fields, ReportInfos};
use super::unique_ids::UniqueIds;

/// The authorizations of all merchants, in the order of their creation.
#[derive(Default)]
pub(super) struct Authorizations {
    all: Vec<Authorization>,
}

/// An authorization, asked for alone or beside a transfer.
pub(super) struct Authorization {
    pub(super) mchid: String,
    /// The fields of the request: a repetition must have the same.
    pub(super) parameters: Value,
    pub(super) create_time: i64,
    pub(super) state: AuthorizationState,
    /// 微信转账授权单号 and 授权时间, once the user has agreed.
    pub(super) agreed: Option<(String, i64)>,
    /// 授权关闭时间 and 授权关闭原因.
    pub(super) closed: Option<(i64, &'static str)>,
    pub(super) package_info: String,
    /// Asked for beside a transfer: until the user agrees, there is none.
    is_beside_transfer: bool,
    /// Whether its present state was reported.
    is_reported: bool,
}

/// 授权状态.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthorizationState {
    WaitUserConfirm,
    TakingEffect,
    Closed,
}

impl Authorizations {
    /// 发起免确认收款授权.
    pub(super) fn request(
        &mut self,
        parameters: Value,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<&Authorization, Refusal> {
        fields::check_scene(&parameters, ReportInfos::Optional)?;
        fields::check_user(&parameters, caller)?;
        self.add(parameters, false, caller, ids)
    }

    /// The authorization beside a transfer.
    pub(super) fn request_beside(
        &mut self,
        transfer: &Value,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<(), Refusal> {
        let Some(info) = transfer.get("authorization_info") else { return Ok(()) };
        let mut parameters = info.clone();
        for name in ["appid", "openid", "transfer_scene_id", "user_recv_perception"] {
            if let Some(value) = transfer.get(name) {
                put(&mut parameters, name, value.clone());
            }
        }
        self.add(parameters, true, caller, ids).map(drop)
    }

    fn add(
        &mut self,
        parameters: Value,
        is_beside_transfer: bool,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<&Authorization, Refusal> {
        let number = text_of(&parameters, "out_authorization_no");
        if let Some(index) = self.position(caller.mchid, number) {
            let known = self.all.get(index).ok_or_else(Refusal::not_found)?;
            if known.parameters != parameters {
                return Err(Refusal::invalid("单号已存在但信息不一致"));
            }
            return Ok(known);
        }
        let same_user = |known: &&Authorization| {
            let same = |name| text_of(&known.parameters, name) == text_of(&parameters, name);
            known.state != AuthorizationState::Closed && same("openid") && same("transfer_scene_id")
        };
        if self.all.iter().filter(same_user).count() >= MOST_OF_A_USER {
            return Err(Refusal::invalid("用户在该场景下的授权数超过限制"));
        }
        self.all.push(Authorization {
            mchid: caller.mchid.to_owned(),
            parameters,
            create_time: caller.now,
            state: AuthorizationState::WaitUserConfirm,
            agreed: None,
            closed: None,
            package_info: format!("{}==", ids.hex()),
            is_beside_transfer,
            is_reported: true,
        });
        self.all.last().ok_or_else(Refusal::not_found)
    }

    /// 商户单号查询授权结果.
    pub(super) fn query(&self, mchid: &str, number: &str) -> Result<&Authorization, Refusal> {
        let index = self.position(mchid, number).ok_or_else(Refusal::not_found)?;
        let known = self.all.get(index).ok_or_else(Refusal::not_found)?;
        let is_silent = known.is_beside_transfer && known.agreed.is_none();
        if is_silent { Err(Refusal::not_found()) } else { Ok(known) }
    }

    /// 解除免确认收款授权.
    pub(super) fn close(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
    ) -> Result<&Authorization, Refusal> {
        let index = self.position(mchid, number).ok_or_else(Refusal::not_found)?;
        let known = self.all.get_mut(index).ok_or_else(Refusal::not_found)?;
        if known.state != AuthorizationState::Closed {
            known.close(now, "CLOSE_VIA_MCH_API");
        }
        Ok(known)
    }

    /// The user agrees.
    pub(super) fn confirm(
        &mut self,
        mchid: &str,
        number: &str,
        now: i64,
        ids: &mut UniqueIds,
    ) -> Result<(), TransferError> {
        let index = self.position(mchid, number);
        let known = index.and_then(|index| self.all.get_mut(index));
        let known = known.ok_or_else(|| TransferError::not_found(number))?;
        if known.state != AuthorizationState::WaitUserConfirm {
            return Err(TransferError::state(number, known.state.as_str()));
        }
        known.state = AuthorizationState::TakingEffect;
        known.agreed = Some((format!("66{}", ids.decimals(18)), now));
        known.is_reported = false;
        Ok(())
    }

    /// The openid that a transfer under an authorization goes to.
    pub(super) fn openid_for(
        &self,
        transfer: &Value,
        caller: &Caller<'_>,
    ) -> Result<String, Refusal> {
        let (number, id) = (transfer.get("out_authorization_no"), transfer.get("authorization_id"));
        if number.is_some() == id.is_some() {
            let issue =
                "one of authorization_id and out_authorization_no is required, and not both";
            return Err(Refusal::parameter(Location::Body, "/authorization_id", id, issue));
        }
        let is_meant = |known: &&Authorization| {
            let own_id = known.agreed.as_ref().map(|(id, _)| id.as_str());
            known.mchid == caller.mchid
                && match id.and_then(Value::as_str) {
                    Some(id) => own_id == Some(id),
                    None => known.number() == text_of(transfer, "out_authorization_no"),
                }
        };
        let known = self.all.iter().find(is_meant).ok_or_else(Refusal::not_found)?;
        let differs = |name| text_of(&known.parameters, name) != text_of(transfer, name);
        if differs("appid") || differs("transfer_scene_id") {
            return Err(Refusal::invalid("appid或转账场景与授权不一致"));
        }
        match known.state {
            AuthorizationState::TakingEffect => Ok(text_of(&known.parameters, "openid").to_owned()),
            AuthorizationState::Closed => {
                Err(Refusal::new(400, "ORDER_CLOSED", "授权已关闭，请用户重新授权"))
            }
            AuthorizationState::WaitUserConfirm => Err(Refusal::invalid("用户尚未授权")),
        }
    }

    /// Closes those that no user confirmed within a day.
    pub(super) fn age(&mut self, now: i64) {
        for known in &mut self.all {
            let waits = known.state == AuthorizationState::WaitUserConfirm;
            if waits && now.saturating_sub(known.create_time) >= A_DAY {
                known.close(now, "USER_OVERDUE_UNCONFIRMED");
                // An authorization that was requested beside a transfer is not reported if it was
                // never given.
                known.is_reported |= known.is_beside_transfer;
            }
        }
    }

    /// The authorizations whose state was not reported yet, which count as reported now.
    pub(super) fn changed(&mut self) -> Vec<&Authorization> {
        let mut changed = Vec::new();
        for known in &mut self.all {
            if !std::mem::replace(&mut known.is_reported, true) {
                changed.push(&*known);
            }
        }
        changed
    }

    pub(super) fn of_package(&self, package_info: &str) -> Option<&Authorization> {
        self.all.iter().find(|known| known.package_info == package_info)
    }

    fn position(&self, mchid: &str, number: &str) -> Option<usize> {
        self.all.iter().position(|known| known.mchid == mchid && known.number() == number)
    }
}

impl Authorization {
    /// 商户侧授权单号.
    pub(super) fn number(&self) -> &str {
        text_of(&self.parameters, "out_authorization_no")
    }

    /// The response of the call that asks for it.
    pub(super) fn requested(&self) -> Value {
        json!({
            "out_authorization_no": self.number(),
            "state": self.state.as_str(),
            "create_time": Beijing::at(self.create_time).rfc3339(),
            "package_info": self.package_info,
        })
    }

    /// The JSON of queries and notifications.
    pub(super) fn describe(&self) -> Value {
        let mut output = json!({
            "state": self.state.as_str(),
            "create_time": Beijing::at(self.create_time).rfc3339(),
        });
        let names = [
            "out_authorization_no",
            "appid",
            "openid",
            "user_display_name",
            "transfer_scene_id",
            "user_recv_perception",
        ];
        for name in names {
            if let Some(value) = self.parameters.get(name) {
                put(&mut output, name, value.clone());
            }
        }
        if let Some((id, time)) = &self.agreed {
            put(&mut output, "authorization_id", id.as_str());
            put(&mut output, "authorize_time", Beijing::at(*time).rfc3339());
        }
        if let Some((time, reason)) = self.closed {
            let info = json!({ "close_time": Beijing::at(time).rfc3339(), "close_reason": reason });
            put(&mut output, "close_info", info);
        }
        output
    }

    fn close(&mut self, now: i64, reason: &'static str) {
        (self.state, self.closed, self.is_reported) =
            (AuthorizationState::Closed, Some((now, reason)), false);
    }
}

impl AuthorizationState {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::WaitUserConfirm => "WAIT_USER_CONFIRM",
            Self::TakingEffect => "TAKING_EFFECT",
            Self::Closed => "CLOSED",
        }
    }
}

/// Waiting and in effect, of one user in one scene.
const MOST_OF_A_USER: usize = 5;
const A_DAY: i64 = 24 * 60 * 60;
