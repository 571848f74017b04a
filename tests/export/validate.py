# SPDX-License-Identifier: BSD-2-Clause
"""validate.py SCHEMA FILE…: each line of each file must validate. With --refuse in front: no line may."""
import json
import sys
import warnings

warnings.simplefilter("ignore")
import jsonschema

arguments = sys.argv[1:]
refuse = arguments[0] == "--refuse"
schema, *files = arguments[1:] if refuse else arguments
schema = json.load(open(schema))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
lines = wrong = 0
for name in files:
    for number, line in enumerate(open(name, encoding="utf-8"), 1):
        row = json.loads(line)
        lines += 1
        if not refuse and (number == 1) != (row["type"] == "header"):
            sys.exit(f"{name}:{number}: the header is the first line and no other")
        if validator.is_valid(row) == refuse:
            wrong += 1
            print(f"{name}:{number}: {'validates' if refuse else 'does not validate'}: {line[:300]}")
sys.exit(1 if wrong or not lines else 0)
