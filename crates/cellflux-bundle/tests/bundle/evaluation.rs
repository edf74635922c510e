//! Evaluations: written and read, bound to their weights, and what they let be said.

use cellflux_bundle::conditions::{ConditionVectors, DoseFeatures};
use cellflux_bundle::evaluation::{Finding, MeasuredSplit, NO_BETTER, Nature, Resampled, RowKind, Verdict};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{BundleError, Estimate, Evaluation, Manifest};
use serde_json::{Value, json};

use crate::model::{draft, evaluated, evaluation, read};

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

/// The findings of the test's evaluation after an edit.
fn findings(edit: impl FnOnce(&mut Evaluation)) -> Vec<Finding> {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let mut evaluation = evaluation(&packed);
    edit(&mut evaluation);
    evaluation.findings(&packed.manifest.conditions)
}

fn gap(value: f64, low: f64, high: f64) -> Estimate {
    Estimate { value, low, high }
}

#[test]
fn a_finding_says_the_share_its_interval_how_many_cells_and_that_they_were_not_trained_on() {
    let all = findings(|_| {});
    assert_eq!(all[0].condition, "taxol");
    assert_eq!(all[0].dose_um, Some(3.0));
    assert_eq!(
        all[0].sentence,
        "makes 62 % (48 to 71) of the measured change; 178 real cells, never trained on"
    );
    assert_eq!(all[0].warning, None);
    assert_eq!(
        all[1].sentence,
        "not measured: 7 real cells, at least 20 are needed"
    );
    assert_eq!(all.len(), 2, "nothing is said of a control");

    let unseen = findings(|evaluation| evaluation.conditions[0].seen = false);
    assert!(
        unseen[0]
            .sentence
            .ends_with("178 real cells of a compound that training never saw")
    );
    let chose = findings(|evaluation| evaluation.data.split = MeasuredSplit::Validation);
    assert!(
        chose[0]
            .sentence
            .ends_with("not used to train, but to choose the checkpoint or the sampling")
    );
    let of_wells = |groups| {
        let found = findings(|evaluation| evaluation.conditions[0].groups = Some(groups));
        found[0].sentence.clone()
    };
    assert!(of_wells(12).ends_with("178 real cells of 12 wells, never trained on"));
    let two = of_wells(2);
    let said = "178 real cells of 2 wells (too few for a reliable interval), never trained on";
    assert!(two.ends_with(said), "{two}");
    let few = findings(|evaluation| {
        evaluation.conditions[0].gap_closed = None;
        evaluation.conditions[0].starts = Some(8);
    });
    assert_eq!(
        few[0].sentence,
        "not measured: 178 real cells, but the generated cells start from only 8 different controls; at \
         least 20 are needed"
    );
    let more = findings(|evaluation| evaluation.conditions[0].gap_closed = Some(gap(1.11, 0.72, 1.37)));
    assert!(
        more[0]
            .sentence
            .starts_with("makes all of the measured change, within noise: 111 % (72 to 137); 178"),
        "{}",
        more[0].sentence
    );
    let none = findings(|evaluation| evaluation.conditions.clear());
    let said: Vec<_> = none
        .iter()
        .map(|finding| (finding.condition.as_str(), finding.sentence.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            ("taxol", "no real cells measured"),
            ("simvastatin", "no real cells measured")
        ]
    );
}

