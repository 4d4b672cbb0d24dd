//! Strict parsing of the caller's own JSON: reports every violation at once, each with its path and without
//! values.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, ErrorKind, Invalid, Violations};
use crate::id::{
    AppId, AuthorizationId, NotifyUrl, OpenId, OutAuthorizationNo, OutBillNo, OutOrderNo,
    OutRefundNo, OutReturnNo, OutTradeNo, OutUnfreezeNo, SplitId, TransactionId,
};
use crate::money::Fen;
use crate::pem::without_mark;
use crate::time::Time;

/// Parses and validates an object. `members` takes its members; every member that is left is a violation. `rules`
/// adds what the values violate, also if some of them could not be read.
pub(crate) fn read<T>(
    json: &[u8],
    members: impl FnOnce(&mut Object<'_>) -> Option<T>,
    rules: impl FnOnce(&T, &mut Violations),
) -> Result<T, Error> {
    let json = Json::parse(json).map_err(|rule| Invalid::new("json", rule))?;
    let mut violations = Violations::default();
    let read = Object::read(json, String::new(), &mut violations, members);
    violations.end_reading();
    if let Some(value) = &read {
        rules(value, &mut violations);
    }
    violations.into_result()?;
    Ok(read.ok_or_else(|| Invalid::new("json", "cannot be read"))?)
}

/// A JSON value, as far as requests use it.
pub(crate) enum Json {
    Null,
    Bool(bool),
    Whole(u64),
    /// A negative, fractional or too large number.
    OtherNumber,
    Text(String),
    List(Vec<Self>),
    /// In the order of the text; a name may occur twice.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Parses JSON, or returns the rule that it breaks. Skips a byte order mark, as Windows writes it.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(without_mark(json))
            .map_err(|_| "is not UTF-8; save it as UTF-8".to_owned())?;
        if text.trim_ascii().is_empty() {
            return Err("is empty".to_owned());
        }
        serde_json::from_str(text).map_err(|error| unreadable(text, &error))
    }
}

/// Why JSON cannot be parsed, and where. The messages of serde_json contain no values here, because every value is
/// accepted.
fn unreadable(json: &str, error: &serde_json::Error) -> String {
    let words = error.to_string();
    let what = words.rsplit_once(" at line ").map_or(words.as_str(), |(what, _)| what);
    let line = error.line().checked_sub(1).and_then(|index| json.split('\n').nth(index));
    // serde_json counts bytes, and people count characters.
    let mut up_to = line
        .unwrap_or_default()
        .char_indices()
        .take_while(|(index, _)| *index < error.column())
        .map(|(_, character)| character);
    let last = up_to.clone().last();
    let place = format!("line {} column {}", error.line(), up_to.by_ref().count());
    let is_outside_quotes =
        ["expected", "key must", "trailing"].iter().any(|it| what.starts_with(it));
    if is_outside_quotes && last.is_some_and(|character| !character.is_ascii()) {
        return format!(
            "cannot be read: at {place} a character outside quotes is not ASCII; look for \
             full-width punctuation, curly quotes and no-break spaces"
        );
    }
    format!("cannot be read: {what} at {place}")
}

/// A value that is read from JSON, or adds a violation.
pub(crate) trait Read: Sized {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self>;

    /// A value that takes the place of a required one that is missing or wrong, so that the rules of the other values
    /// are checked as well. It breaks no rule, and the caller never gets it.
    fn stand_in() -> Option<Self> {
        None
    }
}

/// An object while its members are read.
pub(crate) struct Object<'a> {
    path: String,
    members: Vec<(String, Json)>,
    violations: &'a mut Violations,
}

impl<'a> Object<'a> {
    /// Reads the object at `path`: `members` takes its members.
    pub(crate) fn read<T>(
        json: Json,
        path: String,
        violations: &'a mut Violations,
        members: impl FnOnce(&mut Object<'_>) -> Option<T>,
    ) -> Option<T> {
        let Json::Object(list) = json else {
            if path.is_empty() {
                return violations.note("json", "must be an object");
            }
            violations.add(path, "must be an object");
            return stand_in(members);
        };
        let mut object = Object { path: path + "/", members: list, violations };
        let read = members(&mut object);
        object.finish();
        read
    }

    /// Reads the fields of an XML message, whose paths are their names.
    #[cfg(feature = "v2")]
    pub(crate) fn of_fields(fields: Vec<(String, Json)>, violations: &'a mut Violations) -> Self {
        Self { path: String::new(), members: fields, violations }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(member, _)| member == name)
    }

