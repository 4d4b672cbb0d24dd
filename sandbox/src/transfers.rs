//! 商家转账: transfers to users, from their creation to their end.

use serde_json::Value;

use super::balance::Balance;
use super::calendar::Beijing;
use super::caller::Caller;
use super::refusal::Refusal;
use super::schema::text_of;
use super::transfer::{Transfer, TransferState};
use super::transfer_authorizations::Authorizations;
use super::transfer_error::TransferError;
use super::transfer_fields::{self as fields, ReportInfos};
use super::transfer_receipts::Receipts;
use super::unique_ids::UniqueIds;

/// The transfers of all merchants, in the order of their creation.
#[derive(Default)]
pub(super) struct Transfers {
    all: Vec<Transfer>,
    /// 运营账户: the balance that transfers are paid from.
    pub(super) balance: Balance,
    /// 实名: the real name of every user of the sandbox.
    pub(super) real_name: RealName,
    /// Whether transfers stay where they are: ACCEPTED, or TRANSFERING once confirmed.
    is_held: bool,
    pub(super) receipts: Receipts,
    pub(super) authorizations: Authorizations,
}

/// 张三, unless a test says otherwise.
pub(super) struct RealName(pub(super) String);

impl Default for RealName {
    fn default() -> Self {
        Self("张三".to_owned())
    }
}

/// A transfer, by one of its numbers.
pub(super) enum TransferNumber {
    OutBillNo(String),
    TransferBillNo(String),
}

