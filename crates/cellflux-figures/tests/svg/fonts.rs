//! Where the letters of a chart lie in fonts that people have.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use usvg::fontdb::Database;
use usvg::{Group, Node, Options, Tree};

use super::{Text, Texts};

/// Families that most systems have, and where Debian's packages put them.
const FONTS: [(&str, [&str; 2]); 2] = [
    (
        "DejaVu Sans",
        ["dejavu/DejaVuSans.ttf", "dejavu/DejaVuSans-Bold.ttf"],
    ),
    (
        "Liberation Sans",
        [
            "liberation/LiberationSans-Regular.ttf",
            "liberation/LiberationSans-Bold.ttf",
        ],
    ),
];

/// The families that are here, each alone.
pub fn installed() -> Vec<(&'static str, Arc<Database>)> {
    let folder = Path::new("/usr/share/fonts/truetype");
    let read = |&(family, files): &(&'static str, [&str; 2])| {
        let mut database = Database::new();
        for file in files {
            database.load_font_data(fs::read(folder.join(file)).ok()?);
        }
        database.set_sans_serif_family(family);
        Some((family, Arc::new(database)))
    };
    FONTS.iter().filter_map(read).collect()
}

impl Texts {
    /// The texts of a file with the boxes that their letters fill in a font; what is wrong with it is an
    /// error.
    pub fn in_font(svg: &str, family: &str, fonts: &Arc<Database>) -> Result<Self, String> {
        let options = Options {
            font_family: family.to_owned(),
            fontdb: Arc::clone(fonts),
            ..Options::default()
        };
        let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
        let mut list = Vec::new();
        gather(tree.root(), &mut list);
        let size = tree.size();
        Ok(Self {
            list,
            size: (f64::from(size.width()), f64::from(size.height())),
        })
    }
}

fn gather(group: &Group, list: &mut Vec<Text>) {
    for node in group.children() {
        match node {
            Node::Group(group) => gather(group, list),
            Node::Text(text) => {
                let letters = text.flattened().abs_bounding_box();
                let [left, top, right, bottom] =
                    [letters.left(), letters.top(), letters.right(), letters.bottom()].map(f64::from);
                list.push(Text {
                    words: text.chunks().iter().map(usvg::TextChunk::text).collect(),
                    left,
                    top,
                    right,
                    bottom,
                });
            }
            _ => {}
        }
    }
}
