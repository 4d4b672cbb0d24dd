//! Which files of a package use which: never in a circle. What the `mod.rs` above a file declares counts as
//! the file's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[test]
fn library_files_use_each_other_without_a_cycle() {
    assert_no_cycle("src", 80);
}

#[test]
fn sandbox_files_use_each_other_without_a_cycle() {
    assert_no_cycle("sandbox/src", 90);
}

#[test]
fn program_files_use_each_other_without_a_cycle() {
    assert_no_cycle("cli/src", 20);
}

#[test]
fn paths_are_found_in_trees_and_in_expressions() {
    let code = "use crate::a::{self, b::{C, D}, e};\nuse super::super::f::G as H;\nself::i::j(crate::k::L)";
    let found: Vec<_> = paths(code).iter().map(|path| path.join("::")).collect();
    let expected = [
        "crate::a",
        "crate::a::b::C",
        "crate::a::b::D",
        "crate::a::e",
        "super::super::f::G",
        "self::i::j",
        "crate::k::L",
    ];
    assert_eq!(found, expected);
}

#[track_caller]
fn assert_no_cycle(folder: &str, fewest: usize) {
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    assert!(files.len() >= fewest, "only {} files were found", files.len());
    let exports: BTreeMap<_, _> =
        files.iter().map(|(module, code)| (module, exports(module, code))).collect();
    let uses: BTreeMap<_, BTreeSet<_>> = files
        .iter()
        .map(|(module, code)| {
            let used = paths(&without_exports(code)).into_iter().filter_map(|path| {
                let (mut owner, item) = owner(&files, absolute(module, &path)?);
                // An exported item belongs to the file that declares it.
                if let Some(declared) = exports[&owner].get(item.as_deref().unwrap_or("")) {
                    owner.clone_from(declared);
                }
                Some(owner).filter(|owner| !module.starts_with(owner))
            });
            (module.clone(), used.collect())
        })
        .collect();
    let count = uses.values().map(BTreeSet::len).sum::<usize>();
    assert!(count > files.len(), "only {count} uses were found");
    for module in uses.keys() {
        let mut path = vec![module];
        let is_cycle = is_reached(&uses, module, &mut path, &mut BTreeSet::new());
        let path: Vec<_> = path.iter().map(|module| module.join("::")).collect();
        assert!(!is_cycle, "a cycle: {}", path.join(" > "));
    }
}

/// The names from the root of the package to a file; a folder is its `mod.rs`.
type Module = Vec<String>;

/// The code of each file, without comments and tests.
fn files(root: &Path) -> BTreeMap<Module, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            let Some(name) = path.strip_prefix(root).unwrap().to_str().unwrap().strip_suffix(".rs")
            else {
                continue;
            };
            let names = name.split(['/', '\\']).map(str::to_owned);
            let mut module: Module = names.collect();
            if ["mod", "lib", "main", "tests"].contains(&module.last().unwrap().as_str()) {
                module.pop();
            }
            let is_test = name.ends_with("tests");
            let source = fs::read_to_string(&path).unwrap();
            let code = source.split("mod tests {").next().unwrap();
            let lines =
                code.lines().filter(|line| !is_test && !line.trim_start().starts_with("//"));
            let code: String = files.remove(&module).unwrap_or_default();
            files.insert(module, lines.fold(code, |code, line| code + line + "\n"));
        }
    }
    files
}

/// The items that a module exports from its own files, and where they are declared.
fn exports(module: &Module, code: &str) -> BTreeMap<String, Module> {
    let uses = code.split('\n').filter(|line| is_export(line));
    let starts = uses.map(|line| code.find(line).unwrap());
    let statements = starts.filter_map(|start| code[start..].split(';').next());
    let paths = statements.flat_map(paths).filter_map(|path| absolute(module, &path));
    paths.filter_map(|mut path| Some((path.pop()?, path))).collect()
}

fn without_exports(code: &str) -> String {
    let statements = code.split_inclusive(';');
    statements.filter(|statement| !statement.lines().any(is_export)).collect()
}

fn is_export(line: &str) -> bool {
    line.starts_with("pub") && line.contains("use self::")
}

/// Every path that begins with `crate`, `super` or `self`, with each path of a tree in braces.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(at) =
        ["crate::", "super::", "self::"].iter().filter_map(|it| rest.find(it)).min()
    {
        let (before, tree) = rest.split_at(at);
        let is_inside = before.ends_with("::") || before.ends_with(is_of_word);
        if is_inside || before.ends_with("$") || before.ends_with("(in ") {
            rest = &tree[tree.find("::").unwrap()..];
        } else {
            rest = read_tree(tree, &mut Vec::new(), &mut paths);
        }
    }
    paths
}

/// Adds the paths of a tree, and returns what follows it.
fn read_tree<'a>(tree: &'a str, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> &'a str {
    let tree = tree.trim_start();
    if let Some(mut list) = tree.strip_prefix('{') {
        loop {
            list = list.trim_start().trim_start_matches(',').trim_start();
            match list.strip_prefix('}') {
                Some(rest) => return rest,
                None => {
                    let rest = read_tree(list, &mut prefix.clone(), paths);
                    assert!(rest.len() < list.len(), "no list of paths: {list:.40}");
                    list = rest;
                }
            }
        }
    }
    let end = tree.find(|character| !is_of_word(character)).unwrap_or(tree.len());
    let (word, rest) = tree.split_at(end);
    let is_prefix = word == "self" && !prefix.is_empty();
    if !is_prefix && !word.is_empty() {
        prefix.push(word.to_owned());
    }
    if let Some(rest) = rest.strip_prefix("::") {
        return read_tree(rest, prefix, paths);
    }
    paths.push(prefix.clone());
    let in_list = rest.find([',', '}', ';']).filter(|end| rest[..*end].starts_with(" as "));
    match in_list {
        Some(end) => &rest[end..],
        None => rest.trim_start_matches('*'),
    }
}

/// The path from the root of the package; `None` if it leaves the package.
fn absolute(module: &Module, path: &[String]) -> Option<Module> {
    let mut start = module.clone();
    let mut rest = path;
    while let Some((first, others)) = rest.split_first() {
        match first.as_str() {
            "crate" => start.clear(),
            "super" => drop(start.pop()?),
            "self" => {}
            _ => break,
        }
        rest = others;
    }
    start.extend_from_slice(rest);
    Some(start)
}

/// The file that a path leads to, and the item in it.
fn owner(files: &BTreeMap<Module, String>, mut path: Module) -> (Module, Option<String>) {
    let mut item = None;
    while !files.contains_key(&path) {
        item = path.pop();
    }
    (path, item)
}

/// Whether the last module of the path uses the target, itself or by others, which are added.
fn is_reached<'a>(
    uses: &'a BTreeMap<Module, BTreeSet<Module>>,
    target: &Module,
    path: &mut Vec<&'a Module>,
    seen: &mut BTreeSet<&'a Module>,
) -> bool {
    for used in &uses[*path.last().unwrap()] {
        path.push(used);
        if used == target || (seen.insert(used) && is_reached(uses, target, path, seen)) {
            return true;
        }
        path.pop();
    }
    false
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
