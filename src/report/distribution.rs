//! The class distribution by split.

use super::axis::thousands;
use super::svg::{Anchor, FAINT, GRID, PALETTE, RULE, Style, Svg};
use crate::ClassList;
use crate::dataset::info::SplitCounts;

const ROW: f64 = 36.0;
const BAR: f64 = 20.0;
const PANEL: f64 = 250.0;
const GAP: f64 = 24.0;
const LEFT: f64 = 236.0;
const TOP: f64 = 96.0;

/// Space for numbers to the right of the longest bar.
const NUMBERS: f64 = 100.0;

/// Draws horizontal bars of images by class, one panel per split. The scale is logarithmic, because the largest class
/// has about sixty times as many images as the smallest. Each bar is labelled with its count and share.
pub fn class_distribution(classes: ClassList, counts: &SplitCounts) -> String {
    let splits = [
        ("Training", &counts.train),
        ("Validation", &counts.val),
        ("Test", &counts.test),
    ];
    let shown = splits
        .into_iter()
        .filter(|(_, counts)| counts.iter().any(|&n| n > 0));
    let shown: Vec<_> = shown.collect();
    let total: usize = splits.iter().flat_map(|(_, counts)| counts.iter()).sum();
    let max = splits
        .iter()
        .flat_map(|(_, counts)| counts.iter())
        .copied()
        .max();
    let scale = (PANEL - NUMBERS) / unscaled_length(max.unwrap_or(1).max(1));

    let panels = shown.len().max(1) as f64;
    let width = LEFT + panels * PANEL + (panels - 1.0) * GAP + 20.0;
    let bottom = TOP + ROW * classes.len() as f64;
    let title = format!("Images by class and split: {} in total", thousands(total));
    let mut svg = Svg::new(width, bottom + 52.0, &title);
    svg.text((20.0, 34.0), &title, Style::new(18.0).bold());

    for (row, class) in classes.iter().enumerate() {
        let middle = TOP + (row as f64 + 0.5) * ROW;
        let right = Style::new(13.0).anchor(Anchor::End);
        svg.text((LEFT - 12.0, middle - 1.0), class.code(), right.bold());
        let name = Style::new(11.0).anchor(Anchor::End).colour(FAINT);
        svg.text((LEFT - 12.0, middle + 13.0), class.name(), name);
    }
    for (index, (split, counts)) in shown.into_iter().enumerate() {
        let left = LEFT + index as f64 * (PANEL + GAP);
        draw_split(&mut svg, left, split, counts, scale, PALETTE[index]);
    }
    let foot = "Images, on a logarithmic scale; grey: share of the split";
    let middle = LEFT + (width - 20.0 - LEFT) / 2.0;
    let style = Style::new(12.0).anchor(Anchor::Middle).colour(FAINT);
    svg.text((middle.max(250.0), bottom + 40.0), foot, style);
    svg.finish()
}

fn draw_split(svg: &mut Svg, left: f64, split: &str, counts: &[usize], scale: f64, colour: &str) {
    let total: usize = counts.iter().sum();
    let bottom = TOP + ROW * counts.len() as f64;
    svg.text((left, TOP - 28.0), split, Style::new(14.0).bold());
    let images = format!("{} images", thousands(total));
    svg.text((left, TOP - 11.0), &images, Style::new(12.0).colour(FAINT));
    for power in 0..=6 {
        let tick = 10_usize.pow(power);
        let x = left + unscaled_length(tick) * scale;
        if x > left + PANEL - NUMBERS {
            break;
        }
        svg.line((x, TOP), (x, bottom), GRID, 1.0);
        let style = Style::new(11.0).anchor(Anchor::Middle).colour(FAINT);
        svg.text((x, bottom + 16.0), &thousands(tick), style);
    }
    for (row, &count) in counts.iter().enumerate() {
        let top = TOP + row as f64 * ROW + (ROW - BAR) / 2.0;
        let length = unscaled_length(count) * scale;
        svg.rectangle((left, top), (length, BAR), colour);
        let number = thousands(count);
        let x = left + length + 6.0;
        svg.text((x, top + 14.5), &number, Style::new(13.0));
        if count > 0 {
            let share = format!("{:.1} %", 100.0 * count as f64 / total as f64);
            let x = x + super::svg::text_width(&number, 13.0) + 7.0;
            svg.text((x, top + 14.5), &share, Style::new(11.0).colour(FAINT));
        }
    }
    svg.line((left, TOP), (left, bottom), RULE, 1.0);
}

/// The length of a bar before scaling: log₁₀(n + 1), so that 0 images have no bar and 1 image has one.
fn unscaled_length(count: usize) -> f64 {
    (count as f64 + 1.0).log10()
}
