//! Real crops in an assembled site.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use cellflux_bundle::folder;
use cellflux_image::{ImageSpec, coded_png};
use cellflux_site::config::CropsStatement;
use cellflux_site::{SiteError, real_crops};

use crate::parts::{SIDE, build_with, project, published};

const HEADER: &str = "path,SAMPLE_KEY,SPLIT,STATE,CPD_NAME,DOSE,ANNOT,SMILES,BATCH,PLATE,WELL,SITE,FIELD";
/// Crops are larger than the small model's images by this many pixels.
const MORE: usize = 4;

/// Whose crops they are, as `site.toml` says.
const CROPS: &str = "[crops]\nsource = \"Drawn by a test, copyright nobody\"\nlicence = \"CC0-1.0\"\n";

/// `split, state, compound, dose, plate, well` of each crop.
type Rows<'a> = &'a [(&'a str, u8, &'a str, f64, &'a str, &'a str)];

/// A folder of crops whose pixels are known: crop `i` is 7 i + column in every channel.
fn data(home: &Path, rows: Rows) -> PathBuf {
    let data = home.join("cells");
    fs::create_dir_all(&data).unwrap();
    let spec = ImageSpec::bbbc021(SIDE + MORE, SIDE + MORE);
    let mut table = format!("{HEADER}\n");
    for (index, (split, state, compound, dose, plate, well)) in rows.iter().enumerate() {
        let key = format!("{plate}_{well}_{index}");
        writeln!(
            table,
            "{plate}/{key}.png,{key},{split},{state},{compound},{dose},,,Week1,{plate},{well},1,f"
        )
        .unwrap();
        let coded: Vec<u8> = (0..spec.len())
            .map(|i| (index * 7 + i % (SIDE + MORE)) as u8)
            .collect();
        fs::create_dir_all(data.join(plate)).unwrap();
        fs::write(
            data.join(format!("{plate}/{key}.png")),
            coded_png::write(&spec, &coded).unwrap(),
        )
        .unwrap();
    }
    fs::write(data.join("metadata.csv"), table).unwrap();
    data
}

#[test]
fn controls_stand_beside_treated_cells_of_their_plate_those_held_out_of_training_first() {
    let home = project(CROPS);
    let crops = Some(data(
        home.path(),
        &[
            ("train", 0, "DMSO", 0.0, "P1", "B02"),
            ("val", 0, "DMSO", 0.0, "P1", "B02"),
            ("val", 0, "DMSO", 0.0, "P1", "B02"),
            ("val", 0, "DMSO", 0.0, "P1", "C02"),
            ("train", 1, "cycloheximide", 5.0, "P1", "D02"),
            ("val", 1, "cycloheximide", 5.0, "P1", "D02"),
            ("val", 1, "cycloheximide", 50.0, "P1", "E02"),
            ("val", 1, "unknown drug", 1.0, "P1", "F02"),
            ("val", 0, "DMSO", 0.0, "P2", "B02"),
            ("val", 1, "taxol", 0.3, "P2", "C02"),
            ("val", 1, "taxol", 0.3, "no-controls", "C02"),
            ("val", 0, "DMSO", 0.0, "no-treated", "C02"),
        ],
    ));
    let built = build_with(home.path(), crops).unwrap();
    let out = published(home.path());
    let manifest = folder::read_manifest(&out).unwrap();

    let ids = |list: &[cellflux_bundle::gallery::Example]| -> Vec<String> {
        list.iter().map(|example| example.id.clone()).collect()
    };
    // One well of P1 after the other, before a second cell of the same well; the training cell is not needed.
    assert_eq!(
        ids(&manifest.gallery.controls),
        ["synthetic-1", "p1_b02_1", "p1_c02_3", "p1_b02_2", "p2_b02_8"]
    );
    assert_eq!(
        ids(&manifest.gallery.treated),
        ["p1_d02_5", "p1_d02_4", "p1_e02_6", "p2_c02_9"]
    );
    assert_eq!(built.report.real_crops, 8);

    let treated = manifest.gallery.get("p1_e02_6").unwrap();
    assert_eq!(treated.condition, "cycloheximide");
    assert_eq!(treated.dose_um, Some(50.0));
    assert_eq!(
        (treated.plate.as_deref(), treated.well.as_deref()),
        (Some("P1"), Some("E02"))
    );
    assert_eq!(treated.licence, "CC0-1.0");
    assert!(!treated.synthetic);

    let taxol = manifest.conditions.get("taxol").unwrap();
    assert_eq!(taxol.batches, ["Week1"], "the batches of the table");
    assert_eq!(treated.source, "Drawn by a test, copyright nobody");

    // The middle of the crop, byte for byte.
    let spec = &manifest.image;
    let png = folder::read_file(&out, &manifest, &treated.file).unwrap();
    let coded = coded_png::read(spec, "crop", &png).unwrap();
    let expected: Vec<u8> = (0..spec.len())
        .map(|i| (6 * 7 + MORE / 2 + i % SIDE) as u8)
        .collect();
    assert_eq!(coded, expected);

    let source = folder::read_manifest(&home.path().join("bundle")).unwrap();
    assert_eq!(
        source.gallery.controls.len(),
        1,
        "the bundle itself is left alone"
    );
}

