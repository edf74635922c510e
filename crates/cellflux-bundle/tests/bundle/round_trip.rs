//! What is written is what is read.

use cellflux_bundle::{
    BundleReader, StateDict, UNetConfig,
    conditions::{BatchMatch, ConditionVectors, slug},
    files::{Download, FileEntry},
    folder, limits,
    quantise::{Int8Tensor, WeightDtype, quantise},
    shard::{ShardReader, write_shards},
    state_dict::config_from_safetensors,
    tensor::{Tensor, Values},
};
use proptest::prelude::*;

use crate::model::{config, draft, read, weights};

const DTYPES: [WeightDtype; 3] = [WeightDtype::F32, WeightDtype::F16, WeightDtype::Int8];

#[test]
fn a_packed_bundle_reads_back_as_it_was_drafted() {
    for dtype in DTYPES {
        let draft = draft(dtype);
        let (expected, _) = quantise(&draft.weights, dtype).unwrap();
        let packed = draft.clone().pack().unwrap();
        let bundle = read(&packed).unwrap();
        assert_eq!(bundle.manifest, packed.manifest);
        assert_eq!(bundle.weights, expected, "{dtype}");
        assert_eq!(bundle.vectors, draft.vectors);
        assert_eq!(bundle.manifest.conditions, draft.conditions);
    }
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let pack = || draft(WeightDtype::Int8).pack_in_shards(64 << 10).unwrap().files;
    assert_eq!(pack(), pack());
}

#[test]
fn files_may_come_in_any_order_and_in_pieces() {
    let packed = draft(WeightDtype::F16).pack_in_shards(48 << 10).unwrap();
    let mut reader = BundleReader::new(&packed.files["manifest.json"]).unwrap();
    let mut entries: Vec<FileEntry> = reader.manifest().required_files().into_iter().cloned().collect();
    assert!(entries.len() > 4, "the model must need several shards");
    assert_eq!(reader.missing().count(), entries.len());
    entries.reverse();
    for entry in entries {
        let mut download = Download::new(&entry);
        for piece in packed.files[&entry.path].chunks(1000) {
            download.push(piece).unwrap();
        }
        reader.accept(&download.finish().unwrap()).unwrap();
    }
    assert_eq!(reader.missing().count(), 0);
    assert_eq!(reader.finish().unwrap(), read(&packed).unwrap());
}

#[test]
fn a_condition_vector_ends_with_its_dose() {
    let bundle = read(&draft(WeightDtype::F16).pack().unwrap()).unwrap();
    let vector = bundle
        .condition("taxol", Some(std::f64::consts::E - 1.0))
        .unwrap();
    // ln(1 + e - 1) = 1, less the mean 1, over the scale 2.
    assert_eq!(vector, [0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 0.0]);
    assert_eq!(vector.len(), bundle.manifest.model.config.condition_dim);
    for (id, dose) in [("taxol", None), ("taxol", Some(-1.0)), ("aspirin", Some(1.0))] {
        assert!(bundle.condition(id, dose).is_err(), "{id} {dose:?}");
    }
}

