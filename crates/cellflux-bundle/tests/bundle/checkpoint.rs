//! Checkpoints of the public trainer's kind, real and forged.

use std::{
    io::{Cursor, Write},
    path::PathBuf,
};

use cellflux_bundle::{
    BundleError, StateDict, UNetConfig,
    pth::{self, Imported, Weights},
    state_dict::config_from_safetensors,
    topology::Topology,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::model::config;

fn micro() -> (UNetConfig, StateDict) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/micro");
    let io = std::fs::read(format!("{folder}/io.safetensors")).unwrap();
    let config = config_from_safetensors(&io).unwrap();
    let model = std::fs::read(format!("{folder}/model.safetensors")).unwrap();
    let weights = StateDict::from_safetensors(&model, &config).unwrap();
    (config, weights)
}

/// A checkpoint beside the repository, or `None` (with a message) where there is none.
fn reference(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/pth"
    ))
    .join(name);
    if path.is_file() {
        return Some(path);
    }
    println!("skipped: {name} is not there");
    None
}

fn same_numbers(a: &StateDict, b: &StateDict) -> bool {
    a.tensors.keys().eq(b.tensors.keys())
        && a.tensors
            .iter()
            .all(|(name, tensor)| tensor.to_f32() == b.tensors[name].to_f32())
}

#[test]
fn the_averaged_weights_of_a_checkpoint_are_the_golden_networks() {
    let Some(path) = reference("checkpoint-ema.pth") else {
        return;
    };
    let (config, golden) = micro();
    let open = || std::fs::File::open(&path).unwrap();
    let averaged = pth::read(open(), &config, Weights::Averaged).unwrap();
    assert_eq!((averaged.kind, averaged.epoch), (Weights::Averaged, Some(7)));
    assert!(same_numbers(&averaged.weights, &golden));

    let trained = pth::read(open(), &config, Weights::Trained).unwrap();
    assert_eq!(trained.kind, Weights::Trained);
    assert!(!same_numbers(&trained.weights, &golden));
}

#[test]
fn a_checkpoint_without_averages_gives_its_trained_weights() {
    let Some(path) = reference("checkpoint-plain.pth") else {
        return;
    };
    let (config, _) = micro();
    let imported = pth::read(std::fs::File::open(path).unwrap(), &config, Weights::Averaged).unwrap();
    assert_eq!(imported.kind, Weights::Trained);
    assert_eq!(imported.weights.parameter_count(), 764_483);
}

#[test]
fn the_networks_order_is_the_one_that_averages_are_numbered_in() {
    let Some(path) = reference("parameter-order.json") else {
        return;
    };
    let order: Vec<String> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (config, _) = micro();
    let names = Topology::new(&config)
        .parameters(&config)
        .into_iter()
        .map(|parameter| parameter.name);
    assert!(names.eq(order));
}

#[test]
fn a_checkpoint_of_another_network_is_refused_by_tensor() {
    let Some(path) = reference("checkpoint-plain.pth") else {
        return;
    };
    let error = pth::read(std::fs::File::open(path).unwrap(), &config(), Weights::Averaged).unwrap_err();
    assert!(
        error.to_string().contains("mol_embed_transform.weight"),
        "{error}"
    );
}

#[test]
fn a_truncated_checkpoint_is_refused() {
    let Some(path) = reference("checkpoint-plain.pth") else {
        return;
    };
    let whole = std::fs::read(path).unwrap();
    let (config, _) = micro();
    for length in [0, 100, whole.len() / 2, whole.len() - 1] {
        let cut = Cursor::new(&whole[..length]);
        assert!(matches!(
            pth::read(cut, &config, Weights::Averaged),
            Err(BundleError::Checkpoint { .. })
        ));
    }
}

/// Writes a pickle of `{"model": {...}}` as torch.save would, and gets it wrong where asked to.
struct Forger {
    pickle: Vec<u8>,
    records: Vec<(String, Vec<u8>)>,
}

