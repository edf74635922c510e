//! Inputs in order, small, made here; no real data. Hunts start from them.

use std::fs;
use std::io::Cursor;

use anyhow::{Context, Result};
use cellflux_bundle::UNetConfig;
use cellflux_bundle::topology::Topology;
use cellflux_image::lut::Lut;
use cellflux_session::recipe::{ChangeMap, ChannelView, Thousandths, WindowView};
use cellflux_session::{Direction, Recipe, Start, Treatment, View, link};
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tiff::encoder::{Compression, TiffEncoder, colortype};

use crate::corpus;
use crate::model::{self, Kind, SMALLEST};
use crate::targets::{self, checkpoints};

/// Seeds of texts: target, name, content.
const TEXTS: [(&str, &str, &str); 35] = [
    (
        "description",
        "whole-imagej",
        "ImageJ=1.54f\nimages=3\nchannels=3\nmode=composite\nloop=false\n",
    ),
    (
        "description",
        "whole-ome",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OME \
        xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\"><Image ID=\"Image:0\">\
         <Pixels ID=\"Pixels:0\" DimensionOrder=\"XYCZT\" Type=\"uint16\" SizeX=\"4\" SizeY=\"4\" \
         SizeC=\"3\" SizeZ=\"1\" SizeT=\"1\">\
         <Channel ID=\"Channel:0:0\" Name=\"DNA\"/><Channel ID=\"Channel:0:1\" Name=\"tubulin\"/><Channel \
         ID=\"Channel:0:2\" Name=\"actin\"/>\
         <TiffData IFD=\"0\" FirstC=\"0\"/></Pixels></Image></OME>",
    ),
    (
        "description",
        "whole-coloured",
        "<OME><Image><Pixels SizeC=\"3\" SizeZ=\"1\" SizeT=\"1\"><Channel Name=\"Ch1\" Color=\"65535\"/>\
        <Channel Name=\"Ch2\" Color=\"-1\"/><Channel Name=\"Ch3\" Color=\"-16776961\"/><TiffData/></Pixels>\
        </Image></OME>",
    ),
    ("description", "whole-plain", "DAPI"),
    (
        "microscope",
        "whole-imagej",
        "\u{1}\u{1}\0\0\0\u{1}\0\0\0\u{1}\0\0\0\u{1}\0\0\0ImageJ=1.54f\nunit=\\u00B5m\n",
    ),
    (
        "microscope",
        "whole-ome",
        "\u{1}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0<OME><Image><Pixels PhysicalSizeX=\"650\" \
        PhysicalSizeXUnit=\"nm\" PhysicalSizeY=\"0.65\" SizeC=\"2\"><Channel Name=\"DNA\"/>\
        <Channel Name=\"actin\"/></Pixels></Image></OME>",
    ),
    (
        "microscope",
        "nonsense",
        "\u{2}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0<OME><Image><Pixels PhysicalSizeX=\"-1\"/></Image></OME>",
    ),
    ("smiles", "whole-dmso", "CS(=O)C"),
    (
        "smiles",
        "whole-taxol",
        "CC1=C2C(C(=O)C3(C(CC4C(C3C(C(C2(C)C)(CC1OC(=O)C(C(C5=CC=CC=C5)NC(=O)C6=CC=CC=C6)O)O)\
         OC(=O)C7=CC=CC=C7)(CO4)OC(=O)C)O)C)OC(=O)C",
    ),
    ("smiles", "whole-salt", "[Na+].[Cl-].C[N+](C)(C)C"),
    ("smiles", "whole-stereo", "C[C@H](N)C(=O)O/C=C\\F"),
    ("smiles", "whole-aromatic", "Cn1cnc2c1c(=O)n(C)c(=O)n2C"),
    ("smiles", "whole-wildcard", "*c1cc*cc1"),
    ("smiles", "whole-isotope", "[13CH3]C%10CCCCC%10.[2H]O[2H]"),
    (
        "structure",
        "whole-acetate",
        "aspirin's acid part\n\
        \x20 by hand\n\
        \n\
        \x20 4  3  0  0  0  0            999 V2000\n\
        \x20   0.0000    0.0000    0.0000 C   0  0  0  0  0  0  0  0  0  0  0  0\n\
        \x20   1.0000    0.0000    0.0000 C   0  0  0  0  0  0  0  0  0  0  0  0\n\
        \x20   1.5000    0.9000    0.0000 O   0  0  0  0  0  0  0  0  0  0  0  0\n\
        \x20   1.5000   -0.9000    0.0000 O   0  5  0  0  0  0  0  0  0  0  0  0\n\
        \x20 1  2  1  0\n\
        \x20 2  3  2  0\n\
        \x20 2  4  1  0\n\
        M  CHG  1   4  -1\n\
        M  END\n",
    ),
    ("link", "whole-short", "c=taxol"),
    (
        "link",
        "whole-address",
        "https://a.example/x/?y=1#c=taxol&steps=3&solver=dopri5&way=return",
    ),
    (
        "site_toml",
        "whole",
        "title = \"A\"\nabstract = \"B $x$\"\ndate = \"2025-07\"\nurl = \"https://a.example/\"\n\
        offline = true\n[[author]]\nname = \"N\"\norcid = \"0000-0002-1825-0097\"\n\
         affiliations = [\"X\"]\n[[link]]\nlabel = \"Paper\"\nhref = \"https://a.example/p\"\n\
         kind = \"paper\"\n[theme]\naccent = { light = \"#005f73\", dark = \"#94d2bd\" }\n\
         [[bundle]]\npath = \"m\"\n[precompute]\ncompounds = [\"taxol\"]\nsteps = 4\n[[section]]\n\
         id = \"a\"\ntitle = \"T\"\ntext = \"*x*\"\n",
    ),
    ("site_toml", "whole-little", "title = \"A\"\n"),
    (
        "template_page",
        "whole",
        "<title>T</title><h1 class=\"title publication-title\">Cells</h1>\n\
        <div class=\"publication-authors\"><span class=\"author-block\">\
        <a href=\"https://a.example\">Ada One</a><sup>1,*</sup>,</span>\n\
        <span class=\"author-block\">Bo Two<sup>2</sup></span></div>\n\
        <div class=\"publication-authors\"><span class=\"author-block\"><sup>1</sup>One,</span>\
        <span class=\"author-block\"><sup>2</sup>Two<br>A 2026</span>\n\
        <span class=\"eql-cntrb\"><sup>*</sup>Equal contribution</span></div>\n\
        <span class=\"link-block\"><a href=\"https://a.example/x.pdf\">Paper</a></span>\n\
        <h2>Abstract</h2><div><p>One $x$.</p></div><pre><code>@article{a}</code></pre>\n",
    ),
    (
        "markdown",
        "whole",
        "# A {#a .b}\n\nText *e* **s** ~~d~~ `c` $x_1$ [l](https://a.example) <b>h</b>[^1]\n\n\
        [^1]: Note.\n\n$$\\frac{a}{b}$$\n\n\
         | a | b |\n|:--|--:|\n| 1 | 2 |\n\n```rust\nfn f() {}\n```\n\n- [ ] x\n\n> q\n\n1. y\n",
    ),
    (
        "markdown",
        "component",
        "```explorer\npreset = \"a\"\n```\n\n![alt](no.png)\n",
    ),
    (
        "markdown",
        "hostile",
        "<script>x</script>\n[a](javascript:x) <img src=x onerror=y> # H {onclick=z}\n\n$\\text{<b>}$\n",
    ),
    (
        "formula",
        "whole-velocity",
        "\\dot x_t = v_\\theta(x_t, t, c) + \\alpha\\,(v_c - v_\\emptyset)",
    ),
    (
        "formula",
        "whole-align",
        "\\begin{align} a &= \\frac{b}{\\sqrt[3]{c}} \\\\ \\left( d \\right) &= \\color{red} e^{f_g} \
        \\end{align}",
    ),
    (
        "formula",
        "whole-text",
        "\\text{if } x < 1 \\And \\mathbb{R} \\hat{y}",
    ),
    (
        "formula",
        "whole-sum",
        "\\sum_{i=0}^\\infty \\int_0^1 \\begin{pmatrix} 1 & 0 \\\\ 0 & 1 \\end{pmatrix}",
    ),
    (
        "table",
        "whole-plain",
        "IMAGE,CPD_NAME,DOSE,STATE\na.npy,DMSO,0,0\nb.npy,\"taxol, pure\",3.0,1\n",
    ),
    (
        "table",
        "whole-windows",
        "\u{feff}a,b\r\n1,2\r\n\r\n\"x\r\ny\",3\r\n",
    ),
    ("table", "wrong", "a,b\n1\n2,3,4\n"),
    (
        "training_toml",
        "whole-synthetic",
        include_str!("../../configs/synthetic-tiny.toml"),
    ),
    (
        "training_toml",
        "whole-bbbc021",
        include_str!("../../configs/bbbc021-small.toml"),
    ),
    ("manifest", "empty", "{}"),
    ("manifest", "version", "{\"version\": 99}"),
    ("shard", "header", "\u{2}\0\0\0\0\0\0\0{}"),
];

