//! What the program prints, in one place, so that a merchant can send it elsewhere.

use std::io::{self, Write};

/// The result of a command, on standard output.
pub(crate) fn output(text: &str) {
    write_line(&mut io::stdout().lock(), text);
}

/// An event of the running shop, on standard error. Never a key, an openid or a body.
pub(crate) fn event(text: &str) {
    write_line(&mut io::stderr().lock(), text);
}

/// `println!` would end the thread if the reader has gone. The shop goes on selling.
fn write_line(out: &mut dyn Write, text: &str) {
    let _ = writeln!(out, "{text}");
}
