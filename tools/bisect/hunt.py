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

It is a plain procedure over the runs that the state has. Where it needs another
run it makes one, which is in the state's file before anything is concluded from
it. So a hunt that was killed, and is begun again, passes by all that is known
and goes on where it was.
"""

import dataclasses
import pathlib
import time
from typing import Callable

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import builds
from tools.bisect import probe as probes
from tools.bisect import search
from tools.bisect import signature
from tools.bisect import state as states

_OTHERS = 2  # Different failures of a candidate before it is left out.
_NOISY = 'noisy'  # A note: bisection met what it cannot explain.


class Inconclusive(Exception):
  """There is no answer; the message says why, in one line."""


@dataclasses.dataclass(frozen=True)
class Budget:
  """What may be spent, over all calls.

  Attributes:
    runs: How many runs, or None.
    minutes: Of running, or None.
  """

  runs: int | None = None
  minutes: float | None = None


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


class Hunt:
  """Looks for what made the difference between two combinations.

  Attributes:
    state: What is known.
    stages: The searches so far.
    good: The good combination.
    bad: The bad one.
  """

  def __init__(
      self,
      state: states.State,
      probe: probes.Probe,
      ends: tuple[axes.Combination, axes.Combination],
      root: pathlib.Path,
      checkout: pathlib.Path | None = None,
      *,
      budget: Budget = Budget(),
      confidence: float = 0.95,
      noisy: bool = False,
      metric: str = '',
      only: str = '',
      say: Callable[[str], None] = print,
  ):
    """Prepares a hunt.

    Args:
      state: What is known.
      probe: Runs combinations.
      ends: The good combination and the bad one.
      root: The folder of the project.
      checkout: A git checkout of TFMOT.
      budget: What may be spent.
      confidence: Of a noisy search.
      noisy: Whether the symptom comes and goes.
      metric: To compare in place of failures.
      only: Which failures count.
      say: Tells the user what goes on.
    """
    self.state = state
    self.good, self.bad = ends
    self.stages: list[Stage] = []
    self._probe = probe
    self._root = root
    self._checkout = checkout
    self._budget = budget
    self._confidence = confidence
    self._noisy = noisy or bool(metric)
    self._metric = metric
    self._only = only
    self._say = say

  @property
  def noisy(self) -> bool:
    """Whether one run of a combination does not decide."""
    return self._noisy or bool(self.state.notes.get(_NOISY))

  @property
  def tells(self) -> signature.Signature:
    """What tells a bad run.

    Raises:
      Inconclusive: Nothing fails at the bad end that does not at the good one.
    """
    good, bad = self._runs(self.good), self._runs(self.bad)
    found = signature.of_ends(good, bad, self._metric, self._only)
    if found is None:
      seen = sorted({name for run in bad for name in run.failures})
      what = f' (only {", ".join(seen)})' if seen else ''
      raise Inconclusive(
          f'the bad end is not bad: nothing fails there{what} that does not'
          ' fail at the good end; if it comes and goes, give --noisy'
          if not self._metric
          else f'{self._metric} does not differ between the ends'
      )
    return found

  def _runs(self, combination: axes.Combination) -> list[signature.Run]:
    """Returns the runs of a combination."""
    return [r for r in self.state.runs if r.combination == combination]

  def counts(self, combination: axes.Combination) -> search.Counts:
    """Returns how often a combination was bad, and good."""
    sign = self.tells
    kinds = [sign.kind(run) for run in self._runs(combination)]
    return search.Counts(
        kinds.count(signature.BAD), kinds.count(signature.GOOD)
    )

  def _ask(self, combination: axes.Combination, what: str) -> signature.Run:
    """Runs a combination once more.

    Args:
      combination: The combination.
      what: Why, for the user.

    Returns:
      The run.

    Raises:
      Inconclusive: The budget is spent, or there are no more seeds.
    """
    runs = self.state.runs
    if self._budget.runs is not None and len(runs) >= self._budget.runs:
      raise Inconclusive(
          f'the budget of {self._budget.runs} runs is spent: run it again with'
          ' a larger --runs to go on'
      )
    minutes = sum(run.seconds for run in runs) / 60
    if self._budget.minutes is not None and minutes >= self._budget.minutes:
      raise Inconclusive(
          f'the budget of {self._budget.minutes:g} minutes is spent: run it'
          ' again with a larger --minutes to go on'
      )
    seed = len(self._runs(combination)) + 1
    if self._probe.seeds is not None and seed > self._probe.seeds:
      raise Inconclusive(
          f'{what} was run with all of its {self._probe.seeds} seeds, and that'
          ' does not decide'
      )
    begun = time.monotonic()
    run = self._probe(combination, seed)
    self.state.add(run)
    said = run.unusable and f'cannot be tested: {run.unusable}'
    said = said or ', '.join(run.failures) or 'passes'
    self._say(
        f'[{len(self.state.runs)}] {what}, seed {seed}:'
        f' {said[:200]} ({time.monotonic() - begun:.1f} s)'
    )
    return run

  def _verify(self) -> None:
    """Runs the ends until it is known that they differ.

    Raises:
      Inconclusive: One cannot be tested, or they do not differ.
    """
    for name, end in (('good', self.good), ('bad', self.bad)):
      if not self._runs(end):
        self._ask(end, f'the {name} end')
      for run in self._runs(end):
        if run.unusable:
          raise Inconclusive(
              f'the {name} end cannot be tested: {run.unusable}; mend that and'
              ' begin again with --fresh'
          )
    if not self.noisy:
      counts = self.counts(self.good)
      if counts.good == 0:
        what = 'already bad' if counts.bad else 'failing in another way'
        raise Inconclusive(f'the good end is {what}: {self._shown(self.good)}')
      return
    while True:
      ends = self._end_counts()
      verdict = search.ends(*ends)
      if verdict == 'differ':
        return
      if verdict == 'same':
        raise Inconclusive(
            'the ends cannot be told apart: bad in'
            f' {ends[0].bad} of {ends[0].total} runs at the good end and in'
            f' {ends[1].bad} of {ends[1].total} at the bad end'
        )
      end = self.good if verdict == 'good' else self.bad
      total = ends[0].total if verdict == 'good' else ends[1].total
      if len(self._runs(end)) - total > search.AT_MOST:
        raise Inconclusive(f'the {verdict} end fails in ways of its own')
      self._ask(end, f'the {verdict} end')

  def _end_counts(self) -> tuple[search.Counts, search.Counts]:
    """Returns the counts of the ends, while the bad end may yet have passed."""
    try:
      return self.counts(self.good), self.counts(self.bad)
    except Inconclusive:
      totals = [len(self._runs(end)) for end in (self.good, self.bad)]
      if min(totals) >= search.AT_LEAST:
        raise
      return search.Counts(0, totals[0]), search.Counts(0, totals[1])

  def _shown(self, combination: axes.Combination) -> str:
    """Returns what failed in the last run of a combination."""
    return ', '.join(self._runs(combination)[-1].failures) or 'nothing failed'

  def kind(self, combination: axes.Combination) -> str:
    """Tests a combination until it is known what it is.

    Args:
      combination: The combination.

    Returns:
      `good`, `bad` or `other`.
    """
    what = axes.said(combination)
    while True:
      runs, counts = self._runs(combination), self.counts(combination)
      others = len(runs) - counts.total
      if others >= (_OTHERS if self.noisy else 1):
        return signature.OTHER
      if counts.total and not self.noisy:
        return signature.BAD if counts.bad else signature.GOOD
      if counts.total:
        ends = self.counts(self.good), self.counts(self.bad)
        verdict = search.like(counts, *ends)
        if verdict != 'more':
          return verdict
      self._ask(combination, what)

  def run(self) -> None:
    """Hunts until there is an answer, which the last stage has.

    Raises:
      Inconclusive: There is none.
    """
    self._verify()
    self._say(f'looking for: {self.tells}')
    try:
      self._search()
    except _Contradiction:
      self._say(
          'what failed once passed another time: searching on as for a symptom'
          ' that comes and goes'
      )
      self.state.note(_NOISY, True)
      self.stages.clear()
      self._verify()
      self._search()

  def _search(self) -> None:
    """Finds the axis and searches it, finer and finer."""
    guilty = axes.find(self.good, self.bad, self.kind)
    if isinstance(guilty, str):
      raise Inconclusive(guilty)
    self._say(f'guilty axis: {guilty.axis} ({guilty.why})')
    axis = guilty.axis
    ends = guilty.good[axis], guilty.bad[axis]
    key = f'row {axis} {ends[0]} {ends[1]}'
    row = self._row(
        key, lambda: builds.row(axis, *ends, self._root, self._checkout)
    )
    stage = Stage(axis, guilty.why, row)
    self.stages.append(stage)
    self._walk(stage, guilty.good)
    while axis == axes.TFMOT:
      good, bad = stage.good, stage.bad
      key = f'finer {good.value} {bad.value}'
      row = self._row(
          key, lambda g=good, b=bad: builds.finer(g, b, self._checkout)
      )
      if not row:
        return
      why = f'between {good.value} and {bad.value}'
      self._say(f'{len(row) - 2} {row[1].kind}s lie {why}')
      finer = Stage(axis, why, row)
      kinds = [
          self.kind({**guilty.good, axis: row[end].value}) for end in (0, -1)
      ]
      if kinds != [signature.GOOD, signature.BAD]:
        self._say(
            f'{row[0].value} is {kinds[0]} and {row[-1].value} is {kinds[1]}:'
            f' they do not stand for {good.value} and {bad.value}, so it stays'
            ' with these'
        )
        return
      self.stages.append(finer)
      self._walk(finer, guilty.good)
      stage = finer

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
      Inconclusive: There is no answer.
      _Contradiction: Bisection cannot explain what was counted.
    """
    row = search.Row(len(stage.candidates))
    combos = [{**base, stage.axis: one.value} for one in stage.candidates]
    digests: dict[int, str] = {}
    self._digest_of(stage, row, digests, 0)
    self._digest_of(stage, row, digests, len(combos) - 1)
    if len(row.groups()) < 2:
      raise Inconclusive(
          f'{stage.candidates[0].value} and {stage.candidates[-1].value} have'
          ' the same contents: the failure is not of the code'
      )
    for index, combo in enumerate(combos):  # What is known from before.
      if self._runs(combo) and self._digest_of(stage, row, digests, index):
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
        raise _Contradiction
      if step.first_bad is not None:
        self._found(stage, row, pools, step.first_bad)
        return
      index = self._pick(groups, step.run, combos)
      before = len(row.groups())
      if not self._digest_of(stage, row, digests, index):
        continue
      if len(row.groups()) < before:
        continue  # It is one that is known: think again.
      self._ask(combos[index], f'{stage.axis} {stage.candidates[index].value}')
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
      Inconclusive: None has.
    """
    for at in sorted(range(len(groups)), key=lambda g: abs(g - wanted)):
      group = sorted(
          groups[at], key=lambda i: (not self._runs(combos[i]), i)
      )
      for index in group:
        runs = len(self._runs(combos[index]))
        if self._probe.seeds is None or runs < self._probe.seeds:
          return index
    raise Inconclusive(
        f'all candidates were run with all {self._probe.seeds} seeds, and that'
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
          self._say(f'{value} has the contents of {known}: not run')
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
    runs = self._runs(combination)
    others = len(runs) - self.counts(combination).total
    limit = _OTHERS if self.noisy else 1
    reason = next((run.unusable for run in runs if run.unusable), '')
    if not reason and others >= limit and others >= len(runs) / 2:
      reason = f'fails in another way: {self._shown(combination)}'
    if reason:
      self._skip(stage, row, index, reason)

  def _skip(
      self, stage: Stage, row: search.Row, index: int, reason: str
  ) -> None:
    """Takes a candidate out and says so."""
    value = stage.candidates[index].value
    if index in (0, len(stage.candidates) - 1):
      raise Inconclusive(f'{value} cannot be tested: {reason}')
    row.skip(index)
    stage.skipped[value] = reason
    self._say(f'skipping {value}: {reason[:300]}')

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
      raise Inconclusive(
          f'before {stage.bad.value} it failed more often than after: the good'
          ' end is not the better one'
      )
    self._say(f'first bad {stage.axis}: {stage.bad.value} {stage.bad.about}')


class _Contradiction(Exception):
  """A candidate was good after one that was bad."""
