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

"""Tests of judging with references, seeds and known failures."""

import dataclasses
import datetime
import math
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import claims
from tfmot_contrib.convergence import judge
from tfmot_contrib.convergence import judge_testing
from tfmot_contrib.convergence import pairing


class JudgeTest(parameterized.TestCase):

  def judge(self, shown: pairing.Shown) -> list[judge.Verdict]:
    """Checks and judges."""
    pairing.check(shown)
    return judge.judge([judge_testing.DROP], shown)

  @parameterized.parameters(
      ((0.2,), 'pass', True),
      ((0.45,), 'UNDECIDED', False),
      ((0.45, 0.1), 'pass', True),
      ((2.0, 2.0, 2.0), 'FAIL', False),
      ((-2.0,), 'improved', True),
  )
  def test_a_reference_decides(self, drops, word, good):
    drop, same, near = self.judge(judge_testing.shown(*drops))
    self.assertEqual((drop.word, drop.good), (word, good))
    self.assertEqual(drop.bound, 'as 0.20 +- 0.09')
    self.assertEqual(drop.seed, len(drops))
    self.assertAlmostEqual(drop.measured, sum(drops) / len(drops))
    self.assertEqual((same.claim.id, same.word), ('as_reference', 'pass'))
    self.assertEqual((near.claim.id, near.word), ('near_reference', 'pass'))

  @parameterized.parameters(
      ((0.37,) * 5, 0.4, 'pass (grey)'),
      ((0.37,) * 5, 0.36, 'FAIL'),
      ((0.45, 0.1), 0.2, 'pass'),  # That is as in the reference.
  )
  def test_bound_decides_where_seeds_do_not(self, drops, at_most, word):
    shown = judge_testing.shown(*drops)
    pairing.check(shown)
    claim = dataclasses.replace(judge_testing.DROP, at_most=at_most)
    drop, *_ = judge.judge([claim], shown)
    self.assertEqual((drop.word, drop.good), (word, word != 'FAIL'))
    beyond = word == 'FAIL'
    self.assertEqual(drop.bound.startswith('<='), beyond)

  @parameterized.parameters(((0.45,), 'pass'), ((0.55,), 'FAIL'))
  def test_without_one_the_documented_drop_decides(self, drops, word):
    (drop,) = self.judge(judge_testing.shown(*drops, reference=None))
    self.assertEqual((drop.word, drop.bound), (word, '<= 0.5'))

  @parameterized.parameters((0.6, 'pass'), (0.85, 'FAIL'))
  def test_elsewhere_what_its_reference_admits_decides(self, drop, word):
    shown = judge_testing.shown(drop)
    other = dataclasses.replace(shown.reference, instruction_set='other')
    shown = dataclasses.replace(shown, reference=other)
    verdict, *_ = self.judge(shown)
    self.assertEqual((verdict.word, verdict.bound), (word, '<= 0.67'))
    tighter = dataclasses.replace(judge_testing.DROP, at_most=0.9)
    verdict, *_ = judge.judge([tighter], shown)
    self.assertEqual((verdict.word, verdict.bound), ('pass', '<= 0.9'))
    issue = mock.Mock(until=datetime.date.max)
    failing = dataclasses.replace(judge_testing.DROP, known_failure=issue)
    verdict, *_ = judge.judge([failing], shown)
    self.assertEqual((verdict.good, verdict.bound), (True, '<= 0.5'))

  def test_some_that_must_move_may_all(self):
    shown = judge_testing.shown(0.2)
    path = 'health.kinds.x.moved'
    of = {path: [3], 'health.kinds.x.of': 3, 'health.kinds.x.zeros': [0]}
    known = dataclasses.replace(shown.reference, exact=of)
    kinds = {'x': {'moved': [2], 'of': 3, 'zeros': [0]}}
    run = dataclasses.replace(shown.runs[0], health={'kinds': kinds})
    shown = dataclasses.replace(shown, runs=[run], reference=known)
    for some, good in (({'x': ['cpu']}, True), ({}, False)):
      claim = dataclasses.replace(judge_testing.DROP, moves_some=some)
      _, same, _ = judge.judge([claim], shown)
      self.assertEqual(same.good, good, same.differences)

  def test_on_another_processor_what_is_exact_decides(self):
    shown = judge_testing.shown(0.45)
    runs = [
        dataclasses.replace(shown.runs[0], instruction_set=x, parameters=p)
        for x, p in (('avx512f', 20), ('avx512f', 19))
    ]
    for run, word in zip(runs, ('pass', 'FAIL'), strict=True):
      controls = [
          dataclasses.replace(shown.controls[0], instruction_set='avx512f')
      ]
      foreign = dataclasses.replace(shown, runs=[run], controls=controls)
      drop, same, _ = self.judge(foreign)
      self.assertEqual((drop.word, drop.bound), ('pass', '<= 0.67'))
      self.assertEqual(same.word, word)

  @parameterized.parameters(
      ('cpu', 'f', 'FAIL'), ('cpu', '0', 'pass'), ('smoke', '0', 'FAIL')
  )
  def test_another_baseline_has_other_scales(self, tier, control, word):
    shown = judge_testing.shown(0.2)
    seeds = [
        dataclasses.replace(seed, near={'keras.validation_loss': 1.0})
        for seed in shown.reference.seeds
    ]
    known = dataclasses.replace(shown.reference, seeds=seeds, tier=tier)
    run = dataclasses.replace(shown.runs[0], tier=tier)
    controls = [judge_testing.run(1, 80.0, weights=control * 64, tier=tier)]
    baseline = dataclasses.replace(shown.baseline, tier=tier)
    shown = pairing.Shown([run], baseline, controls, known)
    self.assertEqual(self.judge(shown)[-1].word, word)

  @parameterized.parameters(('f', 'FAIL'), ('0', 'pass'))
  def test_another_baseline_has_other_channels(self, control, word):
    shown = judge_testing.shown(0.2)
    exact = {'health.kinds.kernel_max.zeros': [1]}
    known = dataclasses.replace(shown.reference, exact=exact)
    controls = [judge_testing.run(1, 80.0, weights=control * 64)]
    shown = pairing.Shown(shown.runs, shown.baseline, controls, known)
    self.assertEqual(self.judge(shown)[-2].word, word)

  def test_family_shares_its_deviation(self):
    shown = judge_testing.shown(0.32)
    self.assertEqual(self.judge(shown)[0].word, 'UNDECIDED')
    seeds = [
        dataclasses.replace(s, drops={'accuracy_drop': 0.1 * d + 0.25})
        for s, d in zip(shown.reference.seeds, range(-4, 4))
    ]
    other = dataclasses.replace(shown.reference, seeds=seeds)
    drop, *_ = self.judge(dataclasses.replace(shown, family=[other]))
    self.assertEqual(drop.word, 'pass')
    self.assertBetween(drop.noise.deviation, 0.15, 0.2)
    self.assertEqual(drop.noise.freedom, 14)

  def test_weights_of_the_reference_pass_at_once(self):
    shown = judge_testing.shown(0.9)
    seeds = list(shown.reference.seeds)
    seeds[3] = dataclasses.replace(seeds[3], drops={'accuracy_drop': 0.9})
    own = dataclasses.replace(shown.reference, seeds=seeds)
    runs = [dataclasses.replace(shown.runs[0], weights='3' * 64)]
    shown = dataclasses.replace(shown, runs=runs, reference=own)
    drop, *_ = self.judge(shown)
    self.assertEqual((drop.word, drop.good), ('pass (same weights)', True))
    with self.subTest('Exported to something worse they do not'):
      worse = [judge_testing.run(1, 70.0, weights='3' * 64)]
      drop, *_ = self.judge(dataclasses.replace(shown, runs=worse))
      self.assertEqual(drop.word, 'UNDECIDED')
    with self.subTest('Those of another control do not'):
      controls = [dataclasses.replace(shown.controls[0], weights='8' * 64)]
      shown = dataclasses.replace(shown, runs=runs, controls=controls)
      self.assertEqual(self.judge(shown)[0].word, 'UNDECIDED')

  def test_difference_from_the_reference(self):
    shown = judge_testing.shown(0.2)
    runs = [dataclasses.replace(shown.runs[0], parameters=19)]
    _, same, _ = self.judge(dataclasses.replace(shown, runs=runs))
    self.assertEqual((same.word, same.measured), ('FAIL', 1))
    self.assertEqual(same.differences, [('parameters', 20, 19)])
    self.assertEqual(same.seed, 1)

  def test_every_seed_must_hold_what_is_exact(self):
    claim = dataclasses.replace(
        judge_testing.DROP, metric='parameters', relation='value', at_most=20
    )
    shown = judge_testing.shown(0.2, 0.2, reference=None)
    runs = [shown.runs[0], dataclasses.replace(shown.runs[1], parameters=21)]
    shown = dataclasses.replace(shown, runs=runs)
    (verdict,) = judge.judge([claim], shown)
    self.assertEqual((verdict.word, verdict.measured), ('FAIL', 21))
    self.assertEqual(verdict.seed, 2)

  def test_reference_with_drops_of_another_number(self):
    shown = judge_testing.shown(0.2)
    old = dataclasses.replace(shown.reference, drops_of={})
    for known in (
        old,
        dataclasses.replace(old, drops_of={'accuracy_drop': 'a - b'}),
    ):
      with self.assertRaisesRegex(errors.InputError, r'net_half has drops of'):
        self.judge(dataclasses.replace(shown, reference=known))

  def test_drop_that_is_not_finite(self):
    with self.assertRaisesRegex(errors.InputError, 'cannot be judged: no fin'):
      self.judge(judge_testing.shown(float('nan')))


