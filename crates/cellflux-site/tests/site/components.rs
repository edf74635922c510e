//! Components as the page shows them.

use std::fs;

use crate::parts::{build, files, project, project_of, read};

fn page(text: &str) -> String {
    let home = project(&format!("[[section]]\nid = \"one\"\ntext = '''\n{text}\n'''\n"));
    fs::write(home.path().join("r.csv"), "method,FID\nA & B,12.5\nC,3\n").unwrap();
    // A picture that browsers show.
    fs::copy(
        home.path().join("bundle/samples/synthetic-1.png"),
        home.path().join("x.png"),
    )
    .unwrap();
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
        "```{figure}\nfile = \"x.png\"\nalt = \"Two cells\"\nlicence = \"CC BY 4.0\"\n```\n\n```{quote}\n\
        text = \"Q\"\nby = \"B\"\n```",
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

#[test]
fn the_best_row_is_set_bold_and_its_numbers_keep_their_side() {
    let home = project(
        "[[section]]\nid = \"one\"\ntext = '''\n```{table}\nfile = \"r.csv\"\n\
        caption = \"Best in **bold**\"\n```\n'''\n",
    );
    fs::write(
        home.path().join("r.csv"),
        "method,FID\r\nA,12.5\r\n**ours**,**3.1**\r\nB,—\r\n",
    )
    .unwrap();
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    assert!(
        page.contains("<td class=\"right\"><strong>3.1</strong></td>"),
        "{page}"
    );
    assert!(page.contains("<td class=\"right\">—</td>"), "{page}");
    assert!(
        page.contains("<figcaption>Best in <strong>bold</strong></figcaption>"),
        "{page}"
    );
}

#[test]
fn the_pages_own_words_are_in_its_language_or_in_another_that_is_named() {
    let built = |settings: &str| {
        let home = project("[[author]]\nname = \"A\"\norcid = \"https://orcid.org/0000-0002-1825-0097\"\n");
        let path = home.path().join("site.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{settings}\nabstract = \"X\"\n{text}")).unwrap();
        build(home.path())
            .map(|built| (read(home.path(), "index.html"), built.advice.join("\n")))
            .map_err(|error| error.to_string())
    };
    let (french, _) = built("language = \"fr\"").unwrap();
    assert!(
        french.contains("<h2>Résumé</h2>") && french.contains("Aller au contenu"),
        "{french}"
    );
    assert!(
        french.contains("href=\"https://orcid.org/0000-0002-1825-0097\""),
        "{french}"
    );
    let (chinese, _) = built("language = \"zh\"").unwrap();
    assert!(
        chinese.contains("<html lang=\"zh\">") && chinese.contains("<h2>摘要</h2>"),
        "{chinese}"
    );
    let refused = built("language = \"tlh\"").unwrap_err();
    assert!(
        refused
            .contains("site.toml:1: language \"tlh\": the page's own words are in en, de, fr, es, zh only"),
        "{refused}"
    );
    let (unknown, _) = built("language = \"tlh\"\nwords = \"de\"").unwrap();
    assert!(
        unknown.contains("<html lang=\"tlh\">") && unknown.contains("<h2>Zusammenfassung</h2>"),
        "{unknown}"
    );
    let refused = built("words = \"tlh\"").unwrap_err();
    assert!(
        refused.contains("site.toml:1: words \"tlh\", expected one of en, de, fr, es, zh"),
        "{refused}"
    );
}

#[test]
fn a_table_that_cannot_be_read_is_refused_with_its_line_and_what_it_is() {
    for (content, expected) in [
        (
            &b"method,FID\r\n\r\n\"a\r\nb\",1\r\nc\r\n"[..],
            "line 5: 1 cells, expected 2",
        ),
        (b"FID,FID\n1,2\n", "two columns called \"FID\""),
        (b"method,FID\nM\xfcller,1\n", "line 2: byte 0xfc is not UTF-8"),
        (b"PK\x03\x04", ".xlsx"),
        (b"", "has no header"),
    ] {
        let home = project("[[section]]\nid = \"one\"\ntext = '''\n```{table}\nfile = \"r.csv\"\n```\n'''\n");
        fs::write(home.path().join("r.csv"), content).unwrap();
        let error = build(home.path()).unwrap_err().to_string();
        assert!(error.contains("site.toml:"), "{error}");
        assert!(error.contains("r.csv") && error.contains(expected), "{error}");
    }
}

#[test]
fn a_lab_brings_its_settings_its_element_and_its_worker_and_no_explorer_s() {
    let home = project(
        "[[section]]\nid = \"one\"\ntext = '''\n```{lab}\nseed = 3\nlearning = { batch = 64 }\n[view]\n\
        steps = 8\n```\n'''\n",
    );
    build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    let lab = page.split("<cellflux-lab").nth(1).unwrap();
    for part in [
        "seed&quot;:3,",
        "batch&quot;:64,",
        "steps&quot;:8,",
        "kind&quot;:&quot;moons",
    ] {
        assert!(lab.contains(part), "{part} in {lab}");
    }
    assert!(
        page.contains("src=\"web/lab/lab-") && !page.contains("explorer-"),
        "{page}"
    );
    let names = files(&home.path().join("dist"));
    let published = |part: &str| names.iter().any(|path| path.contains(part));
    assert!(published("cellflux_lab_wasm_bg") && !published("cellflux_wasm_bg"));
}

