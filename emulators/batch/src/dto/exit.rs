//! Exit conditions: the effect of a task's end on its job.

use serde::{Deserialize, Serialize};

/// The exit conditions of a task.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExitConditions {
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_codes: Option<Vec<ExitCodeMapping>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code_ranges: Option<Vec<ExitCodeRangeMapping>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_processing_error: Option<ExitOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_upload_error: Option<ExitOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<ExitOptions>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExitCodeMapping {
    code: i32,
    exit_options: ExitOptions,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExitCodeRangeMapping {
    start: i32,
    end: i32,
    exit_options: ExitOptions,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExitOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    job_action: Option<JobAction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dependency_action: Option<DependencyAction>,
}

/// An action on a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobAction {
    None,
    Disable,
    Terminate,
}

impl JobAction {
    /// Returns the action for an exit code that no condition names.
    pub(crate) fn default_for(exit_code: Option<i32>) -> Self {
        if exit_code == Some(0) { Self::None } else { Self::Terminate }
    }
}

/// An action on dependent tasks. It has no effect: task dependencies are not modelled.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum DependencyAction {
    Satisfy,
    Block,
}

impl ExitConditions {
    /// Returns whether any condition has a job action.
    pub(crate) fn has_job_action(&self) -> bool {
        self.all().any(|options| options.job_action.is_some())
    }

    /// Returns the job action for the end of a task: with this exit code, or `None` if it did not
    /// start.
    ///
    /// If several conditions name a code, the first one applies. By default a failure terminates
    /// the job and a success does nothing.
    pub(crate) fn job_action(&self, exit_code: Option<i32>) -> JobAction {
        let options = match exit_code {
            None => self.pre_processing_error.or(self.default),
            Some(0) => self.options_for(0),
            Some(code) => self.options_for(code).or(self.default),
        };
        let action = options.and_then(|options| options.job_action);
        action.unwrap_or_else(|| JobAction::default_for(exit_code))
    }

    fn options_for(&self, code: i32) -> Option<ExitOptions> {
        let exact = self.exit_codes.iter().flatten().find(|one| one.code == code);
        let within = |range: &&ExitCodeRangeMapping| (range.start..=range.end).contains(&code);
        let range = self.exit_code_ranges.iter().flatten().find(within);
        exact.map(|one| one.exit_options).or(range.map(|range| range.exit_options))
    }

    fn all(&self) -> impl Iterator<Item = ExitOptions> + '_ {
        let codes = self.exit_codes.iter().flatten().map(|one| one.exit_options);
        let ranges = self.exit_code_ranges.iter().flatten().map(|range| range.exit_options);
        let others = [self.pre_processing_error, self.file_upload_error, self.default];
        codes.chain(ranges).chain(others.into_iter().flatten())
    }
}
