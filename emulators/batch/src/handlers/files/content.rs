//! Files on disk: their lists, properties and content.
//!
//! The forms are those of a recording of azure-sdk-for-python
//! (test_batch.test_batch_files.yaml): `False`, `0o100644`, an encoded URL, no ETag.

use std::fs::Metadata;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use http::{HeaderName, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::call::{Body, Call, Reply};
use crate::dto::Timestamp;
use crate::error::ApiError;

/// A file or a directory, with the name that clients see.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// Lists what is below a directory, by names relative to it.
pub(super) fn entries_below(root: &Path, recursive: bool) -> Vec<Entry> {
    let mut names = Vec::new();
    collect(root, "", recursive, &mut names);
    names.into_iter().map(|name| Entry { path: root.join(&name), name }).collect()
}

/// Finds a file below a directory. What a link or `..` reaches outside is not found.
pub(super) fn find_below(root: &Path, name: &str) -> Result<(PathBuf, Metadata), ApiError> {
    let not_found = |_| ApiError::file_not_found();
    let path = root.join(name).canonicalize().map_err(not_found)?;
    if !path.starts_with(root.canonicalize().map_err(not_found)?) {
        return Err(ApiError::file_not_found());
    }
    let metadata = path.metadata().map_err(not_found)?;
    Ok((path, metadata))
}

/// Creates the response with a file's content, or with the requested part of it.
pub(super) fn content(
    call: &Call<'_>,
    path: &Path,
    metadata: &Metadata,
) -> Result<Reply, ApiError> {
    if metadata.is_dir() {
        return Err(ApiError::wrong_state());
    }
    call.check(modified(metadata))?;
    let (begin, length) = portion(call, metadata.len())?;
    let content = read(path, begin, length).map_err(|_| ApiError::file_not_found())?;
    // 200 for a range too: it is the only status in the specification, and the official SDK
    // accepts no other.
    Ok(Reply { body: Some(Body::Bytes(content.into())), ..described(call, path, metadata) })
}

/// Creates the response with a file's properties.
pub(super) fn properties(
    call: &Call<'_>,
    path: &Path,
    metadata: &Metadata,
) -> Result<Reply, ApiError> {
    call.check(modified(metadata))?;
    let mut reply = described(call, path, metadata);
    reply.headers.push((header::CONTENT_LENGTH, metadata.len().to_string()));
    Ok(reply)
}

/// Deletes a file, or a directory: with all below it if `recursive`, otherwise if it is empty.
pub(super) fn delete(path: &Path, metadata: &Metadata, recursive: bool) -> Result<Reply, ApiError> {
    let deleted = match (metadata.is_dir(), recursive) {
        (false, _) => std::fs::remove_file(path),
        (true, true) => std::fs::remove_dir_all(path),
        (true, false) => std::fs::remove_dir(path),
    };
    deleted.map_err(|_| ApiError::io_error())?;
    Ok(Reply::new(StatusCode::OK))
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

/// Describes an entry of a list at this URL; `None` if the file has vanished.
pub(super) fn described_entry(url: &str, Entry { name, path }: &Entry) -> Option<Value> {
    let metadata = &std::fs::metadata(path).ok()?;
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
            "contentType": content_type(path),
            "fileMode": mode(metadata),
        });
    }
    Some(entry)
}

fn content_type(path: &Path) -> &'static str {
    let text = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"));
    if text { "text/plain" } else { "application/octet-stream" }
}

/// The characters that are encoded in the URL of a file.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Creates a response with the headers that describe a file.
fn described(call: &Call<'_>, path: &Path, metadata: &Metadata) -> Reply {
    let own = HeaderName::from_static;
    let url = format!("{}{}", call.base, call.request.uri().path());
    let directory = if metadata.is_dir() { "True" } else { "False" };
    let headers = vec![
        (header::CONTENT_TYPE, content_type(path).to_owned()),
        (header::LAST_MODIFIED, modified(metadata).http_date()),
        (own("ocp-creation-time"), created(metadata).http_date()),
        (own("ocp-batch-file-isdirectory"), directory.to_owned()),
        (own("ocp-batch-file-url"), utf8_percent_encode(&url, URL).to_string()),
        (own("ocp-batch-file-mode"), mode(metadata)),
    ];
    Reply { headers, ..Reply::new(StatusCode::OK) }
}

fn mode(metadata: &Metadata) -> String {
    format!("0o{:o}", metadata.mode())
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
