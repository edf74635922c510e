//! Small shards: what is read of them, and what is refused.

use std::fs;
use std::path::Path;

use cellflux_image::coded_png;
use serde_json::json;

use super::*;
use crate::config::Source;
use crate::error::DataError;
use crate::fixtures::{SIDE, spec, synthetic};
use crate::{DataConfig, PackedCache, read_experiment};

/// Writes a shard of these members.
fn write(path: &Path, members: &[(String, Vec<u8>)]) {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    fs::write(path, tar.into_inner().unwrap()).unwrap();
}

/// A cell whose pixels are all of one value.
fn png(value: u8) -> Vec<u8> {
    coded_png::write(&spec(), &vec![value; spec().len()]).unwrap()
}

/// A sample's members: a cell of one value, and what is known of it.
fn sample(key: &str, value: u8, treated: bool) -> [(String, Vec<u8>); 2] {
    let about = json!({
        "SPLIT": "train", "STATE": u8::from(treated), "BATCH": "A", "DOSE": 0.5,
        "CPD_NAME": if treated { "taxol" } else { "DMSO" },
        "path": "not the sample's", "embedding": [1, 2],
    });
    [
        (format!("{key}.json"), about.to_string().into_bytes()),
        (format!("{key}.png"), png(value)),
    ]
}

/// A folder with two shards of two samples each.
fn shards() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (shard, first) in [("cells-001.tar", 3), ("cells-000.tar", 1)] {
        let members = [
            sample("plate/a", first, false),
            sample("plate/b", first + 1, true),
        ]
        .concat();
        write(&folder.path().join(shard), &members);
    }
    folder
}

fn config(shards: &Path) -> DataConfig {
    DataConfig {
        source: Source::Webdataset {
            shards: shards.to_owned(),
        },
        ..synthetic(0)
    }
}

fn refused(shards: &Path) -> ContainerError {
    match read_experiment(&config(shards)).unwrap_err() {
        DataError::Container { place: None, reason } => *reason,
        other => panic!("{other}"),
    }
}

#[test]
fn samples_are_rows_in_the_order_of_the_shards_names_and_images_are_read_where_they_lie() {
    let folder = shards();
    let experiment = read_experiment(&config(folder.path())).unwrap();
    let names: Vec<&str> = experiment.entries().iter().map(|entry| &*entry.image).collect();
    assert_eq!(
        names,
        [
            "cells-000.tar/plate/a.png",
            "cells-000.tar/plate/b.png",
            "cells-001.tar/plate/a.png",
            "cells-001.tar/plate/b.png",
        ]
    );
    let entry = &experiment.entries()[3];
    assert_eq!((entry.treated, entry.dose_um, entry.line), (true, Some(0.5), 5));
    let cache = tempfile::tempdir().unwrap();
    let cache = PackedCache::open(&experiment, cache.path()).unwrap();
    for index in 0..4 {
        assert_eq!(
            cache.image(index).unwrap(),
            vec![index as u8 + 1; 3 * SIDE * SIDE]
        );
    }
    // One shard alone is a set too.
    let one = read_experiment(&config(&folder.path().join("cells-001.tar"))).unwrap();
    assert_eq!(one.entries().len(), 2);
    assert_ne!(one.fingerprint(), experiment.fingerprint());
}

#[test]
fn a_shard_that_is_cut_off_is_refused_with_its_name_and_the_member() {
    let folder = shards();
    let shard = folder.path().join("cells-001.tar");
    let whole = fs::read(&shard).unwrap();
    // In the last image, before the last member, and before the end mark.
    let last = whole
        .windows(11)
        .rposition(|name| name == b"plate/b.png")
        .unwrap();
    fs::write(&shard, &whole[..last + 520]).unwrap();
    assert!(matches!(
        refused(folder.path()),
        ContainerError::CutOff { file, member, found, .. }
            if file == shard && member == "plate/b.png" && found == last as u64 + 520
    ));
    fs::write(&shard, &whole[..last]).unwrap();
    assert!(matches!(
        refused(folder.path()),
        ContainerError::NoEnd { file, member } if file == shard && member == "plate/b.json"
    ));
    fs::write(&shard, &whole[..last + 100]).unwrap();
    let error = refused(folder.path());
    assert!(
        matches!(&error, ContainerError::DamagedShard { member, .. } if member == "plate/b.json"),
        "{error}"
    );
    // A shard that is cut off later, when images are read.
    fs::write(&shard, &whole).unwrap();
    let experiment = read_experiment(&config(folder.path())).unwrap();
    fs::write(&shard, &whole[..last + 520]).unwrap();
    let said = experiment.load(3).unwrap_err().to_string();
    assert!(
        said.contains("line 5, column path: ") && said.contains("cells-001.tar/plate/b.png"),
        "{said}"
    );
}

#[test]
fn a_sample_that_is_not_one_image_and_one_description_is_refused_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let shard = folder.path().join("a.tar");
    let said = |members: &[(String, Vec<u8>)]| {
        write(&shard, members);
        let error = refused(folder.path());
        assert!(matches!(error, ContainerError::Sample { .. }), "{error}");
        error.to_string()
    };
    let [about, image] = sample("a", 1, false);
    assert!(said(std::slice::from_ref(&about)).contains("sample a: has no image, expected one member"));
    assert!(said(std::slice::from_ref(&image)).contains("sample a: has no description"));
    let other = ("a.second.png".to_owned(), png(2));
    assert!(said(&[about.clone(), image.clone(), other]).contains("two images, a.png and a.second.png"));
    let damaged = ("b.json".to_owned(), b"{".to_vec());
    assert!(said(&[about.clone(), image.clone(), damaged]).contains("sample b: b.json: "));
    let stray = ("b.json".to_owned(), b"{\"WELL\": \"B02\"}".to_vec());
    let second = ("b.png".to_owned(), png(2));
    assert!(said(&[about, image, stray, second]).contains("sample b: its description has the key \"WELL\""),);
}

#[test]
fn what_are_no_shards_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path()).to_string();
    assert!(error.contains("is a folder without a .tar"), "{error}");
    let shard = folder.path().join("a.tar");
    write(&shard, &[]);
    let error = refused(folder.path()).to_string();
    assert!(error.contains("is without a sample"), "{error}");
    fs::write(&shard, [0x1f, 0x8b, 8, 0]).unwrap();
    let error = refused(folder.path()).to_string();
    assert!(
        error.contains("is packed with gzip, expected a plain .tar"),
        "{error}"
    );
    let gone = refused(&folder.path().join("b.tar"));
    assert!(matches!(gone, ContainerError::File { .. }), "{gone}");
}

#[test]
fn a_key_ends_at_the_first_dot_of_the_last_part() {
    for (name, key) in [
        ("a.png", "a"),
        ("a.b/c.ome.tif", "a.b/c"),
        ("a/b", "a/b"),
        ("a/.hidden.png", ""),
    ] {
        assert_eq!(key_of(name), key);
    }
}
