//! With the tool that people have, where it is at hand.

use crate::scene::{POSTGRES, admin, given, reader, run};
use std::process::Command;
use stint_local::postgres::DATABASE;
use stint_postgres::{Login, one_time};

/// Whether psql reads the table; `None` without psql.
fn reads(login: &Login) -> Option<bool> {
    let root = std::env::temp_dir().join(format!("stint-root-{}.pem", std::process::id()));
    std::fs::write(&root, POSTGRES.root_pem()).unwrap();
    let place = format!(
        "host=localhost port={} dbname={DATABASE} user={} sslmode=verify-full sslrootcert={}",
        POSTGRES.port(),
        login.user,
        root.display()
    );
    let mut psql = Command::new("psql");
    psql.arg(place).args(["-w", "-At", "-c", "SELECT item FROM orders WHERE id = 1"]);
    let done = psql.env("PGPASSWORD", login.password.reveal()).output().ok()?;
    std::fs::remove_file(root).unwrap();
    Some(done.status.success() && done.stdout == b"tea\n")
}

#[test]
fn psql_reads_with_the_issued_password_and_no_more_after_the_removal() {
    run(async {
        let (server, admin) = admin();
        let role = reader();
        let holder = given(&role).await;
        let Some(during) = reads(&holder) else {
            return println!("there is no psql");
        };
        assert!(during);
        one_time::remove(&server, &admin, &role.name).await.unwrap();
        assert_eq!(reads(&holder), Some(false));
    });
}
