//! The order of 统一下单.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::Serialize;

use crate::error::{Error, Invalid, Violations};
use crate::id::{AppId, NotifyUrl, OpenId, OutTradeNo};
use crate::money::Fen;
use crate::strict_json::{Object, read_strictly};
use crate::time::Time;
use crate::v2::fields::Fields;
use crate::v2::order_fields::{FieldText, order_fields, to_json};
use crate::v2::signer::Signer;
use crate::v2::trade_type::{AnyTrade, H5Info, Kind, ReadTrade, Trade, WrongScene};
use crate::v2::{from_xml, validate, xml};
use crate::validate as shared;

/// An order for [`prepay`](crate::v2::pay::prepay).
///
/// [`new`](Self::new) takes the required fields; the optional ones are public and start empty. Keep
/// the order: sent again after an unknown outcome, it becomes the same fields, and WeChat Pay
/// accepts a used order number only with identical parameters. So set
/// [`time_start`](Self::time_start) and [`time_expire`](Self::time_expire) once, not at each
/// attempt.
///
/// Texts must not contain characters of four bytes in UTF-8 (no emoji) or control characters, and
/// must not begin or end with a blank.
///
/// ```
/// use wechatpay::v2::pay::Order;
/// use wechatpay::{AppId, Fen, NotifyUrl, OutTradeNo};
///
/// let mut order = Order::new(
///     AppId::new("wx2421b1c4370ec43b")?,
///     OutTradeNo::new("1415659990")?,
///     "JSAPI支付测试",
///     Fen(1),
///     "14.23.150.211".parse().unwrap(),
///     NotifyUrl::new("https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php")?,
/// );
/// order.attach = Some("支付测试".into());
/// order.validate()?;
/// # Ok::<(), wechatpay::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Order {
    /// 公众账号ID: the appid that the payment is made in.
    pub appid: AppId,
    /// 商户订单号: merchant order number.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: description of the goods. 1 to 128 characters.
    pub body: String,
    /// 总金额: total amount in fen; at least 1.
    pub total_fee: Fen,
    /// 终端IP: the payer's IP address, IPv4 or IPv6. An H5 order can be paid from this address only.
    pub spbill_create_ip: IpAddr,
    /// 通知地址: URL for the notification of the payment.
    pub notify_url: NotifyUrl,
    /// 设备号: your identifier of the shop or till. 1 to 32 characters. Default: none.
    pub device_info: Option<String>,
    /// 商品详情: details of the goods, as text, or as JSON for discounts on single items (单品优惠); `version`
    /// `1.0` is sent with JSON. Default: none.
    pub detail: Option<OrderDetail>,
    /// 附加数据: your own data, returned by queries and notifications. 1 to 127 characters.
    /// Default: none.
    pub attach: Option<String>,
    /// 货币类型: currency, three capital letters. Default: none, which means `CNY`.
    pub fee_type: Option<String>,
    /// 订单生成时间: start time, to the second. Default: none.
    pub time_start: Option<Time>,
    /// 订单失效时间: payment deadline, to the second, more than a minute after `time_start`. The
    /// first request fixes it, and it does not close the order. Default: none.
    pub time_expire: Option<Time>,
    /// 订单优惠标记: tag that selects the coupons that apply. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
    /// 指定支付方式: payment method that is excluded. Default: none excluded.
    pub limit_pay: Option<LimitPay>,
    /// 电子发票入口开放标识: whether the payer is offered an electronic invoice. Default: false.
    pub receipt: bool,
    /// 是否需要分账: whether the money is frozen for profit sharing. Default: none, which means no.
    pub profit_sharing: Option<bool>,
    /// 场景信息: the shop. Must be left out of H5 orders, which have [`H5Info`] instead. Default:
    /// none.
    pub store_info: Option<StoreInfo>,
    /// 商品ID: your identifier of the product, in an order of another kind than Native. 1 to 32
    /// characters. Default: none.
    pub product_id: Option<String>,
    /// 用户标识: the user under the order's appid, in an order of another kind than JSAPI. Default: none.
    pub openid: Option<OpenId>,
}

order_fields! {
    Order {
        appid: AppId,
        out_trade_no: OutTradeNo,
        body: String,
        total_fee: Fen,
        spbill_create_ip: IpAddr,
        notify_url: NotifyUrl;
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
        store_info,
        product_id,
        openid
    }
}

