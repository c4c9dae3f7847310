//! What comes of waiting for an approval: reminders, an escalation, a step that is passed over.

use crate::fixtures::{at, pending, person, ruled, said_to, scope};
use jiff::Timestamp;
use proptest::prelude::*;
use stint_domain::approval::{ApprovalRule, ApprovalStep, Escalation, NoRule, Standing, Turn, TurnKind};
use stint_domain::duration::AccessDuration;
use stint_domain::request::{AccessRequest, Approval, RequestState};
use stint_domain::scope::Scope;
use stint_domain::transition::{Command, Event, GrantCommand, Refusal, Step};

fn hours(count: u32) -> AccessDuration {
    AccessDuration::try_from(count * 3600).unwrap()
}

/// Of the requester's manager; others are asked after two hours, and nobody any more after three.
fn first() -> ApprovalStep {
    let escalate = Escalation { after: hours(2), groups: ["leads".parse().unwrap()].into() };
    ApprovalStep {
        manager: true,
        remind_every: Some(hours(1)),
        escalate: Some(escalate),
        skip_after: Some(hours(3)),
        ..ApprovalStep::default()
    }
}

fn last() -> ApprovalStep {
    ApprovalStep { groups: ["owners".parse().unwrap()].into(), ..ApprovalStep::default() }
}

fn request() -> AccessRequest {
    ruled(ApprovalRule::try_from(vec![first(), last()]).unwrap())
}

fn member(group: &str) -> Standing {
    Standing { groups: [group.parse().unwrap()].into(), manages_the_requester: false }
}

fn yes(name: &str, standing: Standing) -> Command {
    let approval = Approval::of(person(name), scope().hash());
    Command::Approve { approval, standing }
}

fn done(request: &mut AccessRequest, command: Command, now: Timestamp) -> Result<Step, Refusal> {
    let step = request.decide(said_to(request, command), now);
    if let Ok(Step::Do(event)) = &step {
        *request = request.apply(event, now).unwrap();
    }
    step
}

/// Asked every half hour until then, as the sweep would, and told what came of it.
fn waited(request: &mut AccessRequest, until: &str) -> Vec<(TurnKind, String)> {
    let (mut now, mut turns) = (request.submitted_at, Vec::new());
    while now <= at(until) {
        while let Ok(Step::Do(Event::Waited { turn })) = done(request, Command::Wait, now) {
            turns.push((turn.kind, turn.at.strftime("%H:%M").to_string()));
        }
        now += jiff::SignedDuration::from_mins(30);
    }
    turns
}

#[test]
fn those_who_were_asked_are_reminded_then_others_are_asked_and_then_the_step_is_passed_over() {
    let mut request = request();
    let turns = waited(&mut request, "17:30:00");
    let turns: Vec<_> = turns.iter().map(|(kind, at)| (*kind, at.as_str())).collect();
    let expected = [
        (TurnKind::ReminderDue, "11:00"),
        (TurnKind::Escalated, "12:00"),
        (TurnKind::ReminderDue, "12:00"),
        (TurnKind::Skipped, "13:00"),
    ];
    assert_eq!(turns, expected);
    assert_eq!(request.progress().unwrap().number, 1);
}

#[test]
fn nothing_comes_of_a_step_before_its_time_or_of_one_that_waits_for_ever() {
    let mut early = request();
    assert_eq!(done(&mut early, Command::Wait, at("10:59:59")), Ok(Step::Already));
    assert!(matches!(done(&mut early, Command::Wait, at("11:00:00")), Ok(Step::Do(_))));
    let mut patient = pending();
    assert_eq!(done(&mut patient, Command::Wait, at("17:59:59")), Ok(Step::Already));
}

#[test]
fn nobody_is_reminded_more_than_five_times_or_once_it_is_too_late_to_decide() {
    let only = ApprovalStep { remind_every: Some(hours(1)), ..ApprovalStep::default() };
    let mut request = ruled(ApprovalRule::try_from(vec![only]).unwrap());
    assert_eq!(waited(&mut request, "23:00:00").len(), 5);
    let late = AccessRequest { decide_by: at("11:00:00"), ..request.clone() };
    assert_eq!(AccessRequest { state: RequestState::submitted(), ..late }.next_turn(), None);
}

#[test]
fn whoever_is_asked_by_an_escalation_counts_from_then_on_and_not_before() {
    let mut request = request();
    let before = done(&mut request, yes("lea", member("leads")), at("10:30:00"));
    assert_eq!(before, Err(Refusal::NotAsked { step: 1 }));
    waited(&mut request, "12:00:00");
    assert!(matches!(done(&mut request, yes("lea", member("leads")), at("12:01:00")), Ok(Step::Do(_))));
    assert!(request.counts_in(0, &member("leads")));
    assert!(!request.counts_in(1, &member("leads")));
}

#[test]
fn a_step_that_is_passed_over_leaves_the_rest_of_the_rule_as_it_was() {
    let mut request = request();
    waited(&mut request, "13:00:00");
    let manager = Standing { manages_the_requester: true, ..Standing::default() };
    assert_eq!(done(&mut request, yes("max", manager), at("13:01:00")), Err(Refusal::NotAsked { step: 2 }));
    done(&mut request, yes("ole", member("owners")), at("13:02:00")).unwrap();
    assert!(request.decide(Command::Grant(GrantCommand::BeginActivation), at("13:03:00")).is_ok());
}

