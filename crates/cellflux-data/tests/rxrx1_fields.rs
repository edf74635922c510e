//! The configuration of RxRx1's fields: crops in six channels from drawn fields under the data set's own
//! titles and file names and, where they are there, from its images.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};

use cellflux_data::fields::{FieldsConfig, cut_fields};
use cellflux_data::{DataConfig, Report, read_experiment};
use cellflux_image::synthetic::Cell;
use cellflux_image::{ImageSpec, coded_png};

/// Pixels per side of a field of 3 x 3 drawn cells.
const SIDE: usize = 3 * 96;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The configuration, its data in another folder.
fn config(data: &Path) -> FieldsConfig {
    let text = fs::read_to_string(root().join("configs/fields-rxrx1.toml")).unwrap();
    toml::from_str(&text.replace("../shared/data", data.to_str().unwrap())).unwrap()
}

/// Writes the six channels of a field of nine drawn cells.
fn draw_field(folder: &Path, name: &str, seed: u64) {
    let mut field = vec![vec![0u8; SIDE * SIDE]; 3];
    for cell in 0..9 {
        let mut drawn = Cell::untreated(seed + cell as u64);
        drawn.batch.density = 0.0;
        let crop = drawn.render(96, 96).unwrap();
        for (plane, drawn) in field.iter_mut().zip(crop.chunks_exact(96 * 96)) {
            for (y, row) in drawn.chunks_exact(96).enumerate() {
                let start = (cell / 3 * 96 + y) * SIDE + cell % 3 * 96;
                plane[start..start + 96].copy_from_slice(row);
            }
        }
    }
    // Drawn cells have actin, tubulin and DNA: w1 shows the nuclei.
    for (number, plane) in [2, 0, 0, 1, 1, 0].into_iter().enumerate() {
        let png = coded_png::write(&ImageSpec::plain(1, SIDE, SIDE), &field[plane]).unwrap();
        fs::write(folder.join(format!("{name}_s1_w{}.png", number + 1)), png).unwrap();
    }
}

#[test]
fn drawn_fields_become_crops_in_six_channels_that_training_reads() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("rxrx1");
    fs::create_dir(&folder).unwrap();
    draw_field(&folder, "U2OS-01_Plate1_B02", 100);
    draw_field(&folder, "U2OS-01_Plate1_C03", 200);
    fs::write(
        folder.join("train_controls.csv.gz"),
        "id_code,experiment,plate,well,sirna,well_type\n\
        U2OS-01_1_B02,U2OS-01,1,B02,UNTREATED,negative_control\n\
        U2OS-01_1_C03,U2OS-01,1,C03,sirna_852,positive_control\n\
        U2OS-01_2_B02,U2OS-01,2,B02,UNTREATED,negative_control\n",
    )
    .unwrap();
    let mut config = config(data.path());
    let wells = ["negative_control", "positive_control"].map(str::to_owned);
    config.only.insert("well_type".into(), wells.into());
    // Drawn cells lie close to the field's border, and their nuclei are larger.
    (config.image.height, config.image.width) = (64, 64);
    config.nuclei.diameter_px = 36.0;
    let out = data.path().join("crops");
    let report = cut_fields(&config, &out, |_, _| {}).unwrap();
    assert_eq!((report.fields, report.missing_fields), (2, 1), "{report}");
    assert!(report.crops > 12, "{report}");

    let training: DataConfig = toml::from_str(&format!(
        "perturbation = 'knock-down'
         source = {{ layout = 'folder', table = '{}' }}
         image = {{ preset = 'rxrx1', height = 64, width = 64 }}",
        out.join("metadata.csv").display()
    ))
    .unwrap();
    let experiment = read_experiment(&training).unwrap();
    let names: Vec<(&str, bool)> = experiment
        .compounds()
        .iter()
        .map(|own| (own.name.as_str(), own.control))
        .collect();
    assert_eq!(names, [("UNTREATED", true), ("sirna_852", false)]);
    assert_eq!(experiment.batches(), ["U2OS-01"]);
    assert_eq!(experiment.load(0).unwrap().len(), 6 * 64 * 64);
    assert_eq!(Report::of(&experiment).images, report.crops);
}

#[test]
fn real_fields_become_crops_where_they_are_there() {
    let data = root().join("../shared/data");
    if !data.join("rxrx1").is_dir() {
        eprintln!("skipped: {} is not there", data.join("rxrx1").display());
        return;
    }
    let mut config = config(&data);
    config.only.insert("experiment".into(), vec!["U2OS-01".into()]);
    let out = tempfile::tempdir().unwrap();
    let report = cut_fields(&config, &out.path().join("crops"), |_, _| {}).unwrap();
    // One untreated well on each of four plates, 512 x 512 px each, with some 60 nuclei away from the border.
    assert_eq!((report.fields, report.missing_fields), (4, 0), "{report}");
    assert!((40..1000).contains(&report.crops), "{report}");
    assert_eq!(report.without_scale, report.crops);
}
