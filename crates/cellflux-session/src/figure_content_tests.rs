//! What a figure of a walk promises: every picture has its words, and what is generated is called so.

use cellflux_image::lut::Lut;
use cellflux_print::{Width, animation, png, svg};

use super::*;
use crate::recipe::{ChannelView, Direction, Thousandths, Treatment};
use crate::test_model::{manifest, manifest_of_counts, recipe, walk};

/// The start of a walk and this number of steps.
fn frames(walk: &PreparedWalk, steps: usize) -> Vec<Frame> {
    (0..=steps)
        .map(|step| Frame {
            t: step as f64 / steps.max(1) as f64,
            evaluations: 2,
            rejected: 0,
            waypoint: step,
            step_size: None,
            quick: None,
            values: if step == 0 {
                walk.start().to_vec()
            } else {
                vec![step as f32 / steps as f32 - 0.5; 32]
            },
        })
        .collect()
}

fn without_noise() -> Recipe {
    let mut recipe = recipe();
    recipe.sampling.noise = 0.0;
    recipe
}

#[test]
fn each_step_has_its_picture_and_its_change_and_only_the_start_is_not_called_generated() {
    let (manifest, walk) = (manifest(), walk(without_noise()));
    let sheet = sheet(
        &manifest,
        &walk,
        &frames(&walk, 4),
        Steps::All,
        &Beside::default(),
    )
    .unwrap();
    let captions: Vec<&str> = sheet
        .columns
        .iter()
        .map(|column| column.caption.as_str())
        .collect();
    assert_eq!(captions[0], "start (drawn by a program)");
    assert_eq!(captions[1..], ["generated"; 4]);
    assert_eq!(sheet.columns[0].change, None);
    assert!(sheet.columns[1..].iter().all(|column| column.change.is_some()));
    assert_eq!(sheet.columns[2].label, "t = 0.500");
    assert!(sheet.about.footer[0].starts_with("Generated, not measured. Model: A model for tests"));
    assert!(
        sheet
            .about
            .footer
            .iter()
            .any(|line| line.starts_with("Link: #v=1&"))
    );
    let scale = sheet.change_scale.as_ref().unwrap();
    assert_eq!(scale.numbers, ["−0.25", "0", "+0.25"]);
    assert_eq!((scale.strips.len(), sheet.about.channels.len()), (2, 2));
    assert_eq!(sheet.about.um_per_pixel, None);
}

#[test]
fn a_start_with_noise_is_shown_beside_the_image_before_it() {
    let (manifest, walk) = (manifest(), walk(recipe()));
    let frames = frames(&walk, 2);
    let figure = sheet(&manifest, &walk, &frames, Steps::All, &Beside::default()).unwrap();
    let shown: Vec<(&str, &str)> = figure
        .columns
        .iter()
        .map(|column| (column.label.as_str(), column.caption.as_str()))
        .collect();
    assert_eq!(
        shown[..2],
        [
            ("start", "start (drawn by a program)"),
            ("t = 0.000", "start with noise")
        ]
    );
    let film = sheet(&manifest, &walk, &frames, Steps::Film, &Beside::default()).unwrap();
    assert_eq!(film.columns.len(), 3);
    assert!(film.columns.iter().all(|column| column.change.is_none()));
}

#[test]
fn of_a_long_walk_the_ends_and_what_is_evenly_between_are_shown_and_it_says_so() {
    let (manifest, walk) = (manifest(), walk(without_noise()));
    let frames = frames(&walk, 400);
    for (steps, most) in [
        (Steps::All, MOST_PANELS),
        (Steps::Ends, 3),
        (Steps::Film, MOST_FRAMES),
    ] {
        let sheet = sheet(&manifest, &walk, &frames, steps, &Beside::default()).unwrap();
        assert_eq!(sheet.columns.len(), most);
        assert_eq!(sheet.columns[0].label, "t = 0.000");
        assert_eq!(sheet.columns[most - 1].label, "t = 1.000");
        let said = format!("{most} of 401 frames are shown");
        assert!(sheet.about.footer.contains(&said), "{:?}", sheet.about.footer);
    }
    assert_eq!(chosen(5, 3), [0, 2, 4]);
    assert_eq!(chosen(2, 3), [0, 1]);
}

#[test]
fn a_figure_says_what_was_never_seen_where_the_walk_stands_and_how_large_a_pixel_is() {
    let mut manifest = manifest_of_counts();
    manifest.image.crop_size_um = Some(2.0);
    let mut typed = without_noise();
    typed.condition = Treatment::Typed("OC(=O)C#N".into());
    typed.direction = Direction::Reverse;
    typed.start = Start::Crop(vec![7; 32]);
    let walk = walk(typed);
    let sheet = sheet(
        &manifest,
        &walk,
        &frames(&walk, 1),
        Steps::All,
        &Beside::default(),
    )
    .unwrap();
    assert!(sheet.about.title.contains("never seen by the network"));
    assert!(sheet.about.footer[0].contains("never seen by the network"));
    let said = "Walked to t = 1.000, not yet to 0";
    assert!(
        sheet.about.footer.iter().any(|line| line == said),
        "{:?}",
        sheet.about.footer
    );
    assert_eq!(sheet.about.um_per_pixel, Some(0.5));
    // The crop is the visitor's: neither its link nor the crop is in the figure.
    assert!(sheet.about.footer.iter().all(|line| !line.starts_with("Link:")));
    assert!(sheet.about.texts.iter().all(|text| !text.text.contains("crop=")));
}

#[test]
fn channels_that_are_shown_otherwise_are_told_and_have_the_colours_of_the_pictures() {
    let mut recipe = without_noise();
    recipe.view.channels = vec![ChannelView {
        channel: 1,
        window: None,
        gamma: Some(Thousandths::new(800)),
        lut: Some(Lut::Magenta),
    }];
    let (manifest, walk) = (manifest(), walk(recipe));
    let sheet = sheet(
        &manifest,
        &walk,
        &frames(&walk, 1),
        Steps::All,
        &Beside::default(),
    )
    .unwrap();
    assert_eq!(sheet.about.channels[1].colour, [255, 0, 255]);
    let said = "Display: channel 2 shown with gamma 0.8, look-up table magenta";
    assert!(
        sheet.about.footer.iter().any(|line| line == said),
        "{:?}",
        sheet.about.footer
    );
}

#[test]
fn every_choice_can_be_drawn_also_with_every_channel_switched_off() {
    let mut dark = without_noise();
    dark.view = View {
        hidden: vec![0, 1],
        ..View::default()
    };
    for recipe in [recipe(), dark] {
        let (manifest, walk) = (manifest(), walk(recipe));
        let frames = frames(&walk, 3);
        for steps in Steps::ALL {
            assert_eq!(steps.name().parse::<Steps>().unwrap(), steps);
            let sheet = sheet(&manifest, &walk, &frames, steps, &Beside::default()).unwrap();
            assert!(png(&sheet, Width::Single).unwrap().starts_with(b"\x89PNG"));
            assert!(svg(&sheet, Width::Double).unwrap().contains("<metadata>"));
            assert!(!animation(&sheet).unwrap().is_empty());
        }
    }
    assert!("some".parse::<Steps>().is_err());
}
