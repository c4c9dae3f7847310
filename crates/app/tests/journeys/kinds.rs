//! Each kind of access during its grant and after it, and what its holder is handed.

use crate::engine::{At, Stage, block_on, start};
use stint_app::decide_request::Verdict;
use stint_app::failure::Missing;
use stint_app::reveal_credential::RevealError;
use stint_app::revoke_grant::RevokeError;
use stint_app::revoke_many::{Taken, TakingMany, What, revoke_many};
use stint_domain::audit::Outcome;
use stint_domain::grant::{EndedBy, GrantState, Proof};
use stint_domain::ids::RequestId;
use stint_domain::transition::Refusal;

/// Ana has it for half an hour.
pub(crate) fn given(stage: &Stage, entitlement: &str) -> (RequestId, At) {
    let id = block_on(stage.submit("ana", Stage::ask(entitlement, "30m"))).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    assert_eq!(stage.request(id).grant().map(GrantState::name), Some("ACTIVE"), "{at:?}");
    (id, at)
}

fn refusal<T>(result: Result<T, RevealError>) -> Refusal {
    match result {
        Err(RevealError::Refused(refusal, _)) => refusal,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was revealed"),
    }
}

#[test]
fn a_credential_is_for_its_holder_while_the_grant_is_active_and_for_nobody_else_and_no_other_time() {
    for entitlement in ["payments-repair", "incident-read"] {
        let stage = Stage::new();
        let (id, mut at) = given(&stage, entitlement);
        let given = block_on(stage.reveal("ana", id)).unwrap();
        assert_eq!(given.expires_at(), stage.request(id).grant().unwrap().window().unwrap().ends_at());
        assert!(stage.world.has_access(id));

        let stranger = block_on(stage.reveal("ben", id));
        assert!(matches!(stranger, Err(RevealError::Missing(Missing::NotFound))), "not even its approver");
        stage.world.pass(30 * 60);
        assert_eq!(refusal(block_on(stage.reveal("ana", id))), Refusal::WindowOver);
        stage.settle(id, &mut at);
        assert_eq!(refusal(block_on(stage.reveal("ana", id))), Refusal::Over);
        assert_eq!(stage.world.state().issued.len(), 1, "nothing was issued to the others");
    }
}

#[test]
fn before_its_activation_a_grant_has_no_credential_and_an_elevation_never_has() {
    let stage = Stage::new();
    let id = block_on(stage.submit("ana", Stage::ask("payments-repair", "30m"))).unwrap().scope.request_id;
    stage.run(id, &mut start());
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    assert_eq!(refusal(block_on(stage.reveal("ana", id))), Refusal::NotActive);

    let (elevated, _) = given(&Stage::new(), "payments-read");
    let stage = Stage::new();
    let (id, _) = given(&stage, "payments-read");
    assert_eq!(id, elevated, "the same on every stage");
    assert_eq!(refusal(block_on(stage.reveal("ana", id))), Refusal::NoCredential);
}

#[test]
fn whoever_has_lost_a_key_gets_another_and_the_lost_one_is_worth_nothing() {
    let stage = Stage::new();
    let (id, _) = given(&stage, "payments-repair");
    let first = block_on(stage.reveal("ana", id)).unwrap();
    let second = block_on(stage.reveal("ana", id)).unwrap();
    assert_ne!(first.revealed(), second.revealed());
    let replaced: Vec<_> = stage.world.state().issued.iter().map(|issued| issued.replaced).collect();
    assert_eq!(replaced, [true, false]);
}

#[test]
fn whoever_may_not_ask_any_more_is_handed_nothing() {
    let stage = Stage::new();
    let (id, _) = given(&stage, "incident-read");
    block_on(stage.reveal("ana", id)).unwrap();
    stage.world.state().people.get_mut(&"ana".parse().unwrap()).unwrap().groups.clear();
    assert!(matches!(block_on(stage.reveal("ana", id)), Err(RevealError::NotAllowed { .. })));
    let actions = stage.world.actions(&id.to_string());
    assert_eq!(actions.last().unwrap(), "request.action_refused");
    assert_eq!(stage.world.state().issued.len(), 1);
}

#[test]
fn sessions_that_are_taken_away_are_blocked_at_once_and_the_block_goes_with_the_window() {
    let stage = Stage::new();
    let (id, mut at) = given(&stage, "incident-read");
    let (other, _) = given_beside(&stage, "incident-read");
    block_on(stage.reveal("ana", id)).unwrap();
    block_on(stage.reveal("ana", other)).unwrap();
    block_on(stage.revoke("ben", id)).unwrap();
    stage.expire_as_asked();
    assert!(!stage.world.has_access(id), "its sessions");
    assert!(stage.world.has_access(other), "and no others of the same role and person");
    let ended = stage.request(id);
    let Some(GrantState::Ended { ended_by: EndedBy::Revoked, proof: Proof::Blocked { until, .. }, .. }) =
        ended.grant()
    else {
        panic!("{:?}", ended.grant())
    };
    assert!(*until > jiff::Timestamp::UNIX_EPOCH && !ended.is_final() && stage.world.has_leftovers(id));
    stage.settle(id, &mut at);
    assert!(stage.request(id).is_final() && !stage.world.has_leftovers(id));
    assert_eq!(stage.world.actions(&id.to_string()).last().unwrap(), "grant.block_lifted");
}

