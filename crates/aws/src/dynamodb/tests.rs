//! What the store makes of DynamoDB's answers, the rare ones above all. The common ones are in the contract suites.

use super::*;
use crate::testing::{Answers, config};
use serde_json::{Value, json};
use stint_app::ports::{Beside, IdempotencyRecord, Leases as _, Ledger as _, PageQuery, Register as _};
use stint_domain::approval::ApprovalRule;
use stint_domain::audit::{Authorization, Head};
use stint_domain::due::Timetable;
use stint_domain::hours::Zone;
use stint_domain::record::{Change, Circumstances, Recorded, first_use};
use stint_domain::request::{AccessRequest, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::Event;

pub(crate) fn request() -> AccessRequest {
    AccessRequest {
        scope: Scope {
            request_id: "req-01980000000070008000000000000001".parse().unwrap(),
            requester: "ana".parse().unwrap(),
            entitlement: "billing".parse().unwrap(),
            access: stint_domain::access::Access::IamUserElevation {
                user: "ana".parse().unwrap(),
                permissions: Vec::new(),
                account: None,
            },
            duration: "30m".parse().unwrap(),
            starts_at: None,
            extends: None,
            break_glass: None,
            rule: ApprovalRule::default(),
            justification: "it's \"needed\"".parse().unwrap(),
            ticket: None,
            origin: None,
            policy_version: "v".to_owned(),
        },
        requester_name: "Ana".to_owned(),
        entitlement_title: "Billing".to_owned(),
        submitted_at: "2026-11-22T10:00:00Z".parse().unwrap(),
        decide_by: "2026-11-22T18:00:00Z".parse().unwrap(),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: std::collections::BTreeSet::new(),
        state: RequestState::submitted(),
    }
}

fn circumstances() -> Circumstances {
    Circumstances::of_component("test", request().submitted_at)
}

fn submission() -> Change {
    Recorded::submission(request(), None, &circumstances()).unwrap()
}

fn cancellation() -> Change {
    submission().after().advance(Event::Cancelled, &circumstances()).unwrap()
}

fn key(expires_at: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        caller: "ana".parse().unwrap(),
        key: "k".to_owned(),
        body_hash: "b".to_owned(),
        request_id: request().scope.request_id,
        expires_at: expires_at.parse().unwrap(),
    }
}

fn cancelled(codes: &[&str]) -> (u16, String) {
    let reasons: Vec<_> = codes.iter().map(|code| json!({ "Code": code })).collect();
    (400, json!({ "__type": "TransactionCanceledException", "CancellationReasons": reasons }).to_string())
}

fn head(head: &Head) -> (u16, String) {
    let item = json!({ "sequence": { "N": head.sequence.to_string() }, "hash": { "S": head.hash.as_str() } });
    (200, json!({ "Item": item }).to_string())
}

fn no_answer() -> (u16, String) {
    (500, json!({ "__type": "InternalServerError" }).to_string())
}

async fn commit(
    change: &Change,
    beside: Option<&IdempotencyRecord>,
    answers: &[(u16, String)],
) -> (Result<(), StoreError>, Vec<String>) {
    let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, body.as_str())).collect();
    let answers = Answers::in_order(&answers);
    let store = DynamoStore::new(&config(&answers), Tables::named("stint-grants", "stint-audit").unwrap());
    (store.commit(change, beside.map(Beside::Key)).await, answers.sent())
}

fn done() -> (u16, String) {
    (200, "{}".to_owned())
}

#[tokio::test]
async fn a_change_and_its_events_are_one_transaction_on_condition_of_the_head_that_was_read() {
    let (result, sent) = commit(&cancellation(), None, &[done()]).await;
    result.unwrap();
    let [sent] = &sent[..] else { panic!("one call") };
    let sent: Value = serde_json::from_str(sent).unwrap();
    let statements = sent["TransactStatements"].as_array().unwrap();
    assert_eq!(statements.len(), 2);
    let update = r#"UPDATE "stint-grants" SET "schema"=? SET "doc"=? SET "sequence"=? SET "hash"=? REMOVE "gsi_due_shard" REMOVE "gsi_due_at" WHERE "pk"=? AND "sk"=? AND "sequence"=? AND "hash"=?"#;
    assert_eq!(statements[0]["Statement"], update);
    assert_eq!(statements[0]["Parameters"][6], json!({ "N": "1" }));
    let insert = r#"INSERT INTO "stint-audit" VALUE {'stream': ?, 'seq': ?, 'doc': ?, 'hash': ?, 'day_shard': ?, 'at_id': ?}"#;
    assert_eq!(statements[1]["Statement"], insert);
    assert_eq!(statements[1]["Parameters"][2], json!({ "S": cancellation().events()[0].canonical }));
}

