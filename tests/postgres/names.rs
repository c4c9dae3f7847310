//! Names that try to be SQL: refused wherever a name comes in, and harmless beyond.

use crate::scene::{POSTGRES, admin, run};
use crate::wire::client;
use stint_local::postgres::{ADMIN, DATABASE};
use stint_postgres::{BadSecret, Identifier, LoginSecret, MemberRole};

const EVIL: [&str; 4] = ["x\"; DROP ROLE orders_app;--", "orders_app' OR '1'='1", "a; SELECT 1", "a\u{0}b"];

#[test]
fn a_name_that_tries_to_be_sql_is_refused_at_creation_rotation_and_removal() {
    for evil in EVIL {
        // What creation takes, what rotation takes, and where removal's administrator comes from. The name of a
        // one-time role is none that anybody can choose.
        assert!(MemberRole::new(evil).is_err(), "{evil}");
        assert!(Identifier::new(evil).is_err(), "{evil}");
        let mut secret = POSTGRES.secret(ADMIN);
        secret["username"] = evil.into();
        assert_eq!(
            LoginSecret::parse(&secret.to_string()).err(),
            Some(BadSecret::Wrong("username")),
            "{evil}"
        );
    }
}

#[test]
fn a_database_whose_name_tries_to_be_sql_is_left_as_clean_as_any_other() {
    run(async {
        let (server, admin) = admin();
        let role = crate::scene::writer();
        let holder = crate::scene::given(&role).await;
        let me = client(&admin, DATABASE).await.unwrap();
        let evil = "x\"; DROP ROLE \"orders_app\";--'";
        me.batch_execute(&format!("CREATE DATABASE \"{}\"", evil.replace('"', "\"\""))).await.unwrap();
        let there = client(&admin, evil).await.unwrap();
        there
            .batch_execute("CREATE SCHEMA s; GRANT CREATE, USAGE ON SCHEMA s TO orders_writer")
            .await
            .unwrap();
        client(&holder, evil).await.unwrap().batch_execute("CREATE TABLE s.t (id int)").await.unwrap();
        stint_postgres::one_time::remove(&server, &admin, &role.name).await.unwrap();
        let left = me.query("SELECT 1 FROM pg_roles WHERE rolname = 'orders_app'", &[]).await.unwrap();
        assert_eq!(left.len(), 1);
    });
}
