//! The QR codes of Native orders.

use std::fs;

use png::{BitDepth, ColorType, Decoder};
use qrcode::QrCode;
use serde_json::Value;

use crate::program::Program;

#[test]
fn native_order_draws_its_code_and_saves_it() {
    let program = Program::new("native");
    let (file, picture) = (program.order("native-1"), program.path("code.svg"));
    let done = program.run(&["order", "native", &file, "--qr", &picture]);
    assert_eq!(done.status, 0, "{}", done.err);
    let response: Value = serde_json::from_str(&done.out).unwrap();
    assert!(response["code_url"].as_str().unwrap().starts_with("weixin://"), "{response}");
    assert!(done.err.lines().count() > 10 && done.err.contains('█'), "{}", done.err);
    assert!(fs::read_to_string(&picture).unwrap().contains("<svg"));

    let picture = program.path("code.PNG");
    let done = program.run(&["order", "native", &file, "--qr", &picture]);
    let response: Value = serde_json::from_str(&done.out).unwrap();
    assert_shows(&fs::read(&picture).unwrap(), response["code_url"].as_str().unwrap());
    let picture = program.path("code.svg");

    let done = program.run(&["order", "native", &file, "--qr", &program.path("no/such/code.svg")]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(
        done.err.ends_with("\nadvice: use a file that can be read or written\n"),
        "{}",
        done.err
    );
    let done = program.run(&["order", "native", &file, "--qr", &program.path("code.jpg")]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.starts_with("error: the file of --qr must end in .svg or .png\n"));
    assert_eq!(program.sandbox.received().len(), 2, "no order whose code cannot be saved");
    let done = program.run(&["order", "app", &file, "--qr", &picture]);
    assert_eq!(done.status, 2, "{}", done.err);
    assert!(done.err.starts_with("error: --qr is not an option of this command\n"), "{}", done.err);
}

#[test]
fn refused_order_leaves_no_picture() {
    let program = Program::new("no-picture");
    let (file, kept) = (program.order("picture-1"), program.write("kept.svg", "an earlier code"));
    for picture in [kept.clone(), program.path("new.svg")] {
        program.sandbox.refuse_next(403, "NO_AUTH", "商户无权限");
        let done = program.run(&["order", "native", &file, "--qr", &picture]);
        assert_eq!(done.status, 1, "{}", done.err);
    }
    assert_eq!(fs::read_to_string(&kept).unwrap(), "an earlier code");
    for entry in fs::read_dir(&program.folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with("new.svg") && !name.ends_with(".part"), "{name}");
    }
}

/// The number of the process is all that another user needs to guess, if the name ends in it.
#[cfg(unix)]
#[test]
fn link_at_a_guessed_partial_name_is_not_followed() {
    let program = Program::new("links");
    let (file, victim) = (program.order("links-1"), program.write("victim", "precious"));
    let script = "for name in code.svg bill.csv; do ln -s victim $name.$$.part; done; exec \"$@\"";
    let done = program.run_script(script, &["order", "native", &file, "--qr", "code.svg"]);
    assert_eq!(done.status, 0, "{}", done.err);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert!(fs::read_to_string(program.path("code.svg")).unwrap().contains("<svg"));
    let done = program.run_script(script, &["bill", "trade", "2018-06-08", "-o", "bill.csv"]);
    assert_eq!(done.status, 1, "{}", done.err);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

/// Checks each pixel of a black and white PNG against the code of this text.
#[track_caller]
fn assert_shows(png: &[u8], text: &str) {
    let mut reader = Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let code = QrCode::new(text).unwrap();
    let modules = code.width() + 8;
    assert_eq!((info.width as usize, info.height as usize), (modules * 8, modules * 8));
    assert_eq!((info.color_type, info.bit_depth), (ColorType::Grayscale, BitDepth::One));
    for (y, line) in pixels.chunks(modules).enumerate() {
        for (x, byte) in line.iter().enumerate() {
            let margin = 4..modules - 4;
            let is_dark = margin.contains(&x)
                && margin.contains(&(y / 8))
                && code[(x - 4, y / 8 - 4)] == qrcode::Color::Dark;
            assert_eq!(*byte, if is_dark { 0 } else { 0xFF }, "{x}, {y}");
        }
    }
}
