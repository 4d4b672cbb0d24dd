//! What the benches share: a merchant, its orders, and responses that the platform signed beforehand.

use std::hint::black_box;
use std::io::{self, Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use serde_json::Value;
use wechatpay::bill::TradeBill;
use wechatpay::encryption::Encrypted;
use wechatpay::notify::{self, Event};
use wechatpay::pay::{Order, Transaction, app};
use wechatpay::profit_sharing::{Receiver, Remainder, Share, Split};
use wechatpay::transfer::{Scene, Transfer};
use wechatpay::v2::{self, Signer as _};
use wechatpay::{
    ApiV3Key, Fen, Gateway, OpenId, OutBillNo, OutOrderNo, OutTradeNo, PlatformKeys, PrepayId,
    Request, Response, RsaSigner, SignError, Signature, Signer, Time, TransactionId, Transport,
    TransportError, call, combine, signing,
};
use wechatpay_sandbox::Sandbox;

use crate::rsa::{Ring, Rsa};

pub(crate) struct Shop {
    pub(crate) signer: RsaSigner,
    /// Signs in no time, so that what is left of a call is the library's own work.
    pub(crate) free: Free,
    pub(crate) merchant_key_pem: String,
    /// Responds to every order at once with a prepay_id.
    pub(crate) gateway: Gateway,
    /// Nothing is sent.
    pub(crate) nowhere: Gateway,
    pub(crate) order: Order,
    pub(crate) serial_no: String,
    pub(crate) prepaid: Signed,
    pub(crate) keys: PlatformKeys,
    /// The raw RSA of the same key.
    pub(crate) ring: Ring,
    pub(crate) transaction: Signed,
    pub(crate) notification: Signed,
    sealed: Vec<u8>,
    aes_key: LessSafeKey,
    api_v3_key: ApiV3Key,
    pub(crate) v2: V2Shop,
}

/// A request, and the gateway that responds to it at once.
pub(crate) struct Sent<T> {
    pub(crate) request: T,
    pub(crate) gateway: Gateway,
    pub(crate) response: Signed,
}

/// APIv2, whose digests cost next to nothing.
pub(crate) struct V2Shop {
    signer: v2::HmacSha256Key,
    gateway: v2::Gateway,
    order: v2::pay::Order,
    response: String,
    key: hmac::Key,
}

/// A response or a notification that the platform signed.
pub(crate) struct Signed {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::start().unwrap();
        let signer =
            RsaSigner::from_pem(sandbox.mchid(), "AB12", sandbox.merchant_key_pem()).unwrap();
        // The platform's key is the merchant's here: what counts is that it is as long.
        let keys = PlatformKeys::from_certificate(sandbox.merchant_certificate_pem()).unwrap();
        let order = Self::new_order(&sandbox);
        let serial = sandbox.serial_no();
        let prepaid = br#"{"prepay_id":"wx201410272009395522657a690389285100"}"#;
        let prepaid = signed(&signer, serial, prepaid);
        let (notification, sealed) = notification(&signer, serial);
        Self {
            free: Free { mchid: sandbox.mchid().to_owned(), bytes: prepaid.signature.clone() },
            gateway: Gateway::at("https://shop.example", keys.clone(), prepaid.at_once()).unwrap(),
            nowhere: Gateway::at("https://shop.example", keys.clone(), Nowhere).unwrap(),
            ring: Ring::new(sandbox.merchant_key_pem()),
            merchant_key_pem: sandbox.merchant_key_pem().to_owned(),
            transaction: signed(&signer, serial, TRANSACTION.as_bytes()),
            aes_key: aes_key(),
            api_v3_key: ApiV3Key::new(API_V3_KEY).unwrap(),
            v2: V2Shop::new(&sandbox, &order),
            serial_no: serial.to_owned(),
            signer,
            keys,
            order,
            prepaid,
            notification,
            sealed,
        }
    }

    pub(crate) fn new_order(sandbox: &Sandbox) -> Order {
        let mut order = Order::new(
            sandbox.appid(),
            OutTradeNo::new("1217752501201407033233368018").unwrap(),
            "Image形象店-深圳腾大-QQ公仔",
            Fen(100),
            sandbox.notify_url(),
        );
        order.attach = Some("深圳分店".into());
        order
    }

    pub(crate) fn raw_verify(&self, signed: &Signed) {
        self.ring.verify(&signed.message, &signed.signature);
    }

    /// The message of the order, as it is signed.
    pub(crate) fn message(&self) -> Vec<u8> {
        signing::request("POST", "/v3/pay/transactions/app", 1, NONCE, self.body().as_bytes())
    }

    /// The order as JSON, written by hand.
    pub(crate) fn body(&self) -> String {
        serde_json::json!({
            "appid": self.order.appid, "mchid": self.signer.mchid(),
            "description": self.order.description, "out_trade_no": self.order.out_trade_no,
            "attach": self.order.attach, "notify_url": self.order.notify_url,
            "amount": { "total": 100, "currency": "CNY" },
        })
        .to_string()
    }

    /// An order, checked, built, signed, and not sent.
    pub(crate) fn build(&self, signer: &dyn Signer) {
        assert!(black_box(app::prepay(signer, &self.nowhere, &self.order)).is_err());
    }

    pub(crate) fn prepay(&self, signer: &dyn Signer) -> PrepayId {
        app::prepay(signer, &self.gateway, &self.order).unwrap()
    }

    /// The same order through the generic call: JSON as its user has it, there and back.
    pub(crate) fn call(&self, signer: &dyn Signer, body: &Value) -> Value {
        let response = call::post(signer, &self.gateway, "/v3/pay/transactions/app", body).unwrap();
        response.json().unwrap()
    }

    /// A split between a merchant, whose name was encrypted beforehand, and a person.
    pub(crate) fn split(&self) -> Sent<Split> {
        let ciphertext = "q6urq".repeat(68) + "q6s=";
        let name = Encrypted::new(&self.serial_no, ciphertext).unwrap();
        let merchant = Receiver::merchant("1900009191", name).unwrap();
        let person = Receiver::openid(&OpenId::new(OPENID).unwrap());
        let shares = vec![
            Share::new(merchant, Fen(200), "分给供应商"),
            Share::new(person, Fen(50), "员工提成"),
        ];
        let id = TransactionId::new("4208450740201411110007820472").unwrap();
        let number = OutOrderNo::new("P20150806125346").unwrap();
        let mut split = Split::new(id, number, shares, Remainder::StaysFrozen);
        split.appid = Some(self.order.appid.clone());
        self.sent(split, SPLIT)
    }

    /// A transfer without a name.
    pub(crate) fn transfer(&self) -> Sent<Transfer> {
        let number = OutBillNo::new("plfk2020042013").unwrap();
        let scene = Scene::cash_marketing("新会员有礼", "注册会员抽奖一等奖");
        let (appid, openid) = (self.order.appid.clone(), OpenId::new(OPENID).unwrap());
        let transfer = Transfer::new(appid, number, openid, scene, Fen(100), "新会员开通有礼");
        self.sent(transfer, CREATED)
    }

    fn sent<T>(&self, request: T, response: &str) -> Sent<T> {
        let response = signed(&self.signer, &self.serial_no, response.as_bytes());
        let transport = response.at_once();
        let gateway = Gateway::at("https://shop.example", self.keys.clone(), transport).unwrap();
        Sent { request, gateway, response }
    }

    pub(crate) fn prepay_combined(&self, signer: &dyn Signer, order: &combine::Order) -> PrepayId {
        combine::app::prepay(signer, &self.gateway, order).unwrap()
    }

    pub(crate) fn combined(&self, parts: u64) -> combine::Order {
        let sub_orders = (0..parts).map(|part| {
            let number = OutTradeNo::new(format!("2015080612534{part}")).unwrap();
            let description = "腾讯充值中心-QQ会员充值";
            combine::SubOrder::new("1230000109", number, description, Fen(10), "深圳分店")
        });
        combine::Order::new(
            self.order.appid.clone(),
            self.order.out_trade_no.clone(),
            sub_orders.collect(),
            self.order.notify_url.clone(),
        )
    }

    /// What `pay::query` does with its response, step by step.
    pub(crate) fn verify_response(&self, keys: &PlatformKeys) {
        let Signed { body, .. } = &self.transaction;
        keys.verify(self.transaction.headers(), body, Time::now().unwrap()).unwrap();
    }

    pub(crate) fn read_response(&self, keys: &PlatformKeys) -> Transaction {
        let Signed { body, .. } = &self.transaction;
        self.verify_response(keys);
        serde_json::from_str(std::str::from_utf8(body).unwrap()).unwrap()
    }

    pub(crate) fn raw_response(&self) {
        self.raw_verify(&self.transaction);
    }

    pub(crate) fn open_notification(&self, keys: &PlatformKeys) -> Event {
        let Signed { body, .. } = &self.notification;
        let (headers, now) = (self.notification.headers(), Time::now().unwrap());
        notify::open(keys, &self.api_v3_key, headers, body, now).unwrap()
    }

    /// Verifies and decrypts, with nothing to decode or to read before or after it.
    pub(crate) fn raw_notification(&self) {
        self.raw_verify(&self.notification);
        let mut sealed = self.sealed.clone();
        let aad = Aad::from(b"transaction");
        black_box(self.aes_key.open_in_place(aes_nonce(), aad, &mut sealed).unwrap());
    }
}

