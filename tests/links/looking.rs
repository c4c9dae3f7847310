//! Mail programs, scanners and proxies open every link they see. Looking decides nothing.

use crate::open::{Open, open, stage};
use stint_local::http::Answer;

const SCANNERS: [&str; 6] = [
    "Mozilla/5.0 (compatible; SafeLinks/1.0)",
    "Proofpoint URL Defense",
    "Barracuda Sentinel (EE)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "",
];

fn scan(open: &Open, number: usize) -> Answer {
    let method = if number.is_multiple_of(2) { "GET" } else { "HEAD" };
    let agent = SCANNERS[number % SCANNERS.len()];
    let headers = [("user-agent", agent), ("sec-purpose", "prefetch"), ("accept", "*/*")];
    stage().http.send(method, &open.link, &headers, "").unwrap()
}

#[test]
fn fifty_scanners_change_nothing_and_the_link_still_works() {
    let open = open();
    let before = open.stored();
    for number in 0..50 {
        assert_eq!(scan(&open, number).status, 200, "{}", SCANNERS[number % SCANNERS.len()]);
    }
    assert_eq!(open.stored(), before);
    assert_eq!(open.state(), "PENDING");
    let (browser, form) = open.browser("deny");
    assert_eq!(browser.submit(&open.link, &form).unwrap().status, 200);
    assert_eq!(open.state(), "DENIED");
}

#[test]
fn a_look_at_the_head_says_what_a_look_would_and_has_no_body() {
    let open = open();
    let (get, head) = (scan(&open, 0), scan(&open, 1));
    assert_eq!((head.status, head.body.as_str()), (get.status, ""));
    for name in ["content-type", "content-security-policy", "cache-control", "referrer-policy"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

#[test]
fn no_page_is_kept_framed_or_told_on() {
    let open = open();
    let shown = scan(&open, 0);
    let unknown = stage().http.get("/approvals/unknown").unwrap();
    let refused = stage().http.send("POST", &open.link, &[], "").unwrap();
    let (browser, form) = open.browser("deny");
    let decided = browser.submit(&open.link, &form).unwrap();
    let statuses = [&shown, &unknown, &refused, &decided].map(|page| page.status);
    assert_eq!(statuses, [200, 404, 403, 200]);
    [shown, unknown, refused, decided].iter().for_each(keeps_to_itself);
}

fn keeps_to_itself(page: &Answer) {
    let header = |name| page.header(name).unwrap_or_else(|| panic!("no {name} in {:?}", page.headers));
    let policy = header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
        assert!(policy.split(';').any(|one| one.trim() == part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-type").starts_with("text/html"));
    assert!(!page.body.contains("<script") && !page.body.contains("http://") && !page.body.contains("src="));
}
