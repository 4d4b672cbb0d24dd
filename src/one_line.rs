//! Text of others in a text for people: on one line, of a bounded length, and without control characters.

use std::fmt::{self, Write};

/// Shows text that was received. Error responses, headers and file names may come from anyone: raw, they could
/// clear the screen, forge a line of a log, or turn the direction of text.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(LONGEST) {
            let is_control = is_control(character);
            f.write_char(if is_control { char::REPLACEMENT_CHARACTER } else { character })?;
        }
        if characters.next().is_some() { f.write_char('…') } else { Ok(()) }
    }
}

/// C0, DEL, C1, the separators of lines and paragraphs, and the controls of the direction of text.
fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        )
}

/// Our own limit, in characters. WeChat Pay's messages have up to 256.
const LONGEST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_replaced_and_everything_else_is_kept() {
        let controls = ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}').chain('\u{202a}'..='\u{202e}');
        let others =
            ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{2066}', '\u{2069}'];
        for control in controls.chain(others) {
            let text = format!("参数{control}错误");
            assert_eq!(OneLine(&text).to_string(), "参数\u{fffd}错误", "{control:?}");
        }
        let harmless = "“参数” 错误: /amount/total – ¥1.00 😀";
        assert_eq!(OneLine(harmless).to_string(), harmless);
    }

    #[test]
    fn long_text_is_cut() {
        let longest = "字".repeat(LONGEST);
        assert_eq!(OneLine(&longest).to_string(), longest);
        assert_eq!(OneLine(&format!("{longest}字")).to_string(), format!("{longest}…"));
    }
}
