//! What the tests have in common: the server, a role of their own, a holder who logs in.

use jiff::{SignedDuration, Timestamp};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use stint_app::ports::Surroundings as _;
use stint_aws::surroundings::Machine;
use stint_local::postgres::{ADMIN, Postgres, READER, WRITER};
use stint_postgres::one_time::{self, OneTimeRole};
use stint_postgres::{Login, LoginSecret, MemberRole, Random, RoleName, Secret, Server};
use tokio::runtime::Builder;
use uuid::Uuid;

pub(crate) static POSTGRES: LazyLock<Postgres> = LazyLock::new(|| Postgres::start(None).unwrap());

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A login as the functions get it: from its secret.
pub(crate) fn login(user: &str) -> (Server, Login) {
    let secret = LoginSecret::parse(&POSTGRES.secret(user).to_string()).unwrap();
    (secret.server, secret.login)
}

pub(crate) fn admin() -> (Server, Login) {
    login(ADMIN)
}

pub(crate) fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn chance() -> Random {
    let mut password = [7; 32];
    password[..4].copy_from_slice(&number().to_be_bytes());
    Random { password, salt: [9; 16] }
}

/// A role that nobody else has, for an hour.
pub(crate) fn role(group: &str) -> OneTimeRole {
    OneTimeRole {
        name: RoleName::of(Uuid::from_u128(u128::from(number()))),
        ends_at: now() + SignedDuration::from_hours(1),
        member_of: vec![MemberRole::new(group).unwrap()],
        connection_limit: 5,
    }
}

pub(crate) fn reader() -> OneTimeRole {
    role(READER)
}

pub(crate) fn writer() -> OneTimeRole {
    role(WRITER)
}

pub(crate) fn now() -> Timestamp {
    Machine.now()
}

/// For what need not be done at once.
pub(crate) fn later() -> Timestamp {
    now() + SignedDuration::from_hours(1)
}

/// Made and given a password: what its holder logs in with.
pub(crate) async fn given(role: &OneTimeRole) -> Login {
    let (server, admin) = admin();
    one_time::create(&server, &admin, role).await.unwrap();
    let password = one_time::issue(&server, &admin, &role.name, &chance()).await.unwrap();
    Login { user: role.name.name().clone(), password }
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// What was refused, in the words that may be shown.
pub(crate) fn refusal<T>(result: stint_postgres::Result<T>) -> String {
    match result {
        Err(stint_postgres::Error::Refused { reason }) => reason,
        Err(other) => panic!("not refused: {other}"),
        Ok(_) => panic!("not refused"),
    }
}

pub(crate) fn unavailable<T>(result: stint_postgres::Result<T>) -> String {
    match result {
        Err(stint_postgres::Error::Unavailable { reason }) => reason,
        Err(other) => panic!("refused: {other}"),
        Ok(_) => panic!("neither refused nor unavailable"),
    }
}

/// Repeats as Stint does what was not done: whoever was cut off may still be at it.
pub(crate) async fn insist<T>(work: impl AsyncFn() -> stint_postgres::Result<T>) -> T {
    for _ in 0..50 {
        match work().await {
            Err(stint_postgres::Error::Unavailable { .. }) => {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
            other => return other.unwrap(),
        }
    }
    panic!("it never comes to its end")
}
