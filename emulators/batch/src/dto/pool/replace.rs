//! The replacement of a pool's properties.

use serde::Deserialize;
use serde_json::Value;

use super::super::checks::check_modelled;
use super::super::job::Metadata;
use super::super::start_task::StartTask;
use super::CommunicationMode;
use crate::error::ApiError;

/// The body of Replace Pool Properties: absent properties are removed, and the lists are required.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolReplace {
    pub(crate) start_task: Option<StartTask>,
    pub(crate) metadata: Vec<Metadata>,
    pub(crate) target_node_communication_mode: Option<CommunicationMode>,
    application_package_references: Value,
    certificate_references: Option<Value>,
}

impl PoolReplace {
    /// Checks the values. Versions with certificates require their list.
    pub(crate) fn check(&self, has_certificates: bool) -> Result<(), ApiError> {
        self.start_task.as_ref().map_or(Ok(()), StartTask::check)?;
        if has_certificates && self.certificate_references.is_none() {
            return Err(ApiError::missing_property("certificateReferences"));
        }
        check_modelled(&[
            ("applicationPackageReferences", Some(&self.application_package_references)),
            ("certificateReferences", self.certificate_references.as_ref()),
        ])
    }
}
