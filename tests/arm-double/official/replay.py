"""Recorded exchanges of the real ARM, from the source distributions of Microsoft's older clients, asked again of the double.

replay.py ENDPOINT SUBSCRIPTION TOKEN ARCHIVE RECORDING

Whatever the double does not answer as ARM did is printed, and the last line counts what was compared. An exchange about a type that the double does not
have is left out and counted, too. How often an operation is looked at before it is done is its own affair; how it is told in between and at its end is not.
"""

import http.client
import json
import sys
import zipfile
from urllib.parse import urlsplit

import yaml

ENDPOINT, SUBSCRIPTION, TOKEN, ARCHIVE, RECORDING = sys.argv[1:]

# What recordings have in place of subscriptions and tenants.
BLANK = "00000000-0000-0000-0000-000000000000"

# What every document must say as ARM said it. Everything else that a request said must be echoed, too.
SAME = {".id", ".name", ".type", ".location", ".kind", ".properties.provisioningstate", ".status", ".nameavailable", ".registrationstate"}

# Places that later api-versions show, or show by default, and that the recordings are too old for.
LATER = {
    "storageaccounts": {".properties.allowblobpublicaccess"},
    "signalr": {".properties.disableaadauth", ".properties.disablelocalauth", ".properties.publicnetworkaccess"},
    "vaults": {".properties.enablerbacauthorization", ".properties.publicnetworkaccess", ".properties.softdeleteretentionindays"},
}

# Places that ARM leaves out of an answer, and that nobody reads there: what was written is looked at.
BESIDES = {("PATCH", "serverfarms"): {".location"}}

# The answer to a write of an app's configuration calls itself the app. Nobody reads it: what was written is looked at.
OTHERWISE = {("PUT", "config"), ("PATCH", "config")}

# A namespace that the double has, for one that it has not.
RENAMED = {"Microsoft.Search": "Microsoft.Maps"}

# The double's answers to what it does not know.
UNKNOWN = {"InvalidResourceType", "NoRegisteredProviderFound", "InvalidResourceNamespace"}


def recorded():
    with zipfile.ZipFile(ARCHIVE) as archive:
        name = next(name for name in archive.namelist() if name.endswith(f"/recordings/{RECORDING}.yaml"))
        text = archive.read(name).decode().replace(BLANK, SUBSCRIPTION)
    for old, new in RENAMED.items():
        text = text.replace(old, new)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for exchange in yaml.load(text, Loader=loader)["interactions"]:
        request, answer = exchange["request"], exchange["response"]
        headers = {name.lower(): value[0] if isinstance(value, list) else value for name, value in answer["headers"].items()}
        yield request["method"], request["uri"], body(request.get("body")), answer["status"]["code"], headers, body(answer["body"].get("string"))


def body(text):
    text = text.decode() if isinstance(text, bytes) else text
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def send(method, url, document=None):
    parts, home = urlsplit(url), urlsplit(ENDPOINT)
    connection = http.client.HTTPConnection(home.hostname, home.port, timeout=60)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Connection": "close"}
    payload = json.dumps(document) if document is not None else None
    connection.request(method, parts.path + ("?" + parts.query if parts.query else ""), payload, headers)
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body(answer.read())


def prepare(exchanges):
    """The groups that the recorded tests found there."""
    made = set()
    for method, url, document, status, *_ in exchanges:
        parts = urlsplit(url).path.strip("/").split("/")
        if len(parts) < 4 or parts[2].lower() != "resourcegroups" or parts[3].lower() in made:
            continue
        made.add(parts[3].lower())
        is_found_there = len(parts) > 4 or method == "PUT" and status == 200
        if is_found_there:
            group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{parts[3]}?api-version=2020-06-01"
            send("PUT", group, {"location": document["location"] if len(parts) == 4 else "westeurope"})


def leaves(document, path=""):
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, f"{path}.{key}".lower())
    else:
        yield path, document


def is_same(a, b):
    if isinstance(a, str) and isinstance(b, str):
        return a.lower().rstrip("/") == b.lower().rstrip("/")
    return a == b


def kind_of(url):
    """The last type of a path."""
    parts = urlsplit(url).path.lower().split("/providers/")[-1].split("/")
    return parts[-2 if len(parts) % 2 else -1] if len(parts) > 1 else ""


