//! The ids of tasks and runners, which are derived from the ids of jobs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};

/// The prefix of task ids and runner names, which distinguishes deployments under one GitHub.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentName(Arc<str>);

impl FromStr for DeploymentName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if (1..=12).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.into()))
        } else {
            Err("must be 1 to 12 characters of a-z and 0-9".to_owned())
        }
    }
}

impl fmt::Display for DeploymentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DeploymentName {
    /// Returns the name that precedes the ids of agents of Azure Pipelines: `gh-az`. No runner has such a name.
    #[must_use]
    pub fn of_agents(&self) -> Self {
        Self(format!("{self}-az").into())
    }

    /// Creates the id of the task of a job's runner: `gh-123`, and for its replacements `gh-123-2`, `gh-123-3` …
    pub fn task(&self, job: u64, replacement: u32) -> TaskId {
        TaskId { job, replacement: replacement.max(1), deployment: Arc::clone(&self.0) }
    }

    /// Parses the name of a task or runner. Returns `None` if it does not belong to this deployment.
    pub fn parse_task(&self, name: &str) -> Option<TaskId> {
        let rest = name.strip_prefix(&*self.0)?.strip_prefix('-')?;
        let (job, replacement) = match rest.split_once('-') {
            Some((job, replacement)) => (job, replacement.parse().ok().filter(|&n| n > 1)?),
            None => (rest, 1),
        };
        let id = self.task(job.parse().ok()?, replacement);
        // Only texts that `Display` produces: `gh-0123` or `gh-+1` were created by another program.
        (id.to_string() == name).then_some(id)
    }
}

/// The id of a task, which is also the name of its runner. Its copies share the prefix.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId {
    /// The workflow job for which the runner was requested.
    pub job: u64,
    /// 1 for the job's first runner, 2 and more for its replacements.
    pub replacement: u32,
    /// Compared last: the ids of a deployment differ in the others.
    deployment: Arc<str>,
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.deployment, self.job)?;
        if self.replacement > 1 {
            write!(f, "-{}", self.replacement)?;
        }
        Ok(())
    }
}

/// Returns the name of a run of a task, by its start. Batch sets a new one when it runs a task again, so that the names
/// of a task's runs are in the order of the runs.
pub fn run_name(started: DateTime<Utc>) -> String {
    // Colons would need encoding in a path.
    started.to_rfc3339_opts(SecondsFormat::Micros, true).replace(':', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_format_are_parsed() {
        let gh: DeploymentName = "gh".parse().expect("a name");
        assert_eq!(gh.task(123, 1).to_string(), "gh-123");
        assert_eq!(gh.task(123, 2).to_string(), "gh-123-2");
        for ours in ["gh-123", "gh-123-2"] {
            assert_eq!(gh.parse_task(ours).map(|id| id.to_string()).as_deref(), Some(ours));
        }
        for foreign in [
            "gha-123",
            "gh123",
            "gh-",
            "gh-0123",
            "gh-+1",
            "gh-123-1",
            "gh-123-x",
            "GitHub Actions 5",
            "",
        ] {
            assert_eq!(gh.parse_task(foreign), None, "{foreign}");
        }
        assert!("Gh".parse::<DeploymentName>().is_err() && "".parse::<DeploymentName>().is_err());
    }
}
