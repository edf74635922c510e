//! An evaluation where the truth is known: a perfect generator reaches the floor and closes the whole gap, a
//! copy of the control closes none of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/drawn.rs"]
mod drawn;
#[path = "common/repository.rs"]
mod repository;
#[path = "common/schema.rs"]
mod schema;

use std::fs;

use cellflux_bundle::evaluation::{Evaluation, Row, RowKind};
use cellflux_bundle::{Estimate, folder};
use cellflux_data::synthetic::Design;
use cellflux_data::{PackedCache, Source, Split};
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_train::evaluate::Subject;
use cellflux_train::evaluate::assess::{Assessment, assess};
use cellflux_train::evaluate::cells::{Cells, Choice};
use cellflux_train::evaluate::nearest::training_images;
use cellflux_train::evaluate::question::{Images, Question};
use cellflux_train::evaluate::report;
use cellflux_train::evaluate::spaces::Extractor;

use drawn::{experiment, perfect};
use repository::root;
use schema::is_valid;

fn row<'a>(evaluation: &'a Evaluation, name: &str) -> &'a Row {
    evaluation.rows.iter().find(|row| row.name == name).unwrap()
}

fn holds(estimate: Option<Estimate>, value: f64) -> bool {
    let Estimate { low, high, .. } = estimate.unwrap();
    (low..=high).contains(&value)
}

fn assessed() -> Assessment {
    let (config, experiment) = experiment(900);
    let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let cache = PackedCache::open_with(&experiment, dir.path(), |_, _| {}).unwrap();
    let choice = Choice {
        split: Split::Validation,
        most: 60,
        seed: 3,
    };
    let cells = Cells::choose(&experiment, &bundle, choice).unwrap();
    let Source::Synthetic(design) = &config.data.source else {
        panic!("the config is of drawn cells")
    };
    let design = Design::new(design, &bundle.manifest.image).unwrap();
    let mut from = 0;
    let mut draw = |treated| perfect(&design, &bundle, &experiment, treated, &mut from);
    let generated: Vec<u8> = cells
        .partners
        .iter()
        .flat_map(|partner| draw(partner.treated))
        .collect();
    // What a network makes that takes each compound for another.
    let shuffled = cells.shuffled(choice.seed).unwrap();
    let exchanged: Vec<u8> = shuffled
        .iter()
        .flat_map(|partner| {
            let other = cells
                .partners
                .iter()
                .find(|other| other.condition == partner.condition)
                .unwrap();
            draw(other.treated)
        })
        .collect();
    let images = |kind, name: &str, images| Images {
        kind,
        name: name.into(),
        folder: name.into(),
        starts: None,
        images,
    };
    assess(&Question {
        experiment: &experiment,
        cache: &cache,
        bundle: &bundle,
        cells: &cells,
        sets: &[
            images(RowKind::Generated, "perfect", generated),
            images(RowKind::Shuffled, "exchanged", exchanged),
        ],
        shared: None,
        spaces: &[Extractor::Morphology],
        training: &training_images(&experiment, 40, 1),
        sampling: &bundle.manifest.sampling,
        split: Split::Validation,
        least_cells: 20,
        plan: Plan {
            replicates: 300,
            seed: 1,
        },
    })
    .unwrap()
}

