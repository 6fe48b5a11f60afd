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

"""Tests that what docs/statistics.md promises of the sequential test is so."""

import dataclasses
import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib.convergence import sequential
from tfmot_contrib.convergence import verdict
from tools.env import bootstrap
from tools.suite import bazel_testing
from tools.suite import make
from tools.suite import simulate

_MAIN = simulate.Reference(seeds=8, others=8)
_PLAN = sequential.Plan(tests=50)


class SimulateTest(parameterized.TestCase):

  @parameterized.parameters((False, 0.98), (True, 0.95))
  def test_finds_what_has_grown(self, heavy, power):
    outcome = simulate.simulate(
        _MAIN, _PLAN, growth=4.0, heavy=heavy, runs=20_000
    )
    self.assertGreater(outcome.fail, power)

  @parameterized.parameters(False, True)
  def test_a_good_night(self, heavy):
    outcome = simulate.simulate(
        _MAIN, _PLAN, growth=0.0, heavy=heavy, runs=200_000
    )
    # One test may fail once in 5,000 nights.
    self.assertLess(outcome.fail, 1e-3)
    self.assertLess(outcome.seeds, 1.5)

  @parameterized.parameters((8, 8), (8, 2), (3, 8), (3, 3), (3, 1))
  def test_finds_what_it_says_that_it_finds(self, seeds, others):
    noise = sequential.Noise(0.0, 1.0, seeds, seeds - 1 + 2 * others)
    outcome = simulate.simulate(
        simulate.Reference(seeds, others),
        _PLAN,
        growth=noise.finds(_PLAN),
        heavy=False,
        runs=20_000,
    )
    self.assertBetween(outcome.fail, 0.975, 0.995)

  def test_same_seed_same_numbers(self):
    first, again, other = (
        simulate.simulate(
            _MAIN, _PLAN, growth=2.0, heavy=True, runs=500, seed=seed
        )
        for seed in (1, 1, 2)
    )
    self.assertEqual(first, again)
    self.assertNotEqual(first, other)

  def test_writes_the_tables(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / 'docs').mkdir()
    path = root / 'docs/statistics.md'
    path.write_text('a\n<!-- evidence:begin -->\n<!-- evidence:end -->\nb\n')
    simulate.main(['--runs=200', '--tests=7'], root)
    text = path.read_text()
    self.assertStartsWith(text, 'a\n<!-- evidence:begin -->\n7 tests a night')
    self.assertIn('| alone, 8 seeds | heavy tails |', text)
    self.assertEndsWith(text, '|\n<!-- evidence:end -->\nb\n')

  def test_suite_is_of_the_references_that_there_are(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    program = bazel_testing.project(root, [1.0, 1.1, 0.8])
    self.assertEmpty(simulate.suite(root / 'tfmot_contrib'))
    with mock.patch.object(bootstrap, 'bazel', return_value=program):
      make.main(['--who=me', '--seeds=3'], root)
    self.assertEqual(
        simulate.suite(root / 'tfmot_contrib'), [simulate.Reference(3, 0, 0)]
    )
    (path,) = root.glob('tfmot_contrib/*/references/cpu_*/*.json')
    known, _ = verdict.beside(path)
    much = [
        dataclasses.replace(s, drops={'accuracy_drop': 9.0 + s.seed})
        for s in known.seeds
    ]
    family = [known, dataclasses.replace(known, seeds=much)]
    with mock.patch.object(verdict, 'beside', return_value=(known, family)):
      self.assertEqual(
          simulate.suite(root / 'tfmot_contrib'), [simulate.Reference(3, 1, 3)]
      )
    with self.subTest('Noisier than the others, it has its own deviation'):
      quiet = [
          dataclasses.replace(s, drops={'accuracy_drop': 1.0 + s.seed / 1000})
          for s in known.seeds
      ]
      family = [dataclasses.replace(known, seeds=quiet)]
      with mock.patch.object(verdict, 'beside', return_value=(known, family)):
        (found,) = simulate.suite(root / 'tfmot_contrib')
      self.assertEqual(found, simulate.Reference(3, 0, 0))
    text = simulate.report(5, 100, {'all': [simulate.Reference(3, 0)] * 2})
    self.assertIn('| all | normal |', text)

  @parameterized.parameters('--runs=0', '--tests=-1')
  def test_bad_flags(self, flag):
    with self.assertRaises(SystemExit) as caught:
      simulate.main([flag], pathlib.Path('/nowhere'))
    self.assertEqual(caught.exception.code, 2)

  def test_no_document(self):
    with self.assertRaises(SystemExit):
      simulate.main(['--runs=10'], pathlib.Path('/nowhere'))


if __name__ == '__main__':
  absltest.main()