/// Writes all seeds into the corpus.
///
/// # Errors
/// Where one cannot be made or written.
pub fn write() -> Result<()> {
    for (target, name, text) in TEXTS {
        put(target, name, text.as_bytes())?;
    }
    pictures()?;
    visits()?;
    bundles()?;
    checkpoints()?;
    state_dicts()
}

fn put(target: &str, name: &str, content: &[u8]) -> Result<()> {
    let target = targets::named(target).with_context(|| format!("no target is called {target}"))?;
    let folder = corpus::folder(target);
    fs::create_dir_all(&folder).context("cannot make the corpus' folder")?;
    fs::write(folder.join(format!("seed-{name}")), content).context("cannot write a seed")
}

fn pictures() -> Result<()> {
    let bytes: Vec<u8> = (0..8 * 8 * 6).map(|i| (i * 37 % 251) as u8).collect();
    let first = |count: usize| bytes.get(..count).unwrap_or_default();
    for (name, colour, count) in [
        ("grey", ExtendedColorType::L8, 64),
        ("whole-colour", ExtendedColorType::Rgb8, 192),
        ("deep", ExtendedColorType::L16, 128),
        ("whole-clear", ExtendedColorType::Rgba8, 256),
    ] {
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(first(count), 8, 8, colour)?;
        put("png", name, &png)?;
    }
    for (name, colour, count) in [
        ("grey", ExtendedColorType::L8, 64),
        ("whole-colour", ExtendedColorType::Rgb8, 192),
    ] {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 60).write_image(first(count), 8, 8, colour)?;
        put("jpeg", name, &jpeg)?;
    }
    let deep: Vec<u16> = (0..64).map(|i| i * 601 % 4096).collect();
    let float: Vec<f32> = (0..64_u16).map(|i| f32::from(i) / 64.0).collect();
    for (name, compression) in [
        ("plain", Compression::Uncompressed),
        ("lzw", Compression::Lzw),
        ("packbits", Compression::Packbits),
    ] {
        let mut tiff = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut tiff)?.with_compression(compression);
        encoder.write_image::<colortype::Gray16>(8, 8, &deep)?;
        encoder.write_image::<colortype::Gray16>(8, 8, &deep)?;
        put("tiff", name, &tiff.into_inner())?;
    }
    let mut tiff = Cursor::new(Vec::new());
    TiffEncoder::new(&mut tiff)?.write_image::<colortype::Gray32Float>(8, 8, &float)?;
    put("tiff", "float", &tiff.into_inner())?;
    let mut tiff = Cursor::new(Vec::new());
    TiffEncoder::new_big(&mut tiff)?.write_image::<colortype::RGB8>(8, 8, first(192))?;
    put("tiff", "whole-big", &tiff.into_inner())?;
    for (name, kind, shape, count) in [
        ("whole-bytes", "|u1", "(3, 8, 8)", 192),
        ("words", "<u2", "(8, 8)", 128),
        ("float", ">f4", "(8, 4)", 128),
    ] {
        put("npy", name, &npy(kind, shape, first(count)))?;
    }
    Ok(())
}