    pub(crate) fn required<T: Read>(&mut self, name: &str) -> Option<T> {
        if !self.has(name) {
            self.violation(name, "is missing");
        }
        self.optional(name).or_else(T::stand_in)
    }

    /// A member that may be left out. If it is wrong, it adds a violation and counts as left out.
    pub(crate) fn optional<T: Read>(&mut self, name: &str) -> Option<T> {
        let json = self.take(name)?;
        T::read(json, self.at(name), self.violations)
    }

    /// A required object, read by `members`.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        members: impl FnOnce(&mut Object<'_>) -> Option<T>,
    ) -> Option<T> {
        match self.take(name) {
            Some(json) => Object::read(json, self.at(name), self.violations, members),
            None => {
                self.violation(name, "is missing");
                stand_in(members)
            }
        }
    }

    /// A required list of objects, each read by `members`.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        members: impl Fn(&mut Object<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list: Vec<Json> = self.required(name)?;
        let path = self.at(name);
        read_all(list, path, |json, path| Object::read(json, path, self.violations, &members))
    }

    /// A value made from this member, unless it breaks a rule.
    pub(crate) fn checked<T>(&mut self, name: &str, value: Result<T, Error>) -> Option<T> {
        value.map_err(|error| self.violations.add_once(self.at(name), rule_of(error))).ok()
    }

    /// A member whose value is known, from `whose`: it may be left out, and otherwise must be equal.
    pub(crate) fn agrees(&mut self, name: &str, known: Option<&str>, whose: &'static str) {
        let given = self.optional::<String>(name);
        if given.is_some_and(|given| known != Some(given.as_str())) {
            let rule = match known {
                Some(known) => format!("must be {}{whose}, or left out", known.escape_debug()),
                None => "must be left out, as there is none".to_owned(),
            };
            self.violations.add(self.at(name), rule);
        }
    }

    /// 总金额: the member `name` of the object `amount`, whose currency is CNY.
    pub(crate) fn amount(&mut self, name: &str) -> Option<Fen> {
        self.object("amount", |amount| {
            amount.currency();
            amount.required(name)
        })
    }

    /// 货币类型: the currency, which may be left out.
    pub(crate) fn currency(&mut self) {
        self.agrees("currency", Some("CNY"), "");
    }

    /// Adds a violation, unless this member has one already.
    pub(crate) fn violation(&mut self, name: &str, rule: &'static str) {
        self.violations.add_once(self.at(name), rule);
    }

    /// Adds a [`violation`](Self::violation) if nothing could be read.
    #[cfg(feature = "v2")]
    pub(crate) fn note<T>(&mut self, name: &str, rule: impl Into<Cow<'static, str>>) -> Option<T> {
        self.violations.add_once(self.at(name), rule);
        None
    }

    /// Reads JSON that this member contains as text.
    #[cfg(feature = "v2")]
    pub(crate) fn nested<T: Read>(&mut self, name: &str, json: Json) -> Option<T> {
        T::read(json, self.at(name), self.violations)
    }

    /// How many violations were found so far, here and elsewhere.
    #[cfg(feature = "v2")]
    pub(crate) fn violation_count(&self) -> usize {
        self.violations.len()
    }

    /// Takes every member that is left, since it is not known which ones belong here.
    #[cfg(feature = "v2")]
    pub(crate) fn skip_rest(&mut self) {
        self.members.clear();
    }

    /// Reports every member that was not taken as unknown.
    pub(crate) fn finish(self) {
        for (name, _) in self.members {
            // The caller's own name, shortened and without line breaks.
            let name: String = name.chars().take(64).collect();
            let name = name.replace('~', "~0").replace('/', "~1");
            let path = format!("{}{}", self.path, name.escape_debug());
            self.violations.add(path, "is not a field of this request");
        }
    }

    fn at(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    fn take(&mut self, name: &str) -> Option<Json> {
        let members = std::mem::take(&mut self.members);
        let (taken, others): (Vec<_>, _) = members.into_iter().partition(|(n, _)| n == name);
        self.members = others;
        if taken.len() > 1 {
            self.violation(name, "must occur only once");
        }
        taken.into_iter().next().map(|(_, json)| json)
    }
}

