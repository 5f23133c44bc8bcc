//! The call of a task without an agent, `AzureFunction@1` or `@2`, under the name and with the body of the article's system.
//!
//! The call says which kind of agent the pipeline is about to need. Which jobs wait is read from the service, as after an event.
//! <https://learn.microsoft.com/azure/devops/pipelines/tasks/reference/azure-function-v2>

use serde::Deserialize;

use crate::json::{JsonFault, Object};
use crate::profiles::PipelinesProfile;

/// The types of the article's system that any profile of the operating system serves, with the capability `Agent.OS`.
const LATEST: [(&str, &str); 2] = [("ubuntu-latest", "Linux"), ("windows-latest", "Windows_NT")];
const SYSTEM: &str = "Agent.OS";

/// A call that cannot be served as it is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct BadCall(pub(super) String);

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
}