#[test]
fn a_folder_holds_what_was_packed_and_is_replaced_only_on_request() {
    let parent = tempfile::tempdir().unwrap();
    let place = parent.path().join("deep/bundle");
    let packed = draft(WeightDtype::F16).pack().unwrap();
    folder::write(&packed, &place, false).unwrap();
    assert_eq!(folder::read(&place).unwrap(), read(&packed).unwrap());
    for (path, content) in &packed.files {
        if path != "manifest.json" {
            assert_eq!(
                folder::read_file(&place, &packed.manifest, path).unwrap(),
                *content
            );
        }
    }
    assert!(folder::write(&packed, &place, false).is_err());

    let other = draft(WeightDtype::F32).pack().unwrap();
    folder::write(&other, &place, true).unwrap();
    assert_eq!(folder::read_manifest(&place).unwrap(), other.manifest);
    // Only the bundle is left.
    assert_eq!(std::fs::read_dir(place.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_is_no_bundle_is_said_in_words() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("file");
    std::fs::write(&file, "words").unwrap();
    for (place, expected) in [
        (
            home.path().to_owned(),
            "has no manifest.json, expected the folder of a bundle",
        ),
        (file, "is a file, expected the folder of a bundle"),
        (
            home.path().join("nowhere"),
            "is not there, expected the folder of a bundle",
        ),
    ] {
        let message = folder::read(&place).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn a_folder_with_a_file_of_somebody_s_own_is_not_replaced_and_the_file_is_named() {
    let packed = draft(WeightDtype::F32).pack().unwrap();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("model");
    folder::write(&packed, &folder, false).unwrap();
    std::fs::create_dir(folder.join("notes")).unwrap();
    std::fs::write(folder.join("notes/thesis.md"), "years of work").unwrap();
    let message = folder::write(&packed, &folder, true).unwrap_err().to_string();
    assert!(message.contains("notes/thesis.md"), "{message}");
    assert!(folder.join("notes/thesis.md").is_file());
    std::fs::remove_dir_all(folder.join("notes")).unwrap();
    folder::write(&packed, &folder, true).unwrap();

    // A web app's manifest.json is not ours.
    let app = parent.path().join("app");
    std::fs::create_dir(&app).unwrap();
    std::fs::write(app.join("manifest.json"), "{}").unwrap();
    std::fs::write(app.join("thesis.md"), "years of work").unwrap();
    let message = folder::write(&packed, &app, true).unwrap_err().to_string();
    assert!(message.contains("is not a bundle's"), "{message}");
    assert!(app.join("thesis.md").is_file());
}

#[test]
fn a_folder_that_holds_something_else_is_never_replaced() {
    let parent = tempfile::tempdir().unwrap();
    let thesis = parent.path().join("thesis.tex");
    std::fs::write(&thesis, "years of work").unwrap();
    let packed = draft(WeightDtype::F16).pack().unwrap();
    for replace in [false, true] {
        assert!(folder::write(&packed, parent.path(), replace).is_err());
        assert!(thesis.is_file());
    }
}

#[test]
fn a_state_dict_file_carries_its_config() {
    let config = config();
    let weights = weights(&config, 1);
    let bytes = weights.to_safetensors(&config).unwrap();
    assert_eq!(config_from_safetensors(&bytes).unwrap(), config);
    assert_eq!(StateDict::from_safetensors(&bytes, &config).unwrap(), weights);
    assert_eq!(weights.parameter_count(), {
        let topology = cellflux_bundle::topology::Topology::new(&config);
        topology.parameter_count(&config)
    });
}

#[test]
fn the_golden_micro_network_is_read_by_its_own_config() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/micro");
    let io = std::fs::read(format!("{folder}/io.safetensors")).unwrap();
    let config = config_from_safetensors(&io).unwrap();
    let model = std::fs::read(format!("{folder}/model.safetensors")).unwrap();
    let weights = StateDict::from_safetensors(&model, &config).unwrap();
    assert_eq!(weights.parameter_count(), 764_483);
}

#[test]
fn every_reference_network_is_read_by_its_own_config_and_survives_a_bundle() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference");
    for (config_of, weights_of, parameters) in [
        ("goldens/heads_updown/io", "goldens/heads_updown/model", None),
        ("goldens/official_slim/io", "goldens/official_slim/model", None),
        (
            "checkpoints/bbbc021-tiny",
            "checkpoints/bbbc021-tiny",
            Some(1_323_587),
        ),
        (
            "checkpoints/bbbc021-small",
            "checkpoints/bbbc021-small",
            Some(7_211_587),
        ),
    ] {
        let load = |name: &str| std::fs::read(format!("{reference}/{name}.safetensors"));
        let (Ok(io), Ok(model)) = (load(config_of), load(weights_of)) else {
            println!("skipped: {weights_of} is not there");
            continue;
        };
        let config = config_from_safetensors(&io).unwrap();
        let weights = StateDict::from_safetensors(&model, &config).unwrap();
        if let Some(parameters) = parameters {
            assert_eq!(weights.parameter_count(), parameters, "{weights_of}");
        }
        // The files hold f16, so an f16 bundle holds the very same numbers; int8 costs about a percent of a
        // tensor's norm (a uniform row 0.5 %, one with outliers more).
        let shards = write_shards(&weights, &config, WeightDtype::F16, 1 << 20).unwrap();
        assert_eq!(
            read_shards(&config, WeightDtype::F16, &shards),
            weights,
            "{weights_of}"
        );
        let (_, errors) = quantise(&weights, WeightDtype::Int8).unwrap();
        let worst = errors.iter().map(|error| error.relative).fold(0.0, f64::max);
        println!("{weights_of}: int8 changes no tensor by more than {worst:.4}");
        assert!(worst < 0.02, "{weights_of}: {worst}");
    }
}

#[test]
fn int8_costs_less_than_one_percent_and_f16_less_than_a_thousandth() {
    let weights = weights(&config(), 3);
    // Uniform weights in +-0.1: the step is 0.2/254, its rms error 1/sqrt(12) of that, the weights' rms
    // 0.1/sqrt(3).
    for (dtype, bound) in [
        (WeightDtype::F32, 0.0),
        (WeightDtype::F16, 5e-4),
        (WeightDtype::Int8, 5e-3),
    ] {
        let (_, errors) = quantise(&weights, dtype).unwrap();
        assert_eq!(errors.len(), weights.tensors.len());
        for error in errors {
            assert!(error.relative <= bound, "{dtype} {error:?}");
        }
    }
}

#[test]
fn bf16_weights_are_read_exactly() {
    let config = config();
    let weights = weights(&config, 5);
    // Cutting an f32 to its upper half gives a bf16.
    let data: Vec<(String, Vec<usize>, Vec<u8>)> = weights
        .tensors
        .iter()
        .map(|(name, tensor)| {
            let halves = tensor.to_f32().into_iter().flat_map(|v| {
                let [_, _, a, b] = v.to_le_bytes();
                [a, b]
            });
            (name.clone(), tensor.shape.clone(), halves.collect())
        })
        .collect();
    let views = data.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::BF16, shape.clone(), bytes);
        (name.as_str(), view.unwrap())
    });
    let bytes = safetensors::serialize(views, None).unwrap();
    let found = StateDict::from_safetensors(&bytes, &config).unwrap();
    for (name, tensor) in &found.tensors {
        let cut = weights.tensors[name]
            .to_f32()
            .into_iter()
            .map(|v| f32::from_bits(v.to_bits() & 0xffff_0000));
        assert!(tensor.to_f32().into_iter().eq(cut), "{name}");
    }
}

