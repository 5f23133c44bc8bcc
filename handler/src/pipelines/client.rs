//! The client of Azure DevOps: pools, agents, job requests and builds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use azure_core::credentials::TokenCredential;
use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::connection::Connection;
use super::dto::{Agent, Build, JobRequest, Listed, Pool, RegisteredAgent, ResourceUsage};
use super::error::PipelinesError;
use super::response::parse;
use crate::clock::Clock;
use crate::settings::PipelinesCredential;
use crate::transport::{HttpTransport, Response};

mod events;

/// An agent pool by its id and its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PoolId {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
}

/// A client of an organization.
pub struct Pipelines {
    connection: Connection,
    pools: Mutex<BTreeMap<String, Pool>>,
}

impl fmt::Debug for Pipelines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipelines({})", self.organization())
    }
}

impl Pipelines {
    /// Creates a client of the organization at this URL.
    pub fn new(
        organization: &Url,
        credential: &PipelinesCredential,
        identity: Option<Arc<dyn TokenCredential>>,
        transport: HttpTransport,
        clock: Clock,
    ) -> Self {
        let connection = Connection::new(organization, credential, identity, transport, clock);
        Self { connection, pools: Mutex::default() }
    }

    /// Returns the URL of the organization.
    pub fn organization(&self) -> &str {
        self.connection.organization().as_str()
    }

    /// Finds a pool by its name; its id is remembered.
    ///
    /// # Errors
    /// [`PipelinesError::NoPool`] if the credential sees none of this name.
    pub async fn pool(&self, name: &str) -> Result<PoolId, PipelinesError> {
        let known = self.pools.lock().expect("no holder of this lock can panic").get(name).cloned();
        let pool = match known {
            Some(pool) => pool,
            None => self.read_pool(name).await?,
        };
        Ok(PoolId { id: pool.id, name: name.to_owned() })
    }

    /// Reads a pool by its name.
    ///
    /// # Errors
    /// [`PipelinesError::NoPool`] if the credential sees none of this name.
    pub async fn read_pool(&self, name: &str) -> Result<Pool, PipelinesError> {
        let pool = self.find_pool(name, &[]).await?;
        let pool = pool.ok_or_else(|| PipelinesError::NoPool(name.to_owned()))?;
        let mut pools = self.pools.lock().expect("no holder of this lock can panic");
        pools.insert(name.to_owned(), pool.clone());
        Ok(pool)
    }

    /// Returns whether the credential may manage a pool: register and delete its agents.
    ///
    /// <https://learn.microsoft.com/rest/api/azure/devops/distributedtask/pools/get-agent-pools>
    pub async fn manages(&self, name: &str) -> Result<bool, PipelinesError> {
        Ok(self.find_pool(name, &[("actionFilter", "manage")]).await?.is_some())
    }

    async fn find_pool(
        &self,
        name: &str,
        filter: &[(&str, &str)],
    ) -> Result<Option<Pool>, PipelinesError> {
        let query = [&[("poolName", name), ("poolType", "automation")], filter].concat();
        let found = self.connection.list("reading the agent pool", (name, "pools"), &query).await?;
        let is = |pool: &Pool| pool.name.eq_ignore_ascii_case(name) && !pool.is_hosted;
        Ok(found.items.into_iter().find(is))
    }

    /// Reads how many self-hosted parallel jobs the organization has, and uses.
    pub async fn parallel_jobs(&self) -> Result<ResourceUsage, PipelinesError> {
        let query = [("parallelismTag", "Private"), ("poolIsHosted", "false")];
        self.connection.get("reading the parallel jobs", ("", "resourceusage"), &query).await
    }

    /// Lists the agents of a pool with their capabilities, their jobs and the last jobs that they completed.
    pub async fn agents(&self, pool: &PoolId) -> Result<Listed<Agent>, PipelinesError> {
        let path = format!("pools/{}/agents", pool.id);
        let query = [
            ("includeCapabilities", "true"),
            ("includeAssignedRequest", "true"),
            ("includeLastCompletedRequest", "true"),
        ];
        let listed = self.connection.list("listing the agents", (&pool.name, &path), &query).await;
        listed.map_err(|err| self.forget(err, pool))
    }

