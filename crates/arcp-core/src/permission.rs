//! Permissions that a job asks for while it runs, and the leases that they become (R§15.4, R§15.5).

use std::time::Duration;

use crate::event::escaped;
use crate::{JobId, LeaseId, MessageId, Timestamp};

/// A job asks for something that its lease does not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionRequest {
    /// The permission: a namespace of operations (`fs.write`, `payment.refund.create`, ...).
    pub permission: String,
    /// On what.
    pub resource: String,
    /// To do what.
    pub operation: String,
    /// Why, for a person.
    pub reason: Option<String>,
    /// For how long.
    pub lease: Option<Duration>,
}

impl PermissionRequest {
    /// Asks for `permission`, on `resource`, to do `operation`.
    pub fn new(
        permission: impl Into<String>,
        resource: impl Into<String>,
        operation: impl Into<String>,
    ) -> Self {
        Self {
            permission: permission.into(),
            resource: resource.into(),
            operation: operation.into(),
            reason: None,
            lease: None,
        }
    }

    /// Says why, for a person.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// About how many bytes it takes as JSON.
    pub fn json_size(&self) -> usize {
        let Self { permission, resource, operation, reason, lease: _ } = self;
        let reason = reason.as_ref().map_or(0, |reason| escaped(reason));
        escaped(permission) + escaped(resource) + escaped(operation) + reason
    }

    /// Asks for it for so long, to the second.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }
}

/// The answer to a job that asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionAnswer {
    /// The message by which it asked, when the answer names it.
    pub request: Option<MessageId>,
    /// The job, when the answer names it.
    pub job: Option<JobId>,
    /// The permission.
    pub permission: String,
    /// Yes or no.
    pub verdict: PermissionVerdict,
}

/// Yes or no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PermissionVerdict {
    /// Yes, this much.
    Grant {
        /// On what.
        resource: String,
        /// To do what.
        operation: String,
        /// For how long.
        lease: Duration,
    },
    /// No.
    Deny {
        /// Why.
        reason: String,
    },
}

/// A permission that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedLease {
    /// What it goes by.
    pub lease: LeaseId,
    /// The permission.
    pub permission: String,
    /// On what.
    pub resource: String,
    /// To do what.
    pub operation: String,
    /// The instant from which on it is void.
    pub expires_at: Timestamp,
}
