//! A recipe as the hash of a page's address, and back: `v=1&model=...&c=cycloheximide&a=1.2&...`.
//!
//! Every field that decides the trajectory is written, so that a link stays exact when a bundle's
//! recommendations change. Reading takes the bundle's recommendation for a field that is not there, so that a
//! short link can be written by hand. An uploaded crop is written as a lossless PNG in base64url.
//!
//! Version 2 has `smiles` in place of `c`: a compound that a visitor has typed, percent-encoded. A link
//! without one is still written as version 1, which older pages read; they refuse version 2 by its number.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cellflux_bundle::Manifest;
use cellflux_bundle::conditions::Condition;
use cellflux_image::{ImageSpec, coded_png};

use crate::error::{SessionError, shown};
use crate::recipe::{Direction, Recipe, Start, Treatment, first_condition, number};

/// The version of a link to a condition of the bundle.
const VERSION: &str = "1";
/// The version of a link to a typed compound.
const VERSION_OF_TYPED: &str = "2";

/// Longest link that is read, in bytes; browsers give up on addresses beyond 2 MiB.
pub const MAX_BYTES: usize = 2 << 20;

/// Every key, in the order of writing.
const KEYS: [&str; 18] = [
    "v", "model", "start", "c", "smiles", "dose", "a", "solver", "grid", "steps", "rtol", "atol", "noise",
    "seed", "way", "at", "hide", "crop",
];

/// Writes a recipe for a model with images of `spec`, without the leading `#`.
///
/// # Errors
/// [`SessionError::Image`] when an uploaded crop is not of the model's shape.
pub fn write(recipe: &Recipe, spec: &ImageSpec) -> Result<String, SessionError> {
    let sampling = &recipe.sampling;
    let version = match recipe.condition {
        Treatment::Listed(_) => VERSION,
        Treatment::Typed(_) => VERSION_OF_TYPED,
    };
    let mut link = format!("v={version}");
    let mut put = |key: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = write!(link, "&{key}={value}");
    };
    put("model", &recipe.model);
    if let Start::Example(id) = &recipe.start {
        put("start", id);
    }
    // The seed alone determines the noise.
    match &recipe.condition {
        Treatment::Listed(id) => put("c", id),
        Treatment::Typed(smiles) => put("smiles", &percent_encoded(smiles)),
    }
    if let Some(dose_um) = recipe.dose_um {
        put("dose", &number(&dose_um));
    }
    put("a", &number(&sampling.alpha));
    put("solver", &sampling.solver);
    put("grid", &sampling.grid);
    put("steps", &sampling.steps);
    put("rtol", &number(&sampling.rtol));
    put("atol", &number(&sampling.atol));
    put("noise", &number(&sampling.noise));
    put("seed", &sampling.seed);
    put("way", &recipe.direction.name());
    if let Some(step) = recipe.view.step {
        put("at", &step);
    }
    if !recipe.view.hidden.is_empty() {
        let hidden: Vec<String> = recipe.view.hidden.iter().map(usize::to_string).collect();
        put("hide", &hidden.join(","));
    }
    if let Start::Crop(coded) = &recipe.start {
        // Last, since it is long and a reader wants to see the rest.
        put("crop", &URL_SAFE_NO_PAD.encode(coded_png::write(spec, coded)?));
    }
    Ok(link)
}

