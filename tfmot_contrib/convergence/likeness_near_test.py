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

"""Tests which numbers of a run are near those of a reference."""

import copy
import dataclasses
import math

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import record
from tfmot_contrib.convergence import reference as reference_lib
from tfmot_contrib.convergence import reference_testing


class NearTest(parameterized.TestCase):

  def reference(self, *scales: float) -> reference_lib.Reference:
    """Returns a reference with such scales."""
    one = reference_testing.reference()
    seeds = [
        dataclasses.replace(one.seeds[0], near={'exported.int8.scale_x': scale})
        for scale in scales
    ]
    return dataclasses.replace(one, seeds=seeds)

  def run_of(self, **exported: float) -> record.Record:
    """Returns a run with such numbers."""
    return reference_testing.run(
        1, exported={'int8': {**reference_testing.EXPORTED, **exported}}
    )

  def test_takes_scales_distances_and_loss(self):
    exported = {
        **reference_testing.EXPORTED,
        'scale_x': 0.5,
        'moved': 0.2,
        'logit_gap': 0.1,
    }
    keras = {'accuracy': 0.8, 'validation_loss': 1.5}
    self.assertEqual(
        likeness.near(
            reference_testing.run(1, exported={'int8': exported}, keras=keras)
        ),
        {
            'exported.int8.scale_x': 0.5,
            'exported.int8.moved': 0.2,
            'exported.int8.logit_gap': 0.1,
            'exported.int8.kernels.conv.distinct_per_channel': 8,
            'keras.validation_loss': 1.5,
        },
    )

  def test_takes_accuracy_of_smoke_runs_alone(self):
    # Elsewhere its drop is judged. A gap this small is of a float model.
    exported = {'accuracy': 9.5, 'mirrored_accuracy': 9.6, 'logit_gap': 1e-6}
    exported = {'float': {**reference_testing.EXPORTED, **exported}}
    run = reference_testing.run(
        1, exported=exported, tier='smoke', invariants={}
    )
    found = likeness.near(run)
    self.assertEqual(
        found,
        {
            'exported.float.accuracy': 9.5,
            'exported.float.mirrored_accuracy': 9.6,
        },
    )
    self.assertEmpty(likeness.near(dataclasses.replace(run, tier='cpu')))

  @parameterized.parameters(
      ('logit_gap', 1.09, True),
      ('logit_gap', 1.11, False),
      ('mirrored_accuracy', 1.049, True),
      ('mirrored_accuracy', 1.053, False),
  )
  def test_images_may_change_sides(self, key, value, fits):
    one = self.reference(1.0, 1.0)
    near = {f'exported.int8.{key}': 1.0}
    seeds = [dataclasses.replace(seed, near=near) for seed in one.seeds]
    known = dataclasses.replace(one, seeds=seeds, tier='smoke')
    exported = {'int8': {**reference_testing.EXPORTED, key: value}}
    run = reference_testing.run(1, tier='smoke', exported=exported)
    self.assertEqual(not likeness.far(known, [], run), fits)

  @parameterized.parameters((8, 0), (7, 0), (11, 1), (4, 1))
  def test_layer_with_half_the_clusters(self, distinct, count):
    one = self.reference(1.0, 1.0)
    near = likeness.near(reference_testing.run(1))
    seeds = [dataclasses.replace(seed, near=near) for seed in one.seeds]
    exported = copy.deepcopy(reference_testing.run(1).exported)
    exported['int8']['kernels'][0]['distinct_per_channel'] = distinct
    known = dataclasses.replace(one, seeds=seeds)
    self.assertLen(
        likeness.far(known, [], reference_testing.run(1, exported=exported)),
        count,
    )

  @parameterized.parameters(
      ({'scale_y': 1.0}, 1),
      ({'moved': 1.0}, 0),  # The reference has no such sort of number.
  )
  def test_number_that_is_new(self, added, count):
    run = self.run_of(scale_x=1.0, **added)
    found = likeness.far(self.reference(1.0, 1.0), [], run)
    self.assertLen(found, count)

  @parameterized.parameters(
      ('smoke', 'avx2', 1, 1.0001, True),
      ('smoke', 'avx2', 1, 1.0003, False),
      ('smoke', 'avx2', 9, 1.0003, True),  # It has not seen this seed.
      ('smoke', 'asimd', 1, 1.0003, True),
      ('smoke', 'avx512f', 1, 1.0003, True),
      ('cpu', 'avx2', 1, 1.0003, True),
  )
  def test_smoke_run_repeats_its_seed(
      self, tier, instruction_set, seed, scale, fits
  ):
    known = dataclasses.replace(self.reference(1.0, 1.0), tier=tier)
    run = reference_testing.run(
        seed,
        tier=tier,
        instruction_set=instruction_set,
        exported={'int8': {**reference_testing.EXPORTED, 'scale_x': scale}},
    )
    self.assertEqual(not likeness.far(known, [], run), fits)

  @parameterized.parameters(
      (1.0, 0.06, False),
      (1.0, 0.049, True),
      (1.0000001, 0.10, True),  # Integers whose scales were rounded otherwise.
      (1.0003, 0.0, False),
  )
  def test_accuracy_of_integers(self, scale, more, fits):
    one = self.reference(1.0, 1.0)
    name = 'exported.int8.'
    seeds = [
        dataclasses.replace(
            seed, near={f'{name}scale_x': 1.0, f'{name}accuracy': accuracy}
        )
        for seed, accuracy in zip(one.seeds, (10.0, 10.1), strict=True)
    ]
    known = dataclasses.replace(one, tier='smoke', seeds=seeds)
    found = {'scale_x': scale, 'accuracy': 10.0 * (1 + more)}
    run = reference_testing.run(
        1,
        tier='smoke',
        exported={'int8': {**reference_testing.EXPORTED, **found}},
    )
    known = dataclasses.replace(known, exact={}, sizes={})
    found = [p for p, _, _ in likeness.far(known, [], run) if 'mirror' not in p]
    self.assertEqual(not found, fits, found)

  @parameterized.parameters(
      ('avx512f', 'scale_x', 1.03, False),
      ('asimd', 'scale_x', 1.03, True),
      ('avx512f', 'logit_gap', 1.03, True),  # Of gaps nothing is known there.
  )
  def test_smoke_run_of_another_processor(
      self, instruction_set, key, number, fits
  ):
    one = self.reference(1.0, 1.5)
    path = f'exported.int8.{key}'
    seeds = [
        dataclasses.replace(seed, near={path: value})
        for seed, value in zip(one.seeds, (1.0, 1.5), strict=True)
    ]
    known = dataclasses.replace(one, tier='smoke', seeds=seeds)
    run = reference_testing.run(
        1,
        tier='smoke',
        instruction_set=instruction_set,
        exported={'int8': {**reference_testing.EXPORTED, key: number}},
    )
    found = [path for path, _, _ in likeness.far(known, [], run)]
    self.assertEqual(path not in found, fits)

  def test_some_that_moved_on_another_processor(self):
    exact = {'health.kinds.x.moved': [3, 5], 'health.kinds.x.of': 9}
    known = dataclasses.replace(
        reference_testing.reference(), tier='smoke', exact=exact
    )
    kinds = {'x': {'moved': [3, 4], 'of': 9}}
    for instruction_set, fits in (('avx2', False), ('avx512f', True)):
      run = reference_testing.run(
          9,
          health={'kinds': kinds},
          tier='smoke',
          instruction_set=instruction_set,
      )
      found = [p for p, _, _ in likeness.differences(known, run)]
      self.assertEqual('health.kinds.x.moved' not in found, fits)

  def test_loss_that_is_no_number(self):
    one = self.reference(1.0, 1.0)
    near = {'keras.validation_loss': 1.0}
    seeds = [dataclasses.replace(seed, near=near) for seed in one.seeds]
    known = dataclasses.replace(one, seeds=seeds)
    run = reference_testing.run(1, keras={'validation_loss': math.nan})
    self.assertLen(likeness.far(known, [], run), 1)

  @parameterized.parameters(
      (1.0, 0), (1.015, 0), (0.985, 0), (1.3, 1), (0.7, 1)
  )
  def test_interval(self, scale, count):
    family = [self.reference(2.0, 2.01, 2.0)] * 10
    found = likeness.far(
        self.reference(1.0, 1.01, 0.99), family, self.run_of(scale_x=scale)
    )
    self.assertLen(found, count)

  def test_noisier_than_its_family(self):
    own = self.reference(1.0, 1.5, 1 / 1.5)
    steady = [self.reference(2.0, 2.0001, 2.0)] * 10
    self.assertEmpty(likeness.far(own, steady, self.run_of(scale_x=3.0)))
    alike = [self.reference(2.0, 3.0, 2 / 1.5)] * 10
    self.assertLen(likeness.far(own, alike, self.run_of(scale_x=900.0)), 1)

  def test_never_narrower_than_two_percent(self):
    steady = self.reference(1.0, 1.0, 1.0)
    run = self.run_of(scale_x=1.019)
    self.assertEmpty(likeness.far(steady, [], run))
    run = self.run_of(scale_x=1.021)
    ((path, expected, got),) = likeness.far(steady, [], run)
    self.assertEqual(path, 'exported.int8.scale_x')
    self.assertEqual((expected, got), ('0.9802 to 1.02', 1.021))

  def test_number_that_is_gone(self):
    found = likeness.far(self.reference(1.0, 1.0), [], self.run_of())
    self.assertIsNone(found[0][2])


if __name__ == '__main__':
  absltest.main()
