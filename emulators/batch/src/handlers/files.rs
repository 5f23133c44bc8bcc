//! The files of tasks.

use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use http::{HeaderName, StatusCode, header};
use serde_json::{Value, json};

use crate::Batch;
use crate::call::{Body, Call, Reply};
use crate::dto::Timestamp;
use crate::error::ApiError;
use crate::query::{Field, Operand};
use crate::state::TaskState;

const FIELDS: &[(&str, Field)] = &[("name", Field::Prefix)];

impl Batch {
    pub(crate) fn list_task_files(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$filter", "recursive", "maxresults", "$skiptoken"])?;
        let (recursive, page) = (query.flag("recursive")?, query.page()?);
        let filter = query.filter(FIELDS)?;
        let root = self.task_directory(call)?;
        let mut names = Vec::new();
        collect(&root, "", recursive, &mut names);
        names.sort();
        let names = names.into_iter();
        let names = names.filter(|name| page.after.is_none_or(|after| name.as_str() > after));
        let names = names.filter(|name| filter.matches(|_| Operand::Text(name.clone().into())));
        let (names, last) = page.cut(names.map(|name| (name.clone(), name)));
        let files = names.into_iter().filter_map(|name| {
            let metadata = std::fs::metadata(root.join(&name)).ok()?;
            Some(entry(&format!("{}{}", call.base, call.request.uri().path()), &name, &metadata))
        });
        Ok(call.list(&query, "files", (files.collect(), last)))
    }

    pub(crate) fn get_task_file(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (path, metadata) = self.task_file(call)?;
        if metadata.is_dir() {
            return Err(ApiError::wrong_state());
        }
        call.check(modified(&metadata))?;
        let (begin, length) = portion(call, metadata.len())?;
        let content = read(&path, begin, length).map_err(|_| ApiError::file_not_found())?;
        // 200 for a range too: it is the only status in the specification, and the official SDK
        // accepts no other.
        Ok(Reply { body: Some(Body::Bytes(content.into())), ..described(call, &metadata) })
    }

    pub(crate) fn task_file_properties(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        call.query(&[])?;
        let (_, metadata) = self.task_file(call)?;
        call.check(modified(&metadata))?;
        let mut reply = described(call, &metadata);
        reply.headers.push((header::CONTENT_LENGTH, metadata.len().to_string()));
        Ok(reply)
    }

    /// Finds a file of a task. Files outside the task's directory are not found.
    fn task_file(&self, call: &Call<'_>) -> Result<(PathBuf, Metadata), ApiError> {
        let root = self.task_directory(call)?;
        let path = root.join(call.parameter("file")).canonicalize();
        let path = path.map_err(|_| ApiError::file_not_found())?;
        let root = root.canonicalize().map_err(|_| ApiError::file_not_found())?;
        if !path.starts_with(root) {
            return Err(ApiError::file_not_found());
        }
        let metadata = path.metadata().map_err(|_| ApiError::file_not_found())?;
        Ok((path, metadata))
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

fn collect(root: &Path, below: &str, recursive: bool, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        if recursive && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(root, &name, recursive, names);
        }
        names.push(name);
    }
}

fn entry(url: &str, name: &str, metadata: &Metadata) -> Value {
    let mut entry = json!({
        "name": name,
        "url": format!("{url}/{name}"),
        "isDirectory": metadata.is_dir(),
    });
    if !metadata.is_dir() {
        entry["properties"] = json!({
            "creationTime": created(metadata),
            "lastModified": modified(metadata),
            "contentLength": metadata.len().to_string(),
            "contentType": "application/octet-stream",
            "fileMode": mode(metadata),
        });
    }
    entry
}

/// Creates a response with the headers that describe a file.
fn described(call: &Call<'_>, metadata: &Metadata) -> Reply {
    let own = HeaderName::from_static;
    let url = format!("{}{}", call.base, call.request.uri().path());
    let headers = vec![
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (own("ocp-creation-time"), created(metadata).http_date()),
        (own("ocp-batch-file-isdirectory"), metadata.is_dir().to_string()),
        (own("ocp-batch-file-url"), url),
        (own("ocp-batch-file-mode"), mode(metadata)),
    ];
    Reply { headers, ..Reply::new(StatusCode::OK) }.modified(modified(metadata))
}

fn mode(metadata: &Metadata) -> String {
    format!("{:o}", metadata.mode())
}

fn modified(metadata: &Metadata) -> Timestamp {
    stamp(metadata.modified())
}

fn created(metadata: &Metadata) -> Timestamp {
    stamp(metadata.created().or_else(|_| metadata.modified()))
}

/// File times come from this machine's clock, not from the emulators' clock.
fn stamp(time: std::io::Result<SystemTime>) -> Timestamp {
    Timestamp::of(time.map(DateTime::<Utc>::from).unwrap_or_default())
}

/// Returns the start and the length of the requested range.
fn portion(call: &Call<'_>, size: u64) -> Result<(u64, u64), ApiError> {
    let headers = call.request.headers();
    let given = headers.get("ocp-range").or_else(|| headers.get(header::RANGE));
    let Some(given) = given.and_then(|value| value.to_str().ok()) else { return Ok((0, size)) };
    let range = parse_range(given).ok_or_else(|| ApiError::invalid_header("ocp-range", given))?;
    let (begin, end) = (range.0, range.1.min(size.saturating_sub(1)));
    if begin > end || size == 0 {
        return Err(ApiError::invalid_range());
    }
    Ok((begin, end - begin + 1))
}

/// Parses `bytes=a-b` or `bytes=a-`.
fn parse_range(text: &str) -> Option<(u64, u64)> {
    let (begin, end) = text.strip_prefix("bytes=")?.split_once('-')?;
    let end = if end.is_empty() { u64::MAX } else { end.parse().ok()? };
    Some((begin.parse().ok()?, end))
}

fn read(path: &Path, begin: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut file = std::fs::File::open(path)?;
    file.seek(SeekFrom::Start(begin))?;
    let mut content = Vec::new();
    file.take(length).read_to_end(&mut content)?;
    Ok(content)
}
