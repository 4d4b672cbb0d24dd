//! A QR code as PNG: each module is eight pixels wide, so that it takes a byte in black and white.

use std::io::{self, Write};
use std::iter::repeat_n;

use flate2::Compression;
use flate2::Crc;
use flate2::write::ZlibEncoder;
use qrcode::{Color, QrCode};

/// The picture, with the quiet zone of four modules that readers want.
pub(crate) fn picture(code: &QrCode) -> io::Result<Vec<u8>> {
    let pixels = code.width().saturating_add(2 * QUIET).saturating_mul(SCALE);
    let pixels = u32::try_from(pixels).map_err(io::Error::other)?.to_be_bytes();
    let mut file = SIGNATURE.to_vec();
    // Width, height, one bit of grey for a pixel; no interlacing.
    chunk(&mut file, b"IHDR", &[&pixels[..], &pixels, &[1, 0, 0, 0, 0]].concat())?;
    chunk(&mut file, b"IDAT", &compressed(code)?)?;
    chunk(&mut file, b"IEND", &[])?;
    Ok(file)
}

fn compressed(code: &QrCode) -> io::Result<Vec<u8>> {
    let colors = code.to_colors();
    let light = vec![Color::Light; code.width()];
    let quiet = || repeat_n(&light[..], QUIET);
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in quiet().chain(colors.chunks(code.width())).chain(quiet()) {
        let modules = row.iter().map(|color| if *color == Color::Light { WHITE } else { BLACK });
        let quiet = || repeat_n(WHITE, QUIET);
        // A line begins with its filter: none.
        let line: Vec<u8> = [0].into_iter().chain(quiet()).chain(modules).chain(quiet()).collect();
        repeat_n(&line, SCALE).try_for_each(|line| encoder.write_all(line))?;
    }
    encoder.finish()
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    file.extend([&length.to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat());
    Ok(())
}

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Modules on each side.
const QUIET: usize = 4;
/// Pixels of a module.
const SCALE: usize = 8;
/// Eight pixels.
const WHITE: u8 = 0xFF;
const BLACK: u8 = 0x00;
