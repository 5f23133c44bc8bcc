//! Writes repositories.

use serde_json::{Value, json};

use crate::repository::{Repository, Visibility};

use super::{Base, owner, stamp};

/// What a repository's links are called, and how they continue its address.
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

const NOTHING: [&str; 5] = ["description", "homepage", "language", "mirror_url", "license"];

const NONE_OF: [&str; 8] = [
    "size",
    "stargazers_count",
    "watchers_count",
    "forks_count",
    "open_issues_count",
    "forks",
    "open_issues",
    "watchers",
];

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

/// Writes a repository as payloads and runs carry it.
pub(crate) fn short(base: &Base, repository: &Repository) -> Value {
    let mut object = facts(base, repository);
    let url = format!("{}/repos/{}", base.api, repository.full_name);
    for (name, rest) in LINKS {
        object[name] = json!(format!("{url}{rest}"));
    }
    object
}

/// Writes a repository as its own address answers.
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

fn facts(base: &Base, repository: &Repository) -> Value {
    let page = format!("{}/{}", base.web, repository.full_name);
    let host = base.web.split_once("://").map_or("", |(_, host)| host);
    let made_at = stamp(repository.created_at);
    let mut object = json!({
        "id": repository.id,
        "node_id": format!("R_{}", repository.id),
        "name": repository.name(),
        "full_name": repository.full_name,
        "private": repository.visibility != Visibility::Public,
        "visibility": repository.visibility.as_str(),
        "owner": owner(base, repository),
        "html_url": page,
        "created_at": made_at,
        "updated_at": made_at,
        "pushed_at": made_at,
        "git_url": format!("git://{host}/{}.git", repository.full_name),
        "ssh_url": format!("git@{host}:{}.git", repository.full_name),
        "clone_url": format!("{page}.git"),
        "svn_url": page,
        "default_branch": "main",
        "topics": [],
        "custom_properties": {},
    });
    for name in NOTHING {
        object[name] = Value::Null;
    }
    for name in NONE_OF {
        object[name] = json!(0);
    }
    for (name, value) in FLAGS {
        object[name] = json!(value);
    }
    object
}