/// A change to an evaluation, and what is then said.
type Case = (fn(&mut Evaluation), &'static str);

#[test]
fn that_there_is_no_change_to_make_is_said_only_where_that_was_measured() {
    let without_gap = |edit: fn(&mut Evaluation)| {
        let found = findings(|evaluation| {
            evaluation.conditions[0].gap_closed = None;
            evaluation.conditions[0].side_change = Some(gap(0.1, 0.0, 0.2));
            edit(evaluation);
        });
        assert!(!found[0].measured && found[0].warning.is_none());
        found[0].sentence.clone()
    };
    let cases: [Case; 7] = [
        (
            |_| {},
            "no change to make: 178 real cells do not differ measurably from controls",
        ),
        (
            |evaluation| {
                evaluation.data.least_cells = 1;
                evaluation.conditions[0].treated = 1;
            },
            "no change to make: 1 real cell does not differ measurably from controls",
        ),
        (
            |evaluation| evaluation.conditions[0].controls = 0,
            "not measured: 178 real cells, but 0 real controls in the same batches; at least 2 are needed",
        ),
        (
            |evaluation| evaluation.conditions[0].controls = 1,
            "not measured: 178 real cells, but 1 real control in the same batches; at least 2 are needed",
        ),
        (
            |evaluation| evaluation.conditions[0].groups = Some(1),
            "not measured: 178 real cells of only one well; at least 2 wells are needed",
        ),
        (
            |evaluation| evaluation.conditions[0].treated = 19,
            "not measured: 19 real cells, at least 20 are needed",
        ),
        // Nothing was taken of what real cells leave unchanged: it is not known that they do.
        (
            |evaluation| evaluation.conditions[0].side_change = None,
            "not measured: 178 real cells; either there is no measurable difference from controls, or too \
             few cells or wells have what is measured, such as a nucleus",
        ),
    ];
    for (edit, expected) in cases {
        assert_eq!(without_gap(edit), expected);
    }
}

#[test]
fn an_interval_that_reaches_zero_is_a_warning() {
    for (gap, verdict, warning) in [
        (Some(gap(0.1, 0.01, 0.2)), Verdict::BetterThanCopy, None),
        (Some(gap(0.1, 0.0, 0.2)), Verdict::NotShown, Some(NO_BETTER)),
        (Some(gap(0.1, -0.1, 0.2)), Verdict::NotShown, Some(NO_BETTER)),
        (
            Some(gap(-0.3, -0.4, -0.2)),
            Verdict::WorseThanCopy,
            Some(NO_BETTER),
        ),
        (None, Verdict::Unmeasured, None),
    ] {
        let found = findings(|evaluation| {
            evaluation.conditions[0].gap_closed = gap;
            assert_eq!(evaluation.conditions[0].verdict(), verdict);
        });
        assert_eq!(found[0].warning, warning, "{gap:?}");
    }
    let worse = findings(|evaluation| evaluation.conditions[0].gap_closed = Some(gap(-0.3, -0.4, -0.002)));
    assert!(
        worse[0].sentence.starts_with("makes −30 % (−40 to 0) of"),
        "{}",
        worse[0].sentence
    );
}

#[test]
fn a_model_card_says_whether_controls_stay_under_the_untreated_condition() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let card = |moved: Option<Estimate>| {
        let mut evaluation = evaluation(&packed);
        let mut rows = evaluation.rows.iter_mut();
        let row = rows.find(|row| row.kind == RowKind::Untreated).unwrap();
        row.side_change = moved;
        let remarks = evaluation.remarks(&packed.manifest.conditions);
        let said: Vec<String> = remarks.iter().map(ToString::to_string).collect();
        said.join("\n")
    };
    let moved = card(Some(gap(0.2, 0.1, 0.3)));
    assert!(
        moved.contains(
            "\ncells walked under the untreated condition are 0.200 (0.100 to 0.300) standard deviations of \
             the controls away from real controls; 0 is right\n"
        ),
        "{moved}"
    );
    let stay = card(Some(gap(0.0, -0.1, 0.1)));
    assert!(
        stay.contains("are as real controls, within noise: 0.0000 (−0.100 to 0.100) standard deviations"),
        "{stay}"
    );
    assert!(!card(None).contains("untreated condition"));
}

