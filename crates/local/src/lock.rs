//! One process at a time: test binaries run side by side and share the tools and what is built.

use crate::{LocalError, Result, paths};
use std::fs::File;

/// Held until dropped, or until the process ends in whatever way.
pub struct Lock(#[expect(dead_code, reason = "the lock is the open file")] File);

/// Waits for the others.
pub fn exclusive(name: &str) -> Result<Lock> {
    let path = paths::state()?.join(format!("{name}.lock"));
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(LocalError::io(path.display()))?;
    file.lock().map_err(LocalError::io(path.display()))?;
    Ok(Lock(file))
}
