"""Writes metrics.json: predictions and their metrics by scikit-learn.

    pip install scikit-learn==1.9.1 && python metrics.py

Each case has `truths` (class indices), `probabilities`, and the metrics of `skinlesion::metrics::Metrics`; a
metric that scikit-learn leaves undefined is null. `report` is classification_report's text over the classes
that occur, `report_without_nv` the same over all classes but nv, where a micro average replaces accuracy.
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics as m

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
ALL = list(range(7))
MEL, NV = 4, 5
warnings.simplefilter("ignore")
rng = np.random.default_rng(20180814)


def plain(value):
    """A float for JSON; NaN, scikit-learn's word for undefined, becomes null."""
    return None if np.isnan(value) else float(value)


def auc(y, p, c):
    return m.roc_auc_score(y == c, p[:, c]) if 0 < (y == c).sum() < len(y) else float("nan")


def sensitivity_at(truth, score, specificity):
    """The highest true positive rate of the ROC curve with at least this specificity."""
    if truth.all() or not truth.any():
        return float("nan")
    fpr, tpr, _ = m.roc_curve(truth, score, drop_intermediate=False)
    return tpr[1 - fpr >= specificity - 1e-12].max()


def melanoma_nevus_auc(y, p):
    among = (y == MEL) | (y == NV)
    pair = p[among][:, [MEL, NV]]
    sums = pair.sum(axis=1)
    score = np.divide(pair[:, 0], sums, out=np.full(len(pair), 0.5), where=sums > 0)
    truth = y[among] == MEL
    return m.roc_auc_score(truth, score) if 0 < truth.sum() < len(truth) else float("nan")


def report(y, guess, labels):
    return m.classification_report(
        y, guess, labels=labels, target_names=[CLASSES[c] for c in labels], zero_division=0
    )


def case(name, y, p):
    y, p = np.asarray(y), np.asarray(p, dtype=np.float64)
    guess = p.argmax(axis=1)
    matrix = m.confusion_matrix(y, guess, labels=ALL)
    precision, recall, f1, support = m.precision_recall_fscore_support(
        y, guess, labels=ALL, zero_division=np.nan
    )
    # With zero_division=nan scikit-learn shows what is 0/0; of these, a class that was only never predicted
    # has precision 0 (zero_division=0), and one that was predicted or occurs has F1 0.
    occurs = (support + matrix.sum(axis=0)) > 0
    precision = np.where(occurs, np.nan_to_num(precision), np.nan)
    f1 = np.where(occurs, np.nan_to_num(f1), np.nan)
    aucs = [auc(y, p, c) for c in ALL]
    average = [m.average_precision_score(y == c, p[:, c]) if (y == c).any() else float("nan") for c in ALL]
    specificity = [m.recall_score(y != c, guess != c) if (y != c).any() else float("nan") for c in ALL]
    macro_auc = float("nan")
    if len(set(y)) == 7:
        macro_auc = m.roc_auc_score(y, p, multi_class="ovr", labels=ALL)
        assert abs(macro_auc - np.mean(aucs)) < 1e-12
    present = sorted(set(y) | set(guess))
    return {
        "name": name,
        "truths": y.tolist(),
        "probabilities": p.tolist(),
        "metrics": {
            "n": len(y),
            "accuracy": plain(m.accuracy_score(y, guess)),
            "top2_accuracy": plain(m.top_k_accuracy_score(y, p, k=2, labels=ALL)),
            "top3_accuracy": plain(m.top_k_accuracy_score(y, p, k=3, labels=ALL)),
            "balanced_accuracy": plain(m.balanced_accuracy_score(y, guess)),
            "macro_f1": plain(m.f1_score(y, guess, average="macro", zero_division=0)),
            "weighted_f1": plain(m.f1_score(y, guess, average="weighted", zero_division=0)),
            "macro_auc": plain(macro_auc),
            "macro_average_precision": plain(np.mean(average)),
            "log_loss": plain(m.log_loss(y, p, labels=ALL)),
            "melanoma_sensitivity_at_90_specificity": plain(sensitivity_at(y == MEL, p[:, MEL], 0.90)),
            "melanoma_nevus_auc": plain(melanoma_nevus_auc(y, p)),
            "confusion_matrix": matrix.tolist(),
            "per_class": {
                code: {
                    "precision": plain(precision[c]),
                    "recall": plain(recall[c]),
                    "f1": plain(f1[c]),
                    "support": int(support[c]),
                    "specificity": plain(specificity[c]),
                    "auc": plain(aucs[c]),
                    "average_precision": plain(average[c]),
                }
                for c, code in enumerate(CLASSES)
            },
        },
        "report": report(y, guess, present),
        "report_without_nv": report(y, guess, [c for c in ALL if c != 5]),
    }


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def drawn(n, truth_share, strength):
    """Truths by share and probabilities that lean towards them."""
    y = rng.choice(7, size=n, p=np.array(truth_share) / sum(truth_share))
    logits = rng.normal(size=(n, 7))
    logits[np.arange(n), y] += strength
    return y, softmax(logits)


HAM = [327, 514, 1099, 115, 1113, 6705, 142]
cases = []

y, p = drawn(150, HAM, 1.2)
y[:7] = ALL  # every class occurs, so that every figure is defined
cases.append(case("ordinary", y, p))

y, p = drawn(40, [1, 1, 1, 0, 1, 3, 0], 1.0)
p[:3] = softmax(np.eye(7)[[3, 3, 6]] * 3.0)  # df and vasc are predicted but never true
cases.append(case("a class is absent from the truth", y, p))

y, p = drawn(40, [1] * 7, 1.0)
p[:, [0, 4]] *= 1e-3
p /= p.sum(axis=1, keepdims=True)
cases.append(case("a class is absent from the predictions", y, p))

y, p = drawn(30, [0, 1, 1, 0, 1, 3, 0], 2.0)
p[:, [0, 3, 6]] *= 1e-4
p /= p.sum(axis=1, keepdims=True)
cases.append(case("classes are absent from both", y, p))

y = rng.choice(7, size=60)
y[:7] = ALL
p = rng.integers(0, 4, size=(60, 7)).astype(float)  # quarters of a small whole: many equal scores
p[p.sum(axis=1) == 0] = 1.0
p[10:14] = 1.0
p /= p.sum(axis=1, keepdims=True)
cases.append(case("ties", y, p))

y, p = drawn(12, [0, 0, 0, 0, 1, 0, 0], 1.0)
cases.append(case("a single class", y, p))

y, p = drawn(30, [1] * 7, 0.0)
y[:7] = ALL
cases.append(case("probabilities are exactly 0 or 1", y, np.eye(7)[np.where(rng.random(30) < 0.6, y, (y + 2) % 7)]))

cases.append(case("one image", [5], [[0.05, 0.05, 0.2, 0.1, 0.25, 0.3, 0.05]]))

here = pathlib.Path(__file__).parent
text = json.dumps({"scikit_learn": sklearn.__version__, "cases": cases}, allow_nan=False)
(here / "metrics.json").write_text(text.replace('{"name"', '\n{"name"') + "\n")