/// The same once more, under another key.
fn given_beside(stage: &Stage, entitlement: &str) -> (RequestId, At) {
    let mut ask = Stage::ask(entitlement, "30m");
    ask.idempotency = None;
    let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(id, &mut at);
    (id, at)
}

/// Ana has two of one kind and one of another, and Dora has one.
fn four_grants(stage: &Stage) -> [RequestId; 4] {
    let (first, _) = given(stage, "payments-read");
    let (second, _) = given_beside(stage, "payments-read");
    let (third, _) = given_beside(stage, "payments-repair");
    let mut ask = Stage::ask("build-logs-read", "30m");
    (ask.idempotency, ask.ticket) = (None, Some("OPS-1".parse().unwrap()));
    let fourth = block_on(stage.submit("dora", ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(fourth, &mut at);
    block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
    stage.run(fourth, &mut at);
    [first, second, third, fourth]
}

fn taken(stage: &Stage, who: &str, what: &What) -> Vec<bool> {
    let grants = four_grants(stage);
    let mut cursor = None;
    while let Some(next) = take_many(stage, who, what.clone(), cursor.take()).unwrap().next {
        cursor = Some(next);
    }
    stage.expire_as_asked();
    grants.iter().map(|id| !stage.world.has_access(*id)).collect()
}

#[test]
fn everything_of_a_person_or_on_an_entitlement_or_everything_goes_and_the_rest_stays() {
    let ana = What::Person("ana".parse().unwrap());
    let reads = What::Entitlement("payments-read".parse().unwrap());
    assert_eq!(taken(&Stage::new(), "eva", &ana), [true, true, true, false]);
    assert_eq!(taken(&Stage::new(), "eva", &reads), [true, true, false, false]);
    assert_eq!(taken(&Stage::new(), "eva", &What::Everything), [true; 4]);
}

fn take_many(stage: &Stage, who: &str, what: What, cursor: Option<String>) -> Result<Taken, Missing> {
    let world = &stage.world;
    let ask = TakingMany { what, comment: "an incident".parse().unwrap(), cursor };
    let caller = Stage::caller(who);
    block_on(revoke_many(world, world, (world, world), stage.policy, world, &caller, ask)).unwrap()
}

/// How each call to take many away has ended.
fn calls(stage: &Stage) -> Vec<(Outcome, u64)> {
    let state = stage.world.state();
    let events = state.events.values().map(|stored| &stored.event);
    let calls = events.filter(|event| event.action == "grant.many_revoked");
    calls.map(|event| (event.outcome, event.detail["revoked"].as_u64().unwrap())).collect()
}

#[test]
fn whoever_may_take_nothing_of_it_is_told_as_of_what_is_not_there_and_learns_nothing_and_it_is_on_record() {
    let stage = Stage::new();
    let mut grants = four_grants(&stage).to_vec();
    // More than one page, so that there would be somewhere to go on.
    grants.extend((0..26).map(|_| given_beside(&stage, "payments-read").0));
    let ana = || What::Person("ana".parse().unwrap());
    let of = |id: &str| What::Entitlement(id.parse().unwrap());
    let refused = [
        ("cleo", What::Everything),
        ("cleo", ana()),
        ("cleo", What::Person("nobody-at-all".parse().unwrap())),
        ("ana", ana()),
        ("ana", of("payments-read")),
        ("ben", of("payroll-export")),
        ("ben", of("no-such-thing")),
        ("nightly-report", What::Everything),
        ("stranger", What::Everything),
    ];
    for (who, what) in refused.clone() {
        assert!(matches!(take_many(&stage, who, what, None), Err(Missing::NotFound)), "{who}");
    }
    assert_eq!(calls(&stage), vec![(Outcome::Denied, 0); refused.len()]);
    assert!(grants.iter().all(|id| stage.world.has_access(*id)));

    // Whoever may take some of it is told that there is nothing, or where to go on.
    let nothing = take_many(&stage, "eva", of("no-such-thing"), None).unwrap();
    assert!(nothing.revoked.is_empty() && nothing.next.is_none());
    let first = take_many(&stage, "ben", ana(), None).unwrap();
    let second = take_many(&stage, "ben", ana(), first.next.clone()).unwrap();
    assert!(first.next.is_some() && second.next.is_none());
    assert_eq!(first.revoked.len() + second.revoked.len(), 29);
    assert!(calls(&stage).iter().skip(refused.len()).all(|(outcome, _)| *outcome == Outcome::Success));
}

#[test]
fn approvers_and_responders_take_access_away_and_nobody_else_does() {
    for (who, may) in [("ben", true), ("eva", true), ("ana", false), ("cleo", false), ("dora", false)] {
        let stage = Stage::new();
        let (id, _) = given(&stage, "payments-read");
        let taken = block_on(stage.revoke(who, id));
        match (may, taken) {
            (true, Ok(request)) => assert_eq!(request.grant().unwrap().name(), "DEACTIVATING", "{who}"),
            // She knows that it exists, and can give it back.
            (false, Err(RevokeError::NotAllowed { .. })) => assert_eq!(who, "ana"),
            (false, Err(RevokeError::Missing(Missing::NotFound))) => assert_ne!(who, "ana"),
            (_, other) => panic!("{who}: {other:?}"),
        }
        assert_eq!(stage.request(id).grant().unwrap().name() == "ACTIVE", !may, "{who}");
        stage.expire_as_asked();
        assert_eq!(stage.world.has_access(id), !may, "{who}");
    }
}
