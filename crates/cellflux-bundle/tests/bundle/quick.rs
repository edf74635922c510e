//! Quick weights: added without touching the full ones, read beside them, ignored by readers that do not know
//! them, and refused where they cannot be what they say.

use cellflux_bundle::files::VerifiedFile;
use cellflux_bundle::quantise::{WeightDtype, quantise};
use cellflux_bundle::quick::{QuickReader, is_shard, shard_path};
use cellflux_bundle::{Manifest, Packed, folder, limits};
use serde_json::{Value, json};

use crate::hostile::assert_says;
use crate::model::{draft, edit_manifest, evaluated, forge, read};

const SHARD: &str = "quick-0001-of-0001.safetensors";

/// A bundle of f16 weights with int8 ones beside them.
fn quick() -> Packed {
    let mut packed = draft(WeightDtype::F16).pack().unwrap();
    packed.add_quick(WeightDtype::Int8, limits::SHARD_BYTES).unwrap();
    packed
}

/// What reading says after the manifest was changed.
fn refusal(edit: impl FnOnce(&mut Value)) -> String {
    let mut packed = quick();
    edit_manifest(&mut packed, edit);
    let error = Manifest::from_json(&packed.files["manifest.json"]).unwrap_err();
    assert_says(&error, &[]);
    error.to_string()
}

#[test]
fn quick_weights_are_the_full_ones_in_fewer_bytes_and_leave_those_as_they_were() {
    let plain = evaluated(WeightDtype::F16);
    let mut packed = plain.clone();
    packed.add_quick(WeightDtype::Int8, limits::SHARD_BYTES).unwrap();
    let full = packed.published().unwrap();
    assert_eq!(full.weights, plain.published().unwrap().weights);
    assert_eq!(packed.manifest.evaluation, plain.manifest.evaluation);
    for (path, content) in plain.files.iter().filter(|(path, _)| *path != "manifest.json") {
        assert_eq!(packed.files.get(path), Some(content), "{path}");
    }
    let found = packed.published_quick().unwrap().unwrap();
    let (expected, _) = quantise(&full.weights, WeightDtype::Int8).unwrap();
    assert_eq!(found.weights, expected);
    assert_eq!(found.vectors, full.vectors);
    assert!(plain.published_quick().unwrap().is_none());
    assert!(plain.manifest.quick_files().is_empty());
}

#[test]
fn a_reader_that_does_not_know_the_section_reads_the_bundle_as_before() {
    let mut packed = quick();
    // What such a reader sees is the manifest without the field.
    edit_manifest(&mut packed, |json| {
        json.as_object_mut().unwrap().remove("quick_weights");
    });
    let plain = draft(WeightDtype::F16).pack().unwrap();
    let found = read(&packed).unwrap();
    assert_eq!(found.weights, plain.published().unwrap().weights);
    let names = found.manifest.required_files();
    assert!(names.iter().all(|entry| !is_shard(&entry.path)));
}

#[test]
fn several_shards_are_read_in_any_order_and_each_once() {
    let mut packed = draft(WeightDtype::F16).pack().unwrap();
    packed.add_quick(WeightDtype::Int8, 48 << 10).unwrap();
    let entries = packed.manifest.quick_files();
    assert!(entries.len() > 2);
    let mut reader = QuickReader::new(&packed.manifest).unwrap().unwrap();
    for entry in entries.iter().rev() {
        let file = VerifiedFile::check(entry, packed.files[&entry.path].clone()).unwrap();
        reader.accept(&file).unwrap();
        assert_says(&reader.accept(&file).unwrap_err(), &[&entry.path]);
    }
    assert_eq!(reader.missing().count(), 0);
    let whole = quick().published_quick().unwrap().unwrap();
    assert_eq!(reader.weights().unwrap(), whole.weights);
}

#[test]
fn a_shard_that_has_not_come_is_named() {
    let reader = QuickReader::new(&quick().manifest).unwrap().unwrap();
    assert_says(&reader.weights().unwrap_err(), &[SHARD, "missing"]);
}

#[test]
fn weights_that_take_no_fewer_bytes_are_no_quick_ones() {
    for (full, quick) in [
        (WeightDtype::F16, WeightDtype::F16),
        (WeightDtype::F16, WeightDtype::F32),
        (WeightDtype::Int8, WeightDtype::Int8),
    ] {
        let mut packed = draft(full).pack().unwrap();
        let before = packed.manifest.clone();
        let error = packed.add_quick(quick, limits::SHARD_BYTES).unwrap_err();
        assert_says(&error, &["quick_weights.dtype", quick.name(), "fewer bytes than"]);
        assert_eq!(packed.manifest, before);
    }
}

