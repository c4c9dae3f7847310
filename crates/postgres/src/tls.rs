//! TLS that trusts one given root and nobody else, on ring as everywhere in Stint.
//!
//! It asks for TLS itself, before the driver comes in: without it no word is said, and what was wrong is known by
//! its type. One byte is read of what is not encrypted, so nothing can be slipped in before.

use crate::{Error, Result, Server};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The protocol's `SSLRequest`.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const YES: u8 = b'S';

pub(crate) async fn connect(server: &Server) -> Result<TlsStream<TcpStream>> {
    let name = server_name(server.server_name.as_deref().unwrap_or(&server.host))?;
    let connector = TlsConnector::from(client(&server.root_pem)?);
    let unreachable = |_| Error::unavailable("the host does not answer");
    let mut stream = TcpStream::connect((&*server.host, server.port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    stream.write_all(&REQUEST).await.map_err(unreachable)?;
    if stream.read_u8().await.map_err(unreachable)? != YES {
        return Err(Error::refused("the server has no TLS"));
    }
    connector.connect(name, stream).await.map_err(|error| handshake(&error))
}

/// A certificate that is not the right one will not become it; all else may be the network.
fn handshake(error: &io::Error) -> Error {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(_)) => {
            Error::refused("the server's certificate is not of the given root, or not of this host")
        }
        _ => Error::unavailable("the TLS handshake broke off"),
    }
}

pub(crate) fn server_name(name: &str) -> Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned()).map_err(|_| Error::refused("the host's name is none"))
}

pub(crate) fn client(root_pem: &str) -> Result<Arc<ClientConfig>> {
    let bad = || Error::refused("the root certificate cannot be used");
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root_pem.as_bytes()) {
        roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
    }
    if roots.is_empty() {
        return Err(bad());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.map_err(|_| bad())?.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}
