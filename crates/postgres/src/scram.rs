//! What a server keeps of a password (RFC 5802, RFC 7677): enough to check it, too little to log in with.
//!
//! Sent in place of the password, it keeps the password out of statements and thereby out of the server's logs.
//! Printable ASCII is its own SASLprep (RFC 4013), and Stint makes no other passwords.

use crate::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};
use std::num::NonZeroU32;

/// PostgreSQL's own default.
pub const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`. Who has it can guess at weak passwords: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(String);

impl Verifier {
    /// For the statement that sets it. Nothing in it needs quoting.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[must_use]
pub fn verifier(password: &Secret, salt: &[u8], iterations: NonZeroU32) -> Verifier {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let password = password.reveal().as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password, &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let stored = digest::digest(&digest::SHA256, hmac::sign(&key, b"Client Key").as_ref());
    let server = hmac::sign(&key, b"Server Key");
    let [salt, stored, server] = [salt, stored.as_ref(), server.as_ref()].map(|it| STANDARD.encode(it));
    Verifier(format!("SCRAM-SHA-256${iterations}:{salt}${stored}:{server}"))
}

/// A salt is nobody's secret, only another one for each password. Of a password that is all chance it may follow.
#[must_use]
pub fn salt_of(password: &Secret) -> [u8; 16] {
    let digest = digest::digest(&digest::SHA256, &[b"stint salt ", password.reveal().as_bytes()].concat());
    let mut salt = [0; 16];
    salt.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    salt
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange printed in RFC 7677, section 3: user `user`, password `pencil`.
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const PROOF: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SIGNATURE: &str = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn auth_message() -> String {
        format!("n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}")
    }

    fn keys_of_pencil() -> [Vec<u8>; 2] {
        let salt = STANDARD.decode(SALT).unwrap();
        let whole = verifier(&Secret::new("pencil".to_owned()), &salt, ITERATIONS);
        let keys = whole.as_str().strip_prefix(&format!("SCRAM-SHA-256$4096:{SALT}$")).unwrap();
        let (stored, server) = keys.split_once(':').unwrap();
        [stored, server].map(|key| STANDARD.decode(key).unwrap())
    }

    fn sign(key: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), auth_message().as_bytes()).as_ref().to_vec()
    }

    #[test]
    fn the_server_key_signs_as_the_published_server_did() {
        let [_, server] = keys_of_pencil();
        assert_eq!(STANDARD.encode(sign(&server)), SIGNATURE);
    }

    #[test]
    fn the_stored_key_accepts_the_published_proof_of_the_client() {
        let [stored, _] = keys_of_pencil();
        let proof = STANDARD.decode(PROOF).unwrap();
        let client: Vec<u8> = proof.iter().zip(sign(&stored)).map(|(a, b)| a ^ b).collect();
        assert_eq!(digest::digest(&digest::SHA256, &client).as_ref(), stored);
    }
}