impl Transfers {
    /// 发起转账: `parameters` are checked as far as tables go, and their name is decrypted.
    pub(super) fn create(
        &mut self,
        parameters: Value,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<&Transfer, Refusal> {
        let report_infos = match parameters.get("authorization_info") {
            Some(_) => ReportInfos::Optional,
            None => ReportInfos::Required,
        };
        fields::check(&parameters, report_infos)?;
        fields::check_user(&parameters, caller)?;
        if let Some(index) = self.repeated(&parameters, caller)? {
            return self.at(index);
        }
        if !self.is_held {
            self.take(fen(&parameters))?;
        }
        let is_named = self.is_real_name(&parameters);
        let mut transfer = new_transfer(parameters, caller, ids);
        if !self.is_held {
            transfer.funded_time = Some(caller.now);
            transfer.go(TransferState::WaitUserConfirm, caller.now);
        }
        if !is_named {
            transfer.fail("NAME_NOT_CORRECT", caller.now);
            give_back(&mut transfer, &mut self.balance, caller.now);
        }
        self.all.push(transfer);
        self.at(self.all.len().saturating_sub(1))
    }

    /// 免确认收款模式转账: paid at once, under an authorization.
    pub(super) fn pay_authorized(
        &mut self,
        parameters: Value,
        caller: &Caller<'_>,
        ids: &mut UniqueIds,
    ) -> Result<&Transfer, Refusal> {
        fields::check(&parameters, ReportInfos::Optional)?;
        if let Some(index) = self.repeated(&parameters, caller)? {
            return self.at(index);
        }
        let openid = self.authorizations.openid_for(&parameters, caller)?;
        self.take(fen(&parameters))?;
        let is_named = self.is_real_name(&parameters);
        let mut transfer = new_transfer(parameters, caller, ids);
        if let Some(parameters) = transfer.parameters.as_object_mut() {
            // The response shows it.
            parameters.insert("openid".to_owned(), openid.into());
        }
        transfer.funded_time = Some(caller.now);
        transfer.go(TransferState::Success, caller.now);
        if !is_named {
            transfer.fail("NAME_NOT_CORRECT", caller.now);
            give_back(&mut transfer, &mut self.balance, caller.now);
        }
        self.all.push(transfer);
        self.at(self.all.len().saturating_sub(1))
    }

    /// 查询转账单.
    pub(super) fn query(
        &self,
        number: &TransferNumber,
        caller: &Caller<'_>,
    ) -> Result<&Transfer, Refusal> {
        let transfer = self.find(number, caller.mchid).ok_or_else(Refusal::not_found)?;
        if caller.now.saturating_sub(transfer.create_time) > THIRTY_DAYS {
            return Err(Refusal::not_found());
        }
        Ok(transfer)
    }

    /// 撤销转账.
    pub(super) fn cancel(
        &mut self,
        out_bill_no: &str,
        caller: &Caller<'_>,
    ) -> Result<&Transfer, Refusal> {
        use TransferState::{Accepted, Canceling, Cancelled, Processing, WaitUserConfirm};
        let transfer = find_mut(&mut self.all, caller.mchid, out_bill_no);
        let transfer = transfer.ok_or_else(|| Refusal::invalid("转账单不存在"))?;
        match transfer.state {
            Accepted | Processing | WaitUserConfirm => transfer.go(Canceling, caller.now),
            Canceling | Cancelled => {}
            _ => return Err(Refusal::invalid("当前转账单状态不支持撤销")),
        }
        Ok(transfer)
    }

    /// The user confirms, also one who is quicker than a cancellation.
    pub(super) fn confirm(
        &mut self,
        mchid: &str,
        out_bill_no: &str,
        now: i64,
    ) -> Result<(), TransferError> {
        let is_held = self.is_held;
        let transfer = self.known(mchid, out_bill_no)?;
        match transfer.state {
            TransferState::WaitUserConfirm => {}
            TransferState::Canceling if transfer.is_funded() => {}
            state => return Err(TransferError::state(out_bill_no, state.as_str())),
        }
        let state = if is_held { TransferState::Transfering } else { TransferState::Success };
        transfer.go(state, now);
        Ok(())
    }

    /// The platform fails a transfer that has not ended.
    pub(super) fn fail(
        &mut self,
        mchid: &str,
        out_bill_no: &str,
        reason: &str,
        now: i64,
    ) -> Result<(), TransferError> {
        let Self { all, balance, .. } = self;
        let transfer = find_mut(all, mchid, out_bill_no)
            .ok_or_else(|| TransferError::not_found(out_bill_no))?;
        if transfer.state.is_final() {
            return Err(TransferError::state(out_bill_no, transfer.state.as_str()));
        }
        transfer.fail(reason, now);
        give_back(transfer, balance, now);
        Ok(())
    }

    /// Holds transfers where they are, or lets them go on.
    pub(super) fn hold(&mut self, is_held: bool, now: i64) {
        self.is_held = is_held;
        self.age(now);
    }

    /// Lets time pass: money is taken, cancellations end, and transfers that no user confirmed lapse.
    pub(super) fn age(&mut self, now: i64) {
        let Self { all, balance, is_held, authorizations, .. } = self;
        for transfer in all.iter_mut().filter(|transfer| !transfer.state.is_final()) {
            age(transfer, balance, *is_held, now);
        }
        authorizations.age(now);
    }

    /// The transfers that ended and were not reported yet, which count as reported now.
    pub(super) fn ended(&mut self) -> Vec<&Transfer> {
        let mut ended = Vec::new();
        for transfer in &mut self.all {
            if transfer.state.is_final() && !transfer.is_reported {
                transfer.is_reported = true;
                ended.push(&*transfer);
            }
        }
        ended
    }

    pub(super) fn find(&self, number: &TransferNumber, mchid: &str) -> Option<&Transfer> {
        self.all.iter().filter(|transfer| transfer.mchid == mchid).find(|transfer| match number {
            TransferNumber::OutBillNo(number) => transfer.number() == number,
            TransferNumber::TransferBillNo(number) => transfer.transfer_bill_no == *number,
        })
    }

    pub(super) fn of_package(&self, package_info: &str) -> Option<&Transfer> {
        self.all.iter().find(|transfer| transfer.package_info == package_info)
    }

    pub(super) fn all(&self) -> &[Transfer] {
        &self.all
    }

    fn known(&mut self, mchid: &str, number: &str) -> Result<&mut Transfer, TransferError> {
        find_mut(&mut self.all, mchid, number).ok_or_else(|| TransferError::not_found(number))
    }

    fn at(&self, index: usize) -> Result<&Transfer, Refusal> {
        self.all.get(index).ok_or_else(Refusal::not_found)
    }

    /// 重入: the transfer with the same number, if there is one and it may be repeated.
    fn repeated(&self, parameters: &Value, caller: &Caller<'_>) -> Result<Option<usize>, Refusal> {
        let number = text_of(parameters, "out_bill_no");
        let same =
            |transfer: &Transfer| transfer.mchid == caller.mchid && transfer.number() == number;
        let Some(index) = self.all.iter().position(same) else { return Ok(None) };
        let transfer = self.at(index)?;
        // Under an authorization, the openid was added to what was sent.
        let mut first = transfer.parameters.clone();
        if parameters.get("openid").is_none() {
            first.as_object_mut().map(|first| first.remove("openid"));
        }
        if first != *parameters {
            return Err(Refusal::invalid("单号已存在但信息不一致"));
        }
        if days(transfer.create_time, caller.now) >= DAYS_OF_RETRY {
            return Err(Refusal::invalid("对应单号已超出重试期,请查单确认后决定是否换单请求"));
        }
        if transfer.state.is_final() {
            return Err(Refusal::new(400, "ALREADY_EXISTS", "该单据已存在，请查单确认结果"));
        }
        Ok(Some(index))
    }

    fn take(&mut self, fen: u64) -> Result<(), Refusal> {
        if self.balance.take(fen) {
            return Ok(());
        }
        Err(Refusal::new(403, "NOT_ENOUGH", "运营账户余额不足，请充值后以原单号重新发起"))
    }

    fn is_real_name(&self, parameters: &Value) -> bool {
        let name = parameters.get("user_name").and_then(Value::as_str);
        // Without a key to decrypt with, a name is a ciphertext.
        name.is_none_or(|name| name == self.real_name.0 || !cfg!(feature = "aws-lc-rs"))
    }
}

/// The sandbox's own value, in seconds: long enough for a user to confirm before it.
const A_CANCELLATION: i64 = 30;

fn age(transfer: &mut Transfer, balance: &mut Balance, is_held: bool, now: i64) {
    use TransferState::{
        Accepted, Canceling, Cancelled, Processing, Success, Transfering, WaitUserConfirm,
    };
    let waited = now.saturating_sub(transfer.create_time);
    match transfer.state {
        Canceling if now >= transfer.update_time.saturating_add(A_CANCELLATION) => {
            transfer.go(Cancelled, now);
        }
        Transfering if !is_held => transfer.go(Success, now),
        Processing | WaitUserConfirm if waited >= A_DAY => transfer.fail("OVERDUE_CLOSE", now),
        Accepted | Processing if !is_held => {
            let is_funded = balance.take(transfer.amount());
            transfer.funded_time = is_funded.then_some(now);
            transfer.go(if is_funded { WaitUserConfirm } else { Processing }, now);
        }
        _ => {}
    }
    if transfer.state != Success && transfer.state.is_final() {
        give_back(transfer, balance, now);
    }
}

/// Puts the money of a transfer that is not paid back into the operation account.
fn give_back(transfer: &mut Transfer, balance: &mut Balance, now: i64) {
    if transfer.is_funded() {
        transfer.returned_time = Some(now);
        balance.put_back(transfer.amount());
    }
}

fn new_transfer(parameters: Value, caller: &Caller<'_>, ids: &mut UniqueIds) -> Transfer {
    Transfer {
        mchid: caller.mchid.to_owned(),
        parameters,
        transfer_bill_no: format!("13300{}{}", Beijing::at(caller.now).digits(), ids.decimals(20)),
        create_time: caller.now,
        update_time: caller.now,
        state: TransferState::Accepted,
        fail_reason: None,
        // As in the documents' sample, which ends so.
        package_info: format!("{}==", ids.hex()),
        payment_method_type: "CFT",
        funded_time: None,
        returned_time: None,
        is_reported: false,
    }
}

fn find_mut<'a>(all: &'a mut [Transfer], mchid: &str, number: &str) -> Option<&'a mut Transfer> {
    all.iter_mut().find(|transfer| transfer.mchid == mchid && transfer.number() == number)
}

