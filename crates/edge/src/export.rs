//! The audit as files: a table for people, lines for machines.
//!
//! Guards: lines give back every event byte for byte, so that a chain can be verified from an export alone; no cell of
//! the table can become a formula in somebody's spreadsheet. Both write as they go and hold one event at a time.

mod csv_table;
mod json_lines;

pub use csv_table::CsvTable;
pub use json_lines::JsonLines;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ExportError {
    /// What is stored is not an event of Stint's.
    #[error("event {0} of the export cannot be read")]
    Corrupt(u64, #[source] Option<serde_json::Error>),
    #[error("the export could not be written")]
    Write(#[from] std::io::Error),
}

#[cfg(test)]
mod tests;
