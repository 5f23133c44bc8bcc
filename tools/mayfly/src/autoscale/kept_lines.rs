//! A file of lines to which only complete ones are appended, and that one process at a time uses.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use planner::backfill::Line;

/// The beginning of each line.
const BEGINNING: &str = r#"{"kind":"#;

/// An open file with its lines.
#[derive(Debug)]
pub(super) struct KeptLines {
    path: PathBuf,
    file: File,
    lines: Vec<Line>,
}

impl KeptLines {
    /// Opens or creates a file. The rest of a line that was not written completely is removed.
    ///
    /// # Errors
    /// The file cannot be read or written, another process has it open, or it is another file.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let options = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = options.with_context(|| format!("open {name}"))?;
        if file.try_lock().is_err() {
            bail!("use {name}: another command reads from GitHub with it");
        }
        let mut text = String::new();
        file.read_to_string(&mut text).with_context(|| format!("read {name}"))?;
        let complete = text.rfind('\n').map_or(0, |end| end + 1);
        let rest = &text[complete..];
        if !rest.starts_with(BEGINNING) && !BEGINNING.starts_with(rest) {
            bail!("use {name}: it is not a file of this command; name another one with --store");
        }
        let lines = text[..complete].lines().enumerate().map(|(number, line)| {
            serde_json::from_str(line).with_context(|| {
                format!("read line {} of {name}: name a file of this command, or a new one, with --store", number + 1)
            })
        });
        let lines = lines.collect::<anyhow::Result<_>>()?;
        file.set_len(complete as u64).with_context(|| format!("repair {name}"))?;
        Ok(Self { path: path.to_owned(), file, lines })
    }

    /// Returns the lines that the file had when it was opened.
    pub(super) fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    /// Appends a line.
    pub(super) fn append(&mut self, line: &Line) -> anyhow::Result<()> {
        let line = serde_json::to_string(line).context("serialize a line")? + "\n";
        self.file.write_all(line.as_bytes()).with_context(|| format!("write {}", self.name()))
    }

    /// Returns its name for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(run: u64) -> Line {
        Line::Run { repository: "octo/app".to_owned(), run, jobs: Vec::new() }
    }

    #[test]
    fn half_a_line_is_removed_and_the_file_continues() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("jobs.jsonl");
        KeptLines::open(&path).and_then(|mut file| file.append(&line(1))).expect("a line");
        let whole = std::fs::read_to_string(&path).expect("the file");
        std::fs::write(&path, format!("{whole}{}", &whole[..20])).expect("half a line");
        let mut file = KeptLines::open(&path).expect("the file");
        assert_eq!(file.take(), [line(1)]);
        let busy = KeptLines::open(&path).expect_err("it is in use").to_string();
        assert!(busy.contains("another command"), "{busy}");
        file.append(&line(2)).expect("a line");
        drop(file);
        assert_eq!(KeptLines::open(&path).expect("the file").take(), [line(1), line(2)]);
    }

    #[test]
    fn another_file_is_not_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notes.txt");
        for text in ["buy milk\nand bread\n", "a text without an end"] {
            std::fs::write(&path, text).expect("a file");
            let fault = format!("{:#}", KeptLines::open(&path).expect_err("no file of jobs"));
            assert!(fault.contains("--store"), "{fault}");
            assert_eq!(std::fs::read_to_string(&path).expect("the file"), text);
        }
    }
}
