//! Passwords, and what the server is told of them.

use crate::scene::{admin, chance, given, later, reader, run, secret};
use crate::wire::client;
use stint_local::postgres::DATABASE;
use stint_postgres::{Identifier, Login, NewPassword, one_time, rotation, scram};

pub(crate) async fn with_login(name: &str) -> Identifier {
    let (_, admin) = admin();
    let me = client(&admin, DATABASE).await.unwrap();
    me.batch_execute(&format!("CREATE ROLE {name} LOGIN")).await.unwrap();
    Identifier::new(name).unwrap()
}

#[test]
fn a_password_of_all_printable_ascii_logs_in_and_one_letter_less_does_not() {
    run(async {
        let (server, admin) = admin();
        let user = with_login("every_letter").await;
        let all: String = (' '..='~').collect();
        assert_eq!(all.len(), 95);
        let verifier = scram::verifier(&secret(&all), b"another salt, 16", scram::ITERATIONS);
        rotation::set_password(&server, &admin, &user, &verifier, later()).await.unwrap();
        let with = |text: &str| Login { user: user.clone(), password: secret(text) };
        assert_eq!(rotation::can_log_in(&server, &with(&all)).await, Ok(true));
        assert_eq!(rotation::can_log_in(&server, &with(&all[..94])).await, Ok(false));
        assert_eq!(rotation::can_log_in(&server, &with(verifier.as_str())).await, Ok(false));
    });
}

#[test]
fn after_a_rotation_the_new_password_logs_in_the_old_does_not_and_whoever_was_in_is_out() {
    run(async {
        let (server, admin) = admin();
        let user = with_login("rotated").await;
        let [old, new] = [NewPassword::of(&chance()), NewPassword::of(&chance())];
        rotation::set_password(&server, &admin, &user, &old.verifier, later()).await.unwrap();
        let holder = Login { user: user.clone(), password: old.password };
        let mine = client(&holder, DATABASE).await.unwrap();
        rotation::set_password(&server, &admin, &user, &new.verifier, later()).await.unwrap();
        mine.query("SELECT 1", &[]).await.unwrap();
        rotation::terminate_sessions(&server, &admin, &user).await.unwrap();
        assert!(mine.query("SELECT 1", &[]).await.is_err());
        assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(false));
        let next = Login { user: user.clone(), password: new.password };
        assert_eq!(rotation::can_log_in(&server, &next).await, Ok(true));
        rotation::terminate_sessions(&server, &admin, &user).await.unwrap();
    });
}

#[test]
fn ending_sessions_leaves_the_administrator_no_member_of_the_login() {
    run(async {
        let (server, admin) = admin();
        let user = with_login("no_member").await;
        let first = NewPassword::of(&chance());
        rotation::set_password(&server, &admin, &user, &first.verifier, later()).await.unwrap();
        let _mine = client(&Login { user: user.clone(), password: first.password }, DATABASE).await.unwrap();
        rotation::terminate_sessions(&server, &admin, &user).await.unwrap();
        let me = client(&admin, DATABASE).await.unwrap();
        let row = me.query_one("SELECT pg_has_role('no_member', 'usage')", &[]).await.unwrap();
        assert!(!row.get::<_, bool>(0));
    });
}

#[test]
fn each_password_that_is_issued_ends_the_one_before() {
    run(async {
        let (server, admin) = admin();
        let role = reader();
        let first = given(&role).await;
        assert_eq!(rotation::can_log_in(&server, &first).await, Ok(true));
        let password = one_time::issue(&server, &admin, &role.name, &chance()).await.unwrap();
        assert_eq!(rotation::can_log_in(&server, &first).await, Ok(false));
        assert_eq!(rotation::can_log_in(&server, &Login { password, ..first }).await, Ok(true));
    });
}
