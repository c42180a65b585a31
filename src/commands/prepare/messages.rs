//! The summary of `skinlesion prepare`.

use skinlesion::ClassList;
use skinlesion::classes::ham10000;
use skinlesion::dataset::build::Prepared;
use skinlesion::dataset::duplicates::Dedupe;
use skinlesion::dataset::group_by::GroupBy;
use skinlesion::dataset::near_duplicates::page;
use skinlesion::dataset::near_duplicates::summary::NearDuplicatePolicy;
use skinlesion::dataset::tables::Table;
use skinlesion::dataset::{DatasetInfo, Split};

use super::tables::Tables;

/// Counts by class and split, by fold and by source, then the rows left out.
pub fn summary(prepared: &Prepared, tables: &Tables) -> String {
    let info = &prepared.info;
    let mut text = format!(
        "{} images of {} lesions, from {} rows of {}\n\n",
        info.images,
        total(&info.lesions.train) + total(&info.lesions.val) + total(&info.lesions.test),
        info.rows_read,
        tables.by_class.as_ref().map_or_else(
            || files(&tables.tables),
            |folders| folders.file.display().to_string()
        ),
    );
    text.push_str(&classes_line(info));
    text.push_str(&counts_table(info));
    text.push_str(&folds_table(info));
    text.push_str(&sources_table(info));
    text.push_str("\nRows left out\n");
    if info.dropped.is_empty() {
        text.push_str("  none\n");
    }
    for dropped in &info.dropped {
        text.push_str(&format!("  {:>6}  {}\n", dropped.rows, dropped.reason));
    }
    text.push_str(&near_duplicates(info));
    text.push_str("\nRows that each --dedupe rule drops\n");
    for (rule, rows) in &prepared.drops_by_rule {
        let rows = rows.map_or("–".to_owned(), |rows| rows.to_string());
        let used = if rule.name() == info.dedupe {
            " (used)"
        } else {
            ""
        };
        text.push_str(&format!("  {rows:>6}  --dedupe {}{used}", rule.name()));
        if *rule == Dedupe::Original && prepared.kept_repeatedly_by_original > 0 {
            text.push_str(&format!(
                ": keeps {} lesions more than once, because their rows differ in dx_type, age, sex or localization",
                prepared.kept_repeatedly_by_original
            ));
        }
        text.push('\n');
    }
    text
}

/// The class list and what is kept whole, where they are not those of HAM10000.
fn classes_line(info: &DatasetInfo) -> String {
    let name = match info.classes.name() {
        "" => "of its own",
        name => name,
    };
    if info.classes == ham10000() && info.group_by == GroupBy::LesionId {
        return String::new();
    }
    let whole = match info.group_by {
        GroupBy::LesionId => "lesions",
        GroupBy::PatientId => "patients",
        GroupBy::Both => "lesions and patients",
    };
    format!("Classes: {name}. Kept whole in a split or fold: {whole}.\n\n")
}

/// How near-duplicates were treated; empty where they were not searched for.
fn near_duplicates(info: &DatasetInfo) -> String {
    let Some(near) = &info.near_duplicates else {
        return String::new();
    };
    let mut text =
        "\nNear-duplicates: images of the same skin under different lesion ids\n".to_owned();
    if near.pairs == 0 {
        text.push_str("  none found\n");
        return text;
    }
    text.push_str(&format!(
        "  {:>6}  pairs, shown in {}\n",
        near.pairs,
        page::FILE
    ));
    if near.treatment == NearDuplicatePolicy::Join {
        text.push_str(&format!(
            "  {:>6}  lesions in {} {} kept in one split or fold; {} of them {} moved\n",
            near.joined.iter().map(Vec::len).sum::<usize>(),
            near.joined.len(),
            if near.joined.len() == 1 {
                "group are"
            } else {
                "groups are"
            },
            near.moved,
            if near.moved == 1 { "was" } else { "were" }
        ));
    }
    text
}

/// Images by class and split, with the lesions of each split below.
fn counts_table(info: &DatasetInfo) -> String {
    let mut table = format!(
        "{:8}{:>8}{:>8}{:>8}{:>8}\n",
        "images", "train", "val", "test", "all"
    );
    let mut line = |name: &str, counts: [usize; 3]| {
        let [train, val, test] = counts;
        let all = train + val + test;
        table.push_str(&format!("{name:8}{train:>8}{val:>8}{test:>8}{all:>8}\n"));
    };
    for class in info.classes.iter() {
        line(
            class.code(),
            Split::ALL.map(|split| info.counts.split(split)[class.index()]),
        );
    }
    line(
        "all",
        Split::ALL.map(|split| total(info.counts.split(split))),
    );
    line(
        "lesions",
        Split::ALL.map(|split| total(info.lesions.split(split))),
    );
    table
}

fn total(counts: &[usize]) -> usize {
    counts.iter().sum()
}

/// Validation images of each fold, by class; empty without folds.
fn folds_table(info: &DatasetInfo) -> String {
    if info.folds.is_empty() {
        return String::new();
    }
    let folds = info.folds.iter().enumerate();
    let rows = folds.map(|(number, fold)| (format!("fold {number}"), fold.validated.clone()));
    by_class(info.classes, "validated", &rows.collect::<Vec<_>>())
}

/// The images of each source, by class, and the classes that a source never labels; empty without a second source.
fn sources_table(info: &DatasetInfo) -> String {
    if info.sources.len() < 2 {
        return String::new();
    }
    let rows = info
        .sources
        .iter()
        .map(|s| (s.name.clone(), s.images.clone()));
    let mut text = by_class(info.classes, "source", &rows.collect::<Vec<_>>());
    let partial: Vec<_> = (info.sources.iter())
        .filter(|source| !source.unlabelled.is_empty())
        .collect();
    if !partial.is_empty() {
        text.push_str("\nClasses that a source never labels; a network can learn this from the look of its images\n");
    }
    for source in partial {
        let classes = source.unlabelled.join(", ");
        text.push_str(&format!("  {}: {classes}\n", source.name));
    }
    text
}

/// A table after an empty line: named rows of counts by class.
fn by_class(classes: ClassList, title: &str, rows: &[(String, Vec<usize>)]) -> String {
    let names = rows.iter().map(|(name, _)| name.chars().count());
    let width = names.chain([8]).max().unwrap_or_default() + 1;
    let mut table = format!("\n{title:width$}");
    for class in classes.iter() {
        table.push_str(&format!("{:>8}", class.code()));
    }
    table.push_str(&format!("{:>8}\n", "all"));
    for (name, counts) in rows {
        table.push_str(&format!("{name:width$}"));
        for count in counts {
            table.push_str(&format!("{count:>8}"));
        }
        table.push_str(&format!("{:>8}\n", total(counts)));
    }
    table
}

/// "a.csv", "a.csv and b.csv", "a.csv, b.csv and c.csv".
fn files(tables: &[Table]) -> String {
    let names: Vec<String> = (tables.iter())
        .map(|table| table.file.display().to_string())
        .collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => names.concat(),
    }
}
