//! `docs/audit.md`: a row for every action there is.

use crate::file;
use crate::names::{root, sources};
use std::collections::BTreeSet;

/// `text` is the name of an action: a noun and what became of it.
fn is_action(text: &str) -> bool {
    let (noun, verb) = text.split_once('.').unwrap_or_default();
    let word = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    word && ["request", "grant", "audit", "target"].contains(&noun)
}

#[test]
fn the_page_has_every_action_and_no_other() {
    let mut named_in = file("crates/domain/src/audit.rs");
    sources(&root().join("crates/app/src"), &mut named_in);
    let named: BTreeSet<_> = named_in.split('"').filter(|text| is_action(text)).collect();
    assert!(named.len() > 20, "{named:?}");
    let page = file("docs/audit.md");
    let listed = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(listed.filter(|text| is_action(text)).collect::<BTreeSet<_>>(), named);
}
