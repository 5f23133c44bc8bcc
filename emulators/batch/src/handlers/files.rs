//! The files of tasks and of nodes.

mod content;
mod node;

use std::path::PathBuf;

use crate::Batch;
use crate::call::{Call, Reply};
use crate::error::ApiError;
use crate::query::{Field, Operand, Query};
use crate::state::TaskState;

use content::Entry;

const FIELDS: &[(&str, Field)] = &[("name", Field::Prefix)];

impl Batch {
    pub(crate) fn list_task_files(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = list_query(call)?;
        let root = self.task_directory(call)?;
        list(call, &query, content::entries_below(&root, query.flag("recursive")?))
    }

    pub(crate) fn get_task_file(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (path, metadata) =
            content::find_below(&self.task_directory(call)?, call.parameter("file"))?;
        content::content(call, &path, &metadata)
    }

    pub(crate) fn task_file_properties(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (path, metadata) =
            content::find_below(&self.task_directory(call)?, call.parameter("file"))?;
        content::properties(call, &path, &metadata)
    }

    pub(crate) fn delete_task_file(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let recursive = call.query(&["recursive"])?.flag("recursive")?;
        let (path, metadata) =
            content::find_below(&self.task_directory(call)?, call.parameter("file"))?;
        content::delete(&path, &metadata, recursive)
    }

    /// Finds the directory of a task's last run.
    fn task_directory(&self, call: &Call<'_>) -> Result<PathBuf, ApiError> {
        let state = self.state();
        let task = state.task(call.parameter("job"), call.parameter("task"))?;
        let ran = task.phase.state != TaskState::Active;
        let location = task.location.as_ref().filter(|_| ran);
        let location = location.ok_or_else(ApiError::task_files_unavailable)?;
        if task.cleaned_up {
            return Err(ApiError::task_files_cleaned_up());
        }
        state.pool(&location.pool)?.node(&location.node)?;
        Ok(self.options.work_dir.join(location.directory()))
    }
}

fn list_query(call: &Call<'_>) -> Result<Query, ApiError> {
    call.query(&["$filter", "recursive", "maxresults", "$skiptoken"])
}

/// Lists the requested page of entries.
fn list(call: &Call<'_>, query: &Query, mut entries: Vec<Entry>) -> Result<Reply, ApiError> {
    let (page, filter) = (query.page()?, query.filter(FIELDS)?);
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let entries = entries.into_iter();
    let entries =
        entries.filter(|entry| page.after.is_none_or(|after| entry.name.as_str() > after));
    let entries = entries.filter(|entry| filter.matches(|_| Operand::from(entry.name.as_str())));
    let (entries, last) = page.cut(entries.map(|entry| (entry.name.clone(), entry)));
    let url = format!("{}{}", call.base, call.request.uri().path());
    let files = entries.iter().filter_map(|entry| content::described_entry(&url, entry));
    Ok(call.list(query, "files", (files.collect(), last)))
}
