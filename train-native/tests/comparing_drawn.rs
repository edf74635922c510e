//! `compare` where the truth is known: a perfect generator closes a whole gap more than a copy of the
//! control, an evaluation differs from itself by nothing, and a pair of the same cells is told apart more
//! surely than its intervals say.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/copied.rs"]
mod copied;
#[path = "common/drawn.rs"]
mod drawn;
#[path = "common/repository.rs"]
mod repository;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::evaluation::RowKind;
use cellflux_bundle::{Bundle, Estimate, folder};
use cellflux_data::synthetic::Design;
use cellflux_data::{Experiment, PackedCache, Source, Split};
use cellflux_measure::sets::bootstrap::Plan as Bootstrap;
use cellflux_train::compare::{Comparison, Evaluated, compare};
use cellflux_train::evaluate::assess::assess;
use cellflux_train::evaluate::cells::{Cells, Choice};
use cellflux_train::evaluate::plan::Plan;
use cellflux_train::evaluate::question::{Images, Question};
use cellflux_train::evaluate::report;
use cellflux_train::evaluate::spaces::Extractor;
use safetensors::SafeTensors;

use copied::copy_files;
use drawn::{experiment, perfect};
use repository::root;

/// Drawn cells that evaluations are made of.
struct Drawn {
    bundle: Bundle,
    design: Design,
    experiment: Experiment,
    cache: PackedCache,
    cells: Cells,
    choice: Choice,
    folder: tempfile::TempDir,
}

