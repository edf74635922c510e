//! `cellflux run` as it is called from a shell, on a bundle of the golden network.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/golden.rs"]
mod golden;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cellflux_bundle::conditions::{Condition, ConditionVectors, Conditions, DoseFeatures, Encoder, Split};
use cellflux_bundle::gallery::{Example, Gallery};
use cellflux_bundle::perturbation::Perturbation;
use cellflux_bundle::provenance::{DataSet, Provenance};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::{FlowSource, Sampling};
use cellflux_bundle::state_dict::config_from_safetensors;
use cellflux_bundle::{Draft, StateDict, folder};
use cellflux_candle::CandleEngine;
use cellflux_chem::{Molecule, MorganSettings};
use cellflux_flow::distance::relative_error;
use cellflux_flow::field::Engine;
use cellflux_flow::guidance::Guidance;
use cellflux_flow::solver::FixedSolver;
use cellflux_image::picture::Limits;
use cellflux_image::{ImageSpec, coded_png, npy};
use tempfile::TempDir;

use golden::golden;

const SIDE: usize = 32;
const LINK: &str = "http://127.0.0.1:8080/#v=1&c=drug&a=1.2&solver=heun2&grid=uniform&steps=4&noise=0";

fn read_golden(file: &str) -> Vec<u8> {
    fs::read(golden(file)).unwrap()
}

/// The control: a ramp, a different one in each channel.
fn control() -> Vec<u8> {
    (0..3 * SIDE * SIDE).map(|i| (i * 7 % 256) as u8).collect()
}

fn drug() -> Vec<f32> {
    (0..64).map(|i| (i % 3) as f32).collect()
}

fn condition(id: &str) -> Condition {
    Condition {
        id: id.into(),
        name: id.into(),
        kind: Perturbation::Compound,
        smiles: None,
        structure: None,
        mode_of_action: None,
        doses_um: Vec::new(),
        trained_doses_um: None,
        batches: Vec::new(),
        target: None,
        split: Split::Seen,
        control: id == "dmso",
    }
}

/// A bundle of the golden network, with one control and two conditions.
fn bundle() -> TempDir {
    let source = "made up".into();
    bundle_of(Encoder::Table { source }, &drug())
}

/// How the bundles of structures count: as many positions as the golden network has numbers.
const COUNTS: MorganSettings = MorganSettings { radius: 2, bits: 64 };
/// The drug of such a bundle.
const ASPIRIN: &str = "CC(=O)Oc1ccccc1C(=O)O";

fn counts(smiles: &str) -> Vec<f32> {
    let molecule = Molecule::from_smiles(smiles).unwrap();
    molecule.morgan_counts(COUNTS).unwrap().to_dense()
}

/// The same whose vectors count environments of structures.
fn bundle_of_structures() -> TempDir {
    bundle_of(Encoder::MorganCounts { radius: 2, bits: 64 }, &counts(ASPIRIN))
}

/// The same whose vectors end with the dose, which the data have of the drug at 1 and 10 micromolar.
fn bundle_with_dose() -> TempDir {
    let source = "made up".into();
    let mut conditions = conditions(Encoder::Table { source });
    conditions.dose = DoseFeatures::Log1p {
        mean: 1.0,
        scale: 2.0,
    };
    conditions.list[1].doses_um = vec![1.0, 10.0];
    bundle_with(conditions, &drug()[..63])
}

fn conditions(encoder: Encoder) -> Conditions {
    Conditions {
        encoder,
        dose: DoseFeatures::None,
        list: vec![condition("dmso"), condition("drug")],
    }
}

fn bundle_of(encoder: Encoder, drug: &[f32]) -> TempDir {
    bundle_with(conditions(encoder), drug)
}

