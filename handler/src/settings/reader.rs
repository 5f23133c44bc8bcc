//! Reads single settings, and collects the faults of all of them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use url::{Host, Url};

use crate::secret::{MIN_SECRET_LENGTH, Rotating};

/// The fault of a Key Vault reference that the platform could not resolve: its value is the text of the reference.
/// <https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#troubleshoot-key-vault-references>
const UNRESOLVED: &str = "is a Key Vault reference that was not resolved";
/// The advice for it. The platform notices a role that is assigned later, as in a first deployment, only within a day.
pub(crate) const RESOLVE_ADVICE: &str = "Key Vault references: grant the app's identity Key Vault Secrets User, check the secret's name and the vault's network, then trigger resolution by changing any setting (az functionapp config appsettings set --resource-group GROUP --name APP --settings SecretsChanged=NOW) or by a restart; otherwise it takes up to 24 hours";

/// The missing and malformed settings. The text names each in one line, and contains no value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults(Vec<(String, String)>);

impl std::error::Error for Faults {}

impl Faults {
    /// Lists the name of each setting with its fault.
    pub fn list(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("an application setting is invalid: ")?,
            faults => write!(f, "{faults} application settings are invalid: ")?,
        }
        for (index, (name, fault)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{name} {fault}")?;
        }
        let unresolved = self.0.iter().any(|(_, fault)| fault == UNRESOLVED);
        if unresolved { write!(f, "; {RESOLVE_ADVICE}") } else { Ok(()) }
    }
}

/// A setting with which the handler works, but that removes a protection or that probably is an error. It contains no
/// secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// The setting.
    pub setting: &'static str,
    /// The problem, and what to do.
    pub problem: String,
}

/// Looks settings up and collects faults. After a fault it returns a placeholder.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<(String, String)>,
    warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, faults: Vec::new(), warnings: Vec::new() }
    }

    /// Returns the warnings, unless there are faults.
    pub(super) fn finish(&mut self) -> Result<Vec<Warning>, Faults> {
        if self.faults.is_empty() {
            Ok(std::mem::take(&mut self.warnings))
        } else {
            Err(Faults(std::mem::take(&mut self.faults)))
        }
    }

    /// Records a fault. A setting that two parts read is named once.
    pub(super) fn fault(&mut self, name: &str, fault: impl Into<String>) {
        if !self.faulty(name) {
            self.faults.push((name.to_owned(), fault.into()));
        }
    }

    /// Records a warning.
    pub(super) fn warn(&mut self, setting: &'static str, problem: impl Into<String>) {
        self.warnings.push(Warning { setting, problem: problem.into() });
    }

    /// Records a warning if a setting has a value.
    pub(super) fn warn_if_set(&mut self, setting: &'static str, problem: &str) {
        if self.optional(setting).is_some() {
            self.warn(setting, problem);
        }
    }

    pub(super) fn faulty(&self, name: &str) -> bool {
        self.faults.iter().any(|(faulty, _)| faulty == name)
    }

    pub(super) fn optional(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?.trim().to_owned();
        if value.starts_with("@Microsoft.KeyVault(") {
            self.fault(name, UNRESOLVED);
            return None;
        }
        Some(value).filter(|value| !value.is_empty())
    }

    pub(super) fn optional_by<T, E: Into<String>>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.optional(name)?;
        parse(&value).map_err(|fault| self.fault(name, fault)).ok()
    }

    pub(super) fn or(&mut self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn required(&mut self, name: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.fault(name, "is missing");
            String::new()
        })
    }

    pub(super) fn required_by<T: Default>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let value = self.required(name);
        parse(&value).map_err(|fault| self.fault(name, fault)).unwrap_or_default()
    }

    pub(super) fn parsed<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let value = self.required(name);
        value.parse().map_err(|_| self.fault(name, "is malformed")).ok()
    }

    pub(super) fn rotating(&mut self, name: &str) -> Rotating {
        let value = self.required(name);
        Rotating::parse(&value).unwrap_or_else(|err| {
            self.fault(name, err.to_string());
            Rotating::parse("-".repeat(MIN_SECRET_LENGTH).as_str()).expect("one value")
        })
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.or(name, "false").to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.fault(name, "must be true or false");
                false
            }
        }
    }

    pub(super) fn number(&mut self, name: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let parse = |text: &str| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("must be a number from {} to {}", range.start(), range.end())),
        };
        self.optional_by(name, parse).unwrap_or(default)
    }

    pub(super) fn url(&mut self, name: &str) -> Url {
        let value = self.required(name);
        self.parse_url(name, &value)
    }

    pub(super) fn url_or(&mut self, name: &str, default: &str) -> Url {
        let value = self.or(name, default);
        self.parse_url(name, &value)
    }

    pub(super) fn url_or_derived(&mut self, name: &str, derived: Option<String>) -> Url {
        match self.optional(name).or(derived) {
            Some(value) => self.parse_url(name, &value),
            None => self.url(name),
        }
    }

    /// Parses a URL. Without a scheme, as the portal displays the URL of a Batch account, https is assumed.
    ///
    /// Credentials are sent to each of these URLs, so plain http is only for this machine.
    pub(super) fn parse_url(&mut self, name: &str, value: &str) -> Url {
        let full =
            if value.contains("://") { value.to_owned() } else { format!("https://{value}") };
        let url = Url::parse(&full).ok().filter(Url::has_host);
        let fault = match &url {
            Some(url) if url.scheme() == "https" || url.scheme() == "http" && is_loopback(url) => {
                return url.clone();
            }
            Some(url) if url.scheme() == "http" => {
                "must be an https URL: credentials are sent to it"
            }
            _ => "is not a URL such as https://host/path",
        };
        self.fault(name, fault);
        Url::parse("https://faulty.invalid").expect("a literal URL")
    }
}

/// Returns whether a URL names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        // RFC 6761 reserves `localhost` and the names below it.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
