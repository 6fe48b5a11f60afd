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

A row is a convergence test. It is named after its model, which is a float
baseline, and what is done to that: `resnet_cifar10_sparsity80`. Each folder
`evidence/` has a file `SHA256SUMS`, so that a number that nobody saw is no
evidence; `sha256sum --check` reads it too.
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
from tools.base import files
from tools.suite import draw
from tools.suite import project

# Evidence of float runs of another machine than the baselines' evidence is of.
FLOAT = 'float.'
COLLECT = 'run tools/nox -s evidence -- --collect'
SUMS = 'SHA256SUMS'
# Below the package: see `weights.py`.
WEIGHTS = pathlib.Path('combine/evidence/weights_of_pcqat.json')
# As what a model is exported, in the order of tables. The first of the second
# tuple that a row has is what one would deploy.
KINDS = ('float', 'float16', 'dynamic_range', 'int8', 'qat_int8', 'sparse')
_DEPLOYED = ('qat_int8', 'int8', 'dynamic_range', 'float16', 'sparse', 'float')
# The models as people call them, in the order of tables.
_MODELS = {
    'resnet_cifar10': 'ResNet-18',
    'mobilenet_v2_cifar10': 'MobileNetV2',
    'mobilenet_v3_cifar10': 'MobileNetV3',
}


def title(model: str) -> str:
  """Returns a model as people call it."""
  return _MODELS.get(model, model)


def order(model: str) -> tuple[int, str]:
  """Returns the key by which models are sorted: unknown ones come last."""
  return [*_MODELS, model].index(model), model


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
    test: Its name.
    model: The float baseline.
    label: What is done to that, or `float`.
    refused: Of a row that cannot be, what one is told who tries.
    run: Its record, or None where there is no evidence.
    baseline: The record of the float run that it comes from, or None for one.
    control: That of the float run that was trained as much, or None.
    known: The reference of the test on the run's kind of processor, or else on
      another, or None.
    verdicts: On its claims.
  """

  test: str
  model: str
  label: str
  refused: str = ''
  run: record.Record | None = None
  baseline: record.Record | None = None
  control: record.Record | None = None
  known: reference.Reference | None = None
  verdicts: Sequence[judge.Verdict] = ()

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
class Technique:
  """A technique folder.

  Attributes:
    name: Of the folder.
    rows: Its rows: the labels in the order of technique.yaml, and of each the
      models in that of `order`.
  """

  name: str
  rows: Sequence[Row]

  @property
  def judged(self) -> list[Row]:
    """The rows that there is evidence of."""
    return [row for row in self.rows if row.run]


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
  runs = {
      (folder, test): _read(path)
      for folder in project.folders(root)
      for test in project.rows(root, folder)
      if (path := contrib / folder / f'evidence/{test}.json').is_file()
  }
  paths = [
      *contrib.glob(f'{project.BASELINES}/evidence/*{draw.CONTROL}*.json'),
      *contrib.glob(f'*/evidence/{FLOAT}*.json'),
  ]
  floats = [_read(path) for path in sorted(paths)]
  baselines = [run for run in floats if not run.lineage]
  baselines += [
      run for (folder, _), run in runs.items() if folder == project.BASELINES
  ]
  controls = [run for run in floats if run.lineage]
  by_weights = {run.weights: run for run in runs.values()}
  found = []
  for folder in project.folders(root):
    rows = []
    path = project.technique_yaml(root, folder)
    for row in _declared(root, folder):
      if run := runs.get((folder, row.test)):
        baseline = baseline_of(run, baselines)
        control = control_of(run, controls, by_weights)
        shown, verdicts = verdict.judged(
            path,
            row.test,
            pairing.Shown([run], baseline, [control] if control else []),
        )
        row = dataclasses.replace(
            row,
            run=run,
            baseline=baseline,
            control=control,
            known=shown.reference,
            verdicts=verdicts,
        )
      rows.append(row)
    found.append(Technique(folder, rows))
  return found


def _declared(root: pathlib.Path, folder: str) -> list[Row]:
  """Returns the rows that a technique.yaml names, in the order of tables."""
  path = project.technique_yaml(root, folder)
  said = claims.read_technique(str(path))
  refused = said.get('refused', {})
  if both := sorted(said['claims'].keys() & refused.keys()):
    raise errors.InputError(f'{path}: {both[0]} is refused and has claims')
  models = project.rows(root, project.BASELINES)
  found = [
      Row(test, *split(test, models), refused=refused.get(test, ''))
      for test in [*said['claims'], *refused]
  ]
  labels = [row.label for row in found]
  return sorted(found, key=lambda r: (labels.index(r.label), order(r.model)))


def split(test: str, models: Sequence[str]) -> tuple[str, str]:
  """Returns the parts of the name of a convergence test.

  Args:
    test: The name.
    models: The names of the float baselines.

  Returns:
    The float baseline, and what is done to it.

  Raises:
    errors.InputError: It does not begin with that of a baseline.
  """
  for model in sorted(models, key=len, reverse=True):
    if test == model:
      return model, 'float'
    if test.startswith(f'{model}_'):
      return model, test.removeprefix(f'{model}_')
  raise errors.InputError(
      f'{test} begins with no name of a float baseline ({", ".join(models)}):'
      ' rename the convergence test'
  )


def write_sums(folder: pathlib.Path) -> None:
  """Writes the digests of what a folder of evidence holds."""
  lines = [
      f'{record.digest_of_file(path)}  {path.name}\n'
      for path in sorted(folder.glob('*.json'))
  ]
  files.write(folder / SUMS, ''.join(lines))


def check_sum(path: pathlib.Path) -> None:
  """Refuses evidence that is not what was collected.

  Args:
    path: A file of a folder of evidence.

  Raises:
    errors.InputError: It has another digest than when it was collected, or
      none.
  """
  sums = path.parent / SUMS
  lines = files.read(sums).splitlines() if sums.is_file() else []
  if f'{record.digest_of_file(path)}  {path.name}' in lines:
    return
  known = any(line.endswith(f'  {path.name}') for line in lines)
  what = 'was edited by hand' if known else f'is not in {SUMS}'
  raise errors.InputError(f'{path} {what}: restore it with git, or {COLLECT}')


def _read(path: pathlib.Path) -> record.Record:
  """Returns evidence that is what was collected."""
  check_sum(path)
  return record.read(path)