class KnownFailureTest(parameterized.TestCase):

  @parameterized.parameters(
      (79.0, '2026-01-02', 'known failure', True),
      (79.0, '2026-01-03', 'EXPIRED', False),
      (80.0, '2026-01-02', 'MENDED', False),
      (80.0, '2026-01-03', 'MENDED', False),
  )
  def test_must_fail_until_its_day(self, accuracy, today, word, good):
    known = claims.KnownFailure('https://x', '@y', datetime.date(2026, 1, 2))
    claim = dataclasses.replace(judge_testing.DROP, known_failure=known)
    shown = judge_testing.shown(80 - accuracy, reference=None)
    (verdict,) = judge.judge([claim], shown)
    today = datetime.date.fromisoformat(today)
    verdict = dataclasses.replace(verdict, today=today)
    self.assertEqual((verdict.word, verdict.good), (word, good))

  @parameterized.parameters((79.45, 'known failure'), (79.55, 'MENDED'))
  def test_is_judged_by_its_bound_and_not_by_its_reference(self, got, word):
    known = claims.KnownFailure('https://x', '@y', datetime.date(2999, 1, 2))
    claim = dataclasses.replace(judge_testing.DROP, known_failure=known)
    verdict = judge.judge([claim], judge_testing.shown(80 - got))[0]
    self.assertEqual((verdict.word, verdict.same), (word, False))


