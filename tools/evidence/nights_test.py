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

"""Tests that a broken history of nights is refused with one line."""

import json
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.evidence import nights
from tools.evidence import testing


class NightsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    (self.root / 'docs').mkdir()

  def read(self, *lines: str):
    """Returns the nights of such lines."""
    (self.root / nights.HISTORY).write_text('\n'.join(lines), 'utf-8')
    return nights.read(self.root)

  def test_read(self):
    self.assertEmpty(nights.read(self.root))
    self.assertEqual(self.read(json.dumps(testing.NIGHT)), [testing.NIGHT])

  @parameterized.parameters(
      '{',
      '[]',
      json.dumps({**testing.NIGHT, 'more': 1}),
      json.dumps({k: v for k, v in testing.NIGHT.items() if k != 'green'}),
      json.dumps({**testing.NIGHT, 'green': 'yes'}),
  )
  def test_broken(self, line):
    with self.assertRaisesRegex(errors.InputError, 'line 2 is no night.*git'):
      self.read(json.dumps(testing.NIGHT), line)


if __name__ == '__main__':
  absltest.main()
