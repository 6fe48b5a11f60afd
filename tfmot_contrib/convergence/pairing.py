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

"""What a verdict stands on, and whether that belongs together.

A run is judged beside the float run that it started from, the float control
that was trained as much, and the reference of its test.
"""

import copy
import dataclasses
from typing import Any, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference as reference_lib


@dataclasses.dataclass(frozen=True)
class Shown:
  """What a verdict stands on.

  Attributes:
    runs: One for each seed, in their order.
    baseline: The float run that they come from, or None for one.
    controls: The float runs that were trained as much, one for each run; none
      where nothing is trained.
    reference: Of the test, on this kind of processor or else on another.
    family: Those of the other tests of the technique on this model, and on the
      processor of the reference.
  """

  runs: Sequence[record.Record]
  baseline: record.Record | None = None
  controls: Sequence[record.Record] = ()
  reference: reference_lib.Reference | None = None
  family: Sequence[reference_lib.Reference] = ()

  @property
  def statistical(self) -> bool:
    """Whether there is noise, and the reference knows that of these runs."""
    return bool(self.reference and self.controls) and all(
        run.instruction_set == self.reference.instruction_set
        for run in self.runs
    )

  @property
  def caveat(self) -> str:
    """Why drops are judged by documented bounds, in a line, or nothing."""
    run, drops = self.runs[0], 'drops with what is documented'
    if not self.reference:
      return f'there is no reference: compares {drops}' if self.controls else ''
    admitted = f'{drops}, or with what the reference admits'
    others = [
        f'{name} {self.reference.stack.get(name)} (here {version})'
        for name, version in run.stack.items()
        if version != self.reference.stack.get(name)
    ]
    if others:
      return (
          f'the reference is of {", ".join(others)}: what TFMOT decides is'
          f' compared with it, {admitted}'
      )
    if run.instruction_set != self.reference.instruction_set:
      return (
          f'the reference is of {self.reference.instruction_set} processors'
          f' (here {run.instruction_set}): what is exact is compared with it,'
          f' {admitted}'
      )
    return ''

  @property
  def comparable(self) -> bool:
    """Whether scales and distances are to be those of the reference.

    Rounding differs a little between machines, and after the training of a
    baseline that is another model. These numbers are of the model: they are
    compared if a float run is that of the reference to the last bit, or if a
    few smoke steps were all the training.
    """
    known = {seed.control for seed in self.reference.seeds}
    floats = self.controls or [run for run in [self.baseline] if run]
    return self.reference.tier == 'smoke' or any(
        run.weights in known for run in floats
    )


def check_pair(run: record.Record, baseline: record.Record) -> None:
  """Refuses to compare runs that do not belong together.

  Args:
    run: The run to judge.
    baseline: The float run.

  Raises:
    errors.InputError: The run does not come from this baseline, or the data or
      tier differ.
  """
  if baseline.weights not in run.lineage:
    raise errors.InputError(
        f'the run of {run.experiment} does not come from that of'
        f' {baseline.experiment}: run its target again'
    )
  for name in ('data', 'tier'):
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


def pairs(run: record.Record, control: record.Record) -> bool:
  """Returns whether a float run was trained as a run was."""
  return _what_pairs(run) == _what_pairs(control)


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


def check(shown: Shown) -> None:
  """Refuses what does not belong together.

  Args:
    shown: Of one test.

  Raises:
    errors.InputError: There is no run, a seed is there twice, a baseline or
      control is of another run, or the reference does not hold for one.
  """
  seeds = [run.seed for run in shown.runs]
  if not seeds or len(set(seeds)) != len(seeds):
    raise errors.InputError(f'runs with the seeds {seeds}: give each seed once')
  kinds = sorted({run.instruction_set for run in shown.runs})
  if len(kinds) > 1:
    raise errors.InputError(
        f'runs of the processors {" and ".join(kinds)}: give those of one kind'
    )
  trained = [run for run in shown.runs if run.training['steps']]
  if len({run.weights for run in trained}) < len(trained):
    raise errors.InputError(
        f'runs with the seeds {seeds} have the same weights: the seed does not'
        ' reach the training, mend that'
    )
  if shown.controls and len(shown.controls) != len(shown.runs):
    raise errors.InputError(
        f'{len(shown.runs)} runs and {len(shown.controls)} controls: give one'
        ' for each run'
    )
  for run in shown.runs:
    if shown.baseline:
      check_pair(run, shown.baseline)
    if shown.reference and shown.baseline:
      reference_lib.check(shown.reference, run)
  for run, control in zip(shown.runs, shown.controls, strict=False):
    check_control(run, control)
