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

"""Tests of collecting, with a program in place of Bazel."""

import json
import pathlib
import sys
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.evidence import collect
from tools.evidence import rows
from tools.evidence import testing
from tools.evidence import weights
from tools.suite import draw

# Says that all targets but those that contain a word were built.
_BAZEL = """\
#!PYTHON
import json, pathlib, sys
ours = ('--output_user_root', '--disk_cache')
sys.argv = [x for x in sys.argv if not x.startswith(ours)]
if sys.argv[1] == 'query':
  print('//tfmot_contrib/baselines:resnet_cifar10_control_epoch_record')
  print('//tfmot_contrib/baselines:resnet_cifar10_record')
  print('//tfmot_contrib/pruning:technique.yaml')
  sys.exit()
pathlib.Path('arguments.json').write_text(json.dumps(sys.argv[1:]))
events = [a for a in sys.argv if a.startswith('--build_event_json_file=')][0]
labels = [a for a in sys.argv if a.startswith('//')]
with open(events.split('=')[1], 'w') as stream:
  stream.write('{"id": {"started": {}}}\\n')
  for label in labels:
    done = {} if 'FAILS' in label else {'success': True}
    event = {'id': {'targetCompleted': {'label': label}}, 'completed': done}
    stream.write(json.dumps(event) + '\\n')
"""


class CollectTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    testing.project(self.root)
    self.contrib = self.root / 'tfmot_contrib'
    (self.contrib / rows.WEIGHTS).unlink()
    self.names = []
    for path in sorted(self.contrib.glob('*/evidence/*.json')):
      folder = self.root / 'bazel-bin/tfmot_contrib' / path.parent.parent.name
      folder.mkdir(parents=True, exist_ok=True)
      path.rename(folder / f'{path.stem}_record.json')
      self.names.append(f'{folder.name}/evidence/{path.name}')
    control = 'resnet_cifar10_control_epoch'
    folder = self.root / 'bazel-bin/tfmot_contrib/baselines'
    record.write(testing.run('c', '1'), folder / f'{control}_record.json')
    self.names.append(f'baselines/evidence/{control}.json')

  def _collect(self, fails='nothing', bazel=_BAZEL, only=()):
    program = self.root / 'bazel'
    text = bazel.replace('FAILS', fails).replace('PYTHON', sys.executable)
    program.write_text(text, encoding='utf-8')
    program.chmod(0o755)
    histograms = testing.histograms()
    with mock.patch.object(weights, 'measure', return_value=histograms):
      collect.collect(draw.Bazel(str(program), self.root), only)

  def _evidence(self):
    return sorted(
        str(path.relative_to(self.contrib))
        for path in self.contrib.glob('*/evidence/*.json')
    )

  def test_all(self):
    self._collect()
    self.assertEqual(self._evidence(), sorted([*self.names, str(rows.WEIGHTS)]))
    text = (self.contrib / rows.WEIGHTS).read_text(encoding='utf-8')
    self.assertEqual(json.loads(text), testing.histograms())
    arguments = json.loads(
        (self.root / 'arguments.json').read_text(encoding='utf-8')
    )
    self.assertIn('--keep_going', arguments)
    self.assertContainsSubset(
        [
            '//tfmot_contrib/pruning:resnet_cifar10_half_record',
            '//tfmot_contrib/combine:resnet_cifar10_pcqat_run',
        ],
        arguments,
    )

  def test_one_fails(self):
    old = self.contrib / 'pruning/evidence/resnet_cifar10_half.json'
    old.write_text('kept', encoding='utf-8')
    with self.assertRaisesRegex(
        errors.InputError,
        '1 of 9 were not made, .*:'
        ' //tfmot_contrib/pruning:resnet_cifar10_half_',
    ):
      self._collect(fails='half')
    # What an earlier build has left in bazel-bin is not taken.
    self.assertEqual(old.read_text(encoding='utf-8'), 'kept')
    self.assertEqual(self._evidence(), sorted([*self.names, str(rows.WEIGHTS)]))

  def test_a_stage_fails(self):
    with self.assertRaisesRegex(errors.InputError, 'combine:resnet_cifar10_pc'):
      self._collect(fails='pcqat_run')
    self.assertEqual(self._evidence(), sorted(self.names))

  def test_some_on_another_machine(self):
    self._collect()
    home = self.contrib / 'baselines/evidence/resnet_cifar10.json'
    before = home.read_bytes()
    trained = self.root / 'bazel-bin/tfmot_contrib/baselines'
    another = trained / 'resnet_cifar10_record.json'
    record.write(testing.run('9'), another)
    self._collect(only=['resnet_cifar10_half'])
    beside = self.contrib / 'pruning/evidence/float.resnet_cifar10.json'
    self.assertEqual(beside.read_bytes(), another.read_bytes())
    self.assertEqual(home.read_bytes(), before)
    self.assertLen(list(self.contrib.glob('*/evidence/float.*')), 1)
    self._collect()
    self.assertFalse(beside.exists())
    self.assertEqual(home.read_bytes(), another.read_bytes())

  def test_some_when_something_else_is_measured(self):
    self._collect()
    home = self.contrib / 'baselines/evidence/resnet_cifar10.json'
    made = (
        self.root
        / 'bazel-bin/tfmot_contrib/baselines/resnet_cifar10_record.json'
    )
    before = home.read_bytes()
    run = record.read(made)
    run.exported['float']['accuracy'] += 1  # As latency: it is noise.
    record.write(run, made)
    self._collect(only=['resnet_cifar10_half'])
    self.assertEqual(home.read_bytes(), before)
    run.exported['float']['new'] = 1
    record.write(run, made)
    self._collect(only=['resnet_cifar10_half'])
    self.assertEqual(home.read_bytes(), made.read_bytes())

  def test_some_that_are_not_there(self):
    with self.assertRaisesRegex(
        errors.InputError, 'test is called resnet_cifar10_halve: see'
    ):
      self._collect(only=['resnet_cifar10_half', 'resnet_cifar10_halve'])
    self.assertFalse((self.root / 'arguments.json').exists())

  def test_bazel_says_nothing(self):
    with self.assertRaisesRegex(errors.InputError, 'does not know the conv'):
      self._collect(bazel='#!/bin/sh\nexit 3\n')


if __name__ == '__main__':
  absltest.main()
