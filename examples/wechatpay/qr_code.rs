//! The QR code of a Native order.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use wechatpay::CodeUrl;

use crate::failure::Failure;
use crate::{Result, png};

/// Where the code goes: the standard error, and perhaps a file, whose name says whether it is a PNG
/// or an SVG.
pub(crate) struct Picture(Option<(File, bool)>);

impl Picture {
    /// Opens the file before anything is ordered, so that nothing stands in its way afterwards.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let unopened = |path: &Path, error| {
            Failure::Usage(format!("{} cannot be written: {error}", path.display()))
        };
        // What is there already stays until the order stands.
        let open = |path| OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let Some(path) = path else { return Ok(Self(None)) };
        let file = open(path).map_err(|error| unopened(path, error))?;
        let is_png = path.extension().is_some_and(|name| name.eq_ignore_ascii_case("png"));
        Ok(Self(Some((file, is_png))))
    }

    /// Draws the code. The order stands by now, whatever becomes of its picture.
    pub(crate) fn draw(self, code_url: &CodeUrl) {
        let Ok(code) = QrCode::new(code_url.as_str()) else {
            eprintln!("note: the code_url is too long for a QR code");
            return;
        };
        eprintln!("{}", code.render::<unicode::Dense1x2>().build());
        let Self(Some((mut file, is_png))) = self else { return };
        let picture = if is_png {
            png::picture(&code)
        } else {
            let svg = code.render::<svg::Color<'_>>().min_dimensions(300, 300).build();
            Ok(svg.into_bytes())
        };
        let written = picture.and_then(|picture| {
            file.set_len(0)?;
            file.write_all(&picture)
        });
        if let Err(error) = written {
            eprintln!("note: the QR code cannot be written: {error}");
        }
    }
}
