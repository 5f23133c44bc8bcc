//! Profiles with `service: "pipelines"`: the agents of Azure Pipelines.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::{Launch, Profile, check, engine, isolation, one};

/// The release of the agent in the images of the default profiles.
pub const AGENT_VERSION: &str = "4.274.1";
/// The service of a profile that names none.
const ACTIONS: &str = "github";
/// The service of these profiles.
const PIPELINES: &str = "pipelines";
/// The capability that names the operating system, and its value on Windows.
/// <https://learn.microsoft.com/azure/devops/pipelines/agents/agents#capabilities>
const SYSTEM: (&str, &str, &str) = ("Agent.OS", "Linux", "Windows_NT");
const ARCHITECTURE: (&str, &str) = ("Agent.OSArchitecture", "X64");
/// Longer values are not published.
const MAX_CAPABILITY: usize = 1024;

/// A kind of agent: its pool and capabilities in Azure DevOps, and how its container runs.
#[derive(Clone, Debug, PartialEq)]
pub struct PipelinesProfile {
    /// The name of the profile and of its Batch job.
    pub name: String,
    /// The name of the agent pool in Azure DevOps.
    pub pipelines_pool: String,
    /// The capabilities that jobs may demand.
    pub capabilities: BTreeMap<String, String>,
    /// Pool, image and options of the container. Its label is the operating system.
    pub container: Profile,
}

/// The profiles of both services.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    /// Those of GitHub Actions.
    pub actions: Vec<Profile>,
    /// Those of Azure Pipelines.
    pub pipelines: Vec<PipelinesProfile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Given {
    name: String,
    #[serde(rename = "service")]
    _service: String,
    pipelines_pool: String,
    #[serde(default)]
    capabilities: BTreeMap<String, String>,
    pool: String,
    image: String,
    #[serde(default = "one")]
    slots: u32,
    #[serde(default)]
    container_run_options: String,
    #[serde(default)]
    launch: Launch,
    #[serde(default)]
    docker: bool,
}

impl PipelinesProfile {
    /// Creates a profile on a Batch pool, with the capabilities of an operating system.
    pub fn new(
        name: &str,
        pipelines_pool: &str,
        (pool, image): (&str, &str),
        windows: bool,
    ) -> Self {
        let system = if windows { SYSTEM.2 } else { SYSTEM.1 };
        let capabilities = BTreeMap::from([(SYSTEM.0.to_owned(), system.to_owned())]);
        let launch = if windows { Launch::DockerRun } else { Launch::Container };
        Self::from(Given {
            name: name.to_owned(),
            _service: PIPELINES.to_owned(),
            pipelines_pool: pipelines_pool.to_owned(),
            capabilities,
            pool: pool.to_owned(),
            image: image.to_owned(),
            slots: 1,
            container_run_options: String::new(),
            launch,
            docker: false,
        })
    }
}

impl From<Given> for PipelinesProfile {
    fn from(given: Given) -> Self {
        let mut capabilities = given.capabilities;
        let system = capabilities.entry(SYSTEM.0.to_owned()).or_insert_with(|| SYSTEM.1.to_owned());
        let label = if system == SYSTEM.2 { "windows" } else { "linux" };
        capabilities.entry(ARCHITECTURE.0.to_owned()).or_insert_with(|| ARCHITECTURE.1.to_owned());
        let container = Profile {
            name: given.name.clone(),
            labels: vec![label.to_owned()],
            pool: given.pool,
            image: given.image,
            group: None,
            slots: given.slots,
            container_run_options: given.container_run_options,
            launch: given.launch,
            docker: given.docker,
            bare: Vec::new(),
            pin: None,
            node_per_job: false,
        };
        Self { name: given.name, pipelines_pool: given.pipelines_pool, capabilities, container }
    }
}

