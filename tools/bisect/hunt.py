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

"""The hunt: verifies the ends, finds the axis, searches it, and goes finer.

It is a plain procedure over the runs that the state has, and makes others where
it needs them. So a hunt that was killed, and is begun again, passes by all that
is known and goes on where it was.
"""

import dataclasses

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import observe
from tools.bisect import search
from tools.bisect import signature


@dataclasses.dataclass
class Stage:
  """A search along one axis.

  Attributes:
    guilty: The axis, and the combinations between which it is searched.
    why: How it was chosen.
    candidates: All that are in question, the good end first.
    good: The last that was good, or None while it is not known.
    bad: The first bad one.
    suspects: Those that may be the first bad one; more than one where some
      could not be tested.
    confidence: That it is among them.
    digests: Of the contents of candidates that can be had, by their number.
    skipped: Why others cannot be tested.
  """

  guilty: axes.Guilty
  why: str
  candidates: list[builds.Candidate]
  good: builds.Candidate | None = None
  bad: builds.Candidate | None = None
  suspects: list[builds.Candidate] = dataclasses.field(default_factory=list)
  confidence: float = 0.0
  digests: dict[int, str] = dataclasses.field(default_factory=dict)
  skipped: dict[int, str] = dataclasses.field(default_factory=dict)

  @property
  def axis(self) -> str:
    """The axis."""
    return self.guilty.axis

  @property
  def groups(self) -> list[list[int]]:
    """The candidates that can be tested, equal ones together."""
    return search.groups(len(self.candidates), self.digests, self.skipped)

  def combinations(self) -> list[axes.Combination]:
    """Returns the combination of each candidate."""
    return [
        {**self.guilty.good, self.axis: one.value} for one in self.candidates
    ]