fn bundle_with(conditions: Conditions, drug: &[f32]) -> TempDir {
    let config = config_from_safetensors(&read_golden("io.safetensors")).unwrap();
    let weights = StateDict::from_safetensors(&read_golden("model.safetensors"), &config).unwrap();
    let image = ImageSpec::bbbc021(SIDE, SIDE);
    let sample = coded_png::write(&image, &control()).unwrap();
    let draft = Draft {
        id: "micro".into(),
        title: "The golden network".into(),
        description: String::new(),
        config,
        weights,
        dtype: WeightDtype::F16,
        image,
        conditions,
        vectors: ConditionVectors::from_rows(&[vec![0.0; drug.len()], drug.to_vec()]).unwrap(),
        source: FlowSource::Control,
        sampling: Sampling::default(),
        gallery: Gallery {
            controls: vec![Example {
                id: "ramp".into(),
                file: "samples/ramp.png".into(),
                condition: "dmso".into(),
                dose_um: None,
                batch: None,
                plate: None,
                well: None,
                source: "a ramp".into(),
                licence: "CC0-1.0".into(),
                synthetic: true,
                split: None,
            }],
            treated: Vec::new(),
        },
        trained_noise: None,
        trajectories: Vec::new(),
        provenance: Provenance {
            data_set: DataSet {
                name: "none".into(),
                citation: String::new(),
                licence: "CC0-1.0".into(),
                url: None,
            },
            training: None,
            metrics: BTreeMap::new(),
            tools: BTreeMap::new(),
            licence: "CC0-1.0".into(),
            notes: String::new(),
            created: "2026-01-01".into(),
        },
        assets: BTreeMap::from([("samples/ramp.png".into(), sample)]),
    };
    let folder = tempfile::tempdir().unwrap();
    folder::write(&draft.pack().unwrap(), folder.path(), true).unwrap();
    folder
}

fn run(bundle: &Path, out: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .arg("run")
        // As in a container: Vulkan drivers then complain although nothing is wrong.
        .env_remove("XDG_RUNTIME_DIR")
        .args(options)
        .arg("--bundle")
        .arg(bundle)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap()
}

fn succeed(bundle: &Path, out: &Path, options: &[&str]) {
    let output = run(bundle, out, options);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{message}");
}

fn array(path: &Path) -> (Vec<usize>, Vec<f32>) {
    let array = npy::read("array", &fs::read(path).unwrap(), &Limits::default()).unwrap();
    (array.shape, array.values)
}

/// The same trajectory, walked here step by step.
fn expected() -> Vec<f32> {
    let config = config_from_safetensors(&read_golden("io.safetensors")).unwrap();
    let weights = StateDict::from_safetensors(&read_golden("model.safetensors"), &config).unwrap();
    let mut engine = CandleEngine::new(&config, &weights, SIDE, SIDE).unwrap();
    engine.condition(&[drug()], Guidance { alpha: 1.2 }).unwrap();
    let start: Vec<f32> = control()
        .iter()
        .map(|&v| f32::from(v) / 255.0 * 2.0 - 1.0)
        .collect();
    let mut state = engine.upload(&start).unwrap();
    let mut trajectory = start;
    for step in 0..4 {
        let (from, to) = (f64::from(step) / 4.0, f64::from(step + 1) / 4.0);
        state = FixedSolver::Heun.step(&mut engine, from, to, &state).unwrap();
        trajectory.extend(pollster::block_on(engine.read(&state)).unwrap());
    }
    trajectory
}

#[test]
fn a_link_becomes_trajectory_times_pictures_and_record() {
    let (bundle, out) = (bundle(), tempfile::tempdir().unwrap());
    let out = out.path();
    succeed(bundle.path(), out, &[LINK]);
    let (shape, trajectory) = array(&out.join("trajectory.npy"));
    assert_eq!(shape, [5, 3, SIDE, SIDE]);
    // The same engine; the start's coding may round once.
    let error = relative_error(&trajectory, &expected());
    assert!(error < 1e-6, "{error:.1e}");
    assert_eq!(
        array(&out.join("times.npy")),
        (vec![5], vec![0.0, 0.25, 0.5, 0.75, 1.0])
    );
    let strip = cellflux_image::decode("strip.png", &fs::read(out.join("strip.png")).unwrap()).unwrap();
    assert!(strip.width() >= 5 * SIDE && strip.height() >= SIDE);
    for frame in 0..5 {
        assert!(out.join(format!("frame-{frame:03}.png")).is_file());
    }
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(out.join("record.json")).unwrap()).unwrap();
    assert_eq!(record["recipe"]["condition"], "drug");
    assert_eq!(record["timing"]["evaluations"], 8);
}

