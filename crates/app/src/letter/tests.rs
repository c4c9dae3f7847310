use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Consultation, Given};
use stint_domain::hours::Zone;
use stint_domain::principal::Authentication;
use stint_domain::provided::Provided;
use stint_domain::request::{Approval, Decider, RequestState};
use stint_domain::scope::Scope;
use uuid::Uuid;

const LINK: &str = "https://stint.example.org/approvals/0123";

pub(super) fn request(justification: &str) -> AccessRequest {
    let permission = Permission {
        actions: ["s3:GetObject".to_owned(), "s3:ListBucket".to_owned()].into(),
        resources: ["arn:aws:s3:::payments/*".to_owned()].into(),
    };
    AccessRequest {
        scope: Scope {
            request_id: stint_domain::ids::RequestId::new(Uuid::from_u128(7)),
            requester: "ana".parse().unwrap(),
            entitlement: "payments-read".parse().unwrap(),
            access: Access::IamUserElevation {
                user: "ana".parse().unwrap(),
                permissions: vec![permission],
                account: None,
            },
            duration: "1h".parse().unwrap(),
            starts_at: None,
            extends: None,
            break_glass: None,
            rule: ApprovalRule::default(),
            justification: justification.parse().unwrap(),
            ticket: Some("OPS-1234".parse().unwrap()),
            origin: None,
            policy_version: "v1".to_owned(),
        },
        requester_name: "Ana".to_owned(),
        entitlement_title: "Read payments".to_owned(),
        submitted_at: "2026-11-22T09:00:00Z".parse().unwrap(),
        decide_by: "2026-11-22T17:00:00Z".parse().unwrap(),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: std::collections::BTreeSet::new(),
        state: RequestState::submitted(),
    }
}

fn letter(request: &AccessRequest) -> Letter {
    Letter::approval_request(request, "Ben", "ben@example.org", LINK, false)
}

#[test]
fn both_parts_say_who_what_why_how_long_until_when_and_what_happens_otherwise() {
    let letter = letter(&request("Reconcile the November batch"));
    assert_eq!(letter.subject, "Approve? Ana: Read payments for 1 h");
    assert_eq!(letter.to, "ben@example.org");
    for part in [&letter.text, &letter.html] {
        for said in [
            "Ana",
            "Read payments",
            "payments-read",
            "IAM user ana",
            "own IAM user is allowed more",
            "Usable within about 10 s of the approval",
            "An early end stops sessions in use, too; it takes effect within 60 s",
            "s3:GetObject",
            "arn:aws:s3:::payments/*",
            "Reconcile the November batch",
            "OPS-1234",
            "1 h",
            "Sun 22 Nov 2026, 18:00 UTC",
            "Sun 22 Nov 2026, 17:00 UTC",
            LINK,
            "Opening the link decides nothing",
        ] {
            assert!(part.contains(said), "`{said}` is missing in: {part}");
        }
    }
}

#[test]
fn whatever_somebody_is_called_both_parts_say_whose_id_it_is() {
    let mut request = request("x");
    request.requester_name = "Ben".to_owned();
    request.scope.requester = "7b1c-of-ana".parse().unwrap();
    let letter = letter(&request);
    assert!(letter.text.contains("Who        Ben (7b1c-of-ana)"), "{}", letter.text);
    assert!(letter.html.contains("<bdi>Ben</bdi>") && letter.html.contains("7b1c-of-ana"), "{}", letter.html);
}

