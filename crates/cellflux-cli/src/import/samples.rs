//! The crops of a bundle: files that the author names, and controls that a procedure draws.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use cellflux_bundle::gallery::{Example, Gallery};
use cellflux_data::synthetic::LICENCE;
use cellflux_image::assign::{Assignment, PlaneRef};
use cellflux_image::coding::Meaning;
use cellflux_image::crop::{self, Crop};
use cellflux_image::picture::Depth;
use cellflux_image::spec::ImageSpec;
use cellflux_image::synthetic::CHANNELS;
use cellflux_image::{ImageError, coded_png, decode};

use super::about::{About, SyntheticControl};

/// Reads and draws the crops that `about` names into `assets`, and lists them. `untreated` is the id of the
/// untreated state.
pub fn gather(
    about: &About,
    untreated: Option<&str>,
    assets: &mut BTreeMap<String, Vec<u8>>,
) -> anyhow::Result<Gallery> {
    let mut gallery = Gallery {
        controls: about.controls.clone(),
        treated: about.treated.clone(),
    };
    for example in gallery.controls.iter_mut().chain(&mut gallery.treated) {
        let path = about.folder.join(&example.file);
        let shown = path.display();
        let bytes = cellflux_files::read(&path).with_context(|| format!("{shown}: cannot be read"))?;
        let coded = coded(&about.image, &example.file, &bytes).with_context(|| format!("{shown}"))?;
        example.file = format!("samples/{}.png", example.id);
        assets.insert(example.file.clone(), coded_png::write(&about.image, &coded)?);
    }
    for control in &about.synthetic_controls {
        let (example, png) = draw(control, &about.image, untreated)
            .with_context(|| format!("synthetic control {}", control.id))?;
        assets.insert(example.file.clone(), png);
        gallery.controls.push(example);
    }
    Ok(gallery)
}

/// A crop's coded bytes. A PNG is the model's own; of an array or a microscope's file the middle is cut out,
/// whose planes are the model's channels in their order and whose 8-bit numbers are the model's coded ones.
fn coded(spec: &ImageSpec, name: &str, bytes: &[u8]) -> Result<Vec<u8>, ImageError> {
    let is_png = bytes.starts_with(b"\x89PNG");
    if is_png {
        return coded_png::read(spec, name, bytes);
    }
    let pictures = [decode(name, bytes)?];
    let planes = (0..spec.channels.len())
        .map(|plane| PlaneRef { picture: 0, plane })
        .collect();
    let assignment = Assignment::new(planes, &pictures, spec)?;
    let [picture] = &pictures;
    let meaning = (picture.depth == Depth::Eight).then_some(Meaning::Coded);
    let middle = Crop::centred(picture.width(), picture.height(), spec);
    crop::cut(spec, &pictures, &assignment, middle, meaning).map(|crop| crop.bytes)
}

fn draw(
    control: &SyntheticControl,
    image: &ImageSpec,
    untreated: Option<&str>,
) -> anyhow::Result<(Example, Vec<u8>)> {
    let drawn_as = ImageSpec::bbbc021(image.height, image.width);
    ensure!(
        image.channels.len() == CHANNELS && image.coding == drawn_as.coding,
        "the procedure draws actin, tubulin and DNA in the square-root coding of 4095, which is not this \
        model's"
    );
    let untreated = untreated.context("no compound is marked as control, expected one with control: yes")?;
    let coded = control.cell.render(image.height, image.width)?;
    let example = Example {
        id: control.id.clone(),
        file: format!("samples/{}.png", control.id),
        condition: untreated.to_owned(),
        dose_um: None,
        batch: control.batch.clone(),
        plate: None,
        well: None,
        source: format!(
            "synthetic: drawn by cellflux-image's procedure from seed {}; no cell was imaged",
            control.cell.seed
        ),
        licence: LICENCE.to_owned(),
        synthetic: true,
        split: None,
    };
    Ok((example, coded_png::write(image, &coded)?))
}
