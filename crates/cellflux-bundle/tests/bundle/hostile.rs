//! Bundles made to harm: each is refused with a message that names the culprit, and none makes a reader panic
//! or reserve what a file merely claims.

use std::io::Write;

use cellflux_bundle::{
    BundleError, BundleReader, Manifest, StateDict,
    conditions::ConditionVectors,
    files::{FileEntry, VerifiedFile},
    folder, limits,
    quantise::{Int8Tensor, WeightDtype, to_f16},
    shard::{ShardReader, write_shards},
    tensor::{Tensor, Values},
    tensor_file::TensorFile,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model::{config, draft, edit_manifest, forge, read, tensor_file, weights};

const SHARD: &str = "weights-0001-of-0001.safetensors";

pub(crate) fn packed() -> cellflux_bundle::Packed {
    draft(WeightDtype::F16).pack().unwrap()
}

/// What reading says after the manifest was changed.
pub(crate) fn after_edit(edit: impl FnOnce(&mut Value)) -> BundleError {
    let mut packed = packed();
    edit_manifest(&mut packed, edit);
    read(&packed).unwrap_err()
}

/// What reading says after a shard was replaced and the manifest made to agree.
fn after_forging(shard: Vec<u8>) -> BundleError {
    let mut packed = packed();
    forge(&mut packed, SHARD, shard);
    read(&packed).unwrap_err()
}

/// The draft's shard with its header rewritten.
fn with_header(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let shard = packed().files[SHARD].clone();
    let length = u64::from_le_bytes(shard[..8].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&shard[8..8 + length]).unwrap();
    edit(&mut header);
    tensor_file(&header.to_string(), &shard[8 + length..])
}

pub(crate) fn assert_says(error: &BundleError, words: &[&str]) {
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "expected {word:?} in: {message}");
    }
    assert!(
        message.len() < 600,
        "a message must not repeat the attack: {message}"
    );
}

// Files that are not the ones the manifest names.

#[test]
fn a_truncated_shard_is_refused_by_name() {
    let mut packed = packed();
    packed.files.get_mut(SHARD).unwrap().pop();
    assert_says(&read(&packed).unwrap_err(), &[SHARD, "bytes, expected"]);
}

#[test]
fn an_oversized_shard_is_refused_by_name() {
    let mut packed = packed();
    packed.files.get_mut(SHARD).unwrap().push(0);
    assert_says(&read(&packed).unwrap_err(), &[SHARD, "bytes, expected"]);
}

#[test]
fn a_shard_with_one_changed_bit_is_refused_by_its_hash() {
    let mut packed = packed();
    *packed.files.get_mut(SHARD).unwrap().last_mut().unwrap() ^= 1;
    assert_says(&read(&packed).unwrap_err(), &[SHARD, "SHA-256"]);
}

#[test]
fn a_missing_file_is_named() {
    let packed = packed();
    let reader = BundleReader::new(&packed.files["manifest.json"]).unwrap();
    assert_says(
        &reader.finish().unwrap_err(),
        &["conditions.safetensors", "missing"],
    );
}

#[test]
fn a_file_that_is_not_needed_or_came_already_is_refused() {
    let packed = packed();
    let mut reader = BundleReader::new(&packed.files["manifest.json"]).unwrap();
    let stray = FileEntry::of("samples/control-1.png", b"samples/control-1.png");
    let stray = VerifiedFile::check(&stray, b"samples/control-1.png".to_vec()).unwrap();
    assert!(reader.accept(&stray).is_err());
    let entry = reader.manifest().file(SHARD).unwrap().clone();
    let shard = VerifiedFile::check(&entry, packed.files[SHARD].clone()).unwrap();
    reader.accept(&shard).unwrap();
    assert_says(&reader.accept(&shard).unwrap_err(), &[SHARD]);
}

