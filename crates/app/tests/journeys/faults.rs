//! A failure at every mutating call of whole lifecycles of every kind of access, in every mode; and then in pairs, by
//! seed.
//!
//! The oracle looks at the target, at what is in circulation and at the audit, not at what the use cases said.

use crate::engine::{At, Stage, invoke, start};
use stint_app::decide_request::Verdict;
use stint_app::submit_request::SubmitRequest;
use stint_domain::audit::verify;
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::request::RequestState;
use stint_domain::review::Finding;
use stint_test_support::world::{Fault, Mode};

/// How a lifecycle ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Expires,
    Returned,
    Revoked,
    Denied,
    /// By as long again, and then it expires.
    Extended,
    /// The same, and then it is given back.
    ExtendedAndReturned,
    /// Nobody was asked; it is given back, and reviewed.
    Reviewed,
}

impl Ending {
    const fn extended(self) -> bool {
        matches!(self, Self::Extended | Self::ExtendedAndReturned)
    }
}

/// One of each kind of access.
const KINDS: [&str; 3] = ["payments-read", "payments-repair", "incident-read"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Journey {
    entitlement: &'static str,
    ending: Ending,
}

/// Every kind with each of the endings.
fn each_kind(endings: &[Ending]) -> Vec<Journey> {
    let of = |entitlement| endings.iter().map(move |&ending| Journey { entitlement, ending });
    KINDS.into_iter().flat_map(of).collect()
}

fn plain() -> Vec<Journey> {
    each_kind(&[Ending::Expires, Ending::Returned, Ending::Revoked])
}

fn extensions() -> Vec<Journey> {
    each_kind(&[Ending::Extended, Ending::ExtendedAndReturned])
}

/// Those in which it matters who is asked, and who hears of it.
fn decisions() -> Vec<Journey> {
    [
        ("payments-read", Ending::Denied),
        ("ledger-repair", Ending::Denied),
        ("payments-export", Ending::Expires),
        ("ledger-repair", Ending::Returned),
        ("payments-repair", Ending::Reviewed),
    ]
    .map(|(entitlement, ending)| Journey { entitlement, ending })
    .to_vec()
}

/// Who decides, one after the other.
fn deciders(journey: Journey) -> &'static [&'static str] {
    match journey.entitlement {
        "payments-export" => &["iris@example.com", "ben@example.com"],
        "ledger-repair" if journey.ending == Ending::Denied => &["hugo@example.com"],
        "ledger-repair" => &["hugo@example.com", "gita@example.com"],
        _ => &["ben@example.com"],
    }
}

/// Whoever calls tries again, as people and SDKs do.
fn patiently<T, E>(call: impl Fn() -> Option<Result<T, E>>) -> Option<T> {
    (0..3).find_map(|_| call().and_then(Result::ok))
}

/// One lifecycle, until quiescence.
fn live(stage: &Stage, journey: Journey) -> Option<RequestId> {
    if journey.ending == Ending::Reviewed {
        return emergency(stage, journey.entitlement);
    }
    let ask = || Stage::ask(journey.entitlement, "30m");
    let id = patiently(|| invoke(stage.submit("ana", ask())))?.scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    let verdict = if journey.ending == Ending::Denied { Verdict::Deny } else { Verdict::Approve };
    for decider in deciders(journey) {
        stage.sweep("a");
        stage.world.pass(20);
        stage.sweep("b");
        stage.run(id, &mut at);
        let mailed = stage.world.state().inbox.iter().any(|mail| mail.to == *decider);
        let who = decider.trim_end_matches("@example.com");
        let _ = mailed.then(|| match journey.entitlement {
            "ledger-repair" => patiently(|| invoke(stage.decide(who, id, verdict))),
            _ => patiently(|| invoke(stage.click(decider, verdict))),
        });
        stage.run(id, &mut at);
    }
    let _ = patiently(|| invoke(stage.reveal("ana", id)));
    let extension = journey.ending.extended().then(|| extend(stage, journey, id)).flatten();
    let _ = match journey.ending {
        Ending::Returned | Ending::ExtendedAndReturned => {
            patiently(|| invoke(stage.give_back("ana", id))).map(drop)
        }
        Ending::Revoked => patiently(|| invoke(stage.revoke("ben", id))).map(drop),
        Ending::Expires | Ending::Denied | Ending::Extended | Ending::Reviewed => None,
    };
    stage.expire_as_asked();
    stays_over(stage, id);
    stage.settle(id, &mut at);
    if let Some((id, mut at)) = extension {
        stage.settle(id, &mut at);
    }
    Some(id)
}

