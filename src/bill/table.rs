//! What all bills share: a line of column names, rows, a line of names of totals, the totals.

use std::io::{BufRead, Read};
use std::str;

use crate::error::{Error, Invalid};
use crate::money::{self, Fen};
use crate::time::Time;

use super::Yuan;

/// A bill as it is read, a line at a time. It ends whole, with its totals, or with an error, which
/// it repeats when it is asked for its totals.
pub(super) struct Table<R> {
    lines: Lines<R>,
    layout: Layout,
    columns: Vec<String>,
    rows: u64,
    end: Option<Result<Totals, Error>>,
}

/// What one kind of bill differs in from another.
pub(super) struct Layout {
    /// A column that tells rows from any other file.
    pub(super) first_column: &'static str,
    /// The total that counts the rows.
    pub(super) row_count: &'static str,
    /// Undoes the escapes in a text.
    pub(super) unescape: fn(&str) -> String,
}

struct Totals {
    line_number: u64,
    columns: Vec<String>,
    line: String,
}

impl<R: BufRead> Table<R> {
    pub(super) fn new(source: R, layout: Layout) -> Result<Self, Error> {
        let mut lines = Lines::new(source);
        let header = lines.next()?.unwrap_or_default();
        let header = header.strip_prefix('\u{feff}').unwrap_or(header);
        let columns = columns(header, layout.first_column, 1)?;
        Ok(Self { lines, layout, columns, rows: 0, end: None })
    }

    /// The next row, or `None` after the last one.
    pub(super) fn next_row<T>(
        &mut self,
        read: impl FnOnce(&mut Record<'_>) -> Result<T, Error>,
    ) -> Option<Result<T, Error>> {
        if self.end.is_some() {
            return None;
        }
        let row = self.read_row(read).transpose()?;
        if let Err(error) = &row {
            self.end = Some(Err(error.clone()));
        }
        Some(row)
    }

    /// Reads the totals, once all rows were read, and how many those were.
    pub(super) fn totals<T>(
        self,
        read: impl FnOnce(&mut Record<'_>, u64) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.end {
            Some(Ok(Totals { line_number, columns, line })) => read(
                &mut Record::new(&columns, &line, line_number, self.layout.unescape)?,
                self.rows,
            ),
            Some(Err(error)) => Err(error),
            None => Err(self.lines.violation("was not read to its end")),
        }
    }

    fn read_row<T>(
        &mut self,
        read: impl FnOnce(&mut Record<'_>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let Self { lines, layout, columns, rows, end } = self;
        let line_number = lines.number.saturating_add(1);
        let Some(line) = lines.next()? else {
            return Err(lines.violation(CUT_OFF));
        };
        if line.starts_with(MARK) {
            let row = read(&mut Record::new(columns, line, line_number, layout.unescape)?)?;
            *rows = rows.saturating_add(1);
            return Ok(Some(row));
        }
        let columns = self::columns(line, layout.row_count, line_number)?;
        let Some(line) = lines.next()?.map(str::to_owned) else {
            return Err(lines.violation(CUT_OFF));
        };
        let line_number = lines.number;
        while let Some(line) = lines.next()? {
            if !line.is_empty() {
                return Err(lines.violation("comes after the totals"));
            }
        }
        *end = Some(Ok(Totals { line_number, columns, line }));
        Ok(None)
    }
}

/// Splits a line of names, among which there must be this one.
fn columns(line: &str, required: &str, line_number: u64) -> Result<Vec<String>, Error> {
    let columns: Vec<String> = line.split(',').take(COLUMN_LIMIT).map(str::to_owned).collect();
    if !columns.iter().any(|column| column == required) {
        return Err(violation(line_number, &format!("must name {required}")));
    }
    let repeated = |(index, column)| columns.iter().take(index).any(|earlier| earlier == column);
    if columns.iter().enumerate().any(repeated) {
        return Err(violation(line_number, "names a column twice"));
    }
    Ok(columns)
}

/// One line of values under its names. Values are taken out by name; what nobody took remains.
pub(super) struct Record<'a> {
    line_number: u64,
    columns: &'a [String],
    values: Vec<Option<&'a str>>,
    unescape: fn(&str) -> String,
}

impl<'a> Record<'a> {
    fn new(
        columns: &'a [String],
        line: &'a str,
        line_number: u64,
        unescape: fn(&str) -> String,
    ) -> Result<Self, Error> {
        let first = line
            .strip_prefix(MARK)
            .ok_or_else(|| violation(line_number, "must have a ` before each value"))?;
        // A comma within a value is none before a mark, even where it is not escaped.
        let values: Vec<_> =
            first.split(SEPARATOR).take(COLUMN_LIMIT.saturating_add(1)).map(Some).collect();
        if values.len() != columns.len() {
            return Err(violation(line_number, "must have as many values as there are columns"));
        }
        Ok(Self { line_number, columns, values, unescape })
    }

