#!/usr/bin/env python3
"""Attacks daemons, and tells what it costs them and the valid client beside.

Where there are limits, an attack passes when the daemon's memory grows by 32 MB at most,
every valid call succeeds, and a stream that was open stays open. Each attack is made twice,
by attackers that acknowledge the server's settings and by ones that do not.
Prints a line for each, a table of all, and at last `N passed, N failed`. The programs are
named by TRANSFORMERD, HELM and HAPROXY.
"""

import argparse
import itertools
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / name) for name in ("integration", "deploy/helm", "attacks")]
from attacks import ATTACKS  # noqa: E402
from observation import observe  # noqa: E402
from targets import TARGETS, Parties  # noqa: E402

SETTINGS = {"acknowledged": True, "ignored": False}


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(
            ["targets:"]
            + [f"  {name:20}{t.__doc__.partition('.')[0]}" for name, t in TARGETS.items()]
            + ["attacks:", "  " + "\n  ".join(ATTACKS)]
        ),
    )
    limited = [name for name, target in TARGETS.items() if target.holds]
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", default=limited,
        help=f"what to attack (all that have limits: {', '.join(limited)})",
    )
    parser.add_argument(
        "--attack", action="append", choices=ATTACKS, metavar="ATTACK",
        help="make this one alone; with more of these, them (all)",
    )
    options = parser.parse_args()
    if wrong := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(wrong))}")
    return options


def describe(seen):
    calls = sum(seen.codes.values())
    failed = calls - seen.codes["OK"]
    return (
        f"+{seen.growth_mb:.0f} MB, p99 {seen.p99_ms:.0f} ms"
        + (f", {failed} of {calls} calls failed" if failed else "")
        + ("" if seen.stream_lasted else ", stream cut")
    )


def print_table(seen, targets):
    """Of the descriptions by (attack, settings, target)."""
    print("| attack | settings |", " | ".join(targets), "|")
    print("| --- | --- |", " | ".join("---" for _ in targets), "|")
    for attack, settings in dict.fromkeys((attack, settings) for attack, settings, _ in seen):
        cells = [seen[attack, settings, target] for target in targets]
        print(f"| {attack} | {settings} |", " | ".join(cells), "|")


def main():
    options = parse_arguments()
    rounds = itertools.product(options.targets, options.attack or ATTACKS, SETTINGS)
    table, verdicts = {}, []
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        parties = Parties(pathlib.Path(folder))
        for name, attack, settings in rounds:
            target = TARGETS[name]
            seen = observe(target, parties, ATTACKS[attack], SETTINGS[settings])
            table[attack, settings, name] = describe(seen)
            verdict = "no limit"
            if target.holds:
                verdicts.append(seen.is_harmless)
                verdict = "ok" if seen.is_harmless else "FAIL"
            print(
                f"{verdict}: {attack} on {name}, settings {settings}, {seen.sent_mb:.1f} MB sent: "
                f"{describe(seen)}", flush=True,
            )
    print_table(table, options.targets)
    failed = verdicts.count(False)
    print(f"{len(verdicts) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
