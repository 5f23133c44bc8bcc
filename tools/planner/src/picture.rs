//! An SVG drawing of a week: demand, nodes of the plan and of the reference, and waits.

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::pool::{PoolSample, Timeline};
use crate::trace::{DAY, HOUR, Job, SECOND};

const WIDTH: u32 = 960;
const NODES_HEIGHT: u32 = 240;
const WAITS_HEIGHT: u32 = 150;
const SAMPLES_PER_HOUR: usize = 12;
const DEMAND: RGBColor = RGBColor(0xcf, 0xcf, 0xcf);
const PLAN: RGBColor = RGBColor(0x14, 0x47, 0x7f);
const REFERENCE: RGBColor = RGBColor(0xc8, 0x6a, 0x1e);

/// A drawn week.
pub struct Week<'a> {
    /// The heading.
    pub title: String,
    /// Its jobs.
    pub jobs: &'a [Job],
    /// The pool with the plan.
    pub plan: Timeline,
    /// The pool with the reference.
    pub reference: Timeline,
}

/// An error of the drawing backend.
#[derive(Debug, thiserror::Error)]
#[error("draw the week: {0}")]
pub struct DrawingError(String);

type Panel<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Returns two panels for each week: nodes, and the longest tenth of the waits of each hour.
///
/// # Errors
/// The drawing backend fails.
pub fn svg(weeks: &[Week<'_>]) -> Result<String, DrawingError> {
    let mut svg = String::new();
    draw(&mut svg, weeks).map_err(|err| DrawingError(err.to_string()))?;
    Ok(svg)
}

fn draw(svg: &mut String, weeks: &[Week<'_>]) -> Drawn {
    let height = (NODES_HEIGHT + WAITS_HEIGHT) * u32::try_from(weeks.len())?;
    let picture = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    picture.fill(&WHITE)?;
    for (week, area) in weeks.iter().zip(picture.split_evenly((weeks.len(), 1))) {
        let (nodes, waits) = area.split_vertically(NODES_HEIGHT);
        draw_nodes(week, &nodes)?;
        draw_waits(week, &waits)?;
    }
    picture.present()?;
    Ok(())
}

fn draw_nodes(week: &Week<'_>, area: &Panel<'_>) -> Drawn {
    let nodes = |timeline: &Timeline| hourly(&timeline.samples, |sample| sample.nodes);
    let demand = hourly(&week.reference.samples, |sample| sample.pending);
    let (plan, reference) = (nodes(&week.plan), nodes(&week.reference));
    let highest = demand.iter().chain(&plan).chain(&reference).copied().fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(&week.title, ("sans-serif", 16))
        .margin(10)
        .x_label_area_size(22)
        .y_label_area_size(44)
        .build_cartesian_2d(0..168_usize, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(8)
        .x_label_formatter(&|hour| day(*hour))
        .y_labels(5)
        .y_desc("jobs, nodes")
        .label_style(("sans-serif", 13))
        .draw()?;
    chart
        .draw_series(AreaSeries::new(steps(&demand), 0.0, DEMAND))?
        .label("jobs, waiting and running")
        .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], DEMAND.filled()));
    for (name, nodes, color) in
        [("nodes, reference", &reference, REFERENCE), ("nodes, plan", &plan, PLAN)]
    {
        chart
            .draw_series(LineSeries::new(steps(nodes), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 12, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 13))
        .position(SeriesLabelPosition::UpperRight)
        .draw()?;
    Ok(())
}

fn draw_waits(week: &Week<'_>, area: &Panel<'_>) -> Drawn {
    let plan = waits_by_hour(week.jobs, &week.plan);
    let reference = waits_by_hour(week.jobs, &week.reference);
    let highest = plan.iter().chain(&reference).map(|(_, minutes)| *minutes).fold(1.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(22)
        .y_label_area_size(44)
        .build_cartesian_2d(0..168_usize, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(8)
        .x_label_formatter(&|hour| day(*hour))
        .y_labels(4)
        .y_desc("minutes, p90")
        .label_style(("sans-serif", 13))
        .draw()?;
    for (waits, color) in [(&reference, REFERENCE), (&plan, PLAN)] {
        let points =
            waits.iter().map(|(hour, minutes)| Circle::new((*hour, *minutes), 2, color.filled()));
        chart.draw_series(points)?;
    }
    Ok(())
}

/// Returns the mean of each hour.
fn hourly(samples: &[PoolSample], value: fn(&PoolSample) -> usize) -> Vec<f64> {
    let mean = |samples: &[PoolSample]| {
        samples.iter().map(|sample| value(sample) as f64).sum::<f64>() / samples.len() as f64
    };
    samples.chunks(SAMPLES_PER_HOUR).take(168).map(mean).collect()
}

/// Returns the 90th percentile of the waits of the jobs that were queued in each hour, in minutes.
fn waits_by_hour(jobs: &[Job], timeline: &Timeline) -> Vec<(usize, f64)> {
    let mut hours = vec![Vec::new(); 168];
    for (job, wait) in jobs.iter().zip(&timeline.waits) {
        hours[(job.at.rem_euclid(7 * DAY) / HOUR) as usize]
            .extend(wait.map(|wait| (wait / SECOND) as u32));
    }
    let waits = hours.iter_mut().enumerate().filter(|(_, waits)| !waits.is_empty());
    waits
        .map(|(hour, waits)| (hour, f64::from(crate::demand::percentile(waits, 90.0)) / 60.0))
        .collect()
}

fn steps(values: &[f64]) -> Vec<(usize, f64)> {
    values
        .iter()
        .enumerate()
        .flat_map(|(hour, value)| [(hour, *value), (hour + 1, *value)])
        .collect()
}

fn day(hour: usize) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    DAYS.get(hour / 24).map_or(String::new(), |day| format!("{day} {:02}:00", hour % 24))
}
