//! `stint policy replay` decides once more what the use cases have put into the audit.

use crate::folder::{Folder, Said, stint};
use stint_app::caller::Caller;
use stint_app::submit_request::{SubmitRequest, submit_request};
use stint_domain::audit::EventHash;
use stint_domain::principal::Authentication;
use stint_policy::PolicyBundle;
use stint_test_support::world::World;

/// At noon of a Monday: ana needs somebody, is let at once, and is refused; dora lacks a ticket, and has one; somebody
/// unknown asks.
fn export() -> Vec<String> {
    let (world, policy) =
        (World::starting_at("2026-11-23T12:00:00Z".parse().unwrap()), PolicyBundle::embedded().unwrap());
    for (who, entitlement, duration, ticket) in [
        ("ana", "payments-read", "30m", None),
        ("ana", "build-logs-read", "1h", None),
        ("ana", "ledger-root", "15m", None),
        ("dora", "build-logs-read", "1h", None),
        ("dora", "build-logs-read", "1h", Some("OPS-1")),
        ("nobody", "payments-read", "30m", None),
    ] {
        let ask = SubmitRequest {
            entitlement: entitlement.parse().unwrap(),
            duration: duration.parse().unwrap(),
            justification: "a reason that is nobody else's business".parse().unwrap(),
            ticket: ticket.map(|ticket| ticket.parse().unwrap()),
            starts_at: None,
            extends: None,
            idempotency: None,
            queue: false,
            break_glass: false,
            dry_run: false,
        };
        let caller = Caller {
            principal: who.parse().unwrap(),
            authentication: Authentication::Token,
            source_address: None,
            mfa: false,
            invocation: None,
        };
        let done = submit_request(&world, (&world, &world), &world, &policy, &world, &caller, ask);
        drop(tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(done));
        world.pass(1);
    }
    let mut events: Vec<_> = world.state().events.values().cloned().collect();
    events.sort_by_key(|sealed| (sealed.event.at, sealed.event.stream.clone(), sealed.event.sequence));
    events.iter().map(|sealed| line(&sealed.canonical, sealed.hash.as_str())).collect()
}

fn line(text: &str, hash: &str) -> String {
    format!("{{\"event\":{text},\"hash\":\"{hash}\"}}\n")
}

