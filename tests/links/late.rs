//! Links outlive what they are about, and say so.

use crate::open::{BEN, LATE, Open, open, open_for, stage};
use serde_json::Value;
use stint_local::http::Answer;

/// Opens the link, and tries to decide with a form from before.
fn too_late(open: &Open, form: &str, browser: &stint_local::browser::Browser) -> (Answer, Answer) {
    (stage().browser().open(&open.link).unwrap(), browser.submit(&open.link, form).unwrap())
}

fn says(page: &Answer, words: &[&str]) {
    for word in words {
        assert!(page.body.contains(word), "{word} is missing in {}", page.body);
    }
    assert!(!page.body.contains("<form") && !page.body.contains("<button"), "{}", page.body);
}

#[test]
fn the_link_of_a_decided_request_says_who_decided() {
    let open = open();
    let (browser, form) = open.browser("approve");
    stage().decide_by_mail(BEN, &open.id, "deny").unwrap();
    let before = open.events("request.denied");
    let (shown, refused) = too_late(&open, &form, &browser);
    assert_eq!((shown.status, refused.status), (200, 409));
    [shown, refused]
        .iter()
        .for_each(|page| says(page, &["Denied", "Decided by", "Ben", "nothing left to decide"]));
    assert_eq!((open.state(), open.events("request.denied")), ("DENIED".to_owned(), before));
    assert_eq!(open.events("request.action_refused").len(), 1);
}

#[test]
fn the_link_of_a_cancelled_request_says_that_it_was_withdrawn() {
    let open = open();
    let (browser, form) = open.browser("approve");
    open.session
        .post(&format!("/v1/requests/{}/cancel", open.id), &Value::Null)
        .unwrap()
        .ok("cancel")
        .unwrap();
    let (shown, refused) = too_late(&open, &form, &browser);
    assert_eq!((shown.status, refused.status), (200, 409));
    [shown, refused].iter().for_each(|page| says(page, &["Withdrawn", "nothing left to decide"]));
    assert_eq!(open.state(), "CANCELLED");
}

#[test]
fn the_link_of_a_lapsed_request_says_that_it_is_too_late() {
    let open = open_for("fire-drill", "nobody looks", BEN);
    let (browser, form) = open.browser("approve");
    stage().execution(&open.id).unwrap().ended(LATE).unwrap();
    let (shown, refused) = too_late(&open, &form, &browser);
    assert_eq!((shown.status, refused.status), (200, 409));
    [shown, refused].iter().for_each(|page| says(page, &["Lapsed", "Nobody decided in time"]));
    assert_eq!(open.state(), "LAPSED");
}

#[test]
fn the_link_of_access_that_is_over_says_that_it_is() {
    let open = open();
    stage().decide_by_mail(BEN, &open.id, "approve").unwrap();
    let grant = format!("/v1/grants/{}", open.id.replace("req-", "grant-"));
    let state = |wanted: &str| {
        let look = || Ok((open.session.get(&grant)?.json()["state"] == wanted).then_some(()));
        stint_local::wait::until(wanted, LATE, look).unwrap();
    };
    state("ACTIVE");
    says(&stage().browser().open(&open.link).unwrap(), &["Approved", "Ben", "until"]);
    open.session.post(&format!("{grant}/return"), &Value::Null).unwrap().ok("return").unwrap();
    state("ENDED");
    says(&stage().browser().open(&open.link).unwrap(), &["Approved", "Ben", "was given back"]);
}
