"""Writes analysis.json: scikit-learn's one-vs-rest results for each class, for the predictions in metrics.json.

    pip install scikit-learn==1.9.1 && python analysis.py

Each case has ISIC's metrics by class (null where undefined), the points of both curves, and by question (`melanoma`,
`malignant`) the highest threshold with each sensitivity, and its counts.
"""

import json
import pathlib
import warnings

import numpy as np
import sklearn
from sklearn import metrics as m

CLASSES = ["akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"]
QUESTIONS = {"melanoma": [4], "malignant": [0, 1, 4]}
SENSITIVITIES = [0.80, 0.90, 0.95]
warnings.simplefilter("ignore")
here = pathlib.Path(__file__).parent


def share(part, whole):
    return float(part / whole) if whole else None


def counts(y, called):
    """True and false positives, false and true negatives."""
    matrix = m.confusion_matrix(y, called, labels=[True, False])
    return [int(n) for n in (matrix[0, 0], matrix[1, 0], matrix[0, 1], matrix[1, 1])]


def auc_above(y, score, least):
    """The area of the ROC curve from where it crosses `least`, as ISIC's scoring program has it."""
    fpr, tpr, _ = m.roc_curve(y, score, drop_intermediate=False)
    at = np.searchsorted(tpr, least, side="left")
    cross = np.interp(least, tpr[at - 1 : at + 1], fpr[at - 1 : at + 1])
    return float(m.auc(np.insert(fpr[at:], 0, cross), np.insert(tpr[at:], 0, least)))


def of_class(y, score):
    tp, fp, fn, tn = counts(y, score > 0.5)
    both, some = 0 < y.sum() < len(y), y.sum() > 0
    return {
        "sensitivity": share(tp, tp + fn),
        "specificity": share(tn, tn + fp),
        "ppv": share(tp, tp + fp),
        "npv": share(tn, tn + fn),
        "accuracy": float(m.accuracy_score(y, score > 0.5)),
        "auc": float(m.roc_auc_score(y, score)) if both else None,
        "auc_above_80_sensitivity": auc_above(y, score, 0.8) if both else None,
        "average_precision": float(m.average_precision_score(y, score)) if some else None,
    }


def curves(y, score):
    fpr, tpr, _ = m.roc_curve(y, score, drop_intermediate=False)
    precision, recall, _ = m.precision_recall_curve(y, score)
    # scikit-learn adds a last point of recall 0 and precision 1, and runs from high recall to low.
    return {
        "roc": np.stack([fpr, tpr], 1).tolist() if 0 < y.sum() < len(y) else None,
        "precision_recall": np.stack([recall, precision], 1)[:-1][::-1].tolist() if y.sum() else None,
    }


def point(y, score, wanted):
    _, tpr, thresholds = m.roc_curve(y, score, drop_intermediate=False)
    threshold = float(thresholds[np.argmax(tpr >= wanted)])
    tp, fp, fn, tn = counts(y, score >= threshold)
    benefit = (tp - fp * threshold / (1 - threshold)) / len(y) if threshold < 1 else None
    return {"wanted": wanted, "threshold": threshold, "counts": [tp, fp, fn, tn], "net_benefit": benefit}


def case(of):
    y, p = np.array(of["truths"]), np.array(of["probabilities"])
    questions = {name: (np.isin(y, classes), p[:, classes].sum(axis=1)) for name, classes in QUESTIONS.items()}
    return {
        "name": of["name"],
        "isic": {code: of_class(y == c, p[:, c]) for c, code in enumerate(CLASSES)},
        "curves": {code: curves(y == c, p[:, c]) for c, code in enumerate(CLASSES)},
        "points": {
            name: [point(y, score, s) for s in SENSITIVITIES] if y.any() else []
            for name, (y, score) in questions.items()
        },
    }


cases = [case(of) for of in json.loads((here / "metrics.json").read_text())["cases"]]
text = json.dumps({"scikit_learn": sklearn.__version__, "cases": cases}, allow_nan=False)
(here / "analysis.json").write_text(text.replace('{"name"', '\n{"name"') + "\n")
