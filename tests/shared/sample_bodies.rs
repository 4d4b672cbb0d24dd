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

/// Document 001.
pub(crate) const V2_ORDER: &str = r#"<xml>
<appid>wx2421b1c4370ec43b</appid>
<attach>支付测试</attach>
<body>JSAPI支付测试</body>
<mch_id>10000100</mch_id>
<detail><![CDATA[{ "goods_detail":[ { "goods_id":"iphone6s_16G", "wxpay_goods_id":"1001", "goods_name":"iPhone6s 16G", "quantity":1, "price":528800, "goods_category":"123456", "body":"苹果手机" }, { "goods_id":"iphone6s_32G", "wxpay_goods_id":"1002", "goods_name":"iPhone6s 32G", "quantity":1, "price":608800, "goods_category":"123789", "body":"苹果手机" } ] }]]></detail>
<nonce_str>1add1a30ac87aa2db72f57a2375d8fec</nonce_str>
<notify_url>https://wxpay.wxutil.com/pub_v2/pay/notify.v2.php</notify_url>
<openid>oUpF8uMuAJO_M2pxb1Q9zNjWeS6o</openid>
<out_trade_no>1415659990</out_trade_no>
<spbill_create_ip>14.23.150.211</spbill_create_ip>
<total_fee>1</total_fee>
<trade_type>JSAPI</trade_type>
<sign>0CB01533B8C1EF103065174F50BCA001</sign>
</xml>"#;

/// Document 002, with its slips: a comma too many, and a remark between fields. Its CDATA ends in
/// `]>` there, and many of its blanks are no-break spaces.
pub(crate) const V2_COMBINED_ORDER: &str = r#"<xml>
<combine_appid>wxdace645e0bc2c424</combine_appid>

<combine_mch_id>1900009001</combine_mch_id>
<sub_order_list><![CDATA[{"order_num": 3,"order_list": [{"appid": "wxdace645e0bc2c424", "mch_id" : "1900009001", "body": "子订单1", "out_trade_no": "OD201708030001", "fee_type": "CNY", "total_fee": 1234,"attach": "深圳分店"},{"appid": "wxdace645e0bc2c424", "mch_id" : "1900009001", "body": "子订单2", "out_trade_no": "OD201708030002", "fee_type": "USD", "total_fee": 10,"attach": "商品说明","detail": "商品详细描述"},{"appid": "wxdace645e0bc2c424", "mch_id" : "1900009001","sub_appid":"wx888888888888","sub_mch_id": "88888888888","body": "子订单3", "out_trade_no": "OD201708030003", "fee_type": "CNY", "total_fee":88,"attach": "说明","detail": "商品详细描述."},]}]]></sub_order_list>//请注意order_num、total_fee为数字型
<device_info>TEST01</device_info>
<nonce_str>4b4f6f692547affd2c8fadb39fed603a</nonce_str>
<combine_out_trade_no>19000090011489146530</combine_out_trade_no>
<spbill_create_ip>14.23.150.211</spbill_create_ip>
<time_start>20171225091010</time_start>
<time_expire>20171225091510</time_expire>

<notify_url>http://www.weixin.qq.com/wxpay/pay.php</notify_url>

<trade_type>JSAPI</trade_type>

<combine_openid>oUpF8uMuAJO_M2pxb1Q9zNjWeS6o</combine_openid>
<sign>144FF79B7391FE1BD0708470B7D8A2E3</sign>
<sign_type>HMAC-SHA256</sign_type>
</xml>"#;

/// m/4012791862, with every field.
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