/// Somebody has it at once, gives it back, and somebody else looks at that.
fn emergency(stage: &Stage, entitlement: &str) -> Option<RequestId> {
    let ask = || SubmitRequest { break_glass: true, ..Stage::ask(entitlement, "30m") };
    let id = patiently(|| invoke(stage.submit("eva", ask())))?.scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    let _ = patiently(|| invoke(stage.reveal("eva", id)));
    let _ = patiently(|| invoke(stage.give_back("eva", id)));
    stage.expire_as_asked();
    stays_over(stage, id);
    stage.settle(id, &mut at);
    let mailed = ["gita", "hugo"].map(|who| format!("{who}@example.com"));
    let inbox = stage.world.state().inbox.clone();
    assert!(mailed.iter().all(|to| inbox.iter().any(|mail| mail.to == *to)), "nobody told {mailed:?}");
    let review = || invoke(stage.review("gita", id, Finding::Justified));
    patiently(review).expect("a review that is repeated comes to be");
    Some(id)
}

/// Asks for an extension, has it approved, and lets it run.
fn extend(stage: &Stage, journey: Journey, id: RequestId) -> Option<(RequestId, At)> {
    let ask = || Stage::extend(journey.entitlement, "30m", id);
    let extension = patiently(|| invoke(stage.submit("ana", ask())))?.scope.request_id;
    let mut at = start();
    stage.run(extension, &mut at);
    let mailed = stage.world.state().inbox.iter().any(|mail| mail.text.contains(&extension.to_string()));
    let _ = mailed.then(|| patiently(|| invoke(stage.click("ben@example.com", Verdict::Approve))));
    stage.run(extension, &mut at);
    Some((extension, at))
}

/// Once it has ended, nothing of it works again, however much of its window was left.
fn stays_over(stage: &Stage, id: RequestId) {
    for round in 0..5 {
        let request = stage.request(id);
        let over =
            matches!(request.grant(), Some(GrantState::Ended { .. } | GrantState::ActivationFailed { .. }));
        assert!(!over || !stage.world.has_access(id), "I1, ended and works: {:?}", request.state);
        stage.world.pass(60);
        stage.sweep(&format!("after-{round}"));
    }
}

fn check(stage: &Stage, id: Option<RequestId>, extensible: bool, what: &str) {
    for recorded in stage.world.state().records.values() {
        assert!(recorded.request.is_final(), "{what}: I6, not final: {:?}", recorded.request.state);
        let due = recorded.request.due_at();
        assert_eq!(due, None, "{what}");
    }
    assert!(stage.world.state().target.is_empty(), "{what}: I1, left behind");
    everybody_knows(stage, what);
    let heads: Vec<_> =
        stage.world.state().records.values().map(|r| (r.request.scope.request_id, r.head.clone())).collect();
    for (id, head) in heads {
        let rows = stage.world.stream(&id.to_string());
        let rows = rows.iter().map(|(text, hash)| (text.as_str(), hash.as_str()));
        assert_eq!(verify(rows), Ok(head), "{what}: I4");
    }
    let Some(id) = id else { return };
    assert!(!stage.world.has_access(id), "{what}: I1, in circulation");
    let actions = stage.world.actions(&id.to_string());
    let first = |name: &str| actions.iter().position(|action| action == name);
    if let Some(activated) = first("grant.activated") {
        assert!(first("request.approved") < first("grant.activation_started"), "{what}: I2");
        let several =
            matches!(stage.request(id).scope.entitlement.as_str(), "payments-export" | "ledger-repair");
        assert_eq!(first("request.approval_given").is_some(), several, "{what}: I2, by how many");
        assert!(first("grant.activation_started") < Some(activated), "{what}: I3");
    }
    let count = |name: &str| actions.iter().filter(|action| *action == name).count();
    assert!(count("grant.credential_revealed") <= count("grant.credential_requested"), "{what}: I3");
    assert!(
        stage.world.state().issued.len() <= 2 * count("grant.credential_requested"),
        "{what}: I3, issued"
    );
    let asked = stage.world.state().records.len();
    assert!(asked <= 1 + usize::from(extensible), "{what}: I8, one request: {asked}");
    let minutes = stage
        .request(id)
        .grant()
        .and_then(GrantState::window)
        .map_or(30, |window| (window.ends_at().as_second() - window.starts_at().as_second()) / 60);
    assert!(minutes == 30 || extensible && minutes == 60, "{what}: I8, {minutes} minutes");
}

