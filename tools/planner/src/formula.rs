//! Formulas of the template, filled with numbers as the template fills them.

use std::fmt::Write;

use autoscale_formula::{Formula, parse};

use crate::table::WeeklyTable;

/// The formula of the template for dedicated nodes.
pub const DEDICATED: &str = include_str!("../../../arm/autoscale/dedicated.txt");
/// The formula of the template with a table of the week.
pub const WEEKLY: &str = include_str!("../../../arm/autoscale/weekly.txt");

/// Nodes that are kept on some weekdays from one hour to another, in UTC.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WarmWindow {
    /// The number of nodes.
    pub nodes: u32,
    /// First hour.
    pub from_hour: u32,
    /// The hour at which it ends.
    pub to_hour: u32,
    /// First weekday; Monday is 1.
    pub from_weekday: u32,
    /// Last weekday.
    pub to_weekday: u32,
}

/// The numbers that size a pool, as the template's parameters have them.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Maximum number of nodes.
    pub max_nodes: u32,
    /// Nodes that are kept at all times.
    pub min_nodes: u32,
    /// Minutes that demand must stay lower before nodes are removed.
    pub calm_minutes: u32,
    /// What is kept beyond that.
    pub warm: Warm,
}

/// Nodes that are kept at some times.
#[derive(Clone, Debug, PartialEq)]
pub enum Warm {
    /// None.
    None,
    /// Some nodes on some weekdays from one hour to another.
    Window(WarmWindow),
    /// A number of nodes for each hour of the week.
    Table(WeeklyTable),
}

impl Settings {
    /// The template's defaults, with another maximum.
    pub const fn reference(max_nodes: u32) -> Self {
        Self { max_nodes, min_nodes: 0, calm_minutes: 15, warm: Warm::None }
    }

    /// Returns the text of the formula with these numbers.
    pub fn formula(&self) -> String {
        let mut numbers = vec![
            ("maxNodes", self.max_nodes.to_string()),
            ("minNodes", self.min_nodes.to_string()),
            ("calmMinutes", self.calm_minutes.to_string()),
        ];
        match &self.warm {
            Warm::None => filled(DEDICATED, &numbers),
            Warm::Window(window) => {
                numbers.extend([
                    ("warmNodes", window.nodes.to_string()),
                    ("warmFromHour", window.from_hour.to_string()),
                    ("warmToHour", window.to_hour.to_string()),
                    ("warmFromWeekday", window.from_weekday.to_string()),
                    ("warmToWeekday", window.to_weekday.to_string()),
                ]);
                filled(DEDICATED, &numbers)
            }
            Warm::Table(table) => {
                numbers.extend([
                    ("trust", table.trust.to_string()),
                    ("hourNodes", format!("[{}]", list(&table.hour_nodes))),
                    ("spareNodes", format!("[{}]", list(&table.spare_nodes))),
                    ("startNodes", format!("[{}]", list(&table.start_nodes))),
                ]);
                filled(WEEKLY, &numbers)
            }
        }
    }

    /// Parses the formula.
    pub fn parsed(&self) -> Formula {
        parse(&self.formula())
            .expect("a test parses the template's formulas with the longest tables")
    }
}

/// Returns the numbers of a table, separated by commas.
pub fn list(numbers: &[u32]) -> String {
    numbers.iter().enumerate().fold(String::new(), |mut text, (index, number)| {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String never fails.
        let _ = write!(text, "{comma}{number}");
        text
    })
}

/// Replaces the numbers that a formula assigns in lines of their own.
fn filled(formula: &str, numbers: &[(&str, String)]) -> String {
    let line = |line: &str| {
        let assigned = line.split_once(" = ").map(|(name, _)| name);
        let number = numbers.iter().find(|(name, _)| Some(*name) == assigned);
        number.map_or(line.to_owned(), |(name, number)| format!("{name} = {number};"))
    };
    formula.lines().map(|text| line(text) + "\n").collect()
}
