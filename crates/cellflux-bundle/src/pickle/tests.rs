//! Pickles made by hand: what is read, what is refused, and that neither takes much memory.

use super::machine::MAX_VALUES;
use super::*;

fn message(pickle: &[u8]) -> String {
    Pickle::parse(pickle).unwrap_err().to_string()
}

fn root_name(pickle: &[u8]) -> String {
    let pickle = Pickle::parse(pickle).unwrap();
    pickle.foreign(pickle.root()).unwrap().to_owned()
}

#[test]
fn a_name_that_is_not_known_is_opaque_and_nothing_is_called() {
    // What a malicious pickle does: os.system("id"), in protocols 2 and 4.
    assert_eq!(
        root_name(b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."),
        "posix.system"
    );
    let framed = b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\
        \x8c\x02id\x94\x85\x94R\x94.";
    assert_eq!(root_name(framed), "posix.system");
    // A namespace with state, a path, a numpy scalar.
    assert_eq!(
        root_name(b"\x80\x02ctypes\nSimpleNamespace\n)\x81}X\x01\x00\x00\x00aK\x01sb."),
        "types.SimpleNamespace"
    );
    assert_eq!(
        root_name(b"\x80\x02cpathlib\nPosixPath\n(X\x01\x00\x00\x00/tR."),
        "pathlib.PosixPath"
    );
    assert_eq!(
        root_name(
            b"\x80\x03cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\0\0\0f8\x85RC\x08abcdefgh\x86R."
        ),
        "numpy.core.multiarray.scalar"
    );
}

#[test]
fn opcodes_that_no_checkpoint_needs_are_refused() {
    // INST, OBJ, EXT1, NEXT_BUFFER, READONLY_BUFFER.
    for opcode in [b'i', b'o', 0x82, 0x97, 0x98] {
        let found = message(&[0x80, 2, b'N', opcode, b'.']);
        assert!(found.contains(&format!("opcode 0x{opcode:02x}")), "{found}");
    }
}

#[test]
fn other_protocols_are_refused() {
    for pickle in [&b"\x80\x06N."[..], b"\x80\x01N.", b"(dp0\n.", b""] {
        assert!(Pickle::parse(pickle).is_err());
    }
}

#[test]
fn a_shape_of_more_than_eight_axes_is_refused() {
    let mut pickle = b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n\
        X\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0"
        .to_vec();
    for _ in 0..2 {
        pickle.push(b'(');
        pickle.extend([b'K', 1].repeat(9));
        pickle.push(b't');
    }
    pickle.extend(b"\x89NtR.");
    assert!(
        message(&pickle).contains("at most 8 axes"),
        "{}",
        message(&pickle)
    );
}

#[test]
fn a_long_tuple_called_with_again_and_again_is_not_copied() {
    // Half a million values in one tuple, then a hundred thousand calls with it: copies would take 200 GB.
    let mut pickle = b"\x80\x02(".to_vec();
    pickle.extend([b'N'].repeat(500_000));
    pickle.extend(b"tq\0cposix\nsystem\nq\x01");
    pickle.extend(b"h\x01h\0R".repeat(100_000));
    pickle.push(b'.');
    Pickle::parse(&pickle).unwrap();
}

#[test]
fn what_is_kept_has_a_budget() {
    let mut pickle = b"\x80\x02N".to_vec();
    // Every opcode keeps four bytes more.
    pickle.extend([b'2'].repeat(MAX_BYTES as usize - 4));
    pickle.push(b'.');
    assert!(message(&pickle).contains("48 MiB of values"));
}

#[test]
fn allowed_names_may_only_be_used_as_a_checkpoint_uses_them() {
    for pickle in [
        &b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R."[..], // with arguments
        b"\x80\x02ctorch\nFloatStorage\n)R.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02ccollections\nOrderedDict\n)\x81.",
        b"\x80\x02K\x01}b.",
        b"\x80\x02X\x07\x00\x00\x00storageQ.",
    ] {
        assert!(matches!(
            Pickle::parse(pickle),
            Err(BundleError::Checkpoint { .. })
        ));
    }
}

#[test]
fn every_truncation_is_an_error_and_not_a_panic() {
    let whole =
        b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x07X\x01\x00\x00\x00b\x8a\x02\x00\x01J\xff\xff\xff\xff\x86u.";
    let pickle = Pickle::parse(whole).unwrap();
    assert_eq!(pickle.entries(pickle.root()).unwrap().len(), 2);
    for length in 0..whole.len() {
        assert!(Pickle::parse(&whole[..length]).is_err(), "{length}");
    }
}

#[test]
fn deep_nesting_and_cycles_do_not_recurse() {
    let mut deep = b"\x80\x02)".to_vec();
    deep.extend(std::iter::repeat_n(0x85, 500_000));
    deep.push(b'.');
    Pickle::parse(&deep).unwrap();
    // A dictionary that holds itself.
    let cycle = b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.";
    Pickle::parse(cycle).unwrap();
}

#[test]
fn a_bomb_of_values_is_refused() {
    let mut bomb = b"\x80\x02".to_vec();
    bomb.extend(std::iter::repeat_n(b')', MAX_VALUES + 1));
    bomb.push(b'.');
    assert!(message(&bomb).contains("values"));
}

#[test]
fn a_text_longer_than_the_pickle_is_refused_without_reserving_it() {
    assert!(message(b"\x80\x02X\xff\xff\xff\xffabc").contains("end"));
}

#[test]
fn nothing_is_taken_from_below_a_mark() {
    assert!(message(b"\x80\x02K\x01(\x85.").contains("stack"));
    assert!(message(b"\x80\x02}(K\x01u.").contains("dictionary"));
}
