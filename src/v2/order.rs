//! The order of document 001 and everything that can be said in it.

use std::net::IpAddr;

use serde::Serialize;

use crate::error::{Error, Invalid, Violations};
use crate::id::{AppId, NotifyUrl, OutTradeNo};
use crate::money::Fen;
use crate::strict_json::{Json, Read, read_strictly};
use crate::time::Time;
use crate::v2::fields::{Fields, yes_or_no};
use crate::v2::gateway::Gateway;
use crate::v2::own::OwnText;
use crate::v2::signer::Signer;
use crate::v2::trade::{AnyTrade, H5Info, Kind, Trade};
use crate::v2::{own, validate};
use crate::validate as shared;

/// 统一下单: places an order, of one of four kinds: [`App`](crate::v2::App),
/// [`Jsapi`](crate::v2::Jsapi), [`Native`](crate::v2::Native), [`H5`](crate::v2::H5).
///
/// `POST /pay/unifiedorder` (document 001). A prepay_id and a code_url are valid for two hours, an
/// mweb_url for five minutes; the identical order, sent again, returns a fresh one.
///
/// ```
/// use wechatpay::v2::{self, Native};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// let scanned = Native::new("12235413214070356458058");
/// let code_url = v2::unified_order(signer, gateway, &order, &scanned)?;
/// assert!(code_url.as_str().starts_with("weixin://")); // Draw this as a QR code.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// What the [outcome](Error::outcome) means here:
/// * `NotSent`: there is no order. Correct what the error names, then send it.
/// * `Refused`: this call placed no order. On `ORDERPAID` and `OUT_TRADE_NO_USED` the number stands
///   for an order already, on `INVALID_REQUEST` perhaps for one with other values, which can still
///   be paid: query it, and close it before you take a new number.
/// * `Unknown`: the order may stand. Send the same order again, or query by its number; never take
///   a new number for it before that. `return_code=FAIL` belongs here: it is not signed.
pub fn unified_order<T: Trade>(
    signer: &dyn Signer,
    gateway: &Gateway,
    order: &Order,
    trade: &T,
) -> Result<T::Prepaid, Error> {
    let kind = trade.kind();
    let fields = order.to_fields(signer, kind)?;
    gateway.call(signer, "/pay/unifiedorder", fields)?.read(|answer| kind.read(answer))
}

/// An order (统一下单), as document 001 describes it.
///
/// [`new`](Self::new) takes what every order must have; the other fields are public and start
/// empty. Keep the order: sent again after an unknown outcome it becomes the same fields, and
/// WeChat Pay takes a number again only with identical parameters. So set
/// [`time_start`](Self::time_start) and [`time_expire`](Self::time_expire) once, not anew at each
/// attempt.
///
/// Texts hold no character of four bytes in UTF-8 (no emoji), no control character, and neither
/// begin nor end with a blank.
///
/// ```
/// use wechatpay::v2::Order;
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
    /// 公众账号ID, of the kind that the payment is made in.
    pub appid: AppId,
    /// 商户订单号: your number of the order.
    pub out_trade_no: OutTradeNo,
    /// 商品描述: what is bought. 1 to 128 characters.
    pub body: String,
    /// 总金额, in fen; at least 1.
    pub total_fee: Fen,
    /// 终端IP: the payer's own address, IPv4 or IPv6. An H5 order is paid from this address only.
    pub spbill_create_ip: IpAddr,
    /// 通知地址: where the notification of the payment goes.
    pub notify_url: NotifyUrl,
    /// 设备号: your number of the shop or till. 1 to 32 characters. Default: none.
    pub device_info: Option<String>,
    /// 商品详情: the goods, for discounts on single ones. Default: none.
    pub detail: Option<Detail>,
    /// 附加数据: your own data, returned by queries and notifications. 1 to 127 characters. Default: none.
    pub attach: Option<String>,
    /// 货币类型, three capital letters. Default: none, which means `CNY`.
    pub fee_type: Option<String>,
    /// 订单生成时间, to the second. Default: none.
    pub time_start: Option<Time>,
    /// 订单失效时间, to the second, more than a minute after `time_start`. It does not close the
    /// order, and the first order fixes it. Default: none.
    pub time_expire: Option<Time>,
    /// 订单优惠标记: chooses the coupons that apply. 1 to 32 characters. Default: none.
    pub goods_tag: Option<String>,
    /// 指定支付方式: what the payer may not pay with. Default: none, which means anything.
    pub limit_pay: Option<LimitPay>,
    /// 电子发票入口开放标识: whether the payer is offered an electronic invoice. Default: false.
    pub receipt: bool,
    /// 是否需要分账: whether the money is frozen for profit sharing. Default: none, which means no.
    pub profit_sharing: Option<bool>,
    /// 场景信息: the shop; not for H5 orders, whose scene is the H5 one. Default: none.
    pub store_info: Option<StoreInfo>,
}

