//! function.json: the trigger of a function, and its HTTP output.

use http::Method;

use super::document::{InvalidDefinition, Section};
use crate::routes::template::Route;

/// A function as defined by its folder.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The name, which is the folder's.
    pub(crate) name: String,
    /// The trigger.
    pub(crate) trigger: Trigger,
    /// The name of its HTTP output, if it has one.
    pub(crate) http_output: Option<String>,
}

/// The trigger of a function.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    /// An HTTP request.
    Http(HttpTrigger),
    /// A message in a storage queue.
    Queue(QueueTrigger),
    /// A schedule.
    Timer(TimerTrigger),
}

/// An HTTP trigger.
#[derive(Clone, Debug)]
pub(crate) struct HttpTrigger {
    /// The binding's name.
    pub(crate) binding: String,
    /// The accepted methods; all by default.
    pub(crate) methods: Option<Vec<Method>>,
    /// The key that a caller needs.
    pub(crate) level: AuthLevel,
    /// The path below the route prefix.
    pub(crate) route: Route,
}

/// The key that a caller of an HTTP function needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AuthLevel {
    /// None.
    Anonymous,
    /// A key of the function, or the master key.
    Function,
    /// The master key.
    Admin,
}

/// A queue trigger.
#[derive(Clone, Debug)]
pub(crate) struct QueueTrigger {
    /// The binding's name.
    pub(crate) binding: String,
    /// The queue, before `%SETTING%` is expanded.
    pub(crate) queue: String,
    /// The name of the setting with the connection string.
    pub(crate) connection: String,
}

/// A timer trigger.
#[derive(Clone, Debug)]
pub(crate) struct TimerTrigger {
    /// The binding's name.
    pub(crate) binding: String,
    /// The schedule, before `%SETTING%` is expanded.
    pub(crate) schedule: String,
    /// Whether it also fires when the host starts.
    pub(crate) run_on_startup: bool,
}

impl HttpTrigger {
    /// Returns whether the trigger accepts a method.
    pub(crate) fn accepts(&self, method: &Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.contains(method))
    }
}

impl Function {
    /// Returns the group of this function; Flex Consumption scales each group on its own instances.
    pub(crate) fn group(&self) -> String {
        match self.trigger {
            Trigger::Http(_) => "http".to_owned(),
            Trigger::Queue(_) | Trigger::Timer(_) => format!("function:{}", self.name),
        }
    }

    /// Returns whether a request can be forwarded instead of sent as a payload.
    pub(crate) fn is_http_in_and_out(&self) -> bool {
        matches!(self.trigger, Trigger::Http(_)) && self.http_output.is_some()
    }
}

/// Parses a definition; returns `None` for a disabled function.
pub(super) fn parse(name: &str, root: &Section<'_>) -> Result<Option<Function>, InvalidDefinition> {
    if root.boolean("disabled")? {
        return Ok(None);
    }
    if root.section("retry")?.is_some() {
        return Err(root.error("retry", "is not modelled"));
    }
    let bindings = root.required("bindings", root.sections("bindings")?)?;
    let (mut triggers, mut http_output) = (Vec::new(), None);
    for binding in &bindings {
        let kind = binding.required("type", binding.text("type")?)?;
        match binding.text("direction")? {
            Some("out") if kind == "http" => http_output = Some(binding_name(binding)?),
            Some("out") => return Err(unmodelled(binding, "output", kind)),
            _ => triggers.push(trigger(name, binding, kind)?),
        }
    }
    match <[Trigger; 1]>::try_from(triggers) {
        Ok([trigger]) => Ok(Some(Function { name: name.to_owned(), trigger, http_output })),
        Err(_) => Err(root.error("bindings", "must contain exactly one trigger")),
    }
}

fn trigger(name: &str, section: &Section<'_>, kind: &str) -> Result<Trigger, InvalidDefinition> {
    let binding = binding_name(section)?;
    match kind {
        "httpTrigger" => http_trigger(name, binding, section).map(Trigger::Http),
        "queueTrigger" => Ok(Trigger::Queue(QueueTrigger {
            binding,
            queue: section.required("queueName", section.text("queueName")?)?.to_owned(),
            connection: section.text("connection")?.unwrap_or("Storage").to_owned(),
        })),
        "timerTrigger" => Ok(Trigger::Timer(TimerTrigger {
            binding,
            schedule: section.required("schedule", section.text("schedule")?)?.to_owned(),
            run_on_startup: section.boolean("runOnStartup")?,
        })),
        other => Err(unmodelled(section, "trigger", other)),
    }
}

fn http_trigger(
    name: &str,
    binding: String,
    section: &Section<'_>,
) -> Result<HttpTrigger, InvalidDefinition> {
    let level = match section.text("authLevel")? {
        Some("anonymous") => AuthLevel::Anonymous,
        None | Some("function") => AuthLevel::Function,
        Some("admin") => AuthLevel::Admin,
        Some(other) => {
            return Err(section.error("authLevel", &format!("has the unknown level {other}")));
        }
    };
    let route = section.text("route")?.filter(|route| !route.is_empty()).unwrap_or(name);
    let route = Route::parse(route).map_err(|problem| section.error("route", &problem))?;
    Ok(HttpTrigger { binding, methods: methods(section)?, level, route })
}

fn methods(section: &Section<'_>) -> Result<Option<Vec<Method>>, InvalidDefinition> {
    let Some(names) = section.texts("methods")? else { return Ok(None) };
    let parse = |name: &String| Method::from_bytes(name.to_ascii_uppercase().as_bytes());
    match names.iter().map(parse).collect() {
        Ok(methods) => Ok(Some(methods)),
        Err(_) => Err(section.error("methods", "contains a name that is not a method")),
    }
}

fn binding_name(section: &Section<'_>) -> Result<String, InvalidDefinition> {
    Ok(section.required("name", section.text("name")?)?.to_owned())
}

fn unmodelled(section: &Section<'_>, direction: &str, kind: &str) -> InvalidDefinition {
    section.error("type", &format!("is the {direction} {kind}, which is not modelled"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn error_of(bindings: serde_json::Value) -> String {
        let document = json!({ "bindings": bindings });
        let root = Section::root("F/function.json", &document).expect("an object");
        parse("F", &root).expect_err("an invalid definition").to_string()
    }

    #[test]
    fn an_error_in_function_json_names_the_field() {
        let errors = [
            error_of(json!([])),
            error_of(json!([{ "type": "blobTrigger", "name": "blob" }])),
            error_of(json!([{ "type": "queue", "direction": "out", "name": "copy" }])),
            error_of(json!([{ "type": "queueTrigger", "name": "message" }])),
            error_of(json!([{ "type": "httpTrigger", "name": "r", "route": "jobs/{id:int}" }])),
            error_of(json!([{ "type": "httpTrigger", "name": "r", "authLevel": "user" }])),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        F/function.json: bindings must contain exactly one trigger
        F/function.json: bindings[0].type is the trigger blobTrigger, which is not modelled
        F/function.json: bindings[0].type is the output queue, which is not modelled
        F/function.json: bindings[0].queueName is missing
        F/function.json: bindings[0].route has the constraint {id:int}, which is not modelled
        F/function.json: bindings[0].authLevel has the unknown level user
        ");
    }
}
