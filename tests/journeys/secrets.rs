//! Every secret that a journey has been handed, looked for wherever Stint writes, in every form in which it might stand
//! there.
//!
//! Guards I7. The search proves itself: what is no secret and has to be in these places is found in each of them.

use crate::scene::stage;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use stint_local::admin::encoded;
use stint_local::hooks::logs;
use stint_local::key::AccessKey;
use stint_local::mail::inbox;
use stint_local::workflow::names;
use stint_local::{Stage, functions};

static PASSWORDS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HANDED_OUT: Mutex<Vec<AccessKey>> = Mutex::new(Vec::new());

/// As much of a long token as tells it from all others: its end, since all begin alike.
const ENOUGH: usize = 60;

pub(crate) fn handed_out(key: &AccessKey) {
    HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
}

/// A password, and not a key.
pub(crate) fn text_was_handed_out(text: &str) {
    PASSWORDS.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
}

/// Whatever has been handed out so far, by any journey of this process.
pub(crate) fn are_nowhere() {
    let passwords = PASSWORDS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let looked = places(stage());
    for password in &passwords {
        assert_eq!(found(&looked, password), BTreeSet::new(), "a password");
    }
    let everywhere = found(&looked, "req-");
    assert_eq!(everywhere, looked.keys().copied().collect(), "ids of requests are everywhere");
    let keys = HANDED_OUT.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if keys.is_empty() && !passwords.is_empty() {
        return;
    }
    assert!(!keys.is_empty(), "nothing to look for");
    let places = places(stage());
    for key in &keys {
        let token = key.token.as_deref().map(|token| &token[token.len().saturating_sub(ENOUGH)..]);
        for secret in std::iter::once(key.secret.as_str()).chain(token) {
            let found = found(&places, secret);
            assert!(found.is_empty(), "a secret of {} is in {found:?}", key.id);
        }
    }
    the_search_finds(&places, &keys[0].id);
}

/// A key's id is no secret: it stands where whoever investigates looks for it.
fn the_search_finds(places: &BTreeMap<&str, String>, id: &str) {
    assert_eq!(
        found(places, id),
        BTreeSet::from(["audit table", "exported lines", "exported table"]),
        "{id}"
    );
    let everywhere = found(places, "req-");
    assert_eq!(everywhere, places.keys().copied().collect(), "ids of requests are everywhere");
}

fn found<'p>(places: &BTreeMap<&'p str, String>, secret: &str) -> BTreeSet<&'p str> {
    let forms = forms(secret);
    let has = |text: &String| forms.iter().any(|form| text.contains(form.as_str()));
    places.iter().filter(|(_, text)| has(text)).map(|(place, _)| *place).collect()
}

fn forms(secret: &str) -> BTreeSet<String> {
    let escaped = |text: &str| {
        let json = Value::from(text).to_string();
        json[1..json.len() - 1].to_owned()
    };
    let json = escaped(secret);
    let mut forms = BTreeSet::from([
        secret.to_owned(),
        encoded(secret),
        encoded(secret).to_lowercase(),
        escaped(&json),
        json.replace('/', r"\/"),
        json,
    ]);
    // Within something longer, three bytes become four characters from any of three places on.
    for before in 0..3 {
        let padded = [vec![0; before], secret.as_bytes().to_vec()].concat();
        let text = base64(&padded[..padded.len() / 3 * 3]);
        let own = text[before.div_ceil(3) * 4..].to_owned();
        forms.insert(own.replace('+', "-").replace('/', "_"));
        forms.insert(own);
    }
    forms
}

/// Of whole threes of bytes.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |three: &[u8]| {
        let number = three.iter().fold(0, |number, byte| number << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[number >> shift & 63]))
    };
    bytes.chunks_exact(3).flat_map(four).collect()
}

/// All that is written anywhere, by place.
fn places(stage: &Stage) -> BTreeMap<&'static str, String> {
    let texts = |values: Vec<Value>| values.iter().map(Value::to_string).collect::<String>();
    BTreeMap::from([
        ("logs", logged(stage)),
        ("histories", histories(stage)),
        ("grants table", texts(scanned(stage, "GrantsTable"))),
        ("audit table", texts(scanned(stage, "AuditTable"))),
        ("exported table", exported(stage, "text/csv")),
        ("exported lines", exported(stage, "application/jsonl")),
        ("mails", format!("{:?}", inbox(&stage.http).unwrap())),
    ])
}

fn logged(stage: &Stage) -> String {
    let of = |name: &&str| logs(&stage.admin, &format!("stint-{name}")).unwrap().join("\n");
    functions::NAMES.iter().map(of).collect()
}

fn histories(stage: &Stage) -> String {
    let all = names(&stage.admin, &stage.outputs).unwrap();
    let history = |name: &String| Value::from(stage.execution(name).unwrap().history().unwrap()).to_string();
    all.iter().map(history).collect()
}

/// Only a test may scan.
fn scanned(stage: &Stage, table: &str) -> Vec<Value> {
    let mut ask = json!({"TableName": stage.outputs.get(table).unwrap(), "ConsistentRead": true});
    let mut items = Vec::new();
    loop {
        let page = stage.admin.json("dynamodb", "DynamoDB_20120810.Scan", &ask).unwrap();
        items.extend(page["Items"].as_array().unwrap().iter().cloned());
        match page.get("LastEvaluatedKey") {
            None => return items,
            Some(key) => ask["ExclusiveStartKey"] = key.clone(),
        }
    }
}

fn exported(stage: &Stage, form: &str) -> String {
    let cleo = stage.sign_in("cleo").unwrap();
    let from = crate::scene::now() - jiff::SignedDuration::from_hours(1);
    let (mut all, mut next) = (String::new(), Some(format!("/v1/audit/events?limit=500&from={from}")));
    while let Some(path) = next {
        let page = cleo.send("GET", &path, &[("accept", form)], &Value::Null).unwrap().ok(&path).unwrap();
        let link = page.header("link").map(|link| link.trim_start_matches('<').split('>').next().unwrap());
        next = link.map(str::to_owned);
        all += &page.body;
    }
    all
}

#[test]
fn a_secret_is_found_in_whatever_form_it_stands() {
    let secret = "wJalr/XUtn+FEMI\"K7\\MDENG/bPxRfiCYz";
    let hidden = |text: String| found(&BTreeMap::from([("here", text)]), secret).len();
    assert_eq!(hidden("nothing of the kind".to_owned()), 0);
    assert_eq!(hidden(format!("a{secret}b")), 1);
    assert_eq!(hidden(json!({"a": secret}).to_string()), 1);
    assert_eq!(hidden(json!({"a": json!({"b": secret}).to_string()}).to_string()), 1, "JSON within JSON");
    assert_eq!(hidden(format!("key={}", encoded(secret))), 1);
    for before in ["", "1", "12", "123", "1234"] {
        let mut text = format!("{before}{secret}").into_bytes();
        text.resize(text.len().next_multiple_of(3), b'=');
        assert_eq!(hidden(base64(&text)), 1, "{before}");
        assert_eq!(hidden(base64(&text).replace('+', "-").replace('/', "_")), 1, "{before}");
    }
}