/// The line that has `word`, changed as its writer would have written it.
fn rewritten(line: &str, is: &str, becomes: &str) -> String {
    let text = line.strip_prefix(r#"{"event":"#).unwrap().rsplit_once(r#","hash":"#).unwrap().0;
    assert!(text.contains(is), "{is}: {text}");
    let text = text.replacen(is, becomes, 1);
    self::line(&text, EventHash::of(text.as_bytes()).as_str())
}

fn place_of(lines: &[String], word: &str) -> usize {
    lines.iter().position(|line| line.contains(word)).unwrap()
}

fn replayed(folder: &Folder, lines: &[String]) -> Said {
    folder.write("export.jsonl", &lines.concat());
    let (export, policies) = (folder.path().join("export.jsonl"), folder.path());
    stint(&["policy", "replay", export.to_str().unwrap(), "--policies", policies.to_str().unwrap()])
}

#[test]
fn by_the_policies_of_then_nothing_is_otherwise() {
    let said = replayed(&Folder::copy(), &export());
    let expected = "not replayed: 1 that were refused without asking policy\n\
                    5 replayed, 0 otherwise, 0 the same by other policies\n";
    assert_eq!((said.code, said.out.as_str()), (0, expected));
}

#[test]
fn a_stricter_and_a_laxer_policy_show_what_they_would_have_changed_and_why() {
    let folder = Folder::copy();
    folder.append(
        "limits.cedar",
        "\n@id(\"no-payments\")\n@reason(\"payments are closed\")\nforbid (principal, action == \
         Stint::Action::\"request\", resource == Stint::Entitlement::\"payments-read\");\n",
    );
    folder.replace("request.cedar", "!context.has_ticket", "false");
    let said = replayed(&folder, &export());
    for part in [
        "2026-11-23T12:00:00.000Z ana payments-read, 30 min, with no ticket (req-",
        "  then needs people: request-by-group (the entitlement's requester groups may ask for it)\n  \
         now refused: no-payments (payments are closed)\n",
        "2026-11-23T12:00:03.000Z dora build-logs-read, 1 h, with no ticket (system-2026-11-23-",
        "  then refused: ticket-for-contractors (contractors need a ticket)\n  now needs people: request-by-group",
        "otherwise: 1 from refused to needs people\notherwise: 1 from needs people to refused\n",
    ] {
        assert!(said.says(part), "{part}: {said:?}");
    }
    assert_eq!((said.code, said.last()), (1, "5 replayed, 2 otherwise, 0 the same by other policies"));
    assert!(!said.says("nobody else's business"), "justifications are not told");
}

#[test]
fn the_hour_the_groups_and_the_catalog_of_the_decision_count_again() {
    for (file, is, becomes, otherwise) in [
        ("auto-approve.cedar", "<= 3600", "<= 3600 && context.hour != 12", 1),
        ("auto-approve.cedar", "<= 3600", "<= 3600 && context.hour != 13", 0),
        ("catalog.toml", "id = \"payments-read\"", "id = \"payments-reading\"", 1),
        ("catalog.toml", "max_duration = \"4h\"", "max_duration = \"29m\"", 1),
        ("catalog.toml", "max_duration = \"4h\"", "max_duration = \"30m\"", 0),
        ("catalog.toml", "requesters = [\"engineers\"]", "requesters = [\"contractors\"]", 1),
        ("auto-approve.cedar", "[\"employee\", \"service\"]", "[\"employee\", \"contractor\"]", 1),
        ("request.cedar", "!(principal has sponsor)", "principal.sponsor == Stint::User::\"ben\"", 1),
        ("request.cedar", "!(principal has sponsor)", "principal.sponsor == Stint::User::\"gita\"", 0),
        ("request.cedar", "!(principal has sponsor)", "principal.contract_end < 1924988400", 0),
        ("request.cedar", "!(principal has sponsor)", "principal.contract_end <= 1924988400", 1),
    ] {
        let folder = Folder::copy();
        folder.replace(file, is, becomes);
        let said = replayed(&folder, &export());
        let last = format!("5 replayed, {otherwise} otherwise, ");
        assert!(
            said.last().starts_with(&last) && said.code == i32::from(otherwise > 0),
            "{becomes}: {said:?}"
        );
    }
}

#[test]
fn the_same_answer_by_another_policy_is_counted_and_is_no_difference() {
    let folder = Folder::copy();
    folder.replace("request.cedar", "@id(\"request-by-group\")", "@id(\"by-group\")");
    let said = replayed(&folder, &export());
    assert_eq!((said.code, said.last()), (0, "5 replayed, 0 otherwise, 3 the same by other policies"));
}

#[test]
fn an_event_without_all_that_policies_are_told_is_counted_and_not_guessed() {
    let mut lines = export();
    let first = place_of(&lines, "payments-read");
    lines[first] = rewritten(&lines[first], r#""has_ticket":false,"#, "");
    let said = replayed(&Folder::copy(), &lines);
    assert!(said.says("not replayed: 1 whose events lack some of what policies are told\n"), "{said:?}");
    assert_eq!((said.code, said.last()), (0, "4 replayed, 0 otherwise, 0 the same by other policies"));
}

#[test]
fn an_export_that_was_tampered_with_or_lacks_an_event_is_not_replayed() {
    let (folder, good) = (Folder::copy(), export());
    let approved = place_of(&good, "request.approved");
    let submitted = place_of(&good, "build-logs-read");
    assert_eq!(approved, submitted + 1);
    let mut edited = good.clone();
    let first = place_of(&good, "payments-read");
    edited[first] = edited[first].replacen("engineers", "engineer", 1);
    assert_ne!(edited, good);
    let mut rehashed = good.clone();
    rehashed[submitted] = rewritten(&good[submitted], "engineers", "engineer");
    let mut cut = good.clone();
    cut.last_mut().unwrap().truncate(100);
    for bad in [edited, rehashed, cut, vec!["{}\n".to_owned()], [&good[..], &good[..1]].concat()] {
        let said = replayed(&folder, &bad);
        assert_eq!((said.code, said.out.as_str()), (3, ""), "nothing of it is told");
    }
    let mut begun = good.clone();
    begun.remove(submitted);
    let said = replayed(&folder, &begun);
    assert!(
        said.code == 0 && said.says("not replayed: 1 that were made before the export begins"),
        "{said:?}"
    );
    assert_eq!(stint(&["policy", "replay", "/nowhere.jsonl"]).code, 2);
}
