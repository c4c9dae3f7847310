//! `docs/audit.md`: a row for every action there is.

use crate::file;
use std::collections::BTreeSet;

/// Where actions are named.
const SOURCES: [&str; 3] =
    ["crates/domain/src/audit.rs", "crates/app/src/submit_request.rs", "crates/app/src/read.rs"];

/// `text` is the name of an action: a noun and what became of it.
fn is_action(text: &str) -> bool {
    let (noun, verb) = text.split_once('.').unwrap_or_default();
    let word = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    word && ["request", "grant", "audit"].contains(&noun)
}

#[test]
fn the_page_has_every_action_and_no_other() {
    let sources = SOURCES.map(file).join("\n");
    let quoted = sources.split('"').skip(1).step_by(2);
    let named: BTreeSet<_> = quoted.filter(|text| is_action(text)).collect();
    assert!(named.len() > 15, "{named:?}");
    let page = file("docs/audit.md");
    let listed = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(listed.filter(|text| is_action(text)).collect::<BTreeSet<_>>(), named);
}
