//! The records of ended jobs in the history, which are those of GitHub's jobs too.

use chrono::{DateTime, Utc};

use super::dto::{Agent, JobRequest};
use super::plan::{Action, AgentTask, Plan, PoolSnapshot, Removal};
use crate::history::Record;
use crate::reconcile::snapshot::Stage;
use crate::repository::Repository;

/// What stands for the owner of a repository.
const PLACE: &str = "dev.azure.com";
/// Maximum length of a name that stands for that of a repository.
const MAX_NAME: usize = 100;

/// Lists the records of the jobs whose agents a plan removes.
pub fn records(snapshot: &PoolSnapshot<'_>, plan: &Plan) -> Vec<Record> {
    let served = plan.actions.iter().filter_map(|action| match action {
        Action::Remove { agent, why: Removal::Served, .. } => Some(*agent),
        _ => None,
    });
    served.filter_map(|id| record(snapshot, id)).collect()
}

fn record(snapshot: &PoolSnapshot<'_>, id: u64) -> Option<Record> {
    let agent: &Agent = snapshot.agents.iter().find(|agent| agent.id == id)?;
    let task: &AgentTask = snapshot.tasks.iter().find(|task| task.id.to_string() == agent.name)?;
    let request = agent.last_completed_request.as_ref()?;
    let completed = request.finish_time;
    let ended = match task.stage {
        Stage::Ended { at, .. } => Some(at),
        _ => completed,
    };
    let profile = snapshot.profiles.iter().find(|profile| profile.name == task.profile);
    let seconds = |time: Option<DateTime<Utc>>| time.map(|time| time.timestamp());
    Some(Record {
        task: agent.name.clone(),
        job: request.request_id,
        run: request.owner.as_ref().map(|run| run.id).unwrap_or_default(),
        repository: place(request)?,
        workflow: request.definition.as_ref().map(|pipeline| pipeline.name.clone()),
        profile: task.profile.clone(),
        queued: seconds(request.queue_time),
        began: seconds(task.began),
        started: seconds(request.receive_time),
        completed: seconds(completed),
        ended: seconds(ended)?,
        node: task.node.clone(),
        slots: profile.map_or(1, |profile| profile.container.slots),
        exit: task.exit,
        conclusion: request.result.as_ref().and_then(|result| Some(conclusion(result.as_str()?))),
    })
}

/// Returns the result in the words of GitHub, which readers of the history know.
fn conclusion(result: &str) -> String {
    match result {
        "succeeded" | "succeededWithIssues" => "success",
        "failed" | "abandoned" => "failure",
        "canceled" => "cancelled",
        other => other,
    }
    .to_owned()
}

/// Returns the pipeline in the form of a repository's name, by which costs are grouped. No account of GitHub has a dot in its
/// name, so that the two cannot be confused. Characters that such a name cannot have become hyphens.
fn place(request: &JobRequest) -> Option<Repository> {
    let kept = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let pipeline = request.definition.as_ref().map_or("", |pipeline| &pipeline.name);
    let pipeline: String = pipeline.chars().map(kept).take(MAX_NAME).collect();
    let pipeline = if pipeline.is_empty() { "pipeline" } else { &pipeline };
    Repository::try_from(format!("{PLACE}/{pipeline}").as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pipeline_has_a_place_among_repositories() {
        let of = |name: &str| {
            let request = json!({ "requestId": 1, "definition": { "id": 3, "name": name } });
            let request = serde_json::from_value(request).expect("a request");
            place(&request).map(String::from)
        };
        assert_eq!(of("CI"), Some("dev.azure.com/CI".to_owned()));
        assert_eq!(of("Web app (nightly)"), Some("dev.azure.com/Web-app--nightly-".to_owned()));
        assert_eq!(of(""), Some("dev.azure.com/pipeline".to_owned()));
        assert_eq!(of(&"ä".repeat(300)).map(|name| name.len()), Some(114));
        assert_eq!(of(".."), None);
    }

    #[test]
    fn results_have_the_words_of_github() {
        let words = ["succeeded", "failed", "canceled", "abandoned", "skipped"].map(conclusion);
        assert_eq!(words, ["success", "failure", "cancelled", "failure", "skipped"]);
    }
}