#[test]
fn a_bundle_packed_anew_keeps_its_quick_weights_while_they_are_smaller() {
    let before = quick();
    for (dtype, kept) in [
        (WeightDtype::F32, true),
        (WeightDtype::F16, true),
        (WeightDtype::Int8, false),
    ] {
        let mut packed = draft(dtype).pack().unwrap();
        let carried = packed.carry_quick(&before.manifest, limits::SHARD_BYTES).unwrap();
        assert_eq!(carried, kept, "{dtype}");
        assert_eq!(packed.manifest.quick_weights.is_some(), kept, "{dtype}");
    }
}

#[test]
fn a_folder_gives_them_back_and_does_not_count_them_among_its_pictures() {
    let parent = tempfile::tempdir().unwrap();
    let place = parent.path().join("bundle");
    let packed = quick();
    folder::write(&packed, &place, false).unwrap();
    let bundle = folder::read(&place).unwrap();
    let found = folder::read_quick(&place, &bundle.manifest).unwrap();
    assert_eq!(
        found,
        packed.published_quick().unwrap().map(|bundle| bundle.weights)
    );
    let assets = folder::read_assets(&place, &bundle.manifest).unwrap();
    assert!(assets.keys().all(|path| !is_shard(path)));
}

#[test]
fn a_damaged_quick_shard_is_refused_by_name_and_harms_no_full_one() {
    let mut packed = quick();
    *packed.files.get_mut(SHARD).unwrap().last_mut().unwrap() ^= 1;
    assert_says(&packed.published_quick().unwrap_err(), &[SHARD, "SHA-256"]);
    packed.published().unwrap();
}

#[test]
fn a_forged_quick_shard_is_refused_by_what_it_holds() {
    let mut packed = quick();
    // The full weights under the quick one's name, and a manifest that lists them there.
    let full = packed.files["weights-0001-of-0001.safetensors"].clone();
    forge(&mut packed, SHARD, full);
    let manifest = Manifest::from_json(&packed.files["manifest.json"]).unwrap();
    let mut reader = QuickReader::new(&manifest).unwrap().unwrap();
    let entry = manifest.file(SHARD).unwrap();
    let file = VerifiedFile::check(entry, packed.files[SHARD].clone()).unwrap();
    assert_says(&reader.accept(&file).unwrap_err(), &["is stored as", "int8"]);
}

#[test]
fn a_section_that_contradicts_the_rest_of_the_manifest_is_refused_by_its_field() {
    let said = refusal(|json| json["quick_weights"]["dtype"] = json!("f32"));
    assert!(said.contains("quick_weights.dtype is f32"), "{said}");
    for shards in [0, 4097, u32::MAX] {
        let said = refusal(|json| json["quick_weights"]["shards"] = json!(shards));
        assert!(said.contains("quick_weights.shards"), "{said}");
    }
    let said = refusal(|json| json["quick_weights"]["shards"] = json!(2));
    assert!(
        said.contains("number of quick-*.safetensors in files is 1"),
        "{said}"
    );
    let said = refusal(|json| {
        json["files"]
            .as_array_mut()
            .unwrap()
            .retain(|entry| entry["path"] != SHARD);
    });
    assert!(
        said.contains("number of quick-*.safetensors in files is 0"),
        "{said}"
    );
    for (bytes, reason) in [
        (1, "total bytes of the quick shards"),
        (limits::SHARD_BYTES as u64 + 1, "at most 25165824"),
    ] {
        let said = refusal(|json| {
            for entry in json["files"].as_array_mut().unwrap() {
                if entry["path"] == SHARD {
                    entry["bytes"] = json!(bytes);
                }
            }
        });
        assert!(said.contains(reason), "{said}");
    }
    for section in [json!(true), json!({}), json!({ "dtype": "int4", "shards": 1 })] {
        let said = refusal(|json| json["quick_weights"] = section);
        assert!(said.contains("not the expected JSON"), "{said}");
    }
}

#[test]
fn names_count_up_from_one() {
    assert_eq!(shard_path(0, 2), "quick-0001-of-0002.safetensors");
    assert!(is_shard(&shard_path(1, 2)));
    assert!(!is_shard("weights-0001-of-0002.safetensors") && !is_shard("quick-start.png"));
}