impl Order {
    /// An order with what every order must have.
    pub fn new(
        appid: AppId,
        out_trade_no: OutTradeNo,
        body: impl Into<String>,
        total_fee: Fen,
        spbill_create_ip: IpAddr,
        notify_url: NotifyUrl,
    ) -> Self {
        Self {
            appid,
            out_trade_no,
            body: body.into(),
            total_fee,
            spbill_create_ip,
            notify_url,
            device_info: None,
            detail: None,
            attach: None,
            fee_type: None,
            time_start: None,
            time_expire: None,
            goods_tag: None,
            limit_pay: None,
            receipt: false,
            profit_sharing: None,
            store_info: None,
        }
    }

    /// Reads the body of an order as document 001 prints it: the order, and the kind that its
    /// `trade_type` names.
    ///
    /// A field that is unknown, not of its form or there twice is an error, also within the JSON of
    /// `detail` and `scene_info`. `mch_id` and `sign_type` may be left out; where they are given, they
    /// must be the signer's. `nonce_str` and `sign` are made anew for each request, so they are passed
    /// over. Lengths and amounts are left to [`validate`](Self::validate).
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its field and rule.
    pub fn from_xml(signer: &dyn Signer, xml: &[u8]) -> Result<(Self, AnyTrade), Error> {
        own::read(signer, xml, |object| {
            let appid = object.required("appid");
            object.agrees("mch_id", Some(signer.mch_id()), ", that of the signer");
            let out_trade_no = object.required("out_trade_no");
            let body = object.required("body");
            let total_fee = object.fen("total_fee");
            let spbill_create_ip = object.required("spbill_create_ip");
            let notify_url = object.required("notify_url");
            let device_info = object.optional("device_info");
            let detail = object.json("detail");
            let attach = object.optional("attach");
            let fee_type = object.optional("fee_type");
            let time_start = object.compact_time("time_start");
            let time_expire = object.compact_time("time_expire");
            let goods_tag = object.optional("goods_tag");
            let limit_pay = object.optional("limit_pay");
            let receipt = object.yes_or_no("receipt").unwrap_or_default();
            let profit_sharing = object.yes_or_no("profit_sharing");
            let scene: Option<OwnScene> = object.json("scene_info");
            let (store_info, h5_info) = scene.map_or((None, None), |s| (s.store_info, s.h5_info));
            let trade = AnyTrade::read(object, "openid", h5_info);
            let order = Self {
                appid: appid?,
                out_trade_no: out_trade_no?,
                body: body?,
                total_fee: total_fee?,
                spbill_create_ip: spbill_create_ip?,
                notify_url: notify_url?,
                device_info,
                detail,
                attach,
                fee_type,
                time_start,
                time_expire,
                goods_tag,
                limit_pay,
                receipt,
                profit_sharing,
                store_info,
            };
            Some((order, trade?))
        })
    }

