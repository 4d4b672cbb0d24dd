//! Calls interfaces that have no function of their own: creates a coupon batch, lists complaints, changes a notification URL,
//! downloads a file.
//!
//! ```text
//! cargo run --example any_interface
//! ```
//!
//! The calls go to a sandbox that this program starts. It does not model these interfaces, so its responses are scripted;
//! the requests are checked and the responses signed as always.
#![allow(clippy::print_stdout, reason = "this program speaks to people")]

use serde::Deserialize;
use serde_json::json;
use wechatpay::call::{self, Call, Download, FileHash, Path};
use wechatpay::{Error, Gateway, Method, Signer};
use wechatpay_sandbox::{Sandbox, Script};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = scripted()?;
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    println!("coupon batch: {}", create_coupon_batch(signer, gateway)?);
    for complaint in list_complaints(signer, gateway)? {
        println!("complaint {}: {}", complaint.complaint_id, complaint.complaint_detail);
    }
    println!("notifications go to {}", change_notification_url(signer, gateway)?);
    println!("coupon flow: {} bytes", download_coupon_flow(signer, gateway)?.len());
    Ok(())
}

/// 创建商家券: `POST`, with anything that serializes. The response is read into a type of yours.
fn create_coupon_batch(signer: &dyn Signer, gateway: &Gateway) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Stock {
        stock_id: String,
    }
    let batch = json!({
        "stock_name": "8月1日活动券",
        "belong_merchant": signer.mchid(),
        "goods_name": "xxx商品使用",
        "stock_type": "NORMAL",
        // The number that makes a repeated request the same one: store it before the call.
        "out_request_no": "100002322019090134234sfdf",
    });
    let stock: Stock =
        call::post(signer, gateway, "/v3/marketing/busifavor/stocks", &batch)?.json()?;
    Ok(stock.stock_id)
}

#[derive(Deserialize)]
struct Complaint {
    complaint_id: String,
    complaint_detail: String,
}

/// 查询投诉单列表: `GET`, with query values that are percent-encoded.
fn list_complaints(signer: &dyn Signer, gateway: &Gateway) -> Result<Vec<Complaint>, Error> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Complaint>,
    }
    let path = Path::new("/v3/merchant-service/complaints-v2")
        .query("limit", 10)
        .query("offset", 0)
        .query("begin_date", "2026-11-01")
        .query("end_date", "2026-11-28");
    let page: Page = call::get(signer, gateway, path)?.json()?;
    Ok(page.data)
}

/// 更新投诉通知回调地址: `PUT`, by a call that is built in steps.
fn change_notification_url(signer: &dyn Signer, gateway: &Gateway) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct Address {
        url: String,
    }
    let address: Address = Call::new(Method::Put, "/v3/merchant-service/complaint-notifications")?
        .json(&json!({ "url": "https://www.xxx.com/notify" }))?
        .send(signer, gateway)?
        .json()?;
    Ok(address.url)
}

/// 下载批次核销明细: a link and a hash in a signed response, then the file, which is not signed.
fn download_coupon_flow(signer: &dyn Signer, gateway: &Gateway) -> Result<Vec<u8>, Error> {
    #[derive(Deserialize)]
    struct Offer {
        url: String,
        hash_type: String,
        hash_value: String,
    }
    let path = "/v3/marketing/favor/stocks/9865000/use-flow";
    let offer: Offer = call::get(signer, gateway, path)?.json()?;
    let hash = FileHash::new(&offer.hash_type, &offer.hash_value)?;
    let mut file = Vec::new();
    Download::new(offer.url, hash).write(signer, gateway, &mut file)?;
    Ok(file)
}

fn scripted() -> std::io::Result<Sandbox> {
    let sandbox = Sandbox::start()?;
    let stock = r#"{"stock_id":"98065001","create_time":"2021-01-01T00:00:00.000+08:00"}"#;
    sandbox.script(Method::Post, "/v3/marketing/busifavor/stocks", Script::new(200, stock));
    let complaints = r#"{"data":[{"complaint_id":"200201820200101080076610000",
        "complaint_time":"2015-05-20T13:29:35.120+08:00","complaint_state":"PENDING",
        "complaint_detail":"反馈一个重复扣费的问题"}],"limit":10,"offset":0,"total_count":1}"#;
    sandbox.script(Method::Get, "/v3/merchant-service/complaints-v2", Script::new(200, complaints));
    let address = r#"{"mchid":"1900012181","url":"https://www.xxx.com/notify"}"#;
    let path = "/v3/merchant-service/complaint-notifications";
    sandbox.script(Method::Put, path, Script::new(200, address));
    let offer = json!({
        "url": format!("{}/v3/billdownload/file?token=1", sandbox.base_url()),
        "hash_type": "SHA1",
        "hash_value": "6f9b9af3cd6e8b8a73c2cdced37fe9f59226e27d",
    });
    let path = "/v3/marketing/favor/stocks/{stock_id}/use-flow";
    sandbox.script(Method::Get, path, Script::new(200, offer.to_string()));
    sandbox.script(Method::Get, "/v3/billdownload/file", Script::file("message"));
    Ok(sandbox)
}
