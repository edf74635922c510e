//! The marginal velocity field, score and density in closed form, where sources and targets are mixtures of
//! Gaussians.
//!
//! Let a pair come, with a certain probability, from a Gaussian source `N(m, s^2 I)` and, independently of
//! it, from a Gaussian target `N(n, r^2 I)`. Then `x_t = (1 - t) x0 + t x1` is Gaussian with mean
//! `(1 - t) m + t n` and variance `(1 - t)^2 s^2 + t^2 r^2`, and
//!
//! ```text
//! E[x1 - x0 | x_t = x] = n - m + (t r^2 - (1 - t) s^2) / variance * (x - mean)
//! ```
//!
//! The marginal field is the mean of these over all such sources and targets, each weighted by how probably
//! `x` came from it; the score and the density follow in the same way. A network that learnt perfectly would
//! predict the marginal field (Lipman et al. 2023).

use crate::coupling::Coupling;
use crate::distribution::{Distribution, Part};
use crate::error::LabError;
use crate::plane::{Point, difference, scaled, square, sum};
use crate::plane_field::PlaneField;
use crate::settings::Settings;

/// What the field is a mean of: a Gaussian source and a Gaussian target that are independent of each other.
#[derive(Clone, Copy, Debug)]
struct Component {
    /// The logarithm of how often a pair comes from here.
    log_weight: f64,
    source: Gaussian,
    target: Gaussian,
}

#[derive(Clone, Copy, Debug)]
struct Gaussian {
    mean: Point,
    variance: f64,
}

/// What a component says of one point at one time.
struct Told {
    /// The logarithm of the component's weight times its density.
    log_density: f64,
    velocity: Point,
    score: Point,
}

/// The exact marginal field of mixtures of Gaussians.
#[derive(Clone, Debug)]
pub struct ExactField {
    components: Vec<Component>,
}

impl ExactField {
    /// The field of one condition, or the null field, which is that of all conditions' pairs together.
    ///
    /// # Errors
    /// [`LabError::NoClosedForm`] where a source or a target is no mixture of Gaussians, and for optimal
    /// transport; [`LabError`] for settings out of range and for a condition that they do not have.
    pub fn new(settings: &Settings, condition: Option<usize>) -> Result<Self, LabError> {
        settings.check()?;
        if settings.path.coupling == Coupling::OptimalTransport {
            return Err(LabError::NoClosedForm {
                reason: "optimal transport makes source and target depend on each other; choose another \
                         coupling",
            });
        }
        let conditions: Vec<usize> = match condition {
            Some(condition) => vec![condition],
            None => (0..settings.conditions.len()).collect(),
        };
        let share = 1.0 / conditions.len() as f64;
        let mut components = Vec::new();
        for condition in conditions {
            let sources = noisy(&parts(settings.source_of(condition)?)?, settings);
            let targets = parts(&settings.condition(condition)?.target)?;
            couple(share, &sources, &targets, settings, &mut components);
        }
        Ok(Self { components })
    }

    /// The score, the gradient of the logarithm of the density of `x_t`, at each point.
    pub fn score(&self, t: f64, at: &[Point]) -> Vec<Point> {
        at.iter().map(|&x| self.told(t, x).score).collect()
    }

    /// The logarithm of the density of `x_t` at each point; at `t = 0` that of the source, at `t = 1` that of
    /// the target.
    pub fn log_density(&self, t: f64, at: &[Point]) -> Vec<f64> {
        at.iter().map(|&x| self.told(t, x).log_density).collect()
    }

    /// Velocity, score and density of all components together.
    fn told(&self, t: f64, x: Point) -> Told {
        let mut all = Told {
            log_density: f64::NEG_INFINITY,
            velocity: [0.0; 2],
            score: [0.0; 2],
        };
        // A running mean whose weights are relative to the largest so far, so that none of them overflows.
        let mut total = 0.0;
        for component in &self.components {
            let one = component.told(t, x);
            let largest = all.log_density.max(one.log_density);
            let (before, now) = (
                libm::exp(all.log_density - largest),
                libm::exp(one.log_density - largest),
            );
            let of = |mean: Point, value: Point| sum(scaled(before, mean), scaled(now, value));
            all = Told {
                log_density: largest,
                velocity: of(all.velocity, one.velocity),
                score: of(all.score, one.score),
            };
            total = before * total + now;
        }
        Told {
            log_density: all.log_density + libm::log(total),
            velocity: scaled(1.0 / total, all.velocity),
            score: scaled(1.0 / total, all.score),
        }
    }
}