/// Reads a link: a hash with or without its `#`, or a whole address with one. The recipe is valid for this
/// model.
///
/// # Errors
/// [`SessionError::Link`] for what is not a link, [`SessionError::Image`] for a crop that is not a PNG of the
/// model's shape, [`SessionError::Field`] for what does not fit the model.
pub fn read(text: &str, manifest: &Manifest) -> Result<Recipe, SessionError> {
    let fields = Fields::split(text)?;
    match fields.text("v") {
        Some(VERSION) if fields.text("smiles").is_some() => {
            return Err(SessionError::link(format!(
                "its version is {VERSION}, which has no typed compounds; expected {VERSION_OF_TYPED}"
            )));
        }
        None | Some(VERSION | VERSION_OF_TYPED) => {}
        Some(found) => {
            return Err(SessionError::link(format!(
                "its version is {}, expected {VERSION} or {VERSION_OF_TYPED}; a newer page may read it",
                shown(found)
            )));
        }
    }
    let typed = fields.text("smiles").map(percent_decoded).transpose()?;
    if typed.is_some() && fields.text("c").is_some() {
        return Err(SessionError::link(
            "it has both c and smiles, expected one of them",
        ));
    }
    let condition = match fields.text("c") {
        None => first_condition(manifest),
        Some(id) => manifest.conditions.get(id),
    };
    let condition = condition.ok_or_else(|| {
        SessionError::field(
            "condition",
            shown(fields.text("c").unwrap_or_default()),
            "the id of a condition of this model",
        )
    })?;
    let start = start(&fields, manifest, condition)?;
    let mut recipe = Recipe::new(manifest, start, condition);
    if let Some(smiles) = typed {
        recipe.condition = Treatment::Typed(smiles);
    }
    fields.set("model", &mut recipe.model, "an id")?;
    if let Some(dose_um) = fields.parsed("dose", "a number")? {
        recipe.dose_um = Some(dose_um);
    }
    let sampling = &mut recipe.sampling;
    fields.set("a", &mut sampling.alpha, "a number")?;
    fields.set(
        "solver",
        &mut sampling.solver,
        "euler, midpoint, heun2, rk4 or dopri5",
    )?;
    fields.set("grid", &mut sampling.grid, "uniform, edm or cosine")?;
    fields.set("steps", &mut sampling.steps, "a whole number")?;
    fields.set("rtol", &mut sampling.rtol, "a number")?;
    fields.set("atol", &mut sampling.atol, "a number")?;
    fields.set("noise", &mut sampling.noise, "a number")?;
    fields.set("seed", &mut sampling.seed, "a whole number below 2^32")?;
    fields.set("way", &mut recipe.direction, "forward, reverse or return")?;
    recipe.view.step = fields.parsed("at", "a whole number")?;
    if let Some(list) = fields.text("hide") {
        let numbers = list.split(',').map(usize::from_str).collect::<Result<_, _>>();
        recipe.view.hidden = numbers.map_err(|_| wrong("hide", list, "whole numbers joined by commas"))?;
    }
    recipe.validate(manifest)?;
    Ok(recipe)
}

fn start(fields: &Fields, manifest: &Manifest, condition: &Condition) -> Result<Start, SessionError> {
    match (fields.text("start"), fields.text("crop")) {
        (Some(_), Some(_)) => Err(SessionError::link(
            "it has both start and crop, expected one of them",
        )),
        (Some(id), None) => Ok(Start::Example(id.to_owned())),
        (None, Some(text)) => {
            let png = URL_SAFE_NO_PAD
                .decode(text)
                .map_err(|error| SessionError::link(format!("its crop is not base64url: {error}")))?;
            Ok(Start::Crop(coded_png::read(
                &manifest.image,
                "the link's crop",
                &png,
            )?))
        }
        (None, None) => Start::first(manifest, condition).ok_or_else(|| {
            SessionError::link("it has neither start nor crop, and this model has no sample control")
        }),
    }
}

/// A link's keys and values.
struct Fields<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Fields<'a> {
    fn split(text: &'a str) -> Result<Self, SessionError> {
        if text.len() > MAX_BYTES {
            return Err(SessionError::link(format!(
                "it has {} bytes, expected at most {MAX_BYTES}",
                text.len()
            )));
        }
        let hash = text.split_once('#').map_or(text, |(_, hash)| hash);
        let mut fields = BTreeMap::new();
        for part in hash.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| SessionError::link(format!("{} is not key=value", shown(part))))?;
            if !KEYS.contains(&key) {
                return Err(SessionError::link(format!(
                    "{} is not a key of a link, expected one of {}",
                    shown(key),
                    KEYS.join(", ")
                )));
            }
            if fields.insert(key, value).is_some() {
                return Err(SessionError::link(format!(
                    "{key} is there twice, expected it once"
                )));
            }
        }
        Ok(Self(fields))
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).copied()
    }

    fn parsed<T: FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, SessionError> {
        self.text(key)
            .map(|text| text.parse().map_err(|_| wrong(key, text, expected)))
            .transpose()
    }

    /// Overwrites `value` if the link has the key.
    fn set<T: FromStr>(&self, key: &str, value: &mut T, expected: &str) -> Result<(), SessionError> {
        if let Some(parsed) = self.parsed(key, expected)? {
            *value = parsed;
        }
        Ok(())
    }
}

/// A text in which everything but letters, digits and `-._~` is `%` and two hexadecimal digits, so that no
/// program that passes addresses on changes it.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Result<String, SessionError> {
    let refused = || wrong("smiles", text, "a percent-encoded SMILES");
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = char::from(bytes.next()?).to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(refused());
        };
        decoded.push(16 * high + low);
    }
    String::from_utf8(decoded).map_err(|_| refused())
}

fn wrong(key: &str, found: &str, expected: &str) -> SessionError {
    SessionError::link(format!("{key} is {}, expected {expected}", shown(found)))
}

impl FromStr for Direction {
    type Err = SessionError;

