//! An SVG drawing of nodes and pending tasks over time.

use anyhow::anyhow;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::timeline::{PoolSample, PoolTimeline, SAMPLE_INTERVAL};

const WIDTH: u32 = 960;
const PANEL_HEIGHT: u32 = 240;
/// Samples of an hour.
const SAMPLES_PER_HOUR: usize = (60 / SAMPLE_INTERVAL.num_minutes()) as usize;
const TASKS: RGBColor = RGBColor(0xd5, 0xd5, 0xd5);
const WORKING: RGBColor = RGBColor(0x8a, 0xb6, 0xe8);
const NODES: RGBColor = RGBColor(0x14, 0x47, 0x7f);

/// The area of one panel of the picture.
type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Returns one panel per timeline: pending tasks in grey, nodes as a line, nodes with a task filled.
///
/// # Errors
/// The drawing backend fails.
pub(super) fn svg(timelines: &[PoolTimeline]) -> anyhow::Result<String> {
    let mut svg = String::new();
    let count = timelines.len();
    {
        let height = PANEL_HEIGHT * u32::try_from(count)?;
        let picture = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        picture.fill(&WHITE)?;
        let highest = timelines.iter().flat_map(|timeline| &timeline.samples).map(highest).max();
        for (timeline, area) in timelines.iter().zip(picture.split_evenly((count, 1))) {
            panel(timeline, &area, highest.unwrap_or_default().max(1))
                .map_err(|err| anyhow!("{err}"))?;
        }
        picture.present()?;
    }
    Ok(svg)
}

/// Returns the height of a panel: the most nodes, or up to twice as many where the tasks exceed them.
fn highest(sample: &PoolSample) -> u64 {
    let nodes = sample.nodes as u64;
    nodes.max(sample.pending.min(2 * nodes.max(8)))
}

fn panel(
    timeline: &PoolTimeline,
    area: &Panel<'_>,
    highest: u64,
) -> Result<(), Box<dyn std::error::Error>> {
    let samples = &timeline.samples;
    let last = samples.len().saturating_sub(1);
    let hours = (0..=last).step_by(2 * SAMPLES_PER_HOUR).collect();
    let mut chart = ChartBuilder::on(area)
        .caption(timeline.summary(), ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(24)
        .y_label_area_size(36)
        .build_cartesian_2d((0..last).with_key_points(hours), 0..highest)?;
    chart
        .configure_mesh()
        .x_labels(13)
        .y_labels(5)
        .x_label_formatter(&|index| timeline.time(*index).format("%H:%M").to_string())
        .light_line_style(TRANSPARENT)
        .label_style(("sans-serif", 14))
        .draw()?;
    let steps = |value: fn(&PoolSample) -> u64| steps(samples, move |one| value(one).min(highest));
    chart
        .draw_series(AreaSeries::new(steps(|one| one.pending), 0, TASKS))?
        .label("tasks, waiting and running")
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], TASKS.filled()));
    chart
        .draw_series(AreaSeries::new(steps(|one| one.working as u64), 0, WORKING))?
        .label("nodes with a task")
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], WORKING.filled()));
    chart
        .draw_series(LineSeries::new(steps(|one| one.nodes as u64), NODES.stroke_width(2)))?
        .label("nodes")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 12, y)], NODES.stroke_width(2)));
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 14))
        .position(SeriesLabelPosition::UpperRight)
        .draw()?;
    Ok(())
}

/// Returns the points of a value that is constant between samples.
fn steps(samples: &[PoolSample], value: impl Fn(&PoolSample) -> u64) -> Vec<(usize, u64)> {
    let mut points: Vec<(usize, u64)> = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        let value = value(sample);
        if let Some(&(_, last)) = points.last().filter(|(_, last)| *last != value) {
            points.push((index, last));
        }
        if points.last().is_none_or(|&(_, last)| last != value) || index + 1 == samples.len() {
            points.push((index, value));
        }
    }
    points
}
