//! What the program prints, in one place, so that a merchant can send it elsewhere.

/// The result of a command, on standard output.
#[allow(clippy::print_stdout, reason = "this is where the program prints")]
pub(crate) fn output(text: &str) {
    println!("{text}");
}

/// An event of the running shop, on standard error. Never a key, an openid or a body.
#[allow(clippy::print_stderr, reason = "this is where the program prints")]
pub(crate) fn event(text: &str) {
    eprintln!("{text}");
}
