//! Repositories.

use serde_json::{Value, json};

use super::{Base, owner, timestamp};
use crate::model::repository::{Repository, Visibility};

/// Names of a repository's links, and their paths below its URL.
const LINKS: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// Fields that are null.
const NULLS: [&str; 5] = ["description", "homepage", "language", "mirror_url", "license"];

/// Fields that are 0.
const COUNTS: [&str; 8] = [
    "size",
    "stargazers_count",
    "watchers_count",
    "forks_count",
    "open_issues_count",
    "forks",
    "open_issues",
    "watchers",
];

/// Boolean fields.
const FLAGS: [(&str, bool); 12] = [
    ("fork", false),
    ("has_issues", true),
    ("has_projects", true),
    ("has_downloads", true),
    ("has_wiki", true),
    ("has_pages", false),
    ("has_discussions", false),
    ("archived", false),
    ("disabled", false),
    ("allow_forking", true),
    ("is_template", false),
    ("web_commit_signoff_required", false),
];

/// Writes a repository as payloads, runs and lists embed it.
pub(crate) fn short(base: &Base, repository: &Repository) -> Value {
    let mut object = fields(base, repository);
    let url = format!("{}/repos/{}", base.api, repository.full_name);
    for (name, path) in LINKS {
        object[name] = json!(format!("{url}{path}"));
    }
    object
}

/// Writes a repository in full, as `GET /repos/{owner}/{repo}` returns it.
pub(crate) fn full(base: &Base, repository: &Repository) -> Value {
    let mut object = short(base, repository);
    object["network_count"] = json!(0);
    object["subscribers_count"] = json!(1);
    object["temp_clone_token"] = Value::Null;
    object["permissions"] =
        json!({ "admin": true, "maintain": true, "push": true, "triage": true, "pull": true });
    if repository.organization {
        object["organization"] = owner(base, repository);
    }
    object
}

fn fields(base: &Base, repository: &Repository) -> Value {
    let page = format!("{}/{}", base.web, repository.full_name);
    let host = base.web.split_once("://").map_or("", |(_, host)| host);
    let created_at = timestamp(repository.created_at);
    let mut object = json!({
        "id": repository.id,
        "node_id": format!("R_{}", repository.id),
        "name": repository.name(),
        "full_name": repository.full_name,
        "private": repository.visibility != Visibility::Public,
        "visibility": repository.visibility.as_str(),
        "owner": owner(base, repository),
        "html_url": page,
        "created_at": created_at,
        "updated_at": created_at,
        "pushed_at": created_at,
        "git_url": format!("git://{host}/{}.git", repository.full_name),
        "ssh_url": format!("git@{host}:{}.git", repository.full_name),
        "clone_url": format!("{page}.git"),
        "svn_url": page,
        "default_branch": "main",
        "topics": [],
        "custom_properties": {},
    });
    for name in NULLS {
        object[name] = Value::Null;
    }
    for name in COUNTS {
        object[name] = json!(0);
    }
    for (name, value) in FLAGS {
        object[name] = json!(value);
    }
    object
}
