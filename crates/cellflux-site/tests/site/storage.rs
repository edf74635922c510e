//! Weights in fewer bytes: the cost is measured, reported and limited.

use std::fs;
use std::path::Path;

use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::{Bundle, folder};
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::GridKind;
use cellflux_session::comparison::storage;
use cellflux_session::{Exploration, PreparedWalk, Recipe};
use cellflux_site::{Options, Project, SiteError};

use crate::parts::{build, engine, project, project_of, published, toolkit};

/// Ten Euler steps of a bundle's first recipe: every image on the way.
fn ten_steps(folder: &Path) -> (Bundle, Vec<Vec<f32>>) {
    let bundle = folder::read(folder).unwrap();
    let mut recipe = Recipe::first(&bundle.manifest).unwrap();
    recipe.sampling.solver = Solver::Fixed(FixedSolver::Euler);
    recipe.sampling.grid = GridKind::Uniform;
    recipe.sampling.steps = 10;
    let control = fs::read(folder.join("samples/synthetic-1.png")).unwrap();
    let walk = PreparedWalk::new(recipe, &bundle.manifest, &bundle.vectors, Some(&control)).unwrap();
    let mut exploration = Exploration::new(walk);
    exploration.attach_engine(engine(&bundle).unwrap());
    pollster::block_on(exploration.finish()).unwrap();
    let frames = exploration
        .frames()
        .iter()
        .map(|frame| frame.values.clone())
        .collect();
    (bundle, frames)
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    squares.sum::<f64>().sqrt()
}

#[test]
fn int8_weights_are_published_with_the_error_of_the_velocity_and_of_ten_steps() {
    let home = project("dtype = \"int8\"\n");
    let report = build(home.path()).unwrap().report;
    let error = report.storage["bundle"];

    let (given, away) = ten_steps(&home.path().join("bundle"));
    let (stored, stored_away) = ten_steps(&published(home.path()));
    assert_eq!(
        (given.manifest.model.dtype, stored.manifest.model.dtype),
        (WeightDtype::F16, WeightDtype::Int8)
    );
    // The start is the same, so the first steps differ by the velocities alone.
    let zeros = vec![0.0; away[0].len()];
    let velocity = distance(&away[1], &stored_away[1]) / distance(&away[1], &away[0]);
    let trajectory = distance(&away[10], &stored_away[10]) / distance(&away[10], &zeros);
    assert!(velocity > 0.0 && trajectory > 0.0, "{velocity} {trajectory}");
    // The report's differences are taken in f32, whose rounding is a millionth of the image and more of a
    // small difference.
    assert!(
        (error.velocity / velocity - 1.0).abs() < 0.02,
        "{error:?} {velocity}"
    );
    assert!(
        (error.trajectory / trajectory - 1.0).abs() < 0.02,
        "{error:?} {trajectory}"
    );

    let said = report.to_string();
    assert!(
        said.contains(&format!("the velocity is {:.2e} off", error.velocity)),
        "{said}"
    );
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["storage"]["bundle"]["trajectory"].as_f64(),
        Some(error.trajectory)
    );
}

#[test]
fn what_int8_costs_is_measured_once_for_the_same_weights() {
    let home = project("dtype = \"int8\"\n");
    let first = build(home.path()).unwrap().report.storage;
    let mut without_engine = |_: &Bundle| Err("no network is needed".to_owned());
    let options = Options {
        out: home.path().join("dist"),
        toolkit: toolkit(),
        crops: None,
        tell: |_| {},
    };
    let again = cellflux_site::build(
        &Project::read(home.path()).unwrap(),
        &options,
        &mut without_engine,
    );
    assert_eq!(again.unwrap().report.storage, first);
}

#[test]
fn int8_weights_that_lose_too_much_are_refused_unless_forced() {
    // One weight in a hundred is so large that its channel's scale rounds the others to 0, and together those
    // matter.
    let spread = |i: usize| match i {
        _ if i.is_multiple_of(131) => 0.5,
        _ if i.is_multiple_of(2) => 0.0017,
        _ => 0.0012,
    };
    let home = project_of(spread, "dtype = \"int8\"\n");
    let error = build(home.path()).unwrap_err();
    let SiteError::Quantised {
        velocity,
        trajectory,
        bound,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert!(velocity.max(*trajectory) > *bound, "{error}");
    assert!(error.to_string().contains("site.toml:3: int8 weights"), "{error}");
    assert!(!home.path().join("dist").exists());

    let text = fs::read_to_string(home.path().join("site.toml")).unwrap();
    fs::write(home.path().join("site.toml"), format!("{text}force = true\n")).unwrap();
    let report = build(home.path()).unwrap().report;
    assert!(report.storage["bundle"].is_too_large(), "{:?}", report.storage);
    assert!(
        storage::BOUND
            < report.storage["bundle"]
                .velocity
                .max(report.storage["bundle"].trajectory)
    );
}
