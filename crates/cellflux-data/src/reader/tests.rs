//! Tables of images: what is read, and what is refused with its line and column.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cellflux_image::npy;

use super::*;
use crate::config::{Fit, PublicDataset};
use crate::fixtures::{Folder, SIDE, synthetic};
use crate::report::Report;

fn refused(folder: &Folder) -> String {
    let error = folder.read().unwrap_err().to_string();
    // Every message begins with the table's own path.
    let table = folder.table().display().to_string();
    error
        .strip_prefix(&format!("{table}: "))
        .unwrap_or_else(|| panic!("{error}"))
        .to_owned()
}

#[test]
fn a_folder_with_a_table_is_read_as_it_says() {
    let folder = Folder::usual();
    let experiment = folder.read().unwrap();
    assert_eq!(experiment.entries().len(), 8);
    assert_eq!(experiment.batches(), ["A", "B"]);
    let names: Vec<&str> = experiment.compounds().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["DMSO", "ethanol", "benzene"]);
    assert!(experiment.compounds()[0].control && !experiment.compounds()[1].control);
    let entry = &experiment.entries()[3];
    assert_eq!((&*entry.image, entry.line, entry.treated), ("a3.png", 5, true));
    assert_eq!((entry.split, entry.compound, entry.batch), (Split::Train, 1, 0));
    assert_eq!(entry.dose_um, Some(10.0));
    assert_eq!(experiment.entries()[7].split, Split::Validation);
    assert_eq!(experiment.load(3).unwrap(), vec![5; 3 * SIDE * SIDE]);
    assert!(experiment.load(8).is_err());
}

#[test]
fn a_field_of_view_is_named_by_the_table_or_by_plate_well_and_site() {
    let fields = |header: &str, rows: &[&str]| {
        let experiment = Folder::new(header, rows).read().unwrap();
        let of: Vec<Option<u32>> = experiment.entries().iter().map(|entry| entry.field).collect();
        (experiment.fields().to_vec(), of)
    };
    let named = fields(
        "path,SPLIT,STATE,CPD_NAME,BATCH,WELL,SITE,FIELD",
        &["a.png,train,0,DMSO,A,A01,1,f1", "b.png,train,1,taxol,A,A01,1,f2"],
    );
    assert_eq!(named, (vec!["f1".into(), "f2".into()], vec![Some(0), Some(1)]));
    // Site 1 of another well is another field.
    let sites = fields(
        "path,SPLIT,STATE,CPD_NAME,BATCH,PLATE,WELL,SITE",
        &[
            "a.png,train,0,DMSO,A,P,A01,1",
            "b.png,train,1,taxol,A,P,A02,1",
            "c.png,train,1,taxol,A,P,A02,1",
        ],
    );
    assert_eq!(sites.1, [Some(0), Some(1), Some(1)]);
    // A site without a well names no field.
    let alone = fields(
        "path,SPLIT,STATE,CPD_NAME,BATCH,SITE",
        &["a.png,train,0,DMSO,A,1", "b.png,train,1,taxol,A,1"],
    );
    assert_eq!(alone, (Vec::new(), vec![None, None]));
}

#[test]
fn a_control_without_a_name_has_the_one_that_the_configuration_gives_it() {
    let folder = Folder::new(
        "path,SPLIT,STATE,CPD_NAME,BATCH,WELL",
        &["a.png,train,0,,A,A01", "b.png,train,1,taxol,A,A02"],
    );
    let well = "line 2, column CPD_NAME: found \"\", expected a compound's name for well A01; where controls \
        have none, data.empty_compound = \"DMSO\" gives them one";
    assert_eq!(refused(&folder), well);
    let mut config = folder.config();
    config.empty_compound = Some("DMSO".into());
    let experiment = read_experiment(&config).unwrap();
    let names: Vec<(&str, bool)> = experiment
        .compounds()
        .iter()
        .map(|compound| (compound.name.as_str(), compound.control))
        .collect();
    assert_eq!(names, [("DMSO", true), ("taxol", false)]);
    folder.edit("1,taxol", "1,");
    let message = read_experiment(&config).unwrap_err().to_string();
    assert!(
        message.ends_with("line 3, column CPD_NAME: found \"\", expected a compound's name for well A02"),
        "{message}"
    );
}

