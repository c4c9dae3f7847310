//! Whatever is not a link answers the same, so that nobody learns which links there are.

use crate::open::{open, stage};
use stint_local::http::Answer;

/// What could tell two answers apart; dates and ids of the gateway tell nothing.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let of_the_gateway = ["date", "apigw-requestid", "x-amzn-requestid", "x-amz-request-id", "server"];
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !of_the_gateway.contains(&name.as_str()) && !name.starts_with("x-amz"));
    headers.sort();
    (answer.status, headers, answer.body.clone())
}

#[test]
fn nonsense_and_links_that_never_were_answer_alike_to_the_byte() {
    let open = open();
    let token = open.link.strip_prefix("/approvals/").unwrap();
    let short = &token[..63];
    let other = token.chars().rev().collect::<String>();
    let tokens = [
        "0".repeat(64),
        other,
        short.to_owned(),
        format!("{token}0"),
        token.to_uppercase(),
        "x".to_owned(),
        "%00".to_owned(),
        "%2e%2e".to_owned(),
        "%F0%9F%94%91".to_owned(),
        open.id.clone(),
        "a".repeat(5000),
    ];
    let first = comparable(&stage().http.get("/approvals/unknown").unwrap());
    assert_eq!(first.0, 404);
    assert!(first.2.contains("This link leads nowhere"), "{}", first.2);
    for token in tokens {
        let path = format!("/approvals/{token}");
        assert_eq!(comparable(&stage().http.get(&path).unwrap()), first, "GET {path}");
        let posted = stage().http.send("POST", &path, &[], "").unwrap();
        assert_eq!(comparable(&posted), first, "POST {path}");
    }
    assert_eq!(stage().http.get(&open.link).unwrap().status, 200, "and a real one does not");
}

#[test]
fn what_is_no_text_is_no_link_either() {
    let first = comparable(&stage().http.get("/approvals/unknown").unwrap());
    let not_utf8 = stage().http.get("/approvals/%ff%fe").unwrap();
    assert_eq!(comparable(&not_utf8), first);
}