impl Order {
    /// An order with the required fields.
    pub fn new(
        appid: AppId,
        out_trade_no: OutTradeNo,
        body: impl Into<String>,
        total_fee: Fen,
        spbill_create_ip: IpAddr,
        notify_url: NotifyUrl,
    ) -> Self {
        Self::with_required(
            appid,
            out_trade_no,
            body.into(),
            total_fee,
            spbill_create_ip,
            notify_url,
        )
    }

    /// Reads the XML of an order as document 001 prints it: the order, and the kind that its
    /// `trade_type` names.
    ///
    /// An unknown, malformed or repeated field is an error, also within the JSON of `detail` and
    /// `scene_info`. `mch_id` and `sign_type` may be left out; if present, they must be the
    /// signer's. `nonce_str` and `sign` are ignored, since each request has new ones. Lengths and
    /// amounts are checked as [`validate`](Self::validate) does.
    ///
    /// # Errors
    /// [`Error`] of invalid input with every violation, each by its field and rule.
    pub fn from_xml(signer: &dyn Signer, xml: &[u8]) -> Result<(Self, AnyTrade), Error> {
        let members = |object: &mut Object<'_>| {
            object.agrees("mch_id", Some(signer.mchid()), ", that of the signer");
            let (store_info, h5_info) = Scene::read_from(object);
            let order = Self::read(object);
            match &order {
                Some(order) => {
                    object.agrees("version", order.version(), ", that of detail as JSON");
                }
                None => drop(object.optional::<String>("version")),
            }
            let ReadTrade { trade, openid, product_id } =
                AnyTrade::read(object, "openid", h5_info)?;
            Some((Self { store_info, openid, product_id, ..order? }, trade))
        };
        from_xml::read(signer, xml, members, |(order, trade), violations| {
            order.find_violations_as(violations, trade.kind())
        })
    }

    /// The fields that [`prepay`](crate::v2::pay::prepay) sends as XML, without `nonce_str`, `sign_type` and
    /// `sign`, which each request has anew.
    ///
    /// Store it to place the same order again after a restart: [`from_xml`](Self::from_xml) returns an
    /// equal order and its kind.
    ///
    /// ```
    /// use wechatpay::Error;
    /// use wechatpay::v2::pay::Order;
    /// use wechatpay::v2::{AnyTrade, App, Signer};
    ///
    /// fn restored(signer: &dyn Signer, order: &Order) -> Result<(Order, AnyTrade), Error> {
    ///     let stored: String = order.to_xml(signer, &App)?;
    ///     Order::from_xml(signer, stored.as_bytes())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn to_xml<T: Trade>(&self, signer: &dyn Signer, trade: &T) -> Result<String, Error> {
        Ok(xml::write(&self.to_fields(signer, trade.kind())?))
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
        common.find_violations(violations)?;
        validate::optional_text(violations, "product_id", self.product_id.as_deref(), 32);
        Ok(())
    }

    /// Checks the rules of an order of this kind.
    fn find_violations_as(
        &self,
        violations: &mut Violations,
        kind: Kind<'_>,
    ) -> Result<(), Invalid> {
        self.find_violations(violations)?;
        let openid = ("openid", self.openid.as_ref());
        kind.find_violations(violations, openid, self.product_id.as_deref())?;
        if matches!(kind, Kind::H5(_)) && self.store_info.is_some() {
            violations.add("store_info", "must be left out of an H5 order");
        }
        Ok(())
    }

    /// The fields of the request without `nonce_str` and `sign`. The same order becomes the same
    /// fields.
    pub(super) fn to_fields(&self, signer: &dyn Signer, kind: Kind<'_>) -> Result<Fields, Error> {
        Violations::try_collect(|violations| self.find_violations_as(violations, kind))?;

        let mut fields = Fields::of(signer.mchid(), &self.appid);
        self.set_fields(&mut fields)?;
        fields.set_optional("scene_info", self.scene_info()?);
        fields.set_optional("version", self.version());
        fields.set_optional("product_id", self.product_id.as_ref());
        fields.set_optional("openid", self.openid.as_ref());
        kind.set_fields(&mut fields, "openid")?;
        Ok(fields)
    }

    fn scene_info(&self) -> Result<Option<String>, Invalid> {
        scene_info(self.store_info.as_ref())
    }

    fn version(&self) -> Option<&'static str> {
        self.detail.as_ref().and_then(OrderDetail::version)
    }
}

