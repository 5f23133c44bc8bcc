use super::*;
use crate::profiles::default_profiles;
use crate::repository::Repository;

fn task(profile: &Profile, credential: &Credential) -> String {
    let request = RunnerRequest {
        job: 123,
        run: 45,
        repository: Repository::try_from("octo/app").expect("a name"),
        profile: "ubuntu".to_owned(),
        pinned: Vec::new(),
        generation: 1,
        replacement: 1,
        requested_at: DateTime::UNIX_EPOCH,
    };
    let runner_environment = RunnerEnvironment {
        registry: "mine.azurecr.io".to_owned(),
        group: "Default".to_owned(),
        allowed_repositories: "octo/*".to_owned(),
        max_job_hours: 24,
        network: Network::default(),
    };
    let id = "gh".parse::<DeploymentName>().expect("a name").task(123, 1);
    let task = RunnerTask::describe(
        id,
        &request,
        profile,
        &runner_environment,
        "https://github.com/octo/app",
        credential,
    );
    let line = |(name, value): &(&str, Secret)| format!("{name}={}", value.expose());
    let lines: Vec<String> = task.environment.iter().map(line).collect();
    format!("{:?}\n{}", task.start, lines.join("\n"))
}

fn claim() -> Credential {
    let ticket = Secret::new("1.e30.sig");
    Credential::Claim { url: "https://f/api/ClaimRunner".to_owned(), ticket }
}

#[test]
fn a_task_that_claims_has_a_ticket_and_no_credential() {
    let ubuntu = &default_profiles("ubuntu", "windows")[0];
    insta::assert_snapshot!(task(ubuntu, &claim()), @r#"
    Container { image: "mine.azurecr.io/githubactions-runner:ubuntu-24.04-2.338.0", run_options: "--user 1001 --stop-timeout 30" }
    RUNNER_NAME=gh-123
    RUNNER_GROUP=Default
    RUNNER_JOB_ID=123
    RUNNER_RUN_ID=45
    RUNNER_REPOSITORY=octo/app
    RUNNER_PROFILE=ubuntu
    RUNNER_ALLOWED_REPOSITORIES=octo/*
    RUNNER_MAX_JOB_HOURS=24
    RUNNER_URL=https://github.com/octo/app
    RUNNER_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
    RUNNER_CLAIM_URL=https://f/api/ClaimRunner
    RUNNER_CLAIM_TICKET=1.e30.sig
    "#);
}

#[test]
fn a_task_with_a_token_sets_the_variables_of_other_images() {
    let token =
        Credential::Token { token: Secret::new("AABBCC"), expires_at: DateTime::UNIX_EPOCH };
    let ubuntu = &default_profiles("ubuntu", "windows")[0];
    insta::assert_snapshot!(task(ubuntu, &token), @r#"
    Container { image: "mine.azurecr.io/githubactions-runner:ubuntu-24.04-2.338.0", run_options: "--user 1001 --stop-timeout 30" }
    RUNNER_NAME=gh-123
    RUNNER_GROUP=Default
    RUNNER_JOB_ID=123
    RUNNER_RUN_ID=45
    RUNNER_REPOSITORY=octo/app
    RUNNER_PROFILE=ubuntu
    RUNNER_ALLOWED_REPOSITORIES=octo/*
    RUNNER_MAX_JOB_HOURS=24
    ActionsRunner_URL=https://github.com/octo/app
    ActionsRunner_TOKEN=AABBCC
    ActionsRunner_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
    ActionsRunner_DISPOSE=true
    RUNNER_TOKEN_EXPIRES_AT=1970-01-01T00:00:00Z
    "#);
}

#[test]
fn a_task_of_a_windows_node_starts_its_container_by_script() {
    let windows = &default_profiles("ubuntu", "windows")[2];
    insta::assert_snapshot!(task(windows, &claim()), @r#"
    Script { command_line: "cmd /c powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File %AZ_BATCH_NODE_SHARED_DIR%\\mayfly\\launch.ps1" }
    RUNNER_NAME=gh-123
    RUNNER_GROUP=Default
    RUNNER_JOB_ID=123
    RUNNER_RUN_ID=45
    RUNNER_REPOSITORY=octo/app
    RUNNER_PROFILE=windows
    RUNNER_ALLOWED_REPOSITORIES=octo/*
    RUNNER_MAX_JOB_HOURS=24
    RUNNER_URL=https://github.com/octo/app
    RUNNER_LABELS=self-hosted,windows,x64,windows-2022,windows-latest
    RUNNER_CLAIM_URL=https://f/api/ClaimRunner
    RUNNER_CLAIM_TICKET=1.e30.sig
    RUNNER_IMAGE=mine.azurecr.io/githubactions-runner:windows-ltsc2022-2.338.0
    RUNNER_CONTAINER_RUN_OPTIONS=
    RUNNER_REGISTRY=mine.azurecr.io
    "#);
}

#[test]
fn no_profile_or_request_is_a_word_of_a_command_line() {
    let mut odd = default_profiles("ubuntu", "windows")[0].clone();
    odd.launch = Launch::DockerRun;
    odd.image = "a; rm -rf /".to_owned();
    odd.container_run_options = "--memory=4g".to_owned();
    insta::assert_snapshot!(task(&odd, &claim()), @r#"
    Script { command_line: "/bin/bash -c 'exec \"$AZ_BATCH_NODE_SHARED_DIR/mayfly/launch.sh\"'" }
    RUNNER_NAME=gh-123
    RUNNER_GROUP=Default
    RUNNER_JOB_ID=123
    RUNNER_RUN_ID=45
    RUNNER_REPOSITORY=octo/app
    RUNNER_PROFILE=ubuntu
    RUNNER_ALLOWED_REPOSITORIES=octo/*
    RUNNER_MAX_JOB_HOURS=24
    RUNNER_URL=https://github.com/octo/app
    RUNNER_LABELS=self-hosted,linux,x64,ubuntu-24.04,ubuntu-latest
    RUNNER_CLAIM_URL=https://f/api/ClaimRunner
    RUNNER_CLAIM_TICKET=1.e30.sig
    RUNNER_IMAGE=mine.azurecr.io/a; rm -rf /
    RUNNER_CONTAINER_RUN_OPTIONS=--user 1001 --stop-timeout 30 --memory=4g
    RUNNER_REGISTRY=mine.azurecr.io
    "#);
}
