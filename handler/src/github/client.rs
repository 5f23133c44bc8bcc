//! Sends requests to GitHub.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use url::Url;

use super::budget::{Budget, Purpose};
use super::cache::{GroupCache, ResponseCache};
use super::call::{Call, account_in, repository_in, request};
use super::error::GithubError;
use super::redirects::{self, MAX_REDIRECTS, is_redirect};
use super::response::{check_status, parse, rate_limit_headers, unavailable};
use super::tokens::{Authorization, Credentials, Installation};
use crate::clock::Clock;
use crate::json::shortened;
use crate::repository::Repository;
use crate::scope::Scope;
use crate::settings::GithubSettings;
use crate::transport::{HttpTransport, Response};

/// How many requests are under way at the same time. GitHub allows 100, for all programs that use a token.
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits>
const MAX_CONCURRENT_REQUESTS: usize = 40;
/// The delay before a request is retried.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A client of one GitHub. Its URL comes from the settings, never from a payload.
///
/// Clones share the rate limits, the credentials, and the cached responses.
#[derive(Clone, Debug)]
pub struct Github {
    api: Url,
    pub(super) scope: Scope,
    transport: HttpTransport,
    clock: Clock,
    purpose: Purpose,
    /// The number of the App of requests about an App itself, and about an installation that is known.
    app: usize,
    /// The account of requests whose path names none.
    account: Option<Installation>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    credentials: Credentials,
    /// By the account for whose rate limits they are.
    budgets: Mutex<BTreeMap<String, Budget>>,
    responses: Mutex<ResponseCache>,
    groups: tokio::sync::Mutex<GroupCache>,
    /// The repositories by whose former names something was requested.
    redirected: Mutex<BTreeSet<Repository>>,
    /// One for each request that may be under way.
    permits: Semaphore,
}

impl Github {
    /// Creates a client for requests that waiting jobs need.
    pub fn new(settings: &GithubSettings, transport: HttpTransport, clock: Clock) -> Self {
        let GithubSettings { api, credential, scope, .. } = settings.clone();
        let shared = Arc::new(Shared {
            credentials: Credentials::new(&credential),
            budgets: Mutex::default(),
            responses: Mutex::default(),
            groups: tokio::sync::Mutex::default(),
            redirected: Mutex::default(),
            permits: Semaphore::new(MAX_CONCURRENT_REQUESTS),
        });
        Self {
            api,
            scope,
            transport,
            clock,
            purpose: Purpose::ServeJob,
            app: 0,
            account: None,
            shared,
        }
    }

    /// Returns a client of the same GitHub whose requests leave a share of the rate limits to others.
    #[must_use]
    pub fn low_priority(&self) -> Self {
        self.with_purpose(Purpose::LowPriority)
    }

    /// Returns a client of the same GitHub for requests with another purpose.
    #[must_use]
    pub fn with_purpose(&self, purpose: Purpose) -> Self {
        Self { purpose, ..self.clone() }
    }

    /// Returns a client of the same GitHub for requests about this account.
    pub(super) fn on(&self, account: Installation) -> Self {
        Self { account: Some(account), ..self.clone() }
    }

    /// Returns a client of the same GitHub for requests about this App itself.
    pub(super) fn with_app(&self, app: usize) -> Self {
        Self { app, ..self.clone() }
    }

    pub(super) fn app_number(&self) -> usize {
        self.app
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
        parse(name, &self.send(&call, None::<&()>).await?)
    }

    /// Sends a request that registers a runner, or creates the token with which one registers.
    pub(super) async fn register_by<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, GithubError> {
        let call = Call { registers: true, ..Call::new(name, &Method::POST, path) };
        parse(name, &self.send(&call, body).await?)
    }

    pub(super) async fn delete(&self, name: &'static str, path: &str) -> Result<(), GithubError> {
        let call = Call::new(name, &Method::DELETE, path);
        self.send(&call, None::<&()>).await.map(drop)
    }

    /// Reads an object, with its new entity tag. Returns `None` if it has not changed since the response with `tag`.
    pub(super) async fn get_changed<T: DeserializeOwned>(
        &self,
        name: &'static str,
        path: &str,
        tag: Option<&str>,
    ) -> Result<Option<(T, Option<String>)>, GithubError> {
        let call = Call { etag: tag, ..Call::new(name, &Method::GET, path) };
        let response = self.send(&call, None::<&()>).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
        let tag = tag.map(str::to_owned);
        Ok(Some((parse(name, &response)?, tag)))
    }

