//! The operation table: the index of the emulated API.
//!
//! One line an operation: method and path template, its published name, and the method of [`Batch`] in
//! `handlers/` that answers it. `matchit` matches the paths.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::Method;
use matchit::Router;
use percent_encoding::percent_decode_str;

use crate::Batch;
use crate::call::{Call, Reply};
use crate::error::ApiError;
use emulator_core::service::Request;

macro_rules! operations {
    ($($method:ident $path:literal => $operation:ident, $handler:ident;)*) => {
        /// A modelled operation, by its published name.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        #[expect(missing_docs, reason = "the names are the published ones")]
        pub enum Operation {
            $($operation,)*
        }

        impl Operation {
            /// Answers a call with the operation's handler.
            pub(crate) fn handle(self, batch: &Batch, call: &Call<'_>) -> Result<Reply, ApiError> {
                match self {
                    $(Self::$operation => batch.$handler(call),)*
                }
            }
        }

        const OPERATIONS: &[(&str, &str, Operation)] =
            &[$((stringify!($method), $path, Operation::$operation),)*];
    };
}

operations! {
    GET    "/jobs"                                     => ListJobs, list_jobs;
    POST   "/jobs"                                     => AddJob, add_job;
    GET    "/jobs/{job}"                               => GetJob, get_job;
    PATCH  "/jobs/{job}"                               => UpdateJob, update_job;
    PUT    "/jobs/{job}"                               => ReplaceJob, replace_job;
    DELETE "/jobs/{job}"                               => DeleteJob, delete_job;
    POST   "/jobs/{job}/disable"                       => DisableJob, disable_job;
    POST   "/jobs/{job}/enable"                        => EnableJob, enable_job;
    POST   "/jobs/{job}/terminate"                     => TerminateJob, terminate_job;
    GET    "/jobs/{job}/taskcounts"                    => GetTaskCounts, task_counts;

    GET    "/jobs/{job}/tasks"                         => ListTasks, list_tasks;
    POST   "/jobs/{job}/tasks"                         => AddTask, add_task;
    POST   "/jobs/{job}/addtaskcollection"             => AddTaskCollection, add_task_collection;
    GET    "/jobs/{job}/tasks/{task}"                  => GetTask, get_task;
    PUT    "/jobs/{job}/tasks/{task}"                  => UpdateTask, update_task;
    DELETE "/jobs/{job}/tasks/{task}"                  => DeleteTask, delete_task;
    POST   "/jobs/{job}/tasks/{task}/terminate"        => TerminateTask, terminate_task;
    POST   "/jobs/{job}/tasks/{task}/reactivate"       => ReactivateTask, reactivate_task;
    GET    "/jobs/{job}/tasks/{task}/files"            => ListTaskFiles, list_task_files;
    GET    "/jobs/{job}/tasks/{task}/files/{*file}"    => GetTaskFile, get_task_file;
    HEAD   "/jobs/{job}/tasks/{task}/files/{*file}"    => GetTaskFileProperties, task_file_properties;
    DELETE "/jobs/{job}/tasks/{task}/files/{*file}"    => DeleteTaskFile, delete_task_file;

    GET    "/pools"                                    => ListPools, list_pools;
    POST   "/pools"                                    => AddPool, add_pool;
    GET    "/pools/{pool}"                             => GetPool, get_pool;
    HEAD   "/pools/{pool}"                             => PoolExists, pool_exists;
    PATCH  "/pools/{pool}"                             => UpdatePool, update_pool;
    POST   "/pools/{pool}/updateproperties"            => ReplacePoolProperties, replace_pool;
    DELETE "/pools/{pool}"                             => DeletePool, delete_pool;
    POST   "/pools/{pool}/enableautoscale"             => EnablePoolAutoScale, enable_scaling;
    POST   "/pools/{pool}/disableautoscale"            => DisablePoolAutoScale, disable_scaling;
    POST   "/pools/{pool}/evaluateautoscale"           => EvaluatePoolAutoScale, evaluate_formula;
    POST   "/pools/{pool}/resize"                      => ResizePool, resize_pool;
    POST   "/pools/{pool}/stopresize"                  => StopPoolResize, stop_resize;
    POST   "/pools/{pool}/removenodes"                 => RemoveNodes, remove_nodes;
    GET    "/pools/{pool}/nodes"                       => ListNodes, list_nodes;
    GET    "/pools/{pool}/nodes/{node}"                => GetNode, get_node;
    POST   "/pools/{pool}/nodes/{node}/reboot"         => RebootNode, reboot_node;
    POST   "/pools/{pool}/nodes/{node}/reimage"        => ReimageNode, reimage_node;
    POST   "/pools/{pool}/nodes/{node}/disablescheduling" => DisableNodeScheduling, disable_node_scheduling;
    POST   "/pools/{pool}/nodes/{node}/enablescheduling" => EnableNodeScheduling, enable_node_scheduling;
    GET    "/pools/{pool}/nodes/{node}/files"          => ListNodeFiles, list_node_files;
    GET    "/pools/{pool}/nodes/{node}/files/{*file}"  => GetNodeFile, get_node_file;
    HEAD   "/pools/{pool}/nodes/{node}/files/{*file}"  => GetNodeFileProperties, node_file_properties;
    DELETE "/pools/{pool}/nodes/{node}/files/{*file}"  => DeleteNodeFile, delete_node_file;

    GET    "/nodecounts"                               => ListNodeCounts, node_counts;
    GET    "/supportedimages"                          => ListSupportedImages, supported_images;
}

