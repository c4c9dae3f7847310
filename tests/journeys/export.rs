//! What auditors take away: a table that every program reads, lines that prove themselves, and pages that miss nothing.

use crate::csv::records;
use crate::quiet::{JUSTIFICATION, Quiet, quiet};
use crate::scene::APPROVED_AND_EXPIRED;
use jiff::ToSpan as _;
use serde_json::Value;
use std::collections::BTreeMap;
use stint_domain::audit::verify;
use stint_local::api::Session;
use stint_local::http::Answer;

/// Until now, from before the cloud was there.
fn since_the_start() -> String {
    format!("/v1/audit/events?from={}", quiet().over_at - 1.hour())
}

/// All of the time until the lifecycle was over.
fn listing(more: &str) -> String {
    format!("{}&to={}{more}", since_the_start(), quiet().over_at)
}

fn take(who: &Session, path: &str, accept: &str) -> Answer {
    who.send("GET", path, &[("accept", accept)], &Value::Null).unwrap()
}

/// Every page, by the links from one to the next.
fn pages(path: &str, accept: &str) -> Vec<Answer> {
    let (mut pages, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let page = take(&quiet().cleo, &path, accept).ok(&path).unwrap();
        next = page.header("link").map(|link| target(link).unwrap_or_else(|| panic!("{link}")));
        pages.push(page);
        assert!(pages.len() < 100, "pages without end");
    }
    pages
}

/// The address in `<…>; rel="next"`.
fn target(link: &str) -> Option<String> {
    Some(link.strip_prefix('<')?.strip_suffix(r#">; rel="next""#)?.to_owned())
}

/// What stands in the table: the request's stream, straight from it.
fn stored(quiet: &Quiet) -> Vec<(String, String)> {
    quiet.stage.audit(&quiet.id).unwrap().into_iter().map(|row| (row.canonical, row.hash)).collect()
}

#[test]
fn the_table_has_a_header_and_a_row_for_every_event() {
    let answer = take(&quiet().cleo, &listing("&limit=500"), "text/csv");
    assert!(answer.header("content-type").unwrap().starts_with("text/csv"), "{:?}", answer.headers);
    assert!(answer.header("content-disposition").unwrap().contains(".csv"));
    let table = records(&answer.body).unwrap();
    let (header, rows) = table.split_first().unwrap();
    assert_eq!(header.iter().map(String::as_str).collect::<Vec<_>>(), HEADER);
    assert!(rows.iter().all(|row| row.len() == header.len()));

    let ours: Vec<_> = rows.iter().filter(|row| row[7] == quiet().id).collect();
    assert_eq!(ours.iter().map(|row| row[3].as_str()).collect::<Vec<_>>(), APPROVED_AND_EXPIRED);
    assert_eq!(ours.iter().map(|row| row[15].clone()).collect::<Vec<_>>(), hashes(quiet()));
    let detail: Value = serde_json::from_str(&ours[0][13]).unwrap();
    assert_eq!(detail["scope"]["justification"], JUSTIFICATION, "letter by letter");
    assert_eq!(rows.iter().filter(|row| row[3] == "request.refused").count(), 1);
    let triggers = ['=', '+', '-', '@', '\t', '\r'];
    assert!(
        !rows.iter().flatten().any(|cell| cell.starts_with(triggers)),
        "a cell that a spreadsheet would run"
    );
}

/// The columns on which auditors' own programs rely.
const HEADER: [&str; 17] = [
    "stream",
    "sequence",
    "at",
    "action",
    "outcome",
    "actor_type",
    "actor",
    "request_id",
    "grant_id",
    "entitlement",
    "policy_version",
    "policies",
    "source_address",
    "detail",
    "previous",
    "hash",
    "invocation",
];

fn hashes(quiet: &Quiet) -> Vec<String> {
    stored(quiet).into_iter().map(|(_, hash)| hash).collect()
}

/// `{"event":…,"hash":"…"}`: the event's bytes, untouched, and its hash.
fn line(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(r#"{"event":"#)?.strip_suffix(r#""}"#)?.rsplit_once(r#","hash":""#)
}

#[test]
fn every_chain_verifies_from_the_lines_alone() {
    let answer = take(&quiet().cleo, &listing("&limit=500"), "application/jsonl");
    assert_eq!(answer.header("content-type"), Some("application/jsonl"));
    let mut streams: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for text in answer.body.lines() {
        let (event, hash) = line(text).unwrap_or_else(|| panic!("{text}"));
        let stream = serde_json::from_str::<Value>(event).unwrap()["stream"].as_str().unwrap().to_owned();
        streams.entry(stream).or_default().push((event, hash));
    }
    for (stream, events) in &streams {
        assert_eq!(
            verify(events.iter().copied()).map(|head| head.sequence),
            Ok(events.len() as u64),
            "{stream}"
        );
    }
    let ours: Vec<_> =
        streams[&quiet().id].iter().map(|(event, hash)| ((*event).to_owned(), (*hash).to_owned())).collect();
    assert_eq!(ours, stored(quiet()), "byte for byte");
    assert!(streams.len() > 1, "the refused attempt is in a stream of its own");
    one_changed_letter_is_found(&streams[&quiet().id]);
}

fn one_changed_letter_is_found(events: &[(&str, &str)]) {
    let forged = events[0].0.replacen("second line", "other line", 1);
    assert_ne!(forged, events[0].0);
    let first = std::iter::once((forged.as_str(), events[0].1));
    assert!(verify(first.chain(events[1..].iter().copied())).is_err());
}

#[test]
fn pages_linked_to_one_another_have_every_event_once_and_in_order() {
    let all = take(&quiet().cleo, &listing("&limit=500"), "application/json").json()["items"].clone();
    let paged = pages(&listing("&limit=2"), "application/json");
    assert!(paged.len() > 3, "{} pages", paged.len());
    let items: Vec<_> =
        paged.iter().flat_map(|page| page.json()["items"].as_array().unwrap().clone()).collect();
    assert_eq!(Value::from(items), all);
    let times: Vec<_> = all.as_array().unwrap().iter().map(|item| item["event"]["at"].to_string()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let lines: String =
        pages(&listing("&limit=3"), "application/jsonl").into_iter().map(|page| page.body).collect();
    assert_eq!(lines.lines().count(), times.len());
}

#[test]
fn whoever_is_no_auditor_finds_no_audit_and_every_look_is_on_record() {
    for accept in ["application/json", "text/csv", "application/jsonl"] {
        let refused = take(&quiet().ana, &listing(""), accept);
        assert_eq!(
            (refused.status, refused.json()["type"].as_str()),
            (404, Some("urn:stint:problem:not-found"))
        );
        assert!(!refused.body.contains(&quiet().id));
        assert_eq!(take(&quiet().cleo, &listing(""), accept).status, 200);
    }
    let events = take(&quiet().cleo, &format!("{}&limit=500", since_the_start()), "application/json").json();
    let count = |action: &str, outcome: &str| {
        let fits = |item: &&Value| item["event"]["action"] == action && item["event"]["outcome"] == outcome;
        events["items"].as_array().unwrap().iter().filter(fits).count()
    };
    assert_eq!((count("audit.read", "denied"), count("audit.exported", "denied")), (1, 2));
    assert!(count("audit.read", "success") >= 1 && count("audit.exported", "success") >= 2);
}
