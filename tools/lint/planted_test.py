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

"""Tests that a mistake that is not found, or not planted, is told."""

import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.base import git
from tools.lint import external
from tools.lint import lint
from tools.lint import planted_check

_TIDY = 'One\n'


class PlantedTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    root = pathlib.Path(self.create_tempdir().full_path).resolve()
    (root / 'a.md').write_text(_TIDY, encoding='utf-8')
    git.run(root, 'init', '-q', what='making a repository')
    self.root = pathlib.Path(self.create_tempdir().full_path).resolve()
    planted_check.copy(root, self.root)
    # Without tools to install: lint_check runs them.
    own = [t for t in external.tools() if t.name.startswith('whitespace')]
    self.enter_context(
        absltest.mock.patch.object(external, 'tools', return_value=own)
    )

  def test_changes_are_made_and_undone(self):
    edits = {
        'a.md': {'replace': 'One', 'with': 'Two'},
        'b/c.md': 'new\n',
        'd.md': {'append': 'x\n', 'times': 2},
        'e.md': 'leave',
    }
    before = planted_check.plant(self.root, edits | {'b/e.md': 'x'})
    self.assertEqual((self.root / 'a.md').read_text(), 'Two\n')
    self.assertEqual((self.root / 'b/c.md').read_text(), 'new\n')
    self.assertEqual((self.root / 'd.md').read_text(), 'x\nx\n')
    self.assertFalse((self.root / 'e.md').exists())
    planted_check.restore(self.root, before)
    self.assertEqual((self.root / 'a.md').read_text(), _TIDY)
    self.assertFalse((self.root / 'b/c.md').exists())
    before = planted_check.plant(self.root, {'a.md': 'delete'})
    self.assertFalse((self.root / 'a.md').exists())
    planted_check.restore(self.root, before)
    self.assertEqual((self.root / 'a.md').read_text(), _TIDY)

  def test_what_cannot_be_planted_is_an_error(self):
    edits = {'a.md': {'replace': 'gone', 'with': 'x'}}
    with self.assertRaisesRegex(errors.InputError, "a.md has no 'gone'"):
      planted_check.plant(self.root, edits)

  def test_wrong_answers_are_told(self):
    some = [
        planted_check.Example('whitespace', True, {'b.md': 'x \n'}),
        planted_check.Example('whitespace', True, {'c.md': 'x\n'}),
        planted_check.Example('whitespace', False, {'d.md': 'x\n'}),
        planted_check.Example('whitespace', False, {'e.md': 'x \n'}),
    ]
    wrong = planted_check.try_out(self.root, some)
    self.assertEqual(wrong, [some[1], some[3]])

  def test_rounds(self):
    some = [
        planted_check.Example(rule, True, dict.fromkeys(paths, 'leave'))
        for rule, paths in (
            ('x', 'a'),
            ('x', 'ab'),
            ('x', 'c'),
            ('results-evidence', 'd'),
            ('results-evidence', 'e'),
        )
    ]
    parts = planted_check.rounds(some)
    self.assertEqual(
        parts, [[some[0], some[2]], *([one] for one in (some[1], *some[3:]))]
    )

  def test_all_examples_have_names_of_their_own(self):
    every = list(planted_check.examples())
    self.assertGreater(sum(example.bad for example in every), 100)
    new = [e.place for e in every if 'planted' in e.place]
    self.assertLen(set(new), len(new))

  def test_every_tool_has_mistakes(self):
    text = ' '.join(lint.described()['tools'])
    for name in ('buildifier', 'codespell', 'import-linter', 'pyink', 'E1101'):
      self.assertIn(name, text)


if __name__ == '__main__':
  absltest.main()
