//! `mayfly completions` and `mayfly man`.

use std::process::{Command, Output};

fn mayfly(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mayfly")).args(arguments).output().expect("the program")
}

#[test]
fn completions_of_each_shell_name_each_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = mayfly(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).expect("text");
        for word in ["cancel-job", "functions-host", "out-dir"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let output = mayfly(&["completions", "bash"]);
    let script = String::from_utf8(output.stdout).expect("text");
    let read = Command::new("bash").args(["-nc", &script]).status().expect("bash");
    assert!(read.success());
    assert!(!mayfly(&["completions", "tcsh"]).status.success());
}

#[test]
fn each_command_has_a_manual_page() {
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().join("share/man1");
    for _ in 0..2 {
        assert!(mayfly(&["man", "--out-dir", folder.to_str().expect("a path")]).status.success());
    }
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    assert!(page("mayfly.1").contains("mayfly\\-up(1)"), "{}", page("mayfly.1"));
    for (name, option) in [
        ("mayfly-up.1", "listen"),
        ("mayfly-cancel-job.1", "listen"),
        ("mayfly-emulate-batch.1", "sample\\-lag"),
        ("mayfly-replay-job.1", "key\\-file"),
        ("mayfly-pause.1", "why"),
        ("mayfly-doctor.1", "json"),
        ("mayfly-history-cost.1", "month"),
        ("mayfly-logs.1", "key\\-file"),
        ("mayfly-resume.1", "key\\-file"),
        ("mayfly-autoscale-simulate.1", "trace"),
    ] {
        assert!(page(name).contains(option), "{name}: {}", page(name));
    }
}
