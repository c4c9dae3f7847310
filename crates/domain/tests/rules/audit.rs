//! The audit's encoding and chain, fixed by vectors that must never change, and every way of tampering with it.

use crate::fixtures::{at, pending, person, receipt, scope};
use stint_domain::audit::{
    Actor, Authorization, BadExport, Broken, EventHash, Exported, Head, Outcome, SealedEvent, Stream, verify,
};
use stint_domain::principal::Authentication;
use stint_domain::record::{Circumstances, Recorded};
use stint_domain::request::Approval;
use stint_domain::transition::{Event, GrantEvent};
use stint_domain::window::Window;

fn stream() -> Vec<SealedEvent> {
    let by_ana = Circumstances {
        at: "2026-11-22T10:00:00.1239Z".parse().unwrap(),
        actor: Actor::Person { id: "ana".parse().unwrap(), authentication: Authentication::Token },
        authorization: Some(Authorization {
            policy_version: "p1".to_owned(),
            policies: std::collections::BTreeSet::from(["engineers-may-ask".to_owned()]),
            weighed: None,
        }),
        source_address: Some("203.0.113.7".to_owned()),
        invocation: Some("8f0d7c5e-0000-4000-8000-000000000001".to_owned()),
    };
    let by_ben = Circumstances { at: at("10:01:00"), ..by_ana.clone() };
    let submission = Recorded::submission(pending(), None, &by_ana).unwrap();
    let approval =
        Approval { comment: "ök \u{1}\n\"".parse().ok(), ..Approval::of(person("ben"), scope().hash()) };
    let approved = submission.after().advance(Event::Approved { approval }, &by_ben).unwrap();
    let refused = Event::Refused { attempted: "approve".to_owned(), reason: "late".to_owned() };
    let refused = approved.after().advance(refused, &by_ben).unwrap();
    [submission, approved, refused].iter().flat_map(|change| change.events().to_vec()).collect()
}

fn rows(events: &[SealedEvent]) -> Vec<(String, String)> {
    events.iter().map(|e| (e.canonical.clone(), e.hash.as_str().to_owned())).collect()
}

fn check(rows: &[(String, String)]) -> Result<Head, Broken> {
    verify(rows.iter().map(|(text, hash)| (text.as_str(), hash.as_str())))
}

#[test]
fn the_encoding_and_the_chain_are_those_of_the_first_day() {
    let text: Vec<_> = stream().iter().map(|e| format!("{}\n{}", e.hash.as_str(), e.canonical)).collect();
    insta::assert_snapshot!(text.join("\n\n"));
}

