//! Bills: for which days there are any, and the files that a merchant may download.

use std::collections::HashMap;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};

use super::calendar::Beijing;
use super::caller::Caller;
use super::order_book::OrderBook;
use super::refusal::Refusal;
use super::schema::{Table, text_of, unix_time};
use super::sharing::state::Sharing;
use super::transfer::Transfer;
use super::unique_ids::UniqueIds;

/// The files that were asked for, by token.
#[derive(Default)]
pub(super) struct Bills {
    files: HashMap<String, File>,
}

struct File {
    mchid: String,
    gzip: bool,
    bytes: Vec<u8>,
    /// Business time in Unix seconds.
    expires: i64,
}

/// A day in Beijing whose bills are ready.
#[derive(Clone, Copy)]
pub(super) struct Day {
    /// Unix seconds.
    begin: i64,
}

/// A kind of bill.
pub(super) struct Bill {
    pub(super) parameters: Table,
    /// The file of a merchant for a day, unless it would be empty.
    pub(super) csv: fn(Books<'_>, mchid: &str, query: &Value, Day) -> Option<Vec<u8>>,
}

/// Everything that moves money.
#[derive(Clone, Copy)]
pub(super) struct Books<'a> {
    pub(super) orders: &'a OrderBook,
    pub(super) sharing: &'a Sharing,
    pub(super) transfers: &'a [Transfer],
}

impl Bills {
    /// 申请账单: what the merchant gets is where the file can be downloaded, and its hash.
    pub(super) fn apply(
        &mut self,
        bill: &Bill,
        query: &Value,
        books: Books<'_>,
        caller: &Caller<'_>,
        base_url: &str,
        ids: &mut UniqueIds,
    ) -> Result<Value, Refusal> {
        let day = Day::of(query, caller.now)?;
        let csv = (bill.csv)(books, caller.mchid, query, day)
            .ok_or_else(|| Refusal::new(400, "NO_STATEMENT_EXIST", "请求的账单文件不存在"))?;
        self.offer(csv, query, caller, (base_url, LIFETIME), ids)
    }

    /// Keeps a file, and tells where it can be downloaded for so many seconds, and its hash.
    pub(super) fn offer(
        &mut self,
        csv: Vec<u8>,
        query: &Value,
        caller: &Caller<'_>,
        (base_url, lifetime): (&str, i64),
        ids: &mut UniqueIds,
    ) -> Result<Value, Refusal> {
        // The hash is that of the uncompressed file, also if the file is compressed.
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &csv);
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let gzip = query.get("tar_type").is_some();
        let bytes = if gzip { zipped(&csv)? } else { csv };
        let expires = caller.now.saturating_add(lifetime);
        let file = File { mchid: caller.mchid.to_owned(), gzip, bytes, expires };
        let token = ids.hex();
        let suffix = if gzip { "&tartype=gzip" } else { "" };
        let download_url = format!("{base_url}/v3/billdownload/file?token={token}{suffix}");
        self.files.insert(token, file);
        Ok(json!({ "hash_type": "SHA1", "hash_value": hash, "download_url": download_url }))
    }

    /// 下载账单.
    pub(super) fn file(&self, query: &Value, caller: &Caller<'_>) -> Result<&[u8], Refusal> {
        let gzip = query.get("tartype").is_some();
        let file = self.files.get(text_of(query, "token")).filter(|file| file.gzip == gzip);
        let file = file.ok_or_else(|| Refusal::invalid("账单下载地址无效"))?;
        if file.mchid != caller.mchid {
            return Err(Refusal::new(403, "NO_AUTH", "商户无权限下载该账单"));
        }
        if file.expires < caller.now {
            return Err(Refusal::invalid("账单下载地址已过期"));
        }
        Ok(&file.bytes)
    }
}

impl Day {
    /// The day of a `bill_date`, if its bills are ready and not too old at this moment.
    pub(super) fn of(query: &Value, now: i64) -> Result<Self, Refusal> {
        let date = text_of(query, "bill_date");
        let begin = unix_time(&format!("{date}T00:00:00+08:00"))
            .ok_or_else(|| Refusal::invalid("账单日期格式错误"))?;
        let day = Self { begin };
        if now < begin {
            return Err(Refusal::invalid("账单日期不能晚于当前日期"));
        }
        if is_over_three_months(begin, now) {
            return Err(Refusal::invalid("仅支持三个月内的账单下载申请"));
        }
        if now < day.issued() {
            return Err(Refusal::new(400, "STATEMENT_CREATING", "账单生成中"));
        }
        Ok(day)
    }

