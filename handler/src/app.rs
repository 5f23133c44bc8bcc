//! The state of the process: the settings, the clients, and the caches.

use std::sync::Arc;

use anyhow::Context;
use azure_core::credentials::TokenCredential;
use azure_identity::{ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId};

use crate::assignment::AssignmentCache;
use crate::batch::Batch;
use crate::cache::{
    BatchJobCache, EndedTasks, HistoryCache, LiveFirewall, PipelinesRuns, RecordedFailures,
    RefusedClaimsRecord, StatusCache, WakeCache, WebhookCache,
};
use crate::clock::Clock;
use crate::github::Github;
use crate::management::Management;
use crate::pipelines::Pipelines;
use crate::pipelines::key::AgentKeys;
use crate::profiles::{PipelinesProfile, Profile};
use crate::random::Random;
use crate::scope::Scope;
use crate::settings::{
    FirewallSettings, PipelinesCredential, PipelinesSettings, ReconciliationSettings,
    RunnerSettings, Settings, Warning, WebhookSettings,
};
use crate::storage::{
    Claims, HistoryBlobs, HookRangesBlob, PausesBlob, PoisonQueue, RequestQueue, StateBlob,
};
use crate::transport::{
    HttpTransport, Transports, azure_options, http_client, proxied_client, short_retries,
};

/// The settings, clients and caches that the functions share.
pub struct App {
    pub(crate) webhook: WebhookSettings,
    pub(crate) firewall: LiveFirewall,
    pub(crate) firewall_settings: FirewallSettings,
    pub(crate) runners: RunnerSettings,
    pub(crate) reconciliation: ReconciliationSettings,
    pub(crate) warnings: Vec<Warning>,
    /// Sends requests without a credential to hosts in Azure.
    pub(crate) azure: HttpTransport,
    /// The name of the Batch account.
    pub(crate) batch_account: String,
    pub(crate) scope: Scope,
    pub(crate) web: url::Url,
    pub(crate) queue: RequestQueue,
    pub(crate) poison: PoisonQueue,
    pub(crate) claims: Claims,
    pub(crate) hook_ranges: HookRangesBlob,
    pub(crate) reconcile_state: StateBlob,
    pub(crate) pauses: PausesBlob,
    pub(crate) claim_failures: StateBlob,
    pub(crate) held_sizes: StateBlob,
    pub(crate) refused_claims: RefusedClaimsRecord,
    pub(crate) history: HistoryBlobs,
    pub(crate) history_marks: StateBlob,
    pub(crate) history_parts: HistoryCache,
    pub(crate) management: Option<Management>,
    pub(crate) batch: Batch,
    pub(crate) github: Github,
    /// Azure Pipelines, if it is served.
    pub(crate) pipelines: Option<PipelinesService>,
    pub(crate) batch_jobs: BatchJobCache,
    pub(crate) wakes: WakeCache,
    pub(crate) ended_tasks: EndedTasks,
    pub(crate) recorded_failures: RecordedFailures,
    pub(crate) assignments: AssignmentCache,
    pub(crate) webhooks: WebhookCache,
    pub(crate) last_status: StatusCache,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

/// The client, the settings and the caches of Azure Pipelines.
pub(crate) struct PipelinesService {
    pub(crate) client: Pipelines,
    pub(crate) settings: PipelinesSettings,
    pub(crate) claims: Claims,
    pub(crate) hook_repairs: StateBlob,
    pub(crate) runs: PipelinesRuns,
    pub(crate) keys: AgentKeys,
}

impl PipelinesService {
    fn new(
        settings: PipelinesSettings,
        (claims, hook_repairs): (&Claims, StateBlob),
        (identity, transport, clock): (Option<Arc<dyn TokenCredential>>, HttpTransport, Clock),
    ) -> Self {
        let (organization, credential) = (&settings.organization, &settings.credential);
        let client = Pipelines::new(organization, credential, identity, transport, clock);
        let (claims, runs) = (claims.of_agents(), PipelinesRuns::default());
        Self { client, settings, claims, hook_repairs, runs, keys: AgentKeys::system() }
    }

    /// Finds a profile by its name.
    pub(crate) fn profile(&self, name: &str) -> Option<&PipelinesProfile> {
        self.settings.profiles.iter().find(|profile| profile.name == name)
    }

    /// Lists the names of the agent pools, each once, in the order of the profiles. Azure DevOps ignores case in them.
    pub(crate) fn pools(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for profile in &self.settings.profiles {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&profile.pipelines_pool)) {
                names.push(&profile.pipelines_pool);
            }
        }
        names
    }

    /// Lists the profiles of an agent pool.
    pub(crate) fn profiles_of(&self, pool: &str) -> Vec<&PipelinesProfile> {
        let all = self.settings.profiles.iter();
        all.filter(|profile| profile.pipelines_pool.eq_ignore_ascii_case(pool)).collect()
    }
}

impl App {
    /// Creates the clients, which use the network. No request is sent yet.
    ///
    /// # Errors
    /// When a client cannot be created from its settings.
    pub fn new(settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let network = &settings.runners.runner_environment.network;
        let certificates = network.extra_ca_certificates.as_deref();
        let azure = http_client(certificates)
            .context("read the certificates of setting ExtraCaCertificates")?;
        let external = proxied_client(network.https_proxy.as_deref(), certificates)
            .context("use the proxy of setting HttpsProxy")?;
        let transports = Transports {
            azure: HttpTransport::http(azure),
            external: HttpTransport::http(external),
        };
        Self::with_transports(settings, clock, Random::system(), &transports)
    }

