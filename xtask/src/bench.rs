//! What Stint needs, measured: the functions on this machine, the end of many grants in virtual time, and one-time
//! roles in a PostgreSQL server.

mod expiry;
mod functions;
mod postgres;

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
    if wanted(Measurement::Postgres) {
        postgres::run()?;
    }
    Ok(())
}
