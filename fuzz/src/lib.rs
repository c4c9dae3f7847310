//! What Stint reads from outside, each reader with the rule that it must keep whatever it is given.
//!
//! Guards: no input panics, and nothing is accepted that reads differently once it has been written down again. Both
//! libFuzzer (`cargo fuzz`) and the bounded run of the tests (`tests/fuzz`) call these functions. Each tells whether it
//! accepted the input, so that a run which never gets past the first check is noticed.

use jiff::Timestamp;
use serde_json::{Value, json};
use stint_app::letter::plain::{one_line, quoted};
use stint_domain::duration::{AccessDuration, LONGEST_SECONDS};
use stint_domain::entitlement::Entitlement;
use stint_domain::justification::Justification;
use stint_domain::link::{LinkHash, LinkSecret};
use stint_domain::window::Window;
use stint_policy::PolicyBundle;
use stint_policy::files::catalog_json;

pub type Target = fn(&[u8]) -> bool;

/// Every target by the name of its binary and of its folder in `corpus`.
pub const TARGETS: [(&str, Target); 6] = [
    ("catalog", catalog),
    ("claims", claims),
    ("duration", duration),
    ("justification", justification),
    ("link", link),
    ("window", window),
];

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// `catalog.toml`.
pub fn catalog(bytes: &[u8]) -> bool {
    let Some(Ok(json)) = text(bytes).map(catalog_json) else { return false };
    let first = entitlements(&json).expect("what the tool accepts, a bundle accepts");
    let again = serde_json::json!({ "entitlement": first.iter().map(entry).collect::<Vec<_>>() });
    assert_eq!(entitlements(&again.to_string()).as_ref(), Some(&first), "written as {again}");
    true
}

fn entitlements(catalog: &str) -> Option<Vec<Entitlement>> {
    let bundle = PolicyBundle::from_sources(catalog, "").ok()?;
    Some(bundle.entitlements().cloned().collect())
}

/// As the catalog writes it, where durations are text.
fn entry(entitlement: &Entitlement) -> Value {
    let mut entry = serde_json::to_value(entitlement).expect("an entitlement can be written");
    entry["max_duration"] = entitlement.max_duration.to_string().into();
    entry["decide_within"] = entitlement.decide_within.to_string().into();
    if let Some(terms) = &entitlement.break_glass {
        entry["break_glass"] = json!({
            "users": terms.users,
            "max_duration": terms.max_duration.to_string(),
            "reviewers": terms.review.reviewers,
            "review_within": terms.review.within.to_string(),
        });
    }
    let written = entry.get_mut("approval").and_then(Value::as_array_mut);
    for (step, written) in entitlement.approval.steps().iter().zip(written.into_iter().flatten()) {
        let text = |length: AccessDuration| Value::from(length.to_string());
        written["remind_every"] = step.remind_every.map_or(Value::Null, text);
        written["skip_after"] = step.skip_after.map_or(Value::Null, text);
        if let Some(escalation) = &step.escalate {
            written["escalate"]["after"] = text(escalation.after);
        }
    }
    entry
}

/// The payload of a token: what is read of it is what stands in it, under one name each.
pub fn claims(bytes: &[u8]) -> bool {
    let Some(read) = stint_edge::identity::claims_as_read(bytes) else { return false };
    let whole: Value = serde_json::from_str(&read).expect("claims can be written");
    // In claims that nobody reads, serde_json passes over text and numbers that it would not read.
    if let Ok(sent) = serde_json::from_slice::<Value>(bytes) {
        let sent = sent.as_object().expect("claims are an object");
        for (name, value) in whole.as_object().expect("claims are written as an object") {
            assert_eq!(sent.get(name).unwrap_or(&Value::Null), value, "{name}");
        }
    }
    assert_eq!(stint_edge::identity::claims_as_read(read.as_bytes()).as_ref(), Some(&read));
    true
}

/// How long access is asked for: in text, and in seconds as it is stored.
pub fn duration(bytes: &[u8]) -> bool {
    let Some(Ok(read)) = text(bytes).map(str::parse::<AccessDuration>) else { return false };
    assert!((1..=LONGEST_SECONDS).contains(&read.seconds()), "{read}");
    assert_eq!(read.to_string().parse(), Ok(read));
    let stored = serde_json::to_string(&read).expect("a duration can be written");
    assert_eq!(stored, read.seconds().to_string());
    assert_eq!(serde_json::from_str::<AccessDuration>(&stored).ok(), Some(read));
    assert!(!read.in_words().is_empty());
    true
}

/// Kept as it was written, and harmless where it is shown.
pub fn justification(bytes: &[u8]) -> bool {
    let Some(Ok(read)) = text(bytes).map(str::parse::<Justification>) else { return false };
    assert_eq!(read.as_str().as_bytes(), bytes);
    let stored = serde_json::to_string(&read).expect("a justification can be written");
    assert!(!stored.contains(['\n', '\r']), "a stored event is one line");
    assert_eq!(serde_json::from_str::<Justification>(&stored).ok().as_ref(), Some(&read));
    let lines = quoted(read.as_str());
    assert!(lines.iter().all(|line| stays_in_its_place(line)), "{lines:?}");
    let line = one_line(read.as_str(), 150);
    assert!(stays_in_its_place(&line) && line.chars().count() <= 150, "{line:?}");
    true
}

fn stays_in_its_place(line: &str) -> bool {
    let moves = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !line.contains(|c: char| c.is_control() || moves(c))
}

/// The token of an approval link: one spelling of 32 bytes, and no other.
pub fn link(bytes: &[u8]) -> bool {
    let Some(token) = text(bytes) else { return false };
    let Some(hash) = LinkHash::of_path_segment(token) else { return false };
    let byte = |at: usize| u8::from_str_radix(&token[at * 2..at * 2 + 2], 16).expect("two hex digits");
    let secret = LinkSecret::new(std::array::from_fn(byte));
    assert_eq!(secret.reveal(), token);
    assert!(secret.hash() == hash, "another hash");
    true
}

/// A stored window, or the start that somebody asks for.
pub fn window(bytes: &[u8]) -> bool {
    let Some(text) = text(bytes) else { return false };
    if let Ok(start) = text.parse::<Timestamp>() {
        assert_eq!(start.to_string().parse().ok(), Some(start));
        return true;
    }
    let Ok(read) = serde_json::from_str::<Window>(text) else { return false };
    let length = read.ends_at().as_second() - read.starts_at().as_second();
    assert!((1..=i64::from(LONGEST_SECONDS)).contains(&length), "{length} s");
    assert_eq!(read.starts_at().subsec_nanosecond() + read.ends_at().subsec_nanosecond(), 0);
    let stored = serde_json::to_string(&read).expect("a window can be written");
    assert_eq!(serde_json::from_str::<Window>(&stored).ok(), Some(read));
    true
}