#[test]
fn a_table_without_a_needed_column_names_it_and_those_there_are() {
    for (title, role) in [
        ("path", "the image's path"),
        ("SPLIT", "train, validation or test"),
        ("STATE", "treated or control"),
        ("CPD_NAME", "the compound's name"),
        ("BATCH", "the batch within which images are paired"),
    ] {
        let folder = Folder::usual();
        folder.edit(title, "other");
        let message = refused(&folder);
        let expected = format!("line 1: no column {title} ({role}); the columns are ");
        assert!(
            message.starts_with(&expected) && message.contains("other"),
            "{message}"
        );
    }
    // An optional column must be there once it is asked for.
    let folder = Folder::usual();
    let mut config = folder.config();
    config.columns.dose = Some("CONC".into());
    let error = read_experiment(&config).unwrap_err().to_string();
    assert!(
        error.contains("no column CONC (the dose in micromolar)"),
        "{error}"
    );
}

#[test]
fn unknown_values_are_named_with_line_column_and_what_is_known() {
    for (from, to, expected) in [
        (
            "a2.png,train",
            "a2.png,Train",
            "line 4, column SPLIT: found \"Train\", expected one of train, val, valid, validation, test; \
            [data.split] says what each value means, or which rows to leave out (ignored)",
        ),
        (
            "val,0",
            "val,2",
            "line 8, column STATE: found \"2\", expected one of 1, 1.0, trt, treated, 0, 0.0, control, \
            negative_control; [data.state] says what each value means, or which rows to leave out (ignored)",
        ),
        (
            "ethanol,10",
            "ethanol,ten",
            "line 5, column DOSE: found \"ten\", expected a number from 0 up, or nothing",
        ),
        (
            "ethanol,10",
            "ethanol,-1",
            "line 5, column DOSE: found \"-1\", expected a number from 0 up, or nothing",
        ),
        (
            "1,ethanol,10",
            "1,,10",
            "line 5, column CPD_NAME: found \"\", expected a compound's name",
        ),
        (
            "CCO,A",
            "CCO,",
            "line 4, column BATCH: found \"\", expected a batch's name",
        ),
        (
            "10,CCO",
            "10,CCN",
            "line 5, column SMILES: found \"CCN\", expected \"CCO\", the structure of ethanol on line 4",
        ),
        (
            "a3.png",
            "a2.png",
            "line 5, column path: found \"a2.png\", expected an image of its own; line 4 has this one",
        ),
    ] {
        let folder = Folder::usual();
        folder.edit(from, to);
        assert_eq!(refused(&folder), expected);
    }
}

#[test]
fn a_missing_image_is_found_before_anything_is_decoded() {
    let folder = Folder::usual();
    fs::remove_file(folder.path().join("b3.png")).unwrap();
    let message = refused(&folder);
    assert!(message.starts_with("line 9, column path: "), "{message}");
    assert!(message.contains("b3.png: No such file"), "{message}");
    let folder = Folder::usual();
    folder.edit("b3.png", "");
    assert_eq!(
        refused(&folder),
        "line 9, column path: found \"\", expected the path of an image"
    );
    // A folder is no image.
    let folder = Folder::usual();
    fs::remove_file(folder.path().join("b3.png")).unwrap();
    fs::create_dir(folder.path().join("b3.png")).unwrap();
    assert!(refused(&folder).contains("b3.png: is not a file"));
}

#[test]
fn no_controls_no_treatments_and_an_empty_training_split_say_what_there_is() {
    let folder = Folder::new(
        "path,SPLIT,STATE,CPD_NAME,BATCH",
        &["a.png,train,1,x,A", "b.png,train,1,y,A"],
    );
    assert_eq!(
        refused(&folder),
        "column STATE: no control image, expected at least one; all 2 images are treated"
    );
    let folder = Folder::new("path,SPLIT,STATE,CPD_NAME,BATCH", &["a.png,train,0,x,A"]);
    assert_eq!(
        refused(&folder),
        "column STATE: no treated image, expected at least one; all 1 images are controls"
    );
    let folder = Folder::new(
        "path,SPLIT,STATE,CPD_NAME,BATCH",
        &["a.png,train,0,x,A", "b.png,val,1,y,A"],
    );
    assert_eq!(
        refused(&folder),
        "column SPLIT: no treated image in the train split, expected at least one; treated images: 0 train, \
         1 validation, 0 test, 0 held-out"
    );
    let folder = Folder::new("path,SPLIT,STATE,CPD_NAME,BATCH", &[]);
    assert_eq!(
        refused(&folder),
        "column path: no image, expected at least one; rows left out by their split or state: 0"
    );
}

