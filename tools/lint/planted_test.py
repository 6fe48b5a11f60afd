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

import dataclasses
import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.base import git
from tools.lint import cache
from tools.lint import external
from tools.lint import planted
from tools.lint import planted_check
from tools.lint import registry


class PlantedTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    registry.load()
    root = pathlib.Path(self.create_tempdir().full_path).resolve()
    (root / 'a.md').write_text('one\n', encoding='utf-8')
    self.root = pathlib.Path(self.create_tempdir().full_path).resolve()
    git.run(root, 'init', '-q', what='making a repository')
    planted_check.copy(root, self.root)
    results = self.root.parent / f'{self.root.name}.json'
    self.copied = planted_check.Copy(self.root, cache.Cache(results))

  def test_edits_are_made_and_undone(self):
    edits = [
        planted.Edit('a.md', 'one', 'two'),
        planted.Edit('b/c.md', '', 'new\n'),
    ]
    before = self.copied.plant(edits)
    self.assertEqual((self.root / 'a.md').read_text(), 'two\n')
    self.assertEqual((self.root / 'b/c.md').read_text(), 'new\n')
    self.copied.restore(before)
    self.assertEqual((self.root / 'a.md').read_text(), 'one\n')
    self.assertFalse((self.root / 'b/c.md').exists())
    before = self.copied.plant([planted.Edit('a.md', '', None)])
    self.assertFalse((self.root / 'a.md').exists())
    self.copied.restore(before)
    self.assertEqual((self.root / 'a.md').read_text(), 'one\n')

  def test_what_cannot_be_planted_is_an_error(self):
    with self.assertRaisesRegex(errors.InputError, "a.md has no 'gone'"):
      self.copied.plant([planted.Edit('a.md', 'gone', 'x')])

  def test_all_mistakes_in_one_file_are_found(self):
    results = list(planted_check.file_rules(self.copied))
    self.assertGreater(len(results), 30)
    self.assertEqual([r for r in results if not r.found], [])

  def test_a_rule_that_finds_nothing_is_told(self):
    rules = registry.RULES
    self.addCleanup(rules.update, {'test-main': rules['test-main']})
    rules['test-main'] = dataclasses.replace(
        rules['test-main'], check=lambda file: iter(())
    )
    object.__setattr__(rules['test-main'].check, '__module__', __name__)
    missed = [r for r in planted_check.file_rules(self.copied) if not r.found]
    self.assertEqual({r.rule for r in missed}, {'test-main'})

  def test_every_rule_and_tool_has_two(self):
    for name, rule in registry.RULES.items():
      if rule.project:
        self.assertGreaterEqual(len(planted.PROJECT[name]), 2, name)
    self.assertEqual(set(planted.TOOLS), set(external.TOOLS))
    for name, files in planted.TOOLS.items():
      self.assertGreaterEqual(len(files), 2, name)


if __name__ == '__main__':
  absltest.main()
