//! Guides: what the pages of single functions do not tell.
//!
//! | guide | what it answers |
//! |---|---|
//! | [`keys`] | which key file is which, both modes of WeChat Pay's keys, and the switch between them |
//! | [`notices`] | what to do with what WeChat Pay posts to you, and what to answer |
//! | [`unknown_outcomes`] | what to do when nobody knows whether an order or a refund was made |
//! | [`testing`] | how to test a merchant's program without a contract and without money |
//! | [`key_stores`] | how to sign with a key that lives in a KMS or an HSM |
//! | [`bills`] | how to fetch, check and read the bills of a day |
//! | [`embedding`] | servers, async programs, proxies and time-outs, and calls that are not here |
//! | [`moving`] | which call of the official Go and Java libraries is which call here |

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("notices.md")]
pub mod notices {}

#[doc = include_str!("unknown_outcomes.md")]
pub mod unknown_outcomes {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("key_stores.md")]
pub mod key_stores {}

#[doc = include_str!("bills.md")]
pub mod bills {}

#[doc = include_str!("embedding.md")]
pub mod embedding {}

#[doc = include_str!("moving.md")]
pub mod moving {}