impl Forger {
    fn new() -> Self {
        let mut forger = Self {
            pickle: b"\x80\x02}".to_vec(),
            records: Vec::new(),
        };
        forger.text("model");
        forger.pickle.extend(b"ccollections\nOrderedDict\n)R(");
        forger
    }

    fn text(&mut self, text: &str) {
        self.pickle.push(b'X');
        self.pickle.extend((text.len() as u32).to_le_bytes());
        self.pickle.extend(text.as_bytes());
    }

    /// An integer as torch writes sizes beyond 32 bits.
    fn int(&mut self, value: u64) {
        self.pickle.extend([0x8a, 8]);
        self.pickle.extend(value.to_le_bytes());
    }

    fn ints(&mut self, values: &[u64]) {
        self.pickle.push(b'(');
        for &value in values {
            self.int(value);
        }
        self.pickle.push(b't');
    }

    /// An entry of the state dict: a view of storage `key`, which claims `len` numbers.
    fn tensor(
        mut self,
        name: &str,
        key: &str,
        len: u64,
        offset: u64,
        shape: &[u64],
        strides: &[u64],
    ) -> Self {
        self.text(name);
        self.pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        self.text("storage");
        self.pickle.extend(b"ctorch\nFloatStorage\n");
        self.text(key);
        self.text("cpu");
        self.int(len);
        self.pickle.extend(b"tQ");
        self.int(offset);
        self.ints(shape);
        self.ints(strides);
        self.pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
        self
    }

    fn record(mut self, name: &str, bytes: Vec<u8>) -> Self {
        self.records.push((name.to_owned(), bytes));
        self
    }

    fn archive(mut self) -> Vec<u8> {
        self.pickle.extend(b"us.");
        let pickle = self.pickle;
        self.records.push(("data.pkl".into(), pickle));
        zip_of(&self.records)
    }

    fn read(self) -> Result<Imported, BundleError> {
        pth::read(Cursor::new(self.archive()), &config(), Weights::Averaged)
    }
}

