"""Writes mcnemar.json: statsmodels' exact p-values for pairs of counts.

    pip install statsmodels==0.15.0 && python mcnemar.py
"""

import json
import pathlib

from statsmodels.stats.contingency_tables import mcnemar

pairs = [(0, 0), (1, 0), (5, 5), (3, 9), (12, 2), (40, 61), (150, 90), (700, 650), (0, 60)]
cases = [{"a": a, "b": b, "p_value": float(mcnemar([[0, a], [b, 0]], exact=True).pvalue)} for a, b in pairs]
(pathlib.Path(__file__).parent / "mcnemar.json").write_text(json.dumps(cases, indent=1) + "\n")
