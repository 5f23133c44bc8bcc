//! An entry of the list of functions, as `GET /admin/functions` returns it.

use serde_json::{Value, json};

use crate::definitions::{App, Document};

/// Returns the entry of a function; `base` is the URL of the host without a trailing slash.
///
/// The host writes the URL to invoke a function in lower case:
/// `FunctionMetadataExtensions.cs` in <https://github.com/Azure/azure-functions-host>.
/// `test_data` and its URL are null, because the emulator keeps no test data.
pub(crate) fn entry(document: &Document, app: &App, base: &str) -> Value {
    let name = &document.name;
    let root = app.root.display().to_string();
    let files = format!("{base}/admin/vfs/{}/{name}", root.trim_matches('/'));
    json!({
        "name": name,
        "script_root_path_href": format!("{files}/"),
        "script_href": null,
        "config_href": format!("{files}/function.json"),
        "test_data_href": null,
        "href": format!("{base}/admin/functions/{name}"),
        "invoke_url_template": invoke_url(document, &app.host.route_prefix, base),
        "language": null,
        "config": document.content,
        "files": null,
        "test_data": null,
        "isDisabled": document.is_disabled(),
        "isDirect": false,
        "isProxy": false,
    })
}

fn invoke_url(document: &Document, prefix: &str, base: &str) -> Option<String> {
    let bindings = document.content["bindings"].as_array()?;
    let is_http = |binding: &&Value| {
        binding["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("httpTrigger"))
    };
    let trigger = bindings.iter().find(is_http)?.as_object()?;
    let route = trigger.iter().find(|(name, _)| name.eq_ignore_ascii_case("route"));
    let route = route.and_then(|(_, route)| route.as_str()).filter(|route| !route.is_empty());
    let segments = [base, prefix, route.unwrap_or(&document.name)];
    let segments = segments.into_iter().filter(|segment| !segment.is_empty());
    Some(segments.collect::<Vec<_>>().join("/").to_lowercase())
}
