//! The window's end, which PostgreSQL keeps by itself.

use crate::scene::{admin, given, now, reader, refusal, run, writer};
use crate::wire::client;
use jiff::SignedDuration;
use std::time::Duration;
use stint_local::postgres::DATABASE;
use stint_postgres::one_time::{self, Look, OneTimeRole};
use stint_postgres::rotation;

/// Until PostgreSQL's own clock has passed this: it is the one that counts.
async fn until_the_server_has_passed(role: &OneTimeRole) {
    let (_, admin) = admin();
    let me = client(&admin, DATABASE).await.unwrap();
    let query = format!("SELECT pg_sleep_until('{}'::timestamptz + interval '10 ms')", role.ends_at);
    me.batch_execute(&query).await.unwrap();
}

#[test]
fn a_role_logs_in_within_its_window_and_not_after_with_nobody_doing_anything() {
    run(async {
        let (server, _) = admin();
        let role = OneTimeRole { ends_at: now() + SignedDuration::from_secs(4), ..reader() };
        let holder = given(&role).await;
        assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(true));
        let mine = client(&holder, DATABASE).await.unwrap();
        assert_eq!(mine.query("SELECT * FROM orders", &[]).await.unwrap().len(), 2);
        assert!(mine.batch_execute("DELETE FROM orders").await.is_err(), "a reader deletes");
        until_the_server_has_passed(&role).await;
        assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(false));
    });
}

#[test]
fn a_repeated_creation_is_one_and_gives_the_role_its_new_end() {
    run(async {
        let (server, admin) = admin();
        let over = OneTimeRole { ends_at: now() - SignedDuration::from_secs(1), ..reader() };
        let holder = given(&over).await;
        assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(false));
        let extended = OneTimeRole { ends_at: now() + SignedDuration::from_hours(1), ..over };
        for _ in 0..2 {
            one_time::create(&server, &admin, &extended).await.unwrap();
            assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(true));
        }
    });
}

#[test]
fn a_role_that_is_there_is_not_gone_and_says_what_is_left_of_it() {
    run(async {
        let (server, admin) = admin();
        let role = reader();
        let holder = given(&role).await;
        let _mine = client(&holder, DATABASE).await.unwrap();
        let seen = one_time::look(&server, &admin, &role.name).await.unwrap();
        assert!(matches!(seen, Look::StillThere { can_log_in: true, sessions: 1, .. }), "{seen:?}");
    });
}

#[test]
fn a_role_has_no_more_connections_than_its_limit() {
    run(async {
        let role = OneTimeRole { connection_limit: 1, ..reader() };
        let holder = given(&role).await;
        let first = client(&holder, DATABASE).await;
        assert!(first.is_ok() && client(&holder, DATABASE).await.is_err());
    });
}

#[test]
fn what_comes_late_for_a_role_that_is_being_taken_away_gives_nothing_back() {
    run(async {
        let (server, admin) = admin();
        let role = writer();
        let holder = given(&role).await;
        let me = client(&admin, DATABASE).await.unwrap();
        me.batch_execute(&format!("ALTER ROLE {} NOLOGIN", role.name.name())).await.unwrap();
        refusal(one_time::create(&server, &admin, &role).await);
        refusal(one_time::issue(&server, &admin, &role.name, &crate::scene::chance()).await);
        assert!(client(&holder, DATABASE).await.is_err());
        tokio::time::timeout(Duration::from_secs(60), one_time::remove(&server, &admin, &role.name))
            .await
            .unwrap()
            .unwrap();
        refusal(one_time::issue(&server, &admin, &role.name, &crate::scene::chance()).await);
    });
}
