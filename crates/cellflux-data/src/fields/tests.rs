//! Crops cut from fields of drawn cells: which are written, and what is said of those left out.

use std::collections::BTreeMap;

use cellflux_image::npy;
use cellflux_image::synthetic::Cell;
use cellflux_measure::crop::nuclei::Nuclei;

use super::crop_writer::encode;
use super::*;
use crate::DataConfig;
use crate::config::{Fit, ImageConfig, ImagePreset, Source};

/// Pixels per side of a field of 3 x 3 synthetic cells without neighbours.
const SIDE: usize = 3 * 96;

/// Writes two fields, one file per channel, and their table; returns the configuration.
fn experiment(dir: &Path) -> FieldsConfig {
    let spec = ImageSpec::bbbc021(96, 96);
    for site in 1..=2u64 {
        let mut field = vec![0u8; 3 * SIDE * SIDE];
        for cell in 0..9 {
            let mut drawn = Cell::untreated(100 * site + cell as u64);
            drawn.batch.density = 0.0;
            let crop = drawn.render(96, 96).unwrap();
            for (channel, plane) in crop.chunks_exact(96 * 96).enumerate() {
                for (y, row) in plane.chunks_exact(96).enumerate() {
                    let start = channel * SIDE * SIDE + (cell / 3 * 96 + y) * SIDE + cell % 3 * 96;
                    field[start..start + 96].copy_from_slice(row);
                }
            }
        }
        for (plane, name) in field.chunks_exact(SIDE * SIDE).zip(["actin", "tubulin", "dna"]) {
            // Raw numbers as a float .npy: 16 times the intensity.
            let raw: Vec<f32> = plane
                .iter()
                .map(|&byte| (16.0 * spec.coding.decode(byte)) as f32)
                .collect();
            let npy = npy::write_f32(&[SIDE, SIDE], &raw).unwrap();
            fs::write(dir.join(format!("P1_A01_s{site}_{name}.npy")), npy).unwrap();
        }
    }
    fs::write(
        dir.join("fields.csv"),
        "file,compound,conc\nP1_A01_s1_w1.tif,DMSO,0\nP1_A01_s2_w1.tif,taxol,3\nP2_A01_s1_w1.tif,taxol,3\n",
    )
    .unwrap();
    fs::write(dir.join("compounds.csv"), "name,structure\ntaxol,\ntaxol,CCO\n").unwrap();
    let file = |name: &str| format!("{{file#0}}_{{file#1}}_{{file#2}}_{name}.npy");
    FieldsConfig {
        table: dir.join("fields.csv"),
        folder: None,
        files: [("actin", "actin"), ("tubulin", "tubulin"), ("DNA", "dna")]
            .map(|(channel, name)| (channel.to_owned(), file(name)))
            .into(),
        only: BTreeMap::from([(
            "file".into(),
            vec!["P1_A01_s1_w1.tif".into(), "P1_A01_s2_w1.tif".into()],
        )]),
        missing: MissingField::Error,
        image: ImageConfig {
            height: 64,
            width: 64,
            preset: ImagePreset::Bbbc021,
            channels: Vec::new(),
            coding: None,
            pixel_size_um: None,
            fit: Fit::Centre,
            meaning: Some(cellflux_image::coding::Meaning::Raw),
        },
        side: None,
        about: About {
            compound: "{compound}".into(),
            dose: "{conc}".into(),
            batch: "{file#0}".into(),
            plate: "{file#0}".into(),
            well: "{file#1}".into(),
            site: "{file#2}".into(),
            pixel_size: None,
            controls: vec!["DMSO".into()],
            empty_compound: None,
        },
        compounds: Some(CompoundTable {
            table: dir.join("compounds.csv"),
            name: "name".into(),
            smiles: Some("structure".into()),
            mode_of_action: None,
        }),
        illumination: Illumination::Quadratic,
        nuclei: NucleiConfig {
            channel: "DNA".into(),
            diameter_px: 36.0,
            smallest: 0.25,
            largest: 2.5,
            blurred: 0.3,
            ragged: 1.6,
        },
        validation: 0.5,
    }
}

