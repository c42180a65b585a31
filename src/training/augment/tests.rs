use super::*;
use crate::training::config::Augment;

const STRONG: Augment = Augment {
    flip: true,
    rotation: 180.0,
    scale: 0.3,
    crop: 0.3,
    stretch: 0.1,
    shift: 0.1,
    shear: 0.1,
    brightness: 0.3,
    contrast: 0.3,
    colour: 0.1,
    saturation: 0.3,
    gamma: 0.2,
    temperature: 0.2,
    illumination: 0.3,
    vignette: 0.5,
    border: 0.5,
    hair: 0.5,
    ruler: 0.5,
    bubbles: 0.5,
    ink: 0.5,
    erase: 0.5,
    blur: 0.5,
    jpeg: 0.5,
};

const SIDE: usize = 32;

fn image(number: usize) -> Vec<u8> {
    let pixel = |i: usize| ((i * 7 + number * 31) % 251) as u8;
    (0..SIDE * SIDE * 3).map(pixel).collect()
}

fn input(row: usize, repeat: usize, pixels: &[u8]) -> Input<'_> {
    Input {
        row,
        repeat,
        pixels,
    }
}

fn augmented(by: &Augment, seed: u64, epoch: usize, numbers: &[usize]) -> Vec<u8> {
    let images: Vec<Vec<u8>> = numbers.iter().map(|&number| image(number)).collect();
    let images: Vec<Input> = (numbers.iter().zip(&images))
        .map(|(&row, pixels)| input(row, 0, pixels))
        .collect();
    let augmenter = Augmenter {
        by,
        seed,
        side: SIDE,
        aspect: 4.0 / 3.0,
    };
    augmenter.batch(&images, epoch, SIDE)
}

#[test]
fn the_default_augmentation_changes_nothing() {
    assert_eq!(augmented(&Augment::default(), 1, 1, &[3]), image(3));
}

#[test]
fn an_image_that_is_drawn_twice_in_an_epoch_is_augmented_in_two_ways() {
    let augmenter = Augmenter {
        by: &STRONG,
        seed: 1,
        side: SIDE,
        aspect: 4.0 / 3.0,
    };
    let image = image(3);
    let twice = augmenter.batch(&[input(3, 0, &image), input(3, 1, &image)], 1, SIDE);
    let (first, second) = twice.split_at(SIDE * SIDE * 3);
    assert_ne!(first, second);
    assert_eq!(first, augmented(&STRONG, 1, 1, &[3]));
}

#[test]
fn the_changes_of_an_image_do_not_depend_on_its_batch() {
    let all = augmented(&STRONG, 1, 3, &[10, 11, 12]);
    let alone = augmented(&STRONG, 1, 3, &[12]);
    assert_eq!(all[2 * SIDE * SIDE * 3..], alone);
}

#[test]
fn the_changes_depend_on_epoch_seed_and_image() {
    let first = augmented(&STRONG, 1, 1, &[5]);
    for (seed, epoch, image) in [(2, 1, 5), (1, 2, 5), (1, 1, 6)] {
        assert_ne!(first, augmented(&STRONG, seed, epoch, &[image]));
    }
}

#[test]
fn every_setting_has_an_effect() {
    let strong = toml::Table::try_from(STRONG).unwrap();
    for (key, value) in strong {
        let only = toml::Table::from_iter([(key.clone(), value)]);
        let only: Augment = only.try_into().unwrap();
        let changes = (0..20).any(|epoch| augmented(&only, 1, epoch, &[1]) != image(1));
        assert!(changes, "{key} changes nothing");
    }
}

#[test]
fn rotation_respects_the_aspect_ratio_of_the_original_photograph() {
    // A bar of a third of the width of a 4:3 photograph takes, turned upright, 4/9 of its height.
    let by = Augment {
        rotation: 90.0,
        ..Augment::default()
    };
    let side = 90;
    let lit = |at: usize| (30..60).contains(&(at % side)) && (40..50).contains(&(at / side));
    let bar: Vec<u8> = (0..side * side)
        .flat_map(|at| [if lit(at) { 255 } else { 0 }; 3])
        .collect();
    let mut longest = 0;
    let augmenter = Augmenter {
        by: &by,
        seed: 1,
        side,
        aspect: 4.0 / 3.0,
    };
    for epoch in 0..60 {
        let turned = augmenter.batch(&[input(0, 0, &bar)], epoch, side);
        let rows = turned.chunks_exact(side * 3);
        let height = rows.filter(|row| row.iter().any(|&v| v > 127)).count();
        longest = longest.max(height);
    }
    assert!((38..=43).contains(&longest), "{longest} rows");
}

#[test]
fn a_smaller_result_shows_the_same_view() {
    let augmenter = Augmenter {
        by: &Augment::default(),
        seed: 1,
        side: SIDE,
        aspect: 1.0,
    };
    let gradient: Vec<u8> = (0..SIDE * SIDE)
        .flat_map(|at| [(at % SIDE * 8) as u8, (at / SIDE * 8) as u8, 100])
        .collect();
    let small = augmenter.batch(&[input(0, 0, &gradient)], 1, SIDE / 2);
    for (at, pixel) in small.chunks_exact(3).enumerate() {
        let (column, row) = (at % (SIDE / 2), at / (SIDE / 2));
        // The image is reflected at its borders, so only the inside is a plain gradient.
        if (2..14).contains(&column) && (2..14).contains(&row) {
            assert!(
                pixel[0].abs_diff((column * 16 + 4) as u8) <= 2,
                "{pixel:?} at {column}"
            );
            assert!(pixel[1].abs_diff((row * 16 + 4) as u8) <= 2);
        }
    }
}
