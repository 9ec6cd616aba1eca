"""The HorizontalPodAutoscaler's arithmetic (autoscaling/v2), with time as an input."""

import dataclasses
import math

# --horizontal-pod-autoscaler-sync-period and -tolerance of the controller manager.
SYNC_PERIOD_S = 15
TOLERANCE = 0.1


@dataclasses.dataclass(frozen=True)
class Rules:
    """As in the chart's `autoscaling` values."""

    min_replicas: int
    max_replicas: int
    up_percent: int
    up_pods: int
    up_period_s: float
    up_window_s: float
    down_percent: int
    down_period_s: float
    down_window_s: float

    @classmethod
    def of_values(cls, values):
        up, down = values["scaleUp"], values["scaleDown"]
        return cls(
            min_replicas=values["minReplicas"],
            max_replicas=values["maxReplicas"],
            up_percent=up["percent"],
            up_pods=up["pods"],
            up_period_s=up["periodSeconds"],
            up_window_s=up["stabilizationWindowSeconds"],
            down_percent=down["percent"],
            down_period_s=down["periodSeconds"],
            down_window_s=down["stabilizationWindowSeconds"],
        )


def replicas_for(values, missing, target):
    """What one metric asks for, of the pods' `values` and of `missing` pods without one."""
    current = len(values) + missing
    if not values:
        return current
    is_up = sum(values) / len(values) > target
    if missing:
        # A pod of which nothing is known must not overdo what the others ask for.
        values = values + missing * [0 if is_up else target]
    ratio = sum(values) / len(values) / target
    if abs(ratio - 1) <= TOLERANCE or is_up != (ratio > 1):
        return current
    wanted = math.ceil(ratio * len(values))
    return max(wanted, current) if is_up else min(wanted, current)


class Autoscaler:
    """Decides at each sync; remembers what its windows and policies look back at."""

    def __init__(self, rules):
        self._rules = rules
        self._recommendations = []
        self._changes = []

    def decide(self, now, current, recommendation):
        """The number of replicas from now on, of `current`."""
        rules = self._rules
        self._recommendations.append((now, recommendation))
        longest = max(rules.up_window_s, rules.down_window_s)
        self._recommendations = [r for r in self._recommendations if now - r[0] <= longest]
        ceiling = max(n for at, n in self._recommendations if now - at <= rules.down_window_s)
        floor = min(n for at, n in self._recommendations if now - at <= rules.up_window_s)
        wanted = min(max(current, floor), ceiling)
        if wanted > current:
            wanted = min(wanted, self._most(now, current))
        elif wanted < current:
            wanted = max(wanted, self._fewest(now, current))
        wanted = min(max(wanted, rules.min_replicas), rules.max_replicas)
        if wanted != current:
            self._changes.append((now, wanted - current))
        return wanted

    def _most(self, now, current):
        rules = self._rules
        added = sum(n for at, n in self._changes if n > 0 and now - at < rules.up_period_s)
        at_begin = current - added
        return max(
            at_begin + rules.up_pods, math.ceil(at_begin * (1 + rules.up_percent / 100))
        )

    def _fewest(self, now, current):
        rules = self._rules
        removed = -sum(n for at, n in self._changes if n < 0 and now - at < rules.down_period_s)
        return math.floor((current + removed) * (1 - rules.down_percent / 100))