    /// A text that is there, perhaps empty.
    pub(super) fn text(&mut self, names: Names) -> Result<String, Error> {
        let text = self.take(names).ok_or_else(|| self.violation(names, "must be there"))?;
        Ok((self.unescape)(text))
    }

    /// A text, or `None` if it is empty or not there.
    pub(super) fn text_if_any(&mut self, names: Names) -> Option<String> {
        self.take(names).filter(|text| !text.is_empty()).map(self.unescape)
    }

    /// A number of something, or `None` if it is 0, empty or not there.
    pub(super) fn number_if_any(&mut self, names: Names) -> Option<String> {
        self.text_if_any(names).filter(|number| number != "0")
    }

    pub(super) fn fen(&mut self, names: Names) -> Result<Fen, Error> {
        self.fen_if_there(names)?.ok_or_else(|| self.violation(names, "must be there"))
    }

    /// An amount, or `None` if there is no such column. An empty one is no amount.
    pub(super) fn fen_if_there(&mut self, names: Names) -> Result<Option<Fen>, Error> {
        self.parsed(names, |text| Fen::from_yuan(text).ok(), "must be yuan and whole fen")
    }

    pub(super) fn yuan(&mut self, names: Names) -> Result<Yuan, Error> {
        self.parsed(names, |text| text.parse().ok(), "must be an amount in yuan")?
            .ok_or_else(|| self.violation(names, "must be there"))
    }

    /// A count; some bills print 45.0 for 45.
    pub(super) fn count(&mut self, names: Names) -> Result<u64, Error> {
        self.parsed(names, |text| money::decimal(text, 0), "must be a count")?
            .ok_or_else(|| self.violation(names, "must be there"))
    }

    pub(super) fn time(&mut self, names: Names) -> Result<Time, Error> {
        self.parsed(names, beijing_time, TIME_RULE)?
            .ok_or_else(|| self.violation(names, "must be there"))
    }

    /// A time, or `None` if it is empty or not there.
    pub(super) fn time_if_any(&mut self, names: Names) -> Result<Option<Time>, Error> {
        let time = |text: &str| match text {
            "" => Some(None),
            text => beijing_time(text).map(Some),
        };
        Ok(self.parsed(names, time, TIME_RULE)?.flatten())
    }

    /// What nobody took.
    pub(super) fn rest(&mut self) -> Vec<(String, String)> {
        let rest = self.columns.iter().zip(&mut self.values);
        rest.filter_map(|(name, value)| Some((name.clone(), (self.unescape)(value.take()?))))
            .collect()
    }

    pub(super) fn violation(&self, names: Names, rule: &'static str) -> Error {
        let name = names.first().unwrap_or(&"");
        Invalid::new(format!("bill line {}, {name}", self.line_number), rule).into()
    }

    fn parsed<T>(
        &mut self,
        names: Names,
        parse: impl FnOnce(&str) -> Option<T>,
        rule: &'static str,
    ) -> Result<Option<T>, Error> {
        let parsed =
            self.take(names).map(|text| parse(text).ok_or_else(|| self.violation(names, rule)));
        parsed.transpose()
    }