def differences(method, url, real, double, asked):
    """Where the double's document says something else than ARM's, or something that ARM does not say."""
    if (real is None) != (double is None):
        return [f"{'nothing' if double is None else 'a body'} instead of {'nothing' if real is None else 'a body'}"]
    there, here, said = dict(leaves(real)), dict(leaves(double)), dict(leaves(asked))
    ty, found = (real.get("type") or kind_of(url)).lower().split("/")[-1] if isinstance(real, dict) else kind_of(url), []
    besides = LATER.get(ty, set()) | BESIDES.get((method, ty), set())
    same = set() if (method, kind_of(url)) in OTHERWISE else SAME
    for path, value in there.items():
        must = path in same or path.startswith(".tags.") or path in said and is_same(said[path], value)
        if must and path not in here:
            found.append(f"{path} is missing: {value!r}")
        elif path in here and type(value) is not type(here[path]) and None not in (value, here[path]):
            found.append(f"{path} is {here[path]!r} instead of {value!r}")
        elif must and not is_same(value, here[path]) and (path not in said or not is_same(said[path], here[path])):
            found.append(f"{path} is {here[path]!r} instead of {value!r}")
    objects = {path.rsplit(".", 1)[0] for path in there}
    invented = [path for path in here if path not in there and path.rsplit(".", 1)[0] in objects and here[path] not in (None, [], {}, "")]
    return found + [f"{path} is invented: {here[path]!r}" for path in invented if path not in said and path not in besides]


class Replay:
    def __init__(self):
        self.operations, self.answers = {}, {}
        self.compared, self.left_out, self.problems = 0, [], []

    def operation(self, url, status, document):
        """One look at an operation, after as many as it takes to be as far as the recorded one."""
        key = urlsplit(url).path.lower()
        answer = self.answers.get(key) or send("GET", self.operations[key])
        for _ in range(20):
            if is_done(status, document) and not is_done(answer[0], answer[2]):
                answer = send("GET", self.operations[key])
        if is_done(answer[0], answer[2]):
            self.answers[key] = answer
        return answer

    def exchange(self, method, url, asked, status, headers, document):
        key = urlsplit(url).path.lower()
        if key in self.operations:
            answer = self.operation(url, status, document)
            if is_done(answer[0], answer[2]) and not is_done(status, document):
                return
        else:
            answer = send(method, url, asked)
        code = answer[2].get("error", {}).get("code") if isinstance(answer[2], dict) else None
        is_unknown_action = code == "NotFound" and method == "POST"
        if code in UNKNOWN or is_unknown_action or self.is_of_something_left_out(key, code):
            self.left_out.append(f"{method} {urlsplit(url).path}")
            return
        self.compare(method, url, asked, (status, headers, document), answer)

    def is_of_something_left_out(self, key, code):
        """An operation, or a resource that was moved, that only an exchange that was left out leads to."""
        has_moved = any("moveresources" in line.lower() for line in self.left_out) and code in (None, "ResourceNotFound")
        return "/operationresults/" in key and key not in self.operations or has_moved and "/pynewgroup" in key and "/providers/" in key

    def compare(self, method, url, asked, real, answer):
        problems = [] if real[0] == answer[0] else [f"status {answer[0]} instead of {real[0]}: {answer[2]}"]
        for name in ("azure-asyncoperation", "location"):
            if (name in real[1]) != (name in answer[1]) and real[0] in (201, 202):
                problems.append(f"{name}: {answer[1].get(name)!r} instead of {real[1].get(name)!r}")
            if name in real[1] and name in answer[1]:
                self.operations.setdefault(urlsplit(real[1][name]).path.lower(), answer[1][name])
        if urlsplit(url).path.lower() in self.operations and isinstance(answer[2], dict) and isinstance(real[2], dict):
            # An operation is called otherwise each time, but by the end of its own address.
            for document, place in ((real[2], urlsplit(url).path), (answer[2], urlsplit(self.operations[urlsplit(url).path.lower()]).path)):
                if "status" in document and "id" in document:
                    document["id"] = str(is_same(document["id"], place))
                    document["name"] = str(is_same(document["name"], place.split("/")[-1]))
        if not problems and "value" not in (real[2] or {}):
            problems = differences(method, url, real[2], answer[2], asked)
        self.compared += 1
        self.problems += [f"{method} {urlsplit(url).path}: {problem}" for problem in problems]


def is_done(status, document):
    state = document.get("status") if isinstance(document, dict) else None
    return status != 202 and state not in ("InProgress", "Running", "Accepted", "Creating", "Updating")


exchanges = list(recorded())
prepare(exchanges)
replay = Replay()
for exchange in exchanges:
    replay.exchange(*exchange)
for line in replay.problems:
    print(line)
for line in replay.left_out:
    print("left out", line)
print(f"compared {replay.compared} left out {len(replay.left_out)} problems {len(replay.problems)}")