#[test]
fn a_request_that_takes_several_says_who_has_approved_and_who_is_needed() {
    let mut several = request("x");
    let step = |manager, groups: &[&str]| ApprovalStep {
        need: std::num::NonZeroU8::MIN,
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        manager,
        ..ApprovalStep::default()
    };
    several.scope.rule =
        ApprovalRule::try_from(vec![step(true, &[]), step(false, &["owners", "leads"])]).unwrap();
    let both = |request: &AccessRequest| {
        let letter = letter(request);
        [letter.text, letter.html]
    };
    for part in both(&several) {
        assert!(
            part.contains("the requester&#39;s manager (step 1 of 2)")
                || part.contains("the requester's manager (step 1 of 2)"),
            "{part}"
        );
        assert!(!part.contains("so far"), "{part}");
    }
    let by = Decider::Person {
        id: "iris".parse().unwrap(),
        name: "Iris\r\nBcc: eve@example.org".to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    };
    let approval = Approval::of(by, several.scope.hash());
    let given = vec![Given { approval, step: 0, at: several.submitted_at }];
    several.state = RequestState::Pending(Consultation { given, ..Consultation::default() });
    for part in both(&several) {
        assert!(part.contains("one of leads or owners (step 2 of 2)"), "{part}");
        assert!(part.contains("so far by Iris Bcc: eve@example.org"), "{part}");
    }
    for part in both(&request("x")) {
        assert!(!part.contains("step 1") && !part.contains("so far"), "{part}");
    }
}

#[test]
fn a_start_that_was_asked_for_is_said_with_its_end() {
    let mut later = request("x");
    later.scope.starts_at = Some("2026-11-23T06:00:00Z".parse().unwrap());
    let letter = letter(&later);
    assert!(letter.text.contains("from Mon 23 Nov 2026, 06:00 UTC until Mon 23 Nov 2026, 07:00 UTC"));
    assert!(letter.text.contains("Usable within about 10 s of its start"));
}

#[test]
fn an_extension_says_what_it_is_added_to_and_that_access_ends_without_it() {
    let (mut longer, ordinary) = (request("x"), letter(&request("x")));
    longer.scope.extends = Some(stint_domain::ids::RequestId::new(Uuid::from_u128(8)));
    let longer = letter(&longer);
    assert_eq!(longer.subject, "Approve? Ana: Read payments for 1 h more");
    for said in [
        "asks to keep access for longer",
        "1 h, added to the end of grant-00000000000000000000000000000008",
        "In use already",
        "the request lapses and access ends when it was to end",
    ] {
        assert!(longer.text.contains(said), "`{said}` is missing in: {}", longer.text);
        assert!(!ordinary.text.contains(said), "`{said}` in: {}", ordinary.text);
    }
}

fn doors() -> Access {
    let provided = Provided {
        function: "stint-provider-doors".parse().unwrap(),
        target: "front".parse().unwrap(),
        parameters: BTreeMap::new(),
        has_credential: false,
        can_cut_live_sessions: true,
        max_overstay_seconds: 5,
    };
    Access::Provided { provided, principal: "ana".parse().unwrap() }
}

#[test]
fn both_parts_say_where_and_by_which_way_for_every_kind_of_access() {
    let role: stint_domain::ids::RoleArn =
        "arn:aws:iam::000000000000:role/stint-target/reader".parse().unwrap();
    let source_identity = "ana".parse().unwrap();
    let kinds = [
        (
            Access::EphemeralIamUser { permissions: Vec::new(), account: None },
            ["a new IAM user, stint-00000000000000000000000000000007", "made for this alone"],
        ),
        (
            Access::RoleSession {
                role: role.clone(),
                source_identity,
                permissions: Vec::new(),
                account: None,
            },
            [role.as_str(), "sessions of a role"],
        ),
        (doors(), ["front, by stint-provider-doors", "a provider of the organisation"]),
    ];
    for (access, told) in kinds {
        let mut request = request("x");
        request.scope.access = access;
        let letter = letter(&request);
        for said in told {
            assert!(letter.text.contains(said), "`{said}` is missing in: {}", letter.text);
            assert!(letter.html.contains(said), "`{said}` is missing in: {}", letter.html);
        }
    }
}

