//! Runners that others register: a person, another team, another deployment.

use crate::dto::Base;
use crate::github::GitHub;
use crate::handlers::runners::encoded;
use crate::model::runner::NewRunner;

impl GitHub {
    /// Registers a runner, persistent or ephemeral, without a request to the API; returns its id and its
    /// configuration, or `None` if the name is taken or there is no such group.
    ///
    /// The configuration has the same form as a JIT configuration. A runner of a group that an organization inherits is the
    /// enterprise's: the organization's list of runners lacks it, the list of the group has it.
    pub fn register_runner(&self, new: NewRunner) -> Option<(u64, String)> {
        let base = self.options.public_url.clone();
        let base = base.map(|url| Base { api: url.clone(), web: url });
        let base = base.unwrap_or_else(|| self.options.payload_base());
        self.step(|state, now| {
            let scope = state.find_scope(&new.scope)?;
            let group = state.group(&scope, new.group)?.name;
            let id = state.register_in_any_group(NewRunner { scope, ..new }, None, now).ok()?;
            Some((id, encoded(&state.registrations[&id], &group, "_work", &base)))
        })
    }

    /// Removes a registration by its id, as its owner does; a name may belong to another runner by then.
    pub fn remove_runner_by_id(&self, id: u64) {
        self.step(|state, now| state.remove(id, now));
    }
}
