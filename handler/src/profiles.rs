//! Profiles, and the choice of the profile that serves a job.

use serde::{Deserialize, Serialize};

mod defaults;
mod engine;
mod hosted;
mod isolation;
mod pin;
mod pipelines;

pub use defaults::default_profiles;
pub(crate) use hosted::is_list;
pub use pin::Pin;
pub use pipelines::{AGENT_VERSION, PipelinesProfile, Profiles, parse_all};

/// Maximum number of labels of a runner, including pinned ones.
/// <https://docs.github.com/rest/actions/self-hosted-runners#add-custom-labels-to-a-self-hosted-runner-for-a-repository>
pub(crate) const MAX_LABELS: usize = 100;

/// The label that selects self-hosted runners rather than GitHub's.
const SELF_HOSTED: &str = "self-hosted";

/// The release of GitHub's runner in the images of the default profiles. Their tags end with it.
///
/// A node does not pull a tag again that it already has, so another release needs another tag.
pub const RUNNER_VERSION: &str = "2.338.0";

/// A kind of runner: its labels, its image, and the pool on which it runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Profile {
    /// The name of the profile and of its Batch job `runners-<name>`: `[a-z0-9-]`, at most 40 characters.
    pub name: String,
    /// The labels with which the runner registers, whatever the labels of its job.
    pub labels: Vec<String>,
    /// The Batch pool whose nodes run it.
    pub pool: String,
    /// The image, without the registry: `githubactions-runner:ubuntu-24.04-2.338.0`.
    pub image: String,
    /// The runner group; by default that of the setting `RunnerGroup`.
    pub group: Option<String>,
    /// The number of task slots that a runner occupies on its node.
    #[serde(default = "one")]
    pub slots: u32,
    /// Options of `docker create`, such as `--memory=4g`; [`Profile::run_options`] adds to them.
    #[serde(default)]
    pub container_run_options: String,
    /// How the container is started.
    #[serde(default)]
    pub launch: Launch,
    /// Whether jobs have a container engine, for `container:`, `services:` and builds. The image must start one, as
    /// `images/ubuntu-docker` does. Such a job can control its node.
    #[serde(default)]
    pub docker: bool,
    /// Labels that GitHub does not host, and that select this deployment without `self-hosted`.
    #[serde(default)]
    pub bare: Vec<String>,
    /// Additional labels that the runner gets if its job has them.
    pub pin: Option<Pin>,
    /// Whether each job gets a node that has run no other job: the node is removed after the job.
    #[serde(default)]
    pub node_per_job: bool,
}

fn one() -> u32 {
    1
}

/// How a runner's container is started.
///
/// Batch fails a task with container settings on a pool without a container configuration, and a task without them on
/// a pool with one. So this depends on the pool.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Launch {
    /// Batch starts it, on a pool with a container configuration.
    #[default]
    Container,
    /// A script on the node starts it with `docker run`: for Windows, for which Azure has no more images with
    /// containers.
    DockerRun,
}

impl Profile {
    /// Returns whether its nodes run Windows.
    pub fn is_windows(&self) -> bool {
        self.labels.iter().any(|label| label.eq_ignore_ascii_case("windows"))
    }

