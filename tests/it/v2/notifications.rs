//! Notifications of payments.

use wechatpay::Fen;
use wechatpay::v2::notify::{self, Notification};
use wechatpay::v2::pay::{self, Order};
use wechatpay::v2::{HmacSha256Key, Md5Key, SignType, Signer};

use crate::support::start;
use crate::v2::{SHAPES, message_of, number, order, payer};

#[test]
fn notification_is_signed_with_the_order_algorithm() {
    let sandbox = start();
    let v2 = sandbox.v2();
    let signers: [(&dyn Signer, &str); 2] =
        [(v2.signer(), "noticed-hmac"), (v2.md5_signer(), "noticed-md5")];
    for (signer, text) in signers {
        let order = order(&sandbox, text);
        pay::prepay(signer, v2.gateway(), &order, &payer()).unwrap();
        v2.pay(text, &[Fen(30)]).unwrap();
        let notification = v2.take_notifications().pop().unwrap();
        assert_eq!(notification.notify_url, sandbox.notify_url().as_str());
        let Notification::Transaction(notified) = notify::open(signer, &notification.body).unwrap()
        else {
            panic!("not a transaction");
        };
        let paid = notified.paid(signer.mchid(), &order).unwrap();
        let found = pay::query(signer, v2.gateway(), &order.appid, &order.out_trade_no).unwrap();
        assert_eq!(found.paid(signer.mchid(), &order).unwrap(), paid);
        let either = notify::open_by_length(v2.signer(), v2.md5_signer(), &notification.body);
        assert_eq!(either.unwrap(), Notification::Transaction(notified));
        let is_hmac = signer.sign_type() == SignType::HmacSha256;
        let other: &dyn Signer = if is_hmac { v2.md5_signer() } else { v2.signer() };
        assert!(notify::open(other, &notification.body).is_err());
    }
}

#[test]
fn notifications_of_all_observed_shapes_prove_payment() {
    let keys: [&dyn Signer; 2] = [
        &HmacSha256Key::new("10000100", "0123456789ABCDEFGHIJKLMNOPQRSTUV").unwrap(),
        &Md5Key::new("10000100", "0123456789ABCDEFGHIJKLMNOPQRSTUV").unwrap(),
    ];
    let order = Order::new(
        "wx2421b1c4370ec43b".parse().unwrap(),
        number("20250101-7"),
        "b",
        Fen(980),
        "14.23.150.211".parse().unwrap(),
        "https://shop.example/n".parse().unwrap(),
    );
    let least = "appid wx2421b1c4370ec43b
        bank_type CFT
        cash_fee 480
        mch_id 10000100
        nonce_str 6ec5e8d30c00467bbe80680bd1bf5dae
        openid oUpF8uMuAJO_M2pxb1Q9zNjWeS6o
        out_trade_no 20250101-7
        result_code SUCCESS
        return_code SUCCESS
        time_end 20250101090807
        total_fee =980
        trade_type JSAPI
        transaction_id 4200000000202501010000000001";
    for more in [
        "",
        "\nfee_type CNY\nis_subscribe Y\nattach {\"id\":\"7\"}\ndevice_info",
        "\ncoupon_count 1\ncoupon_fee =500\ncoupon_fee_0 500\ncoupon_id_0 2000000044096177209",
        "\ncoupon_count 1\ncoupon_fee_0 10\ncoupon_type CASH\ncoupon_id 10000",
        "\nsub_mch_id\nsub_appid",
        "\nsub_mch_id 10000100\nsub_openid o1\nsub_is_subscribe N\nrate_value 650000000",
        "\nreturn_msg OK\nerr_code SUCCESS\nerr_code_des SUCCESS\nsettlement_total_fee 980",
    ] {
        for (shape, signer) in SHAPES.iter().flat_map(|shape| keys.map(|key| (*shape, key))) {
            let body = message_of(signer, shape, &format!("{least}{more}"));
            let Ok(Notification::Transaction(notified)) = notify::open(signer, body.as_bytes())
            else {
                panic!("{body}");
            };
            assert_eq!(notified.paid("10000100", &order).unwrap().total(), Fen(980), "{body}");
        }
    }
}
