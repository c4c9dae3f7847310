//! What CloudWatch would have been given, from what really happened: invocations, and lines in a function's log.

use serde_json::{Value, json};
use stint_local::Stage;
use stint_local::hooks::{Invocation, logs};

/// In milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datapoint {
    pub(crate) at: i64,
    /// When CloudWatch can have it.
    pub(crate) known: i64,
    pub(crate) value: i64,
}

/// Lambda's metric `Errors` of these invocations: 0 for each that did not fail.
pub(crate) fn errors(runs: &[Invocation]) -> Vec<Datapoint> {
    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let point = |run: &Invocation| {
        let known = time(run.ended.as_deref()?);
        Some(Datapoint { at: time(&run.started), known, value: i64::from(run.error.is_some()) })
    };
    runs.iter().filter_map(point).collect()
}

/// What a function has logged since then for this metric of Stint's own, in the embedded metric format.
pub(crate) fn logged(stage: &Stage, function: &str, metric: &str, since: i64) -> Vec<Datapoint> {
    let point = |line: &String| {
        let line: Value = serde_json::from_str(line).ok()?;
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        let named = declared["Namespace"] == "Stint" && declared["Metrics"][0]["Name"] == metric;
        assert!(!named || declared["Dimensions"] == json!([[]]), "the alarm has no dimensions: {line}");
        let at = line["_aws"]["Timestamp"].as_i64().filter(|at| named && *at >= since)?;
        Some(Datapoint { at, known: at, value: line[metric].as_i64()? })
    };
    logs(&stage.admin, function).unwrap().iter().filter_map(point).collect()
}
