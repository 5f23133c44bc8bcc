//! Draws the nodes of pools over time, and the tasks that they had to do.

use std::fmt::Write;

use super::course::{Course, Look};

const WIDTH: f64 = 960.0;
const PANEL: f64 = 190.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 16.0;
const HEAD: f64 = 40.0;
const FOOT: f64 = 52.0;

/// Draws a panel for each course: tasks in grey, nodes as a line, those with a task filled.
pub(super) fn draw(courses: &[Course]) -> String {
    let height = courses.len() as f64 * (PANEL + HEAD) + FOOT;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    let most = courses.iter().flat_map(|course| &course.looks).map(highest).max().unwrap_or(1);
    for (place, course) in courses.iter().enumerate() {
        panel(&mut svg, course, HEAD + place as f64 * (PANEL + HEAD), most.max(1) as f64);
    }
    legend(&mut svg, height - 14.0);
    svg + "</svg>\n"
}

/// A panel is as high as the most nodes, and twice as high as that where the tasks go beyond it.
fn highest(look: &Look) -> usize {
    look.nodes.max(look.pending.min(2 * look.nodes.max(8) as u64) as usize)
}

fn panel(svg: &mut String, course: &Course, top: f64, most: f64) {
    let bottom = top + PANEL;
    let (hours, looks) = (course.looks.len().saturating_sub(1) as f64 / 12.0, &course.looks);
    let x = |place: usize| LEFT + (WIDTH - LEFT - RIGHT) * place as f64 / (hours * 12.0).max(1.0);
    let y = |value: f64| bottom - PANEL * (value.min(most) / most);
    grid(svg, top, hours, most, &y, course);
    let pending = area(looks, &x, &y, bottom, |look| look.pending as f64);
    let working = area(looks, &x, &y, bottom, |look| look.working as f64);
    let nodes = steps(looks, &x, &y, |look| look.nodes as f64);
    add(svg, format_args!("<path d=\"{pending}\" fill=\"#d5d5d5\"/>"));
    add(svg, format_args!("<path d=\"{working}\" fill=\"#8ab6e8\"/>"));
    add(
        svg,
        format_args!("<path d=\"M{nodes}\" fill=\"none\" stroke=\"#14477f\" stroke-width=\"2\"/>"),
    );
    let title = escaped(&course.summary());
    add(
        svg,
        format_args!("<text x=\"{LEFT}\" y=\"{}\" font-size=\"12.5\">{title}</text>", top - 10.0),
    );
}

fn grid(
    svg: &mut String,
    top: f64,
    hours: f64,
    most: f64,
    y: &impl Fn(f64) -> f64,
    course: &Course,
) {
    let bottom = top + PANEL;
    let step = (most / 4.0).ceil().max(1.0);
    for value in (0..).map(|count| f64::from(count) * step).take_while(|value| *value <= most) {
        let (at, right) = (y(value), WIDTH - RIGHT);
        add(svg, format_args!("<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#e6e6e6\"/>"));
        add(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
                LEFT - 6.0,
                at + 4.0
            ),
        );
    }
    for hour in (0..=hours as u32).step_by(2) {
        let at = LEFT + (WIDTH - LEFT - RIGHT) * f64::from(hour) / hours.max(1.0);
        let time = course.from + chrono::TimeDelta::hours(hour.into());
        let time = time.format("%H");
        add(
            svg,
            format_args!(
                "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-size=\"11\">{time}</text>",
                bottom + 14.0
            ),
        );
    }
}

fn legend(svg: &mut String, at: f64) {
    let items = [
        ("#d5d5d5", "tasks, waiting and running"),
        ("#8ab6e8", "nodes with a task"),
        ("#14477f", "nodes"),
    ];
    for (place, (colour, text)) in items.iter().enumerate() {
        let x = LEFT + 240.0 * place as f64;
        add(
            svg,
            format_args!(
                "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
                at - 11.0
            ),
        );
        add(svg, format_args!("<text x=\"{}\" y=\"{at}\">{text}</text>", x + 18.0));
    }
}

/// Draws a value that stays as it is until the next look.
fn steps(
    looks: &[Look],
    x: &impl Fn(usize) -> f64,
    y: &impl Fn(f64) -> f64,
    value: impl Fn(&Look) -> f64,
) -> String {
    let first = looks.first().map_or(0.0, &value);
    let mut path = format!("{:.1} {:.1}", x(0), y(first));
    let mut last = first;
    for (place, look) in looks.iter().enumerate() {
        let value = value(look);
        if value != last {
            // Writing to a text never fails.
            let _ = write!(path, "H{:.1}V{:.1}", x(place), y(value));
            last = value;
        }
    }
    path + &format!("H{:.1}", x(looks.len().saturating_sub(1)))
}

fn area(
    looks: &[Look],
    x: &impl Fn(usize) -> f64,
    y: &impl Fn(f64) -> f64,
    bottom: f64,
    value: impl Fn(&Look) -> f64,
) -> String {
    format!("M{:.1} {bottom:.1}L{}V{bottom:.1}Z", x(0), steps(looks, x, y, value))
}

fn add(svg: &mut String, element: std::fmt::Arguments<'_>) {
    let _ = writeln!(svg, "{element}");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