    fn from_str(name: &str) -> Result<Self, SessionError> {
        Self::ALL
            .into_iter()
            .find(|direction| direction.name() == name)
            .ok_or_else(|| SessionError::field("direction", shown(name), "forward, reverse or return"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{ALPHA, NOISE, STEPS, TOLERANCE, View};
    use crate::test_model::{manifest, manifest_of_channels, manifest_of_counts, recipe};
    use cellflux_bundle::conditions::Encoder;
    use cellflux_bundle::sampling::Sampling;
    use cellflux_flow::solver::Solver;
    use cellflux_flow::time_grid::GridKind;
    use proptest::prelude::*;

    fn any_start(numbers: usize) -> impl Strategy<Value = Start> {
        prop_oneof![
            Just(Start::Example("control-1".into())),
            Just(Start::Example("treated-1".into())),
            proptest::collection::vec(any::<u8>(), numbers).prop_map(Start::Crop),
        ]
    }

    fn any_treatment() -> impl Strategy<Value = Treatment> {
        prop_oneof![
            Just(Treatment::Listed("taxol".into())),
            Just(Treatment::Listed("dmso".into())),
            // Every character that SMILES has, and others.
            "[!-~]{1,60}".prop_map(Treatment::Typed),
        ]
    }

    fn any_sampling() -> impl Strategy<Value = Sampling> {
        let choices = (
            proptest::sample::select(Solver::ALL.to_vec()),
            proptest::sample::select(GridKind::ALL.to_vec()),
            STEPS,
            any::<u32>(),
        );
        (choices, ALPHA, NOISE, TOLERANCE, TOLERANCE).prop_map(
            |((solver, grid, steps, seed), alpha, noise, rtol, atol)| Sampling {
                solver,
                grid,
                steps,
                alpha,
                noise,
                seed,
                rtol,
                atol,
            },
        )
    }

    prop_compose! {
        fn any_recipe(channels: usize)(
            start in any_start(channels * 16),
            condition in any_treatment(),
            sampling in any_sampling(),
            direction in proptest::sample::select(Direction::ALL.to_vec()),
            step in proptest::option::of(0usize..=1),
            hidden in proptest::sample::subsequence((0..channels).collect::<Vec<_>>(), 0..=channels),
        ) -> Recipe {
            Recipe { start, condition, sampling, direction, view: View { step, hidden }, ..recipe() }
        }
    }

    proptest! {
        #[test]
        fn a_link_gives_exactly_its_recipe_back(
            (channels, recipe) in (1usize..=6).prop_flat_map(|n| (Just(n), any_recipe(n)))
        ) {
            let mut manifest = manifest_of_channels(channels);
            manifest.conditions.encoder = Encoder::MorganCounts { radius: 2, bits: 3 };
            let link = write(&recipe, &manifest.image).unwrap();
            prop_assert!(link.bytes().all(|b| b.is_ascii_graphic() && b != b'#'));
            prop_assert_eq!(&read(&link, &manifest).unwrap(), &recipe);
            let address = format!("https://example.org/page/?x=1#{link}");
            prop_assert_eq!(&read(&address, &manifest).unwrap(), &recipe);
        }

        #[test]
        fn no_text_is_a_panic(text in "\\PC{0,80}", key in proptest::sample::select(KEYS.to_vec())) {
            let _ = read(&text, &manifest());
            let _ = read(&format!("{key}={text}"), &manifest());
        }

        #[test]
        fn a_damaged_crop_is_an_error_or_another_crop(at in 0usize..200, byte in any::<u8>()) {
            let manifest = manifest();
            let mut png = coded_png::write(&manifest.image, &[9; 32]).unwrap();
            let place = at % png.len();
            png[place] = byte;
            let _ = read(&format!("crop={}", URL_SAFE_NO_PAD.encode(png)), &manifest);
        }
    }

    #[test]
    fn a_link_is_readable() {
        let mut recipe = recipe();
        recipe.view = View {
            step: Some(2),
            hidden: vec![1],
        };
        assert_eq!(
            write(&recipe, &manifest().image).unwrap(),
            "v=1&model=test-model&start=control-1&c=taxol&a=1.2&solver=heun2&grid=uniform&steps=4&rtol=1e-5\
             &atol=1e-5&noise=0.5&seed=7&way=forward&at=2&hide=1"
        );
    }

    #[test]
    fn a_typed_compound_makes_a_link_of_version_2_that_older_pages_refuse_by_its_number() {
        let manifest = manifest_of_counts();
        let mut typed = recipe();
        typed.condition = Treatment::Typed("C/C=C\\C(=O)[N+](C)#N".into());
        let link = write(&typed, &manifest.image).unwrap();
        let expected = "v=2&model=test-model&start=control-1\
                        &smiles=C%2FC%3DC%5CC%28%3DO%29%5BN%2B%5D%28C%29%23N&a=1.2&";
        assert!(link.starts_with(expected), "{link}");
        assert_eq!(read(&link, &manifest).unwrap(), typed);
        // By hand, and only as much as is needed.
        let short = read("#smiles=CC(=O)O", &manifest).unwrap();
        assert_eq!(short.condition, Treatment::Typed("CC(=O)O".into()));
        for (link, expected) in [
            (
                "v=1&smiles=C",
                "its version is 1, which has no typed compounds; expected 2",
            ),
            (
                "c=taxol&smiles=C",
                "it has both c and smiles, expected one of them",
            ),
            (
                "v=2&smiles=C%2",
                "smiles is \"C%2\", expected a percent-encoded SMILES",
            ),
            (
                "v=2&smiles=%zz",
                "smiles is \"%zz\", expected a percent-encoded SMILES",
            ),
            (
                "v=2&smiles=%ff",
                "smiles is \"%ff\", expected a percent-encoded SMILES",
            ),
            ("v=2&smiles=", "expected a SMILES of 1 to 4000 characters"),
            ("v=2&smiles=C%20C", "expected a SMILES of 1 to 4000 characters"),
        ] {
            let message = read(link, &manifest).unwrap_err().to_string();
            assert!(message.contains(expected), "{link}: {message}");
        }
        let other = read("smiles=C", &crate::test_model::manifest()).unwrap_err();
        assert!(other.to_string().contains("not made from structures"), "{other}");
    }

    #[test]
    fn what_a_link_leaves_out_is_the_bundle_s_recommendation() {
        let manifest = manifest();
        assert_eq!(read("", &manifest).unwrap(), Recipe::first(&manifest).unwrap());
        let short = read("#c=dmso&a=2", &manifest).unwrap();
        assert_eq!((short.condition.id(), short.sampling.alpha), (Some("dmso"), 2.0));
    }

    #[test]
    fn each_hostile_link_is_one_sentence() {
        let manifest = manifest();
        let crop = |spec: &ImageSpec| {
            let png = coded_png::write(spec, &vec![0; spec.len()]).unwrap();
            format!("crop={}", URL_SAFE_NO_PAD.encode(png))
        };
        let cases = [
            ("v=3".into(), "its version is \"3\", expected 1 or 2"),
            (
                "colour=red".into(),
                "\"colour\" is not a key of a link, expected one of v, model,",
            ),
            ("a".into(), "\"a\" is not key=value"),
            ("a=1&a=2".into(), "a is there twice, expected it once"),
            ("a=warm".into(), "a is \"warm\", expected a number"),
            ("a=NaN".into(), "alpha is NaN, expected a number from 0 to 10"),
            ("a=1e300".into(), "alpha is 1e300, expected a number from 0 to 10"),
            (
                "steps=1001".into(),
                "steps is 1001, expected a number from 1 to 1000",
            ),
            ("steps=-1".into(), "steps is \"-1\", expected a whole number"),
            ("noise=inf".into(), "noise is inf, expected a number from 0 to 10"),
            (
                "seed=4294967296".into(),
                "seed is \"4294967296\", expected a whole number below 2^32",
            ),
            (
                "solver=heun".into(),
                "solver is \"heun\", expected euler, midpoint, heun2, rk4 or dopri5",
            ),
            (
                "way=up".into(),
                "way is \"up\", expected forward, reverse or return",
            ),
            (
                "hide=0,x".into(),
                "hide is \"0,x\", expected whole numbers joined by commas",
            ),
            (
                // As many as an address holds.
                format!("hide={}0", "0,".repeat(60_000)),
                "list of hidden channels is [0, 0, 0,",
            ),
            (
                "c=%3Cscript%3E".into(),
                "condition is \"%3Cscript%3E\", expected the id of a condition",
            ),
            ("start=control-1&crop=AA".into(), "it has both start and crop"),
            ("crop=!".into(), "its crop is not base64url"),
            ("crop=AAAA".into(), "the link's crop"),
            (crop(&ImageSpec::plain(2, 5, 4)), "the link's crop"),
            (crop(&ImageSpec::plain(3, 4, 4)), "the link's crop"),
            (
                "x".repeat(MAX_BYTES + 1),
                "it has 2097153 bytes, expected at most 2097152",
            ),
        ];
        for (link, expected) in cases {
            let message = read(&link, &manifest).unwrap_err().to_string();
            assert!(
                message.contains(expected),
                "{message:?} does not say {expected:?}"
            );
            assert!(message.len() < 300 && !message.contains('\n'), "{message}");
        }
    }
}