/// An order is invoked under its own appid.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.appid
    }
}

/// 指定支付方式: payment method that is excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitPay {
    /// `no_credit`: the payer cannot use a credit card.
    NoCredit,
}

impl FieldText for LimitPay {
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        match self {
            Self::NoCredit => Ok("no_credit".into()),
        }
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        match object.optional::<String>(name)?.as_str() {
            "no_credit" => Some(Self::NoCredit),
            _ => object.note(name, "must be no_credit, or left out"),
        }
    }
}

/// The fields with rules that every single order has.
pub(super) struct CommonFields<'a> {
    pub(super) device_info: Option<&'a str>,
    pub(super) body: &'a str,
    pub(super) detail: Option<&'a OrderDetail>,
    pub(super) attach: Option<&'a str>,
    pub(super) fee_type: Option<&'a str>,
    pub(super) total_fee: Fen,
    /// `time_start` and `time_expire`.
    pub(super) times: (Option<Time>, Option<Time>),
    pub(super) goods_tag: Option<&'a str>,
    pub(super) store_info: Option<&'a StoreInfo>,
}

impl CommonFields<'_> {
    pub(super) fn find_violations(&self, violations: &mut Violations) -> Result<(), Invalid> {
        validate::optional_text(violations, "device_info", self.device_info, 32);
        validate::text(violations, "body", self.body, 128);
        if let Some(detail) = self.detail {
            detail.find_violations(violations)?;
        }
        validate::optional_text(violations, "attach", self.attach, 127);
        if let Some(fee_type) = self.fee_type {
            validate::fee_type(violations, "fee_type", fee_type);
        }
        shared::total(violations, "total_fee", self.total_fee);
        let (time_start, time_expire) = self.times;
        validate::times(violations, time_start, time_expire);
        validate::optional_text(violations, "goods_tag", self.goods_tag, 32);
        if let Some(store_info) = self.store_info {
            store_info.find_violations(violations);
        }
        if let Some(scene_info) = &scene_info(self.store_info)? {
            validate::json(violations, "scene_info", scene_info, 256);
        }
        Ok(())
    }
}

/// Reads the shop in a `scene_info` that has nothing else.
pub(super) fn store_info(object: &mut Object<'_>) -> Option<StoreInfo> {
    let (store_info, h5_info) = Scene::read_from(object);
    if matches!(h5_info, Ok(Some(_))) {
        object.violation("scene_info/h5_info", "must be left out, except for MWEB orders");
    }
    store_info
}

/// `scene_info` of an order with this shop.
pub(super) fn scene_info(store_info: Option<&StoreInfo>) -> Result<Option<String>, Invalid> {
    let scene = |shop: &StoreInfo| Scene { store_info: Some(shop.clone()), h5_info: None };
    store_info.map(|shop| to_json(&scene(shop))).transpose()
}

/// 商品详情: details of the goods of an order.
///
/// ```
/// use wechatpay::Fen;
/// use wechatpay::v2::pay::{Detail, GoodsDetail, Order};
///
/// fn with_goods(mut order: Order) -> Order {
///     let mut detail = Detail::default();
///     detail.goods_detail.push(GoodsDetail::new("iphone6s_16G", 1, Fen(100)));
///     order.detail = Some(detail.into());
///     order
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderDetail {
    /// 商品详细描述: a description, 1 to 6,000 characters, not beginning with a brace.
    Text(String),
    /// 单品优惠: the goods, for discounts on single items.
    Goods(Detail),
}

impl OrderDetail {
    pub(super) fn find_violations(&self, violations: &mut Violations) -> Result<(), Invalid> {
        match self {
            Self::Text(text) => {
                validate::text(violations, "detail", text, DETAIL);
                if text.starts_with('{') {
                    violations
                        .add("detail", "must not begin with a brace, as the JSON of goods does");
                }
            }
            Self::Goods(detail) => {
                detail.find_violations(violations);
                validate::json(violations, "detail", &to_json(detail)?, DETAIL);
            }
        }
        Ok(())
    }

