//! The platform services of the Function App: the token service of its identity, and the management API.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use azure_identity_emulator::{self as identity, Identity};
use azure_management_emulator::{self as management, Management};
use emulator_core::events::EventContext;
use emulator_core::service::{Control, Listening, Service};
use serde_json::{Value, json};

use super::{Secrets, listen};

/// The resource id of the Function App.
pub const FUNCTION_APP: &str = "/subscriptions/6d617966-6c79-4170-b000-000000000000/resourceGroups/mayfly/providers/Microsoft.Web/sites/mayfly";
/// The client id of the system-assigned identity.
pub const SYSTEM_IDENTITY: &str = "6d617966-6c79-4170-b000-000000000001";
/// The secret header of the token service; a well-known value, for loopback only.
pub const IDENTITY_HEADER: &str = "mayfly-on-one-machine-identity-header";

/// The token service of the app, and the management API.
pub struct Platform {
    /// The token service.
    pub identity: Arc<Service<Identity>>,
    /// The management API.
    pub management: Arc<Service<Management>>,
    identity_header: String,
    identity_port: Listening,
    management_port: Listening,
}

impl Platform {
    pub(super) async fn start(
        secrets: &Secrets,
        context: &EventContext,
        control: &Control,
    ) -> anyhow::Result<Self> {
        let identity_header = secrets.identity_header.clone();
        let options = identity::Options {
            header: identity_header.clone(),
            system_assigned: Some(SYSTEM_IDENTITY.to_owned()),
            user_assigned: Vec::new(),
            federated: identity::FederatedCredential::default(),
        };
        let identity = Service::new(Identity::new(options, context.clone()));
        let (app, token_key) = (FUNCTION_APP.to_owned(), secrets.token_key.clone());
        let options = management::Options { app, audience: None, token_key };
        let management = Service::new(Management::new(options, context.clone()));
        let restricted = management.emulator.restrict(&[pool_rule()], None);
        restricted.map_err(anyhow::Error::msg).context("set the access restrictions of the app")?;
        let (identity_port, management_port) =
            (listen(&identity, control).await?, listen(&management, control).await?);
        Ok(Self { identity, management, identity_header, identity_port, management_port })
    }

    /// Returns the application settings that point the handler to these services.
    pub(super) fn settings(&self) -> BTreeMap<String, String> {
        let settings = [
            ("FunctionAppResourceId", FUNCTION_APP.to_owned()),
            ("AzureManagementUrl", self.management_port.url.clone()),
            ("IDENTITY_ENDPOINT", format!("{}{}", self.identity_port.url, identity::PATH)),
            ("IDENTITY_HEADER", self.identity_header.clone()),
        ];
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// The access restriction that admits the pool's runners to ClaimRunner.
fn pool_rule() -> Value {
    json!({
        "name": "mayfly-pool",
        "description": "the pool's runners claim here",
        "vnetSubnetResourceId": "/subscriptions/6d617966-6c79-4170-b000-000000000000/resourceGroups/mayfly/providers/Microsoft.Network/virtualNetworks/mayfly/subnets/pool",
        "action": "Allow",
        "tag": "Default",
        "priority": 200,
    })
}
