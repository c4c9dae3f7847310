//! How a refusal has to look.

use serde_json::Value;
use stint_local::http::Answer;

/// What only the inside of a program is called.
const INSIDE: [&str; 14] = [
    "panic",
    "serde",
    "stint_",
    "arn:aws",
    "Error",
    "Exception",
    "dynamodb",
    "DynamoDB",
    "/src/",
    ".rs",
    "RUST_",
    "None",
    "expected",
    "0x",
];

/// The answer has this status and kind, is a problem as RFC 9457 has it, and gives nothing away.
pub(crate) fn refused(answer: &Answer, status: u16, kind: &str) {
    let about = format!("{} {}", answer.status, answer.body);
    assert_eq!((answer.status, kind_of(&answer.json()).as_str()), (status, kind), "{about}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{about}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{about}");
    document(&answer.json());
    gives_nothing_away(&answer.body);
}

fn kind_of(problem: &Value) -> String {
    let kind = problem["type"].as_str().unwrap_or_default();
    kind.strip_prefix("urn:stint:problem:").unwrap_or(kind).to_owned()
}

/// Title and detail are for people; the instance leads to the log.
pub(crate) fn document(problem: &Value) {
    let text =
        |name: &str| problem[name].as_str().unwrap_or_else(|| panic!("no {name} in {problem}")).to_owned();
    assert!(text("title").starts_with(char::is_uppercase) && !text("title").ends_with('.'), "{problem}");
    let detail = text("detail");
    assert!(detail.ends_with('.') && detail.split_whitespace().count() > 2, "not a sentence: {detail}");
    let id = text("instance");
    assert!(id.strip_prefix("urn:uuid:").is_some_and(|uuid| uuid.len() == 36), "{problem}");
    let known = ["type", "title", "status", "detail", "instance", "field", "state", "reasons"];
    assert!(problem.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{problem}");
    let has_reasons = ["request-refused", "decision-refused"].contains(&kind_of(problem).as_str());
    assert!(problem.get("reasons").is_none() || has_reasons, "{problem}");
    assert!(problem["status"].as_u64().is_some_and(|status| (400..500).contains(&status)), "{problem}");
}

pub(crate) fn gives_nothing_away(body: &str) {
    for word in INSIDE {
        assert!(!body.contains(word), "`{word}` in {body}");
    }
}

/// The answer without what names this one invocation: equal for what must not be told apart.
pub(crate) fn told(answer: &Answer) -> (u16, Value) {
    let mut problem = answer.json();
    problem["instance"].take();
    (answer.status, problem)
}