#[test]
fn an_events_hash_is_the_leaf_hash_of_rfc_6962() {
    // RFC 6962 section 2.1: the hash of an empty leaf is SHA-256(0x00).
    assert_eq!(
        EventHash::of(b"").as_str(),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}

#[test]
fn an_untouched_stream_verifies_and_every_kind_of_tampering_is_seen() {
    let events = stream();
    let good = rows(&events);
    assert_eq!(check(&good), Ok(events.last().unwrap().head()));

    let mut edited = good.clone();
    edited[1].0 = edited[1].0.replace("ben", "bea");
    assert_eq!(check(&edited), Err(Broken::Content { sequence: 2 }));

    let mut rehashed = edited;
    rehashed[1].1 = EventHash::of(rehashed[1].0.as_bytes()).as_str().to_owned();
    assert_eq!(check(&rehashed), Err(Broken::Chain { sequence: 3 }));

    let mut deleted = good.clone();
    deleted.remove(1);
    assert_eq!(check(&deleted), Err(Broken::Sequence { sequence: 2 }));

    let mut swapped = good.clone();
    swapped.swap(0, 1);
    assert_eq!(check(&swapped), Err(Broken::Sequence { sequence: 1 }));

    let mut garbled = good.clone();
    garbled[0].0.push('x');
    assert_eq!(check(&garbled), Err(Broken::Content { sequence: 1 }));

    let truncated = check(&good[..2]).unwrap();
    assert_ne!(
        truncated,
        events.last().unwrap().head(),
        "a cut end verifies, but to another head than the ledger's"
    );
}

/// As an export has them, `None` for the first line that is not to be trusted.
fn exported(rows: &[(String, String)]) -> Result<Exported, BadExport> {
    let mut export = Exported::default();
    for (text, hash) in rows {
        export.read(&format!(r#"{{"event":{text},"hash":"{hash}"}}"#))?;
    }
    export.check().map(|()| export)
}

#[test]
fn an_export_may_come_in_any_order_and_begin_in_the_middle_and_every_tampering_is_seen() {
    let good = rows(&stream());
    let reversed: Vec<_> = good.iter().rev().cloned().collect();
    for whole in [&good, &reversed] {
        assert_eq!(exported(whole).unwrap().begun_before().count(), 0);
    }
    let stream_name = good[0].0.split(r#""stream":""#).nth(1).unwrap().split('"').next().unwrap();
    let middle = exported(&good[1..]).unwrap();
    assert_eq!(middle.begun_before().collect::<Vec<_>>(), [stream_name], "and that is told");

    let broken = |rows: &[(String, String)]| match exported(rows) {
        Err(BadExport::Broken { stream, broken }) if stream == stream_name => Some(broken),
        other => panic!("{other:?}"),
    };
    let mut edited = good.clone();
    edited[1].0 = edited[1].0.replace("ben", "bea");
    assert_eq!(broken(&edited), Some(Broken::Content { sequence: 2 }));
    edited[1].1 = EventHash::of(edited[1].0.as_bytes()).as_str().to_owned();
    assert_eq!(broken(&edited), Some(Broken::Chain { sequence: 3 }));
    assert_eq!(broken(&[good[0].clone(), good[2].clone()]), Some(Broken::Sequence { sequence: 3 }));
    assert_eq!(broken(&[&good[..], &good[1..2]].concat()), Some(Broken::Sequence { sequence: 2 }));

    let mut first = good[..1].to_vec();
    first[0].0 = first[0].0.replace(&"0".repeat(64), &"1".repeat(64));
    first[0].1 = EventHash::of(first[0].0.as_bytes()).as_str().to_owned();
    assert_eq!(broken(&first), Some(Broken::Chain { sequence: 1 }), "nothing is before a first event");
    let mut cut = Exported::default();
    assert!(matches!(cut.read(r#"{"event":{"schema":1"#), Err(BadExport::NotALine)));
}

#[test]
fn system_streams_are_spread_over_the_day_and_its_shards() {
    assert_eq!(Stream::system(at("23:59:59"), 37).to_string(), "system-2026-11-22-05");
}

#[test]
fn a_stream_is_written_as_it_is_named() {
    let stream = Stream::Policy { version: "p1".to_owned() };
    assert_eq!(serde_json::to_value(&stream).unwrap(), stream.to_string());
}

#[test]
fn whoever_did_it_is_named_by_one_word() {
    let person = Actor::Person { id: "ana".parse().unwrap(), authentication: Authentication::Token };
    let words = [person, Actor::system("reconcile"), Actor::Unknown].map(|actor| actor.label().to_owned());
    assert_eq!(words, ["ana", "reconcile", "unknown"]);
}

#[test]
fn what_was_refused_is_denied_what_went_wrong_a_failure_and_the_rest_a_success() {
    let window = Window::opening(at("10:02:00"), "30m".parse().unwrap()).unwrap();
    let error = "throttled".to_owned();
    let failed = [
        Event::ReviewOverdue { times: 1 },
        Event::Grant(GrantEvent::RemovalFailed { error: error.clone(), taken: false }),
        Event::Grant(GrantEvent::ActivationFailed {
            reason: error.clone(),
            receipt: receipt(),
            blocked_until: None,
        }),
        Event::Grant(GrantEvent::RedatingFailed { reason: error.clone(), window }),
        Event::Grant(GrantEvent::FoundAltered { what: error.clone() }),
        Event::Grant(GrantEvent::Forced { error, comment: "the account is gone".parse().unwrap() }),
    ];
    assert_eq!(failed.map(|event| event.outcome()), [Outcome::Failure; 6]);
    let refused = Event::Refused { attempted: "approve".to_owned(), reason: "late".to_owned() };
    assert_eq!(refused.outcome(), Outcome::Denied);
    for went_well in
        [Event::Cancelled, Event::Grant(GrantEvent::Activated), Event::Grant(GrantEvent::RemovalRetried)]
    {
        assert_eq!(went_well.outcome(), Outcome::Success);
    }
}
