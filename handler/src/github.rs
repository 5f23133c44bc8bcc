//! GitHub's REST API, as far as runners need it. [`client`] has the one place where requests are sent.

pub mod client;
mod jobs;
mod meta;
mod registration;

pub use client::{Github, GithubError};
pub use registration::{Registered, RegistrationToken, RunnerToRegister};
