//! What may not be written, and where.

use super::Tree;

/// Crates that read no clock, file, socket, environment or random source.
const PURE: [&str; 6] = ["model", "seal", "ledger", "exchange", "law", "formats"];

const IMPURE: [&str; 7] =
    ["std::fs", "std::net", "std::env::", "std::process", "SystemTime", "Instant::now", "tokio::"];

/// Lines that only name what they may not use: a trait of which a `Vec` is one (decision 24).
const NAMED: [&str; 1] = ["use tokio::io::AsyncWrite;"];

/// Files may have this many lines.
const LINES_MAX: usize = 1000;

/// Longer files, each with the reason why it is better whole.
const LONG: [(&str, &str); 0] = [];

/// Marks of unfinished work. Written in halves, so that this file keeps its own rule.
const UNFINISHED: [&str; 4] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

const UNSAFE: [&str; 4] = [
    concat!("unsafe", " {"),
    concat!("unsafe", " fn"),
    concat!("unsafe", " impl"),
    concat!("unsafe", " extern"),
];

/// Beginnings of paths that exist on one machine only.
const LOCAL: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];

pub(super) fn faults(tree: &Tree) -> Vec<String> {
    let mut faults = decisions(tree);
    for (path, text) in tree.iter() {
        if path.strip_suffix(".rs").is_some() {
            faults.extend(source(path, text));
        }
        for (number, line) in text.lines().enumerate() {
            let at = format!("{path}:{}", number + 1);
            if let Some(mark) = UNFINISHED.iter().find(|mark| line.contains(**mark)) {
                faults.push(format!("{at}: `{mark}` is unfinished work; do it or leave it out"));
            }
            if let Some(local) = LOCAL.iter().find(|local| begins_a_path(line, local)) {
                faults.push(format!("{at}: `{local}` is a path of one machine"));
            }
        }
        let lines = text.lines().count();
        if lines > LINES_MAX && path != "Cargo.lock" && !LONG.iter().any(|(long, _)| *long == path)
        {
            faults.push(format!("{path}: {lines} lines; split it by noun, or say why it is whole"));
        }
    }
    faults
}

/// Whether `local` stands in the line as the beginning of a path, not inside another one.
fn begins_a_path(line: &str, local: &str) -> bool {
    line.match_indices(local).any(|(at, _)| {
        let before = line.get(..at).and_then(|b| b.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !".~}_-".contains(c))
    })
}

fn source(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
    if !is_test && !text.trim_start().starts_with("//!") {
        faults.push(format!("{path}: the module does not say what it is for; begin with //!"));
    }
    if let Some(found) = UNSAFE.iter().find(|found| text.contains(**found)) {
        faults.push(format!("{path}: `{found}` has no place in our crates"));
    }
    let pure = PURE.iter().any(|name| path.starts_with(&format!("crates/{name}/src/")));
    if pure && !is_test {
        let named = |line: &&str| NAMED.contains(&line.trim());
        let code = before_tests(text).filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|line| !named(line)) {
            if let Some(found) = IMPURE.iter().find(|found| line.contains(**found)) {
                faults.push(format!(
                    "{path}: `{found}`: this crate takes time, entropy and bytes as arguments"
                ));
            }
        }
    }
    faults
}

/// The lines before a file's tests, which stand at the bottom.
fn before_tests(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| !["#[cfg(test)]", "#[test]"].contains(&line.trim()))
}

/// Decisions are numbered from 0001 without gaps.
fn decisions(tree: &Tree) -> Vec<String> {
    let names = tree.iter().filter_map(|(path, _)| path.strip_prefix("docs/decisions/"));
    let mut faults = Vec::new();
    for (index, name) in names.enumerate() {
        let expected = format!("{:04}-", index + 1);
        if !name.starts_with(&expected) {
            faults.push(format!("docs/decisions/{name}: expected the number {expected}"));
            break;
        }
    }
    faults
}

#[cfg(test)]
fn check(path: &str, text: &str, says: &str) {
    let faults = faults(&Tree::of(&[(path, text)]));
    if says.is_empty() {
        assert_eq!(faults, Vec::<String>::new());
    } else {
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(says), "{faults:?}");
    }
}

#[test]
fn modules_say_what_they_are_for() {
    check("crates/law/src/x.rs", "//! Purpose.\n", "");
    check("crates/law/src/x.rs", "use std::fmt;\n", "begin with //!");
    check("crates/law/src/x/tests.rs", "use super::*;\n", "");
}

#[test]
fn cores_are_pure_and_their_tests_need_not_be() {
    check("crates/seal/src/x.rs", "//! X.\nuse std::fs;\n", "`std::fs`");
    check("crates/seal/src/x.rs", "//! X.\n// Not std::fs, because …\n", "");
    check("crates/seal/src/x.rs", "//! X.\n#[cfg(test)]\nuse std::fs;\n", "");
    check("crates/entente/src/x.rs", "//! X.\nuse std::fs;\n", "");
}

#[test]
fn nothing_unfinished_unsafe_or_local() {
    check("docs/x.md", &format!("a {}: b", UNFINISHED[0]), "unfinished");
    check("crates/web/src/x.rs", &format!("//! X.\n{} }}\n", UNSAFE[0]), "no place");
    check("docs/x.md", &format!("see {}me/file", LOCAL[0]), "one machine");
    check("docs/x.md", &format!("see `{}file`", LOCAL[2]), "one machine");
    check("docs/x.md", &format!("https://example.org{}", LOCAL[0]), "");
}

#[test]
fn files_fit_in_a_head() {
    check("docs/x.md", &"a\n".repeat(LINES_MAX), "");
    check("docs/x.md", &"a\n".repeat(LINES_MAX + 1), "1001 lines");
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let faults = |names: &[&str]| {
        let files: Vec<_> = names.iter().map(|n| (*n, "")).collect();
        decisions(&Tree::of(&files))
    };
    assert!(faults(&["docs/decisions/0001-a.md", "docs/decisions/0002-b.md"]).is_empty());
    assert_eq!(faults(&["docs/decisions/0001-a.md", "docs/decisions/0003-b.md"]).len(), 1);
    assert_eq!(faults(&["docs/decisions/0001-a.md", "docs/decisions/0001-b.md"]).len(), 1);
}
