//! CSV by RFC 4180, for spreadsheets.

use super::ExportError;
use csv::{Terminator, Writer, WriterBuilder};
use std::io::Write;
use stint_app::ports::StoredEvent;
use stint_domain::audit::{Actor, AuditEvent, Outcome};

/// The columns, in their order. New ones are added at the end.
pub(super) const COLUMNS: [&str; 17] = [
    "stream",
    "sequence",
    "at",
    "action",
    "outcome",
    "actor_type",
    "actor",
    "request_id",
    "grant_id",
    "entitlement",
    "policy_version",
    "policies",
    "source_address",
    "detail",
    "previous",
    "hash",
    "invocation",
];

/// What makes a spreadsheet take a cell for something else than text.
pub(super) const TRIGGERS: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0'];

pub struct CsvTable<W: Write> {
    out: Writer<W>,
    written: u64,
}

impl<W: Write> CsvTable<W> {
    /// Writes the header.
    pub fn new(out: W) -> Result<Self, ExportError> {
        let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        out.write_record(COLUMNS).map_err(not_written)?;
        Ok(Self { out, written: 0 })
    }

    /// # Errors
    /// [`ExportError::Corrupt`] for what is not an event; nothing of it is written.
    pub fn write(&mut self, stored: &StoredEvent) -> Result<(), ExportError> {
        let event = serde_json::from_str(&stored.canonical);
        let event: AuditEvent = event.map_err(|error| ExportError::Corrupt(self.written + 1, Some(error)))?;
        self.out.write_record(row(&event, &stored.hash).map(harmless)).map_err(not_written)?;
        self.written += 1;
        Ok(())
    }

    /// Returns what was written to, flushed.
    pub fn finish(self) -> Result<W, ExportError> {
        self.out.into_inner().map_err(|error| ExportError::Write(error.into_error()))
    }
}

fn not_written(error: csv::Error) -> ExportError {
    ExportError::Write(error.into())
}

fn row(event: &AuditEvent, hash: &str) -> [String; COLUMNS.len()] {
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
    let authorization = event.authorization.as_ref();
    let policies = authorization.map(|a| a.policies.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
    [
        event.stream.clone(),
        event.sequence.to_string(),
        format!("{:.3}", event.at),
        event.action.clone(),
        outcome(event.outcome).to_owned(),
        actor_type(&event.actor).to_owned(),
        event.actor.label().to_owned(),
        text(event.request_id.as_ref().map(|id| id as &dyn ToString)),
        text(event.grant_id.as_ref().map(|id| id as &dyn ToString)),
        text(event.entitlement.as_ref().map(|id| id as &dyn ToString)),
        authorization.map(|a| a.policy_version.clone()).unwrap_or_default(),
        policies.unwrap_or_default(),
        event.source_address.clone().unwrap_or_default(),
        event.detail.to_string(),
        event.previous.as_str().to_owned(),
        hash.to_owned(),
        event.invocation.clone().unwrap_or_default(),
    ]
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
        Outcome::Denied => "denied",
    }
}

const fn actor_type(actor: &Actor) -> &'static str {
    match actor {
        Actor::Person { .. } => "person",
        Actor::System { .. } => "system",
        Actor::Unknown => "unknown",
    }
}

/// A leading apostrophe keeps a cell text.
fn harmless(cell: String) -> String {
    if cell.starts_with(TRIGGERS) { format!("'{cell}") } else { cell }
}
