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

"""Collects evidence: has Bazel make all records and copies them.

One call of Bazel makes all; what fails keeps nothing else from being made. A
record that an earlier call has left is not taken for one that this call made.

Float baselines and controls are those of the machine that has made all. Where
only some tests are collected, on another machine, their float runs are kept
beside them, and those of all others stay. Weights that are equal are the same
machine's; their record is renewed only if something else is measured now.
"""

import json
import pathlib
import tempfile
from typing import Any, Iterator, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.base import files
from tools.evidence import rows
from tools.evidence import stages
from tools.evidence import sums
from tools.suite import draw
from tools.suite import project

WEIGHTS = pathlib.Path('combine/evidence/weights_of_pcqat.json')


def collect(bazel: draw.Bazel, only: Sequence[str] = ()) -> None:
  """Makes all records, and copies those that were made.

  Args:
    bazel: How to make them.
    only: The convergence tests to make records of. The default is all.

  Raises:
    errors.InputError: There is no such test, Bazel does not work, or something
      is missing. What was made is copied all the same.
  """
  root = bazel.root
  contrib = root / project.PACKAGE
  folders = project.folders(root)
  tests = [(f, t) for f in folders for t in project.rows(root, f)]
  for name in only:
    if name not in [test for _, test in tests]:
      raise errors.InputError(
          f'no convergence test is called {name}: see the README.md of the'
          ' techniques'
      )
  records = {
      draw.label_of(folder, test)
      + draw.RECORD: f'{folder}/evidence/{test}.json'
      for folder, test in tests
      if not only or test in only
  }
  floats = _floats(bazel, records)
  runs = [f'{draw.label_of(s.technique, s.test)}_run' for s in stages.PCQAT]
  if only:
    runs = []
  wanted = [*records, *floats, *runs]
  made = _build(bazel, wanted)
  for label, name in records.items():
    if label in made:
      _copy(draw.made(root, label), contrib / name)
  for label, folder in floats.items():
    if label in made:
      source = draw.made(root, label)
      target = _home(contrib, source)
      if only and target.is_file():
        old, new = record.read(target), record.read(source)
        if old.weights == new.weights:
          if _measured(old) != _measured(new):
            _copy(source, target)
          continue
        target = contrib / folder / 'evidence' / f'{rows.FLOAT}{target.name}'
      _copy(source, target)
  missing = [label for label in wanted if label not in made]
  if not only and not missing:
    for path in contrib.glob(f'*/evidence/{rows.FLOAT}*.json'):
      path.unlink()
  if runs and not set(runs) & set(missing):
    _measure_weights(root / 'bazel-bin', contrib / WEIGHTS)
  for folder in folders:
    if (evidence := contrib / folder / 'evidence').is_dir():
      sums.write(evidence)
  if missing:
    raise errors.InputError(
        f'{len(missing)} of {len(wanted)} were not made, see above'
        f' for the reasons: {", ".join(missing)}'
    )


def _measured(run: record.Record) -> set[tuple[str, str]]:
  """Returns the names of what was measured of each exported model."""
  return {(kind, name) for kind in run.exported for name in run.exported[kind]}


def _home(contrib: pathlib.Path, made: pathlib.Path) -> pathlib.Path:
  """Returns where the record of a float run is kept."""
  name = made.name.replace('_record.json', '.json')
  return contrib / project.BASELINES / 'evidence' / name


def _floats(bazel: draw.Bazel, records: Mapping[str, str]) -> dict[str, str]:
  """Returns the float runs that tests are compared with.

  Args:
    bazel: How to ask.
    records: The labels of their records, and where each is kept.

  Returns:
    The labels of the records of baselines and controls that are not among
    `records`, and a technique folder that needs each.

  Raises:
    errors.InputError: Bazel does not know the tests.
  """
  found: dict[str, str] = {}
  for folder in dict.fromkeys(name.split('/')[0] for name in records.values()):
    tests = [
        label.removesuffix(draw.RECORD)
        for label, name in records.items()
        if name.startswith(f'{folder}/')
    ]
    query = f'labels(data, set({" ".join(tests)}))'
    done = bazel('query', query, capture=True)
    if done.returncode:
      raise errors.InputError(
          'Bazel does not know the convergence tests: ' + done.stderr[-300:]
      )
    for label in sorted(done.stdout.split()):
      package, _, name = label.partition(':')
      if package.endswith(f'/{project.BASELINES}') and name.endswith(
          draw.RECORD
      ):
        if label not in records:
          found.setdefault(label, folder)
  return found


def _build(bazel: draw.Bazel, labels: Sequence[str]) -> frozenset[str]:
  """Has Bazel build what it can and returns the labels that it has built."""
  with tempfile.TemporaryDirectory() as folder:
    events = pathlib.Path(folder) / 'events.json'
    option = f'--build_event_json_file={events}'
    done = bazel('build', '--keep_going', option, *labels)
    if not events.is_file():
      raise errors.InputError(
          f'Bazel ended with {done.returncode} and said nothing of its targets:'
          ' see above'
      )
    lines = events.read_text(encoding='utf-8').splitlines()
  return frozenset(_built(map(json.loads, lines)))


def _built(events: Iterator[Mapping[str, Any]]) -> Iterator[str]:
  """Yields the labels that Bazel's build events call a success."""
  for event in events:
    target = event['id'].get('targetCompleted')
    if target and event.get('completed', {}).get('success'):
      yield target['label']


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
  """Copies a record, and says so if it is another than before."""
  if target.is_file() and target.read_bytes() == source.read_bytes():
    return
  files.write(target, source.read_bytes())
  print(f'evidence: {target.parent.parent.name}/{target.name}')


def _measure_weights(bazel_bin: pathlib.Path, target: pathlib.Path) -> None:
  """Writes the histograms of the stages of PCQAT."""
  # It imports TensorFlow, which nothing else here needs.
  from tools.evidence import weights  # pylint: disable=g-import-not-at-top

  text = json.dumps(weights.measure(bazel_bin), separators=(',', ':'))
  lines = text.replace('{"name"', '\n{"name"').replace('{"zeros"', '\n{"zeros"')
  files.write(target, lines + '\n')
  print(f'evidence: {target.parent.parent.name}/{target.name}')
