//! What was asked in the past and what policy said, read from an export of the audit.
//!
//! Guards: nothing of an export that does not verify is used, and what an event does not say is not made up. It must not
//! know policies.

use crate::folder::Unusable;
use jiff::Timestamp;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use stint_domain::audit::{Actor, AuditEvent, Authorization, Exported};
use stint_domain::ids::{EntitlementId, PrincipalId};
use stint_policy::Weighed;

/// A request as policy was asked about it.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) at: Timestamp,
    pub(crate) who: PrincipalId,
    pub(crate) entitlement: EntitlementId,
    /// The stream by which it is found again.
    pub(crate) stream: String,
    pub(crate) decided: Authorization,
    pub(crate) weighed: Weighed,
}

/// What an export has of requests.
#[derive(Debug, Default)]
pub(crate) struct Pasts {
    pub(crate) whole: Vec<Past>,
    /// Refused without asking policy: of somebody or something that was not there, or that was no request.
    pub(crate) not_asked: usize,
    /// Without all that policies are told today.
    pub(crate) too_little: usize,
    /// Their request was made before the export begins.
    pub(crate) before: usize,
}

impl Pasts {
    pub(crate) fn read(path: &Path) -> Result<Self, Unusable> {
        let unreadable = |cause| Unusable::File { path: path.to_owned(), cause };
        let broken = |why: String| Unusable::Export { path: path.to_owned(), why };
        let (mut exported, mut pasts) = (Exported::default(), Self::default());
        for (number, line) in (1..).zip(BufReader::new(File::open(path).map_err(unreadable)?).lines()) {
            let line = line.map_err(unreadable)?;
            let event = exported.read(&line).map_err(|bad| broken(format!("line {number}: {bad}")))?;
            pasts.take(event);
        }
        exported.check().map_err(|bad| broken(bad.to_string()))?;
        pasts.before = exported.begun_before().filter(|stream| stream.starts_with("req-")).count();
        Ok(pasts)
    }

    fn take(&mut self, event: AuditEvent) {
        if !matches!(event.action.as_str(), "request.submitted" | "request.refused") {
            return;
        }
        if event.action == "request.refused" && event.authorization.is_none() {
            self.not_asked += 1;
            return;
        }
        match past(event) {
            Some(past) => self.whole.push(past),
            None => self.too_little += 1,
        }
    }
}

fn past(event: AuditEvent) -> Option<Past> {
    let Actor::Person { id: who, .. } = event.actor else { return None };
    let decided = event.authorization?;
    let weighed = Weighed::of(&decided)?;
    Some(Past { at: event.at, who, entitlement: event.entitlement?, stream: event.stream, decided, weighed })
}
