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

"""Reads the evidence: the rows of all techniques, judged, with their baselines.

A row is a convergence test.
"""

import dataclasses
import pathlib
import re
from typing import Any, Mapping, NamedTuple, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import pairing
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference
from tfmot_contrib.convergence import verdict
from tools.evidence import names
from tools.evidence import sums
from tools.suite import draw
from tools.suite import project

# Evidence of float runs of another machine than the baselines' evidence is of.
FLOAT = 'float.'
COLLECT = 'run tools/nox -s evidence -- --collect'
# As what a model is exported, in the order of tables. The first of the second
# tuple that a row has is what one would deploy.
KINDS = ('float', 'float16', 'dynamic_range', 'int8', 'qat_int8', 'sparse')
_DEPLOYED = ('qat_int8', 'int8', 'dynamic_range', 'float16', 'sparse', 'float')


class Export(NamedTuple):
  """One exported model against the float models.

  Attributes:
    kind: See `deployment.export`.
    accuracy: Top-1 in percent.
    gzip_bytes: Zipped size.
    drop: Points of top-1 that are lost.
    zipped: Zipped size as a share of the baseline's.
    plain: The same of the size that is not zipped.
    faster: How many times as fast.
    sparsity: The share of the weights of covered layers that is zero, or None
      when the technique says nothing of zeros.
    values: How many distinct weights the channel of a covered layer with the
      most of them has, or None when the technique says nothing of that.
  """

  kind: str
  accuracy: float
  gzip_bytes: int
  drop: float
  zipped: float
  plain: float
  faster: float
  sparsity: float | None
  values: int | None


@dataclasses.dataclass(frozen=True)
class Row:
  """A convergence test and what it has shown.

  Attributes:
    name: Of the test.
    run: Its record.
    baseline: The record of the float run that it comes from, or None for one.
    control: That of the float run that was trained as much, or None.
    known: The reference of the test on the run's kind of processor, or else on
      another, or None.
    verdicts: On its claims.
  """

  name: names.Name
  run: record.Record
  baseline: record.Record | None
  control: record.Record | None
  known: reference.Reference | None
  verdicts: Sequence[judge.Verdict]

  @property
  def float_export(self) -> Mapping[str, Any]:
    """The exported float model that it is compared with."""
    return (self.baseline or self.run).exported['float']

  @property
  def exports(self) -> list[Export]:
    """The exported models in the order of `KINDS`."""
    kinds = [*KINDS, *sorted(set(self.run.exported) - set(KINDS))]
    return [self._export(kind) for kind in kinds if kind in self.run.exported]

  @property
  def deployed(self) -> Export:
    """The exported model that one would deploy."""
    exports = {export.kind: export for export in self.exports}
    return next(
        (exports[kind] for kind in _DEPLOYED if kind in exports),
        self.exports[0],
    )

  def _export(self, kind: str) -> Export:
    """Returns one of the exported models."""
    mine, before = self.run.exported[kind], self.float_export
    paired = (self.control or self.baseline or self.run).exported['float']
    covered = self.run.invariants.get('covered')
    kernels = mine['kernels']
    if isinstance(covered, list):
      kernels = [k for k in kernels if k['name'] in covered] or kernels
    sparsity = values = None
    if self._says('zeros|sparsity'):
      size = sum(k['size'] for k in kernels)
      sparsity = sum(k['zeros'] for k in kernels) / size
    if self._says('distinct|clusters|centroids'):
      values = max(k['distinct_per_channel'] for k in kernels)
    return Export(
        kind=kind,
        accuracy=mine['accuracy'],
        gzip_bytes=mine['gzip_bytes'],
        drop=paired['mirrored_accuracy'] - mine['mirrored_accuracy'],
        zipped=mine['gzip_bytes'] / before['gzip_bytes'],
        plain=mine['bytes'] / before['bytes'],
        faster=mine['latency']['times_faster'],
        sparsity=sparsity,
        values=values,
    )

  def _says(self, pattern: str) -> bool:
    """Tells whether an invariant of the run has such a name."""
    return any(re.search(pattern, key) for key in self.run.invariants)


@dataclasses.dataclass(frozen=True)
class Refusal:
  """A row that cannot be.

  Attributes:
    name: What the test would be called.
    error: What one is told who tries.
  """

  name: names.Name
  error: str


@dataclasses.dataclass(frozen=True)
class Missing:
  """A row of which there is no evidence yet.

  Attributes:
    name: Of the test.
  """

  name: names.Name


