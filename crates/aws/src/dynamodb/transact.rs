//! How statements are executed, and what is known when they did not succeed.
//!
//! Guards I8: the SDK repeats a call only under the same client token and does not repeat a cancelled transaction, so
//! contention is retried here; everything that leaves it open whether the write happened is told apart from a
//! refusal. A duplicate key is documented under two names.

use super::unavailable;
use crate::partiql::Statement;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::execute_transaction::ExecuteTransactionError;
use aws_sdk_dynamodb::types::CancellationReason;
use std::time::Duration;
use stint_app::ports::{Cause, StoreError};

/// How often contention is met before it is reported.
const ATTEMPTS: u32 = 6;

/// What became of a transaction.
pub(super) enum Outcome {
    Committed,
    /// Nothing was written: these statements' conditions did not hold.
    Refused(Vec<usize>),
    /// It may have been written or not.
    Unknown(Cause),
}

enum Failure {
    Refused(Vec<usize>),
    Contended(Cause),
    Unknown(Cause),
}

/// All of the statements or none.
pub(super) async fn transact(client: &Client, statements: &[Statement]) -> Outcome {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match transact_once(client, statements).await {
            Ok(()) => return Outcome::Committed,
            Err(Failure::Refused(which)) => return Outcome::Refused(which),
            Err(Failure::Contended(_)) if attempt < ATTEMPTS => pause(attempt).await,
            Err(Failure::Contended(cause) | Failure::Unknown(cause)) => return Outcome::Unknown(cause),
        }
    }
}

async fn transact_once(client: &Client, statements: &[Statement]) -> Result<(), Failure> {
    let parts = statements.iter().map(Statement::parameterized).collect::<Result<Vec<_>, _>>();
    let parts = parts.map_err(|cause| Failure::Unknown(cause.into()))?;
    let sent = client.execute_transaction().set_transact_statements(Some(parts)).send().await;
    sent.map(drop).map_err(classify)
}

fn classify<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<ExecuteTransactionError, R>,
) -> Failure {
    use ExecuteTransactionError as E;
    match error.as_service_error() {
        Some(E::TransactionCanceledException(cancelled)) => {
            let reasons = cancelled.cancellation_reasons();
            let refused = refused(reasons);
            match refused.is_empty() {
                false => Failure::Refused(refused),
                true if contended(reasons) => Failure::Contended(error.into()),
                true => Failure::Unknown(error.into()),
            }
        }
        Some(E::TransactionInProgressException(_)) => Failure::Contended(error.into()),
        _ => Failure::Unknown(error.into()),
    }
}

fn refused(reasons: &[CancellationReason]) -> Vec<usize> {
    let is_refusal = |reason: &CancellationReason| {
        matches!(
            reason.code(),
            Some(
                "ConditionalCheckFailed"
                    | "DuplicateItem"
                    | "DuplicateItemException"
                    | "ConditionalCheckFailedException"
            )
        )
    };
    reasons.iter().enumerate().filter(|(_, reason)| is_refusal(reason)).map(|(index, _)| index).collect()
}

fn contended(reasons: &[CancellationReason]) -> bool {
    let passes = |reason: &CancellationReason| {
        matches!(
            reason.code(),
            Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
        )
    };
    reasons.iter().any(passes)
}

/// One statement by itself: `false` if its condition did not hold or its key exists.
pub(super) async fn execute(client: &Client, statement: &Statement) -> Result<bool, StoreError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let call = client.execute_statement().statement(&statement.text);
        let Err(error) = call.set_parameters(Some(statement.parameters.clone())).send().await else {
            return Ok(true);
        };
        match error.code() {
            Some("ConditionalCheckFailedException" | "DuplicateItemException") => return Ok(false),
            Some("TransactionConflictException") if attempt < ATTEMPTS => pause(attempt).await,
            _ => return Err(unavailable(error)),
        }
    }
}

/// Waits a random while that grows with the attempts: up to 40 ms at first, up to 640 ms at last.
pub(super) async fn pause(attempt: u32) {
    let longest = 20_u64 << attempt.min(5);
    tokio::time::sleep(Duration::from_millis(u64::from(random()) % longest)).await;
}

/// Two random bytes, for spreading load; a system without them just does not spread.
pub(super) fn random() -> u16 {
    let mut bytes = [0; 2];
    let _ = getrandom::fill(&mut bytes);
    u16::from_le_bytes(bytes)
}
