//! The QR code of a Native order.

use std::io::{self, IsTerminal};
use std::iter::repeat_n;
use std::path::{Path, PathBuf};

use clap::Args;
use png::{BitDepth, ColorType, Encoder};
use qrcode::render::{svg, unicode};
use qrcode::{Color, QrCode};
use wechatpay::CodeUrl;

use crate::failure::{Failure, Result};
use crate::language::language;
use crate::output_file::OutputFile;
use crate::terminal::{print, print_note};

/// The option of commands that print a QR code.
#[derive(Args)]
pub(crate) struct QrFile {
    /// Also writes the QR code to this file, FILE.svg or FILE.png
    #[arg(long = "qr", value_name = "FILE")]
    pub(crate) path: Option<PathBuf>,
}

/// Where the code is drawn: on standard error, and perhaps in a file.
pub(crate) struct Picture(Option<(OutputFile, Format)>);

/// The code of a placed order.
pub(crate) struct Drawing {
    picture: Picture,
    code_url: CodeUrl,
}

enum Format {
    Svg,
    Png,
}

impl Picture {
    /// Opens the file before an order is placed, so that no order is placed whose code cannot be saved.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let ends_in = |name: &str| path.extension().is_some_and(|it| it.eq_ignore_ascii_case(name));
        let format = match (ends_in("svg"), ends_in("png")) {
            (true, _) => Format::Svg,
            (_, true) => Format::Png,
            _ => return Err(Failure::Usage("the file of --qr must end in .svg or .png".into())),
        };
        Ok(Self(Some((OutputFile::open(path)?, format))))
    }

    /// The picture of this code.
    pub(crate) fn of(self, code_url: &CodeUrl) -> Drawing {
        Drawing { picture: self, code_url: code_url.clone() }
    }
}

impl Drawing {
    /// Draws the code. The order exists by now, so an error is only a note.
    pub(crate) fn draw(self) {
        let Ok(code) = QrCode::new(self.code_url.as_str()) else {
            print_note(
                language().choose(
                    "the code_url is too long for a QR code",
                    "code_url 太长，无法生成二维码",
                ),
            );
            return;
        };
        print(&as_text(&code, io::stderr().is_terminal()));
        let Picture(Some((file, format))) = self.picture else { return };
        let picture = match format {
            Format::Png => as_png(&code),
            Format::Svg => {
                let svg = code.render::<svg::Color<'_>>().min_dimensions(300, 300).build();
                Ok(svg.into_bytes())
            }
        };
        if let Err(error) = picture.and_then(|picture| file.write(&picture)) {
            print_note(language().choose(
                format!("the QR code cannot be written: {error}"),
                format!("二维码无法写入文件：{error}"),
            ));
        }
    }
}

/// Two modules per character. On a terminal the colours are set to black on white, since few cameras
/// read an inverted code.
fn as_text(code: &QrCode, is_terminal: bool) -> String {
    let (begin, end) =
        if is_terminal { ("\x1b[38;5;16;48;5;231m", "\x1b[0m\n") } else { ("", "\n") };
    let text = code.render::<unicode::Dense1x2>().build();
    text.lines().flat_map(|line| [begin, line, end]).collect()
}

/// Black and white, one bit per pixel. A module is eight pixels wide, and so one byte.
fn as_png(code: &QrCode) -> io::Result<Vec<u8>> {
    let colors = code.to_colors();
    let light = vec![Color::Light; code.width()];
    let quiet_rows = || repeat_n(&light[..], QUIET_MODULES);
    let mut pixels = Vec::new();
    for row in quiet_rows().chain(colors.chunks(code.width())).chain(quiet_rows()) {
        let modules = row.iter().map(|color| if *color == Color::Light { WHITE } else { BLACK });
        let quiet = || repeat_n(WHITE, QUIET_MODULES);
        let line: Vec<u8> = quiet().chain(modules).chain(quiet()).collect();
        pixels.extend(repeat_n(line, MODULE_PIXELS).flatten());
    }
    let width = code.width().saturating_add(2 * QUIET_MODULES).saturating_mul(MODULE_PIXELS);
    let width = u32::try_from(width).map_err(io::Error::other)?;
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, width);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

/// The margin that readers need, on each side.
const QUIET_MODULES: usize = 4;
const MODULE_PIXELS: usize = 8;
/// Eight pixels.
const WHITE: u8 = 0xFF;
const BLACK: u8 = 0x00;
