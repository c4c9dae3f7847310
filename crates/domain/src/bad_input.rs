//! What was wrong with a value from outside, in a sentence that says what to do.

use thiserror::Error;

/// A value that could not be accepted. `field` is the name the caller used; `advice` is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{field}` {advice}")]
pub struct BadInput {
    pub field: &'static str,
    pub advice: &'static str,
}

impl BadInput {
    #[must_use]
    pub const fn new(field: &'static str, advice: &'static str) -> Self {
        Self { field, advice }
    }
}
