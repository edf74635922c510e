//! Evaluations: written and read, and bound to their weights.

use cellflux_bundle::conditions::{ConditionVectors, DoseFeatures};
use cellflux_bundle::evaluation::{Nature, RowKind};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{BundleError, Evaluation, Manifest};
use serde_json::{Value, json};

use crate::model::{draft, evaluated, evaluation, gap, read};

/// What is said of an evaluation, alone and in a manifest, after one value of it was set.
fn after_setting(pointer: &str, value: &Value) -> [String; 2] {
    let packed = evaluated(WeightDtype::F16);
    let set = |place: &mut Value, pointer: &str| {
        if let Some(there) = place.pointer_mut(pointer) {
            *there = value.clone();
        } else {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            place.pointer_mut(parent).unwrap()[field] = value.clone();
        }
    };
    let mut manifest: Value = serde_json::from_slice(&packed.files["manifest.json"]).unwrap();
    let mut alone = manifest["evaluation"].clone();
    set(&mut alone, pointer);
    set(&mut manifest, &format!("/evaluation{pointer}"));
    let alone = Evaluation::from_json(alone.to_string().as_bytes());
    let within = Manifest::from_json(manifest.to_string().as_bytes());
    [alone.unwrap_err().to_string(), within.unwrap_err().to_string()]
}

/// An estimate as JSON, possible or not.
fn interval(value: f64, low: f64, high: f64) -> Value {
    json!({"value": value, "low": low, "high": high})
}

/// That a value is refused by the field's name.
fn refused_by_name(pointer: &str, value: &Value, named: &str) {
    let [alone, within] = after_setting(pointer, value);
    assert!(
        alone.contains(named) && alone.starts_with("evaluation.json: "),
        "{pointer}: {alone}"
    );
    assert!(
        within.contains(&format!("evaluation.{named}")),
        "{pointer}: {within}"
    );
}

#[test]
fn an_evaluation_reads_back_as_it_was_written_alone_and_in_a_bundle() {
    let packed = evaluated(WeightDtype::F16);
    let written = evaluation(&packed);
    assert_eq!(
        Evaluation::from_json(&written.to_json().unwrap()).unwrap(),
        written
    );
    let bundle = read(&packed).unwrap();
    assert_eq!(bundle.manifest.evaluation, Some(written));
    assert_eq!(bundle.manifest, packed.manifest);
}

#[test]
fn each_impossible_figure_is_named_by_its_field_alone_and_in_a_manifest() {
    let cloud = json!({"batch": "B", "kind": "control", "cells": 1, "mean": [0, 0], "covariance": [1, 2, 1]});
    let cases = [
        ("/version", json!(2), "version"),
        ("/date", json!("2026-13-01"), "date"),
        ("/program", json!(""), "program"),
        ("/weights", json!("F".repeat(64)), "weights"),
        ("/vectors", json!("F".repeat(64)), "vectors"),
        ("/vectors", json!("0".repeat(63)), "vectors"),
        ("/data/name", json!("a\nb"), "data.name"),
        ("/data/treated", json!(2_000_000_000), "data.treated"),
        ("/data/seed", json!(u64::MAX), "data.seed"),
        ("/sampling/alpha", json!(-1), "sampling.alpha"),
        ("/spaces/1/name", json!("inception"), "spaces[1].name"),
        ("/rows/2/cells", json!(2_000_000_000), "rows[2].cells"),
        (
            "/rows/2/distances/0/space",
            json!("moa"),
            "rows[2].distances[0].space",
        ),
        (
            "/rows/2/distances/1/space",
            json!("inception"),
            "rows[2].distances[1].space",
        ),
        (
            "/rows/2/distances/0/kid",
            interval(0.1, 0.2, 0.1),
            "rows[2].distances[0].kid",
        ),
        (
            "/rows/0/direction",
            interval(0.1, 0.0, 1e300),
            "rows[0].direction",
        ),
        (
            "/conditions/0/gap_closed",
            interval(0.5, 0.6, 0.4),
            "conditions[0].gap_closed",
        ),
        (
            "/conditions/0/nuclei/treated",
            interval(9.0, 9.5, 8.0),
            "conditions[0].nuclei.treated",
        ),
        ("/conditions/0/dose_um", json!(-3), "conditions[0].dose_um"),
        ("/conditions/0/id", json!("a b"), "conditions[0].id"),
        (
            "/conditions/1/controls",
            json!(2_000_000_000),
            "conditions[1].controls",
        ),
        (
            "/modes_of_action/labels/1",
            json!("Microtubule stabilisers"),
            "modes_of_action.labels[1]",
        ),
        (
            "/modes_of_action/labels",
            json!(["a", "b", "c"]),
            "modes_of_action.real.counts",
        ),
        (
            "/modes_of_action/generated/counts/1",
            json!([1]),
            "modes_of_action.generated.counts",
        ),
        (
            "/modes_of_action/real/accuracy",
            interval(0.5, 1.0, 0.0),
            "modes_of_action.real.accuracy",
        ),
        (
            "/modes_of_action/majority",
            json!(96.2),
            "modes_of_action.majority",
        ),
        ("/batches/space", json!("moa"), "batches.space"),
        ("/batches/explained/1", json!(12), "batches.explained[1]"),
        (
            "/batches/clouds/1/kind",
            json!("control"),
            "batches.clouds[1].batch",
        ),
        ("/batches/clouds/0", cloud, "batches.clouds[0].covariance[1]"),
        ("/compound_use", interval(0.4, 0.5, 0.3), "compound_use"),
    ];
    for (pointer, value, named) in cases {
        refused_by_name(pointer, &value, named);
    }
}

