//! The bundle of synthetic cells in the repository, which `cellflux-train` made, gives the answers that are
//! known.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use cellflux_bundle::folder;
use cellflux_bundle::sampling::Sampling;
use cellflux_data::Source as DataSource;
use cellflux_data::synthetic::Design;
use cellflux_train::config::{Config, FlowSource};
use cellflux_train::export::describe;
use cellflux_train::sampling::Walk;
use cellflux_train::truth::Question;

/// Cells per compound: one of each batch.
const CELLS: usize = 4;
/// Steps of a walk: fewer than the bundle recommends; this changes a nucleus's area by only a few percent.
const STEPS: usize = 6;
/// The compounds that change the nucleus.
const NUCLEAR: [&str; 4] = [
    "larger nucleus",
    "smaller nucleus",
    "fragmented nucleus",
    "rounded cell",
];

#[test]
fn the_shipped_manifest_says_of_its_conditions_what_its_config_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shipped = folder::read_manifest(&root.join("web/bundles/synthetic-tiny")).unwrap();
    let config = Config::read(&root.join("configs/synthetic-tiny.toml"), &[]).unwrap();
    let mut described = shipped.clone();
    described.source = FlowSource::Noise;
    for condition in &mut described.conditions.list {
        condition.batches.clear();
        condition.target = None;
        condition.trained_doses_um = None;
    }
    describe(&mut described, &config).unwrap();
    assert_eq!(described, shipped);
    let control = shipped.conditions.control().unwrap();
    assert_eq!(
        (control.target, control.batches.len()),
        (Some(config.data.pairing.learn_controls), 4)
    );

    // Not that of another experiment.
    described.conditions.list.swap(0, 1);
    let message = describe(&mut described, &config).unwrap_err().to_string();
    assert!(
        message.starts_with("config: conditions is untreated, "),
        "{message}"
    );
}

#[test]
fn the_shipped_network_moves_nuclei_by_what_was_drawn_and_keeps_their_batch() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let bundle = folder::read(&root.join("web/bundles/synthetic-tiny")).unwrap();
    let config = Config::read(&root.join("configs/synthetic-tiny.toml"), &[]).unwrap();
    let DataSource::Synthetic(design) = &config.data.source else {
        panic!("configs/synthetic-tiny.toml is of synthetic cells")
    };
    let design = Design::new(design, &bundle.manifest.image).unwrap();
    let sampling = Sampling {
        steps: STEPS,
        ..bundle.manifest.sampling.clone()
    };
    let walk = Walk::new(&sampling, bundle.manifest.source).unwrap();
    let mut question = Question::new(&bundle, &design, walk).unwrap();
    let (mut cells, mut in_own_batch, mut followed) = (0, 0, 0);
    let compounds = design.config().compounds.iter().enumerate();
    for (position, compound) in compounds.filter(|(_, compound)| NUCLEAR.contains(&compound.name.as_str())) {
        let dose = compound.doses_um.iter().copied().fold(0.0, f64::max);
        let answer = question.ask(position, dose, CELLS).unwrap();
        for share in answer.shares(0.15).into_iter().flatten() {
            println!("{}: {:.0} % of the change", answer.compound, 100.0 * share);
            assert!((0.75..=1.25).contains(&share), "{answer:?}");
            followed += 1;
        }
        cells += answer.cells;
        in_own_batch += answer.in_own_batch;
    }
    println!("{in_own_batch} of {cells} cells in their own batch");
    // Four areas, and the brightness of the fragmented and of the rounded nucleus.
    assert_eq!(followed, 6);
    // By chance one cell in four would be.
    assert!(4 * in_own_batch >= 3 * cells, "{in_own_batch} of {cells}");
}
