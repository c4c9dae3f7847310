//! What the documents name is there: files, and the tests that would go red.

use crate::file;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const PAGES: [&str; 13] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/audit.md",
    "docs/errors.md",
    "docs/faults.md",
    "docs/glossary.md",
    "docs/openapi.yaml",
    "docs/operations.md",
    "docs/policies.md",
    "docs/states.md",
    "docs/threat-model.md",
];
/// What a path of the project begins with.
const FOLDERS: [&str; 8] =
    ["crates/", "docs/", "functions/", "infra/", "localstack/", "policies/", "statemachines/", "tests/"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What stands in backquotes on any page.
fn quoted() -> BTreeSet<String> {
    let of = |page: &&str| file(page).split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    PAGES.iter().flat_map(of).collect()
}

/// A sentence that names a test: lower-case words and at least four underscores.
fn is_sentence(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    letters && text.bytes().filter(|b| *b == b'_').count() >= 4
}

pub(crate) fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_that_a_page_names_exists() {
    let mut all = String::new();
    ["crates", "functions", "tests"].iter().for_each(|folder| sources(&root().join(folder), &mut all));
    let named: Vec<_> = quoted().into_iter().filter(|text| is_sentence(text)).collect();
    assert!(named.len() > 30, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !all.contains(&format!("fn {name}("))).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn every_file_that_a_page_names_exists() {
    let plain = |text: &String| !text.contains([' ', '*', '{', '<']);
    let paths: Vec<_> = quoted().into_iter().filter(plain).collect();
    let named: Vec<_> = paths.iter().filter(|text| FOLDERS.iter().any(|f| text.starts_with(f))).collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named.iter().filter(|path| !root().join(path).exists()).collect();
    assert_eq!(missing, Vec::<&&String>::new());
}