class HealthTest(parameterized.TestCase):

  @parameterized.parameters((4, 0.0, 0), (5, 0.0, 1), (5, 0.5, 0))
  def test_zeros_that_training_did_not_leave(self, zeros, share, wrong):
    run = judge_testing.run(1, 80.0, training={'steps': 2, 'cpus': 2})
    run.exported['float']['kernels'] = [{'name': 'conv', 'zeros': zeros}]
    run.exported['float']['integer_share'] = share
    run.health['kinds'] = {
        'kernel (trainable)': {'of': 2, 'moved': [2, 2], 'zeros': [0, 3]},
        'depthwise_kernel (trainable)': {'of': 1, 'moved': [1], 'zeros': [1]},
    }
    claim = dataclasses.replace(judge_testing.DROP, relation='health')
    # Clusters are zero without a mask.
    self.assertEmpty(claim.differences(run, None))
    run.health['kinds']['mask'] = {'of': 1, 'moved': [0]}
    found = [('health.kinds.kernel (trainable).zeros', 5, 4)]
    self.assertEqual(claim.differences(run, None), found * wrong)

  @parameterized.parameters(
      (4, 0, 'cpu', 1),
      (4, 1, 'cpu', 0),
      (1, 0, 'cpu', 0),  # One may stay where it is.
      (4, 0, 'smoke', 0),
  )
  def test_some_of_many_must_move(self, of, moved, tier, wrong):
    run = judge_testing.run(
        1, 80.0, training={'steps': 2, 'cpus': 2}, tier=tier
    )
    run.health['kinds'] = {'indices': {'of': of, 'moved': [0, moved]}}
    claim = dataclasses.replace(
        judge_testing.DROP,
        relation='health',
        moves_some={'indices': ['cpu'], 'absent': ['cpu']},
    )
    found = [('health.kinds.indices.moved', 'some', 0)]
    self.assertEqual(claim.differences(run, None), found * wrong)