#[test]
fn a_model_card_names_the_data_the_whole_each_condition_and_those_without_figures() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let mut evaluation = evaluation(&packed);
    let card = |evaluation: &Evaluation| -> Vec<String> {
        let remarks = evaluation.remarks(&packed.manifest.conditions);
        remarks.iter().map(ToString::to_string).collect()
    };
    assert_eq!(
        card(&evaluation),
        [
            "drawn cells: 185 real treated cells and 90 controls of the test split, on which nothing was \
             trained or chosen; intervals of 95 %, from 1000 resamplings of 12 wells",
            "generated cells make 58 % (50 to 66) of the measured change, as a mean over 1 of 2 conditions \
             with real cells (n = 178); with the compounds exchanged between cells they make 31 % (25 to 36)",
            "a classifier that was trained on real cells names the mode of action with a balanced accuracy \
             of 62 % (50 to 70) for generated cells (n = 185) and of 83 % (70 to 90) for real ones (n = 185)",
            "walks from one control under different compounds end 42 % (35 to 50) as far apart as real cells \
             of these compounds are (n = 24 controls, 1 pair of compounds)",
            "TAXOL at 3 µM: makes 62 % (48 to 71) of the measured change; 178 real cells, never trained on",
            "SIMVASTATIN (n = 7): not measured, fewer than 20 real cells",
        ]
    );
    // What speaks against a network is said as what speaks for it is.
    let measured = evaluation.clone();
    evaluation.conditions[0].side_change = Some(gap(0.8, 0.6, 1.0));
    if let Some(nuclei) = &mut evaluation.conditions[0].nuclei {
        nuclei.generated = gap(600.0, 580.0, 610.0);
    }
    let kid = evaluation.rows[2].distances[1].kid;
    let nearer = cellflux_bundle::evaluation::Distances {
        kid: Some(gap(0.004, 0.003, 0.0045)),
        ..evaluation.rows[2].distances[1].clone()
    };
    assert!(kid.unwrap().low > 0.0045);
    evaluation.rows[1].distances.push(nearer);
    evaluation.data.wells = Some(12);
    evaluation.data.wells_in_training = Some(9);
    let said = card(&evaluation).join("\n");
    for part in [
        "; 9 of their 12 wells also hold cells that the network was trained on; intervals",
        "in the feature space morphology, generated cells are farther from real treated cells than copies of \
         the controls are: kernel distance 0.0100 (0.0050 to 0.0200) for generated cells (n = 185), 0.0040 \
         (0.0030 to 0.0045) for copies (n = 185)\n",
        "; generated cells also change what the compound leaves unchanged in real cells: by 0.800 (0.600 to \
         1.00) standard deviations of the controls, where 0 is right; generated nuclei have a mean area of \
         600 (580 to 610) px, real ones of 520 (500 to 540) px",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    evaluation = measured;
    evaluation.conditions[0].gap_closed = Some(gap(0.05, -0.1, 0.2));
    evaluation.data.resampled_by = Resampled::Cell;
    evaluation.conditions.remove(1);
    let said = card(&evaluation).join("\n");
    for part in [
        "TAXOL at 3 µM: measured: no better than a copy of the control; makes 5 % (−10 to 20)",
        "resamplings of single cells, which makes them too narrow",
        "SIMVASTATIN: not measured, no real cells",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn one_sentence_lists_every_condition_without_figures_by_reason_with_its_cells() {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let conditions = &packed.manifest.conditions;
    let mut evaluation = evaluation(&packed);
    let mut few = evaluation.conditions[1].clone();
    few.dose_um = Some(1.0);
    few.treated = 3;
    evaluation.conditions.push(few);
    let taxol = &mut evaluation.conditions[0];
    taxol.gap_closed = None;
    taxol.starts = Some(8);
    let said = evaluation.remark_without_figures(conditions).unwrap().to_string();
    assert_eq!(
        said,
        "SIMVASTATIN (n = 7), SIMVASTATIN at 1 µM (n = 3): not measured, fewer than 20 real cells; TAXOL at \
         3 µM (n = 178): not measured, generated cells start from fewer than 20 different controls"
    );
    let whole: Vec<String> = evaluation
        .remarks(conditions)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        whole.iter().filter(|said| said.contains("not measured")).count(),
        1
    );
    assert_eq!(whole.last(), Some(&said));
    evaluation.conditions.clear();
    let absent = evaluation.remark_without_figures(conditions).unwrap().to_string();
    assert!(absent.ends_with(": not measured, no real cells"), "{absent}");
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

/// Whether a sentence calls something real.
fn says_real(sentence: &str) -> bool {
    let mut words = sentence.split(|letter: char| !letter.is_alphabetic());
    words.any(|word| word.eq_ignore_ascii_case("real"))
}

/// Everything that can be said of an evaluation, over all splits, and of a condition, for each reason why it
/// has no figures.
fn everything_said(drawn: bool) -> Vec<String> {
    let packed = draft(WeightDtype::F16).pack().unwrap();
    let conditions = &packed.manifest.conditions;
    let mut whole = evaluation(&packed);
    whole.data.drawn = drawn;
    whole.data.wells = Some(12);
    whole.data.wells_in_training = Some(9);
    whole.rows[1].distances.push(whole.rows[2].distances[1].clone());
    let taxol = &mut whole.conditions[0];
    taxol.side_change = Some(gap(0.8, 0.6, 1.0));
    taxol.nuclei.as_mut().unwrap().generated = gap(600.0, 580.0, 610.0);
    let no_gap = |edit: fn(&mut Evaluation)| {
        let mut changed = whole.clone();
        changed.conditions[0].gap_closed = None;
        edit(&mut changed);
        changed
    };
    let mut all = vec![
        no_gap(|_| {}),
        no_gap(|evaluation| evaluation.conditions[0].treated = 19),
        no_gap(|evaluation| evaluation.conditions[0].starts = Some(8)),
        no_gap(|evaluation| evaluation.conditions[0].groups = Some(1)),
        no_gap(|evaluation| evaluation.conditions[0].controls = 1),
        no_gap(|evaluation| evaluation.conditions[0].side_change = None),
        no_gap(|evaluation| evaluation.conditions.clear()),
    ];
    for split in [
        MeasuredSplit::Validation,
        MeasuredSplit::Test,
        MeasuredSplit::HeldOut,
    ] {
        for moved in [gap(0.0, -0.1, 0.1), gap(0.2, 0.1, 0.3)] {
            let mut changed = whole.clone();
            changed.data.split = split;
            let mut rows = changed.rows.iter_mut();
            rows.find(|row| row.kind == RowKind::Untreated)
                .unwrap()
                .side_change = Some(moved);
            all.push(changed);
        }
    }
    let said = all.iter().flat_map(|evaluation| {
        let findings = evaluation.findings(conditions).into_iter();
        let remarks = evaluation.remarks(conditions).into_iter();
        findings
            .map(|finding| finding.sentence)
            .chain(remarks.map(|remark| remark.to_string()))
            .collect::<Vec<_>>()
    });
    said.collect()
}

#[test]
fn of_drawn_cells_no_sentence_says_that_they_are_real_and_of_real_ones_each_is_the_same_but_for_the_word() {
    let (real, drawn) = (everything_said(false), everything_said(true));
    assert_eq!(real.len(), drawn.len());
    for (real, drawn) in real.iter().zip(&drawn) {
        assert!(!says_real(drawn), "{drawn}");
        // The data are called "drawn cells" whatever they are.
        let word = |sentence: &str| sentence.replace("drawn", "real");
        assert_eq!(word(real), word(drawn));
    }
    let calls_real = real.iter().filter(|sentence| says_real(sentence)).count();
    assert!(calls_real > 40, "{calls_real} of {}", real.len());
    for said in [
        "185 drawn treated cells and 90 controls of the test split",
        "178 drawn cells, never trained on",
        "but 1 drawn control in the same batches",
        "no drawn cells measured",
    ] {
        assert!(drawn.iter().any(|sentence| sentence.contains(said)), "{said}");
    }
}
