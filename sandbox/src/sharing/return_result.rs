//! 回退结果: how a return ended.

/// 回退结果.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ReturnResult {
    Processing,
    Success,
    Failed(&'static str),
}

impl ReturnResult {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Failed(_) => "FAILED",
        }
    }
}
