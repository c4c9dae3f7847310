//! It is settled: those who had a mail about it and did not decide are told, and nobody waits for that.

use crate::engine::{At, Stage, block_on, start};
use stint_app::decide_request::Verdict;
use stint_app::failure::Missing;
use stint_app::letter::Letter;
use stint_app::notify_approvers::notify_approvers;
use stint_app::ports::{MailError, Mailer, Surroundings as _, TaskToken};
use stint_app::submit_request::SubmitRequest;
use stint_app::withdraw::cancel_request;
use stint_domain::grant::GrantState;
use stint_domain::ids::{PrincipalId, RequestId};

const TOLD: &str = "request.settled_told";

fn submitted(stage: &Stage, entitlement: &str) -> (RequestId, At) {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask(entitlement, "15m") };
    let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let mut at = start();
    stage.run(id, &mut at);
    (id, at)
}

/// Two security officers and one more, of whom two have to approve.
fn three_asked(stage: &Stage) -> (RequestId, At) {
    let officers = "security-officers".parse().unwrap();
    stage.world.state().people.get_mut(&"iris".parse().unwrap()).unwrap().groups.insert(officers);
    submitted(stage, "ledger-repair")
}

fn says(stage: &Stage, who: &str, id: RequestId, verdict: Verdict) {
    block_on(stage.decide(who, id, verdict)).unwrap();
}

/// Who has been told it, in their order, with the subject.
fn told(stage: &Stage) -> Vec<String> {
    let words = ["Approved: ", "Denied: ", "Withdrawn: ", "Lapsed: "];
    let inbox = &stage.world.state().inbox;
    let mails = inbox.iter().filter(|mail| words.iter().any(|word| mail.subject.starts_with(word)));
    mails
        .map(|mail| {
            let (word, _) = mail.subject.split_once(':').unwrap();
            format!("{} {word}", mail.to.replace("@example.com", ""))
        })
        .collect()
}

fn a_minute_later(stage: &Stage) {
    stage.world.pass(60);
    assert_eq!(stage.sweep(&stage.world.now().to_string()).unwrap().failed, 0);
}

fn noted(stage: &Stage, id: RequestId) -> usize {
    stage.world.actions(&id.to_string()).iter().filter(|action| *action == TOLD).count()
}

#[test]
fn who_was_asked_and_did_not_decide_is_told_once_who_did() {
    let stage = Stage::new();
    let (id, mut at) = three_asked(&stage);
    says(&stage, "gita", id, Verdict::Approve);
    a_minute_later(&stage);
    assert!(told(&stage).is_empty(), "it is not settled");
    says(&stage, "iris", id, Verdict::Approve);
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id) && told(&stage).is_empty(), "access waits for no mail");
    for _ in 0..3 {
        a_minute_later(&stage);
        assert_eq!(told(&stage), ["hugo Approved"]);
    }
    assert_eq!(noted(&stage, id), 1);
    let mails = stage.world.state().inbox.clone();
    let (asked, settled) =
        (mails.iter().find(|mail| mail.to.starts_with("hugo")).unwrap(), mails.last().unwrap());
    assert_eq!(settled.thread, asked.thread);
    assert!(settled.text.contains("approved by Gita, Iris"), "{}", settled.text);
    assert!(!settled.text.contains("/approvals/") && asked.text.contains("/approvals/"));
    stage.settle(id, &mut at);
    assert!(stage.request(id).is_final());
}

#[test]
fn a_denial_is_told_to_those_who_had_not_said_anything() {
    let stage = Stage::new();
    let (id, _) = three_asked(&stage);
    says(&stage, "gita", id, Verdict::Approve);
    says(&stage, "hugo", id, Verdict::Deny);
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["iris Denied"]);
    assert!(stage.request(id).is_final());
}

#[test]
fn what_was_withdrawn_or_has_lapsed_is_told_to_all_who_were_asked() {
    let stage = Stage::new();
    let world = &stage.world;
    let (withdrawn, _) = submitted(&stage, "ledger-repair");
    block_on(cancel_request(world, world, world, &Stage::caller("ana"), withdrawn)).unwrap();
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["gita Withdrawn", "hugo Withdrawn"]);
    let stage = Stage::new();
    let (lapsed, mut at) = submitted(&stage, "ledger-repair");
    stage.settle(lapsed, &mut at);
    assert_eq!(stage.request(lapsed).state.name(), "LAPSED");
    assert_eq!(told(&stage), ["gita Lapsed", "hugo Lapsed"]);
}

/// Iris was asked first and reminded, and her step passed over; Ben denies.
#[test]
fn whoever_was_reminded_or_passed_over_has_had_a_mail_and_is_told_once() {
    let stage = Stage::new();
    let (id, mut at) = submitted(&stage, "payments-export");
    for hour in 0..3 {
        stage.world.pass(3600);
        stage.sweep(&format!("hour {hour}"));
        stage.run(id, &mut at);
    }
    says(&stage, "ben", id, Verdict::Deny);
    a_minute_later(&stage);
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["iris Denied"]);
}

