//! A running host.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use futures::future::join_all;
use tokio::task::JoinSet;

use crate::auth::Keys;
use crate::invoker::Invoker;
use crate::timer::Timer;
use crate::worker::Worker;

/// A running host; dropping it kills the handler's processes.
pub struct FunctionsHost {
    pub(crate) invoker: Arc<Invoker>,
    pub(crate) keys: Keys,
    pub(crate) front_end: bool,
    pub(crate) app_info: AppInfo,
    pub(crate) timers: BTreeMap<String, Arc<Timer>>,
    pub(crate) names: Vec<&'static str>,
    pub(crate) client_address: Mutex<Option<IpAddr>>,
    pub(crate) tasks: Mutex<JoinSet<()>>,
}

/// What the host knows about the app from its settings, for its own pages.
pub(crate) struct AppInfo {
    /// The host's id: the app's name.
    pub(crate) id: String,
    /// The app's host name, if it has one.
    pub(crate) host_name: Option<String>,
    /// Whether the start page is disabled.
    pub(crate) disable_home_page: bool,
    /// The start of the host.
    pub(crate) started: DateTime<Utc>,
}

impl AppInfo {
    /// Reads the settings that App Service sets for an app.
    /// <https://learn.microsoft.com/azure/azure-functions/functions-app-settings>
    pub(crate) fn of(settings: &BTreeMap<String, String>, started: DateTime<Utc>) -> Self {
        let name = settings.get("WEBSITE_SITE_NAME").map_or("localhost", String::as_str);
        let disabled = settings.get("AzureWebJobsDisableHomepage");
        Self {
            id: name.to_lowercase(),
            host_name: settings.get("WEBSITE_HOSTNAME").cloned(),
            disable_home_page: disabled.is_some_and(|text| text.eq_ignore_ascii_case("true")),
            started,
        }
    }
}

impl FunctionsHost {
    /// Returns the functions' names.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.names.iter().copied()
    }

    /// Ends the host as at SIGTERM: accepts nothing more, lets invocations end for 30 s, and then kills the processes
    /// without a signal to terminate. [`FunctionsHost::kill`] cuts it short.
    pub async fn shutdown(&self) {
        join_all(self.invoker.workers.values().map(Worker::shut_down)).await;
        self.end_tasks().await;
    }

    /// Ends the host as at SIGKILL, with its processes. Messages in work stay hidden until their locks expire.
    pub async fn kill(&self) {
        join_all(self.invoker.workers.values().map(Worker::kill)).await;
        self.end_tasks().await;
    }

    async fn end_tasks(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        tasks.shutdown().await;
    }

    /// Returns the timer of a function; names are compared without regard to case.
    pub(crate) fn timer(&self, function: &str) -> Option<&Arc<Timer>> {
        let mut timers = self.timers.iter();
        timers.find(|(name, _)| name.eq_ignore_ascii_case(function)).map(|(_, timer)| timer)
    }

    /// Returns the name of a function with the lifetime that an [`Operation`](crate::Operation) needs.
    pub(crate) fn interned(&self, function: &str) -> &'static str {
        let mut names = self.names.iter().copied();
        names.find(|name| *name == function).expect("every function's name was interned")
    }

    /// Returns the client address of all calls, if a test has set one.
    pub(crate) fn client_address(&self) -> MutexGuard<'_, Option<IpAddr>> {
        self.client_address.lock().expect("no holder of this lock can panic")
    }

    /// Returns the tasks that end with the host.
    pub(crate) fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().expect("no holder of this lock can panic")
    }
}