/// The value that `members` makes of an empty object, without a violation.
fn stand_in<T>(members: impl FnOnce(&mut Object<'_>) -> Option<T>) -> Option<T> {
    let violations = &mut Violations::default();
    members(&mut Object { path: String::new(), members: Vec::new(), violations })
}

/// Implements [`Read`] for a struct: first the required fields, then those that may be left out.
macro_rules! read_strictly {
    ($name:ident { $($required:ident),* ; $($optional:ident),* }) => {
        impl crate::strict_json::Read for $name {
            fn read(
                json: crate::strict_json::Json,
                path: String,
                violations: &mut crate::error::Violations,
            ) -> Option<Self> {
                crate::strict_json::Object::read(json, path, violations, |object| {
                    $(let $required = object.required(stringify!($required).trim_start_matches("r#"));)*
                    $(let $optional = object.optional(stringify!($optional));)*
                    Some(Self { $($required: $required?,)* $($optional,)* })
                })
            }
        }
    };
}

pub(crate) use read_strictly;

impl Read for Json {
    fn read(json: Json, _: String, _: &mut Violations) -> Option<Self> {
        Some(json)
    }
}

impl Read for bool {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match json {
            Json::Bool(value) => Some(value),
            _ => violations.note(path, "must be true or false, without quotes"),
        }
    }

    fn stand_in() -> Option<Self> {
        Some(false)
    }
}

impl Read for u64 {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match json {
            Json::Whole(value) => Some(value),
            _ => violations.note(path, "must be a whole number, without quotes, sign or decimals"),
        }
    }

    fn stand_in() -> Option<Self> {
        Some(1)
    }
}

impl Read for Fen {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match json {
            Json::Whole(value) => Some(Self(value)),
            _ => violations
                .note(path, "must be whole fen: a number without quotes, sign or decimals"),
        }
    }

    /// One yuan, which is allowed wherever an amount is required.
    fn stand_in() -> Option<Self> {
        Some(Self(100))
    }
}

impl Read for String {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match json {
            Json::Text(text) => Some(text),
            _ => violations.note(path, "must be a string, in quotes"),
        }
    }

    fn stand_in() -> Option<Self> {
        Some("x".to_owned())
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        let Json::List(list) = json else { return violations.note(path, "must be a list") };
        read_all(list, path, |json, path| T::read(json, path, violations))
    }

    fn stand_in() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Read> Read for Option<T> {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        T::read(json, path, violations).map(Some)
    }

    fn stand_in() -> Option<Self> {
        Some(None)
    }
}

/// Reads every value even after a violation, so that every violation is found.
fn read_all<T>(
    list: Vec<Json>,
    path: String,
    mut read: impl FnMut(Json, String) -> Option<T>,
) -> Option<Vec<T>> {
    let list = list.into_iter().enumerate();
    let all: Vec<_> = list.map(|(index, json)| read(json, format!("{path}/{index}"))).collect();
    all.into_iter().collect()
}

impl Read for IpAddr {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        let text = String::read(json, path.clone(), violations)?;
        text.parse().ok().or_else(|| violations.note(path, "must be an IPv4 or IPv6 address"))
    }

    fn stand_in() -> Option<Self> {
        Some(Self::V4(Ipv4Addr::LOCALHOST))
    }
}

impl Read for Ipv4Addr {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        let text = String::read(json, path.clone(), violations)?;
        text.parse().ok().or_else(|| violations.note(path, "must be an IPv4 address"))
    }
}

/// Implements [`Read`] for texts with a documented format, each with its stand-in.
macro_rules! read_checked_texts {
    ($($name:ident: $stand_in:literal),+) => {
        $(impl Read for $name {
            fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
                let text = String::read(json, path.clone(), violations)?;
                Self::try_from(text).map_or_else(|error| violations.note(path, rule_of(error)), Some)
            }

            fn stand_in() -> Option<Self> {
                Self::try_from($stand_in.to_owned()).ok()
            }
        })+

        #[cfg(test)]
        mod stand_in_tests {
            use super::*;

            #[test]
            fn stand_ins_have_the_documented_formats() {
                $(assert!($name::stand_in().is_some(), stringify!($name));)+
            }
        }
    };
}

read_checked_texts!(
    AppId: "wx0000000000000000",
    AuthorizationId: "000000",
    NotifyUrl: "https://127.0.0.1/",
    OpenId: "o0000000",
    OutAuthorizationNo: "000000",
    OutBillNo: "000000",
    OutOrderNo: "000000",
    OutRefundNo: "000000",
    OutReturnNo: "000000",
    OutTradeNo: "000000",
    OutUnfreezeNo: "000000",
    SplitId: "000000",
    Time: "2030-01-01T00:00:00Z",
    TransactionId: "4200000000000000000000000000"
);

/// The rule that a single value breaks, from its error.
pub(crate) fn rule_of(error: Error) -> Cow<'static, str> {
    let ErrorKind::Invalid(invalid) = error.into_kind() else { return "cannot be read".into() };
    invalid.into_rule()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Whole(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
