//! The end of a one-time role: everybody out, nothing of it left, nothing that it made lost.

use crate::scene::{admin, given, run, unavailable, writer};
use crate::wire::client;
use stint_local::postgres::DATABASE;
use stint_postgres::one_time::{self, Look};

async fn database(name: &str) {
    let (_, admin) = admin();
    client(&admin, DATABASE).await.unwrap().batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let there = client(&admin, name).await.unwrap();
    there.batch_execute("CREATE SCHEMA s; GRANT CREATE, USAGE ON SCHEMA s TO orders_writer").await.unwrap();
}

#[test]
fn tables_in_two_databases_go_to_the_administrator_and_the_role_is_gone() {
    run(async {
        let (server, admin) = admin();
        let role = writer();
        let holder = given(&role).await;
        database("second").await;
        let mine = client(&holder, DATABASE).await.unwrap();
        mine.batch_execute("CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)").await.unwrap();
        let there = client(&holder, "second").await.unwrap();
        there.batch_execute("CREATE TABLE s.kept (id int); INSERT INTO s.kept VALUES (43)").await.unwrap();
        one_time::remove(&server, &admin, &role.name).await.unwrap();
        for (database, table, value) in [(DATABASE, "kept", 42), ("second", "s.kept", 43)] {
            let me = client(&admin, database).await.unwrap();
            let row = me.query_one(&format!("SELECT id FROM {table}"), &[]).await.unwrap();
            assert_eq!(row.get::<_, i32>(0), value);
        }
        let seen = one_time::look(&server, &admin, &role.name).await.unwrap();
        assert!(
            matches!(&seen, Look::Gone { looked_at, answered }
            if looked_at.contains("pg_roles") && answered.contains(role.name.name().as_str())),
            "{seen:?}"
        );
    });
}

#[test]
fn a_session_in_use_is_ended() {
    run(async {
        let (server, admin) = admin();
        let role = writer();
        let holder = given(&role).await;
        let mine = client(&holder, DATABASE).await.unwrap();
        mine.batch_execute("BEGIN; UPDATE orders SET item = item WHERE id = 2").await.unwrap();
        one_time::remove(&server, &admin, &role.name).await.unwrap();
        assert!(mine.query("SELECT 1", &[]).await.is_err());
        assert!(client(&holder, DATABASE).await.is_err());
    });
}

#[test]
fn what_is_not_there_is_removed_and_twice_is_once() {
    run(async {
        let (server, admin) = admin();
        let role = writer();
        one_time::remove(&server, &admin, &role.name).await.unwrap();
        given(&role).await;
        for _ in 0..2 {
            one_time::remove(&server, &admin, &role.name).await.unwrap();
        }
    });
}

#[test]
fn a_database_that_refuses_connections_holds_up_the_removal_and_nobody_gets_in_meanwhile() {
    run(async {
        let (server, admin) = admin();
        let role = writer();
        let holder = given(&role).await;
        database("shut").await;
        let there = client(&holder, "shut").await.unwrap();
        there.batch_execute("CREATE TABLE s.t (id int)").await.unwrap();
        let me = client(&admin, DATABASE).await.unwrap();
        me.batch_execute("ALTER DATABASE shut ALLOW_CONNECTIONS false").await.unwrap();
        let reason = unavailable(one_time::remove(&server, &admin, &role.name).await);
        assert!(reason.contains("shut"), "{reason}");
        assert!(there.query("SELECT 1", &[]).await.is_err());
        assert!(client(&holder, DATABASE).await.is_err());
        let seen = one_time::look(&server, &admin, &role.name).await.unwrap();
        assert!(matches!(seen, Look::StillThere { can_log_in: false, sessions: 0, .. }), "{seen:?}");
        me.batch_execute("ALTER DATABASE shut ALLOW_CONNECTIONS true").await.unwrap();
        one_time::remove(&server, &admin, &role.name).await.unwrap();
    });
}

#[test]
fn a_database_without_a_trace_of_the_role_may_refuse_connections() {
    run(async {
        let (server, admin) = admin();
        database("elsewhere").await;
        let me = client(&admin, DATABASE).await.unwrap();
        me.batch_execute("ALTER DATABASE elsewhere ALLOW_CONNECTIONS false").await.unwrap();
        let role = writer();
        given(&role).await;
        one_time::remove(&server, &admin, &role.name).await.unwrap();
    });
}

#[test]
fn a_role_that_others_wait_for_holds_up_the_removal_until_they_are_done() {
    run(async {
        let (mut server, admin) = admin();
        server.limits.lock = std::time::Duration::from_millis(200);
        let role = writer();
        let holder = given(&role).await;
        client(&holder, DATABASE)
            .await
            .unwrap()
            .batch_execute("CREATE TABLE locked (id int); GRANT ALL ON locked TO orders_writer, stint_admin")
            .await
            .unwrap();
        let other = client(&admin, DATABASE).await.unwrap();
        other.batch_execute("BEGIN; LOCK TABLE locked").await.unwrap();
        unavailable(one_time::remove(&server, &admin, &role.name).await);
        assert!(client(&holder, DATABASE).await.is_err());
        other.batch_execute("ROLLBACK").await.unwrap();
        one_time::remove(&server, &admin, &role.name).await.unwrap();
    });
}
