//! Every public module and function shows an example that runs. A type shows one where it adds something.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Items that need no example: (file, item, reason).
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("guide/mod.rs", "guide", "says where the guides are"),
    ("guide/zh/mod.rs", "zh", "says where the Chinese guides are"),
];

#[test]
fn every_public_module_and_function_shows_an_example() {
    let files = sources();
    let public = Public::of(&files);
    let items: Vec<Item<'_>> = files.iter().flat_map(|file| items(file, &public)).collect();
    let needs_one = |item: &&Item<'_>| ["mod", "fn"].contains(&item.kind);
    let silent: BTreeSet<_> = items
        .iter()
        .filter(needs_one)
        .filter(|item| !runs(&item.doc))
        .map(|item| (item.file, item.name))
        .collect();
    assert_eq!(silent, EXCEPTIONS.map(|(file, name, _)| (file, name)).into());

    // A function that this reader overlooks would not be checked.
    let seen: BTreeSet<_> = items.iter().map(|item| (item.file, item.name)).collect();
    for item in [
        ("id.rs", "$name"),
        ("open_set.rs", "$name"),
        ("money.rs", "Fen"),
        ("signer.rs", "Signer"),
        ("pay/mod.rs", "pay"),
        ("pay/app.rs", "app"),
        ("pay/app.rs", "prepay"),
        ("bill/file.rs", "download"),
        ("v2/trade_type.rs", "AnyTrade"),
    ] {
        assert!(seen.contains(&item), "{item:?} is not seen");
    }
}

/// A reader cannot copy what is hidden.
#[test]
fn every_example_hides_at_most_one_line() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for File { path, text } in sources() {
        let mut hidden = None;
        for (number, line) in (1..).zip(text.lines()) {
            let Some(line) = doc_line(line) else { continue };
            if line.starts_with("```") {
                count += 1;
                let lines = hidden.take();
                if lines.is_none() {
                    hidden = Some(0);
                } else if lines > Some(1) {
                    wrong.push(format!("{path}:{number}"));
                }
            } else if line == "#" || line.starts_with("# ") {
                hidden = hidden.map(|hidden| hidden + 1);
            }
        }
    }
    assert!(count > 200, "only {count} marks were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// rustdoc's search finds a name only where it is an alias.
#[test]
fn every_function_with_a_chinese_name_has_it_as_an_alias() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for File { path, text } in sources() {
        for Declaration { number, doc, attributes, declared } in declarations(&text) {
            // Readers search for the type of a method.
            let is_function = text.lines().nth(number - 1).unwrap().starts_with("pub fn ");
            let has_name = doc.lines().next().is_some_and(|line| line.contains(is_chinese));
            if is_function && has_name {
                count += 1;
                if !attributes.contains("doc(alias") {
                    wrong.push(format!("{path}:{number}: {declared}"));
                }
            }
        }
    }
    assert!(count > 30, "only {count} functions have a Chinese name");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// rustdoc's search compares what is typed with the beginning of an alias.
#[test]
fn search_finds_the_word_that_a_merchant_types() {
    let files = sources();
    for (typed, path) in [
        ("下单", "pay/app.rs"),
        ("调起支付", "pay/jsapi.rs"),
        ("查单", "pay/mod.rs"),
        ("关单", "pay/mod.rs"),
        ("合单", "combine/app.rs"),
        ("退款", "refund/mod.rs"),
        ("分账", "profit_sharing/mod.rs"),
        ("转账", "transfer/mod.rs"),
        ("商家转账", "transfer/mod.rs"),
        ("电子回单", "transfer/receipt.rs"),
        ("回调", "notify.rs"),
        ("账单", "bill/mod.rs"),
        ("对账", "bill/mod.rs"),
        ("平台证书", "certificates.rs"),
        ("微信支付公钥", "platform_keys.rs"),
        ("验签", "platform_keys.rs"),
        ("敏感信息", "encryption.rs"),
        ("付款码", "v2/pay/mod.rs"),
        ("撤销", "v2/pay/mod.rs"),
    ] {
        let file = files.iter().find(|file| file.path == path).unwrap();
        assert!(file.text.contains(&format!("doc(alias = \"{typed}")), "{typed}: {path}");
    }
}

#[test]
fn every_public_field_and_variant_is_explained_in_english() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for File { path, text } in sources() {
        let mut is_enum = false;
        for Declaration { number, doc, declared, .. } in declarations(&text) {
            let line = text.lines().nth(number - 1).unwrap();
            if !line.starts_with(' ') {
                is_enum = declared.starts_with("pub enum ");
            }
            let field = declared.strip_prefix("pub ").and_then(|rest| rest.split_once(':'));
            let is_field = field.is_some_and(|(name, _)| name.chars().all(is_of_name));
            let indent = line.len() - line.trim_start().len();
            let is_variant =
                is_enum && indent == 4 && declared.starts_with(|c: char| c.is_ascii_uppercase());
            if is_field || is_variant {
                count += 1;
                if !has_english(&doc) {
                    wrong.push(format!("{path}:{number}: {declared} {doc}"));
                }
            }
        }
    }
    assert!(count > 400, "only {count} fields and variants were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A line of code that is no comment, with the documentation and attributes directly before it.
struct Declaration<'a> {
    /// Of its line.
    number: usize,
    doc: String,
    attributes: String,
    declared: &'a str,
}

fn declarations(source: &str) -> Vec<Declaration<'_>> {
    let code = source.split("\nmod tests {").next().unwrap();
    let (mut found, mut doc, mut attributes) = (Vec::new(), String::new(), String::new());
    for (number, line) in (1..).zip(code.lines()) {
        let declared = line.trim_start();
        if let Some(text) = declared.strip_prefix("///") {
            doc.extend([text, "\n"]);
        } else if declared.starts_with("#[") {
            attributes.push_str(declared);
        } else {
            let (doc, attributes) = (std::mem::take(&mut doc), std::mem::take(&mut attributes));
            found.push(Declaration { number, doc, attributes, declared });
        }
    }
    found
}

