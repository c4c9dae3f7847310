//! A holder's own session, and a wire between Stint and the server that breaks when it is told to.

use crate::scene::{POSTGRES, now};
use jiff::Timestamp;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use stint_postgres::Login;
use tokio_postgres::{Client, Config, Error, NoTls};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Logs in by other means than Stint's: the driver with TLS done by hand.
pub(crate) async fn client(login: &Login, database: &str) -> Result<Client, Error> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", POSTGRES.port())).await.unwrap();
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(trusting()).connect(name, stream).await.unwrap();
    let mut config = Config::new();
    config.user(login.user.as_str()).password(login.password.reveal()).dbname(database);
    config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    let (client, connection) = config.connect_raw(stream, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn trusting() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(POSTGRES.root_pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Which way the last message goes that still gets through.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lost {
    /// The server never sees it.
    Statement,
    /// The server does it and nobody hears of it.
    Answer,
    /// Nothing is lost: the server sees it then.
    HeldUntil(Timestamp),
}

/// Passes on `count` messages from Stint, over however many connections, and then cuts all of them, or holds them up.
pub(crate) struct Wire {
    pub(crate) port: u16,
}

impl Wire {
    pub(crate) fn held_after(count: usize, until: Timestamp) -> Self {
        Self::cut_after(count, Lost::HeldUntil(until))
    }

    pub(crate) fn cut_after(count: usize, lost: Lost) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let left = Arc::new(AtomicUsize::new(count));
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, left) = (near.unwrap(), Arc::clone(&left));
                thread::spawn(move || pass_on(&near, &left, lost));
            }
        });
        Self { port }
    }
}

fn pass_on(near: &TcpStream, left: &AtomicUsize, lost: Lost) {
    let far = TcpStream::connect(("127.0.0.1", POSTGRES.port())).unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let (mut answers, mut back) = (far.try_clone().unwrap(), near.try_clone().unwrap());
    let answering = thread::spawn(move || {
        let _ = std::io::copy(&mut answers, &mut back);
    });
    let (mut from, mut to) = (near, &far);
    let mut buffer = vec![0; 65_536];
    while let Ok(size @ 1..) = from.read(&mut buffer) {
        let mut last = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1)).is_err();
        if let (true, Lost::HeldUntil(then)) = (last, lost) {
            thread::sleep(then.duration_since(now()).try_into().unwrap_or_default());
            last = false;
        }
        if last && matches!(lost, Lost::Answer) {
            // From here on nothing comes back; the server is left the time to do what it was told.
            let _ = near.shutdown(Shutdown::Both);
            let _ = to.write_all(&buffer[..size]);
            let _ = far.shutdown(Shutdown::Write);
            break;
        }
        if last || to.write_all(&buffer[..size]).is_err() {
            break;
        }
    }
    let _ = near.shutdown(Shutdown::Both);
    let _ = far.shutdown(Shutdown::Write);
    let _ = answering.join();
}
