//! A request's audit as a table, and whether its chain holds.

use stint_domain::audit::{AuditEvent, verify};
use stint_local::stage::AuditRow;
use stint_local::{LocalError, Result};

/// Prints the events; an error if the chain does not verify.
pub(crate) fn print(rows: &[AuditRow]) -> Result<()> {
    println!("{:>3}  {:<24}  {:<30}  {:<8}  {:<38}  hash", "seq", "at", "action", "outcome", "actor");
    for row in rows {
        let event: AuditEvent = serde_json::from_str(&row.canonical)
            .map_err(|cause| LocalError::Unexpected(format!("an event that is none: {cause}")))?;
        let outcome = format!("{:?}", event.outcome).to_lowercase();
        let hash: String = row.hash.chars().take(12).collect();
        let (sequence, at, actor) = (event.sequence, format!("{:.3}", event.at), event.actor.label());
        println!("{sequence:>3}  {at:<24}  {:<30}  {outcome:<8}  {actor:<38}  {hash}", event.action);
    }
    let pairs = rows.iter().map(|row| (row.canonical.as_str(), row.hash.as_str()));
    let head = verify(pairs)
        .map_err(|broken| LocalError::Unexpected(format!("the audit does not verify: {broken}")))?;
    println!("The chain of {} events verifies; its head is {}.", head.sequence, head.hash.as_str());
    Ok(())
}
