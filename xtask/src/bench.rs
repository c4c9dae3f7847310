//! What Stint needs, measured: the functions on this machine, and the end of many grants in virtual time.

mod expiry;
mod functions;

use crate::args::Measurement;
use stint_local::Result;

pub(crate) fn run(only: Option<Measurement>) -> Result<()> {
    let wanted = |what| only.is_none_or(|only| only == what);
    if wanted(Measurement::Expiry) {
        expiry::run()?;
    }
    if wanted(Measurement::Functions) {
        functions::run()?;
    }
    Ok(())
}
