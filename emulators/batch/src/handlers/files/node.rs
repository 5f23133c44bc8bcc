//! The files of a node, below its root directory.
//!
//! Clients see `workitems/{job}/job-1/{task}` as in
//! [Files and directories](https://learn.microsoft.com/azure/batch/files-and-directories). On disk
//! each run of a task has its own directory, of which only the last run's is shown.

use std::path::PathBuf;

use super::content::{self, Entry};
use super::{list, list_query};
use crate::Batch;
use crate::call::{Call, Reply};
use crate::error::ApiError;
use crate::state::{RunLocation, State, TaskState};

/// The directories of a booted node.
const DIRECTORIES: &[&str] =
    &["applications", "fsmounts", "shared", "startup", "volatile", "workitems"];

impl Batch {
    pub(crate) fn list_node_files(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = list_query(call)?;
        let root = self.node_directory(call)?;
        let entries = content::entries_below(&root, query.flag("recursive")?);
        let state = self.state();
        let shown = |entry: Entry| {
            let name = shown_name(&state, call.parameter("node"), entry.name)?;
            Some(Entry { name, ..entry })
        };
        let entries = entries.into_iter().filter_map(shown).collect();
        drop(state);
        list(call, &query, entries)
    }

    pub(crate) fn get_node_file(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (root, name) = self.node_file(call)?;
        let (path, metadata) = content::find_below(&root, &name)?;
        content::content(call, &path, &metadata)
    }

    pub(crate) fn node_file_properties(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (root, name) = self.node_file(call)?;
        let (path, metadata) = content::find_below(&root, &name)?;
        content::properties(call, &path, &metadata)
    }

    /// Deletes a file of a node. The directories that every node has remain.
    pub(crate) fn delete_node_file(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let recursive = call.query(&["recursive"])?.flag("recursive")?;
        let (root, name) = self.node_file(call)?;
        let (path, metadata) = content::find_below(&root, &name)?;
        if DIRECTORIES.contains(&name.trim_matches('/')) {
            return Err(ApiError::io_error());
        }
        content::delete(&path, &metadata, recursive)
    }

    /// Finds the directory of a node, which must have booted, and makes its standard directories.
    fn node_directory(&self, call: &Call<'_>) -> Result<PathBuf, ApiError> {
        let root = {
            let state = self.state();
            let pool = state.pool(call.parameter("pool"))?;
            let node = pool.node(call.parameter("node"))?;
            node.check_has_files()?;
            self.options.work_dir.join(&pool.id).join(&node.id)
        };
        for name in DIRECTORIES {
            std::fs::create_dir_all(root.join(name)).map_err(|_| ApiError::io_error())?;
        }
        Ok(root)
    }

    /// Finds the directory that a file's name is relative to, and the name on disk.
    fn node_file(&self, call: &Call<'_>) -> Result<(PathBuf, String), ApiError> {
        let root = self.node_directory(call)?;
        let name = call.parameter("file").trim_end_matches('/');
        let state = self.state();
        let Some((job, task, rest)) = task_of(name) else { return Ok((root, name.to_owned())) };
        let location = last_run(&state, call.parameter("node"), job, task);
        let location = location.ok_or_else(ApiError::file_not_found)?;
        Ok((self.options.work_dir.join(location.directory()), rest.to_owned()))
    }
}

/// Splits a name below the directory of a task into job, task and the rest.
fn task_of(name: &str) -> Option<(&str, &str, &str)> {
    let (job, rest) = name.strip_prefix("workitems/")?.split_once("/job-1/")?;
    let (task, rest) = rest.split_once('/').unwrap_or((rest, ""));
    (!job.contains('/') && !task.is_empty()).then_some((job, task, rest))
}

/// Returns the location of a task's last run, if it was on this node and its files are there.
fn last_run<'a>(state: &'a State, node: &str, job: &str, task: &str) -> Option<&'a RunLocation> {
    let task = state.task(job, task).ok()?;
    let there = task.phase.state != TaskState::Active && !task.cleaned_up;
    let on_node = |location: &&RunLocation| location.node.eq_ignore_ascii_case(node);
    task.location.as_ref().filter(|_| there).filter(on_node)
}

/// Returns the name that clients see; `None` for what belongs to an earlier run.
fn shown_name(state: &State, node: &str, name: String) -> Option<String> {
    let Some((job, directory, rest)) = task_of(&name) else { return Some(name) };
    let (task, run) = directory.rsplit_once('-')?;
    let location = last_run(state, node, job, task)?;
    if run.parse() != Ok(location.run.0) {
        return None;
    }
    let separator = if rest.is_empty() { "" } else { "/" };
    Some(format!("workitems/{job}/job-1/{task}{separator}{rest}"))
}