fn doc_line(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).map(str::trim)
}

fn is_chinese(character: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&character)
}

/// Whether there is a word outside code, or code alone.
fn has_english(doc: &str) -> bool {
    if !doc.is_empty() && !doc.contains(is_chinese) {
        return true;
    }
    let prose = doc.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let mut words = prose.split(|c: char| !c.is_ascii_alphabetic());
    words.any(|word| word.len() > 1)
}

/// Names of one thing in several products, which are written with their module: `pay::Order`.
const OF_SEVERAL_PRODUCTS: [&str; 8] = [
    "Amount",
    "GoodsDetail",
    "InvokeParameters",
    "Order",
    "Promotion",
    "Scene",
    "SceneInfo",
    "Transaction",
];

#[test]
fn type_name_occurs_once_except_for_one_thing() {
    let files = sources();
    let mut places = BTreeMap::<&str, Vec<&str>>::new();
    for file in files.iter().filter(|file| !file.path.starts_with("v2/")) {
        let code = file.text.split("\n#[cfg(test)]").next().unwrap();
        let declared = ["pub struct ", "pub enum ", "pub trait "];
        let of_rust =
            code.lines().filter_map(|line| declared.iter().find_map(|it| line.strip_prefix(it)));
        let of_macro = code.split("open_set! {").skip(1).filter_map(|set| {
            let line = set.lines().find(|line| line.ends_with(" {") && !line.contains("///"))?;
            line.rsplit("::").next()
        });
        for name in of_rust.chain(of_macro) {
            let name = name.split(|c| !is_of_name(c)).next().unwrap();
            places.entry(name).or_default().push(&file.path);
        }
    }
    assert!(places.len() > 100, "only {} types were found", places.len());
    let repeated = places.iter().filter(|(_, files)| files.len() > 1);
    let repeated: Vec<_> = repeated.map(|(name, _)| *name).collect();
    assert_eq!(repeated, OF_SEVERAL_PRODUCTS, "{places:?}");
}

