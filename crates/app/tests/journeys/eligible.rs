//! Whoever may not take part any more, between the request and the end: the requester's sponsor and contract, and
//! whoever approved. Beside each the same with nothing lost.

use crate::engine::{At, Stage, block_on, start};
use crate::refusals::system_actions;
use jiff::{SignedDuration, Timestamp};
use std::sync::LazyLock;
use stint_app::decide_request::{DecideError, Verdict};
use stint_app::ports::Surroundings as _;
use stint_app::reveal_credential::RevealError;
use stint_app::submit_request::{SubmitError, SubmitRequest};
use stint_domain::grant::{EndedBy, GrantState};
use stint_domain::ids::RequestId;
use stint_domain::principal::{Contract, Engagement};
use stint_policy::PolicyBundle;

const CATALOG: &str = r#"{ "entitlement": [{
    "id": "thing", "title": "Thing", "description": "A thing.", "risk": "low",
    "access": { "kind": "ephemeral_iam_user", "permissions": [] }, "max_duration": "12h", "decide_within": "1h",
    "requesters": ["contractors", "engineers"], "approvers": ["platform-leads"]
}] }"#;
const ASKED: &str = r#"@id("ask") @reason("ask") permit (principal, action == Stint::Action::"request", resource)
    when { principal in resource.requesters };"#;
const DECIDED: &str = r#"@id("decide") @reason("decide") permit (principal, action == Stint::Action::"approve", resource)
    when { principal in resource.approvers };"#;
/// The world begins before noon.
const BEFORE_NOON: &str = r#"@id("noon") @reason("noon") forbid (principal, action == Stint::Action::"approve", resource)
    unless { context.hour < 12 };"#;
const AT_ONCE: &str = r#"@id("once") @reason("once") permit (principal, action == Stint::Action::"auto-approve", resource)
    when { principal in resource.requesters };"#;

static RULES: LazyLock<PolicyBundle> = LazyLock::new(|| rules(&[ASKED, DECIDED, BEFORE_NOON]));
static RULES_AT_ONCE: LazyLock<PolicyBundle> = LazyLock::new(|| rules(&[ASKED, DECIDED, AT_ONCE]));

/// What somebody loses.
type Loss = fn(&Stage);

fn rules(cedar: &[&str]) -> PolicyBundle {
    PolicyBundle::from_sources(CATALOG, &cedar.concat()).unwrap()
}

fn stage(policy: &'static PolicyBundle) -> Stage {
    Stage { policy, ..Stage::new() }
}

fn hours(stage: &Stage, hours: i64) -> Timestamp {
    stage.world.now().saturating_add(SignedDuration::from_hours(hours)).unwrap()
}

