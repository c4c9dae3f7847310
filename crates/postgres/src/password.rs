//! New passwords: 32 bytes of chance, which come from outside as a value.

use crate::{Secret, scram};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Chance enough for one password. Never use it twice.
pub struct Random {
    pub password: [u8; 32],
    pub salt: [u8; 16],
}

/// What its holder gets, and what the server gets.
pub struct NewPassword {
    pub password: Secret,
    pub verifier: scram::Verifier,
}

impl NewPassword {
    #[must_use]
    pub fn of(random: &Random) -> Self {
        let password = Secret::new(URL_SAFE_NO_PAD.encode(random.password));
        let verifier = scram::verifier(&password, &random.salt, scram::ITERATIONS);
        Self { password, verifier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_chance_is_in_the_password_and_nothing_that_a_url_or_a_shell_would_change() {
        let random = Random { password: std::array::from_fn(|at| 255 - at as u8), salt: [7; 16] };
        let password = NewPassword::of(&random).password;
        assert_eq!(URL_SAFE_NO_PAD.decode(password.reveal()).unwrap(), random.password);
        assert!(password.reveal().chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }
}
