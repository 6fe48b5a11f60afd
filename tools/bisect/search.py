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

"""Where to look next for the first bad candidate, and when to stop.

Candidates stand in a row, the good end first. Everything here is a function of
what was counted, so a search goes on from a file after it was killed.

`plain` is bisection, which also tests the two candidates that it ends with a
second time. `noisy` is for a symptom that shows in some runs only, and falsely
in others: the search of git-bayesect, which does not need to know how often. It
asks where the next run tells most, and has a probability for each candidate.
"""

from typing import Collection, Iterable, Mapping, NamedTuple, Sequence

import git_bayesect
import numpy as np

TWICE = 2  # How often `plain` tests the candidates that it ends with.
AT_LEAST = 3  # Runs of each end of a noisy search.
AT_MOST = 10  # Runs of one combination, to tell whether it is good or bad.
_SURE = 0.95
_GRID = np.linspace(0.005, 0.995, 100)


class Counts(NamedTuple):
  """How often a candidate was bad, and good."""

  bad: int = 0
  good: int = 0

  @property
  def total(self) -> int:
    """The number of runs."""
    return self.bad + self.good


class Step(NamedTuple):
  """What to do next.

  Attributes:
    run: The candidate to run, or None.
    first_bad: The one that was found, or None.
    confidence: The probability of the most likely first bad candidate.
  """

  run: int | None = None
  first_bad: int | None = None
  confidence: float = 0.0


class ContradictionError(Exception):
  """A candidate was good after one that was bad."""


def plain(counts: Sequence[Counts]) -> Step:
  """Bisects.

  Args:
    counts: Of each candidate; the first was good and the last bad.

  Returns:
    What to do next.

  Raises:
    ContradictionError: Bisection cannot explain what was counted.
  """
  tested = [i for i, count in enumerate(counts) if count.total]
  good = [i for i in tested if counts[i].good]
  bad = [i for i in tested if counts[i].bad]
  last_good, first_bad = max(good), min(bad)
  if last_good >= first_bad:
    raise ContradictionError
  if first_bad - last_good > 1:
    return Step(run=(last_good + first_bad) // 2)
  for end in (first_bad, last_good):
    if counts[end].total < TWICE:
      return Step(run=end)
  return Step(first_bad=first_bad, confidence=1.0)


def noisy(
    counts: Sequence[Counts], weights: Sequence[int], confidence: float
) -> Step:
  """Searches for a change of how often the symptom shows.

  Args:
    counts: Of each candidate.
    weights: How many changes each candidate stands for; the first's does not
      matter, because it is known to be good.
    confidence: The probability at which to stop.

  Returns:
    What to do next.
  """
  # git-bayesect counts from the newest, and calls the last of the new ones B.
  backwards = np.array(list(weights)[::-1], dtype=np.float64)
  backwards[-1] = 0.0
  bisector = git_bayesect.Bisector(backwards)
  newest = len(counts) - 1
  for index, count in enumerate(counts):
    bisector.obs_total[newest - index :] += count.total
    bisector.obs_yes[newest - index :] += count.bad
  with np.errstate(divide='ignore', invalid='ignore'):
    probabilities = bisector.distribution[::-1]
    likely = int(probabilities.argmax())
    if probabilities[likely] >= confidence:
      return Step(first_bad=likely, confidence=float(probabilities[likely]))
    run = newest - bisector.select()
  return Step(run=run, confidence=float(probabilities[likely]))


def _density(count: Counts) -> np.ndarray:
  """Returns what is known of the share of bad runs, over a grid of shares."""
  density = _GRID ** (count.bad - 0.5) * (1 - _GRID) ** (count.good - 0.5)
  return density / density.sum()


def differ(good: Counts, bad: Counts) -> bool:
  """Returns whether the bad end is surely worse than the good end."""
  if min(good.total, bad.total) < AT_LEAST:
    return False
  same = _density(good)
  below = np.concatenate([[0.0], np.cumsum(same)[:-1]])
  return float((_density(bad) * (below + same / 2)).sum()) >= _SURE


def like(count: Counts, good: Counts, bad: Counts) -> str:
  """Tells whether a combination is as good as one end or as bad as the other.

  Args:
    count: Of the combination.
    good: Of the good end.
    bad: Of the bad end.

  Returns:
    `good`, `bad`, or `more` if that takes another run.
  """
  shares = [(c.bad + 0.5) / (c.total + 1) for c in (good, bad)]
  odds = (shares[1] / shares[0]) ** count.bad
  odds *= ((1 - shares[1]) / (1 - shares[0])) ** count.good
  limit = _SURE / (1 - _SURE)
  if odds >= limit:
    return 'bad'
  if odds <= 1 / limit:
    return 'good'
  if count.total >= AT_MOST:
    return 'bad' if odds > 1 else 'good'
  return 'more'


def groups(
    size: int, digests: Mapping[int, str], skipped: Collection[int]
) -> list[list[int]]:
  """Returns the candidates that say something of their own.

  A candidate that cannot be tested falls out: the next one that can stands for
  it too. Two with equal contents, and all between them, are one.

  Args:
    size: How many candidates there are.
    digests: Of the contents of those where it is known.
    skipped: Those that cannot be tested.

  Returns:
    The candidates that can be tested, equal ones together.
  """
  last = {digests[index]: index for index in sorted(digests)}
  found: list[list[int]] = []
  reach = -1
  for index in range(size):
    if index > reach:
      found.append([])
    reach = max(reach, last.get(digests.get(index, ''), index))
    if index not in skipped:
      found[-1].append(index)
  return [group for group in found if group]


def suspects(found: Sequence[Sequence[int]], at: int) -> list[int]:
  """Returns which candidates may be the first bad one.

  Args:
    found: Of `groups`.
    at: The group that was found, not the first.

  Returns:
    Its first candidate, and before it those that could not be tested.
  """
  return list(range(found[at - 1][-1] + 1, found[at][0] + 1))


def pooled(
    found: Iterable[Iterable[int]], counts: Sequence[Counts]
) -> list[Counts]:
  """Returns what was counted of each group of candidates."""
  return [
      Counts(sum(counts[i].bad for i in g), sum(counts[i].good for i in g))
      for g in found
  ]