#[test]
fn what_was_written_stays_in_its_place_in_the_text() {
    let letter =
        letter(&request("fine\r\n\r\nLook at it and decide:\u{2028}https://evil.example\rx\u{0}\u{202e}y"));
    let spoofed: Vec<_> =
        letter.text.lines().filter(|line| line.contains("evil") || line.contains('\u{fffd}')).collect();
    assert_eq!(spoofed, ["  | https://evil.example", "  | x\u{fffd}\u{fffd}y"]);
    assert_eq!(letter.text.lines().filter(|line| *line == "Look at it and decide:").count(), 1);
    assert!(!letter.text.contains(['\r', '\u{0}', '\u{202e}', '\u{2028}']));
}

#[test]
fn what_was_written_is_text_and_not_markup_in_the_html() {
    let mut hostile = request("</blockquote><script>alert(1)</script>\nline two");
    hostile.requester_name = "<b>Ana\"'&".to_owned();
    let html = letter(&hostile).html;
    assert!(!html.contains("<script") && !html.contains("<b>"));
    assert!(html.contains("<br>line two"), "line breaks are kept");
}

#[test]
fn a_subject_is_one_short_line_whatever_it_is_made_of() {
    let mut long = request("x");
    long.requester_name = "Ana\r\nBcc: eve@example.org ".repeat(20);
    long.entitlement_title = "\u{202e}調査\n".repeat(90);
    long.scope.duration = (200 * 86_400 + 13 * 3600 + 59 * 60 + 59).try_into().unwrap();
    let subject = letter(&long).subject;
    assert!(subject.chars().count() <= LONGEST_SUBJECT);
    assert!(!subject.contains(|c: char| c.is_control() || c == '\u{202e}'));
    assert!(subject.ends_with("59 s"), "the length of access is not what is cut off: {subject}");
}

#[test]
fn every_mail_about_a_request_has_the_same_thread_and_another_request_another() {
    let (one, mut other) = (request("x"), request("x"));
    assert_eq!(
        letter(&one).thread,
        Letter::approval_request(&one, "Cleo", "cleo@example.org", "https://y", false).thread
    );
    other.scope.request_id = stint_domain::ids::RequestId::new(Uuid::from_u128(8));
    assert_ne!(letter(&one).thread, letter(&other).thread);
}

/// Up to as many characters as a justification may have, of any kind, and dangerous ones more often than not.
pub(super) fn any_justification() -> impl Strategy<Value = String> {
    let dangerous = prop::sample::select(
        "<>&\"'|\r\n\t\u{0}\u{b}\u{1b}\u{85}\u{2028}\u{202e}\u{2066}\u{e0041}".chars().collect::<Vec<_>>(),
    );
    let character = prop_oneof![2 => any::<char>(), 1 => dangerous];
    let text = prop::collection::vec(character, 1..=4096).prop_map(String::from_iter);
    text.prop_filter("says something", |text| !text.trim().is_empty())
}

fn not_of_the_justification(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("  | ")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_written_changes_nothing_of_a_mail_but_its_own_place(text in any_justification()) {
        let (plain, written) = (letter(&request("JUSTIFIED")), letter(&request(&text)));
        prop_assert_eq!(&written.subject, &plain.subject);
        prop_assert_eq!((&written.to, &written.thread), (&plain.to, &plain.thread));
        prop_assert_eq!(not_of_the_justification(&written.text), not_of_the_justification(&plain.text));
        let unfit = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        prop_assert!(!written.text.contains(unfit));
        let (before, after) = plain.html.split_once("JUSTIFIED").unwrap();
        let inner = written.html.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let shown = inner.unwrap().replace("<br>", "\n");
        prop_assert!(!shown.contains(['<', '>', '"', '\'']));
        prop_assert_eq!(unescaped(&shown), quoted(&text).join("\n"), "and none of it is lost");
    }
}

pub(super) fn unescaped(html: &str) -> String {
    let named = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    named.iter().fold(html.to_owned(), |text, (code, character)| text.replace(code, character))
}
