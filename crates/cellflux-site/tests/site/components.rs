//! Components as they come out in the page.

use std::fs;

use crate::parts::{build, control, project, read};

fn page(text: &str) -> String {
    let home = project(&format!("[[section]]\nid = \"one\"\ntext = '''\n{text}\n'''\n"));
    fs::write(home.path().join("r.csv"), "method,FID\nA & B,12.5\nC,3\n").unwrap();
    fs::write(home.path().join("x.png"), control()).unwrap();
    build(home.path()).unwrap();
    read(home.path(), "index.html")
}

#[test]
fn pictures_from_the_model_name_their_source_and_licence_and_say_that_they_are_generated() {
    for component in [
        "```{slider}\ncompound = \"taxol\"\n```",
        "```{strip}\ncompound = \"taxol\"\nframes = 3\n```",
        "```{gallery}\ncompounds = [\"taxol\", \"cycloheximide\"]\n```",
    ] {
        let page = page(component);
        assert!(
            page.contains("Generated, not measured. Control: drawn by a program; CC0-1.0"),
            "{page}"
        );
        assert!(
            page.contains("src=\"pictures/") && page.contains("width=\"16\" height=\"16\""),
            "{page}"
        );
    }
}

#[test]
fn a_table_of_results_aligns_its_numbers() {
    let page = page("```{table}\nfile = \"r.csv\"\ncaption = \"Scores\"\n```");
    assert!(
        page.contains("<th scope=\"col\" class=\"right\">FID</th>"),
        "{page}"
    );
    assert!(
        page.contains("<td>A &amp; B</td><td class=\"right\">12.5</td>"),
        "{page}"
    );
}

#[test]
fn a_figure_has_its_words_and_its_file_a_name_of_its_content() {
    let page = page(
        "```{figure}\nfile = \"x.png\"\nalt = \"Two cells\"\nlicence = \"CC BY 4.0\"\n```\n\n```{quote}\ntext = \"Q\"\nby = \"B\"\n```",
    );
    assert!(
        page.contains("<img src=\"files/x-") && page.contains("alt=\"Two cells\""),
        "{page}"
    );
    assert!(
        page.contains("CC BY 4.0") && page.contains("<blockquote><p>Q</p>"),
        "{page}"
    );
}

#[test]
fn a_second_explorer_leaves_the_address_to_the_first_and_parts_can_be_hidden() {
    let page = page(
        "```{explorer}\nhide = [\"settings\", \"keep\"]\n```\n\n```{explorer}\ncompound = \"taxol\"\n```",
    );
    let explorers: Vec<&str> = page.split("<cellflux-explorer").skip(1).collect();
    assert_eq!(explorers.len(), 2);
    assert!(
        explorers[0].contains("hide=\"settings keep\"") && !explorers[0].contains(" address="),
        "{page}"
    );
    assert!(
        explorers[1].contains(" address=\"embed.html?model=bundle\""),
        "{page}"
    );
}
