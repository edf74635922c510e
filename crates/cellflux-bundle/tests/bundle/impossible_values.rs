//! Values in a manifest that no bundle can have: each is refused by its field's name.

use serde_json::{Value, json};

use crate::hostile::after_edit;

/// Sets one value of the manifest and checks that the complaint names it.
fn assert_named(cases: Vec<(&str, Value, &str)>) {
    for (pointer, value, named) in cases {
        let shown = value.to_string();
        let error = after_edit(|json| {
            if let Some(place) = json.pointer_mut(pointer) {
                *place = value;
            } else {
                // A field that the draft leaves at its default.
                let (parent, field) = pointer.rsplit_once('/').unwrap();
                json.pointer_mut(parent).unwrap()[field] = value;
            }
        });
        let message = error.to_string();
        assert!(message.contains(named), "{pointer} = {shown}: {message}");
    }
}

#[test]
fn each_impossible_value_about_the_model_is_named() {
    assert_named(vec![
        ("/id", json!("../x"), "id"),
        ("/title", json!(""), "title"),
        ("/title", json!("a\u{0}b"), "title"),
        ("/description", json!("x".repeat(5000)), "description"),
        ("/model/config/model_channels", json!(1_000_000), "model_channels"),
        ("/model/config/condition_dim", json!(9), "model.parameters"),
        ("/model/parameters", json!(1), "model.parameters"),
        ("/model/dtype", json!("f32"), "total bytes of the weight shards"),
        ("/model/shards", json!(0), "model.shards"),
        ("/model/shards", json!(1_000_000_000_u64), "model.shards"),
        ("/model/shards", json!(2), "weights-0001-of-0002"),
        ("/image/height", json!(0), "height"),
        ("/image/width", json!(1_u64 << 40), "width"),
        (
            "/image/channels/1",
            json!({"name": "DNA", "colour": "#ffffff"}),
            "DNA",
        ),
        ("/image/coding/full_scale", json!(-1), "full_scale"),
        ("/conditions/encoder/bits", json!(8), "conditions.encoder.bits"),
        (
            "/conditions/encoder/radius",
            json!(99),
            "conditions.encoder.radius",
        ),
        ("/conditions/dose/scale", json!(0), "conditions.dose.scale"),
        ("/conditions/list", json!([]), "conditions.list"),
        ("/conditions/list/1/id", json!("dmso"), "conditions.list[1].id"),
        ("/conditions/list/1/id", json!("a b"), "conditions.list[1].id"),
        ("/conditions/list/1/control", json!(true), "conditions.list"),
        ("/conditions/list/2/doses_um/0", json!(-1), "doses_um[0]"),
        ("/conditions/list/2/doses_um/0", json!(1e300), "doses_um[0]"),
        (
            "/conditions/list/2/doses_um",
            json!([0.3, 3.0, 0.3]),
            "conditions.list[2].doses_um[2] is 0.3, which is listed already, expected each dose once",
        ),
        (
            "/conditions/list/2/trained_doses_um",
            json!([3.0, 1.0]),
            "conditions.list[2].trained_doses_um[1] is 1, expected one of doses_um",
        ),
        (
            "/conditions/list/2/trained_doses_um",
            json!([3.0, 3.0]),
            "conditions.list[2].trained_doses_um[1] is 3, which is listed already, expected each dose once",
        ),
        (
            "/conditions/list/2/batches",
            json!(["Week4", "Week5", "Week5"]),
            "conditions.list[2].batches[2] is \"Week5\", which is listed already, expected each batch once",
        ),
        (
            "/conditions/list/2/doses_um",
            json!(vec![1.0; 257]),
            "length of conditions.list[2].doses_um",
        ),
        ("/sampling/steps", json!(0), "sampling.steps"),
        ("/sampling/steps", json!(1001), "sampling.steps"),
        ("/sampling/alpha", json!(1e300), "sampling.alpha"),
        ("/sampling/noise", json!(-0.1), "sampling.noise"),
        ("/sampling/rtol", json!(0), "sampling.rtol"),
    ]);
}

#[test]
fn each_impossible_value_about_pictures_origin_and_files_is_named() {
    assert_named(vec![
        (
            "/provenance/metrics/validation_loss",
            json!(1e300),
            "provenance.metrics.validation_loss",
        ),
        (
            "/provenance/metrics",
            (0..257).map(|number| (format!("m{number}"), json!(0))).collect(),
            "length of provenance.metrics",
        ),
        (
            "/gallery/controls/0/id",
            json!("taxol-1"),
            "gallery.treated[0].id",
        ),
        (
            "/gallery/controls/0/condition",
            json!("aspirin"),
            "gallery.controls[0].condition",
        ),
        (
            "/gallery/controls/0/source",
            json!(""),
            "gallery.controls[0].source",
        ),
        (
            "/gallery/controls/0/licence",
            json!(" "),
            "gallery.controls[0].licence",
        ),
        (
            "/gallery/controls/0/file",
            json!("samples/none.png"),
            "samples/none.png",
        ),
        (
            "/gallery/treated/0/dose_um",
            json!(-3),
            "gallery.treated[0].dose_um",
        ),
        ("/trajectories/0/start", json!("nobody"), "trajectories[0].start"),
        (
            "/trajectories/0/condition",
            json!("nobody"),
            "trajectories[0].condition",
        ),
        ("/trajectories/0/times", json!([0, 1]), "trajectories[0].times"),
        (
            "/trajectories/0/times",
            json!([0, 1, 0.5]),
            "trajectories[0].times",
        ),
        (
            "/trajectories/0/times",
            json!([0, 0.5, 1.5]),
            "trajectories[0].times",
        ),
        ("/trajectories/0/reverse", json!(true), "trajectories[0].times"),
        (
            "/provenance/data_set/url",
            json!("javascript:alert(1)"),
            "provenance.data_set.url",
        ),
        (
            "/provenance/data_set/licence",
            json!(""),
            "provenance.data_set.licence",
        ),
        ("/provenance/created", json!("22.11.2026"), "provenance.created"),
        ("/provenance/created", json!("2026-13-01"), "provenance.created"),
        ("/files/0/sha256", json!("ABC"), "files[0].sha256"),
        ("/files/0/path", json!("Samples/control-1.PNG"), "ignoring case"),
        ("/files/0/bytes", json!(1_u64 << 60), "files[0].bytes"),
    ]);
}
