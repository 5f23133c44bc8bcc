//! Names tasks and runners after the jobs that they are made for.

use std::fmt;
use std::str::FromStr;

/// The prefix of task ids and runner names: only names with our prefix are ours.
#[derive(Clone, Debug, PartialEq)]
pub struct DeploymentName(String);

impl FromStr for DeploymentName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if (1..=12).contains(&text.len()) && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err("takes 1 to 12 of a-z and 0-9".to_owned())
        }
    }
}

impl DeploymentName {
    /// Names the task of a job's runner: `gh-123`, its replacements `gh-123-2`, `gh-123-3` …
    pub fn task(&self, job: u64, replacement: u32) -> TaskId {
        TaskId { deployment: self.0.clone(), job, replacement: replacement.max(1) }
    }

    /// Reads the name of a task or runner; `None` where it is not one of this deployment.
    pub fn parse_task(&self, name: &str) -> Option<TaskId> {
        let rest = name.strip_prefix(self.0.as_str())?.strip_prefix('-')?;
        let (job, replacement) = match rest.split_once('-') {
            Some((job, replacement)) => (job, replacement.parse().ok().filter(|&n| n > 1)?),
            None => (rest, 1),
        };
        let id = self.task(job.parse().ok()?, replacement);
        // Only the name that we would write ourselves: `gh-0123` or `gh-+1` is somebody else's.
        (id.to_string() == name).then_some(id)
    }
}

/// Identifies a task, and by the same name its runner.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId {
    deployment: String,
    /// The workflow job that the runner was made for.
    pub job: u64,
    /// 1 for the job's first runner, 2 and more for its replacements.
    pub replacement: u32,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_we_would_write_are_ours() {
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
