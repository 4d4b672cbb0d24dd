//! 分账账单: a line for each share that was paid and each return that succeeded. The columns are the sandbox's own,
//! because the documents do not list those of the service.

use serde_json::Value;

use super::return_result::ReturnResult;
use super::split::ShareResult;
use super::state::Sharing;
use crate::bills::{Day, csv};
use crate::calendar::Beijing;
use crate::money::yuan;

impl Sharing {
    /// The file of a merchant for a day, unless there is nothing to say.
    pub(super) fn bill(&self, mchid: &str, query: &Value, day: Day) -> Option<Vec<u8>> {
        let wanted = query.get("sub_mchid").and_then(Value::as_str);
        let is_own = |owner: &str, sub_mchid: Option<&str>| {
            owner == mchid && (wanted.is_none() || sub_mchid == wanted)
        };
        let mut rows: Vec<(i64, Vec<String>)> = Vec::new();
        for split in self.splits.iter().filter(|it| is_own(&it.mchid, it.sub_mchid.as_deref())) {
            let paid = split.shares.iter().filter(|share| share.result == ShareResult::Success);
            for share in paid {
                let Some(time) = share.end_time.filter(|time| day.contains(*time)) else {
                    continue;
                };
                let kind = if split.is_unfreeze { "解冻" } else { "分账" };
                let texts = [split.transaction_id(), &split.order_id, split.number(), kind];
                let row = row(time, texts, &share.account, share.amount, &share.description);
                rows.push((time, row));
            }
        }
        for it in self.returns.iter().filter(|it| is_own(&it.mchid, it.sub_mchid.as_deref())) {
            let time = it.end_time.filter(|time| day.contains(*time));
            if let (Some(time), ReturnResult::Success) = (time, it.result) {
                let texts = [it.transaction_id.as_str(), &it.return_id, it.number(), "分账回退"];
                rows.push((time, row(time, texts, it.return_mchid(), it.amount(), "")));
            }
        }
        rows.sort_by_key(|(time, _)| *time);
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(_, row)| row).collect();
        let count = [rows.len().to_string()];
        (!rows.is_empty()).then(|| csv(&COLUMNS, &rows, &["总笔数"], &count))
    }
}

fn row(time: i64, texts: [&str; 4], account: &str, amount: u64, description: &str) -> Vec<String> {
    let mut row = vec![Beijing::at(time).plain()];
    row.extend(texts.map(str::to_owned));
    row.extend([account.to_owned(), yuan(amount), description.to_owned()]);
    row
}

const COLUMNS: [&str; 8] = [
    "分账时间",
    "微信订单号",
    "微信分账/回退单号",
    "商户分账/回退单号",
    "业务类型",
    "分账接收方",
    "金额",
    "描述",
];
