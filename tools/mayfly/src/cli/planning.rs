//! The options of `mayfly autoscale plan` and `mayfly autoscale judge`.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

use azure_batch_emulator::DurationRange;
use clap::{Args, ValueEnum};
use handler::repository::Repository;
use planner::choice::Objective;
use planner::generators::Generator;
use url::Url;

use super::local::Credential;

/// A pool of the template.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum TemplatePool {
    /// Parameters such as ubuntuCalmMinutes
    #[default]
    Ubuntu,
    /// Parameters such as windowsCalmMinutes
    Windows,
}

/// Where a price comes from if not from the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum PriceSource {
    /// Azure's list of retail prices
    Live,
}

impl TemplatePool {
    /// Returns the prefix of its parameters.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Ubuntu => "ubuntu",
            Self::Windows => "windows",
        }
    }
}

/// The jobs to plan for.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub struct JobSource {
    /// File of `mayfly history export`, or - for stdin
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// CSV file with the columns queued and ended, and if they are known started, profile, repository, run and conclusion, or - for
    /// stdin; times such as 2026-11-23T00:00:00Z
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Repository whose jobs are read from GitHub, such as octo/app, or octo/* for all of an owner
    #[arg(long, value_name = "OWNER/NAME")]
    pub github: Option<GithubScope>,
    /// Generated load: office, two-zones, nightly, release, flat, drift or small
    #[arg(long, value_name = "NAME", value_parser = generator)]
    pub trace: Option<Generator>,
}

/// The repositories whose jobs are read from GitHub.
#[derive(Clone, Debug, PartialEq)]
pub enum GithubScope {
    /// One repository.
    Repository(Repository),
    /// All repositories of this organization or person.
    Owner(String),
}

impl FromStr for GithubScope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // An owner follows the same rules as in the name of a repository.
        let named = text.strip_suffix("/*").map(|owner| Repository::try_from(format!("{owner}/x")));
        match named {
            Some(Ok(any)) => Ok(Self::Owner(any.owner().to_owned())),
            _ => Repository::try_from(text)
                .map(Self::Repository)
                .map_err(|_| "write octo/app, or octo/* for all repositories of octo".to_owned()),
        }
    }
}

impl Display for GithubScope {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(repository) => write!(f, "{repository}"),
            Self::Owner(owner) => write!(f, "{owner}/*"),
        }
    }
}

/// How jobs are read from GitHub.
#[derive(Args, Debug)]
pub struct GithubHistory {
    /// Days before today whose jobs are read, with --github
    #[arg(long, default_value_t = 56, value_parser = clap::value_parser!(u32).range(1..=400), requires = "github")]
    pub days: u32,
    /// The credential.
    #[command(flatten)]
    pub credential: Option<Credential>,
    /// Requests to GitHub at most. The same command continues where it stopped
    #[arg(long, default_value_t = 2000, requires = "github")]
    pub requests: u32,
    /// File that keeps what was read [default: such as github-octo-app.jsonl]
    #[arg(long, value_name = "FILE", requires = "github")]
    pub store: Option<PathBuf>,
    /// API of GitHub; of an Enterprise Server https://HOST/api/v3
    #[arg(long, value_name = "URL", default_value = "https://api.github.com", value_parser = super::values::github_api, requires = "github")]
    pub github_api: Url,
}

/// The options of `autoscale plan`.
#[derive(Args, Debug)]
pub struct Plan {
    /// The jobs.
    #[command(flatten)]
    pub source: JobSource,
    /// How they are read from GitHub.
    #[command(flatten)]
    pub reading: GithubHistory,
    /// Seed of a generated load, and of random durations
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Profile whose jobs count [default: all, if there is only one]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Pool of the template whose parameters are printed
    #[arg(long, value_enum, default_value_t)]
    pub pool: TemplatePool,
    /// Maximum number of nodes, of nodes with the first number of slots [default: 10, or that of a generated load]
    #[arg(long, value_name = "NODES", value_parser = clap::value_parser!(u32).range(1..=500))]
    pub max_nodes: Option<u32>,
    /// Task slots of a node; several numbers, separated by commas, are compared. A node with twice the slots costs twice as much
    #[arg(long, default_value = "1", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=64))]
    pub slots: Vec<u32>,
    /// Longest wait of a percentage of the jobs, such as p95=3m: the plan is the cheapest one that keeps it
    #[arg(long, value_name = "PERCENTILE=TIME", value_parser = max_wait, conflicts_with = "max_cost")]
    pub max_wait: Option<Objective>,
    /// Highest cost of a week, such as 80 for money or 500h for node hours: the plan is the one with the shortest waits
    #[arg(long, value_name = "COST", value_parser = max_cost)]
    pub max_cost: Option<MaxCost>,
    /// VM size of a node with the first number of slots, for its price
    #[arg(long, value_name = "SIZE", default_value = "Standard_D2ds_v5")]
    pub vm_size: String,
    /// Price of an hour of such a node [default: that of the price table, for the operating system of --pool]
    #[arg(long, value_name = "PRICE", value_parser = amount)]
    pub price: Option<f64>,
    /// Ask Azure's list of retail prices for the present price, in US dollars
    #[arg(long, value_name = "live", value_enum, conflicts_with = "price")]
    pub prices: Option<PriceSource>,
    /// Azure region of that price
    #[arg(long, default_value = "eastus", requires = "prices")]
    pub region: String,
    /// Address of the list
    #[arg(long, value_name = "URL", default_value = "https://prices.azure.com", hide = true)]
    pub prices_api: Url,
    /// Seconds from the allocation of a node until it can run a job, with its start task and images, as `from-to`
    #[arg(long, default_value = "285-325")]
    pub boot: DurationRange,
    /// How often the judged weeks are resampled, for the range of the ratios: with other runs that began in the same hours
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=1000))]
    pub resamples: u64,
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
    /// SVG file to which demand, nodes and waits of the last judged week are drawn
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// File to which the plan is written: a parameter file if its name ends with .json, else the formula
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}

/// The options of `autoscale judge`.
#[derive(Args, Debug)]
pub struct Judge {
    /// Generated load; repeatable [default: all]
    #[arg(long = "trace", value_name = "NAME", value_parser = generator)]
    pub traces: Vec<Generator>,
    /// Seed of the loads; repeatable [default: 1, 2 and 3]
    #[arg(long = "seed", value_name = "SEED")]
    pub seeds: Vec<u64>,
    /// Print JSON instead of Markdown
    #[arg(long)]
    pub json: bool,
    /// SVG file to which the last judged week of each load is drawn, with the first seed
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// A limit of the costs of a week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxCost {
    /// Node hours.
    NodeHours(f64),
    /// An amount in the currency of the price.
    Money(f64),
}

fn generator(text: &str) -> Result<Generator, String> {
    let names: Vec<_> = Generator::ALL.map(Generator::name).into();
    Generator::named(text).ok_or_else(|| format!("write one of {}", names.join(", ")))
}

fn amount(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| "write an amount, such as 0.113".to_owned())
}

fn max_cost(text: &str) -> Result<MaxCost, String> {
    let example = |_| "write an amount of money such as 80, or node hours such as 500h".to_owned();
    match text.strip_suffix('h') {
        Some(hours) => amount(hours).map(MaxCost::NodeHours).map_err(example),
        None => amount(text).map(MaxCost::Money).map_err(example),
    }
}

fn max_wait(text: &str) -> Result<Objective, String> {
    let read = || {
        let (percent, time) = text.strip_prefix('p')?.split_once('=')?;
        let percent = percent.parse().ok().filter(|percent| (1.0..=100.0).contains(percent))?;
        let (number, unit) = time.split_at_checked(time.len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            _ => return None,
        };
        let seconds = (amount(number).ok()? * seconds).round() as u32;
        Some(Objective::MaxWait { percent, seconds })
    };
    read().ok_or_else(|| {
        "write a percentile and seconds or minutes, such as p95=3m or p50=20s".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_units() {
        assert_eq!(max_wait("p95=3m"), Ok(Objective::MaxWait { percent: 95.0, seconds: 180 }));
        assert_eq!(max_wait("p50=20s"), Ok(Objective::MaxWait { percent: 50.0, seconds: 20 }));
        for wrong in ["", "p95", "95=3m", "p95=3", "p95=m", "p0=3m", "p101=3m", "p95=-1m", "p95=3ä"]
        {
            assert!(max_wait(wrong).is_err_and(|err| err.contains("p95=3m")), "{wrong}");
        }
        assert_eq!(max_cost("500h"), Ok(MaxCost::NodeHours(500.0)));
        assert_eq!(max_cost("79.5"), Ok(MaxCost::Money(79.5)));
        for wrong in ["", "h", "-1", "x", "inf", "NaNh"] {
            assert!(max_cost(wrong).is_err_and(|err| err.contains("500h")), "{wrong}");
        }
        assert!(generator("office").is_ok() && generator("Office").is_err());
    }
}
