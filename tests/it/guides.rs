//! The Chinese guides have what the English ones have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use wechatpay::Code;

/// Only in Chinese: rustdoc shows the same for every constant of `Code` in English.
const ONLY_CHINESE: [&str; 1] = ["errors.md"];

#[test]
fn every_guide_exists_in_both_languages() {
    let (english, mut chinese) = (guides("src/guide"), guides("src/guide/zh"));
    assert!(english.len() > 8, "{} guides", english.len());
    chinese.retain(|name, _| !ONLY_CHINESE.contains(&name.as_str()));
    assert_eq!(english.keys().collect::<Vec<_>>(), chinese.keys().collect::<Vec<_>>());
    for (name, text) in &english {
        assert_eq!(code(text), code(&chinese[name]), "the code of {name}");
    }
}

#[test]
fn both_tables_of_contents_list_every_guide() {
    for folder in ["src/guide", "src/guide/zh"] {
        let contents = fs::read_to_string(root().join(folder).join("mod.rs")).unwrap();
        for name in guides(folder).keys() {
            let name = name.trim_end_matches(".md");
            assert!(contents.contains(&format!("//! | [`{name}`] |")), "{folder}: {name}");
            assert!(contents.contains(&format!("\npub mod {name} {{}}")), "{folder}: {name}");
        }
    }
}

#[test]
fn every_error_code_has_advice_in_chinese() {
    let source = fs::read_to_string(root().join("src/error/code.rs")).unwrap();
    let codes = source.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": \""));
    let codes = codes.map(|(code, _)| code);
    let codes: BTreeSet<_> = codes.filter(|code| !code.contains(' ')).collect();
    assert!(codes.len() > 30, "{} codes", codes.len());
    let table = &guides("src/guide/zh")["errors.md"];
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows: BTreeMap<_, _> = rows.collect();
    assert_eq!(codes, rows.keys().copied().collect());
    for (code, row) in rows {
        let advice = row.split(" | ").nth(1).unwrap().trim_end_matches(" |");
        assert_eq!(Code::new(code).advice_zh(), Some(advice), "{code}");
    }
}

/// The lines that lead clients in other languages to the sandbox are those that `sandbox/tests/clients/run` runs.
#[test]
fn lines_for_other_clients_are_those_that_run() {
    let text = &guides("src/guide")["testing.md"];
    for (language, program) in [
        ("java", "WithWechatpayJava.java"),
        ("go", "with_wechatpay_go.go"),
        ("php", "with_wechatpay_php.php"),
        ("python", "with_wechatpayv3.py"),
        ("js", "with_axios_plugin.mjs"),
    ] {
        let program = root().join("sandbox/tests/clients").join(program);
        let program = fs::read_to_string(program).unwrap();
        let program: Vec<_> = program.lines().map(str::trim).collect();
        let (_, block) = text.split_once(&format!("```{language}\n")).unwrap();
        let (block, _) = block.split_once("\n```").unwrap();
        let lines: Vec<_> = block.lines().map(str::trim).collect();
        assert!(program.windows(lines.len()).any(|run| run == lines), "{language}");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of each page, by file name.
fn guides(folder: &str) -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The lines of the code blocks without comments, which are in the language of the page.
fn code(text: &str) -> Vec<&str> {
    let blocks = text.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(str::lines);
    lines
        .map(|line| line.split("//").next().unwrap().split("  # ").next().unwrap().trim_end())
        .filter(|line| !line.is_empty())
        .collect()
}