#[test]
fn broken_tables_are_refused_with_their_name() {
    let folder = Folder::usual();
    folder.edit("a1.png,train,0", "a1.png,train");
    assert_eq!(refused(&folder), "line 3: 6 cells, expected 7 as in the header");
    fs::write(folder.table(), b"path,SPLIT\na\xff,train\n").unwrap();
    assert!(folder.read().is_err());
    fs::write(folder.table(), b"").unwrap();
    assert_eq!(
        refused(&folder),
        "has no header, expected a first line of column titles"
    );
    fs::remove_file(folder.table()).unwrap();
    assert!(
        refused(&folder).starts_with("cannot be opened: "),
        "{}",
        refused(&folder)
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_parquet_table_is_called_one_in_a_build_that_does_not_read_it() {
    let folder = Folder::usual();
    fs::write(folder.table(), b"PAR1 and more").unwrap();
    assert!(
        refused(&folder).starts_with("is a Parquet file, which this program reads only"),
        "{}",
        refused(&folder)
    );
}

#[test]
fn lines_are_numbered_as_an_editor_shows_them_whatever_ends_them() {
    for end in ["\r\n", "\r", "\n"] {
        let folder = Folder::usual();
        folder.edit("ethanol,10", "ethanol,ten");
        let text = fs::read_to_string(folder.table()).unwrap();
        // A blank line below the header moves every row by one.
        let text = text.replacen('\n', "\n\n", 1).replace('\n', end);
        fs::write(folder.table(), text).unwrap();
        let message = refused(&folder);
        assert!(
            message.starts_with("line 6, column DOSE: found \"ten\""),
            "{end:?}: {message}"
        );
    }
}

#[test]
fn a_byte_order_mark_gzip_and_tabs_are_read() {
    let folder = Folder::usual();
    let text = fs::read_to_string(folder.table()).unwrap();
    fs::write(folder.table(), format!("\u{feff}{text}")).unwrap();
    assert_eq!(folder.read().unwrap().entries().len(), 8);

    let mut config = folder.config();
    let path = folder.path().join("metadata.tsv.gz");
    let mut zipped =
        flate2::write::GzEncoder::new(fs::File::create(&path).unwrap(), flate2::Compression::fast());
    std::io::Write::write_all(&mut zipped, text.replace(',', "\t").as_bytes()).unwrap();
    zipped.finish().unwrap();
    config.source = Source::Folder {
        table: path,
        images: None,
    };
    assert_eq!(read_experiment(&config).unwrap().entries().len(), 8);
}

#[test]
fn held_out_compounds_are_a_split_of_their_own_and_unknown_ones_are_refused() {
    let folder = Folder::usual();
    let mut config = folder.config();
    config.held_out = vec!["benzene".into()];
    let experiment = read_experiment(&config).unwrap();
    let splits: Vec<Split> = experiment.entries().iter().map(|entry| entry.split).collect();
    assert_eq!(
        (splits[5], splits[7], splits[4]),
        (Split::HeldOut, Split::HeldOut, Split::Train)
    );
    config.held_out = vec!["Benzene".into()];
    let error = read_experiment(&config).unwrap_err().to_string();
    assert!(
        error.starts_with("data.held_out is \"Benzene\", expected compounds of "),
        "{error}"
    );
    assert!(error.ends_with("DMSO, ethanol, benzene"), "{error}");
    config.held_out = vec!["DMSO".into()];
    let error = read_experiment(&config).unwrap_err().to_string();
    assert_eq!(
        error,
        "data.held_out is \"DMSO\", the control, expected treatments only"
    );
}

#[test]
fn listed_values_are_left_out_and_counted() {
    let folder = Folder::usual();
    folder.edit("a3.png,train", "a3.png,ood");
    let mut config = folder.config();
    config.split.ignored = vec!["ood".into()];
    let experiment = read_experiment(&config).unwrap();
    assert_eq!(
        (experiment.entries().len(), Report::of(&experiment).ignored_rows),
        (7, 1)
    );
}

#[test]
fn rows_of_an_unknown_split_are_left_out_and_counted_where_the_configuration_says_so() {
    let folder = Folder::usual();
    folder.edit("a3.png,train", "a3.png,ood");
    let mut config = folder.config();
    config.split.unknown = Some(UnknownSplit::Skip);
    let experiment = read_experiment(&config).unwrap();
    let report = Report::of(&experiment);
    assert_eq!((experiment.entries().len(), report.ignored_rows), (7, 0));
    assert_eq!(
        report.left_out.unknown_splits,
        BTreeMap::from([("ood".to_owned(), 1)])
    );
    let said = report.to_string();
    assert!(
        said.contains("1 rows left out by a split that [data.split] does not know: \"ood\" (1)"),
        "{said}"
    );
}

#[test]
fn rows_of_an_unknown_state_are_left_out_and_counted_where_the_configuration_says_so() {
    let folder = Folder::usual();
    folder.edit("a3.png,train,1", "a3.png,train,poscon");
    assert!(
        folder
            .read()
            .unwrap_err()
            .to_string()
            .contains("found \"poscon\"")
    );
    let mut config = folder.config();
    config.state.unknown = Some(UnknownSplit::Skip);
    let experiment = read_experiment(&config).unwrap();
    assert_eq!(experiment.entries().len(), 7);
    let said = Report::of(&experiment).to_string();
    assert!(
        said.contains("1 rows left out by a state that [data.state] does not know: \"poscon\" (1)"),
        "{said}"
    );
}

#[test]
fn rows_without_their_image_are_left_out_and_named_where_the_configuration_says_so() {
    let folder = Folder::usual();
    for image in ["a1.png", "b3.png"] {
        fs::remove_file(folder.path().join(image)).unwrap();
    }
    let mut config = folder.config();
    config.missing = MissingImage::Skip;
    config.missing_at_most = Some(0.25);
    let experiment = read_experiment(&config).unwrap();
    let report = Report::of(&experiment);
    assert_eq!(experiment.entries().len(), 6);
    assert_eq!(
        (report.left_out.missing.count, report.left_out.missing.names),
        (2, vec!["a1.png".to_owned(), "b3.png".to_owned()])
    );
    // The entries that stay are the images that are there.
    for (index, entry) in experiment.entries().iter().enumerate() {
        assert_eq!(
            experiment.load(index).unwrap(),
            vec![entry.line as u8; 3 * SIDE * SIDE]
        );
    }
    // More than the stated share is an error even then.
    config.missing_at_most = None;
    let error = read_experiment(&config).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::TooManyMissing {
                missing: 2,
                of: 8,
                ..
            }
        ),
        "{error}"
    );
    let error = error.to_string();
    assert!(
        error.contains("2 of 8 images are missing, more than the share of 0.1 that data.missing_at_most")
            && error.contains("a1.png"),
        "{error}"
    );
    config.missing_at_most = Some(1.5);
    let error = read_experiment(&config).unwrap_err().to_string();
    assert_eq!(error, "data.missing_at_most is 1.5, expected a share from 0 to 1");
    config.missing_at_most = Some(0.25);
    // A folder in an image's place is no missing image.
    fs::create_dir(folder.path().join("b3.png")).unwrap();
    let error = read_experiment(&config).unwrap_err().to_string();
    assert!(error.contains("b3.png: is not a file"), "{error}");
}