    fn take(&mut self, names: Names) -> Option<&'a str> {
        let mut cells = self.columns.iter().zip(&mut self.values);
        // Most values are taken in the order of their columns: look at the value first.
        cells
            .find(|(column, value)| value.is_some() && names.contains(&column.as_str()))
            .and_then(|(_, value)| value.take())
    }
}

/// The names that a column had over the years, the present one first.
pub(super) type Names = &'static [&'static str];

/// Undoes the escapes of a trade bill (m/4013071246). Orders and refunds write a back-tick in two
/// ways; a comma and U+E000 become the same, and are read as a comma.
pub(super) fn unescape_trade(text: &str) -> String {
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
    plain
}

/// Undoes the escapes of a fund-flow bill (m/4013071249), which leaves a back-slash alone: one that
/// stood before an n or r of the merchant's own cannot be told from an escape.
pub(super) fn unescape_fund_flow(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\r", "\r")
}

fn beijing_time(text: &str) -> Option<Time> {
    let (date, time) = text.split_once(' ')?;
    format!("{date}T{time}+08:00").parse().ok()
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

    /// The next line, without its end, or `None` at the end.
    fn next(&mut self) -> Result<Option<&str>, Error> {
        self.line.clear();
        self.number = self.number.saturating_add(1);
        let mut source = self.source.by_ref().take(LINE_LIMIT);
        if let Err(error) = source.read_until(b'\n', &mut self.line) {
            return Err(self.violation(&format!("cannot be read: {error}")));
        }
        let is_cut = source.limit() == 0 && !self.line.ends_with(b"\n");
        if is_cut {
            return Err(self.violation("is longer than any line of a bill"));
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let line = str::from_utf8(&self.line)
            .map_err(|_| self.violation("must be UTF-8; unpack a bill that is compressed"))?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        Ok(Some(line.strip_suffix('\r').unwrap_or(line)))
    }
}

impl<R> Lines<R> {
    fn violation(&self, rule: &str) -> Error {
        violation(self.number, rule)
    }
}

fn violation(line_number: u64, rule: &str) -> Error {
    Invalid::new(format!("bill line {line_number}"), rule.to_owned()).into()
}

const CUT_OFF: &str = "ends without its totals, so rows may be missing; fetch the bill again";
const TIME_RULE: &str = "must be a time as in 2018-06-08 10:34:56";

/// Before every value, so that spreadsheets take none for a number.
const MARK: char = '`';
const SEPARATOR: &str = ",`";

/// What follows the back-slash, and what it stands for.
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

/// Ours: the longest value documented has 2,048 characters.
const LINE_LIMIT: u64 = 64 * 1024;

/// Ours: the widest bill documented has 29 columns.
const COLUMN_LIMIT: usize = 256;

/// The rules that totals keep.
pub(super) const NOT_THE_COUNT: &str = "is not the number of such rows";
pub(super) const NOT_THE_SUM: &str = "is not the sum of the rows";

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader};

    use super::*;

    const LAYOUT: Layout = Layout { first_column: "a", row_count: "n", unescape: unescape_trade };

    /// The texts of the columns `a` and `b` of each row, and the total `n`.
    fn read(source: impl BufRead) -> Result<(Vec<[String; 2]>, u64), Error> {
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

    fn violation(bill: &str) -> String {
        read(bill.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn rows_are_what_lies_between_the_names_and_the_totals() {
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
    fn what_is_not_of_this_shape_is_told_by_its_line() {
        for (bill, told) in [
            ("", "bill line 1 must name a"),
            ("<xml>", "bill line 1 must name a"),
            ("`a,`b\n", "bill line 1 must name a"),
            ("a,b,a\n", "bill line 1 names a column twice"),
            ("a,b\n`1\n", "bill line 2 must have as many values as there are columns"),
            ("a,b\n`1,2\n", "bill line 2 must have as many values as there are columns"),
            ("a,b\n`1,`2,`3\n", "bill line 2 must have as many values as there are columns"),
            ("a\n`1\nn\n`1", "bill line 2, b must be there"),
            ("a,b\n`1,`2\n1,2\n", "bill line 3 must name n"),
            ("a,b\n`1,`2\n\nn\n`1", "bill line 3 must name n"),
            (
                "a,b\n`1,`2\n",
                "bill line 3 ends without its totals, so rows may be missing; fetch the bill again",
            ),
            (
                "a,b\n`1,`2\nn\n",
                "bill line 4 ends without its totals, so rows may be missing; fetch the bill again",
            ),
            ("a,b\n`1,`2\nn\n1\n", "bill line 4 must have a ` before each value"),
            ("a,b\n`1,`2\nn\n`1\n`1,`2\n", "bill line 5 comes after the totals"),
            ("a,b\n`1,`2\nn\n`1\n\n\nx", "bill line 7 comes after the totals"),
            ("a,b\nn,m\n`1\n", "bill line 3 must have as many values as there are columns"),
            ("a,b\nn,n\n`1,`2\n", "bill line 2 names a column twice"),
            ("a,b\nn\n`-1\n", "bill line 3, n must be a count"),
        ] {
            assert_eq!(violation(bill), told, "{bill}");
        }
        let latin = read(&b"a,b\n`1,`\xe9\nn\n`1"[..]).unwrap_err();
        assert_eq!(
            latin.to_string(),
            "bill line 2 must be UTF-8; unpack a bill that is compressed"
        );
    }

    #[test]
    fn an_error_ends_the_rows_and_is_not_forgotten() {
        let mut table = Table::new(&b"a,b\n`1,`2\n`1\n`1,`2\nn\n`3"[..], LAYOUT).unwrap();
        let mut next = || table.next_row(|record| record.text(&["a"]));
        assert!(matches!((next(), next(), next()), (Some(Ok(_)), Some(Err(_)), None)));
        let error = table.totals(|record, _| record.count(&["n"])).unwrap_err();
        assert_eq!(error.to_string(), "bill line 3 must have as many values as there are columns");
    }

    #[test]
    fn a_line_without_end_and_columns_without_number_are_refused() {
        let long = |length: usize| format!("a,b\n`1,`{}\nn\n`1", "x".repeat(length));
        assert!(read(long(64 * 1024 - 5).as_bytes()).is_ok());
        assert_eq!(
            violation(&long(64 * 1024 - 4)),
            "bill line 2 is longer than any line of a bill"
        );
        let endless = io::repeat(b'a').take(1024 * 1024);
        let error = read(BufReader::new(endless)).unwrap_err();
        assert_eq!(error.to_string(), "bill line 1 is longer than any line of a bill");
        let header: String = (0..300).map(|column| format!("c{column},")).collect();
        assert_eq!(violation(&format!("{header}a")), "bill line 1 must name a");
    }

    #[test]
    fn a_source_that_fails_is_told() {
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
    fn the_escapes_of_orders_and_of_refunds_are_undone() {
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
            // Not documented, so left alone.
            (r"\x\14", r"\x\14"),
            (r"a\", r"a\"),
        ] {
            assert_eq!(unescape_trade(escaped), plain, "{escaped}");
        }
        assert_eq!(unescape_fund_flow(r"a\nb\rc\t\\ \`"), "a\nb\rc\\t\\\\ \\`");
    }

    #[test]
    fn only_beijing_times_are_times() {
        let time = beijing_time("2018-06-08 10:34:56").unwrap();
        assert_eq!(time.to_string(), "2018-06-08T10:34:56+08:00");
        for wrong in [
            "",
            "0",
            "2018-06-08",
            "2018-06-08T10:34:56",
            "2018-06-08 10:34",
            "2018-06-31 10:34:56",
        ] {
            assert_eq!(beijing_time(wrong), None, "{wrong}");
        }
    }
}
