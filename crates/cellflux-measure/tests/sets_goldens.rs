//! The measures of two sets against numpy, scipy, scikit-learn and prdc (`goldens/sets.py` writes the
//! values).

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

use cellflux_measure::sets::Features;
use cellflux_measure::sets::classification::Confusion;
use cellflux_measure::sets::energy::energy;
use cellflux_measure::sets::frechet::frechet;
use cellflux_measure::sets::kid::kid;
use cellflux_measure::sets::nearest::nearest;
use cellflux_measure::sets::pca::Pca;
use cellflux_measure::sets::prdc::prdc;
use cellflux_measure::sets::standardise::Standardiser;
use cellflux_measure::sets::wasserstein::wasserstein1;
use serde_json::Value;

/// Both sides add thousands of f64 numbers near 1 in different orders, and means of pairs are subtracted from
/// each other, which takes one or two digits.
const SUMS: f64 = 1e-12;

/// scikit-learn expands distances into inner products and loses digits where rows are close; the smallest
/// here is about a third of the rows' size.
const DISTANCES: f64 = 1e-10;

/// Rounding turns eigenvectors by the covariance's rounding error over the distance of two eigenvalues.
const DIRECTIONS: f64 = 1e-9;

fn golden() -> Value {
    serde_json::from_str(include_str!("goldens/sets.json")).expect("sets.json holds JSON")
}

