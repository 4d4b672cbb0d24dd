//! The fields of an order: listed once, and made, written and read by that list.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use serde::Serialize;

use crate::error::Invalid;
use crate::id::{AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::strict_json::{Object, Read};
use crate::time::Time;
use crate::v2::fields::{Fields, yes_or_no};
use crate::v2::parse;
use crate::validate;

/// Implements `with_required`, `set_fields` and `read` for an order: first the required fields, then
/// the optional ones, then those that are not fields of the message themselves.
macro_rules! order_fields {
    ($order:ident {
        $($required:ident: $type:ty),+;
        $($optional:ident),+;
        $($other:ident),*
    }) => {
        impl $order {
            fn with_required($($required: $type),+) -> Self {
                Self {
                    $($required,)+
                    $($optional: Default::default(),)+
                    $($other: Default::default(),)*
                }
            }

            fn set_fields(
                &self,
                fields: &mut crate::v2::fields::Fields,
            ) -> Result<(), crate::error::Invalid> {
                use crate::v2::order_fields::{FieldText, OptionalField};
                $(
                    let name = <$type>::NAME.unwrap_or(stringify!($required));
                    fields.set(name, self.$required.to_text()?);
                )+
                $(self.$optional.set(stringify!($optional), fields)?;)+
                Ok(())
            }

            /// Reads every field before it gives up, so that every violation is found.
            fn read(object: &mut crate::strict_json::Object<'_>) -> Option<Self> {
                use crate::v2::order_fields::{FieldText, OptionalField};
                $(
                    let name = <$type>::NAME.unwrap_or(stringify!($required));
                    let $required = <$type>::required(object, name);
                )+
                $(let $optional = OptionalField::read(object, stringify!($optional));)+
                let mut order = Self::with_required($($required?),+);
                $(order.$optional = $optional;)+
                Some(order)
            }
        }
    };
}

pub(super) use order_fields;

/// A value that is a text in XML.
pub(super) trait FieldText: Sized {
    /// The name of its field, if that differs from the name in the order.
    const NAME: Option<&'static str> = None;

    fn to_text(&self) -> Result<Cow<'_, str>, Invalid>;

    /// Reads a field that may be left out. If it is wrong, it adds a violation and counts as left
    /// out.
    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self>;

    fn required(object: &mut Object<'_>, name: &str) -> Option<Self> {
        if !object.has(name) {
            object.violation(name, "is missing");
        }
        Self::optional(object, name).or_else(Self::stand_in)
    }

    /// As [`Read::stand_in`].
    fn stand_in() -> Option<Self> {
        None
    }
}

/// A field of an order that may be left out.
pub(super) trait OptionalField: Sized {
    fn set(&self, name: &'static str, fields: &mut Fields) -> Result<(), Invalid>;

    fn read(object: &mut Object<'_>, name: &str) -> Self;
}

impl<T: FieldText> OptionalField for Option<T> {
    fn set(&self, name: &'static str, fields: &mut Fields) -> Result<(), Invalid> {
        fields.set_optional(name, self.as_ref().map(T::to_text).transpose()?);
        Ok(())
    }

    fn read(object: &mut Object<'_>, name: &str) -> Self {
        T::optional(object, name)
    }
}

/// `Y`, or left out.
impl OptionalField for bool {
    fn set(&self, name: &'static str, fields: &mut Fields) -> Result<(), Invalid> {
        self.then_some(true).set(name, fields)
    }

    fn read(object: &mut Object<'_>, name: &str) -> Self {
        FieldText::optional(object, name).unwrap_or_default()
    }
}

/// `Y` or `N`.
impl FieldText for bool {
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        Ok(yes_or_no(*self).into())
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        match object.optional::<String>(name)?.as_str() {
            "Y" => Some(true),
            "N" => Some(false),
            _ => object.note(name, "must be Y or N"),
        }
    }
}

/// Digits.
impl FieldText for Fen {
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        Ok(self.0.to_string().into())
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        let text: String = object.optional(name)?;
        parse::fen(&text)
            .or_else(|| object.note(name, "must be whole fen: digits, without sign or decimals"))
    }

    fn stand_in() -> Option<Self> {
        Read::stand_in()
    }
}

/// `20091225091010`.
impl FieldText for Time {
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        Ok(self.compact().into())
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        let text: String = object.optional(name)?;
        object.checked(name, Self::from_compact(&text))
    }
}

impl FieldText for IpAddr {
    /// A socket for both versions shows the address of an IPv4 payer as `::ffff:14.23.150.211`.
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        Ok(self.to_canonical().to_string().into())
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        object.optional(name)
    }

    fn stand_in() -> Option<Self> {
        Read::stand_in()
    }
}

macro_rules! plain_texts {
    ($($type:ty),+) => {
        $(impl FieldText for $type {
            fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
                Ok(self.as_str().into())
            }

            fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
                object.optional(name)
            }

            fn stand_in() -> Option<Self> {
                Read::stand_in()
            }
        })+
    };
}

plain_texts!(String, AppId, OutTradeNo, NotifyUrl);

/// The address of an IPv4 payer may be shown as `::ffff:14.23.150.211`, as in the other orders.
impl FieldText for Ipv4Addr {
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        Ok(self.to_string().into())
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        let text: String = object.optional(name)?;
        match text.parse().map(|address: IpAddr| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => Some(address),
            _ => object.note(name, "must be an IPv4 address"),
        }
    }

    fn stand_in() -> Option<Self> {
        Some(Self::LOCALHOST)
    }
}

/// JSON in a field: made once, so that what is signed is what is sent.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, Invalid> {
    let json = validate::to_json(value)?;
    String::from_utf8(json).map_err(|_| Invalid::new("request", "cannot be written as JSON"))
}
