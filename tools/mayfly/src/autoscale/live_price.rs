//! The present price of a VM size, from Azure's list of retail prices, which needs no sign-in.
//!
//! <https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices>

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use handler::transport::http_client;
use serde::Deserialize;
use url::Url;

/// A page of the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    items: Vec<Meter>,
    next_page_link: Option<String>,
}

/// A meter of the list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meter {
    retail_price: f64,
    unit_of_measure: String,
    sku_name: String,
    product_name: String,
    effective_start_date: DateTime<Utc>,
}

impl Meter {
    /// Returns whether it is of a dedicated node with this operating system, in hours. Meters differ in their names only.
    fn is_of(&self, windows: bool) -> bool {
        let is_spot = ["Spot", "Low Priority"].iter().any(|kind| self.sku_name.ends_with(kind));
        let is_windows = self.product_name.contains("Windows");
        !is_spot && is_windows == windows && self.unit_of_measure == "1 Hour"
    }
}

/// Asks for the price of an hour of a VM size, in US dollars, with the licence of Windows.
///
/// # Errors
/// The list cannot be read, or has no such price.
pub(super) async fn hour(
    api: &Url,
    region: &str,
    vm_size: &str,
    windows: bool,
) -> anyhow::Result<f64> {
    let what = || format!("ask {api} for the price of {vm_size} in {region}");
    let meters = meters(api, region, vm_size).await.with_context(what)?;
    let of_system = meters.iter().filter(|meter| meter.is_of(windows));
    let price = of_system.max_by_key(|meter| meter.effective_start_date);
    let price = price.map(|meter| meter.retail_price);
    price.with_context(|| {
        format!("find a price of {vm_size} in {region}: check --vm-size and --region, or name it with --price")
    })
}

async fn meters(api: &Url, region: &str, vm_size: &str) -> anyhow::Result<Vec<Meter>> {
    let client = http_client(None).context("create an HTTP client")?;
    let filter = format!(
        "serviceName eq 'Virtual Machines' and armRegionName eq '{region}' and armSkuName eq '{vm_size}' and priceType eq 'Consumption'"
    );
    let mut next = api.join("api/retail/prices").context("use its address")?;
    next.query_pairs_mut().append_pair("$filter", &filter);
    let mut all = Vec::new();
    loop {
        let answer = client.get(next.clone()).send().await.context("send the request")?;
        ensure!(
            answer.status().is_success(),
            "read the answer, which has status {}",
            answer.status()
        );
        let body = answer.bytes().await.context("read the answer")?;
        let page: Page = serde_json::from_slice(&body).context("read the list")?;
        all.extend(page.items);
        // Another host would be asked for no reason.
        let link = page.next_page_link.and_then(|link| Url::parse(&link).ok());
        match link.filter(|link| link.origin() == api.origin()) {
            Some(link) if link != next => next = link,
            _ => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(price: f64, sku: &str, product: &str, from: &str) -> Meter {
        Meter {
            retail_price: price,
            unit_of_measure: "1 Hour".to_owned(),
            sku_name: sku.to_owned(),
            product_name: product.to_owned(),
            effective_start_date: format!("{from}T00:00:00Z").parse().expect("a time"),
        }
    }

    #[test]
    fn the_meters_of_a_size_differ_in_their_names() {
        let of = |meter: Meter| [false, true].map(|windows| meter.is_of(windows));
        let day = "2026-01-01";
        let linux = "Virtual Machines DDSv5 Series";
        let windows = "Virtual Machines DDSv5 Series Windows";
        assert_eq!(of(meter(0.1, "D2ds v5", linux, day)), [true, false]);
        assert_eq!(of(meter(0.2, "D2ds v5", windows, day)), [false, true]);
        assert_eq!(of(meter(0.1, "D2ds v5 Spot", linux, day)), [false, false]);
        assert_eq!(of(meter(0.1, "D2ds v5 Low Priority", windows, day)), [false, false]);
    }
}
