//! Operations on the account as a whole.

use serde_json::{Value, json};

use crate::Batch;
use crate::call::{Call, Reply};
use crate::error::ApiError;
use crate::query::{Field, Operand};
use crate::state::Pool;

const COUNT_FIELDS: &[(&str, Field)] = &[("poolId", Field::Text)];
const IMAGE_FIELDS: &[(&str, Field)] =
    &[("nodeAgentSKUId", Field::Text), ("osType", Field::Word), ("verificationType", Field::Word)];

/// The node states, as counts and as nodes spell them.
const STATES: &[(&str, &str)] = &[
    ("creating", "creating"),
    ("idle", "idle"),
    ("offline", "offline"),
    ("preempted", "preempted"),
    ("rebooting", "rebooting"),
    ("reimaging", "reimaging"),
    ("running", "running"),
    ("starting", "starting"),
    ("startTaskFailed", "starttaskfailed"),
    ("leavingPool", "leavingpool"),
    ("unknown", "unknown"),
    ("unusable", "unusable"),
    ("waitingForStartTask", "waitingforstarttask"),
    ("deallocated", "deallocated"),
    ("deallocating", "deallocating"),
    ("upgradingOS", "upgradingos"),
];

/// Some of the images that Batch supports: publisher, offer, SKU, node agent, operating system, and
/// whether they include a container runtime.
const IMAGES: &[(&str, &str, &str, &str, &str, bool)] = &[
    ("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04", "linux", false),
    (
        "canonical",
        "0001-com-ubuntu-server-jammy",
        "22_04-lts",
        "batch.node.ubuntu 22.04",
        "linux",
        false,
    ),
    ("microsoft-dsvm", "ubuntu-hpc", "2404", "batch.node.ubuntu 24.04", "linux", true),
    ("microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04", "linux", true),
    (
        "microsoftwindowsserver",
        "windowsserver",
        "2022-datacenter",
        "batch.node.windows amd64",
        "windows",
        false,
    ),
    (
        "microsoftwindowsserver",
        "windowsserver",
        "2019-datacenter",
        "batch.node.windows amd64",
        "windows",
        false,
    ),
];

impl Batch {
    pub(crate) fn node_counts(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$filter", "maxresults", "$skiptoken"])?;
        let (page, filter) = (query.page()?, query.filter(COUNT_FIELDS)?);
        let state = self.state();
        let pools = state.pools.iter();
        let pools = pools.filter(|(id, _)| page.after.is_none_or(|after| id.as_str() > after));
        let pools = pools.filter(|(_, pool)| filter.matches(|_| Operand::from(pool.id.as_str())));
        let (pools, last) = page.cut(pools);
        let counts = pools.into_iter().map(counts).collect();
        Ok(call.list(&query, "poolnodecounts", (counts, last)))
    }

    pub(crate) fn supported_images(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        let query = call.query(&["$filter", "maxresults", "$skiptoken"])?;
        let (page, filter) = (query.page()?, query.filter(IMAGE_FIELDS)?);
        let begin = page.after.and_then(|after| after.parse().ok()).unwrap_or(0);
        let images = IMAGES.iter().enumerate().map(|(index, image)| (index + 1, image));
        let images = images.filter(|(index, _)| *index > begin).filter(|(_, image)| {
            filter.matches(|name| match name {
                "nodeAgentSKUId" => image.3.into(),
                "osType" => image.4.into(),
                _ => "verified".into(),
            })
        });
        let (images, last) = page.cut(images);
        let images = images.into_iter().map(image).collect();
        Ok(call.list(&query, "supportedimages", (images, last)))
    }
}

fn counts(pool: &Pool) -> Value {
    let of = |dedicated: bool| {
        let nodes: Vec<_> = pool.nodes.iter().filter(|node| node.dedicated == dedicated).collect();
        let count = |state: &str| nodes.iter().filter(|node| node.state() == state).count();
        let mut all: Value = STATES.iter().map(|(name, state)| (*name, count(state))).collect();
        all["total"] = json!(nodes.len());
        all
    };
    json!({ "poolId": pool.id, "dedicated": of(true), "lowPriority": of(false) })
}

fn image(image: &(&str, &str, &str, &str, &str, bool)) -> Value {
    let (publisher, offer, sku, agent, os, containers) = image;
    let reference =
        json!({ "publisher": publisher, "offer": offer, "sku": sku, "version": "latest" });
    let capabilities = containers.then_some("DockerCompatible");
    json!({
        "nodeAgentSKUId": agent,
        "imageReference": reference,
        "osType": os,
        "capabilities": capabilities.into_iter().collect::<Vec<_>>(),
        "verificationType": "verified",
    })
}
