//! What becomes of all processes when one of them fails.

use super::*;
use candle_core::Device;

/// What each of `size` processes makes of its place among the others.
fn each<T: Send>(size: usize, work: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = threads(size)
            .into_iter()
            .map(|star| scope.spawn(move || work(Ranks::new(star, 0))))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn refused(reason: &str) -> TrainError {
    TrainError::Ranks {
        reason: reason.to_owned(),
    }
}

#[test]
fn a_mean_is_that_of_all_and_comes_with_what_each_said() {
    let found = each(2, |ranks| {
        let own = Tensor::new(&[1.0f32 + ranks.rank() as f32, 4.0], &Device::Cpu).unwrap();
        let (mean, words) = ranks.mean(&own, &[ranks.rank() as u8]).unwrap();
        (mean.to_vec1::<f32>().unwrap(), words)
    });
    let expected = (vec![1.5, 4.0], vec![vec![0], vec![1]]);
    assert_eq!(found, vec![expected; 2]);
}

#[test]
fn a_process_that_fails_ends_all_with_its_rank_its_reason_and_the_last_checkpoint() {
    let found = each(3, |ranks| {
        let ended: Result<(), TrainError> = ranks.together(|| {
            ranks.note_checkpoint(Path::new("run/step-7"));
            ranks.meet()?;
            if ranks.rank() == 1 {
                return Err(refused("no space left on device"));
            }
            // The others are somewhere else: one in a mean, one in an exchange of numbers.
            let values = Tensor::new(&[1.0f32], &Device::Cpu)?;
            ranks.mean(&values, &[])?;
            ranks.numbers(&[1.0])?;
            Ok(())
        });
        ended.unwrap_err().to_string()
    });
    assert!(found[1].contains("no space left on device"), "{}", found[1]);
    for said in [&found[0], &found[2]] {
        assert_eq!(
            said,
            "rank 1 of 3 stopped: several processes: no space left on device; the last good checkpoint is \
             run/step-7"
        );
    }
}

#[test]
fn a_process_that_is_gone_without_a_word_is_named_too() {
    let found = each(2, |ranks| {
        if ranks.rank() == 1 {
            return None;
        }
        Some(ranks.meet().unwrap_err().to_string())
    });
    let said = found[0].as_ref().unwrap();
    assert!(
        said.starts_with("rank 1 of 2 is gone: ") && said.ends_with("no checkpoint was written before that"),
        "{said}"
    );
}

#[test]
fn another_text_is_refused_in_all_processes_and_the_same_in_none() {
    let found = each(2, |ranks| {
        let told = |first: &str, other: &str| format!("{first} there, {other} here");
        ranks.same("program", "0.1.0", told).unwrap();
        let own = ["a", "b"][ranks.rank()];
        ranks.same("config", own, told).unwrap_err().to_string()
    });
    for said in found {
        assert!(
            said.contains("rank 1 of 2 has another config than rank 0: a there, b here"),
            "{said}"
        );
    }
}

#[test]
fn the_first_process_works_before_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made");
    let found = each(3, |ranks| {
        ranks
            .first_alone(|| -> Result<bool, TrainError> {
                let there = file.exists();
                if ranks.is_first() {
                    std::fs::write(&file, b"x").map_err(TrainError::io(&file))?;
                }
                Ok(there)
            })
            .unwrap()
    });
    assert_eq!(found, [false, true, true]);
}

#[test]
fn each_process_of_a_machine_has_a_gpu_of_its_own_and_one_alone_has_the_config_s() {
    assert_eq!(
        Ranks::alone().device(DeviceChoice::Cuda(2)),
        DeviceChoice::Cuda(2)
    );
    assert_eq!(Ranks::alone().device(DeviceChoice::Cpu), DeviceChoice::Cpu);
    let among = Ranks::new(threads(2).remove(1), 1);
    assert_eq!(among.device(DeviceChoice::Cpu), DeviceChoice::Cpu);
    // A build with CUDA asks the driver how many there are.
    #[cfg(not(feature = "cuda"))]
    assert_eq!(among.device(DeviceChoice::Cuda(2)), DeviceChoice::Cuda(3));
}