/// The twin of `uniform` in `goldens/sets.py`.
fn uniform(seed: u64, count: usize) -> Vec<f64> {
    let number = |place: u64| {
        let steps = (place + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let z = seed.wrapping_mul(1_000_003).wrapping_add(steps);
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    };
    (0..count as u64).map(number).collect()
}

/// The twin of `features` in `goldens/sets.py`.
fn features(seed: u64, rows: usize, shift: &[f64], scale: f64) -> Features {
    let drawn = uniform(seed, rows * shift.len() * 2);
    let mut values = Vec::new();
    for row in drawn.chunks_exact(2 * shift.len()) {
        let own: Vec<f64> = row.chunks_exact(2).map(|pair| pair[0] + pair[1] - 1.0).collect();
        values.extend(
            own.iter()
                .zip(shift)
                .map(|(value, shift)| (value + 0.5 * own[0]) * scale + shift),
        );
    }
    Features::new(rows, shift.len(), values).expect("the features are finite")
}

fn control() -> Features {
    features(1, 120, &[0.0; 8], 1.0)
}

fn treated() -> Features {
    features(2, 90, &[0.3; 8], 1.2)
}

fn generated() -> Features {
    features(3, 100, &[0.3, 0.2, 0.1, 0.4, 0.3, 0.0, 0.3, 0.2], 1.1)
}

/// The pairs of `goldens/sets.py` in its order, with its values.
fn pairs() -> Vec<(Features, Features, Value)> {
    let sets = [
        (control(), treated()),
        (treated(), generated()),
        (control(), features(4, 120, &[0.0; 8], 1.0)),
        (features(5, 60, &[0.0; 19], 1.0), features(6, 50, &[0.1; 19], 0.9)),
    ];
    let golden = golden();
    let expected = golden["pairs"].as_array().expect("pairs is a list");
    assert_eq!(expected.len(), sets.len());
    sets.into_iter()
        .zip(expected)
        .map(|((a, b), expected)| (a, b, expected.clone()))
        .collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().expect("a list of numbers");
    list.iter()
        .map(|value| value.as_f64().expect("a number"))
        .collect()
}

#[track_caller]
fn close(found: f64, expected: &Value, tolerance: f64) {
    let expected = expected.as_f64().expect("a number");
    let scale = expected.abs().max(1.0);
    assert!(
        (found - expected).abs() <= tolerance * scale,
        "{found} is not {expected}"
    );
}

#[track_caller]
fn all_close(found: &[f64], expected: &Value, tolerance: f64) {
    let expected = expected.as_array().expect("a list of numbers");
    assert_eq!(found.len(), expected.len());
    for (&found, expected) in found.iter().zip(expected) {
        close(found, expected, tolerance);
    }
}

#[test]
fn one_feature_is_as_far_apart_as_scipy_says() {
    for (a, b, expected) in pairs() {
        let columns: Vec<_> = (0..a.width())
            .map(|at| [&a, &b].map(|set| set.column(at).unwrap()))
            .collect();
        let distances: Vec<f64> = columns.iter().map(|[a, b]| wasserstein1(a, b).unwrap()).collect();
        all_close(&distances, &expected["wasserstein"], SUMS);
        let one = |values: &[f64]| Features::new(values.len(), 1, values.to_vec()).unwrap();
        let energies: Vec<f64> = columns
            .iter()
            .map(|[a, b]| energy(&one(a), &one(b)).unwrap().of_sets)
            .collect();
        all_close(&energies, &expected["energy_of_columns"], SUMS);
    }
}

#[test]
fn sets_are_as_far_apart_as_the_formulas_in_numpy_say() {
    for (a, b, expected) in pairs() {
        close(kid(&a, &b, None).unwrap().exact, &expected["kid"], SUMS);
        let found = energy(&a, &b).unwrap();
        close(found.unbiased, &expected["energy"]["unbiased"], SUMS);
        close(found.of_sets, &expected["energy"]["of_sets"], SUMS);
        // scipy takes the root of a product that is not symmetric, by its Schur form; the covariances'
        // eigenvalues are above 0.02.
        close(frechet(&a, &b).unwrap(), &expected["frechet"], 1e-11);
    }
}

#[test]
fn precision_recall_density_and_coverage_are_those_of_the_authors_package() {
    for (real, generated, expected) in pairs() {
        let k = expected["k"].as_u64().expect("k is a count") as usize;
        let found = prdc(&real, &generated, k).unwrap();
        let expected = &expected["prdc"];
        // Quotients of equal counts: a rounding apart.
        close(found.precision, &expected["precision"], 1e-15);
        close(found.recall, &expected["recall"], 1e-15);
        close(found.density, &expected["density"], 1e-15);
        close(found.coverage, &expected["coverage"], 1e-15);
    }
}

#[test]
fn the_nearest_rows_are_those_of_scikit_learn() {
    for (set, queries, expected) in pairs() {
        let found = nearest(&queries, &set).unwrap();
        let rows: Vec<f64> = found.iter().map(|neighbour| neighbour.row as f64).collect();
        assert_eq!(rows, numbers(&expected["nearest_rows"]));
        let distances: Vec<f64> = found.iter().map(|neighbour| neighbour.distance).collect();
        all_close(&distances, &expected["nearest_distances"], DISTANCES);
    }
}

#[test]
fn standard_features_and_components_are_those_of_scikit_learn() {
    for (a, b, expected) in pairs() {
        let standard = Standardiser::fit(&a).unwrap().apply(&b).unwrap();
        all_close(standard.row(0).unwrap(), &expected["standardised_row"], SUMS);
        let pca = Pca::fit(&a, 3).unwrap();
        all_close(pca.explained(), &expected["explained"], SUMS);
        all_close(&pca.explained_share(), &expected["explained_share"], SUMS);
        for (found, expected) in pca
            .components()
            .iter()
            .zip(expected["components"].as_array().unwrap())
        {
            all_close(found, expected, DIRECTIONS);
        }
        all_close(
            pca.apply(&b).unwrap().row(0).unwrap(),
            &expected["projected_row"],
            DIRECTIONS,
        );
    }
}

#[test]
fn classes_are_scored_as_scikit_learn_scores_them() {
    let golden = golden();
    let expected = &golden["classification"];
    let classes = |value: &Value| {
        numbers(value)
            .iter()
            .map(|&class| class as usize)
            .collect::<Vec<_>>()
    };
    let confusion =
        Confusion::new(7, &classes(&expected["truth"]), &classes(&expected["predicted"])).unwrap();
    for (row, expected) in confusion.rows().zip(expected["matrix"].as_array().unwrap()) {
        assert_eq!(
            row.iter().map(|&count| count as f64).collect::<Vec<_>>(),
            numbers(expected)
        );
    }
    close(confusion.accuracy(), &expected["accuracy"], SUMS);
    close(
        confusion.balanced_accuracy(),
        &expected["balanced_accuracy"],
        SUMS,
    );
    close(confusion.macro_f1(), &expected["macro_f1"], SUMS);
    close(confusion.weighted_f1(), &expected["weighted_f1"], SUMS);
    let scores = confusion.scores();
    all_close(
        &scores.iter().map(|score| score.precision).collect::<Vec<_>>(),
        &expected["precision"],
        SUMS,
    );
    all_close(
        &scores.iter().map(|score| score.recall).collect::<Vec<_>>(),
        &expected["recall"],
        SUMS,
    );
    all_close(
        &scores.iter().map(|score| score.f1).collect::<Vec<_>>(),
        &expected["f1"],
        SUMS,
    );
}
