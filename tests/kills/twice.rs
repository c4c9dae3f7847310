//! At least once means twice: every event that reaches a function is delivered again, right after and at the end, and
//! changes nothing.

use crate::alone;
use crate::life::{AT_ONCE, BY_A_PERSON, Life};
use crate::patience::{eventually, schedule, sweep};
use crate::post::{Post, notification, task, to};
use crate::snapshot::settled;
use serde_json::{Value, json};
use stint_local::browser::{form, hidden};

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
    let give_back = || {
        let path = format!("/v1/grants/{}/return", life.look()["grant"]["id"].as_str().unwrap());
        life.session.send("POST", &path, &[], &Value::Null).unwrap().ok("return").unwrap().status.to_string()
    };
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

#[test]
fn every_event_of_a_life_that_a_person_began_changes_nothing_the_second_time() {
    let (stage, _alone) = alone();
    let life = Life::asked(stage, BY_A_PERSON, "10m");
    life.reaches("request.approvers_notified");
    let mail = stage.mail("ben@example.com", &life.id).unwrap();
    let link = mail.link().unwrap();
    let mut browser = stage.browser();
    let page = browser.open(link).unwrap();
    let yes = form(hidden(&page.body, "nonce").unwrap(), "approve", "go ahead");
    let mut post = Post::of(&life);
    post.again("notify", to(&life, "stint-notify", notification(&life)));
    post.again("GET /approvals/{token}", || stage.browser().open(link).unwrap().status.to_string());
    let press = || browser.submit(link, &yes).unwrap().ok("approve").unwrap().status.to_string();
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
    let deny = || stage.decide_by_mail("ben@example.com", &denied.id, "deny");
    deny().unwrap();
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
        }
        post.all_again();
    }
}