    /// Holds the order against every documented rule, as each call does before it sends anything.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every violation, each by its field and rule.
    pub fn validate(&self) -> Result<(), Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations)?;
        Ok(violations.into_result()?)
    }

    /// 货币类型, also where it goes without saying.
    pub(super) fn currency(&self) -> &str {
        self.fee_type.as_deref().unwrap_or("CNY")
    }

    fn find_violations(&self, violations: &mut Violations) -> Result<(), Invalid> {
        validate::optional_text(violations, "device_info", self.device_info.as_deref(), 32);
        validate::text(violations, "body", &self.body, 128);
        if let Some(detail) = &self.detail {
            detail.find_violations(violations);
        }
        validate::json(violations, "detail", self.detail_json()?.as_deref(), 6000);
        validate::optional_text(violations, "attach", self.attach.as_deref(), 127);
        if let Some(fee_type) = &self.fee_type {
            validate::fee_type(violations, "fee_type", fee_type);
        }
        shared::total(violations, "total_fee", self.total_fee);
        validate::times(violations, self.time_start, self.time_expire);
        validate::optional_text(violations, "goods_tag", self.goods_tag.as_deref(), 32);
        if let Some(store_info) = &self.store_info {
            store_info.find_violations(violations);
        }
        validate::json(violations, "scene_info", self.scene_json()?.as_deref(), 256);
        Ok(())
    }

    /// The fields of the request, without what is new each time. The same order becomes the same
    /// fields.
    fn to_fields(&self, signer: &dyn Signer, kind: Kind<'_>) -> Result<Fields, Error> {
        let mut violations = Violations::default();
        self.find_violations(&mut violations)?;
        kind.find_violations(&mut violations)?;
        if matches!(kind, Kind::H5(_)) && self.store_info.is_some() {
            violations.add("store_info", "must be left out of an H5 order");
        }
        violations.into_result()?;

        let mut fields = Fields::of(signer, &self.appid);
        fields.set("out_trade_no", &self.out_trade_no);
        fields.set("body", &self.body);
        fields.set("total_fee", self.total_fee.0);
        // A socket for both versions shows the address of an IPv4 payer as `::ffff:14.23.150.211`.
        fields.set("spbill_create_ip", self.spbill_create_ip.to_canonical());
        fields.set("notify_url", &self.notify_url);
        fields.set_optional("device_info", self.device_info.as_ref());
        fields.set_optional("detail", self.detail_json()?);
        fields.set_optional("attach", self.attach.as_ref());
        fields.set_optional("fee_type", self.fee_type.as_ref());
        fields.set_optional("time_start", self.time_start.map(Time::compact));
        fields.set_optional("time_expire", self.time_expire.map(Time::compact));
        fields.set_optional("goods_tag", self.goods_tag.as_ref());
        fields.set_optional("limit_pay", self.limit_pay.map(LimitPay::as_str));
        fields.set_optional("receipt", self.receipt.then_some("Y"));
        fields.set_optional("profit_sharing", self.profit_sharing.map(yes_or_no));
        fields.set_optional("scene_info", self.scene_json()?);
        kind.set_fields(&mut fields, "openid")?;
        Ok(fields)
    }

    fn detail_json(&self) -> Result<Option<String>, Invalid> {
        self.detail.as_ref().map(to_json).transpose()
    }

    fn scene_json(&self) -> Result<Option<String>, Invalid> {
        let scene = self.store_info.as_ref().map(|store_info| Scene { store_info });
        scene.as_ref().map(to_json).transpose()
    }
}

/// An order is invoked under its own appid.
impl AsRef<AppId> for Order {
    fn as_ref(&self) -> &AppId {
        &self.appid
    }
}

/// 指定支付方式.
///
/// ```
/// use wechatpay::v2::LimitPay;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # let mut order = order;
/// order.limit_pay = Some(LimitPay::NoCredit);
/// # order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitPay {
    /// Not with a credit card.
    NoCredit,
}

impl LimitPay {
    fn as_str(self) -> &'static str {
        match self {
            Self::NoCredit => "no_credit",
        }
    }
}

impl Read for LimitPay {
    fn read(json: Json, path: String, violations: &mut Violations) -> Option<Self> {
        match String::read(json, path.clone(), violations)?.as_str() {
            "no_credit" => Some(Self::NoCredit),
            _ => violations.note(path, "must be no_credit, or left out"),
        }
    }
}

/// 商品详情: the goods of an order. At most 6,000 characters as JSON.
///
/// ```
/// use wechatpay::{Fen, v2::{Detail, GoodsDetail}};
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # let mut order = order;
/// let mut detail = Detail::default();
/// detail.goods_detail.push(GoodsDetail::new("iphone6s_16G", 1, Fen(100)));
/// order.detail = Some(detail);
/// order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Detail {
    /// 订单原价, in fen: the price of the whole receipt before discounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_price: Option<Fen>,
    /// 商品小票ID: the number of the receipt. 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_id: Option<String>,
    /// 单品列表: the goods, one by one; at least one.
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
///
/// ```
/// use wechatpay::{Fen, v2::GoodsDetail};
///
/// let mut goods = GoodsDetail::new("iphone6s_16G", 1, Fen(100));
/// goods.goods_name = Some("公仔".into());
/// # assert_eq!(goods.quantity, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GoodsDetail {
    /// 商品编码: your number of the goods. 1 to 32 letters, digits, `_`, `-`.
    pub goods_id: String,
    /// 微信侧商品编码: WeChat Pay's number of the goods. 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wxpay_goods_id: Option<String>,
    /// 商品名称. 1 to 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_name: Option<String>,
    /// 商品数量; at least 1.
    pub quantity: u64,
    /// 商品单价, in fen: the price of one, after your own discounts.
    pub price: Fen,
    /// 商品类目. 1 to 32 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods_category: Option<String>,
    /// 商品描述. 1 to 1,000 characters.
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
///
/// ```
/// use wechatpay::v2::StoreInfo;
///
/// # let sandbox = wechatpay_sandbox::Sandbox::start()?;
/// # let (signer, gateway) = (sandbox.v2().signer(), sandbox.v2().gateway());
/// # let (appid, address) = (sandbox.appid(), "14.23.150.211".parse()?);
/// # let (number, total, notify_url) = ("order-1".parse()?, wechatpay::Fen(100), sandbox.notify_url());
/// # let order = wechatpay::v2::Order::new(appid, number, "公仔", total, address, notify_url);
/// # let mut order = order;
/// order.store_info = Some(StoreInfo::new("SZTX001"));
/// # order.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreInfo {
    /// 门店编号: your number of the shop. 1 to 32 characters.
    pub id: String,
    /// 门店名称. 1 to 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// 门店行政区划码. 1 to 6 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area_code: Option<String>,
    /// 门店详细地址. 1 to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl StoreInfo {
    /// A shop.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), name: None, area_code: None, address: None }
    }

    fn find_violations(&self, violations: &mut Violations) {
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

/// `scene_info` as a caller writes it.
struct OwnScene {
    store_info: Option<StoreInfo>,
    h5_info: Option<H5Info>,
}

read_strictly! { OwnScene { ; store_info, h5_info } }

#[derive(Serialize)]
struct Scene<'a> {
    store_info: &'a StoreInfo,
}

