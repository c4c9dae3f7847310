//! Metrics as log lines, in CloudWatch's embedded metric format: no call, no agent, nothing to flush.
//!
//! Guards: a closed set of names without dimensions, so that neither an id nor a person can become one.

use jiff::Timestamp;
use serde_json::json;
use std::io::Write;
use stint_app::transact::Done;

/// The namespace of every metric; alarms refer to it.
pub const NAMESPACE: &str = "Stint";

/// What is measured. The names are the alarms' and the dashboards'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    RequestSubmitted,
    RequestApproved,
    RequestDenied,
    RequestRefused,
    RequestLapsed,
    /// From submission to decision, in milliseconds.
    ApprovalLatencyMs,
    GrantActivated,
    ActivationFailed,
    GrantEnded,
    /// From the end of the window to the verified removal, in milliseconds.
    ExpiryLagMs,
    /// Somebody is paged for one.
    RemovalFailed,
    /// Something was overdue and reconcile had to do it.
    Reconciled,
    /// What a sweep could not put right, tell or look at.
    SweepFailed,
    /// Something at a target belonged to no grant.
    StrayFound,
    /// What a grant has made is not as it was made.
    TargetAltered,
    CredentialRotated,
    /// The record has an approval that nobody gave. Somebody is paged for one.
    ApprovalForged,
    /// Somebody has had access without asking. Somebody is paged for one.
    GlassBroken,
    /// Nobody has reviewed that in time. Somebody is paged for one.
    ReviewOverdue,
}

impl Metric {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestSubmitted => "RequestSubmitted",
            Self::RequestApproved => "RequestApproved",
            Self::RequestDenied => "RequestDenied",
            Self::RequestRefused => "RequestRefused",
            Self::RequestLapsed => "RequestLapsed",
            Self::ApprovalLatencyMs => "ApprovalLatencyMs",
            Self::GrantActivated => "GrantActivated",
            Self::ActivationFailed => "ActivationFailed",
            Self::GrantEnded => "GrantEnded",
            Self::ExpiryLagMs => "ExpiryLagMs",
            Self::RemovalFailed => "RemovalFailed",
            Self::Reconciled => "Reconciled",
            Self::SweepFailed => "SweepFailed",
            Self::StrayFound => "StrayFound",
            Self::TargetAltered => "TargetAltered",
            Self::CredentialRotated => "CredentialRotated",
            Self::ApprovalForged => "ApprovalForged",
            Self::GlassBroken => "GlassBroken",
            Self::ReviewOverdue => "ReviewOverdue",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::ApprovalLatencyMs | Self::ExpiryLagMs => "Milliseconds",
            _ => "Count",
        }
    }
}

/// Counts one.
pub fn count(metric: Metric, now: Timestamp) {
    measure(metric, 1, now);
}

/// Records `value`, in the metric's own unit. A metric that cannot be written is not worth failing for.
pub fn measure(metric: Metric, value: i64, now: Timestamp) {
    let _ = writeln!(std::io::stdout().lock(), "{}", line(metric, value, now));
}

/// Counts a decision that this call made, and how long it took.
pub(crate) fn note_decision(done: &Done, now: Timestamp) {
    if !done.changed {
        return;
    }
    let request = &done.recorded.request;
    count(if request.grant().is_some() { Metric::RequestApproved } else { Metric::RequestDenied }, now);
    measure(Metric::ApprovalLatencyMs, now.as_millisecond() - request.submitted_at.as_millisecond(), now);
}

fn line(metric: Metric, value: i64, now: Timestamp) -> String {
    let name = metric.name();
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[]],
                "Metrics": [{ "Name": name, "Unit": metric.unit() }],
            }],
        },
        name: value,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_line_is_one_json_object_that_holds_the_value_its_declaration_names() {
        let text = line(Metric::ExpiryLagMs, 412, Timestamp::from_millisecond(1_795_341_600_250).unwrap());
        let read: Value = serde_json::from_str(&text).unwrap();
        let declared = &read["_aws"]["CloudWatchMetrics"][0];
        assert!(!text.contains('\n'));
        assert_eq!(declared["Namespace"], "Stint");
        assert_eq!(declared["Metrics"][0], json!({ "Name": "ExpiryLagMs", "Unit": "Milliseconds" }));
        assert_eq!(read["ExpiryLagMs"], 412);
        assert_eq!(read["_aws"]["Timestamp"], 1_795_341_600_250_i64);
    }
}
