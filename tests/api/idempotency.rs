//! One key, one request: for programs that cannot know whether their call arrived.

use crate::caller::{Caller, ask, somebody_like, with};
use crate::problem::refused;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;
use stint_local::http::Answer;

fn send(caller: &Caller, key: &str, body: &Value) -> Answer {
    caller.session.send("POST", "/v1/requests", &[("idempotency-key", key)], body).unwrap()
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}

#[test]
fn the_same_key_and_body_make_one_request() {
    let ana = somebody_like("ana");
    let (first, again) = (send(&ana, "k-1", &ask()), send(&ana, "k-1", &ask()));
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(id(&first), id(&again));
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.header("location").unwrap(), format!("/v1/requests/{}", id(&first)));
    assert_eq!(ana.requests(), 1);
    assert_ne!(id(&send(&ana, "k-2", &ask())), id(&first), "another key is another request");
    assert_eq!(ana.requests(), 2);
}

#[test]
fn a_repetition_shows_what_has_become_of_the_request() {
    let ana = somebody_like("ana");
    let made = id(&send(&ana, "k-1", &ask()));
    ana.post(&format!("/v1/requests/{made}/cancel"), &json!({})).ok("cancel").unwrap();
    let again = send(&ana, "k-1", &ask());
    assert_eq!((again.status, again.json()["state"].as_str()), (200, Some("CANCELLED")));
}

#[test]
fn the_same_key_with_another_body_is_refused() {
    let ana = somebody_like("ana");
    assert_eq!(send(&ana, "k-1", &ask()).status, 201);
    refused(&send(&ana, "k-1", &with("duration", json!("6m"))), 422, "idempotency-key-reused");
    assert_eq!(ana.requests(), 1);
}

#[test]
fn a_key_is_its_callers_own() {
    let (ana, eve) = (somebody_like("ana"), somebody_like("ana"));
    let (hers, others) = (send(&ana, "k-1", &ask()), send(&eve, "k-1", &ask()));
    assert_eq!((hers.status, others.status), (201, 201));
    assert_ne!(id(&hers), id(&others));
}

#[test]
fn a_key_that_is_no_key_makes_nothing_and_a_refused_request_uses_none_up() {
    let ana = somebody_like("ana");
    for key in ["", "two words", "ü", &"k".repeat(129)] {
        refused(&send(&ana, key, &ask()), 400, "invalid-field");
    }
    refused(&send(&ana, "k-1", &with("entitlement", json!("ledger-root"))), 403, "request-refused");
    assert_eq!(ana.requests(), 0);
    assert_eq!(send(&ana, "k-1", &ask()).status, 201);
    assert_eq!(send(&ana, &"k".repeat(128), &ask()).status, 201);
}

#[test]
fn twenty_at_once_with_one_key_make_one_request() {
    let ana = somebody_like("ana");
    let together = Barrier::new(20);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let post = || {
            together.wait();
            send(&ana, "k-1", &ask())
        };
        let posts: Vec<_> = (0..20).map(|_| scope.spawn(post)).collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 19].as_slice(), &[201]].concat());
    assert_eq!(answers.iter().map(id).collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(ana.requests(), 1);
}
