//! The contract as it stands in JSON: what is sent and read today has to be read tomorrow. And the suite that holds
//! providers to it: it lets a sound one pass, and finds out each that is not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up should stop")]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use stint_provider::contract::{Sample, keeps_the_contract};
use stint_provider::{Answer, Call, Failure, Fields, Issued, Look, Secret, Target, respond};

/// Keeps one name, and is down when told to.
#[derive(Default)]
struct Door {
    open_for: Mutex<Option<String>>,
    down: bool,
}

impl Target for Door {
    async fn activate(&self, call: &Call) -> Result<(), Failure> {
        if self.down {
            return Err(Failure::unavailable("the bell-wire of door 7 is cut"));
        }
        if call.target != "front" {
            return Err(Failure::refused("there is no such door"));
        }
        *self.open_for.lock().unwrap() = Some(call.grant.artefact_name.clone());
        Ok(())
    }

    async fn deactivate(&self, _call: &Call) -> Result<(), Failure> {
        *self.open_for.lock().unwrap() = None;
        Ok(())
    }

    async fn verify(&self, call: &Call) -> Result<Look, Failure> {
        let looked_at = format!("door {}", call.target);
        Ok(match &*self.open_for.lock().unwrap() {
            Some(_) => Look::StillThere { looked_at },
            None => Look::Gone { looked_at, answered: "shut".to_owned() },
        })
    }

    async fn issue(&self, call: &Call) -> Result<Issued, Failure> {
        let fields = Fields::from([("pin".to_owned(), Secret::new("0417".to_owned()))]);
        let username = call.grant.artefact_name.clone();
        Ok(Issued { username, fields, expires_at: call.grant.ends_at })
    }
}

fn call(operation: &str) -> Value {
    json!({
        "version": 1,
        "idempotency_key": "grt-1:activate:2026-01-01T01:00:00Z",
        "operation": operation,
        "grant": {
            "id": "grt-1",
            "artefact_name": "stint-1",
            "starts_at": "2026-01-01T00:00:00Z",
            "ends_at": "2026-01-01T01:00:00Z",
        },
        "principal": "ana",
        "target": "front",
        "parameters": { "rooms": ["hall", "attic"], "floor": "1", "guests": 2, "lights": true },
        "now": "2026-01-01T00:00:00Z",
    })
}

async fn answered(door: &Door, event: Value) -> Value {
    respond(door, event).await.unwrap_or_else(|_| panic!("it is up"))
}

#[tokio::test]
async fn each_operation_has_its_own_answer() {
    let door = Door::default();
    assert_eq!(answered(&door, call("activate")).await, json!({ "answer": "done" }));
    let there = json!({ "answer": "still_there", "looked_at": "door front" });
    assert_eq!(answered(&door, call("verify")).await, there);
    let credential = json!({
        "answer": "credential",
        "username": "stint-1",
        "fields": { "pin": "0417" },
        "expires_at": "2026-01-01T01:00:00Z",
    });
    assert_eq!(answered(&door, call("issue")).await, credential);
    assert_eq!(answered(&door, call("deactivate")).await, json!({ "answer": "done" }));
    let gone = json!({ "answer": "gone", "looked_at": "door front", "answered": "shut" });
    assert_eq!(answered(&door, call("verify")).await, gone);
}

