"""Writes bootstrap.json: 95 % intervals by percentile bootstrap, with draws of NumPy and metrics of scikit-learn, for the first
predictions in metrics.json (each image its own lesion). The random generator differs, so interval ends agree within sampling error only.

    pip install scikit-learn==1.9.1 && python bootstrap.py
"""

import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics as m

DRAWS = 4000
warnings.simplefilter("ignore")
here = pathlib.Path(__file__).parent
case = json.loads((here / "metrics.json").read_text())["cases"][0]
y, p = np.array(case["truths"]), np.array(case["probabilities"])
rng = np.random.default_rng(7)


def figures(y, p):
    guess, is_melanoma = p.argmax(axis=1), y == 4
    both = 0 < is_melanoma.sum() < len(y)
    return {
        "accuracy": m.accuracy_score(y, guess),
        "top2_accuracy": m.top_k_accuracy_score(y, p, k=2, labels=list(range(7))),
        "balanced_accuracy": m.balanced_accuracy_score(y, guess),
        "macro_f1": m.f1_score(y, guess, average="macro", zero_division=0),
        "log_loss": m.log_loss(y, p, labels=list(range(7))),
        "melanoma_recall": m.recall_score(is_melanoma, guess == 4) if is_melanoma.any() else np.nan,
        "melanoma_specificity": m.recall_score(~is_melanoma, guess != 4),
        "per_class.mel.auc": m.roc_auc_score(is_melanoma, p[:, 4]) if both else np.nan,
        "per_class.mel.average_precision": m.average_precision_score(is_melanoma, p[:, 4]) if both else np.nan,
    }


draws = []
for _ in range(DRAWS):
    rows = rng.integers(0, len(y), len(y))
    draws.append(figures(y[rows], p[rows]))
ends = {name: np.nanquantile([draw[name] for draw in draws], [0.025, 0.975]).tolist() for name in draws[0]}
(here / "bootstrap.json").write_text(json.dumps({"draws": DRAWS, "intervals": ends}, indent=1) + "\n")
