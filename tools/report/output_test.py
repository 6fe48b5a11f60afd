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

"""Tests that a report is written whole, and that it is known where to."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.report import output


class OutputTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)

  def test_check_makes_nothing(self):
    output.check(self.root)
    output.check(self.root / 'some/folder')
    self.assertEmpty(list(self.root.iterdir()))

  def test_written(self):
    folder = self.root / 'some/folder'
    for text in ('one', 'two'):
      made = output.write(folder, {'a.md': text, 'b.md': text})
      self.assertEqual(made, [folder / 'a.md', folder / 'b.md'])
    self.assertLen(list(folder.iterdir()), 2)
    self.assertEqual(made[0].read_text(encoding='utf-8'), 'two')

  def test_file_in_its_place(self):
    taken = self.root / 'taken'
    taken.write_text('mine', encoding='utf-8')
    for folder in (taken, taken / 'below'):
      with self.assertRaisesRegex(errors.InputError, 'give another --output'):
        output.check(folder)
      with self.assertRaisesRegex(errors.InputError, 'give another --output'):
        output.write(folder, {'a.md': 'text'})
    self.assertEqual(taken.read_text(encoding='utf-8'), 'mine')


if __name__ == '__main__':
  absltest.main()