#[test]
fn an_image_smaller_than_the_model_is_refused_and_a_larger_one_gives_its_middle_or_all() {
    let folder = Folder::usual();
    let mut config = folder.config();
    config.image.height = SIDE + 4;
    config.image.width = SIDE + 4;
    let error = read_experiment(&config).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "line 2, column path: a0.png is 16 x 16 px in 3 channels, expected at least 20 x 20 px, the \
            model's input (or data.image.fit = \"whole\" to resample)"
        ),
        "{error}"
    );
    config.image.fit = Fit::Whole;
    assert_eq!(
        read_experiment(&config).unwrap().load(0).unwrap(),
        vec![2; 3 * 20 * 20]
    );

    // One bright column at the left edge: gone in the middle, still there in the whole.
    let spec = ImageSpec::plain(3, 40, 40);
    let bytes: Vec<u8> = (0..spec.len())
        .map(|i| if i % 40 < 4 { 200 } else { 20 })
        .collect();
    let png = cellflux_image::coded_png::write(&spec, &bytes).unwrap();
    for name in [
        "a0.png", "a1.png", "a2.png", "a3.png", "b0.png", "b1.png", "b2.png", "b3.png",
    ] {
        fs::write(folder.path().join(name), &png).unwrap();
    }
    config.image.height = 20;
    config.image.width = 20;
    let brightest = |config: &DataConfig| {
        read_experiment(config)
            .unwrap()
            .load(0)
            .unwrap()
            .into_iter()
            .max()
    };
    assert_eq!(brightest(&config), Some(200));
    config.image.fit = Fit::Centre;
    assert_eq!(brightest(&config), Some(20));
}

