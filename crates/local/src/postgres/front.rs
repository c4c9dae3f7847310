//! TLS in front of a server that was built without: the wheel's. It speaks what PostgreSQL itself would.

use super::certificate::Certificate;
use crate::{LocalError, Result};
use std::sync::Arc;
use std::thread;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// Listens for as long as this process runs. Returns its port.
pub(super) fn start(certificate: &Certificate, server: u16) -> Result<u16> {
    let acceptor = acceptor(certificate)?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(LocalError::io("a free port"))?;
    listener.set_nonblocking(true).map_err(LocalError::io("a free port"))?;
    let port = listener.local_addr().map_err(LocalError::io("a free port"))?.port();
    let runtime = Builder::new_current_thread().enable_all().build().map_err(LocalError::io("a runtime"))?;
    thread::spawn(move || {
        runtime.block_on(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(pass_on(near, acceptor.clone(), server));
            }
        });
    });
    Ok(port)
}

/// `None` if either side hangs up; there is nobody to tell.
async fn pass_on(mut near: TcpStream, acceptor: TlsAcceptor, server: u16) -> Option<()> {
    near.set_nodelay(true).ok()?;
    near.read_exact(&mut [0; 8]).await.ok()?;
    near.write_all(b"S").await.ok()?;
    let mut near = acceptor.accept(near).await.ok()?;
    let mut far = TcpStream::connect(("127.0.0.1", server)).await.ok()?;
    far.set_nodelay(true).ok()?;
    copy_bidirectional(&mut near, &mut far).await.ok().map(drop)
}

fn acceptor(certificate: &Certificate) -> Result<TlsAcceptor> {
    let bad =
        |cause: &dyn std::fmt::Display| LocalError::unexpected(format!("no TLS for PostgreSQL: {cause}"));
    let chain =
        CertificateDer::from_pem_slice(certificate.chain_pem.as_bytes()).map_err(|cause| bad(&cause))?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key_pem.as_bytes()).map_err(|cause| bad(&cause))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|cause| bad(&cause))?;
    let config =
        builder.with_no_client_auth().with_single_cert(vec![chain], key).map_err(|cause| bad(&cause))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