fn npy(kind: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut npy = b"\x93NUMPY\x01\0".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.into_bytes());
    npy.extend(numbers);
    npy
}

/// Walks of every kind, as recipes' files and as links.
fn visits() -> Result<()> {
    let example = |id: &str| Start::Example(id.into());
    let crop = Start::Crop((0..3 * 8 * 8).collect());
    for (name, kind, start, direction) in [
        ("example", Kind::Control, example("control-1"), Direction::Forward),
        ("typed", Kind::Control, example("control-1"), Direction::Forward),
        ("shown", Kind::Control, example("control-1"), Direction::Forward),
        ("crop", Kind::Control, crop, Direction::Return),
        ("dosed", Kind::Dosed, example("taxol-1"), Direction::Reverse),
        ("noise", Kind::Noise, Start::Noise, Direction::Forward),
    ] {
        let model = model::manifest(kind)?;
        let condition = model.conditions.get("taxol").context("the model has no taxol")?;
        let mut recipe = Recipe::new(&model, start, condition);
        recipe.direction = direction;
        if name == "typed" {
            recipe.condition = Treatment::Typed("C/C=C\\C(=O)[N+](C)(C)C#N".into());
        }
        recipe.view = View {
            step: Some(1),
            hidden: vec![0, 2],
            ..View::default()
        };
        if name == "shown" {
            recipe.view.map = ChangeMap::Speed;
            recipe.view.channels = vec![ChannelView {
                channel: 1,
                window: Some(WindowView {
                    low: Thousandths::new(110),
                    high: Thousandths::new(350),
                }),
                gamma: Some(Thousandths::new(800)),
                lut: Some(Lut::Magenta),
            }];
        }
        recipe.validate(&model)?;
        put("recipe", &format!("whole-{name}"), recipe.to_json()?.as_bytes())?;
        let link = format!("#{}", link::write(&recipe, &model.image)?);
        put("link", &format!("whole-{name}"), link.as_bytes())?;
    }
    Ok(())
}

