//! Bodies as the documents print them.

use serde_json::{Value, json};

/// Document 003.
pub(crate) fn app_order() -> Value {
    json!({
        "appid": "wxd678efh567hg6787",
        "mchid": "1230000109",
        "description": "Image形象店-深圳腾大-QQ公仔",
        "out_trade_no": "1217752501201407033233368018",
        "time_expire": "2018-06-08T10:34:56+08:00",
        "attach": "自定义数据说明",
        "notify_url": "https://www.weixin.qq.com/wxpay/pay.php",
        "goods_tag": "WXG",
        "support_fapiao": false,
        "amount": {"total": 100, "currency": "CNY"},
        "detail": {
            "cost_price": 1,
            "invoice_id": "wx123",
            "goods_detail": [{
                "merchant_goods_id": "1246464644",
                "wechatpay_goods_id": "1001",
                "goods_name": "iPhone6s 16G",
                "quantity": 1,
                "unit_price": 528_800
            }]
        },
        "scene_info": {
            "payer_client_ip": "14.23.150.211",
            "device_id": "013467007045764",
            "store_info": {
                "id": "0001",
                "name": "腾讯大厦分店",
                "area_code": "440305",
                "address": "广东省深圳市南山区科技中一道10000号"
            }
        },
        "settle_info": {"profit_sharing": false}
    })
}

/// Document 000.
pub(crate) const COMBINED_ORDER: &str = r#"{
  "time_expire" : "2000-01-01T00:00:00+08:00",
  "combine_appid" : "wxd678efh567hg6787",
  "sub_orders" : [
    {
      "mchid" : "1230000109",
      "attach" : "深圳分店",
      "amount" : {
        "total_amount" : 10,
        "currency" : "CNY"
      },
      "out_trade_no" : "20150806125346",
      "detail" : "买单费用",
      "description" : "腾讯充值中心-QQ会员充值",
      "settle_info" : {
        "profit_sharing" : false
      },
      "goods_tag" : "WXG"
    },
    {
      "mchid" : "1230000119",
      "attach" : "广州分店",
      "amount" : {
        "total_amount" : 10,
        "currency" : "CNY"
      },
      "out_trade_no" : "20150806125347",
      "detail" : "买单费用",
      "description" : "腾讯充值中心-微信充值",
      "settle_info" : {
        "profit_sharing" : false
      },
      "goods_tag" : "WXG"
    }
  ],
  "combine_payer_info" : {
    "openid" : "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
  },
  "combine_out_trade_no" : "20150806125345",
  "notify_url" : "https://yourapp.com/notify",
  "combine_mchid" : "1900000109",
  "scene_info" : {
    "device_id" : "POS1:1",
    "payer_client_ip" : "14.17.22.32"
  }
}"#;

/// [m/4012791862](https://pay.weixin.qq.com/doc/v3/merchant/4012791862), with every field.
pub(crate) fn refund_body() -> Value {
    json!({
        "out_trade_no": "1217752501201407033233368018",
        "out_refund_no": "1217752501201407033233368018",
        "reason": "商品已售完",
        "notify_url": "https://weixin.qq.com/",
        "funds_account": "AVAILABLE",
        "amount": {
            "refund": 888,
            "from": [{"account": "AVAILABLE", "amount": 444}],
            "total": 888,
            "currency": "CNY"
        },
        "goods_detail": [{
            "merchant_goods_id": "1217752501201407033233368018",
            "wechatpay_goods_id": "1001",
            "goods_name": "iPhone6s 16G",
            "unit_price": 528_800,
            "refund_amount": 528_800,
            "refund_quantity": 1
        }]
    })
}

pub(crate) fn h5_order() -> Value {
    let mut order = app_order();
    order["scene_info"]["h5_info"] = json!({
        "type": "iOS", "app_name": "王者荣耀", "app_url": "https://pay.qq.com",
        "bundle_id": "com.tencent.wzryiOS", "package_name": "com.tencent.tmgp.sgame"
    });
    order
}

pub(crate) fn combined_h5_order() -> Value {
    let mut order: Value = serde_json::from_str(COMBINED_ORDER).unwrap();
    order.as_object_mut().unwrap().remove("combine_payer_info");
    order["scene_info"]["h5_info"] = json!({"type": "Wap", "app_url": "https://pay.qq.com"});
    order["trade_scenario"] = json!("RECOMMERCE");
    order
}

pub(crate) fn jsapi_order() -> Value {
    let mut order = app_order();
    order["payer"] = json!({"openid": "o4GgauInH_RCEdvrrNGrntXDuXXX"});
    order
}
