//! The release build of the handler: for Linux x64, statically linked, and reproducible on any machine.
//!
//! It links glibc statically, which requires only the tools of any Rust build on Linux. Rejected: `cargo zigbuild`, half
//! a gigabyte of additional tools for a binary of the same size and speed; musl, which is slower and has another DNS
//! resolver.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds the handler of the checkout in the current directory, and returns the path of the program.
///
/// # Errors
/// The build fails, or the current directory is outside of a checkout.
pub fn handler() -> anyhow::Result<PathBuf> {
    let root =
        output_of(cargo().args(["locate-project", "--workspace", "--message-format", "plain"]))
            .context("find the sources: run this in a checkout of Mayfly, or use --handler")?;
    let root = Path::new(&root).parent().context("find the sources")?.to_owned();
    let built = output_of(
        cargo()
            .args(["build", "--profile", "dist", "--locked", "--package", "handler"])
            .args(["--bin", "handler", "--target", TARGET])
            .args(["--message-format", "json-render-diagnostics"])
            .env("CARGO_ENCODED_RUSTFLAGS", flags(&root)?.join("\u{1f}"))
            .current_dir(&root),
    );
    let built = built.context(
        "build the handler: this requires Linux on x64, a C compiler and glibc's libc.a",
    )?;
    let lines = built.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let mut programs = lines.filter_map(|artifact| artifact.executable);
    programs.next().context("find the handler that was built")
}

/// A line of cargo's JSON output.
#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// Static linking, in a compact form: packed relocations and one copy of equal functions save 300 kB. glibc's own start of
/// a static program reads packed relocations since 2.36.
const FLAGS: [&str; 3] = [
    "-Ctarget-feature=+crt-static",
    "-Clink-arg=-Wl,-z,pack-relative-relocs",
    "-Clink-arg=-Wl,--icf=safe",
];

/// Returns the compiler's flags: static linking, and neutral names for folders that differ between machines.
///
/// The profile option `trim-paths` would do the latter, but it is not stable yet.
fn flags(root: &Path) -> anyhow::Result<Vec<String>> {
    let sysroot = output_of(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(&sysroot).join("lib/rustlib/src/rust");
    // The last matching prefix is applied, and a registry may be inside the sources.
    let mut renamed = vec![(root.to_owned(), "mayfly"), (library, "rust")];
    renamed.extend(registries()?.into_iter().map(|registry| (registry, "registry")));
    let renamed = renamed.into_iter();
    let renamed =
        renamed.map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    Ok(FLAGS.map(str::to_owned).into_iter().chain(renamed).collect())
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

#[expect(clippy::disallowed_methods, reason = "cargo passes its path in the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs a program with its stderr shown, and returns its stdout.
fn output_of(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("run {program}"))?;
    ensure!(output.status.success(), "{program} failed: {}", output.status);
    match String::from_utf8(output.stdout) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(_) => bail!("the output of {program} is not UTF-8"),
    }
}
