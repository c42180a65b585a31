//! The subgroup analysis.

use maud::{Markup, html};

use super::format::{interval, number};
use crate::metrics::subgroups::{MIN_IMAGES, NAMES, Subgroup, SubgroupMetric};

/// One table per column that images are grouped by.
pub fn groups(groups: &[Subgroup]) -> Markup {
    html! {
        p { "Groups of at least " (MIN_IMAGES) " images, with the gap to all other images. A gap whose 95 % interval
            excludes zero is " strong { "bold" } ". About one in twenty such intervals excludes zero by chance. Groups
            also differ in case mix: melanoma is rarer in young patients, and lesions without histology are mostly easy
            nevi." }
        @if groups.is_empty() { p { "No column has two values, one of them with enough images." } }
        @for rows in groups.chunk_by(|a, b| a.by == b.by) {
            h3 { (heading(&rows[0].by)) }
            div.scroll { table.dense {
                thead { tr {
                    @for heading in ["group", "images", "melanomas"] { th scope="col" { (heading) } }
                    @for name in NAMES {
                        th scope="col" { (name.replace('_', " ").replace("auc", "AUC")) }
                        th scope="col" { "gap to others" }
                    }
                } }
                tbody { @for group in rows { tr {
                    th scope="row" { (group.value) }
                    td { (group.n) }
                    td { (group.melanomas) }
                    @for name in NAMES { (cells(group.figures.get(name))) }
                } } }
            } }
        }
    }
}

fn cells(metric: Option<&SubgroupMetric>) -> Markup {
    let Some(metric) = metric else {
        return html! { td { "–" } td { "–" } };
    };
    let gap = metric.gap.map_or_else(
        || "–".to_owned(),
        |gap| {
            let sign = if gap > 0.0 { "+" } else { "" };
            format!("{sign}{}", number(Some(gap)))
        },
    );
    let ends = metric.gap_interval.as_ref();
    let is_clear = ends.is_some_and(|[low, high]| *low > 0.0 || *high < 0.0);
    html! {
        td { (number(Some(metric.value))) br; span.faint { (interval(metric.interval.as_ref())) } }
        td { @if is_clear { strong { (gap) } } @else { (gap) } br; span.faint { (interval(ends)) } }
    }
}

fn heading(column: &str) -> &str {
    match column {
        "sex" => "Sex",
        "age" => "Age",
        "localization" => "Localization",
        "dx_type" => "Label confirmation",
        "source" => "Image source",
        other => other,
    }
}
