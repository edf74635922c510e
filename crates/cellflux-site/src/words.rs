//! The words that the toolkit itself puts on a page, in the page's language.

use cellflux_bundle::evaluation::Nature;
use cellflux_figures::Labels;
use cellflux_session::picture_text::NOTE;

/// The languages whose words the toolkit has.
pub const LANGUAGES: [&str; 5] = ["en", "de", "fr", "es", "zh"];

/// The English words of charts are those of the crate that draws them.
const CHARTS: Labels<'static> = Labels::ENGLISH;
/// The same beside cells that a program drew.
const CHARTS_OF_DRAWN: Labels<'static> = Labels::OF_DRAWN;

macro_rules! words {
    ($($(#[$meaning:meta])* $name:ident: $en:expr, $de:literal, $fr:literal, $es:literal, $zh:literal;)*) => {
        /// Words and sentences of a page outside the author's texts; `{}` stands for a name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Words {
            /// The language that they are in.
            pub language: &'static str,
            $($(#[$meaning])* pub $name: &'static str,)*
        }

        impl Words {
            /// Every word by its name, for templates.
            pub fn entries(&self) -> [(&'static str, &'static str); [$(stringify!($name)),*].len()] {
                [$((stringify!($name), self.$name)),*]
            }
        }

        const ENGLISH: Words = Words { language: "en", $($name: $en,)* };
        const GERMAN: Words = Words { language: "de", $($name: $de,)* };
        const FRENCH: Words = Words { language: "fr", $($name: $fr,)* };
        const SPANISH: Words = Words { language: "es", $($name: $es,)* };
        const CHINESE: Words = Words { language: "zh", $($name: $zh,)* };
    };
}

/// The words that say what the data's cells are, for cells that a program drew.
macro_rules! words_of_drawn {
    ($($name:ident: $en:expr, $de:literal, $fr:literal, $es:literal, $zh:literal;)*) => {
        const ENGLISH_OF_DRAWN: Words = Words { $($name: $en,)* ..ENGLISH };
        const GERMAN_OF_DRAWN: Words = Words { $($name: $de,)* ..GERMAN };
        const FRENCH_OF_DRAWN: Words = Words { $($name: $fr,)* ..FRENCH };
        const SPANISH_OF_DRAWN: Words = Words { $($name: $es,)* ..SPANISH };
        const CHINESE_OF_DRAWN: Words = Words { $($name: $zh,)* ..CHINESE };
    };
}

words! {
    /// The first link of a page.
    skip: "Skip to the content", "Zum Inhalt springen", "Aller au contenu", "Saltar al contenido",
        "跳到内容";
    /// Below the authors.
    equal: "equal contribution", "gleicher Beitrag", "contribution égale", "misma contribución",
        "同等贡献";
    /// A heading.
    summary: "Abstract", "Zusammenfassung", "Résumé", "Resumen", "摘要";
    /// What the row of buttons is.
    links: "Links", "Links", "Liens", "Enlaces", "链接";
    /// What the links to the site's pages are.
    pages: "Pages", "Seiten", "Pages", "Páginas", "页面";
    /// What a list of headings is.
    contents: "Contents", "Inhalt", "Sommaire", "Contenido", "目录";
    /// A field that looks through the site's pages.
    search: "Search this site", "Diese Website durchsuchen", "Rechercher sur ce site", "Buscar en este sitio",
        "搜索本站";
    /// How many places it has found.
    places_found: "Places found: {}", "Gefundene Stellen: {}", "Passages trouvés : {}",
        "Lugares encontrados: {}", "找到 {} 处";
    /// Where it has found none.
    nothing_found: "Nothing found", "Nichts gefunden", "Rien trouvé", "Nada encontrado", "没有找到";
    /// A page that it could not look through.
    not_searched: "{} could not be read", "{} war nicht zu lesen", "{} : lecture impossible",
        "No se pudo leer {}", "无法读取 {}";
    /// Titles of remarks in boxes.
    note: "Note", "Hinweis", "Remarque", "Nota", "说明";
    /// Another.
    tip: "Tip", "Tipp", "Conseil", "Consejo", "提示";
    /// Another.
    important: "Important", "Wichtig", "Important", "Importante", "重要";
    /// Another.
    warning: "Warning", "Warnung", "Avertissement", "Advertencia", "警告";
    /// A button of a row of pictures.
    previous: "Previous", "Zurück", "Précédent", "Anterior", "上一个";
    /// Another.
    next: "Next", "Weiter", "Suivant", "Siguiente", "下一个";
    /// Which picture of how many is in view.
    of: "{} of {}", "{} von {}", "{} sur {}", "{} de {}", "第 {} 个，共 {} 个";
    /// The line between an author's two pictures.
    line_of_two: "How much of the second picture is shown", "Wie viel vom zweiten Bild gezeigt wird",
        "Part visible de la seconde image", "Cuánto se muestra de la segunda imagen", "第二幅图像显示的多少";
    /// What numbered elements are called.
    figure: "Figure", "Abbildung", "Figure", "Figura", "图";
    /// Another.
    video: "Video", "Video", "Vidéo", "Vídeo", "视频";
    /// Another.
    equation: "Equation", "Gleichung", "Équation", "Ecuación", "公式";
    /// The heading above what a page cites.
    references: "References", "Literatur", "Références", "Referencias", "参考文献";
    /// What a click on a picture does.
    enlarge: "Enlarge", "Vergrößern", "Agrandir", "Ampliar", "放大";
    /// A button.
    close: "Close", "Schließen", "Fermer", "Cerrar", "关闭";
    /// Below the authors.
    corresponding: "corresponding author", "korrespondierend", "auteur correspondant",
        "autor de correspondencia", "通讯作者";
    /// A link to an author's mail address.
    write_to: "Write to {}", "An {} schreiben", "Écrire à {}", "Escribir a {}", "写信给 {}";
    /// Left of that line.
    first: "Before", "Vorher", "Avant", "Antes", "之前";
    /// Right of it.
    second: "After", "Nachher", "Après", "Después", "之后";
    /// At the end of the page.
    use_only: "For research and teaching, not for diagnosis or treatment.",
        "Für Forschung und Lehre, nicht für Diagnose oder Behandlung.",
        "Pour la recherche et l’enseignement, non pour le diagnostic ou le traitement.",
        "Para investigación y enseñanza, no para diagnóstico ni tratamiento.", "仅供研究和教学，不用于诊断或治疗。";
    /// Before and behind the toolkit's name.
    made_with: "Made with the toolkit", "Erstellt mit dem Werkzeug", "Fait avec l’outil",
        "Hecho con la herramienta", "制作工具";
    /// A link.
    licences: "licences of the software", "Lizenzen der Software", "licences du logiciel",
        "licencias del software", "软件许可";
    /// Where the explorer would be.
    no_script: "The explorer needs JavaScript and WebAssembly.", "Der Explorer braucht JavaScript und \
        WebAssembly.",
        "L’explorateur a besoin de JavaScript et de WebAssembly.", "El explorador necesita JavaScript y \
        WebAssembly.", "探索器需要 JavaScript 和 WebAssembly。";
    /// What the link from a footnote leads to.
    back_to_text: "Back to the text", "Zurück zum Text", "Retour au texte", "Volver al texto",
        "回到正文";
    /// Below pictures that the model made.
    generated: NOTE, "Erzeugt, nicht gemessen", "Généré, non mesuré",
        "Generado, no medido", "生成的，并非测量";
    /// A control cell.
    control: CHARTS.control, "Kontrolle", "Contrôle", "Control", "对照";
    /// Words for a picture.
    control_cell: "Control cell", "Kontrollzelle", "Cellule de contrôle", "Célula de control",
        "对照细胞";
    /// Words for a picture.
    before: "The control cell, before", "Die Kontrollzelle, vorher", "La cellule de contrôle, avant",
        "La célula de control, antes", "之前的对照细胞";
    /// Words for a picture.
    after: "The generated cell under {}, after", "Die erzeugte Zelle unter {}, nachher",
        "La cellule générée sous {}, après", "La célula generada bajo {}, después", "之后在 {} 下生成的细胞";
    /// The scale of pictures, in a caption.
    wide: "Each picture is {} µm wide", "Jedes Bild ist {} µm breit", "Chaque image mesure {} µm de large",
        "Cada imagen mide {} µm de ancho", "每幅图像宽 {} µm";
    /// Where the scale is not known.
    no_scale: "Scale not known", "Maßstab nicht bekannt", "Échelle inconnue", "Escala desconocida",
        "比例未知";
    /// Words for a picture.
    generated_under: "Generated under {}", "Erzeugt unter {}", "Généré sous {}", "Generado bajo {}",
        "在 {} 下生成";
    /// What a picture shows.
    noise: "noise", "Rauschen", "du bruit", "ruido", "噪声";
    /// What a picture shows.
    drawn_control: "a drawn control", "eine gezeichnete Kontrolle", "un contrôle dessiné",
        "un control dibujado", "绘制的对照";
    /// What a picture shows.
    the_control: "the control", "die Kontrolle", "le contrôle", "el control", "对照";
    /// Words for the picture of a link's preview.
    three_pictures: "Three pictures of one walk", "Drei Bilder eines Weges", "Trois images d’un trajet",
        "Tres imágenes de un recorrido", "一条路径的三幅图像";
    /// A caption.
    to_treated: "{}: control to treated", "{}: von der Kontrolle zur behandelten Zelle",
        "{} : du contrôle à la cellule traitée", "{}: del control a la célula tratada",
        "{}：从对照到处理后";
    /// A caption.
    walk_under: "The walk under {}", "Der Weg unter {}", "Le trajet sous {}", "El recorrido bajo {}",
        "{} 下的路径";
    /// A caption.
    flow_makes: "Controls, and what the flow makes of them", "Kontrollen, und was der Fluss aus ihnen macht",
        "Les contrôles et ce que le flux en fait", "Los controles y lo que el flujo hace de ellos",
        "对照，以及流对它们的作用";
    /// The slider's line.
    line: "How much of the treated cell is shown", "Wie viel von der behandelten Zelle gezeigt wird",
        "Part visible de la cellule traitée", "Cuánto se muestra de la célula tratada",
        "处理后细胞显示的多少";
    /// The slider's right side.
    made: CHARTS.made, "Erzeugt", "Généré", "Generado", "生成";
    /// What a figure's interval is: its ends.
    between: CHARTS.between, "{} bis {}", "{} à {}", "{} a {}", "{} 至 {}";
    /// A link to the figures of a table or drawing.
    data: "Data (CSV)", "Daten (CSV)", "Données (CSV)", "Datos (CSV)", "数据 (CSV)";
    /// A link to how often a classifier is right, beside the data of its matrices.
    data_of_accuracies: "Accuracies (CSV)", "Genauigkeiten (CSV)", "Exactitudes (CSV)", "Exactitudes (CSV)",
        "准确率 (CSV)";
    /// What the data's cells are, as the glossary's sentences need it: an adjective in English, the stem of
    /// one in German, and one of the feminine plural in French and Spanish.
    real: "real", "echt", "réelles", "reales", "真实";
    /// A column: which cells stand beside the real treated ones.
    set_of_cells: "Cells", "Zellen", "Cellules", "Células", "细胞";
    /// A column: a number of cells.
    count: "n", "n", "n", "n", "n";
    /// A column.
    compound: "Compound", "Substanz", "Composé", "Compuesto", "化合物";
    /// A column, and what a plot shows.
    gap_closed: CHARTS.gap_closed, "Anteil der gemessenen Veränderung, der entsteht",
        "Part du changement mesuré qui est produite", "Parte del cambio medido que se produce",
        "所生成的测量变化的份额";
    /// A column.
    direction: "Direction (cosine)", "Richtung (Kosinus)", "Direction (cosinus)", "Dirección (coseno)",
        "方向（余弦）";
    /// A column: different images that walks started from.
    starts: "Different starts", "Verschiedene Starts", "Départs différents", "Inicios distintos",
        "不同的起点";
    /// A column: how far measures move that real cells leave unchanged.
    side_change: "Side change (sd; right: 0)", "Nebenveränderung (SD; richtig: 0)",
        "Changement annexe (écarts types ; juste : 0)", "Cambio accesorio (DE; correcto: 0)",
        "附带变化（标准差；正确：0）";
    /// A column: the energy of the Laplacian as a multiple of the real cells' own.
    fine_detail: "Fine detail (real cells: 1)", "Feine Struktur (echte Zellen: 1)",
        "Détail fin (vraies cellules : 1)", "Detalle fino (células reales: 1)", "精细结构（真实细胞：1）";
    /// A column.
    frechet: CHARTS.frechet, "Fréchet-Abstand", "Distance de Fréchet", "Distancia de Fréchet",
        "Fréchet 距离";
    /// A column.
    kid: CHARTS.kid, "Kernabstand", "Distance à noyau", "Distancia de núcleo", "核距离";
    /// A column.
    kid_by_condition: CHARTS.kid_by_condition, "Kernabstand je Substanz",
        "Distance à noyau par composé", "Distancia de núcleo por compuesto", "各化合物的核距离";
    /// A column.
    precision: CHARTS.precision, "Präzision", "Précision", "Precisión", "精确率";
    /// A column.
    recall: CHARTS.recall, "Trefferquote", "Rappel", "Exhaustividad", "召回率";
    /// A column.
    density: CHARTS.density, "Dichte", "Densité", "Densidad", "密度";
    /// A column.
    coverage: CHARTS.coverage, "Abdeckung", "Couverture", "Cobertura", "覆盖率";
    /// A column.
    energy: CHARTS.energy, "Energieabstand", "Distance d’énergie", "Distancia de energía", "能量距离";
    /// Below a table whose figures may stand beside the paper's.
    comparable: "comparable with published figures", "mit veröffentlichten Werten vergleichbar",
        "comparable aux valeurs publiées", "comparable con valores publicados", "可与已发表的数值比较";
    /// Below any other.
    not_comparable: "not comparable with published figures", "nicht mit veröffentlichten Werten vergleichbar",
        "non comparable aux valeurs publiées", "no comparable con valores publicados",
        "不可与已发表的数值比较";
    /// A place on an axis.
    copy_of_control: CHARTS.copy_of_control, "eine Kopie der Kontrolle", "une copie du contrôle",
        "una copia del control", "对照的复制";
    /// A place on an axis.
    whole_change: CHARTS.whole_change, "die ganze Veränderung", "tout le changement", "todo el cambio",
        "全部变化";
    /// What a hollow dot is.
    never_seen: CHARTS.never_seen, "hohl: nie im Training",
        "creux : jamais vu à l’entraînement",
        "hueco: nunca visto en el entrenamiento", "空心：训练中从未见过";
    /// Compounds that a plot lacks, each group of them with its reason, which are the next ones.
    without_figures: "Without figures, and why: {}", "Ohne Werte, mit Grund: {}",
        "Sans valeurs, avec la raison : {}", "Sin valores, con el motivo: {}", "没有数值的及其原因：{}";
    /// A reason: how many would be needed.
    few_cells: "fewer than {} real cells", "weniger als {} echte Zellen", "moins de {} vraies cellules",
        "menos de {} células reales", "少于 {} 个真实细胞";
    /// A reason: how many would be needed.
    few_starts: "generated cells start from fewer than {} different controls",
        "die erzeugten Zellen beginnen bei weniger als {} verschiedenen Kontrollen",
        "les cellules générées partent de moins de {} contrôles différents",
        "las células generadas parten de menos de {} controles distintos", "生成的细胞来自少于 {} 个不同的对照";
    /// A reason: groups are what intervals resample.
    one_group: "all real cells are of one well, field of view or plate",
        "alle echten Zellen sind aus einer Vertiefung, einem Bildfeld oder einer Platte",
        "toutes les vraies cellules viennent d’un seul puits, champ ou plaque",
        "todas las células reales son de un solo pocillo, campo o placa", "所有真实细胞来自同一个孔、视野或板";
    /// A reason: how many would be needed.
    few_controls: "fewer than {} real controls in the same batches",
        "weniger als {} echte Kontrollen in denselben Chargen",
        "moins de {} vrais contrôles dans les mêmes lots", "menos de {} controles reales en los mismos lotes",
        "同批次中少于 {} 个真实对照";
    /// A reason, which was measured.
    no_change: "no change to make, no measurable difference from controls",
        "keine Veränderung zu erzeugen, kein messbarer Unterschied zu Kontrollen",
        "aucun changement à produire, aucune différence mesurable avec les contrôles",
        "ningún cambio que producir, ninguna diferencia medible con los controles",
        "没有可生成的变化，与对照没有可测量的差异";
    /// A reason that the figures do not tell from the one before.
    unclear: "either no measurable difference from controls, or too few cells with what is measured, such as \
        a nucleus",
        "entweder kein messbarer Unterschied zu Kontrollen oder zu wenige Zellen mit dem, was gemessen wird, \
        etwa einem Kern",
        "ou bien aucune différence mesurable avec les contrôles, ou bien trop peu de cellules avec ce qui \
        est mesuré, un noyau par exemple",
        "o bien ninguna diferencia medible con los controles, o bien muy pocas células con lo que se mide, \
        como un núcleo", "或与对照没有可测量的差异，或具有所测内容（如细胞核）的细胞太少";
    /// A reason.
    no_cells: "no real cells", "keine echten Zellen", "aucune vraie cellule", "ninguna célula real",
        "没有真实细胞";
    /// What a folded table is called, before its title.
    table: "Table", "Tabelle", "Tableau", "Tabla", "表";
    /// What a folded table has, after their number.
    rows: "rows", "Zeilen", "lignes", "filas", "行";
    /// The title of a table.
    change_made: "Share and direction of the change, side change and fine detail",
        "Anteil und Richtung der Veränderung, Nebenveränderung und feine Struktur",
        "Part et direction du changement, changement annexe et détail fin",
        "Parte y dirección del cambio, cambio accesorio y detalle fino", "变化的份额与方向、附带变化与精细结构";
    /// The title of a table and of a chart: in which space.
    distances: CHARTS.distances, "Abstände zu echten behandelten Zellen im Raum {}",
        "Distances aux vraies cellules traitées dans l’espace {}",
        "Distancias a células tratadas reales en el espacio {}", "在 {} 空间中到真实处理后细胞的距离";
    /// The title of a table.
    classifier: "How often the classifier of modes of action is right",
        "Wie oft der Klassifikator der Wirkungsweisen recht hat",
        "À quelle fréquence le classifieur des modes d’action a raison",
        "Con qué frecuencia acierta el clasificador de modos de acción", "作用机制分类器的正确率";
    /// Above a table: what stands in brackets, which is named next.
    in_brackets: "In brackets: {}", "In Klammern: {}", "Entre parenthèses : {}", "Entre paréntesis: {}",
        "括号内：{}";
    /// What an interval is called.
    interval: "95 % interval", "95-%-Intervall", "intervalle de 95 %", "intervalo del 95 %",
        "95 % 区间";
    /// A word of the glossary that no table has.
    wasserstein: "Wasserstein distance", "Wasserstein-Abstand", "Distance de Wasserstein",
        "Distancia de Wasserstein", "Wasserstein 距离";
    /// What opens the glossary of a component: how many words it has.
    glossary: "What the measures mean ({})", "Was die Maße bedeuten ({})",
        "Ce que mesurent les colonnes ({})", "Qué significan las medidas ({})", "各测量的含义 ({})";
    /// A plot of many compounds shows some.
    first_of: CHARTS.first_of,
        "Die {} mit dem größten Anteil von {}; alle stehen in den Daten",
        "Les {} de plus grande part sur {} ; tous sont dans les données",
        "Los {} de mayor parte de {}; todos están en los datos", "份额最大的 {} 个，共 {} 个；全部见数据";
    /// Heads the rows of a chart that are of all compounds.
    all_conditions: CHARTS.all_conditions, "Das Mittel dieser Bedingungen", "La moyenne de ces conditions",
        "La media de estas condiciones", "这些条件的平均";
    /// What opens the sentences of a model card.
    in_sentences: "In sentences", "In Sätzen", "En phrases", "En frases", "以句子说明";
    /// What intervals are.
    intervals: "Intervals of 95 %", "Intervalle von 95 %", "Intervalles de 95 %", "Intervalos del 95 %",
        "95 % 的区间";
    /// Real cells under a compound.
    real_treated: CHARTS.real_treated, "Echt, behandelt", "Réelles, traitées", "Reales, tratadas",
        "真实，处理后";
    /// What a drawing shows.
    modes_of_action: CHARTS.modes_of_action,
        "Wirkungsweisen, wie ein Klassifikator sie sieht: Zeilen sind die wahren mit ihren n Zellen, \
         Spalten, was der Klassifikator sagt, in % der Zeile",
        "Modes d’action vus par un classifieur : en lignes les vrais avec leurs n cellules, en colonnes \
         ce que dit le classifieur, en % de la ligne",
        "Modos de acción vistos por un clasificador: en filas los verdaderos con sus n células, en columnas \
         lo que dice el clasificador, en % de la fila",
        "分类器所见的作用机制：行为实际类别及其 n 个细胞，列为分类器的判断，以行的 % 计";
    /// A column.
    accuracy: "Accuracy", "Genauigkeit", "Exactitude", "Exactitud", "准确率";
    /// A column.
    balanced_accuracy: CHARTS.balanced_accuracy, "Ausgeglichene Genauigkeit", "Exactitude équilibrée",
        "Exactitud equilibrada", "平衡准确率";
    /// A figure below the matrices.
    majority: "Always naming the most frequent mode of action would be right for {} of the cells",
        "Stets die häufigste Wirkungsweise zu nennen wäre bei {} der Zellen richtig",
        "Nommer toujours le mode d’action le plus fréquent serait juste pour {} des cellules",
        "Nombrar siempre el modo de acción más frecuente sería correcto para el {} de las células",
        "总是选最常见的作用机制，对 {} 的细胞是正确的";
    /// What a drawing shows.
    batches: CHARTS.batches,
        "Chargen in der Ebene der größten Varianz; eine Ellipse ist eine Standardabweichung",
        "Lots dans le plan de plus grande variance ; une ellipse est un écart type",
        "Lotes en el plano de mayor varianza; una elipse es una desviación típica",
        "最大方差平面上的批次；椭圆为一个标准差";
    /// Of the variance along two axes.
    explained: CHARTS.explained, "der Varianz", "de la variance", "de la varianza", "的方差";
    /// What a point of a drawing is: below how many cells.
    points: CHARTS.points,
        "Ein Punkt ist das Mittel einer Charge von weniger als {} Zellen oder von höchstens 2 verschiedenen \
         Bildern; ihre Streuung ist nicht gezeichnet",
        "Un point est la moyenne d’un lot de moins de {} cellules, ou d’au plus 2 images différentes ; sa \
         dispersion n’est pas dessinée",
        "Un punto es la media de un lote de menos de {} células, o de 2 imágenes distintas como máximo; su \
         dispersión no se dibuja", "点是少于 {} 个细胞或至多 2 幅不同图像的批次的平均；未画出其离散程度";
    /// How many names a drawing has no room for.
    names_left_out: CHARTS.names_left_out, "Namen ohne Platz, ausgelassen: {}",
        "Noms sans place, omis : {}", "Nombres sin espacio, omitidos: {}", "放不下而省略的名称：{}";
    /// What a table shows.
    nuclear_area: CHARTS.nuclear_area, "Mittlere Kernfläche in Pixeln",
        "Aire nucléaire moyenne en pixels",
        "Área nuclear media en píxeles", "平均细胞核面积（像素）";
    /// A button.
    copy: "Copy", "Kopieren", "Copier", "Copiar", "复制";
    /// After the button.
    copied: "Copied", "Kopiert", "Copié", "Copiado", "已复制";
    /// After the button, where the browser does not let a page copy.
    selected: "Selected: copy it with the keyboard", "Markiert: mit der Tastatur kopieren",
        "Sélectionné : copiez au clavier", "Seleccionado: cópielo con el teclado", "已选中：请用键盘复制";
    /// A page for lost addresses: its title.
    lost: "Not here", "Nicht hier", "Introuvable", "No está aquí", "不在这里";
    /// A page for lost addresses: its heading.
    no_page: "There is no page at this address", "Unter dieser Adresse ist keine Seite", "Aucune page à \
        cette adresse",
        "No hay ninguna página en esta dirección", "此地址没有页面";
    /// A page for lost addresses: before the page's own.
    page_is_at: "The page is at", "Die Seite ist unter", "La page est à l’adresse", "La página está en",
        "页面位于";
    /// A page for lost addresses.
    shorten: "Shorten the address by its last part to get back to the page.",
        "Kürzen Sie die Adresse um ihren letzten Teil, um zur Seite zu kommen.",
        "Enlevez la dernière partie de l’adresse pour revenir à la page.",
        "Quite la última parte de la dirección para volver a la página.", "去掉地址的最后一部分即可回到页面。";
}

words_of_drawn! {
    real: "drawn", "gezeichnet", "dessinées", "dibujadas", "绘制的";
    real_treated: CHARTS_OF_DRAWN.real_treated, "Gezeichnet, behandelt", "Dessinées, traitées",
        "Dibujadas, tratadas", "绘制，处理后";
    fine_detail: "Fine detail (drawn cells: 1)", "Feine Struktur (gezeichnete Zellen: 1)",
        "Détail fin (cellules dessinées : 1)", "Detalle fino (células dibujadas: 1)",
        "精细结构（绘制的细胞：1）";
    few_cells: "fewer than {} drawn cells", "weniger als {} gezeichnete Zellen",
        "moins de {} cellules dessinées", "menos de {} células dibujadas", "少于 {} 个绘制的细胞";
    one_group: "all drawn cells are of one well, field of view or plate",
        "alle gezeichneten Zellen sind aus einer Vertiefung, einem Bildfeld oder einer Platte",
        "toutes les cellules dessinées viennent d’un seul puits, champ ou plaque",
        "todas las células dibujadas son de un solo pocillo, campo o placa", "所有绘制的细胞来自同一个孔、视野或板";
    few_controls: "fewer than {} drawn controls in the same batches",
        "weniger als {} gezeichnete Kontrollen in denselben Chargen",
        "moins de {} contrôles dessinés dans les mêmes lots",
        "menos de {} controles dibujados en los mismos lotes", "同批次中少于 {} 个绘制的对照";
    no_cells: "no drawn cells", "keine gezeichneten Zellen", "aucune cellule dessinée",
        "ninguna célula dibujada", "没有绘制的细胞";
    distances: CHARTS_OF_DRAWN.distances, "Abstände zu gezeichneten behandelten Zellen im Raum {}",
        "Distances aux cellules dessinées traitées dans l’espace {}",
        "Distancias a células tratadas dibujadas en el espacio {}", "在 {} 空间中到绘制的处理后细胞的距离";
}

impl Words {
    /// The words of a language as HTML's `lang` names it (`fr`, `fr-CA`); none for a language that the
    /// toolkit does not have.
    pub fn of(language: &str) -> Option<Self> {
        let primary = language.split('-').next().unwrap_or_default();
        [ENGLISH, GERMAN, FRENCH, SPANISH, CHINESE]
            .into_iter()
            .find(|words| words.language.eq_ignore_ascii_case(primary))
    }

    /// The same words beside the cells of an evaluation: where a program drew these, none calls them real.
    #[must_use]
    pub fn beside(&self, nature: Nature) -> Self {
        let of_drawn = [
            ENGLISH_OF_DRAWN,
            GERMAN_OF_DRAWN,
            FRENCH_OF_DRAWN,
            SPANISH_OF_DRAWN,
            CHINESE_OF_DRAWN,
        ];
        match nature {
            Nature::Real => *self,
            Nature::Drawn => of_drawn
                .into_iter()
                .find(|words| words.language == self.language)
                .unwrap_or(ENGLISH_OF_DRAWN),
        }
    }

    /// The words of charts. Those of charts that sites do not show stay English.
    pub fn labels(&self) -> Labels<'static> {
        Labels {
            gap_closed: self.gap_closed,
            copy_of_control: self.copy_of_control,
            whole_change: self.whole_change,
            never_seen: self.never_seen,
            first_of: self.first_of,
            between: self.between,
            all_conditions: self.all_conditions,
            control: self.control,
            real_treated: self.real_treated,
            made: self.made,
            modes_of_action: self.modes_of_action,
            balanced_accuracy: self.balanced_accuracy,
            batches: self.batches,
            explained: self.explained,
            points: self.points,
            names_left_out: self.names_left_out,
            nuclear_area: self.nuclear_area,
            distances: self.distances,
            frechet: self.frechet,
            kid: self.kid,
            kid_by_condition: self.kid_by_condition,
            precision: self.precision,
            recall: self.recall,
            density: self.density,
            coverage: self.coverage,
            energy: self.energy,
            ..Labels::ENGLISH
        }
    }

    /// The words of a language or, where there are none, English ones.
    pub fn or_english(language: &str) -> Self {
        Self::of(language).unwrap_or(ENGLISH)
    }
}

/// Words with a name in them.
pub fn with_name(words: &str, name: &str) -> String {
    words.replacen("{}", name, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_its_first_part_and_others_are_english() {
        assert_eq!(Words::or_english("fr-CA").summary, "Résumé");
        assert_eq!(Words::or_english("DE").summary, "Zusammenfassung");
        assert_eq!(Words::or_english("es").summary, "Resumen");
        assert_eq!(Words::or_english("zh-CN").summary, "摘要");
        assert!(Words::of("tlh").is_none());
        assert_eq!(Words::or_english("tlh").summary, "Abstract");
        assert_eq!(LANGUAGES.map(|language| Words::of(language).is_some()), [true; 5]);
    }

    #[test]
    fn beside_drawn_cells_no_language_says_that_they_are_real() {
        let said = |words: &Words| -> Vec<(&'static str, String)> {
            let entries = words.entries().into_iter();
            entries.map(|(name, said)| (name, said.to_lowercase())).collect()
        };
        for language in LANGUAGES {
            let words = Words::or_english(language);
            assert_eq!(words.beside(Nature::Real), words);
            let drawn = words.beside(Nature::Drawn);
            assert_eq!(drawn.language, words.language);
            let [of_real, of_drawn] = [&words, &drawn].map(said);
            for ((name, real), (_, drawn)) in of_real.iter().zip(&of_drawn) {
                let is_real = |text: &str| {
                    let mut words = text.split(|letter: char| !letter.is_alphabetic());
                    let known = ["real", "reales", "vraie", "vraies", "réelles", "echt"];
                    words.any(|word| known.contains(&word) || word.starts_with("echte"))
                        || text.contains("vrais contrôles")
                        || text.contains("真实")
                };
                assert!(!is_real(drawn), "{language} {name}: {drawn}");
                assert_eq!(is_real(real), real != drawn, "{language} {name}: {real}");
            }
        }
    }

    #[test]
    fn a_name_stands_where_each_language_has_it() {
        assert_eq!(
            with_name(Words::or_english("de").generated_under, "Taxol"),
            "Erzeugt unter Taxol"
        );
    }
}
