//! A weak reference to the Functions host, for parts that are made before it.

use std::sync::{Arc, OnceLock, Weak};

use emulator_core::service::Service;
use functions_host_emulator::FunctionsHost;

/// The host of a deployment. The reference is weak because the host owns those who use it; a strong one would leak the
/// whole simulation.
#[derive(Default)]
pub(in crate::environment) struct Host(OnceLock<Weak<Service<FunctionsHost>>>);

impl Host {
    /// Sets the host.
    pub(in crate::environment) fn set(&self, host: &Arc<Service<FunctionsHost>>) {
        assert!(self.0.set(Arc::downgrade(host)).is_ok(), "a deployment has one host");
    }

    /// Returns the host, which lives as long as the environment.
    pub(in crate::environment) fn get(&self) -> Option<Arc<Service<FunctionsHost>>> {
        self.0.get()?.upgrade()
    }
}
