//! One human with several accounts: they neither decide about nor review what they have asked for, and count once. Beside each
//! the same by somebody else.

use crate::engine::{At, Stage, block_on, start};
use stint_app::decide_request::{DecideError, Verdict};
use stint_app::submit_request::SubmitRequest;
use stint_domain::ids::RequestId;
use stint_domain::principal::Person;

/// What one account has of another.
type Shared = fn(&mut Person, &Person);

/// `other` of the sample organisation has what shows that they are `who`.
fn also(stage: &Stage, who: &str, other: &str, shared: Shared) {
    let mut state = stage.world.state();
    let one = state.people[&who.parse().unwrap()].clone();
    shared(state.people.get_mut(&other.parse().unwrap()).unwrap(), &one);
}

const SAME: [Shared; 3] = [
    |other, one| other.email.clone_from(&one.email),
    |other, one| other.email = one.email.as_ref().map(|mail| mail.to_uppercase().replace('@', "+lead@")),
    |other, one| other.iam_user.clone_from(&one.iam_user),
];
const SOMEBODY_ELSE: Shared = |other, _| other.email = Some("ana@elsewhere.example.com".to_owned());

fn asked(stage: &Stage, who: &str, entitlement: &str) -> (RequestId, At) {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask(entitlement, "15m") };
    let id = block_on(stage.submit(who, ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    (id, at)
}

fn approves(stage: &Stage, who: &str, id: RequestId) -> bool {
    match block_on(stage.decide(who, id, Verdict::Approve)) {
        Ok(_) => true,
        Err(DecideError::NotAllowed { reasons }) if !reasons.is_empty() => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_is_asked_about_or_decides_on_what_they_have_asked_for_by_another_account() {
    let decided = |shared: Shared| {
        let stage = Stage::new();
        also(&stage, "ana", "ben", shared);
        stage
            .world
            .state()
            .people
            .get_mut(&"cleo".parse().unwrap())
            .unwrap()
            .groups
            .extend(["platform-leads".parse().unwrap()]);
        let (id, _) = asked(&stage, "ana", "payments-read");
        let mailed = stage.world.state().inbox.len();
        (mailed, approves(&stage, "ben", id))
    };
    assert_eq!(decided(SOMEBODY_ELSE), (2, true));
    for shared in SAME {
        assert_eq!(decided(shared), (1, false));
    }
}

#[test]
fn two_accounts_of_one_approver_are_not_two_people() {
    let both = |shared: Shared| {
        let stage = Stage::new();
        also(&stage, "gita", "hugo", shared);
        let (id, _) = asked(&stage, "ana", "ledger-repair");
        assert!(approves(&stage, "gita", id));
        approves(&stage, "hugo", id)
    };
    assert!(both(SOMEBODY_ELSE));
    assert!(SAME[..2].iter().all(|shared| !both(*shared)));
}

/// What the directory shows only after they have said yes is seen before anything is given.
#[test]
fn nothing_is_given_that_two_accounts_of_one_person_have_approved() {
    let given = |shared: Shared| {
        let stage = Stage::new();
        let (id, mut at) = asked(&stage, "ana", "ledger-repair");
        assert!(approves(&stage, "gita", id) && approves(&stage, "hugo", id));
        also(&stage, "gita", "hugo", shared);
        stage.run(id, &mut at);
        stage.world.has_access(id)
    };
    assert!(given(SOMEBODY_ELSE));
    assert!(!given(SAME[0]));
}

#[test]
fn nobody_reviews_their_own_emergency_by_another_account() {
    let told = |shared: Shared| {
        let stage = Stage::new();
        also(&stage, "eva", "gita", shared);
        let ask =
            SubmitRequest { idempotency: None, break_glass: true, ..Stage::ask("payments-repair", "15m") };
        let id = block_on(stage.submit("eva", ask)).unwrap().scope.request_id;
        stage.run(id, &mut start());
        stage.world.state().inbox.len()
    };
    assert_eq!(told(SOMEBODY_ELSE) - told(SAME[0]), 1, "whoever may not review is not asked to");
}
