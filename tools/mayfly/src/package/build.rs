//! Builds the handler as it is shipped: for Linux x64, needing nothing, the same bytes wherever it is built.
//!
//! Static glibc, because it needs only what every Rust build on Linux needs. Refused: `cargo zigbuild`, half a
//! gigabyte of another tool for a binary of the same size and speed; musl, slower and with a resolver of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the handler of the checkout that this is called in; tells where it is.
pub(super) fn handler() -> anyhow::Result<PathBuf> {
    let root = said(cargo().args(["locate-project", "--workspace", "--message-format", "plain"]))
        .context("find the sources: run it in a checkout of Mayfly, or give --handler")?;
    let root = Path::new(&root).parent().context("find the sources")?.to_owned();
    let built = said(
        cargo()
            .args(["build", "--profile", "dist", "--locked", "--package", "handler"])
            .args(["--bin", "handler", "--target", TARGET])
            .args(["--message-format", "json-render-diagnostics"])
            .env("CARGO_ENCODED_RUSTFLAGS", flags(&root)?.join("\u{1f}"))
            .current_dir(&root),
    );
    let built = built
        .context("build the handler: it needs Linux on x64, a C compiler and glibc's libc.a")?;
    let lines = built.lines().filter_map(|line| serde_json::from_str::<Artefact>(line).ok());
    let mut programs = lines.filter_map(|artefact| artefact.executable);
    programs.next().context("find the handler that was built")
}

/// One line of what cargo says.
#[derive(Deserialize)]
struct Artefact {
    executable: Option<PathBuf>,
}

/// Makes the compiler's flags: static, and with other names for the folders that differ between machines.
///
/// Profiles have `trim-paths` for the latter, which is not stable yet.
fn flags(root: &Path) -> anyhow::Result<Vec<String>> {
    let sysroot = said(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(&sysroot).join("lib/rustlib/src/rust");
    // Of those that fit the last one wins, and a registry may lie within the sources.
    let mut renamed = vec![(root.to_owned(), "mayfly"), (library, "rust")];
    renamed.extend(registries()?.into_iter().map(|registry| (registry, "registry")));
    let renamed = renamed.into_iter();
    let renamed =
        renamed.map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    Ok(std::iter::once("-Ctarget-feature=+crt-static".to_owned()).chain(renamed).collect())
}

fn registries() -> anyhow::Result<Vec<PathBuf>> {
    let folder = cargo_home().context("find cargo's folder: set CARGO_HOME")?.join("registry/src");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut all: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    all.sort();
    Ok(all)
}

fn cargo() -> Command {
    Command::new(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()))
}

fn cargo_home() -> Option<PathBuf> {
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    variable("CARGO_HOME").map(PathBuf::from).or_else(home)
}

#[expect(clippy::disallowed_methods, reason = "cargo tells where it is in the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs a program, whose complaints are shown; tells what it said.
fn said(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("run {program}"))?;
    ensure!(output.status.success(), "{program} ended with {}", output.status);
    match String::from_utf8(output.stdout) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(_) => bail!("{program} did not write text"),
    }
}
