//! Sends requests to GitHub, and reads what an answer means to the caller.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::sleep;
use url::Url;

use super::budget::{Budget, Purpose, RateLimitHeaders, RequestCost};
use super::credentials::{Credentials, Installation, Proof};
use super::error::GithubError;
use super::groups::KnownGroup;
use super::pages::Known;
use crate::clock::Clock;
use crate::error_chain::ErrorChain;
use crate::json::JsonFault;
use crate::scope::Scope;
use crate::settings::GithubSettings;
use crate::transport::{HttpTransport, Response, request_to};

/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";
/// How long it is waited before something is read again.
const BREATH: Duration = Duration::from_secs(1);

/// A client of one GitHub: its address comes from the settings, never from a payload.
///
/// Copies share what is left of the limits, and what is known of GitHub's answers.
#[derive(Clone, Debug)]
pub struct Github {
    api: Url,
    pub(super) scope: Scope,
    transport: HttpTransport,
    clock: Clock,
    purpose: Purpose,
    /// The account that requests are about which name none themselves.
    account: Option<Installation>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    credentials: Credentials,
    /// By whom they are for.
    budgets: Mutex<BTreeMap<String, Budget>>,
    known: Mutex<Known>,
    groups: tokio::sync::Mutex<BTreeMap<String, KnownGroup>>,
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    /// The operation, as errors name it.
    pub(super) name: &'static str,
    pub(super) method: &'a Method,
    /// The path below the API's address.
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    /// What is known of the answer: it is wanted only where it has changed.
    pub(super) etag: Option<&'a str>,
    /// Whether it makes a new runner.
    pub(super) registers: bool,
}

impl<'a> Call<'a> {
    pub(super) fn new(name: &'static str, method: &'a Method, path: &'a str) -> Self {
        Self { name, method, path, query: &[], etag: None, registers: false }
    }

    fn spending(&self, purpose: Purpose) -> RequestCost<'a> {
        RequestCost {
            call: self.name,
            points: if *self.method == Method::GET { 1 } else { 5 },
            registers_at: self.registers.then_some(self.path),
            purpose,
        }
    }
}

impl Github {
    /// Makes a client, whose requests serve jobs that wait.
    pub fn new(settings: &GithubSettings, transport: HttpTransport, clock: Clock) -> Self {
        let GithubSettings { api, credential, scope, .. } = settings.clone();
        let shared = Arc::new(Shared {
            credentials: Credentials::new(&credential),
            budgets: Mutex::default(),
            known: Mutex::default(),
            groups: tokio::sync::Mutex::default(),
        });
        Self { api, scope, transport, clock, purpose: Purpose::Mint, account: None, shared }
    }

    /// Makes a client of the same GitHub, whose requests stand back behind those that serve jobs.
    #[must_use]
    pub fn low_priority(&self) -> Self {
        Self { purpose: Purpose::LowPriority, ..self.clone() }
    }

    /// Makes a client of the same GitHub that asks about this account.
    pub(super) fn on(&self, account: Installation) -> Self {
        Self { account: Some(account), ..self.clone() }
    }

    pub(super) fn account(&self) -> Option<&Installation> {
        self.account.as_ref()
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, GithubError> {
        let call = Call { query, ..Call::new(name, &Method::GET, path) };
        read(name, &self.send(&call, None::<&()>).await?)
    }

    /// Makes a new runner, or what lets one register itself.
    pub(super) async fn register_by<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, GithubError> {
        let call = Call { registers: true, ..Call::new(name, &Method::POST, path) };
        read(name, &self.send(&call, body).await?)
    }

    pub(super) async fn delete(&self, name: &'static str, path: &str) -> Result<(), GithubError> {
        let call = Call::new(name, &Method::DELETE, path);
        self.send(&call, None::<&()>).await.map(drop)
    }

    /// Reads what has changed since the answer with this tag; `None`: nothing has. Gives the new tag as well.
    pub(super) async fn get_changed<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
        tag: Option<&str>,
    ) -> Result<Option<(T, Option<String>)>, GithubError> {
        let call = Call { etag: tag, ..Call::new(name, &Method::GET, path) };
        let answer = self.send(&call, None::<&()>).await?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let tag = tag.map(str::to_owned);
        Ok(Some((read(name, &answer)?, tag)))
    }

