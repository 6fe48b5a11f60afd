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
from typing import Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.base import files
from tools.evidence import rows
from tools.suite import draw
from tools.suite import project


def collect(bazel: draw.Bazel, only: Sequence[str] = ()) -> None:
  """Makes all records, and copies those that were made.

  Args:
    bazel: How to make them.
    only: The convergence tests to make records of. The default is all.

  Raises:
    errors.InputError: There is no such test, Bazel does not work, or something
      is missing. What was made is copied all the same.
  """
  # It imports TensorFlow, which nothing else here needs.
  from tools.evidence import weights  # pylint: disable=g-import-not-at-top

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
      draw.label_of(folder, test) + draw.RECORD: (folder, test)
      for folder, test in tests
      if not only or test in only
  }
  floats = _floats(bazel, records)
  runs = [f'{draw.label_of(s.technique, s.test)}_run' for s in weights.PCQAT]
  wanted = [*records, *floats, *([] if only else runs)]
  made = _build(bazel, wanted)
  missing = [label for label in wanted if label not in made]
  for label, (folder, test) in records.items():
    if label in made:
      _put(
          contrib / folder / f'evidence/{test}.json',
          draw.made(root, label).read_bytes(),
      )
  for label, folder in floats.items():
    if label in made:
      _put_float(contrib, draw.made(root, label), folder if only else '')
  if not only and not missing:
    for path in contrib.glob(f'*/evidence/{rows.FLOAT}*.json'):
      path.unlink()
  if not only and not set(runs) & set(missing):
    measured = weights.measure(root / 'bazel-bin')
    text = json.dumps(measured, separators=(',', ':'))
    text = text.replace('{"name"', '\n{"name"').replace(
        '{"zeros"', '\n{"zeros"'
    )
    _put(contrib / rows.WEIGHTS, f'{text}\n'.encode())
  for evidence in contrib.glob('*/evidence'):
    rows.write_sums(evidence)
  if missing:
    raise errors.InputError(
        f'{len(missing)} of {len(wanted)} were not made, see above'
        f' for the reasons: {", ".join(missing)}'
    )


def _put_float(
    contrib: pathlib.Path, source: pathlib.Path, folder: str
) -> None:
  """Copies the record of a float run to the baselines, or beside one technique.

  Args:
    contrib: The folder of all techniques.
    source: The record that Bazel has made.
    folder: The one technique that needs it, if not all were collected.
  """
  name = source.name.replace(f'{draw.RECORD}.json', '.json')
  target = contrib / project.BASELINES / 'evidence' / name
  if folder and target.is_file():
    old, new = record.read(target), record.read(source)
    if old.weights != new.weights:
      target = contrib / folder / 'evidence' / f'{rows.FLOAT}{name}'
    elif _measured(old) == _measured(new):
      return
  _put(target, source.read_bytes())


def _measured(run: record.Record) -> set[tuple[str, str]]:
  """Returns the names of what was measured of each exported model."""
  return {(kind, name) for kind in run.exported for name in run.exported[kind]}


def _floats(
    bazel: draw.Bazel, records: Mapping[str, tuple[str, str]]
) -> dict[str, str]:
  """Returns the float runs that tests are compared with.

  Args:
    bazel: How to ask.
    records: The labels of their records; folder and name of each test.

  Returns:
    The labels of the records of baselines and controls that are not among
    `records`, and a technique folder that needs each.

  Raises:
    errors.InputError: Bazel does not know the tests.
  """
  found: dict[str, str] = {}
  for folder in dict.fromkeys(folder for folder, _ in records.values()):
    tests = [
        draw.label_of(*test) for test in records.values() if test[0] == folder
    ]
    query = f'labels(data, set({" ".join(tests)}))'
    done = bazel('query', query, capture=True)
    if done.returncode:
      raise errors.InputError(
          'Bazel does not know the convergence tests: ' + done.stderr[-300:]
      )
    for label in sorted({*done.stdout.split()} - records.keys()):
      if f'/{project.BASELINES}:' in label and label.endswith(draw.RECORD):
        found.setdefault(label, folder)
  return found


def _build(bazel: draw.Bazel, labels: Sequence[str]) -> frozenset[str]:
  """Has Bazel build what it can and returns the labels that it has built."""
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / 'events.json'
    option = f'--build_event_json_file={path}'
    done = bazel('build', '--keep_going', option, *labels)
    if not path.is_file():
      raise errors.InputError(
          f'Bazel ended with {done.returncode} and said nothing of its targets:'
          ' see above'
      )
    events = [json.loads(line) for line in files.read(path).splitlines()]
  return frozenset(
      event['id']['targetCompleted']['label']
      for event in events
      if 'targetCompleted' in event['id']
      and event.get('completed', {}).get('success')
  )


def _put(target: pathlib.Path, content: bytes) -> None:
  """Writes a file of evidence, and says so if it is another than before."""
  if not target.is_file() or target.read_bytes() != content:
    files.write(target, content)
    print(f'evidence: {target.parent.parent.name}/{target.name}')
