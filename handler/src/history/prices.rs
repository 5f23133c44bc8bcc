//! The price table: virtual machines by the hour, and GitHub's runners by the minute.
//!
//! docs/history.md names the sources. The table is of one region and one day: costs are estimates.

use crate::ordered::InsertEach;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::report::PricesOf;

/// The prices of virtual machines and of GitHub's runners.
#[derive(Clone, Debug, Deserialize)]
pub struct Prices {
    /// The currency.
    pub currency: String,
    region: String,
    date: String,
    /// What the Windows licence of a core costs in an hour.
    windows_core_hour: f64,
    sizes: BTreeMap<String, Size>,
    hosted: Hosted,
    /// The prices of an hour that an operator has given, by size in lower case, whatever the operating system.
    #[serde(skip)]
    given: BTreeMap<String, f64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Size {
    cores: u32,
    /// The price of an hour with Linux.
    hour: f64,
}

/// The prices of a minute of GitHub's runners, by their number of cores.
#[derive(Clone, Debug, Deserialize)]
struct Hosted {
    linux: BTreeMap<u32, f64>,
    windows: BTreeMap<u32, f64>,
}

static SHIPPED: LazyLock<Prices> = LazyLock::new(|| {
    let mut prices: Prices =
        serde_json::from_str(include_str!("prices.json")).expect("a test parses the table");
    prices.sizes =
        prices.sizes.into_iter().map(|(name, size)| (name.to_lowercase(), size)).insert_each();
    prices
});

impl Prices {
    /// Returns the table of this release.
    pub fn shipped() -> Self {
        SHIPPED.clone()
    }

    /// Replaces the price of an hour of a VM size.
    #[must_use]
    pub fn with(mut self, vm_size: &str, hour: f64) -> Self {
        self.given.insert(vm_size.to_lowercase(), hour);
        self
    }

    /// Returns the validity of the table.
    pub fn validity(&self) -> PricesOf {
        PricesOf { region: self.region.clone(), date: self.date.clone() }
    }

    /// Returns the price of an hour of a VM size, in any case; `None` if it is not known.
    pub fn hour(&self, vm_size: &str, windows: bool) -> Option<f64> {
        let name = vm_size.to_lowercase();
        if let Some(given) = self.given.get(&name) {
            return Some(*given);
        }
        let size = self.sizes.get(&name)?;
        let licence = if windows { self.windows_core_hour * f64::from(size.cores) } else { 0.0 };
        Some(size.hour + licence)
    }

    /// Returns the price of a minute of the smallest runner of GitHub with the cores of these slots of a node.
    pub fn hosted_minute(
        &self,
        vm_size: &str,
        windows: bool,
        slots: u32,
        slots_of_node: u32,
    ) -> Option<f64> {
        let cores = self.cores(vm_size)?;
        let needed = (cores * slots).div_ceil(slots_of_node.max(1));
        let table = if windows { &self.hosted.windows } else { &self.hosted.linux };
        table.range(needed..).next().map(|(_, price)| *price)
    }

    /// Returns the number of cores of a VM size: that of the table, or the number in its name.
    fn cores(&self, vm_size: &str) -> Option<u32> {
        let name = vm_size.to_lowercase();
        if let Some(size) = self.sizes.get(&name) {
            return Some(size.cores);
        }
        // Standard_NC40ads_H100_v5: the family, then the number of cores.
        let family = name.strip_prefix("standard_").unwrap_or(&name);
        let digits = family.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
        let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok().filter(|cores| (1..=1024).contains(cores))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_found_in_any_case_and_windows_pays_its_licence() {
        let prices = Prices::shipped();
        assert_eq!(prices.hour("standard_d2ds_v5", false), Some(0.113));
        assert_eq!(prices.hour("STANDARD_D4ds_v5", true), Some(0.226 + 0.046 * 4.0));
        assert_eq!(prices.hour("Standard_M128", false), None);
        let given = prices.with("Standard_M128", 12.5);
        assert_eq!(
            (given.hour("standard_m128", true), given.currency.as_str()),
            (Some(12.5), "USD")
        );
    }

    #[test]
    fn a_slot_is_compared_with_the_smallest_sufficient_runner() {
        let prices = Prices::shipped();
        let minute = |size, windows, slots, of| prices.hosted_minute(size, windows, slots, of);
        assert_eq!(minute("Standard_D4ds_v5", false, 1, 2), Some(0.006));
        assert_eq!(minute("Standard_D4ds_v5", true, 1, 1), Some(0.022));
        assert_eq!(minute("Standard_D8ds_v5", false, 1, 3), Some(0.012), "2.7 cores");
        assert_eq!(minute("Standard_NC40ads_H100_v5", false, 1, 1), Some(0.162), "by its name");
        assert_eq!(minute("Standard_M416ms_v2", false, 1, 1), None, "GitHub has none of this size");
        assert_eq!(minute("special", false, 1, 1), None);
    }
}
