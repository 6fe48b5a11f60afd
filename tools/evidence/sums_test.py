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

"""Tests that evidence which was edited is refused."""

import pathlib
import subprocess

from absl.testing import absltest

from tfmot_contrib import errors
from tools.evidence import sums


class SumsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.path = self.folder / 'a.json'
    self.path.write_text('{"accuracy": 84.1}', encoding='utf-8')

  def test_what_was_collected(self):
    sums.write(self.folder)
    sums.check(self.path)
    subprocess.run(
        ['sha256sum', '--check', '--strict', sums.NAME],
        cwd=self.folder,
        check=True,
    )

  def test_edited(self):
    sums.write(self.folder)
    self.path.write_text('{"accuracy": 94.1}', encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'a.json was edited by hand'):
      sums.check(self.path)

  def test_not_collected(self):
    with self.assertRaisesRegex(errors.InputError, 'is not in SHA256SUMS'):
      sums.check(self.path)
    sums.write(self.folder)
    other = self.folder / 'b.json'
    other.write_text('{}', encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'b.json is not in SHA256'):
      sums.check(other)


if __name__ == '__main__':
  absltest.main()
