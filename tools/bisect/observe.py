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

import argparse
import contextlib
import dataclasses
import pathlib
import time
from typing import Callable

from tfmot_contrib import errors
from tools.bisect import axes
from tools.bisect import probe as probes
from tools.bisect import search
from tools.bisect import signature
from tools.bisect import state as states

OTHERS = 2  # Different failures of a combination before it is left out.


class InconclusiveError(Exception):
  """There is no answer; the message says why, in one line."""


@dataclasses.dataclass
class Observer:
  """Runs combinations, within a budget.

  Attributes:
    flags: Of the command, with combinations as `good` and `bad`.
    state: What is known.
    probe: Runs a combination.
    root: The folder of the project.
    say: Tells the user what goes on.
    noisy: Whether one run of a combination does not decide.
  """

  flags: argparse.Namespace
  state: states.State
  probe: probes.Probe
  root: pathlib.Path
  say: Callable[[str], None] = print
  noisy: bool = dataclasses.field(init=False)

  def __post_init__(self) -> None:
    flags = self.flags
    self.noisy = bool(flags.noisy or flags.metric or self.state.noisy)

  @property
  def tells(self) -> signature.Signature:
    """What tells a bad run.

    Raises:
      InconclusiveError: Nothing fails at the bad end that does not at the
        good one.
    """
    ends = [self.runs_of(end) for end in (self.flags.good, self.flags.bad)]
    sign = signature.of_ends(*ends, self.flags.metric, self.flags.only)
    if sign is not None:
      return sign
    if self.flags.metric:
      raise InconclusiveError(
          f'{self.flags.metric} does not differ between the ends'
      )
    seen = sorted({name for run in ends[1] for name in run.failures})
    what = f' (only {", ".join(seen)})' if seen else ''
    raise InconclusiveError(
        f'the bad end is not bad: nothing fails there{what} that does not fail'
        ' at the good end; if it comes and goes, give --noisy'
    )

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

  def _check_budget(self) -> None:
    """Raises InconclusiveError if the budget is spent."""
    minutes = sum(run.seconds for run in self.state.runs) / 60
    for name, spent in (('runs', len(self.state.runs)), ('minutes', minutes)):
      limit = getattr(self.flags, name)
      if limit is not None and spent >= limit:
        raise InconclusiveError(
            f'the budget of {limit:g} {name} is spent: run it again with a'
            f' larger --{name} to go on'
        )

  def ask(self, combination: axes.Combination, what: str) -> None:
    """Runs a combination once more.

    Args:
      combination: The combination.
      what: Why, for the user.

    Raises:
      InconclusiveError: The budget is spent, or there are no more seeds.
    """
    self._check_budget()
    seed = len(self.runs_of(combination)) + 1
    if self.probe.seeds is not None and seed > self.probe.seeds:
      raise InconclusiveError(
          f'{what} was run with all of its {self.probe.seeds} seeds, and that'
          ' does not decide'
      )
    begun = time.monotonic()
    try:
      came = self.probe.run(combination, seed)
    except errors.InputError as error:
      came = {'unusable': errors.one_line(error)}
    seconds = round(time.monotonic() - begun, 2)
    run = signature.Run(combination, seed, seconds=seconds, **came)
    self.state.add(run)
    told = run.unusable and f'cannot be tested: {run.unusable}'
    told = told or ', '.join(run.failures) or 'passes'
    self.say(
        f'[{len(self.state.runs)}] {what}, seed {seed}:'
        f' {told[:200]} ({run.seconds:.1f} s)'
    )

  def verify(self) -> None:
    """Runs the ends until it is known that they differ.

    Raises:
      InconclusiveError: One cannot be tested, or they do not differ.
    """
    for name, end in (('good', self.flags.good), ('bad', self.flags.bad)):
      if not self.runs_of(end):
        self.ask(end, f'the {name} end')
      for run in self.runs_of(end):
        if run.unusable:
          raise InconclusiveError(
              f'the {name} end cannot be tested: {run.unusable}; mend that and'
              ' try it with --again'
          )
    if self.noisy:
      self._verify_noisy()
    elif not self.counts(self.flags.good).good:
      raise InconclusiveError(
          f'the good end is not good: {self.last_failures(self.flags.good)}'
      )

  def _verify_noisy(self) -> None:
    """Runs the ends until their shares of bad runs differ: see `verify`."""
    ends = {'good': self.flags.good, 'bad': self.flags.bad}
    for least in range(1, search.AT_MOST + 1):
      for name, end in ends.items():
        while len(self.runs_of(end)) < least:
          self.ask(end, f'the {name} end')
      # The bad end may have only passed so far.
      with contextlib.suppress(InconclusiveError):
        if search.differ(
            self.counts(self.flags.good), self.counts(self.flags.bad)
        ):
          return
    good, bad = self.counts(self.flags.good), self.counts(self.flags.bad)
    raise InconclusiveError(
        f'the ends cannot be told apart: bad in {good.bad} of {good.total} runs'
        f' at the good end and in {bad.bad} of {bad.total} at the bad end'
    )

  def last_failures(self, combination: axes.Combination) -> str:
    """Returns what failed in the last run of a combination."""
    return ', '.join(self.runs_of(combination)[-1].failures) or 'nothing failed'

  def other(self, combination: axes.Combination) -> str:
    """Returns why a combination is neither good nor bad, or ''.

    Args:
      combination: The combination.

    Returns:
      That it cannot be run, or fails in another way in most of its runs.
    """
    runs = self.runs_of(combination)
    if reason := next((run.unusable for run in runs if run.unusable), ''):
      return reason
    others = len(runs) - self.counts(combination).total
    if others < (OTHERS if self.noisy else 1) or 2 * others < len(runs):
      return ''
    return f'fails in another way: {self.last_failures(combination)}'

  def kind(self, combination: axes.Combination) -> str:
    """Tests a combination until it is known what it is.

    Args:
      combination: The combination.

    Returns:
      `good`, `bad` or `other`.
    """
    while not self.other(combination):
      counts = self.counts(combination)
      if counts.total:
        verdict = signature.BAD if counts.bad else signature.GOOD
        if self.noisy:
          ends = self.counts(self.flags.good), self.counts(self.flags.bad)
          verdict = search.like(counts, *ends)
        if verdict != 'more':
          return verdict
      self.ask(combination, axes.said(combination))
    return signature.OTHER
