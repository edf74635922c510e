//! Where a chart's figures come from: what stands below it in a file.

use cellflux_bundle::Evaluation;
use cellflux_bundle::evaluation::{MeasuredData, MeasuredSplit, Resampled};

/// What a file says of its figures.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The model.
    pub model: &'a str,
    /// The data's cells, and what intervals resample.
    pub data: &'a MeasuredData,
    /// The day, `YYYY-MM-DD`.
    pub date: &'a str,
    /// The program and its version.
    pub program: &'a str,
}

impl<'a> Source<'a> {
    /// That of an evaluation of a model of this title.
    pub fn of(model: &'a str, evaluation: &'a Evaluation) -> Self {
        Self {
            model,
            data: &evaluation.data,
            date: &evaluation.date,
            program: &evaluation.program,
        }
    }

    /// What is said, in English: what is generated, what is real or drawn, what the intervals are where
    /// there are any, when and by what.
    pub(crate) fn sentences(&self, intervals: bool) -> [String; 3] {
        let Self {
            model,
            data,
            date,
            program,
        } = self;
        let split = match data.split {
            MeasuredSplit::Validation => "validation split",
            MeasuredSplit::Test => "test split",
            MeasuredSplit::HeldOut => "compounds held out of training",
        };
        let resampled = match data.resampled_by {
            Resampled::Cell => "single cells, which makes them too narrow".into(),
            kind => kind.counted(data.groups),
        };
        [
            format!("Generated cells are made by the model {model}, not measured by a microscope."),
            format!(
                "{} cells: {} treated and {} controls of {}, {split}.",
                data.nature().capital(),
                data.treated,
                data.controls,
                data.name
            ),
            if intervals {
                format!("Intervals of 95 % by resampling {resampled}. {date}, {program}.")
            } else {
                format!("{date}, {program}.")
            },
        ]
    }
}