    /// 版本号: `version`, which tells WeChat Pay that the detail is JSON.
    pub(super) fn version(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) => None,
            Self::Goods(_) => Some("1.0"),
        }
    }
}

impl From<Detail> for OrderDetail {
    fn from(detail: Detail) -> Self {
        Self::Goods(detail)
    }
}

/// Text, or JSON.
impl FieldText for OrderDetail {
    fn to_text(&self) -> Result<Cow<'_, str>, Invalid> {
        match self {
            Self::Text(text) => Ok(text.into()),
            Self::Goods(detail) => to_json(detail).map(Cow::Owned),
        }
    }

    fn optional(object: &mut Object<'_>, name: &str) -> Option<Self> {
        let text: String = object.optional(name)?;
        if text.trim_start().starts_with('{') {
            from_xml::json_of(object, name, &text).map(Self::Goods)
        } else {
            Some(Self::Text(text))
        }
    }
}

/// 单品优惠: the goods of an order, for discounts on single items. At most 6,000 characters as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Detail {
    /// 订单原价: price of the complete receipt before discounts, in fen. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_price: Option<Fen>,
    /// 商品小票ID: receipt number. 1 to 32 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<String>,
    /// 单品列表: the goods; at least one.
    pub goods_detail: Vec<GoodsDetail>,
}

impl Detail {
    fn find_violations(&self, violations: &mut Violations) {
        shared::amount(violations, "detail/cost_price", self.cost_price.unwrap_or_default());
        validate::optional_member(violations, "detail/receipt_id", self.receipt_id.as_deref(), 32);
        if self.goods_detail.is_empty() {
            violations.add("detail/goods_detail", "must name at least one kind of goods");
        }
        for (index, goods) in self.goods_detail.iter().enumerate() {
            goods.find_violations(violations, &format!("detail/goods_detail/{index}"));
        }
    }
}

read_strictly! { Detail { goods_detail; cost_price, receipt_id } }

/// 单品: one kind of goods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GoodsDetail {
    /// 商品编码: your identifier of the goods. 1 to 32 letters, digits, `_`, `-`.
    pub goods_id: String,
    /// 微信侧商品编码: WeChat Pay's identifier of the goods. 1 to 32 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxpay_goods_id: Option<String>,
    /// 商品名称: name of the goods. 1 to 256 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_name: Option<String>,
    /// 商品数量: quantity; at least 1.
    pub quantity: u64,
    /// 商品单价: price of one, after your own discounts, in fen.
    pub price: Fen,
    /// 商品类目: category. 1 to 32 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_category: Option<String>,
    /// 商品描述: description. 1 to 1,000 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl GoodsDetail {
    /// One kind of goods.
    pub fn new(goods_id: impl Into<String>, quantity: u64, price: Fen) -> Self {
        Self {
            goods_id: goods_id.into(),
            wxpay_goods_id: None,
            goods_name: None,
            quantity,
            price,
            goods_category: None,
            body: None,
        }
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| format!("{path}/{name}");
        shared::goods_id(violations, at("goods_id"), &self.goods_id);
        shared::quantity(violations, at("quantity"), self.quantity);
        shared::amount(violations, at("price"), self.price);
        for (name, value, longest) in [
            ("wxpay_goods_id", &self.wxpay_goods_id, 32),
            ("goods_name", &self.goods_name, 256),
            ("goods_category", &self.goods_category, 32),
            ("body", &self.body, 1000),
        ] {
            validate::optional_member(violations, &at(name), value.as_deref(), longest);
        }
    }
}

read_strictly! {
    GoodsDetail { goods_id, quantity, price; wxpay_goods_id, goods_name, goods_category, body }
}

/// 门店信息: a shop. At most 256 characters as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreInfo {
    /// 门店编号: your identifier of the shop. 1 to 32 characters.
    pub id: String,
    /// 门店名称: name of the shop. 1 to 64 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 门店行政区划码: administrative area code. 1 to 6 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// 门店详细地址: street address. 1 to 128 characters. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl StoreInfo {
    /// A shop.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), name: None, area_code: None, address: None }
    }

    pub(super) fn find_violations(&self, violations: &mut Violations) {
        validate::member(violations, "scene_info/store_info/id", &self.id, 32);
        for (name, value, longest) in [
            ("name", &self.name, 64),
            ("area_code", &self.area_code, 6),
            ("address", &self.address, 128),
        ] {
            let path = format!("scene_info/store_info/{name}");
            validate::optional_member(violations, &path, value.as_deref(), longest);
        }
    }
}