#[test]
fn a_record_that_says_a_step_was_passed_over_is_not_believed_of_one_that_cannot_be() {
    let stays = ApprovalStep { skip_after: None, ..first() };
    let rule = ApprovalRule::try_from(vec![stays, last()]).unwrap();
    let mut skipped = request();
    waited(&mut skipped, "13:00:00");
    done(&mut skipped, yes("ole", member("owners")), at("13:02:00")).unwrap();
    let begin = || Command::Grant(GrantCommand::BeginActivation);
    assert!(skipped.decide(begin(), at("13:03:00")).is_ok());
    let mut forged = AccessRequest { scope: Scope { rule, ..skipped.scope.clone() }, ..skipped };
    if let RequestState::Approved { approval, .. } = &mut forged.state {
        approval.scope_hash = forged.scope.hash();
    }
    assert_eq!(forged.decide(begin(), at("13:03:00")), Err(Refusal::TooFewApproved));
}

#[test]
fn a_yes_says_in_which_step_it_was_given_and_what_had_been_passed_over() {
    let mut skipped = request();
    waited(&mut skipped, "13:00:00");
    let approval = Approval::of(person("ole"), scope().hash());
    let said = skipped.statement(1, &approval);
    assert_eq!(said, skipped.statement(1, &approval));
    assert_ne!(said, skipped.statement(0, &approval));
    assert_ne!(said, request().statement(1, &approval));
}

#[test]
fn a_rule_that_waits_foolishly_cannot_be_written_down() {
    let escalate = |groups: &[&str]| {
        let groups = groups.iter().map(|group| group.parse().unwrap()).collect();
        Some(Escalation { after: hours(4), groups })
    };
    let minutes = |count: u32| Some(AccessDuration::try_from(count * 60).unwrap());
    let nobody = ApprovalStep::default();
    let cases = [
        (vec![first()], NoRule::SkipsTheLast),
        (vec![last(), first()], NoRule::SkipsTheLast),
        (
            vec![ApprovalStep { escalate: escalate(&["leads"]), ..first() }, last()],
            NoRule::SkipsBeforeEscalating,
        ),
        (vec![ApprovalStep { escalate: escalate(&[]), ..last() }], NoRule::EscalatesNowhere),
        (vec![ApprovalStep { escalate: escalate(&["leads"]), ..nobody.clone() }], NoRule::EscalatesNowhere),
        (vec![ApprovalStep { remind_every: minutes(14), ..nobody.clone() }], NoRule::RemindsTooOften),
    ];
    for (steps, why) in cases {
        assert_eq!(ApprovalRule::try_from(steps), Err(why));
    }
    assert!(ApprovalRule::try_from(vec![first(), last()]).is_ok());
    let often = ApprovalStep { remind_every: minutes(15), ..nobody };
    assert!(ApprovalRule::try_from(vec![often]).is_ok());
}

#[derive(Debug, Clone)]
enum Move {
    Waits(u32),
    SaysYes(&'static str),
}

proptest! {
    /// Whatever is said and however long nobody says anything: rounds of mails only ever begin, every turn is taken in
    /// its time, and what is approved has the yes of an owner, and of the first step either a yes or three hours.
    #[test]
    fn waiting_never_stands_for_the_last_yes(
        moves in prop::collection::vec(
            prop_oneof![
                (1_u32..120).prop_map(Move::Waits),
                prop::sample::select(vec!["max", "lea", "ole"]).prop_map(Move::SaysYes),
            ],
            0..24,
        )
    ) {
        let (mut request, mut now, mut round) = (request(), at("10:00:00"), 0);
        for one in moves {
            let _ = match one {
                Move::Waits(minutes) => {
                    now += jiff::SignedDuration::from_mins(i64::from(minutes));
                    done(&mut request, Command::Wait, now)
                }
                Move::SaysYes("max") => {
                    let manager = Standing { manages_the_requester: true, ..Standing::default() };
                    done(&mut request, yes("max", manager), now)
                }
                Move::SaysYes("lea") => done(&mut request, yes("lea", member("leads")), now),
                Move::SaysYes(name) => done(&mut request, yes(name, member("owners")), now),
            };
            if matches!(request.state, RequestState::Pending(_)) {
                prop_assert!(request.round() >= round);
                round = request.round();
            }
        }
        let skipped = |turn: &&Turn| turn.kind == TurnKind::Skipped;
        for turn in request.turns().iter().filter(skipped) {
            prop_assert!(turn.at >= at("13:00:00") && turn.at < request.decide_by);
        }
        if matches!(request.state, RequestState::Approved { .. }) {
            let said = |step| request.given().filter(|given| given.0 == step).count();
            prop_assert_eq!(said(1), 1);
            prop_assert!(request.has_approved(&"ole".parse().unwrap()));
            prop_assert!(said(0) == 1 || request.turns().iter().any(|turn| skipped(&turn)));
        }
    }
}
