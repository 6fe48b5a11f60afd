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
import pathlib
from typing import Any, Callable

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import observe
from tools.bisect import probe as probes
from tools.bisect import search
from tools.bisect import signature
from tools.bisect import state as states


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


class _ContradictionError(Exception):
  """A candidate was good after one that was bad."""


class Hunt(observe.Observer):
  """Looks for what made the difference between two combinations.

  Attributes:
    stages: The searches so far.
  """

  def __init__(
      self,
      state: states.State,
      probe: probes.Probe,
      ends: tuple[axes.Combination, axes.Combination],
      root: pathlib.Path,
      checkout: pathlib.Path | None = None,
      *,
      confidence: float = 0.95,
      **options: Any,
  ):
    """Prepares a hunt.

    Args:
      state: What is known.
      probe: Runs combinations.
      ends: The good combination and the bad one.
      root: The folder of the project.
      checkout: A git checkout of TFMOT.
      confidence: Of a noisy search.
      **options: Of the observer.
    """
    super().__init__(state, probe, ends, **options)
    self.stages: list[Stage] = []
    self._root = root
    self._checkout = checkout
    self._inside = f' in {checkout}' if checkout else ''  # Of keys of notes.
    self._confidence = confidence

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
    except _ContradictionError:
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
    stage = Stage(axis, guilty.why, row)
    self.stages.append(stage)
    self._walk(stage, guilty.good)
    while True:
      good, bad = stage.good, stage.bad
      key = f'finer {axis} {good.value} {bad.value}{self._inside}'
      why = f'between {good.value} and {bad.value}'
      try:
        row = self._row(
            key, lambda g=good, b=bad: builds.finer(axis, g, b, self._checkout)
        )
      except errors.InputError as error:  # What was found is not lost by it.
        raise observe.InconclusiveError(
            f'what lies {why} is not known: {errors.one_line(error)}'
        ) from error
      if not row:
        return
      self.say(f'{len(row) - 2} of kind {row[1].kind} lie {why}')
      finer = Stage(axis, why, row)
      kinds = [
          self.kind({**guilty.good, axis: row[end].value}) for end in (0, -1)
      ]
      if kinds != [signature.GOOD, signature.BAD]:
        self.say(
            f'{row[0].value} is {kinds[0]} and {row[-1].value} is {kinds[1]}:'
            f' they do not stand for {good.value} and {bad.value}, so it stays'
            ' with these'
        )
        return
      self.stages.append(finer)
      self._walk(finer, guilty.good)
      stage = finer

  def _row_of_ends(
      self, axis: str, good: axes.Combination, bad: axes.Combination
  ) -> list[builds.Candidate]:
    """Returns the candidates of an axis, from one combination to another."""
    ends = good[axis], bad[axis]
    return self._row(
        f'row {axis} {ends[0]} {ends[1]}{self._inside}',
        lambda: builds.row(axis, *ends, self._root, self._checkout),
    )

  def _row(
      self, key: str, make: Callable[[], list[builds.Candidate]]
  ) -> list[builds.Candidate]:
    """Returns candidates that stay the same when the hunt goes on."""
    if key not in self.state.notes:
      self.state.note(key, [list(one) for one in make()])
    return [builds.Candidate(*one) for one in self.state.notes[key]]

  def _digest(self, axis: str, value: str) -> str:
    """Returns the digest of a candidate, from the state if it is there."""
    key = f'digest {axis} {value}'
    if key not in self.state.notes:
      self.state.note(key, builds.digest(axis, value, self._root))
    return self.state.notes[key]

  def _walk(self, stage: Stage, base: axes.Combination) -> None:
    """Searches a row of candidates and puts the answer into its stage.

    Args:
      stage: The stage.
      base: The combination whose other axes are held.

    Raises:
      observe.InconclusiveError: There is no answer.
      _ContradictionError: Bisection cannot explain what was counted.
    """
    row = search.Row(len(stage.candidates))
    combos = [{**base, stage.axis: one.value} for one in stage.candidates]
    digests: dict[int, str] = {}
    self._digest_of(stage, row, digests, 0)
    self._digest_of(stage, row, digests, len(combos) - 1)
    if len(row.groups()) < 2:
      raise observe.InconclusiveError(
          f'{stage.candidates[0].value} and {stage.candidates[-1].value} have'
          ' the same contents: the failure is not of the code'
      )
    for index, combo in enumerate(combos):  # What is known from before.
      if self.runs_of(combo) and self._digest_of(stage, row, digests, index):
        self._leave_out(stage, row, index, combo)
    while True:
      groups = row.groups()
      counts = {i: self.counts(combo) for i, combo in enumerate(combos)}
      pools = search.pooled(groups, counts)
      stage.counts = {
          stage.candidates[i].value: tuple(c)
          for i, c in counts.items()
          if c.total
      }
      if self.noisy:
        step = search.noisy(pools, row.weights(), self._confidence)
      else:
        step = search.plain(pools)
      stage.confidence = step.confidence
      if step.contradiction:
        raise _ContradictionError
      if step.first_bad is not None:
        self._found(stage, row, pools, step.first_bad)
        return
      index = self._pick(groups, step.run, combos)
      before = len(row.groups())
      if not self._digest_of(stage, row, digests, index):
        continue
      if len(row.groups()) < before:
        continue  # It is one that is known: think again.
      self.ask(combos[index], f'{stage.axis} {stage.candidates[index].value}')
      self._leave_out(stage, row, index, combos[index])

  def _pick(
      self,
      groups: list[list[int]],
      wanted: int,
      combos: list[axes.Combination],
  ) -> int:
    """Returns the candidate to run: of the wanted group, or the nearest.

    Args:
      groups: The candidates that can be tested.
      wanted: The group that the search asks for.
      combos: The combination of each candidate.

    Returns:
      A candidate that has a seed left.

    Raises:
      observe.InconclusiveError: None has.
    """
    for at in sorted(range(len(groups)), key=lambda g: abs(g - wanted)):
      group = sorted(groups[at], key=lambda i: (not self.runs_of(combos[i]), i))
      for index in group:
        runs = len(self.runs_of(combos[index]))
        if self.probe.seeds is None or runs < self.probe.seeds:
          return index
    raise observe.InconclusiveError(
        f'all candidates were run with all {self.probe.seeds} seeds, and that'
        ' does not decide'
    )

  def _digest_of(
      self, stage: Stage, row: search.Row, digests: dict[int, str], index: int
  ) -> bool:
    """Notes the contents of a candidate.

    Args:
      stage: The stage.
      row: Where equal candidates become one, and others fall out.
      digests: Those that are known.
      index: The candidate.

    Returns:
      Whether it could be had.
    """
    if index in digests:
      return True
    value = stage.candidates[index].value
    try:
      found = self._digest(stage.axis, value)
    except errors.InputError as error:
      self._skip(stage, row, index, errors.one_line(error))
      return False
    for other, digest in digests.items():
      if digest == found:
        known = stage.candidates[other].value
        row.same(index, other)
        if value not in stage.equal:
          stage.equal[value] = known
          self.say(f'{value} has the contents of {known}: not run')
        break
    digests[index] = found
    return True

  def _leave_out(
      self,
      stage: Stage,
      row: search.Row,
      index: int,
      combination: axes.Combination,
  ) -> None:
    """Leaves a candidate out that cannot be tested or fails differently."""
    runs = self.runs_of(combination)
    others = len(runs) - self.counts(combination).total
    limit = observe.OTHERS if self.noisy else 1
    reason = next((run.unusable for run in runs if run.unusable), '')
    if not reason and others >= limit and others >= len(runs) / 2:
      reason = f'fails in another way: {self.last_failures(combination)}'
    if reason:
      self._skip(stage, row, index, reason)

  def _skip(
      self, stage: Stage, row: search.Row, index: int, reason: str
  ) -> None:
    """Takes a candidate out and says so."""
    value = stage.candidates[index].value
    if index in (0, len(stage.candidates) - 1):
      raise observe.InconclusiveError(f'{value} cannot be tested: {reason}')
    row.skip(index)
    stage.skipped[value] = reason
    self.say(f'skipping {value}: {reason[:300]}')

  def _found(
      self,
      stage: Stage,
      row: search.Row,
      pools: list[search.Counts],
      at: int,
  ) -> None:
    """Puts what was found into the stage."""
    groups = row.groups()
    stage.good = stage.candidates[groups[at - 1][-1]]
    stage.bad = stage.candidates[groups[at][0]]
    stage.suspects = [stage.candidates[i] for i in row.suspects(at)]
    sides = [
        search.Counts(sum(c.bad for c in side), sum(c.good for c in side))
        for side in (pools[:at], pools[at:])
    ]
    if search.probability_worse(*sides) < 0.5:
      raise observe.InconclusiveError(
          f'before {stage.bad.value} it failed more often than after: the good'
          ' end is not the better one'
      )
    self.say(f'first bad {stage.axis}: {stage.bad.value} {stage.bad.about}')
