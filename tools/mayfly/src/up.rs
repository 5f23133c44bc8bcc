//! `mayfly up`: the road, kept running.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use emulator_core::service::Service;
use github_emulator::GitHub;
use tokio::sync::broadcast::error::RecvError;

use crate::cli::Up;
use crate::road;
use crate::{interrupted, print};
use local_deployment::timeline::Timeline;

/// Runs the road until Ctrl-C.
pub(crate) async fn run(options: Up) -> anyhow::Result<ExitCode> {
    let cloud = road::start(&options.road).await?;
    let jobs = jobs_port(&cloud.github, options.listen).await?;
    let mut events = cloud.site.subscribe();
    let deployment = "gh".parse().map_err(anyhow::Error::msg).context("name the deployment")?;
    let timeline = Timeline::beginning(cloud.site.clock.now(), deployment);
    for port in [&cloud.ports.queues, &cloud.ports.blobs, &cloud.ports.batch, &cloud.ports.github] {
        print(port.ready_line());
    }
    print(cloud.ports.functions.ready_line());
    print(format_args!("send a job with: mayfly queue-job --at {}", options.listen));
    let (functions, key) = (&cloud.ports.functions.url, &cloud.function_key);
    print(format_args!("look at it with: mayfly status --url {functions}/api --key {key}"));
    let mut interrupted = std::pin::pin!(interrupted());
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => timeline.step(&event).into_iter().for_each(print),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            done = &mut interrupted => {
                done?;
                break;
            }
        }
    }
    drop(jobs);
    cloud.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Opens GitHub's control port where `queue-job` looks for it.
async fn jobs_port(
    github: &Arc<Service<GitHub>>,
    listen: std::net::SocketAddr,
) -> anyhow::Result<emulator_core::service::ControlPort> {
    let listening = emulator_core::service::serve_control(Arc::clone(github), listen).await;
    listening
        .with_context(|| format!("listen on {listen}, perhaps another mayfly is up: try --listen"))
}
