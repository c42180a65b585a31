//! Subgroups and how far they are from the rest.

use maud::{Markup, html};

use super::format::{interval, number};
use crate::metrics::subgroups::{MIN_IMAGES, NAMES, Subgroup, SubgroupMetric};

/// One table for each column that images are grouped by.
pub fn groups(groups: &[Subgroup]) -> Markup {
    html! {
        p { "Each group of at least " (MIN_IMAGES) " images, and its gap to all other images. A gap whose interval leaves out zero is " strong { "bold" }
            ". With so many comparisons one in twenty would be by chance alone, and groups differ in what they hold: melanoma is rarer in the young, and
            lesions without histology are mostly easy nevi." }
        @if groups.is_empty() { p { "No column has two such groups." } }
        @for rows in groups.chunk_by(|a, b| a.by == b.by) {
            h3 { (heading(&rows[0].by)) }
            div.scroll { table {
                thead { tr {
                    @for heading in ["group", "images", "melanomas"] { th scope="col" { (heading) } }
                    @for name in NAMES { th scope="col" { (name.replace('_', " ")) } th scope="col" { "gap to the rest" } }
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

fn cells(figure: Option<&SubgroupMetric>) -> Markup {
    let Some(figure) = figure else {
        return html! { td { "–" } td { "–" } };
    };
    let gap = figure.gap.map_or_else(String::new, |gap| {
        let sign = if gap > 0.0 { "+" } else { "" };
        format!("{sign}{}", number(Some(gap)))
    });
    let ends = figure.gap_interval.as_ref();
    let is_clear = ends.is_some_and(|[low, high]| *low > 0.0 || *high < 0.0);
    html! {
        td { (number(Some(figure.value))) br; span.faint { (interval(figure.interval.as_ref())) } }
        td { @if is_clear { strong { (gap) } } @else { (gap) } br; span.faint { (interval(ends)) } }
    }
}

fn heading(column: &str) -> &str {
    match column {
        "sex" => "Sex",
        "age" => "Age",
        "localization" => "Where on the body",
        "dx_type" => "How the label was found",
        "source" => "Source of the image",
        other => other,
    }
}
