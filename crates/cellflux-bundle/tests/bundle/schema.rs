//! The JSON Schemas say what the readers do, as far as a schema can.

use cellflux_bundle::{Evaluation, Manifest, limits, quantise::WeightDtype};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::model::{draft, evaluated};

fn schema() -> Value {
    schema_of("bundle")
}

fn schema_of(what: &str) -> Value {
    let path = format!("{}/../../docs/{what}.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

/// A manifest that uses every field of the format.
fn manifest() -> Value {
    let mut packed = evaluated(WeightDtype::F16);
    packed.add_quick(WeightDtype::Int8, limits::SHARD_BYTES).unwrap();
    let mut json: Value = serde_json::from_slice(&packed.files["manifest.json"]).unwrap();
    // Fields that are left out at their default.
    json["trajectories"][0]["reverse"] = json!(false);
    json["conditions"]["list"][0]["control"] = json!(true);
    json["evaluation"]["spaces"][1]["comparable"] = json!(false);
    json["evaluation"]["data"]["drawn"] = json!(false);
    json
}

fn reads(json: &Value) -> bool {
    Manifest::from_json(json.to_string().as_bytes()).is_ok()
}

#[test]
fn a_manifest_that_the_writer_made_is_valid() {
    let validator = validator();
    for dtype in [WeightDtype::F32, WeightDtype::F16, WeightDtype::Int8] {
        let packed = draft(dtype).pack().unwrap();
        let json = serde_json::from_slice(&packed.files["manifest.json"]).unwrap();
        if let Err(error) = validator.validate(&json) {
            panic!("{dtype}: {error} at {}", error.instance_path());
        }
    }
}

#[test]
fn the_shipped_demo_manifests_are_valid() {
    let validator = validator();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/bundles");
    let Ok(bundles) = std::fs::read_dir(folder) else {
        println!("skipped: web/bundles is not there");
        return;
    };
    for bundle in bundles {
        let path = bundle.unwrap().path().join("manifest.json");
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        Manifest::from_json(&bytes).unwrap();
        let json = serde_json::from_slice(&bytes).unwrap();
        if let Err(error) = validator.validate(&json) {
            panic!("{}: {error} at {}", path.display(), error.instance_path());
        }
    }
}

#[test]
fn an_unknown_version_is_invalid() {
    let validator = validator();
    for version in [json!(0), json!(2), json!("1"), json!(null)] {
        let mut json = manifest();
        json["version"] = version;
        assert!(!validator.is_valid(&json));
        assert!(!reads(&json));
    }
}

/// Every place that is a field of an object whose fields the format fixes, with its JSON pointer.
fn fields(json: &Value, here: &str, all: &mut Vec<String>) {
    let free = here.ends_with("/metrics") || here.ends_with("/tools");
    match json {
        Value::Object(map) => {
            for (key, value) in map {
                let place = format!("{here}/{key}");
                if !free {
                    all.push(place.clone());
                }
                fields(value, &place, all);
            }
        }
        Value::Array(list) => list
            .iter()
            .enumerate()
            .for_each(|(index, value)| fields(value, &format!("{here}/{index}"), all)),
        _ => {}
    }
}

fn without(json: &Value, pointer: &str) -> Value {
    let mut json = json.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(parent)
        .unwrap()
        .as_object_mut()
        .unwrap()
        .remove(key);
    json
}

#[test]
fn the_schema_and_the_reader_agree_on_which_fields_are_required() {
    let validator = validator();
    let whole = manifest();
    assert!(validator.is_valid(&whole) && reads(&whole));
    let mut all = Vec::new();
    fields(&whole, "", &mut all);
    assert!(all.len() > 100);
    for pointer in all {
        let json = without(&whole, &pointer);
        let parses = serde_json::from_value::<Manifest>(json.clone()).is_ok();
        assert_eq!(validator.is_valid(&json), parses, "without {pointer}");
    }
}

/// Refuses properties that the schema does not list, wherever it lists any.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.contains_key("properties") {
                map.insert("additionalProperties".into(), json!(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn the_schema_lists_every_field_that_the_writer_writes() {
    let mut closed = schema();
    close(&mut closed);
    let validator = jsonschema::validator_for(&closed).unwrap();
    if let Err(error) = validator.validate(&manifest()) {
        panic!("{error} at {}", error.instance_path());
    }
}

#[test]
fn values_that_the_schema_can_judge_are_refused_by_both() {
    let validator = validator();
    let cases = [
        ("/id", json!("../x")),
        ("/title", json!("  ")),
        ("/title", json!("a\nb")),
        ("/model/dtype", json!("f64")),
        ("/model/shards", json!(0)),
        ("/quick_weights/dtype", json!("f32")),
        ("/quick_weights/dtype", json!("int4")),
        ("/quick_weights/shards", json!(0)),
        ("/model/config/num_head_channels", json!(0)),
        ("/model/config/dims", json!(3)),
        ("/image/height", json!(4096)),
        ("/image/coding/kind", json!("log")),
        ("/image/channels/0/colour", json!("red")),
        ("/image/channels/0/window/high", json!(2)),
        ("/conditions/encoder/kind", json!("morgan-bits")),
        ("/conditions/list/0/split", json!("unknown")),
        ("/conditions/list/0/batches/0", json!("Week4\nWeek5")),
        ("/conditions/list/0/target", json!("yes")),
        ("/conditions/list/0/kind", json!("mutation")),
        ("/source", json!("treated")),
        ("/sampling/solver", json!("heun3")),
        ("/sampling/steps", json!(0)),
        ("/sampling/seed", json!(-1)),
        ("/evaluation/version", json!(2)),
        ("/evaluation/date", json!("27.11.2026")),
        ("/evaluation/weights", json!("0")),
        ("/evaluation/vectors", json!("0")),
        ("/evaluation/data/drawn", json!("yes")),
        ("/evaluation/data/replicates", json!(0)),
        ("/evaluation/data/groups", json!(-1)),
        ("/evaluation/data/controls", json!(1.5)),
        ("/evaluation/data/split", json!("training")),
        ("/evaluation/data/resampled_by", json!("image")),
        ("/evaluation/data/treated", json!(1_u64 << 40)),
        ("/evaluation/data/seed", json!(1_u64 << 60)),
        ("/evaluation/sampling/steps", json!(0)),
        ("/evaluation/rows/0/kind", json!("best")),
        ("/evaluation/rows/0/gap_closed/low", json!(1e300)),
        ("/evaluation/rows/0/gap_closed/low", json!(null)),
        ("/evaluation/rows/2/distances/0/precision/high", json!(1.001)),
        ("/evaluation/rows/2/distances/0/recall/low", json!(-0.001)),
        ("/evaluation/rows/2/distances/0/coverage/high", json!(90)),
        ("/evaluation/rows/2/distances/0/density/low", json!(-0.001)),
        ("/evaluation/rows/2/direction/high", json!(2.001)),
        ("/evaluation/rows/2/fine_detail/low", json!(-0.001)),
        ("/evaluation/conditions/0/direction/low", json!(-2.001)),
        ("/evaluation/conditions/0/nuclei/generated/low", json!(-0.001)),
        ("/evaluation/conditions/0/treated", json!(-1)),
        ("/evaluation/modes_of_action/real/accuracy/high", json!(1.001)),
        (
            "/evaluation/modes_of_action/real/balanced_accuracy/low",
            json!(-0.001),
        ),
        ("/evaluation/modes_of_action/generated/macro_f1/high", json!(46)),
        (
            "/evaluation/modes_of_action/generated/weighted_f1/high",
            json!(1.001),
        ),
        ("/evaluation/modes_of_action/real/counts/0/0", json!(-1)),
        ("/evaluation/conditions/0/id", json!("a b")),
        ("/evaluation/conditions/0/nuclei/control/value", json!("large")),
        ("/evaluation/modes_of_action/majority", json!(1.5)),
        ("/evaluation/batches/explained/0", json!(-0.1)),
        ("/evaluation/batches/clouds/0/covariance/0", json!(-1)),
        ("/evaluation/batches/clouds/0/kind", json!("noise")),
        ("/evaluation/batches/clouds/2/starts", json!(-1)),
        ("/evaluation/compound_use/low", json!(null)),
        ("/evaluation/compound_use/controls", json!(-1)),
        ("/evaluation/compound_use/pairs", json!(0.5)),
        ("/gallery/controls/0/file", json!("../a.png")),
        ("/gallery/controls/0/file", json!("a/.b/c.png")),
        ("/provenance/data_set/url", json!("javascript:alert(1)")),
        ("/provenance/created", json!("today")),
        ("/files/0/path", json!("/a")),
        ("/files/0/path", json!("a.")),
        ("/files/0/sha256", json!("0")),
        ("/files/0/bytes", json!(1_u64 << 40)),
    ];
    for (pointer, value) in cases {
        let mut json = manifest();
        *json.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&json), "schema: {pointer}");
        assert!(!reads(&json), "reader: {pointer}");
    }
    // An unknown field of the network could change its function; elsewhere it is a newer optional one.
    let mut json = manifest();
    json["model"]["config"]["spectral_norm"] = json!(true);
    assert!(!validator.is_valid(&json) && !reads(&json));
    let mut json = manifest();
    json["provenance"]["doi"] = json!("10.1000/1");
    assert!(validator.is_valid(&json) && reads(&json));
}

/// Every evaluation that the repository holds as a file: those of shipped bundles, and the tests' own.
fn shipped_evaluations() -> Vec<std::path::PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut paths = vec![format!("{root}/tests/fixtures/evaluation.json").into()];
    if let Ok(folders) = std::fs::read_dir(format!("{root}/web/bundles")) {
        let files = folders.map(|folder| folder.unwrap().path().join("evaluation.json"));
        paths.extend(files.filter(|file| file.is_file()));
    }
    paths
}

#[test]
fn the_shipped_evaluations_are_read_and_valid() {
    let validator = jsonschema::validator_for(&schema_of("evaluation")).unwrap();
    for path in shipped_evaluations() {
        let bytes = std::fs::read(&path).unwrap();
        Evaluation::from_json(&bytes).unwrap();
        let json = serde_json::from_slice(&bytes).unwrap();
        if let Err(error) = validator.validate(&json) {
            panic!("{}: {error} at {}", path.display(), error.instance_path());
        }
    }
}

#[test]
fn numbers_at_the_ends_of_their_ranges_are_taken_by_both() {
    let validator = validator();
    let cases = [
        ("/evaluation/rows/2/distances/0/precision/high", 1.0),
        ("/evaluation/rows/2/distances/0/recall/low", 0.0),
        ("/evaluation/rows/2/distances/0/coverage/high", 1.0 + 1e-9),
        ("/evaluation/rows/2/distances/0/density/low", 0.0),
        ("/evaluation/rows/2/distances/0/kid/low", -9_007_199_254_740_991.0),
        ("/evaluation/rows/2/direction/high", 2.0),
        ("/evaluation/rows/2/fine_detail/low", 0.0),
        ("/evaluation/rows/2/gap_closed/high", 9_007_199_254_740_991.0),
        ("/evaluation/modes_of_action/majority", 0.0),
        ("/evaluation/batches/explained/0", 1.0),
    ];
    for (pointer, value) in cases {
        let mut json = manifest();
        *json.pointer_mut(pointer).unwrap() = json!(value);
        if let Err(error) = validator.validate(&json) {
            panic!("{pointer}: {error}");
        }
        assert!(reads(&json), "{pointer}");
    }
}

#[test]
fn an_evaluation_is_valid_by_its_own_schema_which_defines_it_as_the_manifests_does() {
    let (own, whole) = (schema_of("evaluation"), schema());
    let validator = jsonschema::validator_for(&own).unwrap();
    let json = manifest()["evaluation"].clone();
    if let Err(error) = validator.validate(&json) {
        panic!("{error} at {}", error.instance_path());
    }
    for version in [json!(2), json!("1")] {
        let mut json = json.clone();
        json["version"] = version;
        assert!(!validator.is_valid(&json));
        assert!(Evaluation::from_json(json.to_string().as_bytes()).is_err());
    }
    for key in ["type", "required", "properties"] {
        assert_eq!(own[key], whole["$defs"]["evaluation"][key], "{key}");
    }
    for (name, definition) in own["$defs"].as_object().unwrap() {
        assert_eq!(definition, &whole["$defs"][name], "{name}");
    }
}
