//! The charts of an evaluation and of a sweep, as SVG beside the report.

use std::fs;
use std::path::Path;

use cellflux_bundle::Evaluation;
use cellflux_figures::{Chart, Labels, LineChart, Point, Series, Source, charts};

use super::sweep::{Sweep, Tried};
use super::{EvaluateError, written};

/// The folder of charts.
pub const PLOTS: &str = "plots";
/// The name of a sweep's chart.
const SWEEP: &str = "sweep";

/// The charts of an evaluation.
pub fn of_evaluation(evaluation: &Evaluation) -> Vec<Chart> {
    charts(evaluation, &Labels::english(evaluation.data.nature()))
}

/// The chart of a sweep: the gap closed against the source noise where several were tried, and otherwise
/// against the fine detail of the cells. None where no gap was measured.
pub fn of_sweep(sweep: &Sweep) -> Vec<Chart> {
    let noises = sweep
        .tried
        .iter()
        .any(|one| sweep.tried.iter().any(|other| noise(one) != noise(other)));
    let x: fn(&Tried) -> Option<f64> = if noises {
        |one| Some(one.sampling.noise)
    } else {
        |one| Some(one.fine_detail?.value)
    };
    let mut series: Vec<Series> = Vec::new();
    for one in &sweep.tried {
        let (Some(x), Some(estimate)) = (x(one), one.gap_closed) else {
            continue;
        };
        let name = if noises {
            format!("alpha {}, {} steps", one.sampling.alpha, one.sampling.steps)
        } else {
            format!("alpha {}", one.sampling.alpha)
        };
        let point = Point { x, estimate };
        match series.iter_mut().find(|series| series.name == name) {
            Some(series) => series.points.push(point),
            None => series.push(Series {
                name,
                points: vec![point],
            }),
        }
    }
    let x_label = if noises {
        "Source noise (standard deviation)".to_owned()
    } else {
        let nature = sweep.data.nature();
        format!("Fine detail of generated cells ({nature} cells: 1)")
    };
    let chart = LineChart {
        title: "Samplings compared on validation cells".into(),
        x_label,
        y_label: "Gap closed (0: a copy, 1: all)".into(),
        series,
    };
    let named = |figure| Chart {
        name: SWEEP.into(),
        figure,
    };
    chart.draw().map(named).into_iter().collect()
}

/// A noise as its bits, for comparing.
fn noise(one: &Tried) -> u64 {
    one.sampling.noise.to_bits()
}

/// What charts are of. An evaluation and a sweep may share a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// An evaluation: [`of_evaluation`].
    Evaluation,
    /// A sweep: [`of_sweep`].
    Sweep,
}

impl Of {
    /// Whether a chart of this name is one of its own.
    fn has(self, name: &str) -> bool {
        match self {
            Self::Evaluation => {
                ["gap-closed", "modes-of-action", "batches", "nuclear-area"].contains(&name)
                    || name.starts_with("distances-")
            }
            Self::Sweep => name == SWEEP,
        }
    }
}

/// Writes charts into the folder [`PLOTS`] of `folder`, each with where its figures come from, and removes
/// those of an earlier run that are not drawn any more.
///
/// # Errors
/// [`EvaluateError::File`] for a folder or file that cannot be written or removed.
pub fn write(folder: &Path, of: Of, plots: &[Chart], source: &Source<'_>) -> Result<(), EvaluateError> {
    let folder = folder.join(PLOTS);
    remove_others(&folder, of, plots)?;
    if plots.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(EvaluateError::file(&folder))?;
    for Chart { name, figure } in plots {
        written(
            &folder.join(format!("{name}.svg")),
            figure.standalone(source).as_bytes(),
        )?;
    }
    Ok(())
}

