"""Writes what siac needs of CloudFormation's resource schemas: `python published.py FOLDER > src/kinds/cloudcontrol/published.tsv`.

FOLDER holds the schemas of all types, a JSON file each, as CloudFormation publishes them for a region:
https://schema.cloudformation.us-east-1.amazonaws.com/CloudformationSchema.zip, unpacked. A line is a type: its name, the properties
that are fixed once it is made, those that AWS alone decides, those that AWS never shows, and where its tags stand and in what form.

The present table was written from the schemas of us-east-1 that cfn-lint 1.51.0 carries, a form of the same files with its corrections.
"""

import json
import pathlib
import sys


def places(schema, *names):
    """Pointers below /properties, without those that lie within others."""
    found = sorted({place.removeprefix("/properties/") for name in names for place in schema.get(name, ())})
    return [place for place in found if not any(place.startswith(other + "/") for other in found)]


def tags(schema):
    tagging = schema.get("tagging", {})
    place = tagging.get("tagProperty", "/properties/Tags").removeprefix("/properties/")
    property = schema.get("properties", {}).get(place)
    if property is None or tagging.get("taggable") is False or tagging.get("tagOnCreate") is False:
        return "-"
    while "$ref" in property:
        property = schema["definitions"][property["$ref"].rsplit("/", 1)[-1]]
    return f"{place}={'list' if property.get('type') == 'array' else 'map'}"


lines = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    schema = json.loads(path.read_text())
    if "typeName" not in schema or not schema["typeName"].startswith("AWS::"):
        continue
    fixed = places(schema, "createOnlyProperties")
    decided = places(schema, "readOnlyProperties")
    hidden = places(schema, "writeOnlyProperties")
    lines[schema["typeName"]] = "\t".join([schema["typeName"], *(" ".join(it) for it in (fixed, decided, hidden)), tags(schema)])
print("\n".join(lines[name] for name in sorted(lines)))