fn zip_of(records: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in records {
        zip.start_file(format!("checkpoint/{name}"), stored).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A complete state dict of the test network, every tensor a storage of zeros of its own, but for the first,
/// which the caller writes.
fn forged(first: impl FnOnce(Forger) -> Forger) -> Forger {
    let config = config();
    let mut forger = first(Forger::new());
    for (key, parameter) in Topology::new(&config)
        .parameters(&config)
        .into_iter()
        .enumerate()
        .skip(1)
    {
        let shape: Vec<u64> = parameter.shape.iter().map(|&side| side as u64).collect();
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let count = parameter.len();
        forger = forger
            .tensor(
                &parameter.name,
                &key.to_string(),
                count as u64,
                0,
                &shape,
                &strides,
            )
            .record(&format!("data/{key}"), vec![0; 4 * count]);
    }
    forger
}

const FIRST: &str = "mol_embed_transform.weight";

#[test]
fn strides_and_offsets_are_followed() {
    // [128, 8] stored transposed, one number into a storage of 1025.
    let numbers: Vec<u8> = (0..1025_u32).flat_map(|i| (i as f32).to_le_bytes()).collect();
    let imported = forged(|f| {
        f.tensor(FIRST, "0", 1025, 1, &[128, 8], &[1, 128])
            .record("data/0", numbers)
    })
    .read()
    .unwrap();
    let first = imported.weights.tensors[FIRST].to_f32();
    assert_eq!(first[..3], [1.0, 129.0, 257.0]);
    assert_eq!(first[8..9], [2.0]);
    assert_eq!(first[1023..], [1024.0]);
}

#[test]
fn a_tensor_that_reaches_outside_its_storage_is_refused() {
    for (len, offset, strides) in [
        (1024, 1, [8, 1]),
        (1024, 0, [9, 1]),
        (1024, 0, [i64::MAX as u64, 1]),
        (1024, i64::MAX as u64, [8, 1]),
        (1023, 0, [8, 1]),
    ] {
        let forged = forged(|f| {
            f.tensor(FIRST, "0", len, offset, &[128, 8], &strides)
                .record("data/0", vec![0; 4 * len as usize])
        });
        let error = forged.read().unwrap_err().to_string();
        assert!(error.contains(FIRST) && error.contains("outside"), "{error}");
    }
}

#[test]
fn a_storage_that_is_missing_or_of_another_size_is_refused() {
    for record in [None, Some(0), Some(4095), Some(4100)] {
        let forged = forged(|f| {
            let f = f.tensor(FIRST, "0", 1024, 0, &[128, 8], &[8, 1]);
            match record {
                Some(bytes) => f.record("data/0", vec![0; bytes]),
                None => f,
            }
        });
        assert!(matches!(forged.read(), Err(BundleError::Checkpoint { .. })));
    }
}

#[test]
fn huge_shapes_are_refused_before_anything_is_reserved() {
    let huge = i64::MAX as u64;
    let error = Forger::new()
        .tensor(FIRST, "0", huge, 0, &[huge, huge], &[0, 0])
        .read()
        .unwrap_err();
    assert!(matches!(error, BundleError::Shape { .. }), "{error}");
    let huge_storage = forged(|f| f.tensor(FIRST, "0", huge, 0, &[128, 8], &[8, 1]));
    assert!(matches!(huge_storage.read(), Err(BundleError::Checkpoint { .. })));
}

#[test]
fn nan_in_a_checkpoint_is_refused_by_tensor() {
    let mut numbers = vec![0; 4096];
    numbers[8..12].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = forged(|f| {
        f.tensor(FIRST, "0", 1024, 0, &[128, 8], &[8, 1])
            .record("data/0", numbers)
    })
    .read()
    .unwrap_err();
    assert!(
        matches!(error, BundleError::NotFinite { position: 2, .. }),
        "{error}"
    );
}

#[test]
fn averages_that_are_not_numbered_through_are_refused() {
    for name in [
        "shadow_params.1",
        "shadow_params.00",
        "shadow_params.x",
        "shadow_params.-1",
    ] {
        let error = Forger::new()
            .tensor(name, "0", 1024, 0, &[128, 8], &[8, 1])
            .read()
            .unwrap_err();
        assert!(error.to_string().contains("shadow_params"), "{error}");
    }
}

#[test]
fn a_pickle_that_would_run_a_command_is_refused_by_the_command_it_names() {
    let attack = b"\x80\x02cos\nsystem\nX\x0a\x00\x00\x00touch /tmp\x85R.".to_vec();
    let archive = zip_of(&[("data.pkl".into(), attack)]);
    let error = pth::read(Cursor::new(archive), &config(), Weights::Averaged).unwrap_err();
    assert!(matches!(error, BundleError::Global { .. }));
    assert!(error.to_string().contains("os.system"), "{error}");
}

/// A checkpoint of the test network whose pickle starts with `start`, in which the state dict is open.
fn laid_out(start: &[u8], prefix: &str, storage: &str, zero: &[u8], end: &[u8]) -> Vec<u8> {
    let config = config();
    let mut forger = Forger::new();
    forger.pickle = start.to_vec();
    for (key, parameter) in Topology::new(&config).parameters(&config).into_iter().enumerate() {
        let shape: Vec<u64> = parameter.shape.iter().map(|&side| side as u64).collect();
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        let (name, key) = (format!("{prefix}{}", parameter.name), key.to_string());
        forger = forger
            .tensor(&name, &key, parameter.len() as u64, 0, &shape, &strides)
            .record(&format!("data/{key}"), zero.repeat(parameter.len()));
    }
    // The forger writes 32-bit storages.
    let pickle = replaced(&forger.pickle, b"FloatStorage", storage.as_bytes());
    let mut records = forger.records;
    records.push(("data.pkl".into(), [&pickle[..], end].concat()));
    zip_of(&records)
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend(to);
            rest = after;
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out
}

fn laid_out_read(start: &[u8], prefix: &str, end: &[u8]) -> Imported {
    let archive = laid_out(start, prefix, "FloatStorage", &[0; 4], end);
    pth::read(Cursor::new(archive), &config(), Weights::Averaged).unwrap()
}

const MODEL: &[u8] = b"\x80\x02}(X\x05\0\0\0model}(";

#[test]
fn what_stands_beside_the_weights_is_passed_over_without_being_executed() {
    // As the public trainer saves: args, a types.SimpleNamespace with a path; numpy scalars; a command that
    // must not run.
    let beside = b"uX\x04\0\0\0argsctypes\nSimpleNamespace\n)R}\
        X\x03\0\0\0outcpathlib\nPosixPath\nX\x01\0\0\0/\x85Rsb\
        X\x04\0\0\0losscnumpy.core.multiarray\nscalar\nN\x85R\
        X\x01\0\0\0xcos\nsystem\nX\x05\0\0\0false\x85Ru.";
    let imported = laid_out_read(MODEL, "", beside);
    assert_eq!(imported.kind, Weights::Trained);
    assert!(imported.notes.is_empty(), "{:?}", imported.notes);
    // The same in protocol 5, framed.
    let framed = [&b"\x80\x05\x95\0\0\0\0\0\0\0\0"[..], &MODEL[2..]].concat();
    laid_out_read(&framed, "", beside);
}

#[test]
fn wrappers_and_attributes_are_taken_off_names_and_it_is_said() {
    for (prefix, note) in [
        ("module.", "module."),
        ("_orig_mod.", "_orig_mod."),
        ("module._orig_mod.", "_orig_mod."),
    ] {
        let imported = laid_out_read(MODEL, prefix, b"uu.");
        assert!(
            imported.notes.iter().any(|line| line.contains(note)),
            "{:?}",
            imported.notes
        );
    }
    for start in [
        &b"\x80\x02}(X\x0a\0\0\0state_dict}("[..],
        b"\x80\x02}(X\x10\0\0\0model_state_dict}(",
    ] {
        laid_out_read(start, "", b"uu.");
        let lightning = laid_out_read(start, "net.", b"uu.");
        assert!(lightning.notes[0].contains("net."), "{:?}", lightning.notes);
    }
}

#[test]
fn averages_below_a_wrapper_are_found() {
    let config = config();
    let parameters = Topology::new(&config).parameters(&config);
    let zeros = parameters
        .iter()
        .enumerate()
        .fold(Forger::new(), |forger, (key, parameter)| {
            let shape: Vec<u64> = parameter.shape.iter().map(|&side| side as u64).collect();
            let len = parameter.len() as u64;
            forger
                .tensor(
                    &format!("module.shadow_params.{key}"),
                    &key.to_string(),
                    len,
                    0,
                    &shape,
                    &vec![0; shape.len()],
                )
                .record(&format!("data/{key}"), vec![0; 4 * parameter.len()])
        });
    assert_eq!(zeros.read().unwrap().kind, Weights::Averaged);
}

#[test]
fn a_state_dict_of_doubles_is_rounded_to_single_precision() {
    let (config, golden) = micro();
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = golden
        .tensors
        .iter()
        .map(|(name, tensor)| {
            let doubles = tensor
                .to_f32()
                .into_iter()
                .flat_map(|value| f64::from(value).to_le_bytes());
            (name.clone(), tensor.shape.clone(), doubles.collect())
        })
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F64, shape.clone(), bytes);
        (name.as_str(), view.unwrap())
    });
    let file = safetensors::serialize(views, None).unwrap();
    assert!(same_numbers(
        &StateDict::from_safetensors(&file, &config).unwrap(),
        &golden
    ));
}