/// Removes the charts in `folder` that would be `of`'s, but are not among `plots`.
fn remove_others(folder: &Path, of: Of, plots: &[Chart]) -> Result<(), EvaluateError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(EvaluateError::file(folder)(error)),
    };
    for entry in entries {
        let path = entry.map_err(EvaluateError::file(folder))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let earlier = file
            .strip_suffix(".svg")
            .is_some_and(|name| of.has(name) && plots.iter().all(|plot| plot.name != name));
        if earlier {
            fs::remove_file(&path).map_err(EvaluateError::file(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cellflux_bundle::evaluation::{MeasuredData, MeasuredSplit, Resampled};
    use cellflux_bundle::sampling::Sampling;

    use super::*;
    use crate::evaluate::Estimate;
    use crate::evaluate::sweep::evaluations;

    fn sweep(samplings: &[(f64, f64, usize)]) -> Sweep {
        let base: Sampling = serde_json::from_str(
            r#"{"solver":"euler","grid":"uniform","steps":1,"alpha":1.0,"noise":0.0,"seed":1,"rtol":1e-5,
                "atol":1e-5}"#,
        )
        .unwrap();
        let tried = samplings
            .iter()
            .map(|&(alpha, noise, steps)| {
                let sampling = Sampling {
                    alpha,
                    noise,
                    steps,
                    ..base.clone()
                };
                let estimate = Estimate {
                    value: 0.5,
                    low: 0.4,
                    high: 0.6,
                };
                Tried {
                    evaluations: evaluations(&sampling),
                    sampling,
                    gap_closed: Some(estimate),
                    kid: None,
                    kid_taken_away: None,
                    fine_detail: Some(estimate),
                    score: Some(0.5),
                    gap_behind: None,
                    kid_behind: None,
                }
            })
            .collect();
        Sweep {
            data: MeasuredData {
                name: "drawn cells".into(),
                drawn: true,
                split: MeasuredSplit::Validation,
                treated: 60,
                controls: 40,
                resampled_by: Resampled::Well,
                groups: 12,
                wells: None,
                wells_in_training: None,
                replicates: 100,
                least_cells: 10,
                seed: 1,
            },
            space: None,
            floor: None,
            copied: None,
            tried,
            best: 0,
            chosen: 0,
        }
    }

    #[test]
    fn a_sweep_is_drawn_against_the_noise_that_it_tried_and_otherwise_against_fine_detail() {
        let noises = of_sweep(&sweep(&[(1.0, 0.0, 10), (1.0, 0.5, 10), (1.2, 0.0, 20)]));
        let svg = noises[0].figure.inline();
        assert!(svg.contains("Source noise"), "{svg}");
        assert!(svg.contains(">alpha 1, 10 steps<") && svg.contains(">alpha 1.2, 20 steps<"));
        let detail = of_sweep(&sweep(&[(1.0, 0.0, 10), (1.2, 0.0, 10)]));
        let svg = detail[0].figure.inline();
        assert!(
            svg.contains("Fine detail of generated cells (drawn cells: 1)"),
            "{svg}"
        );
    }

    #[test]
    fn a_chart_says_where_its_figures_come_from_and_no_figure_makes_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let mut found = sweep(&[(1.0, 0.0, 10)]);
        let source = found.data.clone();
        let source = Source {
            model: "a < b",
            data: &source,
            date: "2026-11-27",
            program: "cellflux-train 0.1.0",
        };
        let plots = dir.path().join(PLOTS);
        fs::create_dir(&plots).unwrap();
        for name in ["distances-moa.svg", "my-own.svg"] {
            fs::write(plots.join(name), b"").unwrap();
        }
        write(dir.path(), Of::Sweep, &of_sweep(&found), &source).unwrap();
        let svg = fs::read_to_string(dir.path().join("plots/sweep.svg")).unwrap();
        for part in [
            "a &lt; b",
            "60 treated",
            "validation split",
            "12 wells",
            "2026-11-27",
        ] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        found.tried[0].gap_closed = None;
        assert!(of_sweep(&found).is_empty());
        // Each removes what it drew before, and nothing else.
        assert!(plots.join("distances-moa.svg").is_file());
        write(dir.path(), Of::Evaluation, &[], &source).unwrap();
        assert!(!plots.join("distances-moa.svg").exists());
        assert!(plots.join("my-own.svg").is_file() && plots.join("sweep.svg").is_file());
        write(dir.path(), Of::Sweep, &[], &source).unwrap();
        assert!(!plots.join("sweep.svg").exists());
    }
}
