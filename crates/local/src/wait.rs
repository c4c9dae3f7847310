//! Waiting for what others do.

use crate::{LocalError, Result};
use std::time::{Duration, Instant};

/// Between two looks.
const EVERY: Duration = Duration::from_millis(50);

/// Looks until there is something to see.
pub fn until<T>(what: &str, at_most: Duration, mut look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + at_most;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= end {
            return Err(LocalError::TimedOut { what: what.to_owned(), seconds: at_most.as_secs() });
        }
        std::thread::sleep(EVERY);
    }
}
