//! At least once means twice: every event that reaches a function is delivered again, right after and at the end, and
//! changes nothing.

use crate::alone;
use crate::life::{AT_ONCE, BY_A_PERSON, Life};
use crate::patience::{eventually, schedule, sweep};
use crate::post::{Post, notification, task, to};
use crate::revealed::{A_USER, active, grant, keys, own_user, revealed};
use crate::snapshot::settled;
use serde_json::{Value, json};
use stint_local::browser::{form, hidden};
use stint_local::probe::Access;

#[test]
fn every_event_of_a_life_that_policy_began_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, AT_ONCE, "10m");
    life.reaches("grant.activated");
    let mut post = Post::of(&life);
    post.again("POST /v1/requests", || {
        let again = life.asked_again(AT_ONCE, "10m");
        assert_eq!(
            (again.status, again.json()["id"].as_str()),
            (200, Some(life.id.as_str())),
            "{}",
            again.body
        );
        "200".to_owned()
    });
    post.again("notify", to(&life, "stint-notify", notification(&life)));
    post.again("grant", to(&life, "stint-grant", task(&life)));
    post.again("expire, too early", to(&life, "stint-expire", task(&life)));
    post.again("reconcile", || format!("{:?}", sweep(stage).unwrap()));
    post.again("reconcile, within its lease", to(&life, "stint-reconcile", schedule()));
    let more = life.extended(AT_ONCE, "5m");
    more.reaches("grant.handed_over");
    more.ended();
    post.again("grant, of an extension", to(&more, "stint-grant", task(&more)));
    let give_back = || given_back(&life);
    assert_eq!(life.policies().len(), 1, "it is there while it may be");
    give_back();
    life.reaches("grant.ended");
    assert!(life.policies().is_empty());
    post.again("POST /v1/grants/{id}/return", give_back);
    post.again(
        "expire, returned",
        to(&life, "stint-expire", json!({"request_id": life.id, "trigger": "returned"})),
    );
    post.again("expire", to(&life, "stint-expire", task(&life)));
    let stopped = json!({"request_id": life.id, "trigger": "execution", "status": "ABORTED"});
    post.again("expire, by the event bus", to(&life, "stint-expire", stopped));
    let restarted =
        json!({"request_id": format!("{}-2", life.id), "trigger": "execution", "status": "FAILED"});
    post.again("expire, of a restart", to(&life, "stint-expire", restarted));
    post.all_again();
}

fn given_back(life: &Life<'_>) -> String {
    let path = format!("/v1/grants/{}/return", grant(life));
    life.session.send("POST", &path, &[], &Value::Null).unwrap().ok("return").unwrap().status.to_string()
}

#[test]
fn the_end_of_a_window_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, AT_ONCE, "4s");
    let last = eventually("the end of the window", || life.over());
    assert_eq!(last["detail"]["ended_by"], "EXPIRED", "{last}");
    life.ended();
    let mut post = Post::of(&life);
    post.again("expire, at the end of the window", to(&life, "stint-expire", task(&life)));
    post.again("grant, after it", to(&life, "stint-grant", task(&life)));
    post.all_again();
}

#[test]
fn every_event_of_a_life_that_a_person_began_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, BY_A_PERSON, "10m");
    life.reaches("request.approvers_notified");
    let mail = stage.mail("ben@example.com", &life.id).unwrap();
    let link = mail.link().unwrap();
    let press = button(&life, "approve");
    let mut post = Post::of(&life);
    post.again("notify", to(&life, "stint-notify", notification(&life)));
    post.again("GET /approvals/{token}", || stage.browser().open(link).unwrap().status.to_string());
    press();
    life.reaches("grant.activated");
    post.again("POST /approvals/{token}", press);
    post.again("grant", to(&life, "stint-grant", task(&life)));
    post.again("expire, too early", to(&life, "stint-expire", task(&life)));
    stage.execution(&life.id).unwrap().stop().unwrap();
    life.reaches("grant.ended");
    let stopped = json!({"request_id": life.id, "trigger": "execution", "status": "ABORTED"});
    post.again("expire, by the event bus", to(&life, "stint-expire", stopped));
    everybody_is_told(&life);
    post.again("reconcile", || format!("{:?}", sweep(stage).unwrap()));
    post.all_again();
}

/// A button on the page that was mailed to Ben, opened once; each press sends the same form.
fn button(life: &Life<'_>, decision: &'static str) -> impl Fn() -> String + use<> {
    let mail = life.stage.mail("ben@example.com", &life.id).unwrap();
    let link = mail.link().unwrap().to_owned();
    let mut browser = life.stage.browser();
    let page = browser.open(&link).unwrap();
    let form = form(hidden(&page.body, "nonce").unwrap(), decision, "looked at it");
    move || browser.submit(&link, &form).unwrap().ok(decision).unwrap().status.to_string()
}

