//! Signature version 4, as far as a JSON, form or path request without a query needs it.

use jiff::Timestamp;
use ring::{digest, hmac};
use std::fmt::Write as _;
use stint_app::ports::Surroundings;
use stint_aws::surroundings::Machine;
use stint_local::cloud::REGION;
use stint_local::key::AccessKey;

/// The headers that sign a request of a role's session now.
pub(crate) fn headers(
    who: &AccessKey,
    service: &str,
    method: &str,
    host: &str,
    path: &str,
    body: &str,
) -> Vec<(String, String)> {
    let at = compact(Machine.now());
    let day = &at[..8];
    let names = "host;x-amz-date;x-amz-security-token";
    let token = who.token.clone().unwrap_or_default();
    let values = format!("host:{host}\nx-amz-date:{at}\nx-amz-security-token:{token}\n");
    let canonical = format!("{method}\n{path}\n\n{values}\n{names}\n{}", hash(body));
    let scope = format!("{day}/{REGION}/{service}/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hash(&canonical));
    let first = format!("AWS4{}", who.secret).into_bytes();
    let key = [day, REGION, service, "aws4_request"].iter().fold(first, |key, part| hmac_of(&key, part));
    let signature = hex(&hmac_of(&key, &text));
    let credential = format!("{}/{scope}", who.id);
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
    vec![
        ("authorization".to_owned(), authorization),
        ("x-amz-date".to_owned(), at.clone()),
        ("x-amz-security-token".to_owned(), token),
    ]
}

/// `20261122T100000Z`
fn compact(at: Timestamp) -> String {
    format!("{at:.0}").replace(['-', ':'], "")
}

fn hmac_of(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hash(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
