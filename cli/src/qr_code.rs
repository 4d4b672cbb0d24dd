//! The QR code of a Native order.

use std::io::{self, IsTerminal};
use std::path::Path;

use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use wechatpay::CodeUrl;

use crate::failure::Failure;
use crate::output::Output;
use crate::{Result, png};

/// Where the code goes: the standard error, and perhaps a file.
pub(crate) struct Picture(Option<(Output, Format)>);

/// What the name of the file ends in.
enum Format {
    Svg,
    Png,
}

impl Picture {
    /// Opens the file before anything is ordered, so that nothing stands in its way afterwards.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let is = |name: &str| path.extension().is_some_and(|it| it.eq_ignore_ascii_case(name));
        let format = match (is("svg"), is("png")) {
            (true, _) => Format::Svg,
            (_, true) => Format::Png,
            _ => return Err(Failure::Usage("the file of --qr must end in .svg or .png".into())),
        };
        Ok(Self(Some((Output::open(path)?, format))))
    }

    /// Draws the code. The order stands by now, whatever becomes of its picture.
    pub(crate) fn draw(self, code_url: &CodeUrl) {
        let Ok(code) = QrCode::new(code_url.as_str()) else {
            eprintln!("note: the code_url is too long for a QR code");
            return;
        };
        eprint!("{}", drawn(&code, io::stderr().is_terminal()));
        let Self(Some((output, format))) = self else { return };
        let picture = match format {
            Format::Png => png::picture(&code),
            Format::Svg => {
                let svg = code.render::<svg::Color<'_>>().min_dimensions(300, 300).build();
                Ok(svg.into_bytes())
            }
        };
        if let Err(error) = picture.and_then(|picture| output.write(&picture)) {
            eprintln!("note: the QR code cannot be written: {error}");
        }
    }
}

/// Two modules to a character. A terminal is told to show it black on white, whatever its colours
/// are: few cameras read a code the other way round.
fn drawn(code: &QrCode, is_terminal: bool) -> String {
    let (begin, end) =
        if is_terminal { ("\x1b[38;5;16;48;5;231m", "\x1b[0m\n") } else { ("", "\n") };
    let text = code.render::<unicode::Dense1x2>().build();
    text.lines().flat_map(|line| [begin, line, end]).collect()
}
