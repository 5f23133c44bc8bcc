//! Runs the scripts of a laid home, with a listener that only ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::{home_of, lay_home, lay_release};

fn laid(listener: &str) -> TempDir {
    let home = TempDir::new().unwrap();
    let program = home.path().join("listener");
    fs::write(&program, format!("#!/bin/bash\n{listener}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    lay_home(home.path(), &program).unwrap();
    lay_home(home.path(), &program).unwrap();
    home
}

fn run(home: &TempDir, script: &str, args: &[&str], env: &[(&str, &str)]) -> (i32, String) {
    let mut command = Command::new(home.path().join(script));
    let output = command.args(args).env_remove("RUNNER_MANUALLY_TRAP_SIG");
    let output = output.envs(env.iter().copied()).current_dir(home.path()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// What `run.sh` makes of each exit code of the listener: its own code, or another start of the listener.
#[test]
fn run_sh_starts_the_listener_again_or_makes_all_codes_zero_but_seven() {
    let asked = ("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE", "1");
    let trapped = ("RUNNER_MANUALLY_TRAP_SIG", "1");
    let mut seen = Vec::new();
    for code in [0, 1, 2, 3, 4, 5, 7, 134, 137] {
        // The second start is orderly.
        let home = laid(&format!("[[ -e again ]] && exit 0; touch again; exit {code}"));
        fs::write(home.path().join("safe_sleep.sh"), "#!/bin/bash\necho \"pause of $1 s\"\n")
            .unwrap();
        let (own, said) = run(&home, "run.sh", &[], &[]);
        let mut codes = vec![own];
        for env in [&[trapped][..], &[asked], &[asked, trapped]] {
            fs::remove_file(home.path().join("again")).unwrap();
            codes.push(run(&home, "run.sh", &[], env).0);
        }
        seen.push(format!("{code} {codes:?} {}", said.trim_end().replace('\n', " / ")));
    }
    insta::assert_snapshot!(seen.join("\n"), @r#"
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
fn the_scripts_hand_their_arguments_to_the_listener() {
    let home = laid("echo \"$0|$*\"; exit 1");
    let listener = home.path().canonicalize().unwrap().join("bin/Runner.Listener");
    let (_, said) = run(&home, "run.sh", &["--jitconfig", "e30="], &[]);
    let first = said.lines().next().unwrap();
    assert_eq!(first, format!("{}|run --jitconfig e30=", listener.display()));
    let (code, said) = run(&home, "config.sh", &["--name", "r"], &[]);
    assert_eq!((code, said), (1, format!("{}|configure --name r\n", listener.display())));
}

#[test]
fn a_release_does_not_need_the_program_that_it_was_laid_with() {
    let laid = laid("echo served");
    let release = TempDir::new().unwrap();
    let listener = laid.path().join("listener");
    lay_release(release.path(), &listener).unwrap();
    lay_release(release.path(), &listener).unwrap();
    drop(laid);
    let (code, said) = run(&release, "run.sh", &[], &[]);
    assert_eq!((code, said.lines().next().unwrap()), (0, "served"));
    assert_eq!(run(&release, "bin/installdependencies.sh", &[], &[]).0, 0);
}

#[test]
fn run_sh_hands_a_signal_on_where_it_was_told_to_and_tells_of_the_signal_itself() {
    let home = laid("trap 'echo stopped; exit 0' INT; echo up; while :; do sleep 0.01; done");
    let mut command = Command::new(home.path().join("run.sh"));
    let command = command.env("RUNNER_MANUALLY_TRAP_SIG", "1").stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut said = BufReader::new(running.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "up");
    kill(Pid::from_raw(running.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert!(rest.contains(&"stopped".to_owned()), "{rest:?}");
    assert_eq!(running.wait().unwrap().code(), Some(143));
}

#[test]
fn a_program_is_listener_or_worker_by_its_name() {
    let home = home_of("/opt/runner/bin/Runner.Listener".as_ref());
    assert_eq!(home, Some(PathBuf::from("/opt/runner")));
    assert_eq!(home_of("./bin/Runner.Worker".as_ref()), Some(PathBuf::from(".")));
    assert_eq!(home_of("/usr/bin/mayfly".as_ref()), None);
}
