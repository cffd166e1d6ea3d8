//! A request for a permission, as JSON.

use std::time::Duration;

use arcp_core::PermissionRequest;
use serde::{Deserialize, Serialize};

use super::event::Text;

#[derive(Serialize, Deserialize)]
pub(super) struct StoredRequest<'a> {
    #[serde(borrow)]
    permission: Text<'a>,
    #[serde(borrow)]
    resource: Text<'a>,
    #[serde(borrow)]
    operation: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    reason: Option<Text<'a>>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lease: Option<u64>,
}

impl<'a> StoredRequest<'a> {
    pub(super) fn of(request: &'a PermissionRequest) -> Self {
        Self {
            permission: (&request.permission).into(),
            resource: (&request.resource).into(),
            operation: (&request.operation).into(),
            reason: request.reason.as_ref().map(Into::into),
            lease: request.lease.map(|lease| lease.as_secs()),
        }
    }

    pub(super) fn into_request(self) -> PermissionRequest {
        PermissionRequest {
            permission: self.permission.into(),
            resource: self.resource.into(),
            operation: self.operation.into(),
            reason: self.reason.map(Into::into),
            lease: self.lease.map(Duration::from_secs),
        }
    }
}
