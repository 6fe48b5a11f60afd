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

"""Tests of exceptions to rules."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.lint import ignores
from tools.lint import tree

_MARK = 'lint: ' + 'ignore[{}] {}'


class IgnoresTest(parameterized.TestCase):

  def exceptions(self, path, text, settings=()):
    """Returns the exceptions of a project of one file."""
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / path).write_text(text, encoding='utf-8')
    return ignores.Exceptions(tree.Project(root, [path]), settings)

  @parameterized.parameters(
      ('a.py', '# {}\nx = 1\n', 2, True),
      ('a.py', '# {}\nx = 1\n', 1, True),
      ('a.py', 'x = 1  # {}\n', 1, True),
      ('a.py', 'x = 1  # {}\n', 2, False),
      ('a.md', '<!-- {} -->\nx\n', 2, True),
      ('a.md', '    # {}\nx\n', 2, False),
      ('a.md', '    <!-- {} -->\nx\n', 2, False),
      ('a.py', 'x = "{}"\n', 1, False),
  )
  def test_lines(self, path, text, line, covered):
    text = text.format(_MARK.format('some-rule', 'Why.'))
    found = self.exceptions(path, text)
    finding = tree.Finding(path, line, 'some-rule', 'm')
    self.assertEqual(found.covers(finding), covered)
    other = tree.Finding(path, line, 'other-rule', 'm')
    self.assertFalse(found.covers(other))

  def test_without_a_reason_it_covers_nothing(self):
    found = self.exceptions('a.py', f'# {_MARK.format("r", "")}\nx = 1\n')
    self.assertFalse(found.covers(tree.Finding('a.py', 2, 'r', 'm')))

  def test_idle_ones_are_told(self):
    text = f'# {_MARK.format("some-rule", "Why.")}\nx = 1\n'
    found = self.exceptions('a.py', text)
    idle = [(f.line, f.rule) for f in found.idle()]
    self.assertEqual(idle, [(1, ignores.RULE)])
    found.covers(tree.Finding('a.py', 2, 'some-rule', 'm'))
    self.assertEmpty(list(found.idle()))

  def test_whole_files(self):
    settings = [{'rule': 'r', 'paths': ['*.py'], 'reason': 'Why.'}]
    found = self.exceptions('a.py', 'x = 1\n', settings)
    self.assertTrue(found.covers(tree.Finding('a.py', 1, 'r', 'm')))
    self.assertFalse(found.covers(tree.Finding('a.md', 1, 'r', 'm')))
    with self.assertRaisesRegex(errors.InputError, 'needs a rule, paths and'):
      self.exceptions('a.py', 'x\n', [{'rule': 'r', 'paths': ['a']}])


if __name__ == '__main__':
  absltest.main()