#[test]
fn a_local_file_that_grew_is_not_read_to_its_end() {
    let parent = tempfile::tempdir().unwrap();
    let place = parent.path().join("bundle");
    folder::write(&packed(), &place, false).unwrap();
    let shard = std::fs::OpenOptions::new()
        .append(true)
        .open(place.join(SHARD))
        .unwrap();
    // Sparse: takes no space on disk, but would take 8 GiB of memory.
    shard.set_len(8 << 30).unwrap();
    assert_says(&folder::read(&place).unwrap_err(), &[SHARD, "bytes, expected"]);
}

// Shards whose hash agrees but whose content cannot be.

#[test]
fn nan_and_infinity_in_a_shard_are_refused_with_tensor_and_position() {
    for bits in [0x7e00_u16, 0x7c00, 0xfc00] {
        let mut shard = packed().files[SHARD].clone();
        let at = shard.len() - 2;
        shard[at..].copy_from_slice(&bits.to_le_bytes());
        let error = after_forging(shard);
        assert!(matches!(error, BundleError::NotFinite { .. }), "{error}");
        assert_says(&error, &["time_embed.2.weight", "expected finite numbers"]);
    }
}

#[test]
fn a_tensor_of_another_shape_is_refused_with_both_shapes() {
    let error = after_forging(with_header(|header| {
        header["time_embed.2.weight"]["shape"] = json!([64, 256]);
    }));
    assert_says(
        &error,
        &["time_embed.2.weight", "[64, 256]", "expected [128, 128]"],
    );
}

#[test]
fn a_tensor_of_another_number_format_is_refused() {
    for dtype in ["BF16", "I16"] {
        let error = after_forging(with_header(|header| {
            header["out.2.bias"]["dtype"] = json!(dtype);
        }));
        assert_says(&error, &["out.2.bias", dtype, "expected F16"]);
    }
}

#[test]
fn overlapping_offsets_and_gaps_are_refused() {
    let overlap = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
        "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#;
    let gap = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
        "b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#;
    let short = r#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#;
    let backwards = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#;
    for (header, bytes) in [(overlap, 12), (gap, 12), (short, 16), (short, 8), (backwards, 4)] {
        let file = tensor_file(header, &vec![0; bytes]);
        let error = TensorFile::parse("x.safetensors", &file).unwrap_err();
        assert!(matches!(error, BundleError::TensorFile { .. }));
    }
}

#[test]
fn impossible_tensor_sizes_are_refused_without_reserving_them() {
    let huge = format!(
        r#"{{"a":{{"dtype":"F32","shape":[{0},{0}],"data_offsets":[0,16]}}}}"#,
        u64::MAX / 2
    );
    let negative = r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,16]}}"#;
    let ends_nowhere = r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,18446744073709551615]}}"#;
    for header in [&huge, negative, ends_nowhere] {
        assert!(TensorFile::parse("x", &tensor_file(header, &[0; 16])).is_err());
    }
}

#[test]
fn a_header_that_claims_too_much_is_refused_unread() {
    for claim in [limits::TENSOR_HEADER_BYTES as u64 + 1, 1 << 40, u64::MAX] {
        let file = [&claim.to_le_bytes()[..], b"{}"].concat();
        let error = TensorFile::parse("x.safetensors", &file).unwrap_err();
        assert_says(&error, &["x.safetensors", "header"]);
    }
    for file in [&b""[..], b"1234567", b"\x02\0\0\0\0\0\0\0{"] {
        assert!(TensorFile::parse("x", file).is_err());
    }
}

