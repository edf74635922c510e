//! What an anonymous page leaves out of its settings.

use super::Config;
use crate::address::{self, Target};
use crate::identity::Doi;

impl Config {
    /// Takes out what says whose page it is: authors with their mail addresses, the page's address, DOI,
    /// reference, and links that lead to other sites. Links to files, to places on the page and to the
    /// site's other pages stay.
    pub fn hide_authors(&mut self) {
        self.authors.clear();
        self.url = None;
        self.doi = Doi::default();
        self.bibtex.clear();
        self.links.retain(|link| {
            let href = link.href.get_ref();
            href.starts_with('#') || matches!(address::target(href), Target::File(..))
        });
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{FILE, Project};

    #[test]
    fn settings_without_names_keep_the_text_and_what_leads_nowhere_else() {
        let mut config: Config = toml::from_str(
            r##"
                title = "T"
                subtitle = "S"
                url = "https://a.example/"
                doi = "10.1000/x"
                bibtex = "@misc{a}"
                [[author]]
                name = "Ada Example"
                email = "ada@uni.example"
                [[link]]
                label = "Code"
                href = "https://a.example/code"
                [[link]]
                label = "Paper"
                href = "paper.pdf"
                [[link]]
                label = "Try"
                href = "#try"
            "##,
        )
        .unwrap();
        config.hide_authors();
        assert!(config.authors.is_empty() && config.url.is_none() && config.bibtex.is_empty());
        assert_eq!(config.doi.as_str(), "");
        assert_eq!(config.subtitle, "S");
        let labels: Vec<&str> = config.links.iter().map(|link| link.label.as_str()).collect();
        assert_eq!(labels, ["Paper", "Try"]);
    }

    #[test]
    fn an_address_given_beside_the_settings_is_said_only_where_the_page_has_names() {
        let home = tempfile::tempdir().unwrap();
        for (settings, said) in [("", true), ("anonymous = true\n", false)] {
            let text = format!("title = \"T\"\n{settings}[[bundle]]\npath = \"b\"\n");
            fs::write(home.path().join(FILE), text).unwrap();
            let mut project = Project::read(home.path()).unwrap();
            project.set_url("https://ada.example/page/").unwrap();
            assert_eq!(project.config.url.is_some(), said, "{settings}");
            assert_eq!(project.unsaid_url.is_some(), !said, "{settings}");
        }
    }
}
