//! `mayfly package`: the package from which a Function App runs.
//!
//! The build is reproducible: the same sources and the same compiler give the same bytes. The entries are sorted and
//! have no timestamps, and the program contains no path of the machine.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use sha2::{Digest, Sha256};

use local_deployment::release_build;

use crate::cli::Package;
use crate::print;

mod program;

/// Writes the package.
pub(crate) fn run(options: &Package) -> anyhow::Result<ExitCode> {
    let built;
    let handler = match &options.handler {
        Some(given) => given,
        None => {
            built = release_build::handler()?;
            &built
        }
    };
    let code = fs::read(handler).with_context(|| format!("read {}", handler.display()))?;
    let requirement = program::check(&code)
        .with_context(|| format!("package the handler {}", handler.display()))?;
    let package = local_deployment::archive::pack(&code)?;
    write(&options.out, &package)?;
    let digest: String =
        Sha256::digest(&package).iter().map(|byte| format!("{byte:02x}")).collect();
    let (out, size, program) = (options.out.display(), package.len(), code.len());
    print(format_args!("{out}: {size} bytes, handler of {program} bytes, {requirement}"));
    print(format_args!("sha256 {digest}"));
    Ok(ExitCode::SUCCESS)
}

/// Replaces a file atomically: a concurrent reader gets all of the old or all of the new content.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let name = path
        .file_name()
        .with_context(|| format!("write {}: it is not the path of a file", path.display()))?;
    let draft = path.with_file_name(format!("{}.new", name.to_string_lossy()));
    fs::write(&draft, bytes).with_context(|| format!("write {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("write {}", path.display()))
}
