//! Reads host.json, with the defaults of the Functions host and of its queue extension.

use std::path::PathBuf;
use std::time::Duration;

use crate::document::{BadDefinition, Section};

/// What host.json says about this application.
#[derive(Clone, Debug)]
pub(crate) struct HostJson {
    /// The handler's program, relative to the application's root.
    pub(crate) executable: PathBuf,
    /// Its arguments, `%SETTING%` not yet replaced.
    pub(crate) arguments: Vec<String>,
    /// Its working directory, relative to the application's root.
    pub(crate) working_directory: PathBuf,
    /// How a request reaches a function that has an HTTP trigger and an HTTP output, and nothing else.
    pub(crate) http_mode: HttpMode,
    /// The first segment of every function's path.
    pub(crate) route_prefix: String,
    /// How long an invocation may take; `None` for ever.
    pub(crate) function_timeout: Option<Duration>,
    /// How queues are polled.
    pub(crate) queues: Queues,
}

/// How an HTTP request reaches the handler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HttpMode {
    /// As JSON, in the payload that all triggers have.
    Payload,
    /// As a request that the host builds anew (`enableForwardingHttpRequest`).
    Forward,
    /// As the request itself, through the host's reverse proxy (`enableProxyingHttpRequest`).
    Proxy,
}

/// The settings of the queue trigger.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Queues {
    /// How many messages one poll takes.
    pub(crate) batch_size: usize,
    /// How many messages may still be in work when the next batch is taken.
    pub(crate) new_batch_threshold: usize,
    /// The longest wait between two polls of an empty queue.
    pub(crate) max_polling_interval: Duration,
    /// How long a message stays invisible after a failure.
    pub(crate) visibility_timeout: Duration,
    /// How often a message is tried before it is moved to the poison queue.
    pub(crate) max_dequeue_count: u32,
    /// What the message text is encoded with.
    pub(crate) encoding: Encoding,
}

/// How a message's text lies in the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Encoding {
    /// As base64 of its UTF-8 bytes.
    Base64,
    /// As it is.
    Plain,
}

pub(super) fn parse(root: &Section<'_>) -> Result<HostJson, BadDefinition> {
    if root.text("version")? != Some("2.0") {
        return Err(root.fault("version", "must be \"2.0\""));
    }
    let handler = root.required("customHandler", root.section("customHandler")?)?;
    let description = handler.required("description", handler.section("description")?)?;
    let executable = description.text("defaultExecutablePath")?;
    let extensions = root.section("extensions")?;
    let http = extensions.as_ref().map(|part| part.section("http")).transpose()?.flatten();
    let queues = extensions.as_ref().map(|part| part.section("queues")).transpose()?.flatten();
    let route_prefix = http.as_ref().map(|http| http.text("routePrefix")).transpose()?.flatten();
    Ok(HostJson {
        executable: description.required("defaultExecutablePath", executable)?.into(),
        arguments: description.texts("arguments")?.unwrap_or_default(),
        working_directory: description.text("workingDirectory")?.unwrap_or_default().into(),
        http_mode: http_mode(&handler)?,
        route_prefix: route_prefix.unwrap_or("api").trim_matches('/').to_owned(),
        function_timeout: function_timeout(root)?,
        queues: queues.as_ref().map(parse_queues).transpose()?.unwrap_or_default(),
    })
}

fn http_mode(handler: &Section<'_>) -> Result<HttpMode, BadDefinition> {
    // The host asks for the proxy first.
    if handler.flag("enableProxyingHttpRequest")? {
        return Ok(HttpMode::Proxy);
    }
    let forward = handler.flag("enableForwardingHttpRequest")?;
    Ok(if forward { HttpMode::Forward } else { HttpMode::Payload })
}

fn function_timeout(root: &Section<'_>) -> Result<Option<Duration>, BadDefinition> {
    const NAME: &str = "functionTimeout";
    if root.text(NAME)? == Some("-1") {
        return Ok(None);
    }
    // The default of every plan but the Linux and Windows Consumption plans.
    Ok(Some(root.span(NAME)?.unwrap_or(Duration::from_secs(30 * 60))))
}

fn parse_queues(section: &Section<'_>) -> Result<Queues, BadDefinition> {
    let batch_size = section.number("batchSize", 1..=32)?.unwrap_or(16);
    let threshold = section.number("newBatchThreshold", 0..=1000)?;
    let tries = section.number("maxDequeueCount", 1..=1000)?;
    let defaults = Queues::default();
    Ok(Queues {
        batch_size: usize::try_from(batch_size).expect("within the bounds above"),
        new_batch_threshold: usize::try_from(threshold.unwrap_or(batch_size / 2))
            .expect("within the bounds above"),
        max_polling_interval: polling_interval(section)?.unwrap_or(defaults.max_polling_interval),
        visibility_timeout: section
            .span("visibilityTimeout")?
            .unwrap_or(defaults.visibility_timeout),
        max_dequeue_count: tries.map_or(defaults.max_dequeue_count, |tries| {
            u32::try_from(tries).expect("within the bounds above")
        }),
        encoding: match section.text("messageEncoding")? {
            None | Some("base64") => Encoding::Base64,
            Some("none") => Encoding::Plain,
            Some(_) => return Err(section.fault("messageEncoding", "must be base64 or none")),
        },
    })
}

fn polling_interval(section: &Section<'_>) -> Result<Option<Duration>, BadDefinition> {
    const NAME: &str = "maxPollingInterval";
    let interval = section.span(NAME)?;
    if interval.is_some_and(|interval| interval < Duration::from_millis(100)) {
        return Err(section.fault(NAME, "must be at least 00:00:00.100"));
    }
    Ok(interval)
}

impl Default for Queues {
    fn default() -> Self {
        Self {
            batch_size: 16,
            new_batch_threshold: 8,
            max_polling_interval: Duration::from_secs(60),
            visibility_timeout: Duration::ZERO,
            max_dequeue_count: 5,
            encoding: Encoding::Base64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn refused(document: serde_json::Value) -> String {
        let root = Section::root("host.json", &document).expect("an object");
        parse(&root).expect_err("a fault in it").to_string()
    }

    #[test]
    fn a_fault_in_host_json_is_named_with_its_field() {
        let handler = json!({ "description": { "defaultExecutablePath": "handler" } });
        let queues = json!({ "queues": { "batchSize": 33 } });
        let said = [
            refused(json!({ "version": "2.0" })),
            refused(json!({ "version": "2.0", "customHandler": { "description": {} } })),
            refused(json!({ "version": "2.0", "customHandler": handler, "extensions": queues })),
            refused(json!({ "version": "2.0", "customHandler": handler, "functionTimeout": "5" })),
        ];
        insta::assert_snapshot!(said.join("\n"), @r"
        host.json: customHandler is missing
        host.json: customHandler.description.defaultExecutablePath is missing
        host.json: extensions.queues.batchSize must lie between 1 and 32
        host.json: functionTimeout is no time span such as 00:00:30
        ");
    }

    #[test]
    fn what_host_json_leaves_out_has_the_hosts_defaults() {
        let handler = json!({ "description": { "defaultExecutablePath": "handler" } });
        let document = json!({ "version": "2.0", "customHandler": handler });
        let root = Section::root("host.json", &document).expect("an object");
        let host = parse(&root).expect("complete");
        assert_eq!((host.route_prefix.as_str(), host.http_mode), ("api", HttpMode::Payload));
        assert_eq!(host.function_timeout, Some(Duration::from_secs(1800)));
        assert_eq!(host.queues, Queues::default());
    }
}