#[test]
fn half_bfloat16_and_double_storages_are_read() {
    for (storage, one) in [
        ("HalfStorage", half::f16::ONE.to_le_bytes().to_vec()),
        ("BFloat16Storage", half::bf16::ONE.to_le_bytes().to_vec()),
        ("DoubleStorage", 1f64.to_le_bytes().to_vec()),
    ] {
        let archive = laid_out(MODEL, "", storage, &one, b"uu.");
        let imported = pth::read(Cursor::new(archive), &config(), Weights::Averaged).unwrap();
        assert!(
            imported.weights.tensors[FIRST]
                .to_f32()
                .iter()
                .all(|value| value.to_bits() == 1_f32.to_bits())
        );
    }
    let archive = laid_out(MODEL, "", "QInt8Storage", &[0], b"uu.");
    let error = pth::read(Cursor::new(archive), &config(), Weights::Averaged).unwrap_err();
    assert!(error.to_string().contains("torch.QInt8Storage"), "{error}");
}

#[test]
fn a_weight_of_an_unknown_kind_is_named_with_what_it_is() {
    let end = b"X\x1a\0\0\0mol_embed_transform.weightcnumpy\nndarray\n)Ruu.";
    let archive = zip_of(&[("data.pkl".into(), [MODEL, end].concat())]);
    let error = pth::read(Cursor::new(archive), &config(), Weights::Averaged)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(FIRST) && error.contains("numpy.ndarray"),
        "{error}"
    );
}

