//! The order of 付款码支付, and what its call returns.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::error::{ApiError, Error, Invalid, Violations};
use crate::id::{AppId, OutTradeNo};
use crate::money::Fen;
use crate::pay::Paid;
use crate::strict_json::{Json, Object};
use crate::time::Time;
use crate::v2::fields::Fields;
use crate::v2::from_xml;
use crate::v2::order_fields::order_fields;
use crate::v2::pay::auth_code::AuthCode;
use crate::v2::pay::order::{
    CommonFields, LimitPay, OrderDetail, StoreInfo, scene_info, store_info,
};
use crate::v2::signer::Signer;

/// An order that is paid at the till with the payer's code, for
/// [`micropay`](crate::v2::pay::micropay) and [`TillPayment`](crate::v2::pay::TillPayment).
///
/// [`new`](Self::new) takes the required fields; the optional ones are public and start empty. The
/// payer's code is an argument of the call. Each attempt needs an order number of its own.
///
/// ```
/// use wechatpay::Fen;
/// use wechatpay::v2::pay::MicropayOrder;
///
/// let mut order = MicropayOrder::new(
///     "wx2421b1c4370ec43b".parse()?,
///     "1415659990".parse()?,
///     "深圳分店-咖啡",
///     Fen(1800),
///     "14.23.150.211".parse().unwrap(),
/// );
/// order.device_info = Some("till-3".into());
/// order.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MicropayOrder {
    /// 公众账号ID: the appid that the payment is made in.
    pub appid: AppId,
    /// 商户订单号: merchant order number, a new one for each attempt.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: description of the goods. 1 to 128 characters.
    pub body: String,
    /// 订单金额: total amount in fen; at least 1.
    pub total_fee: Fen,
    /// 终端IP: the till's IP address, IPv4 or IPv6.
    pub spbill_create_ip: IpAddr,
    /// 设备号: your identifier of the shop or till. 1 to 32 characters. Default: none.
    pub device_info: Option<String>,
    /// 商品详情: details of the goods, as text, or as JSON for discounts on single items (单品优惠); `version`
    /// `1.0` is sent with JSON. Default: none.
    pub detail: Option<OrderDetail>,
    /// 附加数据: your own data, returned by queries. 1 to 127 characters. Default: none.
    pub attach: Option<String>,
    /// 货币类型: currency, three capital letters. Default: none, which means `CNY`.
    pub fee_type: Option<String>,
    /// 订单生成时间: start time, to the second. Default: none.
    pub time_start: Option<Time>,
    /// 订单失效时间: payment deadline, to the second, more than a minute after `time_start`. Default: none.
    pub time_expire: Option<Time>,
    /// 订单优惠标记: tag that selects the coupons that apply. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
    /// 指定支付方式: payment method that is excluded. Default: none excluded.
    pub limit_pay: Option<LimitPay>,
    /// 电子发票入口开放标识: whether the payer is offered an electronic invoice. Default: false.
    pub receipt: bool,
    /// 是否需要分账: whether the money is frozen for profit sharing. Default: none, which means no.
    pub profit_sharing: Option<bool>,
    /// 场景信息: the shop. Default: none.
    pub store_info: Option<StoreInfo>,
}

order_fields! {
    MicropayOrder {
        appid: AppId,
        out_trade_no: OutTradeNo,
        body: String,
        total_fee: Fen,
        spbill_create_ip: IpAddr;
        device_info,
        detail,
        attach,
        fee_type,
        time_start,
        time_expire,
        goods_tag,
        limit_pay,
        receipt,
        profit_sharing;
        store_info
    }
}

impl MicropayOrder {
    /// An order with the required fields.
    pub fn new(
        appid: AppId,
        out_trade_no: OutTradeNo,
        body: impl Into<String>,
        total_fee: Fen,
        spbill_create_ip: IpAddr,
    ) -> Self {
        Self::with_required(appid, out_trade_no, body.into(), total_fee, spbill_create_ip)
    }

