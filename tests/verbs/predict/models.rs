//! The models of `predict`.

use super::{json_lines, predict};
use crate::common::{photograph, stderr, stdout};
use crate::networks::{metadata, random_checkpoint, write_checkpoint};

#[test]
fn refuses_a_model_that_is_none() {
    let home = tempfile::tempdir().unwrap();
    photograph(&home.path().join("a.jpg"), 1);
    for name in ["m.onnx", "m.pt", "m.safetensors"] {
        std::fs::write(home.path().join(name), "nonsense").unwrap();
        let output = predict(home.path(), &["--model", name, "a.jpg"]);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        assert!(said.starts_with(&format!("error: {name}: ")), "{said}");
        assert!(said.lines().count() <= 3, "{said}");
    }
    let output = predict(home.path(), &["--model", "gone.pt", "a.jpg"]);
    assert!(
        stderr(&output).contains("cannot read gone.pt"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn several_models_are_averaged_and_it_says_so() {
    let home = tempfile::tempdir().unwrap();
    random_checkpoint(home.path());
    photograph(&home.path().join("a.jpg"), 1);
    let answer = |models: &[&str]| {
        let models = models.iter().flat_map(|model| ["--model", model]);
        let arguments: Vec<&str> = ["--json", "--top-k", "7", "a.jpg"]
            .into_iter()
            .chain(models)
            .collect();
        let output = predict(home.path(), &arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        json_lines(&output).remove(0)
    };
    let (alone, twice) = (
        answer(&["checkpoint"]),
        answer(&["checkpoint", "checkpoint"]),
    );
    assert_eq!(
        (&alone["networks"], &twice["networks"]),
        (&1.into(), &2.into())
    );
    assert_eq!(alone["top"], twice["top"]);
    let arguments = ["--model", "checkpoint", "--model", "checkpoint", "a.jpg"];
    let output = predict(home.path(), &arguments);
    assert!(
        stdout(&output).contains("means over 2 models"),
        "{}",
        stdout(&output)
    );
    // A network of another input size.
    let mut other = metadata();
    other.resize.size = 96;
    write_checkpoint(&home.path().join("larger"), other);
    let arguments = ["--model", "checkpoint", "--model", "larger", "a.jpg"];
    let output = predict(home.path(), &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("larger: this network takes images of"),
        "{}",
        stderr(&output)
    );
}