#[test]
fn the_public_layout_is_read_by_its_own_titles_and_paths() {
    let dir = tempfile::tempdir().unwrap();
    let images = dir.path().join("images");
    let mut lines = vec!["SAMPLE_KEY,SPLIT,STATE,BROAD_SAMPLE,PLATE".to_owned()];
    for (number, (state, name)) in [
        ("control", "DMSO"),
        ("trt", "BRD-1"),
        ("control", "DMSO"),
        ("trt", "BRD-2"),
    ]
    .into_iter()
    .enumerate()
    {
        let folder = images.join(format!("BR1/A0{number}_f1"));
        fs::create_dir_all(&folder).unwrap();
        let bytes: Vec<u8> = (0..SIDE * SIDE * 5)
            .map(|i| (10 * (i % 5) + number) as u8)
            .collect();
        let npy = npy::write_u8(&[SIDE, SIDE, 5], &bytes).unwrap();
        fs::write(folder.join(format!("A0{number}_f1_7.npy")), npy).unwrap();
        lines.push(format!("BR1_A0{number}_f1_7,train,{state},{name},BR1"));
    }
    // As the public code's loader does, rows of other splits are passed over.
    lines.push("BR1_A09_f1_7,ood,trt,BRD-9,BR1".to_owned());
    let table = dir.path().join("index.csv");
    fs::write(&table, lines.join("\n")).unwrap();
    let mut config = synthetic(0);
    config.source = Source::Public {
        dataset: PublicDataset::Cpg0000,
        table: table.clone(),
        images: images.clone(),
    };
    config.image.preset = crate::ImagePreset::Plain;
    config.image.channels = ImageSpec::plain(5, 1, 1).channels;
    let experiment = read_experiment(&config).unwrap();
    assert_eq!(experiment.batches(), ["BR1"]);
    assert_eq!(
        Report::of(&experiment).left_out.unknown_splits,
        BTreeMap::from([("ood".to_owned(), 1)])
    );
    assert_eq!(&*experiment.entries()[1].image, "BR1/A01_f1/A01_f1_7.npy");
    let image = experiment.load(1).unwrap();
    for (channel, plane) in (0u8..).zip(image.chunks_exact(SIDE * SIDE)) {
        assert!(plane.iter().all(|&byte| byte == 10 * channel + 1));
    }
    fs::write(
        &table,
        "SAMPLE_KEY,SPLIT,STATE,BROAD_SAMPLE,PLATE\nBR1,train,trt,x,BR1\n",
    )
    .unwrap();
    let error = read_experiment(&config).unwrap_err().to_string();
    assert!(
        error.contains("line 2, column SAMPLE_KEY: found \"BR1\", expected a key such as "),
        "{error}"
    );
}

#[test]
fn the_real_crops_are_read_where_they_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bbbc021-cells");
    if !root.is_dir() {
        eprintln!("skipped: {} is not there", root.display());
        return;
    }
    let mut config = synthetic(0);
    config.source = Source::Folder {
        table: root.join("metadata.csv"),
        images: None,
    };
    config.image.height = 64;
    config.image.width = 64;
    let experiment = read_experiment(&config).unwrap();
    // data/README.md: 8,181 crops, 38 compounds and DMSO; the weeks 1 to 10.
    assert_eq!(
        (
            experiment.entries().len(),
            experiment.compounds().len(),
            experiment.batches().len()
        ),
        (8181, 39, 10)
    );
    let report = Report::of(&experiment);
    let images: Vec<(usize, usize)> = report.splits.values().map(|i| (i.treated, i.control)).collect();
    assert_eq!(images, [(3505, 3763), (399, 514)]);
    assert_eq!(experiment.load(0).unwrap().len(), 3 * 64 * 64);
    let without: Vec<&str> = experiment
        .compounds()
        .iter()
        .filter(|c| c.smiles.is_none())
        .map(|c| c.name.as_str())
        .collect();
    assert_eq!(without.len(), 4, "{without:?}");
}