impl Drawn {
    fn new() -> Self {
        let (config, experiment) = experiment(600);
        let bundle = folder::read(&root().join("web/bundles/synthetic-tiny")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cache = PackedCache::open_with(&experiment, &folder.path().join("cache"), |_, _| {}).unwrap();
        let choice = Choice {
            split: Split::Validation,
            most: 60,
            seed: 3,
        };
        let cells = Cells::choose(&experiment, &bundle, choice).unwrap();
        let Source::Synthetic(design) = &config.data.source else {
            panic!("the config is of drawn cells")
        };
        Self {
            design: Design::new(design, &bundle.manifest.image).unwrap(),
            bundle,
            experiment,
            cache,
            cells,
            choice,
            folder,
        }
    }

    /// New cells under each treated cell's own treatment, and eight under each compound.
    fn made(&self) -> (Vec<u8>, Vec<u8>) {
        let mut from = 0;
        let mut draw = |treated| perfect(&self.design, &self.bundle, &self.experiment, treated, &mut from);
        let partners = &self.cells.partners;
        let beside = partners
            .iter()
            .flat_map(|partner| draw(partner.treated))
            .collect();
        let of_condition = |condition: &usize| {
            let partner = partners.iter().find(|partner| partner.condition == *condition);
            partner.unwrap().treated
        };
        let conditions = self.conditions();
        let shared = conditions
            .iter()
            .flat_map(|condition| [of_condition(condition); 8]);
        (beside, shared.flat_map(draw).collect())
    }

    /// The controls that the treated cells are paired with, and eight of them under each compound.
    fn copies(&self) -> (Vec<u8>, Vec<u8>) {
        let image = |number: u32| self.cache.image(number as usize).unwrap().to_vec();
        let controls = self.cells.partners.iter().map(|partner| partner.control);
        let eight: Vec<u8> = controls.clone().take(8).flat_map(image).collect();
        (
            controls.flat_map(image).collect(),
            eight.repeat(self.conditions().len()),
        )
    }

    fn conditions(&self) -> Vec<usize> {
        self.cells.conditions_of(20)
    }

    /// An evaluation of these cells, as `evaluate` writes it.
    fn evaluated(&self, name: &str, (beside, shared): (Vec<u8>, &[u8])) -> PathBuf {
        let out = self.folder.path().join(name);
        fs::create_dir(&out).unwrap();
        let sampling = &self.bundle.manifest.sampling;
        let plan = Plan::new(&self.bundle, name, &self.experiment, sampling, self.choice).unwrap();
        plan.claim(&out).unwrap();
        let conditions = self.conditions();
        let mut assessment = assess(&Question {
            experiment: &self.experiment,
            cache: &self.cache,
            bundle: &self.bundle,
            cells: &self.cells,
            sets: &[Images {
                kind: RowKind::Generated,
                name: "generated".into(),
                folder: "generated".into(),
                starts: None,
                images: beside,
            }],
            shared: Some((&conditions, shared)),
            spaces: &[Extractor::Morphology],
            training: &[],
            sampling,
            split: Split::Validation,
            least_cells: 20,
            plan: Bootstrap {
                replicates: 300,
                seed: 1,
            },
        })
        .unwrap();
        assessment.evaluation.date = "2026-11-27".into();
        report::write(&out, &assessment, &self.bundle, &[], &[]).unwrap();
        out
    }
}

fn compared(folders: &[&Path]) -> Comparison {
    let read = |folder: &&Path| Evaluated::read(folder).unwrap();
    compare(&folders.iter().map(read).collect::<Vec<_>>()).unwrap()
}

fn difference(comparison: &Comparison, of: &str, name: &str) -> Estimate {
    let found = comparison
        .figures
        .iter()
        .find(|figure| figure.of == of && figure.name == name);
    found.unwrap().differences[1].unwrap()
}

fn width(estimate: Estimate) -> f64 {
    estimate.high - estimate.low
}

#[test]
fn differences_are_what_the_renderer_made_them() {
    let drawn = Drawn::new();
    let (made, made_of_shared) = drawn.made();
    let (copies, copies_of_shared) = drawn.copies();
    let copy = drawn.evaluated("copy", (copies, &copies_of_shared));
    let perfect = drawn.evaluated("perfect", (made.clone(), &made_of_shared));

    let found = compared(&[&copy, &perfect]);
    assert!(found.unpaired.is_empty(), "{:?}", found.unpaired);
    let gap = difference(&found, "generated", "gap closed");
    assert!(gap.low <= 1.0 && 1.0 <= gap.high && gap.low > 0.5, "{gap:?}");
    let within = difference(&found, "larger-nucleus", "gap closed");
    assert!(within.low > 0.0, "{within:?}");
    // The same controls, copied under each compound, are the same: nothing is used.
    let used = difference(&found, "generated", "compound use");
    assert!(used.low > 0.5, "{used:?}");
    for nearer in ["KID, morphology", "KID by condition, morphology"] {
        let nearer = difference(&found, "generated", nearer);
        assert!(nearer.high < 0.0, "{nearer:?}");
    }
    // A difference is that of the two figures beside it: both are measured on the same halves and draws.
    let mut checked = 0;
    for figure in &found.figures {
        if let Some(difference) = figure.differences[1] {
            let own = figure.own[1].unwrap().value - figure.own[0].unwrap().value;
            // Roundings of sums in another order.
            let scale = 1.0 + own.abs();
            assert!((difference.value - own).abs() < 1e-9 * scale, "{figure:?}");
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked} differences");
    // What the data's cells of other fields close is the same beside every network.
    let of_real = found
        .figures
        .iter()
        .find(|figure| figure.of == "drawn cells" && figure.name == "gap closed")
        .unwrap();
    assert!(
        of_real.own[0].is_some() && of_real.own[0] == of_real.own[1],
        "{of_real:?}"
    );

    itself_by_nothing(&drawn, &perfect);
    slightly_other_cells(&drawn, &perfect, &made, &made_of_shared);
    what_is_not_the_same_is_not_paired(&drawn, &copy, &perfect);
}

fn itself_by_nothing(drawn: &Drawn, perfect: &Path) {
    let again = drawn.folder.path().join("again");
    copy_files(perfect, &again);
    let found = compared(&[perfect, &again]);
    let zero = Estimate {
        value: 0.0,
        low: 0.0,
        high: 0.0,
    };
    let differences: Vec<Estimate> = found
        .figures
        .iter()
        .filter_map(|figure| figure.differences[1])
        .collect();
    assert!(differences.len() >= 10);
    assert!(differences.iter().all(|found| *found == zero), "{differences:?}");
}

fn slightly_other_cells(drawn: &Drawn, perfect: &Path, made: &[u8], shared: &[u8]) {
    // A tenth darker, cell for cell: what is drawn by chance is in both.
    let dimmed = made.iter().map(|&byte| (f64::from(byte) * 0.9) as u8).collect();
    let dimmed = drawn.evaluated("dimmed", (dimmed, shared));
    let found = compared(&[perfect, &dimmed]);
    for name in ["gap closed", "fine detail"] {
        let figure = found
            .figures
            .iter()
            .find(|figure| figure.of == "generated" && figure.name == name)
            .unwrap();
        let own = [0, 1].map(|at| width(figure.own[at].unwrap()));
        // The interval of a difference of two figures that know nothing of each other.
        let unpaired = own[0].hypot(own[1]);
        let paired = width(figure.differences[1].unwrap());
        assert!(paired < 0.8 * unpaired, "{name}: {paired} of {unpaired}");
    }
}

fn what_is_not_the_same_is_not_paired(drawn: &Drawn, copy: &Path, perfect: &Path) {
    let other = drawn.folder.path().join("other");
    copy_files(perfect, &other);
    let plan = fs::read_to_string(other.join("plan.json")).unwrap();
    let digest = drawn.experiment.fingerprint();
    // The images of another drawn experiment have the same names.
    for (from, to, expected) in [
        (digest, "another", "those of other data"),
        ("\"most\":60", "\"most\":61", "--most 61, the first with 60"),
        (
            "\"seed\":3",
            "\"seed\":4",
            "--evaluation-seed 4, the first with 3",
        ),
    ] {
        assert!(plan.contains(from), "{plan}");
        fs::write(other.join("plan.json"), plan.replacen(from, to, 1)).unwrap();
        let found = compared(&[copy, &other]);
        assert!(found.unpaired[0].1.contains(expected), "{:?}", found.unpaired);
        let none = |figure: &cellflux_train::compare::Figure| figure.differences.iter().all(Option::is_none);
        assert!(found.figures.iter().all(none));
    }
    fs::write(other.join("plan.json"), &plan).unwrap();

    let refused = |folder: &Path| {
        let read = [copy, folder].map(|folder| Evaluated::read(folder).unwrap());
        compare(&read).unwrap_err().to_string()
    };
    let figures = fs::read_to_string(other.join("evaluation.json")).unwrap();
    let of_test = figures.replacen("\"split\": \"validation\"", "\"split\": \"test\"", 1);
    fs::write(other.join("evaluation.json"), of_test).unwrap();
    let said = refused(&other);
    assert!(
        said.contains("other is of the test split, copy of the validation split"),
        "{said}"
    );
    fs::write(other.join("evaluation.json"), &figures).unwrap();

    let file = other.join("measures.safetensors");
    let measures = fs::read(&file).unwrap();
    for (key, from, to) in [
        ("images", "\"height\":64", "\"height\":32"),
        ("measures", "nucleus.area", "nucleus.size"),
    ] {
        fs::write(&file, with_metadata(&measures, key, from, to)).unwrap();
        let said = match key {
            "images" => refused(&other),
            _ => Evaluated::read(&other).unwrap_err().to_string(),
        };
        let expected = match key {
            "images" => "other measured images of 32 x 64 px of",
            _ => "its measures are not those of this version",
        };
        assert!(said.contains(expected), "{said}");
    }
    fs::write(&file, &measures[..measures.len() / 2]).unwrap();
    let said = Evaluated::read(&other).unwrap_err().to_string();
    assert!(said.contains("measures.safetensors"), "{said}");
    fs::write(&file, &measures).unwrap();
    fs::remove_file(other.join("plan.json")).unwrap();
    let said = Evaluated::read(&other).unwrap_err().to_string();
    assert!(
        said.contains("plan.json") && said.contains("`cellflux-train evaluate` wrote"),
        "{said}"
    );
}

/// A file of tensors in whose metadata one word is another.
fn with_metadata(content: &[u8], key: &str, from: &str, to: &str) -> Vec<u8> {
    let (_, read) = SafeTensors::read_metadata(content).unwrap();
    let mut about = read.metadata().clone().unwrap();
    let value = about.get_mut(key).unwrap();
    assert!(value.contains(from), "{value}");
    *value = value.replacen(from, to, 1);
    let tensors = SafeTensors::deserialize(content).unwrap();
    let views: BTreeMap<String, _> = tensors.tensors().into_iter().collect();
    safetensors::serialize(views, Some(about)).unwrap()
}
