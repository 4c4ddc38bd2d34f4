#!/usr/bin/env python3
"""Reconciles file system, store and journal of an installation, without a line of the program: reads the SQLite file, the
folders and docs/quarantine.md's container format. Arguments: the installation's root, and a JSON list of what was put there
({"sha256", "name", "infected"}). Prints what is wrong, one line each, and a summary; exit code 1 when something is."""

import collections, hashlib, json, os, sqlite3, sys

root, manifest = sys.argv[1], json.load(open(sys.argv[2]))
wrong = []


def digest(path):
    whole = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(1 << 20):
            whole.update(part)
    return whole.hexdigest()


def container(path):
    """SHA-256 of the content that a container says it holds, after its own check sum was found right."""
    data = open(path, "rb").read()
    assert data.startswith(b"BACKUPLENS-QUARANTINE\n1\n"), path
    length = int(data[24:32])
    header = json.loads(data[33 : 33 + length])
    end = 33 + length + header["size"]
    if hashlib.sha256(data[:end]).digest() != data[end:]:
        wrong.append(f"{path} is damaged")
    return header["sha256"]


def below(folder):
    for where, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(where, name)


places = collections.defaultdict(list)
standing = []
for path in below(f"{root}/incoming"):
    if not os.path.islink(path):
        kind = "claimed" if "/.backuplens-claim-" in path else "incoming"
        places[digest(path)].append((kind, path))
        standing.append(path)
for kind in ("trash", "approved"):
    for path in below(f"{root}/{kind}"):
        if not os.path.basename(path).startswith(".backuplens"):
            places[digest(path)].append((kind, path))
for path in below(f"{root}/review"):
    if os.path.basename(path) == "content":
        places[digest(path)].append(("review", path))
for path in below(f"{root}/quarantine"):
    if path.endswith(".blq"):
        places[container(path)].append(("quarantine", path))

for entry in manifest:
    found = places.pop(entry["sha256"], [])
    if len(found) != 1:
        wrong.append(f"{entry['name']}: in {len(found)} places: {found}")
    for kind, path in found:
        if kind == "claimed" or (entry["infected"] and kind == "approved"):
            wrong.append(f"{entry['name']}: {kind} {path}")
for found in places.values():
    wrong.append(f"nobody put it there: {found}")

store = sqlite3.connect(f"file:{root}/data/store.sqlite?mode=ro", uri=True)
rows = list(store.execute("select id, path, state, location, at_path from files"))
states = collections.Counter(state for _, _, state, _, _ in rows)
in_place = {os.fsdecode(path) for _, path, state, location, _ in rows if state in ("in_place", "held") and location is None}
for path in standing:
    if path not in in_place:
        wrong.append(f"forgotten: {path}")
for id, path, state, location, _ in rows:
    if state in ("waiting", "scanning", "decided", "disposition_pending", "provisional"):
        wrong.append(f"{id} {os.fsdecode(path)} ends as {state}")
    if state in ("quarantined", "released") and not os.path.exists(os.fsdecode(location)):
        wrong.append(f"{id} is not at {os.fsdecode(location)}")

# Once for each decision: what is held is judged again when an engine is back, and may have to go to quarantine then.
previous, disposed, judged, expected = "0" * 64, collections.Counter(), collections.Counter(), 1
for seq, hash, line in store.execute("select seq, hash, line from journal order by seq"):
    record = json.loads(line)
    if seq != expected or record["seq"] != seq or record["prev"] != previous or hashlib.sha256(line.encode()).hexdigest() != hash:
        wrong.append(f"the journal breaks at {seq}")
        break
    previous, expected = hash, expected + 1
    if record["action"] == "judged_again":
        judged[record["file"]] += 1
    if record["action"] in ("quarantined", "held", "released", "left_in_place"):
        disposed[(record["file"], judged[record["file"]])] += 1
for (file, _), times in disposed.items():
    if times > 1:
        wrong.append(f"{file} was disposed of {times} times")

for line in wrong[:50]:
    print(f"wrong: {line}")
print(json.dumps({"put": len(manifest), "rows": len(rows), "states": states, "journal": expected - 1, "wrong": len(wrong)}))
sys.exit(1 if wrong else 0)
