//! Makes the transports of a deployment, with faults.

use std::sync::Arc;
use std::time::Duration;

use azure_batch_emulator::Batch;
use azure_storage_emulator::{Blobs, Queues};
use emulator_core::service::{Encrypted, Request, Service};
use futures::FutureExt;
use github_emulator::GitHub;
use handler::transport::{HttpTransport, Transports};
use http::{HeaderValue, header};

use crate::environment::network::{Broken, FaultyNetwork};
use crate::environment::organization::{self, OrganizationRun};
use crate::scenario::Callee;
use local_deployment::QUEUE;

/// The interval at which the host polls an empty queue.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

/// The services of Azure.
type Azure<'a> = (&'a Arc<Service<Batch>>, &'a Arc<Service<Queues>>, &'a Arc<Service<Blobs>>);

/// Makes the transports of the handler: to Azure, and to GitHub.
pub(super) fn of_handler(
    place: usize,
    network: &Arc<FaultyNetwork>,
    (batch, queues, blobs): Azure<'_>,
    (github, organization): (&Arc<Service<GitHub>>, Option<&Arc<OrganizationRun>>),
) -> Transports {
    let (w, batch) = (Arc::clone(network), Arc::clone(batch));
    let (queues, blobs) = (Arc::clone(queues), Arc::clone(blobs));
    let azure = move |request: Request| {
        let (w, batch) = (Arc::clone(&w), Arc::clone(&batch));
        let (queues, blobs) = (Arc::clone(&queues), Arc::clone(&blobs));
        async move {
            let answer = match request.uri().host().unwrap_or_default().split('.').next() {
                Some("batch") => w.carry((place, Callee::Batch), &batch, request).await,
                Some("queues") => w.carry((place, Callee::Queues), &queues, request).await,
                Some("blobs") => w.carry((place, Callee::Blobs), &blobs, request).await,
                _ => Err(Broken::Before),
            };
            Ok(answer?)
        }
    };
    let (w, github) = (Arc::clone(network), Arc::clone(github));
    let pipelines = organization.map(|organization| Arc::clone(&organization.service));
    let external = move |mut request: Request| {
        let (w, github, pipelines) = (Arc::clone(&w), Arc::clone(&github), pipelines.clone());
        // GitHub's links, and its redirects, have the scheme of the request.
        request.extensions_mut().insert(Encrypted);
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("mayfly"));
        let to_pipelines = request.uri().host() == Some(organization::HOST);
        async move {
            Ok(match pipelines.filter(|_| to_pipelines) {
                Some(pipelines) => w.carry((place, Callee::Pipelines), &pipelines, request).await?,
                None => w.carry((place, Callee::Github), &github, request).await?,
            })
        }
    };
    Transports { azure: HttpTransport::new(azure), external: HttpTransport::new(external) }
}

/// Makes the transport of the host to the queues.
///
/// The host polls every two seconds, for days: a poll of a queue without visible messages waits until there is one.
pub(super) fn of_host(
    place: usize,
    network: &Arc<FaultyNetwork>,
    queues: &Arc<Service<Queues>>,
) -> emulator_core::transport::Transport {
    let (network, queues) = (Arc::clone(network), Arc::clone(queues));
    Arc::new(move |request| {
        let (network, queues) = (Arc::clone(&network), Arc::clone(&queues));
        async move {
            let polls = request.method() == http::Method::GET;
            while polls && !queues.emulator.messages(QUEUE).iter().any(|message| message.visible) {
                network.pass(POLL_INTERVAL).await;
            }
            Ok(network.carry((place, Callee::Host), &queues, request).await?)
        }
        .boxed()
    })
}
