//! Runs the scripts of a laid home, with a listener that only ends.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::runner::{home_of, lay_home};

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
fn a_program_is_the_listener_by_its_name() {
    let home = home_of("/opt/runner/bin/Runner.Listener".as_ref());
    assert_eq!(home, Some(PathBuf::from("/opt/runner")));
    assert_eq!(home_of("./bin/Runner.Listener".as_ref()), Some(PathBuf::from(".")));
    assert_eq!(home_of("/usr/bin/mayfly".as_ref()), None);
}
