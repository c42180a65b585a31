//! What the tests of several verbs need.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use skinlesion::Class;
use skinlesion::classes::ham10000;

/// The real binary, with a clean environment for colours and seeds.
pub fn skinlesion() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skinlesion"));
    command.env("NO_COLOR", "1");
    command
}

/// A file of the shared data (real images, real weights), from `$SKINLESION_SHARED` or `../shared`.
/// Says loudly when it is missing, so that a skipped test is seen.
pub fn shared(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("SKINLESION_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let path = home.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "\n*** SKIPPED: {} is missing; set SKINLESION_SHARED to test with real data ***\n",
        path.display()
    );
    None
}

/// The class of HAM10000 with this code.
pub fn ham(code: &str) -> Class {
    ham10000().by_code(code).unwrap()
}

/// What the program printed on standard error.
pub fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the program printed on standard output.
pub fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(feature = "torch")]
/// The Python of `scripts/python-env`, or `$SKINLESION_PYTHON`. Says loudly when it is missing, so that a
/// skipped test is seen; where `CI` is set, a missing one fails the test.
pub fn python() -> Option<PathBuf> {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".venv");
    let asked = std::env::var_os("SKINLESION_PYTHON").map(PathBuf::from);
    let candidates = [
        asked,
        Some(home.join("bin/python")),
        Some(home.join("Scripts/python.exe")),
    ];
    if let Some(found) = candidates.into_iter().flatten().find(|path| path.exists()) {
        return Some(found);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci.is_empty() || ci == "false"),
        "no Python for the tests: run scripts/python-env"
    );
    eprintln!("\n*** SKIPPED: no Python for the tests; run scripts/python-env ***\n");
    None
}

#[cfg(feature = "torch")]
/// Chromium, if the tests can drive it. Says loudly when they cannot, so that a skipped test is seen; where `CI` is
/// set, that fails the test.
pub fn chromium() -> Option<PathBuf> {
    let modules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser/node_modules");
    let asked = std::env::var_os("SKINLESION_CHROMIUM").map(PathBuf::from);
    let found = asked.into_iter().chain(
        [
            "/usr/bin/chromium",
            "/usr/bin/chromium-browser",
            "/usr/bin/google-chrome",
        ]
        .map(PathBuf::from),
    );
    let found = found.into_iter().find(|path| path.exists());
    if let (Some(chromium), true) = (found, modules.exists()) {
        return Some(chromium);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci.is_empty() || ci == "false"),
        "no browser for the tests: install Chromium and Node.js and run scripts/browser-env"
    );
    eprintln!(
        "\n*** SKIPPED: no browser for the tests; install Chromium and Node.js and run scripts/browser-env ***\n"
    );
    None
}

/// The built page, `web/dist`. Says loudly when it is missing, so that a skipped test is seen; where `CI` is set, that
/// fails the test.
pub fn page() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("web/dist");
    if folder.join("index.html").exists() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|ci| ci.is_empty() || ci == "false"),
        "no page to test: install Node.js and npm and run scripts/web"
    );
    eprintln!("\n*** SKIPPED: no page to test; install Node.js and npm and run scripts/web ***\n");
    None
}

/// A photograph of coloured noise, 96 × 72 pixels.
pub fn photograph(path: &Path, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let [red, green, blue] = [0; 3].map(|_| rng.random_range(0..200));
    let pixel = |_, _| image::Rgb([red, green, blue].map(|c: u8| c + rng.random_range(0..50)));
    image::RgbImage::from_fn(96, 72, pixel).save(path).unwrap();
}
