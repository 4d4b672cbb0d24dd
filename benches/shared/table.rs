//! The last table of a run: figure, target and measured value, one a line, for people and scripts.
//!
//! `cargo bench` runs one program after the other. Each prints its own figures, and the last one those of all
//! programs of the run.

use std::fs;

/// What was measured, beside what was aimed at.
#[derive(Default)]
pub(crate) struct Table(Vec<String>);

impl Table {
    pub(crate) fn at_most(&mut self, figure: &str, target: f64, measured: f64) {
        self.add(figure, format!("<= {target}"), measured, measured <= target);
    }

    pub(crate) fn at_least(&mut self, figure: &str, target: f64, measured: f64) {
        self.add(figure, format!(">= {target}"), measured, measured >= target);
    }

    /// A figure that nothing is aimed at.
    pub(crate) fn note(&mut self, figure: &str, measured: f64) {
        self.0.push(line(figure, "-", measured, "-"));
    }

    /// The figures of this program.
    pub(crate) fn print(&self) {
        let lines = self.0.join("\n");
        with_earlier(&lines);
        print(&lines);
    }

    /// The figures of this program, and of those that the same cargo ran before it.
    pub(crate) fn print_all(&self) {
        print(&with_earlier(&self.0.join("\n")));
    }

    fn add(&mut self, figure: &str, target: String, measured: f64, is_met: bool) {
        let verdict = if is_met { "met" } else { "MISSED" };
        self.0.push(line(figure, &target, measured, verdict));
    }
}

fn print(lines: &str) {
    println!("\n{:<60} {:>10} {:>10}\n{lines}", "figure", "target", "measured");
}

/// The lines of the programs that the same cargo ran before this one, and these.
fn with_earlier(lines: &str) -> String {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/figures.txt");
    let (run, written) = (format!("run {}\n", parent()), fs::read_to_string(path));
    let earlier = written.unwrap_or_default();
    let together = match earlier.strip_prefix(&run) {
        Some(earlier) if !earlier.is_empty() => format!("{earlier}\n{lines}"),
        _ => lines.to_owned(),
    };
    // If the file cannot be written, the next program prints its own lines only.
    let _ = fs::write(path, run + &together);
    together
}

/// The process that started this program: all programs of one cargo belong to one run.
#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// On other systems, each program is a run of its own.
#[cfg(not(unix))]
fn parent() -> u32 {
    std::process::id()
}

fn line(figure: &str, target: &str, measured: f64, verdict: &str) -> String {
    let decimals = if measured < 10.0 { 3 } else { 0 };
    format!("{figure:<60} {target:>10} {measured:>10.decimals$} {verdict}")
}
