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

"""Tests of reference files, and of what is refused of them."""

import copy
import dataclasses
import json
import math
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference

_EXPORTED = {
    'bytes': 3000,
    'gzip_bytes': 1000,
    'operators': {'CONV_2D': {'total': 2, 'integer': 2}},
    'integer_share': 1.0,
    'kernels': [
        {'name': 'conv', 'zeros': 4, 'distinct_per_channel': 8, 'scales': 2},
        {'name': 'dense', 'zeros': 0, 'distinct_per_channel': 9, 'scales': 1},
    ],
}


def _run(seed: int, **changes: Any) -> record.Record:
  """Returns a record."""
  fields = {
      'experiment': 'net_cifar10_pruning',
      'tier': 'cpu',
      'seed': seed,
      'params': {'task': {'train_data': {'seed': seed}, 'technique': {}}},
      'environment': 'a' * 64,
      'versions': {},
      'data': 'b' * 64,
      'batches': {'train': 'd' * 64, 'validation': 'd' * 64},
      'instruction_set': 'avx2',
      'weights': f'{seed}' * 64,
      'parameters': 20,
      'lineage': ['c' * 64],
      'training': {},
      'health': {'not_finite': 0, 'kinds': {'mask': {'zeros': [4, 8]}}},
      'keras': {'accuracy': 0.84},
      'exported': {'int8': {**_EXPORTED, 'gzip_bytes': 1000 + 10 * seed}},
      'invariants': {'zeros_missing': 0, 'covered': ['conv'], 'noisy': seed},
  }
  return record.Record(**{**fields, **changes})


def _reference(**changes: Any) -> reference.Reference:
  """Returns what three runs make."""
  runs = [_run(seed) for seed in (1, 2, 3)]
  fields = {
      'test': 'net_half',
      'tier': 'cpu',
      'instruction_set': 'avx2',
      'recipe': reference.recipe_of(runs[0]),
      'data': 'b' * 64,
      'environment': 'e' * 64,
      'seeds': [
          reference.Seed(r.seed, {'drop': drop}, r.weights, 'f' * 64, 'd' * 64)
          for r, drop in zip(runs, (0.1, 0.3, 0.2), strict=True)
      ],
      'exact': reference.exact(runs),
      'sizes': reference.sizes(runs),
      'history': [{
          'date': '2026-11-25',
          'who': 'a maintainer',
          'why': 'It is the first one.',
          'versions': {'tensorflow': '2.20.0'},
          'seeds': [1, 2, 3],
          'drops': {'drop': 0.2},
      }],
  }
  return reference.Reference(**{**fields, **changes})


class StoredTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(self.create_tempdir().full_path)
    self.path = reference.path_of(folder, 'net_half', _run(1))
    reference.write(_reference(), self.path)

  def test_reads_back(self):
    self.assertEqual(reference.read(self.path), _reference())
    self.assertEqual(self.path.parent.name, 'cpu_avx2')
    self.assertLen(list(self.path.parent.iterdir()), 1)

  def assert_refused(self, pattern: str):
    """Checks that the file is refused in one line."""
    with self.assertRaisesRegex(errors.InputError, pattern) as caught:
      reference.read(self.path)
    self.assertLen(errors.one_line(caught.exception).splitlines(), 1)

  @parameterized.named_parameters(
      ('a drop', ['seeds', 0, 'drops', 'drop'], 0.4, 'edited by hand'),
      ('an expectation', ['exact', 'parameters'], 10, 'edited by hand'),
      ('a size', ['sizes', 'exported.int8.bytes'], 9000, 'edited by hand'),
      ('a reason', ['history', 0, 'why'], 'It was too strict.', 'by hand'),
      ('a recipe', ['recipe'], '0' * 64, 'edited by hand'),
      ('a digest', ['digest'], '0' * 64, 'edited by hand'),
      ('no digest', ['digest'], 'x', 'at digest'),
      ('one seed', ['seeds'], [], 'at seeds'),
      ('no number', ['seeds', 0, 'drops', 'drop'], 'small', 'drops/drop'),
      ('not finite', ['seeds', 0, 'drops', 'drop'], float('nan'), 'edited'),
      ('no history', ['history'], [], 'at history'),
      ('another schema', ['schema_version'], 2, 'at schema_version'),
  )
  def test_edited(self, where, new, message):
    value = json.loads(self.path.read_text())
    *parents, last = where
    part = value
    for key in parents:
      part = part[key]
    part[last] = new
    self.path.write_text(json.dumps(value))
    self.assert_refused(message)

  @parameterized.parameters(0.0, 0.3, 0.99)
  def test_truncated(self, share):
    text = self.path.read_text()
    self.path.write_text(text[: int(share * len(text))])
    self.assert_refused('is no JSON')

  def test_copied_from_another_test(self):
    self.path = self.path.rename(self.path.with_stem('net_quarter'))
    self.assert_refused('is the reference of cpu_avx2/net_half')

  def test_copied_from_another_processor(self):
    folder = self.path.parent.with_name('cpu_avx512f')
    self.path = self.path.parent.rename(folder) / self.path.name
    self.assert_refused('is the reference of cpu_avx2/net_half')

  def test_missing(self):
    self.path.unlink()
    self.assert_refused('cannot read')

  def test_no_space_leaves_the_old_one(self):
    blocked = self.path / 'more.json'
    with self.assertRaisesRegex(errors.InputError, 'cannot write'):
      reference.write(_reference(), blocked)
    self.assertEqual(reference.read(self.path), _reference())


class CheckTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.baseline = _run(1, environment='e' * 64)

  def test_run_that_fits(self):
    for seed in (1, 4):
      reference.check(_reference(), _run(seed), self.baseline)
      self.assertEmpty(reference.differences(_reference(), _run(seed)))

  @parameterized.parameters(
      ({'tier': 'smoke'}, 'tier'),
      ({'data': 'c' * 64}, 'data'),
      (
          {'params': {'task': {'train_data': {}, 'technique': {'rate': 1}}}},
          'recipe',
      ),
  )
  def test_run_that_does_not(self, changes, what):
    with self.assertRaisesRegex(errors.InputError, f'of another {what} '):
      reference.check(_reference(), _run(1, **changes), self.baseline)

  def test_another_tensorflow(self):
    with self.assertRaisesRegex(errors.InputError, 'another environment'):
      reference.check(_reference(), _run(1), _run(1))

  def test_what_is_noisy_is_not_expected(self):
    self.assertNotIn('invariants.noisy', _reference().exact)
    self.assertEqual(_reference().exact['invariants.covered'], ['conv'])

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
    found = reference.differences(_reference(), _run(1, **changes))
    self.assertIn((path, expected, got), found)

  @parameterized.parameters(
      (2915, True), (2905, False), (3085, True), (3095, False)
  )
  def test_sizes_have_a_band_both_ways(self, size, fits):
    exported = {'int8': {**_EXPORTED, 'bytes': size, 'gzip_bytes': 1020}}
    found = reference.differences(_reference(), _run(1, exported=exported))
    self.assertEqual(not found, fits, found)

  @parameterized.parameters(
      ('cpu', [42, 42], True),
      ('cpu', [43, 0], False),
      ('smoke', [42, 42], False),
  )
  def test_some_moved_by_chance(self, tier, moved, fits):
    path = 'health.kinds.indices'
    exact = {f'{path}.moved': moved, f'{path}.of': 43}
    known = dataclasses.replace(_reference(), tier=tier, exact=exact)
    kinds = {'indices': {'moved': [41, 43], 'of': 43}}
    run = _run(9, health={'kinds': kinds}, tier=tier)
    found = [p for p, _, _ in reference.differences(known, run)]
    self.assertEqual(f'{path}.moved' not in found, fits)

  @parameterized.parameters(
      ('cpu', 'kernel_max', False, True),
      ('cpu', 'kernel_max', True, False),
      ('cpu', 'mask', False, False),
      ('smoke', 'kernel_max', False, False),
  )
  def test_channel_that_another_baseline_loses(
      self, tier, kind, comparable, fits
  ):
    path = f'health.kinds.{kind}.zeros'
    known = dataclasses.replace(_reference(), tier=tier, exact={path: [1, 1]})
    run = _run(9, health={'kinds': {kind: {'zeros': [0, 0]}}}, tier=tier)
    found = [p for p, _, _ in reference.differences(known, run, comparable)]
    self.assertEqual(path not in found, fits)

  @parameterized.parameters(
      (1, 'avx2', False),
      (9, 'avx2', True),  # It has not seen this seed.
      (1, 'asimd', True),
  )
  def test_same_seed_has_the_same_batches(self, seed, instruction_set, fits):
    batches = {'train': 'e' * 64, 'validation': 'd' * 64}
    run = _run(seed, batches=batches, instruction_set=instruction_set)
    found = reference.differences(_reference(), run)
    expected = [] if fits else [('batches.train', 'd' * 12, 'e' * 12)]
    self.assertEqual([f for f in found if f[0].startswith('bat')], expected)

  def test_operator_that_became_float(self):
    exported = copy.deepcopy(_run(1).exported)
    exported['int8']['operators']['CONV_2D']['integer'] = 1
    found = reference.differences(_reference(), _run(1, exported=exported))
    path = 'exported.int8.operators.CONV_2D.integer'
    self.assertEqual(found, [(path, 2, 1)])

  def test_layer_with_too_few_zeros(self):
    exported = copy.deepcopy(_run(1).exported)
    exported['int8']['kernels'][0]['zeros'] = 3
    found = reference.differences(_reference(), _run(1, exported=exported))
    self.assertEqual(found, [('exported.int8.kernels.conv.zeros', 4, 3)])

  def test_validation_images(self):
    batches = {'train': 'd' * 64, 'validation': 'e' * 64}
    found = reference.differences(_reference(), _run(1, batches=batches))
    self.assertEqual(found, [('batches.validation', 'd' * 64, 'e' * 64)])

  def test_what_is_new(self):
    run = copy.deepcopy(_run(1))
    exported = run.exported['int8']
    exported['operators']['QUANTIZE'] = {'total': 1, 'integer': 1}
    exported['kernels'].append({**exported['kernels'][0], 'name': 'other'})
    run.health['kinds']['extra'] = {'zeros': [0, 0]}
    found = reference.differences(_reference(), run)
    self.assertCountEqual(
        found,
        [
            ('exported.int8.operators.QUANTIZE', None, 'new'),
            ('exported.int8.kernels.other', None, 'new'),
            ('health.kinds.extra', None, 'new'),
        ],
    )

  def test_new_sort_of_number_is_not_held_against_an_old_reference(self):
    one = _reference()
    exact = {k: v for k, v in one.exact.items() if '.kernels.' not in k}
    old = dataclasses.replace(one, exact=exact)
    self.assertEmpty(reference.differences(old, _run(1)))


