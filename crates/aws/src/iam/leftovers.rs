//! The nine kinds of things that keep an IAM user from being deleted, each listed to its last page and taken away.
//!
//! The boundary lets a user of Stint's make none of them, so whatever is here somebody else has added by hand.

use super::errors::{NO_SUCH_ENTITY, REMOVAL_DENIED, classify, gone_or_taken};
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use stint_app::ports::ProviderError;

pub(super) async fn everything(iam: &Client, user: &str) -> Result<(), ProviderError> {
    access_keys(iam, user).await?;
    gone_or_taken(iam.delete_login_profile().user_name(user).send().await)?;
    inline_policies(iam, user).await?;
    attached_policies(iam, user).await?;
    groups(iam, user).await?;
    mfa_devices(iam, user).await?;
    signing_certificates(iam, user).await?;
    ssh_public_keys(iam, user).await?;
    service_credentials(iam, user).await
}

pub(super) async fn access_keys(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let keys = iam.list_access_keys().user_name(user).into_paginator().items().send();
    for key in listed(keys.collect::<Result<Vec<_>, _>>().await)? {
        let delete = iam.delete_access_key().user_name(user).set_access_key_id(key.access_key_id);
        gone_or_taken(delete.send().await)?;
    }
    Ok(())
}

async fn inline_policies(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let names = iam.list_user_policies().user_name(user).into_paginator().items().send();
    for name in listed(names.collect::<Result<Vec<_>, _>>().await)? {
        gone_or_taken(iam.delete_user_policy().user_name(user).policy_name(name).send().await)?;
    }
    Ok(())
}

async fn attached_policies(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let policies = iam.list_attached_user_policies().user_name(user).into_paginator().items().send();
    for policy in listed(policies.collect::<Result<Vec<_>, _>>().await)? {
        let detach = iam.detach_user_policy().user_name(user).set_policy_arn(policy.policy_arn);
        gone_or_taken(detach.send().await)?;
    }
    Ok(())
}

async fn groups(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let groups = iam.list_groups_for_user().user_name(user).into_paginator().items().send();
    for group in listed(groups.collect::<Result<Vec<_>, _>>().await)? {
        let remove = iam.remove_user_from_group().user_name(user).group_name(group.group_name);
        gone_or_taken(remove.send().await)?;
    }
    Ok(())
}

/// A virtual device is an entity of its own; what has no such ARN goes with the user.
async fn mfa_devices(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let devices = iam.list_mfa_devices().user_name(user).into_paginator().items().send();
    for device in listed(devices.collect::<Result<Vec<_>, _>>().await)? {
        let serial = device.serial_number;
        gone_or_taken(iam.deactivate_mfa_device().user_name(user).serial_number(&serial).send().await)?;
        if serial.contains(":mfa/") {
            gone_or_taken(iam.delete_virtual_mfa_device().serial_number(serial).send().await)?;
        }
    }
    Ok(())
}

async fn signing_certificates(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let certificates = iam.list_signing_certificates().user_name(user).into_paginator().items().send();
    for certificate in listed(certificates.collect::<Result<Vec<_>, _>>().await)? {
        let delete = iam.delete_signing_certificate().user_name(user);
        gone_or_taken(delete.certificate_id(certificate.certificate_id).send().await)?;
    }
    Ok(())
}

async fn ssh_public_keys(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let keys = iam.list_ssh_public_keys().user_name(user).into_paginator().items().send();
    for key in listed(keys.collect::<Result<Vec<_>, _>>().await)? {
        let delete = iam.delete_ssh_public_key().user_name(user).ssh_public_key_id(key.ssh_public_key_id);
        gone_or_taken(delete.send().await)?;
    }
    Ok(())
}

/// The SDK has no paginator for these.
async fn service_credentials(iam: &Client, user: &str) -> Result<(), ProviderError> {
    let mut marker = None;
    loop {
        let list = iam.list_service_specific_credentials().user_name(user).set_marker(marker.take());
        let page = match list.send().await {
            Err(error) if error.code() == Some(NO_SUCH_ENTITY) => return Ok(()),
            page => page.map_err(|error| classify(error, REMOVAL_DENIED))?,
        };
        for credential in page.service_specific_credentials() {
            let delete = iam.delete_service_specific_credential().user_name(user);
            let id = credential.service_specific_credential_id();
            gone_or_taken(delete.service_specific_credential_id(id).send().await)?;
        }
        match page.marker() {
            Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
            _ => return Ok(()),
        }
    }
}

/// A user that is not there has nothing.
fn listed<T, E, R>(items: Result<Vec<T>, SdkError<E, R>>) -> Result<Vec<T>, ProviderError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match items {
        Err(error) if error.code() == Some(NO_SUCH_ENTITY) => Ok(Vec::new()),
        items => items.map_err(|error| classify(error, REMOVAL_DENIED)),
    }
}