#[tokio::test]
async fn what_is_not_understood_is_refused_and_what_is_new_is_ignored() {
    let with = |field: &str, value: Value| {
        let mut event = call("verify");
        event[field] = value;
        event
    };
    let door = Door::default();
    for (event, word) in [
        (with("version", json!(2)), "version"),
        (with("version", json!("1")), "version"),
        (json!({}), "version"),
        (json!(null), "version"),
        (with("operation", json!("explode")), "operation"),
        (with("operation", json!(7)), "operation"),
        (with("now", json!("noon")), "the contract"),
        (with("grant", json!({})), "the contract"),
    ] {
        let answer = answered(&door, event).await;
        assert_eq!(answer["answer"], "refused");
        assert!(answer["reason"].as_str().unwrap().contains(word), "{answer}");
    }
    assert_eq!(answered(&door, with("weather", json!("fair"))).await["answer"], "gone");
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_a_target_that_is_down_is_an_error_that_keeps_the_cause_to_itself() {
    let mut elsewhere = call("activate");
    elsewhere["target"] = json!("back");
    let refused = json!({ "answer": "refused", "reason": "there is no such door" });
    assert_eq!(answered(&Door::default(), elsewhere).await, refused);

    let down = Door { down: true, ..Door::default() };
    let error = respond(&down, call("activate")).await.unwrap_err();
    assert!(!error.to_string().contains("door 7"), "{error}");
    let cause = std::error::Error::source(&error).unwrap();
    assert!(cause.to_string().contains("door 7"), "for the provider's own log");
}

#[test]
fn a_call_says_what_it_was_told_in_the_catalog() {
    let call = Call::read(call("issue")).unwrap();
    assert_eq!((call.text("floor"), call.text("rooms")), (Some("1"), None));
    assert_eq!(call.list("rooms"), Some(vec!["hall", "attic"]));
    assert_eq!((call.list("floor"), call.list("none")), (Some(vec!["1"]), Some(Vec::new())));
    assert_eq!((call.number("guests"), call.list("guests")), (Some(2), None));
}

#[test]
fn an_answer_is_read_back_and_one_that_is_not_of_the_contract_says_nothing_of_itself() {
    let later = json!({ "answer": "done", "took_ms": 12 }).to_string();
    assert!(Answer::read(later.as_bytes()).is_ok_and(|answer| answer == Answer::Done));
    for malformed in [
        r#"{"answer":"credential","username":"u","fields":{"pin":417},"expires_at":"2026-01-01T01:00:00Z"}"#,
        r#"{"answer":"gone"}"#,
        r#"{"answer":"maybe"}"#,
        "null",
        "",
    ] {
        let Err(error) = Answer::read(malformed.as_bytes()) else { panic!("{malformed} is no answer") };
        assert_eq!(error.to_string(), "the answer is not as the contract says");
    }
}

/// Keeps who is in by grant, as a provider has to, but for one thing.
#[derive(Default)]
struct Club {
    inside: Mutex<BTreeSet<String>>,
    pins: AtomicU32,
    wrong: &'static str,
}

impl Target for Club {
    async fn activate(&self, call: &Call) -> Result<(), Failure> {
        let new = self.inside.lock().unwrap().insert(self.name(call));
        match (call.target.as_str(), self.wrong) {
            ("back", wrong) if wrong != "lets strangers in" => Err(Failure::refused("no such door")),
            (_, "twice is an error") if !new => Err(Failure::refused("is in already")),
            (_, "is down") => Err(Failure::unavailable("the wire is cut")),
            _ => Ok(()),
        }
    }

    async fn deactivate(&self, call: &Call) -> Result<(), Failure> {
        let (mut inside, name) = (self.inside.lock().unwrap(), self.name(call));
        match self.wrong {
            "takes nothing" => {}
            "takes all" => inside.clear(),
            "wants it to be there" if !inside.contains(&name) => return Err(Failure::refused("who?")),
            _ => {
                inside.remove(&name);
            }
        }
        Ok(())
    }

    async fn verify(&self, call: &Call) -> Result<Look, Failure> {
        let looked_at = if self.wrong == "does not say where" { "" } else { "the list" }.to_owned();
        let there = self.inside.lock().unwrap().contains(&self.name(call));
        Ok(match there && self.wrong != "looks at nothing" {
            true => Look::StillThere { looked_at },
            false => Look::Gone { looked_at, answered: "not in".to_owned() },
        })
    }

    async fn issue(&self, call: &Call) -> Result<Issued, Failure> {
        let again = self.wrong == "one credential for all";
        let pin = if again { 0 } else { self.pins.fetch_add(1, Ordering::Relaxed) };
        let fields = Fields::from([("pin".to_owned(), Secret::new(format!("canary-{pin}")))]);
        let later = if self.wrong == "outlasts" { 1 } else { 0 };
        let expires_at = call.grant.ends_at + std::time::Duration::from_secs(later);
        Ok(Issued { username: "member".to_owned(), fields, expires_at })
    }
}

impl Club {
    fn name(&self, call: &Call) -> String {
        let by_person = self.wrong == "one to a person";
        if by_person { call.principal.clone() } else { call.grant.artefact_name.clone() }
    }
}

async fn verdict(wrong: &'static str, has_credential: bool) -> Result<(), String> {
    let club = Club { wrong, ..Club::default() };
    let stranger = Some("back".to_owned());
    let sample = Sample { target: "front".to_owned(), stranger, has_credential, ..Sample::default() };
    keeps_the_contract(async |event| respond(&club, event).await, &sample)
        .await
        .map_err(|broken| broken.to_string())
}

#[tokio::test]
async fn a_provider_that_keeps_the_contract_passes_its_suite_and_leaves_nothing_behind() {
    assert_eq!(verdict("", true).await, Ok(()));
    let club = Club::default();
    let sample = Sample { target: "front".to_owned(), has_credential: true, ..Sample::default() };
    keeps_the_contract(async |event| respond(&club, event).await, &sample).await.unwrap();
    assert!(club.inside.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_provider_that_breaks_a_promise_is_told_which_and_nothing_secret() {
    for (wrong, said) in [
        ("is down", "an activation: failed: the target did not answer"),
        ("twice is an error", "the same activation again: refused (is in already), not done"),
        ("looks at nothing", "what was activated: gone, not still_there"),
        ("takes nothing", "what was taken: still_there, not gone"),
        ("wants it to be there", "the same end again: refused (who?), not done"),
        ("takes all", "the other grant of the same person: gone, not still_there"),
        ("one to a person", "the other grant of the same person: gone, not still_there"),
        ("does not say where", "not kept: `gone` says what was looked at"),
        ("outlasts", "not kept: a credential expires no later than its grant ends"),
        ("one credential for all", "not kept: each credential is another one"),
        ("lets strangers in", "a stranger's activation: done, not refused"),
    ] {
        assert_eq!(verdict(wrong, true).await, Err(said.to_owned()), "{wrong}");
    }
    assert_eq!(verdict("", false).await, Err("a credential: credential, not refused".to_owned()));
}