#[test]
fn a_lab_that_cannot_be_is_refused_with_its_line_and_the_reason() {
    for (settings, reason) in [
        ("seed = -1", "expected u32"),
        ("colour = \"red\"", "unknown field `colour`"),
        ("learning = { rate = 1000 }", "learning.rate is 1000"),
        ("[view]\nsteps = 0", "view.steps has 0 steps"),
        ("[view]\ncondition = 3", "condition 3 does not exist"),
    ] {
        let home = project(&format!(
            "[[section]]\nid = \"one\"\ntext = '''\n```{{lab}}\n{settings}\n```\n'''\n"
        ));
        let error = build(home.path()).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("site.toml"), "{error}");
    }
}

const LESSON: &str = "```{lab}\nnetwork = { widths = [8] }\n```\n\n```{lesson}\nname = \"euler\"\n\
    title = \"Steps\"\nlook = \"Look at $x$.\"\n[lab]\nlearn = 2\nnetwork = { widths = [8] }\n\
    view = { solver = \"euler\", steps = 3 }\n[question]\nkind = \"number\"\nask = \"How many?\"\n\
    quantity = \"evaluations\"\n```";

#[test]
fn a_lesson_brings_its_state_and_its_question_and_its_answer_stays_out_of_the_site() {
    let home = project(&format!("[[section]]\nid = \"one\"\ntext = '''\n{LESSON}\n'''\n"));
    let built = build(home.path()).unwrap();
    let page = read(home.path(), "index.html");
    let lesson = page.split("<cellflux-lesson").nth(1).unwrap();
    for part in [
        " id=\"lesson-euler\"",
        "target=\"lab-1\"",
        "learn&quot;:2",
        "quantity&quot;:&quot;evaluations",
        "<math",
    ] {
        assert!(lesson.contains(part), "{part} in {lesson}");
    }
    assert!(page.contains("src=\"web/lesson/lesson-"), "{page}");
    let key = built.answer_key.unwrap();
    assert!(key.contains("computed at build: 3.000000"), "{key}");
    assert!(
        !files(&home.path().join("dist"))
            .iter()
            .any(|path| path.contains("answers.md"))
    );
}

#[test]
fn a_lesson_that_cannot_be_is_refused_with_its_line_and_the_nearest_name() {
    let lab = "```{lab}\nnetwork = { widths = [8] }\n```\n\n";
    let begun = "```{lesson}\nname = \"a\"\ntitle = \"A\"\n";
    for (before, rest, reason) in [
        (
            "",
            "look = \"x\"\n[lab]\nlearn = 0",
            "no lab stands above this lesson",
        ),
        (
            lab,
            "look = \"x\"\n[explorer]\ncompound = \"taxol\"",
            "no explorer stands above",
        ),
        (
            lab,
            "look = \"A. B. C. D.\"\n[lab]",
            "look has 4 sentences, expected at most 3",
        ),
        (
            lab,
            "look = \"x\"\non = \"lab-2\"\n[lab]",
            "on = \"lab-2\", did you mean \"lab-1\"?",
        ),
        (
            lab,
            "look = \"x\"\n[lab]\nlearn = -1",
            "expected a number of steps from 0 to 5000",
        ),
        (lab, "look = \"x\"", "expected either [explorer] or [lab]"),
        (
            lab,
            "lok = \"x\"\n[lab]",
            "unknown name `lok`, did you mean \"look\"?",
        ),
        (
            lab,
            "look = \"x\"\n[lab]\n[question]\nkind = \"number\"\nask = \"?\"\nquantity = \"straightnes\"",
            "did you mean \"straightness\"?",
        ),
        (
            lab,
            "look = \"x\"\n[lab]\n[question]\nkind = \"choise\"\nask = \"?\"\nquantity = \"loss\"",
            "did you mean \"choice\"?",
        ),
        (
            "```{explorer}\n```\n\n",
            "look = \"x\"\n[explorer]\ncompound = \"taxoll\"",
            "has no compound \"taxoll\", did you mean \"taxol\"?",
        ),
        (
            "```{explorer}\n```\n\n",
            "look = \"x\"\n[explorer]\ncompond = \"taxol\"",
            "unknown name `compond`, did you mean \"compound\"?",
        ),
        (
            lab,
            "look = \"x\"\n[lab]\nview = { steps = 4, solver = \"euler\" }\n[question]\nkind = \"choice\"\n\
             ask = \"?\"\nquantity = \"evaluations\"\noptions = [{ words = \"few\", most = 3 }, \
             { words = \"many\", least = 5 }]",
            "0 options are right (evaluations = 4.0000), expected one",
        ),
    ] {
        let home = project(&format!(
            "[[section]]\nid = \"one\"\ntext = '''\n{before}{begun}{rest}\n```\n'''\n"
        ));
        let error = build(home.path()).unwrap_err().to_string();
        assert!(
            error.contains(reason) && error.contains("site.toml:"),
            "{reason}: {error}"
        );
    }
}

#[test]
fn with_other_weights_a_lesson_has_another_answer() {
    let text = "[[section]]\nid = \"one\"\ntext = '''\n```{explorer}\n```\n\n```{lesson}\nname = \"a\"\n\
        title = \"A\"\nlook = \"x\"\n[explorer]\ncompound = \"taxol\"\nsolver = \"euler\"\nsteps = 2\n\
        at = 1\n[question]\nkind = \"number\"\nask = \"?\"\nquantity = \"velocity_norm\"\n```\n'''\n";
    // The same values, neighbours exchanged.
    let weight = |i: usize| (i * 37 % 101) as f32 / 1000.0 - 0.05;
    let [before, after] = [0, 1].map(|exchange| {
        let home = project_of(|i| weight(i ^ exchange), text);
        let key = build(home.path()).unwrap().answer_key.unwrap();
        let (_, number) = key.split_once("computed at build: ").unwrap();
        number.lines().next().unwrap().parse::<f64>().unwrap()
    });
    assert!(
        before > 0.0 && (after - before).abs() > 0.05 * before,
        "{before} {after}"
    );
}
