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

"""Tests that the register takes no rule that is incomplete or doubled."""

import pathlib
import types
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized

from tools.lint import registry
from tools.lint import tree

_FIELDS: dict[str, Any] = {
    'on': ('*.md',),
    'source': 'docs',
    'bad': registry.texts(('a.md', 'x'), ('b.md', 'y')),
    'good': registry.texts(('a.md', 'z')),
}


def check_new_rule(file: tree.File):
  """Why."""
  yield 1, file.path


def check_silent(file: tree.File):
  yield 1, file.path


class RegistryTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    before = dict(registry.load())
    self.addCleanup(registry.RULES.update, before)
    self.addCleanup(registry.RULES.clear)

  def test_a_rule_is_registered_once(self):
    decorate = registry.file_rule('new-rule', **_FIELDS)
    decorate(check_new_rule)
    self.assertEqual(registry.RULES['new-rule'].why, 'Why.')
    with self.assertRaisesRegex(registry.RuleError, 'two rules new-rule'):
      decorate(check_new_rule)

  @parameterized.parameters(
      ('other', check_new_rule, {}, 'function of other is called check_new'),
      ('silent', check_silent, {}, 'does not say why'),
      ('new-rule', check_new_rule, {'source': ''}, 'does not say why'),
      ('new-rule', check_new_rule, {'bad': _FIELDS['good']}, 'two bad'),
      ('new-rule', check_new_rule, {'good': ()}, 'two bad'),
  )
  def test_an_incomplete_rule_is_refused(self, name, check, fields, why):
    with self.assertRaisesRegex(registry.RuleError, why):
      registry.file_rule(name, **{**_FIELDS, **fields})(check)
    self.assertNotIn(name, registry.RULES)

  def test_a_check_without_a_rule_is_refused(self):
    module = types.ModuleType('tools.lint.rules.lost')
    module.check_new_rule = check_new_rule
    with self.assertRaisesRegex(registry.RuleError, 'check_new_rule is no'):
      registry.check_module(module)

  def test_rules_and_functions_are_one_to_one(self):
    checks = [rule.check for rule in registry.RULES.values()]
    self.assertLen(set(checks), len(registry.RULES))
    self.assertGreater(len(registry.RULES), 25)

  def test_a_version_is_of_the_code(self):
    rules = registry.RULES
    self.assertEqual(rules['test-main'].version, rules['sibling-test'].version)
    self.assertNotEqual(rules['test-main'].version, rules['whitespace'].version)

  def test_globs(self):
    for path, glob, expected in (
        ('a.py', '**/*.py', True),
        ('a/b/c.py', '**/*.py', True),
        ('a/b.py', '*.py', False),
        ('a/b/c.md', 'a/**', True),
        ('a/b/c.md', 'a/*', False),
        ('a.pyc', '**/*.py', False),
    ):
      self.assertEqual(tree.matches(path, [glob]), expected, (path, glob))

  def test_what_a_file_imports_is_followed(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / 'a.py').write_text('import b\n', encoding='utf-8')
    (root / 'b.py').write_text('def f():\n  import c\n', encoding='utf-8')
    (root / 'c.py').write_text('import os\n', encoding='utf-8')
    project = tree.Project(root, ['a.py', 'b.py', 'c.py'])
    self.assertEqual(project.closure('a.py'), {'a.py', 'b.py', 'c.py'})


if __name__ == '__main__':
  absltest.main()
