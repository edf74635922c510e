//! What an assessment is about: real cells and the sets of images beside them, and what two of these sets
//! differ by.

use cellflux_bundle::Bundle;
use cellflux_bundle::evaluation::{Nature, RowKind};
use cellflux_bundle::sampling::Sampling;
use cellflux_data::{Experiment, PackedCache, Split};
use cellflux_measure::sets::bootstrap::Plan;

use super::Estimate;
use super::cells::Cells;
use super::spaces::Extractor;

/// A set of images with what it is.
#[derive(Clone, Debug)]
pub struct Images {
    /// What it is.
    pub kind: RowKind,
    /// Its name in tables.
    pub name: String,
    /// The folder of its pictures.
    pub folder: String,
    /// Different images that its walks started from, where that is known.
    pub starts: Option<usize>,
    /// Coded images `[N, C, H, W]`, row for row beside the treated cells, or beside the controls for
    /// [`RowKind::Untreated`].
    pub images: Vec<u8>,
}

/// What is assessed.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The experiment.
    pub experiment: &'a Experiment,
    /// Its images.
    pub cache: &'a PackedCache,
    /// The bundle whose cells were generated.
    pub bundle: &'a Bundle,
    /// The real cells.
    pub cells: &'a Cells,
    /// Sets of images; the first is the generated one.
    pub sets: &'a [Images],
    /// Walks of shared controls under each of these conditions, `[conditions * controls, C, H, W]`.
    pub shared: Option<(&'a [usize], &'a [u8])>,
    /// The spaces in which distances are measured.
    pub spaces: &'a [Extractor],
    /// Training images, among which the nearest of each generated cell is looked for; may be empty.
    pub training: &'a [u32],
    /// How they were sampled.
    pub sampling: &'a Sampling,
    /// The split.
    pub split: Split,
    /// Conditions of fewer treated cells have no figures.
    pub least_cells: usize,
    /// The bootstrap.
    pub plan: Plan,
}

impl Question<'_> {
    /// What its cells are: photographed, or drawn.
    pub(super) fn nature(&self) -> Nature {
        Nature::of(self.experiment.drawn())
    }
}

/// The position of the generated set beside the treated cells: controls copied come first.
pub(super) const GENERATED_SET: usize = 1;

/// How two sets differ, draw by draw.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The two sets.
    pub name: String,
    /// Gap closed of the first minus that of the second.
    pub gap_closed: Option<Estimate>,
    /// For each space by name, the kernel distance of the second minus that of the first: above 0 where the
    /// first is nearer to real cells.
    pub nearer: Vec<(String, Estimate)>,
}