#[test]
fn files_of_another_kind_are_called_what_they_are() {
    for (start, word) in [
        (
            &b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."[..],
            "before 1.6",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "Git LFS",
        ),
        (b"\n<!DOCTYPE html><html>", "HTML"),
        (b"\x08\x07\x12\x07pytorch", "ONNX"),
        (b"{\n  \"version\": 1,", "JSON"),
    ] {
        assert!(
            pth::other_kind(start).is_some_and(|kind| kind.contains(word)),
            "{word}"
        );
    }
    assert_eq!(pth::other_kind(b"PK\x03\x04"), None);
    assert_eq!(pth::other_kind(b"\x20\0\0\0\0\0\0\0{"), None);
    assert_eq!(pth::other_kind(b"{\0\0\0\0\0\0\0{"), None);
}

#[test]
fn zips_of_another_kind_are_refused() {
    let pickle = b"\x80\x02}.".to_vec();
    let none = zip_of(&[("other.txt".into(), vec![])]);
    let two = zip_of(&[
        ("data.pkl".into(), pickle.clone()),
        ("a/data.pkl".into(), pickle.clone()),
    ]);
    let big_endian = zip_of(&[
        ("data.pkl".into(), pickle.clone()),
        ("byteorder".into(), b"big".to_vec()),
    ]);
    let script = zip_of(&[
        ("data.pkl".into(), pickle.clone()),
        ("constants.pkl".into(), pickle.clone()),
        ("code/__torch__/model.py".into(), vec![]),
    ]);
    let empty = zip_of(&[("data.pkl".into(), pickle)]);
    for (archive, word) in [
        (none, "0 records"),
        (two, "2 records"),
        (big_endian, "byte order"),
        (script, "TorchScript"),
        (empty, "missing"),
        (
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.".to_vec(),
            "PyTorch 1.6",
        ),
    ] {
        let error = pth::read(Cursor::new(archive), &config(), Weights::Averaged).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_damaged_record_is_noticed_by_its_checksum() {
    let mut archive = forged(|f| {
        f.tensor(FIRST, "0", 1024, 0, &[128, 8], &[8, 1])
            .record("data/0", vec![0x11; 4096])
    })
    .archive();
    let at = archive.windows(64).position(|w| w == [0x11; 64]).unwrap();
    archive[at + 9] = 0x12;
    let error = pth::read(Cursor::new(archive), &config(), Weights::Averaged).unwrap_err();
    assert!(error.to_string().contains("data/0"), "{error}");
}
