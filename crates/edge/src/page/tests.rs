use super::*;
use axum::response::IntoResponse as _;
use base64::Engine as _;
use proptest::prelude::*;
use sha2::Digest as _;
use stint_app::letter::plain::quoted;
use stint_domain::access::Access;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Consultation, Given};
use stint_domain::entitlement::Permission;
use stint_domain::grant::{Dating, EndedBy, GrantState, Proof};
use stint_domain::hours::Zone;
use stint_domain::ids::{RequestId, RoleArn};
use stint_domain::principal::Authentication;
use stint_domain::request::{Approval, Decider};
use stint_domain::scope::Scope;
use stint_domain::transition::LapseReason;
use stint_domain::window::Window;
use uuid::Uuid;

fn at(text: &str) -> Timestamp {
    format!("2026-11-22T{text}Z").parse().unwrap()
}

fn bens_id() -> PrincipalId {
    "ben".parse().unwrap()
}

fn request() -> AccessRequest {
    let permission = |actions: &[&str], resources: &[&str]| Permission {
        actions: actions.iter().map(ToString::to_string).collect(),
        resources: resources.iter().map(ToString::to_string).collect(),
    };
    let permissions = vec![
        permission(
            &["s3:GetObject", "s3:GetObjectVersion"],
            &["arn:aws:s3:::example-payments/settlements/*"],
        ),
        permission(&["s3:ListBucket"], &["arn:aws:s3:::example-payments"]),
    ];
    AccessRequest {
        scope: Scope {
            request_id: RequestId::new(Uuid::from_u128(0x019a_b000_0000_7000_8000_0000_0000_0001)),
            requester: "ana".parse().unwrap(),
            entitlement: "payments-read".parse().unwrap(),
            access: Access::IamUserElevation { user: "ana".parse().unwrap(), permissions, account: None },
            duration: "1h".parse().unwrap(),
            starts_at: None,
            extends: None,
            break_glass: None,
 rule: ApprovalRule::default(),
            justification: "The November batch does not add up.\n\n- compare settlements with the ledger\n- report to finance".parse().unwrap(),
            ticket: Some("OPS-1234".parse().unwrap()),
            origin: None,
            policy_version: "v1".to_owned(),
        },
        requester_name: "Ana".to_owned(),
        entitlement_title: "Read payments".to_owned(),
        submitted_at: at("09:00:00"),
        decide_by: at("17:00:00"),
        zone: Zone::UTC,
        review: stint_domain::review::Review::default(),
        untold: std::collections::BTreeSet::new(),
        state: RequestState::submitted(),
    }
}

fn ben() -> Decider {
    Decider::Person {
        id: "ben".parse().unwrap(),
        name: "Ben".to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    }
}

fn in_state(state: RequestState) -> AccessRequest {
    AccessRequest { state, ..request() }
}

fn approved(grant: GrantState) -> AccessRequest {
    let comment = Some("Fine.\nMind the <b>EU</b> data.".parse().unwrap());
    let approval = Approval { comment, ..Approval::of(ben(), request().scope.hash()) };
    in_state(RequestState::Approved {
        approval: approval.into(),
        earlier: Vec::new(),
        turns: Vec::new(),
        approved_at: at("10:00:00"),
        grant,
    })
}

/// The manager's yes was needed first, and two of a group's then, of which Ben has given one.
fn half_approved() -> AccessRequest {
    let step = |need: u8, groups: &[&str], manager| ApprovalStep {
        need: need.try_into().unwrap(),
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        manager,
        ..ApprovalStep::default()
    };
    let steps = vec![step(1, &[], true), step(2, &["security-officers"], false)];
    let iris = Decider::Person {
        id: "iris".parse().unwrap(),
        name: "Iris\n<i>of payments</i>".to_owned(),
        authentication: Authentication::MailLink,
        origin: None,
    };
    let given =
        |(step, by)| Given { approval: Approval::of(by, request().scope.hash()), step, at: at("09:30:00") };
    let given = [(0, iris), (1, ben())].map(given).into();
    let consultation =
        Consultation { notified: [bens_id()].into(), asked: 1, given, ..Consultation::default() };
    let rule = ApprovalRule::try_from(steps).unwrap();
    let request = in_state(RequestState::Pending(consultation));
    AccessRequest { scope: Scope { rule, ..request.scope.clone() }, ..request }
}

