//! Compressed bills.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use wechatpay::ErrorKind;
use wechatpay::bill::{self, BillType, Date, FundFlow, Trade};

use super::{
    Damage, Expected, cut_off, download, is_other_hash, link, never_looks_complete, traded,
};

fn compressed(date: &Date) -> Trade {
    let mut bill = Trade::new(*date);
    bill.compressed = true;
    bill
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_bill_becomes_the_same_file() {
    let (sandbox, date) = traded();
    let plain = download(&sandbox, &link(&sandbox, &Trade::new(date))).unwrap();
    let packed = link(&sandbox, &compressed(&date));
    let mut progress = Vec::new();
    let mut file = Vec::new();
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let length =
        bill::download(signer, gateway, &packed, &mut file, &mut |bytes| progress.push(bytes));
    assert_eq!(file, plain);
    assert_eq!((length, progress.last()), (Ok(plain.len() as u64), Some(&(plain.len() as u64))));
    assert!(progress.windows(2).all(|two| two[0] < two[1]), "{progress:?}");

    let mut bill = FundFlow::new(date);
    let plain = bill::fund_flow(signer, gateway, &bill).unwrap();
    bill.compressed = true;
    let packed = bill::fund_flow(signer, gateway, &bill).unwrap();
    assert_eq!(download(&sandbox, &packed), download(&sandbox, &plain));
}

#[test]
fn compressed_bill_is_requested_by_tar_type() {
    let (sandbox, date) = traded();
    let mut trade = compressed(&date);
    trade.bill_type = Some(BillType::Refund);
    link(&sandbox, &trade);
    let path = format!("/v3/bill/tradebill?bill_date={date}&bill_type=REFUND&tar_type=GZIP");
    assert_eq!(sandbox.received().pop().unwrap().path, path);
}

#[test]
fn damaged_compressed_bill_file_never_looks_complete() {
    let (sandbox, date) = traded();
    let packed = link(&sandbox, &compressed(&date));
    let damages: [(Damage, Expected); 3] = [
        (cut_off, |error| matches!(error.kind(), ErrorKind::Transport(_))),
        (
            |response| response.body.push(0),
            |error| matches!(error.kind(), ErrorKind::Malformed { .. }),
        ),
        (|response| response.body = gzip(b"x"), is_other_hash),
    ];
    never_looks_complete(&sandbox, &packed, &damages, "compressed_never_looks_complete");
    let plain = link(&sandbox, &Trade::new(date));
    assert_eq!(download(&sandbox, &packed), download(&sandbox, &plain));
}

#[test]
fn gzip_bomb_is_cut_off_at_a_limit() {
    let (sandbox, date) = traded();
    let bomb = gzip(&vec![b'0'; 64 * 1024 * 1024]);
    assert!(bomb.len() < 70_000);
    let link = link(&sandbox, &compressed(&date));
    sandbox.tamper_next(move |response| response.body = bomb);
    let (signer, gateway) = (sandbox.signer(), sandbox.gateway());
    let mut most = 0;
    let progress = &mut |bytes| most = bytes;
    let error = bill::download(signer, gateway, &link, &mut std::io::sink(), progress).unwrap_err();
    assert!(error.to_string().contains(": the file exceeds the size limit;"), "{error}");
    assert!((1..=8 * 1024 * 1024).contains(&most), "{most}");
}