#[test]
fn a_figure_beyond_its_range_and_a_count_above_its_whole_are_named_alone_and_in_a_manifest() {
    let cases = [
        (
            "/rows/2/distances/0/precision",
            interval(0.7, 0.6, 1.1),
            "rows[2].distances[0].precision",
        ),
        (
            "/rows/2/distances/0/recall",
            interval(0.5, -0.1, 0.6),
            "rows[2].distances[0].recall",
        ),
        (
            "/rows/2/distances/0/coverage",
            interval(8.0, 7.0, 9.0),
            "rows[2].distances[0].coverage",
        ),
        ("/rows/2/direction", interval(0.8, 0.7, 2.5), "rows[2].direction"),
        (
            "/rows/2/fine_detail",
            interval(0.1, -0.1, 0.2),
            "rows[2].fine_detail",
        ),
        (
            "/conditions/0/direction",
            interval(-3.0, -3.0, 0.2),
            "conditions[0].direction",
        ),
        (
            "/conditions/0/nuclei/generated",
            interval(9.0, -1.0, 20.0),
            "conditions[0].nuclei.generated",
        ),
        (
            "/modes_of_action/generated/macro_f1",
            interval(46.0, 40.0, 50.0),
            "modes_of_action.generated.macro_f1",
        ),
        ("/data/replicates", json!(0), "data.replicates"),
        ("/data/groups", json!(186), "data.groups"),
        ("/conditions/0/treated", json!(186), "conditions[0].treated"),
        ("/conditions/0/controls", json!(91), "conditions[0].controls"),
        ("/conditions/0/groups", json!(179), "conditions[0].groups"),
        ("/conditions/0/starts", json!(179), "conditions[0].starts"),
        ("/batches/clouds/2/starts", json!(101), "batches.clouds[2].starts"),
        (
            "/compound_use/controls",
            json!(2_000_000_000),
            "compound_use.controls",
        ),
        ("/compound_use/pairs", json!(2_000_000_000), "compound_use.pairs"),
    ];
    for (pointer, value, named) in cases {
        refused_by_name(pointer, &value, named);
    }
}

#[test]
fn a_direction_whose_interval_was_moved_beyond_1_is_read_as_are_shares_that_rounding_moved() {
    let mut evaluation = evaluation(&evaluated(WeightDtype::F16));
    evaluation.conditions[0].direction = Some(gap(0.99, 0.9, 1.0137));
    evaluation.rows[2].distances[0].recall = Some(gap(1.0, 0.9, 1.0 + 1e-12));
    let read = Evaluation::from_json(&evaluation.to_json().unwrap()).unwrap();
    assert!(
        read.conditions[0].direction.unwrap().high > 1.01,
        "nothing is cut off"
    );
}

