//! Bodies of APIv2 as the documents print them.

/// Document 001.
pub(crate) const ORDER: &str = r#"<xml>
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
pub(crate) const COMBINED_ORDER: &str = r#"<xml>
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
