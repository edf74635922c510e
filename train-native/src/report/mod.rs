//! A run as one page to read and to send: its figures, curves, sheets, config and what it ran on.

mod curves;
mod page;

use std::fs;
use std::path::{Path, PathBuf};

use crate::TrainError;
use crate::config::{Config, read_text};
use crate::difference::Difference;
use crate::run::checkpoint::{self, write_whole};
use crate::run::environment::{self, Environment};
use crate::run::{CHECKPOINTS, CONFIG, SHEETS};
use crate::summary::{Lowest, Summary, lines};

pub(crate) use curves::thinned;
pub(crate) use page::Page;

/// File name of the report in a run's folder.
pub const REPORT: &str = "report.html";
/// Sheets that it shows, the newest.
const SHOWN: usize = 4;

/// Writes the report of the run in `folder`, and returns its path.
///
/// # Errors
/// [`TrainError::Io`] where a file of the run cannot be read or the report not be written, and what
/// [`Config::read`] refuses.
pub fn write(folder: &Path) -> Result<PathBuf, TrainError> {
    let path = folder.join(REPORT);
    write_whole(&path, ".report-", html(folder)?.as_bytes())?;
    Ok(path)
}

fn html(folder: &Path) -> Result<String, TrainError> {
    let config_file = folder.join(CONFIG);
    let config = Config::read(&config_file, &[])?;
    let lines = lines(folder)?;
    let summary = Summary::of(folder, &config, &lines);
    let name = folder
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut page = Page::new(&format!("Run {name}"));
    if !config.about.description.is_empty() {
        page.paragraph(&config.about.description);
    }

    page.heading("Figures");
    page.table("Figures", &["what", "figure"], &figures(&summary));
    page.paragraph(
        "The validation loss is that of the averaged weights, with the condition, without noise or \
         augmentation, at t = 0.1, 0.3, 0.5, 0.7 and 0.9. Losses can be compared on the same validation \
         pairs only.",
    );
    if let Some(difference) = last_difference(&lines) {
        page.paragraph(&difference);
    }

    let curves = curves::draw(&lines);
    if !curves.is_empty() {
        page.heading("Curves");
        for chart in &curves {
            page.chart(chart, curves::THINNED);
        }
    }
    sheets(&mut page, folder)?;

    page.heading("Environment");
    let environments = environment::read(folder);
    if environments.is_empty() {
        page.paragraph(
            "An older version of the program, which noted nothing of what it ran on, made this run.",
        );
    } else {
        let titles = [
            "from step",
            "date",
            "program",
            "candle",
            "system",
            "threads",
            "device",
            "processes",
        ];
        let rows: Vec<Vec<String>> = environments.iter().map(cells).collect();
        page.table("Environment", &titles, &rows);
    }
    if let Some(command) = command(folder)? {
        page.paragraph("The command that started the run:");
        page.verbatim("Command", &command);
    }

    page.heading("Config");
    page.verbatim("Config", &read_text(&config_file)?);
    Ok(page.finish())
}

fn figures(summary: &Summary) -> Vec<Vec<String>> {
    let steps = summary
        .steps
        .map_or_else(String::new, |steps| format!(" of {steps}"));
    let validation = |found: Option<Lowest>| match found {
        None => "not validated".to_owned(),
        Some(Lowest {
            step,
            loss,
            of_zero,
            pairs,
        }) => format!(
            "{loss:.5} at step {step}, {:.1} % of predicting no change, {pairs} pairs",
            100.0 * of_zero
        ),
    };
    let seconds = std::time::Duration::from_secs(summary.seconds as u64);
    [
        ("steps", format!("{}{steps}", summary.step)),
        (
            "time of training",
            humantime::format_duration(seconds).to_string(),
        ),
        (
            "last training loss",
            summary
                .train_loss
                .map_or_else(|| "none".to_owned(), |loss| format!("{loss:.5}")),
        ),
        ("lowest validation loss", validation(summary.best)),
        ("last validation loss", validation(summary.last)),
    ]
    .map(|(what, figure)| vec![what.to_owned(), figure])
    .into()
}

/// Whether the last validation's pairs told its step and the best before it apart, in a sentence.
fn last_difference(lines: &[serde_json::Value]) -> Option<String> {
    let line = lines.iter().rev().find(|line| line.get("difference").is_some())?;
    let now = line.get("step")?.as_u64()?;
    let difference: Difference = serde_json::from_value(line.get("difference")?.clone()).ok()?;
    let words = difference.warning(now).unwrap_or_else(|| {
        format!(
            "{} validation pairs tell steps {} and {now} apart: their losses differ by {:+.5}, with an \
             interval of 95 % from {:+.5} to {:+.5}",
            difference.pairs, difference.step, difference.mean, difference.low, difference.high
        )
    });
    Some(format!("{words}."))
}

/// The newest sheets.
fn sheets(page: &mut Page, folder: &Path) -> Result<(), TrainError> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join(SHEETS))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "png"))
        .collect();
    if files.is_empty() {
        return Ok(());
    }
    files.sort();
    page.heading("Sheets");
    page.paragraph(&format!(
        "Each row: a control, the flow from it at t = 0.25, 0.5, 0.75 and 1, which is generated, and a cell \
         of the data under that condition. The newest {} of {}.",
        files.len().min(SHOWN),
        files.len()
    ));
    for file in files.iter().rev().take(SHOWN) {
        let png = fs::read(file).map_err(TrainError::io(file))?;
        let name = file
            .file_stem()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        page.picture(
            &png,
            &format!("Sample sheet {name}: rows of cells with their compounds"),
            &name,
        );
    }
    Ok(())
}

fn cells(environment: &Environment) -> Vec<String> {
    let Environment {
        from_step,
        date,
        program,
        candle,
        system,
        threads,
        device,
        processes,
    } = environment;
    vec![
        from_step.to_string(),
        date.clone(),
        program.clone(),
        candle.clone(),
        system.clone(),
        threads.map_or_else(|| "not known".to_owned(), |threads| threads.to_string()),
        device.clone(),
        processes.to_string(),
    ]
}

/// The command that the newest checkpoint tells.
fn command(folder: &Path) -> Result<Option<String>, TrainError> {
    let newest = checkpoint::list(&folder.join(CHECKPOINTS))?.pop();
    Ok(newest
        .and_then(|path| checkpoint::progress(&path))
        .map(|progress| progress.command))
}
