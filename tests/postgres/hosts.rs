//! Hosts that do not answer, answer slowly, answer with another certificate or without one: never taken for a no.

use crate::scene::{admin, login, refusal, run, secret, unavailable};
use std::net::TcpListener;
use std::time::Duration;
use stint_local::postgres::LOGIN;
use stint_local::postgres::Postgres;
use stint_postgres::{Limits, Login, Server, rotation};

fn quick() -> Limits {
    Limits { connect: Duration::from_millis(300), ..Limits::default() }
}

async fn ask(server: &Server) -> stint_postgres::Result<bool> {
    rotation::can_log_in(server, &login(LOGIN).1).await
}

#[test]
fn a_right_password_gets_in_and_a_wrong_one_is_a_no() {
    run(async {
        let (server, right) = login(LOGIN);
        assert_eq!(rotation::can_log_in(&server, &right).await, Ok(true));
        let wrong = Login { password: secret("not this"), ..right };
        assert_eq!(rotation::can_log_in(&server, &wrong).await, Ok(false));
    });
}

#[test]
fn a_host_that_does_not_answer_is_no_proof() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    run(async { unavailable(ask(&Server { port, ..admin().0 }).await) });
}

#[test]
fn a_host_that_answers_too_slowly_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    run(async { unavailable(ask(&Server { port, limits: quick(), ..admin().0 }).await) });
}

#[test]
fn a_certificate_of_another_root_or_another_name_is_refused() {
    let other = Postgres::start(None).unwrap();
    run(async {
        let server = admin().0;
        let another_root = Server { root_pem: other.root_pem().to_owned(), ..server.clone() };
        assert!(refusal(ask(&another_root).await).contains("certificate"));
        let another_name = Server { server_name: Some("db.example".to_owned()), ..server.clone() };
        assert!(refusal(ask(&another_name).await).contains("certificate"));
        let named =
            Server { server_name: Some("localhost".to_owned()), host: "127.0.0.1".to_owned(), ..server };
        assert_eq!(ask(&named).await, Ok(true));
    });
}

#[test]
fn a_server_without_tls_hears_no_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.write_all(b"N").unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        rest
    });
    let reason = run(async { refusal(ask(&Server { port, ..admin().0 }).await) });
    assert!(reason.contains("TLS"), "{reason}");
    assert_eq!(heard.join().unwrap(), b"");
}

#[test]
fn a_login_that_may_not_log_in_is_neither_a_yes_nor_a_no() {
    run(async {
        let (server, admin) = admin();
        let me = crate::wire::client(&admin, "orders").await.unwrap();
        let verifier = stint_postgres::NewPassword::of(&crate::scene::chance());
        let statement = format!("CREATE ROLE shut_out NOLOGIN PASSWORD '{}'", verifier.verifier.as_str());
        me.batch_execute(&statement).await.unwrap();
        let user = stint_postgres::Identifier::new("shut_out").unwrap();
        refusal(rotation::can_log_in(&server, &Login { user, password: verifier.password }).await);
    });
}