read_strictly! { StoreInfo { id; name, area_code, address } }

/// 场景信息: `scene_info`, of which H5 orders have one member and others the other.
#[derive(Serialize)]
struct Scene {
    #[serde(skip_serializing_if = "Option::is_none")]
    store_info: Option<StoreInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_info: Option<H5Info>,
}

read_strictly! { Scene { ; store_info, h5_info } }

impl Scene {
    /// The members of `scene_info`; the second one is `Err` if something was wrong.
    fn read_from(
        object: &mut Object<'_>,
    ) -> (Option<StoreInfo>, Result<Option<H5Info>, WrongScene>) {
        let before = object.violation_count();
        let scene: Option<Self> = from_xml::json(object, "scene_info");
        let is_wrong = object.violation_count() > before;
        let (store_info, h5_info) = scene.map_or((None, None), |s| (s.store_info, s.h5_info));
        (store_info, if is_wrong { Err(WrongScene) } else { Ok(h5_info) })
    }
}

/// The most characters of `detail`.
const DETAIL: usize = 6000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OpenId;
    use crate::v2::signer::tests::hmac_key;
    use crate::v2::trade_type::{Trade, sealed::Sealed};
    use crate::v2::{App, H5, Jsapi, Native, xml};

    fn order() -> Order {
        Order::new(
            AppId::new("wx2421b1c4370ec43b").unwrap(),
            OutTradeNo::new("1415659990").unwrap(),
            "JSAPI支付测试",
            Fen(1),
            "14.23.150.211".parse().unwrap(),
            NotifyUrl::new("https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php").unwrap(),
        )
    }

    /// Every field, with the values of document 001 where it has any.
    fn full_order() -> Order {
        let mut goods = GoodsDetail::new("iphone6s_16G", 1, Fen(528_800));
        goods.wxpay_goods_id = Some("1001".into());
        goods.goods_name = Some("iPhone6s 16G".into());
        goods.goods_category = Some("123456".into());
        goods.body = Some("苹果手机".into());
        let mut store = StoreInfo::new("SZTX001");
        store.name = Some("腾大餐厅".into());
        store.area_code = Some("440305".into());
        store.address = Some("科技园中一路腾讯大厦".into());
        let mut order = order();
        order.device_info = Some("WEB".into());
        let detail = Detail {
            cost_price: Some(Fen(608_800)),
            receipt_id: Some("wx123".into()),
            goods_detail: vec![goods],
        };
        order.detail = Some(detail.into());
        order.attach = Some("支付测试".into());
        order.fee_type = Some("CNY".into());
        order.time_start = Some("2009-12-25T09:10:10+08:00".parse().unwrap());
        order.time_expire = Some("2009-12-27T09:10:10+08:00".parse().unwrap());
        order.goods_tag = Some("WXG".into());
        order.limit_pay = Some(LimitPay::NoCredit);
        order.receipt = true;
        order.profit_sharing = Some(false);
        order.store_info = Some(store);
        order
    }

    fn written(order: &Order, trade: &impl Trade) -> String {
        let fields = order.to_fields(&hmac_key(), trade.kind()).unwrap();
        xml::write(&fields).replace("<![CDATA[", "").replace("]]>", "")
    }

    fn refused(order: &Order, trade: &impl Trade) -> String {
        order.to_fields(&hmac_key(), trade.kind()).unwrap_err().to_string()
    }

    fn violations(change: impl FnOnce(&mut Order)) -> String {
        let mut order = order();
        change(&mut order);
        order.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn full_order_sends_every_field_of_document_001() {
        let openid = OpenId::new("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o").unwrap();
        let expected = concat!(
            "<xml><appid>wx2421b1c4370ec43b</appid><attach>支付测试</attach>",
            "<body>JSAPI支付测试</body>",
            r#"<detail>{"cost_price":608800,"receipt_id":"wx123","goods_detail":[{"#,
            r#""goods_id":"iphone6s_16G","wxpay_goods_id":"1001","goods_name":"iPhone6s 16G","#,
            r#""quantity":1,"price":528800,"goods_category":"123456","body":"苹果手机"}]}</detail>"#,
            "<device_info>WEB</device_info><fee_type>CNY</fee_type><goods_tag>WXG</goods_tag>",
            "<limit_pay>no_credit</limit_pay><mch_id>1900000001</mch_id>",
            "<notify_url>https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php</notify_url>",
            "<openid>oUpF8uMuAJO_M2pxb1Q9zNjWeS6o</openid><out_trade_no>1415659990</out_trade_no>",
            "<profit_sharing>N</profit_sharing><receipt>Y</receipt>",
            r#"<scene_info>{"store_info":{"id":"SZTX001","name":"腾大餐厅","area_code":"440305","#,
            r#""address":"科技园中一路腾讯大厦"}}</scene_info>"#,
            "<spbill_create_ip>14.23.150.211</spbill_create_ip>",
            "<time_expire>20091227091010</time_expire><time_start>20091225091010</time_start>",
            "<total_fee>1</total_fee><trade_type>JSAPI</trade_type><version>1.0</version></xml>",
        );
        assert_eq!(written(&full_order(), &Jsapi::new(openid)), expected);
    }

    #[test]
    fn order_of_each_kind_adds_its_own_fields() {
        let least = "<xml><appid>wx2421b1c4370ec43b</appid><body>JSAPI支付测试</body>\
            <mch_id>1900000001</mch_id>\
            <notify_url>https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php</notify_url>\
            <out_trade_no>1415659990</out_trade_no>{1}\
            <spbill_create_ip>14.23.150.211</spbill_create_ip><total_fee>1</total_fee>\
            <trade_type>{2}</trade_type></xml>";
        let expected = |extra: &str, kind: &str| least.replace("{1}", extra).replace("{2}", kind);
        assert_eq!(written(&order(), &App), expected("", "APP"));
        let product = "<product_id>12235413214070356458058</product_id>";
        let native = Native::new("12235413214070356458058");
        assert_eq!(written(&order(), &native), expected(product, "NATIVE"));
        for (info, json) in [
            (
                H5Info::Ios {
                    app_name: "王者荣耀".into(),
                    bundle_id: "com.tencent.wzryIOS".into(),
                },
                r#"{"h5_info":{"type":"IOS","app_name":"王者荣耀","bundle_id":"com.tencent.wzryIOS"}}"#,
            ),
            (
                H5Info::Android { app_name: "王者荣耀".into(), package_name: "com.x".into() },
                r#"{"h5_info":{"type":"Android","app_name":"王者荣耀","package_name":"com.x"}}"#,
            ),
            (
                H5Info::Wap {
                    wap_url: "https://pay.qq.com".into(), wap_name: "腾讯充值".into()
                },
                r#"{"h5_info":{"type":"Wap","wap_url":"https://pay.qq.com","wap_name":"腾讯充值"}}"#,
            ),
        ] {
            let scene = format!("<scene_info>{json}</scene_info>");
            assert_eq!(written(&order(), &H5::new(info)), expected(&scene, "MWEB"));
        }
    }

    /// An H5 order is paid from its address only, and WeChat Pay sees the payer's IPv4 address.
    #[test]
    fn ipv4_address_mapped_to_ipv6_is_sent_as_ipv4() {
        for (address, sent) in [
            ("::ffff:14.23.150.211", "14.23.150.211"),
            ("2001:db8::1", "2001:db8::1"),
            ("14.23.150.211", "14.23.150.211"),
        ] {
            let mut order = order();
            order.spbill_create_ip = address.parse().unwrap();
            let fields = order.to_fields(&hmac_key(), App.kind()).unwrap();
            assert_eq!(fields.get("spbill_create_ip"), Some(sent));
        }
    }

    #[test]
    fn same_order_becomes_the_same_fields() {
        assert_eq!(written(&full_order(), &App), written(&full_order(), &App));
    }

    #[test]
    fn broken_rule_is_reported_by_field() {
        let detail = |change: fn(&mut GoodsDetail)| {
            let mut goods = GoodsDetail::new("1", 1, Fen(1));
            change(&mut goods);
            Some(Detail { goods_detail: vec![goods], ..Detail::default() }.into())
        };
        let later = |seconds: i64| Some(Time::from_unix_seconds(1_700_000_000 + seconds).unwrap());
        let four_bytes = "must not contain emoji or other characters of four bytes in UTF-8";
        let table = [
            (violations(|_| ()), String::new()),
            (violations(|o| *o = full_order()), String::new()),
            (violations(|o| o.body = "长".repeat(128)), String::new()),
            (violations(|o| o.body = "长".repeat(129)), "body must be 1 to 128 characters".into()),
            (violations(|o| o.body = String::new()), "body must be 1 to 128 characters".into()),
            (violations(|o| o.body = "🧸".into()), format!("body {four_bytes}")),
            (
                violations(|o| o.body = "a\nb".into()),
                "body must not contain control characters".into(),
            ),
            (
                violations(|o| o.body = "a\u{ffff}".into()),
                "body must not contain control characters".into(),
            ),
            (
                violations(|o| o.body = " a".into()),
                "body must not begin or end with a blank".into(),
            ),
            (
                violations(|o| o.body = "a　".into()),
                "body must not begin or end with a blank".into(),
            ),
            (violations(|o| o.attach = Some("长".repeat(127))), String::new()),
            (
                violations(|o| o.attach = Some("长".repeat(128))),
                "attach must be 1 to 127 characters".into(),
            ),
            (
                violations(|o| o.device_info = Some("x".repeat(33))),
                "device_info must be 1 to 32 characters".into(),
            ),
            (
                violations(|o| o.goods_tag = Some(String::new())),
                "goods_tag must be 1 to 32 characters".into(),
            ),
            (
                violations(|o| o.fee_type = Some("cny".into())),
                "fee_type must be three capital letters, such as CNY".into(),
            ),
            (
                violations(|o| o.total_fee = Fen(0)),
                "total_fee must be at least 1 fen and fit a signed 64-bit integer".into(),
            ),
            (
                violations(|o| (o.time_start, o.time_expire) = (later(0), later(60))),
                "time_expire must be more than a minute after time_start".into(),
            ),
            (violations(|o| (o.time_start, o.time_expire) = (later(0), later(61))), String::new()),
            (
                violations(|o| o.time_start = Some("2024-01-01T00:00:00.5Z".parse().unwrap())),
                "time_start must be a whole second".into(),
            ),
            (
                violations(|o| o.detail = Some(Detail::default().into())),
                "detail/goods_detail must name at least one kind of goods".into(),
            ),
            (
                violations(|o| o.detail = detail(|goods| goods.goods_id = "商品".into())),
                "detail/goods_detail/0/goods_id must be 1 to 32 letters, digits, _ or -".into(),
            ),
            (
                violations(|o| o.detail = detail(|goods| goods.goods_name = Some("🧸".into()))),
                format!("detail/goods_detail/0/goods_name {four_bytes}"),
            ),
            (
                violations(|o| {
                    let goods = vec![GoodsDetail::new("1", 1, Fen(1)); 200];
                    let detail = Detail { goods_detail: goods, ..Detail::default() };
                    o.detail = Some(detail.into());
                }),
                "detail must not exceed 6000 characters as JSON".into(),
            ),
            (
                violations(|o| {
                    let mut store = StoreInfo::new("1");
                    store.address = Some("址".repeat(128));
                    store.name = Some("名".repeat(64));
                    store.area_code = Some("4403051".into());
                    o.store_info = Some(store);
                }),
                "scene_info/store_info/area_code must be 1 to 6 characters; \
                 scene_info must not exceed 256 characters as JSON"
                    .into(),
            ),
        ];
        for (found, expected) in table {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn all_violations_are_reported_at_once_without_values() {
        let mut order = order();
        order.body = "SECRET🧸".into();
        order.total_fee = Fen(0);
        order.attach = Some(" SECRET".into());
        order.store_info = Some(StoreInfo::new("1"));
        let wap = H5Info::Wap { wap_url: "https://x.example".into(), wap_name: "".into() };
        assert_eq!(
            refused(&order, &H5::new(wap)),
            "body must not contain emoji or other characters of four bytes in UTF-8; \
             attach must not begin or end with a blank; \
             total_fee must be at least 1 fen and fit a signed 64-bit integer; \
             scene_info/h5_info/wap_name must be 1 to 256 characters; \
             store_info must be left out of an H5 order"
        );
        let found = refused(&self::order(), &Native::new(""));
        assert_eq!(found, "product_id must be 1 to 32 characters");
    }
}