fn bundles() -> Result<()> {
    for kind in Kind::ALL {
        let name = format!("whole-{}", kind.id());
        put("manifest", &name, &serde_json::to_vec(&model::manifest(kind)?)?)?;
    }
    let evaluation = model::manifest(Kind::Control)?.evaluation;
    put("evaluation", "whole", &serde_json::to_vec(&evaluation)?)?;

    let config = UNetConfig::from_json(SMALLEST)?;
    let parameters = Topology::new(&config).parameters(&config);
    let small: Vec<_> = parameters
        .iter()
        .filter(|parameter| parameter.len() <= 128)
        .take(6)
        .collect();
    let zeros = [0_u8; 512];
    for (name, dtype, width) in [("whole-f16", Dtype::F16, 2), ("f32", Dtype::F32, 4)] {
        let views = small.iter().filter_map(|parameter| {
            let numbers = zeros.get(..width * parameter.len())?;
            let view = TensorView::new(dtype, parameter.shape.clone(), numbers).ok()?;
            Some((parameter.name.as_str(), view))
        });
        put("shard", name, &safetensors::serialize(views, None)?)?;
    }
    let vectors = TensorView::new(Dtype::F32, vec![2, 8], &zeros[..64])?;
    put(
        "shard",
        "vectors",
        &safetensors::serialize([("conditions", vectors)], None)?,
    )
}

