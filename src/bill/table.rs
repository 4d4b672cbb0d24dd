//! The layout that all bills share: column names, rows, names of the totals, totals.

use std::borrow::Cow;
use std::io::{BufRead, Read};
use std::ops::Range;
use std::str;

use crate::money::{self, Fen};
use crate::time::Time;

use super::{ReadError, Yuan};

/// A bill that is read line by line. It ends with its totals or with an error, and
/// [`totals`](Self::totals) returns that error again.
pub(super) struct Table<R> {
    lines: Lines<R>,
    layout: Layout,
    columns: Vec<String>,
    /// Used again by each row, as it takes the same columns in the same order.
    cells: Cells,
    rows: u64,
    end: Option<Result<Totals, ReadError>>,
}

/// The differences between the kinds of bills.
pub(super) struct Layout {
    /// A column that only this kind of bill has.
    pub(super) first_column: &'static str,
    /// The name of the total that counts the rows.
    pub(super) row_count: &'static str,
    /// Removes the escapes from a text.
    pub(super) unescape: Unescape,
}

type Unescape = for<'a> fn(&'a str) -> Cow<'a, str>;

struct Totals {
    line_number: u64,
    columns: Vec<String>,
    line: String,
}

impl<R: BufRead> Table<R> {
    pub(super) fn new(source: R, layout: Layout) -> Result<Self, ReadError> {
        let mut lines = Lines::new(source);
        let header = lines.next()?.unwrap_or_default();
        let header = header.strip_prefix('\u{feff}').unwrap_or(header);
        let columns = columns(header, layout.first_column, 1)?;
        Ok(Self { lines, layout, columns, cells: Cells::default(), rows: 0, end: None })
    }

    /// The next row, or `None` after the last one.
    pub(super) fn next_row<T>(
        &mut self,
        read: impl FnOnce(&mut Record<'_>) -> Result<T, ReadError>,
    ) -> Option<Result<T, ReadError>> {
        if self.end.is_some() {
            return None;
        }
        let row = self.read_row(read).transpose()?;
        if let Err(error) = &row {
            self.end = Some(Err(error.clone()));
        }
        Some(row)
    }

    /// Parses the totals after all rows were read. `read` also receives the number of rows.
    pub(super) fn totals<T>(
        self,
        read: impl FnOnce(&mut Record<'_>, u64) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        match self.end {
            Some(Ok(Totals { line_number, columns, line })) => {
                let mut cells = Cells::default();
                let unescape = self.layout.unescape;
                let mut record = Record::new(&columns, &line, line_number, &mut cells, unescape)?;
                read(&mut record, self.rows)
            }
            Some(Err(error)) => Err(error),
            None => Err(self.lines.error("was not read to its end")),
        }
    }

    fn read_row<T>(
        &mut self,
        read: impl FnOnce(&mut Record<'_>) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let Self { lines, layout, columns, cells, rows, end } = self;
        let line_number = lines.number.saturating_add(1);
        let Some(line) = lines.next()? else {
            return Err(lines.error(CUT_OFF));
        };
        if line.starts_with(MARK) {
            let mut record = Record::new(columns, line, line_number, cells, layout.unescape)?;
            let row = read(&mut record)?;
            *rows = rows.saturating_add(1);
            return Ok(Some(row));
        }
        let columns = self::columns(line, layout.row_count, line_number)?;
        let Some(line) = lines.next()?.map(str::to_owned) else {
            return Err(lines.error(CUT_OFF));
        };
        let line_number = lines.number;
        while let Some(line) = lines.next()? {
            if !line.is_empty() {
                return Err(lines.error("must be empty, because it follows the totals"));
            }
        }
        *end = Some(Ok(Totals { line_number, columns, line }));
        Ok(None)
    }
}

/// Splits a line of column names, which must contain `required`.
fn columns(line: &str, required: &str, line_number: u64) -> Result<Vec<String>, ReadError> {
    let columns: Vec<String> = line.split(',').take(COLUMN_LIMIT).map(str::to_owned).collect();
    if !columns.iter().any(|column| column == required) {
        let rule =
            format!("must contain the column {required}; check that this is the file of that bill");
        return Err(ReadError::line(line_number, rule));
    }
    let repeated = |(index, column)| columns.iter().take(index).any(|earlier| earlier == column);
    if columns.iter().enumerate().any(repeated) {
        return Err(ReadError::line(line_number, "contains a column twice"));
    }
    Ok(columns)
}

/// One line of values and the names of its columns. A value is taken by the name of its column;
/// [`rest`](Self::rest) returns those that were not taken.
pub(super) struct Record<'a> {
    line_number: u64,
    columns: &'a [String],
    line: &'a str,
    cells: &'a mut Cells,
    /// The number of values that were asked for.
    asked: usize,
    unescape: Unescape,
}

/// The places of values in their line.
#[derive(Default)]
struct Cells {
    /// One for each column, until it is taken.
    values: Vec<Option<Range<usize>>>,
    /// The columns in the order in which they are asked for. They are searched by name at the first row only.
    found: Vec<(Names, Option<usize>)>,
}

impl<'a> Record<'a> {
    fn new(
        columns: &'a [String],
        line: &'a str,
        line_number: u64,
        cells: &'a mut Cells,
        unescape: Unescape,
    ) -> Result<Self, ReadError> {
        if !line.starts_with(MARK) {
            return Err(ReadError::line(line_number, "must have a ` before each value"));
        }
        cells.values.clear();
        let mut start = MARK.len_utf8();
        // A comma inside a value is not a separator unless a mark follows it, escaped or not.
        for (before, pair) in line.as_bytes().windows(2).enumerate() {
            if pair == BOUNDARY {
                cells.values.push(Some(start..before));
                start = before.saturating_add(BOUNDARY.len());
            }
            if cells.values.len() > COLUMN_LIMIT {
                break;
            }
        }
        cells.values.push(Some(start..line.len()));
        if cells.values.len() != columns.len() {
            return Err(ReadError::line(line_number, "must have one value for each column"));
        }
        Ok(Self { line_number, columns, line, cells, asked: 0, unescape })
    }

