use super::csv_table::{COLUMNS, TRIGGERS};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use stint_app::ports::StoredEvent;
use stint_domain::audit::{Actor, Authorization, Draft, Head, Outcome, Stream, verify};
use stint_domain::ids::RequestId;
use stint_domain::principal::Authentication;
use uuid::Uuid;

fn stream() -> Stream {
    Stream::Request(RequestId::new(Uuid::from_u128(7)))
}

fn sealed(text: &str, head: &Head) -> (StoredEvent, Head) {
    let draft = Draft {
        at: "2026-11-22T10:00:00.123Z".parse().unwrap(),
        actor: Actor::Person { id: "ana".parse().unwrap(), authentication: Authentication::Token },
        action: text.to_owned(),
        outcome: Outcome::Success,
        request_id: Some(RequestId::new(Uuid::from_u128(7))),
        grant_id: None,
        entitlement: Some("payments-read".parse().unwrap()),
        authorization: Some(Authorization {
            policy_version: text.to_owned(),
            policies: [text.to_owned()].into(),
            weighed: None,
        }),
        source_address: Some(text.to_owned()),
        invocation: None,
        detail: Value::String(text.to_owned()),
    };
    let sealed = draft.seal(&stream(), head);
    let head = sealed.head();
    (StoredEvent { canonical: sealed.canonical, hash: sealed.hash.as_str().to_owned() }, head)
}

fn chain(texts: &[String]) -> Vec<StoredEvent> {
    let mut head = Head::genesis();
    let mut next = |text: &String| {
        let (event, after) = sealed(text, &head);
        head = after;
        event
    };
    texts.iter().map(&mut next).collect()
}

fn table(events: &[StoredEvent]) -> Vec<Vec<String>> {
    let mut table = CsvTable::new(Vec::new()).unwrap();
    events.iter().for_each(|event| table.write(event).unwrap());
    let bytes = table.finish().unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    reader.records().map(|record| record.unwrap().iter().map(ToOwned::to_owned).collect()).collect()
}

fn lines(events: &[StoredEvent]) -> String {
    let mut lines = JsonLines::new(Vec::new());
    events.iter().for_each(|event| lines.write(event).unwrap());
    String::from_utf8(lines.finish().unwrap()).unwrap()
}

/// Text that begins with something dangerous more often than not.
fn any_text() -> impl Strategy<Value = String> {
    let long = prop::collection::vec(any::<char>(), 4000..=4096).prop_map(String::from_iter);
    let rest = prop_oneof![8 => any::<String>(), 1 => long];
    ("[=+\\-@\t\r\n\u{0}]?", rest).prop_map(|(start, rest)| start + &rest)
}

#[test]
fn the_columns_are_these_in_this_order() {
    let rows = table(&chain(&["request.submitted".to_owned()]));
    assert_eq!(rows[0], COLUMNS);
    let expected = [
        "req-00000000000000000000000000000007",
        "1",
        "2026-11-22T10:00:00.123Z",
        "request.submitted",
        "success",
        "person",
        "ana",
        "req-00000000000000000000000000000007",
        "",
        "payments-read",
        "request.submitted",
        "request.submitted",
        "request.submitted",
        "\"request.submitted\"",
    ];
    assert_eq!(rows[1][..14], expected);
    assert_eq!(rows[1][14], "0".repeat(64));
    assert_eq!(rows[1][15].len(), 64);
}

#[test]
fn lines_end_as_rfc_4180_wants_them() {
    let mut table = CsvTable::new(Vec::new()).unwrap();
    table.write(&chain(&["x".to_owned()])[0]).unwrap();
    let text = String::from_utf8(table.finish().unwrap()).unwrap();
    assert_eq!(text.matches("\r\n").count(), 2);
    assert!(text.ends_with("\r\n"));
}

#[test]
fn what_is_no_event_is_named_by_its_place_and_not_written() {
    let (good, _) = sealed("x", &Head::genesis());
    let mut table = CsvTable::new(Vec::new()).unwrap();
    table.write(&good).unwrap();
    let bad = StoredEvent { canonical: "{}".to_owned(), hash: good.hash.clone() };
    assert!(matches!(table.write(&bad), Err(ExportError::Corrupt(2, Some(_)))));
    let mut lines = JsonLines::new(Vec::new());
    for (canonical, hash) in [("{\n}", "ab"), ("{}", "\",\"x\":\"")] {
        let bad = StoredEvent { canonical: canonical.to_owned(), hash: hash.to_owned() };
        assert!(matches!(lines.write(&bad), Err(ExportError::Corrupt(1, None))));
    }
    assert!(lines.finish().unwrap().is_empty());
}

proptest! {
    #[test]
    fn no_cell_can_become_a_formula_and_no_text_is_lost(texts in prop::collection::vec(any_text(), 1..4)) {
        let rows = table(&chain(&texts));
        prop_assert_eq!(rows.len(), texts.len() + 1);
        for (row, text) in rows[1..].iter().zip(&texts) {
            prop_assert_eq!(row.len(), COLUMNS.len());
            prop_assert!(row.iter().all(|cell| !cell.starts_with(TRIGGERS)));
            let quoted = if text.starts_with(TRIGGERS) { format!("'{text}") } else { text.clone() };
            prop_assert_eq!(&row[3], &quoted);
            prop_assert_eq!(serde_json::from_str::<Value>(&row[13]).unwrap(), json!(text));
        }
    }

    #[test]
    fn lines_give_back_every_byte_and_the_chain_verifies_from_them(texts in prop::collection::vec(any_text(), 1..4)) {
        let events = chain(&texts);
        let text = lines(&events);
        let read: Vec<_> = text.lines().map(|line| {
            let line = line.strip_prefix("{\"event\":").unwrap().strip_suffix("\"}").unwrap();
            line.rsplit_once(",\"hash\":\"").unwrap()
        }).collect();
        for ((canonical, hash), event) in read.iter().zip(&events) {
            prop_assert_eq!(*canonical, &event.canonical);
            prop_assert_eq!(*hash, &event.hash);
        }
        let whole: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(whole.len(), texts.len());
        prop_assert_eq!(&whole[0]["event"]["detail"], &json!(texts[0]));
        prop_assert!(verify(read).is_ok());
    }
}
