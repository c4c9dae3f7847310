use super::*;
use crate::letter::tests::{any_justification, request, unescaped};
use proptest::prelude::*;
use stint_domain::approval::Given;
use stint_domain::principal::Authentication;
use stint_domain::request::{Approval, Decider};

fn person(name: &str) -> Decider {
    let id = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).take(9).collect::<String>();
    Decider::Person {
        id: format!("x{id}").parse().unwrap(),
        name: name.to_owned(),
        authentication: Authentication::Token,
        origin: None,
    }
}

fn at() -> Timestamp {
    "2026-11-22T09:05:59Z".parse().unwrap()
}

fn denied(by: &str) -> RequestState {
    RequestState::Denied { by: person(by), comment: None, at: at() }
}

fn approved(request: &AccessRequest, by: [&str; 2]) -> RequestState {
    let [first, last] = by.map(|name| Approval::of(person(name), request.scope.hash()));
    RequestState::Approved {
        approval: Box::new(last),
        earlier: vec![Given { approval: first, step: 0, at: at() }],
        turns: Vec::new(),
        approved_at: at(),
        grant: stint_domain::grant::GrantState::Scheduled,
    }
}

fn letter(state: impl FnOnce(&AccessRequest) -> RequestState) -> Letter {
    let request = request("Reconcile the November batch");
    let state = state(&request);
    of(&AccessRequest { state, ..request })
}

fn of(request: &AccessRequest) -> Letter {
    Settled::of(request).unwrap().letter("Cleo", "cleo@example.org")
}

#[test]
fn both_parts_say_how_it_was_settled_by_whom_and_when_and_that_nothing_is_left_to_do() {
    let lapsed = |because| move |_: &AccessRequest| RequestState::Lapsed { because, at: at() };
    let told = [
        (letter(|request| approved(request, ["Ben", "Iris"])), "Approved", "approved by Ben, Iris"),
        (letter(|_| denied("Ben")), "Denied", "denied by Ben"),
        (letter(|_| RequestState::Cancelled { at: at() }), "Withdrawn", "withdrawn by Ana"),
        (letter(lapsed(LapseReason::NobodyDecidedInTime)), "Lapsed", "lapsed: it was not decided in time"),
        (letter(lapsed(LapseReason::NobodyMayDecide)), "Lapsed", "nobody who may decide it"),
        (letter(lapsed(LapseReason::TooFewMayDecide)), "Lapsed", "too few who may decide it"),
        (letter(lapsed(LapseReason::WorkflowEnded)), "Lapsed", "its workflow has ended"),
    ];
    for (letter, word, outcome) in told {
        assert_eq!(letter.subject, format!("{word}: Ana: Read payments for 1 h"));
        assert_eq!(letter.to, "cleo@example.org");
        for part in [&letter.text, &letter.html] {
            let said = ["Hello", "Cleo", "Ana", "Read payments", "payments-read", "1 h", outcome];
            let also = ["Sun 22 Nov 2026, 09:05 UTC", "nothing left for you to do", &letter.thread];
            for said in said.iter().chain(&also) {
                assert!(part.contains(said), "`{said}` is missing in: {part}");
            }
        }
    }
}

#[test]
fn it_has_no_link_and_no_button() {
    let Letter { text, html, .. } = letter(|_| denied("Ben"));
    for acts in ["://", "/approvals/", "<a ", "href", "<form", "<button"] {
        assert!(!text.contains(acts) && !html.contains(acts), "{acts}");
    }
}

#[test]
fn it_is_in_the_thread_of_the_mail_that_asked() {
    let asked = Letter::approval_request(&request("x"), "Cleo", "cleo@example.org", "https://x", false);
    assert_eq!(letter(|_| denied("Ben")).thread, asked.thread);
    assert!(!asked.thread.is_empty());
}

#[test]
fn what_is_not_settled_is_not_said_to_be() {
    assert!(Settled::of(&request("x")).is_none());
    assert!(Settled::of(&AccessRequest { state: denied("Ben"), ..request("x") }).is_some());
}

#[test]
fn of_what_was_shortened_it_says_what_is_left_and_of_an_extension_that_it_is_more() {
    let mut longer = request("x");
    longer.scope.extends = Some(stint_domain::ids::RequestId::new(uuid::Uuid::from_u128(8)));
    longer.state = approved(&longer, ["Ben", "Iris"]);
    let RequestState::Approved { approval, .. } = &mut longer.state else { panic!() };
    approval.narrowing.duration = Some("15m".parse().unwrap());
    let letter = of(&longer);
    assert_eq!(letter.subject, "Approved: Ana: Read payments for 15 min more");
    assert!(letter.text.contains("How long   15 min more"), "{}", letter.text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_written_is_not_in_it(text in any_justification()) {
        let told = |text: &str| of(&AccessRequest { state: denied("Ben"), ..request(text) });
        let (plain, written) = (told("JUSTIFIED"), told(&text));
        prop_assert_eq!(written.subject, plain.subject);
        prop_assert_eq!(written.text, plain.text);
        prop_assert_eq!(written.html, plain.html);
    }

    /// Names are whatever the directory has.
    #[test]
    fn whatever_somebody_is_called_stays_on_its_line(name in any_justification()) {
        let told = |name: &str| of(&AccessRequest { state: denied(name), ..request("x") });
        let (plain, written) = (told("NAMED"), told(&name));
        prop_assert_eq!(&written.subject, &plain.subject);
        prop_assert_eq!(written.text.lines().count(), plain.text.lines().count());
        let unfit = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        prop_assert!(!written.text.contains(unfit));
        let (before, after) = plain.html.split_once("NAMED").unwrap();
        let inner = written.html.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap();
        prop_assert!(!inner.contains(['<', '>', '"', '\'']));
        prop_assert_eq!(unescaped(inner), one_line(&name, 40));
    }
}
