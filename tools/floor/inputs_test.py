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

"""Tests what a convergence test stands on, in a small project."""

import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.floor import fixture
from tools.floor import inputs
from tools.sync import fork
from tools.sync import tree

_MINE = tree.name_of('vision/mine.py')
_VERSIONS = {'tensorflow': fixture.TENSORFLOW, 'tfmot': '0.8.1'}


class DigestTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    fixture.project(self.root)

  def digest(self, **changes):
    return inputs.digest(
        self.root, 'net', fixture.TEST, {**_VERSIONS, **changes}
    )

  @parameterized.parameters(
      'net/experiments.py',
      'net/code.py',
      'net/__init__.py',
      'shared.py',
      'late.py',  # Imported in a function.
      'baselines/experiments.py',
      'baselines/recipes.py',  # Of the float control.
      'convergence/run.py',
      'convergence/measure.py',
      'convergence/verdict.py',
      'net/configs/half.yaml',
      '../tools/versions/locks/tfmot-0.8.1.txt',
      '../tools/versions/locks/tensorflow-2.20.0.txt',
  )
  def test_depends_on(self, name):
    before = self.digest()
    with open(self.root / 'tfmot_contrib' / name, 'a', encoding='utf-8') as f:
      f.write('more\n' if name.endswith(('.yaml', '.txt')) else 'x = 1\n')
    self.assertNotEqual(self.digest(), before)

  @parameterized.parameters(
      'net/aside.py',
      'net/configs/most.yaml',
      'net/configs/smoke.yaml',
      'net/README.md',
      'other/code.py',
      '../tools/versions/locks/tfmot-0.8.0.txt',
  )
  def test_does_not_depend_on(self, name):
    before = self.digest()
    with open(self.root / 'tfmot_contrib' / name, 'a', encoding='utf-8') as f:
      f.write('more\n')
    self.assertEqual(self.digest(), before)

  @parameterized.parameters(
      ('net/technique.yaml', 'at_least: 1', 'at_least: 2'),
      ('net/technique.yaml', 'name: net', 'name: net\nmoves: [mask]'),
      ('net/technique.yaml', 'name: net', 'name: net\nstays: [mask]'),
      ('net/technique.yaml', 'name: net', 'name: net\nmoves_some: {x: [cpu]}'),
      ('net/BUILD', 'model + "_net"', 'model + "_other"'),
      ('net/BUILD', 'control = "//tfmot_contrib/baselines:net_control",', ''),
      ('baselines/BUILD', '"net_short"', '"net_long"'),
  )
  def test_depends_on_the_claims_and_the_declaration(self, name, old, new):
    before = self.digest()
    path = self.root / 'tfmot_contrib' / name
    text = path.read_text(encoding='utf-8')
    self.assertIn(old, text)
    path.write_text(text.replace(old, new), encoding='utf-8')
    self.assertNotEqual(self.digest(), before)

  def test_another_floor_is_no_other_input(self):
    before = self.digest()
    path = self.root / 'tfmot_contrib/net/technique.yaml'
    text = path.read_text(encoding='utf-8')
    self.assertIn('floor: 0.8.0', text)
    path.write_text(text.replace('0.8.0', '0.8.1'), encoding='utf-8')
    self.assertEqual(self.digest(), before)

  def test_references(self):
    before = self.digest()
    name = f'references/%s_avx2/{fixture.TEST}.json'
    folder = self.root / 'tfmot_contrib/net'
    fixture.put(folder, {name % 'smoke': '{}'})
    self.assertEqual(self.digest(), before)
    fixture.put(folder, {'references/cpu_avx2/other_cifar10_half.json': '{}'})
    self.assertEqual(self.digest(), before)
    fixture.put(folder, {name % 'cpu': '{}'})
    alone = self.digest()
    self.assertNotEqual(alone, before)
    model = fixture.TEST.partition('_cifar10')[0]
    beside = f'references/cpu_avx2/{model}_cifar10_beside.json'
    fixture.put(folder, {beside: '{}'})
    self.assertNotEqual(self.digest(), alone)

  def test_versions(self):
    digests = [self.digest(tfmot=v) for v in ('0.8.1', '0.8.0', 'head', 'top')]
    self.assertLen(set(digests), 4)

  @parameterized.parameters(
      ('net/BUILD', None, 'cannot read .*BUILD.*restore it with git'),
      ('net/BUILD', 'convergence_test(', 'cannot read .*BUILD: '),
      ('net/BUILD', 'x = 1 // 0', 'cannot read .*BUILD: integer division'),
      ('net/BUILD', '', 'declares no convergence_test .*: it has none'),
      ('net/code.py', 'def', 'code.py is no Python'),
      ('net/technique.yaml', 'name: net', 'technique.yaml: at top level'),
      ('net/configs/half.yaml', None, 'cannot read .*half.yaml'),
  )
  def test_broken(self, name, text, message):
    path = self.root / 'tfmot_contrib' / name
    path.unlink()
    if text is not None:
      path.write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, message):
      self.digest()

  @parameterized.parameters(None, 'no toml', 'digests = 1', '[digests]\n')
  def test_broken_lock_of_the_mirror(self, text):
    path = self.root / 'official/upstream.lock'
    self.assertEqual(inputs.mirror(self.root), 'c' * 64)
    path.unlink()
    if text is not None:
      path.write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'restore it with git'):
      inputs.mirror(self.root)

  def test_filled_with_other_files(self):
    files = {'official/tree.bazelrc': '', 'official/vision/mine.py': 'x = 1\n'}
    fixture.put(self.root, files)
    same = tree.stamp(
        tree.read_entry(str(self.root / 'official/vision/mine.py'))
    )
    for stamps, message in (({}, '1 extra'), ({_MINE: '0'}, '1 mod')):
      locked = mock.Mock(lock=mock.Mock(patched=stamps))
      with mock.patch.object(fork, 'load', return_value=locked):
        with self.assertRaisesRegex(errors.InputError, message):
          inputs.mirror(self.root)
    locked = mock.Mock(lock=mock.Mock(patched={_MINE: same}))
    with mock.patch.object(fork, 'load', return_value=locked):
      self.assertEqual(inputs.mirror(self.root), 'c' * 64)


if __name__ == '__main__':
  absltest.main()