#[test]
fn whoever_decided_alone_and_whoever_nobody_asked_is_told_nothing() {
    for (who, break_glass) in [("ana", false), ("eva", true)] {
        let stage = Stage::new();
        let ask = SubmitRequest { break_glass, ..Stage::ask("payments-repair", "15m") };
        let id = block_on(stage.submit(who, ask)).unwrap().scope.request_id;
        let mut at = start();
        stage.run(id, &mut at);
        if !break_glass {
            block_on(stage.click("ben@example.com", Verdict::Approve)).unwrap();
            stage.run(id, &mut at);
        }
        a_minute_later(&stage);
        assert!(stage.world.has_access(id));
        assert_eq!((told(&stage), noted(&stage, id)), (Vec::new(), 0), "{who}");
    }
}

#[test]
fn whoever_takes_no_mail_or_has_left_keeps_nobody_else_from_being_told_and_stands_on_record() {
    let stage = Stage::new();
    let (id, _) = three_asked(&stage);
    let person = |name: &str| name.parse::<PrincipalId>().unwrap();
    stage.world.state().people.remove(&person("gita"));
    stage.world.state().people.get_mut(&person("hugo")).unwrap().email = None;
    let world = &stage.world;
    block_on(cancel_request(world, world, world, &Stage::caller("ana"), id)).unwrap();
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["iris Withdrawn"]);
    let (text, _) = stage.world.stream(&id.to_string()).pop().unwrap();
    assert!(text.contains(TOLD) && text.contains(r#""approvers":["iris"]"#), "{text}");
    assert!(text.contains(r#""unreached":["gita","hugo"]"#), "{text}");
    assert!(stage.request(id).is_final());
}

#[test]
fn no_mail_that_cannot_be_sent_holds_up_the_end_of_access_and_after_an_hour_it_is_left() {
    let stage = Stage::new();
    let (id, mut at) = three_asked(&stage);
    says(&stage, "gita", id, Verdict::Approve);
    says(&stage, "iris", id, Verdict::Approve);
    stage.world.state().mail_is_down = true;
    stage.run(id, &mut at);
    assert!(stage.world.has_access(id));
    for _ in 0..16 {
        a_minute_later(&stage);
        stage.run(id, &mut at);
    }
    assert!(
        matches!(stage.request(id).grant(), Some(GrantState::Ended { .. })) && !stage.world.has_leftovers(id)
    );
    assert!(!stage.request(id).is_final(), "it is still tried");
    for _ in 0..45 {
        a_minute_later(&stage);
    }
    assert!(stage.request(id).is_final());
    assert_eq!((told(&stage), noted(&stage, id)), (Vec::new(), 1));
}

#[test]
fn mail_that_could_not_be_sent_goes_with_a_later_sweep() {
    let stage = Stage::new();
    let (id, _) = three_asked(&stage);
    says(&stage, "gita", id, Verdict::Deny);
    stage.world.state().mail_is_down = true;
    a_minute_later(&stage);
    assert_eq!((told(&stage), noted(&stage, id)), (Vec::new(), 0));
    stage.world.state().mail_is_down = false;
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["hugo Denied", "iris Denied"]);
    assert_eq!(noted(&stage, id), 1);
}

/// What happens while the last of the mails that ask goes out.
enum Meanwhile {
    Withdrawn,
    DeniedByHugo,
    /// No mail reaches Gita any more, for now.
    Nothing,
}

/// Delivers, and lets something happen meanwhile.
struct Crossing<'s>(&'s Stage, RequestId, Meanwhile);

impl Mailer for Crossing<'_> {
    async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let Self(stage, id, meanwhile) = self;
        let (world, last) =
            (&stage.world, letter.subject.starts_with("Approve?") && letter.to.starts_with("hugo"));
        if matches!(meanwhile, Meanwhile::Nothing) && letter.to.starts_with("gita") {
            return Err(MailError::Unavailable("not now".into()));
        }
        world.send(letter).await?;
        match meanwhile {
            Meanwhile::Withdrawn if last => {
                cancel_request(world, world, world, &Stage::caller("ana"), *id).await.unwrap();
            }
            Meanwhile::DeniedByHugo if last => {
                stage.decide("hugo", *id, Verdict::Deny).await.unwrap();
            }
            _ => {}
        }
        Ok(())
    }
}

fn notified(
    stage: &Stage,
    id: RequestId,
    meanwhile: Meanwhile,
    token: Option<&TaskToken>,
) -> Result<(), Missing> {
    let (world, mailer) = (&stage.world, Crossing(stage, id, meanwhile));
    let url = "https://stint.example";
    block_on(notify_approvers(world, world, world, (&mailer, world), stage.policy, world, url, id, token))
}

