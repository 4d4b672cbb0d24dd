//! The error codes of WeChat Pay.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::one_line::OneLine;

/// An error code (错误码) of WeChat Pay, an open set.
///
/// Two spellings of one code are equal: the documents print `NO_AUTH` on one page and `NOAUTH` on
/// another. [`as_str`](Self::as_str) returns the one received.
///
/// ```
/// use wechatpay::Code;
/// assert_eq!(Code::new("NOAUTH"), Code::NO_AUTH);
/// assert_eq!(Code::new("NOAUTH").as_str(), "NOAUTH");
/// ```
#[derive(Debug, Clone)]
pub struct Code(Cow<'static, str>);

/// Makes a constant of each code. The part of its documentation after the Chinese name and a colon
/// is also part of the error text.
macro_rules! codes {
    ($(#[doc = $doc:literal] $name:ident),+ $(,)?) => {
        impl Code {
            $(#[doc = $doc] pub const $name: Self = Self(Cow::Borrowed(stringify!($name)));)+

            /// What the code means and what to do, where WeChat Pay's message does not make it clear.
            pub(super) fn advice(&self) -> Option<&'static str> {
                $(if *self == Self::$name {
                    return $doc.split_once(": ").map(|(_, advice)| advice.trim_end_matches('.'));
                })+
                None
            }
        }
    };
}

codes! {
    /// 账号异常: the user's account cannot be used; use another way to pay.
    ACCOUNT_ERROR,
    /// AppID和mch_id不匹配: bind the appid to the mchid on the merchant platform.
    APPID_MCHID_NOT_MATCH,
    /// APPID不存在, of APIv2: the appid is missing or wrong.
    APPID_NOT_EXIST,
    /// 二维码已过期, of APIv2: the payer's code has expired; scan a new one, with a new order number.
    AUTHCODEEXPIRE,
    /// 付款码参数错误, of APIv2: a code is good for one attempt; scan a new one, with a new order number.
    AUTH_CODE_ERROR,
    /// 付款码检验错误, of APIv2: it is not the code of a WeChat wallet; scan another one.
    AUTH_CODE_INVALID,
    /// 银行系统异常: internal error of the bank.
    BANK_ERROR,
    /// 退款业务流程错误, of APIv2: the refund is not finished.
    BIZERR_NEED_RETRY,
    /// 支付账号错误, of APIv2: an order cannot be paid by two payers; use a new order number.
    BUYER_MISMATCH,
    /// 证书校验错误, of APIv2: the client certificate is not the merchant's.
    CERT_ERROR,
    /// 合单支付权限非法, of APIv2: apply for combined payment for the sub-order's merchant.
    COMBINE_PAY_NOAUTH,
    /// 频率超限: too many calls; wait before the next one.
    FREQUENCY_LIMITED,
    /// 入参错误, of APIv2: a field breaks a rule, or differs from the first request with this number.
    INVALID_PARAMS,
    /// 无效请求: it breaks a rule of the interface, or the state of the order forbids it.
    INVALID_REQUEST,
    /// 无效请求过多, of APIv2: wait a minute, then retry with the same values.
    INVALID_REQ_TOO_MUCH,
    /// 订单号非法: the order number is wrong; it comes with status 500, but do not retry.
    INVALID_TRANSACTIONID,
    /// 缺少参数, of APIv2: a field is missing.
    LACK_PARAMS,
    /// MCHID不存在, of APIv2: the merchant number is missing or wrong.
    MCHID_NOT_EXIST,
    /// 商户号不存在: no such merchant number.
    MCH_NOT_EXISTS,
    /// 余额不足: the balance is too low; for a refund, top up the merchant account and retry with the same refund; for a split, query the amount left.
    NOT_ENOUGH,
    /// 商户无权限: apply for the product on the merchant platform.
    NO_AUTH,
    /// 不支持卡类型, of APIv2: the payer's card cannot be used here; ask for another one.
    NOTSUPORTCARD,
    /// 编码格式错误, of APIv2: the request is not UTF-8.
    NOT_UTF8,
    /// 账单文件不存在: no bill for that day; check the date.
    NO_STATEMENT_EXIST,
    /// openid和appid不匹配: use the user's openid under this appid; it comes with status 500, but do not retry.
    OPENID_MISMATCH,
    /// 订单已关闭: the order is closed; create a new one with a new order number.
    ORDER_CLOSED,
    /// 订单不存在: no such order; right after an unknown outcome this is not conclusive.
    ORDER_NOT_EXIST,
    /// 商户订单已支付, of APIv2: the order is paid already; query it.
    ORDERPAID,
    /// 订单已撤销, of APIv2: the order was reversed; use a new order number.
    ORDERREVERSED,
    /// 订单处理中，暂时无法退款, of APIv2: the order is being processed; retry later with the same refund.
    ORDER_NOT_READY,
    /// 商户订单号重复: the order number was used already; query it.
    OUT_TRADE_NO_USED,
    /// 参数错误: correct the field that is named.
    PARAM_ERROR,
    /// post数据为空, of APIv2: the body arrived empty; check that no proxy drops it.
    POST_DATA_EMPTY,
    /// post数据非法, of APIv2: it contains forbidden words, a script, or an unknown field.
    POST_DATA_INVALID,
    /// 退款查询失败, of APIv2: no such refund; right after an unknown outcome this is not conclusive.
    REFUNDNOTEXIST,
    /// 订单金额或退款金额与之前请求不一致, of APIv2: the refund number belongs to another refund; query it.
    REFUND_FEE_MISMATCH,
    /// 请使用post方法, of APIv2: it arrived with another method than POST; check that no proxy changes it.
    REQUIRE_POST_METHOD,
    /// 请求的资源不存在: no such order, refund or certificate; right after an unknown outcome this is not conclusive.
    RESOURCE_NOT_EXISTS,
    /// 订单无法撤销, of APIv2: the order is older than seven days; refund it instead.
    REVERSE_EXPIRE,
    /// 业务规则限制: a business rule limits calls or amounts; WeChat Pay's message names the rule.
    RULE_LIMIT,
    /// 签名错误: check the clock, and that key, serial number and merchant number belong together.
    SIGN_ERROR,
    /// 账单生成中: the bill is not ready; retry after 10:00 Beijing time.
    STATEMENT_CREATING,
    /// 子单数量超过限制, of APIv2: too many sub-orders; use fewer in one order.
    SUBORDER_LIMIT_EXCEEDED,
    /// 系统错误: internal error of WeChat Pay.
    SYSTEM_ERROR,
    /// 交易错误: WeChat Pay's message names the reason.
    TRADE_ERROR,
    /// 订单已经超过退款期限, of APIv2: the order is older than a year and cannot be refunded.
    TRADE_OVERDUE,
    /// 订单状态错误, of APIv2: the state of the order forbids it; query it.
    TRADE_STATE_ERROR,
    /// 用户账号异常: the user's account cannot receive money; refund in another way.
    USER_ACCOUNT_ABNORMAL,
    /// openid非法, of APIv2: the openid does not belong to the combine_appid.
    USER_OPENID_NOT_MATCH,
    /// 用户支付中，需要输入密码, of APIv2: the payer types the PIN; query the order after five seconds.
    USERPAYING,
    /// XML格式错误, of APIv2: the XML arrived malformed; check that no proxy modifies it.
    XML_FORMAT_ERROR,
}

impl Code {
    /// A code as received.
    pub fn new(code: impl Into<String>) -> Self {
        Self(Cow::Owned(code.into()))
    }

    /// The code in the spelling received; empty if the response contained none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn letters(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().filter(|byte| *byte != b'_')
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.letters().eq(other.letters())
    }
}

impl Eq for Code {}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.letters().for_each(|letter| letter.hash(state));
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OneLine(&self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    use super::*;

    #[test]
    fn code_in_both_spellings_is_one_code() {
        let set: HashSet<Code> = ["NO_AUTH", "NOAUTH", "ORDER_NOT_EXIST", "ORDERNOTEXIST"]
            .into_iter()
            .map(Code::new)
            .collect();
        assert_eq!(set.len(), 2);
        assert_ne!(Code::NO_AUTH, Code::ORDER_CLOSED);
        assert_ne!(Code::new("no_auth"), Code::NO_AUTH);
        let hash = |code: Code| BuildHasherDefault::<DefaultHasher>::new().hash_one(code);
        assert_eq!(hash(Code::new("NOAUTH")), hash(Code::NO_AUTH));
        assert_ne!(hash(Code::ORDER_CLOSED), hash(Code::NO_AUTH));
    }

    #[test]
    fn code_keeps_the_spelling_received() {
        assert_eq!(Code::new("NOAUTH").as_str(), "NOAUTH");
        assert_eq!(Code::new("NOAUTH").to_string(), "NOAUTH");
    }
}