    /// Creates the clients, which send all requests through these transports.
    ///
    /// # Errors
    /// When a client cannot be created from its settings.
    pub fn with_transports(
        settings: Settings,
        clock: Clock,
        random: Random,
        transports: &Transports,
    ) -> anyhow::Result<Self> {
        let Transports { azure, external } = transports;
        let identity = identity(&settings, azure)?;
        let storage = &settings.storage;
        let queue = RequestQueue::new(&storage.queue, identity.as_ref(), azure);
        let hook_ranges = HookRangesBlob::new(&storage.state, identity.as_ref(), azure);
        let hook_ranges = hook_ranges.context("use the container of setting StateContainerUrl")?;
        let poison = PoisonQueue::new(&storage.queue, identity.as_ref(), azure);
        let state = StateBlob::new("reconciliation", &storage.state, identity.as_ref(), azure);
        let failures = StateBlob::new("claim-failures", &storage.state, identity.as_ref(), azure);
        let held = StateBlob::new("held-sizes", &storage.state, identity.as_ref(), azure);
        let refused = StateBlob::new("refused-claims", &storage.state, identity.as_ref(), azure);
        let refused = refused.context("use the container of setting StateContainerUrl")?;
        let pauses = PausesBlob::new(&storage.state, identity.as_ref(), azure);
        let claims = Claims::new(storage.state.clone(), identity.as_ref(), azure);
        let hooks = StateBlob::new("service-hooks", &storage.state, identity.as_ref(), azure);
        let hooks = hooks.context("use the container of setting StateContainerUrl")?;
        let pipelines = settings.pipelines.map(|pipelines| {
            let credentials = (identity.clone(), external.clone(), clock.clone());
            PipelinesService::new(pipelines, (&claims, hooks), credentials)
        });
        let marks = StateBlob::new("history-marks", &storage.state, identity.as_ref(), azure);
        Ok(Self {
            history: HistoryBlobs::new(storage.state.clone(), identity.as_ref(), azure),
            history_marks: marks.context("use the container of setting StateContainerUrl")?,
            history_parts: HistoryCache::default(),
            refused_claims: RefusedClaimsRecord::new(refused),
            claim_failures: failures.context("use the container of setting StateContainerUrl")?,
            held_sizes: held.context("use the container of setting StateContainerUrl")?,
            queue: queue.context("use the queue of setting RunnerQueueUrl")?,
            poison: poison
                .context("use the poison queue of the queue of setting RunnerQueueUrl")?,
            reconcile_state: state.context("use the container of setting StateContainerUrl")?,
            pauses: pauses.context("use the container of setting StateContainerUrl")?,
            reconciliation: settings.reconciliation,
            warnings: settings.warnings,
            azure: azure.clone(),
            batch_account: settings.batch.account.clone(),
            firewall: LiveFirewall::new(&settings.firewall, &hook_ranges),
            hook_ranges,
            management: management(&settings.firewall, identity.as_ref(), azure),
            firewall_settings: settings.firewall,
            claims,
            pipelines,
            batch: Batch::new(&settings.batch, identity, azure, clock.clone()),
            github: Github::new(&settings.github, external.clone(), clock.clone()),
            scope: settings.github.scope,
            web: settings.github.web,
            webhook: settings.webhook,
            runners: settings.runners,
            batch_jobs: BatchJobCache::default(),
            wakes: WakeCache::default(),
            ended_tasks: EndedTasks::default(),
            recorded_failures: RecordedFailures::default(),
            assignments: AssignmentCache::default(),
            webhooks: WebhookCache::default(),
            last_status: StatusCache::default(),
            clock,
            random,
        })
    }

    /// Returns the profiles of both services, as Batch runs them.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &Profile> {
        let agents = self.pipelines.iter().flat_map(|service| &service.settings.profiles);
        self.webhook.policy.profiles.iter().chain(agents.map(|profile| &profile.container))
    }

    /// Takes the keys of agents from another source.
    #[must_use]
    pub fn with_agent_keys(mut self, keys: &AgentKeys) -> Self {
        if let Some(pipelines) = &mut self.pipelines {
            pipelines.keys = keys.clone();
        }
        self
    }

    /// Refreshes the process's copy of the webhook ranges until the process ends.
    pub async fn follow_hook_ranges(&self) {
        self.firewall.follow().await;
    }
}

/// Creates the client of the management API if the access restrictions are to be maintained.
fn management(
    settings: &FirewallSettings,
    identity: Option<&Arc<dyn TokenCredential>>,
    azure: &HttpTransport,
) -> Option<Management> {
    let (app, identity) = (settings.app.as_ref()?, Arc::clone(identity?));
    Some(Management::new(&settings.management, app, identity, azure.clone()))
}

/// Creates the credential of the app's managed identity, unless only a key and signed URLs are used.
fn identity(
    settings: &Settings,
    azure: &HttpTransport,
) -> anyhow::Result<Option<Arc<dyn TokenCredential>>> {
    let storage = &settings.storage;
    let signed = storage.queue.is_signed() && storage.state.is_signed();
    let for_pipelines = settings
        .pipelines
        .as_ref()
        .is_some_and(|pipelines| matches!(pipelines.credential, PipelinesCredential::Identity));
    let others = settings.firewall.app.is_some() || for_pipelines;
    if settings.batch.key.is_some() && signed && !others {
        return Ok(None);
    }
    let options = ManagedIdentityCredentialOptions {
        user_assigned_id: settings.identity_client_id.clone().map(UserAssignedId::ClientId),
        client_options: azure_options(azure, short_retries()),
    };
    let identity = ManagedIdentityCredential::new(Some(options));
    Ok(Some(identity.context("use the app's managed identity")?))
}
