//! Faults of the register, docs/faults.md, by their numbers: those on the way to a decision and to access, and messages
//! that cross.

use crate::engine::{At, Stage, block_on, invoke, start, token_in};
use crate::kinds::given;
use jiff::Timestamp;
use stint_app::activate_grant::{ActivateError, activate_grant};
use stint_app::decide_request::{DecideError, Verdict};
use stint_app::letter::Letter;
use stint_app::notify_approvers::notify_approvers;
use stint_app::ports::{
    Artefact, MailError, Mailer, Provider, ProviderError, Sighting, Surroundings as _, TaskToken,
};
use stint_domain::grant::GrantState;
use stint_domain::ids::RequestId;
use stint_domain::transition::EndCause;
use stint_policy::PolicyBundle;
use stint_test_support::world::{Fault, Mode, World};

fn submitted(stage: &Stage, entitlement: &str) -> RequestId {
    block_on(stage.submit("ana", Stage::ask(entitlement, "30m"))).unwrap().scope.request_id
}

/// Approved by Ben, and nobody has come to give it yet.
fn approved(stage: &Stage, entitlement: &str) -> RequestId {
    let id = submitted(stage, entitlement);
    stage.run(id, &mut start());
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    id
}

fn count(stage: &Stage, id: RequestId, action: &str) -> usize {
    stage.world.actions(&id.to_string()).iter().filter(|one| *one == action).count()
}

/// A deployment in which nobody approves anything.
fn nobody_approves() -> &'static PolicyBundle {
    let catalog = r#"{ "entitlement": [{
        "id": "payments-read", "title": "Read payments", "description": "Payments.", "risk": "high",
        "access": { "kind": "iam_user_elevation", "permissions": [] }, "max_duration": "4h",
        "decide_within": "8h", "requesters": ["engineers"], "approvers": ["platform-leads"] }] }"#;
    let policies = r#"@id("anybody") @reason("anybody may") permit (principal, action, resource);
        @id("nobody") @reason("nobody approves") forbid (principal, action == Stint::Action::"approve", resource);"#;
    Box::leak(Box::new(PolicyBundle::from_sources(catalog, policies).unwrap()))
}

#[test]
fn f04_a_policy_that_has_changed_since_the_mail_decides_as_it_is_now() {
    let mut stage = Stage::new();
    let id = submitted(&stage, "payments-read");
    stage.run(id, &mut start());
    let before = std::mem::replace(&mut stage.policy, nobody_approves());
    let refused = block_on(stage.click("ben@example.com", Verdict::Approve));
    assert!(matches!(refused, Err(DecideError::NotAllowed { .. })), "{refused:?}");
    assert_eq!(stage.request(id).state.name(), "PENDING");
    stage.policy = before;
    assert!(block_on(stage.click("ben@example.com", Verdict::Approve)).is_ok());
}

/// Takes mail for everybody but one, for good.
struct Refusing<'w>(&'w World, &'static str);

impl Mailer for Refusing<'_> {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        if letter.to == self.1 {
            Err(MailError::Refused("no such address".into()))
        } else {
            self.0.send(letter).await
        }
    }
}

#[test]
fn f06_an_address_that_takes_no_mail_keeps_nobody_else_from_being_asked() {
    let stage = Stage::new();
    let world = &stage.world;
    let second = {
        let mut state = world.state();
        let mut another = state.people[&"ben".parse().unwrap()].clone();
        another.id = "another-ben".parse().unwrap();
        another.email = Some("another@example.com".to_owned());
        state.people.insert(another.id.clone(), another)
    };
    assert!(second.is_none());
    let id = submitted(&stage, "payments-read");
    let token = TaskToken::new(format!("token-{id}-0"));
    let refusing = Refusing(world, "another@example.com");
    let url = "https://stint.example";
    block_on(notify_approvers(
        world,
        world,
        world,
        (&refusing, world),
        stage.policy,
        world,
        url,
        id,
        Some(&token),
    ))
    .unwrap();
    let asked: Vec<_> = world.state().inbox.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(asked, ["ben@example.com"]);
    assert_eq!(count(&stage, id, "request.approvers_notified"), 1);
    assert!(!token_in(&world.state().inbox[0].text).is_empty());
    assert!(block_on(stage.click("ben@example.com", Verdict::Approve)).is_ok());
}

/// Makes the user, and is refused the policy.
struct HalfMaking<'w>(&'w World);

impl Provider for HalfMaking<'_> {
    async fn activate(&self, artefact: &Artefact) -> Result<(), ProviderError> {
        self.0.activate(artefact).await?;
        Err(ProviderError::Refused { reason: "no policy for it".to_owned(), cause: "AccessDenied".into() })
    }

    async fn deactivate(&self, artefact: &Artefact, now: Timestamp) -> Result<(), ProviderError> {
        self.0.deactivate(artefact, now).await
    }

    async fn verify_removed(&self, artefact: &Artefact, now: Timestamp) -> Result<Sighting, ProviderError> {
        self.0.verify_removed(artefact, now).await
    }
}

