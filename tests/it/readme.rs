//! The two READMEs say the same.

use std::fs;
use std::path::Path;

use crate::language::sources;

const ENGLISH: &str = include_str!("../../README.md");
const CHINESE: &str = include_str!("../../README.zh-CN.md");
/// Where the same links lead within the pages of the crate.
const WITHIN: &str = include_str!("../../src/links.md");

/// The lines of the code blocks, without comments, which are in the language of the README.
fn code(text: &str) -> Vec<Vec<String>> {
    let blocks = text.split("```").skip(1).step_by(2);
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let code = |line: &str| line.split(" // ").next().unwrap().to_owned();
    blocks.map(|block| block.lines().skip(1).filter(is_code).map(code).collect()).collect()
}

/// The code in each row of a table.
fn rows(text: &str) -> Vec<Vec<String>> {
    let rows = text.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let words = |row: &str| row.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(words).collect()
}

#[test]
fn both_readmes_show_the_same_code_and_the_same_tables() {
    assert_eq!(code(ENGLISH), code(CHINESE));
    let (english, chinese) = (rows(ENGLISH), rows(CHINESE));
    assert!(english.len() > 15, "{} rows", english.len());
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
fn documents_link_to_each_other() {
    assert!(ENGLISH.contains("README.zh-CN.md") && CHINESE.contains("(README.md)"));
}

/// What is linked, and where to.
fn links(text: &str) -> Vec<(&str, &str)> {
    let links = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    links.collect()
}

#[test]
fn readme_links_lead_to_docs_rs_and_to_local_items() {
    const PAGES: &str = "https://docs.rs/wechatpay-blocking/latest/wechatpay/";
    /// The path of the item that a page of rustdoc describes.
    fn path(url: &str) -> String {
        let page = url.strip_prefix(PAGES).unwrap();
        let page =
            page.replace("/index.html", "").replace(".html#method.", "/").replace(".html", "");
        let names = page.split('/').map(|name| name.split_once('.').map_or(name, |(_, name)| name));
        format!("crate::{}", names.collect::<Vec<_>>().join("::"))
    }
    let within = links(WITHIN);
    for (label, url) in links(ENGLISH) {
        let path = path(url);
        assert!(path.ends_with(label.trim_matches('`')), "{label}: {url}");
        assert!(within.contains(&(label, &path)), "{label} is not in links.md as {path}");
    }
    // The Chinese README leads to the Chinese guides.
    let chinese = CHINESE.replace("/wechatpay/guide/zh/", "/wechatpay/guide/");
    assert_eq!(links(ENGLISH), links(&chinese));
    let guides = |text: &str| text.matches("/wechatpay/guide/").count();
    assert_eq!(guides(ENGLISH), CHINESE.matches("/wechatpay/guide/zh/").count());
    assert_eq!(guides(CHINESE), guides(ENGLISH));
}

#[test]
fn each_module_in_the_table_links_to_its_page() {
    const PAGES: &str = "(https://docs.rs/wechatpay-blocking/latest/wechatpay/";
    for text in [ENGLISH, CHINESE] {
        let cells = text.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once(" | [`"));
        let links: Vec<_> =
            cells.map(|(_, link)| link.split_once("`]").expect("a link in code")).collect();
        assert!(links.len() > 10, "{} modules", links.len());
        for (module, url) in links {
            assert_eq!(url, format!("{PAGES}{module}/index.html)"));
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(module);
            let is_module = folder.with_extension("rs").exists() || folder.join("mod.rs").exists();
            assert!(is_module, "{module} is no module");
        }
    }
}

#[test]
fn every_link_is_used_and_every_use_is_a_link() {
    for text in [ENGLISH, CHINESE] {
        let links = links(text);
        for (label, url) in &links {
            let is_used = text.matches(&format!("[{label}]")).count() > 1;
            assert!(is_used, "{label}: {url}");
        }
        for (label, rest) in text.split("[`").skip(1).filter_map(|rest| rest.split_once("`]")) {
            if rest.starts_with('(') {
                continue;
            }
            let label = format!("`{label}`");
            assert!(links.iter().any(|(linked, _)| *linked == label), "{label} leads nowhere");
        }
    }
}

/// A page of WeChat Pay's documents is linked where it is named, in every text for people and in every
/// comment. A comment that is not rendered has the URL alone.
#[test]
fn every_page_number_of_wechat_pay_is_a_link() {
    let mut count = 0;
    for (name, text) in texts().into_iter().chain(comments()) {
        for (kind, folder) in [("m/", "merchant"), ("p/", "partner")] {
            for (start, _) in text.match_indices(&format!("{kind}40")) {
                let number: String =
                    text[start + 2..].chars().take_while(char::is_ascii_digit).collect();
                let page = format!("{kind}{number}");
                let link = format!("[{page}](https://pay.weixin.qq.com/doc/v3/{folder}/{number})");
                let is_linked = start > 0 && text[start - 1..].starts_with(&link);
                // A link without a page number as its text contains no `m/`.
                assert!(is_linked, "{name}: write {link}");
                count += 1;
            }
        }
    }
    assert!(count > 100, "only {count} page numbers were found");
}

/// The comments and the documentation of each Rust file, by path.
fn comments() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["src", "sandbox", "cli", "examples", "tests", "benches"] {
        for (path, source) in sources(folder) {
            let comments = source.lines().filter(|line| line.trim_start().starts_with("//"));
            found.push((path.display().to_string(), comments.collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

/// The Markdown files of the repository, by path.
fn texts() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["", "src/guide", "src/guide/zh", "sandbox", "sandbox/src", "cli", "benches"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}