    pub(super) fn contains(self, unix: i64) -> bool {
        (self.begin..self.begin.saturating_add(DAY)).contains(&unix)
    }

    /// When the bills are ready. What happens later they do not know.
    pub(super) fn issued(self) -> i64 {
        self.begin.saturating_add(DAY).saturating_add(TEN_O_CLOCK)
    }
}

/// Two tables, one of details and one of a single line that sums them up: every value behind a
/// back-tick, which keeps spreadsheets from reading numbers.
pub(super) fn csv(
    names: &[&str],
    rows: &[Vec<String>],
    sum_names: &[&str],
    sums: &[String],
) -> Vec<u8> {
    let line = |values: &[String]| {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}")).collect();
        format!("{}\r\n", values.join(","))
    };
    let header = |names: &[&str]| format!("{}\r\n", names.join(","));
    let details: String = rows.iter().map(|row| line(row)).collect();
    let text = ["\u{FEFF}", &header(names), &details, &header(sum_names), &line(sums)].concat();
    text.into_bytes()
}

fn zipped(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let zipped = encoder.write_all(bytes).and_then(|()| encoder.finish());
    zipped.map_err(|_| Refusal::new(500, "SYSTEM_ERROR", "系统异常，请稍后重试"))
}

/// By the calendar: on 15 May the oldest bill is that of 15 February.
fn is_over_three_months(begin: i64, now: i64) -> bool {
    let months = |unix| {
        let date = Beijing::at(unix).date();
        let months = date.year().saturating_mul(12).saturating_add(u8::from(date.month()).into());
        (months, date.day())
    };
    let ((then, day), (today, limit)) = (months(begin), months(now));
    (then.saturating_add(3), day) < (today, limit)
}

const DAY: i64 = 24 * 60 * 60;
/// merchant/4012791866.
const TEN_O_CLOCK: i64 = 10 * 60 * 60;
/// A download_url is good for five minutes.
const LIFETIME: i64 = 5 * 60;

