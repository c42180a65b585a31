"""Checks a model.json against its schema, docs/model.schema.json.

    python tests/reference/model_schema.py SCHEMA MODEL
"""

import json
import pathlib
import sys

import jsonschema

schema, model = (json.loads(pathlib.Path(path).read_text()) for path in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(model)
