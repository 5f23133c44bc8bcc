//! Deserialization of samples: a list is a variable's samples, a number its present value.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use super::Samples;
use crate::variable::{Metric, Target};

/// Deserializes `{"$PendingTasks": [["2026-11-21T10:00:00Z", 5], …], "$TaskSlotsPerNode": 2,
/// "$TargetDedicatedNodes": 3}`.
///
/// ```
/// let json = r#"{"$PendingTasks": [["2026-11-21T10:00:00Z", 5]], "$TargetDedicatedNodes": 3}"#;
/// let samples: autoscale_formula::Samples = serde_json::from_str(json).unwrap();
/// ```
impl<'de> Deserialize<'de> for Samples {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Variables)
    }
}

struct Variables;

#[derive(serde::Deserialize)]
#[serde(untagged, expecting = "expected a number, or a list of [time, number]")]
enum Known {
    Present(f64),
    Samples(Vec<(String, f64)>),
}

impl<'de> Visitor<'de> for Variables {
    type Value = Samples;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("variables by their names")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Samples, M::Error> {
        let mut samples = Samples::new();
        while let Some(name) = map.next_key::<String>()? {
            let known = map.next_value::<Known>().map_err(|error| named(&name, error))?;
            add(&mut samples, &name, known)?;
        }
        Ok(samples)
    }
}

fn add<E: de::Error>(samples: &mut Samples, name: &str, known: Known) -> Result<(), E> {
    match (Metric::named(name), Target::named(name), known) {
        (Some(metric), _, Known::Present(value)) => samples.set_present(metric, value),
        (Some(metric), _, Known::Samples(taken)) => {
            for (time, value) in taken {
                samples.push(metric, parse_time(name, &time)?, value);
            }
        }
        (None, Some(target), Known::Present(nodes)) => {
            if nodes.fract() != 0.0 || !(0.0..=f64::from(i32::MAX)).contains(&nodes) {
                return Err(named(name, "a target is a whole number of nodes"));
            }
            samples.set_target(target, nodes as i32);
        }
        (None, Some(_), Known::Samples(_)) => {
            return Err(named(name, "a target is a number, not samples"));
        }
        (None, None, _) => return Err(named(name, "unknown variable")),
    }
    Ok(())
}

fn parse_time<E: de::Error>(name: &str, text: &str) -> Result<DateTime<Utc>, E> {
    text.parse().map_err(|_| {
        named(name, format_args!("{text:?} is no time: write it as 2026-11-21T10:00:00Z"))
    })
}

fn named<E: de::Error>(name: &str, problem: impl fmt::Display) -> E {
    E::custom(format_args!("{name}: {problem}"))
}
