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

"""The verdict: judges a run record against the claims, in seconds.

It is the program of the tests that `convergence_test` makes. It prints a table
of claim, documented, measured, bound and verdict, and fails if a claim does not
hold. Nothing is trained here, so a bound can be changed without training.
"""

import argparse
import copy
import sys
from typing import Any, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import record

_HEADER = ('claim', 'documented', 'measured', 'bound', 'verdict')


class Verdict(NamedTuple):
  """A claim, what was measured, and whether that is within the bound."""

  claim: claims.Claim
  measured: float
  holds: bool

  @property
  def good(self) -> bool:
    """Whether it is as expected: a known failure is expected to fail."""
    return self.claim.reported or self.holds != bool(self.claim.known_failure)

  @property
  def word(self) -> str:
    """The verdict in a word or two."""
    if self.claim.reported:
      return 'reported'
    if self.claim.known_failure:
      return 'MENDED' if self.holds else 'known failure'
    return 'pass' if self.holds else 'FAIL'


def judge(
    declared: Sequence[claims.Claim],
    run: record.Record,
    baseline: record.Record | None = None,
    control: record.Record | None = None,
) -> list[Verdict]:
  """Judges each claim.

  Args:
    declared: The claims.
    run: The run.
    baseline: The float run that it started from.
    control: The float run that was trained as much.

  Returns:
    A verdict for each claim, in their order.

  Raises:
    errors.InputError: A metric is missing.
  """
  verdicts = []
  for claim in declared:
    measured = claim.measure(run, baseline, control)
    verdicts.append(Verdict(claim, measured, claim.holds(measured)))
  return verdicts


def check_pair(run: record.Record, baseline: record.Record) -> None:
  """Refuses to compare runs that do not belong together.

  Args:
    run: The run to judge.
    baseline: The float run.

  Raises:
    errors.InputError: The run does not come from this baseline, or the seed,
      data or tier differ.
  """
  if baseline.weights not in run.lineage:
    raise errors.InputError(
        f'the run of {run.experiment} does not come from that of'
        f' {baseline.experiment}: run its target again'
    )
  for name in ('seed', 'data', 'tier'):
    mine, other = getattr(run, name), getattr(baseline, name)
    if mine != other:
      raise errors.InputError(
          f'the run of {run.experiment} has {name} {mine}, its baseline {other}'
      )


def check_control(run: record.Record, control: record.Record) -> None:
  """Refuses a control that was not trained as the run was.

  Args:
    run: The run to judge.
    control: The float run.

  Raises:
    errors.InputError: The start, recipe, seed, batches, data, tier or processor
      differ.
  """
  mine, other = (_what_pairs(r) for r in (run, control))
  for name, value in mine.items():
    if value != other[name]:
      raise errors.InputError(
          f'the control {control.experiment} of {run.experiment} has another'
          f' {name}: run its target again'
      )


def _what_pairs(run: record.Record) -> dict[str, Any]:
  """Returns what a run and its control have in common."""
  params = copy.deepcopy(run.params)
  params.get('task', {}).pop('technique', None)
  return {
      'baseline': run.lineage[:1],
      'number of stages': len(run.lineage),
      'recipe': params,
      'seed': run.seed,
      'order of batches': run.batches,
      'data': run.data,
      'tier': run.tier,
      'processor': run.instruction_set,
  }


def table(verdicts: Sequence[Verdict]) -> str:
  """Returns the verdicts as a table of text."""
  rows = [_HEADER] + [
      (
          v.claim.id,
          v.claim.documented,
          f'{v.measured:.4g}',
          v.claim.bound,
          v.word,
      )
      for v in verdicts
  ]
  widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADER))]
  return '\n'.join(
      '  '.join(
          cell.ljust(width) for cell, width in zip(row, widths, strict=True)
      ).rstrip()
      for row in rows
  )


@errors.exits_with_one_line
def main(argv: Sequence[str]) -> int:
  """Judges the run of the flags.

  Args:
    argv: The command line without the program.

  Returns:
    0 if every claim holds and every known failure is one, else 1.
  """
  parser = argparse.ArgumentParser(prog='verdict', description=__doc__)
  parser.add_argument('--technique', required=True, help='technique.yaml')
  parser.add_argument('--name', required=True, help='of the convergence test')
  parser.add_argument('--tier', required=True, choices=record.TIERS)
  parser.add_argument('--record', required=True, help='of the run')
  parser.add_argument(
      '--baseline', help='record of the float run it comes from'
  )
  parser.add_argument(
      '--control', help='record of the float run that was trained as much'
  )
  flags = parser.parse_args(argv)
  declared = claims.claims_of(flags.technique, flags.name, flags.tier)
  run = record.read(flags.record)
  if run.tier != flags.tier:
    raise errors.InputError(
        f'{flags.record} is of tier {run.tier}, not {flags.tier}'
    )
  baseline = None
  if flags.baseline:
    baseline = record.read(flags.baseline)
    check_pair(run, baseline)
  control = None
  if flags.control:
    control = record.read(flags.control)
    check_control(run, control)
  verdicts = judge(declared, run, baseline, control)
  training = run.training
  print(
      f'{flags.name}, tier {run.tier}, seed {run.seed}: {training["steps"]} '
      f'steps in {training["seconds"]:.0f} s\n'
  )
  print(table(verdicts))
  for verdict in verdicts:
    if not verdict.good:
      claim = verdict.claim
      mended = (
          f'It was a known failure ({claim.known_failure}) and is mended: take'
          f' known_failure out of {flags.technique}. '
      )
      print(
          f'\n{claim.id}: {claim.metric} as {claim.relation} is '
          f'{verdict.measured:.6g}, bound {claim.bound}. '
          f'{mended if claim.known_failure else ""}{claim.reason} '
          f'Source: {claim.source}'
      )
  return 0 if all(verdict.good for verdict in verdicts) else 1


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
