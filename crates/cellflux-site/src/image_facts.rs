//! What a picture of cells must be published with: its scale or that it is not known, the names of its
//! channels, and colours that most people can tell apart. The minimum that QUAREP-LiMi's checklist for image
//! figures asks for (Schmied et al., Nature Methods 21, 170-181, 2024).

use cellflux_image::ImageSpec;
use cellflux_image::spec::{Channel, Colour};

use crate::words::{Words, with_name};

/// How people without the long- or the middle-wave cones see linear red, green and blue (Machado, Oliveira
/// and Fernandes, IEEE TVCG 15, 2009, table for severity 1).
const SEEN: [[[f64; 3]; 3]; 2] = [
    [
        [0.152_286, 1.052_583, -0.204_868],
        [0.114_503, 0.786_281, 0.099_216],
        [-0.003_882, -0.048_116, 1.051_998],
    ],
    [
        [0.367_322, 0.860_646, -0.227_968],
        [0.280_085, 0.672_501, 0.047_413],
        [-0.011_820, 0.042_940, 0.968_881],
    ],
];

/// Two colours whose mixtures of light point closer together than this (the cosine of their angle) look alike
/// in a composite, where each is seen in every brightness.
const ALIKE: f64 = 0.97;

/// How wide an image is, in micrometres; none where that is not known.
pub(crate) fn width_um(spec: &ImageSpec) -> Option<f64> {
    let longer = spec.width.max(spec.height) as f64;
    spec.pixel_size_um
        .or_else(|| spec.crop_size_um.map(|size| size / longer))
        .map(|pixel| pixel * spec.width as f64)
}

/// Scale and channels of a model's pictures, for a caption.
pub(crate) fn stated(spec: &ImageSpec, words: &Words) -> String {
    let scale = match width_um(spec) {
        Some(width) => with_name(words.wide, &number(width)),
        None => words.no_scale.to_owned(),
    };
    let channels: Vec<String> = spec
        .channels
        .iter()
        .map(|channel| format!("{} {}", channel.name, channel.colour))
        .collect();
    format!("{scale} · {}", channels.join(", "))
}

/// What a bundle does not say of its images, or says in colours that look alike to many people.
pub(crate) fn missing(spec: &ImageSpec) -> Vec<String> {
    let mut found = Vec::new();
    if width_um(spec).is_none() {
        found.push(
            "its image section has neither pixel_size_um nor crop_size_um, so no picture has a scale bar and \
             captions say that the scale is not known; expected the size of a pixel"
                .to_owned(),
        );
    }
    let nameless: Vec<&str> = spec
        .channels
        .iter()
        .map(|channel| channel.name.as_str())
        .filter(|name| is_nameless(name))
        .collect();
    if !nameless.is_empty() {
        found.push(format!(
            "channels without a name of what is seen ({}), expected names such as DNA or tubulin",
            nameless.join(", ")
        ));
    }
    for (index, channel) in spec.channels.iter().enumerate() {
        for other in spec.channels.iter().skip(index + 1) {
            if looks_alike(channel, other) {
                found.push(format!(
                    "{} ({}) and {} ({}) look alike to people with a red-green deficiency: take magenta and \
                     green, or cyan and orange, for example, or show the channels in grey beside the \
                     composite",
                    channel.name, channel.colour, other.name, other.colour
                ));
            }
        }
    }
    found
}

fn is_nameless(name: &str) -> bool {
    let rest = name.trim().to_lowercase();
    let rest = ["channel", "ch", "c", "w"]
        .iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
        .unwrap_or(&rest)
        .trim_start_matches([' ', '_', '-']);
    rest.chars().all(|c| c.is_ascii_digit())
}

/// Whether two different colours cannot be told apart by people who lack one kind of cones.
fn looks_alike(first: &Channel, second: &Channel) -> bool {
    SEEN.iter().any(|seen| {
        let (a, b) = (seen_as(seen, first.colour), seen_as(seen, second.colour));
        let dot = |a: [f64; 3], b: [f64; 3]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        let lengths = (dot(a, a) * dot(b, b)).sqrt();
        lengths > 0.0 && dot(a, b) / lengths > ALIKE
    })
}

/// A colour's linear light as it is seen, without what no screen can show.
fn seen_as(seen: &[[f64; 3]; 3], Colour { red, green, blue }: Colour) -> [f64; 3] {
    let light = [red, green, blue].map(|part| linear(f64::from(part) / 255.0));
    seen.map(|row| {
        let sum: f64 = row.iter().zip(light).map(|(weight, light)| weight * light).sum();
        sum.clamp(0.0, 1.0)
    })
}

/// The linear light of an sRGB value, both from 0 to 1 (IEC 61966-2-1).
pub(crate) fn linear(value: f64) -> f64 {
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// At most one digit after the point.
fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(colours: [(u8, u8, u8); 2]) -> Vec<String> {
        let mut spec = ImageSpec::bbbc021(64, 64);
        spec.channels.truncate(2);
        for (channel, (red, green, blue)) in spec.channels.iter_mut().zip(colours) {
            channel.colour = Colour { red, green, blue };
        }
        missing(&spec)
    }

    fn look_alike(colours: [(u8, u8, u8); 2]) -> bool {
        of(colours).iter().any(|each| each.contains("look alike"))
    }

    #[test]
    fn red_and_green_look_alike_and_magenta_and_green_do_not() {
        assert!(look_alike([(255, 0, 0), (0, 255, 0)]));
        assert!(!look_alike([(255, 0, 255), (0, 255, 0)]));
        assert!(!look_alike([(255, 0, 0), (0, 0, 255)]));
        assert!(!look_alike([(0, 255, 255), (255, 0, 0)]));
    }

    #[test]
    fn a_bundle_without_scale_or_names_is_told_so() {
        let mut spec = ImageSpec::plain(2, 64, 64);
        let found = missing(&spec);
        assert!(
            found.iter().any(|each| each.contains("pixel_size_um")),
            "{found:?}"
        );
        assert!(
            found.iter().any(|each| each.contains("channel 1, channel 2")),
            "{found:?}"
        );
        spec.pixel_size_um = Some(0.5);
        assert!(!missing(&spec).iter().any(|each| each.contains("pixel_size_um")));
        assert!(
            stated(&spec, &Words::or_english("en")).starts_with("Each picture is 32 µm wide · channel 1 #")
        );
        assert!(!is_nameless("CD4") && !is_nameless("DNA") && is_nameless("w1"));
    }
}
