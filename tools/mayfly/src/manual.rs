//! `mayfly completions` and `mayfly man`: files for shells and for `man`, from the definitions of the commands.

use std::fs;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;

use crate::cli::{Cli, Completions, Man};
use crate::print;

/// Prints the completions of a shell.
pub(crate) fn completions(options: &Completions) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "mayfly", &mut script);
    // A closed stdout is no error.
    let _ = std::io::stdout().write_all(&script);
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for each command.
pub(crate) fn pages(options: &Man) -> anyhow::Result<ExitCode> {
    let folder = &options.out_dir;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    // `help` has the text of the other commands.
    let command = Cli::command().disable_help_subcommand(true);
    let written = clap_mangen::generate_to(command, folder);
    written.with_context(|| format!("write the pages to {}", folder.display()))?;
    print(format_args!("written to {0}; read them: man {0}/mayfly.1", folder.display()));
    Ok(ExitCode::SUCCESS)
}