impl V2Shop {
    fn new(sandbox: &Sandbox, order: &Order) -> Self {
        let signer = v2::HmacSha256Key::new(sandbox.mchid(), API_V3_KEY).unwrap();
        let mut fields = vec![
            ("return_code", "SUCCESS"),
            ("result_code", "SUCCESS"),
            ("appid", order.appid.as_str()),
            ("mch_id", sandbox.mchid()),
            ("nonce_str", NONCE),
            ("prepay_id", "wx201410272009395522657a690389285100"),
            ("trade_type", "APP"),
        ];
        let sign = signer.sign(&v2::signing::message(fields.iter().copied())).unwrap();
        fields.push(("sign", &sign));
        let xml = |(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>");
        let response = format!("<xml>{}</xml>", fields.into_iter().map(xml).collect::<String>());
        let at_once = AtOnce { headers: Vec::new(), body: response.clone().into_bytes() };
        Self {
            gateway: v2::Gateway::at("https://shop.example", at_once).unwrap(),
            order: v2::pay::Order::new(
                order.appid.clone(),
                order.out_trade_no.clone(),
                &*order.description,
                order.total,
                [14, 23, 150, 211].into(),
                order.notify_url.clone(),
            ),
            key: hmac::Key::new(hmac::HMAC_SHA256, API_V3_KEY.as_bytes()),
            signer,
            response,
        }
    }

    pub(crate) fn prepay(&self) -> PrepayId {
        v2::pay::prepay(&self.signer, &self.gateway, &self.order, &v2::App).unwrap()
    }

    /// One digest for the request and one for the response.
    pub(crate) fn raw(&self) {
        black_box(hmac::sign(&self.key, self.response.as_bytes()));
        black_box(hmac::sign(&self.key, self.response.as_bytes()));
    }
}

impl Signed {
    pub(crate) fn at_once(&self) -> impl Transport + use<> {
        AtOnce { headers: self.headers.clone(), body: self.body.clone() }
    }

