//! An export, line by line: `{"event":<canonical text>,"hash":"<hash>"}`.
//!
//! Guards I4 for whoever reads one: no event in it was changed, put in or moved, and none between two others of its stream
//! is missing. It may begin in the middle of a stream, and where it ends nobody can see from it alone: that takes the heads.

use super::{AuditEvent, Broken, EventHash};
use std::collections::BTreeMap;

/// Why an export is not to be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadExport {
    #[error("this is not an event and its hash")]
    NotALine,
    #[error("{stream}: {broken}")]
    Broken { stream: String, broken: Broken },
}

/// The links of every stream of which something has been read.
#[derive(Debug, Default)]
pub struct Exported(BTreeMap<(String, u64), Link>);

#[derive(Debug)]
struct Link {
    previous: EventHash,
    hash: EventHash,
}

impl Exported {
    /// Takes up one line, in whatever order they come.
    ///
    /// # Errors
    /// [`BadExport`] for what can be seen from the line, or from one that was there before.
    pub fn read(&mut self, line: &str) -> Result<AuditEvent, BadExport> {
        let (text, stored) = parts(line).ok_or(BadExport::NotALine)?;
        let event: AuditEvent = serde_json::from_str(text).map_err(|_| BadExport::NotALine)?;
        let (stream, sequence) = (event.stream.clone(), event.sequence);
        let hash = EventHash::of(text.as_bytes());
        if hash.as_str() != stored {
            return Err(BadExport::Broken { stream, broken: Broken::Content { sequence } });
        }
        let link = Link { previous: event.previous.clone(), hash };
        match self.0.insert((stream.clone(), sequence), link) {
            None => Ok(event),
            Some(_) => Err(BadExport::Broken { stream, broken: Broken::Sequence { sequence } }),
        }
    }

    /// Once all lines are read: does each event continue the one before it?
    ///
    /// # Errors
    /// [`BadExport::Broken`], the first one.
    pub fn check(&self) -> Result<(), BadExport> {
        let mut before: Option<(&String, u64, &EventHash)> = None;
        for ((stream, sequence), link) in &self.0 {
            let same = before.filter(|(earlier, ..)| *earlier == stream);
            continues(same.map(|(_, last, hash)| (last, hash)), *sequence, link)
                .map_err(|broken| BadExport::Broken { stream: stream.clone(), broken })?;
            before = Some((stream, *sequence, &link.hash));
        }
        Ok(())
    }

    /// The streams whose first event is not in the export.
    pub fn begun_before(&self) -> impl Iterator<Item = &str> {
        let has_first = |stream: &String| self.0.contains_key(&(stream.clone(), 1));
        let mut streams: Vec<_> = self.0.keys().map(|(stream, _)| stream).collect();
        streams.dedup();
        streams.into_iter().filter(move |stream| !has_first(stream)).map(String::as_str)
    }
}

fn parts(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix(r#"{"event":"#)?.strip_suffix(r#""}"#)?.rsplit_once(r#","hash":""#)
}

/// Without an earlier event it is the stream's first one, or where the export begins.
fn continues(earlier: Option<(u64, &EventHash)>, sequence: u64, link: &Link) -> Result<(), Broken> {
    let genesis = EventHash::genesis();
    let (in_order, expected) = match earlier {
        Some((last, hash)) => (last.checked_add(1) == Some(sequence), hash),
        None if sequence > 1 => (true, &link.previous),
        None => (sequence == 1, &genesis),
    };
    match (in_order, link.previous == *expected) {
        (false, _) => Err(Broken::Sequence { sequence }),
        (true, false) => Err(Broken::Chain { sequence }),
        (true, true) => Ok(()),
    }
}
