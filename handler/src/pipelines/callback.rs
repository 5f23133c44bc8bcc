//! The headers by which a task without an agent is completed.
//!
//! The token of its job is sent to the organization of the settings only: `PlanUrl` comes from the caller.

use url::Url;

use super::call::BadCall;
use crate::secret::Secret;

/// The longest id or name of a hub in a header.
const MAX_ID: usize = 64;

/// The task that made a call, with the token of its job.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The id of its project.
    pub project: String,
    /// The name of its hub, such as `build`.
    pub hub: String,
    /// The id of its plan.
    pub plan: String,
    /// The id of its job, which has no agent.
    pub job: String,
    /// The id of the task's instance.
    pub task: String,
    /// The token of the job. It is sent to the organization of the settings only.
    pub token: Secret,
}

impl Callback {
    /// Reads the headers that a task sends; `None` without `AuthToken`, which a pipeline may leave out.
    ///
    /// # Errors
    /// When `PlanUrl` is of another organization, or a header is missing or malformed.
    pub fn read<'h>(
        header: impl Fn(&str) -> Option<&'h str>,
        organization: &Url,
    ) -> Result<Option<Self>, BadCall> {
        let header = |name: &str| header(name).map(str::trim).filter(|value| !value.is_empty());
        let plan_url = header("PlanUrl");
        if plan_url.is_some_and(|url| !is_of(organization, url)) {
            let text = "header PlanUrl is not the organization of setting AzureDevOpsUrl: call the app of its own deployment";
            return Err(BadCall(text.to_owned()));
        }
        let Some(token) = header("AuthToken") else { return Ok(None) };
        plan_url.ok_or_else(|| missing("PlanUrl"))?;
        let id = |name: &str| header(name).filter(|id| is_id(id)).ok_or_else(|| missing(name));
        Ok(Some(Self {
            project: id("ProjectId")?.to_owned(),
            hub: id("HubName")?.to_owned(),
            plan: id("PlanId")?.to_owned(),
            job: id("JobId")?.to_owned(),
            task: id("TaskInstanceId")?.to_owned(),
            token: Secret::new(token),
        }))
    }
}

fn missing(header: &str) -> BadCall {
    BadCall(format!(
        "header {header} is missing or malformed: send the default headers of the task, or none of them"
    ))
}

fn is_id(text: &str) -> bool {
    text.len() <= MAX_ID && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_of(organization: &Url, plan_url: &str) -> bool {
    Url::parse(plan_url).is_ok_and(|url| identity(&url) == identity(organization))
}

/// Returns what identifies an organization: its origin, and its name in lower case. `NAME.visualstudio.com` is the former
/// address of `dev.azure.com/NAME`.
/// <https://learn.microsoft.com/azure/devops/extend/develop/work-with-urls>
fn identity(url: &Url) -> (String, String) {
    let path = url.path().trim_matches('/').to_ascii_lowercase();
    let former = url.host_str().and_then(|host| host.strip_suffix(".visualstudio.com"));
    match former {
        Some(name) if path.is_empty() && url.scheme() == "https" && url.port().is_none() => {
            ("https://dev.azure.com".to_owned(), name.to_owned())
        }
        _ => (url.origin().ascii_serialization(), path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the headers of a task after a change of one of them.
    fn read(name: &str, value: &str) -> Result<Option<Callback>, BadCall> {
        let organization = Url::parse("https://dev.azure.com/Contoso").expect("a URL");
        let header = |asked: &str| match asked {
            asked if asked == name => Some(value).filter(|value| !value.is_empty()),
            "PlanUrl" => Some("https://dev.azure.com/contoso/"),
            "HubName" => Some("build"),
            "AuthToken" => Some("eyJ0"),
            _ => Some("15b95994-59ec-5502-695d-0b93722883bd"),
        };
        Callback::read(header, &organization)
    }

    #[test]
    fn the_token_is_accepted_for_the_own_organization_only() {
        for own in [
            "https://dev.azure.com/contoso",
            "https://DEV.azure.com:443/CONTOSO//",
            "https://contoso.visualstudio.com/",
        ] {
            assert!(matches!(read("PlanUrl", own), Ok(Some(_))), "{own}");
        }
        for foreign in [
            "https://dev.azure.com/contoso2/",
            "https://dev.azure.com/contoso/x",
            "https://dev.azure.com.evil.test/contoso/",
            "https://dev.azure.com@evil.test/contoso/",
            "http://dev.azure.com/contoso/",
            "https://dev.azure.com:8443/contoso/",
            "https://other.visualstudio.com/",
            "https://evil.test/contoso.visualstudio.com",
            "contoso",
        ] {
            assert!(read("PlanUrl", foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn a_call_without_a_token_needs_no_callback() {
        assert!(matches!(read("AuthToken", ""), Ok(None)));
        for name in ["PlanUrl", "ProjectId", "HubName", "PlanId", "JobId", "TaskInstanceId"] {
            let err = read(name, "").expect_err("it is missing");
            assert!(err.to_string().starts_with(&format!("header {name} is missing")), "{err}");
        }
        assert!(read("PlanId", "../../x").is_err() && read("HubName", "a/b").is_err());
    }
}
