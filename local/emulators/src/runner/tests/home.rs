//! Runs the scripts of a laid home, with a listener that only ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::runner::{home_of, lay_home, lay_release};

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
    let output = output.envs(env.iter().copied()).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn run_sh_makes_all_endings_zero_but_the_one_that_was_asked_for() {
    let told = ("ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE", "1");
    let trapped = ("RUNNER_MANUALLY_TRAP_SIG", "1");
    let mut seen = Vec::new();
    for code in [0, 1, 5, 7] {
        let home = laid(&format!("exit {code}"));
        for env in [&[][..], &[trapped], &[told], &[told, trapped]] {
            seen.push(run(&home, "run.sh", &[], env).0);
        }
    }
    assert_eq!(seen, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7]);
}

#[test]
fn the_scripts_hand_their_arguments_to_the_listener() {
    let home = laid("echo \"$0|$*\"; exit 3");
    let listener = home.path().canonicalize().unwrap().join("bin/Runner.Listener");
    let (code, said) = run(&home, "run.sh", &["--jitconfig", "e30="], &[]);
    assert_eq!((code, said), (0, format!("{}|run --jitconfig e30=\n", listener.display())));
    let (code, said) = run(&home, "config.sh", &["--name", "r"], &[]);
    assert_eq!((code, said), (3, format!("{}|configure --name r\n", listener.display())));
}

#[test]
fn a_release_does_not_need_the_program_that_it_was_laid_with() {
    let laid = laid("echo served");
    let release = TempDir::new().unwrap();
    let listener = laid.path().join("listener");
    lay_release(release.path(), &listener).unwrap();
    lay_release(release.path(), &listener).unwrap();
    drop(laid);
    assert_eq!(run(&release, "run.sh", &[], &[]), (0, "served\n".to_owned()));
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
    assert_eq!(said.next().unwrap().unwrap(), "stopped");
    assert_eq!(running.wait().unwrap().code(), Some(143));
}

#[test]
fn a_program_is_the_listener_by_its_name() {
    let home = home_of("/opt/runner/bin/Runner.Listener".as_ref());
    assert_eq!(home, Some(PathBuf::from("/opt/runner")));
    assert_eq!(home_of("./bin/Runner.Listener".as_ref()), Some(PathBuf::from(".")));
    assert_eq!(home_of("/usr/bin/mayfly".as_ref()), None);
}