/// Parses the setting `RunnerProfiles`: a JSON list of profiles of both services.
///
/// # Errors
/// When the list or a profile is invalid, with the position and the fault.
pub fn parse_all(json: &str) -> Result<Profiles, String> {
    let values: Vec<Value> = serde_json::from_str(json).map_err(|err| err.to_string())?;
    if !values.iter().any(|value| value.get("service").is_some()) {
        let actions: Vec<Profile> = serde_json::from_str(json).map_err(|err| err.to_string())?;
        return checked(Profiles { actions, pipelines: Vec::new() });
    }
    let mut all = Profiles::default();
    for (index, mut value) in values.into_iter().enumerate() {
        let failed = |err: serde_json::Error| format!("profile number {}: {err}", index + 1);
        let service = value.get("service").map(|service| service.as_str().unwrap_or_default());
        match service.unwrap_or(ACTIONS) {
            ACTIONS => {
                value.as_object_mut().map(|fields| fields.remove("service"));
                all.actions.push(serde_json::from_value(value).map_err(failed)?);
            }
            PIPELINES => {
                let given: Given = serde_json::from_value(value).map_err(failed)?;
                all.pipelines.push(given.into());
            }
            other => {
                return Err(format!(
                    "profile number {}: service {other:?} must be {ACTIONS} or {PIPELINES}",
                    index + 1
                ));
            }
        }
    }
    checked(all)
}

fn checked(all: Profiles) -> Result<Profiles, String> {
    let containers = all.pipelines.iter().map(|profile| &profile.container);
    let every: Vec<Profile> = all.actions.iter().chain(containers).cloned().collect();
    let mut names = BTreeSet::new();
    for profile in &every {
        check(profile)?;
        if !names.insert(&profile.name) {
            return Err(format!("contains profile {:?} twice", profile.name));
        }
    }
    all.pipelines.iter().try_for_each(check_pipelines)?;
    engine::check(&every)?;
    isolation::check(&every)?;
    if every.is_empty() { Err("contains no profile".to_owned()) } else { Ok(all) }
}

/// Checks what becomes a line `name=value` of the agent's file `.capabilities`.
fn check_pipelines(profile: &PipelinesProfile) -> Result<(), String> {
    let name = &profile.name;
    if profile.pipelines_pool.trim().is_empty() {
        return Err(format!("profile {name:?}: pipelinesPool must name an agent pool"));
    }
    let is_valid = |(capability, value): (&String, &String)| {
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '=';
        !capability.is_empty()
            && capability.chars().all(plain)
            && value.len() < MAX_CAPABILITY
            && !value.contains(char::is_control)
    };
    if !profile.capabilities.iter().all(is_valid) {
        return Err(format!(
            "profile {name:?}: the name of a capability must have no white space and no '=', and its value less than {MAX_CAPABILITY} characters in one line"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = r#"{"name":"az","service":"pipelines","pipelinesPool":"p","pool":"ubuntu","image":"pipelines-agent:1","capabilities":{"java":"17"}}"#;
    const UBUNTU: &str =
        r#"{"name":"ubuntu","labels":["self-hosted"],"pool":"ubuntu","image":"i"}"#;

    #[test]
    fn profiles_of_both_services_can_share_a_pool() {
        let all = parse_all(&format!("[{UBUNTU},{LINUX}]")).expect("profiles");
        assert_eq!((all.actions.len(), all.pipelines.len()), (1, 1));
        let az = &all.pipelines[0];
        let capabilities: Vec<String> =
            az.capabilities.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(capabilities.join(" "), "Agent.OS=Linux Agent.OSArchitecture=X64 java=17");
        assert!(!az.container.is_windows());
        let windows = LINUX.replace(r#""java":"17""#, r#""Agent.OS":"Windows_NT""#);
        let windows = parse_all(&format!("[{windows}]")).expect("profiles");
        assert!(windows.pipelines[0].container.is_windows() && windows.actions.is_empty());
    }

    #[test]
    fn a_faulty_profile_is_rejected_with_its_fault() {
        let fault = |json: String| parse_all(&json).expect_err("a fault");
        let twice = fault(format!(
            "[{LINUX},{}]",
            UBUNTU.replace(r#""ubuntu","labels""#, r#""az","labels""#)
        ));
        assert_eq!(twice, "contains profile \"az\" twice");
        let lines = fault(format!("[{}]", LINUX.replace("\"17\"", r#""1\n2""#)));
        assert!(lines.contains("the name of a capability"), "{lines}");
        let service = fault(format!("[{}]", LINUX.replace("\"pipelines\"", "\"jenkins\"")));
        assert!(service.contains("must be github or pipelines"), "{service}");
        let unknown = fault(format!(
            "[{}]",
            LINUX.replace("java\":\"17\"}", "java\":\"17\"},\"nodePerJob\":true")
        ));
        assert!(unknown.contains("unknown field `nodePerJob`"), "{unknown}");
    }
}