#[test]
fn a_number_beyond_the_largest_and_one_that_is_none_are_refused() {
    let text = String::from_utf8(evaluation(&evaluated(WeightDtype::F16)).to_json().unwrap()).unwrap();
    for number in ["1e999", "NaN", "null", "\"0.62\""] {
        let wrong = text.replacen("0.62", number, 1);
        let error = Evaluation::from_json(wrong.as_bytes()).unwrap_err();
        assert!(matches!(error, BundleError::Json { .. }), "{number}: {error}");
        assert!(error.to_string().contains("evaluation.json"), "{error}");
    }
    // What JSON cannot hold, a program can: it is not written either.
    let mut evaluation = evaluation(&evaluated(WeightDtype::F16));
    evaluation.conditions[0].gap_closed.as_mut().unwrap().value = f64::NAN;
    let error = evaluation.to_json().unwrap_err().to_string();
    assert!(error.contains("conditions[0].gap_closed is NaN"), "{error}");
}

#[test]
fn a_condition_is_measured_once_at_each_dose() {
    let condition = |dose: Option<f64>| {
        json!({
            "id": "taxol", "name": "TAXOL", "dose_um": dose, "seen": true, "treated": 1, "controls": 1
        })
    };
    let list = json!([condition(None), condition(Some(3.0)), condition(Some(3.0))]);
    let [alone, within] = after_setting("/conditions", &list);
    for said in [alone, within] {
        assert!(
            said.contains("conditions[2].id is \"taxol\", expected each condition and dose once"),
            "{said}"
        );
    }
}

#[test]
fn figures_of_other_weights_and_of_conditions_that_the_bundle_lacks_are_not_attached() {
    let mut packed = draft(WeightDtype::F16).pack().unwrap();
    let before = packed.files["manifest.json"].clone();
    let whole = evaluation(&packed);
    let other = draft(WeightDtype::Int8)
        .pack()
        .unwrap()
        .manifest
        .weights_digest()
        .unwrap();
    for weights in [Some(other), None] {
        let error = packed
            .attach(Evaluation {
                weights,
                ..whole.clone()
            })
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("evaluation.weights") && error.contains("figures of other weights"),
            "{error}"
        );
    }
    let mut unknown = whole.clone();
    unknown.conditions[1].id = "aspirin".into();
    let error = packed.attach(unknown).unwrap_err().to_string();
    assert!(
        error.contains("evaluation.conditions[1].id is \"aspirin\""),
        "{error}"
    );
    assert_eq!(
        packed.files["manifest.json"], before,
        "a refused one changes nothing"
    );
    packed.attach(whole).unwrap();
}

#[test]
fn figures_of_exchanged_vectors_ids_or_dose_features_are_not_attached() {
    let measured = evaluation(&draft(WeightDtype::F16).pack().unwrap());
    let mut exchanged_vectors = draft(WeightDtype::F16);
    let rows: Vec<Vec<f32>> = [0, 2, 1]
        .iter()
        .map(|&row| exchanged_vectors.vectors.row(row).unwrap().to_vec())
        .collect();
    exchanged_vectors.vectors = ConditionVectors::from_rows(&rows).unwrap();
    let mut exchanged_ids = draft(WeightDtype::F16);
    exchanged_ids.conditions.list[1].id = "simvastatin".into();
    exchanged_ids.conditions.list[2].id = "taxol".into();
    let mut other_dose = draft(WeightDtype::F16);
    other_dose.conditions.dose = DoseFeatures::Log1p {
        mean: 1.5,
        scale: 2.0,
    };
    for draft in [exchanged_vectors, exchanged_ids, other_dose] {
        let mut packed = draft.pack().unwrap();
        assert_eq!(
            packed.manifest.weights_digest().unwrap(),
            measured.weights.clone().unwrap()
        );
        let error = packed.attach(measured.clone()).unwrap_err().to_string();
        assert!(
            error.contains("evaluation.vectors") && error.contains("figures of other vectors"),
            "{error}"
        );
        // A file of a program that did not state them is taken, as it always was.
        packed
            .attach(Evaluation {
                vectors: None,
                ..measured.clone()
            })
            .unwrap();
    }
}

#[test]
fn an_evaluation_does_not_follow_its_weights_to_other_vectors() {
    let whole = read(&evaluated(WeightDtype::F16)).unwrap();
    let mut other = draft(WeightDtype::F16);
    other.conditions.dose = DoseFeatures::Log1p {
        mean: 1.5,
        scale: 2.0,
    };
    let mut packed = other.pack().unwrap();
    assert!(!packed.carry(&whole).unwrap() && packed.manifest.evaluation.is_none());
    // Without a statement there is none after packing anew either.
    let mut unstated = whole;
    unstated.manifest.evaluation.as_mut().unwrap().vectors = None;
    let mut packed = draft(WeightDtype::F16).pack_in_shards(48 << 10).unwrap();
    assert!(packed.carry(&unstated).unwrap());
    assert_eq!(packed.manifest.evaluation.unwrap().vectors, None);
}

