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

"""Tests tables and marked regions."""

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import markdown

_TEXT = 'a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n'


class MarkdownTest(parameterized.TestCase):

  def test_table(self):
    made = markdown.table(('what', 'n'), [('a|b', 1), (r'c\|d', None)])
    self.assertEqual(
        made,
        '| what | n |\n| --- | --- |\n| a\\|b | 1 |\n| c\\|d | None |\n',
    )

  def test_region(self):
    self.assertEqual(markdown.region(_TEXT, 'x', 'a.md'), 'old\n')
    made = markdown.with_region(_TEXT, 'x', 'new\nnew', 'a.md')
    self.assertEqual(made, 'a\n<!-- x:begin -->\nnew\nnew\n<!-- x:end -->\nb\n')
    self.assertEqual(markdown.with_region(_TEXT, 'x', 'old\n', 'a.md'), _TEXT)

  @parameterized.parameters(
      'none',
      '<!-- x:begin -->\n',
      _TEXT + _TEXT,
      '<!-- x:end -->\n<!-- x:begin -->\n',
  )
  def test_no_region(self, text):
    with self.assertRaisesRegex(errors.InputError, 'a.md .* <!-- x:end -->'):
      markdown.region(text, 'x', 'a.md')


if __name__ == '__main__':
  absltest.main()
