//! The words of the documentation, of error texts and of the command line: plain technical English.

use std::fs;
use std::path::{Path, PathBuf};

/// Expressions that a reader with school English does not know in the sense that was meant, and
/// what to write instead.
const GLOSSARY: [(&str, &str); 42] = [
    ("believe", "verify"),
    ("believes", "verifies"),
    ("believed", "verified"),
    ("believing", "verifying"),
    ("a notice", "a notification"),
    ("the notice", "the notification"),
    ("notices", "notifications"),
    ("time-out", "timeout"),
    ("time-outs", "timeouts"),
    ("time ran out", "timed out"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("cure", "fix"),
    ("cures", "fixes"),
    ("is content", "reports no problems"),
    ("are content", "report no problems"),
    ("be content", "report no problems"),
    ("hold it against", "check it against"),
    ("holds it against", "checks it against"),
    ("held against", "checked against"),
    ("is told", "is reported"),
    ("are told", "are reported"),
    ("be told", "be reported"),
    ("is said", "is reported"),
    ("said by", "reported by"),
    ("says so", "the response contains…"),
    ("the same again", "retry with the same order"),
    ("a verdict", "not conclusive"),
    ("no verdict", "not conclusive"),
    ("machine between", "a proxy or load balancer"),
    ("of one's own", "a local …"),
    ("of its own accord", "by itself"),
    ("of another make", "third-party"),
    ("its price", "its cost"),
    ("so much", "that amount"),
    ("those who", "name them"),
    ("whoever", "name them"),
    ("nobody", "name them, or no one"),
    ("somebody", "name them"),
    ("bare", "raw, without …"),
    ("odd", "malformed, unexpected"),
];

/// The words that a test name does not begin with: `subject_condition_result` needs no article, and
/// a name that begins with a pronoun is a riddle.
const NO_SUBJECT: [&str; 10] =
    ["a", "an", "the", "what", "who", "whatever", "whoever", "nobody", "nothing", "it"];

/// The words that begin a clause without a subject.
const HEADLESS: [&str; 6] = ["what", "who", "whatever", "whoever", "nobody", "those"];

#[test]
fn every_text_avoids_the_expressions_of_the_glossary() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let texts = docs().into_iter().chain(markdown()).chain(program_texts()).chain(error_texts());
    for (place, text) in texts {
        count += 1;
        let words = words(&text);
        for (expression, better) in GLOSSARY {
            if words.contains(&format!(" {expression} ")) {
                wrong.push(format!("{place}: write \"{better}\", not \"{expression}\": {text}"));
            }
        }
    }
    assert!(count > 2000, "only {count} texts were found");
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}

/// A comment is about the line below it, so a subject such as "What is wrong" has to be guessed.
#[test]
fn every_comment_names_its_subject() {
    let mut count = 0;
    for folder in ["src", "tests", "benches", "examples", "sandbox", "cli"] {
        for (path, text) in sources(folder) {
            for (number, comment) in paragraphs_after(&["//"], &text) {
                let first_word = comment.split(' ').next().unwrap().to_lowercase();
                let is_riddle = HEADLESS.contains(&&*first_word);
                assert!(!is_riddle, "{}:{number}: {comment}", path.display());
                count += 1;
            }
        }
    }
    assert!(count > 300, "only {count} comments were found");
}

#[test]
fn every_test_name_is_short_and_begins_with_its_subject() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for folder in ["src", "tests", "sandbox", "cli", "examples"] {
        for (path, text) in sources(folder) {
            for test in text.split("#[test]").skip(1) {
                let Some((_, rest)) = test.split_once("fn ") else { continue };
                let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                count += 1;
                let first_word = name.split('_').next().unwrap();
                if name.len() > 60 || NO_SUBJECT.contains(&first_word) {
                    wrong.push(format!("{}: {name}", path.display()));
                }
            }
        }
    }
    assert!(count > 500, "only {count} tests were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The paragraphs of the documentation and of the comments, without their code.
fn docs() -> Vec<(String, String)> {
    let mut paragraphs = Vec::new();
    for folder in ["src", "tests", "benches", "examples", "sandbox", "cli"] {
        for (path, text) in sources(folder) {
            for marks in [&["///", "//!"][..], &["//"]] {
                let place = |number| format!("{}:{number}", path.display());
                let found = paragraphs_after(marks, &text);
                paragraphs.extend(found.into_iter().map(|(number, text)| (place(number), text)));
            }
        }
    }
    paragraphs
}

/// The paragraphs of lines that begin with one of these marks, with the number of their last line.
fn paragraphs_after(marks: &[&str], source: &str) -> Vec<(usize, String)> {
    let mut paragraphs = Vec::new();
    let (mut is_code, mut paragraph) = (false, String::new());
    for (number, line) in source.lines().chain([""]).enumerate() {
        let line = line.trim_start();
        let mark = line.split([' ', '`']).next().unwrap_or_default();
        let text = marks.contains(&mark).then(|| line[mark.len()..].trim());
        if text.is_some_and(|text| text.starts_with("```")) {
            is_code = !is_code;
        }
        match text.filter(|text| !is_code && !text.is_empty() && !text.starts_with("```")) {
            Some(text) => paragraph.extend([text, " "]),
            None if paragraph.is_empty() => {}
            None => paragraphs.push((number, std::mem::take(&mut paragraph))),
        }
    }
    paragraphs
}

/// The paragraphs of the English Markdown files, without their code.
fn markdown() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paragraphs = Vec::new();
    for folder in ["", "src/guide", "sandbox", "sandbox/src", "cli", "benches", "examples/shop"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if !name.ends_with(".md") || name.ends_with(".zh-CN.md") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let prose = text.split("```").step_by(2).flat_map(|prose| prose.split("\n\n"));
            paragraphs.extend(prose.map(|prose| (path.display().to_string(), prose.to_owned())));
        }
    }
    assert!(paragraphs.len() > 300, "only {} paragraphs were found", paragraphs.len());
    paragraphs
}

/// The string literals of the command line.
fn program_texts() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (path, source) in sources("cli/src") {
        let code = source.split("#[cfg(test)]").next().unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code = code.lines().filter(is_code).collect::<Vec<_>>().join("\n").replace("\\\"", "'");
        let literals = code.split('"').skip(1).step_by(2);
        let has_words = literals.filter(|literal| literal.contains(' '));
        texts.extend(has_words.map(|text| (path.display().to_string(), text.to_owned())));
    }
    texts
}

fn error_texts() -> impl Iterator<Item = (String, String)> {
    let table = include_str!("../data/messages.txt").lines();
    table
        .filter_map(|line| line.split_once(" => "))
        .map(|(what, text)| (format!("messages.txt, {what}"), text.to_owned()))
}

/// In lower case, with one blank before and behind each word. What is in backquotes is code.
fn words(text: &str) -> String {
    let prose: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
    let is_of_word = |c: char| c.is_alphanumeric() || "-'_".contains(c);
    let words = prose.split(|c| !is_of_word(c)).filter(|word| !word.is_empty());
    let words: Vec<_> = words.collect();
    format!(" {} ", words.join(" "))
}

/// The Rust files in a folder of the workspace.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_owned();
                found.push((path, text));
            }
        }
    }
    found
}