    /// Sends a request. If GitHub rejects the token, it is sent again with a new one; if its limits are exhausted, with that
    /// of another App if there is one.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<Response, GithubError> {
        let authorization = self.authorization(call).await?;
        match self.send_as(&authorization, call, body).await {
            Err(GithubError::Refused(refusal))
                if refusal.status == StatusCode::UNAUTHORIZED
                    && self.renews(&authorization).await => {}
            Err(err @ GithubError::NotFound { .. }) => {
                // The repository may belong to another account by now, which this token cannot see.
                let moved = self.authorization_of_moved(call.path, &authorization).await?;
                let moved = moved.ok_or(err)?;
                return self.send_as(&moved, call, body).await;
            }
            Err(GithubError::Limited { .. }) if self.has_several_apps() => {}
            Err(GithubError::Unavailable { .. }) if self.retries(call) => {
                sleep(RETRY_DELAY).await;
            }
            result => return result,
        }
        self.send_as(&self.authorization(call).await?, call, body).await
    }

    /// Returns whether a failed request is retried. Low-priority work runs only every few minutes; other callers retry
    /// soon.
    fn retries(&self, call: &Call<'_>) -> bool {
        self.purpose != Purpose::ServeJob && *call.method == Method::GET
    }

    pub(super) async fn send_as(
        &self,
        authorization: &Authorization,
        call: &Call<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<Response, GithubError> {
        let json =
            body.map(|body| serde_json::to_vec(body).expect("plain fields always serialize"));
        let json = json.map(Bytes::from);
        let mut url = self.url(call);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.exchange(authorization, call, &url, json.as_ref()).await?;
            if !is_redirect(response.status()) {
                return Ok(response);
            }
            url = self.redirect_target(call, &url, &response)?;
            self.redirected().extend(repository_in(call.path));
        }
        Err(GithubError::Redirected { call: call.name, to: url.path().to_owned() })
    }

    /// Sends one request, once.
    async fn exchange(
        &self,
        authorization: &Authorization,
        call: &Call<'_>,
        url: &Url,
        json: Option<&Bytes>,
    ) -> Result<Response, GithubError> {
        let (name, payer) = (call.name, authorization.payer.as_str());
        // Taken before the budget is asked: a request that waited obeys a pause that began meanwhile.
        let _permit = self.shared.permits.acquire().await;
        let cost = call.cost(self.purpose);
        let spent = self.with_budget(payer, |budget, now| budget.spend(&cost, now));
        spent.map_err(|retry_after| GithubError::Limited { call: name, retry_after })?;
        let bearer = format!("Bearer {}", authorization.token.expose());
        let request = request(call, url).header(header::AUTHORIZATION, bearer);
        let request = match json {
            Some(json) => {
                request.header(header::CONTENT_TYPE, "application/json").body(json.clone())
            }
            None => request.body(Bytes::new()),
        };
        let request = request.map_err(|err| unavailable(name, &err))?;
        let response = self.transport.send(request).await.map_err(|err| unavailable(name, &err))?;
        self.check(call, payer, response)
    }

    /// Returns whether the limits of an account allow a request now.
    pub(super) fn allows(&self, payer: &str, call: &Call<'_>) -> bool {
        let cost = call.cost(self.purpose);
        self.with_budget(payer, |budget, now| budget.wait(&cost, now).is_none())
    }

    fn redirect_target(
        &self,
        call: &Call<'_>,
        from: &Url,
        response: &Response,
    ) -> Result<Url, GithubError> {
        let location = response.headers().get(header::LOCATION);
        let location = location.and_then(|text| text.to_str().ok()).filter(|to| !to.is_empty());
        location.and_then(|to| redirects::target(&self.api, from, to)).ok_or_else(|| {
            let to = location.and_then(|to| to.split(['?', '#']).next());
            GithubError::Redirected { call: call.name, to: shortened(to.unwrap_or("no location")) }
        })
    }

    fn url(&self, call: &Call<'_>) -> Url {
        let mut url = self.api.clone();
        url.set_path(&format!("{}/{}", self.api.path().trim_end_matches('/'), call.path));
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        url
    }

    /// Updates the budget of the account with a response, and returns the error that the response means, if any.
    fn check(
        &self,
        call: &Call<'_>,
        payer: &str,
        response: Response,
    ) -> Result<Response, GithubError> {
        let (name, headers) = (call.name, rate_limit_headers(&response));
        let limit = self.with_budget(payer, |budget, now| budget.learn(name, &headers, now));
        match limit {
            Some(retry_after) => Err(GithubError::Limited { call: name, retry_after }),
            None if is_redirect(response.status()) => Ok(response),
            None => {
                let own = self.account.as_ref().map(|one| one.account.login.as_str());
                let account = account_in(call.path).or(own);
                check_status(name, account, repository_in(call.path), response)
            }
        }
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

    pub(super) fn redirected(&self) -> MutexGuard<'_, BTreeSet<Repository>> {
        self.shared.redirected.lock().expect("no holder of this lock can panic")
    }

    pub(super) fn groups(&self) -> &tokio::sync::Mutex<GroupCache> {
        &self.shared.groups
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn responses(&self) -> MutexGuard<'_, ResponseCache> {
        self.shared.responses.lock().expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod tests;
