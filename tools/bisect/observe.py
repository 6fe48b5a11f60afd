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


"""Runs combinations until it is known whether they are good or bad.

What is known is in the state. Where that does not decide, a combination is run
again, and the run is in the state's file before anything is concluded from it.
"""

import dataclasses
import time
from typing import Callable

from tools.bisect import axes
from tools.bisect import probe as probes
from tools.bisect import search
from tools.bisect import signature
from tools.bisect import state as states

OTHERS = 2  # Different failures of a combination before it is left out.
NOISY = 'noisy'  # A note: bisection met what it cannot explain.


class InconclusiveError(Exception):
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


class Observer:
  """Runs combinations, within a budget.

  Attributes:
    state: What is known.
    good: The good combination.
    bad: The bad one.
    probe: Runs a combination.
    say: Tells the user what goes on.
  """

  def __init__(
      self,
      state: states.State,
      probe: probes.Probe,
      ends: tuple[axes.Combination, axes.Combination],
      *,
      budget: Budget = Budget(),
      noisy: bool = False,
      metric: str = '',
      only: str = '',
      say: Callable[[str], None] = print,
  ):
    """Prepares for runs.

    Args:
      state: What is known.
      probe: Runs combinations.
      ends: The good combination and the bad one.
      budget: What may be spent.
      noisy: Whether the symptom comes and goes.
      metric: To compare in place of failures.
      only: Which failures count.
      say: Tells the user what goes on.
    """
    self.state = state
    self.good, self.bad = ends
    self.probe = probe
    self._budget = budget
    self._noisy = noisy or bool(metric)
    self._metric = metric
    self._only = only
    self.say = say

  @property
  def noisy(self) -> bool:
    """Whether one run of a combination does not decide."""
    return self._noisy or bool(self.state.notes.get(NOISY))

  @property
  def tells(self) -> signature.Signature:
    """What tells a bad run.

    Raises:
      InconclusiveError: Nothing fails at the bad end that does not at the
        good one.
    """
    good, bad = self.runs_of(self.good), self.runs_of(self.bad)
    found = signature.of_ends(good, bad, self._metric, self._only)
    if found is None:
      seen = sorted({name for run in bad for name in run.failures})
      what = f' (only {", ".join(seen)})' if seen else ''
      raise InconclusiveError(
          f'the bad end is not bad: nothing fails there{what} that does not'
          ' fail at the good end; if it comes and goes, give --noisy'
          if not self._metric
          else f'{self._metric} does not differ between the ends'
      )
    return found

  def runs_of(self, combination: axes.Combination) -> list[signature.Run]:
    """Returns the runs of a combination."""
    return [r for r in self.state.runs if r.combination == combination]

  def counts(self, combination: axes.Combination) -> search.Counts:
    """Returns how often a combination was bad, and good."""
    sign = self.tells
    kinds = [sign.kind(run) for run in self.runs_of(combination)]
    return search.Counts(
        kinds.count(signature.BAD), kinds.count(signature.GOOD)
    )

  def ask(self, combination: axes.Combination, what: str) -> signature.Run:
    """Runs a combination once more.

    Args:
      combination: The combination.
      what: Why, for the user.

    Returns:
      The run.

    Raises:
      InconclusiveError: The budget is spent, or there are no more seeds.
    """
    runs = self.state.runs
    if self._budget.runs is not None and len(runs) >= self._budget.runs:
      raise InconclusiveError(
          f'the budget of {self._budget.runs} runs is spent: run it again with'
          ' a larger --runs to go on'
      )
    minutes = sum(run.seconds for run in runs) / 60
    if self._budget.minutes is not None and minutes >= self._budget.minutes:
      raise InconclusiveError(
          f'the budget of {self._budget.minutes:g} minutes is spent: run it'
          ' again with a larger --minutes to go on'
      )
    seed = len(self.runs_of(combination)) + 1
    if self.probe.seeds is not None and seed > self.probe.seeds:
      raise InconclusiveError(
          f'{what} was run with all of its {self.probe.seeds} seeds, and that'
          ' does not decide'
      )
    begun = time.monotonic()
    run = self.probe(combination, seed)
    self.state.add(run)
    said = run.unusable and f'cannot be tested: {run.unusable}'
    said = said or ', '.join(run.failures) or 'passes'
    self.say(
        f'[{len(self.state.runs)}] {what}, seed {seed}:'
        f' {said[:200]} ({time.monotonic() - begun:.1f} s)'
    )
    return run

  def verify(self) -> None:
    """Runs the ends until it is known that they differ.

    Raises:
      InconclusiveError: One cannot be tested, or they do not differ.
    """
    for name, end in (('good', self.good), ('bad', self.bad)):
      if not self.runs_of(end):
        self.ask(end, f'the {name} end')
      for run in self.runs_of(end):
        if run.unusable:
          raise InconclusiveError(
              f'the {name} end cannot be tested: {run.unusable}; mend that and'
              ' try it with --again'
          )
    if not self.noisy:
      counts = self.counts(self.good)
      if counts.good == 0:
        what = 'already bad' if counts.bad else 'failing in another way'
        raise InconclusiveError(
            f'the good end is {what}: {self.last_failures(self.good)}'
        )
      return
    while True:
      ends = self._end_counts()
      verdict = search.ends(*ends) if ends else self._to_run()
      if verdict == 'differ':
        return
      if verdict == 'same':
        raise InconclusiveError(
            'the ends cannot be told apart: bad in'
            f' {ends[0].bad} of {ends[0].total} runs at the good end and in'
            f' {ends[1].bad} of {ends[1].total} at the bad end'
        )
      end = self.good if verdict == 'good' else self.bad
      total = (ends[0] if verdict == 'good' else ends[1]).total if ends else 0
      if ends and len(self.runs_of(end)) - total > search.AT_MOST:
        raise InconclusiveError(f'the {verdict} end fails in ways of its own')
      self.ask(end, f'the {verdict} end')

  def _end_counts(self) -> tuple[search.Counts, search.Counts] | None:
    """Returns the counts of the ends.

    Returns:
      Those of the good and of the bad end; None if the bad one only passed yet.

    Raises:
      InconclusiveError: It passed too often to be called bad.
    """
    try:
      return self.counts(self.good), self.counts(self.bad)
    except InconclusiveError:
      if len(self.runs_of(self.bad)) >= search.AT_MOST:
        raise
      return None

  def _to_run(self) -> str:
    """Returns the end to run while the bad one only passed."""
    good, bad = len(self.runs_of(self.good)), len(self.runs_of(self.bad))
    return 'good' if good < min(bad, search.AT_LEAST) else 'bad'

  def last_failures(self, combination: axes.Combination) -> str:
    """Returns what failed in the last run of a combination."""
    return ', '.join(self.runs_of(combination)[-1].failures) or 'nothing failed'

  def kind(self, combination: axes.Combination) -> str:
    """Tests a combination until it is known what it is.

    Args:
      combination: The combination.

    Returns:
      `good`, `bad` or `other`.
    """
    what = axes.said(combination)
    while True:
      runs, counts = self.runs_of(combination), self.counts(combination)
      others = len(runs) - counts.total
      if others >= (OTHERS if self.noisy else 1):
        return signature.OTHER
      if counts.total and not self.noisy:
        return signature.BAD if counts.bad else signature.GOOD
      if counts.total:
        ends = self.counts(self.good), self.counts(self.bad)
        verdict = search.like(counts, *ends)
        if verdict != 'more':
          return verdict
      self.ask(combination, what)
