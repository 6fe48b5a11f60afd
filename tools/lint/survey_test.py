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

"""Tests the report over another tree, and the table of rules."""

import contextlib
import io
import pathlib
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tools.lint import external
from tools.lint import registry
from tools.lint import survey
from tools.lint.rules import headers
from tools.versions import bootstrap


class SurveyTest(absltest.TestCase):

  def test_counts(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    (root / 'official').mkdir()
    for name, text in (
        ('a_test.py', 'x = 1\n'),
        ('b.py', headers.example('import os\nimport ast\n')),
    ):
      (root / 'official' / name).write_text(text, encoding='utf-8')
    with mock.patch.object(survey, '_TOOLS', ()):
      found = survey.survey(root)
    self.assertEqual(found['license-header'][0], 2)
    for rule, name in (
        ('license-header', 'a_test.py'),
        ('test-main', 'a_test.py'),
        ('import-order', 'b.py'),
    ):
      paths = [finding.path for finding in found[rule][1]]
      self.assertEqual(paths, [f'official/{name}'])
    table = survey.survey_table(found)
    self.assertIn('| `license-header` | 2 | 1 | 1 |', table)

  def test_every_rule_and_tool_is_in_the_table(self):
    table = survey.rules_table()
    for name in (*registry.load(), *external.TOOLS):
      self.assertIn(f'| `{name}` |', table)

  def test_document_has_the_table(self):
    text = (bootstrap.ROOT / survey.DOCUMENT).read_text(encoding='utf-8')
    current = survey.put(text, 'rules', survey.rules_table())
    # Rules are in the order in which their modules were imported.
    self.assertCountEqual(text.splitlines(), current.splitlines())

  def test_put(self):
    text = 'a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n'
    self.assertEqual(survey.put(text, 'x', 'new'), text.replace('old', 'new'))
    with self.assertRaisesRegex(errors.InputError, 'has no lines <!-- y:begin'):
      survey.put(text, 'y', 'new')

  def test_bad_samples(self):
    said = io.StringIO()
    with contextlib.redirect_stderr(said), self.assertRaises(SystemExit):
      survey.main(['--samples=-1'], pathlib.Path('/nowhere'))
    self.assertEqual(said.getvalue(), 'error: --samples -1: give 0 or more\n')


if __name__ == '__main__':
  absltest.main()