/// `cellflux measure` of a run's files.
fn measure(bundle: &Path, out: &Path, table: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .arg("measure")
        .arg(out.join("trajectory.npy"))
        .arg("--times")
        .arg(out.join("times.npy"))
        .arg("--bundle")
        .arg(bundle)
        .args(["--compound", "drug", "--seed", "7", "--out"])
        .arg(table)
        .output()
        .unwrap()
}

#[test]
fn a_walk_is_measured_while_it_runs_and_from_its_files_to_the_same_bytes() {
    let (bundle, outs) = (bundle(), tempfile::tempdir().unwrap());
    let (out, table) = (outs.path().join("out"), outs.path().join("walk.csv"));
    let link = LINK.replace("noise=0", "noise=0.5&seed=7");
    succeed(
        bundle.path(),
        &out,
        &[&link, "--measures", table.to_str().unwrap()],
    );
    let text = fs::read_to_string(&table).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 6, "{text}");
    assert!(
        lines[0].starts_with("compound,seed,step,time,nucleus.area [px],"),
        "{text}"
    );
    for (step, (line, time)) in lines[1..]
        .iter()
        .zip(["0", "0.25", "0.5", "0.75", "1"])
        .enumerate()
    {
        assert!(line.starts_with(&format!("drug,7,{step},{time},")), "{line}");
        assert_eq!(line.split(',').count(), lines[0].split(',').count());
    }
    let again = outs.path().join("files.csv");
    let output = measure(bundle.path(), &out, &again);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(fs::read_to_string(&again).unwrap(), text);

    // Times of another walk are refused with both shapes.
    fs::write(out.join("times.npy"), npy::write_f32(&[2], &[0.0, 1.0]).unwrap()).unwrap();
    let output = measure(bundle.path(), &out, &again);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("[5, 3, 32, 32]") && message.contains("[2, 3, 32, 32]"),
        "{message}"
    );
}

#[test]
fn the_recipe_of_a_record_makes_the_same_trajectory_again() {
    let (bundle, outs) = (bundle(), tempfile::tempdir().unwrap());
    let (first, second) = (outs.path().join("first"), outs.path().join("second"));
    let hash = LINK.split_once('#').unwrap().1;
    succeed(bundle.path(), &first, &[hash]);
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(first.join("record.json")).unwrap()).unwrap();
    let recipe = outs.path().join("recipe.json");
    fs::write(&recipe, record["recipe"].to_string()).unwrap();
    succeed(bundle.path(), &second, &["--recipe", recipe.to_str().unwrap()]);
    let trajectory = |out: PathBuf| fs::read(out.join("trajectory.npy")).unwrap();
    assert_eq!(trajectory(first), trajectory(second));
}

/// What the command says before it walks.
fn says(bundle: &Path, out: &Path, options: &[&str]) -> String {
    let output = run(bundle, out, options);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{message}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn any_compound_is_walked_under_its_counts_and_every_file_says_that_it_was_never_seen() {
    let (bundle, outs) = (bundle_of_structures(), tempfile::tempdir().unwrap());
    let [typed, again, same, listed] =
        ["typed", "again", "same", "listed"].map(|name| outs.path().join(name));
    let salicylic_acid = "OC(=O)c1ccccc1O";
    let said = says(bundle.path(), &typed, &[LINK, "--smiles", salicylic_acid]);
    assert!(
        said.starts_with(
            "OC(=O)c1ccccc1O: never seen by the network; nearest training compounds, by Tanimoto"
        ),
        "{said}"
    );
    assert!(said.contains("drug 0."), "{said}");
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(typed.join("record.json")).unwrap()).unwrap();
    assert_eq!(record["recipe"]["condition"]["smiles"], salicylic_acid);
    assert!(
        record["note"]
            .as_str()
            .unwrap()
            .contains("never seen by the network")
    );
    let png = fs::read(typed.join("strip.png")).unwrap();
    let text = String::from_utf8_lossy(&png);
    assert!(text.contains("never seen by the network") && text.contains("#v=2&"));

    // The record's recipe and a link of version 2 make it again.
    let recipe = outs.path().join("recipe.json");
    fs::write(&recipe, record["recipe"].to_string()).unwrap();
    succeed(bundle.path(), &again, &["--recipe", recipe.to_str().unwrap()]);
    let trajectory = |out: &Path| fs::read(out.join("trajectory.npy")).unwrap();
    assert_eq!(trajectory(&typed), trajectory(&again));

    // A listed compound in other words is that compound.
    let said = says(
        bundle.path(),
        &same,
        &[LINK, "--smiles", "OC(=O)C1=C(OC(C)=O)C=CC=C1"],
    );
    assert!(said.contains("is drug for the network"), "{said}");
    succeed(bundle.path(), &listed, &[LINK]);
    assert_eq!(trajectory(&same), trajectory(&listed));
    assert_ne!(trajectory(&typed), trajectory(&listed));
    let record = fs::read_to_string(same.join("record.json")).unwrap();
    assert!(!record.contains("never seen"), "{record}");
}