    /// The bytes that a server sends.
    pub(crate) fn http(&self) -> Vec<u8> {
        let mut http = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", self.body.len());
        for (name, value) in &self.headers {
            http.push_str(&format!("{name}: {}\r\n", std::str::from_utf8(value).unwrap()));
        }
        [http.as_bytes(), b"\r\n", &self.body].concat()
    }

    fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

/// Signs what it is given with a signature made before.
pub(crate) struct Free {
    mchid: String,
    bytes: Vec<u8>,
}

impl Signer for Free {
    fn mchid(&self) -> &str {
        &self.mchid
    }

    fn sign(&self, _: &[u8]) -> Result<Signature, SignError> {
        Ok(Signature { serial_no: "AB12".into(), bytes: self.bytes.clone() })
    }
}

struct AtOnce {
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Transport for AtOnce {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        black_box(request.body);
        let body = Box::new(Cursor::new(self.body.clone()));
        Ok(Response { status: 200, headers: self.headers.clone(), body })
    }
}

struct Nowhere;

impl Transport for Nowhere {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        black_box(request.body);
        Err(TransportError::not_sent(""))
    }
}

/// A trade bill of that many rows.
pub(crate) fn bill(rows: u64) -> Vec<u8> {
    let mut file = Vec::new();
    write_bill(rows, &mut file).unwrap();
    file
}

/// Its numbers differ from row to row, as real ones do, so that it does not shrink to nothing.
pub(crate) fn write_bill(rows: u64, out: &mut dyn Write) -> io::Result<()> {
    let header = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
    write!(out, "\u{feff}{header}\r\n")?;
    let mut number = 1_u64;
    for _ in 0..rows {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        write!(
            out,
            "`2019-06-11 20:34:56,`wx2421b1c4370ec43b,`1900007291,`0,`,`42{number:026},`12{number:026},`oUpF8{number:023},`APP,`SUCCESS,`OTHERS,`CNY,`1.00,`0.00,`0,`0,`0.00,`0.00,`,`,`Image形象店-深圳腾大-QQ公仔,`深圳分店,`0.01000,`0.60%,`1.00,`0.00,`\r\n"
        )?;
    }
    let summary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";
    let fee = Fen(rows);
    write!(out, "{summary}\r\n`{rows},`{rows}.00,`0.00,`0.00,`{fee},`{rows}.00,`0.00\r\n")
}

pub(crate) fn read_bill(file: &[u8], rows: u64) {
    let mut bill = TradeBill::new(file).unwrap();
    bill.by_ref().for_each(|row| drop(black_box(row.unwrap())));
    assert_eq!(bill.finish().unwrap().rows, rows);
}

/// The same file by the crate `csv`, into the texts that a row of ours holds. It checks nothing: no column of other
/// years, no amount, no total, no escape.
pub(crate) fn read_bill_as_csv(file: &[u8], rows: u64) {
    let mut reader = csv::ReaderBuilder::new().quoting(false).flexible(true).from_reader(file);
    let columns = reader.headers().unwrap().clone();
    let (mut record, mut read) = (csv::StringRecord::new(), 0);
    while reader.read_record(&mut record).unwrap() && record.len() == columns.len() {
        black_box(record.deserialize::<CsvRow<'_>>(Some(&columns)).unwrap());
        read += 1;
    }
    assert_eq!(read, rows);
}

/// Owns what a row of ours owns, and borrows what it parses.
#[derive(serde::Deserialize)]
#[allow(dead_code, reason = "made to be measured")]
struct CsvRow<'a> {
    #[serde(rename = "\u{feff}交易时间", alias = "交易时间")]
    time: &'a str,
    #[serde(rename = "公众账号ID")]
    appid: String,
    #[serde(rename = "商户号")]
    mchid: String,
    #[serde(rename = "特约商户号")]
    sub_mchid: &'a str,
    #[serde(rename = "设备号")]
    device_id: &'a str,
    #[serde(rename = "微信订单号")]
    transaction_id: String,
    #[serde(rename = "商户订单号")]
    out_trade_no: String,
    #[serde(rename = "用户标识")]
    openid: String,
    #[serde(rename = "交易类型")]
    trade_type: &'a str,
    #[serde(rename = "交易状态")]
    state: &'a str,
    #[serde(rename = "付款银行")]
    bank: String,
    #[serde(rename = "货币种类")]
    currency: String,
    #[serde(rename = "应结订单金额")]
    settlement_total: &'a str,
    #[serde(rename = "代金券金额")]
    coupon: &'a str,
    #[serde(rename = "微信退款单号")]
    refund_id: &'a str,
    #[serde(rename = "商户退款单号")]
    out_refund_no: &'a str,
    #[serde(rename = "退款金额")]
    settlement_refund: &'a str,
    #[serde(rename = "充值券退款金额")]
    coupon_refund: &'a str,
    #[serde(rename = "退款类型")]
    refund_type: &'a str,
    #[serde(rename = "退款状态")]
    refund_state: &'a str,
    #[serde(rename = "商品名称")]
    description: String,
    #[serde(rename = "商户数据包")]
    attach: String,
    #[serde(rename = "手续费")]
    fee: &'a str,
    #[serde(rename = "费率")]
    rate: String,
    #[serde(rename = "订单金额")]
    order_total: &'a str,
    #[serde(rename = "申请退款金额")]
    requested: &'a str,
    #[serde(rename = "费率备注")]
    rate_note: &'a str,
}

pub(crate) fn signed(signer: &RsaSigner, serial: &str, body: &[u8]) -> Signed {
    let timestamp = Time::now().unwrap().unix_seconds().to_string();
    let message = signing::response(&timestamp, NONCE, body);
    let signature = signer.sign(&message).unwrap().bytes;
    let headers = [
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("request-id", "08F8E9C6B306109D0118FCE79F8E0720-0".to_owned()),
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", NONCE.to_owned()),
        ("wechatpay-signature", STANDARD.encode(&signature)),
        ("wechatpay-serial", serial.to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.into_bytes())).to_vec();
    Signed { headers, body: body.to_vec(), message, signature }
}

/// A notification, and the ciphertext in it.
fn notification(signer: &RsaSigner, serial: &str) -> (Signed, Vec<u8>) {
    let mut sealed = TRANSACTION.as_bytes().to_vec();
    aes_key()
        .seal_in_place_append_tag(aes_nonce(), Aad::from(b"transaction"), &mut sealed)
        .unwrap();
    let body = format!(
        r#"{{"id":"EV-2018022511223320873","create_time":"2015-05-20T13:29:35+08:00","resource_type":"encrypt-resource","event_type":"TRANSACTION.SUCCESS","summary":"支付成功","resource":{{"original_type":"transaction","algorithm":"AEAD_AES_256_GCM","ciphertext":"{}","associated_data":"transaction","nonce":"{AES_NONCE}"}}}}"#,
        STANDARD.encode(&sealed)
    );
    (signed(signer, serial, body.as_bytes()), sealed)
}

fn aes_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap())
}

