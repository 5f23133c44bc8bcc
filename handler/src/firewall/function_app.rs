//! The resource id of the Function App in Azure's management API.

use std::fmt;
use std::str::FromStr;

/// The resource id of a Function App. Its format ensures that it cannot escape its place in a path.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionAppId(String);

/// A text that is not the resource id of a Function App.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "must be the app's resource id: /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.Web/sites/APP"
)]
pub struct NotAFunctionApp;

impl FromStr for FunctionAppId {
    type Err = NotAFunctionApp;

    fn from_str(text: &str) -> Result<Self, NotAFunctionApp> {
        let parts: Vec<&str> = text.split('/').collect();
        let ["", subscriptions, subscription, groups, group, providers, web, sites, app] =
            parts[..]
        else {
            return Err(NotAFunctionApp);
        };
        let fixed = [
            (subscriptions, "subscriptions"),
            (groups, "resourceGroups"),
            (providers, "providers"),
            (web, "Microsoft.Web"),
            (sites, "sites"),
        ];
        let is_valid = fixed.iter().all(|(given, known)| given.eq_ignore_ascii_case(known))
            && is_name(subscription, 36, |c| c.is_ascii_hexdigit() || c == '-')
            && is_name(group, 90, |c| c.is_alphanumeric() || "-_.()".contains(c))
            && !group.ends_with('.')
            && is_name(app, 60, |c| c.is_ascii_alphanumeric() || c == '-');
        if is_valid { Ok(Self(text.to_owned())) } else { Err(NotAFunctionApp) }
    }
}

fn is_name(text: &str, max_length: usize, is_allowed: impl Fn(char) -> bool) -> bool {
    (1..=max_length).contains(&text.chars().count()) && text.chars().all(is_allowed)
}

impl fmt::Display for FunctionAppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_id_cannot_escape_its_place_in_a_path() {
        let id = |group: &str, app: &str| {
            let subscription = "/subscriptions/0a1b2c3d-0000-0000-0000-000000000001";
            format!("{subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{app}")
        };
        let valid = id("Größe_(1).x", "mayfly-7");
        assert_eq!(valid.parse::<FunctionAppId>().expect("an id").to_string(), valid);
        assert!(valid.to_lowercase().parse::<FunctionAppId>().is_ok());
        for faulty in [
            String::new(),
            "mayfly".to_owned(),
            id("..", "mayfly"),
            id("group", ""),
            id("group", "may/fly"),
            id("group", "mayfly?x"),
            id("group", "mayfly/slots/next"),
            format!("https://management.azure.com{}", id("group", "mayfly")),
            id("group", "mayfly").replace("Microsoft.Web", "Microsoft.App"),
        ] {
            assert_eq!(faulty.parse::<FunctionAppId>(), Err(NotAFunctionApp), "{faulty}");
        }
    }
}
