"""Writes calibration.json: predictions, their calibration errors, and the fitted temperature.

    pip install scikit-learn==1.9.1 scipy==1.17.1 && python calibration.py
"""

import json
import pathlib

import numpy as np
import scipy
import sklearn
from scipy.optimize import minimize_scalar
from sklearn import metrics as m

BINS, ALL = 15, list(range(7))
rng = np.random.default_rng(20180815)


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def ece(groups):
    n = sum(len(confidence) for confidence, _ in groups)
    return float(sum(len(c) / n * abs(c.mean() - right.mean()) for c, right in groups if len(c)))


def figures(y, p):
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    place = np.clip(np.ceil(confidence * BINS), 1, BINS)
    order = np.lexsort((right, confidence))
    return {
        "log_loss": float(m.log_loss(y, p, labels=ALL)),
        "ece_equal_width": ece([(confidence[place == b], right[place == b]) for b in range(1, BINS + 1)]),
        "ece_equal_mass": ece([(confidence[part], right[part]) for part in np.array_split(order, BINS)]),
        "brier": float(m.brier_score_loss(y, p, labels=ALL, scale_by_half=False)),
    }


def case(name, n, strength, sharpness):
    y = rng.choice(7, size=n, p=np.array([3, 5, 11, 1, 11, 67, 2]) / 100)
    logits = rng.normal(size=(n, 7))
    logits[np.arange(n), y] += strength
    p = softmax(logits * sharpness)
    z = np.log(p)
    loss = lambda inverse: float(np.mean(scipy.special.logsumexp(z * inverse, axis=1) - inverse * z[np.arange(n), y]))
    best = minimize_scalar(loss, bounds=(0.01, 100), method="bounded", options={"xatol": 1e-12, "maxiter": 10000})
    t = 1 / best.x
    return {
        "name": name,
        "truths": y.tolist(),
        "probabilities": p.tolist(),
        "before": figures(y, p),
        "temperature": t,
        "after": figures(y, softmax(z / t)),
    }


cases = [
    case("too certain", 300, 1.5, 3.0),
    case("too modest", 300, 1.5, 0.4),
    case("about right", 200, 2.0, 1.0),
    case("fewer images than bins", 11, 0.8, 2.0),
]
here = pathlib.Path(__file__).parent
versions = {"scikit_learn": sklearn.__version__, "scipy": scipy.__version__}
text = json.dumps(versions | {"cases": cases}, allow_nan=False)
(here / "calibration.json").write_text(text.replace('{"name"', '\n{"name"') + "\n")
