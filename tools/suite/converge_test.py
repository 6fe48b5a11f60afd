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

"""Tests of drawing seeds until a verdict stands."""

import contextlib
import dataclasses
import io
import pathlib
from typing import Any
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.env import bootstrap
from tools.suite import bazel_testing
from tools.suite import converge
from tools.suite import draw
from tools.suite import make

_GOOD = [0.5, 0.6, 0.4, 0.5, 0.55, 0.45, 0.5, 0.5]


class DrawTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    program = bazel_testing.project(self.root, [0.5, 0.6, 0.4])
    self.bazel = draw.Bazel(program, self.root)

  def test_finds_baseline_and_control(self):
    test = draw.find(self.bazel, bazel_testing.LABEL)
    self.assertEqual((test.folder, test.name), ('pruning', bazel_testing.TEST))
    self.assertEndsWith(test.baseline, 'baselines:resnet_cifar10_record')
    self.assertEndsWith(test.control, 'resnet_cifar10_control_epoch')

  def test_draws_seeds(self):
    test = draw.find(self.bazel, bazel_testing.LABEL)
    shown = draw.draw(self.bazel, test, [1, 3])
    self.assertEqual([run.seed for run in shown.runs], [1, 3])
    self.assertEqual([run.seed for run in shown.controls], [1, 3])
    build = bazel_testing.asked(self.root)[-1]
    self.assertIn(f'{bazel_testing.LABEL}_seed3_record', build)
    self.assertNotIn('seed2', build)

  def test_run_that_fails(self):
    test = draw.find(self.bazel, bazel_testing.LABEL)
    with self.assertRaisesRegex(errors.InputError, 'could not make the rec'):
      draw.draw(self.bazel, test, [1, 9])

  def test_of_a_tier(self):
    for suffix, tier in (('', 'cpu'), ('_smoke', 'smoke')):
      test = draw.Test(f'//tfmot_contrib/pruning:net_half{suffix}', '', '')
      self.assertEqual((test.row, test.tier), ('net_half', tier))
      self.assertEqual(test.records(1), (f'{test.label}_record',))

  def test_no_such_test(self):
    with self.assertRaisesRegex(errors.InputError, 'no such target'):
      draw.find(self.bazel, '//tfmot_contrib/pruning:nothing')


class ConvergeTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    bazel = bazel_testing.project(self.root, _GOOD)
    self.enterContext(mock.patch.object(bootstrap, 'bazel', return_value=bazel))

  def converge(
      self, drops: list[float], reference: bool = True, **changes: Any
  ):
    """Returns what the command ends with and prints.

    Args:
      drops: Of the runs.
      reference: Whether there is one.
      **changes: Of the stack of the runs, after the reference was made.

    Returns:
      The exit code and the output.
    """
    root = self.root
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
      if reference:
        make.main(['--seeds=8', '--who=a test'], root)
      for path in (root / 'bazel-bin/tfmot_contrib/pruning').iterdir():
        path.unlink()
      bazel_testing.records(root, drops, weights='def98')
      for path in root.glob('bazel-bin/tfmot_contrib/*/*.json'):
        run = record.read(path)
        record.write(dataclasses.replace(run, **changes), path)
      code = converge.main([bazel_testing.LABEL], root)
    return code, out.getvalue()

  def test_one_seed_is_mostly_enough(self):
    code, out = self.converge([0.5])
    self.assertEqual(code, 0, out)
    self.assertIn(', 1 seeds', out)
    self.assertRegex(out, r'accuracy_drop .* as 0\.50 \+- 0\.06 +pass\n')

  def test_draws_another_while_undecided(self):
    code, out = self.converge([0.65, 0.5])
    self.assertEqual(code, 0, out)
    self.assertIn(', 2 seeds', out)

  def test_fails_after_three(self):
    code, out = self.converge([1.6, 1.7, 1.6])
    self.assertEqual(code, 1, out)
    self.assertIn(', 3 seeds', out)
    self.assertRegex(out, r'accuracy_drop .* FAIL\n')
    self.assertIn('Mean growth after each seed, in deviations: +', out)

  def test_without_reference_one_seed_is_judged(self):
    code, out = self.converge([1.9], reference=False)
    self.assertEqual(code, 0, out)
    self.assertRegex(out, r'accuracy_drop .* <= 2 +pass\n')

  def test_another_python(self):
    code, out = self.converge([0.5], environment='f' * 64)
    self.assertEqual(code, 0, out)
    self.assertRegex(out, r'accuracy_drop .* as 0\.50 \+- 0\.06 +pass\n')
    self.assertNotIn('the reference is of', out)

  def test_another_tensorflow_is_judged_by_what_is_documented(self):
    versions = {'tf-nightly': '2.99.0', 'tf-keras': '2', 'numpy': '2'}
    code, out = self.converge([1.9], versions=versions)
    self.assertEqual(code, 0, out)
    self.assertRegex(out, r'accuracy_drop .* <= 2 +pass\n')
    self.assertIn('reference is of tensorflow 2.20.0 (here 2.99.0)', out)

  def test_another_tensorflow_that_loses_too_much(self):
    code, out = self.converge([2.1], versions={'tensorflow': '2.99.0'})
    self.assertEqual(code, 1, out)
    self.assertRegex(out, r'accuracy_drop .* <= 2 +FAIL\n')

  def test_another_processor_is_judged_by_what_is_documented(self):
    code, out = self.converge([1.9], instruction_set='avx512f')
    self.assertEqual(code, 0, out)
    self.assertRegex(out, r'accuracy_drop .* <= 2 +pass\n')
    self.assertIn('the reference is of avx2 processors (here avx512f)', out)


if __name__ == '__main__':
  absltest.main()
