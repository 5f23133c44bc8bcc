//! host.json, with the defaults of the Functions host and of its queue extension.

use std::path::PathBuf;
use std::time::Duration;

use super::document::{InvalidDefinition, Section};

/// The content of host.json.
#[derive(Clone, Debug)]
pub(crate) struct HostJson {
    /// The handler's executable, relative to the application's root.
    pub(crate) executable: PathBuf,
    /// Its arguments, before `%SETTING%` is expanded.
    pub(crate) arguments: Vec<String>,
    /// Its working directory, relative to the application's root.
    pub(crate) working_directory: PathBuf,
    /// The way a request reaches a function whose only bindings are an HTTP trigger and an HTTP output.
    pub(crate) http_mode: HttpMode,
    /// The first segment of every function's path.
    pub(crate) route_prefix: String,
    /// The timeout of an invocation; `None` for no timeout.
    pub(crate) function_timeout: Option<Duration>,
    /// The options of the queue trigger.
    pub(crate) queues: QueueOptions,
}

/// The way an HTTP request reaches the handler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HttpMode {
    /// As JSON, in a payload like those of all other triggers.
    Payload,
    /// As a new request that the host creates (`enableForwardingHttpRequest`).
    Forward,
    /// As the request itself, through the host's reverse proxy (`enableProxyingHttpRequest`).
    Proxy,
}

/// The options of the queue trigger.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueueOptions {
    /// The maximum number of messages of one poll.
    pub(crate) batch_size: usize,
    /// The maximum number of messages in process when the next poll begins.
    pub(crate) new_batch_threshold: usize,
    /// The maximum delay between two polls of an empty queue.
    pub(crate) max_polling_interval: Duration,
    /// The time for which a message stays invisible after a failure.
    pub(crate) visibility_timeout: Duration,
    /// The number of attempts before a message is moved to the poison queue.
    pub(crate) max_dequeue_count: u32,
    /// The encoding of the message text.
    pub(crate) encoding: Encoding,
}

/// The encoding of a message's text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Encoding {
    /// Base64 of the UTF-8 bytes.
    Base64,
    /// No encoding.
    Plain,
}

pub(super) fn parse(root: &Section<'_>) -> Result<HostJson, InvalidDefinition> {
    if root.text("version")? != Some("2.0") {
        return Err(root.error("version", "must be \"2.0\""));
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

fn http_mode(handler: &Section<'_>) -> Result<HttpMode, InvalidDefinition> {
    // The host checks for the proxy first.
    if handler.boolean("enableProxyingHttpRequest")? {
        return Ok(HttpMode::Proxy);
    }
    let forward = handler.boolean("enableForwardingHttpRequest")?;
    Ok(if forward { HttpMode::Forward } else { HttpMode::Payload })
}

fn function_timeout(root: &Section<'_>) -> Result<Option<Duration>, InvalidDefinition> {
    const NAME: &str = "functionTimeout";
    if root.text(NAME)? == Some("-1") {
        return Ok(None);
    }
    // The default of every plan except the Linux and Windows Consumption plans.
    Ok(Some(root.duration(NAME)?.unwrap_or(Duration::from_secs(30 * 60))))
}

fn parse_queues(section: &Section<'_>) -> Result<QueueOptions, InvalidDefinition> {
    let batch_size = section.number("batchSize", 1..=32)?.unwrap_or(16);
    let threshold = section.number("newBatchThreshold", 0..=1000)?;
    let max_attempts = section.number("maxDequeueCount", 1..=1000)?;
    let defaults = QueueOptions::default();
    Ok(QueueOptions {
        batch_size: usize::try_from(batch_size).expect("within the range above"),
        new_batch_threshold: usize::try_from(threshold.unwrap_or(batch_size / 2))
            .expect("within the range above"),
        max_polling_interval: polling_interval(section)?.unwrap_or(defaults.max_polling_interval),
        visibility_timeout: section
            .duration("visibilityTimeout")?
            .unwrap_or(defaults.visibility_timeout),
        max_dequeue_count: max_attempts.map_or(defaults.max_dequeue_count, |count| {
            u32::try_from(count).expect("within the range above")
        }),
        encoding: match section.text("messageEncoding")? {
            None | Some("base64") => Encoding::Base64,
            Some("none") => Encoding::Plain,
            Some(_) => return Err(section.error("messageEncoding", "must be base64 or none")),
        },
    })
}

fn polling_interval(section: &Section<'_>) -> Result<Option<Duration>, InvalidDefinition> {
    const NAME: &str = "maxPollingInterval";
    let interval = section.duration(NAME)?;
    if interval.is_some_and(|interval| interval < Duration::from_millis(100)) {
        return Err(section.error(NAME, "must be at least 00:00:00.100"));
    }
    Ok(interval)
}

impl Default for QueueOptions {
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
    fn error_of(document: serde_json::Value) -> String {
        let root = Section::root("host.json", &document).expect("an object");
        parse(&root).expect_err("an invalid document").to_string()
    }

    #[test]
    fn an_error_in_host_json_names_the_field() {
        let handler = json!({ "description": { "defaultExecutablePath": "handler" } });
        let queues = json!({ "queues": { "batchSize": 33 } });
        let errors = [
            error_of(json!({ "version": "2.0" })),
            error_of(json!({ "version": "2.0", "customHandler": { "description": {} } })),
            error_of(json!({ "version": "2.0", "customHandler": handler, "extensions": queues })),
            error_of(json!({ "version": "2.0", "customHandler": handler, "functionTimeout": "5" })),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        host.json: customHandler is missing
        host.json: customHandler.description.defaultExecutablePath is missing
        host.json: extensions.queues.batchSize must be between 1 and 32
        host.json: functionTimeout must be a time span such as 00:00:30
        ");
    }

    #[test]
    fn absent_fields_have_the_defaults_of_the_host() {
        let handler = json!({ "description": { "defaultExecutablePath": "handler" } });
        let document = json!({ "version": "2.0", "customHandler": handler });
        let root = Section::root("host.json", &document).expect("an object");
        let host = parse(&root).expect("complete");
        assert_eq!((host.route_prefix.as_str(), host.http_mode), ("api", HttpMode::Payload));
        assert_eq!(host.function_timeout, Some(Duration::from_secs(1800)));
        assert_eq!(host.queues, QueueOptions::default());
    }
}
