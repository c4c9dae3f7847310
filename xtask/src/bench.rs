//! What Stint needs, measured: the functions on this machine, the end of many grants in virtual time, policies over
//! catalogs of growing size, one-time roles in a PostgreSQL server, and vaulted credentials that go from hand to hand.

mod clock;
mod cloud;
mod expiry;
mod functions;
mod grants;
mod iam;
mod machine;
mod policy;
mod postgres;
mod vault;

use crate::args::Measurement;
use stint_local::{LocalError, Result};

pub(crate) fn run(only: Option<Measurement>) -> Result<()> {
    let wanted = |what| only.is_none_or(|only| only == what);
    if wanted(Measurement::Expiry) {
        expiry::run()?;
    }
    if wanted(Measurement::Functions) {
        functions::run()?;
    }
    if wanted(Measurement::Policy) {
        policy::run()?;
    }
    if wanted(Measurement::Postgres) {
        postgres::run()?;
    }
    if wanted(Measurement::Vault) {
        vault::run()?;
    }
    Ok(())
}

/// For what never waits: the world answers at once.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(work).poll(&mut context) {
        std::task::Poll::Ready(done) => done,
        std::task::Poll::Pending => {
            Err(LocalError::Unexpected("the world keeps somebody waiting".to_owned()))
        }
    }
}
