//! The call of a task without an agent, `AzureFunction@1` or `@2`, under the name and with the body of the article's system.
//!
//! The call says which kind of agent the pipeline is about to need. Which jobs wait is read from the service, as after an event.
//! <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/azure-function-v2>

use serde::Deserialize;
use url::Url;

use crate::json::{JsonFault, Object};
use crate::profiles::PipelinesProfile;
use crate::secret::Secret;

/// The types of the article's system that any profile of the operating system serves, with the capability `Agent.OS`.
const LATEST: [(&str, &str); 2] = [("ubuntu-latest", "Linux"), ("windows-latest", "Windows_NT")];
const SYSTEM: &str = "Agent.OS";
/// The longest id or name of a hub in a header.
const MAX_ID: usize = 64;

/// A call that cannot be served as it is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BadCall(String);

/// The body of a call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct AgentCall {
    /// The operating system: `ubuntu-latest`, `windows-latest`, or the name of a profile.
    #[serde(default, rename = "AgentOSType")]
    pub os: String,
    /// The kind of image, which names a profile; empty for the system's own.
    #[serde(default, rename = "AgentBuildType")]
    pub build: String,
}

impl AgentCall {
    /// Parses a body.
    ///
    /// # Errors
    /// When it is no JSON object, or a member is no text.
    pub fn parse(body: &[u8]) -> Result<Self, BadCall> {
        let parsed = serde_json::from_slice(body).map(|Object(call)| call);
        parsed.map_err(|err| {
            let fault = JsonFault::from(err);
            let form = r#"{"AgentOSType":"ubuntu-latest","AgentBuildType":""}"#;
            BadCall(format!("the body is not of the form {form}: {fault}"))
        })
    }

    /// Finds the profile that serves the call: one of the build type's name, alone or after that of the system; without a
    /// build type, one of the system's name, or else the first one of `ubuntu-latest` and `windows-latest`.
    ///
    /// # Errors
    /// When there is none.
    pub fn profile<'p>(
        &self,
        profiles: &'p [PipelinesProfile],
    ) -> Result<&'p PipelinesProfile, BadCall> {
        let named = |name: &str| profiles.iter().find(|one| is_name(&one.name, name));
        let system = LATEST.iter().find(|(name, _)| self.os.eq_ignore_ascii_case(name));
        let of_system = |one: &PipelinesProfile| {
            system.is_none_or(|(_, system)| one.capabilities[SYSTEM] == *system)
        };
        let found = if self.build.is_empty() {
            let first = || profiles.iter().find(|one| system.is_some() && of_system(one));
            named(&self.os).or_else(first)
        } else {
            let after = named(&format!("{}-{}", self.os, self.build));
            after.or_else(|| named(&self.build)).filter(|one| of_system(one))
        };
        found.ok_or_else(|| self.unknown(profiles))
    }

    fn unknown(&self, profiles: &[PipelinesProfile]) -> BadCall {
        let names: Vec<&str> = profiles.iter().map(|one| one.name.as_str()).collect();
        let (os, names) = (&self.os, names.join(", "));
        BadCall(match self.build.as_str() {
            "" => format!(
                "no profile serves AgentOSType {os:?}: use ubuntu-latest or windows-latest, if a profile has this system, or the name of a profile: {names}"
            ),
            build => format!(
                "no profile serves AgentBuildType {build:?} with AgentOSType {os:?}: leave it empty, or name a profile: {names}"
            ),
        })
    }
}

/// Compares a name with a profile's, in which there is no dot: `ubuntu-24.04` is `ubuntu-2404`.
fn is_name(profile: &str, name: &str) -> bool {
    profile.eq_ignore_ascii_case(&name.replace('.', ""))
}

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

    fn profiles() -> Vec<PipelinesProfile> {
        let new = |name, windows| PipelinesProfile::new(name, "pool", ("b", "i:1"), windows);
        vec![
            new("az-windows", true),
            new("az-ubuntu", false),
            new("ubuntu-2204", false),
            new("dotnet", true),
            new("ubuntu-latest-java", false),
        ]
    }

    fn found(os: &str, build: &str) -> String {
        let call = AgentCall { os: os.to_owned(), build: build.to_owned() };
        match call.profile(&profiles()) {
            Ok(profile) => profile.name.clone(),
            Err(err) => err.to_string(),
        }
    }

    #[test]
    fn a_type_names_a_profile_or_a_system() {
        assert_eq!(found("ubuntu-latest", ""), "az-ubuntu");
        assert_eq!(found("windows-latest", ""), "az-windows");
        assert_eq!(found("Ubuntu-22.04", ""), "ubuntu-2204");
        assert_eq!(found("windows-latest", "dotnet"), "dotnet");
        assert_eq!(found("ubuntu-latest", "java"), "ubuntu-latest-java");
    }

    #[test]
    fn an_unknown_type_is_answered_with_the_known_ones() {
        let unknown = [("ubuntu-18.04", ""), ("", ""), ("ubuntu-latest", "dotnet"), ("x", "rust")];
        let texts = unknown.map(|(os, build)| found(os, build));
        insta::assert_snapshot!(texts.join("\n"), @r#"
        no profile serves AgentOSType "ubuntu-18.04": use ubuntu-latest or windows-latest, if a profile has this system, or the name of a profile: az-windows, az-ubuntu, ubuntu-2204, dotnet, ubuntu-latest-java
        no profile serves AgentOSType "": use ubuntu-latest or windows-latest, if a profile has this system, or the name of a profile: az-windows, az-ubuntu, ubuntu-2204, dotnet, ubuntu-latest-java
        no profile serves AgentBuildType "dotnet" with AgentOSType "ubuntu-latest": leave it empty, or name a profile: az-windows, az-ubuntu, ubuntu-2204, dotnet, ubuntu-latest-java
        no profile serves AgentBuildType "rust" with AgentOSType "x": leave it empty, or name a profile: az-windows, az-ubuntu, ubuntu-2204, dotnet, ubuntu-latest-java
        "#);
    }

    #[test]
    fn a_body_is_an_object_with_texts() {
        let parse = |body: &str| AgentCall::parse(body.as_bytes());
        let call = parse(r#"{"AgentOSType":"ubuntu-latest","AgentBuildType":"","x":1}"#);
        assert_eq!(call.expect("a call").os, "ubuntu-latest");
        assert_eq!(parse("{}"), Ok(AgentCall::default()));
        for body in ["", "[]", "null", r#"{"AgentOSType":1}"#, "<html>"] {
            assert!(parse(body).is_err(), "{body}");
        }
    }

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