    /// Reads the XML of a request as WeChat Pay's page prints it: the order, and the payer's code.
    ///
    /// As strict as [`Order::from_xml`](crate::v2::pay::Order::from_xml).
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn from_xml(signer: &dyn Signer, xml: &[u8]) -> Result<(Self, AuthCode), Error> {
        let members = |object: &mut Object<'_>| {
            object.agrees("mch_id", Some(signer.mchid()), ", that of the signer");
            let code: Option<String> = object.required("auth_code");
            let code = code.and_then(|code| object.checked("auth_code", AuthCode::new(code)));
            Self::read_members(object).zip(code)
        };
        from_xml::read(signer, xml, members, |(order, _), violations| {
            order.find_violations(violations)
        })
    }

    /// Validates the order against the documented rules. Every call does this before sending.
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn validate(&self) -> Result<(), Error> {
        Ok(Violations::try_collect(|violations| self.find_violations(violations))?)
    }

    fn find_violations(&self, violations: &mut Violations) -> Result<(), Invalid> {
        let common = CommonFields {
            device_info: self.device_info.as_deref(),
            body: &self.body,
            detail: self.detail.as_ref(),
            attach: self.attach.as_deref(),
            fee_type: self.fee_type.as_deref(),
            total_fee: self.total_fee,
            times: (self.time_start, self.time_expire),
            goods_tag: self.goods_tag.as_deref(),
            store_info: self.store_info.as_ref(),
        };
        common.find_violations(violations)
    }

    /// The fields of the request without `nonce_str` and `sign`.
    pub(super) fn to_fields(
        &self,
        signer: &dyn Signer,
        auth_code: &AuthCode,
    ) -> Result<Fields, Error> {
        self.validate()?;
        let mut fields = Fields::of(signer.mchid(), &self.appid);
        self.set_members(&mut fields)?;
        fields.set("auth_code", auth_code.as_str());
        Ok(fields)
    }

    /// The order's own fields, to be stored.
    pub(super) fn to_texts(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut fields = Fields::default();
        self.set_members(&mut fields)?;
        Ok(fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Reads the fields that were stored.
    pub(super) fn from_texts(texts: BTreeMap<String, String>) -> Result<Self, Error> {
        let members = texts.into_iter().map(|(name, text)| (name, Json::Text(text))).collect();
        let mut violations = Violations::default();
        let mut object = Object::of_fields(members, &mut violations);
        let order = Self::read_members(&mut object);
        object.finish();
        violations.into_result()?;
        Ok(order.ok_or_else(|| Invalid::new("order", "cannot be read"))?)
    }

    fn set_members(&self, fields: &mut Fields) -> Result<(), Invalid> {
        self.set_fields(fields)?;
        fields.set_optional("scene_info", scene_info(self.store_info.as_ref())?);
        fields.set_optional("version", self.version());
        Ok(())
    }

    fn read_members(object: &mut Object<'_>) -> Option<Self> {
        let store_info = store_info(object);
        let order = Self::read(object);
        match &order {
            Some(order) => object.agrees("version", order.version(), ", that of detail as JSON"),
            None => drop(object.optional::<String>("version")),
        }
        Some(Self { store_info, ..order? })
    }

    fn version(&self) -> Option<&'static str> {
        self.detail.as_ref().and_then(OrderDetail::version)
    }
}

/// The result of an attempt to charge a payer's code. An unknown outcome is none of these, but an
/// [`Error`].
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// 支付成功: the payer was charged.
    Paid(Paid),
    /// 用户支付中 (`USERPAYING`): the payer types a PIN. Query the order, every few seconds; it can still be
    /// paid until it is reversed.
    Pending,
    /// 支付失败: WeChat Pay refused the attempt, and the payer was not charged. Another attempt needs
    /// another code and another order number.
    Refused(ApiError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::pay::{Detail, GoodsDetail};
    use crate::v2::signer::tests::hmac_key;
    use crate::v2::xml;

    fn order() -> MicropayOrder {
        let (appid, number) = ("wx0000000000000001".parse().unwrap(), "till-0001".parse().unwrap());
        MicropayOrder::new(appid, number, "咖啡", Fen(100), "203.0.113.7".parse().unwrap())
    }

    /// Every field.
    fn full_order() -> MicropayOrder {
        let mut order = order();
        let mut detail = Detail::default();
        detail.goods_detail.push(GoodsDetail::new("latte", 1, Fen(100)));
        order.device_info = Some("till-3".into());
        order.detail = Some(detail.into());
        order.attach = Some("a=1&b=2".into());
        order.fee_type = Some("CNY".into());
        order.time_start = Some("2009-12-25T09:10:10+08:00".parse().unwrap());
        order.time_expire = Some("2009-12-25T09:20:10+08:00".parse().unwrap());
        order.goods_tag = Some("WXG".into());
        order.limit_pay = Some(LimitPay::NoCredit);
        order.receipt = true;
        order.profit_sharing = Some(true);
        order.store_info = Some(StoreInfo::new("SZTX001"));
        order
    }

    #[test]
    fn sent_order_is_read_back_equal() {
        for order in [order(), full_order()] {
            let code = AuthCode::new("134567890123456789").unwrap();
            let fields = order.to_fields(&hmac_key(), &code).unwrap();
            assert_eq!(fields.get("auth_code"), Some("134567890123456789"));
            let read = MicropayOrder::from_xml(&hmac_key(), xml::write(&fields).as_bytes());
            assert_eq!(read.unwrap(), (order.clone(), code));
            let stored = order.to_texts().unwrap();
            assert!(!stored.contains_key("auth_code"));
            assert_eq!(MicropayOrder::from_texts(stored).unwrap(), order);
        }
    }

    #[test]
    fn broken_rule_is_reported_by_field() {
        let mut order = order();
        (order.body, order.total_fee) = (String::new(), Fen(0));
        assert_eq!(
            order.validate().unwrap_err().to_string(),
            "body must be 1 to 128 characters; \
             total_fee must be at least 1 fen and fit a signed 64-bit integer"
        );
        let xml =
            b"<xml><appid>wx1</appid><auth_code>28</auth_code><notify_url>x</notify_url></xml>";
        let error = MicropayOrder::from_xml(&hmac_key(), xml).unwrap_err().to_string();
        for part in ["auth_code must be 18 digits", "body is missing", "notify_url is not a field"]
        {
            assert!(error.contains(part), "{error}");
        }
    }
}
