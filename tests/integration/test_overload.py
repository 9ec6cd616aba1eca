"""The short form of tests/benchmarks/overload: what must hold at any speed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "benchmarks" / "overload"))
import overload  # noqa: E402


def test_overload_is_refused_and_what_is_accepted_is_answered():
    result = overload.run(seconds=3, factor=10)

    assert not result.problems()
    assert result.count(overload.REFUSED) > result.count(overload.grpc.StatusCode.OK)