/// Of those who had a mail about what was denied: whoever did not say it has heard of it.
fn everybody_knows(stage: &Stage, what: &str) {
    let inbox = stage.world.state().inbox.clone();
    for recorded in stage.world.state().records.values() {
        let RequestState::Denied { by, .. } = &recorded.request.state else { continue };
        let decider = format!("{}@example.com", by.person().unwrap());
        for asked in inbox.iter().filter(|mail| mail.to != decider && mail.subject.starts_with("Approve?")) {
            let told = inbox.iter().any(|mail| mail.to == asked.to && mail.subject.starts_with("Denied:"));
            assert!(told, "{what}: {} was not told", asked.to);
        }
        let told = inbox.iter().any(|mail| mail.to == decider && mail.subject.starts_with("Denied:"));
        assert!(!told, "{what}: who decided was told");
    }
}

fn calls_of(journey: Journey) -> Vec<&'static str> {
    let stage = Stage::new();
    stage.world.arm([]);
    let id = live(&stage, journey);
    check(&stage, id, journey.ending.extended(), "undisturbed");
    let reached = match journey.ending {
        Ending::Denied => "request.denied",
        Ending::Expires | Ending::Returned | Ending::Revoked => "grant.ended",
        Ending::Extended | Ending::ExtendedAndReturned => "grant.redated",
        Ending::Reviewed => "review.closed",
    };
    assert!(stage.world.actions(&id.unwrap().to_string()).contains(&reached.to_owned()), "{journey:?}");
    stage.world.calls()
}

fn unwinding_is_quiet() {
    std::panic::set_hook(Box::new(|info| {
        if !info.payload().is::<stint_test_support::world::Crash>() {
            eprintln!("{info}");
        }
    }));
}

fn struck(journey: Journey, faults: &[Fault], what: &str) {
    let stage = Stage::new();
    stage.world.arm(faults.iter().copied());
    let id = live(&stage, journey);
    check(&stage, id, journey.ending.extended(), &format!("{journey:?}: {what}"));
}

/// A failure at every call of `journeys`, in every mode.
fn fail_at_any_call(journeys: &[Journey]) {
    unwinding_is_quiet();
    let (mut points, mut tried) = (0, 0);
    for &journey in journeys {
        let calls = calls_of(journey);
        assert!(calls.len() > 8, "{journey:?}: {calls:?}");
        points += calls.len();
        for (index, name) in calls.iter().enumerate() {
            for mode in Mode::ALL {
                let call = index + 1;
                struck(journey, &[Fault { call, mode }], &format!("{mode:?} at call {call} ({name})"));
                tried += 1;
            }
        }
    }
    println!("{points} failpoints x {} modes = {tried} failures, 0 violations", Mode::ALL.len());
}

#[test]
fn a_failure_at_any_call_in_any_mode_leaves_no_access_and_no_request_behind() {
    fail_at_any_call(&plain());
}

#[test]
fn a_failure_at_any_call_of_an_extension_leaves_no_access_and_no_request_behind() {
    fail_at_any_call(&extensions());
}

#[test]
fn a_failure_at_any_call_of_a_decision_leaves_no_access_and_nobody_who_was_not_told() {
    fail_at_any_call(&decisions());
}

/// A small generator of its own, so that a seed means the same everywhere.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

#[test]
fn two_failures_in_one_lifecycle_leave_nothing_behind_either() {
    unwinding_is_quiet();
    let journeys = [plain(), extensions(), decisions()].concat();
    for seed in 0..1_500 {
        let mut random = Seeded(seed);
        let journey = journeys[random.below(journeys.len())];
        let mut fault = || {
            let (call, mode) = (1 + random.below(32), Mode::ALL[random.below(Mode::ALL.len())]);
            Fault { call, mode }
        };
        let pair = [fault(), fault()];
        struck(journey, &pair, &format!("seed {seed}: {pair:?}"));
    }
}

#[test]
fn a_removal_that_keeps_failing_is_tried_for_ever_and_access_is_denied_on_time() {
    unwinding_is_quiet();
    let stage = Stage::new();
    let id =
        invoke(stage.submit("ana", Stage::ask("build-logs-read", "30m"))).unwrap().unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id));
    stage.world.pass(30 * 60);
    assert!(!stage.world.has_access(id), "by its date");
    stage.world.state().target_is_down = true;
    stage.run(id, &mut at);
    for round in 0..20 {
        stage.world.pass(3600);
        assert_eq!(
            stage.sweep(&format!("sweep-{round}")).map(|swept| swept.removals_failed),
            Some(1),
            "{round}"
        );
    }
    assert_eq!(stage.request(id).grant().map(|grant| grant.name()), Some("REMOVAL_FAILED"));
    stage.world.state().target_is_down = false;
    stage.settle(id, &mut At::Failed);
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
}
