//! Links: exact, readable, and hostile ones refused in a sentence.

use super::*;
use crate::recipe::{ALPHA, ChangeMap, ChannelView, NOISE, STEPS, TOLERANCE, Thousandths, View, WindowView};
use crate::test_model::{manifest, manifest_of_channels, manifest_of_counts, recipe};
use cellflux_bundle::conditions::Encoder;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::Sampling;
use cellflux_flow::solver::Solver;
use cellflux_flow::time_grid::GridKind;
use cellflux_image::lut::Lut;
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
    /// How a channel is shown; without any change for some, which are left out.
    fn any_channel()(
        ends in proptest::option::of((0u32..1000).prop_flat_map(|low| (Just(low), low + 1..=1000))),
        gamma in proptest::option::of(200u32..=5000),
        lut in proptest::option::of(proptest::sample::select(Lut::ALL.to_vec())),
    ) -> ChannelView {
        let window = ends.map(|(low, high)| WindowView {
            low: Thousandths::new(low),
            high: Thousandths::new(high),
        });
        ChannelView { channel: 0, window, gamma: gamma.map(Thousandths::new), lut }
    }
}

prop_compose! {
    fn any_recipe(channels: usize)(
        start in any_start(channels * 16),
        condition in any_treatment(),
        sampling in any_sampling(),
        direction in proptest::sample::select(Direction::ALL.to_vec()),
        step in proptest::option::of(0usize..=1),
        hidden in proptest::sample::subsequence((0..channels).collect::<Vec<_>>(), 0..=channels),
        shown in proptest::collection::vec(any_channel(), channels),
        map in proptest::sample::select(ChangeMap::ALL.to_vec()),
        weights in proptest::option::of(Just(WeightDtype::Int8)),
    ) -> Recipe {
        let channels = shown
            .into_iter()
            .enumerate()
            .map(|(channel, shown)| ChannelView { channel, ..shown })
            .filter(|shown| shown.window.is_some() || shown.gamma.is_some() || shown.lut.is_some())
            .collect();
        let view = View { step, hidden, channels, map, weights };
        Recipe { start, condition, sampling, direction, view, ..recipe() }
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
        ..View::default()
    };
    assert_eq!(
        write(&recipe, &manifest().image).unwrap(),
        "v=1&model=test-model&start=control-1&c=taxol&a=1.2&solver=heun2&grid=uniform&steps=4&rtol=1e-5\
         &atol=1e-5&noise=0.5&seed=7&way=forward&at=2&hide=1"
    );
}