#[test]
fn whoever_is_asked_while_it_is_settled_is_told_at_once_and_once() {
    for (meanwhile, expected) in [
        (Meanwhile::Withdrawn, &["gita Withdrawn", "hugo Withdrawn"][..]),
        (Meanwhile::DeniedByHugo, &["gita Denied"][..]),
    ] {
        let stage = Stage::new();
        let ask = SubmitRequest { idempotency: None, ..Stage::ask("ledger-repair", "15m") };
        let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
        let token = TaskToken::new(format!("token-{id}-0"));
        notified(&stage, id, meanwhile, Some(&token)).unwrap();
        assert_eq!(told(&stage), expected);
        a_minute_later(&stage);
        assert_eq!(told(&stage), expected);
        assert!(stage.request(id).is_final());
    }
}

#[test]
fn whoever_cannot_be_mailed_now_keeps_nobody_else_from_being_told() {
    let stage = Stage::new();
    let (id, _) = submitted(&stage, "ledger-repair");
    let world = &stage.world;
    block_on(cancel_request(world, world, world, &Stage::caller("ana"), id)).unwrap();
    assert!(notified(&stage, id, Meanwhile::Nothing, None).is_err(), "it is worth another try");
    assert_eq!((told(&stage), noted(&stage, id)), (vec!["hugo Withdrawn".to_owned()], 1));
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["hugo Withdrawn", "gita Withdrawn"]);
    assert_eq!(noted(&stage, id), 2);
}

/// Who has been asked, or reminded of it, in their order.
fn asked(stage: &Stage) -> Vec<String> {
    let inbox = &stage.world.state().inbox;
    let mails = inbox.iter().filter(|mail| mail.text.contains("/approvals/"));
    mails.map(|mail| mail.to.replace("@example.com", "")).collect()
}

/// Hugo has his mail, and Gita's could not be sent.
fn half_asked(stage: &Stage) -> RequestId {
    let ask = SubmitRequest { idempotency: None, ..Stage::ask("ledger-repair", "15m") };
    let id = block_on(stage.submit("ana", ask)).unwrap().scope.request_id;
    let token = TaskToken::new(format!("token-{id}-0"));
    assert!(notified(stage, id, Meanwhile::Nothing, Some(&token)).is_err(), "it is worth another try");
    assert_eq!(asked(stage), ["hugo"]);
    id
}

/// The workflow tries again, at once and when nobody else can be at that mail any more.
fn tried_until_it_goes(stage: &Stage, id: RequestId, attempt: u32) {
    let token = format!("token-{id}-{attempt}");
    assert!(block_on(stage.notify(id, Some(&token))).is_err(), "somebody else may be at it");
    stage.world.pass(31);
    block_on(stage.notify(id, Some(&token))).unwrap();
}

#[test]
fn whoever_has_a_mail_hears_how_it_is_settled_even_if_another_of_the_round_could_not_be_sent() {
    let stage = Stage::new();
    let id = half_asked(&stage);
    let world = &stage.world;
    block_on(cancel_request(world, world, world, &Stage::caller("ana"), id)).unwrap();
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["hugo Withdrawn"]);
}

#[test]
fn a_round_of_which_a_mail_could_not_be_sent_is_not_out_until_it_has_been() {
    let stage = Stage::new();
    let id = half_asked(&stage);
    tried_until_it_goes(&stage, id, 0);
    assert_eq!(asked(&stage), ["hugo", "gita"], "each once");
    stage.world.pass(30 * 60);
    stage.sweep("reminders");
    assert!(stage.request(id).has_others_to_ask());
    let token = TaskToken::new(format!("token-{id}-1"));
    assert!(notified(&stage, id, Meanwhile::Nothing, Some(&token)).is_err());
    assert_eq!(asked(&stage), ["hugo", "gita", "hugo"]);
    assert!(stage.request(id).has_others_to_ask(), "Gita is still to be reminded");
    tried_until_it_goes(&stage, id, 1);
    assert_eq!(asked(&stage), ["hugo", "gita", "hugo", "gita"]);
    assert!(!stage.request(id).has_others_to_ask());
}

/// Two have to approve, and only one of them can be mailed.
#[test]
fn whoever_was_asked_in_vain_because_too_few_could_be_is_told_that_it_has_lapsed() {
    let stage = Stage::new();
    stage.world.state().people.get_mut(&"gita".parse::<PrincipalId>().unwrap()).unwrap().email = None;
    let (id, _) = submitted(&stage, "ledger-repair");
    assert_eq!(stage.request(id).state.name(), "LAPSED");
    a_minute_later(&stage);
    assert_eq!(told(&stage), ["hugo Lapsed"]);
    let expected = ["request.submitted", "request.approvers_notified", "request.lapsed", TOLD];
    assert_eq!(stage.world.actions(&id.to_string()), expected);
}

#[test]
fn what_the_sweep_asks_for_twice_is_mailed_once() {
    let stage = Stage::new();
    let (id, _) = three_asked(&stage);
    says(&stage, "gita", id, Verdict::Deny);
    block_on(stage.notify(id, Some(&format!("token-{id}-0")))).unwrap();
    assert!(told(&stage).is_empty(), "what the workflow calls mails no such thing");
    for _ in 0..2 {
        block_on(stage.notify(id, None)).unwrap();
        assert_eq!((told(&stage).len(), noted(&stage, id)), (2, 1));
    }
}
