//! Text for people, on standard error, and what may not occur in it.
//!
//! Responses, files and names come from others. Raw control characters clear the screen, forge lines such as
//! `outcome: …`, or turn the direction of text.

use std::env;
use std::fmt::Display;
use std::io::{self, Write};

use serde_json::json;

use crate::language::language;

/// Writes a note on a line of standard error; with `--json`, as an object.
pub(crate) fn print_note(note: impl Display) {
    let prefix = language().choose("note: ", "提示：");
    if wants_json() { print_line(note) } else { print_line(format_args!("{prefix}{note}")) }
}

/// As [`print_note`], for a line that says itself what it is.
pub(crate) fn print_line(line: impl Display) {
    let line = line.to_string();
    print(&if wants_json() {
        format!("{}\n", json_without_controls(&json!({"note": line}).to_string()))
    } else {
        format!("{}\n", one_line(&line))
    });
}

/// Whether errors and notes are to be JSON, also errors in the arguments.
pub(crate) fn wants_json() -> bool {
    env::args_os().any(|argument| argument == "--json")
}

/// Writes text to standard error as it is. A failure cannot be reported anywhere, and is ignored: the
/// exit status is still that of the command.
pub(crate) fn print(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// The text on one line, without characters that control a terminal, and of a bounded length.
pub(crate) fn one_line(text: &str) -> String {
    let mut characters = text.chars().map(|it| if is_control(it) { REPLACEMENT } else { it });
    let mut line: String = characters.by_ref().take(LONGEST_LINE).collect();
    if characters.next().is_some() {
        line.push('…');
    }
    line
}

/// The same JSON, with every character that controls a terminal written as an escape sequence. The line breaks
/// of the layout stay: within a text, JSON has none.
pub(crate) fn json_without_controls(json: &str) -> String {
    json.chars().fold(String::new(), |mut escaped, character| {
        if is_control(character) && character != '\n' {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
        escaped
    })
}

/// C0, DEL, C1, the separators of lines and paragraphs, and the controls of the direction of text.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        )
}

const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Our own limit: the longest errors list several wrong fields.
const LONGEST_LINE: usize = 4000;

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROLS: &str =
        "\0\t\r\n\u{1b}\u{7f}\u{80}\u{9b}\u{61c}\u{200f}\u{2028}\u{2029}\u{202e}\u{2069}";

    #[test]
    fn line_has_no_control_and_a_bounded_length() {
        assert_eq!(one_line(CONTROLS), "\u{fffd}".repeat(CONTROLS.chars().count()));
        assert_eq!(one_line("商户 “x” 支付…"), "商户 “x” 支付…");
        assert_eq!(one_line(&"字".repeat(LONGEST_LINE)), "字".repeat(LONGEST_LINE));
        assert_eq!(one_line(&"字".repeat(LONGEST_LINE + 1)), "字".repeat(LONGEST_LINE) + "…");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({"message": CONTROLS, "x\u{202e}": "支付"});
        let escaped = json_without_controls(&format!("{value:#}"));
        assert!(!escaped.chars().any(|it| is_control(it) && it != '\n'), "{escaped}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