/// Whoever else was asked hears that it is settled: other tests have approvers of their own.
fn everybody_is_told(life: &Life<'_>) {
    eventually("that everybody is told", || {
        sweep(life.stage).unwrap().expect("a sweep succeeds");
        (!settled(life).records.iter().any(|record| record.contains("untold"))).then_some(())
    });
}

#[test]
fn a_request_that_was_denied_or_cancelled_stays_so_whatever_comes_again() {
    let (stage, _alone) = alone();
    let denied = Life::asked(stage, BY_A_PERSON, "10m");
    let cancelled = Life::asked(stage, BY_A_PERSON, "10m");
    for life in [&denied, &cancelled] {
        life.reaches("request.approvers_notified");
    }
    let deny = button(&denied, "deny");
    deny();
    denied.reaches("request.denied");
    let cancel = || {
        let path = format!("/v1/requests/{}/cancel", cancelled.id);
        cancelled
            .session
            .send("POST", &path, &[], &Value::Null)
            .unwrap()
            .ok("cancel")
            .unwrap()
            .status
            .to_string()
    };
    cancel();
    cancelled.reaches("request.cancelled");
    let mails =
        |life: &Life<'_>| stint_local::mail::about(&stage.http, "ben@example.com", &life.id).unwrap().len();
    [&denied, &cancelled].into_iter().for_each(everybody_is_told);
    assert_eq!((mails(&denied), mails(&cancelled)), (1, 2), "Ben decided the one, and is told of the other");
    for life in [&denied, &cancelled] {
        let mut post = Post::of(life);
        post.again("notify", to(life, "stint-notify", notification(life)));
        post.again("notify, by the sweep", to(life, "stint-notify", task(life)));
        post.again("grant", to(life, "stint-grant", task(life)));
        post.again("expire", to(life, "stint-expire", task(life)));
        let stopped = json!({"request_id": life.id, "trigger": "execution", "status": "ABORTED"});
        post.again("expire, by the event bus", to(life, "stint-expire", stopped));
        post.again("reconcile", || format!("{:?}", sweep(stage).unwrap()));
        if life.id == cancelled.id {
            post.again("POST /v1/requests/{id}/cancel", cancel);
        } else {
            post.again("POST /approvals/{token}", &deny);
        }
        post.all_again();
    }
}

#[test]
fn a_decision_by_the_api_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    let ben = stage.sign_in("ben").unwrap();
    for (verb, comes_of_it) in [("approve", "grant.activated"), ("deny", "request.denied")] {
        let life = Life::asked(stage, BY_A_PERSON, "10m");
        life.reaches("request.approvers_notified");
        let path = format!("/v1/requests/{}/{verb}", life.id);
        let comment = json!({"comment": "looked at it"});
        let decide = || ben.post(&path, &comment).unwrap().ok(verb).unwrap().status.to_string();
        decide();
        life.reaches(comes_of_it);
        everybody_is_told(&life);
        let mut post = Post::of(&life);
        post.again(verb, decide);
        if verb == "approve" {
            assert_eq!(life.access(), Access::Allowed);
            given_back(&life);
            life.reaches("grant.ended");
        }
        post.all_again();
    }
}

#[test]
fn a_review_by_the_api_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    let life = Life::emergency(stage, A_USER, "10m");
    life.reaches("grant.activated");
    life.reaches("review.reviewers_told");
    given_back(&life);
    life.reaches("grant.ended");
    life.ended();
    let gita = stage.sign_in("gita").unwrap();
    let path = format!("/v1/requests/{}/review", life.id);
    let finding = json!({"finding": "justified", "comment": "nobody else was there"});
    let review = || gita.post(&path, &finding).unwrap().ok("review").unwrap().status.to_string();
    review();
    life.reaches("review.closed");
    let mut post = Post::of(&life);
    post.again("POST /v1/requests/{id}/review", review);
    post.again("notify, by the sweep", to(&life, "stint-notify", task(&life)));
    post.again("expire", to(&life, "stint-expire", task(&life)));
    post.all_again();
}

/// A credential is made for each ask, on purpose.
#[test]
fn a_second_reveal_gives_another_key_in_place_of_the_first_and_changes_nothing_else() {
    let (stage, _alone) = alone();
    let life = active(stage, A_USER, "10m");
    let first = revealed(&life);
    let (before, had) = (life.look(), life.actions());
    let second = revealed(&life);
    assert_eq!(life.look(), before);
    assert_eq!((keys(&life), first.read("payments").unwrap()), (1, Access::NoSuchKey));
    assert_eq!(second.read("payments").unwrap(), Access::Allowed);
    let since = life.actions().split_off(had.len());
    assert_eq!(since, ["grant.credential_requested", "grant.credential_revealed"]);
    given_back(&life);
    life.reaches("grant.ended");
    assert_eq!(
        (second.read("payments").unwrap(), stage.has_user(&own_user(&life)).unwrap()),
        (Access::NoSuchKey, false)
    );
}
