//! `open_set!`: enums of the words that WeChat Pay documents, to which it may add at any time.

/// Makes an enum of documented words, with a variant for every other word. An unknown word does not
/// make a response unreadable.
///
/// The name comes with the public module it is in, for its example; a module within another is
/// written `[v2] refund`.
macro_rules! open_set {
    ($(#[$doc:meta])+ $([$outer:ident])? $module:ident::$name:ident {
        $(#[$first_doc:meta])+ $first:ident = $first_word:literal,
        $($(#[$word_doc:meta])+ $variant:ident = $word:literal,)+
    }) => {
        $(#[$doc])+
        ///
        /// ```
        #[doc = concat!(
            "use wechatpay::",
            $(stringify!($outer), "::",)?
            stringify!($module),
            "::",
            stringify!($name),
            ";"
        )]
        ///
        #[doc = concat!("let word = ", stringify!($name), "::from(\"", $first_word, "\");")]
        #[doc = concat!("assert_eq!(word, ", stringify!($name), "::", stringify!($first), ");")]
        #[doc = concat!("let other = ", stringify!($name), "::from(\"NEW\");")]
        /// assert_eq!(other.as_str(), "NEW");
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(#[$first_doc])+
            $first,
            $($(#[$word_doc])+ $variant,)+
            /// A word that this version does not know, as received.
            Other(String),
        }

        impl $name {
            /// The word as WeChat Pay writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    Self::$first => $first_word,
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $first_word => Self::$first,
                    $($word => Self::$variant,)+
                    _ => Self::Other(word.to_owned()),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::one_line::OneLine(self.as_str()).fmt(f)
            }
        }

        impl crate::received::Received for $name {
            fn received(word: &str) -> Option<Self> {
                Some(Self::from(word))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::received::text(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

pub(crate) use open_set;
