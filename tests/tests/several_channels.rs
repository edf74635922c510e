//! Six and five channels all the way: from fields or crops through training and export to a site with a
//! recorded walk.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::perturbation::Perturbation;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Bundle, folder};
use cellflux_data::fields::{FieldsConfig, cut_fields};
use cellflux_engine::{AnyEngine, Network};
use cellflux_image::synthetic::Cell;
use cellflux_image::{ImageSpec, coded_png, npy};
use cellflux_site::{Options, Project, Toolkit};
use cellflux_train::config::Config;
use cellflux_train::export::{self, export};
use cellflux_train::run::checkpoint::{self, Checkpoint};
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{CHECKPOINTS, Run};
use cellflux_train::sampling::recommended;

/// Pixels per side of a drawn cell, and of a field of 3 x 3 of them.
const CELL: usize = 96;
const FIELD: usize = 3 * CELL;

/// Pixels per side of the crops and of the model's images.
const CROP: usize = 64;
const SIDE: usize = 32;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Writes six files of a field of nine drawn cells, under the data set's own names.
fn draw_field(folder: &Path, name: &str, seed: u64) {
    let mut field = vec![vec![0u8; FIELD * FIELD]; 3];
    for cell in 0..9 {
        let mut drawn = Cell::untreated(seed + cell as u64);
        drawn.batch.density = 0.0;
        let crop = drawn.render(CELL, CELL).unwrap();
        for (plane, drawn) in field.iter_mut().zip(crop.chunks_exact(CELL * CELL)) {
            for (y, row) in drawn.chunks_exact(CELL).enumerate() {
                let start = (cell / 3 * CELL + y) * FIELD + cell % 3 * CELL;
                plane[start..start + CELL].copy_from_slice(row);
            }
        }
    }
    // Drawn cells have actin, tubulin and DNA: w1 shows the nuclei.
    for (number, plane) in [2, 0, 0, 1, 1, 0].into_iter().enumerate() {
        let png = coded_png::write(&ImageSpec::plain(1, FIELD, FIELD), &field[plane]).unwrap();
        fs::write(folder.join(format!("{name}_s1_w{}.png", number + 1)), png).unwrap();
    }
}

/// Crops in six channels, cut from drawn fields by the shipped configuration; returns their table.
fn six_channels(home: &Path) -> PathBuf {
    let fields = home.join("rxrx1");
    fs::create_dir(&fields).unwrap();
    let mut rows = "id_code,experiment,plate,well,sirna,well_type\n".to_owned();
    let wells = [
        ("B02", "UNTREATED,negative_control"),
        ("B03", "UNTREATED,negative_control"),
        ("C03", "sirna_852,positive_control"),
        ("C04", "sirna_852,positive_control"),
    ];
    for ((well, content), seed) in wells.into_iter().zip([100, 200, 300, 400]) {
        draw_field(&fields, &format!("U2OS-01_Plate1_{well}"), seed);
        writeln!(rows, "U2OS-01_1_{well},U2OS-01,1,{well},{content}").unwrap();
    }
    fs::write(fields.join("train_controls.csv.gz"), rows).unwrap();
    let text = fs::read_to_string(root().join("configs/fields-rxrx1.toml")).unwrap();
    let mut config: FieldsConfig =
        toml::from_str(&text.replace("../shared/data", home.to_str().unwrap())).unwrap();
    let both = ["negative_control", "positive_control"].map(str::to_owned);
    config.only.insert("well_type".into(), both.into());
    // Drawn cells lie close to the field's border, and their nuclei are larger.
    (config.image.height, config.image.width) = (CROP, CROP);
    config.nuclei.diameter_px = 36.0;
    let crops = home.join("crops");
    let report = cut_fields(&config, &crops, |_, _| {}).unwrap();
    assert!(report.crops > 20, "{report}");
    crops.join("metadata.csv")
}

/// Crops in five channels as `.npy` of bytes, with their table.
fn five_channels(home: &Path) -> PathBuf {
    let mut table = "path,SPLIT,STATE,CPD_NAME,BATCH\n".to_owned();
    for number in 0..24u64 {
        let drawn = Cell::untreated(number).render(CROP, CROP).unwrap();
        let planes: Vec<&[u8]> = drawn.chunks_exact(CROP * CROP).collect();
        // Pixel by pixel, as the public crops are.
        let pixels: Vec<u8> = (0..CROP * CROP)
            .flat_map(|pixel| [1, 0, 1, 0, 2].map(|plane: usize| planes[plane][pixel]))
            .collect();
        let name = format!("{number}.npy");
        fs::write(
            home.join(&name),
            npy::write_u8(&[CROP, CROP, 5], &pixels).unwrap(),
        )
        .unwrap();
        let treatment = if number % 2 == 0 {
            "control,DMSO"
        } else {
            "trt,sirna_852"
        };
        writeln!(table, "{name},train,{treatment},plate1").unwrap();
    }
    fs::write(home.join("cells.csv"), table).unwrap();
    home.join("cells.csv")
}