class NearTest(parameterized.TestCase):

  def reference(self, *scales: float) -> reference.Reference:
    """Returns a reference with such scales."""
    one = _reference()
    seeds = [
        dataclasses.replace(one.seeds[0], near={'exported.int8.scale_x': scale})
        for scale in scales
    ]
    return dataclasses.replace(one, seeds=seeds)

  def run_of(self, **exported: float) -> record.Record:
    """Returns a run with such numbers."""
    return _run(1, exported={'int8': {**_EXPORTED, **exported}})

  def test_takes_scales_distances_and_loss(self):
    exported = {**_EXPORTED, 'scale_x': 0.5, 'moved': 0.2, 'logit_gap': 0.1}
    keras = {'accuracy': 0.8, 'validation_loss': 1.5}
    self.assertEqual(
        reference.near(_run(1, exported={'int8': exported}, keras=keras)),
        {
            'exported.int8.scale_x': 0.5,
            'exported.int8.moved': 0.2,
            'exported.int8.logit_gap': 0.1,
            'keras.validation_loss': 1.5,
        },
    )

  def test_takes_accuracy_of_smoke_runs_alone(self):
    # Elsewhere its drop is judged. A gap this small is of a float model.
    exported = {'accuracy': 9.5, 'mirrored_accuracy': 9.6, 'logit_gap': 1e-6}
    exported = {'float': {**_EXPORTED, **exported}}
    found = reference.near(_run(1, exported=exported, tier='smoke'))
    self.assertEqual(
        found,
        {
            'exported.float.accuracy': 9.5,
            'exported.float.mirrored_accuracy': 9.6,
        },
    )
    self.assertEmpty(reference.near(_run(1, exported=exported)))

  @parameterized.parameters(
      ('logit_gap', 1.09, True),
      ('logit_gap', 1.11, False),
      ('mirrored_accuracy', 1.019, True),
      ('mirrored_accuracy', 1.021, False),
  )
  def test_images_may_change_sides(self, key, value, fits):
    one = self.reference(1.0, 1.0)
    near = {f'exported.int8.{key}': 1.0}
    seeds = [dataclasses.replace(seed, near=near) for seed in one.seeds]
    known = dataclasses.replace(one, seeds=seeds, tier='smoke')
    exported = {'int8': {**_EXPORTED, key: value}}
    run = _run(1, tier='smoke', exported=exported)
    self.assertEqual(not reference.far(known, [], run), fits)

  @parameterized.parameters(
      ({'scale_y': 1.0}, 1),
      ({'moved': 1.0}, 0),  # The reference has no such sort of number.
  )
  def test_number_that_is_new(self, added, count):
    run = self.run_of(scale_x=1.0, **added)
    found = reference.far(self.reference(1.0, 1.0), [], run)
    self.assertLen(found, count)

  @parameterized.parameters(
      ('smoke', 'avx2', 1, 1.0001, True),
      ('smoke', 'avx2', 1, 1.0003, False),
      ('smoke', 'avx2', 9, 1.0003, True),  # It has not seen this seed.
      ('smoke', 'asimd', 1, 1.0003, True),
      ('cpu', 'avx2', 1, 1.0003, True),
  )
  def test_smoke_run_repeats_its_seed(
      self, tier, instruction_set, seed, scale, fits
  ):
    known = dataclasses.replace(self.reference(1.0, 1.0), tier=tier)
    run = _run(
        seed,
        tier=tier,
        instruction_set=instruction_set,
        exported={'int8': {**_EXPORTED, 'scale_x': scale}},
    )
    self.assertEqual(not reference.far(known, [], run), fits)

  def test_loss_that_is_no_number(self):
    one = self.reference(1.0, 1.0)
    near = {'keras.validation_loss': 1.0}
    seeds = [dataclasses.replace(seed, near=near) for seed in one.seeds]
    known = dataclasses.replace(one, seeds=seeds)
    run = _run(1, keras={'validation_loss': math.nan})
    self.assertLen(reference.far(known, [], run), 1)

  @parameterized.parameters(
      (1.0, 0), (1.015, 0), (0.985, 0), (1.3, 1), (0.7, 1)
  )
  def test_interval(self, scale, count):
    family = [self.reference(2.0, 2.01, 2.0)] * 10
    found = reference.far(
        self.reference(1.0, 1.01, 0.99), family, self.run_of(scale_x=scale)
    )
    self.assertLen(found, count)

  def test_noisier_than_its_family(self):
    own = self.reference(1.0, 1.5, 1 / 1.5)
    steady = [self.reference(2.0, 2.0001, 2.0)] * 10
    self.assertEmpty(reference.far(own, steady, self.run_of(scale_x=3.0)))
    alike = [self.reference(2.0, 3.0, 2 / 1.5)] * 10
    self.assertLen(reference.far(own, alike, self.run_of(scale_x=900.0)), 1)

  def test_never_narrower_than_two_percent(self):
    steady = self.reference(1.0, 1.0, 1.0)
    run = self.run_of(scale_x=1.019)
    self.assertEmpty(reference.far(steady, [], run))
    run = self.run_of(scale_x=1.021)
    ((path, expected, got),) = reference.far(steady, [], run)
    self.assertEqual(path, 'exported.int8.scale_x')
    self.assertEqual((expected, got), ('0.9802 to 1.02', 1.021))

  def test_number_that_is_gone(self):
    found = reference.far(self.reference(1.0, 1.0), [], self.run_of())
    self.assertIsNone(found[0][2])


