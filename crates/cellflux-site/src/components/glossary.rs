//! What the measures of an evaluation mean: one sentence for each word that heads a column, folded below the
//! tables, to which the headings lead.

use crate::html::escape;
use crate::ids::Ids;
use crate::place::Place;
use crate::words::{LANGUAGES, Words, with_name};

/// A word of the tables.
struct Entry {
    /// Its name in data and in ids.
    name: &'static str,
    /// Its name for people.
    label: fn(&Words) -> &'static str,
    /// Where the paper has it, or nothing.
    paper: &'static str,
    /// What it means, in the order of [`LANGUAGES`]; `{}` stands for what the data's cells are.
    says: [&'static str; LANGUAGES.len()],
}

/// The measure that explains another, and stands in no heading of its own.
const WASSERSTEIN: &str = "wasserstein";
const EXPLAINED_BY_IT: &str = "gap_closed";

/// Every word, in the order of the tables.
const ENTRIES: [Entry; 19] = [
    Entry {
        name: "starts",
        label: |words| words.starts,
        paper: "",
        says: [
            "How many different control cells the generated cells start from.",
            "Bei wie vielen verschiedenen Kontrollzellen die erzeugten Zellen beginnen.",
            "De combien de cellules de contrôle différentes partent les cellules générées.",
            "De cuántas células de control distintas parten las células generadas.",
            "生成的细胞从多少个不同的对照细胞开始。",
        ],
    },
    Entry {
        name: EXPLAINED_BY_IT,
        label: |words| words.gap_closed,
        paper: "",
        says: [
            "How much of the way from controls to {} treated cells the generated cells go: 0 % is a copy \
             of the control, 100 % the whole change.",
            "Welchen Teil des Weges von Kontrollen zu {}en behandelten Zellen die erzeugten gehen: 0 % ist \
             eine Kopie der Kontrolle, 100 % die ganze Veränderung.",
            "Quelle part du chemin des contrôles aux cellules traitées {} les cellules générées font : \
             0 % est une copie du contrôle, 100 % tout le changement.",
            "Qué parte del camino de los controles a las células tratadas {} recorren las generadas: 0 % \
             es una copia del control, 100 % todo el cambio.",
            "生成的细胞走过了从对照到{}处理后细胞的多少路程：0 % 为对照的复制，100 % 为全部变化。",
        ],
    },
    Entry {
        name: WASSERSTEIN,
        label: |words| words.wasserstein,
        paper: "",
        says: [
            "How far, on average, the values of one set of cells must be moved to become those of another; \
             the share of the change is computed from it.",
            "Wie weit die Werte einer Menge von Zellen im Mittel zu verschieben sind, damit sie die einer \
             anderen werden; daraus wird der Anteil der Veränderung berechnet.",
            "De combien il faut déplacer, en moyenne, les valeurs d’un ensemble de cellules pour obtenir \
             celles d’un autre ; la part du changement en est calculée.",
            "Cuánto hay que mover, de media, los valores de un conjunto de células para que sean los de \
             otro; de ella se calcula la parte del cambio.",
            "平均而言，一组细胞的数值要移动多远才能成为另一组的数值；变化的份额由此计算。",
        ],
    },
    Entry {
        name: "direction",
        label: |words| words.direction,
        paper: "",
        says: [
            "Whether generated cells change in the same way as {} ones, however strongly: 1 is the same \
             direction, 0 an unrelated one, −1 the opposite.",
            "Ob sich erzeugte Zellen auf dieselbe Weise verändern wie {}e, gleich wie stark: 1 ist \
             dieselbe Richtung, 0 eine andere ohne Bezug, −1 die entgegengesetzte.",
            "Si les cellules générées changent de la même façon que les {}, quelle que soit l’ampleur : \
             1 est la même direction, 0 une direction sans rapport, −1 l’opposée.",
            "Si las células generadas cambian del mismo modo que las {}, sea cuanto sea: 1 es la misma \
             dirección, 0 una sin relación, −1 la opuesta.",
            "生成的细胞是否与{}细胞以同样的方式变化，不论强弱：1 为同一方向，0 为无关方向，−1 为相反方向。",
        ],
    },
    Entry {
        name: "side_change",
        label: |words| words.side_change,
        paper: "",
        says: [
            "How much generated cells change what the compound leaves unchanged in {} cells, in standard \
             deviations (sd) of the controls: 0 is right.",
            "Wie stark erzeugte Zellen verändern, was die Substanz in {}en Zellen unverändert lässt, in \
             Standardabweichungen (SD) der Kontrollen: 0 ist richtig.",
            "De combien les cellules générées changent ce que le composé laisse inchangé dans les cellules \
             {}, en écarts types des contrôles : 0 est juste.",
            "Cuánto cambian las células generadas lo que el compuesto deja igual en las células {}, en \
             desviaciones típicas (DE) de los controles: 0 es lo correcto.",
            "生成的细胞在多大程度上改变了化合物在{}细胞中不改变的东西，以对照的标准差计：0 为正确。",
        ],
    },
    Entry {
        name: "fine_detail",
        label: |words| words.fine_detail,
        paper: "",
        says: [
            "How grainy generated pictures are beside {} ones: 1 is right, 2 twice as grainy, below 1 too \
             smooth.",
            "Wie körnig erzeugte Bilder neben {}en sind: 1 ist richtig, 2 doppelt so körnig, unter 1 zu \
             glatt.",
            "Le grain des images générées par rapport aux {} : 1 est juste, 2 deux fois plus de grain, \
             moins de 1 trop lisse.",
            "Cuánto grano tienen las imágenes generadas frente a las {}: 1 es lo correcto, 2 el doble de \
             grano, menos de 1 demasiado lisas.",
            "生成的图像与{}图像相比有多粗糙：1 为正确，2 为两倍粗糙，小于 1 为过于平滑。",
        ],
    },
    Entry {
        name: "frechet",
        label: |words| words.frechet,
        paper: "§ 4.2, FID",
        says: [
            "How far apart two sets of cells are in the means and the spreads of their features (FID, where \
             the features are those of the Inception network): smaller is better.",
            "Wie weit zwei Mengen von Zellen in Mitteln und Streuungen ihrer Merkmale auseinander liegen \
             (FID bei Merkmalen des Inception-Netzes): kleiner ist besser.",
            "L’écart de deux ensembles de cellules en moyennes et dispersions de leurs caractéristiques (FID \
             pour celles du réseau Inception) : plus c’est petit, mieux c’est.",
            "Cuánto distan dos conjuntos de células en las medias y dispersiones de sus características (FID \
             con las de la red Inception): cuanto menor, mejor.",
            "两组细胞在特征的均值和离散程度上相距多远（特征来自 Inception 网络时即 FID）：越小越好。",
        ],
    },
    Entry {
        name: "kid",
        label: |words| words.kid,
        paper: "§ 4.2, KID",
        says: [
            "How much more alike two cells of one set are than two of different sets (KID): smaller is \
             better, about 0 for sets that do not differ, and by chance below 0.",
            "Wie viel ähnlicher sich zwei Zellen einer Menge sind als zwei verschiedener Mengen (KID): \
             kleiner ist besser, etwa 0 ohne Unterschied, durch Zufall auch unter 0.",
            "De combien deux cellules d’un ensemble se ressemblent plus que deux d’ensembles différents \
             (KID) : plus c’est petit, mieux c’est, environ 0 sans différence, par hasard moins de 0.",
            "Cuánto más se parecen dos células de un conjunto que dos de conjuntos distintos (KID): cuanto \
             menor, mejor, cerca de 0 sin diferencia, por azar menos de 0.",
            "同组的两个细胞比不同组的两个细胞相似多少（KID）：越小越好，无差异时约为 0，偶然也会小于 0。",
        ],
    },
    Entry {
        name: "kid_by_condition",
        label: |words| words.kid_by_condition,
        paper: "§ 4.2, KIDc",
        says: [
            "The mean of the kernel distances that are measured within each compound: it is large where a \
             network confuses compounds.",
            "Das Mittel der Kernabstände, die innerhalb jeder Substanz gemessen sind: Es ist groß, wo ein \
             Netz Substanzen verwechselt.",
            "La moyenne des distances à noyau mesurées au sein de chaque composé : elle est grande si le \
             réseau confond les composés.",
            "La media de las distancias de núcleo medidas dentro de cada compuesto: es grande si la red \
             confunde los compuestos.",
            "在每个化合物内测得的核距离的平均：网络混淆化合物时较大。",
        ],
    },
    Entry {
        name: "precision",
        label: |words| words.precision,
        paper: "",
        says: [
            "The share of generated cells that lie among {} ones: do they look {}?",
            "Der Anteil der erzeugten Zellen, die unter {}en liegen: Sehen sie {} aus?",
            "La part des cellules générées qui se trouvent parmi les {} : ont-elles l’air {} ?",
            "La parte de las células generadas que están entre las {}: ¿parecen {}?",
            "位于{}细胞之中的生成细胞的份额：它们看起来像{}细胞吗？",
        ],
    },
    Entry {
        name: "recall",
        label: |words| words.recall,
        paper: "",
        says: [
            "The share of {} cells that lie among generated ones: is every kind of {} cell made?",
            "Der Anteil der {}en Zellen, die unter erzeugten liegen: Entsteht jede Art {}er Zellen?",
            "La part des cellules {} qui se trouvent parmi les générées : chaque sorte est-elle \
             produite ?",
            "La parte de las células {} que están entre las generadas: ¿se produce cada clase?",
            "位于生成细胞之中的{}细胞的份额：每一种{}细胞都生成了吗？",
        ],
    },
    Entry {
        name: "density",
        label: |words| words.density,
        paper: "",
        says: [
            "How closely {} cells surround the generated ones: about 1 for more {} cells.",
            "Wie dicht {}e Zellen die erzeugten umgeben: etwa 1 bei weiteren {}en Zellen.",
            "À quel point les cellules {} entourent les générées : environ 1 pour d’autres {}.",
            "Cuán cerca rodean las células {} a las generadas: cerca de 1 con otras {}.",
            "{}细胞有多密集地围绕生成的细胞：换作其他{}细胞约为 1。",
        ],
    },
    Entry {
        name: "coverage",
        label: |words| words.coverage,
        paper: "",
        says: [
            "The share of {} cells that have a generated one among their nearest neighbours: 1 is best.",
            "Der Anteil der {}en Zellen, die eine erzeugte unter ihren nächsten Nachbarn haben: 1 ist am \
             besten.",
            "La part des cellules {} qui ont une générée parmi leurs plus proches voisines : 1 est le \
             mieux.",
            "La parte de las células {} que tienen una generada entre sus vecinas más cercanas: 1 es lo \
             mejor.",
            "最近邻中有生成细胞的{}细胞的份额：1 为最好。",
        ],
    },
    Entry {
        name: "energy",
        label: |words| words.energy,
        paper: "",
        says: [
            "How much farther two cells of different sets are from each other than two of one set: smaller \
             is better.",
            "Wie viel weiter zwei Zellen verschiedener Mengen voneinander entfernt sind als zwei einer \
             Menge: kleiner ist besser.",
            "De combien deux cellules d’ensembles différents sont plus éloignées que deux d’un même : plus \
             c’est petit, mieux c’est.",
            "Cuánto más lejos están dos células de conjuntos distintos que dos de uno mismo: cuanto menor, \
             mejor.",
            "不同组的两个细胞比同组的两个细胞相距远多少：越小越好。",
        ],
    },
    Entry {
        name: "accuracy",
        label: |words| words.accuracy,
        paper: "§ 4.2, Table 2a",
        says: [
            "The share of cells whose mode of action the classifier names rightly.",
            "Der Anteil der Zellen, deren Wirkungsweise der Klassifikator richtig nennt.",
            "La part des cellules dont le classifieur nomme bien le mode d’action.",
            "La parte de las células cuyo modo de acción nombra bien el clasificador.",
            "分类器正确判断作用机制的细胞的份额。",
        ],
    },
    Entry {
        name: "balanced_accuracy",
        label: |words| words.balanced_accuracy,
        paper: "",
        says: [
            "The accuracy of each mode of action, averaged: a mode of many cells counts no more than a rare \
             one.",
            "Die Genauigkeit jeder Wirkungsweise, gemittelt: Eine mit vielen Zellen zählt nicht mehr als \
             eine seltene.",
            "La moyenne des exactitudes de chaque mode d’action : un mode fréquent ne compte pas plus qu’un \
             rare.",
            "La media de las exactitudes de cada modo de acción: uno frecuente no cuenta más que uno raro.",
            "各作用机制准确率的平均：细胞多的机制不比罕见的更重要。",
        ],
    },
    Entry {
        name: "macro_f1",
        label: |_| "Macro F1",
        paper: "Table 2a",
        says: [
            "The mean of the modes’ F1: F1 is near 1 where the classifier finds a mode’s cells and takes few \
             others for it.",
            "Das Mittel der F1 aller Wirkungsweisen: F1 ist nahe 1, wo der Klassifikator ihre Zellen findet \
             und wenige andere dafür hält.",
            "La moyenne des F1 des modes : F1 est proche de 1 si le classifieur trouve les cellules d’un \
             mode et en prend peu d’autres pour elles.",
            "La media de los F1 de los modos: F1 es casi 1 si el clasificador encuentra las células de un \
             modo y toma pocas otras por ellas.",
            "各机制 F1 的平均：分类器找到某机制的细胞且很少误认其他细胞时，F1 接近 1。",
        ],
    },
    Entry {
        name: "weighted_f1",
        label: |_| "Weighted F1",
        paper: "Table 2a",
        says: [
            "The same mean, in which a mode counts by its number of cells.",
            "Dasselbe Mittel, in dem eine Wirkungsweise nach der Zahl ihrer Zellen zählt.",
            "La même moyenne, où un mode compte selon son nombre de cellules.",
            "La misma media, en la que un modo cuenta según su número de células.",
            "同样的平均，但各机制按其细胞数加权。",
        ],
    },
    Entry {
        name: "interval",
        label: |words| words.interval,
        paper: "",
        says: [
            "How sure a figure is: if the experiment were repeated, about 95 of 100 such intervals should \
             hold the true value, as far as drawing its groups of cells, such as wells, again and again can \
             tell.",
            "Wie sicher ein Wert ist: Würde der Versuch wiederholt, sollten etwa 95 von 100 solchen \
             Intervallen den wahren Wert enthalten, soweit wiederholtes Ziehen seiner Gruppen von Zellen, \
             etwa Vertiefungen, das zeigt.",
            "La certitude d’une valeur : si l’on répétait l’expérience, environ 95 de ces intervalles sur \
             100 devraient contenir la valeur exacte, autant que le retirage de ses groupes de cellules, des \
             puits par exemple, le montre.",
            "Cuán segura es una cifra: si se repitiera el experimento, unos 95 de cada 100 intervalos así \
             deberían contener el valor verdadero, hasta donde lo muestra volver a extraer sus grupos de \
             células, como los pocillos.",
            "数值有多可靠：若重复实验，约 100 个这样的区间中有 95 个应包含真值，就反复抽取其细胞组（如孔）所能看出的而言。",
        ],
    },
];

/// The glossary of one component: where its words stand on the page.
pub(super) struct Glossary {
    /// The id of each of [`ENTRIES`].
    ids: Vec<String>,
    words: Words,
}

impl Glossary {
    /// Takes an id for every word, so that two components of a page explain their own.
    pub(super) fn new(ids: &mut Ids, at: &Place, words: &Words) -> Self {
        let id = |entry: &Entry| ids.free(&format!("measure-{}", entry.name.replace('_', "-")), at);
        Self {
            ids: ENTRIES.iter().map(id).collect(),
            words: *words,
        }
    }

