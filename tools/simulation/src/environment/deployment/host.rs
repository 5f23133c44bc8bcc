//! Lets what the host calls, or is called by, find it.

use std::sync::{Arc, OnceLock, Weak};

use emulator_core::service::Service;
use functions_host_emulator::FunctionsHost;

/// The host of a deployment_run, for those who are made before it. They do not hold it: it holds them, and nothing of a storm
/// would ever be let go.
#[derive(Default)]
pub(in crate::environment) struct Host(OnceLock<Weak<Service<FunctionsHost>>>);

impl Host {
    /// Makes it known.
    pub(in crate::environment) fn set(&self, host: &Arc<Service<FunctionsHost>>) {
        assert!(self.0.set(Arc::downgrade(host)).is_ok(), "a deployment_run has one host");
    }

    /// Finds it; it is there as long as the environment.
    pub(in crate::environment) fn get(&self) -> Option<Arc<Service<FunctionsHost>>> {
        self.0.get()?.upgrade()
    }
}