/// `who` has asked for it, to begin nine hours from now.
fn for_later(stage: &Stage, who: &str) -> (RequestId, At) {
    let ask = SubmitRequest { starts_at: Some(hours(stage, 9)), ..Stage::ask("thing", "1h") };
    let id = block_on(stage.submit(who, ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    (id, at)
}

/// And Ben has said yes.
fn scheduled(stage: &Stage, who: &str) -> (RequestId, At) {
    let (id, mut at) = for_later(stage, who);
    block_on(stage.decide("ben", id, Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    assert_eq!(at, At::AwaitStart);
    (id, at)
}

/// `who` has it for longer than a decision may take.
fn given(stage: &Stage, who: &str) -> (RequestId, At) {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask("thing", "3h") };
    let id = block_on(stage.submit(who, ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    block_on(stage.decide("ben", id, Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id), "{at:?}");
    (id, at)
}

fn begins(stage: &Stage, id: RequestId, at: &mut At) {
    stage.world.pass(9 * 3600);
    stage.run(id, at);
    assert!(stage.world.has_access(id), "{at:?}");
}

fn lost(stage: &Stage, id: RequestId, cause: &str) {
    let ended = stage.request(id);
    let by = matches!(ended.grant(), Some(GrantState::Ended { ended_by: EndedBy::Ineligible, .. }));
    assert!(by && !stage.world.has_leftovers(id), "{:?}", ended.grant());
    let text: String = stage.world.stream(&id.to_string()).into_iter().map(|(text, _)| text).collect();
    assert!(text.contains(&format!(r#""cause":"{cause}""#)), "{text}");
}

fn never_begins(stage: &Stage, id: RequestId, at: &mut At, cause: &str) {
    stage.world.pass(9 * 3600);
    stage.run(id, at);
    assert_eq!(*at, At::Succeeded);
    lost(stage, id, cause);
    assert!(!stage.world.actions(&id.to_string()).contains(&"grant.activation_started".to_owned()));
}

fn swept(stage: &Stage) {
    for round in 0..10 {
        stage.world.pass(60);
        stage.sweep(&format!("sweep-{round}"));
    }
}

fn contract_ends(stage: &Stage, who: &str, ends_at: Timestamp) {
    engaged_by(stage, who, "ben", ends_at);
}

fn engaged_by(stage: &Stage, who: &str, sponsor: &str, ends_at: Timestamp) {
    let contract = Contract { sponsor: sponsor.parse().unwrap(), ends_at };
    engage(stage, who, Engagement::Contracted(Some(contract)));
}

fn engage(stage: &Stage, who: &str, engagement: Engagement) {
    stage.world.state().people.get_mut(&who.parse().unwrap()).unwrap().engagement = engagement;
}

fn leaves(stage: &Stage, who: &str) {
    stage.world.state().people.remove(&who.parse().unwrap());
}

#[test]
fn nobody_says_yes_to_what_its_requester_could_not_have_any_more_and_anybody_says_no() {
    let decided = |who: &str, loss: Loss, verdict| {
        let stage = stage(&RULES);
        let (id, _) = for_later(&stage, who);
        loss(&stage);
        let said = block_on(stage.decide("ben", id, verdict));
        assert_eq!(
            stage.request(id).grant().is_some(),
            matches!((&said, verdict), (Ok(_), Verdict::Approve))
        );
        (said, stage.world.actions(&id.to_string()))
    };
    for (who, loss) in [
        ("ana", (|stage| leaves(stage, "ana")) as Loss),
        ("ana", |stage| stage.world.state().people.get_mut(&"ana".parse().unwrap()).unwrap().groups.clear()),
        ("dora", |stage| contract_ends(stage, "dora", hours(stage, 9))),
    ] {
        assert!(decided(who, |_| (), Verdict::Approve).0.is_ok(), "{who}");
        let (said, actions) = decided(who, loss, Verdict::Approve);
        assert!(matches!(said, Err(DecideError::RequesterIneligible { .. })), "{who}: {said:?}");
        assert_eq!(actions.last().unwrap(), "request.action_refused");
        assert!(decided(who, loss, Verdict::Deny).0.is_ok(), "{who}");
    }
}

#[test]
fn what_an_approver_approved_who_has_left_or_may_not_any_more_is_not_given() {
    let losses: [Loss; 4] = [
        |stage| leaves(stage, "ben"),
        |stage| stage.world.state().people.get_mut(&"ben".parse().unwrap()).unwrap().groups.clear(),
        |stage| engage(stage, "ben", Engagement::Contracted(None)),
        |stage| contract_ends(stage, "ben", hours(stage, 2)),
    ];
    for loss in losses {
        let stage = stage(&RULES);
        let (id, mut at) = scheduled(&stage, "ana");
        loss(&stage);
        never_begins(&stage, id, &mut at, "approver_ineligible");
    }
    let stage = stage(&RULES);
    let (id, mut at) = scheduled(&stage, "ana");
    begins(&stage, id, &mut at);
}

#[test]
fn the_policies_that_say_no_to_an_approval_at_its_start_stand_beside_its_end() {
    let mut stage = stage(&RULES);
    let (id, mut at) = scheduled(&stage, "ana");
    let nobody_decides = r#"@id("nobody") @reason("nobody") forbid (principal, action == Stint::Action::"approve", resource);"#;
    stage.policy = Box::leak(Box::new(rules(&[ASKED, DECIDED, nobody_decides])));
    never_begins(&stage, id, &mut at, "approver_ineligible");
    let (last, _) = stage.world.stream(&id.to_string()).pop().unwrap();
    assert!(last.contains(r#""policies":["nobody"]"#) && last.contains(stage.policy.version()), "{last}");
}

#[test]
fn the_hour_of_a_decision_is_the_hour_at_which_it_was_made() {
    let stage = stage(&RULES);
    let (id, mut at) = scheduled(&stage, "ana");
    begins(&stage, id, &mut at);
    let ask = SubmitRequest { idempotency: None, ..Stage::ask("thing", "1h") };
    let late = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let refused = block_on(stage.decide("ben", late, Verdict::Approve));
    assert!(matches!(refused, Err(DecideError::NotAllowed { .. })), "it is past noon");
}

#[test]
fn what_policy_approved_at_once_it_must_still_approve_at_the_start() {
    let mut stage = stage(&RULES_AT_ONCE);
    let (id, mut at) = for_later(&stage, "ana");
    begins(&stage, id, &mut at);

    stage = Stage { policy: &RULES_AT_ONCE, ..Stage::new() };
    let (id, mut at) = for_later(&stage, "ana");
    assert_eq!(at, At::AwaitStart);
    stage.policy = &RULES;
    never_begins(&stage, id, &mut at, "not_approved_by_policy");
}

#[test]
fn a_contractor_asks_for_something_only_while_an_employee_answers_for_them() {
    let asks = |change: Loss| {
        let stage = stage(&RULES);
        change(&stage);
        let answer = block_on(stage.submit("dora", Stage::ask("thing", "1h")));
        assert_eq!(system_actions(&stage).len(), usize::from(answer.is_err()));
        answer.map(drop)
    };
    assert!(asks(|_| {}).is_ok());
    assert!(asks(|stage| engaged_by(stage, "dora", "ana", hours(stage, 99))).is_ok());
    let losses: [Loss; 5] = [
        |stage| leaves(stage, "ben"),
        |stage| engage(stage, "dora", Engagement::Contracted(None)),
        |stage| engaged_by(stage, "dora", "dora", hours(stage, 99)),
        |stage| engaged_by(stage, "dora", "nightly-report", hours(stage, 99)),
        |stage| engaged_by(stage, "dora", "finn", hours(stage, 99)),
    ];
    for loss in losses {
        assert!(matches!(asks(loss), Err(SubmitError::NotAllowed { reasons }) if reasons.len() == 1));
    }
}

#[test]
fn a_contractor_asks_for_nothing_that_could_last_longer_than_the_contract() {
    let stage = stage(&RULES);
    let end = hours(&stage, 2);
    contract_ends(&stage, "dora", end);
    let over = block_on(stage.submit("dora", Stage::ask("thing", "3601s")));
    assert!(matches!(over, Err(SubmitError::ContractEnds { ends_at }) if ends_at == end), "{over:?}");
    assert_eq!(system_actions(&stage), ["request.refused"]);
    assert!(stage.world.state().records.is_empty());
    assert!(block_on(stage.submit("dora", Stage::ask("thing", "3600s"))).is_ok());
}

#[test]
fn a_contractor_whose_sponsor_leaves_before_the_start_gets_nothing() {
    let stage = stage(&RULES);
    engaged_by(&stage, "dora", "cleo", hours(&stage, 99));
    let ((kept, mut stays), (id, mut at)) = (scheduled(&stage, "ana"), scheduled(&stage, "dora"));
    leaves(&stage, "cleo");
    never_begins(&stage, id, &mut at, "sponsor_gone");
    stage.run(kept, &mut stays);
    assert!(stage.world.has_access(kept));
}

#[test]
fn a_contract_that_was_shortened_below_the_window_gives_nothing() {
    let stage = stage(&RULES);
    let (id, mut at) = scheduled(&stage, "dora");
    contract_ends(&stage, "dora", hours(&stage, 10));
    begins(&stage, id, &mut at);

    let stage = self::stage(&RULES);
    let (id, mut at) = scheduled(&stage, "dora");
    let short = hours(&stage, 10).saturating_sub(SignedDuration::from_secs(1)).unwrap();
    contract_ends(&stage, "dora", short);
    never_begins(&stage, id, &mut at, "contract_over");
}

#[test]
fn reconcile_ends_what_a_contractor_has_whose_sponsor_is_gone_or_whose_contract_is_over() {
    let losses: [(&str, Loss); 2] = [
        ("sponsor_gone", |stage| leaves(stage, "cleo")),
        ("contract_over", |stage| engaged_by(stage, "dora", "cleo", stage.world.now())),
    ];
    for (cause, loss) in losses {
        let stage = stage(&RULES);
        engaged_by(&stage, "dora", "cleo", hours(&stage, 99));
        let ((id, _), (kept, _)) = (given(&stage, "dora"), given(&stage, "ana"));
        swept(&stage);
        assert!(stage.world.has_access(id));
        loss(&stage);
        swept(&stage);
        lost(&stage, id, cause);
        assert!(stage.world.has_access(kept));
    }
}

#[test]
fn a_credential_is_revealed_to_a_contractor_only_while_somebody_answers_for_them() {
    let stage = stage(&RULES);
    let (id, _) = given(&stage, "dora");
    assert!(block_on(stage.reveal("dora", id)).is_ok());
    leaves(&stage, "ben");
    assert!(matches!(block_on(stage.reveal("dora", id)), Err(RevealError::NotAllowed { .. })));
}

#[test]
fn an_extension_does_not_carry_a_grant_past_the_contract() {
    let stage = stage(&RULES);
    let (id, _) = given(&stage, "dora");
    let window = *stage.request(id).grant().unwrap().window().unwrap();
    let end = window.extended("600s".parse().unwrap()).unwrap().ends_at();
    contract_ends(&stage, "dora", end);
    let over = block_on(stage.submit("dora", Stage::extend("thing", "601s", id)));
    assert!(matches!(over, Err(SubmitError::ContractEnds { .. })), "{over:?}");

    let more = block_on(stage.submit("dora", Stage::extend("thing", "600s", id))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(more, &mut at);
    block_on(stage.decide("ben", more, Verdict::Approve)).unwrap();
    contract_ends(&stage, "dora", end.saturating_sub(SignedDuration::from_secs(1)).unwrap());
    stage.run(more, &mut at);
    lost(&stage, more, "contract_over");
    assert_eq!(stage.request(id).grant().unwrap().window(), Some(&window));
    assert!(stage.world.has_access(id), "what was given before stays");
}