    /// Words for a measure as a link to what they mean; as they are where the glossary does not have it.
    pub(super) fn link(&self, name: &str, label: &str) -> String {
        let mut entries = ENTRIES.iter().zip(&self.ids);
        match entries.find(|(entry, _)| entry.name == name) {
            Some((_, id)) => format!("<a class=\"term\" href=\"#{id}\">{}</a>", escape(label)),
            None => escape(label),
        }
    }

    /// What the words mean to which `content` has links; nothing where it has none.
    pub(super) fn html(&self, content: &str) -> String {
        let leads_to = |name: &str| {
            let mut entries = ENTRIES.iter().zip(&self.ids);
            entries.any(|(entry, id)| entry.name == name && content.contains(&format!("href=\"#{id}\"")))
        };
        let used = |name: &str| leads_to(name) || (name == WASSERSTEIN && leads_to(EXPLAINED_BY_IT));
        let terms: Vec<String> = ENTRIES
            .iter()
            .zip(&self.ids)
            .filter(|(entry, _)| used(entry.name))
            .map(|(entry, id)| self.term(entry, id))
            .collect();
        if terms.is_empty() {
            return String::new();
        }
        let summary = with_name(self.words.glossary, &terms.len().to_string());
        format!(
            "<details class=\"glossary\"><summary>{}</summary><dl>{}</dl></details>",
            escape(&summary),
            terms.concat()
        )
    }

