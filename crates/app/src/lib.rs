//! The use cases of Stint, one to a file, and the ports they need.
//!
//! A use case loads, asks the domain and the policy to decide, commits the intent, does the effect and commits the
//! outcome. It must not know AWS, HTTP or a clock: those come in through [`ports`].

pub mod activate_grant;
mod artefact;
pub mod caller;
mod candidates;
pub mod custody;
pub mod decide_request;
mod eligibility;
pub mod end_access;
mod extend_grant;
pub mod failure;
mod first_use;
pub mod letter;
mod mail_link;
mod note_refusal;
pub mod notify_approvers;
pub mod open_link;
pub mod ports;
pub mod read;
pub mod reconcile;
pub mod reveal_credential;
pub mod review_access;
pub mod revoke_grant;
pub mod revoke_many;
pub mod rotate_credential;
pub mod submit_request;
mod tell_reviewers;
mod tell_settled;
mod tell_workflow;
pub mod transact;
pub mod withdraw;
mod workflow_input;