    /// A text that must be present; it may be empty.
    pub(super) fn text(&mut self, names: Names) -> Result<String, ReadError> {
        self.plain(names).map(Cow::into_owned)
    }

    /// A text, or `None` if it is empty or absent.
    pub(super) fn text_if_any(&mut self, names: Names) -> Option<String> {
        self.plain_if_any(names).map(Cow::into_owned)
    }

    /// A word that must be present.
    pub(super) fn word<T: for<'w> From<&'w str>>(&mut self, names: Names) -> Result<T, ReadError> {
        self.plain(names).map(|word| T::from(&word))
    }

    /// A word, or `None` if it is empty or absent.
    pub(super) fn word_if_any<T: for<'w> From<&'w str>>(&mut self, names: Names) -> Option<T> {
        self.plain_if_any(names).map(|word| T::from(&word))
    }

    /// An order or refund number, or `None` if it is 0, empty or absent.
    pub(super) fn number_if_any(&mut self, names: Names) -> Option<String> {
        self.plain_if_any(names).filter(|number| number != "0").map(Cow::into_owned)
    }

    pub(super) fn fen(&mut self, names: Names) -> Result<Fen, ReadError> {
        self.fen_if_there(names)?.ok_or_else(|| self.error(names, "must be present"))
    }

    /// An amount, or `None` if there is no such column. An empty value is an error.
    pub(super) fn fen_if_there(&mut self, names: Names) -> Result<Option<Fen>, ReadError> {
        self.parsed(
            names,
            |text| Fen::from_yuan(text).ok(),
            "must be an amount in yuan, in whole fen",
        )
    }

    pub(super) fn yuan(&mut self, names: Names) -> Result<Yuan, ReadError> {
        self.parsed(names, |text| text.parse().ok(), "must be an amount in yuan")?
            .ok_or_else(|| self.error(names, "must be present"))
    }

    /// A number of rows; some bills print 45.0 for 45.
    pub(super) fn count(&mut self, names: Names) -> Result<u64, ReadError> {
        self.parsed(names, |text| money::decimal(text, 0), "must be a number of rows")?
            .ok_or_else(|| self.error(names, "must be present"))
    }

    pub(super) fn time(&mut self, names: Names) -> Result<Time, ReadError> {
        self.parsed(names, Time::from_beijing, TIME_RULE)?
            .ok_or_else(|| self.error(names, "must be present"))
    }

    /// A time, or `None` if it is empty or absent.
    pub(super) fn time_if_any(&mut self, names: Names) -> Result<Option<Time>, ReadError> {
        let time = |text: &str| match text {
            "" => Some(None),
            text => Time::from_beijing(text).map(Some),
        };
        Ok(self.parsed(names, time, TIME_RULE)?.flatten())
    }

