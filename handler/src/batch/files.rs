//! Reads the output of a task from its node.

use azure_core::http::Method;
use azure_core::http::headers::{CONTENT_LENGTH, HeaderName};

use super::{Batch, BatchError, dto, error, status, task_path};
use crate::batch_job::BatchJobId;

/// The range of a file, as `bytes=0-99`: <https://learn.microsoft.com/rest/api/batchservice/tasks/get-task-file>
const RANGE: HeaderName = HeaderName::from_static("ocp-range");

/// The end of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct FileEnd {
    /// The last bytes.
    pub bytes: Vec<u8>,
    /// The size of the whole file.
    pub size: u64,
}

impl Batch {
    /// Reads the last `max` bytes of a file of a task. Returns `None` if the task has no such file, or if its node is gone.
    pub async fn file_end(
        &self,
        job: &BatchJobId,
        task: &str,
        name: &str,
        max: u64,
    ) -> Result<Option<FileEnd>, BatchError> {
        let call = "reading a file of a task";
        let path = format!("{}/files/{name}", task_path(job, task));
        let properties = self.send(call, Method::Head, &path, &[], None).await?;
        // A response to HEAD has no body, and so no code.
        match status(&properties) {
            200 => {}
            404 | 409 => return Ok(None),
            _ => return Err(error(call, &properties)),
        }
        let size = properties.headers().get_optional_as(&CONTENT_LENGTH).ok().flatten();
        let size: u64 = size.unwrap_or_default();
        if size == 0 {
            return Ok(Some(FileEnd { bytes: Vec::new(), size }));
        }
        let range = format!("bytes={}-{}", size.saturating_sub(max), size - 1);
        let response =
            self.send_with(call, Method::Get, &path, &[], None, Some((RANGE, range))).await?;
        match (status(&response), dto::code(&response).as_str()) {
            (200 | 206, _) => {
                let bytes = response.body().as_ref();
                let skipped =
                    bytes.len().saturating_sub(usize::try_from(max).unwrap_or(usize::MAX));
                Ok(Some(FileEnd { bytes: bytes[skipped..].to_vec(), size }))
            }
            // The node left, or the file was replaced, since its size was read.
            (404 | 409 | 416, _) => Ok(None),
            _ => Err(error(call, &response)),
        }
    }
}