#[test]
fn an_evaluation_follows_its_weights_into_other_shards_and_not_into_other_numbers() {
    let whole = read(&evaluated(WeightDtype::F16)).unwrap();
    let repacked = |dtype, limit| {
        let mut draft = whole.clone().into_draft(draft(dtype).assets);
        draft.dtype = dtype;
        let mut packed = draft.pack_in_shards(limit).unwrap();
        let kept = packed.carry(&whole).unwrap();
        (kept, read(&packed).unwrap().manifest)
    };
    let (kept, resharded) = repacked(WeightDtype::F16, 48 << 10);
    assert!(kept && resharded.model.shards > 1);
    let (before, after) = (
        whole.manifest.evaluation.clone().unwrap(),
        resharded.evaluation.clone().unwrap(),
    );
    assert_eq!(after.weights, Some(resharded.weights_digest().unwrap()));
    assert_ne!(after.weights, before.weights);
    assert_eq!(after.vectors, Some(resharded.vectors_digest().unwrap()));
    assert_eq!(
        Evaluation {
            weights: before.weights.clone(),
            ..after
        },
        before
    );
    let (kept, quantised) = repacked(WeightDtype::Int8, 24 << 20);
    assert!(!kept && quantised.evaluation.is_none());
}

#[test]
fn another_recommended_sampling_leaves_figures_of_the_former_one_behind() {
    let whole = read(&evaluated(WeightDtype::F16)).unwrap();
    let mut packed = evaluated(WeightDtype::F16);
    let own = whole.manifest.evaluation.as_ref().unwrap().sampling.clone();
    packed.recommend(own.clone()).unwrap();
    let same = read(&packed).unwrap().manifest;
    assert_eq!(
        (&same.sampling, &same.evaluation),
        (&own, &whole.manifest.evaluation)
    );
    let mut other = own;
    other.steps += 1;
    packed.recommend(other.clone()).unwrap();
    let bundle = read(&packed).unwrap();
    assert_eq!(
        (bundle.manifest.sampling, bundle.manifest.evaluation),
        (other.clone(), None)
    );
    assert_eq!(bundle.weights, whole.weights);
    other.alpha = -1.0;
    assert!(
        packed
            .recommend(other)
            .unwrap_err()
            .to_string()
            .contains("sampling.alpha")
    );
}

#[test]
fn a_file_that_states_neither_drawn_cells_nor_the_newer_counts_is_read_and_written_as_it_was() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let mut older = evaluation(&packed);
    older.data.drawn = false;
    for cloud in &mut older.batches.as_mut().unwrap().clouds {
        cloud.starts = None;
    }
    let used = older.compound_use.as_mut().unwrap();
    (used.controls, used.pairs) = (None, None);
    let text = String::from_utf8(older.to_json().unwrap()).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["data"].get("drawn"), None);
    assert_eq!(json["batches"]["clouds"][2].get("starts"), None);
    assert_eq!(json["compound_use"], interval(0.42, 0.35, 0.5));
    let read = Evaluation::from_json(text.as_bytes()).unwrap();
    assert_eq!(read, older);
    assert_eq!(read.data.nature(), Nature::Real);
    let remarks = read.remarks(&packed.manifest.conditions);
    let said: Vec<String> = remarks.iter().map(ToString::to_string).collect();
    assert!(
        said.iter()
            .any(|said| said.ends_with("as real cells of these compounds are")),
        "{said:?}"
    );
}

#[test]
fn a_row_s_kind_has_its_name_in_the_file_and_cells_that_were_drawn_are_called_so_in_tables() {
    let kinds = [
        RowKind::Real,
        RowKind::Copied,
        RowKind::Generated,
        RowKind::Shuffled,
        RowKind::OtherBatch,
        RowKind::Untreated,
        RowKind::NoiseStart,
        RowKind::External,
    ];
    for kind in kinds {
        assert_eq!(json!(kind), json!(kind.name(Nature::Real)));
        let drawn = kind.name(Nature::Drawn);
        let expected = if kind == RowKind::Real {
            "drawn"
        } else {
            kind.name(Nature::Real)
        };
        assert_eq!(drawn, expected);
    }
}