fn nonce() -> Nonce {
    crate::csrf::FormGuard::new("https://stint.example.org").nonce(&http::HeaderMap::new(), [7; 32])
}

fn question(request: &AccessRequest) -> Page {
    view(request, (&bens_id(), "Ben"), &nonce(), at("10:00:00"))
}

fn outcomes() -> Vec<(&'static str, Page, &'static [&'static str])> {
    let active = Window::opening(at("10:00:00"), "1h".parse().unwrap()).unwrap();
    let active = GrantState::Active {
        window: active,
        activated_at: at("10:00:02"),
        settles_at: at("10:00:02"),
        dating: Dating::Done,
        altered: None,
        extended_by: std::collections::BTreeSet::new(),
    };
    let ended =
        GrantState::Ended { ended_by: EndedBy::Returned, at: at("10:20:00"), proof: Proof::NeverActivated };
    let forced = GrantState::Ended {
        ended_by: EndedBy::Forced,
        at: at("10:30:00"),
        proof: Proof::Forced {
            window: Window::opening(at("10:00:00"), "1h".parse().unwrap()).unwrap(),
            error: "the target did not answer".to_owned(),
            comment: "the account is closed".parse().unwrap(),
        },
    };
    let denied = RequestState::Denied { by: ben(), comment: None, at: at("10:00:00") };
    let lapsed = RequestState::Lapsed { because: LapseReason::NobodyDecidedInTime, at: at("17:00:00") };
    vec![
        (
            "approved",
            settled(&approved(active)),
            &["Approved", "Ben", "10:00 UTC", "until Sun 22 Nov 2026, 11:00 UTC"],
        ),
        ("ended", settled(&approved(ended)), &["Approved", "was given back at Sun 22 Nov 2026, 10:20 UTC"]),
        ("forced", settled(&approved(forced)), &["Approved", "without proof that nothing is left"]),
        (
            "done",
            done(&approved(GrantState::Scheduled)),
            &["Your decision has been recorded", "is about to be given"],
        ),
        (
            "half-approved",
            done(&half_approved()),
            &[
                "Your decision has been recorded",
                "others are still to decide",
                "Iris &#60;i&#62;of payments&#60;/i&#62;, Ben",
                "one more of security-officers (step 2 of 2)",
                "17:00 UTC",
            ],
        ),
        (
            "half-approved-again",
            view(&half_approved(), (&bens_id(), "Ben"), &nonce(), at("10:00:00")),
            &["You have approved this", "one more of security-officers"],
        ),
        (
            "half-approved-too-late",
            view(&half_approved(), (&bens_id(), "Ben"), &nonce(), at("17:00:00")),
            &["too late", "17:00 UTC"],
        ),
        ("denied", settled(&in_state(denied)), &["Denied", "Ben", "10:00 UTC"]),
        (
            "cancelled",
            settled(&in_state(RequestState::Cancelled { at: at("09:30:00") })),
            &["Withdrawn", "Ana", "09:30"],
        ),
        ("lapsed", settled(&in_state(lapsed)), &["Lapsed", "Nobody decided in time", "17:00 UTC"]),
        (
            "too-late",
            view(&request(), (&bens_id(), "Ben"), &nonce(), at("17:00:00")),
            &["too late", "17:00 UTC"],
        ),
    ]
}

fn messages() -> Vec<(&'static str, Page, StatusCode)> {
    vec![
        ("unknown", unknown(), StatusCode::NOT_FOUND),
        ("refused-self", refused(NotAllowed::SelfApproval), StatusCode::FORBIDDEN),
        ("refused", refused(NotAllowed::NotEligible), StatusCode::FORBIDDEN),
        ("refused-requester", refused(NotAllowed::RequesterIneligible), StatusCode::FORBIDDEN),
        ("refused-not-asked", refused(NotAllowed::NotAsked), StatusCode::FORBIDDEN),
        ("forged", forged(), StatusCode::FORBIDDEN),
        (
            "invalid",
            invalid(&"".parse::<stint_domain::justification::Comment>().unwrap_err()),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        ("unavailable", unavailable(), StatusCode::SERVICE_UNAVAILABLE),
    ]
}

#[test]
fn a_question_to_one_of_several_promises_no_access_for_this_one_yes() {
    let said = |request: &AccessRequest| {
        let page = view(request, (&"hugo".parse().unwrap(), "Hugo"), &nonce(), at("10:00:00"));
        page.html().contains("from the last approval, so until Sun 22 Nov 2026, 18:00 UTC at the latest")
    };
    let mut several = half_approved();
    assert!(!said(&several), "one more, and that is Hugo's");
    if let RequestState::Pending(consultation) = &mut several.state {
        consultation.given.truncate(1);
    }
    assert!(said(&several));
}

#[test]
fn an_open_question_says_who_what_why_how_long_and_what_happens_otherwise() {
    let page = question(&request());
    for said in [
        "Ana",
        "Read payments",
        "payments-read",
        "IAM user ana",
        "own IAM user is allowed more",
        "Usable within about 10 s of the approval",
        "An early end stops sessions in use, too; it takes effect within 60 s",
        "1 h",
        "until Sun 22 Nov 2026, 11:00 UTC",
        "s3:ListBucket",
        "arn:aws:s3:::example-payments/settlements/*",
        "add up.\n\n- compare",
        "OPS-1234",
        "lapses at Sun 22 Nov 2026, 17:00 UTC",
        "Ben",
        nonce().reveal(),
        r#"value="approve""#,
        r#"value="deny""#,
    ] {
        assert!(page.html().contains(said), "`{said}` is missing");
    }
    assert_eq!(page.status(), StatusCode::OK);
}

#[test]
fn whatever_somebody_is_called_the_question_says_whose_id_it_is() {
    let mut request = request();
    request.requester_name = "Ben".to_owned();
    request.scope.requester = "7b1c-of-ana".parse().unwrap();
    let page = question(&request);
    assert!(
        page.html().contains(r#"<bdi>Ben</bdi> <span class="soft">7b1c-of-ana</span>"#),
        "{}",
        page.html()
    );
}

#[test]
fn a_start_that_was_asked_for_is_shown_until_it_has_passed() {
    let mut later = request();
    later.scope.starts_at = Some(at("12:00:00"));
    let page = question(&later);
    assert!(page.html().contains("from Sun 22 Nov 2026, 12:00 UTC until Sun 22 Nov 2026, 13:00 UTC"));
    assert!(page.html().contains("Usable within about 10 s of its start"));
    later.scope.starts_at = Some(at("09:59:59"));
    let page = question(&later);
    assert!(page.html().contains("if you approve now, until Sun 22 Nov 2026, 11:00 UTC"));
    assert!(page.html().contains("Usable within about 10 s of the approval"));
}

#[test]
fn a_question_says_where_and_by_which_way_for_every_kind_of_access() {
    let role: RoleArn = "arn:aws:iam::000000000000:role/stint-target/reader".parse().unwrap();
    let source_identity = "ana".parse().unwrap();
    let mut asked = request();
    asked.scope.access = Access::EphemeralIamUser { permissions: Vec::new(), account: None };
    let name = asked.scope.request_id.grant_id().artefact_name();
    let page = question(&asked);
    assert!(page.html().contains(&name) && page.html().contains("made for this alone"));
    asked.scope.access =
        Access::RoleSession { role: role.clone(), source_identity, permissions: Vec::new(), account: None };
    let page = question(&asked);
    assert!(page.html().contains(role.as_str()) && page.html().contains("sessions of a role"));
}

#[test]
fn what_was_decided_is_said_and_cannot_be_decided_again() {
    for (name, page, said) in outcomes() {
        said.iter().for_each(|said| assert!(page.html().contains(said), "{name}: `{said}` is missing"));
        assert!(!page.html().contains("<form") && !page.html().contains("<button"), "{name}");
    }
    assert!(question(&request()).html().contains("<form"), "while it is open it can");
}

#[test]
fn messages_have_a_status_and_no_form() {
    for (name, page, status) in messages() {
        assert_eq!(page.status(), status, "{name}");
        assert!(!page.html().contains("<form"), "{name}");
    }
}

#[test]
fn what_was_written_is_text_in_the_page() {
    let mut hostile = request();
    hostile.scope.justification = "</blockquote><script>alert(1)</script>\u{202e}\u{0}".parse().unwrap();
    hostile.requester_name = "<img src=x>\"'&".to_owned();
    hostile.entitlement_title = "</title><h1>".to_owned();
    let html = question(&hostile).html().to_owned();
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("</title><h1>"));
    assert!(!html.contains(['\u{202e}', '\u{0}']));
    assert!(
        settled(&approved(GrantState::Scheduled)).html().contains("Fine.\nMind the &#60;b&#62;EU"),
        "comments, too"
    );
}

proptest::proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_written_changes_nothing_of_a_page_but_its_own_place(
        text in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select(vec!['<', '"', '\'', '&', '\r', '\n', '\u{202e}'])], 1..=4096)
    ) {
        let text = String::from_iter(text);
        prop_assume!(!text.trim().is_empty());
        let with = |text: &str| {
            let mut request = request();
            request.scope.justification = text.parse().unwrap();
            question(&request).html().to_owned()
        };
        let (plain, written) = (with("JUSTIFIED"), with(&text));
        let (before, after) = plain.split_once("JUSTIFIED").unwrap();
        let shown = written.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).unwrap();
        let unfit = |c: char| "<>\"'\u{202e}".contains(c) || (c.is_control() && c != '\n');
        prop_assert!(!shown.contains(unfit));
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        prop_assert_eq!(letters(shown), letters(&quoted(&text).join("\n")), "and none of it is lost");
    }
}