/// JSON within a field: made once, so that what is signed is what is sent.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, Invalid> {
    let json = shared::to_json(value)?;
    String::from_utf8(json).map_err(|_| Invalid::new("request", "cannot be written as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OpenId;
    use crate::v2::signer::tests::hmac_key;
    use crate::v2::trade::sealed::Sealed;
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
        order.detail = Some(Detail {
            cost_price: Some(Fen(608_800)),
            receipt_id: Some("wx123".into()),
            goods_detail: vec![goods],
        });
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
    fn every_field_of_document_001_is_sent_under_its_name() {
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
            "<total_fee>1</total_fee><trade_type>JSAPI</trade_type></xml>",
        );
        assert_eq!(written(&full_order(), &Jsapi::new(openid)), expected);
    }

    #[test]
    fn each_kind_of_order_adds_its_own_fields() {
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
    fn an_ipv4_payer_who_came_to_a_socket_for_both_versions_is_named_by_the_ipv4_address() {
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
    fn the_same_order_becomes_the_same_fields() {
        assert_eq!(written(&full_order(), &App), written(&full_order(), &App));
    }

    #[test]
    fn each_rule_is_told_by_its_field() {
        let detail = |change: fn(&mut GoodsDetail)| {
            let mut goods = GoodsDetail::new("1", 1, Fen(1));
            change(&mut goods);
            Some(Detail { goods_detail: vec![goods], ..Detail::default() })
        };
        let later = |seconds: i64| Some(Time::from_unix_seconds(1_700_000_000 + seconds).unwrap());
        let four_bytes = "must not hold emoji or other characters of four bytes in UTF-8";
        let table = [
            (violations(|_| ()), String::new()),
            (violations(|o| *o = full_order()), String::new()),
            (violations(|o| o.body = "长".repeat(128)), String::new()),
            (violations(|o| o.body = "长".repeat(129)), "body must be 1 to 128 characters".into()),
            (violations(|o| o.body = String::new()), "body must be 1 to 128 characters".into()),
            (violations(|o| o.body = "🧸".into()), format!("body {four_bytes}")),
            (
                violations(|o| o.body = "a\nb".into()),
                "body must not hold control characters".into(),
            ),
            (
                violations(|o| o.body = "a\u{ffff}".into()),
                "body must not hold control characters".into(),
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
                "time_expire must lie more than a minute after time_start".into(),
            ),
            (violations(|o| (o.time_start, o.time_expire) = (later(0), later(61))), String::new()),
            (
                violations(|o| o.time_start = Some("2024-01-01T00:00:00.5Z".parse().unwrap())),
                "time_start must be a whole second".into(),
            ),
            (
                violations(|o| o.detail = Some(Detail::default())),
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
                    o.detail = Some(Detail { goods_detail: goods, ..Detail::default() });
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
    fn all_violations_are_told_at_once_and_none_of_the_values() {
        let mut order = order();
        order.body = "SECRET🧸".into();
        order.total_fee = Fen(0);
        order.attach = Some(" SECRET".into());
        order.store_info = Some(StoreInfo::new("1"));
        let wap = H5Info::Wap { wap_url: "https://x.example".into(), wap_name: "".into() };
        assert_eq!(
            refused(&order, &H5::new(wap)),
            "body must not hold emoji or other characters of four bytes in UTF-8; \
             attach must not begin or end with a blank; \
             total_fee must be at least 1 fen and fit a signed 64-bit integer; \
             scene_info/h5_info/wap_name must be 1 to 256 characters; \
             store_info must be left out of an H5 order"
        );
        let found = refused(&self::order(), &Native::new(""));
        assert_eq!(found, "product_id must be 1 to 32 characters");
    }
}
