//! The QR code of a Native order.

use std::fs;
use std::path::Path;

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use wechatpay::CodeUrl;

use crate::Result;
use crate::failure::Failure;

/// Draws the code on the standard error, and writes it to a file as SVG.
///
/// The order stands by now, whatever becomes of its picture.
pub(crate) fn draw(code_url: &CodeUrl, file: Option<&Path>) -> Result<()> {
    let Ok(code) = QrCode::new(code_url.as_str()) else {
        eprintln!("note: the code_url is too long for a QR code");
        return Ok(());
    };
    eprintln!("{}", code.render::<unicode::Dense1x2>().build());
    let Some(file) = file else { return Ok(()) };
    let picture = code.render::<svg::Color<'_>>().min_dimensions(300, 300).build();
    fs::write(file, picture)
        .map_err(|error| Failure::Unprinted(format!("{}: {error}", file.display())))
}
