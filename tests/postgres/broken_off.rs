//! The connection breaks off before or after any message: what is repeated from there ends as if nothing had been.

use crate::scene::{admin, chance, given, insist, later, login, run, secret, writer};
use crate::wire::{Lost, Wire, client};
use std::time::Duration;
use stint_local::postgres::{DATABASE, LOGIN};
use stint_postgres::one_time::{self, Look, OneTimeRole};
use stint_postgres::{Login, NewPassword, Result, Server, rotation};
use tokio_postgres::Client;

/// More than any of them sends.
const MANY: usize = 200;

/// Cuts after every message in turn, until there is none left to cut.
async fn cut_everywhere<W: AsyncFn(&Server) -> Result<()>, C: AsyncFn(bool)>(work: W, check: C) -> usize {
    let mut cuts = 0;
    for lost in [Lost::Statement, Lost::Answer] {
        for count in 0..MANY {
            let through = Server { port: Wire::cut_after(count, lost).port, ..admin().0 };
            let done = work(&through).await;
            check(done.is_ok()).await;
            if done.is_ok() {
                break;
            }
            cuts += 1;
        }
    }
    cuts
}

async fn is_gone(role: &OneTimeRole) -> bool {
    let (server, admin) = admin();
    matches!(one_time::look(&server, &admin, &role.name).await.unwrap(), Look::Gone { .. })
}

#[test]
fn a_creation_that_broke_off_anywhere_is_whole_or_not_there_and_repeating_it_makes_it_whole() {
    run(async {
        let role = writer();
        let (server, admin) = admin();
        let cuts = cut_everywhere(
            async |through: &Server| one_time::create(through, &admin, &role).await,
            async |_| {
                insist(async || one_time::create(&server, &admin, &role).await).await;
                let password = one_time::issue(&server, &admin, &role.name, &chance()).await.unwrap();
                let holder = Login { user: role.name.name().clone(), password };
                client(&holder, DATABASE).await.unwrap().query("SELECT * FROM orders", &[]).await.unwrap();
                insist(async || one_time::remove(&server, &admin, &role.name).await).await;
            },
        );
        let cuts = cuts.await;
        assert!(cuts > 8, "only {cuts} places to break off");
    });
}

#[test]
fn a_removal_that_broke_off_anywhere_is_finished_by_repeating_it() {
    run(async {
        let role = writer();
        let (server, admin) = admin();
        let cuts = cut_everywhere(
            async |through: &Server| {
                let holder = given(&role).await;
                let mine = client(&holder, DATABASE).await.unwrap();
                mine.batch_execute("CREATE TABLE broken_off (id int)").await.unwrap();
                one_time::remove(through, &admin, &role.name).await
            },
            async |done| {
                assert!(!done || is_gone(&role).await, "said to be done and is not");
                insist(async || one_time::remove(&server, &admin, &role.name).await).await;
                assert!(is_gone(&role).await);
                let me = client(&admin, DATABASE).await.unwrap();
                me.batch_execute("DROP TABLE broken_off").await.unwrap();
            },
        );
        let cuts = cuts.await;
        assert!(cuts > 16, "only {cuts} places to break off");
    });
}

/// The server may still be doing what nobody waits for. No other test is in this database.
async fn until_nobody_is_at_it(me: &Client) {
    let query = "SELECT 1 FROM pg_stat_activity WHERE datname = 'postgres' AND usename = 'stint_admin'";
    while !me.query(query, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_rotation_that_broke_off_anywhere_leaves_one_of_the_two_passwords_and_repeating_it_leaves_the_new() {
    run(async {
        let (server, mut holder) = login("stint_rotated");
        let (_, admin) = admin();
        let me = client(&admin, DATABASE).await.unwrap();
        me.batch_execute("CREATE ROLE stint_rotated LOGIN").await.unwrap();
        assert_ne!(holder.user.as_str(), LOGIN);
        let mut before = NewPassword::of(&chance());
        rotation::set_password(&server, &admin, &holder.user, &before.verifier, later()).await.unwrap();
        for count in 0..MANY {
            let new = NewPassword::of(&chance());
            let port = Wire::cut_after(count, Lost::Answer).port;
            let through = Server { port, database: "postgres".to_owned(), ..server.clone() };
            let done = rotation::set_password(&through, &admin, &holder.user, &new.verifier, later()).await;
            until_nobody_is_at_it(&me).await;
            let mut gets_in = Vec::new();
            for password in [&before.password, &new.password] {
                holder.password = password.clone();
                gets_in.push(rotation::can_log_in(&server, &holder).await.unwrap());
            }
            assert_eq!(gets_in.iter().filter(|it| **it).count(), 1, "after {count}: {gets_in:?}");
            insist(async || {
                rotation::set_password(&server, &admin, &holder.user, &new.verifier, later()).await
            })
            .await;
            holder.password = secret(new.password.reveal());
            assert_eq!(rotation::can_log_in(&server, &holder).await, Ok(true));
            before = new;
            if done.is_ok() {
                return assert!(count > 5, "only {count} places to break off");
            }
        }
        panic!("it never came to its end");
    });
}