impl PlaneField for ExactField {
    fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
        Ok(at.iter().map(|&x| self.told(t, x).velocity).collect())
    }
}

impl Component {
    fn told(&self, t: f64, x: Point) -> Told {
        let (source, target) = (self.source, self.target);
        let mean = sum(scaled(1.0 - t, source.mean), scaled(t, target.mean));
        let variance = (1.0 - t) * (1.0 - t) * source.variance + t * t * target.variance;
        let slope = (t * target.variance - (1.0 - t) * source.variance) / variance;
        let away = difference(x, mean);
        Told {
            log_density: self.log_weight
                - square(away) / (2.0 * variance)
                - libm::log(std::f64::consts::TAU * variance),
            velocity: sum(difference(target.mean, source.mean), scaled(slope, away)),
            score: scaled(-1.0 / variance, away),
        }
    }
}

fn parts(distribution: &Distribution) -> Result<Vec<Part>, LabError> {
    distribution.parts().ok_or(LabError::NoClosedForm {
        reason: "source and target must be Gaussians, mixtures of them or a few blurred points",
    })
}

/// The sources with and without the noise that the path adds; their weights add up to 1.
fn noisy(sources: &[Part], settings: &Settings) -> Vec<Part> {
    let noise = settings.path.noise;
    let probability = if noise > 0.0 {
        settings.path.noise_probability
    } else {
        0.0
    };
    let total: f64 = sources.iter().map(|part| part.weight).sum();
    let mut all = Vec::new();
    for part in sources {
        let weight = part.weight / total;
        all.push(Part {
            weight: weight * (1.0 - probability),
            ..*part
        });
        all.push(Part {
            weight: weight * probability,
            spread: (part.spread * part.spread + noise * noise).sqrt(),
            ..*part
        });
    }
    all
}

/// Adds a component for each source, target and batch of each, `share` in all.
fn couple(
    share: f64,
    sources: &[Part],
    targets: &[Part],
    settings: &Settings,
    components: &mut Vec<Component>,
) {
    let total: f64 = targets.iter().map(|part| part.weight).sum();
    let shifts = &settings.batches;
    let same_batch = settings.path.coupling == Coupling::SameBatch;
    let of_target = if same_batch { 1 } else { shifts.len() };
    let share = share / (shifts.len() * of_target) as f64;
    for (from, &source_shift) in shifts.iter().enumerate() {
        for (to, &target_shift) in shifts.iter().enumerate() {
            if same_batch && from != to {
                continue;
            }
            for source in sources.iter().filter(|source| source.weight > 0.0) {
                components.extend(targets.iter().map(|target| Component {
                    log_weight: libm::log(share * source.weight * target.weight / total),
                    source: shifted(source, source_shift),
                    target: shifted(target, target_shift),
                }));
            }
        }
    }
}

