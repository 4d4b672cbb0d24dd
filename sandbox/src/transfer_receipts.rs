//! 电子回单: receipts of transfers, and their files.

use std::collections::HashMap;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::calendar::Beijing;
use super::caller::Caller;
use super::json::put;
use super::money::yuan;
use super::refusal::Refusal;
use super::schema::text_of;
use super::transfer::{Transfer, TransferState};
use super::unique_ids::UniqueIds;

/// The receipts that were applied for, by 微信转账单号, and the links to their files, by token.
#[derive(Default)]
pub(super) struct Receipts {
    /// When each was applied for, in business time.
    applied: HashMap<String, i64>,
    links: HashMap<String, Link>,
}

struct Link {
    mchid: String,
    bytes: Vec<u8>,
    expires: i64,
}

impl Receipts {
    /// 申请电子回单.
    pub(super) fn apply(&mut self, transfer: &Transfer, now: i64) -> Result<Value, Refusal> {
        if transfer.state != TransferState::Success {
            return Err(Refusal::invalid("转账单状态不是SUCCESS，不能申请电子回单"));
        }
        if !transfer.names_user() {
            return Err(Refusal::invalid("转账时未传入收款用户姓名，不能申请电子回单"));
        }
        if now.saturating_sub(transfer.create_time) > SIX_MONTHS {
            return Err(Refusal::invalid("转账单已超过6个月，不能申请电子回单"));
        }
        let applied = self.applied.entry(transfer.transfer_bill_no.clone()).or_insert(now);
        if now.saturating_sub(*applied) > KEPT {
            *applied = now;
        }
        Ok(describe(*applied, now))
    }

    /// 查询电子回单: each query of one that is ready has a new link.
    pub(super) fn query(
        &mut self,
        transfer: &Transfer,
        base_url: &str,
        now: i64,
        ids: &mut UniqueIds,
    ) -> Result<Value, Refusal> {
        let applied = self.applied.get(&transfer.transfer_bill_no);
        let applied = applied.filter(|applied| now.saturating_sub(**applied) <= KEPT);
        let applied = *applied.ok_or_else(Refusal::not_found)?;
        let mut output = describe(applied, now);
        put(&mut output, "update_time", Beijing::at(now).rfc3339());
        if text_of(&output, "state") == "FINISHED" {
            let bytes = pdf(transfer);
            // In upper case, as in the documents' sample.
            let hash = digest(&SHA256, &bytes);
            let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
            let token = ids.hex();
            let expires = now.saturating_add(LIFETIME);
            self.links
                .insert(token.clone(), Link { mchid: transfer.mchid.clone(), bytes, expires });
            put(&mut output, "hash_type", "SHA256");
            put(&mut output, "hash_value", hash);
            let url = format!("{base_url}/v3/transferdownload/elecvoucherfile?token={token}");
            put(&mut output, "download_url", url);
        }
        Ok(output)
    }

    /// 下载电子回单.
    pub(super) fn file(&self, query: &Value, caller: &Caller<'_>) -> Result<&[u8], Refusal> {
        let link = self.links.get(text_of(query, "token"));
        let link = link.filter(|link| link.mchid == caller.mchid);
        let link = link.ok_or_else(|| Refusal::invalid("下载地址无效"))?;
        if link.expires < caller.now {
            return Err(Refusal::invalid("下载地址已过期"));
        }
        Ok(&link.bytes)
    }
}

fn describe(applied: i64, now: i64) -> Value {
    let is_ready = now.saturating_sub(applied) >= DURATION;
    json!({
        "state": if is_ready { "FINISHED" } else { "GENERATING" },
        "create_time": Beijing::at(applied).rfc3339(),
    })
}

/// A PDF without a page.
fn pdf(transfer: &Transfer) -> Vec<u8> {
    let (number, amount) = (&transfer.transfer_bill_no, yuan(transfer.amount()));
    let facts = format!("% {number} {} {amount} CNY", transfer.number());
    format!(
        "%PDF-1.4\n{facts}\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]\
         /Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    .into_bytes()
}

/// Ours: the service takes up to an hour.
const DURATION: i64 = 60;
/// A download_url is good for ten minutes.
const LIFETIME: i64 = 10 * 60;
const KEPT: i64 = 90 * 24 * 60 * 60;
const SIX_MONTHS: i64 = 183 * 24 * 60 * 60;
