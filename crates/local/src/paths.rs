//! Where things are in the project's folder.

use crate::{LocalError, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// The workspace this was compiled in.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// State of this machine that is not worth keeping: tools, logs, what is up.
pub fn state() -> Result<PathBuf> {
    folder(root().join(".stint"))
}

/// What `sam deploy` sees locally: the template beside functions built for this machine. It is apart from
/// `target/lambda`, so that what was built in a hurry can never be deployed to AWS by mistake.
#[must_use]
pub fn stage() -> PathBuf {
    root().join("target/local")
}

pub(crate) fn folder(path: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&path).map_err(LocalError::io(path.display()))?;
    Ok(path)
}