    /// The columns that were not taken: name and value.
    pub(super) fn rest(&mut self) -> Vec<(String, String)> {
        let Self { columns, line, unescape, .. } = *self;
        let rest = columns.iter().zip(&mut self.cells.values);
        rest.filter_map(|(name, value)| {
            let text = line.get(value.take()?)?;
            Some((name.clone(), unescape(text).into_owned()))
        })
        .collect()
    }

    /// Checks totals against the rows; each is a name and whether it matches.
    pub(super) fn check_totals(&self, totals: &[(&'static str, bool)]) -> Result<(), ReadError> {
        let mismatches: Vec<_> =
            totals.iter().filter(|(_, matches)| !matches).map(|(name, _)| *name).collect();
        match mismatches[..] {
            [] => Ok(()),
            [name] => {
                let rule = "does not match the rows; download the bill again";
                Err(ReadError::column(self.line_number, name, rule))
            }
            _ => {
                let names = mismatches.join(", ");
                let rule = format!("does not match the rows in {names}; download the bill again");
                Err(ReadError::line(self.line_number, rule))
            }
        }
    }

    pub(super) fn error(&self, names: Names, rule: &'static str) -> ReadError {
        ReadError::column(self.line_number, names.first().unwrap_or(&""), rule)
    }

    fn parsed<T>(
        &mut self,
        names: Names,
        parse: impl FnOnce(&str) -> Option<T>,
        rule: &'static str,
    ) -> Result<Option<T>, ReadError> {
        let parsed =
            self.take(names).map(|text| parse(text).ok_or_else(|| self.error(names, rule)));
        parsed.transpose()
    }

    /// A text that must be present, without its escapes.
    fn plain(&mut self, names: Names) -> Result<Cow<'a, str>, ReadError> {
        let text = self.take(names).ok_or_else(|| self.error(names, "must be present"))?;
        Ok((self.unescape)(text))
    }

    fn plain_if_any(&mut self, names: Names) -> Option<Cow<'a, str>> {
        self.take(names).filter(|text| !text.is_empty()).map(self.unescape)
    }

    fn take(&mut self, names: Names) -> Option<&'a str> {
        let Self { columns, line, .. } = *self;
        let Cells { values, found } = &mut *self.cells;
        let asked = self.asked;
        self.asked = asked.saturating_add(1);
        let column = match found.get(asked) {
            Some((known, column)) if std::ptr::eq(*known, names) => *column,
            _ => {
                let column = columns.iter().zip(&*values).position(|(column, value)| {
                    value.is_some() && names.contains(&column.as_str())
                });
                found.truncate(asked);
                found.push((names, column));
                column
            }
        };
        line.get(values.get_mut(column?)?.take()?)
    }
}

/// The names that a column has had, the current one first.
pub(super) type Names = &'static [&'static str];

