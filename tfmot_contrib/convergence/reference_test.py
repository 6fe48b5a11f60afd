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

import dataclasses
import json
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import likeness
from tfmot_contrib.convergence import reference
from tfmot_contrib.convergence import reference_testing


class StoredTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(self.create_tempdir().full_path)
    self.path = reference.path_of(folder, 'net_half', reference_testing.run(1))
    reference.write(reference_testing.reference(), self.path)

  def test_reads_back(self):
    self.assertEqual(reference.read(self.path), reference_testing.reference())
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
      ('another schema', ['schema_version'], 1, 'at schema_version'),
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
      reference.write(reference_testing.reference(), blocked)
    self.assertEqual(reference.read(self.path), reference_testing.reference())


class CheckTest(parameterized.TestCase):

  def test_run_that_fits(self):
    for seed in (1, 4):
      reference.check(
          reference_testing.reference(), reference_testing.run(seed)
      )
      self.assertEmpty(
          likeness.differences(
              reference_testing.reference(), reference_testing.run(seed)
          )
      )

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
      reference.check(
          reference_testing.reference(), reference_testing.run(1, **changes)
      )


def _losing(*drops: float) -> reference.Reference:
  """Returns a reference whose seeds have such drops."""
  known = reference_testing.reference()
  seeds = [
      dataclasses.replace(seed, drops={'drop': drop})
      for seed, drop in zip(known.seeds, drops, strict=True)
  ]
  return dataclasses.replace(known, seeds=seeds)


class NoiseTest(absltest.TestCase):

  def test_pools_with_the_family(self):
    one = reference_testing.reference()
    noise = one.noise('drop')
    self.assertAlmostEqual(noise.mean, 0.2)
    self.assertAlmostEqual(noise.deviation, 0.1)
    self.assertEqual((noise.seeds, noise.freedom), (3, 2))
    pooled = one.noise('drop', [_losing(1.95, 2.05, 2.0)])
    self.assertAlmostEqual(pooled.mean, 0.2)
    self.assertAlmostEqual(pooled.deviation, (0.025 / 4) ** 0.5)
    self.assertEqual((pooled.seeds, pooled.freedom), (3, 4))

  def test_noisier_than_its_family(self):
    steady = [_losing(1.0, 1.001, 1.0)] * 10
    noise = reference_testing.reference().noise('drop', steady)
    self.assertAlmostEqual(noise.deviation, 0.1)
    self.assertEqual((noise.seeds, noise.freedom), (3, 2))

  def test_does_not_pool_with_what_is_noisier(self):
    one = reference_testing.reference()
    steady = [_losing(0.2, 0.202, 0.198)] * 10
    noise = steady[0].noise('drop', [one, *steady[1:]])
    self.assertAlmostEqual(noise.deviation, 0.002)
    self.assertEqual((noise.seeds, noise.freedom), (3, 20))
    with self.subTest('What never differs takes what it is given'):
      still = _losing(0.2, 0.2, 0.2)
      self.assertEqual(still.noise('drop', [one]).freedom, 4)

  def test_does_not_pool_with_what_loses_much_more(self):
    one = reference_testing.reference()
    other = _losing(2.2, 2.25, 2.3)
    self.assertEqual(one.noise('drop', [other]).freedom, 2)
    self.assertEqual(other.noise('drop', [one]).freedom, 2)

  def test_claim_without_drops(self):
    with self.assertRaisesRegex(errors.InputError, '0 drops of other'):
      reference_testing.reference().noise('other')


if __name__ == '__main__':
  absltest.main()