#[test]
fn steps_under_quick_weights_make_a_link_of_version_5_that_names_them() {
    let manifest = manifest();
    let plain = write(&recipe(), &manifest.image).unwrap();
    let quick = recipe().seen_in(Some(WeightDtype::Int8));
    let link = write(&quick, &manifest.image).unwrap();
    assert_eq!(link, format!("{}&weights=int8", plain.replace("v=1", "v=5")));
    assert_eq!(read(&link, &manifest).unwrap(), quick);
    assert_eq!(quick.seen_in(None), recipe());
    for (text, reason) in [
        (
            "v=4&weights=int8",
            "its version is 4, which has no quick weights; expected 5",
        ),
        (
            "v=5&weights=int4",
            "weights is \"int4\", expected f32, f16 or int8",
        ),
    ] {
        let error = read(text, &manifest).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn channels_shown_otherwise_make_a_link_of_version_3_that_older_pages_refuse_by_its_number() {
    let manifest = manifest_of_counts();
    let mut shown = recipe();
    let whole = WindowView::read("0.11-0.5").unwrap();
    shown.view.channels = vec![
        ChannelView {
            channel: 0,
            window: Some(whole),
            gamma: Thousandths::read("0.8"),
            lut: Some(Lut::Magenta),
        },
        ChannelView {
            channel: 1,
            window: None,
            gamma: None,
            lut: Some(Lut::Grey),
        },
    ];
    let link = write(&shown, &manifest.image).unwrap();
    let plain = write(&recipe(), &manifest.image).unwrap();
    let expected = format!(
        "{}&window=0:0.11-0.5&gamma=0:0.8&lut=0:magenta,1:grey",
        plain.replace("v=1", "v=3")
    );
    assert_eq!(link, expected);
    assert_eq!(read(&link, &manifest).unwrap(), shown);
    shown.condition = Treatment::Typed("CCO".into());
    let typed = write(&shown, &manifest.image).unwrap();
    assert!(
        typed.starts_with("v=3&") && typed.contains("&smiles=CCO&"),
        "{typed}"
    );
    assert_eq!(read(&typed, &manifest).unwrap(), shown);
    // By hand: channels in any order, finer numbers rounded.
    let short = read(
        "lut=1:grey,0:magenta&gamma=0:0.80049&window=0:0.11-0.5",
        &manifest,
    )
    .unwrap();
    assert_eq!(short.view, shown.view);
    for (link, expected) in [
        (
            "v=1&lut=0:grey",
            "its version is 1, which has no look-up tables; expected 3",
        ),
        (
            "v=2&window=0:0-1",
            "its version is 2, which has no windows; expected 3",
        ),
        (
            "gamma=0:1,0:2",
            "gamma is \"0:1,0:2\", expected entries such as 0:0.8 joined by commas, each channel once",
        ),
        (
            "lut=0:jet",
            "lut is \"0:jet\", expected entries such as 0:magenta",
        ),
        ("lut=", "lut is \"\", expected entries such as 0:magenta"),
        (
            "window=0:0.1",
            "window is \"0:0.1\", expected entries such as 0:0.1-0.5",
        ),
        (
            "window=0:NaN-1",
            "window is \"0:NaN-1\", expected entries such as 0:0.1-0.5",
        ),
        (
            "window=0:0.5-0.5",
            "window is 0.5-0.5, expected two numbers from 0 to 1",
        ),
        ("window=0:0-2", "window is 0-2, expected two numbers from 0 to 1"),
        ("gamma=0:9", "gamma is 9, expected a number from 0.2 to 5"),
        (
            "lut=7:grey",
            "channel shown otherwise is 7, expected a number from 0 to 1",
        ),
    ] {
        let message = read(link, &manifest).unwrap_err().to_string();
        assert!(message.contains(expected), "{link}: {message}");
    }
}

#[test]
fn another_map_of_the_change_makes_a_link_of_version_4_that_older_pages_refuse_by_its_number() {
    let manifest = manifest();
    let mut mapped = recipe();
    mapped.view.map = ChangeMap::NoisedStart;
    let link = write(&mapped, &manifest.image).unwrap();
    let plain = write(&recipe(), &manifest.image).unwrap();
    assert_eq!(link, format!("{}&map=noised-start", plain.replace("v=1", "v=4")));
    assert_eq!(read(&link, &manifest).unwrap(), mapped);
    assert_eq!(
        read("map=difference", &manifest).unwrap().view.map,
        ChangeMap::Difference
    );
    for (link, expected) in [
        (
            "v=3&map=speed",
            "its version is 3, which has no maps of the change; expected 4",
        ),
        (
            "map=warm",
            "map is \"warm\", expected difference, noised-start, untreated, velocity, speed or guidance",
        ),
    ] {
        let message = read(link, &manifest).unwrap_err().to_string();
        assert!(message.contains(expected), "{link}: {message}");
    }
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
fn of_an_address_with_the_links_of_several_explorers_the_first_is_read() {
    let manifest = manifest();
    let own = read("c=taxol&steps=7", &manifest).unwrap();
    for address in [
        "https://example.org/#c=taxol&steps=7&&v=1&model=another&c=nothing",
        "#&&c=taxol&steps=7",
        "c=taxol&steps=7&&",
    ] {
        assert_eq!(read(address, &manifest).unwrap(), own, "{address}");
    }
}

#[test]
fn each_hostile_link_is_one_sentence() {
    let manifest = manifest();
    let crop = |spec: &ImageSpec| {
        let png = coded_png::write(spec, &vec![0; spec.len()]).unwrap();
        format!("crop={}", URL_SAFE_NO_PAD.encode(png))
    };
    let cases = [
        ("v=6".into(), "its version is \"6\", expected 1, 2, 3, 4, 5"),
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

#[test]
fn what_a_page_compares_with_the_walk_is_not_read() {
    let manifest = manifest();
    let plain = read("#v=1&c=taxol&a=2", &manifest).unwrap();
    for also in [
        "rows:compound;columns:alpha;alpha:1,2;pin:c=dmso,-noise",
        "",
        "=;:%%%",
        "v=9",
    ] {
        let text = format!("#v=1&c=taxol&a=2&also={also}");
        assert_eq!(read(&text, &manifest).unwrap(), plain, "{also}");
        // Also in the address of several explorers.
        assert_eq!(read(&format!("{text}&&v=1&c=dmso"), &manifest).unwrap(), plain);
    }
    assert!(!write(&plain, &manifest.image).unwrap().contains("also="));
    let twice = read("#v=1&also=a&also=b", &manifest).unwrap_err().to_string();
    assert!(twice.contains("also is there twice"), "{twice}");
}