fn read_shards(config: &UNetConfig, dtype: WeightDtype, shards: &[Vec<u8>]) -> StateDict {
    let mut reader = ShardReader::new(config, dtype).unwrap();
    for (index, shard) in shards.iter().enumerate() {
        reader.accept(&format!("shard {index}"), shard).unwrap();
    }
    reader.finish().unwrap()
}

prop_compose! {
    /// Networks small enough to write many times, of every kind of layer.
    fn configs()(
        channels in 1_usize..=6,
        mult in prop::collection::vec(1_usize..=2, 1..=2),
        blocks in 1_usize..=2,
        attention in prop::sample::subsequence(vec![1_usize, 2], 0..=2),
        conv_resample in any::<bool>(),
        resblock_updown in any::<bool>(),
        scale_shift in any::<bool>(),
        condition_dim in 1_usize..40,
    ) -> UNetConfig {
        UNetConfig {
            in_channels: channels,
            out_channels: channels,
            channel_mult: mult,
            num_res_blocks: blocks,
            attention_resolutions: attention,
            conv_resample,
            resblock_updown,
            use_scale_shift_norm: scale_shift,
            condition_dim,
            ..config()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn weights_survive_any_cut_into_shards(
        config in configs(),
        dtype in prop::sample::select(DTYPES.to_vec()),
        limit in 8_000_usize..2_000_000,
        seed in any::<u64>(),
    ) {
        let weights = weights(&config, seed);
        let (expected, _) = quantise(&weights, dtype).unwrap();
        let mut shards = write_shards(&weights, &config, dtype, limit).unwrap();
        for shard in &shards {
            prop_assert!(shard.len() <= limit, "{} > {limit}", shard.len());
        }
        shards.reverse();
        prop_assert_eq!(read_shards(&config, dtype, &shards), expected);
    }
}

proptest! {
    #[test]
    fn int8_is_off_by_at_most_half_a_step(
        rows in 1_usize..6,
        columns in 1_usize..20,
        exponent in -30_i32..15,
        seed in any::<u64>(),
    ) {
        let mut state = seed;
        let values: Vec<f32> = (0..rows * columns).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0) * (exponent as f32).exp2()
        }).collect();
        let tensor = Tensor { shape: vec![rows, columns], values: Values::F32(values.clone()) };
        let stored = Int8Tensor::quantise("w", &tensor).unwrap();
        let back = stored.dequantise().to_f32();
        for (index, (a, b)) in values.iter().zip(&back).enumerate() {
            let step = stored.scales[index / columns].to_f32();
            // Half a step, and the rounding of the division in f32.
            prop_assert!((a - b).abs() <= step * 0.500_01, "{a} {b} {step}");
        }
    }

    #[test]
    fn condition_vectors_survive_and_counts_take_two_bytes(
        rows in prop::collection::vec(prop::collection::vec(-100_i32..100, 5), 1..8),
        divisor in prop::sample::select(vec![1_u8, 3]),
    ) {
        let rows: Vec<Vec<f32>> = rows.into_iter()
            .map(|row| row.into_iter().map(|v| v as f32 / f32::from(divisor)).collect())
            .collect();
        let vectors = ConditionVectors::from_rows(&rows).unwrap();
        let bytes = vectors.to_safetensors().unwrap();
        prop_assert_eq!(&ConditionVectors::from_safetensors(&bytes, rows.len(), 5).unwrap(), &vectors);
        for (index, row) in rows.iter().enumerate() {
            prop_assert_eq!(vectors.row(index), Some(row.as_slice()));
        }
        prop_assert_eq!(vectors.row(rows.len()), None);
        if divisor == 1 {
            prop_assert!(bytes.windows(5).any(|w| w == b"\"F16\""));
        }
    }

    #[test]
    fn a_slug_is_always_an_id(name in "\\PC{0,100}") {
        let id = slug(&name);
        prop_assert!(!id.is_empty() && id.len() <= 64);
        prop_assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        prop_assert!(!id.starts_with('-') && !id.ends_with('-'));
    }
}

