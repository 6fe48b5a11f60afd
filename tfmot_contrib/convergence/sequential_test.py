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

"""Tests of the sequential test; how often it errs is simulated in tools/."""

import dataclasses
import math

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
from scipy import stats

from tfmot_contrib.convergence import sequential

_NOISE = sequential.Noise(mean=1.0, deviation=0.1, seeds=8, freedom=30)
_PLAN = sequential.Plan(tests=50)


def _drops(*growths: float) -> list[float]:
  """Returns drops that have grown by so many deviations."""
  return [1.0 + 0.1 * growth for growth in growths]


class DecideTest(parameterized.TestCase):

  @parameterized.parameters(
      ((0.0,), 'pass', 1),
      ((0.6,), 'pass', 1),
      ((-1.0, 9.0), 'pass', 1),
      ((-6.0,), 'improved', 1),
      ((1.0,), 'undecided', 1),
      ((9.0,), 'undecided', 1),
      ((9.0, -9.0), 'pass', 2),
      ((5.0, 5.0), 'undecided', 2),
      ((5.0, 5.0, 5.0), 'fail', 3),
      ((9.0, 9.0, 1.9), 'undecided', 3),
      ((9.0, 1.9), 'undecided', 2),
      ((3.0, 3.0, 3.0, 3.0, 3.0), 'fail', 5),
      ((1.8, 1.9, 1.9, 1.9, 1.9), 'pass (grey)', 5),
      ((9.0, 1.9, 1.9, 1.9, 1.9), 'pass (grey)', 5),
  )
  def test_word(self, growths, word, seeds):
    decision = sequential.decide(_drops(*growths), _NOISE, _PLAN)
    self.assertEqual(decision.word, word)
    self.assertLen(decision.path, seeds)

  def test_path_is_the_mean_growth(self):
    decision = sequential.decide(_drops(9.0, -2.0, -4.0), _NOISE, _PLAN)
    np.testing.assert_allclose(decision.path, [9.0, 3.5, 1.0])

  @parameterized.parameters(1, 2)
  def test_one_or_two_bad_seeds_never_fail(self, seeds):
    self.assertEqual(sequential.bounds(_NOISE, _PLAN).fails[seeds - 1], np.inf)
    decision = sequential.decide(_drops(*[100.0] * seeds), _NOISE, _PLAN)
    self.assertEqual(decision.word, 'undecided')

  @parameterized.parameters(
      ([],), ([math.nan],), ([1.0, math.inf],), ([1.0, math.nan],)
  )
  def test_drops_that_are_none(self, drops):
    with self.assertRaisesRegex(ValueError, 'no finite drops'):
      sequential.decide(drops, _NOISE, _PLAN)

  def test_reference_without_noise(self):
    noise = sequential.Noise(mean=1.0, deviation=0.0, seeds=8, freedom=30)
    with self.assertRaisesRegex(ValueError, 'deviation of the reference is 0'):
      sequential.decide([1.0], noise, _PLAN)


class BoundsTest(parameterized.TestCase):

  def test_passing_and_failing_come_nearer(self):
    bounds = sequential.bounds(_NOISE, _PLAN)
    self.assertTrue(np.all(np.diff(bounds.passes) > 0))
    self.assertTrue(np.all(np.diff(bounds.fails[2:]) < 0))
    self.assertTrue(np.all(bounds.passes < _PLAN.delta / 2))
    self.assertTrue(np.all(bounds.fails >= _PLAN.delta / 2))

  def test_at_a_bound_the_likelihood_ratio_is_that_of_wald(self):
    # Without an error of the reference and with a known deviation.
    noise = sequential.Noise(0.0, 1.0, seeds=10**9, freedom=10**9)
    bounds = sequential.bounds(noise, _PLAN)
    alpha, beta = 0.01 / 50, 0.01
    for seeds in (3, 4):
      for mean, ratio in (
          (bounds.passes[seeds - 1], beta / (1 - alpha)),
          (bounds.fails[seeds - 1], (1 - beta) / alpha),
      ):
        error = 1 / math.sqrt(seeds)
        likely = stats.norm.pdf(mean, 4, error) / stats.norm.pdf(mean, 0, error)
        self.assertAlmostEqual(likely / ratio, 1, 5)

  def test_what_is_known_less_of_a_reference_fails_later(self):
    few = sequential.Noise(mean=1.0, deviation=0.1, seeds=3, freedom=30)
    unsure = sequential.Noise(mean=1.0, deviation=0.1, seeds=8, freedom=7)
    usual = sequential.bounds(_NOISE, _PLAN)
    for noise in (few, unsure):
      bounds = sequential.bounds(noise, _PLAN)
      self.assertTrue(np.all(bounds.fails[2:] > usual.fails[2:]))

  def test_more_tests_fail_later(self):
    alone = sequential.bounds(_NOISE, sequential.Plan(tests=1))
    many = sequential.bounds(_NOISE, sequential.Plan(tests=100))
    self.assertTrue(np.all(many.fails[2:] > alone.fails[2:]))


class NoiseTest(parameterized.TestCase):

  def test_pooled(self):
    groups = [[1.0, 3.0], [10.0, 10.0, 13.0], [5.0]]
    deviation, freedom = sequential.pooled(groups)
    self.assertEqual(freedom, 3)
    self.assertAlmostEqual(deviation, math.sqrt((2 + 6) / 3))

  def test_one_group_is_the_sample_deviation(self):
    group = [0.3, -0.2, 0.9, 0.1]
    deviation, freedom = sequential.pooled([group])
    self.assertAlmostEqual(deviation, np.std(group, ddof=1))
    self.assertEqual(freedom, 3)

  def test_single_seeds_have_no_deviation(self):
    with self.assertRaisesRegex(ValueError, 'two seeds'):
      sequential.pooled([[1.0], [2.0]])

  def test_least_documented_drop(self):
    # 1 + 2.457 * 0.1 / sqrt(8) + 4 * 0.1, with Student's 99 % for 30.
    self.assertAlmostEqual(_NOISE.admits(_PLAN), 1.48688, 4)

  @parameterized.parameters((30, 0.4), (13, 0.425), (9, 0.498))
  def test_finds_more_with_more_freedom(self, freedom, growth):
    noise = dataclasses.replace(_NOISE, freedom=freedom)
    self.assertAlmostEqual(noise.finds(_PLAN), growth, 3)


if __name__ == '__main__':
  absltest.main()
