//! Another version is deployed over grants and requests that are under way: none of them is lost.

use crate::alone;
use crate::life::{BY_A_PERSON, Life};
use crate::new_version::deployed;
use crate::patience::{eventually, now, until};
use crate::revealed::{A_SESSION, A_USER, active, own_user, revealed};
use std::time::Duration;
use stint_local::probe::{Access, Probe};

/// Long enough for a deployment.
const WINDOW: &str = "60s";

#[test]
fn a_deployment_over_live_grants_and_a_waiting_request_loses_none_of_them() {
    let (stage, _alone) = alone();
    let waiting = Life::asked(stage, BY_A_PERSON, "8s");
    let mail = stage.mail("ben@example.com", &waiting.id).unwrap();
    waiting.reaches("request.approvers_notified");
    let lives = [BY_A_PERSON, A_USER, A_SESSION].map(|what| active(stage, what, WINDOW));
    let [elevation, user, session] = &lives;
    let probes = [stage.probe(&elevation.user).unwrap(), revealed(user), revealed(session)];
    deployed(stage);
    let approved = stage.browser().decide(mail.link().unwrap(), "approve", "").unwrap();
    assert_eq!(approved.status, 200, "by the link from before: {}", approved.body);
    revealed(session);
    completes(&waiting);
    each_works_until_its_end(&lives, &probes);
    for (life, probe) in lives.iter().zip(&probes) {
        removed(life);
        assert_ne!(probe.read("payments").unwrap(), Access::Allowed);
    }
    assert!(elevation.policies().is_empty() && !stage.has_user(&own_user(user)).unwrap());
}

/// What was asked before and approved after.
fn completes(life: &Life<'_>) {
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    until(life.ends_at().unwrap());
    assert_eq!(life.access(), Access::Denied);
    removed(life);
    assert!(life.policies().is_empty());
}

/// Looks at all of them in turn, and at each once more when its end has come.
fn each_works_until_its_end(lives: &[Life<'_>], probes: &[Probe]) {
    let mut left: Vec<_> = lives.iter().zip(probes).map(|(life, probe)| (life, probe, 0)).collect();
    while !left.is_empty() {
        left.retain_mut(|(life, probe, looks)| {
            let access = probe.read("payments").unwrap();
            let over = now() >= life.ends_at().unwrap();
            if over {
                assert!(*looks > 0, "{} ended before anybody looked", life.id);
                assert_ne!(probe.read("payments").unwrap(), Access::Allowed, "{} at its end", life.id);
            } else {
                assert_eq!(access, Access::Allowed, "{} before its end", life.id);
                *looks += 1;
            }
            !over
        });
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn removed(life: &Life<'_>) {
    let last = eventually("the end", || life.over());
    let said = [&last["action"], &last["detail"]["ended_by"], &last["detail"]["receipt"]["answered"]];
    assert_eq!(said, ["grant.ended", "EXPIRED", "NoSuchEntity"], "{last}");
    let status = eventually("the workflow's end", || {
        Some(life.stage.execution(&life.id).unwrap().status().unwrap()).filter(|status| status != "RUNNING")
    });
    assert_eq!(status, "SUCCEEDED");
}
