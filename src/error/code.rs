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
/// is also part of the error text. The advice in Chinese follows.
macro_rules! codes {
    ($(#[doc = $doc:literal] $name:ident: $chinese:literal),+ $(,)?) => {
        impl Code {
            $(#[doc = $doc] pub const $name: Self = Self(Cow::Borrowed(stringify!($name)));)+

            /// What the code means and what to do, where WeChat Pay's message does not make it clear.
            pub(super) fn advice(&self) -> Option<&'static str> {
                $(if *self == Self::$name {
                    return $doc.split_once(": ").map(|(_, advice)| advice.trim_end_matches('.'));
                })+
                None
            }

            /// 处理建议: what to do after this code, in Chinese; `None` for a code without a constant.
            ///
            /// The guide [`errors`](crate::guide::zh::errors) lists all of them.
            ///
            /// ```
            /// assert_eq!(wechatpay::Code::ORDERPAID.advice_zh(), Some("订单已支付，查询订单，不要再次下单"));
            /// ```
            #[must_use]
            pub fn advice_zh(&self) -> Option<&'static str> {
                $(if *self == Self::$name {
                    return Some($chinese);
                })+
                None
            }
        }
    };
}

codes! {
    /// 账号异常: the user's account cannot be used; use another way to pay.
    ACCOUNT_ERROR: "用户的账号无法使用，请换一种支付方式",
    /// 单据已存在: a transfer with this number has ended; query it.
    ALREADY_EXISTS: "该单号的转账已是终态，请查询",
    /// AppID和mch_id不匹配: bind the appid to the mchid on the merchant platform.
    APPID_MCHID_NOT_MATCH: "在商户平台把 appid 与商户号绑定",
    /// APPID不存在, of APIv2: the appid is missing or wrong.
    APPID_NOT_EXIST: "检查 appid：缺少或填错",
    /// 二维码已过期, of APIv2: the payer's code has expired; scan a new one, with a new order number.
    AUTHCODEEXPIRE: "付款码已过期，请用户刷新付款码，用新的订单号再收款",
    /// 付款码参数错误, of APIv2: a code is good for one attempt; scan a new one, with a new order number.
    AUTH_CODE_ERROR: "付款码只能用一次，重新扫码，用新的订单号再收款",
    /// 付款码检验错误, of APIv2: it is not the code of a WeChat wallet; scan another one.
    AUTH_CODE_INVALID: "扫到的不是微信付款码，换付款码",
    /// 银行系统异常: internal error of the bank.
    BANK_ERROR: "银行系统内部错误，稍后用同一笔订单重试",
    /// 退款业务流程错误, of APIv2: the refund is not finished.
    BIZERR_NEED_RETRY: "退款尚未完成，稍后用同一笔退款重试",
    /// 支付账号错误, of APIv2: an order cannot be paid by two payers; use a new order number.
    BUYER_MISMATCH: "同一订单不能由两个用户支付，用新的订单号",
    /// 证书校验错误, of APIv2: the client certificate is not the merchant's.
    CERT_ERROR: "客户端证书不是本商户的，换成本商户号的商户API证书",
    /// 合单支付权限非法, of APIv2: apply for combined payment for the sub-order's merchant.
    COMBINE_PAY_NOAUTH: "为子单的商户号申请合单支付权限",
    /// 频率超限: too many calls; wait before the next one.
    FREQUENCY_LIMITED: "调用过于频繁，降低频率，稍后再试",
    /// 入参错误, of APIv2: a field breaks a rule, or differs from the first request with this number.
    INVALID_PARAMS: "某个字段不符合规则，或与同一单号第一次请求的参数不同",
    /// 无效请求: it breaks a rule of the interface, or the state of the order forbids it.
    INVALID_REQUEST: "请求不符合接口规则，或订单当前状态不允许；先查询订单",
    /// 无效请求过多, of APIv2: wait a minute, then retry with the same values.
    INVALID_REQ_TOO_MUCH: "错误的请求太多，一分钟后用原来的参数重试",
    /// 订单号非法: the order number is wrong; it comes with status 500, but do not retry.
    INVALID_TRANSACTIONID: "订单号不对；虽然状态码是 500，但重试没有用",
    /// 缺少参数, of APIv2: a field is missing.
    LACK_PARAMS: "补上缺少的字段",
    /// MCHID不存在, of APIv2: the merchant number is missing or wrong.
    MCHID_NOT_EXIST: "检查商户号：缺少或填错",
    /// 商户号不存在: no such merchant number.
    MCH_NOT_EXISTS: "没有这个商户号，检查商户号",
    /// 余额不足: the balance is too low; top up the account (of a transfer, the operation account), then retry with the same number; for a split, query the amount left.
    NOT_ENOUGH: "余额不足；请先充值（转账充运营账户），再用同一个单号重试；分账时请查询剩余待分金额",
    /// 商户无权限: apply for the product on the merchant platform.
    NO_AUTH: "在商户平台的产品中心开通对应的产品或权限",
    /// 不支持卡类型, of APIv2: the payer's card cannot be used here; ask for another one.
    NOTSUPORTCARD: "这里不能用该卡，请用户换卡",
    /// 编码格式错误, of APIv2: the request is not UTF-8.
    NOT_UTF8: "请求必须使用 UTF-8 编码",
    /// 单据不存在: no such transfer or authorization; right after an unknown outcome this is not conclusive.
    NOT_FOUND: "转账单或授权单不存在；刚刚结果未知时，这不能作为结论",
    /// 账单文件不存在: no bill for that day; check the date.
    NO_STATEMENT_EXIST: "当天没有账单（没有交易），检查日期",
    /// openid和appid不匹配: use the user's openid under this appid; it comes with status 500, but do not retry.
    OPENID_MISMATCH: "使用该用户在此 appid 下的 openid；虽然状态码是 500，但重试没有用",
    /// 订单已关闭: the order is closed; create a new one with a new order number.
    ORDER_CLOSED: "订单已关闭，用新的订单号重新下单",
    /// 订单不存在: no such order; right after an unknown outcome this is not conclusive.
    ORDER_NOT_EXIST: "订单不存在；刚刚结果未知时，这不能作为结论",
    /// 商户订单已支付, of APIv2: the order is paid already; query it.
    ORDERPAID: "订单已支付，查询订单，不要再次下单",
    /// 订单已撤销, of APIv2: the order was reversed; use a new order number.
    ORDERREVERSED: "订单已撤销，用新的订单号",
    /// 订单处理中，暂时无法退款, of APIv2: the order is being processed; retry later with the same refund.
    ORDER_NOT_READY: "订单处理中，稍后用同一笔退款重试",
    /// 商户订单号重复: the order number was used already; query it.
    OUT_TRADE_NO_USED: "订单号已用过，先查询；参数必须与第一次完全相同，否则换新的订单号",
    /// 参数错误: correct the field that is named.
    PARAM_ERROR: "改正错误中指出的字段",
    /// post数据为空, of APIv2: the body arrived empty; check that no proxy drops it.
    POST_DATA_EMPTY: "收到的报文为空，检查代理是否丢弃了报文",
    /// post数据非法, of APIv2: it contains forbidden words, a script, or an unknown field.
    POST_DATA_INVALID: "报文中有不允许的内容、脚本或未知字段",
    /// 退款查询失败, of APIv2: no such refund; right after an unknown outcome this is not conclusive.
    REFUNDNOTEXIST: "退款不存在；刚刚结果未知时，这不能作为结论",
    /// 订单金额或退款金额与之前请求不一致, of APIv2: the refund number belongs to another refund; query it.
    REFUND_FEE_MISMATCH: "退款单号属于另一笔退款，先查询",
    /// 请使用post方法, of APIv2: it arrived with another method than POST; check that no proxy changes it.
    REQUIRE_POST_METHOD: "收到的不是 POST，检查代理是否改了方法",
    /// 请求的资源不存在: no such order, refund or certificate; right after an unknown outcome this is not conclusive.
    RESOURCE_NOT_EXISTS: "订单、退款或平台证书不存在；刚刚结果未知时，这不能作为结论",
    /// 订单无法撤销, of APIv2: the order is older than seven days; refund it instead.
    REVERSE_EXPIRE: "订单超过 7 天不能撤销，改为退款",
    /// 业务规则限制: a business rule limits calls or amounts; WeChat Pay's message names the rule.
    RULE_LIMIT: "业务规则不允许，微信支付的错误描述写明了是哪一条",
    /// 签名错误: check the clock, and that key, serial number and merchant number belong together.
    SIGN_ERROR: "检查时钟，以及私钥、证书序列号与商户号是否属于同一个商户",
    /// 账单生成中: the bill is not ready; retry after 10:00 Beijing time.
    STATEMENT_CREATING: "账单还没有生成，北京时间 10:00 之后重试",
    /// 子单数量超过限制, of APIv2: too many sub-orders; use fewer in one order.
    SUBORDER_LIMIT_EXCEEDED: "子单太多，减少一次合单中的子单",
    /// 系统错误: internal error of WeChat Pay.
    SYSTEM_ERROR: "微信支付内部错误，结果未知：用同一笔订单或退款重试，或者查询",
    /// 交易错误: WeChat Pay's message names the reason.
    TRADE_ERROR: "交易失败，微信支付的错误描述写明了原因",
    /// 订单已经超过退款期限, of APIv2: the order is older than a year and cannot be refunded.
    TRADE_OVERDUE: "订单已超过一年，不能退款",
    /// 订单状态错误, of APIv2: the state of the order forbids it; query it.
    TRADE_STATE_ERROR: "订单当前状态不允许，先查询订单",
    /// 用户账号异常: the user's account cannot receive money; refund in another way.
    USER_ACCOUNT_ABNORMAL: "用户的账户无法收款，用其他方式退款",
    /// openid非法, of APIv2: the openid does not belong to the combine_appid.
    USER_OPENID_NOT_MATCH: "openid 不属于 combine_appid，换成正确的 openid",
    /// 用户支付中，需要输入密码, of APIv2: the payer types the PIN; query the order after five seconds.
    USERPAYING: "用户正在输入密码，5 秒后查询订单",
    /// XML格式错误, of APIv2: the XML arrived malformed; check that no proxy modifies it.
    XML_FORMAT_ERROR: "收到的 XML 格式不对，检查代理是否修改了报文",
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

    /// Whether a document lists it.
    pub(super) fn is_known(&self) -> bool {
        self.advice_zh().is_some()
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
