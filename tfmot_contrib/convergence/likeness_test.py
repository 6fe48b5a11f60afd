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

"""Tests of what of a run must be as in its reference."""

import copy
import dataclasses

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import reference as reference_lib
from tfmot_contrib.convergence import reference_testing


class ExactTest(parameterized.TestCase):

  def test_what_holds_on_another_stack(self):
    known = likeness.of_any_stack(reference_testing.reference())
    exported = copy.deepcopy(reference_testing.run(1).exported)
    exported['int8']['operators']['ADD'] = {'total': 1, 'integer': 0}
    exported['int8']['bytes'] = 9000
    run = reference_testing.run(1, instruction_set='asimd', exported=exported)
    reference_lib.check(known, run)
    self.assertEmpty(likeness.differences(known, run))
    self.assertEmpty(likeness.far(known, [], run))
    path = 'health.kinds.mask.zeros'
    for zeros, fits in ((500_001, True), (500_009, False)):
      many = dataclasses.replace(known, exact={path: [0, 500_000]})
      health = {'kinds': {'mask': {'zeros': [0, zeros]}}}
      rounded = dataclasses.replace(run, health=health)
      found = likeness.differences(many, rounded)
      self.assertEqual(path not in [where for where, _, _ in found], fits)
      here = dataclasses.replace(many, instruction_set='avx2')
      found = likeness.differences(here, rounded)
      self.assertIn(path, [where for where, _, _ in found])
    kernel = {'name': 'noisy', 'zeros': 7, 'scales': 1, 'values': 9}
    exported['float'] = {**exported['int8'], 'kernels': [kernel]}
    noisy = dataclasses.replace(run, exported=exported)
    other = {'exported.float.kernels.conv.zeros': 0}
    known = dataclasses.replace(known, exact={**known.exact, **other})
    found = [where for where, _, _ in likeness.differences(known, noisy)]
    self.assertEqual(found, [*other])
    worse = dataclasses.replace(run, invariants={'zeros_missing': 1})
    found = likeness.differences(known, worse)
    self.assertIn(('invariants.zeros_missing', 0, 1), found)

  def test_what_is_noisy_is_not_expected(self):
    self.assertNotIn('invariants.noisy', reference_testing.reference().exact)
    self.assertEqual(
        reference_testing.reference().exact['invariants.covered'], ['conv']
    )

  @parameterized.parameters(
      ({'parameters': 19}, 'parameters', 20, 19),
      (
          {'health': {'not_finite': 0, 'kinds': {'mask': {'zeros': [4, 7]}}}},
          'health.kinds.mask.zeros',
          [4, 8],
          [4, 7],
      ),
      ({'invariants': {}}, 'invariants.covered', ['conv'], None),
  )
  def test_difference(self, changes, path, expected, got):
    found = likeness.differences(
        reference_testing.reference(), reference_testing.run(1, **changes)
    )
    self.assertIn((path, expected, got), found)

  @parameterized.parameters(
      (2915, True), (2905, False), (3085, True), (3095, False)
  )
  def test_sizes_have_a_band_both_ways(self, size, fits):
    exported = {
        'int8': {
            **reference_testing.EXPORTED,
            'bytes': size,
            'gzip_bytes': 1020,
        }
    }
    found = likeness.differences(
        reference_testing.reference(),
        reference_testing.run(1, exported=exported),
    )
    self.assertEqual(not found, fits, found)

  @parameterized.parameters((1000, True), (1300, True), (4000, False))
  def test_sizes_that_vary_from_seed_to_seed(self, size, fits):
    def run(seed, size):
      small = {**reference_testing.EXPORTED, 'gzip_bytes': size}
      exported = {'int8': small, 'float': reference_testing.EXPORTED}
      return reference_testing.run(seed, exported=exported)

    path = 'exported.int8.gzip_bytes'
    runs = [run(seed, 1000 + 20 * seed) for seed in range(8)]
    self.assertEqual(likeness.varying(runs), [path])
    self.assertEmpty(likeness.varying(runs[:3]))
    known = reference_testing.reference()
    seeds = [
        dataclasses.replace(
            known.seeds[0], near={path: one.exported['int8']['gzip_bytes']}
        )
        for one in runs
    ]
    known = dataclasses.replace(
        known,
        seeds=seeds,
        sizes={k: v for k, v in likeness.sizes(runs).items() if k != path},
    )
    found = [path for path, _, _ in likeness.far(known, [], run(9, size))]
    self.assertEqual(found, [] if fits else [path])

  @parameterized.parameters(
      ('cpu', [42, 42], True),
      ('cpu', [43, 0], False),
      ('smoke', [42, 42], False),
  )
  def test_some_moved_by_chance(self, tier, moved, fits):
    path = 'health.kinds.indices'
    exact = {f'{path}.moved': moved, f'{path}.of': 43}
    known = dataclasses.replace(
        reference_testing.reference(), tier=tier, exact=exact
    )
    kinds = {'indices': {'moved': [41, 43], 'of': 43}}
    run = reference_testing.run(9, health={'kinds': kinds}, tier=tier)
    found = [p for p, _, _ in likeness.differences(known, run)]
    self.assertEqual(f'{path}.moved' not in found, fits)

  @parameterized.parameters(
      ('cpu', ('indices',), True),
      ('cpu', (), False),
      ('smoke', ('indices',), False),
  )
  def test_all_moved_by_chance(self, tier, some, fits):
    path = 'health.kinds.indices.moved'
    exact = {path: [43], 'health.kinds.indices.of': 43}
    known = dataclasses.replace(
        reference_testing.reference(), tier=tier, exact=exact
    )
    kinds = {'indices': {'moved': [42], 'of': 43}}
    run = reference_testing.run(9, health={'kinds': kinds}, tier=tier)
    found = [p for p, _, _ in likeness.differences(known, run, some=some)]
    self.assertEqual(path not in found, fits)

  @parameterized.parameters(
      ('cpu', 500, 501, True),
      ('cpu', 500, 502, False),
      ('cpu', 5000, 4995, True),
      ('cpu', 5000, 5006, False),
      ('smoke', 5000, 5001, False),
  )
  def test_zeros_by_chance(self, tier, expected, zeros, fits):
    path = 'exported.float.kernels.conv.zeros'
    known = dataclasses.replace(
        reference_testing.reference(), tier=tier, exact={path: expected}
    )
    kernel = {'name': 'conv', 'zeros': zeros, 'scales': 1}
    exported = {'float': {**reference_testing.EXPORTED, 'kernels': [kernel]}}
    run = reference_testing.run(9, exported=exported, tier=tier)
    found = [p for p, _, _ in likeness.differences(known, run)]
    self.assertEqual(path not in found, fits)

  @parameterized.parameters(
      ('cpu', 'kernel_max.zeros', False, True),
      ('cpu', 'kernel_max.distinct', False, True),
      ('cpu', 'kernel_max.zeros', True, False),
      ('cpu', 'kernel_max.distinct', True, False),
      ('cpu', 'mask.zeros', False, False),
      ('cpu', 'cluster_centroids.distinct', False, False),
      ('smoke', 'kernel_max.zeros', True, False),
  )
  def test_ranges_of_another_baseline(self, tier, number, comparable, fits):
    kind, _, key = number.partition('.')
    path = f'health.kinds.{number}'
    known = dataclasses.replace(
        reference_testing.reference(), tier=tier, exact={path: [1, 1]}
    )
    run = reference_testing.run(
        9, health={'kinds': {kind: {key: [0, 0]}}}, tier=tier
    )
    found = [p for p, _, _ in likeness.differences(known, run, comparable)]
    self.assertEqual(path not in found, fits)

  @parameterized.parameters(
      (1, 'avx2', False),
      (9, 'avx2', True),  # It has not seen this seed.
      (1, 'avx512f', False),
      (1, 'asimd', True),
  )
  def test_same_seed_has_the_same_batches(self, seed, instruction_set, fits):
    batches = {'train': 'e' * 64, 'validation': 'd' * 64}
    run = reference_testing.run(
        seed, batches=batches, instruction_set=instruction_set
    )
    found = likeness.differences(reference_testing.reference(), run)
    expected = [] if fits else [('batches.train', 'd' * 12, 'e' * 12)]
    self.assertEqual([f for f in found if f[0].startswith('bat')], expected)

  def test_operator_that_became_float(self):
    exported = copy.deepcopy(reference_testing.run(1).exported)
    exported['int8']['operators']['CONV_2D']['integer'] = 1
    found = likeness.differences(
        reference_testing.reference(),
        reference_testing.run(1, exported=exported),
    )
    path = 'exported.int8.operators.CONV_2D.integer'
    self.assertEqual(found, [(path, 2, 1)])

  @parameterized.parameters(('float', True), ('int8', False))
  def test_layer_with_too_few_zeros(self, kind, exact):
    exported = {
        'float': reference_testing.EXPORTED,
        'int8': reference_testing.EXPORTED,
    }
    exact_of = likeness.exact(
        [reference_testing.run(s, exported=exported) for s in (1, 2)]
    )
    known = dataclasses.replace(reference_testing.reference(), exact=exact_of)
    exported = {k: copy.deepcopy(v) for k, v in exported.items()}
    exported[kind]['kernels'][0]['zeros'] = 2
    found = likeness.differences(
        known, reference_testing.run(1, exported=exported)
    )
    expected = [(f'exported.{kind}.kernels.conv.zeros', 4, 2)]
    self.assertEqual(found, expected if exact else [])

  def test_validation_images(self):
    batches = {'train': 'd' * 64, 'validation': 'e' * 64}
    found = likeness.differences(
        reference_testing.reference(), reference_testing.run(1, batches=batches)
    )
    self.assertEqual(found, [('batches.validation', 'd' * 64, 'e' * 64)])

  def test_what_is_new(self):
    run = copy.deepcopy(reference_testing.run(1))
    exported = run.exported['int8']
    exported['operators']['QUANTIZE'] = {'total': 1, 'integer': 1}
    exported['kernels'].append({**exported['kernels'][0], 'name': 'other'})
    run.health['kinds']['extra'] = {'zeros': [0, 0]}
    found = likeness.differences(reference_testing.reference(), run)
    self.assertCountEqual(
        found,
        [
            ('exported.int8.operators.QUANTIZE', None, 'new'),
            ('exported.int8.kernels.other', None, 'new'),
            ('health.kinds.extra', None, 'new'),
        ],
    )

  def test_new_sort_of_number_is_not_held_against_an_old_reference(self):
    one = reference_testing.reference()
    exact = {k: v for k, v in one.exact.items() if '.kernels.' not in k}
    old = dataclasses.replace(one, exact=exact)
    self.assertEmpty(likeness.differences(old, reference_testing.run(1)))


if __name__ == '__main__':
  absltest.main()
