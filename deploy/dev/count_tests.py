"""count_tests.py FOLDER: adds up what ./test left in FOLDER.

Names each failure, prints `N passed, N failed` and exits 1 if one failed. A step
that failed without a failing test (a build error, a crash) counts as one failure.
"""

import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree


class Count:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skipped = 0

    def add_xml(self, path, source):
        """Adds the cases of a JUnit file; returns how many it has."""
        cases = list(xml.etree.ElementTree.parse(path).getroot().iter("testcase"))
        for case in cases:
            name = "%s %s.%s" % (source, case.get("classname", ""), case.get("name"))
            tags = {child.tag for child in case}
            if tags & {"failure", "error"}:
                self.failures.append(name)
            elif "skipped" in tags or case.get("status") == "notrun" or case.get("result") == "skipped":
                self.skipped += 1
            else:
                self.passed += 1
        return len(cases)


def add_lines(count, path, what):
    """Adds the lines `ok NAME` and `FAIL NAME: why` of a file."""
    lines = path.read_text().splitlines() if path.exists() else []
    passed = sum(line.startswith("ok ") for line in lines)
    failed = [line for line in lines if line.startswith("FAIL ")]
    count.passed += passed
    count.failures += [what + line[len("FAIL"):] for line in failed]
    if not passed and not failed:
        count.failures.append(what + ": no results")


def add_bazel(count, folder):
    failures_before = len(count.failures)
    events = folder / "bazel.json"
    lines = events.read_text().splitlines() if events.exists() else []
    for event in map(json.loads, lines):
        identity = event.get("id", {}).get("testResult")
        if not identity:
            continue
        label = identity["label"]
        result = event["testResult"]
        cases_failed = len(count.failures)
        for output in result.get("testActionOutput", []):
            if output["name"] == "test.xml":
                path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
                count.add_xml(path, label)
        if result["status"] not in ("PASSED", "FLAKY") and len(count.failures) == cases_failed:
            count.failures.append("%s: %s" % (label, result["status"]))
    status = (folder / "bazel.status").read_text().strip()
    if status != "0" and len(count.failures) == failures_before:
        count.failures.append("bazel test: exit code " + status)


def add_pytest(count, folder, name):
    failures_before = len(count.failures)
    results = folder / (name + ".xml")
    if results.exists():
        count.add_xml(results, name)
    status = (folder / (name + ".status")).read_text().strip()
    if status != "0" and len(count.failures) == failures_before:
        count.failures.append("tests/%s: exit code %s" % (name, status))


def main():
    folder = pathlib.Path(sys.argv[1])
    count = Count()
    add_lines(count, folder / "checks", "check")
    add_bazel(count, folder)
    for name in ("integration", "deploy", "attacks", "benchmarks"):
        add_pytest(count, folder, name)
    add_lines(count, folder / "fuzz", "fuzz target")
    for failure in count.failures:
        print("FAILED " + failure)
    if count.skipped:
        print("%d skipped" % count.skipped)
    print("%d passed, %d failed" % (count.passed, len(count.failures)))
    sys.exit(1 if count.failures or not count.passed else 0)


if __name__ == "__main__":
    main()
