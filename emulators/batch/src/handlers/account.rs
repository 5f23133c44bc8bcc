//! Operations on the account as a whole.

use serde_json::{Value, json};

use crate::Batch;
use crate::call::{Call, Reply};
use crate::dto::{OFFERS, Offer};
use crate::error::ApiError;
use crate::query::{Field, Operand};
use crate::state::Pool;

const COUNT_FIELDS: &[(&str, Field)] = &[("poolId", Field::Id)];
const IMAGE_FIELDS: &[(&str, Field)] = &[
    ("nodeAgentSKUId", Field::Name),
    ("osType", Field::Word(&["linux", "windows"])),
    ("verificationType", Field::Word(&["verified", "unverified"])),
];

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
        let listed = OFFERS.iter().flat_map(|offer| {
            let named = offer.skus.iter().filter(|sku| **sku != "*");
            named.map(move |sku| (offer, *sku))
        });
        let images = listed.enumerate().map(|(index, image)| (index + 1, image));
        let images = images.filter(|(index, _)| *index > begin).filter(|(_, (offer, _))| {
            filter.matches(|name| match name {
                "nodeAgentSKUId" => offer.agent.into(),
                "osType" => os_type(offer).into(),
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

fn os_type(offer: &Offer) -> &'static str {
    if offer.agent.starts_with("batch.node.windows") { "windows" } else { "linux" }
}

fn image((offer, sku): (&Offer, &str)) -> Value {
    let Offer { publisher, offer: name, agent, containers, .. } = offer;
    let reference =
        json!({ "publisher": publisher, "offer": name, "sku": sku, "version": "latest" });
    let capabilities = containers.then_some("DockerCompatible");
    json!({
        "nodeAgentSKUId": agent,
        "imageReference": reference,
        "osType": os_type(offer),
        "capabilities": capabilities.into_iter().collect::<Vec<_>>(),
        "verificationType": "verified",
    })
}
