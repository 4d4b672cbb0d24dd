//! What a bill takes from the heap while it is downloaded over TLS, unpacked, hashed, and read: the
//! same however long it is. The longest has a gigabyte, which is made while it is sent.
//!
//! ```text
//! cargo bench --bench bill
//! ```
//!
//! The server is in the same process, so what it takes is counted as well.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints for people and stops when something is wrong; its floats are not money"
)]

#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/rsa.rs"]
mod rsa;
#[path = "shared/server.rs"]
mod server;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/shop.rs"]
mod shop;
#[allow(dead_code, reason = "the other benches need more of it")]
#[path = "shared/table.rs"]
mod table;

use std::io::{self, Write};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use peak_alloc::PeakAlloc;
use ring::digest;
use wechatpay::bill::{self, Trade};

use server::Server;
use shop::Shop;
use table::Table;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() {
    let mut table = Table::default();
    println!("{:<32} {:>12} {:>12} {:>12}", "a trade bill", "MB", "MB/s", "peak, KiB");
    for rows in [37_000, 370_000, 3_700_000] {
        for compressed in [false, true] {
            download(rows, compressed, &mut table);
        }
    }
    for rows in [1_000, 10_000, 100_000] {
        let file = shop::bill(rows);
        let (peak, seconds) = measured(|| shop::read_bill(&file, rows));
        print("read", file.len() as u64, seconds, peak);
        table.at_most(&format!("heap to read {rows} rows, MiB"), 1.0, peak);
    }
    table.print();
}

fn download(rows: u64, compressed: bool, table: &mut Table) {
    let shop = Shop::new();
    let mut sha1 = Sha1(digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY));
    shop::write_bill(rows, &mut sha1).unwrap();
    let sha1 = sha1.0.finish();
    let sha1: String = sha1.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let server = Server::start(|base_url| {
        let link = format!(
            r#"{{"hash_type":"SHA1","hash_value":"{sha1}","download_url":"{base_url}/v3/billdownload/file?token=x"}}"#
        );
        let link = shop::signed(&shop.signer, &shop.serial_no, link.as_bytes()).http();
        move |request: &[u8], out: &mut dyn Write| {
            if request.starts_with(b"GET /v3/bill/tradebill") {
                return out.write_all(&link);
            }
            out.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let mut out = io::BufWriter::with_capacity(65_536, Chunks(out));
            if compressed {
                let mut packed = GzEncoder::new(&mut out, Compression::fast());
                let mut rows_out = io::BufWriter::with_capacity(65_536, &mut packed);
                shop::write_bill(rows, &mut rows_out)?;
                rows_out.flush()?;
                drop(rows_out);
                packed.finish()?;
            } else {
                shop::write_bill(rows, &mut out)?;
            }
            out.into_inner()?.0.write_all(b"0\r\n\r\n")
        }
    });
    let gateway = server.gateway(&shop.keys);
    let mut trade = Trade::new("2019-06-11".parse().unwrap());
    trade.compressed = compressed;
    let link = bill::trade(&shop.signer, &gateway, &trade).unwrap();
    let mut length = 0;
    let (peak, seconds) = measured(|| {
        let out = &mut io::sink();
        length = bill::download(&shop.signer, &gateway, &link, out, &mut |_| ()).unwrap();
    });
    let what = if compressed { "downloaded, unpacked, hashed" } else { "downloaded, hashed" };
    print(what, length, seconds, peak);
    table.at_most(&format!("heap for {} MB {what}, MiB", length / 1_000_000), 1.0, peak);
}

/// The most heap that it took, in MiB, and its seconds.
fn measured(call: impl FnOnce()) -> (f64, f64) {
    HEAP.reset_peak_usage();
    let (before, start) = (HEAP.current_usage(), Instant::now());
    call();
    let peak = HEAP.peak_usage().saturating_sub(before);
    (peak as f64 / 1_048_576.0, start.elapsed().as_secs_f64())
}

fn print(what: &str, length: u64, seconds: f64, peak: f64) {
    let megabytes = length as f64 / 1e6;
    let (rate, peak) = (megabytes / seconds, peak * 1024.0);
    println!("{what:<32} {megabytes:>12.1} {rate:>12.1} {peak:>12.1}");
}

struct Sha1(digest::Context);

impl Write for Sha1 {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Each piece as a chunk of HTTP.
struct Chunks<'a>(&'a mut dyn Write);

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            write!(self.0, "{:x}\r\n", bytes.len())?;
            self.0.write_all(bytes)?;
            self.0.write_all(b"\r\n")?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