impl Operation {
    /// Returns whether a request of the operation changes the account. An evaluation that only shows
    /// its result does not.
    pub(crate) fn changes(self, request: &Request) -> bool {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        !reads && self != Self::EvaluatePoolAutoScale
    }
}

/// Returns whether a path names files.
pub(crate) fn names_files(path: &str) -> bool {
    path.split('/').any(|segment| segment == "files")
}

/// The operations of a path, by method.
type Methods = BTreeMap<&'static str, Operation>;

static ROUTER: LazyLock<Router<Methods>> = LazyLock::new(|| {
    let mut paths: BTreeMap<&str, Methods> = BTreeMap::new();
    for (method, path, operation) in OPERATIONS {
        paths.entry(path).or_default().insert(method, *operation);
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router.insert(path, methods).expect("the templates of the table do not conflict");
    }
    router
});

/// An operation and the decoded parameters of its path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    pub(crate) parameters: Vec<(String, String)>,
}

/// Finds the operation of a request.
pub(crate) fn route(method: &Method, path: &str) -> Option<Route> {
    let matched = ROUTER.at(path).ok()?;
    let operation = *matched.value.get(method.as_str())?;
    let decode = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
    let parameters = matched.params.iter().map(|(name, value)| (name.to_owned(), decode(value)));
    Some(Route { operation, parameters: parameters.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_of_the_table_is_found() {
        for (method, template, operation) in OPERATIONS {
            let path = template.replace(['{', '}', '*'], "");
            let found = route(&method.parse().unwrap(), &path).map(|route| route.operation);
            assert_eq!(found, Some(*operation), "{method} {path}");
        }
    }

    #[test]
    fn a_file_keeps_its_path_with_encoded_slashes_or_plain_ones() {
        for path in ["/jobs/j/tasks/t/files/wd/a%20b", "/jobs/j/tasks/t/files/wd%2Fa%20b"] {
            let route = route(&Method::GET, path).unwrap();
            assert_eq!(route.operation, Operation::GetTaskFile);
            let expected = [("job", "j"), ("task", "t"), ("file", "wd/a b")];
            let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(route.parameters, expected);
        }
    }

    #[test]
    fn an_unmodelled_request_has_no_operation() {
        let unknown = [
            ("PUT", "/pools/p"),
            ("PUT", "/jobs/j/tasks/t/files/x"),
            ("GET", "/jobs/j/tasks/t/files/"),
            ("POST", "/jobschedules"),
            ("GET", "/"),
        ];
        for (method, path) in unknown {
            assert_eq!(route(&method.parse().unwrap(), path), None, "{method} {path}");
        }
    }
}