#[test]
fn every_cell_of_a_field_becomes_a_crop_that_training_reads() {
    let dir = tempfile::tempdir().unwrap();
    let config = experiment(dir.path());
    let out = dir.path().join("crops");
    let report = cut_fields(&config, &out, |_, _| {}).unwrap();
    assert_eq!(
        (report.fields, report.crops, report.missing_fields),
        (2, 18, 0),
        "{report}"
    );
    assert_eq!(report.illumination.len(), 3);

    let folder = DataConfig {
        source: Source::Folder {
            table: out.join("metadata.csv"),
            images: None,
        },
        ..crate::fixtures::synthetic(0)
    };
    let mut training = folder.clone();
    training.image.height = 64;
    training.image.width = 64;
    // Site 1 is DMSO and training, site 2 taxol and validation; training needs treated cells.
    let error = crate::read_experiment(&training).unwrap_err().to_string();
    assert!(error.contains("no treated image in the train split"), "{error}");
    training.split.train.push("val".into());
    training.split.validation = crate::ValidationSplit::Values(Vec::new());
    let experiment = crate::read_experiment(&training).unwrap();
    assert_eq!(experiment.compounds()[1].smiles.as_deref(), Some("CCO"));
    assert_eq!(experiment.wells(), ["A01"]);
    assert_eq!(experiment.fields().len(), report.fields);
    for (index, entry) in experiment.entries().iter().enumerate() {
        assert_eq!(
            (entry.treated, entry.dose_um),
            if index < 9 {
                (false, Some(0.0))
            } else {
                (true, Some(3.0))
            }
        );
        // A nucleus in the middle.
        let crop = experiment.load(index).unwrap();
        let nuclei = Nuclei::of(&crop[2 * 64 * 64..], 64, 64).unwrap();
        let nucleus = nuclei.nucleus();
        assert!(
            nucleus.area() > 500 && !nucleus.is_cut_off(),
            "{}",
            nucleus.area()
        );
    }
    assert!(out.join("contact-sheet.png").is_file());
    let again = cut_fields(&config, &out, |_, _| {}).unwrap_err().to_string();
    assert!(again.contains("crops: cannot be made: "), "{again}");
}

#[test]
fn a_field_in_one_file_gives_the_crops_of_one_file_for_each_channel() {
    let dir = tempfile::tempdir().unwrap();
    let config = experiment(dir.path());
    let apart = cut_fields(&config, &dir.path().join("apart"), |_, _| {}).unwrap();
    let spec = config.image.spec().unwrap();
    for site in 1..=2 {
        let planes: Vec<f32> = ["actin", "tubulin", "dna"]
            .iter()
            .flat_map(|name| {
                let name = format!("P1_A01_s{site}_{name}.npy");
                let bytes = fs::read(dir.path().join(&name)).unwrap();
                let mut picture = cellflux_image::decode(&name, &bytes).unwrap();
                picture.planes.remove(0).values
            })
            .collect();
        let npy = npy::write_f32(&[3, SIDE, SIDE], &planes).unwrap();
        fs::write(dir.path().join(format!("P1_A01_s{site}.npy")), npy).unwrap();
    }
    let whole = FieldsConfig {
        files: spec
            .channels
            .iter()
            .map(|channel| (channel.name.clone(), "{file#0}_{file#1}_{file#2}.npy".to_owned()))
            .collect(),
        ..config
    };
    let together = cut_fields(&whole, &dir.path().join("together"), |_, _| {}).unwrap();
    assert_eq!(together, apart);
    let table = |folder: &str| fs::read(dir.path().join(folder).join("metadata.csv")).unwrap();
    assert_eq!(table("together"), table("apart"));
}

#[test]
fn the_size_of_a_pixel_goes_from_the_table_into_the_crops_and_is_counted_where_it_is_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = experiment(dir.path());
    let unknown = cut_fields(&config, &dir.path().join("unknown"), |_, _| {}).unwrap();
    assert_eq!(unknown.without_scale, unknown.crops);
    assert!(
        unknown
            .to_string()
            .contains("18 crops whose pixels have no known size")
    );
    fs::write(
        dir.path().join("fields.csv"),
        "file,compound,conc,scale\nP1_A01_s1_w1.tif,DMSO,0,0.5\nP1_A01_s2_w1.tif,taxol,3,0.5\n",
    )
    .unwrap();
    config.about.pixel_size = Some("scale".into());
    // Crops of 80 field pixels become 64.
    config.side = Some(80);
    let out = dir.path().join("known");
    let known = cut_fields(&config, &out, |_, _| {}).unwrap();
    assert!(known.crops > 0, "{known}");
    assert_eq!(known.without_scale, 0);
    let written = fs::read_to_string(out.join("metadata.csv")).unwrap();
    let last = |line: &str| line.rsplit(',').next().unwrap_or_default().to_owned();
    let mut cells = written.lines().map(last);
    assert_eq!(cells.next().as_deref(), Some("PIXEL_SIZE_UM"));
    assert!(cells.all(|cell| cell == "0.625"), "{written}");
}