class BoundTest(parameterized.TestCase):

  @parameterized.parameters(
      (None, 5, '<= 5', [5, -9], [5.1]),
      (5, None, '>= 5', [5, 9], [4.9]),
      (5, 5, '= 5', [5], [4.9, 5.1]),
      (4, 5, '4 to 5', [4, 5], [3.9, 5.1]),
  )
  def test_bound(self, at_least, at_most, text, within, beyond):
    claim = dataclasses.replace(
        judge_testing.DROP, at_least=at_least, at_most=at_most
    )
    self.assertEqual(claim.bound, text)
    self.assertEqual([x for x in within if not claim.holds(x)], [])
    self.assertEqual([x for x in (*beyond, math.nan) if claim.holds(x)], [])


class KernelsTest(absltest.TestCase):

  def test_most_of_the_covered_layers(self):
    run = judge_testing.run(1, 80.0)
    run.exported['float']['kernels'] = [
        {'name': name, 'distinct': distinct, 'distinct_per_channel': 2}
        for name, distinct in (('stem', 99), ('conv', 15), ('head', 16))
    ]
    metric = 'exported.float.kernels.most.distinct'
    claim = dataclasses.replace(
        judge_testing.DROP, metric=metric, relation='value'
    )
    self.assertEqual(claim.measure(run, None), 99)
    run.invariants['covered'] = ['conv', 'head']
    self.assertEqual(claim.measure(run, None), 16)
    run.invariants['covered'] = []
    with self.assertRaisesRegex(errors.InputError, 'has no exported.float.ker'):
      claim.measure(run, None)


class KindTest(parameterized.TestCase):

  @parameterized.parameters(
      ('exported.int8.accuracy', 'accuracy'),
      ('exported.float.keras_gap', 'accuracy'),
      ('exported.int8.kernels.most.distinct', 'structure'),
      ('invariants.zeros_missing', 'structure'),
      ('parameters', 'structure'),
      ('exported.int8.gzip_bytes', 'deployment'),
      ('exported.int8.operators.ADD.integer', 'deployment'),
      ('exported.int8.kernels.conv.zeros', 'structure'),
      ('exported.int8.kernels.conv.scales', 'deployment'),
      ('invariants.ranges_at_initial_value', 'deployment'),
      ('invariants.kernels_not_int8', 'deployment'),
      ('invariants.layers_covered', 'structure'),
      ('exported.float.moved', 'training health'),
      ('health', 'training health'),
      ('health.kinds.mask.zeros', 'training health'),
      ('keras.validation_loss', 'training health'),
      ('batches.train', 'training health'),
  )
  def test_kind(self, metric, kind):
    self.assertEqual(claims.kind_of(metric), kind)


if __name__ == '__main__':
  absltest.main()
