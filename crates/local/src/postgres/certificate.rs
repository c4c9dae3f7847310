//! A certificate for `localhost` and the root behind it, both made for one start.

use crate::{LocalError, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, Error, IsCa, KeyPair, KeyUsagePurpose,
};

pub(super) struct Certificate {
    pub(super) root_pem: String,
    pub(super) chain_pem: String,
    pub(super) key_pem: String,
}

impl Certificate {
    pub(super) fn new() -> Result<Self> {
        make().map_err(|cause| LocalError::unexpected(format!("no certificate could be made: {cause}")))
    }
}

fn make() -> Result<Certificate, Error> {
    let root = CertifiedIssuer::self_signed(root()?, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let server = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &root)?;
    Ok(Certificate { root_pem: root.pem(), chain_pem: server.pem(), key_pem: key.serialize_pem() })
}

fn root() -> Result<CertificateParams, Error> {
    let mut root = CertificateParams::new(Vec::new())?;
    root.distinguished_name.push(DnType::CommonName, "A root for one local PostgreSQL");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(root)
}
