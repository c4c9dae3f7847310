//! What Stint needs, measured: the functions on this machine, and the end of many grants in virtual time.

mod expiry;
mod functions;

use stint_local::Result;

pub(crate) fn run(expiry_alone: bool) -> Result<()> {
    expiry::run()?;
    if expiry_alone { Ok(()) } else { functions::run() }
}
