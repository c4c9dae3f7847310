//! Nobody can wait: access at once, and the page on which somebody else says whether that was called for.

use crate::scene::{Journey, stage, succeeded};
use serde_json::{Value, json};
use stint_local::browser::hidden;
use stint_local::probe::Access;

const THROUGH: [&str; 4] = ["AwaitApproval", "Grant", "AccessWindow", "Expire"];

fn emergency() -> Value {
    json!({"entitlement": "payments-repair", "duration": "15s", "justification": "nobody answers", "break_glass": true})
}

/// What `finding` is answered, on the page behind `link`.
fn pressed(link: &str, finding: &str) -> (u16, String) {
    let mut browser = stage().browser();
    let page = browser.open(link).unwrap();
    let Some(nonce) = hidden(&page.body, "nonce") else { return (page.status, page.body) };
    let answer =
        browser.submit(link, &format!("nonce={nonce}&finding={finding}&comment=looked+at+it")).unwrap();
    (answer.status, answer.body)
}

#[test]
fn a_responder_has_it_at_once_and_an_officer_says_afterwards_that_it_was_called_for() {
    let journey = Journey::asked_by("eva", &emergency());
    assert_eq!(
        (&journey.first["state"], &journey.first["review"]["state"]),
        (&"APPROVED".into(), &"OPEN".into())
    );
    journey.until_grant("ACTIVE");
    let probe = journey.reveals();
    probe.until_allowed("payments");
    journey.until_action("review.reviewers_told");
    let [gita, hugo] =
        ["gita", "hugo"].map(|name| stage().mail(&format!("{name}@example.com"), &journey.id).unwrap());
    for mail in [&gita, &hugo] {
        assert!(mail.subject.starts_with("Break-glass: "), "{}", mail.subject);
        assert!(mail.body_text.contains("nobody answers"), "{}", mail.body_text);
    }
    let (_, still) = pressed(gita.link().unwrap(), "justified");
    assert!(still.contains("once the access is over"), "{still}");

    assert_eq!(journey.ended(), succeeded(&THROUGH));
    assert_eq!(probe.read("payments"), Access::NoSuchKey);
    assert_eq!(journey.look()["review"]["state"], "OPEN");
    assert_eq!(pressed(gita.link().unwrap(), "justified").0, 200);
    let (status, verdict) = pressed(hugo.link().unwrap(), "unjustified");
    assert!(status == 200 && verdict.contains("it was called for, says Gita"), "{verdict}");
    let review = journey.look()["review"].clone();
    assert_eq!((&review["state"], &review["finding"]), (&"CLOSED".into(), &"justified".into()));
    assert_eq!(journey.actions().last().map(String::as_str), Some("review.closed"));
}

#[test]
fn whoever_is_no_responder_has_nothing_at_once() {
    let somebody = stage().another("ana").unwrap();
    let session = stage().sign_in(&somebody).unwrap();
    let refused = session.post("/v1/requests", &emergency()).unwrap();
    assert_eq!(
        (refused.status, refused.json()["type"].clone()),
        (403, json!("urn:stint:problem:request-refused"))
    );
    let mut asked = emergency();
    asked["break_glass"] = json!(false);
    assert_eq!(session.post("/v1/requests", &asked).unwrap().json()["state"], "PENDING");
}
