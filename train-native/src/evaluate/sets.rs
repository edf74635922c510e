//! The sets of generated cells of an evaluation: what each is, which cells it has, where its pictures lie.

use cellflux_bundle::Bundle;
use cellflux_bundle::evaluation::RowKind;
use cellflux_bundle::sampling::FlowSource;
use cellflux_data::Experiment;

use super::cells::{Cells, FEWEST_STARTS, Partner};

/// A set that is generated.
#[derive(Clone, Debug)]
pub struct Planned {
    /// What it is.
    pub kind: RowKind,
    /// Its name in tables.
    pub name: &'static str,
    /// The folder of its pictures.
    pub folder: &'static str,
    /// Its cells.
    pub partners: Vec<Partner>,
    /// Whether its cells stand beside the controls, row for row, and not beside the treated cells.
    pub of_controls: bool,
}

/// The name of the generated set that everything else is compared with.
pub const GENERATED: &str = "generated";
/// The folder of the walks of the same controls under each compound.
pub const COMPOUNDS: &str = "compounds";

/// The sets that can be made of these cells, and why others cannot.
pub fn planned(
    experiment: &Experiment,
    bundle: &Bundle,
    cells: &Cells,
    seed: u64,
) -> (Vec<Planned>, Vec<String>) {
    let from_noise = bundle.manifest.source == FlowSource::Noise;
    let mut notes = Vec::new();
    let mut sets = vec![Planned {
        kind: if from_noise {
            RowKind::NoiseStart
        } else {
            RowKind::Generated
        },
        name: if from_noise { "from noise" } else { "generated" },
        folder: GENERATED,
        partners: cells.partners.clone(),
        of_controls: false,
    }];
    match cells.shuffled(seed) {
        Some(partners) => sets.push(Planned {
            kind: RowKind::Shuffled,
            name: "compounds shuffled",
            folder: "shuffled",
            partners,
            of_controls: false,
        }),
        None => {
            notes.push("compounds were not shuffled: the split has cells of one compound only".to_owned());
        }
    }
    if from_noise {
        notes.push(
            "no row for controls of another batch: this flow starts from noise and sees no control"
                .to_owned(),
        );
    } else {
        match cells.from_other_batches(experiment, seed) {
            Ok(partners) => sets.push(Planned {
                kind: RowKind::OtherBatch,
                name: "from controls of another batch",
                folder: "other-batch",
                partners,
                of_controls: false,
            }),
            Err(0) => notes.push(
                "no row for controls of another batch: the split's controls are of one batch".to_owned(),
            ),
            Err(fewest) => notes.push(format!(
                "no row for controls of another batch: some cells have only {fewest} such controls, at least \
                 {FEWEST_STARTS} are needed"
            )),
        }
    }
    match cells.untreated(bundle) {
        Some(partners) => sets.push(Planned {
            kind: RowKind::Untreated,
            name: "controls under the untreated condition",
            folder: "untreated",
            partners,
            of_controls: true,
        }),
        None => notes.push("no row for the untreated condition: the bundle has no vector for it".to_owned()),
    }
    (sets, notes)
}

/// Walks of the same controls under each of several conditions, condition after condition; `None` where there
/// are fewer than two conditions.
pub fn same_controls(cells: &Cells, conditions: &[usize], controls: usize) -> Option<Vec<Partner>> {
    if conditions.len() < 2 || controls == 0 {
        return None;
    }
    // Evenly spread over the split, so over its batches and fields.
    let step = (cells.controls.len() / controls).max(1);
    let chosen: Vec<u32> = cells
        .controls
        .iter()
        .copied()
        .step_by(step)
        .take(controls)
        .collect();
    let of_condition = |&condition: &usize| {
        let dose_um = cells
            .partners
            .iter()
            .find(|partner| partner.condition == condition)?
            .dose_um;
        Some(chosen.iter().map(move |&control| Partner {
            treated: control,
            control,
            condition,
            dose_um,
        }))
    };
    Some(conditions.iter().filter_map(of_condition).flatten().collect())
}
