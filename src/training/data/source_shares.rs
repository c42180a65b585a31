//! The fraction of an epoch that each source of images gets.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Group;
use crate::{Error, Result};

/// Shares that add up to 1 within this tolerance leave nothing for other sources.
const TOLERANCE: f64 = 1e-9;

/// The groups of examples that share an epoch: one for each named source, and one for all others together, which gets
/// the rest. `sources` are the sources of the training examples.
///
/// # Errors
/// Fails if a named source has no training examples, or if the shares leave the rest without examples or the other
/// sources without a share.
pub fn groups(shares: &BTreeMap<String, f64>, sources: &[&str]) -> Result<Vec<Group>> {
    let known: BTreeSet<&str> = sources.iter().copied().collect();
    let quoted = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<String> = names.map(|name| format!("'{name}'")).collect();
        names.join(", ")
    };
    let refuse = |problem: String, remedy: &str| {
        let sources = quoted(&mut known.iter().copied());
        let remedy = format!("{remedy} The training images are of {sources}.");
        Err(Error::input("source_shares", problem, remedy))
    };
    let is_unknown = |name: &&str| !known.contains(name);
    let unknown = quoted(&mut shares.keys().map(String::as_str).filter(is_unknown));
    if !unknown.is_empty() {
        return refuse(
            format!("there are no training images of source {unknown}"),
            "Name sources as the manifest's column source does.",
        );
    }
    let rest = 1.0 - shares.values().sum::<f64>();
    let others = quoted(&mut (known.iter().copied()).filter(|&name| !shares.contains_key(name)));
    if others.is_empty() && rest > TOLERANCE {
        return refuse(
            "every source has a share, but the shares do not add up to 1".into(),
            "Leave out the share of one source, which then gets the rest.",
        );
    }
    if !others.is_empty() && rest <= TOLERANCE {
        return refuse(
            format!("the shares add up to 1 and leave nothing for {others}"),
            "Lower the shares, or leave these images out with `skinlesion prepare --hold-out`.",
        );
    }
    let members =
        |of: &dyn Fn(&str) -> bool| (0..sources.len()).filter(|&at| of(sources[at])).collect();
    let named = shares.iter().map(|(name, &share)| Group {
        members: members(&|source| source == name),
        share,
    });
    let mut groups: Vec<Group> = named.collect();
    if !others.is_empty() {
        groups.push(Group {
            members: members(&|source| !shares.contains_key(source)),
            share: rest,
        });
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: [&str; 5] = ["ham", "isic2017", "ham", "", "ham"];

    fn of(shares: &[(&str, f64)]) -> Result<Vec<(Vec<usize>, f64)>> {
        let shares = shares.iter().map(|&(name, share)| (name.to_owned(), share));
        let groups = groups(&shares.collect(), &SOURCES)?;
        Ok(groups.into_iter().map(|g| (g.members, g.share)).collect())
    }

    #[test]
    fn named_sources_get_their_shares_and_all_others_the_rest() {
        let expected = [(vec![1], 0.25), (vec![0, 2, 3, 4], 0.75)];
        assert_eq!(of(&[("isic2017", 0.25)]).unwrap(), expected);
        let all = of(&[("isic2017", 0.25), ("ham", 0.5), ("", 0.25)]).unwrap();
        assert_eq!(all[0], (vec![3], 0.25));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn shares_that_do_not_fit_the_sources_are_refused_with_the_known_sources() {
        for (shares, problem) in [
            (&[("isic", 0.3)][..], "no training images of source 'isic'"),
            (&[("isic2017", 0.3), ("ham", 0.7)], "leave nothing for ''"),
            (
                &[("isic2017", 0.3), ("ham", 0.3), ("", 0.3)],
                "do not add up to 1",
            ),
        ] {
            let error = of(shares).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
            assert!(error.contains("'', 'ham', 'isic2017'"), "{error}");
        }
    }
}
