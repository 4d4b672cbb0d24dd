//! The fields of a request, declared once. A new field takes three edits: in the struct, in this
//! declaration, and in the rules.

/// Constructs, reads and writes a struct by the names of its fields: those that are required (with their
/// types, in the order of the constructor), and after the semicolon those that may be left out.
///
/// `Name { … }` is a complete JSON object. `Name(given: Type) { … }` is a part of a body; what stands in
/// parentheses is read and written by the caller, because its JSON is of another shape.
macro_rules! request_fields {
    ($name:ident { $($required:ident: $type:ty),*; $($optional:ident),* }) => {
        crate::request_fields::request_fields! { $name() { $($required: $type),*; $($optional),* } }

        impl crate::strict_json::Read for $name {
            fn read(
                json: crate::strict_json::Json,
                path: String,
                violations: &mut crate::error::Violations,
            ) -> Option<Self> {
                crate::strict_json::Object::read(json, path, violations, Self::read_fields)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.fields().serialize(serializer)
            }
        }
    };
    ($name:ident($($given:ident: $given_type:ty),*) {
        $($required:ident: $type:ty),*; $($optional:ident),*
    }) => {
        impl $name {
            #[allow(dead_code, reason = "a struct without required fields has Default instead")]
            #[allow(clippy::too_many_arguments, reason = "one for each required field")]
            fn with_required($($given: $given_type,)* $($required: $type,)*) -> Self {
                Self { $($given,)* $($required,)* $($optional: Default::default(),)* }
            }

            fn read_fields(
                object: &mut crate::strict_json::Object<'_>,
                $($given: Option<$given_type>,)*
            ) -> Option<Self> {
                $(let $required = object.required(crate::request_fields::name(stringify!($required)));)*
                $(let $optional = object.optional(stringify!($optional)).unwrap_or_default();)*
                Some(Self { $($given: $given?,)* $($required: $required?,)* $($optional,)* })
            }

            /// As JSON. The same values become the same bytes.
            fn fields(&self) -> impl serde::Serialize + '_ {
                struct Fields<'a>(&'a $name);

                impl serde::Serialize for Fields<'_> {
                    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                        use serde::ser::SerializeMap;
                        let mut map = serializer.serialize_map(None)?;
                        $(map.serialize_entry(
                            crate::request_fields::name(stringify!($required)),
                            &self.0.$required,
                        )?;)*
                        $(if !crate::request_fields::is_left_out(&self.0.$optional) {
                            map.serialize_entry(stringify!($optional), &self.0.$optional)?;
                        })*
                        map.end()
                    }
                }

                Fields(self)
            }
        }
    };
}

pub(crate) use request_fields;

/// The JSON name of a Rust identifier.
pub(crate) fn name(identifier: &'static str) -> &'static str {
    identifier.trim_start_matches("r#")
}

pub(crate) fn is_left_out<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