#[test]
fn five_channels_are_written_as_npy() {
    let spec = ImageSpec::plain(5, 20, 24);
    let coded: Vec<u8> = (0..spec.len()).map(|i| (i % 251) as u8).collect();
    let (bytes, extension) = encode(&spec, &coded).unwrap();
    let picture = cellflux_image::decode("a.npy", &bytes).unwrap();
    assert_eq!(
        (extension, picture.planes.len(), picture.height(), picture.width()),
        ("npy", 5, 20, 24)
    );
    let read: Vec<u8> = picture
        .planes
        .iter()
        .flat_map(|p| p.values.iter().map(|&v| v as u8))
        .collect();
    assert_eq!(read, coded);
}

#[test]
fn small_large_ragged_and_blurred_nuclei_and_those_at_the_border_give_no_crop() {
    let config = experiment(tempfile::tempdir().unwrap().path()).nuclei;
    let usual = Nucleus {
        x: 100.0,
        y: 100.0,
        area: 1018,
        brightness: 900.0,
        edge_px: 5.0,
        raggedness: 1.1,
    };
    assert_eq!(judge(&usual, &config), None);
    assert_eq!(
        judge(&Nucleus { area: 200, ..usual }, &config),
        Some(Rejected::Debris)
    );
    assert_eq!(
        judge(
            &Nucleus {
                raggedness: 2.0,
                ..usual
            },
            &config
        ),
        Some(Rejected::Debris)
    );
    assert_eq!(
        judge(&Nucleus { area: 3000, ..usual }, &config),
        Some(Rejected::Clump)
    );
    assert_eq!(
        judge(
            &Nucleus {
                edge_px: 14.0,
                ..usual
            },
            &config
        ),
        Some(Rejected::Blurred)
    );
    let spec = ImageSpec::bbbc021(64, 64);
    let at = |x: f64, y: f64| around(&Nucleus { x, y, ..usual }, (200, 150), None, &spec);
    assert_eq!(
        at(32.0, 118.0),
        Some(Crop {
            x: 0,
            y: 86,
            side: 64
        })
    );
    assert_eq!(
        (at(31.0, 100.0), at(169.0, 100.0), at(100.0, 119.0)),
        (None, None, None)
    );
}

#[test]
fn a_missing_or_odd_file_and_a_wrong_template_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let config = experiment(dir.path());
    let out = dir.path().join("crops");
    let refused = |config: &FieldsConfig| {
        let error = cut_fields(config, &out, |_, _| {}).unwrap_err().to_string();
        assert!(!out.exists(), "{error}");
        error.replace(&dir.path().display().to_string(), "DIR")
    };
    let all = FieldsConfig {
        only: BTreeMap::new(),
        ..config.clone()
    };
    assert!(
        refused(&all).starts_with("DIR/fields.csv: line 4, column file: DIR/P2_A01_s1_actin.npy: "),
        "{}",
        refused(&all)
    );
    let mut stray = config.clone();
    stray.files.insert("ER".into(), "x".into());
    assert_eq!(
        refused(&stray),
        "files is \"ER\", expected the channels actin, tubulin, DNA"
    );
    let mut unclosed = config.clone();
    unclosed.files.insert("DNA".into(), "{file".into());
    assert_eq!(
        refused(&unclosed),
        "files.DNA is \"{file\", expected text with {COLUMN} or {COLUMN#1} in it"
    );
    let mut parts = config.clone();
    parts.about.well = "{file#9}".into();
    assert!(
        refused(&parts)
            .contains("line 2, column file: found \"P1_A01_s1_w1.tif\", expected at least 10 parts")
    );
    let mut twice = config.clone();
    twice.about.site = String::new();
    assert!(refused(&twice).contains("plate, well and site \"P1_A01\" for lines 2 and 3"));
    let mut nuclei = config.clone();
    nuclei.nuclei.channel = "ER".into();
    assert_eq!(
        refused(&nuclei),
        "nuclei.channel is \"ER\", expected one of actin, tubulin, DNA"
    );
    fs::write(
        dir.path().join("P1_A01_s2_dna.npy"),
        npy::write_u8(&[40, 40, 3], &[0; 4800]).unwrap(),
    )
    .unwrap();
    assert_eq!(
        refused(&config),
        "DIR/fields.csv: line 3, column file: P1_A01_s2_dna.npy is 40 x 40 px in 3 channels, expected one \
        channel: fields are one file per channel, or one file for all"
    );
    // A field whose file is missing is left out where asked.
    fs::remove_file(dir.path().join("P1_A01_s2_dna.npy")).unwrap();
    let skipping = FieldsConfig {
        missing: MissingField::Skip,
        ..config
    };
    let report = cut_fields(&skipping, &out, |_, _| {}).unwrap();
    assert_eq!((report.fields, report.missing_fields, report.crops), (1, 1, 9));
}

