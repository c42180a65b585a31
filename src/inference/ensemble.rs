//! Ensembles: mean probabilities over several networks.

use std::path::PathBuf;

use super::classifier::{Classifier, Outputs};
use crate::imaging::resize::ResizeRule;
use crate::metrics::decisions::Decisions;
use crate::model::checkpoint_metadata::CheckpointMetadata;
use crate::model::novelty_rule::NoveltyRule;
use crate::probabilities::Probabilities;
use crate::{ClassList, Error, Result};

/// A classifier whose probabilities are the means over several networks.
///
/// It has the networks' decision rules if they are all the same, and else names the likeliest class. It has no
/// thresholds and no abstention rule: those of the networks were selected on the probabilities of each alone. Its
/// novelty score is the mean over the networks of score ÷ threshold, with the threshold 1, if all networks have one.
pub struct Ensemble {
    classes: ClassList,
    networks: Vec<Box<dyn Classifier>>,
    resize: ResizeRule,
    decisions: Decisions,
}

impl Ensemble {
    /// Joins networks, each with the path that it was opened from.
    ///
    /// # Errors
    /// No network, and networks that take images of different resize rules.
    pub fn new(networks: Vec<(PathBuf, Box<dyn Classifier>)>) -> Result<Self> {
        let Some((_, first)) = networks.first() else {
            return Err(Error::input("--model", "no network", "Name at least one."));
        };
        let (resize, decisions) = (first.resize(), first.decisions().clone());
        let classes = first.classes();
        for (path, network) in &networks {
            if network.resize() != resize {
                let (other, first) = (network.resize().flags(), resize.flags());
                return Err(Error::file(
                    path,
                    format!("this network takes images of {other}, the first one of {first}"),
                    "Only networks with the same input can be averaged.",
                ));
            }
            if !network.classes().has_codes_of(classes) {
                let (other, first) = (network.classes().codes(), classes.codes());
                return Err(Error::file(
                    path,
                    format!("this network has the classes {other}, the first one {first}"),
                    "Only networks with the same classes can be averaged.",
                ));
            }
        }
        let mut all = networks.iter();
        let agree = all.all(|(_, network)| *network.decisions() == decisions);
        Ok(Self {
            classes,
            networks: networks.into_iter().map(|(_, network)| network).collect(),
            resize,
            decisions: if agree {
                decisions
            } else {
                Decisions::likeliest(classes)
            },
        })
    }
}

impl Classifier for Ensemble {
    fn classes(&self) -> ClassList {
        self.classes
    }

    fn resize(&self) -> ResizeRule {
        self.resize
    }

    /// `None`: no single checkpoint describes the ensemble.
    fn metadata(&self) -> Option<&CheckpointMetadata> {
        None
    }

    fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    fn networks(&self) -> usize {
        self.networks.len()
    }

    fn novelty(&self) -> Option<NoveltyRule> {
        let rules: Option<Vec<NoveltyRule>> = self
            .networks
            .iter()
            .map(|network| network.novelty())
            .collect();
        Some(NoveltyRule {
            threshold: 1.0,
            ..*rules?.first()?
        })
    }

    fn outputs(&self, images: &[&[u8]]) -> Result<Outputs> {
        let mut novelty = self.novelty().map(|_| vec![0.0; images.len()]);
        let mut means = vec![Probabilities::zeros(self.classes()); images.len()];
        for network in &self.networks {
            let outputs = network.outputs(images)?;
            let scale = network
                .novelty()
                .map(|rule| rule.threshold * self.networks.len() as f64);
            if let (Some(means), Some(scores), Some(scale)) =
                (&mut novelty, &outputs.novelty, scale)
            {
                for (mean, score) in means.iter_mut().zip(scores) {
                    *mean += score / scale;
                }
            }
            for (mean, row) in means.iter_mut().zip(outputs.probabilities) {
                for (sum, probability) in mean.iter_mut().zip(row.iter()) {
                    *sum += probability / self.networks.len() as f64;
                }
            }
        }
        Ok(Outputs {
            probabilities: means,
            novelty,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classes::{ham, ham10000};
    use crate::metrics::decisions::DecisionRule;

    /// Answers every image alike.
    struct Constant {
        melanoma: f64,
        size: u32,
        decisions: Decisions,
    }

    impl Classifier for Constant {
        fn classes(&self) -> ClassList {
            ham10000()
        }

        fn resize(&self) -> ResizeRule {
            ResizeRule::square(self.size)
        }

        fn metadata(&self) -> Option<&CheckpointMetadata> {
            None
        }

        fn decisions(&self) -> &Decisions {
            &self.decisions
        }

        fn outputs(&self, images: &[&[u8]]) -> Result<Outputs> {
            let mut row = Probabilities::zeros(ham10000());
            row[ham("mel").index()] = self.melanoma;
            row[ham("nv").index()] = 1.0 - self.melanoma;
            Ok(vec![row; images.len()].into())
        }
    }

    fn network(melanoma: f64, size: u32, reason: &str) -> (PathBuf, Box<dyn Classifier>) {
        let decisions = Decisions {
            reason: reason.into(),
            ..Decisions::default()
        };
        let network = Constant {
            melanoma,
            size,
            decisions,
        };
        (format!("{size}.onnx").into(), Box::new(network))
    }

    #[test]
    fn probabilities_are_the_mean_over_the_networks() {
        let networks = vec![
            network(0.2, 8, ""),
            network(0.6, 8, ""),
            network(0.7, 8, ""),
        ];
        let ensemble = Ensemble::new(networks).unwrap();
        let rows = ensemble.probabilities(&[&[], &[]]).unwrap();
        assert_eq!(rows.len(), 2);
        assert!((rows[1][ham("mel").index()] - 0.5).abs() < 1e-12);
        assert!((rows[1].iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(ensemble.networks(), 3);
    }

    #[test]
    fn networks_of_another_input_are_refused_and_other_decision_rules_are_dropped() {
        let refused = Ensemble::new(vec![network(0.2, 8, ""), network(0.2, 16, "")]);
        let said = refused.err().unwrap().to_string();
        assert!(
            said.contains("16.onnx") && said.contains("--size 8"),
            "{said}"
        );
        let of = |a, b| Ensemble::new(vec![network(0.2, 8, a), network(0.2, 8, b)]).unwrap();
        assert_eq!(of("fitted", "fitted").decisions().reason, "fitted");
        assert_eq!(
            of("fitted", "other").decisions(),
            &Decisions::likeliest(ham10000())
        );
        assert_eq!(of("a", "b").decisions().default, DecisionRule::Likeliest);
    }
}