#[test]
fn a_perfect_generator_closes_the_gap_and_reaches_the_floor_and_a_copy_does_neither() {
    let found = assessed();
    // Without a date no reader would take it: nothing is written.
    let dir = tempfile::tempdir().unwrap();
    let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    let refusal = report::write(dir.path(), &found, &bundle, &[], &[]).unwrap_err();
    assert!(refusal.to_string().contains("date"), "{refusal}");
    assert!(fs::read_dir(dir.path()).unwrap().next().is_none());
    let Assessment {
        mut evaluation,
        differences,
        nearest,
        real_halves,
        by_measure,
        ..
    } = found;
    evaluation.date = "2026-11-27".into();
    evaluation.validate("").unwrap();
    assert!(evaluation.data.drawn, "the config draws the cells");
    is_valid(&evaluation.to_json().unwrap());
    let perfect = row(&evaluation, "perfect");
    let copied = row(&evaluation, "controls copied");
    let floor = &evaluation.rows[0];
    assert!(holds(perfect.gap_closed, 1.0), "{:?}", perfect.gap_closed);
    assert!(holds(copied.gap_closed, 0.0), "{:?}", copied.gap_closed);
    assert!(perfect.direction.unwrap().low > 0.9, "{:?}", perfect.direction);
    assert!(holds(perfect.fine_detail, 1.0), "{:?}", perfect.fine_detail);

    // Real cells of other fields, in place of generated ones, are as near as a perfect generator's: a copy is
    // not. The table names no wells, so fields were divided.
    let real = row(
        &evaluation,
        "drawn cells, half of the fields of view against the other half",
    );
    let (share, of_copy) = (real.gap_closed.unwrap(), copied.gap_closed.unwrap());
    assert!(
        share.value > of_copy.high && share.high > 0.9,
        "{share:?} {of_copy:?}"
    );
    assert!(
        real.distances.is_empty() && real.cells < perfect.cells,
        "{real:?}"
    );
    assert!(real_halves.conditions.len() > 1, "{real_halves:?}");

    // In the nucleus's area the perfect generator closes what the renderer changes.
    let area = by_measure
        .iter()
        .find(|found| {
            let condition = &bundle.manifest.conditions.list[found.condition];
            condition.id == "larger-nucleus" && found.measure == "nucleus.area"
        })
        .unwrap();
    assert!(area.stands_out && area.unit == "px", "{area:?}");
    assert!(area.treated.mean > area.control.mean, "{area:?}");
    assert!(area.left.unwrap().value < area.gap.unwrap().value, "{area:?}");
    assert!(area.gap_closed.unwrap().value > 0.5, "{area:?}");

    let kid = |row: &Row| row.distances[0].kid.unwrap();
    // Unbiased: about 0 for cells of one distribution, and above it for controls.
    for same in [perfect, floor] {
        let Estimate { low, high, .. } = kid(same);
        assert!(low <= 0.0 && 0.0 <= high, "{:?}", kid(same));
    }
    assert!(kid(copied).low > 0.0, "{:?}", kid(copied));
    let against = |name: &str| {
        differences
            .iter()
            .find(|found| found.name.ends_with(name))
            .unwrap()
    };
    let nearer = against("against controls copied").nearer[0].1;
    assert!(nearer.low > 0.0, "{nearer:?}");

    // A perfect generator is near within each compound; exchanged compounds, near as a whole, are not.
    let within = |row: &Row| row.distances[0].kid_by_condition.unwrap();
    let exchanged = within(row(&evaluation, "exchanged"));
    assert!(within(perfect).low <= 0.0, "{:?}", within(perfect));
    assert!(exchanged.low > 0.0, "{exchanged:?}");

    // Newly drawn cells repeat no training cell more than real ones of the split do.
    let nearest = nearest.unwrap();
    assert_eq!((nearest.searched, nearest.images.len()), (40, perfect.cells));
    assert!(
        (nearest.generated / nearest.real - 1.0).abs() < 0.15,
        "{nearest:?}"
    );
    assert!(nearest.very_near < 0.15, "{nearest:?}");

    // Compounds exchanged do worse, by more than the interval.
    let against = against("against exchanged");
    assert!(against.gap_closed.unwrap().low > 0.0, "{:?}", against.gap_closed);
    assert!(against.nearer[0].1.value > 0.0, "{:?}", against.nearer);

    // Each nucleus that the renderer changes is measured as changed, and the perfect one alike.
    let larger = evaluation
        .conditions
        .iter()
        .find(|condition| condition.id == "larger-nucleus")
        .unwrap();
    let nuclei = larger.nuclei.unwrap();
    assert!(nuclei.treated.low > nuclei.control.high, "{nuclei:?}");
    // Both are means of some forty cells: their intervals meet.
    let (made, real) = (nuclei.generated, nuclei.treated);
    assert!(made.low <= real.high && real.low <= made.high, "{nuclei:?}");
    assert!(made.low > nuclei.control.high, "{nuclei:?}");
}

#[test]
fn too_few_cells_are_refused_with_their_numbers() {
    let (_, experiment) = experiment(200);
    let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    let choice = Choice {
        split: Split::Validation,
        most: 0,
        seed: 3,
    };
    let refusal = Cells::choose(&experiment, &bundle, choice)
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("0 treated cells") && refusal.contains("at least 2 of each"),
        "{refusal}"
    );
}

#[test]
fn images_of_other_channels_are_refused_with_both_lists() {
    let (_, experiment) = experiment(200);
    let mut subject = Subject::of_bundle(&root().join("web/bundles/synthetic-tiny")).unwrap();
    subject.accepts(&experiment).unwrap();
    subject.bundle.manifest.image.channels.reverse();
    let refusal = subject.accepts(&experiment).unwrap_err().to_string();
    for said in [
        "actin, tubulin, DNA",
        "DNA, tubulin, actin",
        "evaluate with the config it was trained with",
    ] {
        assert!(refusal.contains(said), "{refusal}");
    }
}

#[test]
fn a_bundle_that_knows_none_of_the_table_s_compounds_is_refused_with_their_names() {
    let (_, experiment) = experiment(200);
    let mut bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
    for condition in &mut bundle.manifest.conditions.list {
        condition.name.push_str(" of another screen");
    }
    let choice = Choice {
        split: Split::Validation,
        most: 4,
        seed: 3,
    };
    let refusal = Cells::choose(&experiment, &bundle, choice)
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("whose compound synthetic-tiny knows") && refusal.contains("larger nucleus"),
        "{refusal}"
    );
}
