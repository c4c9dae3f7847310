//! A decision is a form that came from our page, in the browser that opened it. Anything else decides nothing.

use crate::open::{Open, open, stage};
use stint_local::browser::{form, hidden};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// The page, opened: its cookie, its nonce, and the origin of its form.
struct Page {
    cookie: String,
    nonce: String,
    origin: String,
}

fn page(open: &Open) -> Page {
    let page = stage().http.get(&open.link).unwrap();
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let nonce = hidden(&page.body, "nonce").unwrap().to_owned();
    Page { cookie: cookie.split(';').next().unwrap().to_owned(), nonce, origin: stage().url().to_owned() }
}

fn post(open: &Open, headers: &[(&str, &str)], body: &str) -> u16 {
    stage().http.send("POST", &open.link, headers, body).unwrap().status
}

#[test]
fn a_form_from_elsewhere_decides_nothing_and_the_real_one_does() {
    let open = open();
    let page = page(&open);
    let body = form(&page.nonce, "approve", "");
    let (cookie, origin) = (("cookie", page.cookie.as_str()), ("origin", page.origin.as_str()));
    let other_nonce = page.nonce.chars().rev().collect::<String>();
    let forged = [
        ("no cookie", vec![FORM, origin], body.clone()),
        ("no nonce", vec![FORM, origin, cookie], "nonce=&decision=approve".to_owned()),
        ("no field at all", vec![FORM, origin, cookie], "decision=approve".to_owned()),
        ("another nonce", vec![FORM, origin, cookie], form(&other_nonce, "approve", "")),
        ("another origin", vec![FORM, ("origin", "https://evil.example"), cookie], body.clone()),
        ("another site", vec![FORM, cookie, ("sec-fetch-site", "cross-site")], body.clone()),
        ("a sibling's site", vec![FORM, origin, cookie, ("sec-fetch-site", "same-site")], body.clone()),
        ("not a form", vec![("content-type", "text/plain"), origin, cookie], body.clone()),
        ("an unheard-of decision", vec![FORM, origin, cookie], form(&page.nonce, "Approve", "")),
    ];
    for (what, headers, body) in &forged {
        assert_eq!(post(&open, headers, body), 403, "{what}");
    }
    assert_eq!(open.state(), "PENDING");
    let noted = open.events("request.action_refused");
    assert_eq!(noted.len(), forged.len(), "each stands in the audit, and nothing else has been done");
    assert!(noted.iter().all(|event| event["detail"]["attempted"] == "decide"), "{noted:?}");
    assert_eq!(post(&open, &[FORM, origin, cookie, ("sec-fetch-site", "same-origin")], &body), 200);
    assert_eq!(open.state(), "APPROVED");
}

#[test]
fn two_pages_open_in_one_browser_can_both_be_used() {
    let (first, second) = (open(), open());
    let mut browser = stage().browser();
    let nonce = |page: &str| hidden(page, "nonce").unwrap().to_owned();
    let on_first = nonce(&browser.open(&first.link).unwrap().body);
    let on_second = nonce(&browser.open(&second.link).unwrap().body);
    assert_eq!(browser.submit(&first.link, &form(&on_first, "deny", "")).unwrap().status, 200);
    assert_eq!(browser.submit(&second.link, &form(&on_second, "deny", "")).unwrap().status, 200);
    assert_eq!((first.state(), second.state()), ("DENIED".to_owned(), "DENIED".to_owned()));
}

#[test]
fn a_comment_that_is_too_long_is_said_to_be_and_decides_nothing() {
    let open = open();
    let (browser, form) = open.browser("deny");
    let with = |comment: &str| form.replace("comment=", &format!("comment={comment}"));
    let before = open.stored();
    assert_eq!(browser.submit(&open.link, &with(&"x".repeat(1025))).unwrap().status, 422);
    assert_eq!(open.stored(), before);
    assert_eq!(browser.submit(&open.link, &with(&"x".repeat(1024))).unwrap().status, 200);
    assert_eq!(open.state(), "DENIED");
}