/// The name of every public struct and enum, as often as there are some of it.
pub(crate) fn public_types() -> Vec<String> {
    let files = sources();
    let public = Public::of(&files);
    let items = files.iter().flat_map(|file| items(file, &public));
    let is_type = |item: &Item<'_>| ["struct", "enum"].contains(&item.kind);
    // An item that a macro makes counts as its text in the macro.
    let types = items.filter(|item| is_type(item) && item.name != "$name");
    types.map(|item| item.name.to_owned()).collect()
}

struct File {
    /// Within `src`.
    path: String,
    text: String,
}

impl File {
    /// The path of its module: empty for the crate.
    fn module(&self) -> &str {
        let path = self.path.trim_end_matches(".rs");
        path.strip_suffix("/mod").unwrap_or(path).trim_end_matches("lib")
    }
}

/// The sources of the library.
fn sources() -> Vec<File> {
    let mut files = Vec::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    files
}

fn read(room: &Path, name: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(room).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{name}{}", path.file_name().unwrap().to_str().unwrap());
        if name.ends_with(".rs") {
            files.push(File { text: fs::read_to_string(path).unwrap(), path: name });
        } else if path.is_dir() {
            read(&path, &format!("{name}/"), files);
        }
    }
}

struct Public {
    /// Their paths.
    modules: BTreeSet<String>,
    /// What `pub use` names.
    names: BTreeSet<String>,
}

impl Public {
    fn of(files: &[File]) -> Self {
        let (mut modules, mut names) = (BTreeSet::new(), BTreeSet::new());
        for file in files {
            let room = file.module();
            for line in file.text.lines() {
                let module = line.strip_prefix("pub mod ").and_then(|line| line.strip_suffix(';'));
                let path = |name| format!("{room}/{name}").trim_start_matches('/').to_owned();
                modules.extend(module.map(path));
            }
            for used in file.text.split("\npub use ").skip(1) {
                let used = used.split(';').next().unwrap();
                names.extend(used.split(|c| !is_of_name(c)).map(str::to_owned));
            }
        }
        Self { modules, names }
    }
}

struct Item<'a> {
    file: &'a str,
    /// `mod`, `struct`, `enum`, `trait` or `fn`.
    kind: &'a str,
    name: &'a str,
    doc: String,
}

/// The file's module, if it is public, and its public types and functions.
fn items<'a>(file: &'a File, public: &Public) -> Vec<Item<'a>> {
    let (module, mut items) = (file.module(), Vec::new());
    let is_public = public.modules.contains(module);
    if is_public {
        let doc = file.text.lines().filter_map(|line| line.strip_prefix("//!"));
        let doc = doc.collect::<Vec<_>>().join("\n");
        let name = module.rsplit('/').next().unwrap();
        items.push(Item { file: &file.path, kind: "mod", name, doc });
    }
    let mut doc = String::new();
    for line in file.text.lines() {
        let text = line.trim_start();
        if text.is_empty() {
            doc.clear();
        } else if let Some(text) = text.strip_prefix("///") {
            doc.extend([text, "\n"]);
        }
        // A method is shown with its type.
        let is_method = text.starts_with("pub fn ") && text != line;
        let declared = text.strip_prefix("pub ").filter(|_| !is_method);
        let kinds = ["struct", "enum", "trait", "fn"];
        let item = declared.and_then(|item| item.split_once(' '));
        if let Some((kind, rest)) = item.filter(|(kind, _)| kinds.contains(kind)) {
            let name = rest.split(|c| !is_of_name(c)).next().unwrap();
            // A macro of ours makes types that are all public.
            if is_public || public.names.contains(name) || name == "$name" {
                items.push(Item { file: &file.path, kind, name, doc: std::mem::take(&mut doc) });
            }
        }
    }
    items
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || "_$".contains(character)
}

/// Whether it holds code, all of which is compiled and, unless it must not compile, run.
fn runs(doc: &str) -> bool {
    let marks: Vec<_> = doc.lines().filter_map(|line| line.trim().strip_prefix("```")).collect();
    let mut starts = marks.into_iter().step_by(2);
    starts.clone().any(|start| start.is_empty())
        && starts.all(|start| ["", "compile_fail"].contains(&start))
}