    fn term(&self, entry: &Entry, id: &str) -> String {
        let language = LANGUAGES.iter().position(|&known| known == self.words.language);
        let says = language
            .and_then(|at| entry.says.get(at))
            .unwrap_or(&entry.says[0]);
        let paper = match entry.paper {
            "" => String::new(),
            place => format!(" <small>(Zhang et al. 2025, {})</small>", escape(place)),
        };
        format!(
            "<div><dt id=\"{id}\"><dfn>{}</dfn></dt><dd>{}{paper}</dd></div>",
            escape((entry.label)(&self.words)),
            escape(&says.replace("{}", self.words.real))
        )
    }
}

#[cfg(test)]
mod tests {
    use cellflux_bundle::evaluation::Nature;
    use cellflux_figures::MEASURES;

    use super::*;

    #[test]
    fn every_distance_is_explained_in_every_language_in_one_sentence() {
        let known: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
        for measure in MEASURES {
            assert!(known.contains(&measure.name), "{}", measure.name);
        }
        for entry in &ENTRIES {
            for said in entry.says {
                assert!(said.ends_with(['.', '?', '。', '？']), "{}: {said}", entry.name);
                let ends = said.matches(". ").count() + said.matches("? ").count();
                let ends = ends + said.matches(['。', '？']).count().saturating_sub(1);
                assert_eq!(ends, 0, "{}: {said}", entry.name);
                // What the cells are is said where a sentence has a place for it.
                for word in said.split(|sign: char| !sign.is_alphanumeric()) {
                    let real = ["real", "echt", "vrai", "réel"]
                        .iter()
                        .any(|real| word.starts_with(real));
                    assert!(!real, "{}: {said}", entry.name);
                }
            }
        }
    }