    /// Sends a request; with a token that was made anew where GitHub refuses the one at hand.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<Response, GithubError> {
        let proof = self.proof(call.path).await?;
        match self.send_as(&proof, call, body).await {
            Err(GithubError::Refused { status: StatusCode::UNAUTHORIZED, .. })
                if self.refused(&proof).await => {}
            Err(GithubError::Unavailable { .. }) if self.reads_again(call) => {
                sleep(BREATH).await;
            }
            answer => return answer,
        }
        self.send_as(&self.proof(call.path).await?, call, body).await
    }

    /// LowPriority comes back after minutes; whoever else asks does so at once.
    fn reads_again(&self, call: &Call<'_>) -> bool {
        self.purpose == Purpose::LowPriority && *call.method == Method::GET
    }

    pub(super) async fn send_as(
        &self,
        proof: &Proof,
        call: &Call<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<Response, GithubError> {
        let (name, payer) = (call.name, proof.payer.as_str());
        let spending = call.spending(self.purpose);
        let spent = self.with_budget(payer, |budget, now| budget.spend(&spending, now));
        spent.map_err(|retry_after| GithubError::Limited { call: name, retry_after })?;
        let bearer = format!("Bearer {}", proof.token.expose());
        let request = self.request(call).header(header::AUTHORIZATION, bearer);
        let request = match body {
            Some(body) => {
                let json = serde_json::to_vec(body).expect("plain fields always serialize");
                request.header(header::CONTENT_TYPE, "application/json").body(Bytes::from(json))
            }
            None => request.body(Bytes::new()),
        };
        let request = request.map_err(|err| unavailable(name, &err))?;
        let answer = self.transport.send(request).await.map_err(|err| unavailable(name, &err))?;
        self.judge(name, payer, answer)
    }

    fn request(&self, call: &Call<'_>) -> http::request::Builder {
        let mut url = self.api.clone();
        url.set_path(&format!("{}/{}", self.api.path().trim_end_matches('/'), call.path));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let request = request_to(call.method, &url)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("X-GitHub-Api-Version", API_VERSION);
        match call.etag {
            Some(etag) => request.header(header::IF_NONE_MATCH, etag),
            None => request,
        }
    }

    fn judge(
        &self,
        call: &'static str,
        payer: &str,
        answer: Response,
    ) -> Result<Response, GithubError> {
        let status = answer.status();
        let mut told = told(&answer);
        let answer = if status.is_success() || status == StatusCode::NOT_MODIFIED {
            Some(answer)
        } else {
            told.refused = is_limit(&told, &answer);
            None
        };
        let limit = self.with_budget(payer, |budget, now| budget.learn(call, &told, now));
        if let Some(retry_after) = limit {
            return Err(GithubError::Limited { call, retry_after });
        }
        answer.ok_or_else(|| match status.as_u16() {
            404 => GithubError::NotFound { call },
            409 => GithubError::Conflict { call },
            422 => GithubError::Unprocessable { call },
            408 | 500.. => GithubError::Unavailable { call, fault: status.to_string() },
            _ => GithubError::Refused { call, status },
        })
    }

    fn with_budget<T>(&self, payer: &str, act: impl FnOnce(&mut Budget, DateTime<Utc>) -> T) -> T {
        let mut budgets = self.budgets();
        act(budgets.entry(payer.to_owned()).or_default(), self.clock.now())
    }

    pub(super) fn budgets(&self) -> MutexGuard<'_, BTreeMap<String, Budget>> {
        self.shared.budgets.lock().expect("no holder of this lock can panic")
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    pub(super) fn groups(&self) -> &tokio::sync::Mutex<BTreeMap<String, KnownGroup>> {
        &self.shared.groups
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.known.lock().expect("no holder of this lock can panic")
    }
}

pub(super) fn read<T: DeserializeOwned>(
    call: &'static str,
    answer: &Response,
) -> Result<T, GithubError> {
    serde_json::from_slice(answer.body()).map_err(|err| unavailable(call, &JsonFault::from(err)))
}

fn unavailable(call: &'static str, err: &dyn Error) -> GithubError {
    let fault = ErrorChain(err).to_string();
    GithubError::Unavailable { call, fault }
}

fn told(answer: &Response) -> RateLimitHeaders {
    let text = |name: &str| answer.headers().get(name)?.to_str().ok();
    let number = |name: &str| text(name)?.parse::<u32>().ok();
    let resets_at = text("x-ratelimit-reset").and_then(|at| at.parse().ok());
    RateLimitHeaders {
        resource: text("x-ratelimit-resource").map(str::to_owned),
        limit: number("x-ratelimit-limit"),
        remaining: number("x-ratelimit-remaining"),
        resets_at: resets_at.and_then(|at| DateTime::from_timestamp(at, 0)),
        retry_after: number("retry-after").map(|wait| Duration::from_secs(wait.into())),
        refused: false,
    }
}

/// Tells a limit from another refusal: GitHub answers 429, or 403 with either `retry-after`, or nothing
/// left of the hour, or only a message that says so.
fn is_limit(told: &RateLimitHeaders, answer: &Response) -> bool {
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN if told.retry_after.is_some() || told.remaining == Some(0) => true,
        StatusCode::FORBIDDEN => {
            let message = String::from_utf8_lossy(answer.body()).to_ascii_lowercase();
            message.contains("secondary rate limit") || message.contains("api rate limit exceeded")
        }
        _ => false,
    }
}
