//! The options of `mayfly emulate`: one command for each emulator.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use emulator_core::service::{ControlArguments, parse_address};
use emulator_core::tls::TlsArguments;

/// The emulators.
#[derive(Debug, Subcommand)]
pub enum EmulatorCommand {
    /// Azure Batch: pools sized by autoscale formulas, nodes that run tasks on this machine
    Batch(Box<azure_batch_emulator::cli::Arguments>),
    /// Azure Queue Storage
    Queue(Storage),
    /// Azure Blob Storage
    Blob(Storage),
    /// GitHub: workflow jobs, webhooks and self-hosted runners
    Github {
        /// Its port.
        #[command(flatten)]
        port: Port,
        /// Personal access token that is accepted
        #[arg(long, default_value = local_deployment::GITHUB_TOKEN)]
        token: String,
        /// Owner of repositories that is a person, not an organization; repeatable
        #[arg(long = "person")]
        people: Vec<String>,
        /// PEM file of a certificate authority that webhooks trust, such as that of a receiver with --tls
        #[arg(long, value_name = "FILE")]
        trusted_ca: Option<PathBuf>,
        /// Enterprise of all organizations
        #[arg(long)]
        enterprise: Option<String>,
        /// API requests an hour
        #[arg(long, default_value_t = 5000)]
        rate_limit: u32,
        /// Apply no secondary rate limits
        #[arg(long)]
        no_secondary_limits: bool,
    },
    /// Azure Resource Manager: the access restrictions of one Function App
    Management {
        /// Its port.
        #[command(flatten)]
        port: Port,
        /// Resource id of the Function App
        #[arg(long, default_value = local_deployment::FUNCTION_APP)]
        app: String,
        /// Audience of the tokens that are accepted [default: the emulator's URL]
        #[arg(long)]
        audience: Option<String>,
    },
    /// Microsoft Entra ID: access tokens of managed identities, and of workloads with a federated token
    Identity(Identities),
    /// Azure Pipelines: agent pools, job requests, agents and service hooks of an Azure DevOps organization
    Pipelines(PipelinesOptions),
    /// GitHub's runner: writes the files of a release to a folder, to build an image
    Runner {
        /// Folder to write
        #[arg(long)]
        into: PathBuf,
    },
    /// Azure Pipelines agent: writes its program to a folder, to build an image
    Agent {
        /// Folder to write
        #[arg(long)]
        into: PathBuf,
    },
    /// Azure Functions host, for a custom handler
    FunctionsHost(FunctionsHostOptions),
}

/// The options of Azure Pipelines.
#[derive(Args, Debug)]
pub struct PipelinesOptions {
    /// Its port.
    #[command(flatten)]
    pub port: Port,
    /// Name of the organization, the first segment of every path
    #[arg(long, default_value = "contoso")]
    pub organization: String,
    /// Personal access token that is accepted; access tokens of Microsoft Entra ID are accepted too
    #[arg(long, default_value = "pat-of-the-emulator")]
    pub token: String,
    /// Name of an agent pool; repeatable [default: Default]
    #[arg(long = "pool", value_name = "NAME")]
    pub pools: Vec<String>,
    /// Name of a project; repeatable. A job that is queued creates its project
    #[arg(long = "project", value_name = "NAME")]
    pub projects: Vec<String>,
    /// Self-hosted parallel jobs of the organization
    #[arg(long, default_value_t = 10)]
    pub parallel_jobs: u64,
    /// Address of this service in links and for callbacks, without the organization [default: the URL of each request in
    /// answers, dev.azure.com in events]
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// PEM file of a certificate authority that service hooks trust, such as that of a receiver with --tls
    #[arg(long, value_name = "FILE")]
    pub trusted_ca: Option<PathBuf>,
}

/// The options of the Functions host.
#[derive(Args, Debug)]
pub struct FunctionsHostOptions {
    /// Its port.
    #[command(flatten)]
    pub port: Port,
    /// Folder with host.json, the function definitions and the handler
    #[arg(long)]
    pub app: PathBuf,
    /// PEM file of a certificate authority that the connection to storage trusts, such as that of a storage emulator
    /// with --tls
    #[arg(long, value_name = "FILE")]
    pub trusted_ca: Option<PathBuf>,
    /// Application setting, as `Name=value`; repeatable
    #[arg(long = "setting")]
    pub settings: Vec<String>,
    /// Act as App Service's front end too: append the caller's address to X-Forwarded-For
    ///
    /// Without it, the header reaches the handler as the caller sends it, as with the host itself. Use it if callers
    /// connect directly, because a handler that filters by address trusts the right-most entry.
    #[arg(long)]
    pub front_end: bool,
    /// Microseconds that the host itself spends on each message of a queue, one message after another
    ///
    /// The real host processes 550 to 600 messages a second on two cores. 0: as many as the machine allows.
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 1750)]
    pub message_cost: u64,
}

/// The options of the two storage emulators.
#[derive(Args, Debug)]
pub struct Storage {
    /// Its port.
    #[command(flatten)]
    pub port: Port,
    /// Name of the account
    #[arg(long, default_value = local_deployment::STORAGE_ACCOUNT)]
    pub account: String,
    /// Shared key of the account, in base64
    #[arg(long, default_value = local_deployment::STORAGE_KEY)]
    pub key: String,
}

/// The options of the token endpoints.
#[derive(Args, Debug)]
pub struct Identities {
    /// Its port.
    #[command(flatten)]
    pub port: Port,
    /// Value of IDENTITY_HEADER for the endpoint of managed identities, `/msi/token`
    #[arg(long, default_value = local_deployment::IDENTITY_HEADER)]
    pub header: String,
    /// Client id of the system-assigned identity, which is the default of `/msi/token`
    #[arg(long, default_value = local_deployment::SYSTEM_IDENTITY)]
    pub system_assigned: String,
    /// Client id of a user-assigned identity; repeatable
    #[arg(long = "user-assigned", value_name = "CLIENT_ID")]
    pub user_assigned: Vec<String>,
    /// File to which a federated token of all identities is written, for AZURE_FEDERATED_TOKEN_FILE
    #[arg(long, value_name = "FILE")]
    pub federated_token: Option<PathBuf>,
}

/// The port of an emulator.
#[derive(Args, Clone, Debug)]
pub struct Port {
    /// Address to listen on; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub listen: SocketAddr,
    /// Its certificate.
    #[command(flatten)]
    pub tls: TlsArguments,
    /// Its control port.
    #[command(flatten)]
    pub control: ControlArguments,
}
