//! The same statements, with nothing around them: a connection for each creation and each removal, as a function that
//! is called once has to make it.

use super::{Timings, ends_at, failed};
use std::sync::Arc;
use std::time::Instant;
use stint_local::Result;
use stint_local::postgres::READER;
use stint_postgres::{Login, RoleName, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

pub(super) async fn batch(
    server: &Server,
    admin: &Login,
    names: &[RoleName],
    timings: &mut Timings,
) -> Result<()> {
    let end = ends_at()?;
    let began = Instant::now();
    for name in names.iter().map(RoleName::name) {
        let terms = format!("LOGIN CONNECTION LIMIT 5 VALID UNTIL '{end}' IN ROLE {READER}");
        run(server, admin, &[&seen(name.as_str()), &format!("CREATE ROLE {name} {terms}")]).await?;
    }
    timings.creation += began.elapsed();
    let began = Instant::now();
    for name in names.iter().map(RoleName::name) {
        let (seen, sessions) = (seen(name.as_str()), sessions(name.as_str()));
        let traces = format!(
            "SELECT DISTINCT d.datname FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid \
             LEFT JOIN pg_database d ON d.oid = s.dbid \
             WHERE s.refclassid = 'pg_authid'::regclass AND r.rolname = '{name}'"
        );
        let (shut, gone) = (format!("ALTER ROLE {name} NOLOGIN"), format!("DROP ROLE IF EXISTS {name}"));
        run(server, admin, &[&seen, &shut, &sessions, &traces, &sessions, &gone]).await?;
    }
    timings.removal += began.elapsed();
    Ok(())
}

fn seen(name: &str) -> String {
    format!("SELECT rolcanlogin FROM pg_roles WHERE rolname = '{name}'")
}

fn sessions(name: &str) -> String {
    format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{name}' AND pid <> pg_backend_pid()")
}

async fn run(server: &Server, admin: &Login, statements: &[&str]) -> Result<()> {
    let client = connect(server, admin).await?;
    for statement in statements {
        client.simple_query(statement).await.map_err(failed)?;
    }
    Ok(())
}

async fn connect(server: &Server, admin: &Login) -> Result<Client> {
    let mut stream = TcpStream::connect((&*server.host, server.port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.map_err(failed)?;
    stream.read_u8().await.map_err(failed)?;
    let name = ServerName::try_from(server.host.clone()).map_err(failed)?;
    let stream = TlsConnector::from(trusting(server)?).connect(name, stream).await.map_err(failed)?;
    let mut config = Config::new();
    config.user(admin.user.as_str()).password(admin.password.reveal()).dbname(&server.database);
    let (client, connection) =
        config.ssl_mode(SslMode::Disable).connect_raw(stream, NoTls).await.map_err(failed)?;
    tokio::spawn(connection);
    Ok(client)
}

fn trusting(server: &Server) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.root_pem.as_bytes()).map_err(failed)?).map_err(failed)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