#[test]
fn a_damaged_field_is_left_out_where_asked_and_named_by_its_own_column_and_path() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = experiment(dir.path());
    // As a table with one column of paths per channel, in folders of their own.
    let rows: Vec<String> = (1..=2)
        .map(|site| {
            let files = ["actin", "tubulin", "dna"].map(|name| format!("s{site}/{name}.npy"));
            fs::create_dir(dir.path().join(format!("s{site}"))).unwrap();
            for (name, file) in ["actin", "tubulin", "dna"].iter().zip(&files) {
                let from = dir.path().join(format!("P1_A01_s{site}_{name}.npy"));
                fs::rename(from, dir.path().join(file)).unwrap();
            }
            format!("{},P1,s{site},taxol", files.join(","))
        })
        .collect();
    let table = format!("actin,tubulin,dna,plate,site,compound\n{}\n", rows.join("\n"));
    fs::write(dir.path().join("fields.csv"), table).unwrap();
    config.files = [("actin", "{actin}"), ("tubulin", "{tubulin}"), ("DNA", "{dna}")]
        .map(|(channel, template)| (channel.to_owned(), template.to_owned()))
        .into();
    config.only = BTreeMap::new();
    config.about = About {
        dose: String::new(),
        batch: "{plate}".into(),
        plate: "{plate}".into(),
        well: String::new(),
        site: "{site}".into(),
        ..config.about
    };
    let damaged = dir.path().join("s2/dna.npy");
    fs::write(&damaged, b"\x93NUMPY\x01").unwrap();
    let at = format!(
        "{}: line 3, column dna: {}",
        dir.path().join("fields.csv").display(),
        damaged.display()
    );
    for illumination in [Illumination::Quadratic, Illumination::None] {
        config.illumination = illumination;
        config.missing = MissingField::Error;
        let out = dir.path().join(format!("refused-{illumination:?}"));
        let message = cut_fields(&config, &out, |_, _| {}).unwrap_err().to_string();
        assert!(message.starts_with(&at), "{message}");

        config.missing = MissingField::Skip;
        let out = dir.path().join(format!("{illumination:?}"));
        let report = cut_fields(&config, &out, |_, _| {}).unwrap();
        assert_eq!((report.fields, report.crops), (1, 9));
        assert_eq!(report.damaged_fields.len(), 1);
        assert!(report.damaged_fields[0].starts_with(&at), "{report}");
        assert!(
            report
                .to_string()
                .contains("1 fields left out: a channel's file cannot be decoded")
        );
    }
    fs::remove_file(&damaged).unwrap();
    config.missing = MissingField::Error;
    let message = cut_fields(&config, &dir.path().join("gone"), |_, _| {})
        .unwrap_err()
        .to_string();
    assert_eq!(
        message,
        format!("{at}: there is no such file; missing = \"skip\" leaves such fields out")
    );
}

#[test]
fn a_well_without_a_compound_is_a_control_where_that_is_said_and_else_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = experiment(dir.path());
    fs::write(
        dir.path().join("fields.csv"),
        "file,compound,conc\nP1_A01_s1_w1.tif,,0\nP1_A01_s2_w1.tif,taxol,3\n",
    )
    .unwrap();
    config.about.controls = Vec::new();
    let message = cut_fields(&config, &dir.path().join("refused"), |_, _| {})
        .unwrap_err()
        .to_string();
    let table = dir.path().join("fields.csv").display().to_string();
    assert_eq!(
        message,
        format!(
            "{table}: line 2, column compound: found \"\", expected a compound's name for plate P1, well \
            A01; where wells without a compound are controls, about.empty_compound = \"DMSO\" says so and \
            names them"
        )
    );

    config.about.empty_compound = Some("DMSO".into());
    let out = dir.path().join("crops");
    cut_fields(&config, &out, |_, _| {}).unwrap();
    let written = fs::read_to_string(out.join("metadata.csv")).unwrap();
    let cells = |line: &str| -> Vec<String> { line.split(',').skip(3).take(2).map(str::to_owned).collect() };
    let told: Vec<Vec<String>> = written.lines().skip(1).map(cells).collect();
    assert_eq!(told.len(), 18);
    assert!(told[..9].iter().all(|told| *told == ["0", "DMSO"]), "{told:?}");
    assert!(told[9..].iter().all(|told| *told == ["1", "taxol"]), "{told:?}");
}
