//! The two generations of WeChat Pay's interfaces.

/// A version of the interfaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Version {
    /// APIv3: JSON.
    V3,
    /// APIv2: XML.
    #[cfg(feature = "v2")]
    V2,
}

impl Version {
    pub(super) fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            #[cfg(feature = "v2")]
            Self::V2 => 2,
        }
    }
}