/// Trains two steps on the table's crops and exports a bundle.
fn train(home: &Path, table: &Path, preset: &str) -> PathBuf {
    let text = format!(
        r#"
        [data]
        perturbation = "knock-down"
        [data.source]
        layout = "folder"
        table = '{}'
        [data.image]
        preset = "{preset}"
        height = {SIDE}
        width = {SIDE}
        fit = "whole"
        [data.split]
        train = ["train", "val"]
        validation = {{ from = "train", by = "path", share = 0.4 }}
        [conditions.encoder]
        kind = "one-hot"
        [network]
        preset = "tiny"
        model_channels = 32
        channel_mult = [1, 1]
        num_res_blocks = 1
        attention_resolutions = []
        [training]
        steps = 2
        batch = 2
        [run]
        folder = '{}'
        validate_every = 0
        validation_pairs = 2
        sheet_every = 2
        sheet_rows = 1
        [about]
        title = "Drawn cells in several channels"
        crops_source = "drawn by a program"
        crops_licence = "CC0-1.0"
        "#,
        table.display(),
        home.join("run").display()
    );
    let config = Config::from_text("test", &text, &[]).unwrap();
    let mut run = Run::start(config, |_, _| {}).unwrap();
    run.train(&Interrupt::default()).unwrap();
    assert!(home.join("run/sheets/step-000000002.png").is_file());
    let newest = checkpoint::list(&home.join("run").join(CHECKPOINTS))
        .unwrap()
        .pop();
    let last = Checkpoint::load(&newest.unwrap(), &candle_core::Device::Cpu).unwrap();
    let material = run.material();
    let options = export::Options {
        dtype: WeightDtype::F16,
        controls: 2,
        sampling: recommended(&material.config.training),
    };
    let draft = export(material, &last, &options).unwrap().draft;
    let bundle = home.join("bundle");
    folder::write(&draft.pack().unwrap(), &bundle, false).unwrap();
    bundle
}

/// The network on the CPU.
fn engine(bundle: &Bundle) -> Result<AnyEngine, String> {
    Network::of(bundle).on_cpu().map_err(|error| error.to_string())
}

/// Every file below a folder, by name without its folder.
fn names(of: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![of.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

/// From a table of crops to a site.
fn becomes_a_page(home: &Path, table: &Path, preset: &str, channels: &[&str]) {
    let folder_of_bundle = train(home, table, preset);
    // Reads every file and compares its digest.
    let bundle = folder::read(&folder_of_bundle).unwrap();
    let manifest = &bundle.manifest;
    let named: Vec<&str> = manifest
        .image
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    assert_eq!(named, channels);
    assert_eq!(manifest.model.config.in_channels, channels.len());
    let treatment = manifest.conditions.get("sirna-852").unwrap();
    assert_eq!(treatment.kind, Perturbation::KnockDown);
    assert!(!manifest.gallery.controls.is_empty());

    let pkg = root().join("pkg");
    if !pkg.join("cellflux_wasm_bg.wasm").is_file() {
        println!("skipped: pkg/ is not built (`cargo xtask pkg`), so no site is");
        return;
    }
    fs::write(
        home.join("site.toml"),
        "title = \"Several channels\"\n[[bundle]]\npath = \"bundle\"\n[precompute]\n\
        compounds = [\"sirna-852\"]\nsteps = 2\n[[section]]\nid = \"try\"\ntext = \"\"\"\n```{explorer}\n\
        compound = \"sirna-852\"\nsteps = 2\n```\n\"\"\"\n",
    )
    .unwrap();
    let options = Options {
        out: home.join("dist"),
        toolkit: Toolkit::from_folders(&root().join("web"), &pkg).unwrap(),
        crops: None,
        tell: |_| {},
    };
    cellflux_site::build(&Project::read(home).unwrap(), &options, &mut engine).unwrap();
    let page = fs::read_to_string(home.join("dist/index.html")).unwrap();
    assert!(page.contains("<cellflux-explorer"));
    let files = names(&home.join("dist"));
    assert!(
        files
            .iter()
            .any(|name| name.starts_with("film-") && name.contains(".webp")),
        "{files:?}"
    );
}

#[test]
fn six_channels_go_from_fields_to_a_page() {
    let home = tempfile::tempdir().unwrap();
    let table = six_channels(home.path());
    let channels = ["nuclei", "ER", "actin", "nucleoli", "mitochondria", "Golgi"];
    becomes_a_page(home.path(), &table, "rxrx1", &channels);
}

#[test]
fn five_channels_go_from_crops_to_a_page() {
    let home = tempfile::tempdir().unwrap();
    let table = five_channels(home.path());
    becomes_a_page(
        home.path(),
        &table,
        "cpg0000",
        &["Mito", "AGP", "RNA", "ER", "DNA"],
    );
}