@dataclasses.dataclass
class Hunt(observe.Observer):
  """Looks for what made the difference between two combinations.

  Attributes:
    stages: The searches so far.
  """

  stages: list[Stage] = dataclasses.field(default_factory=list)

  def run(self) -> None:
    """Hunts until there is an answer, which the last stage has.

    Raises:
      observe.InconclusiveError: There is none.
      errors.InputError: The ends do not belong in one row.
    """
    good, bad = self.flags.good, self.flags.bad
    differing = axes.differing(good, bad)
    if len(differing) == 1:  # Ends that make no row are refused before a run.
      (axis,) = differing
      builds.row(axis, good[axis], bad[axis], self.root)
    self.verify()
    self.say(f'looking for: {self.tells}')
    try:
      self._search()
    except search.ContradictionError:
      self.say(
          'what failed once passed another time: searching on as for a symptom'
          ' that comes and goes'
      )
      self.noisy = self.state.noisy = True
      self.state.save()
      self.stages.clear()
      self.verify()
      self._search()

  def _search(self) -> None:
    """Finds the axis and searches it, finer and finer."""
    guilty = axes.find(self.flags.good, self.flags.bad, self.kind)
    if isinstance(guilty, str):
      raise observe.InconclusiveError(guilty)
    self.say(f'guilty axis: {guilty.axis} ({guilty.why})')
    axis, good, bad, why = guilty
    row = builds.row(axis, good[axis], bad[axis], self.root)
    while row:
      stage = Stage(guilty, why, row)
      self.stages.append(stage)
      neighbours = self._walk(stage)
      why = f'between {neighbours[0]} and {neighbours[1]}'
      row = self._finer(guilty, *neighbours, why)

  def _finer(
      self, guilty: axes.Guilty, good: str, bad: str, why: str
  ) -> list[builds.Candidate]:
    """Returns what lies between the neighbours that a search ended with.

    Args:
      guilty: The axis, and what holds the other axes.
      good: The last good value.
      bad: The first bad one.
      why: Both, for the user.

    Returns:
      Candidates; none if nothing is known, or if the ends do not stand for the
      neighbours.

    Raises:
      observe.InconclusiveError: It cannot be asked, or tested.
    """
    try:
      row = builds.finer(guilty.axis, good, bad, self.flags.checkout)
    except errors.InputError as error:  # What was found is not lost by it.
      raise observe.InconclusiveError(
          f'what lies {why} is not known: {errors.one_line(error)}'
      ) from error
    if not row:
      return []
    self.say(f'{len(row) - 2} of kind {builds.kind_of(row[1].value)} lie {why}')
    kinds = [
        self.kind({**guilty.good, guilty.axis: row[end].value})
        for end in (0, -1)
    ]
    if kinds == [signature.GOOD, signature.BAD]:
      return row
    self.say(
        f'{row[0].value} is {kinds[0]} and {row[-1].value} is {kinds[1]}: they'
        f' do not stand for {good} and {bad}, so it stays with these'
    )
    return []

  def _walk(self, stage: Stage) -> tuple[str, str]:
    """Searches one stage until there is an answer.

    Args:
      stage: What is searched; gets the answer.

    Returns:
      The last good value and the first bad one.

    Raises:
      observe.InconclusiveError: There is none.
      search.ContradictionError: Bisection cannot explain what was counted.
    """
    combinations = stage.combinations()
    for index in (0, len(combinations) - 1):
      self._usable(stage, index)
    if len(stage.groups) < 2:
      raise observe.InconclusiveError(
          f'{stage.candidates[0].value} and {stage.candidates[-1].value} have'
          ' the same contents: the failure is not of the code'
      )
    for index, combination in enumerate(combinations):
      if self.runs_of(combination) and self._usable(stage, index):
        self._judge(stage, index)  # By what is known from before.
    while True:
      groups = stage.groups
      pools = search.pooled(groups, list(map(self.counts, combinations)))
      if self.noisy:
        weights = [len(search.suspects(groups, i)) for i in range(len(groups))]
        step = search.noisy(pools, weights, self.flags.confidence)
      else:
        step = search.plain(pools)
      stage.confidence = step.confidence
      if step.first_bad is not None:
        return self._conclude(stage, step.first_bad)
      index = self._pick(combinations, groups, step.run)
      # It may fall out, or be one that is known: then think again.
      if self._usable(stage, index) and len(stage.groups) == len(groups):
        what = f'{stage.axis} {stage.candidates[index].value}'
        self.ask(combinations[index], what)
        self._judge(stage, index)

  def _pick(
      self,
      combinations: list[axes.Combination],
      groups: list[list[int]],
      wanted: int,
  ) -> int:
    """Returns the candidate to run: of the wanted group, or the nearest.

    Args:
      combinations: Of all candidates.
      groups: The candidates that can be tested.
      wanted: The group that the search asks for.

    Returns:
      A candidate that has a seed left.

    Raises:
      observe.InconclusiveError: None has.
    """
    seeds = self.probe.seeds
    runs = [len(self.runs_of(combination)) for combination in combinations]
    free = [
        (abs(at - wanted), not runs[index], index)
        for at, group in enumerate(groups)
        for index in group
        if seeds is None or runs[index] < seeds
    ]
    if not free:
      raise observe.InconclusiveError(
          f'all candidates were run with all {seeds} seeds, and that does not'
          ' decide'
      )
    return min(free)[-1]

  def _usable(self, stage: Stage, index: int) -> bool:
    """Returns whether a candidate can be had, and notes its contents."""
    if index in stage.digests:
      return True
    value = stage.candidates[index].value
    try:
      digest = builds.digest(stage.axis, value, self.root)
    except errors.InputError as error:
      self._skip(stage, index, errors.one_line(error))
      return False
    for other, known in stage.digests.items():
      if digest == known:
        same = stage.candidates[other].value
        self.say(f'{value} has the contents of {same}: not run')
        break
    stage.digests[index] = digest
    return True

  def _judge(self, stage: Stage, index: int) -> None:
    """Leaves a candidate out if its runs are neither good nor bad."""
    if reason := self.other(stage.combinations()[index]):
      self._skip(stage, index, reason)

  def _skip(self, stage: Stage, index: int, reason: str) -> None:
    """Takes a candidate out and says so."""
    value = stage.candidates[index].value
    if index in (0, len(stage.candidates) - 1):
      raise observe.InconclusiveError(f'{value} cannot be tested: {reason}')
    stage.skipped[index] = reason
    self.say(f'skipping {value}: {reason[:300]}')

  def _conclude(self, stage: Stage, at: int) -> tuple[str, str]:
    """Puts what was found into the stage, and returns both values."""
    groups = stage.groups
    good = stage.candidates[groups[at - 1][-1]]
    bad = stage.candidates[groups[at][0]]
    stage.good, stage.bad = good, bad
    found = search.suspects(groups, at)
    stage.suspects = [stage.candidates[i] for i in found]
    self.say(f'first bad {stage.axis}: {bad.value} {bad.about}')
    return good.value, bad.value
