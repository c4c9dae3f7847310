//! Signatures, through `jsonwebtoken` over the `ring` that is in the tree for TLS anyway.
//!
//! Guards: RS256 and nothing else. The provider knows no other algorithm, so a token that asks for `none` or for HMAC
//! with the public key as its secret finds nothing to be verified with.

use super::Rejection;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult, new_error};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Validation, decode, decode_header};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::de::DeserializeOwned;

static RS256_ONLY: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: rs256,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes this the process's provider. A second call changes nothing.
pub(super) fn install() {
    let _ = RS256_ONLY.install_default();
}

/// The key that the token says it was signed with; it says so without proof.
pub(super) fn key_id(token: &str) -> Result<String, Rejection> {
    let header = decode_header(token).map_err(|_| Rejection::Malformed)?;
    // Extensions that must be understood are not.
    if header.alg != Algorithm::RS256 || header.crit.is_some() {
        return Err(Rejection::Malformed);
    }
    header.kid.ok_or(Rejection::Malformed)
}

/// The claims of a token that was signed with `key`.
pub(super) fn open<T: DeserializeOwned>(token: &str, key: &DecodingKey) -> Result<T, Rejection> {
    let opened = decode(token, key, &signature_only()).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => Rejection::BadSignature,
        _ => Rejection::Malformed,
    })?;
    Ok(opened.claims)
}

/// The claims have their own rules, at a time that is passed in.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

struct Rs256 {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

fn rs256(algorithm: &Algorithm, key: &DecodingKey) -> JwtResult<Box<dyn JwtVerifier>> {
    match (algorithm, key.kind()) {
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            Ok(Box::new(Rs256 { modulus: n.clone(), exponent: e.clone() }))
        }
        _ => Err(new_error(ErrorKind::InvalidAlgorithm)),
    }
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> JwtResult<Box<dyn JwtSigner>> {
    Err(new_error(ErrorKind::InvalidAlgorithm))
}

impl Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent }
            .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .map_err(|_| Error::new())
    }
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