fn shifted(part: &Part, shift: Point) -> Gaussian {
    Gaussian {
        mean: sum(part.mean, shift),
        variance: part.spread * part.spread,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::Pairing;
    use crate::plane::mean;

    fn part(mean: Point, spread: f64, weight: f64) -> Part {
        Part { mean, spread, weight }
    }

    /// Mixtures, source noise and batches all at once.
    fn settings(coupling: Coupling) -> Settings {
        let mut settings = Settings {
            source: Distribution::Mixture {
                parts: vec![part([-1.0, 0.0], 0.6, 2.0), part([1.0, 0.5], 0.9, 1.0)],
            },
            batches: vec![[-0.5, 0.0], [1.0, 1.0]],
            ..Settings::default()
        };
        settings.conditions[0].target = Distribution::Mixture {
            parts: vec![part([0.0, 2.0], 0.5, 1.0), part([2.0, -1.0], 0.7, 1.0)],
        };
        settings.path.coupling = coupling;
        settings.path.noise = 0.5;
        settings
    }

    const PLACES: [Point; 4] = [[0.0, 0.0], [1.5, 0.7], [-1.0, 1.0], [2.0, -0.5]];

    #[test]
    fn the_velocity_is_the_mean_of_the_pairs_that_pass_nearby() {
        for coupling in [Coupling::Independent, Coupling::SameBatch] {
            let settings = settings(coupling);
            let field = ExactField::new(&settings, Some(0)).unwrap();
            let pairs = Pairing::new(&settings).unwrap().draw(0, 200_000);
            let t = 0.4;
            for x in PLACES {
                let near: Vec<Point> = pairs
                    .iter()
                    .filter(|pair| {
                        let at = sum(scaled(1.0 - t, pair.x0), scaled(t, pair.x1));
                        square(difference(at, x)) < 0.15 * 0.15
                    })
                    .map(|pair| difference(pair.x1, pair.x0))
                    .collect();
                let velocity = field.velocity(t, &[x]).unwrap()[0];
                for axis in [0, 1] {
                    let found = mean(near.iter().map(|velocity| velocity[axis]));
                    let spread = mean(near.iter().map(|velocity| (velocity[axis] - found).powi(2))).sqrt();
                    // Five standard errors, and the field's bend over a radius of 0.15.
                    let most = 5.0 * spread / (near.len() as f64).sqrt() + 0.05;
                    assert!(near.len() > 100, "{x:?}: {}", near.len());
                    assert!(
                        (found - velocity[axis]).abs() < most,
                        "{x:?}: {found} {velocity:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_score_is_the_gradient_of_the_log_density() {
        let field = ExactField::new(&settings(Coupling::Independent), None).unwrap();
        let step = 1e-5;
        for t in [0.0, 0.3, 1.0] {
            for (x, score) in PLACES.into_iter().zip(field.score(t, &PLACES)) {
                for axis in [0, 1] {
                    let [before, after] = [-step, step].map(|step| {
                        let mut moved = x;
                        moved[axis] += step;
                        field.log_density(t, &[moved])[0]
                    });
                    let slope = (after - before) / (2.0 * step);
                    // The square of the step times a third derivative of a few hundred, and rounding.
                    assert!(
                        (slope - score[axis]).abs() < 1e-6,
                        "{x:?} at {t}: {slope} {score:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn field_and_density_fulfil_the_continuity_equation() {
        // d log p / dt + v grad log p + div v = 0.
        for coupling in [Coupling::Independent, Coupling::SameBatch] {
            let field = ExactField::new(&settings(coupling), Some(0)).unwrap();
            let step = 1e-5;
            for t in [0.1, 0.5, 0.9] {
                let velocity = field.velocity(t, &PLACES).unwrap();
                let divergence = field.divergence(t, &PLACES).unwrap();
                let score = field.score(t, &PLACES);
                let [before, after] = [t - step, t + step].map(|t| field.log_density(t, &PLACES));
                let changes = before
                    .iter()
                    .zip(&after)
                    .map(|(before, after)| (after - before) / (2.0 * step));
                let carried = velocity
                    .iter()
                    .zip(&score)
                    .map(|(v, s)| v[0] * s[0] + v[1] * s[1]);
                for ((change, carried), divergence) in changes.zip(carried).zip(divergence) {
                    // Central differences with steps of 1e-4 and 1e-5.
                    let rest = change + carried + divergence;
                    assert!(rest.abs() < 1e-5, "{t}: {rest}");
                }
            }
        }
    }

    #[test]
    fn the_ends_are_source_and_target() {
        let mut settings = settings(Coupling::SameBatch);
        settings.source = Distribution::STANDARD;
        settings.batches = vec![[0.0, 0.0]];
        settings.path.noise = 0.0;
        let field = ExactField::new(&settings, None).unwrap();
        let expected = -(2.0 * std::f64::consts::PI).ln() - 0.5;
        assert!((field.log_density(0.0, &[[1.0, 0.0]])[0] - expected).abs() < 1e-12);
        // Far out no density underflows: the wider target, around (2, -1), decides.
        let far = field.score(1.0, &[[0.0, 400.0]])[0];
        assert!((far[1] + 401.0 / 0.49).abs() < 1e-6, "{far:?}");
    }

    #[test]
    fn fields_that_have_no_closed_form_say_why() {
        let error = ExactField::new(&settings(Coupling::OptimalTransport), None).unwrap_err();
        assert!(error.to_string().contains("optimal transport"), "{error}");
        let error = ExactField::new(&Settings::default(), None).unwrap_err();
        assert!(error.to_string().contains("must be Gaussians"), "{error}");
        let mut settings = settings(Coupling::SameBatch);
        settings.conditions.truncate(1);
        assert!(ExactField::new(&settings, Some(1)).is_err());
    }
}
