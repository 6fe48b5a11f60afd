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

"""Tests of making and refreshing references."""

import contextlib
import io
import json
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tools.env import bootstrap
from tools.suite import bazel_testing
from tools.suite import make

_DROPS = [0.5, 0.6, 0.4, 0.5, 0.55, 0.45, 0.5, 0.5]
_WHY = '--why=TensorFlow rounds differently.'


class MakeTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    bazel = bazel_testing.project(self.root, _DROPS)
    self.enterContext(mock.patch.object(bootstrap, 'bazel', return_value=bazel))

  def make(self, *flags: str, code: int = 0) -> str:
    """Runs the command and returns what it prints."""
    out = io.StringIO()
    try:
      with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        got = make.main(['--who=a test', *flags], self.root) or 0
    except SystemExit as error:
      got = error.code
    self.assertEqual(got, code, out.getvalue())
    return out.getvalue()

  def test_first_one(self):
    out = self.make('--seeds=3')
    written = bazel_testing.reference(self.root)
    self.assertEqual([s['seed'] for s in written['seeds']], [1, 2, 3])
    drops = [s['drops']['accuracy_drop'] for s in written['seeds']]
    for drop, expected in zip(drops, _DROPS):
      self.assertAlmostEqual(drop, expected)
    self.assertEqual(written['exact']['parameters'], 200)
    (entry,) = written['history']
    self.assertEqual((entry['who'], entry['seeds']), ('a test', [1, 2, 3]))
    self.assertIn('0.50 +- 0.10 of 3 seeds; finds a growth of 7.22', out)
    self.assertIn('its bound 2 is admitted', out)

  def test_takes_eight(self):
    self.make()
    self.assertLen(bazel_testing.reference(self.root)['seeds'], 8)

  def test_too_noisy_for_what_is_documented(self):
    bazel_testing.records(self.root, [0.5, 1.2, 0.1])
    out = self.make('--seeds=3')
    self.assertIn('its bound 2 is NOT admitted (least 5.', out)

  def test_refresh_takes_a_reason_and_keeps_the_old(self):
    self.make()
    bazel_testing.records(self.root, [0.9, 1.0, 0.8])
    asked = len(bazel_testing.asked(self.root))
    out = self.make(code=2)
    self.assertIn('say with --why what has changed', out)
    asked = bazel_testing.asked(self.root)[asked:]
    self.assertEqual([x for x in asked if 'seed' in x], [])  # Nothing trains.
    before = bazel_testing.reference(self.root)
    self.assertLen(before['history'], 1)
    plot = self.root / 'drops.svg'
    self.make(_WHY, f'--plot={plot}', '--seeds=3')
    after = bazel_testing.reference(self.root)
    means = [entry['drops']['accuracy_drop'] for entry in after['history']]
    self.assertAlmostEqual(means[0], 0.5)
    self.assertAlmostEqual(means[1], 0.9)
    self.assertIn('rounds differently', after['history'][1]['why'])
    self.assertIn(bazel_testing.TEST, plot.read_text(encoding='utf-8'))
    default = self.root / 'report/references.svg'
    self.assertFalse(default.exists())
    out = self.make('--why=It rounds differently again.', '--seeds=3')
    self.assertIn(str(default), out)
    self.assertIn(bazel_testing.TEST, default.read_text(encoding='utf-8'))

  def test_missing_leaves_what_is_there(self):
    self.make()
    before = bazel_testing.asked(self.root)
    self.make('--missing')
    asked = bazel_testing.asked(self.root)[len(before) :]
    self.assertEqual([x for x in asked if 'seed' in x], [])

  def test_missing_on_another_kind_of_processor(self):
    self.make()
    folder = self.root / 'tfmot_contrib/pruning/references'
    (folder / 'cpu_avx2').rename(folder / 'cpu_avx512f')
    self.make('--missing')
    self.assertLen(list(folder.glob('*/*.json')), 2)

  def test_new_seeds(self):
    self.make('--first_seed=4', '--seeds=2')
    written = bazel_testing.reference(self.root)
    self.assertEqual([s['seed'] for s in written['seeds']], [4, 5])

  def test_a_run_fails_and_nothing_is_written(self):
    out = self.make('--seeds=9', code=2)
    self.assertIn('could not make the records', out)
    self.assertFalse((self.root / 'tfmot_contrib/pruning/references').exists())

  def test_smoke(self):
    path = self.root / 'tfmot_contrib/pruning/BUILD'
    call = f'convergence_test(name = "{bazel_testing.TEST}", smoke = %s)\n'
    path.write_text(call % False)
    out = self.make('--tier=smoke', bazel_testing.TEST, code=2)
    self.assertIn(f'{bazel_testing.TEST} has no smoke test', out)
    self.assertEmpty(self.make('--tier=smoke'))
    path.write_text(call % True)
    out = self.make('--tier=smoke', code=2)
    self.assertIn('resnet_cifar10_half_smoke', out)

  @parameterized.parameters(
      (['nothing'], 'no convergence test or technique is called nothing'),
      (['pruning', 'half'], 'no convergence test or technique is called half'),
      (['--seeds=1'], 'needs 2 seeds or more'),
      (['--why=short'], 'too short to be a reason'),
      (['--plot=/x/drops.png'], 'must be the name of an .svg'),
  )
  def test_bad_flags(self, flags, message):
    out = self.make(*flags, code=2)
    self.assertIn(message, out)

  def test_old_one_that_was_edited(self):
    self.make()
    folder = self.root / 'tfmot_contrib/pruning/references/cpu_avx2'
    path = folder / f'{bazel_testing.TEST}.json'
    value = json.loads(path.read_text())
    value['seeds'][0]['drops']['accuracy_drop'] = 1.9
    path.write_text(json.dumps(value))
    self.assertIn('was edited by hand', self.make(_WHY, code=2))
    self.assertEqual(json.loads(path.read_text()), value)


if __name__ == '__main__':
  absltest.main()