@dataclasses.dataclass(frozen=True)
class Technique:
  """A technique folder.

  Attributes:
    path: The folder.
    rows: Its rows: the labels in the order of technique.yaml, and of each the
      models in that of `names.order`.
  """

  path: pathlib.Path
  rows: Sequence[Row | Refusal | Missing]

  @property
  def judged(self) -> list[Row]:
    """The rows that there are."""
    return [row for row in self.rows if isinstance(row, Row)]

  @property
  def untried(self) -> bool:
    """Whether there is no evidence of it at all."""
    return all(isinstance(row, Missing) for row in self.rows)


def baseline_of(
    run: record.Record, baselines: Sequence[record.Record]
) -> record.Record | None:
  """Returns the float run that a run comes from.

  Args:
    run: The run.
    baselines: The records of the float runs.

  Returns:
    Its baseline, or None for a float run.

  Raises:
    errors.InputError: Its baseline is not in the evidence, or of other data.
  """
  if not run.lineage:
    return None
  for baseline in baselines:
    if baseline.weights in run.lineage:
      pairing.check_pair(run, baseline)
      return baseline
  raise errors.InputError(
      f'the evidence of {run.experiment} comes from a float baseline that is'
      f' not in the evidence: {COLLECT}'
  )


def control_of(
    run: record.Record,
    controls: Sequence[record.Record],
    runs: Mapping[str, record.Record],
) -> record.Record | None:
  """Returns the float run that was trained as much as a run.

  Args:
    run: The run.
    controls: The records of the float controls.
    runs: The records of all rows, by their weights.

  Returns:
    Its control, or None if there is none in the evidence: for a float run,
    where nothing is trained, and where it was not collected.
  """
  if not run.lineage or not run.training['steps']:
    return None
  start = run.lineage[-1]
  if len(run.lineage) > 1:  # Of the same stages before, then.
    before = runs.get(start)
    control = before and control_of(before, controls, runs)
    if not control:
      return None
    start = control.weights
  for control in controls:
    if control.lineage[-1] == start and pairing.pairs(run, control):
      return control
  return None


def load(root: pathlib.Path) -> list[Technique]:
  """Reads and judges all evidence.

  Args:
    root: The folder of the project.

  Returns:
    The techniques, in the order of `project.folders`.

  Raises:
    errors.InputError: Evidence is wrong.
  """
  contrib = root / project.PACKAGE
  home = contrib / project.BASELINES
  models = project.rows(root, home.name)
  folders = [contrib / name for name in project.folders(root)]
  baselines = [run for name in models if (run := _read(home, name))]
  controls = [
      _checked(path)
      for path in sorted((home / 'evidence').glob(f'*{draw.CONTROL}*.json'))
  ]
  for path in sorted(contrib.glob(f'*/evidence/{FLOAT}*.json')):
    run = _checked(path)
    (controls if run.lineage else baselines).append(run)
  found = [
      run
      for folder in folders
      for test in project.rows(root, folder.name)
      if (run := _read(folder, test))
  ]
  runs = {run.weights: run for run in found}
  return [
      _technique(folder, models, baselines, controls, runs)
      for folder in folders
  ]


def _read(folder: pathlib.Path, test: str) -> record.Record | None:
  """Returns the evidence of a convergence test, if there is some."""
  path = folder / 'evidence' / f'{test}.json'
  return _checked(path) if path.is_file() else None


def _checked(path: pathlib.Path) -> record.Record:
  """Returns evidence that is what was collected."""
  sums.check(path)
  return record.read(path)


def _technique(
    folder: pathlib.Path,
    models: Sequence[str],
    baselines: Sequence[record.Record],
    controls: Sequence[record.Record],
    runs: Mapping[str, record.Record],
) -> Technique:
  """Returns a technique folder with its rows."""
  path = str(folder / 'technique.yaml')
  refused = claims.read_technique(path).get('refused', {})
  found: list[Row | Refusal | Missing] = []
  for test in project.rows(folder.parents[1], folder.name):
    if test in refused:
      raise errors.InputError(f'{path}: {test} is refused and has claims')
    run = _read(folder, test)
    if run is None:
      found.append(Missing(names.split(test, models)))
      continue
    baseline = baseline_of(run, baselines)
    control = control_of(run, controls, runs)
    shown, verdicts = verdict.judged(
        folder / 'technique.yaml',
        test,
        pairing.Shown([run], baseline, [control] if control else []),
    )
    name = names.split(test, models)
    known = shown.reference
    found.append(Row(name, run, baseline, control, known, verdicts))
  for test, error in refused.items():
    found.append(Refusal(names.split(test, models), error))
  labels = list(dict.fromkeys(row.name.label for row in found))
  found.sort(
      key=lambda row: (
          labels.index(row.name.label),
          names.order(row.name.model),
      )
  )
  return Technique(folder, found)
