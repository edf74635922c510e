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
fn a_seed_in_order_is_taken_by_every_reader() {
    for target in &targets::ALL {
        // A lone tensor is no checkpoint, and a lone shard no bundle.
        if ["pickle", "checkpoint"].contains(&target.name) {
            continue;
        }
        let answers: Vec<_> = corpus::read(target)
            .unwrap()
            .iter()
            .map(|(name, input)| (name.clone(), target.try_input(input)))
            .collect();
        assert!(
            answers
                .iter()
                .any(|(name, answer)| name.starts_with("seed-") && answer.is_ok()),
            "{}: {answers:?}",
            target.name
        );
    }
}