    #[test]
    fn what_the_data_s_cells_are_stands_in_the_sentences_and_is_drawn_where_a_program_drew_them() {
        let at = Place {
            path: "site.toml".into(),
            line: 1,
        };
        for (language, nature, expected) in [
            ("en", Nature::Real, "beside real ones: 1 is right"),
            ("en", Nature::Drawn, "beside drawn ones: 1 is right"),
            ("de", Nature::Real, "neben echten sind"),
            ("de", Nature::Drawn, "neben gezeichneten sind"),
            ("fr", Nature::Drawn, "par rapport aux dessinées"),
            ("es", Nature::Drawn, "frente a las dibujadas"),
            ("zh", Nature::Drawn, "与绘制的图像相比"),
        ] {
            let words = Words::or_english(language).beside(nature);
            let glossary = Glossary::new(&mut Ids::default(), &at, &words);
            let html = glossary.html(&glossary.link("fine_detail", "Fine detail"));
            assert!(html.contains(expected), "{expected}: {html}");
            assert!(!html.contains("{}"), "{html}");
        }
    }

    #[test]
    fn a_glossary_has_the_words_that_are_linked_to_and_no_others_and_a_second_one_has_ids_of_its_own() {
        let at = Place {
            path: "site.toml".into(),
            line: 1,
        };
        let mut ids = Ids::default();
        let words = Words::or_english("en");
        let [first, second] = [0; 2].map(|_| Glossary::new(&mut ids, &at, &words));
        let heading = first.link("kid", "Kernel distance");
        assert_eq!(
            heading,
            "<a class=\"term\" href=\"#measure-kid\">Kernel distance</a>"
        );
        let html = first.html(&heading);
        assert!(
            html.contains("<dt id=\"measure-kid\"><dfn>Kernel distance</dfn></dt>"),
            "{html}"
        );
        assert!(html.contains("(Zhang et al. 2025, § 4.2, KID)"), "{html}");
        assert_eq!(html.matches("<dt ").count(), 1, "{html}");
        assert!(html.contains("What the measures mean (1)"), "{html}");
        assert!(second.link("kid", "KID").contains("#measure-kid-2"));
        assert_eq!(second.html(&heading), "", "links to another's words");
        assert_eq!(first.link("unknown", "a < b"), "a &lt; b");
        let share = first.link("gap_closed", "Share");
        assert_eq!(
            first.html(&share).matches("<dt ").count(),
            2,
            "and what it is computed from"
        );
    }
}