#[test]
fn a_page_keeps_itself_and_its_address_to_itself() {
    let response = question(&request()).into_response();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let policy = header("content-security-policy");
    for directive in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.split("; ").any(|found| found == directive), "{directive}");
    }
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("x-robots-tag"), "noindex");
}

#[test]
fn the_one_style_of_a_page_is_the_one_that_its_policy_allows() {
    let page = question(&request());
    let style = page.html().split_once("<style>").unwrap().1.split_once("</style>").unwrap().0.to_owned();
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&style));
    let policy = page.into_response().headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")));
    let all = outcomes()
        .into_iter()
        .map(|(_, page, _)| page)
        .chain(messages().into_iter().map(|(_, page, _)| page));
    for page in all.chain([question(&request())]) {
        assert!(
            !page.html().contains("style=")
                && !page.html().contains("<script")
                && !page.html().contains("http")
        );
    }
}

/// `STINT_PAGES=<folder> cargo test -p stint-edge pages_can_be_looked_at -- --ignored`
#[test]
#[ignore = "writes files to look at"]
fn pages_can_be_looked_at() {
    let folder = std::path::PathBuf::from(std::env::var_os("STINT_PAGES").unwrap());
    let outcomes = outcomes().into_iter().map(|(name, page, _)| (name, page));
    let messages = messages().into_iter().map(|(name, page, _)| (name, page));
    let others = view(&half_approved(), (&"hugo".parse().unwrap(), "Hugo"), &nonce(), at("10:00:00"));
    let questions = [("question", question(&request())), ("question-to-the-last", others)];
    for (name, page) in outcomes.chain(messages).chain(questions) {
        std::fs::write(folder.join(format!("{name}.html")), page.html()).unwrap();
    }
    let link = "https://stint.example.org/approvals/0000000000000000000000000000000000000000000000000000000000000000";
    let letter =
        stint_app::letter::Letter::approval_request(&half_approved(), "Ben", "ben@example.org", link, false);
    std::fs::write(folder.join("mail.html"), letter.html).unwrap();
    std::fs::write(folder.join("mail.txt"), format!("Subject: {}\n\n{}", letter.subject, letter.text))
        .unwrap();
}
