//! Small images in OME-Zarr, written by the library and by hand: what is read of them, and what is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use zarrs::array::codec::ZstdCodec;
use zarrs::array::{ArrayBuilder, data_type};

use super::*;
use crate::fixtures::{Folder, SIDE};
use crate::report::Report;

/// Writes an image of Zarr 3 in two chunks for each plane, whose planes hold one value each.
fn write(folder: &Path, planes: [(&str, u8); 3]) {
    if folder.is_file() {
        fs::remove_file(folder).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    let side = SIDE as u64;
    let store = Arc::new(FilesystemStore::new(folder).unwrap());
    let array = ArrayBuilder::new(
        vec![3, side, side],
        vec![1, side / 2, side],
        data_type::uint8(),
        0u8,
    )
    .bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(5, false))])
    .build(store, "/0")
    .unwrap();
    array.store_metadata().unwrap();
    let values: Vec<u8> = planes
        .iter()
        .flat_map(|(_, value)| vec![*value; SIDE * SIDE])
        .collect();
    array.store_array_subset(&array.subset_all(), values).unwrap();
    let labels = planes.map(|(name, _)| json!({ "label": name }));
    let about = json!({
        "zarr_format": 3,
        "node_type": "group",
        "attributes": { "ome": {
            "version": "0.5",
            "multiscales": [{
                "axes": [
                    { "name": "c", "type": "channel" },
                    { "name": "y", "type": "space", "unit": "micrometer" },
                    { "name": "x", "type": "space", "unit": "micrometer" },
                ],
                "datasets": [{
                    "path": "0",
                    "coordinateTransformations": [{ "type": "scale", "scale": [1.0, 0.65, 0.65] }],
                }],
            }],
            "omero": { "channels": labels },
        } },
    });
    fs::write(folder.join("zarr.json"), about.to_string()).unwrap();
}

/// An experiment of two images in OME-Zarr, the second a field of a plate.
fn experiment() -> Folder {
    let folder = Folder::new(
        "path,SPLIT,STATE,CPD_NAME,BATCH",
        &["a.zarr,train,0,DMSO,A", "plate.zarr/B/3/0,train,1,taxol,A"],
    );
    write(
        &folder.path().join("a.zarr"),
        [("DNA", 7), ("tubulin", 8), ("actin", 9)],
    );
    write(
        &folder.path().join("plate.zarr/B/3/0"),
        [("tubulin", 2), ("actin", 3), ("DNA", 1)],
    );
    folder
}

#[test]
fn planes_are_the_channels_of_their_labels_and_the_scale_is_the_size_of_a_pixel() {
    let experiment = experiment().read().unwrap();
    for (index, expected) in [[9, 8, 7], [3, 2, 1]].into_iter().enumerate() {
        let image = experiment.load(index).unwrap();
        for (plane, value) in image.chunks_exact(SIDE * SIDE).zip(expected) {
            assert!(plane.iter().all(|&byte| byte == value), "image {index}");
        }
    }
    assert_eq!(experiment.spec().pixel_size_um, Some(0.65));
    let said = Report::of(&experiment).to_string();
    assert!(said.contains("as OME-Zarr of the first image states"), "{said}");
}

#[test]
fn a_missing_chunk_is_found_before_anything_is_decoded_and_named() {
    let folder = experiment();
    fs::remove_file(folder.path().join("plate.zarr/B/3/0/0/c/1/1/0")).unwrap();
    let error = folder.read().unwrap_err();
    assert!(matches!(&error, crate::DataError::Container { reason, .. }
        if matches!(&**reason, ContainerError::MissingChunk { chunk, .. } if chunk == "0/c/1/1/0")));
    let said = error.to_string();
    assert!(
        said.contains("line 3, column path: ") && said.contains("0: chunk 0/c/1/1/0 is missing"),
        "{said}"
    );
    // It is no image that is missing, which may be left out.
    let mut config = folder.config();
    config.missing = crate::MissingImage::Skip;
    assert!(crate::read_experiment(&config).is_err());
}

#[test]
fn a_damaged_chunk_is_named_and_changes_the_fingerprint() {
    let folder = experiment();
    let before = folder.read().unwrap().fingerprint().to_owned();
    fs::write(folder.path().join("plate.zarr/B/3/0/0/c/2/0/0"), b"no zstd").unwrap();
    let experiment = folder.read().unwrap();
    assert_ne!(experiment.fingerprint(), before);
    let said = experiment.load(1).unwrap_err().to_string();
    assert!(
        said.contains("line 3, column path: ") && said.contains("chunk 0/c/2/0/0 cannot be decoded"),
        "{said}"
    );
}

/// An image of Zarr 2 in one chunk of numbers from 0 up, two rows of three, with these axes.
fn version_two(folder: &Path, axes: &[(&str, u64)]) {
    let shape: Vec<u64> = axes.iter().map(|(_, length)| *length).collect();
    let names = axes
        .iter()
        .map(|(name, _)| json!({ "name": name, "type": "space" }));
    let image = json!({ "multiscales": [{
        "axes": names.collect::<Vec<_>>(),
        "datasets": [{ "path": "s0" }],
    }] });
    let array = json!({
        "zarr_format": 2, "shape": shape, "chunks": shape, "dtype": "|u1", "compressor": null,
        "fill_value": 0, "order": "C", "filters": null, "dimension_separator": "/",
    });
    let chunk = folder.join("s0").join(vec!["0"; axes.len()].join("/"));
    fs::create_dir_all(chunk.parent().unwrap()).unwrap();
    fs::write(folder.join(".zgroup"), "{\"zarr_format\": 2}").unwrap();
    fs::write(folder.join(".zattrs"), image.to_string()).unwrap();
    fs::write(folder.join("s0/.zarray"), array.to_string()).unwrap();
    let count: u64 = shape.iter().product();
    fs::write(chunk, (0..count as u8).collect::<Vec<u8>>()).unwrap();
}

#[test]
fn version_two_is_read_and_axes_of_one_entry_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    version_two(folder.path(), &[("t", 1), ("c", 2), ("z", 1), ("y", 2), ("x", 3)]);
    let picture = read(folder.path(), "a.zarr").unwrap();
    assert_eq!(
        (picture.width(), picture.height(), picture.planes.len()),
        (3, 2, 2)
    );
    assert_eq!(picture.planes[0].values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(picture.planes[1].values, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    assert_eq!((picture.depth, picture.scale.pixel), (Depth::Eight, None));
    assert_eq!(files(folder.path()).unwrap().len(), 3);
}

#[test]
fn what_is_no_stack_of_planes_is_refused_with_what_was_found() {
    let said = |folder: &Path| {
        let place = crate::Place {
            file: "table.csv".into(),
            line: 2,
            column: "path".into(),
        };
        read(folder, "a.zarr").unwrap_err().at(place).to_string()
    };
    let folder = tempfile::tempdir().unwrap();
    version_two(folder.path(), &[("z", 2), ("y", 2), ("x", 3)]);
    assert!(said(folder.path()).contains("its axes are z 2, y 2, x 3, expected channels (c)"));
    version_two(folder.path(), &[("y", 2), ("x", 3), ("c", 2)]);
    assert!(said(folder.path()).contains("its axes are y 2, x 3, c 2, expected"));
    // A plate is no image.
    fs::write(folder.path().join(".zattrs"), "{\"plate\": {}}").unwrap();
    assert!(said(folder.path()).contains("of a plate expected the path of one field"));
    fs::write(folder.path().join(".zattrs"), "{\"multiscales\"").unwrap();
    assert!(said(folder.path()).contains("expected the description of an image in OME-Zarr 0.4 or 0.5"));
}
