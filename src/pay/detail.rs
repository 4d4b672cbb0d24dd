//! 优惠功能: the goods of an order.

use crate::error::{Member, Violations};
use crate::money::Fen;
use crate::request_fields::request_fields;
use crate::validate;

/// 优惠功能: the goods of an order, for discounts on single items. At most 6,144 bytes as JSON.
///
/// ```
/// use wechatpay::{Fen, pay::{Detail, GoodsDetail, Order}};
///
/// fn example(order: &mut Order) {
///     let mut detail = Detail::default();
///     detail.goods_detail.push(GoodsDetail::new("1246464644", 1, Fen(100)));
///     order.detail = Some(detail);
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// 订单原价: the price of the complete receipt before discounts, in fen. If it differs from what is
    /// paid, no discount applies; normally it is left out.
    pub cost_price: Option<Fen>,
    /// 商品小票ID: receipt number. 1 to 32 characters.
    pub invoice_id: Option<String>,
    /// 单品列表: the items.
    pub goods_detail: Vec<GoodsDetail>,
}

request_fields! { Detail { ; cost_price, invoice_id, goods_detail } }

impl Detail {
    pub(super) fn find_violations(&self, violations: &mut Violations) {
        validate::amount(violations, "/detail/cost_price", self.cost_price.unwrap_or_default());
        validate::optional_text(violations, "/detail/invoice_id", self.invoice_id.as_deref(), 32);
        for (index, goods) in self.goods_detail.iter().enumerate() {
            goods.find_violations(violations, &format!("/detail/goods_detail/{index}"));
        }
        if validate::to_json(self).is_ok_and(|json| json.len() > DETAIL_LIMIT) {
            violations.add("/detail", "must not exceed 6144 bytes as JSON");
        }
    }
}

/// 单品信息: one item of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GoodsDetail {
    /// 商户侧商品编码: merchant item number. 1 to 32 letters, digits, `_`, `-`.
    pub merchant_goods_id: String,
    /// 微信支付商品编码: WeChat Pay item number. 1 to 32 characters.
    pub wechatpay_goods_id: Option<String>,
    /// 商品名称: item name. 1 to 256 characters.
    pub goods_name: Option<String>,
    /// 商品数量: quantity, at least 1.
    pub quantity: u64,
    /// 商品单价: the price of one in fen, after the merchant's own discounts.
    pub unit_price: Fen,
}

request_fields! {
    GoodsDetail {
        merchant_goods_id: String, quantity: u64, unit_price: Fen; wechatpay_goods_id, goods_name
    }
}

impl GoodsDetail {
    /// An item with the required fields.
    pub fn new(merchant_goods_id: impl Into<String>, quantity: u64, unit_price: Fen) -> Self {
        Self::with_required(merchant_goods_id.into(), quantity, unit_price)
    }

    fn find_violations(&self, violations: &mut Violations, path: &str) {
        let at = |name| Member { path, name };
        let wechatpay_goods_id = self.wechatpay_goods_id.as_deref();
        validate::goods_id(violations, at("merchant_goods_id"), &self.merchant_goods_id);
        validate::optional_text(violations, at("wechatpay_goods_id"), wechatpay_goods_id, 32);
        validate::optional_text(violations, at("goods_name"), self.goods_name.as_deref(), 256);
        validate::quantity(violations, at("quantity"), self.quantity);
        validate::amount(violations, at("unit_price"), self.unit_price);
    }
}

/// Limit of the complete object without blanks between tokens; the JSON that is sent has none.
const DETAIL_LIMIT: usize = 6144;
