//! The column "split" of the fault matrix.

use wechatpay::profit_sharing::{self, Receiver, Remainder, Share, Split};
use wechatpay::{
    AppId, Error, Fen, Gateway, OpenId, OutOrderNo, Signer, TransactionId, UreqTransport,
};
use wechatpay_sandbox::Sandbox;

use super::{Call, Named, Operation, Protocol, at, merchant};
use crate::profit_sharing::{shared_order, transaction_id_of};
use crate::scripted_server::platform_keys;

pub(super) static SPLIT: Operation = Operation {
    name: "split",
    call: &SplitCall,
    response: r#"{"transaction_id":"42","out_order_no":"fault-split-1","order_id":"3008450740",
        "state":"PROCESSING","receivers":[{"type":"PERSONAL_OPENID","account":"o1","amount":10,
        "description":"分给员工","result":"PENDING","detail_id":"36011111111111111111111",
        "create_time":"2015-05-20T13:29:35+08:00","finish_time":"2015-05-20T13:29:35+08:00"}]}"#,
    required: "order_id",
    open: Some("state"),
};

/// The order that is split, in the sandbox.
const SHARED: &str = "fault-shared-1";

/// A paid order with profit sharing, and the receiver.
pub(super) fn prepare(sandbox: &Sandbox) {
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let order = shared_order(sandbox, SHARED, Fen(100));
    wechatpay::pay::app::prepay(signer, gateway, &order).unwrap();
    sandbox.pay(SHARED).unwrap();
    sandbox.let_time_pass(60);
    let relation = profit_sharing::RelationType::Staff;
    let receiver = profit_sharing::NewReceiver::new(sandbox.appid(), person(), relation);
    profit_sharing::add_receiver(signer, gateway, &receiver).unwrap();
}

struct SplitCall;

impl Call for SplitCall {
    fn protocol(&self) -> Protocol {
        Protocol::V3
    }

    fn in_sandbox(&self, sandbox: &Sandbox) -> Result<(), Error> {
        let split = split_of(transaction_id_of(sandbox, SHARED));
        profit_sharing::split(sandbox.signer(), sandbox.gateway(), &split).map(drop)
    }

    fn over(&self, base_url: &str, transport: UreqTransport) -> Box<dyn Fn() -> Result<(), Error>> {
        let gateway = Gateway::at(base_url, platform_keys(), transport).unwrap();
        let merchant = merchant();
        Box::new(move || split(&merchant, &gateway))
    }

    fn signed_by(&self, signer: &Named, base_url: &str) -> Result<(), Error> {
        split(signer, &at(base_url))
    }

    fn broken(&self, base_url: &str) -> Vec<Result<(), Error>> {
        let rules: [&dyn Fn(&mut Split); 6] = [
            &|split| split.receivers.clear(),
            &|split| split.receivers = vec![share(); 2],
            &|split| split.receivers = vec![share(); 51],
            &|split| split.appid = None,
            &|split| split.receivers[0].amount = Fen(0),
            &|split| split.receivers[0].description = "长".repeat(81),
        ];
        let broken = rules.map(|breaks| {
            let mut split = split_of(TransactionId::new("42").unwrap());
            breaks(&mut split);
            profit_sharing::split(&merchant(), &at(base_url), &split).map(drop)
        });
        broken.into()
    }
}

fn split(signer: &dyn Signer, gateway: &Gateway) -> Result<(), Error> {
    let split = split_of(TransactionId::new("42").unwrap());
    profit_sharing::split(signer, gateway, &split).map(drop)
}

fn split_of(transaction_id: TransactionId) -> Split {
    let number = OutOrderNo::new("fault-split-1").unwrap();
    let mut split = Split::new(transaction_id, number, vec![share()], Remainder::StaysFrozen);
    split.appid = Some(AppId::new("wxd678efh567hg6787").unwrap());
    split
}

fn share() -> Share {
    Share::new(person(), Fen(10), "分给员工")
}

fn person() -> Receiver {
    Receiver::openid(&OpenId::new("o1").unwrap())
}