#[tokio::test]
async fn a_refused_commit_that_had_been_made_before_succeeds_under_either_name_of_a_duplicate() {
    for code in ["DuplicateItem", "DuplicateItemException", "ConditionalCheckFailed"] {
        let answers = [cancelled(&[code, "None"]), head(&submission().after().head)];
        commit(&submission(), None, &answers).await.0.unwrap();
    }
}

#[tokio::test]
async fn a_refused_commit_whose_record_has_moved_is_a_conflict() {
    let answers =
        [cancelled(&["ConditionalCheckFailed", "None"]), head(&Head { sequence: 7, ..Head::genesis() })];
    let (result, _) = commit(&cancellation(), None, &answers).await;
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
}

#[tokio::test]
async fn an_event_that_the_request_does_not_know_of_is_corruption_and_not_a_conflict_for_ever() {
    let answers = [cancelled(&["None", "DuplicateItem"]), head(cancellation().before().unwrap())];
    let (result, _) = commit(&cancellation(), None, &answers).await;
    assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{result:?}");
}

#[tokio::test]
async fn a_lost_reply_is_looked_up() {
    let made = [no_answer(), head(&cancellation().after().head)];
    commit(&cancellation(), None, &made).await.0.unwrap();
    let not_made = [no_answer(), head(cancellation().before().unwrap())];
    assert!(matches!(commit(&cancellation(), None, &not_made).await.0, Err(StoreError::Unavailable(_))));
    let down = [no_answer(), no_answer()];
    assert!(matches!(commit(&cancellation(), None, &down).await.0, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn contention_is_met_again_until_it_passes() {
    for code in ["TransactionConflict", "ThrottlingError"] {
        let answers = [cancelled(&["None", code]), cancelled(&[code, "None"]), done()];
        let (result, sent) = commit(&cancellation(), None, &answers).await;
        result.unwrap();
        assert_eq!(sent.len(), 3);
    }
}

#[tokio::test]
async fn a_refusal_beside_contention_is_a_refusal() {
    let answers = [cancelled(&["ConditionalCheckFailed", "TransactionConflict"]), head(&Head::genesis())];
    assert!(matches!(commit(&cancellation(), None, &answers).await.0, Err(StoreError::Conflict)));
}

#[tokio::test]
async fn an_idempotency_key_is_replaced_only_once_it_has_expired() {
    let stored = |until: &str| {
        let item = json!({ "body_hash": { "S": "old" }, "request_id": { "S": request().scope.request_id },
            "valid_until": { "S": until }, "expires_at": { "N": "1" } });
        (200, json!({ "Item": item }).to_string())
    };
    let taken = || [cancelled(&["None", "None", "DuplicateItem"]), (200, "{}".to_owned())];
    let [refused, absent] = taken();
    let expired = [refused, absent, stored("2026-11-22T10:00:00Z"), done()];
    let (result, sent) = commit(&submission(), Some(&key("2026-11-23T10:00:00Z")), &expired).await;
    result.unwrap();
    assert!(sent[3].contains(r#"UPDATE \"stint-grants\" SET \"body_hash\"=?"#), "{}", sent[3]);
    let [refused, absent] = taken();
    let live = [refused, absent, stored("2026-11-22T10:00:01Z")];
    let (result, _) = commit(&submission(), Some(&key("2026-11-23T10:00:00Z")), &live).await;
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
}

#[tokio::test]
async fn what_stint_did_not_write_is_corrupt_and_what_is_not_there_is_not() {
    let doc = serde_json::to_string(&request()).unwrap();
    let item = |pk: &str, schema: &str, doc: &str| {
        let item = json!({ "pk": { "S": pk }, "schema": { "N": schema }, "doc": { "S": doc },
            "sequence": { "N": "1" }, "hash": { "S": "h" } });
        json!({ "Item": item }).to_string()
    };
    let load = async |body: &str| {
        let answers = Answers::always(200, body);
        let store =
            DynamoStore::new(&config(&answers), Tables::named("stint-grants", "stint-audit").unwrap());
        store.load(request().scope.request_id).await
    };
    let pk = format!("REQ#{}", request().scope.request_id);
    assert_eq!(load(&item(&pk, "1", &doc)).await.unwrap().unwrap().request, request());
    assert!(load("{}").await.unwrap().is_none());
    for wrong in [
        item(&pk, "2", &doc),
        item("REQ#req-2", "1", &doc),
        item(&pk, "1", "{}"),
        r#"{"Item":{}}"#.to_owned(),
    ] {
        assert!(matches!(load(&wrong).await, Err(StoreError::Corrupt { .. })), "{wrong}");
    }
}

async fn opened(answers: &[(u16, String)]) -> (Vec<bool>, Vec<String>) {
    let decided = Authorization {
        policy_version: "v".to_owned(),
        policies: std::collections::BTreeSet::new(),
        weighed: None,
    };
    let first = first_use(&Circumstances { authorization: Some(decided), ..circumstances() }).unwrap();
    let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, body.as_str())).collect();
    let answers = Answers::in_order(&answers);
    let store = DynamoStore::new(&config(&answers), Tables::named("stint-grants", "stint-audit").unwrap());
    let done = [store.open(&first).await.is_ok(), store.clone().open(&first).await.is_ok()];
    (done.into(), answers.sent())
}

#[tokio::test]
async fn a_stream_is_opened_by_its_key_alone_and_whoever_knows_that_it_is_open_does_not_ask_again() {
    let there = (400, json!({ "__type": "DuplicateItemException" }).to_string());
    for answer in [done(), there] {
        let (done, sent) = opened(&[answer]).await;
        assert_eq!((done, sent.len()), (vec![true, true], 1), "{sent:?}");
        assert!(sent[0].contains(r#"INSERT INTO \"stint-audit\" VALUE"#), "{sent:?}");
    }
    let (failed, sent) = opened(&[no_answer(), done()]).await;
    assert_eq!((failed, sent.len()), (vec![false, true], 2), "what was not seen to be open is tried again");
}

/// What is claimed at ten for 55 seconds, while somebody else has it until `held`.
async fn claimed(held: &str) -> (bool, usize) {
    let item = json!({ "holder": { "S": "another" }, "until": { "S": held } });
    let item = json!({ "Item": item }).to_string();
    let answers = Answers::in_order(&[(200, &item), (200, "{}")]);
    let store = DynamoStore::new(&config(&answers), Tables::named("stint-grants", "stint-audit").unwrap());
    let (now, until) = ("2026-11-22T10:00:00Z".parse().unwrap(), "2026-11-22T10:00:55Z".parse().unwrap());
    let taken = store.acquire("reconcile", "one", now, until).await.unwrap();
    (taken, answers.sent().len())
}

#[tokio::test]
async fn a_claim_keeps_others_off_until_it_ends_and_not_at_all_if_it_is_too_long_to_be_one() {
    assert_eq!(claimed("2026-11-22T10:00:00Z").await, (true, 2));
    assert_eq!(claimed("2026-11-22T10:00:01Z").await, (false, 1));
    assert_eq!(claimed("2026-11-22T10:00:57Z").await, (false, 1), "by a clock that runs ahead a little");
    assert_eq!(claimed("2026-11-22T10:01:51Z").await, (true, 2));
    assert_eq!(claimed("2036-11-22T10:00:00Z").await, (true, 2));
}

#[tokio::test]
async fn what_is_no_request_on_the_timetable_is_passed_over_and_the_listing_goes_on_behind_it() {
    let good = request().scope.request_id;
    let row = |pk: &str| {
        json!({ "pk": { "S": pk }, "sk": { "S": "REQUEST" }, "gsi_due_shard": { "S": "due#3" },
            "gsi_due_at": { "S": "2026-11-22T10:00:00.000Z" } })
    };
    let own = format!("REQ#{good}");
    let listed = async |rows: &[&str]| {
        let rows: Vec<_> = rows.iter().map(|pk| row(pk)).collect();
        let answers = Answers::always(200, &json!({ "Items": rows }).to_string());
        let store =
            DynamoStore::new(&config(&answers), Tables::named("stint-grants", "stint-audit").unwrap());
        let before = "2026-11-22T11:00:00Z".parse().unwrap();
        let due = store.due(Timetable::Grants, 3, before, 100).await.unwrap();
        let page = PageQuery { limit: 2, cursor: None };
        (due, store.live(3, &page).await.unwrap())
    };
    let (due, live) = listed(&["REQ#nobody", &own]).await;
    assert_eq!((due, live.items, live.next), (vec![good], vec![good], None));
    let (due, live) = listed(&[&own, "HEAD#x", &own]).await;
    assert_eq!((due, live.items), (vec![good, good], vec![good]));
    assert!(live.next.is_some(), "there is one behind it");
}
