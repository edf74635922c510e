//! Every input of the corpus is read: what was found once stays mended.

use cellflux_fuzz::{corpus, targets};

#[test]
fn every_reader_withstands_the_corpus() {
    let mut bytes = 0;
    for target in &targets::ALL {
        let inputs = corpus::read(target).unwrap();
        assert!(!inputs.is_empty(), "{} has no seed", target.name);
        for (name, input) in &inputs {
            bytes += input.len();
            println!("{}/{name}", target.name);
            let _ = target.try_input(input);
        }
    }
    assert!(
        bytes <= 2 << 20,
        "the corpus holds {bytes} bytes, expected at most 2 MiB"
    );
}

#[test]
fn every_reader_takes_the_seeds_that_are_whole() {
    for target in &targets::ALL {
        let seeds = corpus::read(target).unwrap();
        let mut whole = seeds
            .iter()
            .filter(|(name, _)| name.starts_with("seed-whole"))
            .peekable();
        assert!(whole.peek().is_some(), "{} has no whole seed", target.name);
        for (name, input) in whole {
            assert_eq!(target.try_input(input), Ok(()), "{}/{name}", target.name);
        }
    }
}