    /// Lists the job requests of a pool that have no result.
    ///
    /// `$top` would leave out the matched agents (<https://github.com/kedacore/keda/issues/4387>). There are no pages.
    pub async fn requests(&self, pool: &PoolId) -> Result<Listed<JobRequest>, PipelinesError> {
        let path = format!("pools/{}/jobrequests", pool.id);
        let query = [("completedRequestCount", "0")];
        let call = "listing the job requests";
        let listed = self.connection.list(call, (&pool.name, &path), &query).await;
        listed.map_err(|err| self.forget(err, pool))
    }

    /// Registers an agent, or registers the agent with this id again, with another key: then the former key is worthless.
    ///
    /// # Errors
    /// [`PipelinesError::NameTaken`] if another agent has the name.
    pub async fn register(
        &self,
        pool: &PoolId,
        existing: Option<u64>,
        body: &Value,
    ) -> Result<RegisteredAgent, PipelinesError> {
        let call = "registering an agent";
        let (method, path) = match existing {
            Some(id) => (Method::PUT, format!("pools/{}/agents/{id}", pool.id)),
            None => (Method::POST, format!("pools/{}/agents", pool.id)),
        };
        let response =
            self.connection.send(call, method, (&pool.name, &path), &[], Some(body)).await?;
        parse(call, &response)
    }

    /// Disables an agent: it gets no further job, and its job goes on. Succeeds if it does not exist.
    ///
    /// <https://github.com/microsoft/azure-pipelines-agent/issues/2085>
    pub async fn disable(&self, pool: &PoolId, agent: u64) -> Result<(), PipelinesError> {
        let path = format!("pools/{}/agents/{agent}", pool.id);
        let body = json!({ "id": agent, "enabled": false });
        let call = "disabling an agent";
        ended(
            self.connection.send(call, Method::PATCH, (&pool.name, &path), &[], Some(&body)).await,
        )
    }

    /// Deletes an agent. Succeeds if it does not exist.
    ///
    /// # Errors
    /// [`PipelinesError::StillRunning`] if it has a job.
    pub async fn delete(&self, pool: &PoolId, agent: u64) -> Result<(), PipelinesError> {
        let path = format!("pools/{}/agents/{agent}", pool.id);
        let call = "deleting an agent";
        ended(self.connection.send(call, Method::DELETE, (&pool.name, &path), &[], None).await)
    }

    /// Returns whether a run of a pipeline has ended; `None` if the credential may not read builds.
    pub async fn has_ended(&self, build: u64) -> Result<Option<bool>, PipelinesError> {
        let call = "reading a run";
        let url = self.connection.url(&format!("build/builds/{build}"));
        match self.connection.send_to(url, call, Method::GET, "", None).await {
            Ok(response) => {
                let build: Build = parse(call, &response)?;
                Ok(Some(build.status.eq_ignore_ascii_case("completed")))
            }
            // A deleted run needs no agent.
            Err(PipelinesError::NotFound { .. }) => Ok(Some(true)),
            Err(PipelinesError::Forbidden { .. }) => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// Forgets the id of a pool that no longer exists: another one may have its name.
    fn forget(&self, err: PipelinesError, pool: &PoolId) -> PipelinesError {
        if !matches!(err, PipelinesError::NotFound { .. }) {
            return err;
        }
        self.pools.lock().expect("no holder of this lock can panic").remove(&pool.name);
        PipelinesError::NoPool(pool.name.clone())
    }
}

/// What is done to an agent that does not exist has been done.
fn ended(sent: Result<Response, PipelinesError>) -> Result<(), PipelinesError> {
    match sent {
        Ok(_) | Err(PipelinesError::NotFound { .. }) => Ok(()),
        Err(err) => Err(err),
    }
}