#[cfg(test)]
pub(super) mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::super::authorization_header::tests::{MCHID, NEIGHBOUR, NOW, merchants};
    use super::super::fields;
    use super::super::merchants::Merchants;
    use super::super::test_desk::{INVALID, Refused, UNLISTED, refused, short};
    use super::*;

    /// The day of [`NOW`], when its bills are ready.
    pub(crate) fn day() -> Day {
        Day::of(&json!({ "bill_date": "2019-04-02" }), NOW + 2 * DAY).unwrap()
    }

    /// The lines of a file without their back-ticks.
    #[track_caller]
    pub(crate) fn lines(csv: &[u8]) -> Vec<Vec<String>> {
        let text = std::str::from_utf8(csv).unwrap();
        let text = text.strip_prefix('\u{FEFF}').unwrap().strip_suffix("\r\n").unwrap();
        let values = |line: &str| line.split(',').map(|value| value.replacen('`', "", 1)).collect();
        text.split("\r\n").map(values).collect()
    }

    /// The file of the merchant, if orders alone moved money.
    pub(crate) fn csv_of(
        bill: &Bill,
        orders: &OrderBook,
        query: &Value,
        day: Day,
    ) -> Option<Vec<u8>> {
        let sharing = Sharing::default();
        (bill.csv)(Books { orders, sharing: &sharing, transfers: &[] }, MCHID, query, day)
    }

    const ALWAYS: Bill =
        Bill { parameters: fields::TRADE_BILL, csv: |_, _, _, _| Some(b"a,b".to_vec()) };
    const NEVER: Bill = Bill { parameters: fields::TRADE_BILL, csv: |_, _, _, _| None };

    struct Counter {
        bills: Bills,
        merchants: Merchants,
        ids: UniqueIds,
    }

    impl Counter {
        fn open() -> Self {
            let (bills, ids) = (Bills::default(), UniqueIds::new([0; 32]));
            Self { bills, merchants: merchants(), ids }
        }

        fn apply(&mut self, bill: &Bill, query: &Value, now: i64) -> Result<Value, Refused> {
            let Self { bills, merchants, ids } = self;
            let caller = Caller { mchid: MCHID, merchants, now };
            let (orders, sharing) = (OrderBook::default(), Sharing::default());
            let books = Books { orders: &orders, sharing: &sharing, transfers: &[] };
            bills.apply(bill, query, books, &caller, "https://h", ids).map_err(short)
        }

        fn file(&self, mchid: &str, query: &Value, now: i64) -> Result<Vec<u8>, Refused> {
            let caller = Caller { mchid, merchants: &self.merchants, now };
            self.bills.file(query, &caller).map(<[u8]>::to_vec).map_err(short)
        }
    }

    fn token(offer: &Value) -> String {
        let url = offer["download_url"].as_str().unwrap();
        let token = url.strip_prefix("https://h/v3/billdownload/file?token=").unwrap();
        token.strip_suffix("&tartype=gzip").unwrap_or(token).to_owned()
    }

    #[test]
    fn bill_is_ready_at_ten_and_for_three_months() {
        let query = json!({ "bill_date": "2019-04-02" });
        let (begin, mut counter) = (1_554_134_400, Counter::open());
        let mut apply = |now| counter.apply(&ALWAYS, &query, now).map(drop);
        assert_eq!(apply(begin - 1), refused(400, INVALID, UNLISTED));
        for early in [begin, begin + DAY + TEN_O_CLOCK - 1] {
            assert_eq!(apply(early), refused(400, "STATEMENT_CREATING", UNLISTED));
        }
        // 2 July, until its last second.
        for ready in [begin + DAY + TEN_O_CLOCK, begin + 92 * DAY - 1] {
            assert_eq!(apply(ready), Ok(()));
        }
        assert_eq!(apply(begin + 92 * DAY), refused(400, INVALID, UNLISTED));
        let response = counter.apply(&NEVER, &query, begin + 2 * DAY);
        assert_eq!(response, refused(400, "NO_STATEMENT_EXIST", UNLISTED));
    }

    #[test]
    fn link_is_for_its_merchant_and_for_five_minutes() {
        let (mut counter, now) = (Counter::open(), NOW + 2 * DAY);
        let offer = counter.apply(&ALWAYS, &json!({ "bill_date": "2019-04-02" }), now).unwrap();
        assert_eq!(offer["hash_type"], "SHA1");
        assert_eq!(offer["hash_value"], "5d8b1241b0484dd20c2cfeca6f692becfbab5d18");
        let query = json!({ "token": token(&offer) });
        assert_eq!(counter.file(MCHID, &query, now + 300).unwrap(), b"a,b");
        assert_eq!(counter.file(MCHID, &query, now + 301), refused(400, INVALID, UNLISTED));
        assert_eq!(counter.file(NEIGHBOUR, &query, now), refused(403, "NO_AUTH", UNLISTED));
        let other = json!({ "token": "0" });
        assert_eq!(counter.file(MCHID, &other, now), refused(400, INVALID, UNLISTED));
    }

    #[test]
    fn zipped_file_has_the_hash_of_its_content() {
        let (mut counter, now) = (Counter::open(), NOW + 2 * DAY);
        let plain = counter.apply(&ALWAYS, &json!({ "bill_date": "2019-04-02" }), now).unwrap();
        let query = json!({ "bill_date": "2019-04-02", "tar_type": "GZIP" });
        let offer = counter.apply(&ALWAYS, &query, now).unwrap();
        assert_eq!(offer["hash_value"], plain["hash_value"]);
        let mut query = json!({ "token": token(&offer) });
        assert_eq!(counter.file(MCHID, &query, now), refused(400, INVALID, UNLISTED));
        query["tartype"] = json!("gzip");
        let mut unzipped = Vec::new();
        let zipped = counter.file(MCHID, &query, now).unwrap();
        GzDecoder::new(zipped.as_slice()).read_to_end(&mut unzipped).unwrap();
        assert_eq!(unzipped, b"a,b");
    }

    #[test]
    fn file_is_two_tables() {
        let text = |text: &str| text.to_owned();
        let rows = [vec![text("1"), text("")], vec![text("2"), text("x")]];
        let file = csv(&["a", "b"], &rows, &["n"], &[text("2")]);
        assert_eq!(file, "\u{FEFF}a,b\r\n`1,`\r\n`2,`x\r\nn\r\n`2\r\n".as_bytes());
    }
}
