//! The channels of public data sets, in the order of their files.

use cellflux_image::ImageSpec;
use cellflux_image::spec::{Channel, Colour, Window};

/// Channels with a name, a stain, other words for it in files' names, and a colour.
type Named = (&'static str, &'static str, &'static [&'static str], Colour);

/// The six channels of `RxRx1`, `w1` to `w6` in its files' names.
pub(super) fn rxrx1() -> Vec<Channel> {
    named(&[
        ("nuclei", "Hoechst", &["DNA", "w1"], Colour::new(64, 96, 255)),
        ("ER", "concanavalin A", &["ConA", "w2"], Colour::new(48, 255, 48)),
        (
            "actin",
            "phalloidin",
            &["F-actin", "w3"],
            Colour::new(255, 48, 48),
        ),
        ("nucleoli", "SYTO 14", &["RNA", "w4"], Colour::new(0, 224, 224)),
        (
            "mitochondria",
            "MitoTracker",
            &["Mito", "w5"],
            Colour::new(255, 64, 255),
        ),
        (
            "Golgi",
            "wheat germ agglutinin",
            &["WGA", "w6"],
            Colour::new(255, 200, 0),
        ),
    ])
}

/// The five channels of CPJUMP1, `ch1` to `ch5` in its files' names.
pub(super) fn cpg0000() -> Vec<Channel> {
    named(&[
        (
            "Mito",
            "MitoTracker",
            &["mitochondria", "ch1"],
            Colour::new(255, 64, 64),
        ),
        (
            "AGP",
            "phalloidin and wheat germ agglutinin",
            &["actin", "ch2"],
            Colour::new(255, 192, 0),
        ),
        ("RNA", "SYTO 14", &["nucleoli", "ch3"], Colour::new(64, 255, 64)),
        ("ER", "concanavalin A", &["ConA", "ch4"], Colour::new(0, 224, 224)),
        (
            "DNA",
            "Hoechst 33342",
            &["nuclei", "ch5"],
            Colour::new(64, 96, 255),
        ),
    ])
}

/// Images of these channels whose bytes are taken as they are, as the public code's crops are. Their windows
/// are whole: what these crops' values are is not known here.
pub(super) fn bytes(channels: Vec<Channel>, height: usize, width: usize) -> ImageSpec {
    ImageSpec {
        channels,
        ..ImageSpec::plain(1, height, width)
    }
}

fn named(list: &[Named]) -> Vec<Channel> {
    list.iter()
        .map(|&(name, stain, aliases, colour)| Channel {
            name: name.into(),
            stain: stain.into(),
            aliases: aliases.iter().map(|&alias| alias.into()).collect(),
            colour,
            window: Window::default(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_presets_have_the_channels_of_their_data_sets_and_valid_images() {
        for (channels, names) in [
            (
                rxrx1(),
                vec!["nuclei", "ER", "actin", "nucleoli", "mitochondria", "Golgi"],
            ),
            (cpg0000(), vec!["Mito", "AGP", "RNA", "ER", "DNA"]),
        ] {
            let found: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
            assert_eq!(found, names);
            bytes(channels, 96, 96).validate().unwrap();
        }
    }
}