fn fen(parameters: &Value) -> u64 {
    super::schema::fen_of(parameters, "/transfer_amount")
}

/// How many days in Beijing lie between two moments.
fn days(earlier: i64, later: i64) -> i64 {
    let day = |unix| i64::from(Beijing::at(unix).date().to_julian_day());
    day(later).saturating_sub(day(earlier))
}

const A_DAY: i64 = 24 * 60 * 60;
const THIRTY_DAYS: i64 = 30 * A_DAY;
/// Three calendar days, that of the creation included.
const DAYS_OF_RETRY: i64 = 3;

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::authorization_header::tests::{MCHID, NOW, merchants};
    use super::super::merchants::Merchants;
    use super::super::test_desk::{INVALID, Refused, UNLISTED, refused, short, with};
    use super::*;

    pub(crate) struct Till {
        pub(crate) transfers: Transfers,
        merchants: Merchants,
        ids: UniqueIds,
        pub(crate) now: i64,
    }

    impl Till {
        pub(crate) fn open() -> Self {
            let (transfers, ids) = (Transfers::default(), UniqueIds::new([9; 32]));
            Self { transfers, merchants: merchants(), ids, now: NOW }
        }

        pub(crate) fn create(&mut self, transfer: &Value) -> Result<Value, Refused> {
            let Self { transfers, merchants, ids, now } = self;
            let caller = Caller { mchid: MCHID, merchants, now: *now };
            transfers.age(*now);
            transfers.create(transfer.clone(), &caller, ids).map(Transfer::created).map_err(short)
        }

        fn state(&mut self, number: &str) -> &'static str {
            self.transfers.age(self.now);
            let number = TransferNumber::OutBillNo(number.to_owned());
            self.transfers.find(&number, MCHID).unwrap().state.as_str()
        }

        fn cancel(&mut self, number: &str) -> Result<&'static str, Refused> {
            let Self { transfers, merchants, now, .. } = self;
            let caller = Caller { mchid: MCHID, merchants, now: *now };
            let cancelled = transfers.cancel(number, &caller).map_err(short);
            cancelled.map(|transfer| transfer.state.as_str())
        }
    }

    pub(crate) fn transfer(number: &str) -> Value {
        json!({ "appid": "wx1", "out_bill_no": number, "transfer_scene_id": "1000",
            "openid": "oUser1", "transfer_amount": 100, "transfer_remark": "r",
            "transfer_scene_report_infos": [
                { "info_type": "活动名称", "info_content": "a" },
                { "info_type": "奖励说明", "info_content": "b" }] })
    }

    #[test]
    fn same_transfer_is_one_bill_for_three_days() {
        let mut till = Till::open();
        let first = till.create(&transfer("1")).unwrap();
        assert_eq!(first["state"], "WAIT_USER_CONFIRM");
        assert!(first["package_info"].as_str().unwrap().ends_with("=="));
        assert_eq!(till.create(&transfer("1")).unwrap(), first);
        let other = with(transfer("1"), "transfer_amount", json!(101));
        assert_eq!(till.create(&other), refused(400, INVALID, UNLISTED));
        till.now += A_DAY - 1;
        assert_eq!(till.create(&transfer("1")).unwrap(), first);
        till.now += 1;
        assert_eq!(till.create(&transfer("1")), refused(400, "ALREADY_EXISTS", UNLISTED));
        till.now += 2 * A_DAY;
        assert_eq!(till.create(&transfer("1")), refused(400, INVALID, UNLISTED));
    }

    #[test]
    fn transfer_waits_a_day_for_its_user() {
        let mut till = Till::open();
        till.transfers.balance = Balance::of(100);
        till.create(&transfer("1")).unwrap();
        assert_eq!(till.create(&transfer("2")), refused(403, "NOT_ENOUGH", UNLISTED));
        till.now += A_DAY;
        assert_eq!(till.state("1"), "FAIL");
        let failed = &till.transfers.ended()[0].notification();
        assert_eq!(failed["fail_reason"], "OVERDUE_CLOSE");
        assert!(till.transfers.ended().is_empty());
        // The transfer was returned to the balance.
        till.create(&transfer("2")).unwrap();
        till.transfers.confirm(MCHID, "2", till.now).unwrap();
        assert_eq!(till.state("2"), "SUCCESS");
        assert_eq!(till.create(&transfer("3")), refused(403, "NOT_ENOUGH", UNLISTED));
        assert_eq!(till.create(&transfer("2")), refused(400, "ALREADY_EXISTS", UNLISTED));
    }

    #[test]
    fn cancellation_loses_against_the_user() {
        let mut till = Till::open();
        till.create(&transfer("1")).unwrap();
        assert_eq!(till.cancel("1"), Ok("CANCELING"));
        assert_eq!(till.state("1"), "CANCELING");
        till.transfers.confirm(MCHID, "1", till.now).unwrap();
        assert_eq!(till.state("1"), "SUCCESS");
        assert_eq!(till.cancel("1"), refused(400, INVALID, UNLISTED));

        till.create(&transfer("2")).unwrap();
        till.cancel("2").unwrap();
        till.now += A_CANCELLATION;
        assert_eq!((till.state("2"), till.cancel("2")), ("CANCELLED", Ok("CANCELLED")));
        let error = till.transfers.confirm(MCHID, "2", till.now).unwrap_err();
        assert_eq!(error.current_state(), Some("CANCELLED"));
        assert_eq!(till.cancel("3"), refused(400, INVALID, UNLISTED));
    }

    #[test]
    fn held_transfer_has_no_package_info_and_needs_money() {
        let mut till = Till::open();
        till.transfers.hold(true, till.now);
        till.transfers.balance = Balance::of(100);
        for number in ["1", "2"] {
            let created = till.create(&transfer(number)).unwrap();
            assert_eq!(
                (&created["state"], created.get("package_info")),
                (&json!("ACCEPTED"), None)
            );
        }
        till.transfers.hold(false, till.now);
        assert!(till.create(&transfer("1")).unwrap()["package_info"].is_string());
        assert_eq!(till.state("2"), "PROCESSING");
        till.transfers.balance = Balance::of(100);
        assert_eq!(till.state("2"), "WAIT_USER_CONFIRM");
        till.transfers.hold(true, till.now);
        till.transfers.confirm(MCHID, "2", till.now).unwrap();
        assert_eq!(till.state("2"), "TRANSFERING");
        till.transfers.hold(false, till.now);
        assert_eq!(till.state("2"), "SUCCESS");
        // Without money for a day.
        till.transfers.hold(true, till.now);
        till.create(&transfer("3")).unwrap();
        till.transfers.hold(false, till.now);
        till.now += A_DAY;
        assert_eq!(till.state("3"), "FAIL");
    }

    #[test]
    fn rules_of_scene_name_and_amount_are_kept() {
        let parameter_error = || refused(400, "PARAM_ERROR", 268_435_461);
        let mut till = Till::open();
        let named = |amount: u64| {
            let transfer = with(transfer("1"), "user_name", json!("张三"));
            with(transfer, "transfer_amount", json!(amount))
        };
        assert_eq!(till.create(&named(29)), parameter_error());
        let unnamed = with(transfer("1"), "transfer_amount", json!(200_000));
        assert_eq!(till.create(&unnamed), parameter_error());
        let style = |amount: u64| {
            let style = with(transfer("1"), "user_recv_style", json!({ "type": "RED_PACKET" }));
            with(style, "transfer_amount", json!(amount))
        };
        assert_eq!(till.create(&style(20_001)), parameter_error());
        let infos = with(transfer("1"), "transfer_scene_report_infos", json!([]));
        assert_eq!(till.create(&infos), parameter_error());
        let perception = with(transfer("1"), "user_recv_perception", json!("货款"));
        assert_eq!(till.create(&perception), parameter_error());
        let foreign = with(transfer("1"), "openid", json!("other-1"));
        assert_eq!(till.create(&foreign), parameter_error());
        let scene = with(transfer("1"), "transfer_scene_id", json!("1006"));
        assert_eq!(till.create(&scene), refused(400, INVALID, UNLISTED));
        let appid = with(transfer("1"), "appid", json!("wx9"));
        assert_eq!(till.create(&appid), refused(400, INVALID, UNLISTED));
        assert_eq!(till.create(&style(20_000)).unwrap()["state"], "WAIT_USER_CONFIRM");
    }

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn another_name_than_the_real_one_fails() {
        let mut till = Till::open();
        let named = |number, name: &str| with(transfer(number), "user_name", json!(name));
        let failed = till.create(&named("1", "李四")).unwrap();
        assert_eq!(
            (&failed["state"], &failed["fail_reason"]),
            (&json!("FAIL"), &json!("NAME_NOT_CORRECT"))
        );
        assert_eq!(till.create(&named("2", "张三")).unwrap()["state"], "WAIT_USER_CONFIRM");
    }
}
