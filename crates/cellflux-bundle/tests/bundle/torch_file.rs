//! Files of `torch.save` in the format from before `PyTorch` 1.6, put together byte by byte from its
//! description, and today's zip.

use std::io::{Cursor, Write};

use cellflux_bundle::BundleError;
use cellflux_bundle::tensor::{Tensor, Values};
use cellflux_bundle::topology::Parameter;
use cellflux_bundle::torch_file;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

const MAGIC: &[u8] = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.";

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

fn counts(pickle: &mut Vec<u8>, values: &[u8]) {
    pickle.push(b'(');
    for &value in values {
        pickle.extend([b'K', value]);
    }
    pickle.push(b't');
}

/// A view in the state dict: its name, the storage's type and key, the storage's length, shape and strides.
type View = (
    &'static str,
    &'static str,
    &'static str,
    u8,
    &'static [u8],
    &'static [u8],
);

/// A matrix, the same numbers transposed, and a count that is not a weight.
const VIEWS: [View; 3] = [
    ("a.weight", "FloatStorage", "94367", 6, &[2, 3], &[3, 1]),
    ("b.weight", "FloatStorage", "94367", 6, &[3, 2], &[1, 3]),
    ("b.num_batches_tracked", "LongStorage", "107", 1, &[], &[]),
];

/// The pickle of the state dict; `old` puts `None` behind each storage's length, as the old format does.
fn state_dict(old: bool) -> Vec<u8> {
    let mut pickle = b"\x80\x02ccollections\nOrderedDict\n)R(".to_vec();
    for (name, kind, key, length, shape, strides) in VIEWS {
        text(&mut pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(&mut pickle, "storage");
        pickle.extend(format!("ctorch\n{kind}\n").bytes());
        text(&mut pickle, key);
        text(&mut pickle, "cpu");
        pickle.extend([b'K', length]);
        if old {
            pickle.push(b'N');
        }
        pickle.extend(b"tQK\0");
        counts(&mut pickle, shape);
        counts(&mut pickle, strides);
        pickle.extend(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    // The dictionary's own `_metadata`, which torch puts there.
    pickle.extend(b"u}");
    text(&mut pickle, "_metadata");
    pickle.extend(b"Nsb.");
    pickle
}

fn numbers() -> Vec<u8> {
    (1..=6u8).flat_map(|n| f32::from(n).to_le_bytes()).collect()
}

fn old_file() -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    file.extend(b"\x80\x02M\xe9\x03.");
    file.extend(b"\x80\x02}(");
    text(&mut file, "protocol_version");
    file.extend(b"M\xe9\x03");
    text(&mut file, "little_endian");
    file.extend(b"\x88u.");
    file.extend(state_dict(true));
    file.extend(b"\x80\x02](");
    text(&mut file, "107");
    text(&mut file, "94367");
    file.extend(b"e.");
    file.extend(1i64.to_le_bytes());
    file.extend(77i64.to_le_bytes());
    file.extend(6i64.to_le_bytes());
    file.extend(numbers());
    file
}

fn zip_file() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [
        ("data.pkl", state_dict(false)),
        ("data/94367", numbers()),
        ("data/107", 77i64.to_le_bytes().to_vec()),
    ] {
        zip.start_file(format!("archive/{name}"), stored).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn wanted(list: &[(&str, &[usize])]) -> Vec<Parameter> {
    let parameter = |(name, shape): &(&str, &[usize])| Parameter {
        name: (*name).to_owned(),
        shape: shape.to_vec(),
    };
    list.iter().map(parameter).collect()
}

fn message(file: &[u8], list: &[(&str, &[usize])]) -> String {
    torch_file::read(file, &wanted(list)).unwrap_err().to_string()
}

#[test]
fn both_formats_give_the_same_numbers_and_pass_over_what_is_not_wanted() {
    let list: [(&str, &[usize]); 2] = [("a.weight", &[2, 3]), ("b.weight", &[3, 2])];
    for file in [old_file(), zip_file()] {
        let found = torch_file::read(&file, &wanted(&list)).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(
            found["a.weight"],
            Tensor {
                shape: vec![2, 3],
                values: Values::F32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
            }
        );
        assert_eq!(
            found["b.weight"].values,
            Values::F32(vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0])
        );
    }
}

#[test]
fn what_is_missing_or_of_another_shape_or_kind_is_named() {
    let file = old_file();
    assert!(message(&file, &[("c.weight", &[1])]).contains("tensor c.weight is missing"));
    assert!(message(&file, &[("a.weight", &[3, 3])]).contains("tensor a.weight has shape [2, 3]"));
    assert!(message(&file, &[("b.num_batches_tracked", &[])]).contains("64-bit integers"));
}

#[test]
fn an_old_file_that_is_cut_short_is_refused_wherever_it_ends() {
    let file = old_file();
    for length in 0..file.len() {
        let error = torch_file::read(&file[..length], &wanted(&[("a.weight", &[2, 3])])).unwrap_err();
        assert!(
            matches!(error, BundleError::Checkpoint { .. }),
            "{length}: {error}"
        );
    }
}

#[test]
fn an_old_file_that_claims_what_it_does_not_hold_is_refused() {
    let replaced = |from: &[u8], to: &[u8]| {
        let file = old_file();
        let at = file.windows(from.len()).position(|window| window == from);
        let (before, rest) = file.split_at(at.unwrap());
        [before, to, &rest[from.len()..]].concat()
    };
    let list: [(&str, &[usize]); 1] = [("a.weight", &[2, 3])];
    // A count of storage scalars beyond the file, and one below zero.
    for count in [i64::MAX, -1] {
        let file = replaced(&6i64.to_le_bytes(), &count.to_le_bytes());
        let said = message(&file, &list);
        assert!(said.contains("ends within storage \"94367\""), "{said}");
    }
    let file = replaced(&6i64.to_le_bytes(), &5i64.to_le_bytes());
    let said = message(&file, &list);
    assert!(said.contains("storage 94367 has 20 bytes, expected 24"), "{said}");
    // A key that the state dict does not name: its scalars' size is not known.
    let file = replaced(b"107X", b"108X");
    assert!(message(&file, &list).contains("storage \"107\" is of a kind whose size is not known"));
    let file = replaced(b"\x88u.", b"\x89u.");
    assert!(message(&file, &list).contains("byte order"));
    let file = replaced(b"\x80\x02M\xe9\x03.", b"\x80\x02M\xea\x03.");
    assert!(message(&file, &list).contains("version"));
}
