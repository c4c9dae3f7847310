//! The function that ends access is broken for good: access ends by its date, and somebody is told. How soon is worked
//! out from the retries as they are deployed, and not measured.

use crate::alarm::Alarm;
use crate::alone;
use crate::datapoints::{Datapoint, errors};
use crate::denying::{Denying, Unstartable, configuration};
use crate::life::{AT_ONCE, Life};
use crate::patience::{SWEEP, eventually, until};
use crate::switched_off::{EXPIRE, Off, schedule_is};
use serde_json::{Value, json};
use stint_local::hooks::switch_off;
use stint_local::probe::Access;
use stint_local::stage::Stage;

/// Milliseconds after the end of a window.
const TOLD_WITHIN: i64 = 120_000;
/// Of those, what CloudWatch may take to have a datapoint and to look at it.
const FOR_CLOUDWATCH: i64 = 30_000;

fn alarm(stage: &Stage) -> Alarm {
    Alarm::deployed(stage, "stint-expire-failing", "AWS/Lambda Errors FunctionName=stint-expire")
}

#[test]
fn with_expire_broken_for_good_access_is_denied_on_time_and_the_alarm_comes_on() {
    denied_and_told_of(|stage| Denying::the(stage, &[EXPIRE], "*"));
}

#[test]
fn with_an_expire_that_does_not_even_start_access_is_denied_on_time_and_the_alarm_comes_on() {
    denied_and_told_of(|stage| Unstartable::made(stage, EXPIRE));
}

fn denied_and_told_of<B>(break_it: impl FnOnce(&'static Stage) -> B) {
    let (stage, _alone) = alone();
    let (alarm, _off) = (alarm(stage), Off(stage));
    switch_off(&stage.admin, SWEEP).unwrap();
    schedule_is(stage, "DisableRule");
    let broken = break_it(stage);
    let life = Life::asked(stage, AT_ONCE, "8s");
    life.reaches("grant.activated");
    assert_eq!(life.access(), Access::Allowed);
    until(life.ends_at().unwrap());
    assert_eq!(life.access(), Access::Denied, "by the date in the policy");
    eventually("an alarm, whichever way the minutes fall", || {
        alarm.on_at_the_latest(&errors(&life.invocations("expire")))
    });
    assert_eq!((life.access(), life.policies().len(), life.over()), (Access::Denied, 1, None), "still there");
    drop(broken);
    let last = eventually("what expire does when it can", || life.over());
    removed_by_expire(&life, &last);
    nothing_to_tell(stage, &alarm);
}

/// The same alarm over an end like any other.
fn nothing_to_tell(stage: &Stage, alarm: &Alarm) {
    let life = Life::asked(stage, AT_ONCE, "5s");
    removed_by_expire(&life, &eventually("an end like any other", || life.over()));
    let data = errors(&life.invocations("expire"));
    assert!(!data.is_empty() && alarm.stays_off(&data), "{data:?}");
}

fn removed_by_expire(life: &Life<'_>, last: &Value) {
    assert_eq!((life.access(), life.policies()), (Access::Denied, Vec::new()));
    assert_eq!(
        (&last["action"], &last["actor"]["component"], &last["detail"]["receipt"]["answered"]),
        (&json!("grant.ended"), &json!("expire"), &json!("NoSuchEntity")),
        "{last}"
    );
    eventually("its return", || (life.returned("expire") == life.invocations("expire").len()).then_some(()));
}

/// By the retries of the workflow as it is deployed, with none, half and all of their delay: they are drawn.
#[test]
fn however_expire_fails_and_however_slowly_its_alarm_is_on_within_two_minutes() {
    let stage = Stage::shared().unwrap();
    let (alarm, retries) = (alarm(stage), retries(stage));
    let timeout = 1000 * configuration(stage, EXPIRE)["Timeout"].as_i64().unwrap();
    assert!(retries.len() >= 2 && timeout > 0, "{retries:?}");
    for retry in &retries {
        for (halves, lasting) in
            (0..=2).flat_map(|halves| (0..=timeout / 1000).map(move |s| (halves, 1000 * s)))
        {
            let data = failures(retry, halves, lasting);
            let on = alarm.on_at_the_latest(&data);
            let in_time = on.is_some_and(|on| on + FOR_CLOUDWATCH <= TOLD_WITHIN);
            assert!(
                in_time,
                "on at {on:?} ms if {lasting} ms each and {halves} halves of the delays of {retry}"
            );
            assert!(alarm.stays_off(&data[..1]), "one failure is nothing to wake up for");
        }
    }
}

fn retries(stage: &Stage) -> Vec<Value> {
    let ask = json!({"stateMachineArn": stage.outputs.get("StateMachineArn").unwrap()});
    let machine = stage.admin.json("states", "AWSStepFunctions.DescribeStateMachine", &ask).unwrap();
    let definition: Value = serde_json::from_str(machine["definition"].as_str().unwrap()).unwrap();
    let retries = definition["States"]["Expire"]["Retry"].as_array().unwrap();
    retries.iter().filter(|retry| retry["MaxAttempts"] != 0).cloned().collect()
}

/// As many as fit into the time and some more, from 0 on.
fn failures(retry: &Value, halves: i64, lasting: i64) -> Vec<Datapoint> {
    let seconds = |name: &str| retry[name].as_i64().unwrap();
    let (mut at, mut delay) = (0, seconds("IntervalSeconds"));
    let failure = |_| {
        let point = Datapoint { at, known: at + lasting, value: 1 };
        at += lasting + 500 * halves * delay;
        delay = (delay * seconds("BackoffRate")).min(seconds("MaxDelaySeconds"));
        point
    };
    (0..12).map(failure).collect()
}
