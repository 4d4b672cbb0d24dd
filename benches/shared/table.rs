//! The last table of a bench: figure, target and measured value, one a line, for people and scripts.

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

    pub(crate) fn print(&self) {
        println!("\n{:<56} {:>10} {:>10}", "figure", "target", "measured");
        self.0.iter().for_each(|line| println!("{line}"));
    }

    fn add(&mut self, figure: &str, target: String, measured: f64, is_met: bool) {
        let verdict = if is_met { "met" } else { "MISSED" };
        self.0.push(line(figure, &target, measured, verdict));
    }
}

fn line(figure: &str, target: &str, measured: f64, verdict: &str) -> String {
    let decimals = if measured < 10.0 { 3 } else { 0 };
    format!("{figure:<56} {target:>10} {measured:>10.decimals$} {verdict}")
}
