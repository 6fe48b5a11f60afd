# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""What a run showed, and whether it is the failure that is looked for.

A run that fails in another way than the bad end does is neither good nor bad:
an import error of an old build says nothing of an accuracy that fell. So a run
is bad only if all of the signature fails: the claims, or test cases with their
exceptions, that fail at the bad end and not at the good one.
"""

import dataclasses
import math
import statistics
from typing import Mapping, Sequence

GOOD, BAD, OTHER = 'good', 'bad', 'other'


@dataclasses.dataclass(frozen=True)
class Run:
  """What one run showed.

  Attributes:
    combination: The value of each axis.
    seed: Of the run; 1 for the first of its combination.
    failures: What failed: claims, or test cases with their exceptions.
    metrics: What was measured, by name.
    seconds: How long it took.
    unusable: Why there could be no run, or nothing.
  """

  combination: Mapping[str, str]
  seed: int
  failures: tuple[str, ...] = ()
  metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
  seconds: float = 0.0
  unusable: str = ''


@dataclasses.dataclass(frozen=True)
class Signature:
  """What tells a bad run.

  Attributes:
    failures: All of these fail in it.
    background: These may fail in a good run too.
    metric: If given, what is compared in place of failures.
    good: The metric's mean at the good end.
    bad: At the bad end; NaN if it is never finite there.
  """

  failures: frozenset[str] = frozenset()
  background: frozenset[str] = frozenset()
  metric: str = ''
  good: float = 0.0
  bad: float = 0.0

  def kind(self, run: Run) -> str:
    """Returns whether a run is `good`, `bad` or `other`."""
    if run.unusable:
      return OTHER
    if self.metric:
      value = run.metrics.get(self.metric)
      if value is None:
        return OTHER
      if not math.isfinite(value):  # Such as a loss that ran away.
        return BAD
      nearer_bad = abs(value - self.bad) < abs(value - self.good)
      return BAD if nearer_bad else GOOD
    failed = frozenset(run.failures)
    if self.failures and self.failures <= failed:
      return BAD
    return GOOD if failed <= self.background else OTHER

  def __str__(self) -> str:
    if self.metric:
      return f'{self.metric} near {self.bad:.6g}, not {self.good:.6g}'
    return ', '.join(sorted(self.failures))


def of_ends(
    good: Sequence[Run], bad: Sequence[Run], metric: str = '', only: str = ''
) -> Signature | None:
  """Finds what tells the bad end from the good one.

  Args:
    good: Runs of the good end.
    bad: Runs of the bad end.
    metric: The metric to compare in place of failures.
    only: Which failures count: those whose name has this text.

  Returns:
    The signature, or None if nothing of the kind fails at the bad end.
  """
  if metric:
    values = [
        [r.metrics[metric] for r in runs if metric in r.metrics]
        for runs in (good, bad)
    ]
    finite = [list(filter(math.isfinite, found)) for found in values]
    if not finite[0] or not values[1]:
      return None
    means = [statistics.fmean(found or [math.nan]) for found in finite]
    if means[0] == means[1] and finite[1] == values[1]:
      return None
    return Signature(metric=metric, good=means[0], bad=means[1])
  usable = [frozenset(run.failures) for run in good if not run.unusable]
  background = frozenset.intersection(*usable) if usable else frozenset()
  failing = [
      frozenset(f for f in run.failures if only in f) - background
      for run in bad
  ]
  failing = [failures for failures in failing if failures]
  if not failing:
    return None
  names = frozenset.union(*failing)
  core = frozenset(
      name
      for name in names
      if 2 * sum(name in failures for failures in failing) > len(failing)
  )
  return Signature(core, background) if core else None
