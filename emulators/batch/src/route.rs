//! Which operation a method and a path ask for, and of what.

use http::Method;
use percent_encoding::percent_decode_str;

/// The operations that are modelled, by their published names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names are the published ones")]
pub enum Operation {
    AddJob,
    ListJobs,
    GetJob,
    UpdateJob,
    ReplaceJob,
    DeleteJob,
    DisableJob,
    EnableJob,
    TerminateJob,
    GetTaskCounts,
    AddTask,
    AddTaskCollection,
    ListTasks,
    GetTask,
    UpdateTask,
    DeleteTask,
    TerminateTask,
    ReactivateTask,
    ListTaskFiles,
    GetTaskFile,
    GetTaskFileProperties,
    AddPool,
    ListPools,
    GetPool,
    PoolExists,
    UpdatePool,
    DeletePool,
    EnablePoolAutoScale,
    DisablePoolAutoScale,
    EvaluatePoolAutoScale,
    ResizePool,
    StopPoolResize,
    RemoveNodes,
    ListNodeCounts,
    ListSupportedImages,
    ListNodes,
    GetNode,
}

/// An operation and the ids in its path, the outermost first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    ids: Vec<String>,
}

impl Route {
    /// Gives the id at a place; every operation has as many as it asks for.
    pub(crate) fn id(&self, place: usize) -> &str {
        self.ids.get(place).map_or("", String::as_str)
    }
}

/// Finds the operation that a request asks for.
pub(crate) fn route(method: &Method, path: &str) -> Option<Route> {
    use Operation::*;
    let path = path.strip_prefix('/')?;
    let (path, file) = match path.split_once("/files/") {
        Some((path, file)) if !file.is_empty() => (path, Some(file)),
        _ => (path, None),
    };
    let parts: Vec<_> = path.split('/').collect();
    let (operation, ids): (_, Vec<&str>) = match (method.as_str(), parts.as_slice(), file) {
        ("GET", ["jobs", job, "tasks", task], Some(file)) => (GetTaskFile, vec![job, task, file]),
        ("HEAD", ["jobs", job, "tasks", task], Some(file)) => {
            (GetTaskFileProperties, vec![job, task, file])
        }
        (_, _, Some(_)) => return None,
        ("GET", ["jobs"], _) => (ListJobs, vec![]),
        ("POST", ["jobs"], _) => (AddJob, vec![]),
        ("GET", ["jobs", job], _) => (GetJob, vec![job]),
        ("PATCH", ["jobs", job], _) => (UpdateJob, vec![job]),
        ("PUT", ["jobs", job], _) => (ReplaceJob, vec![job]),
        ("DELETE", ["jobs", job], _) => (DeleteJob, vec![job]),
        ("POST", ["jobs", job, "disable"], _) => (DisableJob, vec![job]),
        ("POST", ["jobs", job, "enable"], _) => (EnableJob, vec![job]),
        ("POST", ["jobs", job, "terminate"], _) => (TerminateJob, vec![job]),
        ("GET", ["jobs", job, "taskcounts"], _) => (GetTaskCounts, vec![job]),
        ("GET", ["jobs", job, "tasks"], _) => (ListTasks, vec![job]),
        ("POST", ["jobs", job, "tasks"], _) => (AddTask, vec![job]),
        ("POST", ["jobs", job, "addtaskcollection"], _) => (AddTaskCollection, vec![job]),
        ("GET", ["jobs", job, "tasks", task], _) => (GetTask, vec![job, task]),
        ("PUT", ["jobs", job, "tasks", task], _) => (UpdateTask, vec![job, task]),
        ("DELETE", ["jobs", job, "tasks", task], _) => (DeleteTask, vec![job, task]),
        ("POST", ["jobs", job, "tasks", task, "terminate"], _) => (TerminateTask, vec![job, task]),
        ("POST", ["jobs", job, "tasks", task, "reactivate"], _) => {
            (ReactivateTask, vec![job, task])
        }
        ("GET", ["jobs", job, "tasks", task, "files"], _) => (ListTaskFiles, vec![job, task]),
        ("GET", ["pools"], _) => (ListPools, vec![]),
        ("POST", ["pools"], _) => (AddPool, vec![]),
        ("GET", ["pools", pool], _) => (GetPool, vec![pool]),
        ("HEAD", ["pools", pool], _) => (PoolExists, vec![pool]),
        ("PATCH", ["pools", pool], _) => (UpdatePool, vec![pool]),
        ("DELETE", ["pools", pool], _) => (DeletePool, vec![pool]),
        ("POST", ["pools", pool, "enableautoscale"], _) => (EnablePoolAutoScale, vec![pool]),
        ("POST", ["pools", pool, "disableautoscale"], _) => (DisablePoolAutoScale, vec![pool]),
        ("POST", ["pools", pool, "evaluateautoscale"], _) => (EvaluatePoolAutoScale, vec![pool]),
        ("POST", ["pools", pool, "resize"], _) => (ResizePool, vec![pool]),
        ("POST", ["pools", pool, "stopresize"], _) => (StopPoolResize, vec![pool]),
        ("POST", ["pools", pool, "removenodes"], _) => (RemoveNodes, vec![pool]),
        ("GET", ["nodecounts"], _) => (ListNodeCounts, vec![]),
        ("GET", ["supportedimages"], _) => (ListSupportedImages, vec![]),
        ("GET", ["pools", pool, "nodes"], _) => (ListNodes, vec![pool]),
        ("GET", ["pools", pool, "nodes", node], _) => (GetNode, vec![pool, node]),
        _ => return None,
    };
    let decode = |id: &str| percent_decode_str(id).decode_utf8_lossy().into_owned();
    Some(Route { operation, ids: ids.into_iter().map(decode).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_its_path_whether_its_slashes_are_encoded_or_not() {
        for path in ["/jobs/j/tasks/t/files/wd/a%20b", "/jobs/j/tasks/t/files/wd%2Fa%20b"] {
            let route = route(&Method::GET, path).unwrap();
            assert_eq!(route.operation, Operation::GetTaskFile);
            assert_eq!([route.id(0), route.id(1), route.id(2)], ["j", "t", "wd/a b"]);
        }
    }

    #[test]
    fn what_is_not_modelled_has_no_operation() {
        let unknown = [
            ("PUT", "/pools/p"),
            ("DELETE", "/jobs/j/tasks/t/files/x"),
            ("POST", "/jobschedules"),
            ("GET", "/"),
        ];
        for (method, path) in unknown {
            assert_eq!(route(&method.parse().unwrap(), path), None, "{method} {path}");
        }
    }
}
