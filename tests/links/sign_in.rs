//! The link to critical access: by itself it decides nothing, and whoever it was mailed to signs in with a password at the
//! user pool's own login.

use crate::open::{Open, open_for, stage};
use stint_local::browser::{form, hidden};
use stint_local::seed::PASSWORD;

const GITA: &str = "gita@example.com";
const HUGO: &str = "hugo@example.com";

fn open() -> Open {
    open_for("ledger-repair", "an entry is wrong", GITA)
}

/// What the page of `link` answers to an approval by whoever has signed in as `who`; `None` without a form.
fn approve_as(link: &str, who: &str) -> Option<u16> {
    let mut browser = stage().browser();
    let back = browser.sign_in(link, who, PASSWORD).unwrap();
    assert!([303, 403].contains(&back.status), "{}", back.body);
    let page = browser.open(link).unwrap();
    let nonce = hidden(&page.body, "nonce")?;
    Some(browser.submit(link, &form(nonce, "approve", "")).unwrap().status)
}

#[test]
fn two_officers_who_sign_in_behind_their_links_give_critical_access() {
    let open = open();
    let hugos = stage().mail(HUGO, &open.id).unwrap().link().unwrap().to_owned();
    let page = stage().browser().open(&open.link).unwrap();
    assert!(page.body.contains("/sign-in\"") && hidden(&page.body, "nonce").is_none(), "{}", page.body);
    assert_eq!(approve_as(&open.link, "gita"), Some(200));
    assert_eq!(open.state(), "PENDING");
    assert_eq!(approve_as(&hugos, "hugo"), Some(200));
    assert_eq!(open.state(), "APPROVED");
    let approved = open.events("request.approved");
    assert_eq!(approved[0]["actor"]["authentication"], "mail_link_signed_in");
}

#[test]
fn whoever_signs_in_at_somebody_elses_link_gets_no_form_and_is_on_record() {
    let open = open();
    for who in ["hugo", "ben"] {
        assert_eq!(approve_as(&open.link, who), None, "{who}");
    }
    assert_eq!(open.events("request.action_refused").len(), 2);
    assert_eq!(open.state(), "PENDING");
}
