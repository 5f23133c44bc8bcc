//! Registrations of agents.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

use emulator_core::events::PipelinesEvent;

use super::{State, next};
use crate::model::agent::{Agent, Registration};

/// The fields of a registration that a client sends.
#[derive(Clone, Debug, Default)]
pub(crate) struct NewAgent {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) os_description: String,
    pub(crate) enabled: bool,
    pub(crate) max_parallelism: u64,
    pub(crate) provisioning_state: String,
    pub(crate) public_key: Option<(String, String)>,
    pub(crate) system_capabilities: BTreeMap<String, String>,
}

/// A rejected change of an agent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum AgentError {
    NoPool,
    NotFound,
    /// Another agent of the pool has the name.
    Exists,
    /// The agent has a job.
    StillRunning(String),
}

impl State {
    /// Finds an agent of a pool.
    pub(crate) fn agent(&self, pool: u64, id: u64) -> Result<&Registration, AgentError> {
        if !self.pools.contains_key(&pool) {
            return Err(AgentError::NoPool);
        }
        self.agents.get(&id).filter(|known| known.agent.pool == pool).ok_or(AgentError::NotFound)
    }

    /// Registers an agent, which is offline until it opens a session.
    pub(crate) fn add_agent(
        &mut self,
        pool: u64,
        new: NewAgent,
        now: DateTime<Utc>,
    ) -> Result<u64, AgentError> {
        if !self.pools.contains_key(&pool) {
            return Err(AgentError::NoPool);
        }
        if self.is_name_taken(pool, &new.name, None) {
            return Err(AgentError::Exists);
        }
        let id = next(&mut self.ids.agent);
        let client_id = self.guid();
        self.emit(PipelinesEvent::AgentRegistered { agent: new.name.clone() });
        self.agents.insert(id, registration((id, pool), client_id, new, now));
        Ok(id)
    }

    /// Registers an agent again under the same id, as `config --replace` does: with another key and other
    /// capabilities. Its session, which the former key opened, ends.
    pub(crate) fn replace_agent(
        &mut self,
        pool: u64,
        id: u64,
        new: NewAgent,
        now: DateTime<Utc>,
    ) -> Result<(), AgentError> {
        self.agent(pool, id)?;
        if self.is_name_taken(pool, &new.name, Some(id)) {
            return Err(AgentError::Exists);
        }
        self.close_session(id, now);
        let client_id = self.guid();
        let Some(known) = self.agents.get_mut(&id) else { return Err(AgentError::NotFound) };
        let fresh = registration((id, pool), client_id, new, now);
        let former = std::mem::replace(known, fresh);
        known.agent.assigned = former.agent.assigned;
        known.agent.last_completed = former.agent.last_completed;
        known.agent.user_capabilities = former.agent.user_capabilities;
        known.agent.created_on = former.agent.created_on;
        known.inbox = former.inbox;
        Ok(())
    }

    /// Changes fields of an agent; an enabled one may get a job immediately.
    pub(crate) fn update_agent(
        &mut self,
        pool: u64,
        id: u64,
        change: impl FnOnce(&mut Agent),
        now: DateTime<Utc>,
    ) -> Result<(), AgentError> {
        self.agent(pool, id)?;
        if let Some(known) = self.agents.get_mut(&id) {
            change(&mut known.agent);
        }
        self.assign(now);
        Ok(())
    }

    /// Removes an agent that has no job, with its session.
    pub(crate) fn delete_agent(
        &mut self,
        pool: u64,
        id: u64,
        now: DateTime<Utc>,
    ) -> Result<(), AgentError> {
        let known = self.agent(pool, id)?;
        if known.agent.assigned.is_some() {
            return Err(AgentError::StillRunning(known.agent.name.clone()));
        }
        self.remove_agent(id, now);
        Ok(())
    }

    /// Removes an agent, also if it has a job.
    pub(crate) fn remove_agent(&mut self, id: u64, now: DateTime<Utc>) {
        self.close_session(id, now);
        if let Some(known) = self.agents.remove(&id) {
            self.emit(PipelinesEvent::AgentRemoved { agent: known.agent.name });
        }
    }

    fn is_name_taken(&self, pool: u64, name: &str, except: Option<u64>) -> bool {
        self.agents.values().map(|known| &known.agent).any(|agent| {
            agent.pool == pool && Some(agent.id) != except && agent.name.eq_ignore_ascii_case(name)
        })
    }
}

fn registration(
    (id, pool): (u64, u64),
    client_id: String,
    new: NewAgent,
    now: DateTime<Utc>,
) -> Registration {
    let agent = Agent {
        id,
        pool,
        name: new.name,
        version: new.version,
        os_description: new.os_description,
        enabled: new.enabled,
        online: false,
        assigned: None,
        last_completed: None,
        shutting_down: false,
        system_capabilities: new.system_capabilities,
        user_capabilities: BTreeMap::new(),
        created_on: now,
        status_changed_on: now,
    };
    Registration {
        agent,
        client_id,
        max_parallelism: new.max_parallelism,
        provisioning_state: new.provisioning_state,
        public_key: new.public_key,
        session: None,
        inbox: VecDeque::new(),
        pending_update: None,
    }
}
