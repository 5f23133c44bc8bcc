//! Reads a function.json: what triggers a function, and what becomes of its answer.

use http::Method;

use crate::document::{BadDefinition, Section};
use crate::route::Route;

/// One function as its folder defines it.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// The folder's name.
    pub(crate) name: String,
    /// What triggers it.
    pub(crate) trigger: Trigger,
    /// The name of its HTTP output, where it has one.
    pub(crate) http_output: Option<String>,
}

/// What triggers a function.
#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    /// A request.
    Http(HttpTrigger),
    /// A message on a storage queue.
    Queue(QueueTrigger),
    /// The time.
    Timer(TimerTrigger),
}

/// A request as trigger.
#[derive(Clone, Debug)]
pub(crate) struct HttpTrigger {
    /// The binding's name.
    pub(crate) binding: String,
    /// The methods that are routed; all where it says nothing.
    pub(crate) methods: Option<Vec<Method>>,
    /// Which key a caller needs.
    pub(crate) level: Level,
    /// The path below the route prefix.
    pub(crate) route: Route,
}

/// Which key a caller of an HTTP function needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Level {
    /// None.
    Anonymous,
    /// A key of the function, or the master key.
    Function,
    /// The master key.
    Admin,
}

/// A queue's message as trigger.
#[derive(Clone, Debug)]
pub(crate) struct QueueTrigger {
    /// The binding's name.
    pub(crate) binding: String,
    /// The queue, `%SETTING%` not yet replaced.
    pub(crate) queue: String,
    /// The name of the setting that says where the queue is.
    pub(crate) connection: String,
}

/// The time as trigger.
#[derive(Clone, Debug)]
pub(crate) struct TimerTrigger {
    /// The binding's name.
    pub(crate) binding: String,
    /// The schedule, `%SETTING%` not yet replaced.
    pub(crate) schedule: String,
    /// Whether it fires as the host starts, too.
    pub(crate) run_on_startup: bool,
}

impl Function {
    /// Names the group that this function belongs to; Flex Consumption gives each group its own instances.
    pub(crate) fn group(&self) -> String {
        match self.trigger {
            Trigger::Http(_) => "http".to_owned(),
            Trigger::Queue(_) | Trigger::Timer(_) => format!("function:{}", self.name),
        }
    }

    /// Tells whether a request can be handed on as it is, without the payload.
    pub(crate) fn is_http_in_and_out(&self) -> bool {
        matches!(self.trigger, Trigger::Http(_)) && self.http_output.is_some()
    }
}

/// Reads a definition; `None` for a disabled function.
pub(super) fn parse(name: &str, root: &Section<'_>) -> Result<Option<Function>, BadDefinition> {
    if root.flag("disabled")? {
        return Ok(None);
    }
    if root.section("retry")?.is_some() {
        return Err(root.fault("retry", "is not modelled"));
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
        Err(_) => Err(root.fault("bindings", "must hold exactly one trigger")),
    }
}

fn trigger(name: &str, section: &Section<'_>, kind: &str) -> Result<Trigger, BadDefinition> {
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
            run_on_startup: section.flag("runOnStartup")?,
        })),
        other => Err(unmodelled(section, "trigger", other)),
    }
}

fn http_trigger(
    name: &str,
    binding: String,
    section: &Section<'_>,
) -> Result<HttpTrigger, BadDefinition> {
    let level = match section.text("authLevel")? {
        Some("anonymous") => Level::Anonymous,
        None | Some("function") => Level::Function,
        Some("admin") => Level::Admin,
        Some(other) => return Err(section.fault("authLevel", &format!("has no level {other}"))),
    };
    let route = section.text("route")?.filter(|route| !route.is_empty()).unwrap_or(name);
    let route = Route::parse(route).map_err(|trouble| section.fault("route", &trouble))?;
    Ok(HttpTrigger { binding, methods: methods(section)?, level, route })
}

fn methods(section: &Section<'_>) -> Result<Option<Vec<Method>>, BadDefinition> {
    let Some(names) = section.texts("methods")? else { return Ok(None) };
    let parse = |name: &String| Method::from_bytes(name.to_ascii_uppercase().as_bytes());
    match names.iter().map(parse).collect() {
        Ok(methods) => Ok(Some(methods)),
        Err(_) => Err(section.fault("methods", "holds a name that is no method")),
    }
}

fn binding_name(section: &Section<'_>) -> Result<String, BadDefinition> {
    Ok(section.required("name", section.text("name")?)?.to_owned())
}

fn unmodelled(section: &Section<'_>, what: &str, kind: &str) -> BadDefinition {
    section.fault("type", &format!("asks for the {what} {kind}, which is not modelled"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn refused(bindings: serde_json::Value) -> String {
        let document = json!({ "bindings": bindings });
        let root = Section::root("F/function.json", &document).expect("an object");
        parse("F", &root).expect_err("a fault in it").to_string()
    }

    #[test]
    fn a_fault_in_function_json_is_named_with_its_field() {
        let said = [
            refused(json!([])),
            refused(json!([{ "type": "blobTrigger", "name": "blob" }])),
            refused(json!([{ "type": "queue", "direction": "out", "name": "copy" }])),
            refused(json!([{ "type": "queueTrigger", "name": "message" }])),
            refused(json!([{ "type": "httpTrigger", "name": "r", "route": "jobs/{id:int}" }])),
            refused(json!([{ "type": "httpTrigger", "name": "r", "authLevel": "user" }])),
        ];
        insta::assert_snapshot!(said.join("\n"), @r"
        F/function.json: bindings must hold exactly one trigger
        F/function.json: bindings[0].type asks for the trigger blobTrigger, which is not modelled
        F/function.json: bindings[0].type asks for the output queue, which is not modelled
        F/function.json: bindings[0].queueName is missing
        F/function.json: bindings[0].route has the constraint {id:int}, which is not modelled
        F/function.json: bindings[0].authLevel has no level user
        ");
    }
}