#[test]
fn f11_what_was_made_before_iam_refused_the_rest_is_taken_away() {
    let stage = Stage::new();
    let (id, world) = (approved(&stage, "payments-repair"), &stage.world);
    let half = HalfMaking(world);
    let refused = block_on(activate_grant(world, &half, (world, world), stage.policy, world, id));
    assert!(matches!(refused, Err(ActivateError::Rejected { .. })), "{refused:?}");
    assert!(world.has_leftovers(id));
    let mut at = At::Expire;
    stage.run(id, &mut at);
    assert!(!world.has_leftovers(id), "by the workflow, before any sweep");
    stage.settle(id, &mut at);
    assert_eq!(stage.request(id).grant().map(GrantState::name), Some("ACTIVATION_FAILED"));
    assert!(stage.request(id).is_final());
    let whole = Stage::new();
    let (given, _) = given(&whole, "payments-repair");
    assert!(whole.world.has_access(given), "and when nothing is refused it is given");
}

#[test]
fn f16_nothing_is_touched_before_the_intent_is_on_record() {
    for entitlement in ["payments-read", "payments-repair"] {
        let stage = Stage::new();
        let (id, world) = (approved(&stage, entitlement), &stage.world);
        world.arm([Fault { call: 1, mode: Mode::Throttled }]);
        assert!(block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).is_err());
        assert_eq!((world.calls(), world.has_leftovers(id)), (vec!["commit"], false), "{entitlement}");
        assert!(block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).is_ok());
        assert!(world.has_access(id), "{entitlement}, once it can be recorded");
    }
    for entitlement in ["payments-repair", "incident-read"] {
        let stage = Stage::new();
        let (id, _) = given(&stage, entitlement);
        stage.world.arm([Fault { call: 1, mode: Mode::Throttled }]);
        assert!(block_on(stage.reveal("ana", id)).is_err());
        assert_eq!((stage.world.calls(), stage.world.state().issued.len()), (vec!["commit"], 0));
        assert!(block_on(stage.reveal("ana", id)).is_ok(), "{entitlement}");
    }
}

#[test]
fn f17_an_outcome_that_was_not_recorded_is_found_out_by_the_next_attempt_within_the_same_window() {
    for entitlement in ["payments-read", "payments-repair"] {
        let stage = Stage::new();
        let (id, world) = (approved(&stage, entitlement), &stage.world);
        world.arm([Fault { call: 3, mode: Mode::Throttled }]);
        assert!(block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).is_err());
        let window = stage.request(id).grant().and_then(GrantState::window).cloned();
        assert_eq!(count(&stage, id, "grant.activation_started"), 1, "what there is has its intent");
        assert!(world.has_leftovers(id) && count(&stage, id, "grant.activated") == 0);
        world.pass(5);
        let ends_at =
            block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).unwrap();
        assert_eq!(count(&stage, id, "grant.activated"), 1);
        assert_eq!(window.map(|window| window.ends_at()), Some(ends_at), "{entitlement}");
    }
}

/// The same end from both sides; once each side comes first.
#[test]
fn f24_a_revocation_and_an_expiry_at_the_same_moment_end_it_once() {
    for revoked_first in [true, false] {
        let stage = Stage::new();
        let (id, mut at) = given(&stage, "payments-repair");
        assert!(stage.world.has_access(id));
        stage.world.pass(30 * 60);
        if revoked_first {
            block_on(stage.revoke("eva", id)).unwrap();
            stage.run(id, &mut at);
        } else {
            stage.run(id, &mut at);
            let _ = block_on(stage.revoke("eva", id));
        }
        stage.expire_as_asked();
        stage.settle(id, &mut at);
        let once = ["grant.removal_started", "grant.ended"].map(|action| count(&stage, id, action));
        assert_eq!((once, stage.world.has_leftovers(id)), ([1, 1], false), "revoked first: {revoked_first}");
    }
}

#[test]
fn f38_messages_that_come_a_day_late_and_in_the_wrong_order_change_nothing() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "payments-read");
    stage.settle(id, &mut at);
    stage.world.pass(24 * 3600);
    let truth = || {
        let stream = stage.world.stream(&id.to_string());
        let state = stage.world.state();
        (stream, format!("{:?}", state.records[&id]), state.target.len(), state.inbox.len())
    };
    let (before, world) = (truth(), &stage.world);
    for cause in [EndCause::WorkflowEnded, EndCause::Returned, EndCause::WindowOver] {
        block_on(stage.expire(id, cause)).unwrap();
    }
    assert!(block_on(activate_grant(world, world, (world, world), stage.policy, world, id)).is_err());
    let _ = block_on(stage.click("ben@example.com", Verdict::Approve));
    block_on(stage.notify(id, Some(&format!("token-{id}-0")))).unwrap();
    stage.run(id, &mut at);
    assert_eq!(truth(), before);
    assert_eq!(at, At::Succeeded);
    let next = block_on(stage.submit("ana", Stage::ask("payments-read", "30m"))).unwrap().scope.request_id;
    assert!(
        invoke(stage.notify(next, Some("token"))).unwrap().is_ok(),
        "a new request is asked about as ever"
    );
    assert!(stage.world.now() > stage.request(id).submitted_at && stage.world.state().inbox.len() > before.3);
}
