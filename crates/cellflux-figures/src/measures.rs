//! The distances between sets of cells, as tables and charts name them.

use crate::{Estimate, Labels};
use cellflux_bundle::evaluation::Distances;

/// A kind of distance.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name in data.
    pub name: &'static str,
    /// Its name for people.
    pub label: for<'a> fn(&Labels<'a>) -> &'a str,
    /// Its figure.
    pub figure: fn(&Distances) -> Option<Estimate>,
}

/// Those of the paper's Table 1 first.
pub const MEASURES: [Measure; 8] = [
    Measure {
        name: "frechet",
        label: |labels| labels.frechet,
        figure: |distances| distances.frechet,
    },
    Measure {
        name: "kid",
        label: |labels| labels.kid,
        figure: |distances| distances.kid,
    },
    Measure {
        name: "kid_by_condition",
        label: |labels| labels.kid_by_condition,
        figure: |distances| distances.kid_by_condition,
    },
    Measure {
        name: "precision",
        label: |labels| labels.precision,
        figure: |distances| distances.precision,
    },
    Measure {
        name: "recall",
        label: |labels| labels.recall,
        figure: |distances| distances.recall,
    },
    Measure {
        name: "density",
        label: |labels| labels.density,
        figure: |distances| distances.density,
    },
    Measure {
        name: "coverage",
        label: |labels| labels.coverage,
        figure: |distances| distances.coverage,
    },
    Measure {
        name: "energy",
        label: |labels| labels.energy,
        figure: |distances| distances.energy,
    },
];

/// An estimate that can be drawn: of finite numbers.
pub(crate) fn finite(estimate: Option<Estimate>) -> Option<Estimate> {
    estimate.filter(|Estimate { value, low, high }| [value, low, high].iter().all(|part| part.is_finite()))
}