#[test]
fn figures_a_film_and_measures_are_written_without_the_folder_and_figures_say_what_they_show() {
    let (bundle, outs) = (bundle(), tempfile::tempdir().unwrap());
    let [figure, drawing, film, table] =
        ["figure.png", "figure.SVG", "film.png", "walk.csv"].map(|name| outs.path().join(name));
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .args(["run", LINK, "--figure-width", "single", "--figure-steps", "ends"])
        .arg("--bundle")
        .arg(bundle.path())
        .arg("--figure")
        .arg(&figure)
        .arg("--figure")
        .arg(&drawing)
        .arg("--animation")
        .arg(&film)
        .arg("--measures")
        .arg(&table)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{message}");
    assert_eq!(fs::read_dir(outs.path()).unwrap().count(), 4);
    let [figure, drawing, film] = [figure, drawing, film].map(|path| fs::read(path).unwrap());
    for file in [&figure, &drawing, &film] {
        let text = String::from_utf8_lossy(file);
        assert!(text.contains("Generated, not measured") && text.contains("c=drug"));
    }
    // 88 mm at 300 dpi.
    let picture = cellflux_image::decode("figure.png", &figure).unwrap();
    assert_eq!(picture.width(), 1039);
    let drawing = String::from_utf8(drawing).unwrap();
    // Three steps, two changes and a strip of colours for each of the three channels.
    assert_eq!(drawing.matches("<image ").count(), 3 + 2 + 3);
    let control = film.windows(4).position(|name| name == b"acTL").unwrap();
    assert_eq!(film[control + 4..control + 8], 5u32.to_be_bytes());
}

#[test]
fn a_figure_of_a_link_with_a_map_of_the_change_shows_that_map() {
    let (bundle, outs) = (bundle(), tempfile::tempdir().unwrap());
    for (map, said) in [
        ("velocity", "Colours of the velocity"),
        ("speed", "Colours of the speed"),
        ("guidance", "v(c) − v(null)"),
    ] {
        let file = outs.path().join(format!("{map}.svg"));
        let link = format!("{}&map={map}", LINK.replace("v=1", "v=4"));
        let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
            .args(["run", &link, "--bundle"])
            .arg(bundle.path())
            .arg("--figure")
            .arg(&file)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{message}");
        let drawing = fs::read_to_string(&file).unwrap();
        assert!(drawing.contains(said), "{map}");
        assert!(drawing.contains("Computed by the model, not measured"), "{map}");
    }
}