#[test]
fn slugs_of_compounds_read_well() {
    assert_eq!(slug("cytochalasin B"), "cytochalasin-b");
    assert_eq!(slug("PP-2"), "pp-2");
    assert_eq!(slug("(S)-(+)-camptothecin"), "s-camptothecin");
    assert_eq!(slug("…"), "condition");
}

#[test]
fn the_demo_sized_network_fits_one_shard() {
    let config = UNetConfig::preset("tiny").unwrap();
    let shards = write_shards(
        &weights(&config, 1),
        &config,
        WeightDtype::F16,
        limits::SHARD_BYTES,
    )
    .unwrap();
    assert_eq!(shards.len(), 1);
}

#[test]
fn a_start_image_of_another_batch_or_of_none_is_told_from_one_of_the_condition_s_own() {
    let mut condition = draft(WeightDtype::F32).conditions.list.remove(0);
    condition.batches = vec!["Week4".into(), "Week5".into()];
    assert_eq!(condition.batch_match(Some("Week5")), BatchMatch::Same);
    assert_eq!(condition.batch_match(Some("Week1")), BatchMatch::Other);
    assert_eq!(condition.batch_match(None), BatchMatch::Unknown);
    condition.batches.clear();
    assert_eq!(condition.batch_match(Some("Week4")), BatchMatch::Unknown);
}
