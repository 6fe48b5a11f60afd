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

"""Tests of the history of a test."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import history
from tfmot_contrib.convergence import reference
from tfmot_contrib.convergence import sequential


def _reference() -> reference.Reference:
  """Returns a reference of 0.5 +- 0.1."""
  seeds = [
      reference.Seed(i, {'drop': drop}, 'a', 'b', 'c')
      for i, drop in enumerate((0.4, 0.4, 0.5, 0.5, 0.5, 0.6, 0.6, 0.5))
  ]
  return reference.Reference(
      test='net_half',
      tier='cpu',
      instruction_set='avx2',
      recipe='',
      data='',
      stack={},
      seeds=seeds,
      exact={},
      sizes={},
      history=[{'date': '2026-11-01'}],
  )


def _nights(*drops: float, date: str = '2026-11-02') -> list[dict]:
  """Returns nights with such drops, each with weights of its own."""
  return [
      {
          'date': date,
          'versions': {},
          'weights': [f'{i} {drop}'],
          'drops': {'drop': drop},
          'words': {'drop': 'pass'},
      }
      for i, drop in enumerate(drops)
  ]


class HistoryTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    folder = pathlib.Path(self.create_tempdir().full_path)
    self.path = folder / 'history/cpu_avx2/net_half.jsonl'

  def test_nights_are_read_back_in_their_order(self):
    self.assertEmpty(history.read(self.path))
    nights = _nights(0.5, 0.4, 0.6)
    for one in nights:
      history.append(self.path, one)
    self.assertEqual(history.read(self.path), nights)

  @parameterized.parameters('{', '[]', '{"date": "2026-11-02"}')
  def test_line_that_is_no_night(self, line):
    history.append(self.path, _nights(0.5)[0])
    with open(self.path, 'a', encoding='utf-8') as stream:
      stream.write(line + '\n')
    with self.assertRaisesRegex(errors.InputError, 'line 2 is no night'):
      history.read(self.path)

  def test_file_that_cannot_be_written(self):
    self.path.mkdir(parents=True)
    with self.assertRaisesRegex(errors.InputError, 'cannot write'):
      history.append(self.path, {})

  def test_drift_below_what_a_night_shows(self):
    (sums,) = history.drift(_nights(*[0.65] * 15), _reference()).values()
    self.assertSameElements(sums, sorted(sums))
    self.assertGreater(sums[-1], sequential.DRIFTED)
    (line,) = history.alarms({'drop': sums})
    self.assertIn('drop drifts', line)
    (sums,) = history.drift(_nights(*[0.5, 0.4] * 9), _reference()).values()
    self.assertEmpty(history.alarms({'drop': sums}))

  def test_same_weights_are_no_new_evidence(self):
    once = history.drift(_nights(0.7), _reference())
    self.assertEqual(history.drift(_nights(0.7) * 30, _reference()), once)

  def test_nights_before_the_reference_do_not_count(self):
    nights = _nights(*[0.9] * 9, date='2026-10-31')
    self.assertEqual(history.drift(nights, _reference()), {'drop': []})


if __name__ == '__main__':
  absltest.main()
