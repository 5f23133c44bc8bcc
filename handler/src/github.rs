//! A client of GitHub's REST API. Only [`client`] sends requests.

pub mod client;
pub mod budget;
mod cache;
mod call;
mod tokens;
mod credentials;
mod installations;
mod error;
mod refusal;
mod redirects;
mod response;
mod pages;
mod jobs;
mod groups;
mod meta;
mod registration;
mod runs;
mod runners;
mod releases;
mod examination;
mod repositories;
mod deliveries;
mod limits;

pub use budget::Purpose;
pub use client::Github;
pub use deliveries::DeliveriesPage;
pub use error::GithubError;
pub(crate) use examination::http_date;
pub use installations::{InstalledAccount, not_installed};
pub use pages::{Listed, Next};
pub use refusal::{Refusal, RefusalCause};
pub use registration::{JitRunner, Presence, RegistrationToken, RunnerToRegister};
pub use repositories::ListedRepository;
pub use runners::{Deregistration, LIST_RUNNERS, ListedRunner};
pub use runs::{JobsOfRun, LIST_RUNS, ListedRun};
