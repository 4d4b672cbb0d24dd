//! 中文指南：与英文指南内容相同，写给国内的商户。
//!
//! | 指南 | 内容 |
//! |---|---|
//! | [`trade_types`] | 选择支付方式：JSAPI、小程序、APP、H5、Native |
//! | [`interfaces`] | 接口一览：每个函数的接口、方法、路径和文档页面 |
//! | [`keys`] | 密钥与证书：各个文件是什么、从哪里获取、怎样更换 |
//! | [`notifications`] | 回调通知：怎样接收、验签和应答 |
//! | [`unknown_outcomes`] | 结果未知：不知道订单或退款是否成功时怎么办 |
//! | [`profit_sharing`] | 分账：从下单时的标志到最后一分钱 |
//! | [`errors`] | 错误码：含义与处理建议 |
//! | [`transfers`] | 商家转账：给用户转账，只转一次 |
//! | [`testing`] | 用沙箱测试：没有商户号、不花一分钱 |
//! | [`bills`] | 账单：下载、校验、对账 |
//! | [`any_interface`] | 任意接口：没有专门函数的接口 |
//! | [`embedding`] | 服务器、异步程序、代理与超时 |
//! | [`key_stores`] | 密钥托管：用 KMS 或 HSM 签名 |
//! | [`moving`] | 从官方 Go、Java 库迁移 |
//! | [`comparison`] | 与其他库的比较 |
//!
//! # 常见问题
//!
//! | 现象 | 原因与解决办法 |
//! |---|---|
//! | 401 `SIGN_ERROR`，签名错误 | 错误中指出待签名串的哪一行不同（[`SignDiagnosis`](crate::SignDiagnosis)）；每一行都相同时，是私钥、证书序列号和商户号不属于同一个商户 |
//! | 404 `RESOURCE_NOT_EXISTS`，无可用的平台证书 | 你的商户号使用微信支付公钥，没有平台证书：[`keys`] |
//! | 应答或通知由未知的密钥签名 | 正在从平台证书切换到公钥，或平台证书已更换：[`keys`] |
//! | 回调通知验签失败 | 报文被解析后重新序列化了：[`notifications`] |
//! | `WECHATPAY/SIGNTEST/` | 签名探测流量，照常拒绝：[`notifications`] |
//! | 通知一直重复，或一直不来 | 应答不对，或设置不对：[`notifications`] |
//! | 下单成功，手机却提示签名错误或缺少参数 | 各种支付方式的待签名串不同：用对应的函数，[`pay::app::invoke`](crate::pay::app::invoke)、[`pay::jsapi::invoke`](crate::pay::jsapi::invoke) 或 [`pay::jsapi::invoke_mini_program`](crate::pay::jsapi::invoke_mini_program)，签名器和 appid 与下单时相同，返回的 JSON 原样交给前端 |
//! | 商户订单号重复，`OUT_TRADE_NO_USED` | 订单号相同而参数不同：[`unknown_outcomes`] |
//! | `time_expire` 被拒绝 | [`Time`](crate::Time) 输出 RFC 3339，APIv2 为北京时间 `yyyyMMddHHmmss`；它是时刻，不是时长 |
//! | 退款通知没有 `status` | 它叫 `refund_status`；[`refund::State`](crate::refund::State) 两种都能读 |
//! | 账单没有签名 | 下载链接有签名，并带有文件的摘要：[`bills`] |
//! | “unexpected end of stream”、连接重置、超时、代理 | [`embedding`] |
//! | 没有报错，但 `prepay_id` 为空 | 不会发生：成功的应答缺少必填字段时，调用返回错误 |
//! | 没有专门函数的接口 | [`any_interface`] |

#[doc = include_str!("trade_types.md")]
pub mod trade_types {}

#[doc = include_str!("interfaces.md")]
pub mod interfaces {}

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("notifications.md")]
pub mod notifications {}

#[doc = include_str!("unknown_outcomes.md")]
pub mod unknown_outcomes {}

#[doc = include_str!("profit_sharing.md")]
pub mod profit_sharing {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("transfers.md")]
pub mod transfers {}

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("bills.md")]
pub mod bills {}

#[doc = include_str!("any_interface.md")]
pub mod any_interface {}

#[doc = include_str!("embedding.md")]
pub mod embedding {}

#[doc = include_str!("key_stores.md")]
pub mod key_stores {}

#[doc = include_str!("moving.md")]
pub mod moving {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}