    /// Returns the options of `docker create`, including defaults for Linux that the profile does not override.
    ///
    /// `--user 1001`: Batch's agent may start containers as root, and then an image without a user would run jobs as
    /// root. A number without a group keeps the additional groups of the image's user, and so its `sudo`.
    /// `--stop-timeout 30`: a runner that was stopped needs up to 14 s (measured with release 2.336.0) to report its
    /// job to GitHub, and the engine's default is 10 s. A Windows container has neither such a user nor signals.
    pub fn run_options(&self) -> String {
        let own = self.container_run_options.trim();
        if self.is_windows() {
            return own.to_owned();
        }
        let user = (!self.docker && !self.names_user()).then_some("--user 1001");
        let timeout = (!self.names("--stop-timeout")).then_some("--stop-timeout 30");
        let own = Some(own).filter(|own| !own.is_empty());
        let all = [engine::options(self), user, timeout, own];
        all.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Returns whether the profile's own options name the user of the container.
    fn names_user(&self) -> bool {
        let short =
            self.container_run_options.split_whitespace().any(|word| word.starts_with("-u"));
        short || self.names("--user")
    }

    fn names(&self, option: &str) -> bool {
        let is = |word: &str| word == option || word.starts_with(&format!("{option}="));
        self.container_run_options.split_whitespace().any(is)
    }

    /// Returns whether a runner of this profile has all of these labels, in any case.
    ///
    /// GitHub assigns a job only to a runner that has all of its labels, so a partial match would start a runner that
    /// cannot be used.
    pub fn serves(&self, labels: &[impl AsRef<str>]) -> bool {
        if labels.len() > MAX_LABELS {
            return false;
        }
        let pinned = self.pinned(labels);
        let is = |wanted: &str, own: &String| own.eq_ignore_ascii_case(wanted);
        let has = |wanted: &str| self.labels.iter().chain(&pinned).any(|own| is(wanted, own));
        labels.iter().all(|label| has(label.as_ref()))
    }

    /// Returns the labels of a job that its runner gets in addition to those of the profile.
    pub fn pinned(&self, labels: &[impl AsRef<str>]) -> Vec<String> {
        let Some(pin) = &self.pin else { return Vec::new() };
        let own = |label: &&str| self.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
        pin.matching(labels.iter().map(AsRef::as_ref).filter(|label| !own(label)))
    }

    /// Returns the profile of a runner that has these additional labels, and no others.
    #[must_use]
    pub fn pinned_to(&self, labels: &[impl AsRef<str>]) -> Self {
        let labels = [self.labels.clone(), self.pinned(labels)].concat();
        Self { labels, pin: None, ..self.clone() }
    }
}

/// The result of matching a job's labels with the profiles.
#[derive(Clone, Debug, PartialEq)]
pub enum Match<'a> {
    /// The first profile that has all labels.
    Profile(&'a Profile),
    /// The only label of the job is that of runners of GitHub.
    GithubHosted,
    /// No label of the job selects this deployment. Whose runners have them is not known.
    OtherLabels,
    /// The job has no labels, as with `runs-on: {group: …}`.
    NoLabels,
    /// The job selects this deployment, but no profile has this label together with the others.
    NoProfile {
        /// The first label that no profile has; if each label has a profile, the first label.
        label: String,
    },
}

/// Chooses the profile for a job: the first that has all of its labels.
pub fn match_profile<'a>(labels: &[impl AsRef<str>], profiles: &'a [Profile]) -> Match<'a> {
    if labels.is_empty() {
        return Match::NoLabels;
    }
    if let Some(list) = labels.iter().map(AsRef::as_ref).find(|label| is_list(label)) {
        return Match::NoProfile { label: list.to_owned() };
    }
    if !labels.iter().any(|label| selects_us(label.as_ref(), profiles)) {
        return if hosted::is_hosted(labels) { Match::GithubHosted } else { Match::OtherLabels };
    }
    if let Some(profile) = profiles.iter().find(|profile| profile.serves(labels)) {
        return Match::Profile(profile);
    }
    let first = || labels.first().map(AsRef::as_ref);
    let label = first_unknown_label(labels, profiles).or_else(first).unwrap_or_default();
    Match::NoProfile { label: label.to_owned() }
}

/// Finds the first label that no profile has.
pub fn first_unknown_label<'a>(
    labels: &'a [impl AsRef<str>],
    profiles: &[Profile],
) -> Option<&'a str> {
    let is_unknown = |label: &&str| !profiles.iter().any(|profile| profile.serves(&[*label]));
    labels.iter().map(AsRef::as_ref).find(is_unknown)
}

/// Returns whether a label selects this deployment. An organization's webhook also delivers all jobs of GitHub's own
/// runners.
fn selects_us(label: &str, profiles: &[Profile]) -> bool {
    let mut bare = profiles.iter().flat_map(|profile| &profile.bare);
    label.eq_ignore_ascii_case(SELF_HOSTED) || bare.any(|own| own.eq_ignore_ascii_case(label))
}

/// Parses the setting `RunnerProfiles`: a JSON list of profiles. Those of Azure Pipelines are checked and left out.
///
/// # Errors
/// When the list or a profile is invalid, with the position and the fault.
pub fn parse_profiles(json: &str) -> Result<Vec<Profile>, String> {
    parse_all(json).map(|all| all.actions)
}

/// Lists the profiles that can never be chosen, each with the earlier one that has all of its labels.
pub fn hidden_profiles(profiles: &[Profile]) -> Vec<(&str, &str)> {
    let hides = |first: &Profile, later: &Profile| {
        first.serves(&later.labels) && (later.pin.is_none() || later.pin == first.pin)
    };
    let hidden = profiles.iter().enumerate().filter_map(|(index, later)| {
        let first = profiles[..index].iter().find(|first| hides(first, later))?;
        Some((later.name.as_str(), first.name.as_str()))
    });
    hidden.collect()
}

/// Returns whether a text can be the name of a profile.
pub(crate) fn is_profile_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&name.len()) && name.chars().all(plain)
}

fn check(profile: &Profile) -> Result<(), String> {
    let name = &profile.name;
    if !is_profile_name(name) {
        return Err(format!(
            "profile {name:?}: a name must be 1 to 40 characters of a-z, 0-9 and '-'"
        ));
    }
    // Up to ten of the labels that GitHub accepts can be pinned. A comma would split a label into two, and no job has a
    // label that begins or ends with white space.
    let is_valid = |label: &String| {
        !label.is_empty()
            && !label.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control())
    };
    if !(1..=90).contains(&profile.labels.len()) || !profile.labels.iter().all(is_valid) {
        return Err(format!(
            "profile {name:?}: must have 1 to 90 labels, none empty, none with a comma or white space"
        ));
    }
    let has = |bare: &&String| profile.labels.iter().any(|label| label.eq_ignore_ascii_case(bare));
    if let Some(bare) = profile.bare.iter().find(|bare| !has(bare)) {
        return Err(format!("profile {name:?}: bare label {bare:?} must be one of its labels"));
    }
    if profile.pool.is_empty() || profile.image.is_empty() || profile.slots == 0 {
        return Err(format!("profile {name:?}: needs a pool, an image, and at least one slot"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