#[test]
fn photographs_whose_source_and_licence_nobody_states_are_refused() {
    let home = project("");
    let data = data(
        home.path(),
        &[
            ("val", 0, "DMSO", 0.0, "P1", "B02"),
            ("val", 1, "taxol", 0.3, "P1", "C02"),
        ],
    );
    let error = build_with(home.path(), Some(data)).unwrap_err().to_string();
    assert!(
        error.contains("site.toml: has no [crops], expected `source` and `licence`"),
        "{error}"
    );
    assert!(!home.path().join("dist").exists());
}

#[test]
fn tables_that_cannot_be_used_are_refused_by_name() {
    let home = project(CROPS);
    let refused = |data: PathBuf| {
        let error = build_with(home.path(), Some(data)).unwrap_err();
        assert!(!home.path().join("dist").exists());
        error
    };
    let error = refused(home.path().join("absent"));
    assert!(error.to_string().contains("metadata.csv"), "{error}");

    let error = refused(data(home.path(), &[("val", 0, "DMSO", 0.0, "P1", "B02")]));
    assert!(matches!(error, SiteError::Crops { .. }), "{error}");
    assert!(error.to_string().contains("both control and treated"), "{error}");

    let data = data(
        home.path(),
        &[
            ("val", 0, "DMSO", 0.0, "P1", "B02"),
            ("val", 1, "taxol", 1.0, "P1", "B03"),
        ],
    );
    fs::write(data.join("P1/P1_B02_0.png"), "no picture").unwrap();
    let error = refused(data.clone());
    assert!(error.to_string().contains("P1_B02_0.png"), "{error}");

    for path in ["../../secret.png", "/etc/passwd"] {
        let table = format!(
            "{HEADER}\n{path},k,val,0,DMSO,0,,,W,P1,B02,1,f\n\
            P1/P1_B03_1.png,k2,val,1,taxol,1,,,W,P1,B03,1,f\n"
        );
        fs::write(data.join("metadata.csv"), table).unwrap();
        let error = refused(data.clone());
        assert!(error.to_string().contains("path"), "{error}");
    }

    fs::write(data.join("metadata.csv"), "name,age\nx,1\n").unwrap();
    let error = refused(data);
    assert!(error.to_string().contains("metadata.csv"), "{error}");
}

#[test]
fn the_single_cell_crops_of_bbbc021_give_controls_and_treated_cells_of_several_plates() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bbbc021-cells");
    if !data.is_dir() {
        println!("skipped: {} is not there", data.display());
        return;
    }
    let home = project(CROPS);
    let manifest = folder::read_manifest(&home.path().join("bundle")).unwrap();
    let statement = CropsStatement {
        source: "BBBC021v1".into(),
        licence: "CC BY 4.0".into(),
        bundle: None,
    };
    let crops = real_crops::choose(&data, &manifest, &statement).unwrap().crops;
    let plates = |treated| {
        let mut plates: Vec<_> = crops
            .iter()
            .filter(|crop| crop.treated == treated)
            .filter_map(|crop| crop.example.plate.clone())
            .collect();
        plates.sort();
        plates.dedup();
        plates
    };
    assert!(plates(false).len() >= 3);
    assert_eq!(plates(false), plates(true));
    assert!(
        crops
            .iter()
            .any(|crop| crop.treated && crop.example.condition == "cycloheximide")
    );
}

const REAL: &str = "[[section]]\nid = \"real\"\ntext = \"\"\"\n```{strip}\ncompound = \"taxol\"\n\
    real = true\ncaption = \"A real cell\"\n```\n\"\"\"\n";

#[test]
fn a_walk_of_a_real_control_starts_on_a_plate_with_the_compounds_cells_and_is_left_out_without_any() {
    let home = project(&format!("{CROPS}{REAL}"));
    build_with(home.path(), None).unwrap();
    assert!(!crate::parts::read(home.path(), "index.html").contains("A real cell"));
    let crops = data(
        home.path(),
        &[
            ("val", 0, "DMSO", 0.0, "P1", "B02"),
            ("val", 1, "cycloheximide", 5.0, "P1", "D02"),
            ("val", 1, "cycloheximide", 5.0, "P1", "D03"),
            ("val", 0, "DMSO", 0.0, "P2", "B05"),
            ("val", 1, "taxol", 0.3, "P2", "C02"),
        ],
    );
    let built = build_with(home.path(), Some(crops)).unwrap();
    let page = crate::parts::read(home.path(), "index.html");
    assert!(
        page.contains("A real cell") && page.contains("plate P2; well B05"),
        "{page}"
    );
    assert!(
        !built.advice.iter().any(|note| note.contains("batch")),
        "control and compound are of one batch: {:?}",
        built.advice
    );
}
