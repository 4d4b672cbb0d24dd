//! The QR code of a Native order.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use wechatpay::CodeUrl;

use crate::Result;
use crate::failure::Failure;

/// Where the code goes: the standard error, and perhaps a file.
pub(crate) struct Picture(Option<File>);

impl Picture {
    /// Opens the file before anything is ordered, so that nothing stands in its way afterwards.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let unopened = |path: &Path, error| {
            Failure::Usage(format!("{} cannot be written: {error}", path.display()))
        };
        // What is there already stays until the order stands.
        let open = |path| OpenOptions::new().write(true).create(true).truncate(false).open(path);
        path.map(|path| open(path).map_err(|error| unopened(path, error))).transpose().map(Self)
    }

    /// Draws the code. The order stands by now, whatever becomes of its picture.
    pub(crate) fn draw(self, code_url: &CodeUrl) {
        let Ok(code) = QrCode::new(code_url.as_str()) else {
            eprintln!("note: the code_url is too long for a QR code");
            return;
        };
        eprintln!("{}", code.render::<unicode::Dense1x2>().build());
        let Self(Some(mut file)) = self else { return };
        let picture = code.render::<svg::Color<'_>>().min_dimensions(300, 300).build();
        if let Err(error) = file.set_len(0).and_then(|()| file.write_all(picture.as_bytes())) {
            eprintln!("note: the QR code cannot be written: {error}");
        }
    }
}
