//! Lists the profiles of a deployment that sets none.

use super::{Launch, Profile, RUNNER_VERSION};

/// The profiles that serve GitHub's own label names, for a pool of each operating system.
pub fn default_profiles(ubuntu_pool: &str, windows_pool: &str) -> Vec<Profile> {
    let profile = |name: &str, pool: &str, image: &str, labels: &[&str]| Profile {
        name: name.to_owned(),
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        pool: pool.to_owned(),
        image: format!("githubactions-runner:{image}-{RUNNER_VERSION}"),
        group: None,
        slots: 1,
        container_run_options: String::new(),
        launch: if labels.contains(&"windows") { Launch::DockerRun } else { Launch::Container },
        bare: Vec::new(),
    };
    let linux = |label| ["self-hosted", "linux", "x64", label];
    let windows = |label| ["self-hosted", "windows", "x64", label];
    let [latest_ubuntu, latest_windows] = ["ubuntu-latest", "windows-latest"];
    let ubuntu = [&linux("ubuntu-24.04")[..], &[latest_ubuntu]].concat();
    let windows_2022 = [&windows("windows-2022")[..], &[latest_windows]].concat();
    vec![
        profile("ubuntu", ubuntu_pool, "ubuntu-24.04", &ubuntu),
        profile("ubuntu-2204", ubuntu_pool, "ubuntu-22.04", &linux("ubuntu-22.04")),
        profile("windows", windows_pool, "windows-ltsc2022", &windows_2022),
        profile("windows-2019", windows_pool, "windows-ltsc2019", &windows("windows-2019")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_are_of_one_release_and_windows_nodes_start_them_themselves() {
        let profiles = default_profiles("linux-pool", "windows-pool");
        let line = |profile: &Profile| {
            let Profile { name, pool, image, launch, .. } = profile;
            format!("{name} on {pool}: {launch:?} {image}")
        };
        let lines: Vec<String> = profiles.iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        ubuntu on linux-pool: Container githubactions-runner:ubuntu-24.04-2.338.0
        ubuntu-2204 on linux-pool: Container githubactions-runner:ubuntu-22.04-2.338.0
        windows on windows-pool: DockerRun githubactions-runner:windows-ltsc2022-2.338.0
        windows-2019 on windows-pool: DockerRun githubactions-runner:windows-ltsc2019-2.338.0
        ");
    }

    #[test]
    fn the_release_is_the_one_that_the_images_are_built_with() {
        let release = include_str!("../../../images/runner-version").lines().next();
        assert_eq!(release, Some(RUNNER_VERSION));
    }
}
