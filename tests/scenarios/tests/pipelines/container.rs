//! The containers of agents in tests.

pub(crate) use local_deployment::agents::{
    AgentContainers as Containers, AgentLauncher, claim_once, decode,
};