/// Removes the escapes of a [trade bill](https://pay.weixin.qq.com/doc/v3/merchant/4013071246).
/// Orders and refunds escape a backtick in two ways. A comma and U+E000 have the same escape, which
/// is read as a comma.
pub(super) fn unescape_trade(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once('\\') {
        plain.push_str(before);
        rest = match ESCAPES
            .iter()
            .find_map(|(escape, character)| Some((*character, escaped.strip_prefix(escape)?)))
        {
            Some((character, rest)) => {
                plain.push(character);
                rest
            }
            None => {
                plain.push('\\');
                escaped
            }
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Removes the escapes of a [fund-flow bill](https://pay.weixin.qq.com/doc/v3/merchant/4013071249).
/// A backslash is not escaped there, so a merchant's own backslash before an n or r cannot be
/// distinguished from an escape.
pub(super) fn unescape_fund_flow(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\\n", "\n").replace("\\r", "\r"))
}

/// Lines of bounded length.
struct Lines<R> {
    source: R,
    number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    fn new(source: R) -> Self {
        Self { source, number: 0, line: Vec::new() }
    }

    /// The next line without its line ending, or `None` at the end of the file.
    fn next(&mut self) -> Result<Option<&str>, ReadError> {
        self.line.clear();
        self.number = self.number.saturating_add(1);
        let mut source = self.source.by_ref().take(LINE_LIMIT);
        if let Err(error) = source.read_until(b'\n', &mut self.line) {
            return Err(self.error(format!("cannot be read: {error}")));
        }
        let is_cut = source.limit() == 0 && !self.line.ends_with(b"\n");
        if is_cut {
            return Err(self.error("exceeds 64 KiB, which is longer than any line of a bill"));
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let line = str::from_utf8(&self.line)
            .map_err(|_| self.error("must be UTF-8; decompress a compressed bill first"))?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        Ok(Some(line.strip_suffix('\r').unwrap_or(line)))
    }
}

impl<R> Lines<R> {
    fn error(&self, rule: impl Into<Cow<'static, str>>) -> ReadError {
        ReadError::line(self.number, rule)
    }
}

const CUT_OFF: &str =
    "is missing: the file ends before its totals, so rows may be missing; download the bill again";
const TIME_RULE: &str = "must be a time as in 2018-06-08 10:34:56";

/// Precedes every value, so that spreadsheets do not read it as a number.
const MARK: char = '`';
/// A separator, and the mark of the next value.
const BOUNDARY: &[u8] = b",`";

/// The characters after the backslash, and the character that they stand for.
const ESCAPES: [(&str, char); 10] = [
    ("\\", '\\'),
    ("'", '\''),
    ("\"", '"'),
    ("`", '`'),
    ("140", '`'),
    (" ", ','),
    ("n", '\n'),
    ("r", '\r'),
    ("t", '\t'),
    ("\u{1a}", '\u{1a}'),
];

/// Our own limit: the longest documented value has 2,048 characters.
const LINE_LIMIT: u64 = 64 * 1024;

/// Our own limit: the widest documented bill has 29 columns.
const COLUMN_LIMIT: usize = 256;

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader};

    use super::*;

    const LAYOUT: Layout = Layout { first_column: "a", row_count: "n", unescape: unescape_trade };

    /// The texts of the columns `a` and `b` of each row, and the total `n`.
    fn read(source: impl BufRead) -> Result<(Vec<[String; 2]>, u64), ReadError> {
        let mut table = Table::new(source, LAYOUT)?;
        let mut rows = Vec::new();
        while let Some(row) =
            table.next_row(|record| Ok([record.text(&["a"])?, record.text(&["b", "old b"])?]))
        {
            rows.push(row?);
        }
        let count = table.totals(|record, _| record.count(&["n"]))?;
        Ok((rows, count))
    }

    fn error_of(bill: &str) -> String {
        read(bill.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn rows_between_names_and_totals_are_read() {
        let row = || ["1".to_owned(), "2".to_owned()];
        for (bill, rows) in [
            ("a,b\n`1,`2\nn\n`1\n", 1),
            ("\u{feff}a,b\r\n`1,`2\r\n`1,`2\r\nn\r\n`2\r\n\r\n", 2),
            ("b,x,a\n`2,`,`1\nm,n\n`,`1", 1),
            ("old b,a\n`2,`1\nn\n`1", 1),
            ("a,b\nn\n`0", 0),
        ] {
            let (read, count) = read(bill.as_bytes()).unwrap();
            assert_eq!(read, vec![row(); rows], "{bill}");
            assert_eq!(count, u64::try_from(rows).unwrap());
        }
    }

    #[test]
    fn malformed_bill_is_reported_by_its_line() {
        for (bill, told) in [
            ("", "bill line 1 must contain the column a; check that this is the file of that bill"),
            (
                "<xml>",
                "bill line 1 must contain the column a; check that this is the file of that bill",
            ),
            (
                "`a,`b\n",
                "bill line 1 must contain the column a; check that this is the file of that bill",
            ),
            ("a,b,a\n", "bill line 1 contains a column twice"),
            ("a,b\n`1\n", "bill line 2 must have one value for each column"),
            ("a,b\n`1,2\n", "bill line 2 must have one value for each column"),
            ("a,b\n`1,`2,`3\n", "bill line 2 must have one value for each column"),
            ("a\n`1\nn\n`1", "bill line 2, b must be present"),
            (
                "a,b\n`1,`2\n1,2\n",
                "bill line 3 must contain the column n; check that this is the file of that bill",
            ),
            (
                "a,b\n`1,`2\n\nn\n`1",
                "bill line 3 must contain the column n; check that this is the file of that bill",
            ),
            (
                "a,b\n`1,`2\n",
                "bill line 3 is missing: the file ends before its totals, so rows may be missing; download the bill again",
            ),
            (
                "a,b\n`1,`2\nn\n",
                "bill line 4 is missing: the file ends before its totals, so rows may be missing; download the bill again",
            ),
            ("a,b\n`1,`2\nn\n1\n", "bill line 4 must have a ` before each value"),
            (
                "a,b\n`1,`2\nn\n`1\n`1,`2\n",
                "bill line 5 must be empty, because it follows the totals",
            ),
            (
                "a,b\n`1,`2\nn\n`1\n\n\nx",
                "bill line 7 must be empty, because it follows the totals",
            ),
            ("a,b\nn,m\n`1\n", "bill line 3 must have one value for each column"),
            ("a,b\nn,n\n`1,`2\n", "bill line 2 contains a column twice"),
            ("a,b\nn\n`-1\n", "bill line 3, n must be a number of rows"),
        ] {
            assert_eq!(error_of(bill), told, "{bill}");
        }
        let latin = read(&b"a,b\n`1,`\xe9\nn\n`1"[..]).unwrap_err();
        assert_eq!(
            latin.to_string(),
            "bill line 2 must be UTF-8; decompress a compressed bill first"
        );
    }

    #[test]
    fn error_ends_the_rows_and_is_repeated_by_totals() {
        let mut table = Table::new(&b"a,b\n`1,`2\n`1\n`1,`2\nn\n`3"[..], LAYOUT).unwrap();
        let mut next = || table.next_row(|record| record.text(&["a"]));
        assert!(matches!((next(), next(), next()), (Some(Ok(_)), Some(Err(_)), None)));
        let error = table.totals(|record, _| record.count(&["n"])).unwrap_err();
        assert_eq!(error.to_string(), "bill line 3 must have one value for each column");
    }

    #[test]
    fn endless_line_and_too_many_columns_are_refused() {
        let long = |length: usize| format!("a,b\n`1,`{}\nn\n`1", "x".repeat(length));
        assert!(read(long(64 * 1024 - 5).as_bytes()).is_ok());
        assert_eq!(
            error_of(&long(64 * 1024 - 4)),
            "bill line 2 exceeds 64 KiB, which is longer than any line of a bill"
        );
        let endless = io::repeat(b'a').take(1024 * 1024);
        let error = read(BufReader::new(endless)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "bill line 1 exceeds 64 KiB, which is longer than any line of a bill"
        );
        let header: String = (0..300).map(|column| format!("c{column},")).collect();
        assert_eq!(
            error_of(&format!("{header}a")),
            "bill line 1 must contain the column a; check that this is the file of that bill"
        );
    }

    #[test]
    fn source_that_fails_is_reported() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("disk on fire"))
            }
        }
        let error = read(BufReader::new((&b"a,b\n`1,`2\n"[..]).chain(Broken))).unwrap_err();
        assert_eq!(error.to_string(), "bill line 3 cannot be read: disk on fire");
    }

    #[test]
    fn escapes_of_orders_and_refunds_are_removed() {
        for (escaped, plain) in [
            ("", ""),
            ("零食", "零食"),
            (r"a\b", r"a\b"),
            (r#"\'\"\`\140"#, "'\"``"),
            (r"a\ b", "a,b"),
            (r"\n\r\t", "\n\r\t"),
            ("\\\u{1a}", "\u{1a}"),
            (r"\\n", r"\n"),
            (r"\\140", r"\140"),
            (r"\\\n", "\\\n"),
            // Not documented, so kept as it is.
            (r"\x\14", r"\x\14"),
            (r"a\", r"a\"),
        ] {
            assert_eq!(unescape_trade(escaped), plain, "{escaped}");
        }
        assert_eq!(unescape_fund_flow(r"a\nb\rc\t\\ \`"), "a\nb\rc\\t\\\\ \\`");
    }

    #[test]
    fn only_a_beijing_time_is_a_time() {
        let time = Time::from_beijing("2018-06-08 10:34:56").unwrap();
        assert_eq!(time.to_string(), "2018-06-08T10:34:56+08:00");
        for wrong in [
            "",
            "0",
            "2018-06-08",
            "2018-06-08T10:34:56",
            "2018-06-08 10:34",
            "2018-06-31 10:34:56",
        ] {
            assert_eq!(Time::from_beijing(wrong), None, "{wrong}");
        }
    }
}
