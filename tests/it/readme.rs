//! The two READMEs say the same.

const ENGLISH: &str = include_str!("../../README.md");
const CHINESE: &str = include_str!("../../README.zh-CN.md");

/// The blocks of code, without what only the doc test sees.
fn code(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2);
    let is_seen = |line: &&str| !line.starts_with("# ");
    let seen = |block: &str| block.lines().skip(1).filter(is_seen).collect::<Vec<_>>().join("\n");
    blocks.map(seen).collect()
}

/// What stands in code in each row of a table.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let words = |row: &str| row.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(words).collect()
}

#[test]
fn both_readmes_show_the_same_code_and_the_same_tables() {
    assert_eq!(code(ENGLISH), code(CHINESE));
    let (english, chinese) = (rows(ENGLISH), rows(CHINESE));
    assert!(english.len() > 50, "{} rows", english.len());
    for (ours, theirs) in english.iter().zip(&chinese) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(english.len(), chinese.len());
}

#[test]
fn both_readmes_have_the_same_sections_and_lists() {
    let shape = |text: &str| -> Vec<&str> {
        let marks = ["## ", "* ", "1. ", "2. ", "3. ", "4. ", "5. ", "6. ", "7. ", "8. "];
        let mark = |line: &str| marks.into_iter().find(|mark| line.starts_with(mark));
        text.lines().filter_map(mark).collect()
    };
    assert_eq!(shape(ENGLISH), shape(CHINESE));
}

#[test]
fn the_documents_link_to_each_other() {
    assert!(ENGLISH.contains("README.zh-CN.md") && CHINESE.contains("(README.md)"));
}
