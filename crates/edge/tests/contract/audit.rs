//! `docs/audit.md`: a row for every action there is; and what is answered when an export cannot be written to its end.

use crate::fakes::{Sent, Stage};
use crate::file;
use crate::names::{root, sources};
use std::collections::BTreeSet;

/// `text` is the name of an action: a noun and what became of it.
fn is_action(text: &str) -> bool {
    let (noun, verb) = text.split_once('.').unwrap_or_default();
    let word = !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    word && ["request", "grant", "audit", "target", "policy"].contains(&noun)
}

#[test]
fn the_page_has_every_action_and_no_other() {
    let mut named_in = file("crates/domain/src/audit.rs") + &file("crates/domain/src/record.rs");
    sources(&root().join("crates/app/src"), &mut named_in);
    let named: BTreeSet<_> = named_in.split('"').filter(|text| is_action(text)).collect();
    assert!(named.len() > 20, "{named:?}");
    let page = file("docs/audit.md");
    let listed = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(listed.filter(|text| is_action(text)).collect::<BTreeSet<_>>(), named);
}

#[tokio::test]
async fn f42_an_export_that_breaks_off_is_answered_with_a_problem_and_with_no_part_of_a_file() {
    for kind in ["text/csv", "application/jsonl"] {
        let stage = Stage::new();
        stage.active("payments-read").await;
        stage.pass(1);
        let accept = Sent { headers: &[("accept", kind)], body: "" };
        stage.ask("cleo", "GET /v1/audit/events?limit=500", 200, accept).await;
        stage.pass(1);
        {
            let mut state = stage.api.store.state();
            assert!(state.events.len() > 3, "there is something before it");
            let mut newest = state.events.last_entry().unwrap();
            newest.get_mut().canonical = "{\n}".to_owned();
        }
        let problem = stage.ask("cleo", "GET /v1/audit/events?limit=500", 500, accept).await;
        assert!(problem["type"].as_str().unwrap().starts_with("urn:stint:problem:"), "{kind}: {problem}");
    }
}