fn aes_nonce() -> Nonce {
    Nonce::try_assume_unique_for_key(AES_NONCE.as_bytes()).unwrap()
}

const NONCE: &str = "593BEC0C930BF1AFEB40B4A08C8FB242";
const API_V3_KEY: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
const AES_NONCE: &str = "fdasflkja484";
const TRANSACTION: &str = r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291","out_trade_no":"1217752501201407033233368018","transaction_id":"4200000015201711256947025404","trade_type":"APP","trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"OTHERS","attach":"深圳分店","success_time":"2018-06-08T10:34:56+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},"amount":{"total":100,"payer_total":100,"currency":"CNY","payer_currency":"CNY"}}"#;
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const SPLIT: &str = r#"{"transaction_id":"4208450740201411110007820472","out_order_no":"P20150806125346","order_id":"3008450740201411110007820472","state":"FINISHED","receivers":[{"amount":200,"description":"分给供应商","type":"MERCHANT_ID","account":"1900009191","result":"SUCCESS","create_time":"2015-05-20T13:29:35+08:00","finish_time":"2015-05-20T13:29:35+08:00","detail_id":"36011111111111111111111"},{"amount":50,"description":"员工提成","type":"PERSONAL_OPENID","account":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o","result":"PENDING","create_time":"2015-05-20T13:29:35+08:00","finish_time":"2015-05-20T13:29:35+08:00","detail_id":"36011111111111111111112"}]}"#;
const CREATED: &str = r#"{"out_bill_no":"plfk2020042013","transfer_bill_no":"1330000071100999991182020050700019480001","create_time":"2015-05-20T13:29:35.120+08:00","state":"WAIT_USER_CONFIRM","package_info":"affffddafdfafddffda=="}"#;
