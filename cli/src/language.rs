//! The language of errors and help: Chinese if the locale is Chinese or `--lang zh` is given.

use std::env;
use std::sync::OnceLock;

use clap::ValueEnum;

/// A language of the program.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// 中文: Chinese
    Zh,
}

impl Language {
    /// The text in this language.
    pub(crate) fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::En => english,
            Self::Zh => chinese,
        }
    }
}

/// The language of this run. It is needed before the arguments are parsed, for errors in them.
pub(crate) fn language() -> Language {
    static LANGUAGE: OnceLock<Language> = OnceLock::new();
    *LANGUAGE.get_or_init(|| {
        let arguments = env::args_os().skip(1).filter_map(|argument| argument.into_string().ok());
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env::var_os);
        let locale = locale.filter_map(|value| value.into_string().ok());
        detect(arguments, locale)
    })
}

/// The language that an argument names, or else the first variable that is not empty.
fn detect(
    arguments: impl Iterator<Item = String>,
    mut locale: impl Iterator<Item = String>,
) -> Language {
    let mut arguments = arguments.peekable();
    while let Some(argument) = arguments.next() {
        let value = match argument.strip_prefix("--lang") {
            Some("") => arguments.peek().cloned(),
            Some(value) => value.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        if let Some(language) = value.and_then(|value| Language::from_str(&value, true).ok()) {
            return language;
        }
    }
    let locale = locale.find(|value| !value.is_empty()).unwrap_or_default();
    if locale.starts_with("zh") { Language::Zh } else { Language::En }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_is_chinese(expected: bool, arguments: &[&str], locale: &[&str]) {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let language = detect(texts(arguments).into_iter(), texts(locale).into_iter());
        assert_eq!(language == Language::Zh, expected, "{arguments:?} {locale:?}");
    }

    #[test]
    fn argument_comes_before_the_locale() {
        assert_is_chinese(true, &["query", "--lang", "zh"], &["en_US.UTF-8"]);
        assert_is_chinese(true, &["--lang=zh"], &[]);
        assert_is_chinese(false, &["--lang", "en"], &["zh_CN.UTF-8"]);
        assert_is_chinese(true, &["--lang"], &["zh_CN.UTF-8"]);
    }

    #[test]
    fn first_variable_that_is_not_empty_decides() {
        assert_is_chinese(true, &[], &["", "zh_CN.UTF-8", "en_US.UTF-8"]);
        assert_is_chinese(false, &[], &["C", "zh_CN.UTF-8"]);
        assert_is_chinese(false, &[], &[]);
    }
}