class NoiseTest(absltest.TestCase):

  def test_pools_with_the_family(self):
    one = _reference()
    noise = one.noise('drop')
    self.assertAlmostEqual(noise.mean, 0.2)
    self.assertAlmostEqual(noise.deviation, 0.1)
    self.assertEqual((noise.seeds, noise.freedom), (3, 2))
    seeds = [
        dataclasses.replace(seed, drops={'drop': drop})
        for seed, drop in zip(one.seeds, (1.95, 2.05, 2.0), strict=True)
    ]
    other = dataclasses.replace(one, seeds=seeds)
    pooled = one.noise('drop', [other])
    self.assertAlmostEqual(pooled.mean, 0.2)
    self.assertAlmostEqual(pooled.deviation, (0.025 / 4) ** 0.5)
    self.assertEqual((pooled.seeds, pooled.freedom), (3, 4))

  def test_noisier_than_its_family(self):
    one = _reference()
    seeds = [
        dataclasses.replace(seed, drops={'drop': drop})
        for seed, drop in zip(one.seeds, (1.0, 1.001, 1.0), strict=True)
    ]
    steady = [dataclasses.replace(one, seeds=seeds)] * 10
    noise = one.noise('drop', steady)
    self.assertAlmostEqual(noise.deviation, 0.1)
    self.assertEqual((noise.seeds, noise.freedom), (3, 2))

  def test_does_not_pool_with_what_loses_much_more(self):
    one = _reference()
    seeds = [
        dataclasses.replace(seed, drops={'drop': drop})
        for seed, drop in zip(one.seeds, (2.2, 2.25, 2.3), strict=True)
    ]
    other = dataclasses.replace(one, seeds=seeds)
    self.assertEqual(one.noise('drop', [other]).freedom, 2)
    self.assertEqual(other.noise('drop', [one]).freedom, 2)

  def test_claim_without_drops(self):
    with self.assertRaisesRegex(errors.InputError, '0 drops of other'):
      _reference().noise('other')


if __name__ == '__main__':
  absltest.main()
