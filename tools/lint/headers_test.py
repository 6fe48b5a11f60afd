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

"""Tests that files get a license header, once."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import headers


class HeadersTest(parameterized.TestCase):

  @parameterized.parameters('#!/bin/sh\ntrue\n', 'x = 1\n', '')
  def test_a_header_is_added_once(self, text):
    root = pathlib.Path(self.create_tempdir().full_path)
    path = root / 'a.py'
    path.write_text(text)
    headers.main([str(path)])
    whole = path.read_text()
    self.assertIn('# Licensed under', whole)
    self.assertEndsWith(whole, text.removeprefix('#!/bin/sh\n'))
    self.assertEqual(whole.startswith('#!'), text.startswith('#!'))
    self.assertEqual(headers.with_header(whole), whole)

  def test_another_header_is_left(self):
    text = '# Copyright somebody\n'
    self.assertEqual(headers.with_header(text), text)


if __name__ == '__main__':
  absltest.main()