#[test]
fn both_engines_walk_the_same_trajectory() {
    let (bundle, outs) = (bundle(), tempfile::tempdir().unwrap());
    let (cpu, gpu) = (outs.path().join("cpu"), outs.path().join("gpu"));
    let output = run(bundle.path(), &gpu, &[LINK, "--engine", "wgpu"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    if message.contains("adapter") && !output.status.success() {
        eprintln!("skipped: {message}");
        return;
    }
    assert!(output.status.success(), "{message}");
    assert!(!message.contains("XDG_RUNTIME_DIR"), "{message}");
    succeed(bundle.path(), &cpu, &[LINK]);
    let (_, expected) = array(&cpu.join("trajectory.npy"));
    let (_, found) = array(&gpu.join("trajectory.npy"));
    // f32 on both, in another order of sums.
    let error = relative_error(&found, &expected);
    assert!(error < 1e-4, "{error:.1e}");
}

#[test]
fn what_cannot_be_run_exits_2_and_names_the_reason() {
    let (bundle, outs) = (bundle(), tempfile::tempdir().unwrap());
    let full = outs.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("frame-000.png"), b"mine").unwrap();
    let empty = outs.path().join("empty");
    let structures = bundle_of_structures();
    let cases: [(&Path, &Path, &[&str], &str); 11] = [
        (
            bundle.path(),
            &empty,
            &[LINK, "--figure", "walk.jpg"],
            "walk.jpg is neither a .png nor a .svg",
        ),
        (
            bundle.path(),
            &empty,
            &[LINK, "--animation", "walk.svg"],
            "walk.svg is no .png",
        ),
        (bundle.path(), &full, &[LINK], "not empty"),
        (outs.path(), &empty, &[LINK], "manifest.json"),
        (bundle.path(), &empty, &["#v=1&c=drug&a=1e9"], "alpha"),
        (bundle.path(), &empty, &["#v=1&c=elixir"], "elixir"),
        (bundle.path(), &empty, &["--recipe", "absent.json"], "absent.json"),
        (
            bundle.path(),
            &empty,
            &["--smiles", "CCO"],
            "are not made from structures",
        ),
        (structures.path(), &empty, &["--smiles", "CC*"], "is a wildcard"),
        (
            structures.path(),
            &empty,
            &["--smiles", "[Na+].[Cl-]"],
            "is a mixture of 2",
        ),
        (
            structures.path(),
            &empty,
            &["#smiles=C(C)(C)(C)(C)C"],
            "greater than permitted",
        ),
    ];
    for (bundle, out, options, reason) in cases {
        let output = run(bundle, out, options);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn any_dose_within_those_of_the_data_is_walked_and_another_is_refused_with_the_range() {
    let (bundle, outs) = (bundle_with_dose(), tempfile::tempdir().unwrap());
    let [between, linked, highest, beyond, without] =
        ["between", "linked", "highest", "beyond", "without"].map(|name| outs.path().join(name));
    let trajectory = |out: &Path| fs::read(out.join("trajectory.npy")).unwrap();
    succeed(bundle.path(), &between, &[LINK, "--dose", "2.5"]);
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(between.join("record.json")).unwrap()).unwrap();
    assert_eq!(record["recipe"]["dose_um"], 2.5);
    succeed(bundle.path(), &linked, &[&format!("{LINK}&dose=2.5")]);
    assert_eq!(trajectory(&between), trajectory(&linked));
    // Without a dose in link and options it is the highest of the data.
    succeed(bundle.path(), &highest, &[LINK]);
    assert_ne!(trajectory(&between), trajectory(&highest));

    let refused = |bundle: &Path, out: &Path| {
        let output = run(bundle, out, &[LINK, "--dose", "11"]);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let message = refused(bundle.path(), &beyond);
    let expected = "dose is 11, expected a number from 1 to 10 micromolar";
    assert!(message.contains(expected), "{message}");
    let message = refused(self::bundle().path(), &without);
    assert!(message.contains("this model takes no dose"), "{message}");
}

/// The line for a shell that a page writes for a walk (`web/recipe_code.js`), with the bundle in its place.
#[test]
#[cfg(unix)]
fn the_line_that_a_page_writes_walks_as_its_link_does() {
    let bundle = bundle();
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/recipe_code/walk.sh");
    let line = fs::read_to_string(place).unwrap();
    let home = TempDir::new().unwrap();
    let line = line
        .replace("cellflux run", "\"$CELLFLUX\" run")
        .replace("'BUNDLE'", "\"$BUNDLE\"");
    let status = Command::new("sh")
        .current_dir(home.path())
        .env("CELLFLUX", env!("CARGO_BIN_EXE_cellflux"))
        .env("BUNDLE", bundle.path())
        .args(["-c", &line])
        .status()
        .unwrap();
    assert!(status.success());
    let out = home.path().join("of-the-link");
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .args(["run", LINK, "--bundle"])
        .arg(bundle.path())
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let trajectory = |folder: &Path| fs::read(folder.join("trajectory.npy")).unwrap();
    assert_eq!(trajectory(&home.path().join("walk")), trajectory(&out));
}
