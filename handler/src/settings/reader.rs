//! Reads single settings, and keeps every fault until all are read.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use url::Url;

use crate::secret::Rotating;

/// A reference that the platform could not resolve arrives as its own text.
/// <https://learn.microsoft.com/azure/app-service/app-service-key-vault-references#troubleshoot-key-vault-references>
const UNRESOLVED: &str = "is a Key Vault reference that was not resolved";
/// A role that is granted later, as in a first deployment, is not noticed by itself for up to a day.
const RESOLVE_AGAIN: &str = "Key Vault references: grant the app's identity Key Vault Secrets User, check the secret's name and the vault's network, then have them resolved again by a change of any setting (az functionapp config appsettings set --resource-group GROUP --name APP --settings SecretsChanged=NOW) or by a restart; otherwise that takes up to 24 hours";

/// The settings that are missing or malformed. Its text names each, in one line, and never shows a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults(Vec<(String, String)>);

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("an application setting is invalid: ")?,
            faults => write!(f, "{faults} application settings are invalid: ")?,
        }
        for (place, (name, fault)) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{name} {fault}")?;
        }
        let unresolved = self.0.iter().any(|(_, fault)| fault == UNRESOLVED);
        if unresolved { write!(f, "; {RESOLVE_AGAIN}") } else { Ok(()) }
    }
}

/// Looks settings up and collects faults; what it returns after a fault only fills a place.
pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<(String, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, faults: Vec::new() }
    }

    /// Hands the settings over, unless a fault was found.
    pub(super) fn finish<T>(&mut self, settings: T) -> Result<T, Faults> {
        if self.faults.is_empty() {
            Ok(settings)
        } else {
            Err(Faults(std::mem::take(&mut self.faults)))
        }
    }

    /// Records a fault; a setting that two parts read is named once.
    pub(super) fn fault(&mut self, name: &str, fault: impl Into<String>) {
        if !self.faulty(name) {
            self.faults.push((name.to_owned(), fault.into()));
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
            Rotating::parse("-").expect("one value")
        })
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.or(name, "false").to_ascii_lowercase().as_str() {
            "true" => true,
            "false" => false,
            _ => {
                self.fault(name, "takes true or false");
                false
            }
        }
    }

    pub(super) fn number(&mut self, name: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let read = |text: &str| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("takes a number from {} to {}", range.start(), range.end())),
        };
        self.optional_by(name, read).unwrap_or(default)
    }

    pub(super) fn address(&mut self, name: &str) -> Url {
        let value = self.required(name);
        self.read_address(name, &value)
    }

    pub(super) fn address_or(&mut self, name: &str, default: &str) -> Url {
        let value = self.or(name, default);
        self.read_address(name, &value)
    }

    pub(super) fn address_or_derived(&mut self, name: &str, derived: Option<String>) -> Url {
        match self.optional(name).or(derived) {
            Some(value) => self.read_address(name, &value),
            None => self.address(name),
        }
    }

    /// Reads an address; one without a scheme, such as the portal shows for a Batch account, gets https.
    fn read_address(&mut self, name: &str, value: &str) -> Url {
        let full =
            if value.contains("://") { value.to_owned() } else { format!("https://{value}") };
        match Url::parse(&full) {
            Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => url,
            _ => {
                self.fault(name, "is not an address such as https://host/path");
                Url::parse("https://faulty.invalid").expect("a literal address")
            }
        }
    }
}