fn checkpoints() -> Result<()> {
    let namespace = b"\x80\x02}(X\x05\0\0\0modelccollections\nOrderedDict\n)R\
        X\x04\0\0\0argscargparse\nNamespace\n)\x81}X\x02\0\0\0lrG\x3f\x1a\x36\xe2\xeb\x1c\x43\x2dsb\
        X\x05\0\0\0epochK\x07u.";
    let config = UNetConfig::from_json(SMALLEST)?;
    let parameters = Topology::new(&config).parameters(&config);
    let trained: Vec<(String, Vec<usize>)> = parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), parameter.shape.clone()))
        .collect();
    let averaged: Vec<(String, Vec<usize>)> = parameters
        .iter()
        .enumerate()
        .map(|(number, parameter)| (format!("shadow_params.{number}"), parameter.shape.clone()))
        .collect();
    for (name, pickle) in [
        ("tensor", tensor_pickle(&[("time_embed.0.bias".into(), vec![32])])),
        ("namespace", namespace.to_vec()),
        ("whole-trained", tensor_pickle(&trained)),
        ("whole-averaged", tensor_pickle(&averaged)),
    ] {
        put("pickle", name, &pickle)?;
        put("checkpoint", name, &checkpoints::around(&pickle)?)?;
    }
    Ok(())
}

/// `{"model": OrderedDict(tensors)}` as `torch.save` writes it.
fn tensor_pickle(tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}".to_vec();
    text(&mut pickle, "model");
    dictionary(&mut pickle, tensors, false);
    pickle.extend(b"s.");
    pickle
}

/// `OrderedDict(tensors)`; every tensor shows the first number of one storage of 32. `old` puts `None` behind
/// the storage's length, as the format before `PyTorch` 1.6 does.
fn dictionary(pickle: &mut Vec<u8>, tensors: &[(String, Vec<usize>)], old: bool) {
    pickle.extend(b"ccollections\nOrderedDict\n)R(");
    for (name, shape) in tensors {
        text(pickle, name);
        pickle.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(pickle, "storage");
        pickle.extend(b"ctorch\nFloatStorage\n");
        text(pickle, "0");
        text(pickle, "cpu");
        pickle.extend(b"K\x20");
        if old {
            pickle.push(b'N');
        }
        pickle.extend(b"tQK\0(");
        for side in shape {
            pickle.push(b'M');
            pickle.extend((*side as u16).to_le_bytes());
        }
        pickle.extend(b"t(");
        pickle.extend(b"K\0".repeat(shape.len()));
        pickle.extend(b"t\x89ccollections\nOrderedDict\n)RtR");
    }
    pickle.push(b'u');
}

fn text(pickle: &mut Vec<u8>, text: &str) {
    pickle.push(b'X');
    pickle.extend((text.len() as u32).to_le_bytes());
    pickle.extend(text.as_bytes());
}

/// State dicts of another network, in today's format and in the one before `PyTorch` 1.6.
fn state_dicts() -> Result<()> {
    let tensors: Vec<(String, Vec<usize>)> = checkpoints::OTHER
        .iter()
        .map(|(name, shape)| ((*name).to_owned(), shape.to_vec()))
        .collect();
    let pickle = |old| {
        let mut pickle = b"\x80\x02".to_vec();
        dictionary(&mut pickle, &tensors, old);
        pickle.push(b'.');
        pickle
    };
    put("state_dict", "whole-zip", &checkpoints::around(&pickle(false))?)?;

    // A number that marks the format, its version, the byte order, the state dict, the storages' keys, and
    // for each its count of numbers and the numbers.
    let mut old = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}(".to_vec();
    text(&mut old, "little_endian");
    old.extend(b"\x88u.");
    old.extend(pickle(true));
    old.extend(b"\x80\x02](");
    text(&mut old, "0");
    old.extend(b"e.");
    old.extend(32_i64.to_le_bytes());
    old.extend([0; 128]);
    put("state_dict", "whole-old", &old)
}
