//! Pools and projects.

use super::{State, next};
use crate::model::pool::Pool;
use crate::model::run::Project;

impl State {
    /// Adds a pool, unless one of its name exists; returns its id.
    pub(crate) fn add_pool(&mut self, pool: Pool) -> u64 {
        if let Some(known) = self.pool_named(&pool.name) {
            return known.id;
        }
        let id = next(&mut self.ids.pool);
        self.pools.insert(id, Pool { id, ..pool });
        id
    }

    /// Finds a pool by its name, without regard to case.
    pub(crate) fn pool_named(&self, name: &str) -> Option<&Pool> {
        self.pools.values().find(|pool| pool.name.eq_ignore_ascii_case(name))
    }

    /// Finds a project by its name or its id.
    pub(crate) fn project(&self, name_or_id: &str) -> Option<&Project> {
        let by_name = self.projects.get(&name_or_id.to_lowercase());
        by_name.or_else(|| {
            self.projects.values().find(|project| project.id.eq_ignore_ascii_case(name_or_id))
        })
    }

    /// Adds a project, unless one of its name exists.
    pub(crate) fn add_project(&mut self, name: &str) -> Project {
        if let Some(known) = self.project(name) {
            return known.clone();
        }
        let project = Project { id: self.guid(), name: name.to_owned() };
        self.projects.insert(name.to_lowercase(), project.clone());
        project
    }
}
