//! When an alarm of CloudWatch's is on, worked out from the alarm as it is deployed and from what really happened. The
//! local cloud keeps alarms and does not watch by them.
//!
//! Guards against flattering ourselves: a minute may begin at any moment, an invocation counts for the minute in which
//! it began and is known when it has ended, and no alarm is on before its minute is over. It must not know what an
//! alarm is for.

use crate::datapoints::Datapoint;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use stint_local::Stage;

#[derive(Debug)]
pub(crate) struct Alarm {
    /// Milliseconds.
    period: i64,
    periods: i64,
    /// How many of those must breach.
    needed: usize,
    threshold: i64,
}

impl Alarm {
    /// The alarm of this name, which watches this metric, such as `AWS/Lambda Errors FunctionName=stint-expire`.
    pub(crate) fn deployed(stage: &Stage, name: &str, metric: &str) -> Self {
        let ask = json!({"AlarmNames": [name]});
        let target = "GraniteServiceVersion20100801.DescribeAlarms";
        let found = stage.admin.json("monitoring", target, &ask).unwrap();
        let [alarm] = found["MetricAlarms"].as_array().unwrap().as_slice() else { panic!("{name}: {found}") };
        assert_eq!(watched(alarm), metric);
        is_understood(alarm);
        let topic = stage.outputs.get("AlarmsTopic").unwrap();
        assert_eq!((&alarm["ActionsEnabled"], &alarm["AlarmActions"]), (&json!(true), &json!([topic])));
        let periods = alarm["EvaluationPeriods"].as_i64().unwrap();
        let needed = alarm["DatapointsToAlarm"].as_i64().unwrap_or(periods);
        Self {
            period: 1000 * alarm["Period"].as_i64().unwrap(),
            periods,
            needed: usize::try_from(needed).unwrap(),
            threshold: whole(&alarm["Threshold"]),
        }
    }

    /// When it is on, whichever way the minutes fall; none if they can fall so that it stays off.
    pub(crate) fn on_at_the_latest(&self, data: &[Datapoint]) -> Option<i64> {
        let on = self.phases(data).into_iter().map(|phase| self.on(data, phase));
        on.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Whichever way the minutes fall, it stays off.
    pub(crate) fn stays_off(&self, data: &[Datapoint]) -> bool {
        self.phases(data).into_iter().all(|phase| self.on(data, phase).is_none())
    }

    /// The beginnings of periods that make a difference: just before, at and just after a datapoint.
    fn phases(&self, data: &[Datapoint]) -> BTreeSet<i64> {
        let around = |point: &Datapoint| [-1, 0, 1].map(|by| (point.at + by).rem_euclid(self.period));
        data.iter().flat_map(around).chain([0]).collect()
    }

    fn on(&self, data: &[Datapoint], phase: i64) -> Option<i64> {
        let breaching = self.breaching(data, phase);
        let on = |last: &i64| {
            let known: Vec<_> = breaching.range(last - self.periods + 1..=*last).map(|(_, at)| *at).collect();
            let over = phase + (last + 1) * self.period;
            (known.len() >= self.needed).then(|| known.into_iter().fold(over, i64::max))
        };
        breaching.keys().filter_map(on).min()
    }

    /// The periods that breach, and when that is known.
    fn breaching(&self, data: &[Datapoint], phase: i64) -> BTreeMap<i64, i64> {
        let mut data = data.to_vec();
        data.sort_by_key(|point| point.known);
        let (mut sums, mut breaching) = (BTreeMap::new(), BTreeMap::new());
        for point in data {
            let period = (point.at - phase).div_euclid(self.period);
            let sum = sums.entry(period).or_insert(0);
            *sum += point.value;
            if *sum >= self.threshold {
                breaching.entry(period).or_insert(point.known);
            }
        }
        breaching
    }
}

fn watched(alarm: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dimensions = alarm["Dimensions"].as_array().into_iter().flatten();
    let named = dimensions.map(|one| format!("{}={}", text(&one["Name"]), text(&one["Value"])));
    let metric = [text(&alarm["Namespace"]), text(&alarm["MetricName"])];
    metric.into_iter().chain(named).collect::<Vec<_>>().join(" ")
}

/// Any other kind of alarm is evaluated in another way.
fn is_understood(alarm: &Value) {
    let said = ["Statistic", "ComparisonOperator", "TreatMissingData"].map(|name| &alarm[name]);
    assert_eq!(said, ["Sum", "GreaterThanOrEqualToThreshold", "notBreaching"], "{alarm}");
    assert!(["Metrics", "ExtendedStatistic", "Unit"].iter().all(|name| alarm[name].is_null()), "{alarm}");
}

fn whole(number: &Value) -> i64 {
    number.to_string().trim_end_matches(".0").parse().unwrap()
}

#[test]
fn an_alarm_is_worked_out_whichever_way_the_minutes_fall() {
    let alarm = |threshold, periods, needed| Alarm { period: 60_000, periods, needed, threshold };
    let data = |seconds: &[i64]| {
        let point = |at: &i64| Datapoint { at: at * 1000, known: at * 1000, value: 1 };
        seconds.iter().map(point).collect::<Vec<_>>()
    };
    // The minute begins when the second comes, and is over a minute later.
    assert_eq!(alarm(2, 1, 1).on_at_the_latest(&data(&[0, 5, 15])), Some(65_000));
    assert_eq!(alarm(3, 1, 1).on_at_the_latest(&data(&[0, 5, 15, 35, 75])), None, "two, two and one");
    assert!(!alarm(3, 1, 1).stays_off(&data(&[0, 5, 15, 35, 75])), "but it may well be on");
    assert!(alarm(2, 1, 1).stays_off(&data(&[0])) && alarm(1, 1, 1).stays_off(&[]));
    assert_eq!(alarm(1, 2, 2).on_at_the_latest(&data(&[0, 50, 100])), Some(120_000));
    assert!(alarm(1, 2, 2).stays_off(&data(&[0, 130])), "not one after the other");
    let late = [Datapoint { known: 200_000, ..data(&[0])[0] }, data(&[1])[0]];
    assert_eq!(alarm(2, 1, 1).on_at_the_latest(&[late[0], late[1], data(&[2])[0]]), Some(200_000));
}
