//! What a 95 % interval is worth: in simulated experiments whose truth is known, how often it holds the
//! truth.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use cellflux_measure::sets::SetError;
use cellflux_measure::sets::bootstrap::{Draw, Plan, bootstrap};
use cellflux_measure::sets::groups::{FEWEST_FIELDS, Groups, Unit};
use cellflux_measure::sets::interval::Estimate;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

const EXPERIMENTS: u64 = 400;
const CELLS_OF_A_FIELD: usize = 10;

/// A standard normal number (Box and Muller).
fn normal(numbers: &mut ChaCha8Rng) -> f64 {
    let mut unit = || ((numbers.next_u64() >> 11) as f64 + 0.5) * 2f64.powi(-53);
    let (radius, angle) = (unit(), unit());
    libm::sqrt(-2.0 * libm::log(radius)) * libm::cos(std::f64::consts::TAU * angle)
}

/// One side: each cell is its field's normal number plus its own, so that half of the variance is the
/// field's. The mean is 0.
fn side(numbers: &mut ChaCha8Rng, fields: usize) -> Vec<f64> {
    let mut field = || {
        let shared = normal(numbers);
        (0..CELLS_OF_A_FIELD)
            .map(|_| shared + normal(numbers))
            .collect::<Vec<_>>()
    };
    (0..fields).flat_map(|_| field()).collect()
}

fn mean(values: &[f64], draw: &Draw<'_>, side: usize) -> Result<f64, SetError> {
    let counts = draw.rows(side)?;
    let sum: f64 = values
        .iter()
        .zip(&counts)
        .map(|(value, &count)| value * f64::from(count))
        .sum();
    Ok(sum / f64::from(counts.iter().sum::<u32>()))
}

/// The interval of the difference of two sides' means, which is 0 in truth.
fn difference(sides: [&[f64]; 2], groups: &Groups, seed: u64) -> Estimate {
    let plan = Plan {
        replicates: 400,
        seed,
    };
    let result = bootstrap(&[groups, groups], plan, |draw| {
        Ok(vec![mean(sides[0], draw, 1)?, mean(sides[1], draw, 2)?])
    });
    result.unwrap().difference(0, 1).unwrap()
}

/// The share of experiments whose interval holds the truth, by resampling fields and by resampling cells.
fn coverage(fields: usize) -> [f64; 2] {
    let of_rows: Vec<usize> = (0..fields * CELLS_OF_A_FIELD)
        .map(|row| row / CELLS_OF_A_FIELD)
        .collect();
    let units = [Groups::of(Unit::Field, &of_rows), Groups::cells(of_rows.len())];
    let mut hits = [0u32; 2];
    for seed in 0..EXPERIMENTS {
        let mut numbers = ChaCha8Rng::seed_from_u64(1000 + seed);
        let sides = [side(&mut numbers, fields), side(&mut numbers, fields)];
        for (hits, groups) in hits.iter_mut().zip(&units) {
            let interval = difference([&sides[0], &sides[1]], groups, seed).interval();
            *hits += u32::from(interval.contains(0.0));
        }
    }
    hits.map(|hits| f64::from(hits) / EXPERIMENTS as f64)
}

#[test]
fn an_interval_of_resampled_fields_holds_the_truth_about_as_often_as_it_says_and_one_of_cells_does_not() {
    let [fields, cells] = coverage(FEWEST_FIELDS);
    // Four standard errors of 400 experiments around 95 % are 4.4 points.
    assert!((fields - 0.95).abs() < 0.044, "fields: {fields}");
    // With 10 cells per field, the fields' share of the variance makes the spread of a mean sqrt(1 + 9 / 2) =
    // 2.3 times that of independent cells, so 95 % shrink to P(|z| < 1.96 / 2.3) = 60 %; again with four
    // standard errors.
    assert!((cells - 0.60).abs() < 0.098, "cells: {cells}");
}

#[test]
fn the_effect_of_a_treatment_is_told_from_what_real_crops_differ_among_themselves() {
    use cellflux_measure::sets::wasserstein::Sorted;

    let fields = 40;
    let of_rows: Vec<usize> = (0..fields * CELLS_OF_A_FIELD)
        .map(|row| row / CELLS_OF_A_FIELD)
        .collect();
    let groups = Groups::of(Unit::Field, &of_rows);
    let mut numbers = ChaCha8Rng::seed_from_u64(5);
    let control = side(&mut numbers, fields);
    let unchanged = side(&mut numbers, fields);
    let changed: Vec<f64> = unchanged.iter().map(|value| value + 2.0).collect();

    let [first, second] = groups.halves(1);
    let half = |rows: &[usize]| {
        let values: Vec<f64> = rows.iter().map(|&row| control[row]).collect();
        (
            Sorted::new(&values).unwrap(),
            Groups::of(
                Unit::Field,
                &rows.iter().map(|&row| of_rows[row]).collect::<Vec<_>>(),
            ),
        )
    };
    let ((first, first_groups), (second, second_groups)) = (half(&first), half(&second));
    let control = Sorted::new(&control).unwrap();
    let decide = |treated: &[f64]| {
        let treated = Sorted::new(treated).unwrap();
        let sides = [&groups, &groups, &first_groups, &second_groups];
        let result = bootstrap(
            &sides,
            Plan {
                replicates: 200,
                seed: 2,
            },
            |draw| {
                let effect = control.weighted_distance(&draw.rows(1)?, &treated, &draw.rows(2)?)?;
                let floor = first.weighted_distance(&draw.rows(3)?, &second, &draw.rows(4)?)?;
                Ok(vec![effect, floor])
            },
        );
        result.unwrap().difference(0, 1).unwrap().low > 0.0
    };
    assert!(decide(&changed) && !decide(&unchanged));
}