#[test]
fn json_bombs_are_refused() {
    let deep = "[".repeat(200_000);
    assert!(TensorFile::parse("x", &tensor_file(&deep, &[])).is_err());
    assert!(Manifest::from_json(deep.as_bytes()).is_err());
    let deep = format!(r#"{{"version":{}"#, r#"{"a":"#.repeat(100_000));
    assert!(Manifest::from_json(deep.as_bytes()).is_err());

    let wide = format!(
        r#"{{"version":1,"files":[{}]}}"#,
        "0,".repeat(limits::MANIFEST_BYTES)
    );
    assert_says(
        &Manifest::from_json(wide.as_bytes()).unwrap_err(),
        &["manifest.json", "bytes, expected at most"],
    );
}

#[test]
fn a_tensor_that_the_network_does_not_have_is_refused() {
    for name in [
        "out.3.bias",
        "out.2.bias#0#0",
        "out.2.bias#00",
        "out.2.bias#-1",
        "#",
        "out.2.bias.scale",
    ] {
        let error = after_forging(with_header(|header| {
            let entry = header.as_object_mut().unwrap().remove("out.2.bias").unwrap();
            header[name] = entry;
        }));
        assert!(
            matches!(error, BundleError::UnexpectedTensor { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_tensor_that_no_shard_holds_is_named() {
    let config = config();
    let shards = write_shards(&weights(&config, 1), &config, WeightDtype::F16, 40_000).unwrap();
    let mut reader = ShardReader::new(&config, WeightDtype::F16).unwrap();
    for shard in &shards[1..] {
        reader.accept("shard", shard).unwrap();
    }
    assert_says(
        &reader.finish().unwrap_err(),
        &["mol_embed_transform.weight", "[128, 8]"],
    );
}

/// One part of `time_embed.2.bias`, f16 `[128]`, in a file of its own.
fn part(name: &str, rows: usize) -> Vec<u8> {
    let header = format!(
        r#"{{"{name}":{{"dtype":"F16","shape":[{rows}],"data_offsets":[0,{}]}}}}"#,
        2 * rows
    );
    tensor_file(&header, &vec![0; 2 * rows])
}

fn accept_parts(parts: &[(&str, usize)]) -> Result<StateDict, BundleError> {
    let mut reader = ShardReader::new(&config(), WeightDtype::F16).unwrap();
    for (name, rows) in parts {
        reader.accept("shard", &part(name, *rows))?;
    }
    reader.finish()
}

#[test]
fn parts_that_overlap_repeat_or_do_not_add_up_are_refused() {
    let (zero, one, two) = (
        "time_embed.2.bias#0",
        "time_embed.2.bias#1",
        "time_embed.2.bias#2",
    );
    let whole = "time_embed.2.bias";
    for parts in [
        &[(zero, 64), (zero, 64)][..],
        &[(zero, 128), (whole, 128)],
        &[(whole, 128), (zero, 128)],
        &[(whole, 128), (whole, 128)],
    ] {
        assert!(matches!(
            accept_parts(parts),
            Err(BundleError::DuplicateTensor { .. })
        ));
    }
    for parts in [&[(zero, 100), (one, 29)][..], &[(zero, 129)], &[(zero, 0)]] {
        assert!(matches!(accept_parts(parts), Err(BundleError::Shape { .. })));
    }
    // All other tensors are missing too, but the parts come earlier in no case that passes.
    for parts in [
        &[(zero, 64), (two, 64)][..],
        &[(one, 128)],
        &[(zero, 64), (one, 63)],
    ] {
        assert!(matches!(
            accept_parts(parts),
            Err(BundleError::MissingTensor { .. })
        ));
    }
}

#[test]
fn int8_scales_must_be_numbers_from_zero() {
    let mut packed = draft(WeightDtype::Int8).pack().unwrap();
    let shard = packed.files[SHARD].clone();
    let length = u64::from_le_bytes(shard[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&shard[8..8 + length]).unwrap();
    let at = header["out.2.weight.scale"]["data_offsets"][0].as_u64().unwrap() as usize + 8 + length;
    for (bits, word) in [(0xbc00_u16, "scales from 0"), (0x7e00, "finite")] {
        let mut spoiled = shard.clone();
        spoiled[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        forge(&mut packed, SHARD, spoiled);
        assert_says(&read(&packed).unwrap_err(), &["out.2.weight.scale", word]);
    }
}

#[test]
fn condition_vectors_that_do_not_fit_are_refused() {
    let vectors = |rows: &[Vec<f32>]| {
        ConditionVectors::from_rows(rows)
            .unwrap()
            .to_safetensors()
            .unwrap()
    };
    let other_name = tensor_file(
        r#"{"v":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        &[0; 4],
    );
    let not_finite = tensor_file(
        r#"{"vectors":{"dtype":"F16","shape":[3,7],"data_offsets":[0,42]}}"#,
        &[0xff; 42],
    );
    for (content, words) in [
        (vectors(&vec![vec![0.0; 7]; 2]), ["vectors", "[3, 7]"]),
        (vectors(&vec![vec![0.0; 8]; 3]), ["vectors", "[3, 7]"]),
        (vectors(&vec![vec![0.5; 7]; 3]), ["vectors[0]", "whole numbers"]),
        (vectors(&vec![vec![-1.0; 7]; 3]), ["vectors[0]", "whole numbers"]),
        (other_name, ["tensor v", "not part"]),
        (tensor_file("{}", &[]), ["vectors", "missing"]),
        (not_finite, ["vectors", "finite"]),
    ] {
        let mut packed = packed();
        forge(&mut packed, "conditions.safetensors", content);
        assert_says(&read(&packed).unwrap_err(), &words);
    }
    for rows in [
        vec![],
        vec![vec![]],
        vec![vec![1.0], vec![1.0, 2.0]],
        vec![vec![f32::NAN]],
    ] {
        assert!(ConditionVectors::from_rows(&rows).is_err(), "{rows:?}");
    }
}

// Manifests.

#[test]
fn an_unknown_version_is_refused_before_anything_else_is_looked_at() {
    for version in [json!(2), json!(0), json!("1"), json!(1.5), json!(null)] {
        let manifest = json!({"version": version, "whatever": "a later version means by it"}).to_string();
        let error = Manifest::from_json(manifest.as_bytes()).unwrap_err();
        assert!(matches!(error, BundleError::Version { known: 1, .. }));
        assert_says(&error, &["version", "knows version 1"]);
    }
}

#[test]
fn a_manifest_that_is_no_json_or_lacks_a_field_is_refused() {
    for text in ["", "not json", "[]", "{}", r#"{"version": 1}"#] {
        assert!(matches!(
            Manifest::from_json(text.as_bytes()),
            Err(BundleError::Json { .. })
        ));
    }
}

#[test]
fn a_path_that_leaves_the_folder_is_refused_everywhere_it_may_stand() {
    for path in [
        "../secret.png",
        "/etc/passwd.png",
        "a\\b.png",
        "C:/x.png",
        "a/../../b.png",
    ] {
        for pointer in [
            "/files/0/path",
            "/gallery/controls/0/file",
            "/trajectories/0/strip",
            "/conditions/list/0/structure",
        ] {
            let error = after_edit(|json| *json.pointer_mut(pointer).unwrap() = path.into());
            assert_says(&error, &["manifest: ", "expected a plain path"]);
        }
    }
}

#[test]
fn a_shard_above_the_limit_and_one_too_many_are_refused() {
    let shard_entry = |json: &mut Value| {
        let files = json["files"].as_array_mut().unwrap();
        files.iter().position(|entry| entry["path"] == SHARD).unwrap()
    };
    let error = after_edit(|json| {
        let index = shard_entry(json);
        json["files"][index]["bytes"] = json!(limits::SHARD_BYTES + 1);
    });
    assert_says(&error, &["bytes", "at most 25165824"]);
    let error = after_edit(|json| {
        let index = shard_entry(json);
        let mut other = json["files"][index].clone();
        other["path"] = json!("weights-0002-of-0002.safetensors");
        json["files"].as_array_mut().unwrap().push(other);
    });
    assert_says(&error, &["weights-*.safetensors", "expected 1"]);
}

#[test]
fn too_many_conditions_or_files_are_refused() {
    let error = after_edit(|json| {
        let condition = json!({"id": "x", "name": "x", "split": "seen"});
        json["conditions"]["list"] = vec![condition; limits::CONDITIONS + 1].into();
    });
    assert_says(&error, &["conditions.list", "16385"]);
    let error = after_edit(|json| {
        let entry = json["files"][0].clone();
        json["files"] = vec![entry; limits::FILES + 1].into();
    });
    assert_says(&error, &["length of files", "4097"]);
}

// State dicts from elsewhere.

#[test]
fn a_state_dict_of_another_network_is_refused_by_the_first_difference() {
    let config = config();
    let good = weights(&config, 1);
    let bytes_of = |weights: &StateDict| weights.to_safetensors(&config).unwrap();
    let read = |weights: &StateDict| StateDict::from_safetensors(&bytes_of(weights), &config).unwrap_err();

    let mut missing = good.clone();
    missing.tensors.remove("out.2.bias");
    assert_says(&read(&missing), &["out.2.bias", "missing", "[3]"]);

    let mut more = good.clone();
    let tensor = good.tensors["out.2.bias"].clone();
    more.tensors.insert("extra".into(), tensor);
    assert_says(&read(&more), &["extra", "not part of this network"]);

    let mut shape = good.clone();
    shape.tensors.get_mut("out.2.weight").unwrap().shape = vec![3, 32, 9, 1];
    assert_says(
        &read(&shape),
        &["out.2.weight", "[3, 32, 9, 1]", "expected [3, 32, 3, 3]"],
    );

    let mut nan = good.clone();
    if let Values::F32(values) = &mut nan.tensors.get_mut("out.0.weight").unwrap().values {
        values[5] = f32::NAN;
    }
    assert_says(&read(&nan), &["out.0.weight", "NaN", "position 5"]);
    assert!(nan.check(&config).is_err());

    let mut length = good;
    length.tensors.get_mut("out.2.bias").unwrap().values = Values::F32(vec![0.0; 4]);
    assert!(matches!(length.check(&config), Err(BundleError::Shape { .. })));
}

#[test]
fn weights_beyond_f16_are_refused_by_name() {
    let tensor = |value| Tensor {
        shape: vec![1, 2],
        values: Values::F32(vec![0.0, value]),
    };
    assert_says(
        &to_f16("w", &tensor(1e5)).unwrap_err(),
        &["tensor w", "100000", "f16"],
    );
    Int8Tensor::quantise("w", &tensor(1e5)).unwrap();
    assert_says(
        &Int8Tensor::quantise("w", &tensor(1e8)).unwrap_err(),
        &["tensor w", "int8"],
    );
    assert!(matches!(
        Int8Tensor::quantise("w", &tensor(f32::INFINITY)),
        Err(BundleError::NotFinite { .. })
    ));
}

// Damage at random places.

/// Every place of a JSON value.
fn places(json: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match json {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| places(value, &format!("{here}/{key}"), all)),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| places(value, &format!("{here}/{index}"), all)),
        _ => {}
    }
}

fn odd_values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ]
}

proptest! {
    #[test]
    fn a_manifest_with_any_value_replaced_is_valid_or_refused_but_never_panics(
        place in any::<prop::sample::Index>(),
        value in odd_values(),
    ) {
        let mut packed = packed();
        edit_manifest(&mut packed, |json| {
            let mut all = Vec::new();
            places(json, "", &mut all);
            *json.pointer_mut(place.get(&all[..]).as_str()).unwrap() = value;
        });
        if let Ok(manifest) = Manifest::from_json(&packed.files["manifest.json"]) {
            // What passed can be written, and is the same then.
            prop_assert_eq!(Manifest::from_json(&manifest.to_json().unwrap()).unwrap(), manifest);
        }
    }

    #[test]
    fn any_change_to_a_shard_is_refused_or_read_as_finite_weights(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        header in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let config = config();
        let mut shard = packed().files[SHARD].clone();
        let length = u64::from_le_bytes(shard[..8].try_into().unwrap()) as usize + 8;
        // Half of the changes go to the header, where more can break.
        let at = at.index(if header { length } else { shard.len() });
        shard[at] = byte;
        if let Some(cut) = cut {
            shard.truncate(cut.index(shard.len()));
        }
        let mut reader = ShardReader::new(&config, WeightDtype::F16).unwrap();
        if reader.accept("shard", &shard).is_ok() && let Ok(weights) = reader.finish() {
            weights.check(&config).unwrap();
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_model(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Manifest::from_json(&bytes).is_err());
        let mut file = (bytes.len() as u64 / 2).to_le_bytes().to_vec();
        file.write_all(&bytes).unwrap();
        prop_assert!(StateDict::from_safetensors(&file, &config()).is_err());
    }
}
