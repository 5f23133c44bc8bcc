//! What a task's end means for its job.

use serde::{Deserialize, Serialize};

/// What happens as a task ends in one way or another.
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

/// What happens to a job.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobAction {
    None,
    Disable,
    Terminate,
}

impl JobAction {
    /// Returns what happens where the task does not say.
    pub(crate) fn default_for(exit_code: Option<i32>) -> Self {
        if exit_code == Some(0) { Self::None } else { Self::Terminate }
    }
}

/// What happens to the tasks that depend on a task: there are none, as dependencies are not modelled.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum DependencyAction {
    Satisfy,
    Block,
}

impl ExitConditions {
    /// Returns whether any condition asks for something to happen to the job.
    pub(crate) fn has_job_action(&self) -> bool {
        self.all().any(|options| options.job_action.is_some())
    }

    /// Chooses what happens to the job as a task ends: with this code, or without having started.
    ///
    /// A code that several conditions name has the options of the first. Unless they say otherwise, a
    /// failure terminates the job and a success does nothing to it.
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
