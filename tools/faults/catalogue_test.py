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

"""Tests of what may stand in the catalogue of faults."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.faults import catalogue

_FAULTS = catalogue.read()


class CatalogueTest(parameterized.TestCase):

  def test_enough_of_both(self):
    self.assertGreaterEqual(len([f for f in _FAULTS if not f.control]), 30)
    self.assertGreaterEqual(len([f for f in _FAULTS if f.control]), 20)

  def test_entry_with_seeds_is_one_for_each(self):
    path = pathlib.Path(self.create_tempdir().full_path) / 'faults.yaml'
    path.write_text(
        '- {id: u, what: unseen, control: true, tests: [a, b], seeds: [4, 5]}',
        encoding='utf-8',
    )
    found = catalogue.read([path])
    self.assertEqual(
        [(f.id, f.tests, f.seed) for f in found],
        [
            ('u_4_a', ('a',), 4),
            ('u_5_a', ('a',), 5),
            ('u_4_b', ('b',), 4),
            ('u_5_b', ('b',), 5),
        ],
    )

  @parameterized.parameters(
      ('[]', 'non-empty'),
      ('- {id: a, what: wrong, tests: [], control: true}', '0/tests'),
      ('- {id: a, what: wrong, tests: [b], control: true, file: c.py}', 'at 0'),
      ('- {id: a, what: wrong, tests: [b]}', 'at 0'),
      ('- {id: a, what: wrong, tests: [b], control: true}\n' * 2, 'twice'),
  )
  def test_bad_catalogue(self, text, message):
    path = pathlib.Path(self.create_tempdir().full_path) / 'faults.yaml'
    path.write_text(text, encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, message):
      catalogue.read([path])

  def test_replaces_the_first_place_behind_the_anchor(self):
    fault = catalogue.Fault(
        'a', '', ('t',), file='f', old='x', new='y', after='def'
    )
    self.assertEqual(fault.apply('x def x x'), 'x def y x')
    with self.assertRaisesRegex(errors.InputError, 'the fault a replaces'):
      fault.apply('x x')


if __name__ == '__main__':
  absltest.main()
