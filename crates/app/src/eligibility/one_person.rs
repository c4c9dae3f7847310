//! Somebody with several accounts is one person.
//!
//! Guards: nobody approves or reviews by one account what they asked for by another, and nobody counts twice.

use crate::failure::Failure;
use crate::ports::Directory;
use stint_domain::ids::PrincipalId;
use stint_domain::principal::Person;
use stint_domain::request::AccessRequest;

/// Whether `id` is another account of `person`. Whom the directory does not know is nobody's.
///
/// # Errors
/// As of [`super::requester_eligible`].
pub(crate) async fn is_also(
    directory: &impl Directory,
    person: &Person,
    id: &PrincipalId,
) -> Result<bool, Failure> {
    if person.id == *id {
        return Ok(false);
    }
    Ok(directory.person(id).await?.is_some_and(|other| is_another_of(&other, person)))
}

/// Two accounts of one human.
pub(crate) fn is_another_of(one: &Person, other: &Person) -> bool {
    one.id != other.id && one.is_same_human(other)
}

/// Whether `person` has approved `request` by another account than this.
///
/// # Errors
/// As of [`super::requester_eligible`].
pub(crate) async fn has_approved_as_another(
    directory: &impl Directory,
    person: &Person,
    request: &AccessRequest,
) -> Result<bool, Failure> {
    for id in request.approvals().filter_map(|approval| approval.by.person()) {
        if is_also(directory, person, id).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
