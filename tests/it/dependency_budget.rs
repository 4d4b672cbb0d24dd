//! The dependencies of this crate, and which of them its API shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The direct dependencies of the default build.
const DIRECT: [&str; 7] =
    ["base64", "ring", "rustls-pki-types", "rustls-webpki", "serde", "serde_json", "ureq"];
/// As they are named in the source.
const FOREIGN: [&str; 17] = [
    "aes",
    "aws_lc_rs",
    "base64",
    "flate2",
    "md5",
    "quick_xml",
    "rcgen",
    "ring",
    "rustls",
    "rustls_pki_types",
    "serde",
    "serde_json",
    "socket2",
    "time",
    "ureq",
    "ureq_proto",
    "webpki",
];

#[test]
fn default_build_has_7_dependencies_and_33_crates() {
    let direct: BTreeSet<_> = tree(&["--depth", "1"]).into_iter().map(|(name, _)| name).collect();
    let expected = DIRECT.into_iter().chain([env!("CARGO_PKG_NAME")]).map(str::to_owned);
    assert_eq!(direct, expected.collect());
    let all = tree(&[]);
    let names: BTreeSet<_> = all.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), all.len(), "one of them has two versions: {all:?}");
    assert!(names.len() > DIRECT.len() && names.len() <= 33, "{} crates: {names:?}", names.len());
}

/// The names and versions in the default build.
fn tree(arguments: &[&str]) -> BTreeSet<(String, String)> {
    let output = Command::new(env!("CARGO"))
        .current_dir(ROOT)
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"])
        // Without it, the features that other packages of the workspace ask for are on.
        .args(["--package", env!("CARGO_PKG_NAME")])
        .args(arguments)
        .output()
        .unwrap();
    let (list, errors) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
    assert!(output.status.success(), "{}", errors.unwrap());
    let words = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    list.unwrap().lines().map(|line| words(line).unwrap()).collect()
}

#[test]
fn every_crate_comes_from_the_one_registry_with_a_checksum() {
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap();
    let packages: Vec<_> = lock.split("[[package]]\n").skip(1).collect();
    assert!(packages.len() > 33);
    for package in packages {
        let value = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim_start_matches(" = ").trim_matches('"'))
        };
        let name = value("name").unwrap();
        if [env!("CARGO_PKG_NAME"), "wechatpay-cli", "wechatpay-sandbox"].contains(&name) {
            assert_eq!(value("source"), None);
        } else {
            let registry = "registry+https://github.com/rust-lang/crates.io-index";
            assert_eq!(value("source"), Some(registry), "{name}");
            assert_eq!(value("checksum").map(str::len), Some(64), "{name}");
        }
    }
}

#[test]
fn no_float_and_no_unsafe_in_the_source() {
    // This line refuses JSON with a float, and does not use the float.
    let turned_away = "    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {";
    for (path, source) in sources() {
        for (number, line) in (1..).zip(source.lines()).filter(|(_, line)| *line != turned_away) {
            for word in words(line) {
                let is_bad = ["f32", "f64", "unsafe"].contains(&word);
                assert!(!is_bad, "{word} in {} line {number}", path.display());
            }
        }
    }
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    for lint in ["unsafe_code = \"forbid\"", "float_arithmetic = \"deny\""] {
        assert!(manifest.lines().any(|line| line == lint), "{lint}");
    }
}

/// A new major version of a dependency must not be a new major version of this crate. serde's
/// traits are the exception.
#[test]
fn public_signatures_name_no_type_of_another_crate() {
    let mut count = 0;
    for (path, source) in sources() {
        let source = source.split("#[cfg(test)]").next().unwrap();
        let imported = imports(source);
        for signature in public_signatures(source) {
            count += 1;
            let roots = signature
                .split(|character: char| !is_of_word(character) && character != ':')
                .filter_map(|path| path.split_once("::"));
            let named = words(&signature).find(|word| imported.contains(word));
            let pathed = roots.map(|(root, _)| root).find(|root| FOREIGN.contains(root));
            assert_eq!(named.or(pathed), None, "in {}: {signature}", path.display());
        }
    }
    assert!(count > 300, "only {count} signatures were found");
}

/// The names that a file takes from other crates.
fn imports(source: &str) -> BTreeSet<&str> {
    let uses = source.split("\nuse ").skip(1).filter_map(|rest| rest.split(';').next());
    let foreign = uses.filter(|path| {
        let root = words(path).next().unwrap_or_default();
        FOREIGN.contains(&root) && root != "serde"
    });
    foreign.flat_map(words).filter(|word| word.starts_with(char::is_uppercase)).collect()
}

/// Every item, field and method that is public, and every implementation, without its body.
fn public_signatures(source: &str) -> Vec<String> {
    let mut signatures = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        let is_public = line.starts_with("pub ") && !line.starts_with("pub use self::");
        // `From` and `TryFrom` show their source.
        let is_conversion = line.starts_with("impl") && line.contains("From<");
        if !is_public && !is_conversion {
            continue;
        }
        let mut signature = line.to_owned();
        while !signature.contains(['{', ';']) && !signature.ends_with(',') {
            let Some(more) = lines.next() else { break };
            // A parameter ends in a comma as a field does; what follows belongs to it.
            let more = more.trim();
            signature.push(' ');
            signature.push_str(more.trim_end_matches(','));
        }
        // A tuple's own field is private unless it says otherwise.
        let end = signature.find(['{', ';']).unwrap_or(signature.len());
        signature.truncate(end);
        if signature.starts_with("pub struct") && !signature.contains("(pub ") {
            signature.truncate(signature.find('(').unwrap_or(end));
        }
        signatures.push(signature);
    }
    signatures
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character| !is_of_word(character)).filter(|word| !word.is_empty())
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The library's files; what is in comments counts as well.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(ROOT).join("src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&path).unwrap();
                sources.push((path, source));
            }
        }
    }
    assert!(sources.len() > 30);
    sources
}
