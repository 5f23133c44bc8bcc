//! Sends requests to GitHub, and reads what an answer means to the caller.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::causes::Chain;
use crate::clock::Clock;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::settings::GithubSettings;

/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";
/// What GitHub asks for where it names no time itself.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit>
const SHORTEST_PAUSE: Duration = Duration::from_secs(60);

/// What a call to GitHub can end with, as far as callers act differently.
#[derive(Debug, thiserror::Error)]
pub enum GithubError {
    /// A limit is reached: nothing may be asked before `retry_after` has passed.
    #[error("{call} met one of GitHub's limits, for another {} s", retry_after.as_secs())]
    Limited {
        /// The operation.
        call: &'static str,
        /// How long GitHub asks to wait.
        retry_after: Duration,
    },
    /// It is not there, or the token may not see it.
    #[error("{call} found nothing: check that the token may read it")]
    NotFound {
        /// The operation.
        call: &'static str,
    },
    /// A runner of this name is registered already.
    #[error("{call} met a runner of the same name")]
    Conflict {
        /// The operation.
        call: &'static str,
    },
    /// GitHub understood, but cannot do it: a busy runner cannot be deleted.
    #[error("{call} cannot be done as GitHub stands")]
    Unprocessable {
        /// The operation.
        call: &'static str,
    },
    /// The token is refused: somebody must change the deployment.
    #[error("{call} was refused with {status}: check GithubToken and its permissions")]
    Refused {
        /// The operation.
        call: &'static str,
        /// The HTTP status.
        status: StatusCode,
    },
    /// GitHub cannot be reached, or fails: the same call may succeed later.
    #[error("{call} met a GitHub that cannot answer now ({fault})")]
    Unavailable {
        /// The operation.
        call: &'static str,
        /// The status, or what happened to the connection.
        fault: String,
    },
}

impl GithubError {
    /// Tells how long GitHub asked to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Limited { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

/// A client of one GitHub: its address comes from the settings, never from a payload.
#[derive(Clone, Debug)]
pub struct Github {
    api: Url,
    token: Secret,
    pub(super) scope: Scope,
    client: reqwest::Client,
    clock: Clock,
}

impl Github {
    /// Makes a client.
    pub fn new(settings: &GithubSettings, client: reqwest::Client, clock: Clock) -> Self {
        let GithubSettings { api, token, scope, .. } = settings.clone();
        Self { api, token, scope, client, clock }
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, GithubError> {
        let answer = self.send(call, Method::GET, path, query, None::<&()>).await?;
        read(call, answer).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, GithubError> {
        let answer = self.send(call, Method::POST, path, &[], body).await?;
        read(call, answer).await
    }

    pub(super) async fn delete(&self, call: &'static str, path: &str) -> Result<(), GithubError> {
        self.send(call, Method::DELETE, path, &[], None::<&()>).await.map(drop)
    }

    /// Reads what has changed since the answer with this tag; `None`: nothing has. Gives the new tag as well.
    pub(super) async fn get_changed<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &str,
        tag: Option<&str>,
    ) -> Result<Option<(T, Option<String>)>, GithubError> {
        let mut request = self.request(Method::GET, path, &[]);
        if let Some(tag) = tag {
            request = request.header(header::IF_NONE_MATCH, tag);
        }
        let answer = request.send().await.map_err(|err| unavailable(call, err))?;
        if answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let answer = self.judge(call, answer)?;
        let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let tag = tag.map(str::to_owned);
        Ok(Some((read(call, answer).await?, tag)))
    }

    async fn send(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&impl Serialize>,
    ) -> Result<Response, GithubError> {
        let mut request = self.request(method, path, query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|err| unavailable(call, err))?;
        self.judge(call, answer)
    }

    fn request(&self, method: Method, path: &str, query: &[(&str, &str)]) -> RequestBuilder {
        let mut url = self.api.clone();
        url.set_path(&format!("{}/{path}", self.api.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.client
            .request(method, url)
            .bearer_auth(self.token.expose())
            .header(header::ACCEPT, "application/vnd.github+json")
            .header("X-GitHub-Api-Version", API_VERSION)
    }

    fn judge(&self, call: &'static str, answer: Response) -> Result<Response, GithubError> {
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if let Some(retry_after) = limit(&answer, self.clock.now()) {
            return Err(GithubError::Limited { call, retry_after });
        }
        Err(match status.as_u16() {
            404 => GithubError::NotFound { call },
            409 => GithubError::Conflict { call },
            422 => GithubError::Unprocessable { call },
            408 | 500.. => GithubError::Unavailable { call, fault: status.to_string() },
            _ => GithubError::Refused { call, status },
        })
    }
}

async fn read<T: DeserializeOwned>(call: &'static str, answer: Response) -> Result<T, GithubError> {
    answer.json().await.map_err(|err| unavailable(call, err))
}

fn unavailable(call: &'static str, err: reqwest::Error) -> GithubError {
    let fault = Chain(&err.without_url()).to_string();
    GithubError::Unavailable { call, fault }
}

/// Reads a limit: GitHub answers 429, or 403 with either `retry-after` or nothing left of the budget.
fn limit(answer: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.parse::<i64>().ok();
    let retry_after = number("retry-after");
    let exhausted = number("x-ratelimit-remaining") == Some(0);
    let limited = match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::FORBIDDEN => retry_after.is_some() || exhausted,
        _ => false,
    };
    let until_reset =
        || number("x-ratelimit-reset").filter(|_| exhausted).map(|at| at - now.timestamp());
    let seconds = retry_after.or_else(until_reset).and_then(|seconds| u64::try_from(seconds).ok());
    limited.then(|| seconds.map_or(SHORTEST_PAUSE, Duration::from_secs))
}
