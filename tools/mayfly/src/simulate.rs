//! `mayfly simulate`: pools with one formula each, led through the same tasks.
//!
//! ```text
//! trace ─▶ day ─an account a formula, in its own time─▶ course ─▶ CSV, summary, picture
//! ```

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

mod trace;
mod day;
mod course;
mod picture;

use course::Course;
use trace::Trace;

use crate::cli::Simulate;
use crate::print;

/// Prints how many nodes each formula's pool had, and draws them where a file for that is named.
pub(crate) async fn run(options: Simulate) -> anyhow::Result<ExitCode> {
    let courses = courses(&options).await?;
    if let Some(picture) = &options.picture {
        let drawn = std::fs::write(picture, picture::draw(&courses));
        drawn.with_context(|| format!("write {}", picture.display()))?;
    }
    print(tell(&courses, &options));
    Ok(ExitCode::SUCCESS)
}

async fn courses(options: &Simulate) -> anyhow::Result<Vec<Course>> {
    let trace = Trace::read(&read(&options.trace)?)
        .with_context(|| format!("read the trace in {}", options.trace.display()))?;
    let mut courses = Vec::new();
    for formula in &options.formulas {
        let name = formula.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let source = read(formula)?;
        let course = day::simulate(&name, &source, &trace, options).await;
        courses.push(course.with_context(|| format!("simulate {}", formula.display()))?);
    }
    Ok(courses)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

fn tell(courses: &[Course], options: &Simulate) -> String {
    let summaries = courses.iter().map(Course::summary).collect::<Vec<_>>().join("\n");
    if options.counts { format!("{}\n{summaries}", course::counts(courses)) } else { summaries }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    /// What `docs/emulator.md` says that it is made by, run in the repository's root.
    const COMMAND: &str = "mayfly simulate --formula docs/simulation/article.txt --formula arm/autoscale/dedicated.txt --trace docs/simulation/day.csv --counts --picture docs/simulation/day.svg > docs/simulation/nodes.txt";

    #[tokio::test]
    async fn the_day_in_the_documentation_is_the_one_that_the_formulas_make() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let words = COMMAND.split(" > ").next().unwrap().split(' ');
        let Command::Simulate(mut options) = Cli::parse_from(words).command else {
            panic!("another command")
        };
        let files = options.formulas.iter_mut().chain([&mut options.trace]);
        files.for_each(|file| *file = root.join(&file));
        let courses = courses(&options).await.unwrap();
        let committed = |name| read(&root.join("docs/simulation").join(name)).unwrap();
        let renew = format!("to renew it: {COMMAND}");
        assert_eq!(tell(&courses, &options), committed("nodes.txt").trim_end(), "{renew}");
        assert!(picture::draw(&courses) == committed("day.svg"), "another picture; {renew}");
    }
}
