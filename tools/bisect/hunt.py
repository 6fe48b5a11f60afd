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
from typing import Callable

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
    axis: The axis.
    why: How it was chosen.
    candidates: All that were in question, the good end first.
    good: The last that was good, or None while it is not known.
    bad: The first bad one.
    suspects: Those that may be the first bad one; more than one where some
      could not be tested.
    confidence: That it is among them.
    skipped: Which could not be tested, with the reason.
    equal: Which have the contents of another one.
    counts: For each that was run, how often it was bad, and good.
  """

  axis: str
  why: str
  candidates: list[builds.Candidate]
  good: builds.Candidate | None = None
  bad: builds.Candidate | None = None
  suspects: list[builds.Candidate] = dataclasses.field(default_factory=list)
  confidence: float = 0.0
  skipped: dict[str, str] = dataclasses.field(default_factory=dict)
  equal: dict[str, str] = dataclasses.field(default_factory=dict)
  counts: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)


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
    differing = axes.differing(self.good, self.bad)
    if len(differing) == 1:  # Ends that make no row are refused before a run.
      self._row_of_ends(differing[0], self.good, self.bad)
    self.verify()
    self.say(f'looking for: {self.tells}')
    try:
      self._search()
    except search.ContradictionError:
      self.say(
          'what failed once passed another time: searching on as for a symptom'
          ' that comes and goes'
      )
      self.state.note(observe.NOISY, True)
      self.stages.clear()
      self.verify()
      self._search()

  def _search(self) -> None:
    """Finds the axis and searches it, finer and finer."""
    guilty = axes.find(self.good, self.bad, self.kind)
    if isinstance(guilty, str):
      raise observe.InconclusiveError(guilty)
    self.say(f'guilty axis: {guilty.axis} ({guilty.why})')
    axis = guilty.axis
    row = self._row_of_ends(axis, guilty.good, guilty.bad)
    why = guilty.why
    while row:
      stage = Stage(axis, why, row)
      self.stages.append(stage)
      _Walk(self, stage, guilty.good).run()
      row, why = self._finer(stage, guilty.good)

  def _finer(
      self, stage: Stage, base: axes.Combination
  ) -> tuple[list[builds.Candidate], str]:
    """Returns what lies between the neighbours that a search ended with.

    Args:
      stage: The search.
      base: The combination whose other axes are held.

    Returns:
      Candidates, and between what they lie; none if nothing is known, or if the
      ends do not stand for the neighbours.

    Raises:
      observe.InconclusiveError: It cannot be asked, or tested.
    """
    axis, good, bad = stage.axis, stage.good, stage.bad
    why = f'between {good.value} and {bad.value}'
    try:
      row = self._row(
          f'finer {axis} {good.value} {bad.value}',
          lambda: builds.finer(axis, good, bad, self.checkout),
      )
    except errors.InputError as error:  # What was found is not lost by it.
      raise observe.InconclusiveError(
          f'what lies {why} is not known: {errors.one_line(error)}'
      ) from error
    if not row:
      return [], why
    self.say(f'{len(row) - 2} of kind {row[1].kind} lie {why}')
    kinds = [self.kind({**base, axis: row[end].value}) for end in (0, -1)]
    if kinds != [signature.GOOD, signature.BAD]:
      self.say(
          f'{row[0].value} is {kinds[0]} and {row[-1].value} is {kinds[1]}:'
          f' they do not stand for {good.value} and {bad.value}, so it stays'
          ' with these'
      )
      return [], why
    return row, why

  def _row_of_ends(
      self, axis: str, good: axes.Combination, bad: axes.Combination
  ) -> list[builds.Candidate]:
    """Returns the candidates of an axis, from one combination to another."""
    ends = good[axis], bad[axis]
    return self._row(
        f'row {axis} {ends[0]} {ends[1]}',
        lambda: builds.row(axis, *ends, self.root, self.checkout),
    )

  def _row(
      self, key: str, make: Callable[[], list[builds.Candidate]]
  ) -> list[builds.Candidate]:
    """Returns candidates that stay the same when the hunt goes on."""
    key += f' in {self.checkout}' if self.checkout else ''
    if key not in self.state.notes:
      self.state.note(key, [list(one) for one in make()])
    return [builds.Candidate(*one) for one in self.state.notes[key]]


class _Walk:
  """The search of one stage."""

  def __init__(self, hunt: Hunt, stage: Stage, base: axes.Combination):
    """Begins it.

    Args:
      hunt: Runs combinations.
      stage: What is searched; gets the answer.
      base: The combination whose other axes are held.
    """
    self._hunt = hunt
    self._stage = stage
    self._row = search.Row(len(stage.candidates))
    self._combinations = [
        {**base, stage.axis: one.value} for one in stage.candidates
    ]
    self._digests: dict[int, str] = {}

  def run(self) -> None:
    """Searches until there is an answer.

    Raises:
      observe.InconclusiveError: There is none.
      search.ContradictionError: Bisection cannot explain what was counted.
    """
    hunt, stage, row = self._hunt, self._stage, self._row
    for index in (0, len(self._combinations) - 1):
      self._usable(index)
    if len(row.groups()) < 2:
      raise observe.InconclusiveError(
          f'{stage.candidates[0].value} and {stage.candidates[-1].value} have'
          ' the same contents: the failure is not of the code'
      )
    for index, combination in enumerate(self._combinations):
      if hunt.runs_of(combination) and self._usable(index):
        self._leave_out(index)  # By what is known from before.
    while True:
      groups = row.groups()
      counts = list(map(hunt.counts, self._combinations))
      pools = search.pooled(groups, counts)
      stage.counts = {
          candidate.value: tuple(count)
          for candidate, count in zip(stage.candidates, counts, strict=True)
          if count.total
      }
      if hunt.noisy:
        confidence = hunt.request.confidence
        step = search.noisy(pools, row.weights(), confidence)
      else:
        step = search.plain(pools)
      stage.confidence = step.confidence
      if step.first_bad is not None:
        self._conclude(pools, step.first_bad)
        return
      index = self._pick(groups, step.run)
      if not self._usable(index) or len(row.groups()) < len(groups):
        continue  # It falls out, or is one that is known: think again.
      what = f'{stage.axis} {stage.candidates[index].value}'
      hunt.ask(self._combinations[index], what)
      self._leave_out(index)

  def _pick(self, groups: list[list[int]], wanted: int) -> int:
    """Returns the candidate to run: of the wanted group, or the nearest.

    Args:
      groups: The candidates that can be tested.
      wanted: The group that the search asks for.

    Returns:
      A candidate that has a seed left.

    Raises:
      observe.InconclusiveError: None has.
    """
    seeds = self._hunt.probe.seeds
    runs = [len(self._hunt.runs_of(c)) for c in self._combinations]
    for group in sorted(groups, key=lambda g: abs(groups.index(g) - wanted)):
      for index in sorted(group, key=lambda i: (not runs[i], i)):
        if seeds is None or runs[index] < seeds:
          return index
    raise observe.InconclusiveError(
        f'all candidates were run with all {seeds} seeds, and that does not'
        ' decide'
    )

  def _usable(self, index: int) -> bool:
    """Returns whether a candidate can be had, and notes its contents."""
    if index in self._digests:
      return True
    stage, notes = self._stage, self._hunt.state.notes
    value = stage.candidates[index].value
    key = f'digest {stage.axis} {value}'
    try:
      if key not in notes:
        digest = builds.digest(stage.axis, value, self._hunt.root)
        self._hunt.state.note(key, digest)
    except errors.InputError as error:
      self._skip(index, errors.one_line(error))
      return False
    for other, digest in self._digests.items():
      if digest == notes[key]:
        known = stage.candidates[other].value
        self._row.same(index, other)
        stage.equal[value] = known
        self._hunt.say(f'{value} has the contents of {known}: not run')
        break
    self._digests[index] = notes[key]
    return True

  def _leave_out(self, index: int) -> None:
    """Leaves a candidate out that cannot be tested or fails differently."""
    combination = self._combinations[index]
    runs = self._hunt.runs_of(combination)
    others = len(runs) - self._hunt.counts(combination).total
    reason = next((run.unusable for run in runs if run.unusable), '')
    if not reason and self._hunt.other(combination) and 2 * others >= len(runs):
      failures = self._hunt.last_failures(combination)
      reason = f'fails in another way: {failures}'
    if reason:
      self._skip(index, reason)

  def _skip(self, index: int, reason: str) -> None:
    """Takes a candidate out and says so."""
    value = self._stage.candidates[index].value
    if index in (0, len(self._combinations) - 1):
      raise observe.InconclusiveError(f'{value} cannot be tested: {reason}')
    self._row.skip(index)
    self._stage.skipped[value] = reason
    self._hunt.say(f'skipping {value}: {reason[:300]}')

  def _conclude(self, pools: list[search.Counts], at: int) -> None:
    """Puts what was found into the stage."""
    stage, groups = self._stage, self._row.groups()
    stage.good = stage.candidates[groups[at - 1][-1]]
    stage.bad = stage.candidates[groups[at][0]]
    stage.suspects = [stage.candidates[i] for i in self._row.suspects(at)]
    before, after = search.pooled([range(at), range(at, len(pools))], pools)
    if search.probability_worse(before, after) < 0.5:
      raise observe.InconclusiveError(
          f'before {stage.bad.value} it failed more often than after: the good'
          ' end is not the better one'
      )
    self._hunt.say(
        f'first bad {stage.axis}: {stage.bad.value} {stage.bad.about}'
    )
