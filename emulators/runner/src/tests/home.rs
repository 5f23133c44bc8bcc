//! The scripts of an installed runner, with a listener that only exits.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::{install_release, install_runner, runner_home};

fn installed(listener: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    let program = home.path().join("listener");
    fs::write(&program, format!("#!/bin/bash\n{listener}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    install_runner(home.path(), &program).unwrap();
    install_runner(home.path(), &program).unwrap();
    home
}

fn run(home: &TempDir, script: &str, args: &[&str], env: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(home.path().join(script));
    let output = command.args(args).env_remove("RUNNER_MANUALLY_TRAP_SIG");
    let output = output.envs(env.iter().copied()).current_dir(home.path()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// The exit code of `run.sh` for each return code of the listener; for some it starts the listener again.
#[test]
fn run_sh_restarts_the_listener_or_maps_all_codes_but_7_to_0() {
    let requested = ("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE", "1");
    let trapped = ("RUNNER_MANUALLY_TRAP_SIG", "1");
    let mut lines = Vec::new();
    for code in [0, 1, 2, 3, 4, 5, 7, 134, 137] {
        // The second start succeeds.
        let home = installed(&format!("[[ -e again ]] && exit 0; touch again; exit {code}"));
        fs::write(home.path().join("safe_sleep.sh"), "#!/bin/bash\necho \"pause of $1 s\"\n")
            .unwrap();
        let (own, output) = run(&home, "run.sh", &[], &[]);
        let mut codes = vec![own];
        for env in [&[trapped][..], &[requested], &[requested, trapped]] {
            fs::remove_file(home.path().join("again")).unwrap();
            codes.push(run(&home, "run.sh", &[], env).0);
        }
        lines.push(format!("{code} {codes:?} {}", output.trim_end().replace('\n', " / ")));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    0 [0, 0, 0, 0] Runner listener exit with 0 return code, stop the service, no retry needed. / Exiting runner...
    1 [0, 0, 0, 0] Runner listener exit with terminated error, stop the service, no retry needed. / Exiting runner...
    2 [0, 0, 0, 0] Runner listener exit with retryable error, re-launch runner in 5 seconds. / pause of 5 s / Restarting runner... / Runner listener exit with 0 return code, stop the service, no retry needed. / Exiting runner...
    3 [0, 0, 0, 0] Runner listener exit because of updating, re-launch runner after successful update / Restarting runner... / Runner listener exit with 0 return code, stop the service, no retry needed. / Exiting runner...
    4 [0, 0, 0, 0] Runner listener exit because of updating, re-launch ephemeral runner after successful update / Restarting runner... / Runner listener exit with 0 return code, stop the service, no retry needed. / Exiting runner...
    5 [0, 0, 0, 0] Runner listener exit with Session Conflict error, stop the service, no retry needed. / Exiting runner...
    7 [0, 0, 7, 7] Exiting with unknown error code: 7 / Exiting runner...
    134 [0, 0, 0, 0] Exiting with unknown error code: 134 / Exiting runner...
    137 [0, 0, 0, 0] Exiting with unknown error code: 137 / Exiting runner...
    "#);
}

#[test]
fn the_scripts_pass_their_arguments_to_the_listener() {
    let home = installed("echo \"$0|$*\"; exit 1");
    let listener = home.path().canonicalize().unwrap().join("bin/Runner.Listener");
    let (_, output) = run(&home, "run.sh", &["--jitconfig", "e30="], &[]);
    let first = output.lines().next().unwrap();
    assert_eq!(first, format!("{}|run --jitconfig e30=", listener.display()));
    let (code, output) = run(&home, "config.sh", &["--name", "r"], &[]);
    assert_eq!((code, output), (1, format!("{}|configure --name r\n", listener.display())));
}

#[test]
fn a_release_does_not_need_its_original_program() {
    let home = installed("echo served");
    let release = TempDir::new().unwrap();
    let listener = home.path().join("listener");
    install_release(release.path(), &listener).unwrap();
    install_release(release.path(), &listener).unwrap();
    drop(home);
    let (code, output) = run(&release, "run.sh", &[], &[]);
    assert_eq!((code, output.lines().next().unwrap()), (0, "served"));
    assert_eq!(run(&release, "bin/installdependencies.sh", &[], &[]).0, 0);
}

#[test]
fn run_sh_forwards_signals_if_configured_and_exits_with_143() {
    let home = installed("trap 'echo stopped; exit 0' INT; echo up; while :; do sleep 0.01; done");
    let mut command = Command::new(home.path().join("run.sh"));
    let command = command.env("RUNNER_MANUALLY_TRAP_SIG", "1").stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut output = BufReader::new(running.stdout.take().unwrap()).lines();
    assert_eq!(output.next().unwrap().unwrap(), "up");
    kill(Pid::from_raw(running.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let remaining: Vec<String> = output.map(Result::unwrap).collect();
    assert!(remaining.contains(&"stopped".to_owned()), "{remaining:?}");
    assert_eq!(running.wait().unwrap().code(), Some(143));
}

#[test]
fn a_programs_name_selects_listener_or_worker() {
    let home = runner_home("/opt/runner/bin/Runner.Listener".as_ref());
    assert_eq!(home, Some(PathBuf::from("/opt/runner")));
    assert_eq!(runner_home("./bin/Runner.Worker".as_ref()), Some(PathBuf::from(".")));
    assert_eq!(runner_home("/usr/bin/mayfly".as_ref()), None);
}
